"""The second route against arithmetic: discounting, stock, markets, disposal, modes, lanes.

The base (`line`): open a plant for 300 + 20, work 60 t at 2, carry them for 1 each, sell 30 t at 40: -700.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import ComesBack, Disposal, Lane, ModeProduct, Period, Product, Site, Storage
from tests.network.line import (
    LORRY,
    METAL,
    candidate,
    level,
    line,
    lorry,
    market,
    periods,
    plant,
    recipe,
    returns,
    rules,
)
from tests.network.line_plants import EXISTS
from tests.network.second_route import SecondRoute

HAND: dict[str, tuple[dict[str, Any], float]] = {
    # ---- discounting: two years, then one; the second period is worth 1 / 1.1^2
    "discounting": (
        {
            "discount_rate": 0.1,
            "periods": (Period(name="1", years=2), Period(name="2")),
            "candidates": EXISTS,
        },
        -1000 - 1000 / 1.21,
    ),
    # ---- storage: metal is dear in the second period, 2 to hold; at most 12 t
    "storage": (
        {
            "periods": periods(2),
            "returns": returns(tonnes=(60, 0)),
            "markets": market(price_per_t=(40, 50)),
            "types": plant(storage=(Storage(product="metal", holding_cost_per_t=2, limit_t=12),)),
        },
        # 12 t wait: each earns 10 - 2 more; the plant may not close
        -700 + 20 - 12 * 8,
    ),
    "level's storage limit": (
        {
            "periods": periods(2),
            "returns": returns(tonnes=(60, 0)),
            "markets": market(price_per_t=(40, 50)),
            "types": plant(storage=(Storage(product="metal"),), levels=(level(storage_limit_t=5),)),
        },
        -700 + 20 - 5 * 10,
    ),
    "holding cost factor and the site's own row": (
        {
            "periods": periods(2),
            "returns": returns(tonnes=(60, 0)),
            "markets": market(price_per_t=(40, 50)),
            "candidates": candidate(holding_cost_factor=3),
            "types": plant(
                storage=(Storage(product="metal"), Storage(product="metal", site="Birch", holding_cost_per_t=2))
            ),
        },
        -700 + 20 - 30 * (10 - 6),
    ),
    # nothing may stay longer than one period: the dear third period is out of reach of the first
    "longest stay": (
        {
            "periods": periods(3),
            "returns": returns(tonnes=(60, 0, 0)),
            "markets": market(price_per_t=(40, 40, 90)),
            "types": plant(storage=(Storage(product="metal", longest_stay_periods=1),)),
        },
        -700 + 40,
    ),
    "initial and final stock": (
        {
            "returns": (),
            "candidates": EXISTS,
            "types": plant(storage=(Storage(product="metal", site="Birch", initial_t=7, holding_cost_per_t=1),)),
            "markets": market(price_per_t=-4),
        },
        7 * 4,  # it must be gone, and the plant closes at once
    ),
    "final stock is free": (
        {
            "returns": (),
            "candidates": EXISTS,
            "types": plant(storage=(Storage(product="metal", site="Birch", initial_t=7, holding_cost_per_t=1),)),
            "markets": market(price_per_t=-4),
            "policy": rules(final_stock_is_free=True),
        },
        20 + 7,
    ),
    # ---- markets
    "most": ({"markets": market(most_t=20)}, 320 + 40 * (3 - 20) + 20 * 10),
    "least is missed": ({"markets": market(least_t=35, shortfall_penalty_per_t=6)}, -700 + 5 * 6),
    # a tonne sold comes back as 0.4 t of packs in Birch two periods later, and the last period's does not
    "comes back": (
        {
            "periods": periods(3),
            "candidates": EXISTS,
            "returns": returns(tonnes=(60, 0, 30)),
            "markets": market(comes_back=(ComesBack(product="pack", share=0.4, lag_periods=2),)),
        },
        # first 30 t are sold, third 12 t of packs come back beside 30 t; nothing to do in the second, 20 for standing
        20 + 60 * (3 - 20) + 20 + 20 + 30 * (3 - 20) + 12 * (2 - 20),
    ),
    # ---- disposal
    "disposal with a facility": (
        {"disposals": (Disposal(site="Birch", product="metal", cost_per_t=-50, most_t=8, type="plant"),)},
        -700 - 8 * 10,
    ),
    "disposal without": ({"disposals": (Disposal(site="Ash", product="pack", cost_per_t=4),), "markets": ()}, 240),
    "disposal needs its facility": (
        {"disposals": (Disposal(site="Birch", product="pack", cost_per_t=4, type="plant"),), "markets": ()},
        600,  # 320 + 60 + 240 is more
    ),
    # ---- modes: 60 t in vehicles of 25 t are 2.4 trips or 3; each 7 + 10
    "trips": ({"modes": (lorry(trip_capacity_t=25, cost_per_trip=7, cost_per_trip_km=1),)}, -700 + 2.4 * 17),
    "whole trips": (
        {"modes": (lorry(trip_capacity_t=25, cost_per_trip=7, cost_per_trip_km=1, whole_trips=True),)},
        -700 + 3 * 17,
    ),
    "trips a depot": (
        {"modes": (lorry(trip_capacity_t=25, cost_per_trip=7, trips_per_depot=2),)},
        320 + 50 * (3 - 20) + 2 * 7 + 100,
    ),
    "detour": ({"modes": (lorry(detour_factor=1.5),)}, -700 + 30),
    "longest and shortest": (
        {"modes": (lorry(longest_km=9), lorry(name="rail", shortest_km=10, cost_per_t_km=0.3))},
        -700 + 120,
    ),
    "products of a mode": (
        {
            "modes": (
                lorry(products=("metal",)),
                lorry(name="rail", cost_per_t=2, by_product=(ModeProduct(product="pack", cost_per_t_km=0.2),)),
            )
        },
        -700 + 60 + 120,
    ),
    "no way": ({"distances": {"road": np.array([[0.0, np.nan], [12.0, 0.0]])}}, 600),
    # ---- lanes
    "own distance and toll": (
        {"lanes": (Lane(origin="Ash", destination="Birch", distance_km=20, extra_cost_per_t=(1.5,)),)},
        -700 + 60 + 90,
    ),
    "own distance opens a way": (
        {
            "distances": {"road": np.full((2, 2), np.nan)},
            "modes": (lorry(longest_km=5),),
            "lanes": (Lane(origin="Ash", destination="Birch", distance_km=10),),
        },
        -700,
    ),
    "most on a lane": ({"lanes": (Lane(origin="Ash", destination="Birch", most_t=50),)}, 320 + 50 * (3 - 20) + 100),
    "closed lane": ({"lanes": (Lane(origin="Ash", destination="Birch", is_allowed=False),)}, 600),
    "closed to all but one": (
        {
            "lanes": (
                Lane(origin="Ash", destination="Birch", is_allowed=False),
                Lane(origin="Ash", destination="Birch", mode="rail"),
            ),
            "modes": (LORRY, lorry(name="rail", cost_per_t_km=0.2)),
        },
        -700 + 60,
    ),
}


@pytest.mark.parametrize("name", HAND)
def test_least_cost_by_hand(name):
    changes, expected = HAND[name]
    outcome = SecondRoute(line(**changes)).solve()
    assert outcome.status is StopReason.CONVERGED
    assert outcome.value == pytest.approx(expected, abs=1e-6)


def test_nothing_is_passed_on():
    """Cedar lies between; it has no facility, so that packs do not change vehicles there."""
    far = np.array([[0.0, 10, np.nan], [10, 0, 10], [np.nan, 10, 0]])
    network = line(
        sites=(Site(name="Ash"), Site(name="Cedar"), Site(name="Birch")),
        distances={"road": far},
    )
    assert SecondRoute(network).solve().value == pytest.approx(600)


def test_what_goes_round_goes_round_no_more_than_capacity():
    """Half of what is sold comes back as packs at once: 100 t are worked, of them 0.5 x 99 t that were sold before."""
    network = line(
        candidates=EXISTS,
        types=plant(recipes=(recipe(outputs=(("metal", 0.99),)),)),
        markets=market(comes_back=(ComesBack(product="pack", share=0.5, lag_periods=0),)),
    )
    # 100 - 49.5 t are fetched from Ash, where 60 t return, and the rest is left
    expected = 20 + 50.5 + 100 * (2 - 0.99 * 40) + (60 - 50.5) * 10
    assert SecondRoute(network).solve().value == pytest.approx(expected)


def test_no_plan():
    assert SecondRoute(line(candidates=(), products=(Product(name="pack"), METAL))).solve().status in (
        StopReason.INFEASIBLE,
        StopReason.INFEASIBLE_OR_UNBOUNDED,
    )
