"""Followers who decide on integers: published problems and random ones against enumeration, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.methods import METHODS
from batteryopt.bilevel.methods.fractional_cuts import forbidden_items
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.ground.errors import BatteryOptError

Values = tuple[int, ...]


def moore_bard() -> pyo.ConcreteModel:
    """Moore and Bard (1990), example 1: min -x - 10 y, the follower min y over four rows, both whole numbers.

    By hand: at x = 2 the follower may have y in {2, 3, 4} (10 y >= 15 - 4, 20 y <= 30 + 50, 2 y <= 8) and takes 2: -22.
    At x = 6 it may have 1 and 2 (2 y <= 4, 10 y >= 3) and takes 1: -16; at x = 1 it has 2: -21; at x = 8 it has 1: -18.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8), domain=pyo.Integers)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 5), domain=pyo.Integers)
    m.f.c = pyo.ConstraintList()
    m.f.c.add(-25 * m.x + 20 * m.f.y <= 30)
    m.f.c.add(m.x + 2 * m.f.y <= 10)
    m.f.c.add(2 * m.x - m.f.y <= 15)
    m.f.c.add(2 * m.x + 10 * m.f.y >= 15)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=-m.x - 10 * m.f.y)
    return m


def test_moore_and_bard():
    m = moore_bard()
    answer = bilevel.solve(m)
    assert answer.is_optimal
    assert answer.objective == pytest.approx(-22)
    assert (m.x.value, m.f.y.value) == (2, 2)
    assert answer.method == "value-function"
    assert [claim.is_shown for claim in answer.claims] == [True, True, True]


def enumerated(
    xs: list[Values],
    ys: list[Values],
    is_allowed: Callable[[Values, Values], bool],
    value: Callable[[Values, Values], float],
    leader: Callable[[Values, Values], float],
    holds: Callable[[Values, Values], bool] = lambda _, __: True,
) -> float | None:
    """Return the leader's optimistic minimum; `holds` is the leader's own constraint. None where there is none."""
    best = None
    for x in xs:
        answers = [y for y in ys if is_allowed(x, y)]
        if not answers:
            continue
        lowest = min(value(x, y) for y in answers)
        for y in answers:
            if value(x, y) <= lowest + 1e-9 and holds(x, y) and (best is None or leader(x, y) < best):
                best = leader(x, y)
    return best


def random_game(seed: int) -> tuple[pyo.ConcreteModel, float | None]:
    """min w x + v y over x in {0..3}^2 and the follower's min d y over A x + B y <= b, y in {0..3}^3, enumerated."""
    rng = np.random.default_rng(seed)
    A, B = rng.integers(-3, 4, (3, 2)), rng.integers(-3, 4, (3, 3))
    b, d = rng.integers(0, 8, 3), rng.integers(-5, 6, 3)
    w, v, g = rng.integers(-5, 6, 2), rng.integers(-5, 6, 3), rng.integers(-2, 3, 3)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(2), bounds=(0, 3), domain=pyo.Integers)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(3), bounds=(0, 3), domain=pyo.Integers)

    def dot(numbers: Any, variables: Any) -> Any:
        return sum(int(a) * variables[k] for k, a in enumerate(numbers))

    m.f.row = pyo.Constraint(
        [k for k in range(3) if B[k].any()], rule=lambda f, k: dot(A[k], m.x) + dot(B[k], f.y) <= int(b[k])
    )
    m.f.cost = pyo.Objective(expr=dot(d, m.f.y) + 0 * m.f.y[0])
    m.cost = pyo.Objective(expr=dot(w, m.x) + dot(v, m.f.y))
    if g.any():
        m.own = pyo.Constraint(expr=dot(g, m.f.y) <= 3)
    optimum = enumerated(
        list(itertools.product(range(4), repeat=2)),
        list(itertools.product(range(4), repeat=3)),
        lambda x, y: bool((A[B.any(axis=1)] @ x + B[B.any(axis=1)] @ y <= b[B.any(axis=1)]).all()),
        lambda _, y: float(d @ y),
        lambda x, y: float(w @ x + v @ y),
        lambda _, y: bool(g @ y <= 3),
    )
    return m, optimum


def assert_right(m: pyo.ConcreteModel, optimum: float | None, name: str) -> bool:
    """Compare every claim with the enumeration; returns whether the optimum was proven."""
    answer = bilevel.solve(m, time_limit=20)
    if optimum is None:
        assert not answer.point_status.is_feasible, f"{name}\n{answer}"
        return answer.stop_reason.is_no_solution
    assert not answer.stop_reason.is_no_solution, f"{name}: {optimum} is there\n{answer}"
    assert answer.bound is None or answer.bound <= optimum + 1e-5, f"{name}: {optimum} is cut off\n{answer}"
    if answer.point_status.is_feasible:
        assert answer.objective >= optimum - 1e-5, f"{name}: better than {optimum}\n{answer}"
    if answer.is_optimal:
        assert answer.objective == pytest.approx(optimum, abs=1e-5), f"{name}\n{answer}"
    return answer.is_optimal


