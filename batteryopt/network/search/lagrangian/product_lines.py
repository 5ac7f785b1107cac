"""Capacities of single products as prices see them: each is a pool of its own, where the capacity in all never binds.

A facility whose products have a capacity each fills each of them by itself, whatever the others do. That is so where
every recipe uses one product that has one, and where all of them full take no more than the facility's capacity in all.
Where that may bind as well, the rows of products have prices as any further rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Formulation, Rows
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.priced_careers import Careers
from batteryopt.network.search.searched_problem import Problem

PRODUCT_CAPACITY = "product_capacity_is_kept"
"""Name of the rows."""
ROUNDING = 1e-9
"""Share of a capacity up to which all products together may exceed it by rounding: written as their sum, it may."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductLines:
    """Capacities of products (lines), and what is processed in them.

    Attributes
    ----------
    facility, period
        Of each line.
    capacity
        By level that stands, none first (lines, levels + 1), in the network's own tonne.
    column, line, use
        Columns of what is processed, the line of each, and what a unit takes of it (n).
    """

    facility: Ints
    period: Ints
    capacity: Floats
    column: Ints
    line: Ints
    use: Floats


def product_lines(problem: Problem, careers: Careers) -> ProductLines | None:
    """Return the lines of a problem; None where it has none, or where some share a capacity that may bind."""
    m = problem.m
    rows = m.rows.get(PRODUCT_CAPACITY)
    if rows is None or not len(rows):
        return None
    work = rows.of(m.families["processed"])
    lines = ProductLines(
        facility=rows.index["facility"],
        period=rows.index["period"],
        capacity=_capacity(m, rows, careers),
        column=rows.variable[work],
        line=rows.row[work],
        use=rows.coefficient[work],
    )
    return lines if _are_apart(m, lines, careers) else None


def _capacity(m: Formulation, rows: Rows, careers: Careers) -> Floats:
    """Return the capacity of each line by level."""
    sizes = m.families["is_open"]
    mine = rows.of(sizes)
    steps = np.zeros((len(rows), careers.shape[2] - 1))
    steps[rows.row[mine], sizes.index["step"][rows.variable[mine] - sizes.first]] = -rows.coefficient[mine] / m.tonne
    return np.concatenate([np.zeros((len(rows), 1)), np.cumsum(steps, axis=1)], axis=1)


def _are_apart(m: Formulation, lines: ProductLines, careers: Careers) -> bool:
    """Return whether lines hold all that their facilities do, each product once, within the capacity in all."""
    if len(np.unique(lines.column)) < len(lines.column):
        return False
    F, T, levels = careers.shape
    work = m.families["processed"]
    mine = np.zeros((F, T), dtype=bool)
    mine[lines.facility, lines.period] = True
    all_work = np.flatnonzero(mine[work.index["facility"], work.index["period"]])
    if len(all_work) > len(lines.column):
        return False
    # what a tonne of a line's product takes of the capacity in all, at most
    shared = m.rows["capacity_is_kept"]
    of_work = shared.of(work)
    takes = np.zeros(m.size)
    takes[shared.variable[of_work]] = shared.coefficient[of_work]
    ratio = np.zeros(len(lines.facility))
    np.maximum.at(ratio, lines.line, takes[lines.column] / lines.use)
    whole = np.zeros((F, T, levels))
    np.add.at(whole, (lines.facility, lines.period), lines.capacity * ratio[:, None])
    within = whole <= careers.capacity * (1.0 + ROUNDING)
    return bool(within[mine].all())
