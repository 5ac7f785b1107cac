"""A plan from the relaxation over the items that matter: sizes made whole a few at a time, flows decided anew between.

Quickest is to open the largest parts of all kinds. Better is mostly that the dearest kinds of facilities go first,
while what is smaller stays in fractions: a plant that is one too many costs more than all that centres save
afterwards. Within a kind, facilities that stand least close, and their flows fill
others, until none stands for less than a part that is worth a whole one; what is then still in fractions opens.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.lagrangian.worth import SizeBounds

SHARE = 0.12
"""Share of what is to be closed, or opened, between two solves."""
SURE, SURE_AT_ONCE = 0.95, 0.8
"""What is larger opens at once; the second where nothing is closed."""
SEVERAL = 2.0
"""Factor of cost from one facility to the next cheaper one that makes these another kind."""
MOST_ROUNDS = 200
WHOLE = 1e-6


def rounded(sifted: Sifted, deadline: float, part: float, sizes: SizeBounds | None = None) -> Floats | None:
    """Return a point of the relaxation whose sizes are whole; None where there is none in time.

    The relaxation is afterwards as it was, but for its basis.

    Parameters
    ----------
    part
        Of a facility from which on it is not closed; 0: nothing is, and all kinds are rounded at once.
    sizes
        Bounds in which sizes are to be.
    """
    if sifted.x is None or not len(sifted.sizes):
        return None
    rounding = Rounding(sifted, part)
    try:
        if sizes is not None and not rounding.stay_within(sizes, deadline):
            return None
        for kind in rounding.kinds():
            if not rounding.make_whole(kind, deadline):
                return None
        return rounding.x
    finally:
        sifted.lp.set_bounds(sifted.sizes, rounding.least, rounding.most)


class Rounding:
    """Bounds and point while sizes become whole.

    Attributes
    ----------
    lower, upper
        Of sizes now; `least` and `most` are the relaxation's own.
    """

    def __init__(self, sifted: Sifted, part: float) -> None:
        assert sifted.x is not None
        self.sifted, self.part, self.x = sifted, part, sifted.x
        places, columns = sifted.sizes, sifted.s.careers.columns
        exists = columns >= 0
        facility, step, _ = np.nonzero(exists)
        self.facility: Ints = facility
        self.is_first: Bools = step == 0
        self.count = columns.shape[0]
        self.least, self.most = sifted.program.lower[places], sifted.program.upper[places]
        self.lower, self.upper = np.array(self.least), np.array(self.most)

    def kinds(self) -> Iterator[Bools]:
        """Yield facilities of about the same cost (F), the dearest first; all at once where none is closed."""
        if not self.part:
            yield np.ones(self.count, dtype=bool)
            return
        raising = self.sifted.s.careers.raising[0]
        whole = np.abs(raising).max(axis=(1, 2), initial=0.0) if raising.size else np.zeros(self.count)
        order = np.argsort(-whole, kind="stable")
        ratio = whole[order][:-1] / np.maximum(whole[order][1:], 1e-300)
        for kind in np.split(order, np.flatnonzero(ratio > SEVERAL) + 1):
            mask = np.zeros(self.count, dtype=bool)
            mask[kind] = True
            yield mask

    def _solve(self, deadline: float) -> bool:
        self.sifted.lp.set_bounds(self.sifted.sizes, self.lower, self.upper)
        vertex = self.sifted.lp.solve(seconds_left(deadline))
        if vertex.x is None or self.sifted.flag.is_set or time.monotonic() > deadline:
            return False
        self.x = vertex.x
        return True

    def stay_within(self, sizes: SizeBounds, deadline: float) -> bool:
        """Begin from the relaxation within bounds of sizes; return whether there is one, in time."""
        exists = self.sifted.s.careers.columns >= 0
        self.lower = np.maximum(self.least, sizes.lower[exists])
        self.upper = np.maximum(np.minimum(self.most, sizes.upper[exists]), self.lower)
        return self._solve(deadline)

    def make_whole(self, kind: Bools, deadline: float) -> bool:
        """Make sizes of a kind whole; return whether that ends in time."""
        mine = kind[self.facility]
        for _ in range(MOST_ROUNDS):
            sizes = self.x[self.sifted.sizes]
            parts = mine & (sizes > WHOLE) & (sizes < 1.0 - WHOLE)
            if not parts.any():
                self.lower[mine] = np.round(sizes[mine])
                self.upper[mine] = self.lower[mine]
                return True
            self._decide(sizes, parts, mine)
            if not self._solve(deadline):
                return False
        return False

    def _decide(self, sizes: Floats, parts: Bools, mine: Bools) -> None:
        """Close facilities that stand least; where none stands for little any more, open what is nearly there."""
        stands = np.zeros(self.count)
        np.maximum.at(stands, self.facility, np.where(self.is_first, sizes, 0.0))
        is_part = np.zeros(self.count, dtype=bool)
        is_part[self.facility[parts]] = True
        must = np.zeros(self.count, dtype=bool)
        must[self.facility[self.lower > 0.5]] = True
        small = np.flatnonzero(is_part & ~must & (stands < self.part))
        if len(small):
            closed = np.zeros(self.count, dtype=bool)
            closed[small[np.argsort(stands[small], kind="stable")][: int(np.ceil(SHARE * len(small)))]] = True
            self.upper[closed[self.facility]] = 0.0
        else:
            open_ones = np.flatnonzero(parts)
            largest = open_ones[np.argsort(-sizes[open_ones], kind="stable")]
            self.lower[largest[: int(np.ceil(SHARE * len(largest)))]] = 1.0
        sure = mine & (sizes > (SURE if self.part else SURE_AT_ONCE)) & (self.upper > 0.5)
        self.lower[sure] = 1.0
