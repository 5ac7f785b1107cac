"""Rounds that would make a choice cheaper, at the prices that it puts on places and on room: found stop by stop.

A round's reduced cost is what it costs, less what its places are worth. Rounds grow by one stop a step, all at once; of
those that end at the same place only the cheapest few go on. So rounds may be missed: what is found is of use, and that
nothing is found proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batteryopt.network.rounds.round_problem import Floats, Ints, RoundProblem, VehicleRound

KEPT = 16
"""Rounds that end at the same place and go on from there, while prices are sought."""
MIXING = np.random.default_rng(0).integers(2**20, 2**50, 10_000)
"""A large number for each place: sums of those of other sets of places are other ones, as good as surely."""
FITS = 1 + 1e-9
"""What vehicles hold and shifts have, with what sums are off by."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _RoundPrices:
    """Ways from one depot, each way to a place less what the place is worth."""

    problem: RoundProblem
    depot: int
    worth: Floats

    @cached_property
    def out(self) -> Floats:
        """From the depot to each place (n), a vehicle included."""
        m, vehicle = len(self.problem.depots), self.problem.vehicle
        stop = vehicle.stop_hours * vehicle.cost_per_hour
        return np.asarray(self.problem.way_cost[self.depot, m:] - self.worth + stop + vehicle.cost_per_round)

    @cached_property
    def between(self) -> Floats:
        """From place to place (n, n)."""
        m, vehicle = len(self.problem.depots), self.problem.vehicle
        return np.asarray(self.problem.way_cost[m:, m:] - self.worth + vehicle.stop_hours * vehicle.cost_per_hour)

    @cached_property
    def home(self) -> Floats:
        """Back to the depot (n)."""
        return np.asarray(self.problem.way_cost[len(self.problem.depots) :, self.depot])


@dataclass(frozen=True, kw_only=True, eq=False)
class _GrowingRounds:
    """Rounds under way (rows): reduced cost so far, loads, hours, stops in their order, and which places they hold."""

    cost: Floats
    load: Floats
    slots: Floats
    hours: Floats
    stops: Ints
    holds: np.typing.NDArray[np.bool_]


def cheaper_rounds(
    problem: RoundProblem,
    depot: int,
    by_place: Floats,
    by_tonne: float,
    *,
    most: int,
    below: float = 0.0,
    kept: int = KEPT,
) -> list[VehicleRound]:
    """Return rounds from a depot whose reduced cost is below zero, or another number, the least first.

    Parameters
    ----------
    by_place
        What serving each place is worth (n).
    by_tonne
        What a tonne of the depot's room is worth, at most zero: the derivative of the optimum by room.
    most
        So many rounds at most, and no two of the same places.
    kept
        Rounds that end at the same place and go on from there.
    """
    prices = _RoundPrices(problem=problem, depot=depot, worth=by_place + by_tonne * problem.load_t)
    enough = below - 1e-7 * max(1.0, float(np.abs(by_place).max(initial=0.0)))
    found: dict[bytes, tuple[float, VehicleRound]] = {}
    for growing in _grown(prices, kept):
        closed = growing.cost + prices.home[growing.stops[:, -1]]
        for row in np.argsort(closed, kind="stable")[:most].tolist():
            key, cost = growing.holds[row].tobytes(), float(closed[row])
            if cost < found.get(key, (enough, None))[0]:
                found[key] = (cost, VehicleRound(depot=depot, stops=tuple(growing.stops[row].tolist())))
    return [each for _, each in sorted(found.values(), key=lambda pair: pair[0])[:most]]


def _grown(prices: _RoundPrices, kept: int) -> Iterator[_GrowingRounds]:
    """Yield rounds of one stop, of two, and so on, as long as there are any."""
    problem, n = prices.problem, len(prices.problem.places)
    first, m = np.flatnonzero(np.isfinite(prices.out)), len(prices.problem.depots)
    growing = _GrowingRounds(
        cost=prices.out[first],
        load=problem.load_t[first],
        slots=problem.slots[first],
        hours=_hours(problem)[prices.depot, m + first] + problem.vehicle.stop_hours,
        stops=first[:, None],
        holds=np.eye(n, dtype=bool)[first],
    )
    growing = _chosen(growing, np.flatnonzero(_in_time(prices, growing.hours, first)))
    while len(growing.cost):
        yield growing
        if growing.stops.shape[1] >= problem.vehicle.most_stops:
            return
        growing = _longer(prices, growing, kept)


def _longer(prices: _RoundPrices, growing: _GrowingRounds, kept: int) -> _GrowingRounds:
    """Return rounds with one stop more, of those that end at the same place the cheapest."""
    problem, vehicle, m = prices.problem, prices.problem.vehicle, len(prices.problem.depots)
    last = growing.stops[:, -1]
    cost = growing.cost[:, None] + prices.between[last]
    is_full = growing.holds | (growing.load[:, None] + problem.load_t > vehicle.capacity_t * FITS)
    is_full |= growing.slots[:, None] + problem.slots > vehicle.slots * FITS
    cost[is_full] = np.inf
    few = np.argsort(cost, axis=0, kind="stable")[: 2 * kept].T.ravel()
    place = np.repeat(np.arange(len(problem.places)), min(len(cost), 2 * kept))
    keep = np.isfinite(cost[few, place])
    few, place = few[keep], place[keep]
    hours = growing.hours[few] + _hours(problem)[m + last[few], m + place] + vehicle.stop_hours
    holds = growing.holds[few]
    holds[np.arange(len(few)), place] = True
    longer = _GrowingRounds(
        cost=cost[few, place],
        load=growing.load[few] + problem.load_t[place],
        slots=growing.slots[few] + problem.slots[place],
        hours=hours,
        stops=np.concatenate([growing.stops[few], place[:, None]], axis=1),
        holds=holds,
    )
    longer = _chosen(longer, np.flatnonzero(_in_time(prices, hours, place)))
    return _chosen(longer, _cheapest_few(longer, kept))


def _cheapest_few(growing: _GrowingRounds, kept: int) -> Ints:
    """Return the rows that go on: of the same places and the same last one only the first, which is the cheapest.

    Rows stand by their last place, and for each of these by cost.
    """
    last = growing.stops[:, -1]
    mixed = growing.holds @ MIXING[: growing.holds.shape[1]] + last
    _, first = np.unique(mixed, return_index=True)
    first = np.sort(first)
    begins = np.searchsorted(last[first], last[first], side="left")
    return np.asarray(first[np.arange(len(first)) - begins < kept], dtype=np.int64)


def _chosen(growing: _GrowingRounds, rows: Ints) -> _GrowingRounds:
    return _GrowingRounds(
        cost=growing.cost[rows],
        load=growing.load[rows],
        slots=growing.slots[rows],
        hours=growing.hours[rows],
        stops=growing.stops[rows],
        holds=growing.holds[rows],
    )


def _hours(problem: RoundProblem) -> Floats:
    return np.where(np.isnan(problem.hours), np.inf, problem.hours)


def _in_time(prices: _RoundPrices, hours: Floats, last: Ints) -> np.typing.NDArray[np.bool_]:
    """Return which rounds are home before their shift ends, and have a way home at all."""
    problem, m = prices.problem, len(prices.problem.depots)
    home = _hours(problem)[m + last, prices.depot]
    is_home = np.isfinite(prices.home[last])
    return np.asarray(is_home & (hours + home <= problem.vehicle.shift_hours * FITS))
