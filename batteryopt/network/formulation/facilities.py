"""Facilities: when they open, grow and close.

A facility's size is written in steps: step k is the difference between its levels k-1 and k, so that each step has its
own capacity and cost, a larger one needs the smaller ones, and costs already paid stay paid.
"""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Index
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.salvage import add_salvage
from batteryopt.network.formulation.steps import (
    Standings,
    at_first_period,
    first_step,
    has_larger,
    is_between,
    opening_prices,
    rows_of,
    shrinks,
)


def add_facilities(b: Draft) -> None:
    """Add sizes, closing and what they cost."""
    STEPS = b.each_period(b.sets.STEPS)
    standing = Standings(b)
    add_sizes(b, STEPS, standing)
    if standing.may_close.any():
        add_closing(b, standing)
    size_changes_by_steps(b, STEPS, standing)
    larger_needs_smaller(b, STEPS)
    pay_for_facilities(b)
    add_salvage(b, standing)


def add_sizes(b: Draft, STEPS: Index, standing: Standings) -> None:
    """Add the decisions on size: whether a step stands, and when it was raised."""
    between = is_between(b)[STEPS["facility"]]
    b.m.variables(
        "is_open",
        STEPS,
        lower=standing.lower.ravel(),
        upper=standing.upper.ravel(),
        is_integer=~between | (STEPS["step"] == 0),
        doc="1 where a facility stands at this level or a larger one (a share where sizes between levels exist)",
    )
    is_first_of_existing = (STEPS["step"] == 0) & np.repeat(standing.initial > 0, b.sets.T)
    # a step is a share from 0 to 1 that changes by no more than itself; before the earliest period none grows
    most_raised = np.where(is_first_of_existing | ~standing.may_grow.ravel(), 0.0, 1.0)
    may_shrink = shrinks(b)[STEPS["facility"]] & (STEPS["step"] > 0)
    b.m.variables(
        "raised",
        STEPS,
        lower=np.where(may_shrink, -1.0, 0.0),
        upper=most_raised,
        doc="1 where a facility reaches this level in this period; negative where it shrinks for a refund",
    )
    shrinks_where_it_stands(b, STEPS.where(may_shrink))


def shrinks_where_it_stands(b: Draft, SHRINKABLE: Index) -> None:
    """State raised >= -is_open of the facility: what closes in a period is closed as it stood, without a refund."""
    if not len(SHRINKABLE):
        return
    b.m.require(
        "shrinks_where_it_stands",
        over=SHRINKABLE,
        terms=[b.m["raised"], first_step(b).only("facility", "period")],
        at_least=0.0,
        doc="only what still stands is refunded for shrinking",
    )


def size_changes_by_steps(b: Draft, STEPS: Index, standing: Standings) -> None:
    """is_open = is_open before + raised - closed (closed only where a facility may close)."""
    is_open, raised = b.m["is_open"], b.m["raised"]
    closed = [b.m["closed"]] if "closed" in b.m.families else []
    b.m.require(
        "size_changes_by_steps",
        over=STEPS,
        terms=[is_open, -is_open.moved(period=1), -raised, *closed],
        equal=at_first_period(STEPS, standing.initial),
        doc="what stands is what stood, plus what was raised, less what was closed",
    )


def larger_needs_smaller(b: Draft, STEPS: Index) -> None:
    """is_open[k] <= is_open[k-1]; with sizes between levels a step begins only when the one below is full."""
    is_open = b.m["is_open"].only("facility", "step", "period")
    UPPER = STEPS.where(STEPS["step"] > 0)
    b.m.require(
        "larger_needs_smaller",
        over=UPPER,
        terms=[is_open, -is_open.moved(step=1)],
        at_most=0.0,
        doc="a level stands only on the level below",
    )
    MIDDLE = UPPER.where(is_between(b)[UPPER["facility"]] & has_larger(b, UPPER))
    if not len(MIDDLE):
        return
    b.m.variables("is_full", MIDDLE, upper=1.0, is_integer=True, doc="1 where a step between two levels is used up")
    is_full = b.m["is_full"].only("facility", "step", "period")
    b.m.require(
        "full_step_is_there", over=MIDDLE, terms=[is_full, -is_open], at_most=0.0, doc="a full step stands as a whole"
    )
    b.m.require(
        "next_step_needs_a_full_one",
        over=MIDDLE,
        terms=[is_open.moved(step=-1), -is_full],
        at_most=0.0,
        doc="the next step begins where the one below is full",
    )


def pay_for_facilities(b: Draft) -> None:
    """Pay for opening and raising, closing and standing; count the emissions of buildings."""
    facility = np.repeat(b.sets.STEPS["facility"], b.sets.T)
    is_open = b.m["is_open"]
    b.pay("opening", b.m["raised"], opening_prices(b))
    fixed = b.sets.by_step("fixed_cost").ravel() * b.sets.by_facility("fixed_cost_factor")[facility]
    b.pay("fixed", is_open, fixed)
    b.emit(is_open, b.sets.by_step("emission_kg").ravel())
    if "closed" in b.m.families:
        closed = b.m["closed"]
        b.pay("closing", closed, b.sets.by_step("closing_cost").ravel()[rows_of(b, b.m.families["closed"].index)])


def add_closing(b: Draft, standing: Standings) -> None:
    """Add closing: once, for good, and of the whole facility."""
    base = b.sets.STEPS.where(standing.may_close[b.sets.STEPS["facility"]])
    CLOSABLE = b.each_period(base)
    initial = standing.initial[standing.may_close[b.sets.STEPS["facility"]]]
    is_open = b.m["is_open"]
    closed = b.m.variables("closed", CLOSABLE, upper=1.0, doc="1 where a step of size is given up in this period")
    b.m.require(
        "closes_what_stands",
        over=CLOSABLE,
        terms=[closed, -is_open.moved(period=1)],
        at_most=at_first_period(CLOSABLE, initial),
        doc="only what stood before can close",
    )
    b.m.require(
        "closed_is_not_open", over=CLOSABLE, terms=[closed, is_open], at_most=1.0, doc="what closes does not stand"
    )
    above = CLOSABLE.where(CLOSABLE["step"] > 0)
    smallest = closed.where(closed["step"] == 0).only("facility", "period")
    b.m.require(
        "closes_as_a_whole",
        over=above,
        terms=[closed, -smallest],
        at_most=0.0,
        doc="no step closes without the facility: what stands on shrinks for a refund, or not at all",
    )
    b.m.require(
        "opens_once",
        over=base.where(base["step"] == 0),
        terms=[b.m["raised"]],
        at_most=1.0 - np.minimum(initial[base["step"] == 0], 1.0),
        doc="what was closed is not opened again",
    )
