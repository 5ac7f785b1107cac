"""A plan from the tight relaxation: what it nearly opens opens, the dearest first, and the rest is decided again.

Once the cuts say how many whole facilities a region needs, the relaxation hardly splits them: a few rounds of fixing
what is nearly whole end in a plan near the bound. (`start` dives without cuts: faster, and blind for whole sizes.)
"""

from __future__ import annotations

import time

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.kept_together import groups_of, one_of_each
from batteryopt.network.search.relaxation import Relaxation

WHOLE = 1e-6
NEARLY = (0.8, 0.6)
"""Parts of a whole from which a step is rounded up, a dive each: the first is careful, the second bold."""
DEAR = 0.3
"""Facilities whose opening costs at least so much of the dearest one that is not decided are decided with it."""
MOST_ROUNDS = 80
LARGEST_SHARE = 0.34
"""What costs no opening (trips) is many: so much of it is rounded in a round at least."""


def plunge(relaxation: Relaxation, nearly: float, deadline: float) -> Floats | None:
    """Return a point with whole integers, or None where rounding up ends nowhere, or not in time."""
    problem = relaxation.problem
    integers = np.flatnonzero(problem.core.is_integer)
    lower, upper = problem.core.lower[integers].copy(), problem.core.upper[integers]
    dearness, group = _dearness(relaxation)[integers], groups_of(problem.m)[integers]
    x = relaxation.x
    try:
        for _ in range(MOST_ROUNDS):
            if x is None or not (fraction := _fractions(x[integers])).any():
                return x
            if time.monotonic() > deadline or relaxation.flag.is_set:
                return None
            chosen = _chosen(fraction, dearness, nearly)
            chosen = chosen[one_of_each(group[chosen], fraction[chosen])]
            lower[chosen] = np.minimum(np.ceil(x[integers[chosen]]), upper[chosen])
            relaxation.lp.set_bounds(integers, lower, upper)
            x = relaxation.lp.solve(seconds_left(deadline, least=0.0)).x
        return None
    finally:
        relaxation.lp.set_bounds(integers, problem.core.lower[integers], upper)


def _fractions(values: Floats) -> Floats:
    """Return what is beyond whole numbers, 0 where that is rounding."""
    fraction = values - np.floor(values)
    return np.where((fraction > WHOLE) & (fraction < 1.0 - WHOLE), fraction, 0.0)


def _chosen(fraction: Floats, dearness: Floats, nearly: float) -> Ints:
    """Return which integers are rounded up now: of the dearest, those that are nearly whole, or the nearest one."""
    split = fraction > 0
    dearest = float(dearness[split].max())
    mine: Bools = split & (dearness >= DEAR * dearest)
    largest = float(fraction[mine].max())
    enough = min(nearly, largest) if dearest > 0 else min(nearly, float(np.quantile(fraction[mine], 1 - LARGEST_SHARE)))
    return np.flatnonzero(mine & (fraction >= enough))


def _dearness(relaxation: Relaxation) -> Floats:
    """Return what raising each step of size costs, 0 for all other columns (n)."""
    m, cost = relaxation.problem.m, relaxation.problem.core.c
    dearness = np.zeros(len(cost))
    dearness[m.families["is_open"].positions] = np.abs(cost[m.families["raised"].positions])
    return dearness
