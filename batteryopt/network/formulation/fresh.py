"""Cuts by what arrives in one period: a size is worth no more to a period than what it brings, or stock adds to it.

Bounds by reachable mass count what may have been stored for years, so that a tenth of a plant seems enough for a
year's mass. But mass that passes a facility in a period is fresh, returned or come back in that period, or it was in
stock. Mixed in proportion at every site, any plan of the period splits into these two: the fresh part keeps the bounds
that hold without stock, and what comes of a tonne of stock takes no more capacity than its weight says. (Where a
recipe has several inputs, a run is fresh as far as all its inputs are; each input's weight alone covers the rest.)
"""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Claim, Floats, Index, Terms, index, plus
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.processing import capacity_taken, most_processed
from batteryopt.network.formulation.reach import LARGEST_BOUND, fresh_reach
from batteryopt.network.formulation.steps import is_between, level_figures

NONE = 1e-9
MOST_STEPS = 1_000
"""More levels than a type has."""


def add_fresh_limits(b: Draft) -> None:
    """State work <= sizes below + (fresh mass - their capacity) x whether the next size is begun + what stock adds.

    If the next size is not begun, what stands are the sizes below; if it is, they stand as a whole, and no more than
    the fresh mass and what stock adds is worked on.
    """
    fresh = fresh_reach(b.reach)
    most = most_processed(b, fresh.processed)
    level = level_figures(b.sets.by_step("capacity_t"), b.sets.STEPS["step"])
    facility, step = b.sets.STEPS["facility"], b.sets.STEPS["step"]
    below = np.where((step > 0)[:, None], np.roll(level, 1, axis=0), 0.0)
    top = np.zeros_like(most)
    np.maximum.at(top, facility, level)
    weights = stock_weights(b)
    between = is_between(b)[facility]
    # the second of sizes between levels begins without a decision of its own
    begins = ~between | (step != 1)
    limit = most[facility]
    least = np.where(between[:, None], top[facility], level)
    useful = np.asarray((limit > below + NONE) & (limit < least), dtype=bool)
    # whole sizes without stock are cut to the reachable mass already
    known = np.asarray(~between[:, None] & (limit >= most_processed(b, b.reach.processed)[facility] * (1 - NONE)))
    weighed = np.isfinite(weights[b.sets.FACILITIES["type"][facility]]).all(axis=1)
    chosen = useful & ~known & (limit < LARGEST_BOUND) & (begins & weighed)[:, None]
    rows, periods = np.nonzero(chosen)
    FRESH = _index(b, rows, periods)
    b.m.require(
        "fresh_mass_needs_a_size",
        over=FRESH,
        terms=[
            _work(b, FRESH),
            *_sizes(b, FRESH, rows, periods, limit[rows, periods] - below[rows, periods]),
            *_stock(b, FRESH, weights),
        ],
        at_most=0.0,
        claim=Claim.CONSEQUENCE,
        doc="no more is processed than arrives in the period and stock adds, if the size is begun",
    )


def stock_weights(b: Draft) -> Floats:
    """Return the most capacity of each type that a tonne of each product can take in a period (types, products).

    Whatever becomes of it: as an input, or by what is made of it. Infinite where a loop makes more of it each time.
    """
    codes = b.sets.codes
    weights = np.zeros((len(b.network.types), len(b.network.products)))
    for _ in range(len(b.network.products) + 2):
        before = weights.copy()
        for t, kind in enumerate(b.network.types):
            for recipe in kind.recipes:
                worth = sum(
                    (tonnes * before[:, codes["product"][p]] for p, tonnes in recipe.outputs), np.zeros(len(weights))
                )
                worth[t] += recipe.capacity_use
                for product, tonnes in recipe.inputs:
                    mine = weights[:, codes["product"][product]]
                    np.maximum(mine, worth / tonnes, out=mine)
        if np.array_equal(before, weights):
            return weights
    return np.where(weights > before, np.inf, weights)


def _index(b: Draft, rows: Ints, periods: Ints) -> Index:
    steps = b.sets.STEPS
    columns = {name: steps[name][rows] for name in ("site", "type", "level", "facility", "step")}
    return index(("site", "type", "level", "period"), **columns, period=periods, row=np.arange(len(rows)))


def _at_rows(terms: Terms, FRESH: Index, *keys: str) -> Terms:
    """Return terms repeated at every row that agrees in the keys."""
    table = {key: FRESH[key] for key in (*keys, "row")}
    return terms.only(*keys).through(table, np.ones(len(FRESH))).only("row")


def _work(b: Draft, FRESH: Index) -> Terms:
    return _at_rows(capacity_taken(b), FRESH, "facility", "period")


def _sizes(b: Draft, FRESH: Index, rows: Ints, periods: Ints, more: Floats) -> list[Terms]:
    """Return the sizes below each row's, whole or in part, and what the fresh mass is beyond, once that is begun."""
    T = b.sets.T
    standing = b.m["is_open"]
    first = rows - FRESH["step"]
    steps = b.sets.by_step("capacity_t").ravel()
    counts = FRESH["step"]
    row = np.repeat(np.arange(len(rows)), counts)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    positions = (first[row] + nth) * T + periods[row]
    smaller = Terms(columns={"row": row}, variable=standing.variable[positions], coefficient=-steps[positions])
    between = is_between(b)[FRESH["facility"]] & (FRESH["step"] >= 2)
    variable = standing.variable[rows * T + periods]
    if between.any():
        full = b.m["is_full"].only("facility", "step", "period").moved(step=1)
        codes, wanted = _codes(full, T), _codes(FRESH, T)[between]
        order = np.argsort(codes)
        found = order[np.searchsorted(codes[order], wanted)]
        variable = variable.copy()
        variable[between] = full.variable[found]
    return [smaller, Terms(columns={"row": np.arange(len(rows))}, variable=variable, coefficient=-more)]


def _codes(rows: Terms | Index, T: int) -> Ints:
    """Return one number for each facility, step and period."""
    return np.asarray((rows["facility"] * MOST_STEPS + rows["step"]) * T + rows["period"], dtype=np.int64)


def _stock(b: Draft, FRESH: Index, weights: Floats) -> list[Terms]:
    """Return what all stock of the period before can take of the type's capacity, with a minus."""
    stock = b.m["stock"].moved(period=1)
    if not len(stock):
        return []
    found = []
    for type_ in np.unique(FRESH["type"]).tolist():
        weighted = -stock * weights[type_, stock["product"]]
        weighted = weighted.where(weighted.coefficient != 0)
        mine = FRESH.where(FRESH["type"] == type_)
        found.append(_at_rows(weighted, mine, "period"))
    return [plus(*found)] if found else []
