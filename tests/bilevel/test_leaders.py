"""Several leaders ahead of the same followers: equilibria by hand, games without any, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from pyomo import gdp

from batteryopt import bilevel
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason


def two_ahead_of_one() -> pyo.ConcreteModel:
    """Price 30 - x1 - x2 - y, unit cost 6. The follower's y = (24 - x1 - x2)/2 leaves leaders half the margin.

    Leader i has x_i (24 - x1 - x2)/2, at its best x_i = (24 - x_j)/2: both 8, y = 4, 8 times 4 is 32 for each.
    """
    m = pyo.ConcreteModel()
    m.firm = bilevel.Leader([1, 2])
    for i in (1, 2):
        m.firm[i].x = pyo.Var(bounds=(0, 24), initialize=6)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 24))
    margin = 24 - m.firm[1].x - m.firm[2].x - m.f.y
    m.f.profit = pyo.Objective(expr=margin * m.f.y, sense=pyo.maximize)
    for i in (1, 2):
        m.firm[i].profit = pyo.Objective(expr=margin * m.firm[i].x, sense=pyo.maximize)
    return m


def test_two_firms_ahead_of_one():
    m = two_ahead_of_one()
    answer = bilevel.equilibrium(m)
    assert answer.is_equilibrium, str(answer)
    assert [m.firm[i].x.value for i in (1, 2)] == pytest.approx([8, 8], abs=0.05)
    assert m.f.y.value == pytest.approx(4, abs=0.05)
    for standing in answer.standings:
        assert standing.objective == pytest.approx(32, abs=0.3)
        assert standing.gain <= 1e-5
    assert all(block.active for block in m.firm.values())
    assert not any(m.firm[i].x.fixed for i in (1, 2))
    assert answer.to_json()["leaders"][0]["name"] == "firm[1]"
    assert "firm[2]" in str(answer)
    assert list(answer.to_frame()["name"]) == ["firm[1]", "firm[2]"]


def test_what_is_not_over_is_no_equilibrium():
    answer = bilevel.equilibrium(two_ahead_of_one(), rounds=1)
    assert answer.stop_reason is StopReason.ITERATION_LIMIT
    assert not answer.is_equilibrium


def test_a_method_without_a_bound_shows_no_equilibrium():
    """At the equilibrium itself: a local search finds nothing better, and proves nothing."""
    m = two_ahead_of_one()
    for i in (1, 2):
        m.firm[i].x.set_value(8)
    m.f.y.set_value(4)
    answer = bilevel.equilibrium(m, method="regularized", starts=1)
    assert answer.stop_reason is StopReason.CONVERGED
    assert not answer.is_equilibrium
    assert all(standing.gain is None for standing in answer.standings)


def test_a_game_without_an_equilibrium_goes_in_circles():
    """One wants to choose as the other does, the other not: whatever they do, one of the two moves."""
    m = pyo.ConcreteModel()
    m.player = bilevel.Leader(["same", "other"])
    for name in ("same", "other"):
        m.player[name].x = pyo.Var(domain=pyo.Binary)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.row = pyo.Constraint(expr=m.f.y >= m.player["same"].x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    one, two = m.f.y, m.player["other"].x
    agree = one * two + (1 - one) * (1 - two)
    m.player["same"].gain = pyo.Objective(expr=agree, sense=pyo.maximize)
    m.player["other"].gain = pyo.Objective(expr=agree, sense=pyo.minimize)
    answer = bilevel.equilibrium(m)
    assert not answer.is_equilibrium
    assert "circles" in answer.why


def test_several_leaders_are_not_solved_as_one():
    with pytest.raises(UnsupportedModel, match=r"several leaders \(firm\[1\], firm\[2\]\).*equilibrium"):
        bilevel.solve(two_ahead_of_one())


def test_what_is_nobodys_is_refused_by_name():
    m = two_ahead_of_one()
    m.z = pyo.Var(bounds=(0, 1))
    m.row = pyo.Constraint(expr=m.z + m.firm[1].x <= 20)
    with pytest.raises(UnsupportedModel, match="z: it is no leader's"):
        bilevel.equilibrium(m)
    m.row.deactivate()
    m.goal = pyo.Objective(expr=m.z)
    with pytest.raises(UnsupportedModel, match="goal: it is no leader's"):
        bilevel.equilibrium(m)
    m.goal.deactivate()
    m.firm[2].deactivate()
    with pytest.raises(UnsupportedModel, match=r"1 leaders: use bilevel\.solve"):
        bilevel.equilibrium(m)


def test_a_common_limit_is_kept_by_each():
    """x1 + x2 <= 10, from (0, 4): the first would like (24 - 4)/2, and has 6; the second then keeps its 4."""
    m = two_ahead_of_one()
    m.limit = pyo.Constraint(expr=m.firm[1].x + m.firm[2].x <= 10)
    m.firm[1].x.set_value(0)
    m.firm[2].x.set_value(4)
    answer = bilevel.equilibrium(m)
    assert answer.is_equilibrium, str(answer)
    assert m.firm[1].x.value + m.firm[2].x.value == pytest.approx(10, abs=1e-4)


def test_choices_of_several_leaders_are_refused_with_what_to_do():
    m = two_ahead_of_one()
    m.choice = gdp.Disjunction(expr=[[m.firm[1].x <= 7], [m.firm[1].x >= 9]])
    with pytest.raises(UnsupportedModel, match=r"choice: .*several leaders write it as binaries and rows"):
        bilevel.equilibrium(m)
    assert all(block.active for block in m.firm.values())
    assert not any(m.firm[i].x.fixed for i in (1, 2))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_random_games_of_two_by_two(seed: int):
    """min a x_i + b x_1 x_2 + c y, all binary but y = max(x_1, x_2): an equilibrium is claimed only where it is one."""
    rng = np.random.default_rng(seed)
    a, b, c = rng.integers(-4, 5, (3, 2))

    def cost(i: int, x: tuple[int, ...]) -> float:
        return float(a[i] * x[i] + b[i] * x[0] * x[1] + c[i] * max(x))

    def is_equilibrium(x: tuple[int, ...]) -> bool:
        return cost(0, x) <= cost(0, (1 - x[0], x[1])) and cost(1, x) <= cost(1, (x[0], 1 - x[1]))

    m = pyo.ConcreteModel()
    m.player = bilevel.Leader([0, 1])
    for i in (0, 1):
        m.player[i].x = pyo.Var(domain=pyo.Binary, initialize=0)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.row = pyo.Constraint([0, 1], rule=lambda f, i: f.y >= m.player[i].x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    for i in (0, 1):
        both = m.player[0].x * m.player[1].x
        m.player[i].cost = pyo.Objective(expr=int(a[i]) * m.player[i].x + int(b[i]) * both + int(c[i]) * m.f.y)
    answer = bilevel.equilibrium(m)
    there = [x for x in itertools.product((0, 1), repeat=2) if is_equilibrium(x)]
    if answer.is_equilibrium:
        assert (round(m.player[0].x.value), round(m.player[1].x.value)) in there, str(answer)
        for i, standing in enumerate(answer.standings):
            x = (round(m.player[0].x.value), round(m.player[1].x.value))
            assert standing.objective == pytest.approx(cost(i, x), abs=1e-6)
    else:
        assert "circles" in answer.why
