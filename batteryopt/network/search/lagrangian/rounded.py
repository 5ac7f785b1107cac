"""A plan from the relaxation over the items that matter: sizes rounded a few at a time, flows decided anew between."""

from __future__ import annotations

import time

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.relaxation import seconds_left

SURE, SHARE = 0.8, 0.12
"""What is larger than `SURE`, or among the largest `SHARE` of what is not whole, is rounded up between two solves."""
MOST_ROUNDS = 60
WHOLE = 1e-6


def rounded(sifted: Sifted, deadline: float) -> Floats | None:
    """Return a point of the relaxation whose sizes are whole; None where there is none in time.

    The relaxation is afterwards as it was, but for its basis.
    """
    before, places = sifted.x, sifted.sizes
    if before is None or not len(places):
        return None
    lower, upper = sifted.program.lower[places], sifted.program.upper[places]
    at_least = np.array(lower)
    try:
        for _ in range(MOST_ROUNDS):
            assert sifted.x is not None
            sizes = sifted.x[places]
            open_ones = np.flatnonzero((sizes > WHOLE) & (sizes < 1.0 - WHOLE))
            if not len(open_ones):
                return sifted.x
            at_least[sizes > SURE] = 1.0
            most = open_ones[np.argsort(-sizes[open_ones], kind="stable")]
            at_least[most[: int(np.ceil(SHARE * len(most)))]] = 1.0
            sifted.lp.set_bounds(places, at_least, upper)
            vertex = sifted.lp.solve(seconds_left(deadline))
            if vertex.x is None or sifted.flag.is_set or time.monotonic() > deadline:
                return None
            sifted.x = vertex.x
        return None
    finally:
        sifted.lp.set_bounds(places, lower, upper)
        sifted.x = before
