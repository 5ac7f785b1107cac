"""What can be wrong with an instance, all of it at once, each fault with the entity it is in."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from batteryopt.errors import nearest
from batteryopt.network.contradictions import contradictions_of
from batteryopt.network.entity_faults import EntityFault, fault_in
from batteryopt.network.flows import GREAT_CIRCLE
from batteryopt.network.uniqueness import repeats_of

if TYPE_CHECKING:
    from batteryopt.network.instance import Network


def faults_of(network: Network) -> list[EntityFault]:
    """Return every fault of an instance; none, and the model can be built."""
    checks: Sequence[Callable[[Network], Iterator[EntityFault]]] = (
        _empty_tables,
        repeats_of,
        _unknown_names,
        _wrong_numbers,
        contradictions_of,
    )
    return [fault for check in checks for fault in check(network)]


def _empty_tables(network: Network) -> Iterator[EntityFault]:
    for table in ("periods", "products", "sites"):
        if not getattr(network, table):
            yield fault_in(network, table, "is empty, or not there", "at least one is needed")


# ---- names ---------------------------------------------------------------------------------------------------------


def _unknown_names(network: Network) -> Iterator[EntityFault]:
    """Names that are used and not declared; every field below is a reference, wherever it stands."""
    known = {
        "product": {p.name for p in network.products},
        "site": {s.name for s in network.sites},
        "type": {t.name for t in network.types},
        "mode": {m.name for m in network.modes},
        "period": {p.name for p in network.periods},
        "scenario": {s.name for s in network.scenarios},
        "group": set(network.groups_by_name),
        "distance": {GREAT_CIRCLE, *network.distances},
    }
    for entity in _all_entities(network):
        for field, kind in _REFERENCES.items():
            value = getattr(entity, field, None)
            for name in (value,) if isinstance(value, str) else value or ():
                if name and name not in known[kind] and not _is_empty_and_told(kind, known):
                    yield fault_in(entity, field, f"'{name}' is not declared", nearest(name, known[kind]))


def _is_empty_and_told(kind: str, known: Mapping[str, set[str]]) -> bool:
    """Return whether nothing of a kind is declared where something must be: that is one fault, and not one a name."""
    return kind in ("product", "site", "period") and not known[kind]


_REFERENCES = {
    "product": "product",
    "products": "product",
    "site": "site",
    "sites": "site",
    "origin": "site",
    "destination": "site",
    "type": "type",
    "types": "type",
    "mode": "mode",
    "forced_from": "period",
    "earliest": "period",
    "scenario": "scenario",
    "group": "group",
    "distance": "distance",
}


def _all_entities(network: Network) -> Iterator[Any]:
    """Every row of every table, rows inside rows included, but not the network itself."""
    policy = network.policy
    yield from (*network.periods, *network.products, *network.sites, *network.returns, *network.types)
    yield from (*network.candidates, *network.disposals, *network.modes, *network.lanes, *network.groups)
    yield from network.scenarios
    for type_ in network.types:
        yield from (*type_.recipes, *type_.levels, *type_.storage)
    for candidate in network.candidates:
        yield from candidate.levels
    for market in network.markets:
        yield from (market, *market.comes_back)
    for mode in network.modes:
        yield from mode.by_product
    yield from (policy, *policy.collection_targets, *policy.coverage, *policy.limits, *policy.subsidies)


# ---- numbers -------------------------------------------------------------------------------------------------------

_AT_LEAST_ZERO = {
    *("tonnes", "capacity_t", "least_t", "storage_limit_t", "limit_t", "initial_t", "reagents_t", "most_t"),
    *("shortest_km", "longest_km", "distance_km", "people_per_km", "radius_km", "hazard"),
    *("cost_per_trip", "cost_per_trip_km", "trips_per_depot", "electricity_kwh_per_t", "risk_factor"),
    *("penalty_per_t", "penalty", "shortfall_penalty_per_t", "budget_penalty", "emission_penalty_per_t", "budget"),
    *("opening_cost_factor", "fixed_cost_factor", "variable_cost_factor", "holding_cost_factor"),
    *("probability", "longest_stay_periods", "lag_periods", "visits", "uncollected_cost_per_t", "holding_cost_per_t"),
}
_ABOVE_ZERO = {"detour_factor", "years", "trip_capacity_t", "capacity_use", "life_periods"}
_SHARES = {"share"}


def _wrong_numbers(network: Network) -> Iterator[EntityFault]:
    """Profiles of the wrong length, numbers that are not finite or out of range."""
    if not -1 < network.discount_rate < 1:
        remedy = "expected a rate a year above -1 and below 1 (0.05 is 5 %)"
        yield fault_in(network, "discount_rate", f"is {network.discount_rate:g}", remedy)
    for entity in _all_entities(network):
        for field in dataclasses.fields(entity):
            value = getattr(entity, field.name)
            if _is_profile(value):
                yield from _profile_faults(network, entity, field.name, value)


def _is_profile(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_number(item) for item in value)
    return _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _profile_faults(network: Network, entity: Any, field: str, value: Any) -> Iterator[EntityFault]:
    numbers = value if isinstance(value, tuple) else (value,)
    if isinstance(value, tuple) and len(value) != len(network.periods):
        yield fault_in(
            entity, field, f"has {len(value)} numbers", f"expected one, or one a period ({len(network.periods)})"
        )
    wrong = next((t for t, number in enumerate(numbers) if not _is_in_range(field, number)), None)
    if wrong is not None:
        yield fault_in(
            entity,
            field,
            f"is {numbers[wrong]}",
            f"expected {_range_of(field)}",
            wrong if isinstance(value, tuple) else None,
        )


def _is_in_range(field: str, number: float) -> bool:
    if not math.isfinite(number):
        return False
    if field in _ABOVE_ZERO:
        return number > 0
    if field in _SHARES:
        return 0 <= number <= 1
    return number >= 0 or field not in _AT_LEAST_ZERO


def _range_of(field: str) -> str:
    if field in _ABOVE_ZERO:
        return "a finite number above 0"
    if field in _SHARES:
        return "a share from 0 to 1"
    return "a finite number of at least 0" if field in _AT_LEAST_ZERO else "a finite number"
