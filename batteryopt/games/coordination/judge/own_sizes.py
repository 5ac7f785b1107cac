"""How large the things are that the judge holds errors against: every market in its own size, batteries in theirs.

A market of 30 vehicles beside one of 100,000 would be judged by nobody if errors were relative to the larger one, or
to all the chain's money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.sparse.csgraph import connected_components

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.solution import Solution, as_array


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnSizes:
    """Sizes of an answer's quantities and money.

    Attributes
    ----------
    market
        Of each region's demand and prices: the market there, what others' prices bring it, its wholesale price (R).
    service, battery
        Of services, and of quantities of batteries and efforts.
    retail_money
        Of each retailer's money: what the whole market would pay (R).
    enterprise_money
        Of each enterprise's: what it takes in and spends (N).
    battery_money
        Of what the manufacturer and the chain take in and spend on batteries.
    """

    market: FloatArray
    service: float
    battery: float
    retail_money: FloatArray
    enterprise_money: FloatArray
    battery_money: float

    @classmethod
    def of(cls, solution: Solution) -> OwnSizes:
        """Return the sizes of an answer."""
        g, outcome = solution.network, solution.outcome
        p, w = as_array(solution.retail_price), as_array(solution.wholesale_price)
        e_r, e_n, w_t = as_array(solution.recycling_service), as_array(solution.sales_effort), solution.transfer_price
        price = abs(cast(float, w_t))
        market = np.maximum(np.maximum(g.market_size, np.abs(outcome.demand + p)), np.abs(w))
        sold, resale = np.abs(outcome.quantity), np.abs(outcome.resale_price)
        spent = (np.asarray(g.testing_cost) + price) * sold + g.effort_costs * e_n**2 / 2
        scrap, service_cost = abs(g.scrap_value) * (1 - g.usable_share), float(e_r @ e_r) / 2
        per_return = g.usable_share * (g.echelon_market_size + price) + scrap
        money = float(resale @ sold + spent.sum()) + scrap * float(np.abs(outcome.returns).sum()) + service_cost
        return cls(
            market=market,
            service=_or_one(max(per_return * max(g.service_response), float(e_r.max()))),
            battery=_or_one(max(float(sold.max()), float(np.abs(e_n).max()))),
            retail_money=market**2,
            enterprise_money=np.array([_or_one(size) for size in resale * sold + spent]),
            battery_money=_or_one(money),
        )


def market_of(network: CoordinationNetwork) -> tuple[int, FloatArray]:
    """Return how many markets of vehicles know nothing of each other, and which one each region belongs to (R)."""
    count, labels = connected_components(network.cross_prices, directed=False)
    return int(count), np.asarray(labels)


def by_market(network: CoordinationNetwork, values: FloatArray) -> FloatArray:
    """Return the sums over the regions of each market (..., markets) of values by region (..., R)."""
    count, labels = market_of(network)
    return np.stack([values[..., labels == market].sum(axis=-1) for market in range(count)], axis=-1)


def _or_one(size: float) -> float:
    """Return a size; 1 where there is nothing."""
    return float(size) if size > 0 else 1.0
