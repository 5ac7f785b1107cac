"""No interface of Pyomo takes a model with followers as if they were not there."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt import bilevel, solvers
from batteryopt.bilevel.problem.guard import GUARD_NAME
from batteryopt.ground.errors import UnsupportedModel

from .models import retailer

WORDS = "batteryopt.bilevel.solve"
DIRECT = ["highs", "appsi_highs", "scip_direct"]
PERSISTENT = ["scip_persistent"]
FORMATS = ["nl", "nl_v1", "nl_v2", "lp", "lp_v1", "lp_v2", "mps", "gams", "bar"]


def linear_leader() -> pyo.ConcreteModel:
    """A model whose leader's part every solver could take."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 1))
    m.f.cost = pyo.Objective(expr=m.f.y)
    m.limit = pyo.Constraint(expr=m.x >= 1)
    m.cost = pyo.Objective(expr=m.x)
    return m


@pytest.mark.parametrize("name", DIRECT)
def test_direct_interfaces_say_what_to_do_instead(name: str):
    with pytest.raises(UnsupportedModel, match=WORDS):
        pyo.SolverFactory(name).solve(linear_leader())


@pytest.mark.parametrize("name", PERSISTENT)
def test_persistent_interfaces_refuse(name: str):
    with pytest.raises((UnsupportedModel, NotImplementedError), match=r"follower|Follower"):
        pyo.SolverFactory(name).solve(linear_leader())


@pytest.mark.parametrize("format_name", FORMATS)
def test_file_writers_refuse(format_name: str, tmp_path):
    """Each in its own words, and each names the type or says what to do."""
    with pytest.raises((UnsupportedModel, ValueError, RuntimeError), match=r"Follower|followers"):
        linear_leader().write(str(tmp_path / "model.out"), format=format_name)


@pytest.mark.parametrize("name", [adapter.name for adapter in solvers.installed()])
def test_our_own_adapters_refuse(name: str):
    with pytest.raises(UnsupportedModel, match="Follower 'f'"):
        solvers.get(name).solve(linear_leader())


@pytest.mark.parametrize("name", DIRECT)
def test_deactivated_followers_let_it_through(name: str):
    m = linear_leader()
    m.f.deactivate()
    pyo.SolverFactory(name).solve(m)
    assert m.x.value == pytest.approx(1)


@pytest.mark.parametrize("format_name", FORMATS)
def test_files_are_written_once_the_followers_are_deactivated(format_name: str, tmp_path):
    m = linear_leader()
    m.f.deactivate()
    m.write(str(tmp_path / "model.out"), format=format_name)
    assert (tmp_path / "model.out").stat().st_size > 0


@pytest.mark.parametrize("name", [adapter.name for adapter in solvers.installed()])
def test_our_own_adapters_take_it_once_the_followers_are_deactivated(name: str):
    m = linear_leader()
    m.f.deactivate()
    assert solvers.get(name).solve(m).objective == pytest.approx(1, abs=1e-6)


def test_the_guard_comes_back_with_the_follower():
    m = linear_leader()
    m.f.deactivate()
    m.f.activate()
    with pytest.raises(UnsupportedModel, match=WORDS):
        pyo.SolverFactory("highs").solve(m)


def test_one_active_follower_of_several_is_enough():
    m = linear_leader()
    m.g = bilevel.Follower()
    m.g.y = pyo.Var()
    m.f.deactivate()
    with pytest.raises(UnsupportedModel, match=WORDS):
        pyo.SolverFactory("highs").solve(m)


def test_a_follower_inside_a_block_is_guarded_there():
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.cost = pyo.Objective(expr=m.x)
    m.site = pyo.Block([1])
    m.site[1].f = bilevel.Follower()
    m.site[1].f.y = pyo.Var()
    with pytest.raises(UnsupportedModel, match=r"'site\[1\]' has followers"):
        pyo.SolverFactory("highs").solve(m)


def test_a_clone_is_guarded_by_its_own_followers():
    m = linear_leader()
    copy = m.clone()
    m.f.deactivate()
    assert solvers.get("highs").solve(m).objective == pytest.approx(1)
    with pytest.raises(UnsupportedModel, match=WORDS):
        pyo.SolverFactory("highs").solve(copy)


def test_the_guard_is_put_up_once_and_can_be_printed(capsys):
    m = retailer()
    m.second = bilevel.Follower()
    guards = [c for c in m.component_objects(pyo.Constraint) if c.local_name.startswith(GUARD_NAME)]
    assert len(guards) == 1
    m.pprint()
    assert GUARD_NAME in capsys.readouterr().out


def test_the_engine_itself_is_not_held_up():
    assert bilevel.solve(linear_leader()).objective == pytest.approx(1)


def test_a_follower_without_a_model_stands_alone():
    """Built before it is attached: nothing to guard yet, and nothing breaks."""
    follower = bilevel.Follower(concrete=True)
    follower.y = pyo.Var(initialize=2)
    assert pyo.value(follower.y) == 2
