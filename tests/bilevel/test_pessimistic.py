"""A leader who expects the worst: by hand, against enumeration with linear programs, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy.optimize import linprog

from batteryopt import bilevel
from batteryopt.ground.errors import BatteryOptError


def tie() -> pyo.ConcreteModel:
    """The follower minds z alone: y in [0, 1] is the same to it. The leader max x + y: 2 at best, 1 at worst."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.f.z)
    m.f.either = pyo.Constraint(expr=m.f.y + m.f.z >= 0)
    m.gain = pyo.Objective(expr=m.x + m.f.y, sense=pyo.maximize)
    return m


def test_a_follower_who_does_not_mind():
    m = tie()
    answer = bilevel.solve(m, method="pessimistic")
    assert answer.is_optimal, str(answer)
    assert answer.objective == pytest.approx(1)
    assert (m.x.value, m.f.y.value) == pytest.approx((1, 0))
    assert answer.pessimistic_objective == pytest.approx(1)
    assert any("worst" in words for words in answer.assumptions)
    assert "worst-answer" in [check.name for check in answer.certificate]


def prices(domain: object) -> pyo.ConcreteModel:
    """A buyer takes one unit, at the leader's price x/2 or elsewhere at 1."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3), domain=domain)
    m.f = bilevel.Follower()
    m.f.here, m.f.elsewhere = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
    m.f.one = pyo.Constraint(expr=m.f.here + m.f.elsewhere == 1)
    m.f.cost = pyo.Objective(expr=m.x / 2 * m.f.here + m.f.elsewhere)
    m.gain = pyo.Objective(expr=m.x / 2 * m.f.here, sense=pyo.maximize)
    return m


def test_the_pessimist_asks_for_less():
    """In steps of a half: at 1 the buyer does not mind, and a pessimist sells nothing; at 1/2 it sells for certain."""
    answer = bilevel.solve(prices(pyo.Integers), method="pessimistic", time_limit=30)
    assert answer.objective == pytest.approx(0.5)
    assert answer.is_optimal, str(answer)
    assert bilevel.solve(prices(pyo.Integers)).objective == pytest.approx(1)


def test_a_supremum_that_no_price_has():
    """Any price below 1 sells: as near to 1 as one likes. Whatever is said of it contradicts neither."""
    answer = bilevel.solve(prices(pyo.Reals), method="pessimistic", time_limit=10)
    assert answer.bound is None or answer.bound >= 1 - 1e-6
    if answer.point_status.is_feasible:
        assert answer.objective <= 1 + 1e-6
        assert answer.objective == pytest.approx(answer.pessimistic_objective)
    if answer.is_optimal:
        assert answer.objective == pytest.approx(1, abs=1e-5)


def random_case(seed: int) -> tuple[pyo.ConcreteModel, float | None]:
    """min w x + g y, x in {0, 1, 2}^2; the follower min d y over A x + B y <= b, y in [0, 3]^3, d with many ties.

    Every other one has a limit of the leader's, h y + x_1 <= limit, for all best answers.
    """
    rng = np.random.default_rng(seed)
    A, B = rng.integers(-2, 3, (3, 2)), rng.integers(-2, 3, (3, 3))
    b, d = rng.integers(1, 7, 3), rng.integers(0, 2, 3)
    w, g = rng.integers(-3, 4, 2), rng.integers(-4, 5, 3)
    h, limit = rng.integers(-2, 3, 3), int(rng.integers(2, 6))
    B[~B.any(axis=1), 0] = 1
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(2), bounds=(0, 2), domain=pyo.Integers)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(3), bounds=(0, 3))
    m.f.row = pyo.Constraint(
        range(3),
        rule=lambda f, k: (
            sum(int(A[k, i]) * m.x[i] for i in range(2)) + sum(int(B[k, j]) * f.y[j] for j in range(3)) <= int(b[k])
        ),
    )
    m.f.cost = pyo.Objective(expr=sum(int(d[j]) * m.f.y[j] for j in range(3)))
    m.cost = pyo.Objective(expr=sum(int(w[i]) * m.x[i] for i in range(2)) + sum(int(g[j]) * m.f.y[j] for j in range(3)))
    if seed % 2 and h.any():
        m.limit = pyo.Constraint(expr=sum(int(h[j]) * m.f.y[j] for j in range(3)) + m.x[0] <= limit)
    worst = []
    for x in itertools.product(range(3), repeat=2):
        room, box = b - A @ np.array(x), [(0, 3)] * 3
        best = linprog(d, A_ub=B, b_ub=room, bounds=box)
        if best.status == 0:
            rows, right = np.vstack([B, d]), np.append(room, best.fun + 1e-9)
            if seed % 2 and x[0] - linprog(-h, A_ub=rows, b_ub=right, bounds=box).fun > limit + 1e-6:
                continue  # some best answer breaks the leader's limit
            worst.append(float(w @ np.array(x)) - linprog(-g, A_ub=rows, b_ub=right, bounds=box).fun)
    return m, min(worst, default=None)


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 25))])
def test_random_problems_against_enumeration(seed: int):
    m, value = random_case(seed)
    answer = bilevel.solve(m, method="pessimistic", time_limit=20)
    if value is None:
        assert answer.stop_reason.is_no_solution
        return
    assert answer.bound is None or answer.bound <= value + 1e-5, str(answer)
    assert answer.objective == pytest.approx(value, abs=1e-5), str(answer)
    assert answer.is_optimal, str(answer)


def test_a_strictly_convex_follower_has_one_answer():
    """min (y - x)^2 has y = x, whatever the leader expects: max y - x^2 is 1/4 at x = 1/2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 2))
    m.f.cost = pyo.Objective(expr=(m.f.y - m.x) ** 2)
    m.gain = pyo.Objective(expr=m.f.y - m.x**2, sense=pyo.maximize)
    answer = bilevel.solve(m, method="pessimistic")
    assert answer.is_optimal, str(answer)
    assert answer.objective == pytest.approx(0.25, abs=1e-6)


def test_a_limit_that_all_best_answers_keep():
    """y may be anything in [0, 1]: x + y <= 3/2 must hold for y = 1, and so x = 1/2, all that is left where y = 0."""
    m = tie()
    m.limit = pyo.Constraint(expr=m.x + m.f.y <= 1.5)
    answer = bilevel.solve(m, method="pessimistic")
    assert answer.is_optimal, str(answer)
    assert answer.objective == pytest.approx(0.5)
    assert answer.certificate["leader-constraints[worst]"].passed
    assert bilevel.solve(m).objective == pytest.approx(1.5)


def test_a_limit_that_no_decision_keeps():
    m = tie()
    m.limit = pyo.Constraint(expr=m.x + m.f.y <= 0.5)
    answer = bilevel.solve(m, method="pessimistic")
    assert not answer.point_status.is_feasible


def test_what_it_does_not_take_it_names():
    m = tie()
    m.limit = pyo.Constraint(expr=m.x + m.f.y**2 <= 1.5)
    with pytest.raises(BatteryOptError, match="limit is not linear in the followers' variables"):
        bilevel.solve(m, method="pessimistic")
    m.limit.deactivate()
    m.f.cost.set_value(m.f.z**2)
    with pytest.raises(BatteryOptError, match=r"'f' is neither linear nor .*pessimistic_gap"):
        bilevel.solve(m, method="pessimistic")
    m.f.cost.set_value(m.f.z)
    m.f.y.domain = pyo.Integers
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\.y: .*integers"):
        bilevel.solve(m, method="pessimistic")
