"""What can be wrong with an instance, all of it at once, each fault with the entity it is in."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from batteryopt.errors import Fault, InvalidInput, nearest
from batteryopt.network.facilities import Candidate, FacilityType, Sizes, Standing
from batteryopt.network.flows import GREAT_CIRCLE
from batteryopt.network.policy import SubsidyBase

if TYPE_CHECKING:
    from batteryopt.network.instance import Network, Site

MASS_TOLERANCE = 1e-9
"""Outputs may exceed inputs and reagents by this share, for rounding in tables."""


@dataclass(frozen=True, kw_only=True)
class EntityFault(Fault):
    """A fault that knows its entity, field and period's index, so that a reader of tables can name row and column."""

    entity: Any = dataclasses.field(default=None, compare=False, repr=False)
    field: str = ""
    period: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.remedy}"


class InvalidNetwork(InvalidInput):
    """An instance that contradicts itself; ``entity_faults`` lists everything, with the entities."""

    def __init__(self, source: str, faults: Iterable[EntityFault]) -> None:
        self.entity_faults = tuple(faults)
        super().__init__(source, self.entity_faults)


def faults_of(network: Network) -> list[EntityFault]:
    """Return every fault of an instance; none, and the model can be built."""
    checks: Sequence[Callable[[Network], Iterator[EntityFault]]] = (
        _empty_tables,
        _repeated_names,
        _unknown_names,
        _wrong_numbers,
        _recipes,
        _levels,
        _candidates,
        _modes,
        _markets,
        _subsidies,
        _distances,
    )
    return [fault for check in checks for fault in check(network)]


def _fault(entity: Any, field: str, problem: str, remedy: str, period: int | None = None) -> EntityFault:
    key = "/".join(str(getattr(entity, name)) for name in _KEYS if getattr(entity, name, ""))
    place = f"{type(entity).__name__} {key or '?'}, {field}"
    return EntityFault(place=place, problem=problem, remedy=remedy, entity=entity, field=field, period=period)


_KEYS = ("site", "origin", "destination", "type", "name", "product", "mode", "scenario")


def _empty_tables(network: Network) -> Iterator[EntityFault]:
    for table in ("periods", "products", "sites"):
        if not getattr(network, table):
            yield _fault(network, table, "is empty, or not there", "at least one is needed")


def _repeated_names(network: Network) -> Iterator[EntityFault]:
    """Two rows that mean the same thing."""
    tables: dict[str, Callable[[Any], Any]] = {
        **dict.fromkeys(
            ("periods", "products", "sites", "types", "modes", "groups", "scenarios"), lambda entity: entity.name
        ),
        "returns": lambda r: (r.site, r.product, r.scenario),
        "candidates": lambda c: (c.site, c.type),
        "markets": lambda m: (m.site, m.product, m.scenario),
        "disposals": lambda d: (d.site, d.product, d.type),
        "lanes": lambda lane: (lane.origin, lane.destination, lane.mode),
    }
    for table, key_of in tables.items():
        yield from _repeats(getattr(network, table), key_of)
    for type_ in network.types:
        yield from _repeats(type_.recipes, lambda r: r.name)
        yield from _repeats(type_.levels, lambda level: level.name)
        yield from _repeats(type_.storage, lambda s: (s.product, s.site))


def _repeats(entities: Iterable[Any], key_of: Callable[[Any], Any]) -> Iterator[EntityFault]:
    seen: set[Any] = set()
    for entity in entities:
        key = key_of(entity)
        if key in seen:
            yield _fault(entity, "name", "stands twice", "keep one of the two rows")
        seen.add(key)


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
                    yield _fault(entity, field, f"'{name}' is not declared", nearest(name, known[kind]))


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
    *("detour_factor", "shortest_km", "longest_km", "distance_km", "people_per_km", "radius_km", "hazard"),
    *("cost_per_trip", "cost_per_trip_km", "trips_per_depot", "electricity_kwh_per_t", "risk_factor"),
    *("penalty_per_t", "penalty", "shortfall_penalty_per_t", "budget_penalty", "emission_penalty_per_t", "budget"),
    *("opening_cost_factor", "fixed_cost_factor", "variable_cost_factor", "holding_cost_factor"),
    *("longest_stay_periods", "lag_periods", "visits", "uncollected_cost_per_t", "holding_cost_per_t"),
}
_ABOVE_ZERO = {"years", "trip_capacity_t", "capacity_use", "life_periods"}
_SHARES = {"share"}