@pytest.mark.parametrize("seed", range(12))
def test_random_games_against_enumeration(seed: int):
    m, optimum = random_game(seed)
    assert assert_right(m, optimum, f"game {seed}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12, 212))
def test_random_games_against_enumeration_many_times(seed: int):
    m, optimum = random_game(seed)
    assert assert_right(m, optimum, f"game {seed}")


def knapsack(seed: int, count: int, budget: int) -> tuple[pyo.ConcreteModel, list[int], list[int], int]:
    """Interdiction as of Caprara, Carvalho, Lodi and Woeginger: the leader takes items, the follower packs the rest."""
    rng = np.random.default_rng(seed)
    profit, weight = rng.integers(1, 30, count).tolist(), rng.integers(1, 20, count).tolist()
    capacity, items = sum(weight) // 2, range(count)
    m = pyo.ConcreteModel()
    m.x = pyo.Var(items, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=pyo.summation(m.x) <= budget)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(items, domain=pyo.Binary)
    m.f.capacity = pyo.Constraint(expr=sum(weight[i] * m.f.y[i] for i in items) <= capacity)
    m.f.left = pyo.Constraint(items, rule=lambda f, i: f.y[i] <= 1 - m.x[i])
    m.f.gain = pyo.Objective(expr=sum(profit[i] * m.f.y[i] for i in items), sense=pyo.maximize)
    m.loss = pyo.Objective(expr=sum(profit[i] * m.f.y[i] for i in items))
    return m, profit, weight, capacity


def packed(profit: list[int], weight: list[int], capacity: int, left: set[int]) -> int:
    """Return the best packing of the items that are left, by dynamic programming."""
    best = [0] * (capacity + 1)
    for i in left:
        for room in range(capacity, weight[i] - 1, -1):
            best[room] = max(best[room], best[room - weight[i]] + profit[i])
    return best[capacity]


@pytest.mark.parametrize("seed", range(4))
def test_knapsack_interdiction_against_enumeration(seed: int):
    m, profit, weight, capacity = knapsack(seed, 10, 3)
    everything = set(range(10))
    values = [packed(profit, weight, capacity, everything - set(t)) for t in itertools.combinations(range(10), 3)]
    answer = bilevel.solve(m, time_limit=30)
    assert answer.is_optimal
    assert answer.objective == pytest.approx(min(values))


def test_mixed_decisions_of_both():
    """min x - 3 n + y, x in [0, 4] whole; the follower max 2 n + y over n + y <= x + 1/2, n whole, y in [0, 1].

    By hand: n = x and y = 1/2 have 2 x + 1/2, more than n = x - 1 and y = 1. So the leader has x - 3 x + 1/2: -7.5.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4), domain=pyo.Integers)
    m.f = bilevel.Follower()
    m.f.n = pyo.Var(bounds=(0, 9), domain=pyo.Integers)
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.room = pyo.Constraint(expr=m.f.n + m.f.y <= m.x + 0.5)
    m.f.gain = pyo.Objective(expr=2 * m.f.n + m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x - 3 * m.f.n + m.f.y)
    answer = bilevel.solve(m)
    assert answer.objective == pytest.approx(-7.5)
    assert answer.is_optimal


def test_an_infimum_that_no_decision_has_is_not_claimed():
    """max y over y <= x, y in {0, 1}: below x = 1 it is 0. min 2 y - x comes as near to -1 as one likes, and has 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(domain=pyo.Binary)
    m.f.c = pyo.Constraint(expr=m.f.y <= m.x)
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=2 * m.f.y - m.x)
    answer = bilevel.solve(m, time_limit=10)
    assert not answer.is_optimal
    assert answer.bound is None or answer.bound <= -1 + 1e-6
    assert not answer.point_status.is_feasible or answer.objective >= -1


