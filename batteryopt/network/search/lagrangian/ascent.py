"""Prices made better by a deflected subgradient method, its steps as long as Polyak's.

P. Camerini, L. Fratta and F. Maffioli, Mathematical Programming Study 3 (1975), doi:10.1007/BFb0120697.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.value import Value, evaluate

STEP, SHORTEST = 1.5, 0.01
"""Share of Polyak's step at first, and the one at which the method ends."""
PATIENCE, SHRINK = 15, 0.6
"""Steps without gain after which the share shrinks, and how much of it is left."""
HOPE = 0.05
"""Where no plan is known, the optimum is taken to be so far above the bound, relative."""
RECENT, SOON = 0.05, 0.2
"""Weight of the last step in the mean of what stands, late and among the first `EARLY` steps."""
EARLY = 30


class Ascent:
    """Prices that rise.

    Attributes
    ----------
    prices, value
        The best so far.
    often
        How often each facility stood lately, by level in each period (F, T, levels).
    """

    def __init__(self, s: Structure, prices: Floats) -> None:
        self.s = s
        self.prices = prices
        self.value = evaluate(s, prices)
        self.often = self._standing(self.value)
        self.steps = 0
        self.share = STEP

    @property
    def bound(self) -> float:
        """The best bound."""
        return self.value.bound

    def begin(self, prices: Floats, value: Value) -> None:
        """Go on from prices that came from elsewhere, if they are better."""
        if value.bound > self.bound:
            self.prices, self.value = prices, value

    def _standing(self, value: Value) -> Floats:
        """Return 1 where a facility has a level or more."""
        levels = np.arange(self.s.careers.shape[2])
        return np.asarray((value.best.level[:, :, None] >= levels).astype(float))

    def rise(self, steps: int, deadline: float, plan: Callable[[], float], flag: InterruptFlag | None = None) -> None:
        """Go on for some steps, until the time is up, or until nothing is gained.

        Parameters
        ----------
        plan
            Tells the value of the best plan known; infinite without any.
        flag
            Ends it when it is set.
        """
        value, prices = self.value, self.prices
        way, idle = value.excess.copy(), 0
        for _ in range(steps):
            size, target = float(way @ way), self._target(plan())
            if size < 1e-18 or target - self.bound <= 1e-9 * abs(self.bound) or time.monotonic() > deadline:
                break
            if flag is not None and flag.is_set:
                break
            own = float(value.excess @ value.excess)
            prices = self._allowed(prices + self.share * (target - value.bound) / max(own, 1e-18) * way)
            value = evaluate(self.s, prices)
            self.steps += 1
            weight = SOON if self.steps < EARLY else RECENT
            self.often = (1 - weight) * self.often + weight * self._standing(value)
            against = float(value.excess @ way)
            way = value.excess + (max(0.0, -1.5 * against / size)) * way
            idle = 0 if value.bound > self.bound + 1e-7 * abs(self.bound) else idle + 1
            if value.bound > self.bound:
                self.prices, self.value = prices, value
            if idle >= PATIENCE:
                self.share, idle = self.share * SHRINK, 0
                prices, value = self.prices, self.value
                way = value.excess.copy()
                if self.share < SHORTEST:
                    break

    def _allowed(self, prices: Floats) -> Floats:
        """Return prices of the right sign: what a rule lacks costs something, what it has beyond nothing."""
        of_rows = prices[self.s.nodes :]
        prices[self.s.nodes :] = np.where(self.s.further.is_equal, of_rows, np.maximum(of_rows, 0.0))
        return prices

    def _target(self, plan: float) -> float:
        hope = self.bound + max(HOPE * abs(self.bound), 1e-9)
        return min(plan, hope)
