"""Prices of a region made the best there are while all others stay: a linear program a region, one after the other.

The bound is concave in the prices. With those outside of a region fixed, its best ones are the duals of a program of
the region's nodes and of the facilities that they may use; what others would bring to these facilities stands in it at
its price, without a balance. So each region's program is small, links and all, and no step makes the bound worse.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.facility_regions import in_common, owners, regions
from batteryopt.network.search.lagrangian.restricted import Restricted
from batteryopt.network.search.lagrangian.sifting import Sifted, best_of
from batteryopt.network.search.lagrangian.tree import with_links
from batteryopt.network.search.lagrangian.value import Value, charged, evaluate
from batteryopt.network.search.searched_problem import Cuts
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options

TOGETHER = 8
"""Facilities of a region."""
WAYS = 6
"""Items from each of a region's nodes, besides those that save money."""
ENOUGH_GAIN = 5e-4
"""Relative gain of a pass over all regions below which no other follows."""


class RegionalPrices:
    """Prices that become better region by region.

    Attributes
    ----------
    prices, value
        The best so far.
    """

    def __init__(self, sifted: Sifted, options: Options) -> None:
        self.sifted, self.options = sifted, options
        self.s, self.program = sifted.s, sifted.program
        self.prices: Floats = sifted.prices
        self.value: Value = sifted.value
        self.by_row = sp.csr_array(self.program.rows)
        pools = self.s.pools
        self.facility: Ints = pools.facility[self.s.items.pool]
        self.owner = owners(sifted.program)
        self.near = in_common(self.s, sifted.items)

    def improve(self, deadline: float, is_done: Callable[[], bool]) -> Iterator[float]:
        """Go through all regions, again and again, until a pass gains little or the time is up; yield better bounds."""
        before = -np.inf
        while self.value.bound - before > ENOUGH_GAIN * abs(self.value.bound):
            before = self.value.bound
            for region in regions(self.near, np.zeros(self.s.careers.shape[0]), lambda: TOGETHER):
                if is_done() or time.monotonic() > deadline:
                    return
                if self._take(region, deadline):
                    yield self.value.bound

    def _worth(self) -> Floats:
        items = self.s.items
        return np.asarray(charged(self.s, self.prices).items + items.weight * self.value.rent[items.pool])

    def _take(self, region: Bools, deadline: float) -> bool:
        """Make a region's prices the best there are, if that can be done in time; return whether they are better."""
        nodes = self._nodes(region)
        columns = self._columns(nodes)
        restricted = self._restricted(nodes, columns)
        likely = np.zeros(len(restricted.cuts.lower), dtype=bool)
        found = with_links(restricted, self.options, self.sifted.flag, deadline, likely)
        if found.row_duals is None:
            return False
        prices = np.array(self.prices)
        prices[np.flatnonzero(nodes)] = found.row_duals[: int(nodes.sum())]
        value = evaluate(self.s, prices)
        if value.bound <= self.value.bound:
            return False
        self.prices, self.value = prices, value
        return True

    def _nodes(self, region: Bools) -> Bools:
        """Return the nodes of a region (nodes): what its facilities make, and what is best taken there."""
        s, items = self.s, self.s.items
        owned = np.flatnonzero(self.facility >= 0)
        best = owned[best_of(items.node[owned], self._worth()[owned], 1)]
        nodes = np.zeros(s.nodes, dtype=bool)
        nodes[items.node[best[region[self.facility[best]]]]] = True
        mine = np.unique(items.taker[owned[region[self.facility[owned]]]])
        nodes[sp.csc_array(s.gives)[:, mine].indices] = True
        return nodes

    def _columns(self, nodes: Bools) -> Ints:
        """Return the columns of a region's program (of all of the relaxation)."""
        s, items, program = self.s, self.s.items, self.program
        gives = np.zeros(len(s.costs), dtype=bool)
        gives[sp.csr_array(s.gives)[np.flatnonzero(nodes)].indices] = True
        own, worth = nodes[items.node], self._worth()
        makes = gives[items.taker]
        of_own = np.flatnonzero(own)
        chosen = np.zeros(len(items), dtype=bool)
        chosen[of_own[best_of(items.node[of_own], worth[of_own], WAYS)]] = True
        saves = charged(s, self.prices).items < 0
        chosen |= (own & (worth <= 0)) | (makes & saves)
        touched = np.zeros(s.careers.shape[0], dtype=bool)
        touched[self.facility[(chosen | makes) & (self.facility >= 0)]] = True
        chosen |= (self.facility >= 0) & touched[self.facility] & saves
        careers = np.flatnonzero(touched[np.maximum(self.owner, 0)] & (self.owner >= 0))
        left = np.flatnonzero((self.owner < 0) & gives[program.columns])
        return np.concatenate([careers, left, program.first + np.flatnonzero(chosen)])

    def _restricted(self, nodes: Bools, columns: Ints) -> Restricted:
        """Return a region's program: its nodes' rows first, what other nodes would pay in the costs, links as cuts."""
        s, program = self.s, self.program
        outside = np.where(nodes, 0.0, self.prices[: s.nodes])
        part = sp.csc_array(program.rows[:, columns])
        costs = program.costs[columns] - part[: s.nodes].T @ outside
        is_in = np.zeros(part.shape[0], dtype=bool)
        is_in[part.indices] = True
        is_in[: s.nodes] = nodes
        rows = np.flatnonzero(is_in)
        count = len(columns)
        whole = QuadraticProgram(
            c=costs,
            Q=sp.csc_array((count, count)),
            A=sp.csr_array(sp.csr_array(part)[rows]),
            row_lower=program.row_lower[rows],
            row_upper=program.row_upper[rows],
            lower=program.lower[columns],
            upper=program.upper[columns],
            is_integer=np.zeros(count, dtype=bool),
        )
        return Restricted(program=whole, cuts=self._links(columns), columns=columns)

    def _links(self, columns: Ints) -> Cuts:
        program = self.program
        place = np.full(program.first, -1, dtype=np.int64)
        careers = columns[columns < program.first]
        place[careers] = np.arange(len(careers))
        begin = len(careers)
        items = columns[begin:] - program.first
        linked = np.flatnonzero(program.standing[items] >= 0)
        links = program.links(items[linked], begin + linked, len(columns), place)
        nothing = np.zeros(len(linked))
        norm = np.sqrt(1.0 + self.s.items.upper[items[linked]] ** 2)
        return Cuts(A=links, lower=nothing - np.inf, upper=nothing, norm=norm)
