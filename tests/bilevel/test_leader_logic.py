"""What a leader may write besides rows: complementarity, disjunctions, logic, special ordered sets."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo import gdp, mpec

from batteryopt import bilevel
from batteryopt.bilevel.judge.logic import leader_logic
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus


def base() -> pyo.ConcreteModel:
    """x and z in [0, 4] are the leader's; the follower takes the least y >= 3 - x, that is max(0, 3 - x)."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.z = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 10))
    m.f.need = pyo.Constraint(expr=m.f.y >= 3 - m.x)
    m.f.cost = pyo.Objective(expr=m.f.y)
    return m


def assert_optimal(m: pyo.ConcreteModel, value: float, **point: float) -> bilevel.Answer:
    answer = bilevel.solve(m, time_limit=30)
    assert answer.is_optimal, str(answer)
    assert answer.objective == pytest.approx(value, abs=1e-5)
    assert {name: m.find_component(name).value for name in point} == pytest.approx(point, abs=1e-4)
    assert [claim.is_shown for claim in answer.claims] == [True, True, True]
    everywhere = (pyo.Block, gdp.Disjunct, bilevel.Follower)
    assert set(answer.values) <= {v.name for v in m.component_data_objects(pyo.Var, descend_into=everywhere)}
    return answer


def test_complementarity():
    """min y + x/2 - z with x z = 0: z = 4 and x = 0 give 3 - 4 = -1; z = 0 and x = 3 give 3/2."""
    m = base()
    m.either = mpec.Complementarity(expr=mpec.complements(m.x >= 0, m.z >= 0))
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x - m.z)
    assert_optimal(m, -1, x=0, z=4)
    assert any(check.name == "leader-constraints[logic]" for check in bilevel.solve(m).certificate)


def test_complementarity_between_limits():
    """0 <= z <= 4 complements x - 2: z is 0 above x = 2, 4 below it. min y + x/2 - z/4: x = 2 has 1 + 1 - 1 with z = 4.

    Above it z = 0 and x = 3 give 3/2; below, x = 2 - d and z = 4 give 1 + d + 1 - d/2 - 1, which is more than 1.
    """
    m = base()
    m.mixed = mpec.ComplementarityList()
    m.mixed.add(mpec.complements(pyo.inequality(0, m.z, 4), m.x - 2))
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x - 0.25 * m.z)
    assert_optimal(m, 1, x=2, z=4)


def test_disjunction():
    """min y + x/2 with x <= 1 or x >= 3: x = 3 gives 3/2, x = 1 gives 2 + 1/2."""
    m = base()
    m.choice = gdp.Disjunction(expr=[[m.x <= 1], [m.x >= 3]])
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x)
    assert_optimal(m, 1.5, x=3)
    assert [bool(d.indicator_var.value) for d in m.choice.disjuncts] == [False, True]


def test_disjuncts_with_variables_and_logic():
    """The same with a fee of 2 for the upper range, in a variable of its own: x = 1 has 2 + 1/2, x = 3 has 3/2 + 2.

    Where logic asks for the upper range it is x = 3 with y = 0: 3/2 + 2 = 3.5.
    """
    m = base()
    m.fee = pyo.Var(bounds=(0, 5))
    m.low, m.high = gdp.Disjunct(), gdp.Disjunct()
    m.low.row = pyo.Constraint(expr=m.x <= 1)
    m.high.row = pyo.Constraint(expr=m.x >= 3)
    m.high.extra = pyo.Var(bounds=(0, 5))
    m.high.pays = pyo.Constraint(expr=m.fee == 2 + m.high.extra)
    m.choice = gdp.Disjunction(expr=[m.low, m.high])
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x + m.fee)
    assert_optimal(m, 2.5, x=1)
    m.must = pyo.LogicalConstraint(expr=m.high.indicator_var)
    assert_optimal(m, 3.5, x=3, fee=2)


def test_special_ordered_set():
    """At most one of x and z is not zero: as with the complementarity above."""
    m = base()
    m.v = pyo.Var([1, 2], bounds=(0, 4))
    m.first = pyo.Constraint(expr=m.v[1] == m.x)
    m.second = pyo.Constraint(expr=m.v[2] == m.z)
    m.one = pyo.SOSConstraint(var=m.v, sos=1)
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x - m.z)
    assert_optimal(m, -1, x=0, z=4)


def test_piecewise_function_by_special_ordered_set():
    """Price x to 1, then 1 + 4 (x - 1)/3: min y + price - x/100: 2.99 at x = 1, 3 at 0, 11/3 - 0.03 at 3."""
    m = base()
    m.price = pyo.Var(bounds=(0, 9))
    m.curve = pyo.Piecewise(m.price, m.x, pw_pts=[0, 1, 4], f_rule=[0, 1, 5], pw_repn="SOS2", pw_constr_type="EQ")
    m.cost = pyo.Objective(expr=m.f.y + m.price - 0.01 * m.x)
    assert_optimal(m, 2.99, x=1)


