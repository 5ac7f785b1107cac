"""The normal form: minimisation, ``g <= 0``, ``h == 0``, bounds as rows, and the way back to the user's words."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo.core.expr.visitor import identify_variables

from batteryopt import bilevel
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.problem.normal_form import Side, extract
from batteryopt.ground.errors import UnsupportedModel

from .models import duopoly, market, one_follower, retailer


def model() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(initialize=10)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(initialize=1)
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    return m


def rows(m: pyo.ConcreteModel) -> dict[str, tuple[Side, float]]:
    """Side and value at x = 10, y = 1 of each row, by name."""
    return {row.name: (row.side, pyo.value(row.form.expression)) for row in extract(m).followers[0].rows}


def test_minimisation_stays_as_it_is():
    m = model()
    follower = extract(m).followers[0]
    assert follower.sense == 1
    assert pyo.value(follower.objective.expression) == 1


def test_maximisation_is_negated():
    m = one_follower(lambda x, y: 3 * y - y**2, sense=pyo.maximize)
    follower = extract(m).followers[0]
    m.f.y.set_value(2)
    assert follower.sense == -1
    assert pyo.value(follower.objective.expression) == -(6 - 4)


def test_the_leaders_sense():
    assert extract(retailer()).sense == -1
    assert extract(model()).sense == 1


def test_upper_inequality():
    m = model()
    m.f.c = pyo.Constraint(expr=(None, 2 * m.f.y + m.x, 15))
    assert rows(m) == {"f.c (upper)": (Side.UPPER, 2 + 10 - 15)}


def test_lower_inequality_is_turned_round():
    m = model()
    m.f.c = pyo.Constraint(expr=(15, 2 * m.f.y + m.x, None))
    assert rows(m) == {"f.c (lower)": (Side.LOWER, 15 - 12)}


def test_a_range_is_two_rows():
    m = model()
    m.f.c = pyo.Constraint(expr=(3, m.f.y + m.x, 20))
    assert rows(m) == {"f.c (upper)": (Side.UPPER, 11 - 20), "f.c (lower)": (Side.LOWER, 3 - 11)}


def test_a_range_of_no_width_is_an_equality():
    m = model()
    m.f.c = pyo.Constraint(expr=(3, m.f.y + m.x, 3))
    assert rows(m) == {"f.c": (Side.EQUAL, 11 - 3)}


def test_equality():
    m = model()
    m.f.c = pyo.Constraint(expr=m.f.y + m.x == 4)
    ((side, value),) = rows(m).values()
    assert side is Side.EQUAL
    assert abs(value) == 11 - 4


def test_bounds_are_rows_of_the_variables_that_occur():
    m = model()
    m.f.y.setlb(-1)
    m.f.y.setub(4)
    m.f.unused = pyo.Var(bounds=(0, 1))
    assert rows(m) == {"f.y (upper bound)": (Side.UPPER, 1 - 4), "f.y (lower bound)": (Side.LOWER, -1 - 1)}


def test_a_domain_is_a_bound():
    m = model()
    m.f.y.domain = pyo.NonNegativeReals
    assert rows(m) == {"f.y (lower bound)": (Side.LOWER, -1)}


def test_equal_bounds_are_an_equality():
    m = model()
    m.f.y.setlb(4)
    m.f.y.setub(4)
    assert rows(m) == {"f.y (bounds)": (Side.EQUAL, 1 - 4)}


def test_parameters_and_mutable_bounds_are_read_when_it_is_extracted():
    m = model()
    m.cap = pyo.Param(initialize=5, mutable=True)
    m.f.y.setub(m.cap)
    m.f.c = pyo.Constraint(expr=m.f.y <= 2 * m.cap)
    m.cap.set_value(7)
    assert rows(m) == {"f.c (upper)": (Side.UPPER, 1 - 14), "f.y (upper bound)": (Side.UPPER, 1 - 7)}


def test_a_fixed_own_variable_is_data():
    m = model()
    m.f.z = pyo.Var(initialize=3, bounds=(0, 1))
    m.f.z.fix()
    m.f.c = pyo.Constraint(expr=m.f.y >= m.f.z)
    follower = extract(m).followers[0]
    assert [v.name for v in follower.variables] == ["f.y"]
    assert [row.name for row in follower.rows] == ["f.c (upper)"]


def test_a_fixed_leader_variable_is_a_number():
    m = model()
    m.x.fix(10)
    m.f.c = pyo.Constraint(expr=m.f.y >= m.x)
    follower = extract(m).followers[0]
    assert follower.data_variables == ()
    assert pyo.value(follower.rows[0].form.constant) == 10


def test_rows_without_own_variables_are_data_rows():
    m = model()
    m.f.c = pyo.Constraint(expr=m.x <= 8)
    m.f.d = pyo.Constraint(expr=m.f.y >= m.x)
    follower = extract(m).followers[0]
    assert [row.name for row in follower.data_rows] == ["f.c (upper)"]
    assert [row.name for row in follower.inequalities] == ["f.d (upper)"]


def test_inactive_components_do_not_count():
    m = model()
    m.f.c = pyo.Constraint(expr=m.f.y >= 1)
    m.f.other = pyo.Objective(expr=-m.f.y)
    m.f.c.deactivate()
    m.f.other.deactivate()
    assert extract(m).followers[0].rows == ()


def test_sub_blocks_belong_to_their_follower():
    m = model()
    m.f.part = pyo.Block([1, 2])
    for i in (1, 2):
        m.f.part[i].z = pyo.Var(initialize=i)
        m.f.part[i].c = pyo.Constraint(expr=m.f.part[i].z >= m.f.y)
    follower = extract(m).followers[0]
    assert [v.name for v in follower.variables] == ["f.y", "f.part[1].z", "f.part[2].z"]
    assert len(follower.inequalities) == 2


def test_followers_inside_blocks_are_found_in_order():
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.site = pyo.Block(["b", "a"])
    for i in ("b", "a"):
        m.site[i].f = bilevel.Follower()
        m.site[i].f.y = pyo.Var()
        m.site[i].f.cost = pyo.Objective(expr=(m.site[i].f.y - m.x) ** 2)
    m.cost = pyo.Objective(expr=m.x**2)
    assert [f.name for f in extract(m).followers] == ["site[b].f", "site[a].f"]


def test_variables_have_owners():
    problem = extract(duopoly())
    assert [v.name for v in problem.leader_variables] == ["x"]
    assert [[v.name for v in f.variables] for f in problem.followers] == [["firm[1].y"], ["firm[2].y"]]
    assert {v.name for v in problem.followers[0].data_variables} == {"x", "firm[2].y"}
    assert problem.followers_depend_on_each_other
    assert not extract(retailer()).followers_depend_on_each_other


def test_a_leaders_variable_that_only_followers_know_is_the_leaders():
    m = model()
    m.z = pyo.Var()
    m.f.c = pyo.Constraint(expr=m.f.y >= m.z)
    assert {v.name for v in extract(m).leader_variables} == {"x", "z"}


def test_a_variable_of_another_follower_that_is_not_in_that_followers_problem():
    """It is declared on a follower but does not occur in its problem: nobody there decides on it, the leader does."""
    m = model()
    m.f.z = pyo.Var()
    m.limit = pyo.Constraint(expr=m.f.z + m.x >= 1)
    assert {v.name for v in extract(m).leader_variables} == {"x", "f.z"}


def test_duals_used_and_idle():
    m = market()
    m.idle = bilevel.dual_of(m.market.balance)
    problem = extract(m)
    assert [(d.name, c.name) for d, c in problem.duals.items()] == [("price", "market.balance")]
    assert [(d.name, c.name) for d, c in problem.idle_duals.items()] == [("idle", "market.balance")]


def test_a_dual_in_a_leaders_constraint_inside_a_named_expression_is_found():
    m = market()
    m.twice = pyo.Expression(expr=2 * m.price)
    m.cap = pyo.Constraint(expr=m.twice <= 50)
    m.profit.deactivate()
    m.other = pyo.Objective(expr=m.x)
    assert [d.name for d in extract(m).duals] == ["price"]


def test_leader_variables_are_the_users_even_while_duals_are_connected():
    m = market()
    first = extract(m)
    system = kkt.build(first)
    assert any(v is system.model.kkt[0].equality_multiplier[0] for v in identify_variables(m.profit.expr))
    assert [v.name for v in extract(m).leader_variables] == ["x"]


def refusals() -> dict[str, tuple[pyo.ConcreteModel, type[Exception], str]]:
    cases = {}

    m = model()
    m.f.deactivate()
    cases["no follower"] = (m, UnsupportedModel, "no active follower: use an ordinary solver")

    m = model()
    m.cost.deactivate()
    cases["no leader objective"] = (m, UnsupportedModel, "one active objective, 'unknown' has 0: none")

    m = model()
    m.second = pyo.Objective(expr=-m.x)
    cases["two leader objectives"] = (m, UnsupportedModel, "has 2: cost, second")

    m = model()
    m.f.second = pyo.Objective(expr=-m.f.y)
    cases["two follower objectives"] = (m, bilevel.UnsupportedFollower, "^f: a follower needs one.*has 2")

    m = model()
    m.f.cost.deactivate()
    cases["no follower objective"] = (m, bilevel.UnsupportedFollower, "^f: a follower needs one.*has 0")

    m = model()
    m.f.inner = bilevel.Follower()
    m.f.inner.z = pyo.Var()
    cases["nested follower"] = (m, bilevel.UnsupportedFollower, r"^f\.inner: a follower inside the follower 'f'")

    m = model()
    m.f.v = pyo.Var([1, 2])
    m.f.s = pyo.SOSConstraint(var=m.f.v, sos=1)
    cases["sets of a follower"] = (m, bilevel.UnsupportedFollower, r"^f\.s: components of type SOSConstraint")

    m = model()
    m.v = pyo.Var([1, 2])
    m.s = pyo.SOSConstraint(var=m.v, sos=1)
    cases["sets of the leader"] = (m, UnsupportedModel, "^s: components of type SOSConstraint")

    m = model()
    m.other = [other := retailer()]  # components know their model weakly: without it the name would be a part
    m.d = bilevel.dual_of(other.retailer.stock)
    m.c = pyo.Constraint(expr=m.d <= 1)
    cases["another model's multiplier"] = (m, bilevel.UnsupportedFollower, r"^retailer\.stock: .*no active follower")
    return cases


@pytest.mark.parametrize("case", refusals())
def test_refusals_name_the_component(case: str):
    m, error, words = refusals()[case]
    with pytest.raises(error, match=words):
        extract(m)


def test_an_integer_variable_of_a_follower_that_is_fixed_is_data():
    m = model()
    m.f.n = pyo.Var(domain=pyo.Integers, initialize=2)
    m.f.n.fix()
    m.f.c = pyo.Constraint(expr=m.f.y >= m.f.n)
    assert extract(m).followers[0].inequalities[0].is_data is False


def test_suffixes_sets_expressions_and_logic_free_parts_are_passive():
    m = model()
    m.S = pyo.Set(initialize=[1])
    m.f.half = pyo.Expression(expr=0.5 * m.f.y)
    m.f.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    assert extract(m).followers[0].name == "f"
