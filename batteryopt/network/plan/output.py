"""A plan as tables for people: what stands, what flows, what it costs, whom it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from batteryopt.network.data.flows import GREAT_CIRCLE
from batteryopt.network.data.geography import nearest_among
from batteryopt.network.money import statement
from batteryopt.network.plan import haulage
from batteryopt.network.plan.attribution import by_city
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.chain import recipes_by_name

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network
    from batteryopt.network.plan.solution import Solution


BANDS_KM = (0.0, 50.0, 100.0, 200.0, 400.0)
"""Upper ends of the distance bands, the first being the city itself; one more band has what is farther."""


TABLES = (
    "facilities",
    "flows",
    "trips",
    "processed",
    "stocks",
    "sold",
    "disposed",
    "collection",
    "cost_terms",
    "emissions",
    "cities",
    "coverage",
    *statement.TABLES,
)
"""The names of a plan's tables."""


def tables(solution: Solution) -> dict[str, pd.DataFrame]:
    """Return every table of a plan by name.

    Returns
    -------
    dict
        ``facilities`` (with what each can, does and how fully it is used), ``flows`` (tonnes, km, cost, emission),
        ``trips``, ``processed``, ``stocks``, ``sold``, ``disposed``, ``collection`` (returned and collected by site,
        product and period), ``cost_terms`` and ``emissions`` by period, ``cities`` (cost and emission of each city's
        batteries on their whole way), ``coverage`` by distance band, and those of `batteryopt.network.money.statement`.
    """
    flows = haulage.shipments(solution).drop(columns="people_per_km")
    return {
        "facilities": utilisation(solution),
        "flows": flows,
        "trips": haulage.journeys(solution),
        "processed": solution.processed,
        "stocks": solution.stock,
        "sold": solution.sold,
        "disposed": solution.disposed,
        "collection": solution.collected_t,
        "cost_terms": solution.ledger.reset_index(),
        "emissions": solution.emissions_t.reset_index(),
        "cities": by_city(solution),
        "coverage": coverage(solution),
        **statement.tables(solution),
    }


def utilisation(solution: Solution) -> pd.DataFrame:
    """Return what stands in each period: level, ``capacity_t``, ``used_t`` and the share of it that is used."""
    recipes = recipes_by_name(solution.network)
    used = [row.tonnes * recipes[row.type, row.recipe].capacity_use for row in records(solution.processed)]
    keys = ["site", "type", "period"]
    sums = solution.processed.assign(used_t=np.array(used, dtype=float)).groupby(keys, as_index=False)["used_t"].sum()
    table = solution.facilities.merge(sums, on=keys, how="left").fillna({"used_t": 0.0})
    capacity = table["capacity_t"].astype(float)
    return table.assign(utilisation=(table["used_t"] / capacity.where(capacity > 0)).astype(float))


# ---- coverage ------------------------------------------------------------------------------------------------------


def coverage(solution: Solution) -> pd.DataFrame:
    """Return returned and collected tonnes by period and by distance to the nearest facility that takes them.

    The distance is the great circle, or, without coordinates, the first mode's table. ``band_km`` is the upper end of
    the band; "0" is the city itself, ">400" whatever is farther.
    """
    network = solution.network
    name = _distance_name(network)
    position = {site.name: i for i, site in enumerate(network.sites)}
    returns = solution.collected_t.assign(nearest=np.inf)
    near = {
        (product, period): nearest_among(network, name, np.array(sorted(position[site] for site in sites)))
        for (product, period), sites in _takers(solution).items()
    }
    nearest = [
        near[row.product, row.period][position[row.site]] if (row.product, row.period) in near else np.inf
        for row in records(returns)
    ]
    band = np.searchsorted(BANDS_KM, np.array(nearest, dtype=float))
    names = [*(f"{end:g}" for end in BANDS_KM), f">{BANDS_KM[-1]:g}"]
    table = returns.assign(band=band).groupby(["period", "band"], sort=True)[["returned", "collected"]].sum()
    order = {period.name: t for t, period in enumerate(network.periods)}
    table = table.reset_index().sort_values(["period", "band"], key=lambda c: c.map(order) if c.name == "period" else c)
    total = table.groupby("period")["returned"].transform("sum")
    return pd.DataFrame(
        {
            "period": table["period"],
            "band_km": [names[i] for i in table["band"]],
            "returned_t": table["returned"].astype(float),
            "collected_t": table["collected"].astype(float),
            "share_of_returns": (table["returned"] / total.where(total > 0)).astype(float),
        }
    ).reset_index(drop=True)


def _takers(solution: Solution) -> dict[tuple[str, str], set[str]]:
    """Return the sites where something stands that takes a product, by product and period."""
    inputs = {
        type_.name: {product for recipe in type_.recipes for product, _ in recipe.inputs}
        for type_ in solution.network.types
    }
    found: dict[tuple[str, str], set[str]] = {}
    for row in records(solution.facilities[solution.facilities["capacity_t"].astype(float) > 0]):
        for product in inputs[row.type]:
            found.setdefault((product, row.period), set()).add(row.site)
    return found


def _distance_name(network: Network) -> str:
    """Return which distances tell how near a facility is: the great circle, or the first mode's table."""
    has_coordinates = all(site.latitude_deg is not None and site.longitude_deg is not None for site in network.sites)
    return GREAT_CIRCLE if has_coordinates or not network.modes else network.modes[0].distance


def by_type(solution: Solution) -> Iterator[tuple[str, str, int, float, float]]:
    """Yield, for each type and period with anything standing: type, period, how many, their capacity, their use."""
    table = utilisation(solution)
    for type_ in solution.network.types:
        for period in solution.network.periods:
            rows = table[(table["type"] == type_.name) & (table["period"] == period.name)]
            if len(rows):
                yield type_.name, period.name, len(rows), float(rows["capacity_t"].sum()), float(rows["used_t"].sum())
