"""Solvers by name, and what one hears of a name that is wrong or a solver that is missing."""

from __future__ import annotations

import sys

import pytest

from batteryopt import solvers
from batteryopt.errors import SolverUnavailable
from batteryopt.solvers import Adapter, Capability


def test_the_dependencies_are_installed():
    names = [adapter.name for adapter in solvers.installed()]
    assert names[:3] == ["highs", "ipopt", "scip"]
    assert set(names) <= set(solvers.known())


@pytest.mark.parametrize("name", [a.name for a in solvers.installed()])
def test_get_by_name(name):
    adapter = solvers.get(name)
    assert isinstance(adapter, Adapter)
    assert adapter.name == name
    assert adapter.is_available()
    assert Capability.LINEAR in adapter.capabilities


def test_a_misspelt_name_is_told_the_nearest():
    with pytest.raises(SolverUnavailable, match=r"no solver 'ipotp'; did you mean 'ipopt'\?"):
        solvers.get("ipotp")


def test_nonsense_is_told_what_there_is():
    with pytest.raises(SolverUnavailable, match=r"'nonsense'.*highs, ipopt, pounce, scip"):
        solvers.get("nonsense")


@pytest.mark.parametrize(
    ("name", "package", "remedy"),
    [
        ("pounce", "pounce", r"pip install 'batteryopt\[pounce\]'"),
        ("ipopt", "cyipopt", "pip install cyipopt-wheels"),
    ],
)
def test_a_missing_solver_says_how_to_install_it(monkeypatch, name, package, remedy):
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed: importing it fails
    with pytest.raises(SolverUnavailable, match=f"'{name}' is not installed; {remedy}"):
        solvers.get(name)
    assert name not in [adapter.name for adapter in solvers.installed()]
    assert name in solvers.known()
