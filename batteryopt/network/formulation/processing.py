"""Processing: what recipes use and make, within the capacity of what stands, and what it costs."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Claim, Floats, Index, Terms
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.steps import has_larger, is_between, level_figures, rows_of


def add_processing(b: Draft) -> None:
    """Add processing, its limits and its costs."""
    add_processed(b)
    capacity_is_kept(b)
    least_throughput_is_reached(b)
    add_costs_by_level(b)
    pay_for_processing(b)


def add_processed(b: Draft) -> None:
    """Add what is processed by each recipe, and its emissions."""
    processed = b.m.variables(
        "processed",
        b.each_period(b.sets.RECIPES),
        upper=_finite(b.reach.processed.ravel()),
        doc="tonnes processed by a recipe",
    )
    kwh = np.repeat([r.electricity_kwh_per_t for r in b.sets.recipes], b.sets.T)
    grid = b.sets.by_site("electricity_kg_per_kwh")[processed["site"], processed["period"]]
    b.emit(processed, b.sets.profiles(b.sets.recipes, "emission_kg_per_t").ravel() + kwh * grid)


def _finite(values: Floats) -> Floats:
    return np.where(values < LARGEST_BOUND, values, np.inf)


def used(b: Draft) -> Terms:
    """Return tonnes used as input: by facility, product and period."""
    return b.m["processed"].through(*b.sets.inputs)


def made(b: Draft) -> Terms:
    """Return tonnes made: by facility, product and period."""
    return b.m["processed"].through(*b.sets.outputs)


def capacity_taken(b: Draft) -> Terms:
    """Return the capacity that processing takes."""
    return b.m["processed"] * np.repeat([r.capacity_use for r in b.sets.recipes], b.sets.T)


def capacity_is_kept(b: Draft) -> None:
    """State sum of processed <= capacity of what stands; tight: cut to the mass that can be there."""
    FACILITIES = b.each_period(b.sets.FACILITIES)
    is_open = b.m["is_open"]
    steps = b.sets.by_step("capacity_t").ravel()
    b.m.require(
        "capacity_is_kept",
        over=FACILITIES,
        terms=[capacity_taken(b), -is_open * (reachable_steps(b).ravel() if b.is_tight else steps)],
        at_most=0.0,
        doc="no more is processed than what stands can",
    )
    BETWEEN = FACILITIES.where(is_between(b)[FACILITIES["facility"]])
    if b.is_tight and len(BETWEEN):
        most = most_processed(b, b.reach.processed)[is_open["facility"], is_open["period"]]
        b.m.require(
            "processing_needs_a_facility",
            over=BETWEEN,
            terms=[capacity_taken(b), (-is_open * most).where(is_open["step"] == 0)],
            at_most=0.0,
            claim=Claim.CONSEQUENCE,
            doc="no more is processed than can reach the facility, if it stands",
        )


def most_processed(b: Draft, processed: Floats) -> Floats:
    """Return the capacity that could ever be taken (facilities, T), by the masses that can be there (recipes, T)."""
    most = np.zeros((len(b.sets.candidates), b.sets.T))
    use = np.array([r.capacity_use for r in b.sets.recipes])[:, None]
    np.add.at(most, b.sets.RECIPES["facility"], processed * use)
    return most


def reachable_steps(b: Draft) -> Floats:
    """Return what each step adds to the capacity that can be used (steps, T); whole steps where sizes lie between."""
    steps = b.sets.by_step("capacity_t")
    reach = most_processed(b, b.reach.processed)
    facility = b.sets.STEPS["facility"]
    upper = level_figures(steps, b.sets.STEPS["step"])
    cut = np.minimum(upper, reach[facility]) - np.minimum(upper - steps, reach[facility])
    return np.where(is_between(b)[facility, None], steps, cut)


def least_throughput_is_reached(b: Draft) -> None:
    """State sum of processed >= least throughput of what stands."""
    steps = b.sets.by_step("least_t")
    if not steps.any():
        return
    b.m.require(
        "least_throughput_is_reached",
        over=b.each_period(b.sets.FACILITIES),
        terms=[capacity_taken(b), -b.m["is_open"] * steps.ravel()],
        at_least=0.0,
        doc="an open facility processes its least throughput",
    )


# ---- costs ---------------------------------------------------------------------------------------------------------


def _level_costs_differ(b: Draft) -> Bools:
    """Return whether a facility's variable cost depends on its level (facilities)."""
    steps = b.sets.by_step("variable_cost_per_t")
    differs = np.zeros(len(b.sets.candidates), dtype=bool)
    np.logical_or.at(differs, b.sets.STEPS["facility"], (b.sets.STEPS["step"] > 0) & steps.any(axis=1))
    return differs


