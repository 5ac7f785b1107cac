"""Rounds that cannot be made: a shift too short for the nearest place, a load larger than all visits' vehicles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.flows import GREAT_CIRCLE
from batteryopt.network.data.geography import shortest_hours, table_km

if TYPE_CHECKING:
    from batteryopt.network.data.flows import Mode
    from batteryopt.network.data.unjudged import UnjudgedNetwork


def contradictions_of_rounds(network: UnjudgedNetwork, mode: Mode) -> Iterator[EntityFault]:
    """Yield what a mode that makes rounds cannot do in this network."""
    if not _can_be_measured(network, mode) or mode.trip_capacity_t is None:
        return  # told elsewhere
    yield from _too_short_a_shift(network, mode)
    yield from _too_large_a_load(network, mode)


def _can_be_measured(network: UnjudgedNetwork, mode: Mode) -> bool:
    """Whether distances and hours are there, of the right size."""
    count = len(network.sites)
    tables = [name for name in (mode.distance, mode.hours) if name and name != GREAT_CIRCLE]
    has_positions = all(site.latitude_deg is not None and site.longitude_deg is not None for site in network.sites)
    is_there = all(name in network.distances and network.distances[name].shape == (count, count) for name in tables)
    return is_there and mode.hours != GREAT_CIRCLE and (has_positions or mode.distance != GREAT_CIRCLE)


def _too_short_a_shift(network: UnjudgedNetwork, mode: Mode) -> Iterator[EntityFault]:
    """Yield a shift in which not even the nearest place of all is visited."""
    position = {site.name: i for i, site in enumerate(network.sites)}
    products = {product.name for product in network.products} if mode.products is None else set(mode.products)
    known = [row for row in network.returns if row.site in position and row.product in products]
    origins = sorted({position[row.site] for row in known})
    depots = sorted({position[candidate.site] for candidate in network.candidates if candidate.site in position})
    if mode.shift_hours is None or not origins or not depots:
        return
    km = table_km(network, mode.distance) * mode.detour_factor
    np.fill_diagonal(km, np.nan)
    least = shortest_hours(network, mode, km)[np.ix_(origins, depots)]
    if np.isnan(least).all() or np.nanmin(least) <= mode.shift_hours * (1 + 1e-9):
        return
    place, depot = np.unravel_index(int(np.nanargmin(least)), least.shape)
    names = network.sites[origins[int(place)]].name, network.sites[depots[int(depot)]].name
    problem = f"is {mode.shift_hours:g}, and the nearest place, '{names[0]}', is {np.nanmin(least):.3g} h from"
    yield fault_in(
        mode, "shift_hours", f"{problem} '{names[1]}' and back, its stop included", "expected a longer shift"
    )


def _too_large_a_load(network: UnjudgedNetwork, mode: Mode) -> Iterator[EntityFault]:
    """Yield what must be collected, is carried by this mode alone, and is more than a vehicle takes at each visit."""
    assert mode.trip_capacity_t is not None
    assert mode.visits_per_period is not None
    must = {product.name for product in network.products if product.uncollected_cost_per_t is None}
    only = [other for other in network.modes if other.name != mode.name]
    carried_by_others = {
        p for other in only for p in (other.products or [product.name for product in network.products])
    }
    standing = {candidate.site for candidate in network.candidates}
    taken = {row.site for table in (network.markets, network.disposals) for row in table}
    for row in network.returns:
        carries = mode.products is None or row.product in mode.products
        if not carries or row.product not in must - carried_by_others or row.site in standing | taken:
            continue
        most, room = float(network.profile(row.tonnes).max()), mode.trip_capacity_t * mode.visits_per_period
        if most > room * (1 + 1e-9):
            visits = f"{mode.visits_per_period:g} visits by a vehicle of {mode.trip_capacity_t:g} t"
            remedy = f"expected larger vehicles, or at least {np.ceil(most / mode.trip_capacity_t):g} visits_per_period"
            yield fault_in(row, "tonnes", f"is {most:g}, and only '{mode.name}' takes it: {visits}", remedy)