def _wrong_numbers(network: Network) -> Iterator[EntityFault]:
    """Profiles of the wrong length, numbers that are not finite or out of range."""
    if not network.discount_rate > -1:
        yield _fault(network, "discount_rate", f"is {network.discount_rate}", "expected a rate above -1 (0.05 is 5 %)")
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
        yield _fault(
            entity, field, f"has {len(value)} numbers", f"expected one, or one a period ({len(network.periods)})"
        )
    wrong = next((t for t, number in enumerate(numbers) if not _is_in_range(field, number)), None)
    if wrong is not None:
        yield _fault(
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


# ---- what belongs together -----------------------------------------------------------------------------------------


def _recipes(network: Network) -> Iterator[EntityFault]:
    known = {product.name for product in network.products}
    for type_ in network.types:
        if not type_.recipes:
            yield _fault(type_, "recipes", "there is none", "a facility type needs at least one recipe")
        for recipe in type_.recipes:
            for side in ("inputs", "outputs"):
                for product, tonnes in getattr(recipe, side):
                    if product not in known:
                        yield _fault(recipe, side, f"'{product}' is not declared", nearest(product, known))
                    if not (math.isfinite(tonnes) and tonnes > 0):
                        yield _fault(recipe, side, f"{tonnes} t of '{product}'", "expected a number above 0")
            if not recipe.inputs:
                yield _fault(recipe, "inputs", "there is none", "a recipe needs at least one input")
            mass_in = sum(tonnes for _, tonnes in recipe.inputs) + recipe.reagents_t
            mass_out = sum(tonnes for _, tonnes in recipe.outputs)
            if mass_out > mass_in * (1 + MASS_TOLERANCE):
                yield _fault(
                    recipe,
                    "outputs",
                    f"{mass_out:g} t come out of {mass_in:g} t",
                    "expected no more out than in; mass that is added stands in reagents_t",
                )


def _levels(network: Network) -> Iterator[EntityFault]:
    for type_ in network.types:
        yield from _level_faults(type_, type_)
    for candidate in network.candidates:
        if candidate.levels and candidate.type in network.types_by_name:
            yield from _level_faults(candidate, network.types_by_name[candidate.type])


def _level_faults(owner: FacilityType | Candidate, type_: FacilityType) -> Iterator[EntityFault]:
    levels = owner.levels
    if not levels:
        yield _fault(owner, "levels", "there is none", "a facility type needs at least one level")
    for small, large in itertools.pairwise(levels):
        if not large.capacity_t > small.capacity_t:
            yield _fault(large, "capacity_t", f"is {large.capacity_t:g}", f"expected more than '{small.name}' has")
        if type_.sizes is Sizes.BETWEEN and large.variable_cost_per_t != small.variable_cost_per_t:
            yield _fault(
                large,
                "variable_cost_per_t",
                f"differs from that of '{small.name}'",
                "expected the same at all levels of a type with sizes between them",
            )
    for level in levels:
        if level.least_t > level.capacity_t >= 0:
            yield _fault(level, "least_t", f"is {level.least_t:g}", f"expected at most capacity_t {level.capacity_t:g}")


def _candidates(network: Network) -> Iterator[EntityFault]:
    existing = {c.site + "\0" + c.type for c in network.candidates if c.standing is Standing.EXISTING}
    for candidate in network.candidates:
        type_ = network.types_by_name.get(candidate.type)
        if type_ is None:
            continue
        levels = {level.name: level for level in (candidate.levels or type_.levels)}
        for field in ("level", "largest_level"):
            name = getattr(candidate, field)
            if name and name not in levels:
                yield _fault(candidate, field, f"'{name}' is not a level of it", nearest(name, levels))
        largest = max((level.capacity_t for level in levels.values()), default=0.0)
        if candidate.capacity_t is not None and candidate.capacity_t > largest:
            yield _fault(candidate, "capacity_t", f"is {candidate.capacity_t:g}", f"expected at most {largest:g}")
        if candidate.capacity_t is not None and type_.sizes is Sizes.LEVELS:
            yield _fault(candidate, "capacity_t", "is given", "expected a level: its type has no sizes between levels")
    for type_ in network.types:
        for row in type_.storage:
            if row.initial_t and row.site + "\0" + type_.name not in existing:
                yield _fault(row, "initial_t", f"is {row.initial_t:g}", "expected 0 where no facility exists yet")


def _modes(network: Network) -> Iterator[EntityFault]:
    for mode in network.modes:
        for field in ("whole_trips", "is_mobile", "trips_per_depot"):
            if getattr(mode, field) and mode.trip_capacity_t is None:
                yield _fault(mode, "trip_capacity_t", "is missing", f"expected the load of a vehicle, for {field}")
        rule = next((rule for rule in network.policy.coverage if rule.visits is not None), None)
        if rule is not None and mode.is_mobile and not mode.whole_trips:
            yield _fault(mode, "whole_trips", "is false", f"expected true: '{rule.name}' counts its visits")


def _markets(network: Network) -> Iterator[EntityFault]:
    for market in network.markets:
        pairs = zip(*(_numbers(network, v) for v in (market.least_t, market.most_t)), strict=False)
        for least, most in pairs:
            if least is not None and most is not None and least > most:
                yield _fault(market, "least_t", f"is {least:g}", f"expected at most most_t, {most:g}")
                break


def _subsidies(network: Network) -> Iterator[EntityFault]:
    for subsidy in network.policy.subsidies:
        rates = [rate for rate in _numbers(network, subsidy.rate) if rate is not None]
        if subsidy.base is SubsidyBase.OPENING_COST and max(rates) > 1:
            problem, remedy = f"is {max(rates):g}", "expected a share of the opening cost, from 0 to 1 (0.3 is 30 %)"
            yield _fault(subsidy, "rate", problem, remedy)


def _numbers(network: Network, value: Any) -> Sequence[float | None]:
    return value if isinstance(value, tuple) else [value] * len(network.periods)


def _distances(network: Network) -> Iterator[EntityFault]:
    size = len(network.sites)
    for name, matrix in network.distances.items():
        if matrix.shape != (size, size):
            yield _fault(network, "distances", f"'{name}' has shape {matrix.shape}", f"expected ({size}, {size})")
        elif (matrix < 0).any():
            yield _fault(network, "distances", f"'{name}' has negative distances", "expected km of at least 0, or NaN")
    used = {mode.distance for mode in network.modes} | {rule.distance for rule in network.policy.coverage}
    if GREAT_CIRCLE in used:
        for site in network.sites:
            if site.latitude_deg is None or site.longitude_deg is None:
                yield _fault(
                    site, "latitude_deg", "is missing", "expected coordinates, or a distance table for every mode"
                )
            yield from _off_the_globe(site)


def _off_the_globe(site: Site) -> Iterator[EntityFault]:
    """Degrees that there are not, from which a great circle would be nonsense; often the two are swapped."""
    for field, most in (("latitude_deg", 90), ("longitude_deg", 180)):
        value = getattr(site, field)
        if value is not None and not abs(value) <= most:
            yield _fault(site, field, f"is {value:g}", f"expected degrees from {-most} to {most}")
