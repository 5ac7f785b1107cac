"""Problems in tiny units: what is claimed there is right to a relative tolerance, or not claimed."""

from __future__ import annotations

import dataclasses
from typing import Any

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.methods import METHODS, MethodSettings
from batteryopt.bilevel.methods.bilevel_units import restatement
from batteryopt.bilevel.methods.restated import solve_restated
from batteryopt.bilevel.problem.normal_form import BilevelProblem, extract
from batteryopt.ground.errors import BatteryOptError
from batteryopt.ground.status import PointStatus, StopReason

CLAIMS = (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)


def duopoly(k: float) -> Any:
    """Leader and follower without costs at price 12k - x - y: y = (12k - x) / 2, x = 6k, y = 3k, profit 6k * 3k."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 12 * k))
    m.firm = bilevel.Follower()
    m.firm.y = pyo.Var(bounds=(0, 12 * k))
    m.firm.profit = pyo.Objective(expr=(12 * k - m.x - m.firm.y) * m.firm.y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(12 * k - m.x - m.firm.y) * m.x, sense=pyo.maximize)
    return m


def seller(k: float) -> Any:
    """Leader: max price * (4k - x). Follower: min y^2 / 2 with y = x, whose multiplier, the price, is x: 4k^2 at 2k."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4 * k))
    m.market = bilevel.Follower()
    m.market.y = pyo.Var(bounds=(0, 9 * k))
    m.market.balance = pyo.Constraint(expr=m.market.y == m.x)
    m.market.cost = pyo.Objective(expr=m.market.y**2 / 2)
    m.price = bilevel.dual_of(m.market.balance)
    m.revenue = pyo.Objective(expr=m.price * (4 * k - m.x), sense=pyo.maximize)
    return m


@pytest.mark.parametrize("k", [1e-6, 1e6])
@pytest.mark.parametrize("method", ["auto", *METHODS])
def test_every_method_is_right_and_claims_it(method: str, k: float) -> None:
    m = duopoly(k)
    if method in ("milp", "value-function"):  # for linear followers, and for integer ones
        with pytest.raises(BatteryOptError, match="does not accept"):
            bilevel.solve(m, method)
        return
    answer = bilevel.solve(m, method, starts=2)
    assert answer.point_status in CLAIMS
    assert answer.objective == pytest.approx(18 * k**2, rel=1e-6, abs=0)
    assert m.x.value == pytest.approx(6 * k, rel=1e-3, abs=0)
    assert m.firm.y.value == pytest.approx(3 * k, rel=1e-3, abs=0)
    assert answer.values == {"x": m.x.value, "firm.y": m.firm.y.value}
    assert "natural units" in answer.notes[-1]
    assert ("checked as it stands" in answer.notes[-1]) is (k > 1)


@pytest.mark.parametrize("k", [1e-10, 1e-8, 1e-4])
def test_bound_and_gap_are_relative_to_the_problem(k: float) -> None:
    answer = bilevel.solve(duopoly(k))
    assert answer.is_optimal
    assert answer.bound == pytest.approx(18 * k**2, rel=2e-6, abs=0)
    assert answer.gap is not None
    assert abs(answer.objective - answer.bound) / answer.objective == pytest.approx(answer.gap, rel=10)
    assert answer.gap <= 1e-6


def test_the_authors_units_stay_where_they_will_do() -> None:
    assert restatement(extract(duopoly(1.0))) is None
    assert restatement(extract(duopoly(1e3))) is None
    answer = bilevel.solve(duopoly(1.0))
    assert answer.objective_unit == 1.0
    assert not any("natural units" in note for note in answer.notes)


def test_a_loose_bound_makes_units_large_but_no_claim_looser() -> None:
    """At a thousandth of what bounds of 1e9 suggest, tolerances in such units blur the answer: solved as it stands."""
    m = duopoly(1.0)
    m.x.setub(1e9)
    m.firm.y.setub(1e9)
    other = restatement(extract(m))
    assert other is not None
    assert other.units[m.x] > 1e3
    answer = bilevel.solve(m)
    assert not any("natural units" in note for note in answer.notes)
    assert answer.objective == pytest.approx(18, rel=1e-6)
    assert answer.is_optimal


def test_what_is_to_scale() -> None:
    """With x = 6k and y = 3k everything is; with a profit of k alone, a millionth of its unit, nothing is."""
    k = 1e6
    m = duopoly(k)
    other = restatement(extract(m))
    assert other is not None
    answer = bilevel.solve(m)
    assert other.is_to_scale(answer)
    assert not other.is_to_scale(dataclasses.replace(answer, objective=k))
    assert not other.is_to_scale(dataclasses.replace(answer, objective=None))
    other.units.of[m.firm.y] = 3e9  # so that y = 3e6 is a thousandth of it, and large enough for rounding to matter
    assert not other.is_to_scale(answer)


