"""What in a network does not go together: recipes, levels, candidates, modes, lanes, markets, scenarios, distances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from batteryopt.ground.errors import nearest
from batteryopt.network.data.circulation import loops_of
from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.facilities import Candidate, FacilityType, Sizes, Standing
from batteryopt.network.data.flows import GREAT_CIRCLE
from batteryopt.network.data.own_contradictions import of_sizes
from batteryopt.network.data.product_contradictions import contradictions_of_products
from batteryopt.network.data.round_contradictions import contradictions_of_rounds
from batteryopt.network.data.rule_contradictions import rule_contradictions_of
from batteryopt.network.data.uniqueness import tables_of

if TYPE_CHECKING:
    from batteryopt.network.data.flows import Site
    from batteryopt.network.data.unjudged import UnjudgedNetwork

PROBABILITY_TOLERANCE = 1e-6
"""Probabilities may miss 1 by as much: a third is written with a few digits."""


def contradictions_of(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield every fault of entities that are in order by themselves."""
    checks = (_by_themselves, _recipes, _levels, _candidates, _stocks, _modes, _scenarios, _distances)
    for check in (*checks, contradictions_of_products, loops_of, rule_contradictions_of):
        yield from check(network)


def _by_themselves(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield what single entities say of themselves; a profile of the wrong length is told elsewhere."""
    for rows in tables_of(network):
        for entity in rows:
            yield from entity.contradictions()


def _recipes(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    known = {product.name for product in network.products}
    for recipe in (recipe for type_ in network.types for recipe in type_.recipes):
        for side in ("inputs", "outputs"):
            for product in (product for product, _ in getattr(recipe, side) if product not in known):
                yield fault_in(recipe, side, f"'{product}' is not declared", nearest(product, known))


def _levels(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Levels of each type, and of each place that has its own; a type whose places all have needs none."""
    for type_ in network.types:
        mine = [candidate for candidate in network.candidates if candidate.type == type_.name]
        if not type_.levels and (not mine or not all(candidate.levels for candidate in mine)):
            remedy = "a facility type needs at least one level, or every candidate of it levels of its own"
            yield fault_in(type_, "levels", "there is none", remedy)
    for candidate in network.candidates:
        if candidate.levels and candidate.type in network.types_by_name:
            is_between = network.types_by_name[candidate.type].sizes is Sizes.BETWEEN
            yield from of_sizes(candidate.levels, is_between=is_between)


def _candidates(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    for candidate in network.candidates:
        type_ = network.types_by_name.get(candidate.type)
        if type_ is not None:
            yield from _sizes_of(candidate, type_)
        index = network.period_index
        if candidate.forced_from in index and candidate.earliest in index:
            if index[candidate.forced_from] < index[candidate.earliest]:
                problem = f"is '{candidate.forced_from}', before earliest '{candidate.earliest}'"
                yield fault_in(candidate, "forced_from", problem, "expected a period from the earliest on")
        elif candidate.standing is Standing.FORCED and index.get(candidate.earliest, 0) and not candidate.forced_from:
            problem = f"is '{candidate.earliest}', and it must stand from the first period on"
            yield fault_in(candidate, "earliest", problem, "give forced_from that period or a later one")


def _sizes_of(candidate: Candidate, type_: FacilityType) -> Iterator[EntityFault]:
    levels = {level.name: level for level in (candidate.levels or type_.levels)}
    for field in ("level", "largest_level"):
        name = getattr(candidate, field)
        if name and name not in levels:
            yield fault_in(candidate, field, f"'{name}' is not a level of it", nearest(name, levels))
    top = levels.get(candidate.largest_level)
    level = levels.get(candidate.level)
    if top is not None and level is not None and level.capacity_t > top.capacity_t:
        problem = f"is '{level.name}' ({level.capacity_t:g} t), above largest_level '{top.name}' ({top.capacity_t:g} t)"
        yield fault_in(candidate, "level", problem, "expected a level up to the largest that the place allows")
    largest = top.capacity_t if top is not None else max((v.capacity_t for v in levels.values()), default=0.0)
    if candidate.capacity_t is not None and candidate.capacity_t > largest:
        yield fault_in(candidate, "capacity_t", f"is {candidate.capacity_t:g}", f"expected at most {largest:g}")
    if candidate.capacity_t is not None and type_.sizes is Sizes.LEVELS:
        yield fault_in(candidate, "capacity_t", "is given", "expected a level: its type has no sizes between levels")


def _stocks(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    existing = {(c.site, c.type) for c in network.candidates if c.standing is Standing.EXISTING}
    for type_ in network.types:
        for row in type_.storage:
            if row.initial_t and (row.site, type_.name) not in existing:
                yield fault_in(row, "initial_t", f"is {row.initial_t:g}", "expected 0 where no facility exists yet")


def _modes(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    for mode in network.modes:
        rule = next((rule for rule in network.policy.coverage if rule.visits is not None), None)
        if mode.visits_per_period is not None:
            yield from contradictions_of_rounds(network, mode)
        elif rule is not None and mode.is_mobile and not mode.whole_trips:
            yield fault_in(mode, "whole_trips", "is false", f"expected true: '{rule.name}' counts its visits")


def _scenarios(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    given = [s.probability for s in network.scenarios if s.probability is not None]
    if given and len(given) < len(network.scenarios):
        missing = next(s for s in network.scenarios if s.probability is None)
        yield fault_in(missing, "probability", "is missing", "give every scenario one, or none (all equally likely)")
    elif given and not math.isclose(sum(given), 1.0, abs_tol=PROBABILITY_TOLERANCE):
        problem = f"the probabilities add up to {sum(given):g}"
        yield fault_in(network.scenarios[-1], "probability", problem, "expected 1 in all")


def _distances(network: UnjudgedNetwork) -> Iterator[EntityFault]:
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
