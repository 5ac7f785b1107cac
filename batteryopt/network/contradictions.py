"""What in a network does not go together: recipes, levels, candidates, modes, markets, subsidies, distances."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from batteryopt.errors import nearest
from batteryopt.network.entity_faults import EntityFault, fault_in
from batteryopt.network.facilities import Candidate, FacilityType, Sizes, Standing
from batteryopt.network.flows import GREAT_CIRCLE
from batteryopt.network.policy import SubsidyBase

if TYPE_CHECKING:
    from batteryopt.network.instance import Network, Site

MASS_TOLERANCE = 1e-9
"""Outputs may exceed inputs and reagents by this share, for rounding in tables."""


def contradictions_of(network: Network) -> Iterator[EntityFault]:
    """Yield every fault of entities that are in order by themselves."""
    for check in (_recipes, _levels, _candidates, _modes, _markets, _subsidies, _distances):
        yield from check(network)


def _recipes(network: Network) -> Iterator[EntityFault]:
    known = {product.name for product in network.products}
    for type_ in network.types:
        if not type_.recipes:
            yield fault_in(type_, "recipes", "there is none", "a facility type needs at least one recipe")
        for recipe in type_.recipes:
            for side in ("inputs", "outputs"):
                for product, tonnes in getattr(recipe, side):
                    if product not in known:
                        yield fault_in(recipe, side, f"'{product}' is not declared", nearest(product, known))
                    if not (math.isfinite(tonnes) and tonnes > 0):
                        yield fault_in(recipe, side, f"{tonnes} t of '{product}'", "expected a number above 0")
            if not recipe.inputs:
                yield fault_in(recipe, "inputs", "there is none", "a recipe needs at least one input")
            mass_in = sum(tonnes for _, tonnes in recipe.inputs) + recipe.reagents_t
            mass_out = sum(tonnes for _, tonnes in recipe.outputs)
            if mass_out > mass_in * (1 + MASS_TOLERANCE):
                yield fault_in(
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
        yield fault_in(owner, "levels", "there is none", "a facility type needs at least one level")
    for small, large in itertools.pairwise(levels):
        if not large.capacity_t > small.capacity_t:
            yield fault_in(large, "capacity_t", f"is {large.capacity_t:g}", f"expected more than '{small.name}' has")
        if type_.sizes is Sizes.BETWEEN and large.variable_cost_per_t != small.variable_cost_per_t:
            yield fault_in(
                large,
                "variable_cost_per_t",
                f"differs from that of '{small.name}'",
                "expected the same at all levels of a type with sizes between them",
            )
    for level in levels:
        if level.least_t > level.capacity_t >= 0:
            yield fault_in(
                level, "least_t", f"is {level.least_t:g}", f"expected at most capacity_t {level.capacity_t:g}"
            )


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
                yield fault_in(candidate, field, f"'{name}' is not a level of it", nearest(name, levels))
        largest = max((level.capacity_t for level in levels.values()), default=0.0)
        if candidate.capacity_t is not None and candidate.capacity_t > largest:
            yield fault_in(candidate, "capacity_t", f"is {candidate.capacity_t:g}", f"expected at most {largest:g}")
        if candidate.capacity_t is not None and type_.sizes is Sizes.LEVELS:
            yield fault_in(
                candidate, "capacity_t", "is given", "expected a level: its type has no sizes between levels"
            )
    for type_ in network.types:
        for row in type_.storage:
            if row.initial_t and row.site + "\0" + type_.name not in existing:
                yield fault_in(row, "initial_t", f"is {row.initial_t:g}", "expected 0 where no facility exists yet")


def _modes(network: Network) -> Iterator[EntityFault]:
    for mode in network.modes:
        for field in ("whole_trips", "is_mobile", "trips_per_depot"):
            if getattr(mode, field) and mode.trip_capacity_t is None:
                yield fault_in(mode, "trip_capacity_t", "is missing", f"expected the load of a vehicle, for {field}")
        rule = next((rule for rule in network.policy.coverage if rule.visits is not None), None)
        if rule is not None and mode.is_mobile and not mode.whole_trips:
            yield fault_in(mode, "whole_trips", "is false", f"expected true: '{rule.name}' counts its visits")


def _markets(network: Network) -> Iterator[EntityFault]:
    for market in network.markets:
        pairs = zip(*(_numbers(network, v) for v in (market.least_t, market.most_t)), strict=False)
        for least, most in pairs:
            if least is not None and most is not None and least > most:
                yield fault_in(market, "least_t", f"is {least:g}", f"expected at most most_t, {most:g}")
                break


def _subsidies(network: Network) -> Iterator[EntityFault]:
    for subsidy in network.policy.subsidies:
        rates = [rate for rate in _numbers(network, subsidy.rate) if rate is not None]
        if subsidy.base is SubsidyBase.OPENING_COST and max(rates) > 1:
            problem, remedy = f"is {max(rates):g}", "expected a share of the opening cost, from 0 to 1 (0.3 is 30 %)"
            yield fault_in(subsidy, "rate", problem, remedy)


def _numbers(network: Network, value: Any) -> Sequence[float | None]:
    return value if isinstance(value, tuple) else [value] * len(network.periods)


def _distances(network: Network) -> Iterator[EntityFault]:
    size = len(network.sites)
    for name, matrix in network.distances.items():
        if matrix.shape != (size, size):
            yield fault_in(network, "distances", f"'{name}' has shape {matrix.shape}", f"expected ({size}, {size})")
        elif (matrix < 0).any():
            yield fault_in(
                network, "distances", f"'{name}' has negative distances", "expected km of at least 0, or NaN"
            )
    used = {mode.distance for mode in network.modes} | {rule.distance for rule in network.policy.coverage}
    if GREAT_CIRCLE in used:
        for site in network.sites:
            if site.latitude_deg is None or site.longitude_deg is None:
                yield fault_in(
                    site, "latitude_deg", "is missing", "expected coordinates, or a distance table for every mode"
                )
            yield from _off_the_globe(site)


def _off_the_globe(site: Site) -> Iterator[EntityFault]:
    """Degrees that there are not, from which a great circle would be nonsense; often the two are swapped."""
    for field, most in (("latitude_deg", 90), ("longitude_deg", 180)):
        value = getattr(site, field)
        if value is not None and not abs(value) <= most:
            yield fault_in(site, field, f"is {value:g}", f"expected degrees from {-most} to {most}")
