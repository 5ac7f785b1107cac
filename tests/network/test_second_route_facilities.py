"""The second route against arithmetic: returns, recipes, levels, careers, factors, salvage.

The base (`line`): open a plant for 300 + 20, work 60 t at 2, carry them for 1 each, sell 30 t at 40: -700.
"""

from __future__ import annotations

from typing import Any

import pytest

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Product, Return, Site, Sizes, Standing, SubsidyBase
from tests.network.line import (
    METAL,
    PACK,
    RETURN,
    candidate,
    level,
    line,
    market,
    periods,
    plant,
    recipe,
    returns,
    rules,
)
from tests.network.line_plants import BETWEEN, EXISTS, paid, shrinking
from tests.network.second_route import SecondRoute

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
}


@pytest.mark.parametrize("name", HAND)
def test_least_cost_by_hand(name):
    changes, expected = HAND[name]
    outcome = SecondRoute(line(**changes)).solve()
    assert outcome.status is StopReason.CONVERGED
    assert outcome.value == pytest.approx(expected, abs=1e-6)
