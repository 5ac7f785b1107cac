"""A problem with only those flows that matter, small enough for a tree; and what stands for the others in a bound.

Flows that are left out may still be needed. Whatever goes by them leaves some nodes and arrives at others. Let ``p`` be
prices of leaving and ``q`` of arriving, so that each such flow costs ``p - q`` of its ends and at least ``r`` beyond,
the least of all that leave the same node. Then one column a node that takes what leaves at ``p + r``, and one that
brings what arrives at ``-q``, as much in all as is taken, cost no more than the flows did, and every plan has a point
here: what is least here is a bound of the whole problem. For any prices; at good ones these columns stay empty, and
then the point is a plan.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.worth import SizeBounds, Worth
from batteryopt.network.search.searched_problem import NODES, Cuts, with_rows
from batteryopt.solvers.compile.arrays import QuadraticProgram

SENT = frozenset(
    {NODES, "what_is_sent_is_own", "what_is_kept_needs_a_taker", "what_is_made_needs_a_taker", "nothing_stays_too_long"}
)
"""Families of rows in which all that leaves a node counts alike (in balances, with a minus)."""
LINK = "what_is_sent_needs_a_taker"
"""Rows that a flow left out may be left out of: without it they hold all the more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Restricted:
    """A program of some columns.

    Attributes
    ----------
    columns
        Of the whole problem, by column here; -1 for those that stand for others.
    """

    program: QuadraticProgram
    cuts: Cuts
    columns: Ints

    def whole(self, x: Floats, size: int) -> Floats:
        """Return a point of the whole problem."""
        found = np.zeros(size)
        mine = self.columns >= 0
        found[self.columns[mine]] = x[mine]
        return found

    def point(self, x: Floats) -> Floats:
        """Return a point of the whole problem as one here."""
        return np.where(self.columns >= 0, x[np.maximum(self.columns, 0)], 0.0)

    def stand_ins(self, x: Floats) -> float:
        """Return how much goes by flows that are left out."""
        return float(x[self.columns < 0].sum())


