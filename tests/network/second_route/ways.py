"""Where each mode goes, how far that is, and what it costs: the reference's words on modes, lanes and distances."""

from __future__ import annotations

import math

from batteryopt.network.data.instance import GREAT_CIRCLE, Lane, Mode, Network, Site

EARTH_RADIUS_KM = 6371.0088


def kilometres(network: Network, table: str) -> dict[tuple[str, str], float]:
    """Return the distances of a table, or along the sphere; pairs without a way are left out."""
    found = {}
    for i, origin in enumerate(network.sites):
        for j, destination in enumerate(network.sites):
            km = (
                _along_the_sphere(origin, destination)
                if table == GREAT_CIRCLE
                else float(network.distances[table][i, j])
            )
            if not math.isnan(km):
                found[origin.name, destination.name] = km
    return found


def _along_the_sphere(one: Site, other: Site) -> float:
    """By the spherical law of cosines, from the angle between two unit vectors."""
    vectors = []
    for site in (one, other):
        latitude, longitude = math.radians(site.latitude_deg or 0.0), math.radians(site.longitude_deg or 0.0)
        vectors.append(
            (
                math.cos(latitude) * math.cos(longitude),
                math.cos(latitude) * math.sin(longitude),
                math.sin(latitude),
            )
        )
    (a, b, c), (d, e, f) = vectors
    cross = (b * f - c * e, c * d - a * f, a * e - b * d)
    return EARTH_RADIUS_KM * math.atan2(math.hypot(*cross), a * d + b * e + c * f)


def lanes_of(network: Network, mode: Mode) -> dict[tuple[str, str], float]:
    """Return the lanes of a mode with their length; what its own row of a lane states goes before the general row."""
    found = {}
    table = kilometres(network, mode.distance)
    for origin in (site.name for site in network.sites):
        for destination in (site.name for site in network.sites):
            km = _length(network, mode, table, origin, destination)
            if km is not None:
                found[origin, destination] = km
    return found


def _length(
    network: Network, mode: Mode, table: dict[tuple[str, str], float], origin: str, destination: str
) -> float | None:
    rows = rows_of(network, mode, origin, destination)
    if origin == destination or (rows and not rows[0].is_allowed):
        return None
    own = next((row.distance_km for row in rows if row.distance_km is not None), None)
    if own is not None:
        return own
    if (origin, destination) not in table:
        return None
    km = table[origin, destination] * mode.detour_factor
    return km if mode.shortest_km <= km <= (math.inf if mode.longest_km is None else mode.longest_km) else None


def rows_of(network: Network, mode: Mode, origin: str, destination: str) -> list[Lane]:
    """Return the rows of a lane that speak of a mode, its own first."""
    rows = [lane for lane in network.lanes if (lane.origin, lane.destination) == (origin, destination)]
    return sorted((lane for lane in rows if lane.mode in ("", mode.name)), key=lambda lane: lane.mode == "")


def toll(network: Network, mode: Mode, origin: str, destination: str, t: int) -> float:
    """Return the extra cost of a tonne on a lane; a row states one where it is not zero in all periods."""
    for row in rows_of(network, mode, origin, destination):
        if any(network.profile(row.extra_cost_per_t)):
            return float(network.profile(row.extra_cost_per_t)[t])
    return 0.0


def rate(network: Network, mode: Mode, figure: str, product: str, t: int) -> float:
    """Return a figure of a mode for a product: that of the product's own row, where it states one."""
    for row in mode.by_product:
        if row.product == product and getattr(row, figure) is not None:
            return float(network.profile(getattr(row, figure))[t])
    return float(network.profile(getattr(mode, figure))[t])
