"""Followers behave as Pyomo blocks do, and `dual_of` stands for a multiplier wherever an expression may stand."""

from __future__ import annotations

import io

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.problem.follower import FollowerData, FollowerDual
from batteryopt.bilevel.problem.guard import GUARD_NAME

from .models import market, retailer


def test_scalar_follower_is_its_own_data_and_a_component_type_of_its_own():
    m = retailer()
    assert isinstance(m.retailer, FollowerData)
    assert m.retailer.ctype is bilevel.Follower
    assert not m.retailer.is_indexed()
    assert [f.name for f in m.component_data_objects(bilevel.Follower)] == ["retailer"]


def test_blocks_walked_as_pyomo_does_do_not_contain_followers():
    m = retailer()
    assert list(m.component_data_objects(pyo.Objective)) == [m.profit]
    assert "retailer.p" not in [v.name for v in m.component_data_objects(pyo.Var)]


def test_indexed_followers_are_made_one_by_one():
    m = pyo.ConcreteModel()
    m.firm = bilevel.Follower(["a", "b"])
    for i in m.firm:
        m.firm[i].y = pyo.Var()
    assert m.firm.is_indexed()
    assert [f.name for f in m.component_data_objects(bilevel.Follower)] == ["firm[a]", "firm[b]"]
    assert m.firm["b"].y.name == "firm[b].y"


def test_a_rule_builds_the_follower_and_may_see_its_model():
    m = pyo.ConcreteModel()
    m.COST = pyo.Param(["a", "b"], initialize={"a": 3, "b": 5})

    def firm(block, i):
        block.y = pyo.Var(bounds=(0, 1))
        block.cost = pyo.Objective(expr=block.model().COST[i] * block.y)

    m.firm = bilevel.Follower(["a", "b"], rule=firm)
    m.firm["b"].y.set_value(2)
    assert pyo.value(m.firm["b"].cost) == 10


def test_a_scalar_rule():
    m = pyo.ConcreteModel()
    m.one = bilevel.Follower(rule=lambda b: b.add_component("y", pyo.Var(initialize=7)))
    assert pyo.value(m.one.y) == 7


def test_a_decorator_makes_a_follower_as_it_makes_a_block():
    m = pyo.ConcreteModel()

    @m.Block([1, 2])
    def site(block, i):
        block.f = bilevel.Follower()
        block.f.y = pyo.Var(initialize=i)

    assert [pyo.value(f.y) for f in m.component_data_objects(bilevel.Follower, descend_into=pyo.Block)] == [1, 2]
    assert m.site[1].component(GUARD_NAME) is not None


def test_an_abstract_model_makes_its_followers_when_it_is_created():
    m = pyo.AbstractModel()
    m.N = pyo.Param(initialize=3)
    m.firm = bilevel.Follower(pyo.RangeSet(2), rule=lambda b, i: b.add_component("y", pyo.Var(initialize=i)))
    instance = m.create_instance()
    assert [pyo.value(instance.firm[i].y) for i in (1, 2)] == [1, 2]


def test_a_clone_is_complete_and_independent():
    m = market()
    copy = m.clone()
    assert copy.price.constraint_of[None] is copy.market.balance
    assert copy.price is not m.price
    answer = bilevel.solve(copy)
    assert answer.objective == pytest.approx(105)
    assert pyo.value(copy.price) == pytest.approx(20)
    assert m.x.value is None


def test_a_clone_of_an_indexed_dual_points_at_the_clone():
    m = pyo.ConcreteModel()
    m.f = bilevel.Follower([1, 2])
    for i in (1, 2):
        m.f[i].y = pyo.Var()
        m.f[i].c = pyo.Constraint(["a"], rule=lambda b, _: b.y >= 1)
    m.dual = bilevel.dual_of(m.f[2].c)
    copy = m.clone()
    assert copy.dual.constraint_of["a"] is copy.f[2].c["a"]


