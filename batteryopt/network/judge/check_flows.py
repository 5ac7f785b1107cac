"""Judging what travels, enters and leaves in a plan: masses by place, lanes, trips, markets and disposals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from batteryopt.network.data.geography import Floats, lengths, takes_the_rounds_of
from batteryopt.network.data.instance import Network
from batteryopt.network.data.magnitude import own_tonne
from batteryopt.network.data.round_figures import round_figures
from batteryopt.network.plan import chain, rules
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.solution import Solution

Residuals = Iterator[tuple[float, str]]
Key = tuple[str, str, str]


def over(amount: float, limit: float, unit: float = 1.0) -> float:
    """Return by how much an amount is over a limit, relative to the limit or, where that is larger, to a unit.

    Of masses the unit is the network's own tonne (`own_tonne`), of trips and facilities it is 1.
    """
    return max(0.0, amount - limit) / max(unit, abs(limit))


class Masses:
    """Tonnes that enter and leave each (site, product, period), by the way they go."""

    def __init__(self, solution: Solution) -> None:
        self.network = network = solution.network
        self.tonne = own_tonne(network)
        self.own: dict[Key, float] = defaultdict(float)
        self.received: dict[Key, float] = defaultdict(float)
        self.sent: dict[Key, float] = defaultdict(float)
        self.taken: dict[Key, float] = defaultdict(float)
        self.left: dict[Key, float] = defaultdict(float)
        self.stock: dict[Key, float] = defaultdict(float)
        self._own(solution)
        for row in records(solution.shipped):
            self.sent[row.origin, row.product, row.period] += row.tonnes
            self.received[row.destination, row.product, row.period] += row.tonnes
        for table in (solution.sold, solution.disposed):
            for row in records(table):
                self.taken[row.site, row.product, row.period] += row.tonnes
        for row in records(rules.inputs_used(solution)):
            self.taken[row.site, row.product, row.period] += row.amount
        for row in records(solution.uncollected):
            self.left[row.site, row.product, row.period] += row.tonnes
        self.names = [period.name for period in network.periods]

    def _own(self, solution: Solution) -> None:
        names = [period.name for period in self.network.periods]
        for row in self.network.returns:
            for name, tonnes in zip(names, self.network.profile(row.tonnes).tolist(), strict=True):
                self.own[row.site, row.product, name] += tonnes
        for site, product, period, tonnes in chain.came_back(solution):
            self.own[site, product, period] += tonnes
        for row in records(rules.outputs_made(solution)):
            self.own[row.site, row.product, row.period] += row.amount
        for type_ in self.network.types:
            for store in type_.storage:
                self.own[store.site, store.product, names[0]] += store.initial_t
        for row in records(solution.stock):
            self.stock[row.site, row.product, row.period] += row.tonnes
            later = self.network.period_index[row.period] + 1
            if later < len(names):
                self.own[row.site, row.product, names[later]] += row.tonnes

    def places(self) -> set[Key]:
        """Return all places where anything is."""
        return set().union(self.own, self.received, self.sent, self.taken, self.left, self.stock)


def _lengths(network: Network, table: pd.DataFrame) -> Floats:
    return lengths(network, table["origin"], table["destination"], table["mode"])


def lanes(solution: Solution) -> Residuals:
    """Yield what travels where no lane is, what a mode may not carry, and what is beyond a lane's capacity."""
    network, tonne = solution.network, own_tonne(solution.network)
    allowed = {mode.name: mode.products for mode in network.modes}
    loads: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for row, km in zip(records(solution.shipped), _lengths(network, solution.shipped), strict=True):
        products = allowed[row.mode]
        if np.isnan(km) or (products is not None and row.product not in products):
            yield over(row.tonnes, 0.0, tonne), f"{row.origin}->{row.destination} by {row.mode}: {row.product}"
        loads[row.origin, row.destination, row.mode, row.period] += row.tonnes
        loads[row.origin, row.destination, "", row.period] += row.tonnes
    for lane in network.lanes:
        if lane.most_t is not None:
            for name, most in zip(network.period_index, network.profile(lane.most_t).tolist(), strict=True):
                load = loads[lane.origin, lane.destination, lane.mode, name]
                yield over(load, most, tonne), f"{lane.origin}->{lane.destination}/{name}"


