"""Prices at which the plan, kept as it is, neither earns nor loses: what a product would have to sell or cost.

Kept as it is, a plan's present value is linear in every price: if a price moves by the same amount everywhere and in
all periods, the value moves by that amount times the discounted tonnes. So the break-even price is exact, and one
division. (A planner would change the plan at another price: then it breaks even no later.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from batteryopt.network.money.cash_flow import NOT_PAID

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

SOLD, BOUGHT = "sold", "bought"


def break_even(solution: Solution) -> pd.DataFrame:
    """Return break-even prices: ``kind``, ``product``, ``tonnes``, ``mean_price``, ``break_even_price``.

    Means are over all sales or purchases, discounted as their money is; others' prices stay as they are. A product that
    is sold breaks even below its price where the plan earns; a battery that is bought, above.
    """
    network = solution.network
    worth = -sum(cost for term, cost in solution.cost_terms.items() if term not in NOT_PAID)
    paid = {(m.site, m.product): network.profile(m.price_per_t) for m in network.markets}
    given = {(r.site, r.product): network.profile(r.acquisition_cost_per_t) for r in network.returns}
    bought = solution.collected_t.assign(tonnes=lambda table: table["collected"])
    rows = [(SOLD, *row, -1.0) for row in _traded(solution, solution.sold, paid)]
    rows += [(BOUGHT, *row, 1.0) for row in _traded(solution, bought, given)]
    table = [
        (kind, product, tonnes, price, price + sign * worth / discounted)
        for kind, product, tonnes, discounted, price, sign in rows
    ]
    return pd.DataFrame(table, columns=["kind", "product", "tonnes", "mean_price", "break_even_price"])


def _traded(
    solution: Solution, table: pd.DataFrame, prices: dict[tuple[str, str], np.ndarray]
) -> list[tuple[str, float, float, float]]:
    """Return (product, tonnes, discounted tonnes, mean price) of what is traded at prices."""
    network = solution.network
    sums: dict[str, np.ndarray] = {}
    for site, product, period, tonnes in zip(
        *(table[key] for key in ("site", "product", "period", "tonnes")), strict=True
    ):
        if (site, product) in prices:
            t = network.period_index[period]
            discounted = tonnes * float(network.discount_factors[t])
            row = (tonnes, discounted, discounted * float(prices[site, product][t]))
            sums[product] = sums.get(product, np.zeros(3)) + row
    return [(name, float(t), float(d), float(m / d)) for name, (t, d, m) in sums.items() if d > 0]
