"""What rules and ledger both ask of a plan: what came back, what is collected, what was spent on size, which store."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.facilities import Recipe, Storage
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.readable import Plan

Floats = npt.NDArray[np.float64]


def store_of(network: Network, site: str, type_: str, product: str) -> Storage | None:
    """Return the storage row that holds at a facility: its site's own, else that of all sites, else none."""
    rows = [row for row in network.types_by_name[type_].storage if row.product == product]
    own = [row for row in rows if row.site == site]
    return next(iter(own or [row for row in rows if not row.site]), None)


def came_back(solution: Plan) -> list[tuple[str, str, str, float]]:
    """Return (site, product, period, tonnes) of what comes back from markets within the plan."""
    network = solution.network
    markets = {(m.site, m.product): m.comes_back for m in network.markets}
    names = [period.name for period in network.periods]
    found = []
    for row in records(solution.sold):
        for back in markets.get((row.site, row.product), ()):
            period = network.period_index[row.period] + back.lag_periods
            if period < len(names):
                found.append((row.site, back.product, names[period], row.tonnes * back.share))
    return found


def recipes_by_name(network: Network) -> dict[tuple[str, str], Recipe]:
    """Return recipes by type and name."""
    return {(type_.name, recipe.name): recipe for type_ in network.types for recipe in type_.recipes}


def collected(solution: Plan) -> pd.DataFrame:
    """Return tonnes ``returned`` (from markets too) and ``collected`` by site, product and period."""
    network = solution.network
    keys = ["site", "product", "period"]
    names = [period.name for period in network.periods]
    rows = [
        (r.site, r.product, name, tonnes)
        for r in network.returns
        for name, tonnes in zip(names, network.profile(r.tonnes).tolist(), strict=True)
    ]
    rows += came_back(solution)
    returned = pd.DataFrame(rows, columns=[*keys, "returned"]).groupby(keys, sort=False)["returned"].sum()
    left = solution.uncollected.groupby(keys)["tonnes"].sum().reindex(returned.index, fill_value=0.0)
    return pd.DataFrame({"returned": returned, "collected": returned - left.astype(float)}).reset_index()


def opening(solution: Plan) -> Floats:
    """Return the cost of opening and raising (T)."""
    return sum((career.investments() for career in solution.careers.values()), nothing(solution))


def nothing(solution: Plan) -> Floats:
    """Return 0 a period (T)."""
    return np.zeros(len(solution.network.periods))
