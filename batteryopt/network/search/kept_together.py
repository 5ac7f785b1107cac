"""Integers of which no more than one may be 1, and how dives round them: the largest of each group, not several."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.matching import Ints

FAMILIES = ("one_destination", "one_destination_by_mode")
"""Rows that state so."""


def groups_of(m: Formulation) -> Ints:
    """Return the group of each column (n), -1 where it is in none; of a column in two, the last."""
    group = np.full(m.size, -1, dtype=np.int64)
    first = 0
    for name in FAMILIES:
        rows = m.rows.get(name)
        if rows is not None:
            group[rows.variable] = rows.row + first
            first += len(rows)
    return group


def one_of_each(group: Ints, values: Floats) -> Bools:
    """Return which of some columns are the largest of their group, the first of equals; those in none all are."""
    order = np.lexsort((np.arange(len(group)), -values, group))
    is_first = np.ones(len(group), dtype=bool)
    is_first[1:] = group[order][1:] != group[order][:-1]
    found = np.zeros(len(group), dtype=bool)
    found[order] = is_first
    return found | (group < 0)
