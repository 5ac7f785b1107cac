"""Numbers that are possible and look like a slip: degrees exchanged, kilogrammes for tonnes, 5 for 5 %, 5 for 5,000."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.faults import numbers_in
from batteryopt.network.data.geography import great_circle_km, nearest_km

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

CHECK_UNIT = "check the unit and the decimal point"
HIGH_RATE = 0.3
"""A discount rate a year above which 5 % may have been meant as 0.5."""
MUCH_AT_ONE_SITE_T = 300_000.0
"""Tonnes in a period that no city returns: some 700,000 battery packs."""
FAR_KM = 1_000.0
"""A site so far from the middle of all is looked at again with its degrees exchanged."""
LITTLE = 0.01
"""Capacity, as a share of what returns, that looks like thousands of tonnes in the wrong unit."""
ALONE = 100.0
"""How many times as large as all others in its column, or as small, a number is when a unit may be wrong: units
differ by a thousand, and a right number may be a tenth, or ten times, of what one expects."""
NEARLY_AS_DEAR = 10.0
"""How many times the cost a level a hundred times as large may have before the small one looks like a slip: of things
a hundred times as large ten times the cost is the very end of what size saves."""
LONELY = 10.0
"""How many times as far from its nearest neighbour as any other site one is that may have a slip in its degrees."""


def magnitudes_of(network: Network) -> Iterator[EntityFault]:
    """Yield numbers that may be slips, with what was understood."""
    if network.discount_rate > HIGH_RATE:
        rate = network.discount_rate
        yield fault_in(network, "discount_rate", f"is {rate:g}, taken as {rate:.0%} a year", "0.05 is 5 %")
    for row in network.returns:
        most = float(network.profile(row.tonnes).max(initial=0.0))
        if most > MUCH_AT_ONE_SITE_T:
            problem = f"is {most:,.0f} t in a period at one site"
            yield fault_in(row, "tonnes", problem, f"if kilogrammes are meant, write {most / 1000:,.6g}")
    exchanged = list(_exchanged(network))
    yield from exchanged
    yield from _far_away(network, {remark.entity.name for remark in exchanged})
    yield from _capacities(network)
    yield from _small_and_dear(network)
    yield from _alone(network)


def _exchanged(network: Network) -> Iterator[EntityFault]:
    """Yield sites that would stand among the others if latitude and longitude were exchanged."""
    placed = [s for s in network.sites if s.latitude_deg is not None and s.longitude_deg is not None]
    if not placed:
        return
    degrees = np.array([(s.latitude_deg, s.longitude_deg) for s in placed], dtype=float)
    middle = np.median(degrees, axis=0)
    for site, (latitude, longitude) in zip(placed, degrees, strict=True):
        remedy = f"latitude_deg {longitude:g} and longitude_deg {latitude:g} may be meant"
        if abs(latitude) > 90 >= abs(longitude):
            yield fault_in(site, "latitude_deg", f"is {latitude:g}, and no latitude is above 90", remedy)
            continue
        here, there = (_km(point, middle) for point in ((latitude, longitude), (longitude, latitude)))
        if here > FAR_KM and there < here / 4 and abs(longitude) <= 90:
            problem = f"is {latitude:g}: {here:,.0f} km from the middle of all sites, {there:,.0f} km if exchanged"
            yield fault_in(site, "latitude_deg", problem, remedy)


def _far_away(network: Network, told: set[str]) -> Iterator[EntityFault]:
    """Yield the site that is far from all others, where these are near each other."""
    placed = [s for s in network.sites if s.latitude_deg is not None and s.longitude_deg is not None]
    placed = [site for site in placed if site.name not in told]
    if len(placed) < 4 or told:
        return
    degrees = np.array([(s.latitude_deg, s.longitude_deg) for s in placed], dtype=float)
    nearest = nearest_km(degrees)
    farthest, second = np.argsort(nearest)[:-3:-1]
    if nearest[farthest] > max(FAR_KM, LONELY * nearest[second]):
        site = placed[farthest]
        problem = f"is {site.latitude_deg:g} and longitude_deg {site.longitude_deg:g}: {nearest[farthest]:,.0f} km away"
        yield fault_in(site, "latitude_deg", f"{problem} from the nearest other site", "check both, and their signs")


def _alone(network: Network) -> Iterator[EntityFault]:
    """Yield the number of a column that is far larger, or far smaller, than all others in it."""
    columns: dict[tuple[type, str], list[tuple[Any, float]]] = defaultdict(list)
    for entity, spec, number in numbers_in(network):
        is_share = spec.limits is not None and spec.limits.most == 1.0
        if number > 0 and not spec.is_whole and not is_share:
            columns[type(entity), spec.name].append((entity, number))
    for (_, field), found in columns.items():
        if len(found) < 3:
            continue
        (smallest, least), (_, above), *_ = sorted(found, key=lambda each: each[1])
        (largest, most), (_, below), *_ = sorted(found, key=lambda each: -each[1])
        if most > ALONE * below:
            yield fault_in(largest, field, f"is {most:,.10g}, and all others are at most {below:,.10g}", CHECK_UNIT)
        if least * ALONE < above:
            yield fault_in(smallest, field, f"is {least:,.10g}, and all others are at least {above:,.10g}", CHECK_UNIT)


def _km(point: tuple[float, float], other: np.ndarray) -> float:
    latitude, longitude = np.array([point, other], dtype=float).T
    return float(great_circle_km(latitude, longitude)[0, 1])


def _capacities(network: Network) -> Iterator[EntityFault]:
    """Yield types that take next to nothing of what returns."""
    brought: dict[str, float] = {}
    for row in network.returns:
        brought[row.product] = brought.get(row.product, 0.0) + float(network.profile(row.tonnes).max(initial=0.0))
    for type_ in network.types:
        inputs = {product for recipe in type_.recipes for product, _ in recipe.inputs if product in brought}
        returns_t = max((brought[product] for product in inputs), default=0.0)
        capacity_t = capacity_of(network, type_.name)
        if 0 < capacity_t < LITTLE * returns_t:
            problem = f"of all candidates for '{type_.name}' can be {capacity_t:,.6g} t, beside {returns_t:,.6g} t"
            owner = type_.levels[-1] if type_.levels else type_
            yield fault_in(owner, "capacity_t", f"{problem} that return", "check the unit: tonnes a period")


def _small_and_dear(network: Network) -> Iterator[EntityFault]:
    """Yield a level that costs about what the next one does and holds next to nothing: 5 where 5,000 is meant."""
    for levels in [type_.levels for type_ in network.types] + [place.levels for place in network.candidates]:
        for small, large in itertools.pairwise(levels):
            costs = [float(network.profile(level.opening_cost).max()) for level in (small, large)]
            if 0 < small.capacity_t * ALONE < large.capacity_t and costs[0] * NEARLY_AS_DEAR > costs[1]:
                problem = f"is {small.capacity_t:,.6g} t for {costs[0]:,.6g}, and '{large.name}' has"
                problem += f" {large.capacity_t:,.6g} t for {costs[1]:,.6g}"
                yield fault_in(small, "capacity_t", problem, "check the unit: tonnes a period")


def capacity_of(network: Network, type_: str) -> float:
    """Return the capacity that all candidates of a type have at their largest."""
    mine = [candidate for candidate in network.candidates if candidate.type == type_]
    return float(sum(network.levels_of(candidate)[-1].capacity_t for candidate in mine))
