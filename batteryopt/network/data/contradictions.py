"""What in a network does not go together: recipes, levels, candidates, modes, lanes, markets, scenarios, distances."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import nearest
from batteryopt.network.data.circulation import loops_of
from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.facilities import Candidate, FacilityType, Level, Sizes, Standing
from batteryopt.network.data.flows import GREAT_CIRCLE, Market
from batteryopt.network.data.rule_contradictions import rule_contradictions_of

if TYPE_CHECKING:
    from batteryopt.network.data.flows import Site
    from batteryopt.network.data.unjudged import UnjudgedNetwork

MASS_TOLERANCE = 1e-9
"""Outputs may exceed inputs and reagents by this share, for rounding in tables."""
PROBABILITY_TOLERANCE = 1e-6
"""Probabilities may miss 1 by as much: a third is written with a few digits."""


def contradictions_of(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield every fault of entities that are in order by themselves."""
    checks = (_recipes, _levels, _candidates, _stocks, _modes, _lanes, _markets, _scenarios, _distances)
    for check in (*checks, loops_of, rule_contradictions_of):
        yield from check(network)


def _recipes(network: UnjudgedNetwork) -> Iterator[EntityFault]:
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


def _levels(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Levels of each type, and of each place that has its own; a type whose places all have needs none."""
    for type_ in network.types:
        mine = [candidate for candidate in network.candidates if candidate.type == type_.name]
        if type_.levels:
            yield from _level_faults(type_, type_)
        elif not mine or not all(candidate.levels for candidate in mine):
            remedy = "a facility type needs at least one level, or every candidate of it levels of its own"
            yield fault_in(type_, "levels", "there is none", remedy)
    for candidate in network.candidates:
        if candidate.levels and candidate.type in network.types_by_name:
            yield from _level_faults(candidate, network.types_by_name[candidate.type])


def _level_faults(owner: FacilityType | Candidate, type_: FacilityType) -> Iterator[EntityFault]:
    levels = owner.levels
    for small, large in itertools.pairwise(levels):
        if not large.capacity_t > small.capacity_t:
            yield fault_in(large, "capacity_t", f"is {large.capacity_t:g}", f"expected more than '{small.name}' has")
        yield from _cheaper_though_larger(small, large)
        if type_.sizes is Sizes.BETWEEN:
            yield from _off_the_straight_line(small, large)
    for level in levels:
        if level.least_t > level.capacity_t >= 0:
            yield fault_in(
                level, "least_t", f"is {level.least_t:g}", f"expected at most capacity_t {level.capacity_t:g}"
            )


def _cheaper_though_larger(small: Level, large: Level) -> Iterator[EntityFault]:
    """Yield a larger level that costs less to open: raising, which costs the difference, would earn money."""
    pair = _first_pair(large.opening_cost, small.opening_cost, lambda cost, of_small: cost < of_small)
    if pair is not None:
        problem = f"is {pair[0]:g}, less than the {pair[1]:g} of the smaller '{small.name}'"
        remedy = "expected a larger level to cost at least as much: raising costs the difference, and would earn it"
        yield fault_in(large, "opening_cost", problem, remedy, pair[2])


def _off_the_straight_line(small: Level, large: Level) -> Iterator[EntityFault]:
    """Yield what has no meaning at sizes between two levels."""
    if large.variable_cost_per_t != small.variable_cost_per_t:
        problem = f"differs from that of '{small.name}'"
        remedy = "expected the same at all levels of a type with sizes between them"
        yield fault_in(large, "variable_cost_per_t", problem, remedy)
    if (small.storage_limit_t is None) != (large.storage_limit_t is None):
        problem = f"is {_given(large.storage_limit_t)}, and that of '{small.name}' is {_given(small.storage_limit_t)}"
        remedy = "expected a limit at all levels or at none: sizes between a limit and none would have no meaning"
        yield fault_in(large, "storage_limit_t", problem, remedy)


def _given(limit_t: float | None) -> str:
    return "not given" if limit_t is None else f"{limit_t:g}"


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
    of_trips = ("cost_per_trip", "cost_per_trip_km", "emission_kg_per_trip_km")
    asks_for_a_load = ("whole_trips", "is_mobile", "trips_per_depot", *of_trips)
    for mode in network.modes:
        asking = [field for field in asks_for_a_load if any(_numbers(network, getattr(mode, field) or 0))]
        if asking and mode.trip_capacity_t is None:
            remedy = f"expected the load of a vehicle, for {', '.join(asking)}"
            yield fault_in(mode, "trip_capacity_t", "is missing", remedy)
        rule = next((rule for rule in network.policy.coverage if rule.visits is not None), None)
        if rule is not None and mode.is_mobile and not mode.whole_trips:
            yield fault_in(mode, "whole_trips", "is false", f"expected true: '{rule.name}' counts its visits")
        if mode.longest_km is not None and mode.shortest_km > mode.longest_km:
            problem, remedy = f"is {mode.shortest_km:g}", f"expected at most longest_km, {mode.longest_km:g}"
            yield fault_in(mode, "shortest_km", problem, remedy)


def _lanes(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    for lane in network.lanes:
        if lane.origin == lane.destination:
            problem = f"is '{lane.destination}', where the lane begins"
            yield fault_in(lane, "destination", problem, "leave the row out: what stays at a site travels no lane")


def _markets(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    for market in network.markets:
        pair = _first_pair(market.least_t, market.most_t, lambda least, most: least > most)
        if pair is not None:
            yield fault_in(market, "least_t", f"is {pair[0]:g}", f"expected at most most_t, {pair[1]:g}", pair[2])
        yield from _more_than_was_bought(market)


def _more_than_was_bought(market: Market) -> Iterator[EntityFault]:
    """Yield a product of which more comes back, over all lags, than was bought."""
    for product in dict.fromkeys(back.product for back in market.comes_back):
        backs = [back for back in market.comes_back if back.product == product]
        total = sum(back.share for back in backs)
        if all(back.share <= 1 for back in backs) and total > 1 + MASS_TOLERANCE:
            problem = f"{total:g} t of '{product}' in all come back of each tonne of '{market.product}'"
            problem += f" bought at '{market.site}'"
            yield fault_in(backs[-1], "share", problem, "expected shares that add up to at most 1")


def _scenarios(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    given = [s.probability for s in network.scenarios if s.probability is not None]
    if given and len(given) < len(network.scenarios):
        missing = next(s for s in network.scenarios if s.probability is None)
        yield fault_in(missing, "probability", "is missing", "give every scenario one, or none (all equally likely)")
    elif given and not math.isclose(sum(given), 1.0, abs_tol=PROBABILITY_TOLERANCE):
        problem = f"the probabilities add up to {sum(given):g}"
        yield fault_in(network.scenarios[-1], "probability", problem, "expected 1 in all")


def _first_pair(first: Any, second: Any, is_wrong: Callable[[float, float], bool]) -> tuple[float, float, Any] | None:
    """Return the first two numbers of one period that do not go together, with the period where there is one."""
    if first is None or second is None:
        return None
    length = max(len(value) for value in (first, second, ()) if isinstance(value, tuple))
    firsts, seconds = (value if isinstance(value, tuple) else (value,) * max(length, 1) for value in (first, second))
    for period, (one, other) in enumerate(zip(firsts, seconds, strict=False)):
        if is_wrong(one, other):
            return one, other, period if isinstance(first, tuple) else None
    return None


def _numbers(network: UnjudgedNetwork, value: Any) -> Sequence[float | None]:
    return value if isinstance(value, tuple) else [value] * len(network.periods)


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
