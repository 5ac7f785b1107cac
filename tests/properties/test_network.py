"""What must hold of every network: exact routes agree, money and names do not matter, room never hurts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.ground.status import PointStatus
from batteryopt.network.data.instance import Network
from batteryopt.network.exact.closed_form import EchelonCase, enumerate_sites
from batteryopt.network.solve import solve
from tests.network.echelon import echelon
from tests.network.everything import everything
from tests.network.rescale import rescaled

QUICK = settings(max_examples=10, deadline=None)

numbers = st.integers(0, 40)


@st.composite
def towns(draw):
    """Up to five towns on a grid, with returns, opening costs, and perhaps a price of leaving packs where they fell."""
    count = draw(st.integers(1, 5))
    x, y = (np.array(draw(st.lists(numbers, min_size=count, max_size=count)), dtype=float) for _ in range(2))
    km = abs(np.subtract.outer(x, x)) + abs(np.subtract.outer(y, y))
    tonnes = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    opening = draw(st.lists(st.integers(1, 300), min_size=count, max_size=count))
    uncollected = draw(st.none() | st.integers(1, 40).map(float))
    return echelon(km, tonnes, opening, uncollected=uncollected, variable=draw(st.integers(0, 5)))


@given(towns())
@QUICK
def test_optimiser_equals_enumeration(network):
    answer = solve(network, gap=0.0)
    expected = enumerate_sites(EchelonCase.of(network)).cost
    assert answer.objective == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert answer.certificate.passed
    assert answer.root_bound <= expected + 1e-6 * max(1.0, expected)


@st.composite
def chains(draw):
    """The network with every part in it, with other returns, prices, budget and rates."""
    base = everything()
    factors = draw(st.lists(st.sampled_from((0.3, 0.7, 1.0, 1.4)), min_size=3, max_size=3))
    returns = tuple(
        dataclasses.replace(row, tonnes=tuple((base.profile(row.tonnes) * factor).tolist()))
        for row, factor in zip(base.returns, factors, strict=True)
    )
    price = draw(st.sampled_from((0.0, 30.0, 120.0)))
    dock, cedar = base.markets
    markets = (
        dataclasses.replace(dock, price_per_t=price),
        dataclasses.replace(cedar, price_per_t=draw(numbers) * 5.0),
    )
    policy = dataclasses.replace(
        base.policy,
        budget=draw(st.sampled_from((100.0, 400.0))),
        budget_carries_over=draw(st.booleans()),
        final_stock_is_free=draw(st.booleans()),
    )
    rate = draw(st.sampled_from((0.0, 0.25)))
    return dataclasses.replace(base, returns=returns, markets=markets, policy=policy, discount_rate=rate)


@given(chains())
@QUICK
def test_tables_confirm_the_model(network):
    """Every cost term recomputed from tables, every rule checked, whatever part of the model an optimum uses."""
    answer = solve(network, gap=0.0)
    if answer.solution is None:
        assert answer.conflicts
        return
    assert answer.certificate.passed, str(answer.certificate)
    assert answer.run.bound == pytest.approx(answer.objective, rel=1e-6, abs=1e-3)


@given(chains())
@settings(max_examples=4, deadline=None)
def test_cuts_cut_no_optimum_off(network):
    tight, loose = (solve(network, gap=0.0, is_tight=is_tight) for is_tight in (True, False))
    if tight.objective is None:
        assert loose.objective is None
        return
    assert tight.objective == pytest.approx(loose.objective, rel=1e-6, abs=1e-3)
    assert tight.root_bound >= loose.root_bound - 1e-6 * max(1.0, abs(loose.root_bound))


UNITS = [
    (money, mass)
    for money in (1e-10, 1e-9, 1e-8, 7.0, 1e9)
    for mass in (1.0, 1e-6, 1e9)
    if (money, mass) != (1e9, 1e-6)  # a tonne would cost more than a number may be
]


@given(towns(), st.sampled_from(UNITS))
@settings(max_examples=12, deadline=None)
def test_money_and_mass_have_no_unit(network, units):
    """In whatever units, the cost is what enumeration finds, and the bound says so of the true numbers."""
    money, mass = units
    expected = money * enumerate_sites(EchelonCase.of(network)).cost
    answer = solve(rescaled(network, money=money, mass=mass), gap=0.0)
    assert answer.objective == pytest.approx(expected, rel=1e-6, abs=1e-9 * money)
    assert answer.run.bound == pytest.approx(expected, rel=1e-6, abs=1e-9 * money)
    assert answer.run.point_status is PointStatus.OPTIMAL
    assert answer.certificate.passed, str(answer.certificate)


@pytest.mark.parametrize(("money", "mass"), [(1e-10, 1.0), (1e12, 1.0), (1.0, 1e-6), (1.0, 1e9), (1e-9, 1e9)])
def test_no_part_of_the_model_has_a_unit(money, mass):
    """Every cost term of the network with everything in it is so many times as much, whatever a tonne is."""
    usual, other = (solve(each, gap=0.0) for each in (everything(), rescaled(everything(), money=money, mass=mass)))
    assert other.objective == pytest.approx(money * usual.objective, rel=1e-7)
    assert other.run.bound == pytest.approx(other.objective, rel=1e-7)
    assert other.certificate.passed, str(other.certificate)


@given(towns(), st.randoms(use_true_random=False))
@settings(max_examples=6, deadline=None)
def test_the_order_of_sites_does_not_matter(network, random):
    order = list(range(len(network.sites)))
    random.shuffle(order)
    shuffled = dataclasses.replace(
        network,
        sites=tuple(network.sites[i] for i in order),
        distances={"km": network.distances["km"][np.ix_(order, order)]},
    )
    assert solve(shuffled, gap=0.0).objective == pytest.approx(solve(network, gap=0.0).objective, rel=1e-6, abs=1e-6)


@given(towns(), st.integers(1, 20))
@settings(max_examples=6, deadline=None)
def test_room_never_hurts(network, capacity):
    """A larger capacity never makes a plan dearer, where nothing has to be collected."""
    product = dataclasses.replace(network.products[0], uncollected_cost_per_t=30.0)
    costs = [
        solve(with_capacity(dataclasses.replace(network, products=(product,)), tonnes), gap=0.0).objective
        for tonnes in (capacity, capacity + 5)
    ]
    assert costs[1] <= costs[0] + 1e-6 * max(1.0, abs(costs[0]))


def with_capacity(network: Network, tonnes: float) -> Network:
    (type_,) = network.types
    level = dataclasses.replace(type_.levels[0], capacity_t=float(tonnes))
    return dataclasses.replace(network, types=(dataclasses.replace(type_, levels=(level,)),))
