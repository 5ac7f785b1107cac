"""The second route against arithmetic: each meaning on a network so small that its best plan can be worked out.

The base (`line`): open a plant for 300 + 20, work 60 t at 2, carry them for 1 each, sell 30 t at 40: -700.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from batteryopt.network.instance import (
    CollectionTarget,
    ComesBack,
    Coverage,
    Disposal,
    Lane,
    Limit,
    Mode,
    ModeProduct,
    Period,
    Product,
    Quantity,
    Return,
    Sharing,
    Site,
    Sizes,
    Standing,
    Storage,
    Subsidy,
    SubsidyBase,
)
from batteryopt.status import StopReason
from tests.network.line import (
    LORRY,
    METAL,
    PACK,
    RETURN,
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
from tests.network.second_route import SecondRoute

BETWEEN = (level(), level(name="L", capacity_t=200, opening_cost=2300))
"""From 100 t on a tonne more of capacity costs 20."""
ROUND = Mode(
    name="round",
    distance="road",
    trip_capacity_t=25,
    whole_trips=True,
    cost_per_trip=7,
    cost_per_trip_km=1,
    is_mobile=True,
)
EXISTS = candidate(standing=Standing.EXISTING)


def near(**fields: Any) -> Coverage:
    """Return a rule that a plant is near by the road, at 2 a tonne that is not covered."""
    return Coverage(name="near", types=("plant",), distance="road", penalty_per_t=2, **fields)


def paid(base: SubsidyBase, **fields: Any) -> Subsidy:
    """Return a subsidy."""
    return Subsidy(name="subsidy", base=base, **fields)


def shrinking(**more: Any) -> dict[str, Any]:
    """Return the plant with sizes between 100 t and 200 t that is paid back for shrinking."""
    return {"types": plant(levels=BETWEEN, sizes=Sizes.BETWEEN, refunds_shrinking=True, **more)}


HAND: dict[str, tuple[dict[str, Any], float]] = {
    "base": ({}, -700),
    "nothing pays: all is left": ({"markets": market(price_per_t=-20)}, 600),
    # ---- returns and acquisition
    "owners are paid for what is collected": ({"returns": returns(acquisition_cost_per_t=3)}, -700 + 180),
    "what must be collected is": (
        {"products": (Product(name="pack"), METAL), "markets": market(price_per_t=0)},
        300 + 20 + 120 + 60,
    ),
    # ---- recipes: half a tonne of reagents beside a tonne of packs, 0.8 t of metal; 5 a tonne, 10 kWh at 0.2
    "recipe": (
        {
            "types": plant(
                recipes=(recipe(outputs=(("metal", 0.8),), reagents_t=0.5, cost_per_t=5, electricity_kwh_per_t=10),)
            ),
            "sites": (Site(name="Ash"), Site(name="Birch", electricity_price_per_kwh=0.2)),
        },
        300 + 20 + 60 * (2 + 5 + 2) + 60 - 48 * 40,
    ),
    # a tonne takes two of capacity, so that 50 t are worked and 10 t left
    "capacity use": (
        {"types": plant(recipes=(recipe(capacity_use=2),))},
        300 + 20 + 100 + 50 - 25 * 40 + 100,
    ),
    # half scrap, half packs: 60 t of packs and 60 t of scrap, which waits in Birch
    "several inputs": (
        {
            "products": (PACK, METAL, Product(name="scrap", uncollected_cost_per_t=1)),
            "returns": (RETURN, Return(site="Birch", product="scrap", tonnes=45)),
            "types": plant(recipes=(recipe(inputs=(("pack", 0.5), ("scrap", 0.5))),)),
        },
        300 + 20 + 90 * 2 + 45 - 45 * 40 + 15 * 10,
    ),
    # ---- levels: the small one holds 40 t, a tonne more is worth 17 + 10
    "small level": (
        {"types": plant(levels=(level(capacity_t=40), level(name="L", opening_cost=850)))},
        300 + 20 + 40 * (3 - 20) + 20 * 10,
    ),
    "large level at its own variable cost": (
        {"types": plant(levels=(level(capacity_t=40), level(name="L", opening_cost=500, variable_cost_per_t=1)))},
        500 + 20 + 60 * (2 - 20),
    ),
    "largest level": (
        {
            "types": plant(levels=(level(capacity_t=40), level(name="L", opening_cost=500))),
            "candidates": candidate(largest_level="S"),
        },
        300 + 20 + 40 * (3 - 20) + 20 * 10,
    ),
    # at least 70 t x capacity use 0.5 would be 35: 60 t x 0.5 = 30 is too little, and all is left
    "least counts capacity": ({"types": plant(levels=(level(least_t=35),), recipes=(recipe(capacity_use=0.5),))}, 600),
    "least is reached": ({"types": plant(levels=(level(least_t=30),), recipes=(recipe(capacity_use=0.5),))}, -700),
    # ---- standing
    "closed": ({"candidates": candidate(standing=Standing.CLOSED)}, 600),
    "forced": ({"candidates": candidate(standing=Standing.FORCED), "returns": ()}, 320),
    "forced from the second": (
        {"candidates": candidate(standing=Standing.FORCED, forced_from="2"), "returns": (), "periods": periods(2)},
        320,
    ),
    "earliest": (
        {"candidates": candidate(earliest="2"), "periods": periods(2)},
        600 - 700,
    ),
    "existing": ({"candidates": EXISTS}, -1000),
    "existing closes at its cost": (
        {"candidates": EXISTS, "returns": (), "types": plant(levels=(level(closing_cost=15),))},
        15,
    ),
    "existing may not close": (
        {"candidates": candidate(standing=Standing.EXISTING, may_close=False), "returns": ()},
        20,
    ),
    # the second period has nothing to do: closing saves 20 and costs 5
    "new may close": (
        {
            "returns": returns(tonnes=(60, 0)),
            "periods": periods(2),
            "types": plant(new_may_close=True, levels=(level(closing_cost=5),)),
        },
        -700 + 5,
    ),
    "new may not close": ({"returns": returns(tonnes=(60, 0)), "periods": periods(2)}, -700 + 20),
    # first 40 t, then 60 t: raising costs the difference of the second period's prices, 700 - 350
    "raising": (
        {
            "returns": returns(tonnes=(40, 60)),
            "periods": periods(2),
            "markets": market(price_per_t=100),
            "types": plant(
                levels=(
                    level(capacity_t=40, opening_cost=(300, 350)),
                    level(name="L", opening_cost=(900, 700)),
                )
            ),
        },
        300 + 20 + 40 * (3 - 50) + 350 + 20 + 60 * (3 - 50),
    ),
    # ---- factors
    "factors": (
        {
            "candidates": candidate(opening_cost_factor=2, fixed_cost_factor=3, variable_cost_factor=4),
            "types": plant(recipes=(recipe(cost_per_t=1, electricity_kwh_per_t=1),)),
            "sites": (Site(name="Ash"), Site(name="Birch", electricity_price_per_kwh=0.5)),
        },
        600 + 60 + 60 * ((2 + 1) * 4 + 0.5 + 1 - 20),
    ),
    # ---- sizes between levels: 150 t return, a tonne above 100 t costs 20 and is worth 17 + 10
    "between": (
        {"returns": returns(tonnes=150), "types": plant(levels=BETWEEN, sizes=Sizes.BETWEEN)},
        300 + 50 * 20 + 20 + 150 * (3 - 20),
    ),
    # 200 t stand; the first period needs 150, the second nothing: 50 t and 50 t are paid back at 20; closing pays none
    "shrinking and closing": (
        {
            **shrinking(),
            "periods": periods(2),
            "returns": returns(tonnes=(150, 0)),
            "candidates": candidate(standing=Standing.EXISTING, level="L"),
        },
        -1000 + 20 + 150 * (3 - 20) - 1000 + 20,
    ),
    "no shrinking": (
        {
            "types": plant(levels=BETWEEN, sizes=Sizes.BETWEEN),
            "periods": periods(2),
            "returns": returns(tonnes=(150, 0)),
            "candidates": candidate(standing=Standing.EXISTING, level="L"),
        },
        20 + 150 * (3 - 20),
    ),
    # 150 t, then 100 t; 1,000 is paid in the first period and back in the second. Salvage at the end, with a life of 4
    # periods: 1300 x (1 - 2/4) - 1000 x (1 - 1/4) = -100
    "salvage of what is refunded": (
        {**shrinking(life_periods=4), "periods": periods(2), "returns": returns(tonnes=(150, 100))},
        1300 + 20 + 150 * (3 - 20) - 1000 + 20 + 100 * (3 - 20) + 100,
    ),
    # ---- salvage: half of 300 is left after one period of two
    "salvage": ({"types": plant(life_periods=2)}, -700 - 150),
    "salvage is discounted": ({"types": plant(life_periods=2), "discount_rate": 0.25}, -700 - 150 / 1.25),
    "closed is worth nothing": (
        {
            "returns": returns(tonnes=(60, 0)),
            "periods": periods(2),
            "types": plant(new_may_close=True, life_periods=2.5),
            "markets": market(price_per_t=100),
        },
        # to stay costs 20 and keeps 300 x (1 - 2/2.5) = 60
        320 + 60 * (3 - 50) + 20 - 60,
    ),
    # the owner paid 0.7 x 300; the pot is empty after 50, which changes the subsidy and not the salvage
    "salvage of what the owner paid": (
        {
            "types": plant(life_periods=2),
            "policy": rules(subsidies=(paid(SubsidyBase.OPENING_COST, rate=0.3, most=50),)),
        },
        -700 - 50 - 0.5 * 210,
    ),
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
    # ---- coverage: 60 t of weight are in Ash; Birch is 10 km from it, and Ash 12 km from Birch
    "far": (
        {"policy": rules(coverage=(near(radius_km=9),))},
        -700 + 120,
    ),
    "from the zone to the facility": (
        {"policy": rules(coverage=(near(radius_km=10),))},
        -700,
    ),
    "share": (
        {"policy": rules(coverage=(near(radius_km=9, share=0.5),))},
        -700 + 60,
    ),
    "each": (
        {
            "policy": rules(coverage=(near(radius_km=9, share=0.5, sharing=Sharing.EACH),))
        },
        -700 + 120,
    ),
    # two visits cover Ash: the lorry carries, and the round comes twice, empty, for 17 each
    "visits": (
        {
            "modes": (LORRY, ROUND),
            "policy": rules(coverage=(near(radius_km=9, visits=2),)),
        },
        -700 + 2 * 17 - 50,  # what it can carry beside, 50 t, saves the lorry's freight
    ),
    "a round needs a depot": (
        {
            "modes": (LORRY, ROUND),
            "markets": (),
            "policy": rules(coverage=(near(radius_km=9, visits=1),)),
        },
        600 + 120,
    ),
    # ---- targets: everything is left for 600, or 0.5 x 60 t are missed at 3
    "target": (
        {
            "markets": market(price_per_t=-20),
            "policy": rules(collection_targets=(CollectionTarget(name="t", share=0.5, penalty_per_t=3),)),
        },
        600 + 90,
    ),
    "hard target": (
        {
            "markets": market(price_per_t=-20),
            "policy": rules(collection_targets=(CollectionTarget(name="t", share=0.5),)),
        },
        320 + 30 * (3 + 10) + 300,
    ),
    # ---- emissions: 3 kg a t km, 200 kg a tonne worked, 5 kWh at 2 kg, 1,000 kg of standing, 100 kg a tonne sold
    "carbon": (
        {
            "modes": (lorry(emission_kg_per_t_km=3),),
            "types": plant(
                levels=(level(emission_kg=1000),), recipes=(recipe(emission_kg_per_t=200, electricity_kwh_per_t=5),)
            ),
            "sites": (Site(name="Ash"), Site(name="Birch", electricity_kg_per_kwh=2)),
            "markets": market(emission_kg_per_t=100),
            "policy": rules(carbon_price_per_t=10),
        },
        -700 + 10 * (60 * 0.03 + 60 * 0.21 + 1 + 3),
    ),
    "cap of the plan is paid for in the last period": (
        {
            "discount_rate": 0.25,
            "periods": periods(2),
            "returns": returns(tonnes=(60, 0)),
            "types": plant(levels=(level(emission_kg=1000),), new_may_close=True),
            "markets": market(price_per_t=1000),
            "policy": rules(emission_cap_total_t=0.25, emission_penalty_per_t=100),
        },
        320 + 60 * (3 - 500) + 0.75 * 100 / 1.25,
    ),
    "cap": (
        {
            "types": plant(levels=(level(emission_kg=1000),)),
            "policy": rules(emission_cap_t=0.25, emission_penalty_per_t=100),
        },
        -700 + 75,
    ),
    # ---- budget: 300 are spent
    "budget": ({"policy": rules(budget=100, budget_penalty=0.5)}, -700 + 100),
    "hard budget": ({"policy": rules(budget=299)}, 600),
    "budget carries over": (
        {
            "periods": periods(3),
            "candidates": candidate(earliest="3"),
            "policy": rules(budget=(150, 50, 90), budget_carries_over=True, budget_penalty=0.5),
        },
        1200 - 700 + 5,
    ),
    # ---- subsidies
    "a tonne": ({"policy": rules(subsidies=(paid(SubsidyBase.PROCESSED, rate=2, product="pack"),))}, -700 - 120),
    "pot": ({"policy": rules(subsidies=(paid(SubsidyBase.COLLECTED, rate=2, most=50),))}, -700 - 50),
    "sold": ({"policy": rules(subsidies=(paid(SubsidyBase.SOLD, rate=2, group="west"),)),
              "sites": (Site(name="Ash"), Site(name="Birch", region="west"))}, -700 - 60),
    # 300 + 1000 in the first period; in the second 1000 are refunded, and 0.1 of it is paid back
    "what is refunded gives its subsidy back": (
        {
            **shrinking(),
            "periods": periods(2),
            "returns": returns(tonnes=(150, 100)),
            "policy": rules(subsidies=(paid(SubsidyBase.OPENING_COST, rate=0.1, most=5000),)),
        },
        1300 * 0.9 + 20 + 150 * (3 - 20) - 900 + 20 + 100 * (3 - 20),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HAND)
def test_least_cost_by_hand(name):
    changes, expected = HAND[name]
    outcome = SecondRoute(line(**changes)).solve()
    assert outcome.status is StopReason.CONVERGED
    assert outcome.value == pytest.approx(expected, abs=1e-6)


LIMITS: dict[str, tuple[Limit, float]] = {
    # what the base plan has of each quantity, at a penalty of 1 a unit beyond the limit
    "facilities": (Limit(name="l", quantity=Quantity.FACILITIES, type="plant", least=3), 2),
    "openings": (Limit(name="l", quantity=Quantity.OPENINGS, most=0), 1),
    "capacity": (Limit(name="l", quantity=Quantity.CAPACITY, most=90), 10),
    "processed": (Limit(name="l", quantity=Quantity.PROCESSED, most=50), 10),
    "processed of a product": (Limit(name="l", quantity=Quantity.PROCESSED, product="pack", least=61), 1),
    "collected": (Limit(name="l", quantity=Quantity.COLLECTED, product="pack", least=70), 10),
    "sold": (Limit(name="l", quantity=Quantity.SOLD, most=(25,)), 5),
    "disposed": (Limit(name="l", quantity=Quantity.DISPOSED, least=3), 3),
    "stored": (Limit(name="l", quantity=Quantity.STORED, least=3), 3),
    "received": (Limit(name="l", quantity=Quantity.RECEIVED, mode="lorry", least=64), 4),
    "sent": (Limit(name="l", quantity=Quantity.SENT, product="pack", most=51), 9),
    "each": (Limit(name="l", quantity=Quantity.PROCESSED, sharing=Sharing.EACH, least=2), 2),
    "all periods": (Limit(name="l", quantity=Quantity.PROCESSED, over_all_periods=True, most=50), 10),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_count_by_hand(name):
    limit, beyond = LIMITS[name]
    network = line(policy=rules(limits=(dataclasses.replace(limit, penalty=1),)))
    assert SecondRoute(network).solve().value == pytest.approx(-700 + beyond, abs=1e-6)


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