def test_an_answer_from_large_units_is_certified_as_the_problem_stands() -> None:
    """The word of the search in natural units is that of a solver: a point moved off the best answer is not passed."""
    m = duopoly(1e6)
    other = restatement(extract(m))
    assert other is not None
    settings, said = MethodSettings(), []

    def moved(problem: BilevelProblem, _: MethodSettings) -> BilevelAnswer:
        answer = bilevel.solve(m)
        (own,) = problem.followers[0].variables
        for old, new in other.variables.items():
            new.set_value(old.value / other.units[old])
        if problem is other.problem:
            own.set_value(own.value * 1.01)
        said.append(problem)
        return dataclasses.replace(answer, bound=answer.bound / other.height)

    solve_restated(other, settings, moved)
    assert said == [other.problem, other.original]


@pytest.mark.parametrize("k", [1e-6, 1e6])
def test_a_price_that_the_leader_uses_comes_back_in_its_unit(k: float) -> None:
    m = seller(k)
    answer = bilevel.solve(m)
    assert answer.is_optimal
    assert m.x.value == pytest.approx(2 * k, rel=1e-3, abs=0)
    assert pyo.value(m.price) == pytest.approx(2 * k, rel=1e-3, abs=0)
    assert pyo.value(m.revenue) == pytest.approx(4 * k**2, rel=1e-6, abs=0)
    assert abs(answer.multipliers["market.balance"]) == pytest.approx(2 * k, rel=1e-3, abs=0)


def test_a_follower_who_hardly_cares_is_held_to_its_answer() -> None:
    """Leader: max y (4 - x); follower: min 1e-6 (y^2/2 - x y) answers x: 4 at x = y = 2. `product` once said 5."""
    for method in ("product", "strong-duality", "regularized"):
        m = pyo.ConcreteModel()
        m.x = pyo.Var(bounds=(0, 4))
        m.f = bilevel.Follower()
        m.f.y = pyo.Var(bounds=(0, 10))
        m.f.cost = pyo.Objective(expr=1e-6 * (m.f.y**2 / 2 - m.x * m.f.y))
        m.revenue = pyo.Objective(expr=m.f.y * (4 - m.x), sense=pyo.maximize)
        answer = bilevel.solve(m, method, starts=2)
        assert answer.point_status in CLAIMS
        assert answer.objective == pytest.approx(4, rel=1e-5)


def test_what_the_leader_loses_if_followers_answer_worst_comes_back_in_its_unit() -> None:
    """The follower, indifferent over 0 <= y <= k, takes y = k for the leader and 0 against it: 3k - x + y at x = 0."""
    k = 1e-7
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, k))
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(bounds=(0, k)), pyo.Var(bounds=(0, k))
    m.f.cost = pyo.Objective(expr=(m.f.z - m.x) ** 2)
    m.f.link = pyo.Constraint(expr=m.f.y + m.f.z <= 5 * k)
    m.profit = pyo.Objective(expr=3 * k - m.x + m.f.y, sense=pyo.maximize)
    answer = bilevel.solve(m, pessimistic_gap=True)
    assert answer.objective == pytest.approx(4 * k, rel=1e-5, abs=0)
    assert answer.pessimistic_objective == pytest.approx(3 * k, rel=1e-5, abs=0)


def test_a_problem_without_a_point_leaves_the_model_as_it_was() -> None:
    k = 1e-6
    m = duopoly(k)
    m.x.set_value(k)
    m.too_much = pyo.Constraint(expr=m.x + m.firm.y >= 30 * k)
    answer = bilevel.solve(m)
    assert answer.stop_reason is StopReason.INFEASIBLE
    assert m.x.value == k
    assert m.firm.y.value is None


def test_a_price_stays_what_it_was_where_there_is_no_point() -> None:
    k = 1e-6
    m = seller(k)
    assert bilevel.solve(m).is_optimal
    before = pyo.value(m.price)
    m.too_much = pyo.Constraint(expr=m.x + m.market.y >= 30 * k)
    assert bilevel.solve(m).stop_reason is StopReason.INFEASIBLE
    assert pyo.value(m.price) == before


def test_multipliers_of_a_shared_limit_are_equal_in_the_users_units() -> None:
    """Two firms, (i + 1) times as keen, share y0 + y1 <= 2k; with x = 0, y_i = 6k - 3 price / (i + 1).

    They min (i + 1) (y_i - 6k)^2 / 6: (i + 1) (y_i - 6k) / 3 + price = 0. Sum: 12k - 3 price (1 + 1/2) = 2k gives
    price = 20k / 9, y0 = 6k - 60k/9 = -6k/9 < 0 is cut to 0 unless the bound lets it: bounds are -9k.
    """
    k = 1e-6
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, k))
    m.f = bilevel.Follower([0, 1])
    for i in (0, 1):
        m.f[i].y = pyo.Var(bounds=(-9 * k, 9 * k))
    for i in (0, 1):
        m.f[i].limit = pyo.Constraint(expr=m.f[0].y + m.f[1].y <= 2 * k)
        own = (i + 1) * (m.f[i].y - 6 * k) ** 2 / 6
        m.f[i].cost = pyo.Objective(expr=own)
    m.cost = pyo.Objective(expr=m.x + m.f[0].y)
    answer = bilevel.solve(m, shared_multipliers="equal")
    assert answer.is_optimal
    assert m.f[0].y.value == pytest.approx(-6 * k / 9, rel=1e-4, abs=0)
    prices = [value for name, value in answer.multipliers.items() if "limit" in name]
    assert prices == pytest.approx([20 * k / 9] * 2, rel=1e-4, abs=0)
