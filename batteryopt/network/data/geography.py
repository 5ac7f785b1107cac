"""Distances: how far it is from site to site by each mode, and who lives along the way."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.flows import GREAT_CIRCLE, Lane, Mode

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

CELLS = 4_000_000
"""Lengths that are looked at at once."""
NOTHING: Ints = np.zeros(0, dtype=np.int64)
EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def great_circle_km(latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Return distances (n, n) along the sphere."""
    every = np.arange(len(latitude_deg))
    return _Circle(latitude_deg, longitude_deg).at(every[:, None], every)


def nearest_km(degrees: Floats) -> Floats:
    """Return how far the nearest other point is (n), of latitudes and longitudes (n, 2)."""
    every, circle = np.arange(len(degrees)), _Circle(degrees[:, 0], degrees[:, 1])
    found = np.full(len(degrees), np.inf)
    step = max(1, CELLS // max(1, len(degrees)))
    for first in range(0, len(degrees), step):
        mine = every[first : first + step]
        km = circle.at(mine[:, None], every)
        km[mine[:, None] == every] = np.inf
        found[mine] = km.min(axis=1)
    return found


class _Circle:
    """Distances along the sphere, by the haversine formula, which is exact for near points too."""

    def __init__(self, latitude_deg: Floats, longitude_deg: Floats) -> None:
        self._latitude, self._longitude = np.radians(latitude_deg), np.radians(longitude_deg)
        self._cosine = np.cos(self._latitude)

    def at(self, origin: Ints, destination: Ints) -> Floats:
        """Return km from each point to each other, by position (as both broadcast)."""
        half_chord_squared = np.sin((self._latitude[origin] - self._latitude[destination]) / 2) ** 2
        half_chord_squared += (
            self._cosine[origin]
            * self._cosine[destination]
            * np.sin((self._longitude[origin] - self._longitude[destination]) / 2) ** 2
        )
        return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord_squared, 0, 1))), dtype=float)


