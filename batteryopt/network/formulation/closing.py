"""Closing, once and for all."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.steps import Standings, at_first_period


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
