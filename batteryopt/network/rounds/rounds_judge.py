"""Judging ``rounds.csv`` from the network's tables and the plan's flows, without PyVRP and the tasks that it solved."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.network.data.flows import Mode
from batteryopt.network.data.geography import lanes_of, table_km
from batteryopt.network.data.instance import Network
from batteryopt.network.plan.careers import records

TOLERANCE = 1e-6
"""Largest relative residual that passes; planners reckon in whole numbers of a grid of 10^8."""

Stops = list[Any]
"""Rows of one round."""


def judge_rounds(
    network: Network,
    *,
    shipped: pd.DataFrame,
    facilities: pd.DataFrame,
    rounds: pd.DataFrame,
    cost: float,
    km: float,
    bound: float,
) -> Certificate:
    """Return the certificate of the rounds of a plan.

    Parameters
    ----------
    rounds
        A row a stop: period, depot, vehicle, stop, place, arrival, tonnes, mode, day, visits, slots, km.
    cost, km, bound
        What they are said to cost and to be long, and to cost at least, undiscounted and over all periods.
    """
    modes = {mode.name: mode for mode in network.modes if mode.visits_per_period is not None}
    judges = {name: _OfMode(network, mode) for name, mode in modes.items()}
    by_round: dict[tuple[str, str, str, int, str], Stops] = defaultdict(list)
    for row in records(rounds):
        by_round[row.period, row.depot, row.vehicle, int(row.day), row.mode].append(row)
    found: dict[str, list[float]] = defaultdict(list)
    costs: list[float] = []
    lengths: list[float] = []
    for (period, depot, _, _, name), stops in by_round.items():
        judged = judges[name].residuals(period, depot, sorted(stops, key=lambda row: row.stop))
        for claim, residual in judged.items():
            if claim in ("cost", "km"):
                (costs if claim == "cost" else lengths).append(residual * float(modes[name].visits_per_period or 0.0))
            else:
                found[claim].append(residual)
    claims = {
        "every-place-is-served-as-often-as-it-must": _served(modes, shipped, rounds),
        "vehicles-carry-it": found["load"],
        "slots-are-enough": found["slots"],
        "no-round-has-too-many-stops": found["stops"],
        "shifts-are-long-enough": found["shift"],
        "arrivals-are-what-ways-and-stops-take": found["arrival"],
        "rounds-end-where-they-began": found["home"],
        "depots-are-open": _open(network, modes, facilities, rounds),
        "depots-have-the-vehicles": _vehicles(modes, by_round),
        "cost-recomputed": [abs(math.fsum(costs) - cost) / max(1.0, abs(cost))],
        "km-recomputed": [abs(math.fsum(lengths) - km) / max(1.0, km)],
    }
    checks = [_check(name, residuals) for name, residuals in claims.items()]
    beyond = max(0.0, bound - cost) / max(1.0, abs(cost))
    last = Check(name="bound", residual=beyond, tolerance=BOUND_TOLERANCE, detail=f"{bound:.10g}")
    return Certificate((*checks, last))


def _check(name: str, residuals: Iterable[float]) -> Check:
    values = list(residuals)
    worst = math.nan if any(math.isnan(value) for value in values) else max(values, default=0.0)
    return Check(name=name, residual=float(worst), tolerance=TOLERANCE)


def _over(amount: float, most: float | None) -> float:
    return 0.0 if most is None else max(0.0, amount - most) / max(1e-12, most)


class _OfMode:
    """Km and hours by names, as the network's tables say them."""

    def __init__(self, network: Network, mode: Mode) -> None:
        self.network, self.mode = network, mode
        self.position = {site.name: i for i, site in enumerate(network.sites)}
        self.km = table_km(network, mode.distance) * mode.detour_factor
        lanes = lanes_of(network, mode)
        self.own = {pair: lane.distance_km for pair, lane in lanes.items() if lane.distance_km is not None}

    def way(self, one: str, other: str, depot: str) -> tuple[float, float]:
        """Return km and hours from one place to another; between a depot and a place the lane's own km count."""
        pair = self.position[one], self.position[other]
        km = float(self.km[pair])
        if depot in (one, other):
            km = self.own.get(pair, km if other == depot or pair[::-1] not in self.own else self.own[pair[::-1]])
            km = float(self.km[pair[::-1]]) if np.isnan(km) else km
        if self.mode.hours:
            table = self.network.distances[self.mode.hours]
            hours = float(table[pair])
            return km, float(table[pair[::-1]]) if np.isnan(hours) and one == depot else hours
        return km, km / self.mode.speed_km_per_hour if self.mode.speed_km_per_hour else 0.0

    def residuals(self, period: str, depot: str, stops: Stops) -> dict[str, float]:
        """Return what one round breaks, and its cost and km."""
        mode, t, at, clock, km = self.mode, self.network.period_index[period], depot, 0.0, 0.0
        late = 0.0
        for row in stops:
            length, hours = self.way(at, row.place, depot) if at != row.place else (0.0, 0.0)
            km, clock, at = km + length, clock + hours, row.place
            late = max(late, abs(clock - row.arrival), abs(length - row.km) / max(1.0, length))
            clock += 0.0 if row.place == depot else mode.stop_minutes / 60.0
        places = [row for row in stops if row.place != depot]
        price = {
            name: float(self.network.profile(getattr(mode, name))[t])
            for name in ("cost_per_trip", "cost_per_trip_km", "cost_per_hour")
        }
        return {
            "load": _over(math.fsum(row.tonnes for row in places), mode.trip_capacity_t),
            "slots": _over(math.fsum(row.slots for row in places), mode.vehicle_slots),
            "stops": _over(len(places), mode.most_stops),
            "shift": _over(clock, mode.shift_hours),
            "arrival": late,
            "home": float(at != depot or not places),
            "cost": price["cost_per_trip"] + price["cost_per_trip_km"] * km + price["cost_per_hour"] * clock,
            "km": km,
        }


