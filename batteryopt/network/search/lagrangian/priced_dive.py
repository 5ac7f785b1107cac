"""Sizes decided a few at a time by prices: what stood nearly always, or hardly ever, stays so, and prices rise on.

A relaxation without links spreads parts of facilities over all sites, each as large as what is near; rounding that
opens the wrong ones. Prices know of links, since a facility that takes a tonne is paid for whole: how often each size
stood in their last steps says far better which will. A step costs no more than an evaluation, and less the more is
decided.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Bools
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.price_tree import often_of
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.within import within
from batteryopt.network.search.lagrangian.worth import SizeBounds, free_sizes

WAYS_DOWN = ((0.2, 20), (0.2, 10), (0.1, 20), (0.3, 20))
"""Share of the sizes still open to choice that is decided at once, and steps of prices in between.

Which is best differs: at a thousand places plans from the same prices are up to six per cent apart.
"""
LEAST = 5
"""Sizes decided at once at least."""
PATIENCE = 10
"""Steps without gain until the share of Polyak's step is less."""
LEFT = 0.1
"""Share of the sizes that are left to others: what prices still swing between is better decided with flows."""


def dive_by_prices(
    s: Structure,
    ascent: Ascent,
    way_down: tuple[float, int],
    step: float,
    plan: Callable[[], float],
    deadline: float,
    flag: InterruptFlag,
) -> tuple[SizeBounds, Ascent]:
    """Return bounds of sizes in which most are decided, fewer where the time is up, and the prices of what is left.

    Parameters
    ----------
    ascent
        Good prices, and what stood at those before; it stays as it is.
    way_down
        One of `WAYS_DOWN`.
    step
        Share of Polyak's step that prices begin with after each decision.
    plan
        Tells the value of the best plan known; infinite without any.
    """
    share, steps = way_down
    exists = s.careers.columns >= 0
    sizes = free_sizes(s)
    end = LEFT * sizes.free()
    while time.monotonic() < deadline and not flag.is_set and not ascent.effort.is_spent:
        sizes = _decided(sizes, ascent, exists, share)
        if sizes.free() <= end:
            break
        ascent = Ascent(
            within(s, sizes), ascent.prices, share=step, patience=PATIENCE, effort=ascent.effort, swing=ascent.swing
        )
        ascent.rise(steps, deadline, plan, flag)
    return sizes, ascent


def _decided(sizes: SizeBounds, ascent: Ascent, exists: Bools, share: float) -> SizeBounds:
    """Return bounds with that share of sizes decided that stood most nearly always, or never."""
    often = often_of(ascent)
    is_free = exists & (sizes.lower < sizes.upper)
    doubt = np.where(is_free, np.minimum(often, 1.0 - often), np.inf)
    count = min(int(is_free.sum()), max(LEAST, int(share * is_free.sum())))
    clear = np.zeros(doubt.shape, dtype=bool)
    clear.flat[np.argsort(doubt, axis=None, kind="stable")[:count]] = True
    lower = np.where(clear & (often >= 0.5), 1.0, sizes.lower)
    upper = np.where(clear & (often < 0.5), 0.0, sizes.upper)
    lower = np.maximum.accumulate(lower[:, ::-1], axis=1)[:, ::-1]  # a larger size needs the smaller ones
    upper = np.maximum(np.minimum.accumulate(upper, axis=1), lower)
    return SizeBounds(lower=lower, upper=upper)
