"""Words of solvers that only Pyomo knows, by doubles that say them: refuted by a point, or by what they rest on."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import solvers
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.compile.components import parts_of
from batteryopt.solvers.through_pyomo.pyomo_solver import PyomoAdapter
from batteryopt.solvers.through_pyomo.second_opinion import (
    has_a_point,
    is_coarse,
    is_contradicted,
    rests_on_a_tolerance,
)


def vandermonde():
    """The powers of 1 to 5 times (1, -2, 3, -1, 2): regular, so that this is the one point, and its sum is 3."""
    x = (1, -2, 3, -1, 2)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(5))
    m.row = pyo.Constraint(
        range(1, 6), rule=lambda m, n: sum(n**j * m.x[j] for j in range(5)) == sum(n**j * v for j, v in enumerate(x))
    )
    m.cost = pyo.Objective(expr=sum(m.x.values()))
    return m


def switched(big: float):
    """Make 40 behind a switch that costs 100, or buy them for 3 each: 100 is best."""
    m = pyo.ConcreteModel()
    m.on = pyo.Var(domain=pyo.Binary)
    m.made, m.bought = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
    m.need = pyo.Constraint(expr=m.made + m.bought >= 40)
    m.closed = pyo.Constraint(expr=m.made <= big * m.on)
    m.cost = pyo.Objective(expr=100 * m.on + 3 * m.bought)
    return m


def test_a_point_refutes_that_there_is_none():
    assert has_a_point(parts_of(vandermonde()), Options())
    m = vandermonde()
    m.more = pyo.Constraint(expr=m.x[0] >= 1 + 1e-6)
    assert not has_a_point(parts_of(m), Options())
    m = switched(1e3)
    m.never = pyo.Constraint(expr=m.on == 0.5)
    assert not has_a_point(parts_of(m), Options())


@pytest.mark.parametrize(("big", "expected"), [(1e3, False), (1e5, False), (1e6, True), (1e9, True)])
def test_what_a_millionth_of_a_switch_lets_through(big, expected):
    assert rests_on_a_tolerance(parts_of(switched(big))) is expected
    m = switched(big)
    m.on.fix(1)
    assert not rests_on_a_tolerance(parts_of(m))


@pytest.mark.parametrize(
    ("bound", "objective", "is_maximisation", "expected"),
    [(-272.0, 307.0, True, True), (310.0, 307.0, True, False), (310.0, 307.0, False, True), (None, 1.0, True, False)],
)
def test_a_bound_that_the_point_in_hand_contradicts(bound, objective, is_maximisation, expected):
    assert is_contradicted(bound, objective, is_maximisation=is_maximisation) is expected


@pytest.mark.parametrize(
    ("objective", "tolerance", "gap", "expected"),
    [
        (244140620.0, 1e-9, 0.0, True),  # 5 of 244140625: 2e-8
        (244140620.0, 1e-6, 0.0, False),
        (244140620.0, 1e-9, 1e-7, False),
        (244140625.0, 1e-16, 0.0, False),
        (244140620.0, None, 0.0, False),
    ],
)
def test_eight_digits_are_no_claim_at_nine(objective, tolerance, gap, expected):
    options = Options(optimality_tolerance=tolerance, relative_gap=gap)
    assert is_coarse(objective, 244140625.0, options) is expected
    assert not is_coarse(objective, None, options)


needs_cbc = pytest.mark.skipif(not PyomoAdapter("cbc").is_available(), reason="needs cbc")


@needs_cbc
def test_cbc_is_not_believed_that_regular_equations_have_no_solution():
    report = solvers.get("cbc").solve(vandermonde(), Options(feasibility_tolerance=1e-6))
    assert report.stop_reason is not StopReason.INFEASIBLE
    if report.stop_reason is StopReason.NUMERICAL_TROUBLE:
        assert "has a point" in report.message


@needs_cbc
def test_cbc_s_proof_is_passed_on_only_where_no_tolerance_decides():
    best = solvers.get("cbc").solve(switched(1e3))
    assert (best.point_status, best.objective) == (PointStatus.OPTIMAL, pytest.approx(100))
    loose = solvers.get("cbc").solve(switched(1e9))
    assert loose.point_status is not PointStatus.OPTIMAL
    assert loose.bound is None


@needs_cbc
def test_what_is_infeasible_is_still_said_to_be():
    m = switched(1e3)
    m.on.fix(0)
    m.bought.setub(39)
    assert solvers.get("cbc").solve(m).stop_reason is StopReason.INFEASIBLE
