"""Closing, once and for all; and what an investment is still worth at the end of the plan."""

from __future__ import annotations

import numpy as np

from batteryopt.network.model.algebra import Floats
from batteryopt.network.model.draft import Draft
from batteryopt.network.model.steps import Standings, at_first_period, opening_prices


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
        doc="no step closes without the facility: shrinking refunds nothing",
    )
    b.m.require(
        "opens_once",
        over=base.where(base["step"] == 0),
        terms=[b.m["raised"]],
        at_most=1.0 - np.minimum(initial[base["step"] == 0], 1.0),
        doc="what was closed is not opened again",
    )


def add_salvage(b: Draft, standing: Standings) -> None:
    """Credit what an investment is still worth at the end, on a straight line over its life, if it stands then."""
    values = salvage_values(b)
    if not values.any():
        return
    raised = b.m["raised"]
    may_close = standing.may_close[raised["facility"]]
    b.m.charge("salvage", (-raised * values).where(~may_close))
    KEPT = b.m.families["raised"].index.where(may_close & (values > 0))
    if not len(KEPT):
        return
    kept = b.m.variables("kept", KEPT, upper=1.0, doc="1 where what was raised in this period stands to the end")
    b.m.require("kept_was_raised", over=KEPT, terms=[kept, -raised], at_most=0.0, doc="only what was raised is kept")
    base = b.sets.STEPS.where(standing.may_close[b.sets.STEPS["facility"]])
    last = b.m["is_open"]
    last = last.where(last["period"] == b.sets.T - 1).only("facility", "step")
    b.m.require(
        "kept_stands_at_the_end",
        over=base,
        terms=[kept.only("facility", "step"), -last],
        at_most=0.0,
        doc="what was closed has no salvage",
    )
    b.m.charge("salvage", -kept * values[may_close & (values > 0)])


def salvage_values(b: Draft) -> Floats:
    """Return today's value of what is left, at the end, of each step raised in each period (steps x T)."""
    types = b.network.types_by_name
    lives = [types[c.type].life_periods for c in b.sets.candidates]
    life = np.array([np.nan if v is None else v for v in lives])[np.repeat(b.sets.STEPS["facility"], b.sets.T)]
    age = b.sets.T - np.tile(np.arange(b.sets.T), len(b.sets.STEPS))
    left = np.nan_to_num(np.clip(1.0 - age / life, 0.0, 1.0))
    years = sum(period.years for period in b.network.periods)
    return np.asarray(opening_prices(b) * left * (1.0 + b.network.discount_rate) ** -years, dtype=float)
