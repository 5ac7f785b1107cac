"""A word of SCIP's that its own tolerances cannot bear out: it is asked again, and only then believed."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap

from batteryopt import solvers
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options, Report
from batteryopt.solvers.compile.components import parts_of
from batteryopt.solvers.scip import scip_doubts, scip_solver
from batteryopt.solvers.scip.scip_doubts import Doubt, doubt_of, second_word
from batteryopt.solvers.scip.scip_model import ScipModel


def thin_model(side: float):
    """Min x with exp(-x) <= side: -log(side)."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 100))
    m.thin = pyo.Constraint(expr=pyo.exp(-m.x) <= side)
    m.cost = pyo.Objective(expr=m.x)
    return m


def asked(tolerance: float) -> Options:
    return Options(feasibility_tolerance=tolerance, optimality_tolerance=tolerance, relative_gap=tolerance)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-9])
@pytest.mark.parametrize("side", [1e-3, 1e-6, 1e-9])
def test_a_row_thinner_than_a_tolerance_is_kept(side, tolerance):
    """SCIP alone lets exp(-x) be 2e-9 where 1e-9 is asked for, and stops at 20.03 for 20.72."""
    report = solvers.get("scip").solve(thin_model(side), asked(tolerance))
    assert report.is_optimal
    assert report.objective == pytest.approx(-math.log(side), rel=10 * tolerance)


def excess_at(x: float, side: float, tolerance: float) -> Doubt:
    m = thin_model(side)
    m.x.set_value(x)
    word = Report(
        solver="scip", version="", stop_reason=StopReason.CONVERGED, point_status=PointStatus.OPTIMAL, objective=x
    )
    parts = parts_of(m)
    return doubt_of(ScipModel(parts, ()), parts, word, asked(tolerance))


def test_how_far_a_row_is_away_does_not_depend_on_its_units():
    """At x = 20, exp(-20) = 2.06e-9 exceeds 1e-9 by 1.06e-9, which is 0.51 by a slope of 2.06e-9: of 20, 2.6 %."""
    assert not excess_at(20.0, 1e-9, 1e-2)  # ten times 1e-2 of 20 is 2
    found = excess_at(20.0, 1e-9, 1e-3)  # and here 0.2
    (factor,) = found.factors.values()
    assert factor == 2.0 ** round(20 / math.log(2))
    assert not excess_at(20.8, 1e-9, 1e-9)  # exp(-20.8) = 9.3e-10: kept
    assert not excess_at(20.7232658, 1e-9, 1e-9)  # off by 3.6e-8, of 20.7 less than ten times 1e-9


def test_rounding_is_no_excess():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=0.1 + 0.2)
    m.row = pyo.Constraint(expr=m.x <= 0.3)
    assert scip_doubts._excess(m.row) == 0.0
    m.x.set_value(0.3 + 1e-9)
    assert scip_doubts._excess(m.row) == pytest.approx(1e-9)


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (lambda x: 3 * x, 2.0, 3.0),
        (pyo.exp, 0.0, 1.0),
        (pyo.tanh, 0.0, 1.0),  # Pyomo has no rule for it
        (abs, 0.0, 0.0),  # a kink: from both sides, nothing
        (pyo.sqrt, 0.0, math.inf),
    ],
)
def test_how_steep_a_row_is(function, at, slope):
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=at)
    assert scip_doubts._steepness(function(m.x), [m.x]) == pytest.approx(slope)
    assert m.x.value == at


@pytest.mark.parametrize("function", [pyo.tanh, pyo.sqrt, abs, pyo.sinh])
def test_rows_of_any_function_are_looked_at(function):
    """Max x with f(x) <= 0.5 in [0, 3]: where f is 0.5."""
    best = {pyo.tanh: math.atanh(0.5), pyo.sqrt: 0.25, abs: 0.5, pyo.sinh: math.asinh(0.5)}[function]
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.row = pyo.Constraint(expr=function(m.x) <= 0.5)
    m.gain = pyo.Objective(expr=m.x, sense=pyo.maximize)
    report = solvers.get("scip").solve(m, asked(1e-9))
    assert report.is_optimal
    assert report.objective == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize(("steepness", "factor"), [(0.0, 2.0**40), (1e-20, 2.0**40), (2.0**-7, 128.0), (50.0, 1.0)])