def test_pprint_shows_the_follower():
    m = retailer()
    m.w.set_value(1)
    m.retailer.p.set_value(20)
    printed = io.StringIO()
    m.pprint(ostream=printed)
    assert "retailer" in printed.getvalue()
    assert "maximize" in printed.getvalue()


def test_dual_of_a_scalar_constraint_is_zero_until_it_is_known():
    m = retailer()
    m.stock_value = bilevel.dual_of(m.retailer.stock)
    assert isinstance(m.stock_value, FollowerDual)
    assert pyo.value(m.stock_value) == 0
    assert m.stock_value.name == "stock_value"


def test_dual_of_an_indexed_constraint_has_its_index_set():
    m = pyo.ConcreteModel()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(["a", "b"])
    m.f.c = pyo.Constraint(["a", "b"], rule=lambda b, i: b.y[i] >= 1)
    m.dual = bilevel.dual_of(m.f.c)
    assert list(m.dual) == ["a", "b"]
    assert m.dual.constraint_of["b"] is m.f.c["b"]


def test_dual_of_one_entry():
    m = pyo.ConcreteModel()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(["a", "b"])
    m.f.c = pyo.Constraint(["a", "b"], rule=lambda b, i: b.y[i] >= 1)
    m.dual = bilevel.dual_of(m.f.c["b"])
    assert not m.dual.is_indexed()
    assert m.dual.constraint_of[None] is m.f.c["b"]


def test_dual_of_skipped_entries_is_not_there():
    m = pyo.ConcreteModel()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    m.f.c = pyo.Constraint([1, 2], rule=lambda b, i: b.y[i] >= 1 if i == 2 else pyo.Constraint.Skip)
    m.dual = bilevel.dual_of(m.f.c)
    assert list(m.dual.keys()) == [2]


@pytest.mark.parametrize("assigned", [True, False])
def test_a_dual_works_inside_expressions_whether_or_not_it_is_on_the_model(assigned: bool):
    m = market()
    m.del_component(m.profit)
    price = m.price
    if not assigned:
        m.del_component(m.price)
    m.margin = pyo.Expression(expr=price - 5)
    m.profit = pyo.Objective(expr=m.margin * m.x, sense=pyo.maximize)
    assert bilevel.solve(m).objective == pytest.approx(105)
    assert pyo.value(price) == pytest.approx(20)


def test_duals_of_sub_blocks_belong_to_the_follower():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 2))
    m.f = bilevel.Follower()
    m.f.part = pyo.Block()
    m.f.part.y = pyo.Var()
    m.f.part.least = pyo.Constraint(expr=m.f.part.y >= m.x)
    m.f.cost = pyo.Objective(expr=m.f.part.y**2)
    m.dual = bilevel.dual_of(m.f.part.least)
    m.cost = pyo.Objective(expr=m.x + m.f.part.y)
    assert bilevel.solve(m).objective == pytest.approx(2)
    # min y^2 s.t. x - y <= 0 (as Pyomo stores it): the value (x - rhs)^2 has the derivative -2x at rhs = 0.
    assert pyo.value(m.dual) == pytest.approx(-2)


def test_dual_of_refuses_what_is_no_constraint_of_a_follower():
    m = retailer()
    m.limit = pyo.Constraint(expr=m.w <= 20)
    for wrong in (m.retailer.p, m.retailer.profit, m.retailer, 3.0, m.limit):
        with pytest.raises(bilevel.UnsupportedFollower, match="takes a constraint that stands on a follower"):
            bilevel.dual_of(wrong)


def test_dual_of_names_the_leaders_constraint_that_it_refuses():
    m = retailer()
    m.limit = pyo.Constraint(expr=m.w <= 20)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"^limit: "):
        bilevel.dual_of(m.limit)


def test_a_dual_of_a_deactivated_constraint_is_refused_when_it_is_used():
    m = market()
    m.market.balance.deactivate()
    with pytest.raises(bilevel.UnsupportedFollower, match=r"balance.*on no active follower"):
        bilevel.solve(m)
