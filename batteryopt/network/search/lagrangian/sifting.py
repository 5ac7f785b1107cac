"""Prices from a linear program of the items that matter: the others join as the prices of it want them.

A subgradient's prices of ten thousand goods come near their best far too slowly. The relaxation over the few cheapest
items of each node is small, and its duals are prices of all nodes; what they prove is found over *all* items, so that
it matters little what was left out. Links (an item is no more than its facility stands) are left out as well: without
them the program is solved in a moment, and each pool's own choice of items makes up for most of them in the bound.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.lagrangian.item_program import item_program
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.value import Value, charged, evaluate
from batteryopt.network.search.lagrangian.worth import SizeBounds
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_growing import GrowingProgram

WAYS, MORE_WAYS = 8, 3
"""Items from each node to begin with, and those that join at most in a round."""
WAYS_LEFT = 5
"""Items from each node to where something may stand, once most of it is decided."""
WANTED = 1e-7
"""What an item saves, as a share of the largest price, from which it joins."""
FEW = 0.01
"""Share of items that want to join up to which the prices are good enough."""
MOST_ROUNDS = 40


class Sifted:
    """The relaxation over the items that matter.

    Attributes
    ----------
    prices, value
        The best so far, evaluated over all items.
    x
        The last optimal point, of columns of careers, of what is left, and of items; None before the first.
    sizes
        Where the columns of ``is_open`` stand in it.
    """

    def __init__(self, s: Structure, prices: Floats, value: Value, options: Options, flag: InterruptFlag) -> None:
        self.s, self.flag = s, flag
        self.prices, self.value = prices, value
        self.program = item_program(s)
        chosen = np.flatnonzero(best_of(s.items.node, self._worth(prices, value), WAYS))
        self.items: Ints = chosen
        self.place = np.full(len(s.items), -1, dtype=np.int64)
        self.place[chosen] = self.program.first + np.arange(len(chosen))
        self.lp = GrowingProgram(self.program.of_items(chosen), options, flag)
        self.x: Floats | None = None
        columns = s.careers.columns[s.careers.columns >= 0]
        self.sizes: Ints = np.searchsorted(self.program.careers, columns)

    def _worth(self, prices: Floats, value: Value) -> Floats:
        """Return what a tonne of each item costs beyond what it saves, capacity at its rent (items)."""
        items = self.s.items
        return np.asarray(charged(self.s, prices).items + items.weight * value.rent[items.pool])

    def solve(self, deadline: float, tell: Callable[[], None]) -> None:
        """Solve until nothing wants to join, little is gained, or the time is up."""
        for _ in range(MOST_ROUNDS):
            vertex = self.lp.solve(seconds_left(deadline))
            if vertex.x is None or vertex.row_duals is None or self.flag.is_set:
                return
            self.x = vertex.x
            duals = vertex.row_duals
            self._take(self._prices(duals))
            tell()
            if self._join_items(duals) <= FEW * len(self.items) or time.monotonic() > deadline:
                return

    def _prices(self, duals: Floats) -> Floats:
        """Return the duals of nodes and further rows, these with the right sign whatever tolerances leave."""
        nodes, further = self.s.nodes, self.s.further
        begin = nodes + len(self.s.pools.facility)
        of_rows = duals[begin : begin + len(further.least)]
        of_rows = np.where(further.is_equal, of_rows, np.maximum(of_rows, 0.0))
        return np.concatenate([duals[:nodes], of_rows])

    def _take(self, prices: Floats) -> None:
        """Keep prices if they prove more than those before, over all items."""
        value = evaluate(self.s, prices)
        if value.bound > self.value.bound:
            self.prices, self.value = prices, value

    def _join_items(self, duals: Floats) -> int:
        """Let items join that would save money; return how many."""
        s, items = self.s, self.s.items
        rent = -duals[s.nodes : s.nodes + len(s.pools.facility)]
        saved = charged(s, self._prices(duals)).items + items.weight * rent[items.pool]
        saved[self.place >= 0] = 0.0
        least = WANTED * float(np.abs(duals[: s.nodes]).max(initial=0.0))
        wanted = np.flatnonzero(saved < -least)
        new = wanted[best_of(items.node[wanted], saved[wanted], MORE_WAYS)]
        self._join(new)
        return len(new)

    def join_what_is_left(self, sizes: SizeBounds, prices: Floats, value: Value) -> None:
        """Let the best items of each node join that go where something may stand, and begin anew.

        Those that were best when all sites were open may all go where nothing stands now.
        """
        items, pools = self.s.items, self.s.pools
        closed = sizes.is_closed()[pools.facility, pools.period] & (pools.facility >= 0)
        may_be = np.flatnonzero(~closed[items.pool])
        best = may_be[best_of(items.node[may_be], self._worth(prices, value)[may_be], WAYS_LEFT)]
        self._join(best[self.place[best] < 0])
        self.lp.begin_anew()

    def _join(self, new: Ints) -> None:
        """Add items to the relaxation (positions among all)."""
        if len(new):
            columns = self.program.first + new
            program, count = self.program, self.program.first + len(self.items)
            rows = sp.csc_array(program.rows[:, columns])
            self.lp.add_columns(rows, program.costs[columns], program.lower[columns], program.upper[columns])
            self.place[new] = count + np.arange(len(new))
            self.items = np.concatenate([self.items, new])

    def whole(self, x: Floats) -> Floats:
        """Return a point of this relaxation as one of the whole problem (columns)."""
        s, program, items = self.s, self.program, self.items[self.place[self.items] < len(x)]
        taken = x[self.place[items]]
        found = np.bincount(s.items.taker[items], weights=s.items.share[items] * taken, minlength=len(s.costs))
        moves = s.items.column[items] >= 0
        # an item is one way to use what a shipment brings: several may share one
        found += np.bincount(s.items.column[items][moves], weights=taken[moves], minlength=len(s.costs))
        found[program.columns] = x[: program.first]
        return np.asarray(found, dtype=float)


def best_of(group: Ints, worth: Floats, most: int) -> Bools:
    """Return which are among the best of their group, so many of each."""
    order = np.lexsort((worth, group))
    sorted_group = group[order]
    number = np.bincount(sorted_group, minlength=int(group.max(initial=-1)) + 1)
    rank = np.arange(len(order)) - (np.cumsum(number) - number)[sorted_group]
    found = np.zeros(len(group), dtype=bool)
    found[order] = rank < most
    return found
