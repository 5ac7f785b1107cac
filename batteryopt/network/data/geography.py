"""Distances: how far it is from site to site by each mode, and who lives along the way."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.flows import GREAT_CIRCLE, Lane, Mode

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def great_circle_km(latitude_deg: Floats, longitude_deg: Floats) -> Floats:
    """Return distances (n, n) along the sphere, by the haversine formula, which is exact for near points too."""
    latitude, longitude = np.radians(latitude_deg), np.radians(longitude_deg)
    half_chord_squared = (
        np.sin((latitude[:, None] - latitude) / 2) ** 2
        + np.cos(latitude[:, None]) * np.cos(latitude) * np.sin((longitude[:, None] - longitude) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half_chord_squared, 0, 1))), dtype=float)


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
    coordinates = [(site.latitude_deg, site.longitude_deg) for site in network.sites]
    latitude, longitude = np.array(coordinates, dtype=float).reshape(-1, 2).T
    return great_circle_km(latitude, longitude)


def mode_km(network: UnjudgedNetwork, mode: Mode) -> Floats:
    """Return lengths of lanes (sites, sites) by a mode; NaN where there is no lane."""
    km = table_km(network, mode.distance) * mode.detour_factor
    if mode.longest_km is not None:
        km[km > mode.longest_km] = np.nan
    if mode.shortest_km > 0:
        km[km < mode.shortest_km] = np.nan
    np.fill_diagonal(km, np.nan)
    for pair, lane in lanes_of(network, mode).items():
        if not lane.is_allowed:
            km[pair] = np.nan
        elif lane.distance_km is not None:
            km[pair] = lane.distance_km
    return km


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
