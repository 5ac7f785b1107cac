"""Counts of facilities for trees: what they count, that presolve leaves them, and that no plan is lost."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.instance import Candidate, Site
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.search.counted import counts_of
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.highs.highs_run import load, new_highs
from tests.network.line import level, line, periods, plant, returns
from tests.network.test_robust import many_towns

WEIGHTS = {Objective.COST: 1.0}


def problem_of(network):
    m = formulate(network, WEIGHTS)
    return m, make_problem(m, weighted(m, WEIGHTS))


def three_places():
    """Return plants of two sizes at three places, in two periods: 2 x 2 counts of 3 facilities each."""
    names = ("Ash", "Birch", "Elm")
    return line(
        periods=periods(2),
        sites=tuple(Site(name=name) for name in names),
        returns=returns(tonnes=160.0),
        types=plant(levels=(level(capacity_t=60), level(name="L", capacity_t=100, opening_cost=450))),
        candidates=tuple(Candidate(site=name, type="plant") for name in names),
        distances={"road": np.array([[0.0, 10, 20], [10, 0.0, 10], [20, 10, 0.0]])},
    )


def test_counts_by_hand():
    m, _ = problem_of(three_places())
    counts, is_open = counts_of(m), m.families["is_open"]
    assert counts.of.shape[0] == 4
    assert np.asarray(counts.of.sum(axis=1)).ravel().tolist() == [3.0] * 4
    for row in range(4):
        columns = counts.of[[row]].indices - is_open.first
        for key in ("type", "step", "period"):
            assert len(set(is_open.index[key][columns].tolist())) == 1
    assert counts.order.shape == (2, 4)  # no fewer of at least the first size than of the second, in each period
    x = np.zeros(m.size)
    x[is_open.positions] = is_open.index["step"] == 0
    assert sorted(counts.completed(x)[m.size :].tolist()) == [0.0, 0.0, 3.0, 3.0]
    assert sorted((counts.order @ (counts.of @ x)).tolist()) == [3.0, 3.0]


def test_where_nothing_is_like_another_nothing_is_counted():
    assert counts_of(formulate(line(), WEIGHTS)) is None


def test_presolve_leaves_the_counts():
    """It puts a sum in the place of a count, unless the rule of that number is left out."""
    m, problem = problem_of(three_places())
    counts = counts_of(m)
    left = []
    for options in (Options(), counts.options(Options())):
        highs = new_highs()
        for name, value in options.extra.items():
            highs.setOptionValue(name, value)
        load(highs, counts.joined(problem.with_cuts()))
        highs.presolve()
        left.append(sum(str(kind).endswith("kInteger") for kind in highs.getPresolvedLp().integrality_))
    assert left[1] > left[0]


@pytest.mark.parametrize("network", [three_places(), many_towns(4, 1)], ids=["three places", "towns"])
def test_no_plan_is_lost(network):
    m, problem = problem_of(network)
    counts, program = counts_of(m), problem.with_cuts()
    exact = Options(relative_gap=0.0, threads=1)
    plain = solve_arrays(program, exact)
    counted = solve_arrays(counts.joined(program), counts.options(exact), start=counts.completed(plain.x))
    assert program.objective(counted.x[: m.size]) == pytest.approx(program.objective(plain.x))
    assert counted.bound == pytest.approx(plain.bound)
    assert dataclasses.replace(counts).joined(program).violation(counts.completed(plain.x)) <= 1e-6
