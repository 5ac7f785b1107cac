"""Each optimality condition with its coefficients written out, of one follower with every kind of row."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.methods.base import multipliers_of
from batteryopt.bilevel.problem.normal_form import extract

from .models import duopoly, market


def model() -> pyo.ConcreteModel:
    """max 5 y - y^2 - x z s.t. 1 <= y + 2 z <= 7, y - z == x, 0 <= y, z free; the leader: x >= 2."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, None))
    m.f.z = pyo.Var()
    m.f.gain = pyo.Objective(expr=5 * m.f.y - m.f.y**2 - m.x * m.f.z, sense=pyo.maximize)
    m.f.range = pyo.Constraint(expr=(1, m.f.y + 2 * m.f.z, 7))
    m.f.tie = pyo.Constraint(expr=m.f.y - m.f.z == m.x)
    m.least = pyo.Constraint(expr=m.x >= 2)
    m.cost = pyo.Objective(expr=m.x**2)
    return m


def at(m: pyo.ConcreteModel, block, *, x, y, z, multipliers, equality) -> None:
    for variable, value in ((m.x, x), (m.f.y, y), (m.f.z, z)):
        variable.set_value(value, skip_validation=True)
    for k, value in enumerate(multipliers):
        block.multiplier[k].set_value(value)
    block.equality_multiplier[0].set_value(equality)


@pytest.fixture
def built() -> tuple[pyo.ConcreteModel, kkt.KktSystem]:
    m = model()
    return m, kkt.build(extract(m))


def test_stationarity(built):
    """With min -5 y + y^2 + x z, rows y + 2z - 7, 1 - y - 2z, -y and the equality y - z - x (up to sign):

    by y: -5 + 2 y + a - b - c + s mu at y = 3, a = 11, b = 13, c = 17, mu = 19: -5 + 6 + 11 - 13 - 17 + 19 s
    by z: x + 2 a - 2 b - s mu at x = 23: 23 + 22 - 26 - 19 s; s is the sign with which the equality is stored.
    """
    m, system = built
    block = system.model.kkt[0]
    at(m, block, x=23, y=3, z=4, multipliers=(11, 13, 17), equality=19)
    sign = 1 if pyo.value(system.problem.followers[0].equalities[0].form.expression) == 3 - 4 - 23 else -1
    assert [p.row.name for p in system.all_pairs] == ["f.range (upper)", "f.range (lower)", "f.y (lower bound)"]
    assert pyo.value(block.stationarity[0].body) == -5 + 6 + 11 - 13 - 17 + 19 * sign
    assert pyo.value(block.stationarity[1].body) == 23 + 22 - 26 - 19 * sign
    assert all(block.stationarity[i].equality for i in (0, 1))


def test_slacks(built):
    """slack + g = 0: at y = 3, z = 4: 7 - 11 = -4, 11 - 1 = 10, 3."""
    m, system = built
    block = system.model.kkt[0]
    at(m, block, x=23, y=3, z=4, multipliers=(0, 0, 0), equality=0)
    for k, expected in enumerate((-4, 10, 3)):
        block.slack[k].set_value(expected, skip_validation=True)
        assert pyo.value(block.slack_is[k].body) == 0
    assert all(block.slack[k].lb == 0 and block.multiplier[k].lb == 0 for k in range(3))


def test_the_equality_is_kept_and_its_multiplier_is_free(built):
    m, system = built
    block = system.model.kkt[0]
    at(m, block, x=23, y=3, z=4, multipliers=(0, 0, 0), equality=0)
    assert abs(pyo.value(block.equality[0].body)) == 24
    assert block.equality_multiplier[0].bounds == (None, None)


def test_the_leaders_part_is_copied_as_it_stands(built):
    m, system = built
    m.x.set_value(3)
    assert pyo.value(system.model.objective) == 9
    assert system.model.objective.sense == pyo.minimize
    constraint = system.model.leader_constraint[0]
    assert (pyo.value(constraint.lower), pyo.value(constraint.body)) == (2, 3)


def test_without_fritz_john_the_objective_has_weight_one(built):
    _, system = built
    weight = system.model.kkt[0].objective_weight
    assert weight.fixed
    assert weight.value == 1


def test_data_rows_are_constraints_without_multipliers():
    m = model()
    m.f.limit = pyo.Constraint(expr=m.x <= 9)
    system = kkt.build(extract(m))
    assert len(system.all_pairs) == 3
    m.x.set_value(11)
    row = system.model.kkt[0].data_row[0]
    assert row.lower is None
    assert (pyo.value(row.upper), pyo.value(row.body)) == (0, 2)


def test_several_followers_stand_side_by_side():
    m = duopoly()
    system = kkt.build(extract(m))
    assert [len(pairs) for pairs in system.pairs] == [2, 2]
    m.x.set_value(12)
    m.firm[1].y.set_value(1)
    m.firm[2].y.set_value(5)
    # min -(30 - x - y1 - y2 - 6) y1: derivative -(24 - x - 2 y1 - y2) = -(24 - 12 - 2 - 5) = -5; firm 2: -(12 - 1 - 10)
    assert pyo.value(system.model.kkt[0].stationarity[0].body) == -5
    assert pyo.value(system.model.kkt[1].stationarity[0].body) == -1


