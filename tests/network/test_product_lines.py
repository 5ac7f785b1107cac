"""Prices where single products have capacities: a pool each, or rows with a price; bounds and plans either way."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.instance import LevelProduct, Network
from batteryopt.network.location.stages import Echelon, network_of
from batteryopt.network.search.lagrangian.product_lines import PRODUCT_CAPACITY
from batteryopt.network.search.lagrangian.structure import recognise
from batteryopt.network.search.start import Facilities
from batteryopt.network.solve import solve
from tests.network.location_draw import drawn
from tests.network.test_prices import check_bounds, problem_of

SEEDS = range(3)


def of_two_products(seed: int, *, stages: int = 2) -> Network:
    """Return towns with two products, and stages of sites with a capacity of each behind one opening cost."""
    generator = np.random.default_rng(seed)
    towns, sites = 5, 4
    demand = generator.integers(2, 9, (towns, 2)).astype(float)
    echelons, before = [], towns
    for stage in range(stages):
        name = f"stage{stage}"
        echelons.append(
            Echelon(
                type=name,
                products=[f"{name}a", f"{name}b"],
                sites=[f"{name}-{n}" for n in range(sites)],
                capacity=generator.integers(12, 24, (sites, 2)).astype(float),
                opening_cost=generator.integers(40, 90, sites).astype(float),
                unit_costs=generator.integers(1, 12, (2, before, sites)).astype(float),
            )
        )
        before = sites
    return network_of(f"two products {seed}", "", [f"town{n}" for n in range(towns)], demand, echelons)


def narrowed(network: Network, share: float) -> Network:
    """Return the network with so much of what each place takes in all, its capacities of products as they are."""

    def smaller(levels):
        return tuple(dataclasses.replace(level, capacity_t=level.capacity_t * share) for level in levels)

    places = tuple(dataclasses.replace(c, levels=smaller(c.levels)) for c in network.candidates)
    return network.replace(candidates=places)


def with_lines(network: Network, share: float) -> Network:
    """Return the network with a capacity of what each type takes, a share of that in all."""

    def line(level, recipe):
        return LevelProduct(product=recipe.inputs[0][0], capacity_t=level.capacity_t * share / recipe.capacity_use)

    def narrow(kind):
        levels = (dataclasses.replace(level, by_product=(line(level, kind.recipes[0]),)) for level in kind.levels)
        return dataclasses.replace(kind, levels=tuple(levels))

    return network.replace(types=tuple(narrow(kind) for kind in network.types))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stages", [1, 2])
def test_each_product_fills_its_own_capacity(seed, stages):
    """A pool for every site and product beside that of every site; no price for rows that pools keep."""
    network = of_two_products(seed, stages=stages)
    s = recognise(problem_of(network))
    assert s is not None
    assert s.pools.of_work == (1 + 2) * len(network.candidates)
    assert not np.isin(s.items.pool, np.arange(len(network.candidates))).any()
    check_bounds(network, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_where_the_capacity_in_all_may_bind_rows_have_prices(seed):
    network = narrowed(of_two_products(seed, stages=1), 0.8)
    problem = problem_of(network)
    s = recognise(problem)
    assert s is not None
    assert s.pools.of_work == len(network.candidates)
    assert len(s.further.least) >= len(problem.m.rows[PRODUCT_CAPACITY])
    check_bounds(network, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_levels_and_periods_have_lines(seed):
    """Careers with sizes and closings, each size with less of the product than it takes in all."""
    network = with_lines(drawn(seed, sites=4, zones=5), 0.9)
    s = recognise(problem_of(network))
    assert s is not None
    assert s.pools.of_work > len(network.candidates) * len(network.periods)
    check_bounds(network, seed)


def test_a_size_is_large_enough_for_every_product():
    """One site, sizes of 10 t and 20 t in all; of the first product they take 4 t and 8 t: 5 t ask for the larger."""
    network = of_two_products(0, stages=1)
    place = network.candidates[0]
    small, large = (
        dataclasses.replace(
            place.levels[0],
            name=name,
            capacity_t=whole,
            opening_cost=10.0 * whole,
            by_product=tuple(LevelProduct(product=f"stage0{p}", capacity_t=own) for p in "ab"),
        )
        for name, whole, own in (("small", 10.0, 4.0), ("large", 20.0, 8.0))
    )
    network = network.replace(
        candidates=(dataclasses.replace(place, levels=(small, large)),),
        returns=tuple(dataclasses.replace(row, tonnes=1.0) for row in network.returns),
    )
    problem = problem_of(network)
    places, x = Facilities(problem.m), np.zeros(problem.m.size)
    work = problem.m.families["processed"]
    sizes = np.zeros(2), np.ones(2)
    x[work.positions] = np.array([3.0, 3.0]) / problem.m.tonne
    assert places.cover(x, *sizes).tolist() == [1.0, 0.0]
    x[work.positions] = np.array([5.0, 0.0]) / problem.m.tonne
    assert places.cover(x, *sizes).tolist() == [1.0, 1.0]
    answer = solve(network, gap=0.0)  # 5 t of each return
    assert answer.solution.facilities["level"].tolist() == ["large"]