def add_costs_by_level(b: Draft) -> None:
    """Split what is processed by the level that is open, where levels have different costs a tonne."""
    differs = _level_costs_differ(b)
    if not differs.any():
        return
    LEVELS = b.each_period(b.sets.STEPS.where(differs[b.sets.STEPS["facility"]]))
    upper = _most_at_level(b)[differs[b.sets.STEPS["facility"]]].ravel()
    at_level = b.m.variables("at_level", LEVELS, upper=_finite(upper), doc="tonnes processed at this level's cost")
    FACILITIES = b.each_period(b.sets.FACILITIES.where(differs))
    b.m.require(
        "every_tonne_has_a_level",
        over=FACILITIES,
        terms=[at_level, -b.m["processed"]],
        equal=0.0,
        doc="what is processed is processed at some level",
    )
    is_open = b.m["is_open"].only("facility", "step", "period")
    limit = LEVELS["step"] * 0.0 + upper
    here = is_open.take(rows_of(b, LEVELS))
    above = _next_step(b, LEVELS, limit)
    b.m.require(
        "level_is_the_one_that_stands",
        over=LEVELS,
        terms=[at_level, -here * limit, above],
        at_most=0.0,
        doc="only the largest level that stands processes",
    )


def _next_step(b: Draft, LEVELS: Index, limit: Floats) -> Terms:
    """Return ``limit * is_open`` of the level above, at the rows of the level."""
    has_above = has_larger(b, LEVELS)
    rows = rows_of(b, LEVELS)[has_above] + b.sets.T
    above = b.m["is_open"].only("facility", "step", "period").take(rows)
    return above.moved(step=-1) * limit[has_above]


def _most_at_level(b: Draft) -> Floats:
    """Return the most tonnes that a level can process (steps, T)."""
    capacity = level_figures(b.sets.by_step("capacity_t"), b.sets.STEPS["step"])
    use = np.full(len(b.sets.candidates), np.inf)
    np.minimum.at(use, b.sets.RECIPES["facility"], [r.capacity_use for r in b.sets.recipes])
    reach = np.zeros((len(b.sets.candidates), b.sets.T))
    np.add.at(reach, b.sets.RECIPES["facility"], b.reach.processed)
    facility = b.sets.STEPS["facility"]
    return np.asarray(np.minimum(capacity / use[facility, None], reach[facility]), dtype=float)


def pay_for_processing(b: Draft) -> None:
    """Variable cost of level and recipe, at the place's factor, and electricity at the place's price."""
    processed, factor = b.m["processed"], b.sets.by_facility("variable_cost_factor")
    differs = _level_costs_differ(b)
    smallest = b.sets.STEPS["step"] == 0
    base = np.where(differs[:, None], 0.0, b.sets.by_step("variable_cost_per_t")[smallest])
    recipe = b.sets.profiles(b.sets.recipes, "cost_per_t").ravel()
    kwh = np.repeat([r.electricity_kwh_per_t for r in b.sets.recipes], b.sets.T)
    power = kwh * b.sets.by_site("electricity_price_per_kwh")[processed["site"], processed["period"]]
    place = processed["facility"], processed["period"]
    b.pay("variable", processed, (base[place] + recipe) * factor[processed["facility"]] + power)
    if "at_level" in b.m.families:
        at_level = b.m["at_level"]
        by_level = level_figures(b.sets.by_step("variable_cost_per_t"), b.sets.STEPS["step"]).ravel()
        rows = rows_of(b, b.m.families["at_level"].index)
        b.pay("variable", at_level, by_level[rows] * factor[at_level["facility"]])
