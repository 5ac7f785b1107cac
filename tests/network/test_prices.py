"""Bounds by prices of goods at nodes: never above the optimum, whatever the prices; found anew with exact fractions.

The optimum is SciPy's on the model's arrays, or the second route's, which knows neither model nor prices.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.instance import Sizes
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.build import build
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.futures.extensive_form import join
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.prices import first_prices
from batteryopt.network.search.lagrangian.proof import proven
from batteryopt.network.search.lagrangian.pursuit import Pursuit, search_by_prices
from batteryopt.network.search.lagrangian.structure import recognise
from batteryopt.network.search.lagrangian.value import evaluate
from batteryopt.network.search.searched_problem import make_problem
from batteryopt.solvers.contract.adapter import Options
from tests.network.location_draw import drawn
from tests.network.optimum import least_cost
from tests.network.random_networks import random_network
from tests.network.second_route.route import SecondRoute

CLOSE = 1e-6
"""Relative distance, of objectives, that is rounding and the solvers' tolerance."""
QUICK, SLOW = range(5), range(5, 120)


def problem_of(network):
    m = build(network)
    return make_problem(m, costs_of(m, Objective.COST))


def searched(problem, gap=0.0, **limits):
    options = Options(relative_gap=gap, absolute_gap=1e-9, threads=1, **limits)
    return search_by_prices(problem, options, 0.0, None, InterruptFlag(), None)


def random_prices(s, seed):
    """Return prices of any size, of further rows with the sign that they must have."""
    generator = np.random.default_rng(seed)
    for scale in (0.1, 1.0, 10.0, 100.0):
        prices = first_prices(s) + scale * generator.normal(size=s.nodes + len(s.further.least))
        of_rows = prices[s.nodes :]
        prices[s.nodes :] = np.where(s.further.is_equal, of_rows, np.abs(of_rows))
        yield prices


def below(bound, optimum):
    return bound <= optimum + CLOSE * max(1.0, abs(optimum))


def check_bounds(network, seed):
    """Check that no prices prove more than the optimum, and that the search ends there."""
    problem = problem_of(network)
    s = recognise(problem)
    assert s is not None
    optimum = least_cost(network) / problem.money
    for prices in random_prices(s, seed):
        value = evaluate(s, prices)
        bound = proven(s, prices, value.standing)
        assert bound <= value.bound
        assert value.bound - bound <= 1e-9 * max(1.0, abs(bound))
        assert below(bound, optimum)
    ascent = Ascent(s, first_prices(s))
    before = ascent.bound
    ascent.rise(40, np.inf, lambda: np.inf)
    assert before <= ascent.bound
    assert below(ascent.bound, optimum)
    found = searched(problem)
    assert found.objective == pytest.approx(optimum, rel=CLOSE)
    assert below(found.bound, optimum)
    assert found.bound == pytest.approx(optimum, rel=CLOSE)


@pytest.mark.parametrize("seed", QUICK)
def test_no_prices_prove_more_than_the_optimum(seed):
    check_bounds(drawn(seed, sites=4, zones=5), seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SLOW)
def test_no_prices_prove_more_than_the_optimum_at_length(seed):
    check_bounds(drawn(seed), seed)


@pytest.mark.parametrize("seed", range(2))
def test_the_second_route_has_the_same_optimum(seed):
    network = drawn(seed, sites=2, zones=3)
    problem = problem_of(network)
    route = SecondRoute(network)
    assert searched(problem).objective * problem.money == pytest.approx(route.solve().value, rel=CLOSE)


def in_levels(seed):
    """Return a random network with every feature but sizes between levels; None where it is refused or of no use."""
    try:
        network = random_network(seed).only_future
        types = tuple(dataclasses.replace(t, sizes=Sizes.LEVELS, refunds_shrinking=False) for t in network.types)
        candidates = tuple(dataclasses.replace(c, capacity_t=None) for c in network.candidates)
        network = dataclasses.replace(network, types=types, candidates=candidates)
    except InvalidInput:
        return None
    return None if network.scenarios else network


def check_any(seed):
    """Return whether prices see a random network with a plan; check its bounds if so."""
    network = in_levels(seed)
    problem = None if network is None else problem_of(network)
    s = None if problem is None else recognise(problem)
    if s is None:
        return False
    route = SecondRoute(network).solve()
    if route.value is None or not np.isfinite(route.value):
        return False
    optimum = route.value / problem.money
    size = max(1.0, abs(optimum))
    for prices in random_prices(s, seed):
        assert proven(s, prices, evaluate(s, prices).standing) <= optimum + 1e-5 * size
    return True


