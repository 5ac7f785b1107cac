"""The same network by several solvers through one door: the same optimum, bounds that meet it, our check."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyomo.environ as pyo
import pytest

from batteryopt import solvers
from batteryopt.ground.errors import SolverUnavailable, UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Policy, Quantity
from batteryopt.network.data.policy import Limit
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.command_line import invoke
from tests.network.echelon import echelon

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"
OTHERS = ("scip", "cbc", "glpk", "appsi_highs")


def here(name):
    if name not in {adapter.name for adapter in solvers.available()}:
        pytest.skip(f"{name} is not installed")


@pytest.fixture(scope="module")
def hand():
    return read(HAND)


@pytest.mark.parametrize("solver", OTHERS)
def test_the_hand_made_optimum(hand, solver):
    """-7640 by the README of the data; the bound is the solver's own, and HiGHS' duals give another one."""
    here(solver)
    answer = solve(hand, gap=0.0, solver=solver, threads=1)
    assert answer.objective == pytest.approx(-7640)
    assert answer.run.solver.startswith(f"{solver} ")
    assert answer.run.bound == pytest.approx(-7640)
    assert answer.run.point_status is PointStatus.OPTIMAL
    assert answer.root_bound <= -7640 + 1e-6
    assert answer.certificate.passed
    assert {"objective-recomputed", "bound-below-the-objective"} <= {check.name for check in answer.certificate}


@pytest.mark.parametrize("solver", OTHERS)
def test_rules_are_kept_by_every_solver(solver):
    """Only town1 may stand alone: 80 + 30, as in the test of rules."""
    here(solver)

    def rules(m):
        m.mine = pyo.Constraint(
            expr=m.is_open["town0", "point", "one", "now"] <= m.is_open["town1", "point", "one", "now"]
        )

    network = echelon([[0, 3], [3, 0]], [10, 10], [60, 80])
    answer = solve(network, gap=0.0, solver=solver, rules=rules)
    assert answer.objective == pytest.approx(110)
    assert answer.certificate["rule-mine"].passed


@pytest.mark.parametrize("solver", OTHERS)
def test_infeasible_is_told_with_what_conflicts(solver):
    here(solver)
    network = echelon([[0, 3], [3, 0]], [10, 10], [60, 80])
    none = Limit(name="nothing stands", quantity=Quantity.FACILITIES, most=0.0)
    network = dataclasses.replace(network, policy=Policy(limits=(none,)))
    answer = solve(network, solver=solver)
    assert answer.run.stop_reason.is_no_solution
    assert answer.solution is None


@pytest.mark.parametrize("solver", ["cbc", "glpk"])
def test_a_time_limit_is_told_as_one(solver):
    """A hundred towns on a line in no time: whatever there is, it is not called optimal without its bound."""
    here(solver)
    count = 30
    km = [[((7 * i + 13 * j) % 97 + 1.0) * (i != j) for j in range(count)] for i in range(count)]
    network = echelon(km, [1.0 + i % 3 for i in range(count)], [40.0 + i % 7 for i in range(count)])
    answer = solve(network, gap=0.0, solver=solver, time_limit=1.0)
    assert answer.run.stop_reason in (StopReason.TIME_LIMIT, StopReason.CONVERGED)
    if answer.run.stop_reason is StopReason.TIME_LIMIT:
        assert answer.run.point_status is not PointStatus.OPTIMAL
    if answer.solution is not None:
        assert answer.certificate.passed


def test_a_solver_without_whole_numbers_is_told(hand):
    with pytest.raises(UnsupportedModel, match=f"ipopt cannot take '{hand.name}'.*integer"):
        solve(hand, solver="ipopt")
    with pytest.raises(SolverUnavailable, match=r"no solver 'scipp'; did you mean 'scip'\?"):
        solve(hand, solver="scipp")


def test_on_the_command_line():
    done = invoke("solve", HAND, "--solver", "scip", "--gap", "0", "--json")
    assert done.exit_code == 0
    assert '"solver": "scip ' in done.stdout
    wrong = invoke("solve", HAND, "--solver", "scipp")
    assert wrong.exit_code == 2
    assert "did you mean 'scip'?" in wrong.stderr
    assert "here are: highs, ipopt, scip" in wrong.stderr
