"""Why there is no answer: each reason told apart from the others, in words that name the culprit."""

from __future__ import annotations

import re

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.ground.status import StopReason

from .models import linear, market


def infeasible_follower() -> pyo.ConcreteModel:
    m = linear()
    m.f.impossible = pyo.Constraint(expr=m.f.y >= 5)  # y <= x <= 4
    return m


def infeasible_leader() -> pyo.ConcreteModel:
    m = linear()
    m.impossible = pyo.Constraint(expr=m.x + m.f.y >= 9)  # x + y <= 4 + 2, whatever the follower does
    return m


def excluded_answers() -> pyo.ConcreteModel:
    m = linear()
    m.x.setlb(1)
    m.x.setub(3)
    m.wish = pyo.Constraint(expr=m.f.y <= 0.5)  # the follower could, but answers min(x, 4 - x) >= 1
    return m


def unbounded_follower() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x)
    return m


def unbounded_leader() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var()
    m.f.tie = pyo.Constraint(expr=m.f.y >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    return m


def unbounded_dual() -> pyo.ConcreteModel:
    """y >= 1 and y <= 1 bind together: the first one's multiplier is 1 plus the second one's, as large as one likes."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var()
    m.f.least = pyo.Constraint(expr=m.f.y >= 1)
    m.f.most = pyo.Constraint(expr=m.f.y <= 1)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.price = bilevel.dual_of(m.f.least)
    m.gain = pyo.Objective(expr=m.price - m.x, sense=pyo.maximize)
    return m


CASES = {
    "follower without any answer": (infeasible_follower, StopReason.INFEASIBLE, "'f' has no feasible answer"),
    "leader's constraints": (infeasible_leader, StopReason.INFEASIBLE, "the leader's constraints cannot be met"),
    "answers excluded": (excluded_answers, StopReason.INFEASIBLE, "exclude every best answer"),
    "unbounded follower": (unbounded_follower, StopReason.UNBOUNDED, "'f' can improve without end"),
    "unbounded leader": (unbounded_leader, StopReason.UNBOUNDED, "bound the leader's variables"),
    "unbounded multipliers": (
        unbounded_dual,
        StopReason.UNBOUNDED,
        r"multipliers it uses \(f\.least\) are not bounded",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["auto", "sos1"])
def test_reason(name: str, method: str):
    build, reason, words = CASES[name]
    answer = bilevel.solve(build(), method=method, time_limit=20)
    assert answer.stop_reason is reason
    assert not answer.has_point
    assert answer.objective is None
    assert len(answer.notes) == 1
    assert re.search(words, answer.notes[0])


def test_two_followers_the_second_is_named():
    m = linear()
    m.g = bilevel.Follower()
    m.g.z = pyo.Var(bounds=(0, 1))
    m.g.impossible = pyo.Constraint(expr=m.g.z >= 2 + m.x)
    m.g.cost = pyo.Objective(expr=m.g.z)
    answer = bilevel.solve(m)
    assert answer.stop_reason is StopReason.INFEASIBLE
    assert "follower 'g'" in answer.notes[0]


def test_an_unbounded_follower_beside_a_good_one_is_named():
    m = unbounded_follower()
    m.g = bilevel.Follower()
    m.g.z = pyo.Var(bounds=(0, 1))
    m.g.cost = pyo.Objective(expr=m.g.z)
    answer = bilevel.solve(m)
    assert answer.stop_reason is StopReason.UNBOUNDED
    assert "follower 'f'" in answer.notes[0]


def test_a_follower_that_comes_as_near_to_its_infimum_as_one_likes_is_answered_within_tolerance():
    """exp(-y) over y >= 0 has the infimum 0 and no minimiser: a y of 35 is within rounding of it, and x = 0 is best."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.cost = pyo.Objective(expr=pyo.exp(-m.f.y) * (1 + m.x))
    m.cost = pyo.Objective(expr=m.x)
    answer = bilevel.solve(m, time_limit=10)
    assert answer.objective == pytest.approx(0, abs=1e-6)
    assert pyo.value(m.f.cost) < 1e-6


def test_a_follower_that_is_infeasible_for_some_decisions_only_limits_the_leader():
    """y >= x and y <= 2: decisions above 2 have no answer, and the best of the others is found."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(None, 2))
    m.f.c = pyo.Constraint(expr=m.f.y >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.gain = pyo.Objective(expr=m.x, sense=pyo.maximize)
    answer = bilevel.solve(m)
    assert answer.objective == pytest.approx(2)
    assert answer.is_optimal


def test_the_markets_prices_are_bounded():
    assert bilevel.solve(market()).objective == pytest.approx(105)
