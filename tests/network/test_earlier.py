"""A search that begins from an earlier plan: of the same network, of an edited one, of quite another one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.plan.earlier import start_of
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.network.search.warm import point_of
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.command_line import invoke

from .everything import everything

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


def begun(network, plan):
    problem = make_problem(m := build(network), costs_of(m, Objective.COST))
    x = point_of(problem, start_of(network, plan).plan, 20.0)
    return None if x is None else problem.core.objective(x) * problem.money


def with_returns(network, factor):
    rows = [
        dataclasses.replace(row, tonnes=tuple(factor * t for t in network.profile(row.tonnes)))
        for row in network.returns
    ]
    return dataclasses.replace(network, returns=tuple(rows))


@pytest.fixture(scope="module")
def exact():
    return solve(everything(), gap=0.0)


def test_the_same_network_begins_at_its_optimum(exact):
    """Nothing is lost: the plan's facilities with the best flows are the plan."""
    assert begun(everything(), exact.solution) == pytest.approx(exact.objective, rel=1e-3)


def test_the_optimum_is_the_same_from_a_start(exact):
    """From the plan of half the returns, whose facilities are too small."""
    network = everything()
    smaller = solve(with_returns(network, 0.5), gap=0.05).solution
    again = solve(network, gap=0.0, start=smaller)
    assert again.objective == pytest.approx(exact.objective)
    assert again.certificate.passed


def test_a_plan_that_is_too_small_is_enlarged():
    """The hand network must collect all: with a tenth of the returns' plan it begins with more, and is feasible."""
    network = read(HAND)
    small = solve(with_returns(network, 0.1), gap=0.0).solution
    value = begun(network, small)
    assert value is not None
    assert value >= solve(network, gap=0.0).objective - 1e-6


def test_what_does_not_fit_is_told_and_ignored(exact):
    """The hand network's plan is of other sites: none of its rows may stand in another network."""
    other = solve(read(HAND), gap=0.0).solution
    start = start_of(everything(), other)
    assert (start.fits, start.misses) == (0, len(other.facilities))
    told = []
    answer = solve(everything(), gap=0.05, start=other, on_progress=told.append)
    assert "does not fit and is ignored" in told[0].doing
    assert answer.objective <= exact.objective + 0.05 * abs(exact.objective)


def test_the_command_line_begins_from_a_saved_plan(tmp_path):
    assert invoke("solve", HAND, "--gap", 0, "--out", tmp_path / "plan").exit_code == 0
    again = invoke("solve", HAND, "--gap", 0, "--start", tmp_path / "plan", "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["models"]["design"]["objective"] == pytest.approx(-7640)  # its README's arithmetic
    assert "begun from the earlier plan" in again.stderr


def test_a_folder_without_a_plan_is_a_fault(tmp_path):
    result = invoke("solve", HAND, "--start", tmp_path)
    assert result.exit_code == 2
    assert "--start" in result.stderr


def test_a_frontier_begins_from_a_saved_plan(tmp_path):
    """Its first end is the plan itself, which is found before anything is searched, and told as the best so far."""
    assert invoke("solve", HAND, "--gap", 0, "--out", tmp_path / "plan").exit_code == 0
    words = ("frontier", HAND, "--points", 2, "--gap", 0, "--start", tmp_path / "plan", "--out", tmp_path / "both")
    done = invoke(*words, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["frontier"]["points"][0]["cost"] == pytest.approx(-7640)  # its README's arithmetic
    first = next(line for line in done.stderr.splitlines() if "begun from the earlier plan" in line)
    assert "point 1 of 2" in first
    assert "best plan -7,640" in first
    options = json.loads((tmp_path / "both" / "result.json").read_text())["options"]
    assert options["start"] == str(tmp_path / "plan")


def test_a_frontier_refuses_a_folder_without_a_plan(tmp_path):
    result = invoke("frontier", HAND, "--start", tmp_path)
    assert result.exit_code == 2
    assert "--start" in result.stderr
