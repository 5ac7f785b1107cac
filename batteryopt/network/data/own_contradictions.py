"""What in a single entity does not go together, though each of its fields may be as it is.

An entity tells it when it is made (`Entity.contradictions`), and a reader of tables for all rows at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

from batteryopt.network.data.entity_faults import EntityFault, fault_in

MASS_TOLERANCE = 1e-9
"""Outputs may exceed inputs and reagents by this share, for rounding in tables."""


def of_recipe(recipe: Any) -> Iterator[EntityFault]:
    """Yield amounts that are none, and more mass out than in."""
    amounts = [(side, *pair) for side in ("inputs", "outputs") for pair in getattr(recipe, side)]
    for side, product, tonnes in amounts:
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


def of_type(type_: Any) -> Iterator[EntityFault]:
    """Yield a type that can do nothing, and sizes that do not go together."""
    if not type_.recipes:
        yield fault_in(type_, "recipes", "there is none", "a facility type needs at least one recipe")
    yield from of_sizes(type_.levels, is_between=type_.sizes == "between")


def of_level(level: Any) -> Iterator[EntityFault]:
    """Yield a least that is above the capacity."""
    if level.least_t > level.capacity_t >= 0:
        yield fault_in(level, "least_t", f"is {level.least_t:g}", f"expected at most capacity_t {level.capacity_t:g}")


def of_sizes(levels: Any, *, is_between: bool) -> Iterator[EntityFault]:
    """Yield levels, in growing order, of which a larger one is no larger, or costs less."""
    for small, large in itertools.pairwise(levels):
        if not large.capacity_t > small.capacity_t:
            yield fault_in(large, "capacity_t", f"is {large.capacity_t:g}", f"expected more than '{small.name}' has")
        yield from _cheaper_though_larger(small, large)
        if is_between:
            yield from _off_the_straight_line(small, large)


def _cheaper_though_larger(small: Any, large: Any) -> Iterator[EntityFault]:
    """Yield a larger level that costs less to open: raising, which costs the difference, would earn money."""
    pair = first_pair(large.opening_cost, small.opening_cost, lambda cost, of_small: cost < of_small)
    if pair is not None:
        problem = f"is {pair[0]:g}, less than the {pair[1]:g} of the smaller '{small.name}'"
        remedy = "expected a larger level to cost at least as much: raising costs the difference, and would earn it"
        yield fault_in(large, "opening_cost", problem, remedy, pair[2])


def _off_the_straight_line(small: Any, large: Any) -> Iterator[EntityFault]:
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


def of_mode(mode: Any) -> Iterator[EntityFault]:
    """Yield trips without a load, rounds without hours, and a shortest way that is longer than the longest."""
    of_trips = ("cost_per_trip", "cost_per_trip_km", "emission_kg_per_trip_km")
    asks_for_a_load = ("whole_trips", "is_mobile", "trips_per_depot", "visits_per_period", *of_trips)
    asking = [field for field in asks_for_a_load if _is_anything(getattr(mode, field))]
    if asking and mode.trip_capacity_t is None:
        remedy = f"expected the load of a vehicle, for {', '.join(asking)}"
        yield fault_in(mode, "trip_capacity_t", "is missing", remedy)
    if mode.longest_km is not None and mode.shortest_km > mode.longest_km:
        problem, remedy = f"is {mode.shortest_km:g}", f"expected at most longest_km, {mode.longest_km:g}"
        yield fault_in(mode, "shortest_km", problem, remedy)
    yield from _of_rounds(mode)


ONLY_OF_ROUNDS = (
    *("vehicle_slots", "shift_hours", "speed_km_per_hour", "hours", "stop_minutes", "most_stops", "cost_per_hour"),
)
"""Fields of a mode that mean nothing where it makes no rounds."""


def _of_rounds(mode: Any) -> Iterator[EntityFault]:
    """Yield what rounds lack, and what has no meaning without them."""
    visits = mode.visits_per_period
    if visits is None:
        for field in ONLY_OF_ROUNDS:
            if _is_anything(getattr(mode, field)):
                remedy = "give visits_per_period, how often places are visited, or leave it out"
                yield fault_in(mode, field, "is for rounds, and the mode makes none", remedy)
        return
    if mode.whole_trips:
        remedy = "expected false: rounds are whole in themselves, and planned for a plan"
        yield fault_in(mode, "whole_trips", "is true, and the mode makes rounds", remedy)
    needs_hours = mode.shift_hours is not None or _is_anything(mode.cost_per_hour)
    if needs_hours and not mode.hours and mode.speed_km_per_hour is None:
        remedy = "name a distance table that holds hours, or give speed_km_per_hour"
        yield fault_in(mode, "hours", "is missing, and shift_hours or cost_per_hour need it", remedy)
    if mode.trips_per_depot is not None and mode.trips_per_depot < visits:
        problem = f"is {mode.trips_per_depot:g}: a depot has no vehicle for each of {visits:g} visits"
        yield fault_in(mode, "trips_per_depot", problem, "expected at least visits_per_period")
    if mode.most_stops is not None and mode.most_stops < 1:
        yield fault_in(mode, "most_stops", f"is {mode.most_stops:g}", "expected at least 1")


def _is_anything(value: Any) -> bool:
    return any(value) if isinstance(value, tuple) else bool(value)


def of_lane(lane: Any) -> Iterator[EntityFault]:
    """Yield a way that leads nowhere."""
    if lane.origin == lane.destination:
        problem = f"is '{lane.destination}', where the lane begins"
        yield fault_in(lane, "destination", problem, "leave the row out: what stays at a site travels no lane")


def of_market(market: Any) -> Iterator[EntityFault]:
    """Yield a least above the most, and more that comes back than was bought."""
    pair = first_pair(market.least_t, market.most_t, lambda least, most: least > most)
    if pair is not None:
        yield fault_in(market, "least_t", f"is {pair[0]:g}", f"expected at most most_t, {pair[1]:g}", pair[2])
    yield from _more_than_was_bought(market)


def _more_than_was_bought(market: Any) -> Iterator[EntityFault]:
    """Yield a product of which more comes back, over all lags, than was bought."""
    for product in dict.fromkeys(back.product for back in market.comes_back):
        backs = [back for back in market.comes_back if back.product == product]
        total = sum(back.share for back in backs)
        if all(back.share <= 1 for back in backs) and total > 1 + MASS_TOLERANCE:
            problem = f"{total:g} t of '{product}' in all come back of each tonne of '{market.product}'"
            problem += f" bought at '{market.site}'"
            yield fault_in(backs[-1], "share", problem, "expected shares that add up to at most 1")


def of_limit(limit: Any) -> Iterator[EntityFault]:
    """Yield sides that are missing, that change where they must not, or that cross."""
    if limit.least is None and limit.most is None:
        yield fault_in(limit, "most", "is missing, and so is least", "a limit needs a least, a most, or both")
    if limit.over_all_periods:
        for field in ("least", "most"):
            if isinstance(getattr(limit, field), tuple):
                problem = "differs from period to period, and over_all_periods counts all together"
                yield fault_in(limit, field, problem, "expected one number")
    pair = first_pair(limit.least, limit.most, lambda least, most: least > most)
    if pair is not None:
        yield fault_in(limit, "least", f"is {pair[0]:g}", f"expected at most most, {pair[1]:g}", pair[2])


def of_narrowing(rule: Any, counted: str, known: Collection[str]) -> Iterator[EntityFault]:
    """Yield what narrows a rule that its quantity does not know."""
    for field in ("type", "product", "mode"):
        name = getattr(rule, field, "")
        if name and field not in known:
            remedy = f"leave it empty; what narrows {counted}: {', '.join((*known, 'group'))}"
            yield fault_in(rule, field, f"is '{name}', and {counted} has no {field}", remedy)


def of_share_of_a_cost(rule: Any) -> Iterator[EntityFault]:
    """Yield a subsidy above all of the opening cost that it is a share of: money of nothing."""
    highest = max(rule.rate, default=0.0) if isinstance(rule.rate, tuple) else rule.rate
    if highest > 1:
        remedy = "expected a share of the opening cost, from 0 to 1 (0.3 is 30 %)"
        yield fault_in(rule, "rate", f"is {highest:g}", remedy)


def first_pair(first: Any, second: Any, is_wrong: Callable[[float, float], bool]) -> tuple[float, float, Any] | None:
    """Return the first two numbers of one period that do not go together, with the period where there is one."""
    if first is None or second is None:
        return None
    length = max(len(value) for value in (first, second, ()) if isinstance(value, tuple))
    firsts, seconds = (value if isinstance(value, tuple) else (value,) * max(length, 1) for value in (first, second))
    for period, (one, other) in enumerate(zip(firsts, seconds, strict=False)):
        if is_wrong(one, other):
            return one, other, period if isinstance(first, tuple) else None
    return None
