"""Solvers by name, and what one hears of a name that is wrong or a solver that is missing."""

from __future__ import annotations

import sys

import pytest

from batteryopt import solvers
from batteryopt.ground.errors import SolverUnavailable
from batteryopt.solvers import Adapter, Capability
from batteryopt.solvers.through_pyomo.pyomo_solver import PyomoAdapter


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
    with pytest.raises(SolverUnavailable, match=r"'nonsense'.*highs.*ipopt.*scip.*; here are: highs, ipopt, scip"):
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


def test_what_only_pyomo_has_is_got_by_its_name():
    assert solvers.get("appsi_highs").version()[0].isdigit()
    assert "appsi_highs" in [adapter.name for adapter in solvers.available()]


def test_a_solver_without_its_licence_is_told_with_what_there_is(monkeypatch):
    monkeypatch.setattr(PyomoAdapter, "_factory", lambda self: None)
    with pytest.raises(SolverUnavailable, match=r"'gurobi' is not installed; .*licence; here are: highs, ipopt, scip"):
        solvers.get("gurobi")
    with pytest.raises(SolverUnavailable, match="apt-get install coinor-cbc"):
        solvers.get("cbc")
    with pytest.raises(SolverUnavailable, match=r"no solver 'gurobbi'; did you mean 'gurobi'\?"):
        solvers.get("gurobbi")


def test_no_program_is_run_for_the_sake_of_its_name(tmp_path, monkeypatch):
    """Pyomo would take any program on the path for a solver."""
    program = tmp_path / "solvemall"
    program.write_text("#!/bin/sh\ntouch " + str(tmp_path / "was-run"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(SolverUnavailable, match="no solver 'solvemall'"):
        solvers.get("solvemall")
    assert not (tmp_path / "was-run").exists()