def test_two_followers_who_depend_on_each_other():
    """Each of two wants the item that the other leaves: max p y over y_1 + y_2 <= 1. The leader pays one of them more.

    An equilibrium has one of them with the item, whom the leader chooses: min 3 y_1 + 5 y_2 - x, x in {0, 1}: 3 - 1.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.Binary)
    m.f = bilevel.Follower([1, 2])
    for i in (1, 2):
        m.f[i].y = pyo.Var(domain=pyo.Binary)
    m.f[1].one = pyo.Constraint(expr=m.f[1].y <= 1 - m.f[2].y)
    m.f[2].one = pyo.Constraint(expr=m.f[2].y <= 1 - m.f[1].y)
    for i in (1, 2):
        m.f[i].gain = pyo.Objective(expr=m.f[i].y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=3 * m.f[1].y + 5 * m.f[2].y - m.x)
    answer = bilevel.solve(m, shared_multipliers="independent")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(2)


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if not method.takes_integers])
def test_methods_of_conditions_name_the_one_that_accepts(method: str):
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\.y: .*integers.*'value-function' accepts"):
        bilevel.solve(moore_bard(), method=method)


def test_only_one_method_accepts():
    assert bilevel.accepting_methods(moore_bard()) == ("value-function",)


def test_limits_that_nobody_wrote():
    """x + 2 y <= 10 bounds y too."""
    m = moore_bard()
    m.f.y.setub(None)
    assert bilevel.solve(m).objective == pytest.approx(-22)


def test_what_has_no_limits_is_refused():
    m = moore_bard()
    m.f.y.setub(None)
    m.f.c[2].deactivate()
    m.f.c[1].deactivate()
    with pytest.raises(BatteryOptError, match="has no limits"):
        bilevel.solve(m, method="value-function")
    with pytest.raises(bilevel.UnsupportedFollower, match="has no limits"):
        bilevel.solve(m)


def test_a_decision_that_is_no_whole_number_is_no_feasible_point():
    from batteryopt.bilevel.judge import claims
    from batteryopt.bilevel.problem.normal_form import extract

    m = moore_bard()
    m.x.set_value(2)
    m.f.y.set_value(2.25)
    assert not claims.follower_feasibility(extract(m).followers[0]).passed


def random_packing(seed: int) -> tuple[pyo.ConcreteModel, float | None]:
    """The follower packs whole y_j <= u_j (1 - x_j), for odd j u_j x_j, for most p y; the leader has min g y + h x."""
    rng = np.random.default_rng(seed)
    p, w, u = rng.integers(1, 9, 4), rng.integers(1, 6, 4), rng.integers(1, 4, 4)
    g, h, room = rng.integers(-3, 9, 4), rng.integers(-4, 5, 4), int(rng.integers(4, 14))
    if seed % 2:
        g = p  # opposite wishes
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(4), domain=pyo.Binary)
    m.own = pyo.Constraint(expr=sum(m.x[j] for j in range(4)) <= 2)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(4), bounds=(0, 3), domain=pyo.Integers)
    m.f.room = pyo.Constraint(expr=sum(int(w[j]) * m.f.y[j] for j in range(4)) <= room)
    m.f.left = pyo.Constraint(range(4), rule=lambda f, j: f.y[j] <= int(u[j]) * (m.x[j] if j % 2 else 1 - m.x[j]))
    m.f.gain = pyo.Objective(expr=sum(int(p[j]) * m.f.y[j] for j in range(4)), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=sum(int(g[j]) * m.f.y[j] + int(h[j]) * m.x[j] for j in range(4)))
    optimum = enumerated(
        [x for x in itertools.product(range(2), repeat=4) if sum(x) <= 2],
        list(itertools.product(range(4), repeat=4)),
        lambda x, y: bool(w @ y <= room) and all(y[j] <= u[j] * (x[j] if j % 2 else 1 - x[j]) for j in range(4)),
        lambda _, y: -float(p @ y),
        lambda x, y: float(g @ y + h @ x),
    )
    return m, optimum


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(4, 30))])
def test_cuts_at_fractional_decisions_cut_nothing_off(seed: int):
    m, optimum = random_packing(seed)
    follower = extract(m).followers[0]
    items = forbidden_items(follower)
    assert items is not None
    assert [item.variable.name for item in items] == [f"f.y[{j}]" for j in range(4)]
    assert assert_right(m, optimum, f"packing {seed}")


def test_where_no_whole_answer_is_left_the_search_goes_on():
    """Moore and Bard's second example: at x = 0 the follower has y = 3/2 and nothing whole; (3, 1) has 3 + 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3), domain=pyo.Integers)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(1, 2), domain=pyo.Integers)
    m.f.c = pyo.ConstraintList()
    m.f.c.add(-m.x + 2.5 * m.f.y <= 3.75)
    m.f.c.add(m.x + 2.5 * m.f.y >= 3.75)
    m.f.c.add(2.5 * m.x + m.f.y <= 8.75)
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x + 2 * m.f.y)
    answer = bilevel.solve(m)
    assert answer.is_optimal
    assert answer.objective == pytest.approx(5)
