"""Solvers through Pyomo, tried with the one that is surely here: HiGHS by Pyomo's own interface."""

from __future__ import annotations

from contextlib import nullcontext

import highspy
import pyomo.environ as pyo
import pytest

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Indicator, Options
from batteryopt.solvers.through_pyomo.pyomo_solver import FACTORIES, PyomoAdapter, native_options
from batteryopt.solvers.through_pyomo.second_opinion import within_the_gap

HIGHS = PyomoAdapter("appsi_highs")


def knapsack(capacity: float = 7.0) -> pyo.ConcreteModel:
    """max 5a + 4b + 3c with 4a + 3b + 2c <= 7: a and b weigh 7 and are worth 9; b and c 7, a and c 8."""
    m = pyo.ConcreteModel()
    m.take = pyo.Var(["a", "b", "c"], domain=pyo.Binary)
    m.capacity = pyo.Constraint(expr=4 * m.take["a"] + 3 * m.take["b"] + 2 * m.take["c"] <= capacity)
    m.worth = pyo.Objective(expr=5 * m.take["a"] + 4 * m.take["b"] + 3 * m.take["c"], sense=pyo.maximize)
    return m


def test_what_a_newer_interface_of_pyomo_refuses_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """They raise errors of their own where the older ones raised `ApplicationError`."""
    monkeypatch.setitem(FACTORIES, "newer_highs", ("highs",))
    model = knapsack()
    model.sets = pyo.SOSConstraint(var=model.take, sos=1)
    with pytest.raises(UnsupportedModel, match=r"newer_highs cannot take '.*SOS"):
        PyomoAdapter("newer_highs").solve(model)
    del model.sets
    model.curve = pyo.Constraint(expr=pyo.exp(model.take["a"]) <= 2.0)
    with pytest.raises(UnsupportedModel, match=r"newer_highs cannot take '.*expressions"):
        PyomoAdapter("newer_highs").solve(model)


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


def test_a_bound_that_is_hidden_within_the_gap_is_taken_off_the_best_value() -> None:
    """Best 100, gap 20 % of the larger of best and bound: in a minimisation the bound may be 80, at worst 75."""
    options = Options(relative_gap=0.2)
    assert within_the_gap(100.0, options, is_maximisation=False) == pytest.approx(75.0)
    assert within_the_gap(100.0, options, is_maximisation=True) == pytest.approx(125.0)
    assert within_the_gap(-100.0, options, is_maximisation=False) == pytest.approx(-125.0)
    assert within_the_gap(100.0, Options(), is_maximisation=False) == 100.0


def test_glpk_is_told_whole_seconds_and_one_thread_is_what_it_has() -> None:
    assert native_options("glpk", Options(time_limit=2.1, threads=1, relative_gap=0.01)) == {"tmlim": 3}
    assert native_options("cbc", Options(time_limit=2.5, relative_gap=0.01)) == {
        "timeMode": "elapsed",
        "sec": 2.5,
        "ratioGap": 0.01,
    }


@pytest.mark.parametrize("name", ["cbc", "glpk"])
def test_linear_solvers_are_not_given_what_they_cannot_take(name) -> None:
    adapter = PyomoAdapter(name)
    if not adapter.is_available():
        pytest.skip(f"{name} is not installed")
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, 2))
    model.cost = pyo.Objective(expr=model.x**2)
    with pytest.raises(UnsupportedModel, match=r"'cost'.*convex quadratic"):
        adapter.solve(model)
    model.cost.set_value(model.x)
    model.product = pyo.Constraint(expr=model.x * model.x <= 2)
    with pytest.raises(UnsupportedModel, match="'product' is not linear"):
        adapter.solve(model)
    with pytest.raises(UnsupportedModel, match=f"{name} gave up") if name == "glpk" else nullcontext():
        adapter.solve(knapsack(), Options(extra={"no_such": 1}))
