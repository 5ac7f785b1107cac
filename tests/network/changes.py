"""Changes of a network of which it is known what they do to its least cost."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from batteryopt.network.data.instance import (
    Level,
    Limit,
    Network,
    Quantity,
    Sharing,
    Site,
    Sizes,
    Standing,
    Subsidy,
    SubsidyBase,
)

MONEY, MASS, MONEY_PER_MASS = (1, 0), (0, 1), (1, -1)
"""What a field is in: powers of money and of mass."""

UNITS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("tonnes", "most_t", "least_t", "capacity_t", "storage_limit_t", "limit_t", "initial_t"), MASS),
    **dict.fromkeys(("trip_capacity_t", "emission_kg", "emission_kg_per_trip_km"), MASS),
    **dict.fromkeys(("emission_cap_t", "emission_cap_total_t"), MASS),
    **dict.fromkeys(
        ("opening_cost", "fixed_cost", "closing_cost", "budget", "cost_per_trip", "cost_per_trip_km"), MONEY
    ),
    **dict.fromkeys(("uncollected_cost_per_t", "acquisition_cost_per_t", "price_per_t", "cost_per_t"), MONEY_PER_MASS),
    **dict.fromkeys(("cost_per_t_km", "extra_cost_per_t", "variable_cost_per_t", "holding_cost_per_t"), MONEY_PER_MASS),
    **dict.fromkeys(("penalty_per_t", "shortfall_penalty_per_t", "emission_penalty_per_t"), MONEY_PER_MASS),
    **dict.fromkeys(("carbon_price_per_t", "electricity_price_per_kwh"), MONEY_PER_MASS),
}
"""Fields of all tables that change when money or mass is told in another unit, but for limits and subsidies."""

COUNTED = (Quantity.FACILITIES, Quantity.OPENINGS)


def scaled(network: Network, *, money: float = 1.0, mass: float = 1.0) -> Network:
    """Return a network in other units: all money times a factor, all masses times another; least cost: times money."""

    def change(entity: Any, name: str, value: Any) -> Any:
        powers = _powers(entity, name)
        return value if powers is None else _times(value, money ** powers[0] * mass ** powers[1])

    return _with_numbers(network, change)


def _powers(entity: Any, name: str) -> tuple[int, int] | None:
    if isinstance(entity, Limit) and name in ("least", "most", "penalty"):
        if entity.quantity in COUNTED:
            return MONEY if name == "penalty" else None
        return MONEY_PER_MASS if name == "penalty" else MASS
    if isinstance(entity, Subsidy) and name in ("rate", "most"):
        share = entity.base is SubsidyBase.OPENING_COST
        return MONEY if name == "most" else None if share else MONEY_PER_MASS
    return UNITS.get(name)


def _times(value: Any, factor: float) -> Any:
    if value is None:
        return None
    return tuple(item * factor for item in value) if isinstance(value, tuple) else value * factor


def _with_numbers(entity: Any, change: Callable[[Any, str, Any], Any]) -> Any:
    """Return an entity, and all in it, with every field put through a function of entity, name and value."""
    fields = {}
    for field in dataclasses.fields(entity):
        value = getattr(entity, field.name)
        if dataclasses.is_dataclass(value):
            fields[field.name] = _with_numbers(value, change)
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            fields[field.name] = tuple(_with_numbers(item, change) for item in value)
        else:
            fields[field.name] = change(entity, field.name, value)
    return type(entity)(**fields)


def permuted(network: Network) -> Network:
    """Return the same network with every table from its last row to its first; levels and periods keep their order."""
    kept = {"periods"}
    tables = {
        field.name: tuple(reversed(getattr(network, field.name)))
        for field in dataclasses.fields(network)
        if isinstance(getattr(network, field.name), tuple) and field.name not in kept
    }
    distances = {name: matrix[::-1, ::-1].copy() for name, matrix in network.distances.items()}
    return dataclasses.replace(network, **tables, distances=distances)


def with_a_useless_site(network: Network) -> Network | None:
    """Return the network with a place where nothing returns, stands or is bought; None where a rule speaks of it."""
    if any(limit.sharing is Sharing.EACH and limit.group == "" for limit in network.policy.limits):
        return None
    nowhere = Site(name="nowhere", latitude_deg=50.0, longitude_deg=10.0)
    distances = {name: np.pad(matrix, (0, 1), constant_values=30.0) for name, matrix in network.distances.items()}
    return dataclasses.replace(network, sites=(*network.sites, nowhere), distances=distances)


def with_a_zone_in_two(network: Network) -> tuple[Network, Network]:
    """Return a network with a zone that has nothing but returns, and the same with that zone as two at its place.

    Each has half of the returns. Nothing in them counts what is whole (trips, visits), or each site by itself.
    """
    base = _with_a_bare_zone(network)
    names = [site.name for site in base.sites]
    zone = base.returns[0].site
    i = names.index(zone)
    twin = dataclasses.replace(base.sites[i], name="twin")
    halves = [_halved(row, name) for row in base.returns if row.site == zone for name in (zone, "twin")]
    groups = (dataclasses.replace(g, sites=(*g.sites, "twin")) if zone in g.sites else g for g in base.groups)
    split = dataclasses.replace(
        base,
        sites=(*base.sites, twin),
        returns=(*(row for row in base.returns if row.site != zone), *halves),
        groups=tuple(groups),
        distances={name: _doubled(matrix, i) for name, matrix in base.distances.items()},
    )
    return base, split


def _with_a_bare_zone(network: Network) -> Network:
    """Return the network without candidates and ends where the first return is, lanes of their own and whole trips."""
    zone, policy = network.returns[0].site, network.policy
    limits = tuple(dataclasses.replace(limit, sharing=Sharing.TOTAL) for limit in policy.limits)
    coverage = tuple(dataclasses.replace(rule, visits=None) for rule in policy.coverage)
    kinds = (
        dataclasses.replace(kind, storage=tuple(row for row in kind.storage if row.site != zone))
        for kind in network.types
    )
    return dataclasses.replace(
        network,
        candidates=tuple(c for c in network.candidates if c.site != zone),
        markets=tuple(m for m in network.markets if m.site != zone),
        disposals=tuple(w for w in network.disposals if w.site != zone),
        types=tuple(kinds),
        modes=tuple(dataclasses.replace(m, whole_trips=False, is_mobile=False) for m in network.modes),
        lanes=(),
        policy=dataclasses.replace(policy, limits=limits, coverage=coverage),
    )


def _halved(row: Any, name: str) -> Any:
    return dataclasses.replace(row, site=name, tonnes=_times(row.tonnes, 0.5))


def _doubled(matrix: Any, i: int) -> Any:
    """Return distances with a last site that lies where the i-th does."""
    tall = np.vstack([matrix, matrix[i]])
    return np.hstack([tall, tall[:, [i]]])


def loosened(network: Network) -> Network:
    """Return the network with every most half as large again, and discrete levels too: never dearer."""
    is_bound = any(limit.quantity is Quantity.CAPACITY for limit in network.policy.limits)

    def change(entity: Any, name: str, value: Any) -> Any:
        names = ("most_t", "trips_per_depot", "limit_t", "storage_limit_t", "emission_cap_t", "emission_cap_total_t")
        is_most = name == "most" and isinstance(entity, Limit | Subsidy)
        return _times(value, 1.5) if name in names or is_most or name == "budget" else value

    wider = _with_numbers(network, change)
    if is_bound:
        return wider
    types = (kind if kind.sizes is Sizes.BETWEEN else _larger(kind) for kind in wider.types)
    return dataclasses.replace(wider, types=tuple(types))


def _larger(kind: Any) -> Any:
    levels = (dataclasses.replace(level, capacity_t=level.capacity_t * 1.5) for level in kind.levels)
    return dataclasses.replace(kind, levels=tuple(levels))


def standing_still(network: Network) -> Network:
    """Return the network with all that links periods taken out: everything stands as it does, nothing is stored."""
    types = (
        dataclasses.replace(kind, sizes=Sizes.LEVELS, storage=(), levels=(_idle(kind.levels[0]),), life_periods=None)
        for kind in network.types
    )
    candidates = (
        dataclasses.replace(
            c,
            standing=Standing.EXISTING,
            level="",
            capacity_t=None,
            forced_from="",
            earliest="",
            largest_level="",
            may_close=False,
            levels=(),
        )
        for c in network.candidates
    )
    markets = (
        dataclasses.replace(m, comes_back=tuple(b for b in m.comes_back if b.lag_periods == 0)) for m in network.markets
    )
    policy = dataclasses.replace(
        network.policy,
        limits=tuple(limit for limit in network.policy.limits if not limit.over_all_periods),
        emission_cap_total_t=None,
        budget=None,
    )
    return dataclasses.replace(
        network, types=tuple(types), candidates=tuple(candidates), markets=tuple(markets), policy=policy
    )


def _idle(level: Level) -> Level:
    return dataclasses.replace(level, least_t=0.0)


def only(network: Network, t: int) -> Network:
    """Return one period of a network, not discounted."""
    count = len(network.periods)

    def change(entity: Any, name: str, value: Any) -> Any:
        is_profile = isinstance(value, tuple) and len(value) == count and all(isinstance(v, int | float) for v in value)
        return value[t] if is_profile else value

    fields = {field.name: getattr(network, field.name) for field in dataclasses.fields(network)}
    parts = {
        name: tuple(_with_numbers(item, change) for item in value)
        for name, value in fields.items()
        if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0])
    }
    parts["periods"] = (network.periods[t],)
    return Network(**{**fields, **parts, "policy": _with_numbers(network.policy, change)})


def gross(terms: dict[str, float]) -> float:
    """Return the sum of all money that moves, at least a little: what differences are measured by."""
    return max(math.fsum(abs(value) for value in terms.values()), 1e-300)
