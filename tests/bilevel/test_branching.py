"""The tree over complementarity when a node fails it: no point there, or somebody wants it to stop."""

from __future__ import annotations

import itertools
from typing import Any

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.methods import METHODS, branching
from batteryopt.bilevel.methods.base import MethodSettings
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Report

OPTIMUM = 4.0


def follower_with_a_roof() -> Any:
    """Leader min (x - 2)^2 + 5y, 0 <= x <= 3. Follower min (y - x)^2, 0 <= y <= 1: y = min(x, 1).

    Up to x = 1 the leader pays x^2 + x + 4, least at 0: 4. Beyond, (x - 2)^2 + 5, least at 2: 5. Without
    complementarity y is free and 0 is paid, at (2, 0).
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=(m.f.y - m.x) ** 2)
    m.cost = pyo.Objective(expr=(m.x - 2) ** 2 + 5 * m.f.y)
    return m


def searched(monkeypatch: pytest.MonkeyPatch, fails: Any, outcome: Any) -> tuple[Report, int]:
    """Return the tree's report and its number of relaxations, where the k-th gives `outcome` if ``fails(k)``."""
    count = itertools.count()
    real = branching._relaxation

    def relaxation(program: Any) -> Any:
        solve = real(program)

        def sometimes(lower: Any, upper: Any) -> Any:
            if fails(next(count)):
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome, None
            return solve(lower, upper)

        return sometimes

    monkeypatch.setattr(branching, "_relaxation", relaxation)
    report = METHODS["branching"].solve(extract(follower_with_a_roof()), MethodSettings()).report
    return report, next(count)


def test_the_optimum_by_hand(monkeypatch):
    report, _ = searched(monkeypatch, lambda k: False, None)
    assert report.point_status is PointStatus.OPTIMAL
    assert report.objective == pytest.approx(OPTIMUM, abs=1e-6)
    assert report.bound == pytest.approx(OPTIMUM, abs=1e-5)


@pytest.mark.parametrize("stalled", [StopReason.TIME_LIMIT, StopReason.NUMERICAL_TROUBLE])
def test_a_node_without_its_point_is_branched_on(monkeypatch, stalled):
    report, _ = searched(monkeypatch, lambda k: k == 0, stalled)
    assert report.stop_reason is StopReason.CONVERGED
    assert report.objective == pytest.approx(OPTIMUM, abs=1e-6)


def test_where_no_node_has_a_point_nothing_is_claimed(monkeypatch):
    report, nodes = searched(monkeypatch, lambda k: True, StopReason.TIME_LIMIT)
    assert nodes == 1 + 2 + 4  # two pairs: each is fixed on either side before a piece is given up
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert (report.point_status, report.objective, report.bound) == (PointStatus.NONE, None, None)


@pytest.mark.parametrize("how", [KeyboardInterrupt(), StopReason.INTERRUPTED], ids=["raised", "reported"])
def test_an_interrupt_at_any_node_leaves_a_bound_that_holds(monkeypatch, how):
    _, nodes = searched(monkeypatch, lambda k: False, None)
    for last in range(nodes):
        with monkeypatch.context() as patch:
            report, _ = searched(patch, lambda k, last=last: k == last, how)
        assert report.stop_reason is StopReason.INTERRUPTED, last
        assert report.bound is None or report.bound <= OPTIMUM + 1e-6, last
        assert report.objective is None or report.objective >= OPTIMUM - 1e-6, last


@pytest.mark.parametrize(("cheap", "dear"), [(1e-3, 100.0), (1e-2, 1e6), (1e-5, 1e5)])
def test_a_small_multiplier_beside_large_ones_is_not_zero(cheap: float, dear: float):
    """min cheap * y + dear * z, z >= x + 1, y in [0, 1]: y = 0, so that max y + z over x in [0, 1] is 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(bounds=(0, 1)), pyo.Var()
    m.f.cost = pyo.Objective(expr=cheap * m.f.y + dear * m.f.z)
    m.f.need = pyo.Constraint(expr=m.f.z >= m.x + 1)
    m.gain = pyo.Objective(expr=m.f.y + m.f.z, sense=pyo.maximize)
    answer = bilevel.solve(m, method="branching")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(2)