@pytest.mark.parametrize("seed", QUICK)
def test_what_prices_nearby_say_changes_nothing_but_the_way(seed):
    s = recognise(problem_of(drawn(seed)))
    before = None
    for prices in random_prices(s, seed):  # not near at all: what filled pools there may not fill them here
        alone = evaluate(s, prices)
        before = evaluate(s, prices, before=before)
        assert before.bound == pytest.approx(alone.bound, rel=1e-12)
        assert np.allclose(before.excess, alone.excess)
        assert np.allclose(before.rent, alone.rent)


def test_rules_of_every_kind_leave_it_a_bound():
    assert sum(check_any(seed) for seed in range(1, 8)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("first", range(16, 400, 16))
def test_rules_of_every_kind_leave_it_a_bound_at_length(first):
    for seed in range(first, first + 16):
        check_any(seed)


def exactly(values):
    return [Fraction(float(value)) for value in values]


def test_the_bound_of_prices_is_that_of_exact_fractions():
    """One period, one level: L = sum of price x return + what is left + knapsacks filled in order, all in fractions."""
    problem = problem_of(drawn(1, stages=1, levels=1, periods=1))
    s = recognise(problem)
    prices = first_prices(s) * 1.25
    prices[s.nodes :] = 0.0  # cuts, which are worth nothing here
    value = evaluate(s, prices)
    price, standing = exactly(prices[: s.nodes]), exactly(value.standing)
    items, cost_of = s.items, exactly(problem.core.c)
    cost = [
        flow - price[node] + cost_of[taker]
        for flow, node, taker in zip(exactly(items.cost), items.node, items.taker, strict=True)
    ]
    total = Fraction(problem.core.c0) + sum(a * b for a, b in zip(exactly(s.own), price, strict=True))
    total += sum(a * b for a, b in zip(exactly(s.counts.least), standing, strict=True))
    for column in s.leftover.tolist():  # what nobody collects, of the one node where it returned
        (node,) = np.flatnonzero(s.gives[:, [column]].toarray().ravel())
        total += min(Fraction(0), cost_of[column] - price[node]) * exactly(problem.core.upper[[column]])[0]
    weights, uppers = exactly(items.weight), exactly(items.upper)
    for facility in range(s.careers.shape[0]):
        room = Fraction(float(s.pools.capacity[facility, 1]))
        worth = sum(exactly([s.careers.raising[0, facility, 0, 1], s.careers.standing[facility, 0, 1]]), -sum(standing))
        mine = [i for i in np.flatnonzero(items.pool == facility).tolist() if cost[i] < 0]
        for item in sorted(mine, key=lambda i: cost[i] / weights[i]):
            taken = min(uppers[item], room / weights[item])
            worth, room = worth + cost[item] * taken, room - weights[item] * taken
        total += min(Fraction(0), worth)
    bound = proven(s, prices, value.standing)
    assert Fraction(bound) <= total
    assert float(total) == pytest.approx(bound, rel=1e-10)


def test_what_is_ruled_out_is_in_no_better_plan():
    """Whatever sizes are ruled out, the optimum of what is left is the optimum."""
    for seed in range(2):
        network = drawn(seed, sites=4, zones=5)
        problem = problem_of(network)
        s = recognise(problem)
        pursuit = Pursuit(s, Options(relative_gap=0.0, threads=1), 0.0, InterruptFlag(), None)
        pursuit.rise(80)
        pursuit.plan()
        first = pursuit.planner.objective
        pursuit.rule_out()
        pursuit.tree_of_all(2)
        assert min(first, pursuit.planner.objective) == pytest.approx(least_cost(network) / problem.money, rel=CLOSE)


def test_the_same_seed_gives_the_same_plan():
    problem = problem_of(drawn(2, sites=3, zones=4, stages=1, periods=1))
    one, two = searched(problem, gap=1e-3), searched(problem, gap=1e-3)
    assert np.array_equal(one.x, two.x)
    assert one.bound == two.bound


def test_the_form_of_several_futures_is_left_to_other_ways():
    """A facility's capacity is there in each future: one pool for all of them would prove too much."""
    m = build(drawn(1))
    assert recognise(make_problem(m, costs_of(m, Objective.COST))) is not None
    form = join([m, build(drawn(1))], [0.5, 0.5], ["rain", "sun"], first_stage=["is_open", "raised", "closed"]).m
    assert recognise(make_problem(form, costs_of(form, Objective.COST))) is None