def nearest_among(network: UnjudgedNetwork, name: str, places: Ints) -> Floats:
    """Return how far the nearest of some places is from each site (sites), by name of distances; infinite: no way."""
    every, found = np.arange(len(network.sites)), np.full(len(network.sites), np.inf)
    circle = _Circle(*_degrees(network)) if name == GREAT_CIRCLE else None
    step = max(1, CELLS // max(1, len(places)))
    for first in range(0, len(every) if len(places) else 0, step):
        mine = every[first : first + step]
        km = network.distances[name][np.ix_(mine, places)] if circle is None else circle.at(mine[:, None], places)
        found[mine] = np.where(np.isnan(km), np.inf, km).min(axis=1)
    found[places] = 0.0
    return found


def flat_positions(network: UnjudgedNetwork) -> Floats | None:
    """Return coordinates of the sites (sites, 2), stretched so that a degree is as long both ways; None without any."""
    pairs = [(site.latitude_deg, site.longitude_deg) for site in network.sites]
    if any(value is None for pair in pairs for value in pair):
        return None
    degrees = np.array(pairs, dtype=float)
    degrees[:, 1] *= np.cos(np.radians(degrees[:, 0].mean()))
    return degrees


def table_km(network: UnjudgedNetwork, name: str) -> Floats:
    """Return distances (sites, sites) by name, a matrix of the instance or the great circle; NaN: no way."""
    if name != GREAT_CIRCLE:
        return np.asarray(network.distances[name], dtype=float)
    return great_circle_km(*_degrees(network))


def _degrees(network: UnjudgedNetwork) -> Floats:
    """Return latitudes and longitudes of the sites (2, sites)."""
    coordinates = [(site.latitude_deg, site.longitude_deg) for site in network.sites]
    return np.array(coordinates, dtype=float).reshape(-1, 2).T


class Ways:
    """The lanes of a mode with their lengths, found where they are asked for.

    The square of ten thousand places takes a gigabyte, and nearly all of it is beyond what a mode may drive.
    """

    def __init__(self, network: UnjudgedNetwork, mode: Mode) -> None:
        self.mode = mode
        self.size = len(network.sites)
        is_circle = mode.distance == GREAT_CIRCLE
        self._circle = _Circle(*_degrees(network)) if is_circle else None
        self._table = None if is_circle else np.asarray(network.distances[mode.distance], dtype=float)
        stated = sorted(
            (origin * self.size + destination, lane.distance_km if lane.is_allowed else np.nan)
            for (origin, destination), lane in lanes_of(network, mode).items()
            if not lane.is_allowed or lane.distance_km is not None
        )
        self._stated = np.array([pair for pair, _ in stated], dtype=np.int64)
        self._stated_km = np.array([km for _, km in stated], dtype=float)
        self._is_too_long = self._beyond_the_shift(network)

    def _beyond_the_shift(self, network: UnjudgedNetwork) -> Bools | None:
        """Return where a round with one stop is longer than the shift (sites, sites); rounds need the square anyway."""
        mode = self.mode
        if mode.visits_per_period is None or mode.shift_hours is None:
            return None
        every = np.arange(self.size)
        hours = shortest_hours(network, mode, self._lanes(every[:, None], every))
        return np.asarray(hours > mode.shift_hours * (1 + 1e-9))

    def at(self, origin: Ints, destination: Ints) -> Floats:
        """Return km by position of both ends (as they broadcast); NaN where there is no lane."""
        km = self._lanes(origin, destination)
        if self._is_too_long is not None:
            km[self._is_too_long[origin, destination]] = np.nan
        return km

    def _lanes(self, origin: Ints, destination: Ints) -> Floats:
        km = self._between(origin, destination) * self.mode.detour_factor
        if self.mode.longest_km is not None:
            km[km > self.mode.longest_km] = np.nan
        if self.mode.shortest_km > 0:
            km[km < self.mode.shortest_km] = np.nan
        km[np.broadcast_to(np.equal(origin, destination), km.shape)] = np.nan
        if len(self._stated):
            pair = np.asarray(origin * self.size + destination)
            place = np.minimum(np.searchsorted(self._stated, pair), len(self._stated) - 1)
            km = np.where(self._stated[place] == pair, self._stated_km[place], km)
        return km

    def _between(self, origin: Ints, destination: Ints) -> Floats:
        if self._table is not None:
            return np.asarray(self._table[origin, destination])
        assert self._circle is not None
        return self._circle.at(origin, destination)

    def among(self, origins: Ints, destinations: Ints) -> tuple[Ints, Ints, Floats]:
        """Return the lanes from any of some places to any of others: ends by position, and km (ways)."""
        step = max(1, CELLS // max(1, len(destinations)))
        found = [(NOTHING, NOTHING, np.zeros(0))]
        for first in range(0, len(origins), step):
            mine = origins[first : first + step]
            km = self.at(mine[:, None], destinations)
            rows, columns = np.nonzero(~np.isnan(km))
            found.append((mine[rows], destinations[columns], km[rows, columns]))
        starts, ends, lengths = zip(*found, strict=True)
        return np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)


def lengths(
    network: UnjudgedNetwork, origins: Iterable[str], destinations: Iterable[str], modes: Iterable[str]
) -> Floats:
    """Return the km of each named way (n); NaN where its mode has no lane."""
    position = {site.name: i for i, site in enumerate(network.sites)}
    start, end = (np.array([position[name] for name in ends], dtype=np.int64) for ends in (origins, destinations))
    by, km = np.array(list(modes), dtype=object), np.full(len(start), np.nan)
    for mode in network.modes:
        mine = by == mode.name
        if mine.any():
            km[mine] = Ways(network, mode).at(start[mine], end[mine])
    return km


def mode_km(network: UnjudgedNetwork, mode: Mode) -> Floats:
    """Return lengths of lanes (sites, sites) by a mode; NaN where there is no lane."""
    every = np.arange(len(network.sites))
    return Ways(network, mode).at(every[:, None], every)


def hours_on_ways(network: UnjudgedNetwork, mode: Mode, km: Floats) -> Floats:
    """Return hours on ways of so many km by a mode that makes rounds (sites, sites); NaN where there is no way."""
    if mode.hours:
        return np.where(np.isnan(km), np.nan, network.distances[mode.hours])
    return km / mode.speed_km_per_hour if mode.speed_km_per_hour else np.where(np.isnan(km), np.nan, 0.0)


def shortest_hours(network: UnjudgedNetwork, mode: Mode, km: Floats) -> Floats:
    """Return the hours of a round with one stop (sites, sites): there, the stop, and back."""
    hours = hours_on_ways(network, mode, km)
    return np.asarray(hours + np.where(np.isnan(hours.T), hours, hours.T) + mode.stop_minutes / 60.0, dtype=float)


def lanes_of(network: UnjudgedNetwork, mode: Mode) -> dict[tuple[int, int], Lane]:
    """Return what differs for a mode on the way of each (origin, destination) position.

    A row for the mode goes before a row for all modes in every field that it states: whether the way is open in any
    case, distance and people where they are given, a toll where it is not 0.
    """
    position = {site.name: i for i, site in enumerate(network.sites)}
    found: dict[tuple[int, int], Lane] = {}
    for lane in sorted(network.lanes, key=lambda lane: lane.mode != ""):
        if lane.mode in ("", mode.name):
            pair = (position[lane.origin], position[lane.destination])
            found[pair] = lane if pair not in found else _joined(found[pair], lane)
    return found


def _joined(general: Lane, own: Lane) -> Lane:
    return dataclasses.replace(
        own,
        distance_km=general.distance_km if own.distance_km is None else own.distance_km,
        people_per_km=general.people_per_km if own.people_per_km is None else own.people_per_km,
        round_factor=own.round_factor if own.round_factor != 1.0 else general.round_factor,
        extra_cost_per_t=own.extra_cost_per_t if np.any(own.extra_cost_per_t) else general.extra_cost_per_t,
    )


def people_on_ways(network: UnjudgedNetwork, mode: Mode, origin: Ints, destination: Ints) -> Floats:
    """Return people along a kilometre of each way (n): the mean of both ends, or the lane's own."""
    ends = np.array([site.people_per_km for site in network.sites], dtype=float)
    is_even = bool((ends == ends[:1]).all())
    people: Floats = np.full(len(origin), ends[0]) if is_even else (ends[origin] + ends[destination]) / 2
    for pair, lane in lanes_of(network, mode).items():
        if lane.people_per_km is not None:
            people[(origin == pair[0]) & (destination == pair[1])] = lane.people_per_km
    return people


def extra_cost_per_t(network: UnjudgedNetwork, mode: Mode) -> dict[tuple[int, int], Floats]:
    """Return tolls by (origin, destination) position, one number a period (T), where there are any."""
    tolls = {pair: network.profile(lane.extra_cost_per_t) for pair, lane in lanes_of(network, mode).items()}
    return {pair: toll for pair, toll in tolls.items() if toll.any()}


def takes_the_rounds_of(network: UnjudgedNetwork, mode: Mode, type_: str) -> bool:
    """Return whether a facility type can be the depot of a mobile mode: one of its recipes uses what the mode carries.

    Products are taken as the mode may carry them, whatever is on board: empty trips too need their depot.
    """
    recipes = network.types_by_name[type_].recipes
    uses = {product for recipe in recipes for product, _ in recipe.inputs}
    return bool(uses) if mode.products is None else not uses.isdisjoint(mode.products)
