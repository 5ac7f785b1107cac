"""What rounds are expected to take while sites are chosen: rounds, km and hours a tonne, linear in what is carried.

After C. Daganzo (Transportation Science 18, 1984): the way to and from the depot is shared by all stops of a round, and
from stop to stop it is about as far as to the nearest other place. A stop's part of a round is what it takes of the
vehicle's load, slots, stops or hours, whichever is most; a place that fills a round has it for itself, there and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.flows import Mode
from batteryopt.network.data.geography import hours_on_ways, lanes_of, mode_km, table_km

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork

Floats = npt.NDArray[np.float64]

MINUTES_PER_HOUR = 60.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundFigures:
    """Of a tonne from each origin to each destination in each period (sites, sites, T); NaN where no round goes."""

    rounds: Floats
    km: Floats
    hours: Floats


def round_figures(network: UnjudgedNetwork, mode: Mode) -> RoundFigures:
    """Return the estimate of a mode that makes rounds (`Mode.visits_per_period`), lanes' own factors in it."""
    assert mode.visits_per_period is not None
    assert mode.trip_capacity_t is not None
    tonnes, slots = carried(network, mode)
    visits, stop = mode.visits_per_period, mode.stop_minutes / MINUTES_PER_HOUR
    ways = mode_km(network, mode)
    there_and_back = ways + np.where(np.isnan(ways.T), ways, ways.T)
    time = hours_on_ways(network, mode, ways)
    time = time + np.where(np.isnan(time.T), time, time.T)
    next_km, next_hours = _to_the_nearest(network, mode, tonnes.sum(axis=1) > 0)
    part = np.maximum(tonnes / (visits * mode.trip_capacity_t), 1.0 / _or_infinite(mode.most_stops))
    part = np.maximum(part, slots / (visits * _or_infinite(mode.vehicle_slots)))
    part = np.where(tonnes > 0, part, 1.0)[:, None, :]  # what is no return is taken as loads that fill a vehicle
    left = _or_infinite(mode.shift_hours) - time
    with np.errstate(divide="ignore", invalid="ignore"):
        of_time = np.where(left > 0, (next_hours[:, None] + stop) / left, 1.0)
    part = np.minimum(1.0, np.maximum(part, np.nan_to_num(of_time, nan=0.0)[:, :, None]))
    part = np.where((next_km[:, None] >= there_and_back)[:, :, None], 1.0, part)
    onward = np.where(part < 1.0, 1.0 - part, 0.0)
    full = np.maximum(tonnes / (visits * mode.trip_capacity_t), slots / (visits * _or_infinite(mode.vehicle_slots)))
    some = visits * np.maximum(1.0, full) / np.where(tonnes > 0, tonnes, 1.0)  # more than all visits carry: full loads
    a_tonne = np.where(tonnes > 0, some, 1.0 / mode.trip_capacity_t)[:, None, :]
    a_tonne = a_tonne * _factors(network, mode)[:, :, None]
    nearest = np.where(np.isinf(next_km), 0.0, next_km), np.where(np.isinf(next_hours), 0.0, next_hours)
    km = there_and_back[:, :, None] * part + nearest[0][:, None, None] * onward
    hours = time[:, :, None] * part + nearest[1][:, None, None] * onward + stop
    is_open = np.where(np.isnan(ways), np.nan, 1.0)[:, :, None]
    return RoundFigures(rounds=part * a_tonne * is_open, km=km * a_tonne * is_open, hours=hours * a_tonne * is_open)


def carried(network: UnjudgedNetwork, mode: Mode) -> tuple[Floats, Floats]:
    """Return what returns at each site that a mode may carry, tonnes and slots (sites, T)."""
    position = {site.name: i for i, site in enumerate(network.sites)}
    slots_per_t = {product.name: product.slots_per_t for product in network.products}
    tonnes = np.zeros((len(position), len(network.periods)))
    slots = np.zeros_like(tonnes)
    for row in network.returns:
        if mode.products is None or row.product in mode.products:
            mass = network.profile(row.tonnes)
            tonnes[position[row.site]] += mass
            slots[position[row.site]] += mass * slots_per_t[row.product]
    return tonnes, slots


def _or_infinite(value: float | None) -> float:
    return float(np.inf) if value is None else value


def _to_the_nearest(network: UnjudgedNetwork, mode: Mode, is_served: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return km and hours from each site to the nearest other one that is served (sites); infinite where none is."""
    km = table_km(network, mode.distance) * mode.detour_factor
    np.fill_diagonal(km, np.nan)
    km = np.where(np.isnan(km) | ~is_served[None, :], np.inf, km)
    nearest = km.argmin(axis=1)
    rows = np.arange(len(km))
    hours = hours_on_ways(network, mode, km)[rows, nearest]
    return km[rows, nearest], np.where(np.isnan(hours), np.inf, hours)


def _factors(network: UnjudgedNetwork, mode: Mode) -> Floats:
    """Return what the estimate is multiplied by on each way (sites, sites)."""
    factors = np.full((len(network.sites), len(network.sites)), mode.round_factor)
    for pair, lane in lanes_of(network, mode).items():
        factors[pair] *= lane.round_factor
    return factors
