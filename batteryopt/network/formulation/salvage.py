"""Salvage: what payments for size are still worth at the end of the plan, where the facility stands then."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Index, Terms
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.steps import Standings, first_step, opening_prices, shrinks


def add_salvage(b: Draft, standing: Standings) -> None:
    """Credit what payments are still worth at the end, refunds with their minus, if the facility stands then.

    One that may not close stands for certain where anything was paid; else `kept` is what was raised times whether the
    facility stands at the end.
    """
    values = salvage_values(b)
    if not values.any():
        return
    raised = b.m["raised"]
    may_close = standing.may_close[raised["facility"]]
    b.m.charge("salvage", (-raised * values).where(~may_close))
    chosen = may_close & (values != 0)
    KEPT = b.m.families["raised"].index.where(chosen)
    if not len(KEPT):
        return
    # as large as what was raised, and of its sign: negative where a step may shrink
    least = b.m.families["raised"].lower[chosen]
    kept = b.m.variables(
        "kept", KEPT, lower=least, upper=1.0, doc="what was raised in this period, if the facility stands to the end"
    )
    b.m.charge("salvage", -kept * values[chosen])
    _kept_is_no_more(b, KEPT, kept)
    _kept_is_no_less(b, KEPT.where(values[chosen] < 0), kept)


def _kept_is_no_more(b: Draft, KEPT: Index, kept: Terms) -> None:
    """State kept <= raised where the facility stands at the end, and kept <= 0 where it does not."""
    raised, last = b.m["raised"], at_the_end(b)
    may_shrink = shrinks(b)[KEPT["facility"]] & (KEPT["step"] > 0)
    b.m.require(
        "kept_was_raised",
        over=KEPT,
        terms=[kept, -raised, _at(last, KEPT, may_shrink)],
        at_most=np.where(may_shrink, 1.0, 0.0),
        doc="only what was raised is kept; what shrank is, with its minus, if the facility stands at the end",
    )
    base = b.sets.STEPS.where(np.isin(b.sets.STEPS["facility"], KEPT["facility"]))
    is_open = b.m["is_open"]
    is_open = is_open.where(is_open["period"] == b.sets.T - 1).only("facility", "step")
    b.m.require(
        "kept_stands_at_the_end",
        over=base,
        terms=[kept.only("facility", "step"), -is_open],
        at_most=0.0,
        doc="what was closed has no salvage",
    )
    if not may_shrink.any():
        return
    # with a minus in one period the sum over the periods says nothing about another one
    b.m.require(
        "kept_of_what_shrinks_stands",
        over=KEPT.where(may_shrink),
        terms=[kept, -last],
        at_most=0.0,
        doc="what was raised and shrank again has no salvage in a facility that was closed",
    )


def _kept_is_no_less(b: Draft, NEGATIVE: Index, kept: Terms) -> None:
    """State kept >= raised - 1 + stands at the end, where salvage is a burden: opening had earned money."""
    if not len(NEGATIVE):
        return
    b.m.require(
        "burden_is_kept",
        over=NEGATIVE,
        terms=[kept, -b.m["raised"], -at_the_end(b)],
        at_least=-1.0,
        doc="what was earned by opening is taken off again at the end, if the facility stands then",
    )


def at_the_end(b: Draft) -> Terms:
    """Return whether each facility stands in the last period, by facility."""
    standing = first_step(b)
    return standing.where(standing["period"] == b.sets.T - 1).only("facility")


def _at(terms: Terms, over: Index, mask: Bools) -> Terms:
    """Return terms at the rows of an index that a mask keeps, told apart by all of its keys."""
    rows = over.where(mask)
    position = {key: rows[key] for key in ("facility", "step", "period")}
    return terms.through(position, np.ones(len(rows)))


def salvage_values(b: Draft) -> Floats:
    """Return today's value of what is left, at the end, of each step raised in each period (steps x T).

    Of what the owner paid: without the share that subsidies on the opening cost pay, whether or not their pot is empty.
    """
    types = b.network.types_by_name
    lives = [types[c.type].life_periods for c in b.sets.candidates]
    facility = np.repeat(b.sets.STEPS["facility"], b.sets.T)
    life = np.array([np.nan if v is None else v for v in lives])[facility]
    period = np.tile(np.arange(b.sets.T), len(b.sets.STEPS))
    left = np.nan_to_num(np.clip(1.0 - (b.sets.T - period) / life, 0.0, 1.0))
    own = 1.0 - np.array([b.network.subsidised_share(c) for c in b.sets.candidates]).reshape(-1, b.sets.T)
    end = b.network.discount_factor_at_end
    return np.asarray(opening_prices(b) * own[facility, period] * left * end, dtype=float)
