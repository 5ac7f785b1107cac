"""Some facilities of a plan decided anew, all else as it is: small trees over the items that matter.

A tree over a thousand facilities proves nothing in a quarter of an hour; over a dozen of them, with the flows of
all nodes that may use these, it ends in a second. Regions are facilities that many nodes have in common: that needs
no map.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.lagrangian.facility_regions import in_common, owners, regions
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import Watch, run

FIRST, LEAST, MOST = 6, 3, 30
"""Facilities of a region: of the first one, at least, at most."""
MOST_SECONDS = 4.0
"""Time of one tree at most; regions become smaller where it is used up, and larger where a tenth of it is enough."""
TREE_GAP = 5e-4
"""Share of the money in a tree's program at which it ends."""


class DecidedAnew:
    """Makes a plan better, region by region.

    Attributes
    ----------
    x
        The plan, of the columns of the relaxation; its sizes whole.
    """

    def __init__(self, sifted: Sifted, x: Floats, options: Options) -> None:
        self.sifted, self.options, self.together = sifted, options, FIRST
        self.items = sifted.items[sifted.place[sifted.items] < len(x)]
        s = sifted.s
        self.x = x
        self.program: QuadraticProgram = sifted.program.of_items(self.items)
        self.columns = sp.csc_array(self.program.A)
        self.facility = s.pools.facility[s.items.pool[self.items]]
        self.node = s.items.node[self.items]
        self.size_columns = sifted.sizes
        self.is_size = np.zeros(len(x), dtype=bool)
        self.is_size[sifted.sizes] = True
        self.owner = owners(sifted.program)
        self.near = in_common(s, self.items)
        self.gives = sp.csc_array(s.gives)

    def objective(self) -> float:
        """Return what the plan costs."""
        return float(self.program.c0 + self.program.c @ self.x)

    def regions(self, often: Floats) -> Iterator[Bools]:
        """Return regions (F): around the facilities that prices would mostly have otherwise, the most first."""
        sizes = self.size_columns
        distance = np.abs(often[sizes] - self.x[sizes])
        differs = np.bincount(self.owner[sizes], weights=distance, minlength=self.near.shape[0])
        return regions(self.near, np.asarray(differs, dtype=float), lambda: self.together)

    def improve(self, region: Bools, deadline: float) -> float:
        """Decide a region's facilities anew; return what is saved."""
        free = self._free(region)
        before = self.objective()
        program = self._part(free, region)
        options = dataclasses.replace(
            self.options,
            relative_gap=0.0,
            absolute_gap=TREE_GAP * float(np.abs(program.c * self.x[free]).sum()),
            time_limit=seconds_left(min(deadline, time.monotonic() + MOST_SECONDS)),
            log=False,
        )
        began = time.monotonic()
        found = run(program, options, Watch(flag=self.sifted.flag), start=self.x[free])
        self._resize(time.monotonic() - began)
        if found.x is None:
            return 0.0
        x = np.array(self.x)
        x[free] = np.where(program.is_integer, np.round(found.x), found.x)
        saved = before - float(self.program.c0 + self.program.c @ x)
        if saved <= 0:
            return 0.0
        self.x = x
        return saved

    def _resize(self, seconds: float) -> None:
        """Have regions of a size whose trees end in time."""
        if seconds > 0.9 * MOST_SECONDS:
            self.together = max(LEAST, self.together * 3 // 4)
        elif seconds < 0.1 * MOST_SECONDS:
            self.together = min(MOST, self.together + 1)

    def _free(self, region: Bools) -> Ints:
        """Return the columns that are decided: careers of a region, and the flows of nodes that it may take or make."""
        s, first = self.sifted.s, self.sifted.program.first
        inside = (self.facility >= 0) & region[self.facility]
        nodes = np.zeros(s.nodes, dtype=bool)
        nodes[self.node[inside]] = True
        made = self.gives[:, s.items.taker[self.items[inside]]]
        nodes[made.indices] = True
        items = inside | nodes[self.node]
        columns = np.zeros(len(self.x), dtype=bool)
        columns[first:] = items
        careers = self.owner >= 0
        columns[:first][careers] = region[self.owner[careers]]
        left = np.flatnonzero(~careers)
        at = self.gives[:, self.sifted.program.columns[left]].tocoo()
        columns[left[at.col[nodes[at.row]]]] = True
        return np.flatnonzero(columns)

    def _part(self, free: Ints, region: Bools) -> QuadraticProgram:
        """Return the program of some columns, the others as they are, with the links of a region."""
        whole, part = self.program, self.columns[:, free]
        fixed = np.array(self.x)
        fixed[free] = 0.0
        taken = whole.A @ fixed
        rows = np.unique(part.indices)
        first = self.sifted.program.first
        A = sp.csr_array(sp.csr_array(part)[rows])
        inside = np.flatnonzero(self.facility >= 0)
        linked = inside[region[self.facility[inside]]]
        place = np.searchsorted(free, first + linked)
        standing = np.searchsorted(free, self.sifted.program.standing[self.items[linked]])
        row, most = np.arange(len(linked)), self.sifted.s.items.upper[self.items[linked]]
        entries = (
            np.concatenate([np.ones(len(linked)), -most]),
            (np.concatenate([row, row]), np.concatenate([place, standing])),
        )
        links = sp.csr_array(sp.coo_array(entries, shape=(len(linked), len(free))))
        return QuadraticProgram(
            c=whole.c[free],
            Q=sp.csc_array((len(free),) * 2),
            A=sp.csr_array(sp.vstack([A, links], format="csr")),
            row_lower=np.concatenate([whole.row_lower[rows] - taken[rows], np.full(len(linked), -np.inf)]),
            row_upper=np.concatenate([whole.row_upper[rows] - taken[rows], np.zeros(len(linked))]),
            lower=whole.lower[free],
            upper=whole.upper[free],
            is_integer=self.is_size[free],
        )
