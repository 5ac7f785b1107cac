"""A limit that two followers have in common, by hand.

min (y_i - 4 i)^2 s.t. y_1 + y_2 <= 5 + x for i = 1, 2; the leader minimises (x - 1)^2 + y_1 with 0 <= x <= 4.
The unlimited wishes are 4 and 8, so that the limit always binds: y_1 + y_2 = 5 + x with y_1 <= 4, y_2 <= 8.

- One price for both: 2 (4 - y_1) = 2 (8 - y_2), so y_2 = y_1 + 4 and y_1 = (1 + x) / 2. The leader minimises
  (x - 1)^2 + (1 + x) / 2 at x = 3/4: 1/16 + 7/8 = 15/16.
- Independent prices: any y_1 in [max(0, x - 3), 4]. The leader takes y_1 = 0 at x = 1: 0; the worst is y_1 = 4: 4.
"""

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.problem.shared import shared_rows
from batteryopt.ground.errors import BatteryOptError


def model(factor: float = 1.0) -> pyo.ConcreteModel:
    """Both followers carry the limit; the second one's may be multiplied by a positive factor."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower([1, 2])
    for i in (1, 2):
        m.f[i].y = pyo.Var(bounds=(0, 10))
    for i in (1, 2):
        scale = factor if i == 2 else 1.0
        m.f[i].cost = pyo.Objective(expr=(m.f[i].y - 4 * i) ** 2)
        m.f[i].limit = pyo.Constraint(expr=scale * (m.f[1].y + m.f[2].y) <= scale * (5 + m.x))
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2 + m.f[1].y)
    return m


def test_without_a_word_it_is_refused_by_name():
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\[1\]\.limit.*f\[2\]\.limit.*shared_multipliers"):
        bilevel.solve(model())


def test_one_price():
    answer = bilevel.solve(model(), shared_multipliers="equal")
    assert answer.objective == pytest.approx(15 / 16, abs=1e-6)
    assert answer.values["x"] == pytest.approx(0.75, abs=1e-3)
    assert answer.is_optimal


def test_independent_prices_are_the_leaders_choice():
    answer = bilevel.solve(model(), shared_multipliers="independent", pessimistic_gap=True)
    assert answer.objective == pytest.approx(0.0, abs=1e-6)
    assert answer.pessimistic_objective == pytest.approx(4.0, abs=1e-5)


def test_a_multiple_of_the_same_limit_is_found():
    assert len(shared_rows(extract(model(factor=3.0)))) == 1


def test_another_limit_is_not_shared():
    m = model()
    m.f[2].limit.set_value(m.f[1].y + m.f[2].y <= 6 + m.x)
    assert shared_rows(extract(m)) == []


def test_an_unknown_word_is_answered_with_the_nearest():
    with pytest.raises(BatteryOptError, match="did you mean 'equal'"):
        bilevel.solve(model(), shared_multipliers="equl")


def test_the_three_claims_are_printed_apart():
    text = str(bilevel.solve(model(), shared_multipliers="equal"))
    assert "shown     every follower is at its best" in text
    assert "shown     the leader cannot do better" in text
    assert "shown     the point is feasible" in text


def two_suppliers(copy: float = 1.0, *, with_equality: bool = False) -> pyo.ConcreteModel:
    """Suppliers at costs 1 and 3 serve a demand of 1 together, the first at most 0.5 of it; the leader pays x >= b.y.

    With one price the cheaper serves what it can: a.y = b.y = 0.5, at a price of 3. So x = 0.5.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.a, m.b = bilevel.Follower(), bilevel.Follower()
    m.a.y, m.b.y = pyo.Var(bounds=(0, 0.5)), pyo.Var(bounds=(0, 2))
    m.a.cost, m.b.cost = pyo.Objective(expr=m.a.y), pyo.Objective(expr=3 * m.b.y)
    served = m.a.y + m.b.y
    if with_equality:
        m.a.demand, m.b.demand = pyo.Constraint(expr=served == 1), pyo.Constraint(expr=copy * served == copy)
    else:
        m.a.demand, m.b.demand = pyo.Constraint(expr=served >= 1), pyo.Constraint(expr=copy * served >= copy)
    m.rule = pyo.Constraint(expr=m.x >= m.b.y)
    m.cost = pyo.Objective(expr=m.x)
    return m


@pytest.mark.parametrize("method", ["auto", *(n for n, m in bilevel.METHODS.items() if not m.takes_integers)])
@pytest.mark.parametrize("copy", [1.0, 1000.0])
def test_one_price_is_the_limits_and_not_the_copys(method: str, copy: float):
    m = two_suppliers(copy)
    if method != "auto" and method not in bilevel.accepting_methods(m, shared_multipliers="equal"):
        assert method == "big-m"  # whose limits of multipliers from bases leave out the ones that agree
        return
    answer = bilevel.solve(m, method=method, shared_multipliers="equal", starts=1)
    assert answer.objective == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("copy", [1.0, 0.01, -1.0, -1000.0])
def test_one_price_of_an_equality_written_either_way_round(copy: float):
    m = two_suppliers(copy, with_equality=True)
    assert len(shared_rows(extract(m))) == 1
    answer = bilevel.solve(m, shared_multipliers="equal")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(0.5, abs=1e-5)


def test_a_row_without_coefficients_is_shared_with_nobody():
    m = two_suppliers()
    m.none = pyo.Param(initialize=0.0)
    for block in (m.a, m.b):
        block.idle = pyo.Constraint(expr=m.none * m.a.y + m.none * m.b.y <= 1)
    assert len(shared_rows(extract(m))) == 1
