"""What a city's batteries cost and emit on their whole way: every cost of a plan, carried back to where it began.

How it is carried is in `heaps`. Summed over all that returns it gives every cost back, save those that no returned
tonne caused (idle facilities, stock from before the plan, penalties, subsidies).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.plan.heaps import EMISSION, PRESENT, Heaps

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution


def by_city(solution: Solution) -> pd.DataFrame:
    """Return tonnes, cost and emission by city, over all periods.

    Returns
    -------
    pd.DataFrame
        One row a site with returns: ``returned_t``, ``collected_t``, ``collection_rate``, ``net_present_cost`` and
        ``emission_t`` of its batteries on their whole way, and both for each tonne collected.
    """
    heaps = Heaps(solution)
    before, nothing = heaps.solve(), np.zeros((1, 3))
    rows = []
    for (site, product, period), tonnes in heaps.returned.items():
        left = heaps.uncollected[site, product, period]
        carried = before.get((site, product, period), nothing).sum(axis=0) * tonnes
        rows.append((site, tonnes, tonnes - left, carried[PRESENT], carried[EMISSION]))
    columns = ["site", "returned_t", "collected_t", "net_present_cost", "emission_t"]
    table = pd.DataFrame(rows, columns=columns).groupby("site", sort=False, as_index=False).sum()
    collected = table["collected_t"].where(table["collected_t"] > 0)
    harm = table["site"].map(heaps.harm).fillna(0.0)
    return table.assign(
        collection_rate=table["collected_t"] / table["returned_t"].where(table["returned_t"] > 0),
        cost_per_collected_t=(table["net_present_cost"] - harm) / collected,
        emission_kg_per_collected_t=table["emission_t"] * KG_PER_T / collected,
    )
