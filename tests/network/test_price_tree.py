"""The tree that prices alone bound: never above the optimum, whatever was ruled out; the same each time."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.price_tree import WITH, WITHOUT, Decision, PricedBranch, PriceTree, Yields
from batteryopt.network.search.lagrangian.prices import first_prices
from batteryopt.network.search.lagrangian.pursuit import Pursuit
from batteryopt.network.search.lagrangian.structure import recognise
from batteryopt.network.search.lagrangian.value import evaluate
from batteryopt.network.search.lagrangian.within import within
from batteryopt.network.search.lagrangian.worth import SizeBounds, free_sizes
from batteryopt.solvers.contract.adapter import Options
from tests.network.location_draw import drawn
from tests.network.optimum import least_cost
from tests.network.test_prices import below, problem_of

GAP = 0.02
QUICK, SLOW = range(4), range(4, 80)


def grown(problem, *, gap=GAP, steps=60, most=np.inf, is_proof=True):
    """Return a tree after a first plan, over all sizes, and what makes its plans."""
    s = recognise(problem)
    pursuit = Pursuit(s, Options(relative_gap=gap, threads=1), 0.0, InterruptFlag(), None)
    pursuit.rise(steps)
    pursuit.plan()
    tree = PriceTree(
        free_sizes(s),
        pursuit.ascent,
        pursuit.planner,
        pursuit.options,
        InterruptFlag(),
        Effort(),
        is_proof=is_proof,
    )
    tree.grow(np.inf, lambda: None, most)
    return tree, pursuit.planner


def check_tree(network):
    problem = problem_of(network)
    optimum = least_cost(network) / problem.money
    for most in (3, np.inf):
        tree, planner = grown(problem, most=most)
        assert below(min(tree.bound, planner.objective), optimum)
        assert below(optimum, planner.objective)


@pytest.mark.parametrize("seed", QUICK)
def test_no_tree_proves_more_than_the_optimum(seed):
    check_tree(drawn(seed, sites=4, zones=5))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_no_tree_proves_more_than_the_optimum_at_length(seed):
    check_tree(drawn(seed))


def test_a_tree_of_one_stage_ends_within_the_gap():
    """One stage, one period, one size: prices come as near as is asked for in every branch."""
    for seed in range(3):
        network = drawn(seed, sites=6, zones=9, stages=1, levels=1, periods=1)
        problem = problem_of(network)
        tree, planner = grown(problem)
        assert planner.objective == pytest.approx(least_cost(network) / problem.money, rel=GAP)
        assert planner.objective - tree.bound <= GAP * abs(planner.objective)


def test_a_tree_for_plans_looks_at_so_many_branches():
    tree, planner = grown(problem_of(drawn(2)), gap=0.0, most=7, is_proof=False)
    assert tree.branches <= 7
    assert np.isfinite(planner.objective)


def test_the_same_branches_each_time():
    one, two = (grown(problem_of(drawn(5, sites=3, zones=4)), most=12)[0] for _ in range(2))
    assert (one.branches, one.bound, one.share_settled) == (two.branches, two.bound, two.share_settled)


def test_nothing_is_ruled_out_without_a_plan():
    problem = problem_of(drawn(1, sites=3, zones=4))
    s = recognise(problem)
    pursuit = Pursuit(s, Options(threads=1), 0.0, InterruptFlag(), None)
    tree = PriceTree(free_sizes(s), pursuit.ascent, pursuit.planner, pursuit.options, InterruptFlag(), Effort())
    assert tree.enough == np.inf
    tree.grow(np.inf, lambda: None, 1)
    assert tree.settled == np.inf
    assert not tree.share_settled


def test_within_bounds_the_relaxed_problem_costs_what_sizes_left_out_make_it_cost():
    """Closed: what the cheapest careers without the facility cost. Kept: the least of those through its first size."""
    s = recognise(problem_of(drawn(0, sites=4, zones=5, stages=1, levels=2, periods=2)))
    prices = Ascent(s, first_prices(s)).prices
    value = evaluate(s, prices, with_through=True)
    if len(s.counts.least):
        pytest.skip("prices of numbers differ with what may stand")
    free = free_sizes(s)
    for facility in range(len(free.upper)):
        for period in range(2):
            upper, lower = np.array(free.upper), np.array(free.lower)
            upper[facility, :, period], lower[facility, 0, period] = 0.0, 1.0
            through = value.best.through[facility, period]
            others = value.bound - value.best.value[facility]
            closed = evaluate(within(s, SizeBounds(lower=free.lower, upper=upper)), prices).bound
            kept = evaluate(within(s, SizeBounds(lower=lower, upper=free.upper)), prices).bound
            assert closed == pytest.approx(others + through[0], rel=1e-9)
            assert kept == pytest.approx(others + through[1:].min(), rel=1e-9)


def test_what_a_decision_gave_is_counted_by_how_much_it_changed():
    """Closing what stood half of the time gave 3: 6 for all of it. Of sizes not tried the mean is expected.

    Often 0.9 and 0.5: the other one, where 6 (0.5) x 1 (0.5) = 1.5 is more than 6 (0.9) x 1 (0.1) = 0.54.
    """
    yields = Yields((2, 1, 1))
    sizes = SizeBounds(lower=np.zeros((2, 1, 1)), upper=np.ones((2, 1, 1)))
    decision = Decision(place=(0, 0, 0), way=WITHOUT, change=0.5)
    branch = PricedBranch(bound=10.0, sizes=sizes, prices=np.zeros(0), depth=1, decision=decision)
    yields.learn(branch, 13.0)
    assert yields._expected(WITHOUT).ravel().tolist() == [6.0, 6.0]
    assert yields._expected(WITH).ravel().tolist() == [1.0, 1.0]
    assert yields.best(np.array([0.9, 0.5]).reshape(2, 1, 1), sizes) == (1, 0, 0)
    assert yields.best(np.array([0.9, 0.5]).reshape(2, 1, 1), SizeBounds(lower=sizes.upper, upper=sizes.upper)) is None
