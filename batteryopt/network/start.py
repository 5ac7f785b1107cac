"""A first plan within seconds: the relaxation is rounded a few facilities at a time, and solved again in between."""

from __future__ import annotations

import time

import numpy as np

from batteryopt.network.model.algebra import Bools, Floats
from batteryopt.network.search.relaxation import Relaxation

SURE = 0.7
"""A step of size above this is built at once; below it the larger part of the rest is."""
QUANTILE = 0.7
NEVER = 0.02
"""A step of size below this is given up."""
WHOLE = 1e-6
MOST_ROUNDS = 60


def dive(relaxation: Relaxation, deadline: float) -> Floats | None:
    """Return a point with whole integers, or None where the dive ends nowhere.

    The first decisions follow the relaxation with its cuts; after that the core alone is solved again and again.
    """
    core = relaxation.problem.core
    if relaxation.x is None:
        return None
    columns = np.flatnonzero(core.is_integer)
    lower, upper = core.lower[columns].copy(), core.upper[columns].copy()
    x: Floats | None = relaxation.x
    for turn in range(MOST_ROUNDS):
        if x is None or time.monotonic() > deadline or relaxation.flag.is_set:
            x = None
            break
        values = x[columns]
        is_open = (abs(values - np.round(values)) > WHOLE) & (lower < upper)
        if not is_open.any():
            break
        _decide(values, is_open, lower, upper, is_first=turn == 0)
        relaxation.loose.set_bounds(columns, lower, upper)
        x = relaxation.loose.solve(max(0.1, deadline - time.monotonic()) if np.isfinite(deadline) else None).x
    relaxation.loose.set_bounds(columns, core.lower[columns], core.upper[columns])
    if x is None or np.max(abs(x[columns] - np.round(x[columns])), initial=0.0) > WHOLE:
        return None
    return x


def _decide(values: Floats, is_open: Bools, lower: Floats, upper: Floats, *, is_first: bool) -> None:
    """Round some of the undecided up, those with the largest fractions, and give up the smallest ones."""
    fraction = values - np.floor(values)
    threshold = min(SURE, float(np.quantile(fraction[is_open], QUANTILE)))
    up = is_open & (fraction >= threshold)
    lower[up] = np.minimum(np.ceil(values[up]), upper[up])
    if not is_first:
        down = (values <= NEVER) & (lower < upper) & ~up & (lower <= 0)
        upper[down] = 0.0
