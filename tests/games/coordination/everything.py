"""A coordination game with every constraint there is: for coefficient tests, and for the page of its formulation."""

from __future__ import annotations

from batteryopt.games.coordination.data.regions import CoordinationNetwork


def two_by_two() -> CoordinationNetwork:
    """Return a coordination game of two regions and two enterprises, with every constraint there is."""
    return CoordinationNetwork(
        name="two by two",
        source="made by hand",
        market_size=(30.0, 20.0),
        cross_price_effect=((0, 1, 0.2), (1, 0, 0.1)),
        wholesale_price=(10.0, 8.0),
        voluntary_returns=(5.0, 3.0),
        residual_value=(1.0, 0.0),
        service_response=(0.5, 0.4),
        testing_cost=(0.5, 1.0),
        effort_cost=(2.0, 4.0),
        share_weight=(3.0, 1.0),
        effort_rivalry=0.6,
        transfer_price=2.0,
        scrap_value=1.5,
        usable_share=0.6,
        echelon_market_size=15.0,
        production_cost=2.0,
        reservation_profit_manufacturer=7.0,
        reservation_profit_retailer=(1.0, 2.0),
        reservation_profit_echelon=(3.0, 4.0),
    )
