"""The second route against arithmetic: coverage, targets, limits, emissions, budget, subsidies.

The base (`line`): open a plant for 300 + 20, work 60 t at 2, carry them for 1 each, sell 30 t at 40: -700.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import CollectionTarget, Limit, Quantity, Sharing, Site, SubsidyBase
from tests.network.line import (
    LORRY,
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
from tests.network.line_plants import ROUND, near, paid, shrinking
from tests.network.second_route import SecondRoute

HAND: dict[str, tuple[dict[str, Any], float]] = {
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
        {"policy": rules(coverage=(near(radius_km=9, share=0.5, sharing=Sharing.EACH),))},
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
    "sold": (
        {
            "policy": rules(subsidies=(paid(SubsidyBase.SOLD, rate=2, group="west"),)),
            "sites": (Site(name="Ash"), Site(name="Birch", region="west")),
        },
        -700 - 60,
    ),
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
}


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
