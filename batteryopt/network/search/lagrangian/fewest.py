"""How many facilities must stand at least: what has to be taken, over the largest of those that can take it."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.counts import Counts
from batteryopt.network.search.searched_problem import Problem

SLIVER = 1e-6
"""Share of what has to be taken that is let off, so that rounding never asks for one facility more."""


def fewest(problem: Problem) -> Counts:
    """Return how many facilities must stand at least, one row for each product and period where any must.

    Of products all of whose return must be collected, and that nothing but recipes takes.
    """
    m = problem.m
    rows = m.rows["every_node_is_in_balance"]
    F = int(m.families["is_open"].index["facility"].max(initial=-1)) + 1
    T = int(rows.index["period"].max(initial=-1)) + 1
    key = rows.index["product"] * T + rows.index["period"]
    must = np.bincount(key, weights=-rows.lower / m.tonne)
    for name in ("uncollected", "sold", "disposed", "stock"):
        if name in m.families:
            mine = m.families[name].positions
            other = (rows.variable >= mine.start) & (rows.variable < mine.stop)
            must[key[rows.row[other]]] = 0.0
    found = [(cell % T, _most(m, F, key, int(cell)), must[cell]) for cell in np.flatnonzero(must > 0)]
    kept = [(period, most > 0, _number(most, needed)) for period, most, needed in found]
    kept = [row for row in kept if row[2] <= np.sum(row[1])]
    return Counts(
        counted=np.array([mask for _, mask, _ in kept], dtype=bool).reshape(-1, F),
        period=np.array([period for period, _, _ in kept], dtype=np.int64),
        least=np.array([number for _, _, number in kept], dtype=float),
    )


def _number(most: Floats, needed: float) -> int:
    """Return how many of the largest it takes."""
    return int(np.searchsorted(np.cumsum(np.sort(most)[::-1]), needed * (1.0 - SLIVER))) + 1


def _most(m: Formulation, facilities: int, key: Ints, cell: int) -> Floats:
    """Return the most of a product that each facility can take in a period; 0 where it takes none (F)."""
    rows, work = m.rows["every_node_is_in_balance"], m.families["processed"]
    uses = (rows.variable >= work.first) & (rows.variable < work.first + len(work)) & (rows.coefficient < 0)
    uses &= key[rows.row] == cell
    most = np.zeros(facilities)
    if not uses.any():
        return most
    capacity, use = _capacities(m, int(rows.index["period"][rows.row[uses]][0]))
    facility = work.index["facility"][rows.variable[uses] - work.first]
    taken = use[rows.variable[uses] - work.first] / -rows.coefficient[uses]
    np.maximum.at(most, facility, capacity[facility] / taken)
    return most


def _capacities(m: Formulation, period: int) -> tuple[Floats, Floats]:
    """Return the largest capacity of each facility in a period, and what a tonne of each processed column uses."""
    rows, sizes, work = m.rows["capacity_is_kept"], m.families["is_open"], m.families["processed"]
    mine = (rows.variable >= sizes.first) & (rows.variable < sizes.first + len(sizes))
    place = rows.variable[mine] - sizes.first
    here = sizes.index["period"][place] == period
    capacity = np.zeros(int(sizes.index["facility"].max(initial=-1)) + 1)
    np.add.at(capacity, sizes.index["facility"][place[here]], -rows.coefficient[mine][here] / m.tonne)
    use = np.ones(len(work))
    works = (rows.variable >= work.first) & (rows.variable < work.first + len(work))
    use[rows.variable[works] - work.first] = rows.coefficient[works]
    return capacity, use
