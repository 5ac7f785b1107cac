"""The Pareto region: its geometry by hand, its named points by definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batteryopt.games.coordination.answer import contract_region
from batteryopt.games.coordination.data.generator import random_instance
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.judge.pareto import ParetoRegion, pareto_region
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model, Profits

amounts = st.floats(-100, 100)
gains = st.floats(0.01, 100)


def regions(floor: bool = False):
    def build(k1: float, k2: float, gain: float) -> ParetoRegion:
        return ParetoRegion(least_k1=k1, least_k2=k2, most_sum=k1 + k2 + gain, non_negative=floor)

    return st.builds(build, amounts, amounts, gains)


def test_a_region_by_hand():
    """Before (10, 20, 5), contract before lump sums (4, 40, 2): K1 > 6, K2 > 3, K1 + K2 < 20; gain 46 - 35 = 11."""
    before = Profits(manufacturer=10, retailer=20, echelon_enterprise=5, supply_chain=35)
    contract = Profits(manufacturer=4, retailer=40, echelon_enterprise=2, supply_chain=46)
    region = pareto_region(contract=contract, before=before)
    assert region.corners == ((6, 3), (17, 3), (6, 14))
    assert region.gain == 11
    assert region.area == 60.5
    assert region.equal_split == region.nash_bargaining == pytest.approx((6 + 11 / 3, 3 + 11 / 3))


def test_table_2():
    """The paper's bounds (14) with its own misprinted profits would be K1 > 72.51; the model's are K1 > 98.51."""
    region = contract_region(solve(TABLE_2_INSTANCE, Model.CONTRACT), solve(TABLE_2_INSTANCE, Model.DECENTRALIZED))
    assert region.least_k1 == pytest.approx(118.7805 - 20.2694, abs=1e-3)
    assert region.least_k2 == pytest.approx(53.8926 - 55.1188, abs=1e-3)
    assert region.most_sum == pytest.approx(225 - 100)
    assert region.gain == pytest.approx(300.3883 - 272.6731, abs=1e-3)


def test_no_gain_no_region():
    same = Profits(manufacturer=1, retailer=1, echelon_enterprise=1, supply_chain=3)
    assert pareto_region(contract=same, before=same) is None


def test_a_region_that_lump_sums_from_the_retailer_cannot_reach():
    """K1 > -10, K2 > -10, K1 + K2 < -5: gain 15, but with K1, K2 >= 0 nothing is left."""
    region = ParetoRegion(least_k1=-10, least_k2=-10, most_sum=-5)
    assert not region.is_empty
    assert region.with_non_negative_sums().is_empty
    assert region.to_json()["non_negative"] is None


@given(regions())
def test_each_corner_gives_two_players_nothing_and_the_third_everything(region):
    expected = ((0, 1, 0), (1, 0, 0), (0, 0, 1))  # manufacturer, retailer, enterprise
    for corner, shares in zip(region.corners, expected, strict=True):
        assert region.gains(*corner) == pytest.approx(np.multiply(shares, region.gain), abs=1e-10)


@given(regions())
def test_the_area_is_that_of_the_corners(region):
    (x0, y0), (x1, y1), (x2, y2) = region.corners
    shoelace = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    assert region.area == pytest.approx(shoelace, rel=1e-6)


@given(regions())
def test_the_equal_split_is_one_and_is_nash_s(region):
    split = region.gains(*region.equal_split)
    assert split == pytest.approx([region.gain / 3] * 3, abs=1e-10)
    assert region.nash_bargaining == region.equal_split


@given(regions(floor=True), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=30, max_size=30))
def test_with_non_negative_sums_no_point_has_a_larger_product_of_gains(region, places):
    if region.is_empty:
        return
    corner, along, up = (np.array(c) for c in region.corners)
    best = np.prod(region.gains(*region.nash_bargaining))
    assert min(region.nash_bargaining) >= 0
    assert min(region.gains(*region.nash_bargaining)) >= 0
    for s, t in places:
        point = corner + s * (along - corner) + (1 - s) * t * (up - corner)
        assert np.prod(region.gains(*point)) <= best + 1e-9 * max(1, best)


@given(regions())
def test_the_restricted_region_lies_in_the_region(region):
    restricted = region.with_non_negative_sums()
    if restricted.is_empty:
        return
    for corner in restricted.corners:
        assert min(corner) >= 0
        assert min(region.gains(*corner)) >= -1e-9
    assert restricted.area <= region.area * (1 + 1e-12)
    if restricted.equal_split is None:
        assert min(region.equal_split) < 0


@pytest.mark.parametrize("seed", range(20))
def test_every_point_inside_leaves_everyone_better_off_by_the_profits_themselves(seed):
    instance = random_instance(seed)
    before, after = solve(instance, Model.DECENTRALIZED).profits, solve(instance, Model.CONTRACT).profits
    region = pareto_region(contract=after, before=before)
    for k1, k2 in (region.nash_bargaining, np.mean(region.corners, axis=0)):
        assert after.manufacturer + k1 > before.manufacturer
        assert after.retailer - k1 - k2 > before.retailer
        assert after.echelon_enterprise + k2 > before.echelon_enterprise
    k1, k2 = np.add(region.corners[0], -1e-3 * region.gain)
    assert after.manufacturer + k1 < before.manufacturer
    assert after.echelon_enterprise + k2 < before.echelon_enterprise
