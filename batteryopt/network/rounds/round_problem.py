"""Rounds as a problem of its own: depots, places to be visited once, and vehicles; and plans that visit them.

One visit of each place is planned. How often that is done in a period stands outside, with whoever asks.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import Fault, InvalidInput

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RoundVehicle:
    """What a vehicle can do in a shift, and what it costs.

    Attributes
    ----------
    capacity_t
        Tonnes on board.
    slots
        Places on board for dangerous goods; infinite: they are not counted.
    shift_hours
        From the depot back to it, stops included; infinite: they are not counted.
    stop_hours
        At each place.
    most_stops
        Places in a round; infinite: any number.
    cost_per_round, cost_per_km, cost_per_hour
        A vehicle and shift; what it drives; its time, stops included.
    """

    capacity_t: float
    slots: float = np.inf
    shift_hours: float = np.inf
    stop_hours: float = 0.0
    most_stops: float = np.inf
    cost_per_round: float = 0.0
    cost_per_km: float = 1.0
    cost_per_hour: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundProblem:
    """Places of which each is to be visited once, by one vehicle that comes from a depot and returns to it.

    Attributes
    ----------
    depots, places
        Names (m), (n).
    km, hours
        Ways between all of them, depots first (m + n, m + n); NaN: no way.
    load_t, slots
        What is collected at each place (n).
    depot_capacity_t
        What all rounds bring to each depot at most (m); infinite: any amount.
    vehicles
        Rounds of each depot at most (m); infinite: any number.

    Raises
    ------
    InvalidInput
        With every place that no round can serve, and why.
    """

    name: str
    depots: tuple[str, ...]
    places: tuple[str, ...]
    km: Floats
    hours: Floats
    load_t: Floats
    slots: Floats
    vehicle: RoundVehicle
    depot_capacity_t: Floats
    vehicles: Floats

    def __post_init__(self) -> None:
        faults = list(_unserved(self))
        if faults:
            raise InvalidInput(self.name, faults)

    @cached_property
    def way_cost(self) -> Floats:
        """What each way costs, km and hours on it (m + n, m + n); infinite where there is none."""
        cost = self.km * self.vehicle.cost_per_km + self.hours * self.vehicle.cost_per_hour
        return np.where(np.isnan(cost), np.inf, cost)

    @property
    def stop_cost(self) -> float:
        """What the stops of all places cost, whatever the rounds."""
        return len(self.places) * self.vehicle.stop_hours * self.vehicle.cost_per_hour

    @cached_property
    def there_and_back(self) -> Floats:
        """What the cheapest way from a depot to each place and back costs (n), whatever the shift."""
        m = len(self.depots)
        return np.asarray((self.way_cost[:m, m:] + self.way_cost[m:, :m].T).min(axis=0), dtype=float)

    def only(self, depots: Ints) -> RoundProblem:
        """Return the problem with some of its depots."""
        m = len(self.depots)
        keep = np.concatenate([depots, np.arange(m, m + len(self.places))])
        return dataclasses.replace(
            self,
            depots=tuple(self.depots[d] for d in depots.tolist()),
            km=self.km[np.ix_(keep, keep)],
            hours=self.hours[np.ix_(keep, keep)],
            depot_capacity_t=self.depot_capacity_t[depots],
            vehicles=self.vehicles[depots],
        )

    def of(self, places: Ints, room: Floats, vehicles: Floats) -> RoundProblem:
        """Return the problem of some places, with what room (m) and vehicles (m) of the depots are theirs."""
        m = len(self.depots)
        keep = np.concatenate([np.arange(m), m + places])
        return dataclasses.replace(
            self,
            places=tuple(self.places[p] for p in places.tolist()),
            km=self.km[np.ix_(keep, keep)],
            hours=self.hours[np.ix_(keep, keep)],
            load_t=self.load_t[places],
            slots=self.slots[places],
            depot_capacity_t=room,
            vehicles=vehicles,
        )


@dataclass(frozen=True, kw_only=True)
class VehicleRound:
    """One vehicle's round: the depot where it begins and ends, and its stops in their order, by position."""

    depot: int
    stops: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundPlan:
    """Rounds of a problem; its figures are recomputed from the problem, whoever planned them."""

    problem: RoundProblem
    rounds: tuple[VehicleRound, ...]

    def ways(self, each: VehicleRound) -> Iterator[tuple[int, int]]:
        """Yield the ways of a round as rows and columns of the problem's matrices."""
        m = len(self.problem.depots)
        nodes = [each.depot, *(m + stop for stop in each.stops), each.depot]
        yield from itertools.pairwise(nodes)

    def km_of(self, each: VehicleRound) -> float:
        """Return what a round drives."""
        return float(sum(self.problem.km[way] for way in self.ways(each)))

    def hours_of(self, each: VehicleRound) -> float:
        """Return how long a round takes, stops included."""
        driving = float(sum(self.problem.hours[way] for way in self.ways(each)))
        return driving + len(each.stops) * self.problem.vehicle.stop_hours

    def load_of(self, each: VehicleRound) -> float:
        """Return the tonnes that a round brings home."""
        return float(sum(self.problem.load_t[stop] for stop in each.stops))

    def cost_of(self, each: VehicleRound) -> float:
        """Return what a round costs."""
        vehicle = self.problem.vehicle
        moving = self.km_of(each) * vehicle.cost_per_km + self.hours_of(each) * vehicle.cost_per_hour
        return vehicle.cost_per_round + moving

    @property
    def km(self) -> float:
        """What all rounds drive."""
        return sum(self.km_of(each) for each in self.rounds)

    @property
    def hours(self) -> float:
        """How long all rounds take together."""
        return sum(self.hours_of(each) for each in self.rounds)

    @property
    def cost(self) -> float:
        """What all rounds cost."""
        return sum(self.cost_of(each) for each in self.rounds)

    @property
    def load_factor(self) -> float:
        """Tonnes brought home over tonnes that the vehicles could have brought; 0 without rounds."""
        room = len(self.rounds) * self.problem.vehicle.capacity_t
        return float(self.problem.load_t.sum() / room) if room else 0.0


def _unserved(problem: RoundProblem) -> Iterator[Fault]:
    """Yield places that are beyond a vehicle's load, slots or shift, and depots that have no vehicle at all."""
    vehicle, m = problem.vehicle, len(problem.depots)
    if len(problem.places) and not (problem.vehicles >= 1).any():
        yield Fault(place="depots", problem="have no vehicle", remedy="expected at least one round from one of them")
    hours = problem.hours[:m, m:] + problem.hours[m:, :m].T + vehicle.stop_hours
    least = np.where(np.isnan(hours), np.inf, hours).min(axis=0, initial=np.inf)
    for position, place in enumerate(problem.places):
        load, slots = problem.load_t[position], problem.slots[position]
        if load > vehicle.capacity_t * (1 + 1e-9):
            remedy = f"visit more often, or have vehicles of at least {load:g} t"
            yield Fault(place=place, problem=f"has {load:g} t, and a vehicle {vehicle.capacity_t:g} t", remedy=remedy)
        if slots > vehicle.slots * (1 + 1e-9):
            remedy = "visit more often, or have vehicles with more slots"
            yield Fault(place=place, problem=f"needs {slots:g} slots of {vehicle.slots:g}", remedy=remedy)
        if least[position] > vehicle.shift_hours * (1 + 1e-9):
            problem_ = "has no way to a depot"
            if np.isfinite(least[position]):
                problem_ = f"is {least[position]:.3g} h away and back, a shift has {vehicle.shift_hours:g} h"
            yield Fault(place=place, problem=problem_, remedy="expected a longer shift, or a nearer depot")
