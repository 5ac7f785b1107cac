"""The linear relaxation as prices see it: a column an item, the capacities of pools, the careers of facilities.

What takes something is no column of its own: it is what its items bring. That leaves a row a node, one a pool, the
rules of careers and the further rows (of other rules, and of whole sizes that must cover a need), and one for each link
(an item is no more than its facility stands) that is asked for. The duals of the rows of nodes and of the further rows
are prices, and prices prove a bound whatever they come from: so nothing here need be exact, and what items leave out
(charges by level) weakens the bound at worst.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.solvers.compile.arrays import QuadraticProgram

CAREERS = ("is_open", "raised", "closed", "kept")
"""Families of columns that a career has."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ItemProgram:
    """Columns and rows of the relaxation, all items included: columns of careers first, then what is left, then items.

    Attributes
    ----------
    careers, columns
        Columns of the whole problem that careers have, in order; the same with what is left behind (n - items).
    rows
        Coefficients: nodes, then pools, then further rows, then rules of careers (m, n).
    """

    s: Structure
    careers: Ints
    columns: Ints
    rows: sp.csc_array
    row_lower: Floats
    row_upper: Floats
    costs: Floats
    lower: Floats
    upper: Floats
    standing: Ints
    """Column of the first step of each item's facility in its period; -1 where none need stand (items)."""

    @property
    def first(self) -> int:
        """Where items begin."""
        return len(self.columns)

    def of_items(self, items: Ints) -> QuadraticProgram:
        """Return the program of some items (positions among all)."""
        chosen = np.concatenate([np.arange(self.first), self.first + items])
        count = len(chosen)
        return QuadraticProgram(
            c=self.costs[chosen],
            Q=sp.csc_array((count, count)),
            A=sp.csr_array(self.rows[:, chosen]),
            row_lower=self.row_lower,
            row_upper=self.row_upper,
            lower=self.lower[chosen],
            upper=self.upper[chosen],
            is_integer=np.zeros(count, dtype=bool),
            c0=self.s.problem.core.c0,
        )

    def links(self, items: Ints, place: Ints, count: int, moved: Ints | None = None) -> sp.csr_array:
        """Return the rows ``item - most * stands <= 0`` of items that stand in some columns (items, count).

        Parameters
        ----------
        moved
            Where columns of careers stand, if elsewhere than here (n - items).
        """
        row, stands = np.arange(len(items)), self.standing[items]
        stands = stands if moved is None else moved[stands]
        most = self.s.items.upper[items]
        values = np.concatenate([np.ones(len(items)), -most])
        entries = np.concatenate([row, row]), np.concatenate([place, stands])
        return sp.csr_array(sp.coo_array((values, entries), shape=(len(items), count)))


def item_program(s: Structure) -> ItemProgram:
    """Return the relaxation of a structure."""
    core, items = s.problem.core, s.items
    of_careers = _columns_of_careers(s)
    columns = np.concatenate([np.flatnonzero(of_careers), s.leftover])
    position = np.full(len(core.c), -1, dtype=np.int64)
    position[columns] = np.arange(len(columns))
    first, count = len(columns), len(columns) + len(items)
    nodes = sp.hstack([-s.gives[:, columns], _at_nodes(s)], format="csc")
    pools = _pools(s, position, first, count)
    further = sp.hstack([s.further.rows[:, columns], _in_further_rows(s)], format="csc")
    least = s.further.least
    most = np.where(s.further.is_equal, least, np.inf)
    rules = _rules(s, of_careers)
    careers = sp.hstack([core.A[rules][:, columns], sp.csr_array((len(rules), len(items)))], format="csc")
    capacity = s.pools.capacity[:, 0]
    firsts = s.careers.columns[s.pools.facility, 0, s.pools.period] if s.careers.columns.size else s.pools.facility
    stands = np.where(s.pools.facility >= 0, firsts, -1)
    standing = np.where(stands >= 0, position[np.maximum(stands, 0)], -1)[items.pool]
    return ItemProgram(
        s=s,
        careers=np.flatnonzero(of_careers),
        columns=columns,
        rows=sp.csc_array(sp.vstack([nodes, pools, further, careers], format="csc")),
        row_lower=np.concatenate([s.own, np.full(len(capacity), -np.inf), least, core.row_lower[rules]]),
        row_upper=np.concatenate([s.own, capacity, most, core.row_upper[rules]]),
        costs=np.concatenate([core.c[columns], items.cost + items.share * core.c[items.taker]]),
        lower=np.concatenate([core.lower[columns], np.zeros(len(items))]),
        upper=np.concatenate([core.upper[columns], items.upper]),
        standing=standing,
    )


def _columns_of_careers(s: Structure) -> Bools:
    m = s.problem.m
    found = np.zeros(m.size, dtype=bool)
    for name in CAREERS:
        if name in m.families:
            found[m.families[name].positions] = True
    return found


def _rules(s: Structure, of_careers: Bools) -> Ints:
    """Return the rows of the core that speak of careers alone."""
    A = s.problem.core.A
    number = np.diff(A.indptr)
    row = np.repeat(np.arange(A.shape[0]), number)
    inside = np.bincount(row, weights=of_careers[A.indices], minlength=A.shape[0])
    return np.flatnonzero((inside == number) & (number > 0))


def _at_nodes(s: Structure) -> sp.csc_array:
    """Return what a tonne of each item takes from nodes: it leaves one, and what its taker makes adds to others."""
    items = s.items
    leaves = sp.coo_array((np.ones(len(items)), (items.node, np.arange(len(items)))), shape=(s.nodes, len(items)))
    made = sp.csc_array(s.gives)[:, items.taker] @ sp.diags_array(items.share)
    return sp.csc_array(sp.csc_array(leaves) - made)


def _in_further_rows(s: Structure) -> sp.csc_array:
    """Return what a tonne of each item counts in the further rows: its shipment, and its part of what takes it."""
    items, rows = s.items, sp.csc_array(s.further.rows)
    moved = rows[:, np.maximum(items.column, 0)] @ sp.diags_array((items.column >= 0).astype(float))
    return sp.csc_array(moved + rows[:, items.taker] @ sp.diags_array(items.share))


def _pools(s: Structure, position: Ints, first: int, count: int) -> sp.csc_array:
    """Return the rows ``weight of items - capacity that stands <= capacity without any`` (pools, n)."""
    items, pools = s.items, s.pools
    rows, columns, values = [items.pool], [first + np.arange(len(items))], [items.weight]
    owned = np.flatnonzero(pools.facility >= 0)
    for step in range(s.careers.columns.shape[1]):
        column = s.careers.columns[pools.facility[owned], step, pools.period[owned]]
        mine = owned[column >= 0]
        rows.append(mine)
        columns.append(position[column[column >= 0]])
        values.append(pools.capacity[mine, step] - pools.capacity[mine, step + 1])
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    return sp.csc_array(sp.coo_array(entries, shape=(len(pools.facility), count)))