def _served(modes: Mapping[str, Mode], shipped: pd.DataFrame, rounds: pd.DataFrame) -> Iterable[float]:
    """Yield what differs of what the plan sends and what rounds bring; 1 where a place is not visited just once."""
    sent: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for row in records(shipped[shipped["mode"].isin(modes)]):
        sent[row.period, row.mode, row.origin, row.destination] += row.tonnes
    brought: dict[tuple[str, str, str, str], float] = defaultdict(float)
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for row in records(rounds):
        if row.place != row.depot:
            key = (row.period, row.mode, row.place, row.depot)
            brought[key] += row.tonnes * float(modes[row.mode].visits_per_period or 0.0)
            counts[key] += 1
    for key in sent.keys() | brought.keys():
        if sent[key] > TOLERANCE or brought[key] > TOLERANCE:
            yield abs(sent[key] - brought[key]) / max(1.0, sent[key])
            yield float(counts[key] != 1)


def _open(
    network: Network, modes: Mapping[str, Mode], facilities: pd.DataFrame, rounds: pd.DataFrame
) -> Iterable[float]:
    """Yield 1 for a depot where nothing takes what the mode carries: no facility, market or disposal."""
    every = {product.name for product in network.products}
    takers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in records(facilities):
        kind = network.types_by_name[row.type]
        uses = {name for recipe in kind.recipes for name, _ in recipe.inputs} | {s.product for s in kind.storage}
        takers[row.site, row.period] |= uses
    for table in (network.markets, network.disposals):
        for way in table:
            for period in network.periods:
                takers[way.site, period.name].add(way.product)
    for row in records(rounds[["depot", "period", "mode"]].drop_duplicates()):
        products = modes[row.mode].products
        yield float(takers[row.depot, row.period].isdisjoint(every if products is None else products))


def _vehicles(modes: Mapping[str, Mode], by_round: Mapping[tuple[str, str, str, int, str], Stops]) -> Iterable[float]:
    """Yield rounds of a depot in a period beyond those that its vehicles have time for."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for period, depot, _, _, mode in by_round:
        counts[period, depot, mode] += 1
    for (_, _, mode), count in counts.items():
        yield _over(count * float(modes[mode].visits_per_period or 0.0), modes[mode].trips_per_depot)
    if not np.isfinite(sum(counts.values())):
        yield math.nan