def disk() -> pyo.ConcreteModel:
    """min y1 + x y2 s.t. y1^2 + y2^2 <= 4 and y1 <= 3."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([1, 2])
    m.f.cost = pyo.Objective(expr=m.f.y[1] + m.x * m.f.y[2])
    m.f.disk = pyo.Constraint(expr=m.f.y[1] ** 2 + m.f.y[2] ** 2 <= 4)
    m.f.wall = pyo.Constraint(expr=m.f.y[1] <= 3)
    m.cost = pyo.Objective(expr=m.x)
    return m


def test_fritz_john_conditions():
    """By y1: w + 2 a y1 + b at w = 0.25, a = 5, y1 = 7, b = 11; by y2: w x + 2 a y2; and w + a = 1 (b is affine)."""
    m = disk()
    block = kkt.build(extract(m), fritz_john=frozenset({0})).model.kkt[0]
    m.x.set_value(0.5)
    m.f.y[1].set_value(7)
    m.f.y[2].set_value(3)
    block.objective_weight.set_value(0.25)
    block.multiplier[0].set_value(5)
    block.multiplier[1].set_value(11)
    assert pyo.value(block.stationarity[0].body) == 0.25 + 2 * 5 * 7 + 11
    assert pyo.value(block.stationarity[1].body) == 0.25 * 0.5 + 2 * 5 * 3
    assert pyo.value(block.normalisation.body) - pyo.value(block.normalisation.upper) == 0.25 + 5 - 1
    assert not block.objective_weight.fixed
    assert block.objective_weight.bounds == (0, 1)


def test_fritz_john_multipliers_are_reported_per_weight():
    m = disk()
    system = kkt.build(extract(m), fritz_john=frozenset({0}))
    block = system.model.kkt[0]
    block.objective_weight.set_value(0.25)
    block.multiplier[0].set_value(0.75)
    block.multiplier[1].set_value(0.5)
    assert [multipliers_of(system)[pair.row] for pair in system.all_pairs] == [3, 2]
    block.objective_weight.set_value(0.0)
    assert len(multipliers_of(system)) == 0


def test_connected_duals_are_derivatives_in_the_followers_own_sense():
    """For a maximising follower with min form -f: an upper side's dual is +multiplier, a lower side's -multiplier."""
    m = model()
    m.d = bilevel.dual_of(m.f.range)
    m.cap = pyo.Constraint(expr=m.d <= 100)
    system = kkt.build(extract(m))
    block = system.model.kkt[0]
    block.multiplier[0].set_value(11)
    block.multiplier[1].set_value(4)
    # max value rises by 11 a unit of the upper limit and falls by 4 a unit of the lower one.
    assert pyo.value(m.d) == 11 - 4


def test_connected_duals_of_a_minimising_follower():
    """A cost rises by 4 a unit of a lower limit, and falls by 11 a unit of an upper one."""
    m = model()
    m.f.gain.deactivate()
    m.f.cost = pyo.Objective(expr=m.f.y**2)
    m.d = bilevel.dual_of(m.f.range)
    m.cap = pyo.Constraint(expr=m.d <= 100)
    block = kkt.build(extract(m)).model.kkt[0]
    block.multiplier[0].set_value(11)
    block.multiplier[1].set_value(4)
    assert pyo.value(m.d) == 4 - 11


def test_frozen_duals_are_numbers():
    m = market()
    problem = extract(m)
    system = kkt.build(problem)
    system.model.kkt[0].equality_multiplier[0].set_value(3)
    connected = pyo.value(m.price)
    assert abs(connected) == 3
    kkt.freeze_duals(problem)
    system.model.kkt[0].equality_multiplier[0].set_value(5)
    assert pyo.value(m.price) == connected


def test_building_another_system_can_leave_the_duals_alone():
    m = market()
    problem = extract(m)
    first = kkt.build(problem)
    first.model.kkt[0].equality_multiplier[0].set_value(3)
    before = pyo.value(m.price)
    with kkt.duals_restored(problem):
        kkt.build(problem)
        assert pyo.value(m.price, exception=False) != before
    assert pyo.value(m.price) == before


def test_dependent_equalities_lose_their_multipliers_unless_the_leader_uses_them():
    """y + z = x, 2 y + 2 z = 2 x: one of the two multipliers is enough."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y, m.f.z = pyo.Var(), pyo.Var()
    m.f.one = pyo.Constraint(expr=m.f.y + m.f.z == m.x)
    m.f.two = pyo.Constraint(expr=2 * m.f.y + 2 * m.f.z == 2 * m.x)
    m.f.cost = pyo.Objective(expr=m.f.y**2 + m.f.z**2)
    m.cost = pyo.Objective(expr=m.x)
    multipliers = kkt.build(extract(m)).model.kkt[0].equality_multiplier
    assert sorted(multipliers[j].fixed for j in (0, 1)) == [False, True]
    m.d = bilevel.dual_of(m.f.one)
    m.cap = pyo.Constraint(expr=m.d <= 1)
    multipliers = kkt.build(extract(m)).model.kkt[0].equality_multiplier
    assert not any(multipliers[j].fixed for j in (0, 1))


def test_the_users_model_gains_no_component():
    m = model()
    before = [c.name for c in m.component_objects()]
    kkt.build(extract(m))
    assert [c.name for c in m.component_objects()] == before
