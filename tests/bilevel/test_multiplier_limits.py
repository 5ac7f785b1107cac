"""The user's word on how large multipliers get: used, recorded, checked, and never the ground of a claim."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest
from pyomo.common.collections import ComponentMap

from batteryopt import bilevel
from batteryopt.bilevel.methods import METHODS
from batteryopt.ground.errors import BatteryOptError

from .models import linear


def priced() -> pyo.ConcreteModel:
    """min -y over y <= 3 + x and y <= 8 with x free above: the first row's multiplier is 1 up to x = 5.

    The leader maximises y - x/2: at x = 5 it is 8 - 2.5 = 5.5.
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(None, 8))
    m.f.rise = pyo.Constraint(expr=m.f.y <= 3 + m.x)
    m.f.gain = pyo.Objective(expr=m.f.y, sense=pyo.maximize)
    m.gain = pyo.Objective(expr=m.f.y - m.x / 2, sense=pyo.maximize)
    return m


@pytest.mark.parametrize("method", [name for name, method in METHODS.items() if method.is_global])
def test_a_limit_is_recorded_and_nothing_is_called_optimal(method: str):
    m = priced()
    if method not in bilevel.accepting_methods(m):
        pytest.skip("does not accept it")
    answer = bilevel.solve(m, method=method, multiplier_limits={m.f.rise: 50}, time_limit=20)
    assert answer.objective == pytest.approx(5.5, rel=1e-5)
    assert "multipliers of f.rise are at most 50, by your word" in answer.assumptions
    assert not answer.is_optimal


def test_a_limit_that_binds_takes_the_bound_away():
    """Without the bound of 8 the row's multiplier is 1 everywhere; said to be at most 1, it ends there."""
    m = priced()
    m.f.y.setub(None)
    m.x.setub(5)
    answer = bilevel.solve(m, method="milp", multiplier_limits={m.f.rise: 1})
    assert answer.bound is None
    assert any("ends at its limit of 1" in note for note in answer.notes)


def test_a_limit_of_an_indexed_constraint_is_that_of_each_entry():
    m = linear()
    m.f.both = pyo.Constraint([1, 2], rule=lambda f, k: f.y <= 4 + k)
    answer = bilevel.solve(m, multiplier_limits={m.f.both: 7})
    assert [a for a in answer.assumptions if "by your word" in a] == [
        f"multipliers of f.both[{k}] are at most 7, by your word" for k in (1, 2)
    ]


@pytest.mark.parametrize(("which", "limit"), [("x", 3.0), ("f.rise", 0.0), ("f.rise", float("inf"))])
def test_what_is_no_limit_is_refused_by_name(which: str, limit: float):
    m = priced()
    with pytest.raises(BatteryOptError, match=which.replace(".", r"\.")):
        bilevel.solve(m, multiplier_limits=ComponentMap([(m.find_component(which), limit)]))


def test_an_answer_prints_its_decisions():
    printed = str(bilevel.solve(linear()))
    assert "decides       x = 2" in printed
    assert "decides       f.y = 2" in printed
