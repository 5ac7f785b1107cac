"""A plan's rounds as tasks: for each period, mode and depot the places that the plan sends there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from batteryopt.network.data.flows import Mode
from batteryopt.network.data.geography import hours_on_ways, lanes_of, table_km
from batteryopt.network.data.instance import Network
from batteryopt.network.data.round_figures import MINUTES_PER_HOUR, round_figures
from batteryopt.network.plan.careers import records
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundProblem, RoundVehicle

WORKING_DAYS = 250.0
"""Of a year: on how many days vehicles go out."""
SMALLEST = 1e-6
"""Tonnes a period below which nobody is sent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundTask:
    """The rounds of one depot by one mode in one period.

    Attributes
    ----------
    visits
        How often they are driven in the period.
    days
        Working days from one visit to the next, at least one.
    problem
        What is collected at one visit.
    expected
        What the plan reckons with for the whole period, in the period's money, by place (n).
    direct
        What a vehicle for each place, there and back, would cost in the period.
    leaving
        What it costs to leave a place's load where it fell (n), in the period; infinite where it must be collected.
    emission_kg_per_km
        Of a vehicle.
    """

    period: str
    mode: str
    depot: str
    visits: float
    days: int
    problem: RoundProblem
    expected: Floats
    direct: float
    leaving: Floats
    emission_kg_per_km: float


def tasks_of(network: Network, shipped: pd.DataFrame) -> list[RoundTask]:
    """Return the tasks of a plan, in the order of periods, modes and depots.

    Parameters
    ----------
    shipped
        What travels: origin, destination, mode, product, period, tonnes.

    Raises
    ------
    InvalidInput
        With every place that no round can serve.
    """
    modes = {mode.name: mode for mode in network.modes if mode.visits_per_period is not None}
    slots = {product.name: product.slots_per_t for product in network.products}
    leaving = _prices_of_leaving(network)
    loads: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0] * 3))
    for row in records(shipped[shipped["mode"].isin(modes)]):
        load = loads[row.period, row.mode, row.destination][row.origin]
        load[0] += row.tonnes
        load[1] += row.tonnes * slots[row.product]
        load[2] += row.tonnes * leaving.get((row.origin, row.product, row.period), np.inf)
    ways = {name: _Ways(network, mode) for name, mode in modes.items()}
    keys = [
        (period.name, mode, site.name)
        for period in network.periods
        for mode in modes
        for site in network.sites
        if (period.name, mode, site.name) in loads
    ]
    return [task for key in keys if (task := _task(network, ways[key[1]], key, loads[key])) is not None]


def _prices_of_leaving(network: Network) -> dict[tuple[str, str, str], float]:
    """Return what leaving a tonne costs, by site, product and period, of what returns there and may be left."""
    prices = {product.name: product.uncollected_cost_per_t for product in network.products}
    return {
        (row.site, row.product, period.name): float(network.profile(price)[t])
        for row in network.returns
        if (price := prices[row.product]) is not None
        for t, period in enumerate(network.periods)
    }


class _Ways:
    """Km, hours and expectations of a mode, computed once for all its tasks."""

    def __init__(self, network: Network, mode: Mode) -> None:
        self.mode = mode
        self.position = {site.name: i for i, site in enumerate(network.sites)}
        lanes = lanes_of(network, mode)
        self.own = {pair: lane.distance_km for pair, lane in lanes.items() if lane.distance_km is not None}
        self.km = table_km(network, mode.distance) * mode.detour_factor
        self.figures = round_figures(network, mode)

    def between(self, network: Network, depot: int, places: Ints) -> tuple[Floats, Floats]:
        """Return km and hours between a depot and places, and among these.

        A lane's own km count on the way to its depot, and on the way out where the lane out has none of its own; where
        a table has no way out of the depot it is as long as the way home. From place to place a vehicle goes wherever
        the table has a way.
        """
        nodes = np.concatenate([[depot], places])
        km = np.array(self.km[np.ix_(nodes, nodes)])
        for row, place in enumerate(places.tolist(), 1):
            home = self.own.get((place, depot))
            km[row, 0] = km[row, 0] if home is None else home
            out = self.own.get((depot, place), home)
            km[0, row] = km[0, row] if out is None else out
        km[0] = np.where(np.isnan(km[0]), km[:, 0], km[0])
        np.fill_diagonal(km, 0.0)
        if not self.mode.hours:
            return km, hours_on_ways(network, self.mode, km)
        hours = np.array(network.distances[self.mode.hours][np.ix_(nodes, nodes)], dtype=float)
        np.fill_diagonal(hours, 0.0)
        hours[0] = np.where(np.isnan(hours[0]), hours[:, 0], hours[0])
        return km, hours


def _task(
    network: Network, ways: _Ways, key: tuple[str, str, str], load: Mapping[str, list[float]]
) -> RoundTask | None:
    period, name, depot = key
    mode, t = ways.mode, network.period_index[period]
    names = [site for site, (tonnes, *_) in load.items() if tonnes > SMALLEST]
    if not names:
        return None
    visits = float(mode.visits_per_period or 1.0)
    places = np.array([ways.position[site] for site in names], dtype=np.int64)
    home = ways.position[depot]
    km, hours = ways.between(network, home, places)
    tonnes = np.array([load[site][0] for site in names])
    slots = np.array([load[site][1] for site in names])
    vehicle = vehicle_of(network, mode, t)
    problem = RoundProblem(
        name=f"{name} from {depot} in {period}",
        depots=(depot,),
        places=tuple(names),
        km=km,
        hours=hours,
        load_t=tonnes / visits,
        slots=slots / visits,
        vehicle=vehicle,
        depot_capacity_t=np.full(1, np.inf),
        vehicles=np.full(1, np.inf if mode.trips_per_depot is None else np.floor(mode.trips_per_depot / visits + 1e-9)),
    )
    at = (places, home, t)
    figures = ways.figures
    expected = figures.rounds[at] * vehicle.cost_per_round + figures.km[at] * vehicle.cost_per_km
    expected = (expected + figures.hours[at] * vehicle.cost_per_hour) * tonnes
    alone = len(names) * vehicle.cost_per_round + problem.there_and_back.sum() + problem.stop_cost
    return RoundTask(
        period=period,
        mode=name,
        depot=depot,
        visits=visits,
        days=max(1, int(network.periods[t].years * WORKING_DAYS / visits + 1e-9)),
        problem=problem,
        expected=np.asarray(expected, dtype=float),
        direct=float(alone) * visits,
        leaving=np.array([load[site][2] for site in names]),
        emission_kg_per_km=float(network.profile(mode.emission_kg_per_trip_km)[t]),
    )


def vehicle_of(network: Network, mode: Mode, t: int) -> RoundVehicle:
    """Return a mode's vehicle with its prices in a period."""
    return RoundVehicle(
        capacity_t=float(mode.trip_capacity_t or np.inf),
        slots=float(np.inf if mode.vehicle_slots is None else mode.vehicle_slots),
        shift_hours=float(np.inf if mode.shift_hours is None else mode.shift_hours),
        stop_hours=mode.stop_minutes / MINUTES_PER_HOUR,
        most_stops=float(np.inf if mode.most_stops is None else np.floor(mode.most_stops)),
        cost_per_round=float(network.profile(mode.cost_per_trip)[t]),
        cost_per_km=float(network.profile(mode.cost_per_trip_km)[t]),
        cost_per_hour=float(network.profile(mode.cost_per_hour)[t]),
    )