def test_factors_change_no_digit(steepness, factor):
    found = scip_doubts._power_of_two(steepness)
    assert found == factor
    assert Fraction(0.1) * Fraction(found) == Fraction(0.1 * found)


def two_rows():
    """Min -x with x - y == 0 and x - y + 1e-7 x <= 1: along (1, 1) the last row, which ends it, is hardly felt."""
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
    m.same = pyo.Constraint(expr=m.x - m.y == 0)
    m.room = pyo.Constraint(expr=m.x - m.y + 1e-7 * m.x <= 1)
    m.cost = pyo.Objective(expr=-m.x)
    return m


@pytest.mark.parametrize(
    ("direction", "cost", "is_empty"),
    [
        ((1.0, 1.0), 1.0, False),  # breaks the second row by 1e-7 and gains 1: SCIP is to answer for it
        ((1.0, 1.0), 1e-7, True),  # gains no more than it breaks
        ((0.0, 0.0), 1.0, True),  # no direction
        ((-1.0, -1.0), 1.0, True),  # out of both bounds, and the wrong way
    ],
)
def test_a_direction_has_to_gain_more_than_it_breaks(direction, cost, is_empty, monkeypatch):
    m = two_rows()
    m.cost.set_value(-cost * m.x)
    parts = parts_of(m)
    translated = ScipModel(parts, ())
    found = ComponentMap(zip((m.x, m.y), direction, strict=True))
    monkeypatch.setattr(translated, "ray", lambda: found)
    word = Report(solver="scip", version="", stop_reason=StopReason.UNBOUNDED, point_status=PointStatus.NONE)
    assert doubt_of(translated, parts, word, Options()).is_ray is is_empty


def test_unbounded_is_still_said_where_it_is():
    m = two_rows()
    m.del_component(m.room)
    assert solvers.get("scip").solve(m).stop_reason is StopReason.UNBOUNDED


def test_hilberts_equations_are_not_unbounded():
    """The rows 1 / (i + j + 1), times 12252240, of nine decisions: regular, so that there is one point, and a least."""
    whole = math.lcm(*range(1, 18))
    x = [1, -2, 3, -1, 2, -3, 1, -2, 3]
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(9))
    rows = [[whole // (i + j + 1) for j in range(9)] for i in range(9)]
    m.row = pyo.Constraint(
        range(9),
        rule=lambda m, i: (
            sum(a * m.x[j] for j, a in enumerate(rows[i])) == (sum(a * v for a, v in zip(rows[i], x, strict=True)))
        ),
    )
    m.cost = pyo.Objective(expr=sum(a * m.x[j] for row in rows for j, a in enumerate(row)))
    report = solvers.get("scip").solve(m, asked(1e-4))
    assert report.stop_reason is StopReason.CONVERGED
    assert report.objective == pytest.approx(sum(a * v for row in rows for a, v in zip(row, x, strict=True)))


def word(objective: float | None, status: PointStatus = PointStatus.OPTIMAL) -> Report:
    return Report(
        solver="scip", version="", stop_reason=StopReason.CONVERGED, point_status=status, objective=objective, bound=1.0
    )


def test_a_second_claim_in_doubt_counts_where_nothing_hangs_on_it():
    parts = parts_of(thin_model(1e-9))
    assert second_word(word(20.0), word(20.0 + 1e-5), parts, asked(1e-6)).is_optimal
    withdrawn = second_word(word(20.0), word(20.7), parts, asked(1e-6))
    assert withdrawn.point_status is PointStatus.FEASIBLE
    assert withdrawn.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert withdrawn.bound is None
    assert second_word(word(None, PointStatus.NONE), word(None, PointStatus.NONE), parts, asked(1e-6)).bound is None


def test_a_limit_in_the_second_run_keeps_the_first_point(monkeypatch):
    """The second run ends at once and has no point: the first is handed back, and no longer called optimal."""
    runs = []
    once = scip_solver._run

    def run(translated, options, on_progress):
        runs.append(options)
        return once(translated, options if len(runs) == 1 else replace(options, time_limit=0.0), on_progress)

    monkeypatch.setattr(scip_solver, "_run", run)
    m = thin_model(1e-9)
    report = solvers.get("scip").solve(m, asked(1e-6))
    assert (report.stop_reason, report.point_status) == (StopReason.TIME_LIMIT, PointStatus.FEASIBLE)
    assert m.x.value == report.objective
    assert len(runs) == 2
