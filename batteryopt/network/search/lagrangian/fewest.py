"""How many facilities must stand at least: what has to be taken, over the largest of those that can take it."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.search.lagrangian.counts import Counts
from batteryopt.network.search.searched_problem import NODES

SLIVER = 1e-6
"""Share of what has to be taken that is let off, so that rounding never asks for one facility more."""


def fewest(m: Formulation, most: Floats) -> Counts:
    """Return how many facilities must stand at least, one row for each product and period where any must.

    Of products all of whose return must be collected, and that nothing but recipes takes.

    Parameters
    ----------
    most
        That can be processed, by column (columns).
    """
    rows, sizes = m.rows[NODES], m.families["is_open"]
    F, T = (int(sizes.index[key].max(initial=-1)) + 1 for key in ("facility", "period"))
    key = rows.index["product"] * T + rows.index["period"]
    must = np.bincount(key, weights=-rows.lower / m.tonne)
    for name in ("uncollected", "sold", "disposed", "stock"):
        must[key[rows.row[rows.of(m.families.get(name))]]] = 0.0
    cells = np.flatnonzero(must > 0)
    found = [(cell % T, _most(m, F, most, key == cell), must[cell]) for cell in cells]
    kept = [(period, taken > 0, _number(taken, needed)) for period, taken, needed in found]
    kept = [row for row in kept if row[2] <= np.sum(row[1])]
    return Counts(
        counted=np.array([mask for _, mask, _ in kept], dtype=bool).reshape(-1, F),
        period=np.array([period for period, _, _ in kept], dtype=np.int64),
        least=np.array([number for _, _, number in kept], dtype=float),
    )


def _number(most: Floats, needed: float) -> int:
    """Return how many of the largest it takes."""
    return int(np.searchsorted(np.cumsum(np.sort(most)[::-1]), needed * (1.0 - SLIVER))) + 1


def _most(m: Formulation, facilities: int, processed: Floats, nodes: Bools) -> Floats:
    """Return the most that each facility can take at some nodes; 0 where it takes none (F)."""
    rows, work = m.rows[NODES], m.families["processed"]
    uses = rows.of(work) & (rows.coefficient < 0) & nodes[rows.row]
    column = rows.variable[uses]
    facility = work.index["facility"][column - work.first]
    most = np.zeros(facilities)
    np.maximum.at(most, facility, processed[column] * -rows.coefficient[uses])
    return most