class Maker:
    """Makes restricted programs of a structure."""

    def __init__(self, s: Structure) -> None:
        self.s = s
        problem = s.problem
        self._core = sp.csc_array(problem.core.A)
        self._cuts = sp.csc_array(problem.cuts.A)
        self._numbers = _numbers(s)
        self._core_kind = _kinds(s, of_cuts=False)
        self._cut_kind = _kinds(s, of_cuts=True)
        flows = problem.m.families["shipped"].positions
        self.flows = np.arange(flows.start, flows.stop)
        self.may_go = self._may_go()
        self.origin, self.arrival = self._ends()

    def worth_of_duals(self, row_duals: Floats, before: Worth) -> Worth:
        """Return the worth of flows at the duals of a program's rows (the core's first); where none are, as before."""
        part = sp.coo_array(self._core[:, self.flows])
        kind, paid = self._core_kind[part.row], part.data * row_duals[part.row]
        leaves = (kind == LEAVES) | ((kind == BALANCE) & (part.data < 0))
        arrives = (kind == BALANCE) & (part.data > 0)
        leaving = np.bincount(part.col[leaves], weights=paid[leaves], minlength=len(self.flows))
        arriving = -np.bincount(part.col[arrives], weights=paid[arrives], minlength=len(self.flows))
        prices, ends = np.array(before.leaving), np.array(before.arriving)
        prices[self.origin], ends[self.arrival] = leaving, arriving
        flow = np.full(len(self.s.costs), np.inf)
        flow[self.flows] = self.s.costs[self.flows] - leaving + arriving
        return Worth(leaving=prices, arriving=ends, flow=flow)

    def _may_go(self) -> Bools:
        """Return which flows stand in no rows but those in which others can stand for them (flows)."""
        flows, allowed = self.flows, np.ones(len(self.flows), dtype=bool)
        for matrix, kind in ((self._core, self._core_kind), (self._cuts, self._cut_kind)):
            part = sp.coo_array(matrix[:, flows])
            allowed[part.col[kind[part.row] == OTHER]] = False
        return allowed

    def _ends(self) -> tuple[Ints, Ints]:
        """Return the nodes at which flows begin and end (flows)."""
        rows = self.s.problem.m.rows[NODES]
        ends = np.full((2, self.s.problem.m.size), -1, dtype=np.int64)
        positive = rows.coefficient > 0
        ends[0, rows.variable[~positive]] = rows.row[~positive]
        ends[1, rows.variable[positive]] = rows.row[positive]
        return ends[0, self.flows], ends[1, self.flows]

    def restrict(self, keep: Bools, sizes: SizeBounds, prices: Worth | None = None) -> Restricted:
        """Return the program with some flows only (flows), within bounds of sizes.

        Parameters
        ----------
        prices
            Where others are to stand for flows that are left out, so that the least value is a bound of the whole.
        """
        core, cuts = self.s.problem.core, self.s.problem.cuts
        chosen = np.ones(len(core.c), dtype=bool)
        chosen[self.flows[~keep]] = False
        columns = np.flatnonzero(chosen)
        lower, upper = np.array(core.lower), np.array(core.upper)
        exists = self.s.careers.columns >= 0
        place = self.s.careers.columns[exists]
        lower[place], upper[place] = sizes.lower[exists], sizes.upper[exists]
        numbers = self._numbers[:, columns]
        part = dataclasses.replace(
            core,
            c=core.c[columns],
            Q=sp.csc_array((len(columns), len(columns))),
            A=sp.csr_array(self._core[:, columns]),
            lower=lower[columns],
            upper=upper[columns],
            is_integer=core.is_integer[columns],
        )
        part = with_rows(part, numbers, self.s.counts.least, np.full(numbers.shape[0], np.inf))
        cut_part = dataclasses.replace(cuts, A=sp.csr_array(self._cuts[:, columns]))
        found = Restricted(program=part, cuts=cut_part, columns=columns)
        left_out = ~keep & self.usable(sizes)
        return found if prices is None or not left_out.any() else self._with_stand_ins(found, left_out, prices)

    def usable(self, sizes: SizeBounds) -> Bools:
        """Return which flows go where something may stand that takes them (flows)."""
        items, pools = self.s.items, self.s.pools
        closed = sizes.is_closed()[pools.facility, pools.period] if sizes.upper.size else np.zeros(0, dtype=bool)
        is_open = (pools.facility < 0) | ~closed
        mask = np.zeros(len(self.s.costs), dtype=bool)
        mask[items.column[(items.column >= 0) & is_open[items.pool]]] = True
        return mask[self.flows]

    def _with_stand_ins(self, found: Restricted, left_out: Bools, prices: Worth) -> Restricted:
        columns = self.flows[left_out]
        origin, arrival = self.origin[left_out], self.arrival[left_out]
        beyond = self.s.costs[columns] - prices.leaving[origin] + prices.arriving[arrival]
        nodes, first, group = np.unique(origin, return_index=True, return_inverse=True)
        least = np.full(len(nodes), np.inf)
        np.minimum.at(least, group, beyond)
        ends, first_end = np.unique(arrival, return_index=True)
        core = sp.hstack([self._leaving(columns[first]), self._arriving(columns[first_end])], format="csr")
        core = sp.vstack([core, sp.csr_array((len(self.s.counts.least), core.shape[1]))], format="csr")
        cuts = sp.hstack(
            [self._leaving(columns[first], cuts=True), sp.csr_array((self._cuts.shape[0], len(ends)))], format="csr"
        )
        costs = np.concatenate([prices.leaving[nodes] + least, -prices.arriving[ends]])
        count = len(costs)
        program = found.program
        program = dataclasses.replace(
            program,
            c=np.concatenate([program.c, costs]),
            Q=sp.csc_array((len(program.c) + count,) * 2),
            A=sp.csr_array(sp.hstack([program.A, core], format="csr")),
            lower=np.concatenate([program.lower, np.zeros(count)]),
            upper=np.concatenate([program.upper, np.full(count, np.inf)]),
            is_integer=np.concatenate([program.is_integer, np.zeros(count, dtype=bool)]),
        )
        tie = self._as_much_arrives(nodes, ends, len(found.columns))
        program = with_rows(program, tie, np.zeros(tie.shape[0]), np.zeros(tie.shape[0]))
        widened = dataclasses.replace(found.cuts, A=sp.csr_array(sp.hstack([found.cuts.A, cuts], format="csr")))
        return Restricted(
            program=program, cuts=widened, columns=np.concatenate([found.columns, np.full(count, -1, dtype=np.int64)])
        )

    def _leaving(self, columns: Ints, *, cuts: bool = False) -> sp.csr_array:
        """Return the entries by which flows leave, of one flow a node."""
        part = sp.coo_array((self._cuts if cuts else self._core)[:, columns])
        kind = (self._cut_kind if cuts else self._core_kind)[part.row]
        mine = (kind == LEAVES) | ((kind == BALANCE) & (part.data < 0))
        return sp.csr_array(sp.coo_array((part.data[mine], (part.row[mine], part.col[mine])), shape=part.shape))

    def _arriving(self, columns: Ints) -> sp.csr_array:
        """Return the entries by which flows arrive, of one flow a node."""
        part = sp.coo_array(self._core[:, columns])
        mine = (self._core_kind[part.row] == BALANCE) & (part.data > 0)
        return sp.csr_array(sp.coo_array((part.data[mine], (part.row[mine], part.col[mine])), shape=part.shape))

    def _as_much_arrives(self, nodes: Ints, ends: Ints, before: int) -> sp.csr_array:
        """Return rows by which as much leaves as arrives of each product in each period."""
        index = self.s.problem.m.rows[NODES].index
        key = index["product"] * (int(index["period"].max()) + 1) + index["period"]
        kinds, row = np.unique(np.concatenate([key[nodes], key[ends]]), return_inverse=True)
        sign = np.concatenate([np.ones(len(nodes)), -np.ones(len(ends))])
        column = before + np.arange(len(sign))
        return sp.csr_array(sp.coo_array((sign, (row, column)), shape=(len(kinds), before + len(sign))))


BALANCE, LEAVES, IGNORED, OTHER = 0, 1, 2, 3
"""Kinds of rows, by what a flow that is left out has to do with them."""


def _numbers(s: Structure) -> sp.csr_array:
    """Return the rows on how many facilities stand."""
    counts = s.counts
    rows = [
        s.careers.columns[counted, 0, period] for counted, period in zip(counts.counted, counts.period, strict=True)
    ]
    columns = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    place = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    entries = np.ones(len(columns)), (place, columns)
    return sp.csr_array(sp.coo_array(entries, shape=(len(rows), len(s.costs))))


def _kinds(s: Structure, *, of_cuts: bool) -> Ints:
    """Return the kind of each row of the core, or of the cuts."""
    kinds = []
    for rows in s.problem.m.rows.values():
        if rows.is_cut == of_cuts:
            kind = (
                BALANCE
                if rows.name == NODES
                else LEAVES
                if rows.name in SENT
                else IGNORED
                if rows.name == LINK
                else OTHER
            )
            kinds.append(np.full(len(rows), kind, dtype=np.int64))
    return np.concatenate([np.zeros(0, dtype=np.int64), *kinds])
