"""What travels in a plan: how far, at what cost, with what emission and risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.flows import Mode
from batteryopt.network.data.geography import Ways, extra_cost_per_t, lengths, people_on_ways
from batteryopt.network.data.round_figures import round_figures
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.readable import Plan

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def shipments(solution: Plan) -> pd.DataFrame:
    """Return shipments with their ``km``, ``people_per_km``, ``cost`` and ``emission_kg``; trips are not in them."""
    network, table = solution.network, solution.shipped
    if not network.modes:  # nothing travels
        return table.assign(km=0.0, people_per_km=0.0, cost=0.0, emission_kg=0.0)
    parts = [_of_mode(network, mode, table[table["mode"] == mode.name]) for mode in network.modes]
    return pd.concat(parts).sort_index()


def _of_mode(network: Network, mode: Mode, table: pd.DataFrame) -> pd.DataFrame:
    position = {site.name: i for i, site in enumerate(network.sites)}
    origin, destination = (_codes(table, end, position) for end in ("origin", "destination"))
    period = _codes(table, "period", network.period_index)
    km = Ways(network, mode).at(origin, destination)
    tonnes = table["tonnes"].to_numpy(dtype=float)
    rates = {name: _rates(network, mode, name, table, period) for name in ("cost_per_t_km", "cost_per_t")}
    toll = np.zeros(len(table))
    tolls = extra_cost_per_t(network, mode)
    for row, way in enumerate(zip(origin.tolist(), destination.tolist(), strict=True)):
        if way in tolls:
            toll[row] = tolls[way][period[row]]
    return table.assign(
        km=km,
        people_per_km=people_on_ways(network, mode, origin, destination),
        cost=tonnes * (rates["cost_per_t_km"] * km + rates["cost_per_t"] + toll),
        emission_kg=tonnes * _rates(network, mode, "emission_kg_per_t_km", table, period) * km,
    )


def _codes(table: pd.DataFrame, column: str, codes: Mapping[str, int]) -> Ints:
    return np.array([codes[name] for name in table[column]], dtype=np.int64)


def _rates(network: Network, mode: Mode, figure: str, table: pd.DataFrame, period: Ints) -> Floats:
    """Return a rate for each row: the mode's own, unless it has one of the row's product."""
    rates = np.array(network.profile(getattr(mode, figure))[period], dtype=float)
    for row in mode.by_product:
        if getattr(row, figure) is not None:
            mine = (table["product"] == row.product).to_numpy()
            rates[mine] = network.profile(getattr(row, figure))[period[mine]]
    return rates


def journeys(solution: Plan) -> pd.DataFrame:
    """Return trips by lane, mode and period, with ``km``, ``cost`` and ``emission_kg``.

    Whole trips are the solution's; where trips need not be whole there are as many as the load needs. Of rounds there
    are as many as are expected, each of them as long as expected.
    """
    network = solution.network
    keys = ["origin", "destination", "mode", "period"]
    parts = [_loads(mode, solution.shipped, keys) for mode in network.modes if mode.trip_capacity_t is not None]
    tables = [solution.trips[[*keys, "trips"]], *parts]
    table = pd.concat([part for part in tables if len(part)] or [solution.trips[[*keys, "trips"]]], ignore_index=True)
    modes = {mode.name: mode for mode in network.modes}
    rounds = {mode.name: round_figures(network, mode) for mode in network.modes if mode.visits_per_period is not None}
    position = {site.name: i for i, site in enumerate(network.sites)}
    ways = lengths(network, table["origin"], table["destination"], table["mode"])
    rows = []
    for row, length in zip(records(table), ways.tolist(), strict=True):
        mode, t = modes[row.mode], network.period_index[row.period]
        km, hours, trips = length, 0.0, row.trips
        if row.mode in rounds:  # so far a load in vehicles
            way = position[row.origin], position[row.destination], t
            tonnes, figures = row.trips * float(mode.trip_capacity_t or np.inf), rounds[row.mode]
            trips = tonnes * figures.rounds[way]
            km = float(figures.km[way] / figures.rounds[way])
            hours = float(tonnes * figures.hours[way] * network.profile(mode.cost_per_hour)[t])
        per_trip, per_km, kg = (
            float(network.profile(v)[t])
            for v in (mode.cost_per_trip, mode.cost_per_trip_km, mode.emission_kg_per_trip_km)
        )
        rows.append((trips, km, trips * (per_trip + per_km * km) + hours, trips * kg * km))
    found = np.array(rows, dtype=float).reshape(-1, 4)
    return table.assign(trips=found[:, 0], km=found[:, 1], cost=found[:, 2], emission_kg=found[:, 3])


def _loads(mode: Mode, shipped: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return loads of a mode in vehicles; none where its trips are whole and counted apart."""
    mine = shipped[(shipped["mode"] == mode.name) & (not mode.whole_trips)]
    loads = mine.groupby(keys, as_index=False).agg(trips=("tonnes", "sum"))
    return loads.assign(trips=loads["trips"].astype(float) / float(mode.trip_capacity_t or np.inf))


def risk(solution: Plan) -> float:
    """Return tonnes x km x people along a km x hazard x the mode's factor, over all shipments."""
    table = solution.shipments
    hazard = table["product"].map({p.name: p.hazard for p in solution.network.products}).astype(float)
    factor = table["mode"].map({m.name: m.risk_factor for m in solution.network.modes}).astype(float)
    return float((table["tonnes"] * table["km"] * table["people_per_km"] * hazard * factor).sum())


def visits(solution: Plan) -> float:
    """Return the number of visits of mobile stations."""
    mobile = [mode.name for mode in solution.network.modes if mode.is_mobile]
    return float(solution.trips.loc[solution.trips["mode"].isin(mobile), "trips"].sum())
