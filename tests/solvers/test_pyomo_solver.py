"""Solvers through Pyomo, tried with the one that is surely here: HiGHS by Pyomo's own interface."""

from __future__ import annotations

import highspy
import pyomo.environ as pyo
import pytest

from batteryopt.errors import UnsupportedModel
from batteryopt.solvers import Indicator, Options
from batteryopt.solvers.pyomo_solver import PyomoAdapter, native_options
from batteryopt.status import PointStatus, StopReason

HIGHS = PyomoAdapter("appsi_highs")


def knapsack(capacity: float = 7.0) -> pyo.ConcreteModel:
    """max 5a + 4b + 3c with 4a + 3b + 2c <= 7: a and b weigh 7 and are worth 9; b and c 7, a and c 8."""
    m = pyo.ConcreteModel()
    m.take = pyo.Var(["a", "b", "c"], domain=pyo.Binary)
    m.capacity = pyo.Constraint(expr=4 * m.take["a"] + 3 * m.take["b"] + 2 * m.take["c"] <= capacity)
    m.worth = pyo.Objective(expr=5 * m.take["a"] + 4 * m.take["b"] + 3 * m.take["c"], sense=pyo.maximize)
    return m


def test_an_integer_program() -> None:
    highspy.Highs.resetGlobalScheduler(True)  # HiGHS refuses another number of threads than its process began with
    model = knapsack()
    report = HIGHS.solve(model, Options(relative_gap=0.0, threads=1, time_limit=10.0))
    assert report.stop_reason is StopReason.CONVERGED
    assert report.point_status is PointStatus.OPTIMAL
    assert report.objective == pytest.approx(9.0)
    assert report.bound == pytest.approx(9.0)
    assert [round(v.value) for v in model.take.values()] == [1, 1, 0]


def test_an_infeasible_model() -> None:
    model = knapsack(capacity=-1.0)
    report = HIGHS.solve(model)
    assert report.stop_reason in (StopReason.INFEASIBLE, StopReason.INFEASIBLE_OR_UNBOUNDED)
    assert report.point_status is PointStatus.NONE
    assert report.objective is None


def test_optimal_is_said_only_with_a_bound_that_is_met() -> None:
    """min x over 2 <= x <= 5."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(2, 5))
    m.cost = pyo.Objective(expr=m.x)
    report = HIGHS.solve(m)
    assert report.objective == pytest.approx(2.0)
    assert (report.point_status is PointStatus.OPTIMAL) == (report.bound == pytest.approx(2.0))


def test_what_it_cannot_express_is_refused() -> None:
    model = knapsack()
    with pytest.raises(UnsupportedModel, match="indicator"):
        HIGHS.solve(model, indicators=[Indicator(binary=model.take["a"], active_value=1, body=model.take["b"])])


def test_options_go_by_the_solvers_own_names() -> None:
    options = Options(time_limit=3.0, relative_gap=1e-4, threads=2, feasibility_tolerance=1e-7)
    expected = {"TimeLimit": 3.0, "MIPGap": 1e-4, "Threads": 2, "FeasibilityTol": 1e-7}
    assert native_options("gurobi", options) == expected


def test_an_option_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"nobody-knows does not take.*threads"):
        native_options("nobody-knows", Options(threads=2))


def test_a_solver_that_is_not_here_says_so() -> None:
    assert not PyomoAdapter("surely-not-a-solver").is_available()