def trips(solution: Solution) -> Residuals:
    """Yield loads beyond what trips carry, trips that are not whole or have no lane, and too many for a depot."""
    modes = {mode.name: mode for mode in solution.network.modes if mode.trip_capacity_t is not None}
    making_rounds = {name: mode for name, mode in modes.items() if mode.visits_per_period is not None}
    expected = {name: round_figures(solution.network, mode) for name, mode in making_rounds.items()}
    position = {site.name: i for i, site in enumerate(solution.network.sites)}
    made: dict[tuple[str, str, str, str], float] = defaultdict(float)
    loads: dict[tuple[str, str, str, str], float] = defaultdict(float)
    ended: dict[Key, float] = defaultdict(float)
    for row, km in zip(records(solution.trips), _lengths(solution.network, solution.trips), strict=True):
        made[row.origin, row.destination, row.mode, row.period] += row.trips
        yield abs(row.trips - round(row.trips)), f"{row.origin}->{row.destination}/{row.period}"
        if np.isnan(km):
            yield row.trips, f"{row.origin}->{row.destination} by {row.mode}: no lane"
    for row in records(solution.shipped):
        if row.mode in modes:
            loads[row.origin, row.destination, row.mode, row.period] += row.tonnes
    for key in loads.keys() | made.keys():
        mode = modes[key[2]]
        vehicles = loads[key] / float(mode.trip_capacity_t or np.inf)
        if mode.name in expected:
            way = position[key[0]], position[key[1]], solution.network.period_index[key[3]]
            vehicles = loads[key] * float(np.nan_to_num(expected[mode.name].rounds[way]))
        if mode.whole_trips:
            yield over(vehicles, made[key]), "->".join(key[:2])
        ended[key[1], key[2], key[3]] += made[key] if mode.whole_trips else vehicles
    for (depot, name, period), count in ended.items():
        most = modes[name].trips_per_depot
        yield over(count, np.inf if most is None else most), f"{depot}/{name}/{period}"


def visits(solution: Solution) -> Residuals:
    """Yield what rounds take from a place beyond what its visits carry, by tonnes and by slots."""
    network = solution.network
    slots_per_t = {product.name: product.slots_per_t for product in network.products}
    modes = {mode.name: mode for mode in network.modes if mode.visits_per_period is not None}
    taken: dict[Key, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in records(solution.shipped[solution.shipped["mode"].isin(modes)]):
        taken[row.origin, row.mode, row.period][0] += row.tonnes
        taken[row.origin, row.mode, row.period][1] += row.tonnes * slots_per_t[row.product]
    for key, (tonnes, slots) in taken.items():
        mode = modes[key[1]]
        times = mode.visits_per_period or 0.0
        yield over(tonnes, times * float(mode.trip_capacity_t or np.inf), own_tonne(network)), "/".join(key)
        if mode.vehicle_slots is not None:
            yield over(slots, times * mode.vehicle_slots), "/".join(key)


def rounds(solution: Solution) -> Residuals:
    """Yield trips of mobile stations (tonnes, where they need not be whole) to where nothing stands that takes them."""
    network = solution.network
    mobile = {mode.name: mode for mode in network.modes if mode.is_mobile}
    standing: dict[Key, bool] = defaultdict(bool)
    for row in records(solution.facilities):
        for name, mode in mobile.items():
            standing[row.site, name, row.period] |= takes_the_rounds_of(network, mode, row.type)
    for table, unit in ((solution.trips, 1.0), (solution.shipped, own_tonne(network))):
        for row in records(table[table["mode"].isin(mobile)]):
            if not standing[row.destination, row.mode, row.period]:
                yield over(row[-1], 0.0, unit), f"{row.origin}->{row.destination} by {row.mode}/{row.period}: no depot"


def ends(solution: Solution) -> Residuals:
    """Yield what markets and disposals get beyond their most, or where there is none."""
    network, tonne = solution.network, own_tonne(solution.network)
    markets = {(m.site, m.product): m.most_t for m in network.markets}
    ways = {(d.site, d.product, d.type): d.most_t for d in network.disposals}
    for row in records(solution.sold):
        most = markets.get((row.site, row.product), 0.0)
        yield over(row.tonnes, _at(network, most, row.period), tonne), f"{row.site}/{row.product}/{row.period}"
    for row in records(solution.disposed):
        most = ways.get((row.site, row.product, row.type), 0.0)
        stands = not row.type or bool(solution.careers[row.site, row.type].is_open[network.period_index[row.period]])
        yield over(row.tonnes, _at(network, most, row.period) if stands else 0.0, tonne), f"{row.site}/{row.product}"


def _at(network: Network, most: float | tuple[float, ...] | None, period: str) -> float:
    return np.inf if most is None else float(network.profile(most)[network.period_index[period]])
