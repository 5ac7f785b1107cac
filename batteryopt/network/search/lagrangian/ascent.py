"""Prices made better by a deflected subgradient method, its steps as long as Polyak's.

P. Camerini, L. Fratta and F. Maffioli, Mathematical Programming Study 3 (1975), doi:10.1007/BFb0120697. Steps are taken
in units of each price's own: where an excess swings by thousands of tonnes, at a site that takes all or nothing, a
price moves less than at a place that sends ten. Any units will do, for any prices prove a bound; these are the square
roots of what the excess usually is, half the way to counting all excesses alike (as in J. Duchi, E. Hazan and
Y. Singer, Journal of Machine Learning Research 12, 2011).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.effort import Effort
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
LEAST_SWING = 0.01
"""Share of the usual swing that counts for a price that hardly swings at all: it would be thrown about."""
LEARNING = 20
"""Steps whose swings count alike; from then on the last one has a weight of `RECENT`."""


class Ascent:
    """Prices that rise.

    Attributes
    ----------
    prices, value
        The best so far.
    swing
        Mean square of each excess (prices).
    often
        How often each facility stood lately, by level in each period (F, T, levels).
    """

    def __init__(
        self,
        s: Structure,
        prices: Floats,
        *,
        share: float = STEP,
        patience: int = PATIENCE,
        effort: Effort | None = None,
        swing: Floats | None = None,
    ) -> None:
        self.s, self.patience, self.effort = s, patience, effort or Effort()
        self.prices = prices
        self.value = evaluate(s, prices)
        self.often = self._standing(self.value)
        self.steps = 0
        self.share = share
        self.swing = self.value.excess**2 if swing is None else swing
        self._swings = 1 if swing is None else LEARNING

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

    def rise(
        self,
        steps: int,
        deadline: float,
        plan: Callable[[], float],
        flag: InterruptFlag | None = None,
        *,
        enough: float = np.inf,
    ) -> None:
        """Go on for some steps, until the time is up, or until nothing is gained.

        Parameters
        ----------
        plan
            Tells the value of the best plan known; infinite without any.
        flag
            Ends it when it is set.
        enough
            A bound with which nothing more is to be gained.
        """
        value, prices, unit = self.value, self.prices, self._units()
        way, idle = value.excess / unit, 0
        for _ in range(steps):
            own, target = float(np.sum((value.excess / unit) ** 2)), self._target(plan())
            if own < 1e-18 or target - self.bound <= 1e-9 * abs(self.bound) or time.monotonic() > deadline:
                break
            if self.bound >= enough or self.effort.is_spent or (flag is not None and flag.is_set):
                break
            self.effort.spend()
            prices = self._allowed(prices + self.share * (target - value.bound) / own * way / unit)
            value = evaluate(self.s, prices, before=value)
            self._count(value)
            before, unit = unit, self._units()
            way = _deflected(value.excess / unit, way * unit / before)
            idle = 0 if value.bound > self.bound + 1e-7 * abs(self.bound) else idle + 1
            if value.bound > self.bound:
                self.prices, self.value = prices, value
            if idle >= self.patience:
                self.share, idle = self.share * SHRINK, 0
                prices, value = self.prices, self.value
                way = value.excess / unit
                if self.share < SHORTEST:
                    break

    def _count(self, value: Value) -> None:
        """Count a step: what stood, and how far excesses swung."""
        self.steps += 1
        weight = SOON if self.steps < EARLY else RECENT
        self.often = (1 - weight) * self.often + weight * self._standing(value)
        self._swings += 1
        weight = max(RECENT, 1.0 / self._swings)
        self.swing = (1 - weight) * self.swing + weight * value.excess**2

    def _units(self) -> Floats:
        """Return the units in which prices move (prices)."""
        swing = np.sqrt(self.swing)
        swings = swing[swing > 0]
        if not len(swings):
            return np.ones(len(swing))
        return np.asarray(np.sqrt(np.maximum(swing, LEAST_SWING * swings.mean())))

    def _allowed(self, prices: Floats) -> Floats:
        """Return prices of the right sign: what a rule lacks costs something, what it has beyond nothing."""
        of_rows = prices[self.s.nodes :]
        prices[self.s.nodes :] = np.where(self.s.further.is_equal, of_rows, np.maximum(of_rows, 0.0))
        return prices

    def _target(self, plan: float) -> float:
        hope = self.bound + max(HOPE * abs(self.bound), 1e-9)
        return min(plan, hope)


def _deflected(excess: Floats, way: Floats) -> Floats:
    """Return the way to go: along an excess, turned towards the last way where it would lead back."""
    against, whole = float(np.sum(excess * way)), float(np.sum(way * way))  # BLAS' threads wait for each other longer
    return np.asarray(excess + max(0.0, -1.5 * against / max(whole, 1e-300)) * way)
