"""Regions without a map: facilities that many nodes may use in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.item_program import ItemProgram
from batteryopt.network.search.lagrangian.structure import Structure


def owners(program: ItemProgram) -> Ints:
    """Return the facility of each column before the items; -1 where there is none."""
    owner = np.full(program.first, -1, dtype=np.int64)
    careers = program.s.careers
    facility = np.arange(careers.columns.shape[0])[:, None, None]
    for columns in (careers.columns, *careers.turns.values()):
        mine = columns >= 0
        owner[np.searchsorted(program.careers, columns[mine])] = np.broadcast_to(facility, columns.shape)[mine]
    return owner


def in_common(s: Structure, items: Ints) -> sp.csr_array:
    """Return how much two facilities may both take of what some items bring (F, F)."""
    facility = s.pools.facility[s.items.pool[items]]
    mine = items[facility >= 0]
    entries = np.sqrt(s.items.upper[mine]), (facility[facility >= 0], s.items.node[mine])
    may = sp.csr_array(sp.coo_array(entries, shape=(s.careers.shape[0], s.nodes)))
    return sp.csr_array(may @ may.T)


def regions(near: sp.csr_array, weight: Floats, together: Callable[[], int]) -> Iterator[Bools]:
    """Yield regions of so many facilities (F), until each has been in one: around those of most weight first."""
    covered = np.zeros(len(weight), dtype=bool)
    while not covered.all():
        seed = int(np.argmax(np.where(covered, -1.0, weight)))
        row = near[[seed]]
        common = row.data * (1.0 + weight[row.indices])
        region = np.zeros(len(weight), dtype=bool)
        region[row.indices[np.argsort(-common, kind="stable")][: together()]] = True
        region[seed] = True
        covered |= region
        yield region