def test_multipliers_and_their_limits_find_their_way():
    """y >= 3 - x is stored as 3 - x - y <= 0: the multiplier is -1 for x < 3. It stands in the objective only."""
    m = base()
    m.choice = gdp.Disjunction(expr=[[m.x <= 1], [m.x >= 3.5]])
    price = bilevel.dual_of(m.f.need)
    m.cost = pyo.Objective(expr=m.f.y + 0.5 * m.x + 4 * price)
    answer = bilevel.solve(m, multiplier_limits={m.f.need: 50})
    assert answer.objective == pytest.approx(-1.5)  # x = 1: 2 + 1/2 - 4
    assert pyo.value(price) == pytest.approx(-1)
    assert price.parent_block() is None  # the model is as it was
    assert m.choice.active
    assert any("by your word" in words for words in answer.assumptions)


def test_a_choice_without_limits_is_refused_with_what_to_do():
    m = base()
    m.free = pyo.Var()
    m.choice = gdp.Disjunction(expr=[[m.free <= 1], [m.free >= 3]])
    m.BigM = pyo.Suffix(direction=pyo.Suffix.LOCAL)
    m.BigM[None] = 10.0  # not taken on trust
    m.cost = pyo.Objective(expr=m.f.y + m.free)
    with pytest.raises(UnsupportedModel, match="bound the variables"):
        bilevel.solve(m)


def test_a_special_set_without_limits_is_refused_by_name():
    m = base()
    m.v = pyo.Var([1, 2], bounds=(0, None))
    m.one = pyo.SOSConstraint(var=m.v, sos=1)
    m.cost = pyo.Objective(expr=m.f.y + m.v[1] + m.v[2])
    with pytest.raises(UnsupportedModel, match=r"one: bound its member v\[1\]"):
        bilevel.solve(m)


@pytest.mark.parametrize("kind", ["set", "choice", "conditions"])
def test_followers_with_the_same_are_told_what_to_do(kind: str):
    m = base()
    m.f.v = pyo.Var([1, 2], bounds=(0, 4))
    if kind == "set":
        m.f.one = pyo.SOSConstraint(var=m.f.v, sos=1)
    elif kind == "choice":
        m.f.choice = gdp.Disjunction(expr=[[m.f.y <= 1], [m.f.y >= 3]])
    else:
        m.f.either = mpec.Complementarity(expr=mpec.complements(m.f.v[1] >= 0, m.f.v[2] >= 0))
    m.cost = pyo.Objective(expr=m.f.y)
    words = "a follower of its own" if kind == "conditions" else "'value-function' accepts"
    with pytest.raises(bilevel.UnsupportedFollower, match=words):
        bilevel.solve(m)


def test_three_levels_are_refused_with_the_way_to_write_them():
    m = base()
    m.f.inner = bilevel.Follower()
    m.f.inner.z = pyo.Var(bounds=(0, 1))
    m.f.inner.cost = pyo.Objective(expr=m.f.inner.z)
    m.cost = pyo.Objective(expr=m.f.y)
    with pytest.raises(bilevel.UnsupportedFollower, match=r"f\.inner: .*three levels.*beside it.*dual.*formula"):
        bilevel.solve(m)


def test_the_judge_sees_what_is_missed():
    m = base()
    m.either = mpec.Complementarity(expr=mpec.complements(m.x >= 0, m.z >= 0))
    m.choice = gdp.Disjunction(expr=[[m.x <= 1], [m.x >= 3]])
    m.v = pyo.Var([1, 2, 3], bounds=(0, 1), initialize={1: 0.5, 2: 0, 3: 0.25})
    m.two = pyo.SOSConstraint(var=m.v, sos=2)
    m.x.set_value(0)
    m.z.set_value(2)
    m.choice.disjuncts[0].binary_indicator_var.set_value(1)
    m.choice.disjuncts[1].binary_indicator_var.set_value(0)
    assert leader_logic(m).residual == pytest.approx(0.25)  # the third of 1 and 2, or the first of 2 and 3
    m.v[3].set_value(0)
    assert leader_logic(m).passed
    m.x.set_value(1.5)
    assert leader_logic(m).residual == pytest.approx(1.5)  # both of x and z; the choice misses by a half
    m.z.set_value(0)
    assert leader_logic(m).residual == pytest.approx(0.5)


def test_nothing_to_find_leaves_the_model_alone():
    m = base()
    m.choice = gdp.Disjunction(expr=[[m.f.y >= 11], [m.x >= 5]])
    m.cost = pyo.Objective(expr=m.f.y)
    answer = bilevel.solve(m)
    assert answer.point_status is PointStatus.NONE
    assert answer.stop_reason.is_no_solution
    assert m.x.value is None
