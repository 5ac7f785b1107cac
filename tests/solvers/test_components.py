"""What a model is made of, and that nobody solves it as if what it does not understand were not there."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo.core.base.block import BlockData, ScalarBlock
from pyomo.gdp import Disjunction
from pyomo.mpec import Complementarity, complements

from batteryopt import solvers
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.components import parts_of

each = pytest.mark.parametrize("adapter", solvers.installed(), ids=lambda a: a.name)


class Stranger(ScalarBlock):
    """A block of a component type of its own, as the bilevel engine's follower is."""

    def __init__(self):
        super().__init__(ctype=Stranger)


def small_model():
    model = pyo.ConcreteModel("small")
    model.x, model.y = pyo.Var(bounds=(0, 1)), pyo.Var(bounds=(0, 1))
    model.cost = pyo.Objective(expr=model.x + model.y)
    return model


def with_stranger(model):
    model.stranger = Stranger()
    model.stranger.row = pyo.Constraint(expr=model.x >= 1)


def with_nested_stranger(model):
    model.part = pyo.Block()
    model.part.stranger = Stranger()


def with_disjunction(model):
    model.choice = Disjunction(expr=[[model.x >= 1], [model.y >= 1]])


def with_complementarity(model):
    model.either = Complementarity(expr=complements(model.x >= 0, model.y >= 0))


def with_logic(model):
    model.flag = pyo.BooleanVar()
    model.logic = pyo.LogicalConstraint(expr=model.flag.land(True))


@each
@pytest.mark.parametrize(
    ("add", "name"),
    [
        (with_stranger, "Stranger 'stranger'"),
        (with_nested_stranger, "Stranger 'part.stranger'"),
        (with_disjunction, "Disjunction 'choice'"),
        (with_complementarity, "Complementarity 'either'"),
        (with_logic, "LogicalConstraint 'logic'"),
    ],
)
def test_strangers_are_refused_by_every_adapter(adapter, add, name):
    model = small_model()
    add(model)
    with pytest.raises(UnsupportedModel, match=name):
        adapter.solve(model)


@each
def test_a_deactivated_stranger_is_nobodys_business(adapter):
    model = small_model()
    with_stranger(model)
    model.stranger.deactivate()
    assert adapter.solve(model).objective == pytest.approx(0.0, abs=1e-6)


def test_all_strangers_are_named_at_once():
    model = small_model()
    with_stranger(model)
    with_complementarity(model)
    with pytest.raises(UnsupportedModel, match=r"(?s)(?=.*'stranger')(?=.*'either')"):
        parts_of(model)


@each
def test_two_objectives_are_refused(adapter):
    model = small_model()
    model.profit = pyo.Objective(expr=model.x, sense=pyo.maximize)
    with pytest.raises(UnsupportedModel, match=r"2 active objectives \('cost', 'profit'\)"):
        adapter.solve(model)


@each
def test_special_ordered_sets_of_level_2_are_refused(adapter):
    model = small_model()
    model.order = pyo.SOSConstraint(rule=lambda m: ([m.x, m.y], [1, 2]), sos=2)
    with pytest.raises(UnsupportedModel, match="'order'"):
        adapter.solve(model)


@each
def test_variables_may_live_outside_of_the_models_tree(adapter):
    """A block with constraints on another model's variables: min x + y with x + y >= 1.5, x + 2 y >= 2, in [0, 1]."""
    owner = small_model()
    model = pyo.ConcreteModel()
    model.row = pyo.Constraint(expr=owner.x + owner.y >= 1.5)
    model.other = pyo.Constraint(expr=owner.x + 2 * owner.y >= 2)
    model.cost = pyo.Objective(expr=owner.x + owner.y)
    assert adapter.solve(model).objective == pytest.approx(1.5, abs=1e-6)
    assert owner.x.value + owner.y.value == pytest.approx(1.5, abs=1e-6)


@each
def test_a_block_is_solved_alone(adapter):
    """Only the block's own row and objective count: x >= 0.25, and not the model's x >= 0.75."""
    model = small_model()
    model.row = pyo.Constraint(expr=model.x >= 0.75)
    model.part = pyo.Block()
    model.part.row = pyo.Constraint(expr=model.x >= 0.25)
    model.part.cost = pyo.Objective(expr=model.x)
    assert isinstance(model.part, BlockData)
    assert adapter.solve(model.part).objective == pytest.approx(0.25, abs=1e-6)


@each
def test_a_fixed_variable_without_a_value_is_refused(adapter):
    model = small_model()
    model.y.fixed = True
    with pytest.raises(UnsupportedModel, match=r"(?s)model 'small' .* not a number.*'y'"):
        adapter.solve(model)


@each
def test_the_model_is_left_as_it_was(adapter):
    """Fixed values, bounds, domains and suffixes included, also where they are in the way."""
    model = small_model()
    model.z = pyo.Var(domain=pyo.Binary)
    model.z.fix(7, skip_validation=True)
    model.row = pyo.Constraint(expr=model.x + model.z >= 7.5)
    model.scaling_factor = pyo.Suffix(direction=pyo.Suffix.EXPORT)
    model.scaling_factor[model.x] = 10.0
    assert adapter.solve(model).objective == pytest.approx(0.5, abs=1e-6)
    assert model.z.domain is pyo.Binary
    assert model.z.bounds == (0, 1)
    assert (model.z.value, model.z.fixed) == (7, True)
    assert model.scaling_factor.active
    assert model.x.bounds == (0, 1)
