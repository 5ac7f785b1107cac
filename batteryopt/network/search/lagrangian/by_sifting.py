"""How a network of very many flows is searched: prices from the relaxation, a plan by rounding it, regions anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.deadlines import moment_by
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.decided_anew import DecidedAnew
from batteryopt.network.search.lagrangian.plans import Planner
from batteryopt.network.search.lagrangian.price_tree import often_of
from batteryopt.network.search.lagrangian.priced_dive import WAYS_DOWN, dive_by_prices
from batteryopt.network.search.lagrangian.rounded import rounded
from batteryopt.network.search.lagrangian.sifting import Sifted
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.worth import SizeBounds, worth
from batteryopt.solvers.contract.adapter import Options

SIFTED, FIRST, OVER = 0.25, 0.5, 0.75
"""Parts of the time left by which the relaxation, the first plan, and all of this are over."""
RISEN, DIVED, ANEW, ALL_ANEW = 0.4, 0.4, 0.5, 1.0
"""Parts of the time left in each round that prices, dives and regions may take; the last one where plans are large."""
SHARES_DOWN = (0.3, 0.45, 0.2, 0.6, 0.1, 0.9)
"""Rounds of these: the share of Polyak's step that dives begin with. Plans of them are up to six per cent apart."""
TOO_MANY, TO_THE_END = 60_000, 0.97
"""Items from which trees over all that is left come nowhere, so that plans have nearly all of the time."""
FIRST_PARTS, PARTS = (0.0,), (0.0, 0.15)
"""Parts of a facility from which on it is not closed, one after the other: which is best differs, 0 is quickest.

The second ones are of what a dive by prices leaves open.
"""
STEPS = 50
"""Steps of prices at once."""
SHARE = 0.5
"""Share of Polyak's step that they begin with: the relaxation's prices are near their best."""
PATIENCE = 30
"""Steps without gain until that share is less: of ten thousand prices few steps gain, and yet they lead on."""
ENOUGH_GAIN, SMALL_SHARE = 2e-5, 0.1
"""Relative gain of so many steps below which no more follow, once that share is small: longer ones pause at times."""
ENOUGH_SAVED = 1e-4
"""Share of the plan's cost that a pass over all regions must save for another to follow."""


class BySifting:
    """The relaxation, a plan from it, and what makes that better; what is found goes to the ascent and the planner."""

    def __init__(
        self,
        s: Structure,
        ascent: Ascent,
        planner: Planner,
        options: Options,
        flag: InterruptFlag,
        deadline: float,
    ) -> None:
        self.s, self.ascent, self.planner, self.options = s, ascent, planner, options
        self.began, self.deadline = time.monotonic(), deadline
        self.sifted = Sifted(s, ascent.prices, ascent.value, options, flag)

    def words(self) -> str:
        """Return where the prices come from."""
        return f" from a relaxation over {len(self.sifted.items):,} of {len(self.s.items):,} flows"

    def _until(self, share: float) -> float:
        return self.began + share * (self.deadline - self.began)

    def go(self, tell: Callable[[], None], is_done: Callable[[], bool]) -> Iterator[str]:
        """Search; yield what is about to be done."""
        sifted = self.sifted

        def took() -> None:
            self.ascent.begin(sifted.prices, sifted.value)
            tell()

        yield "prices from a relaxation over the flows that matter"
        sifted.solve(self._until(SIFTED), took)
        if sifted.x is None or is_done():
            return
        self.ascent.often = self._often(sifted.x)
        yield "a first plan from the relaxation"
        x = self._plan(FIRST_PARTS, self._until(FIRST), is_done, tell)
        is_large = len(self.s.items) >= TOO_MANY
        end = self._until(TO_THE_END if is_large else OVER)
        for share in SHARES_DOWN:
            if is_done() or time.monotonic() > end:
                return
            yield "prices of all nodes"
            self._rise(moment_by(RISEN, end), is_done, tell)
            if is_done():
                return
            yield "dives by prices"
            better = self._dive(share, moment_by(DIVED, end), is_done, tell)
            x = x if better is None else better
            if x is not None and (share == SHARES_DOWN[0] or better is not None) and not is_done():
                yield "regions of the plan decided anew"
                x = self._decide_anew(x, moment_by(ALL_ANEW if is_large else ANEW, end), tell, is_done)

    def _plan(
        self,
        parts: Sequence[float],
        deadline: float,
        is_done: Callable[[], bool],
        tell: Callable[[], None],
        sizes: SizeBounds | None = None,
    ) -> Floats | None:
        """Return the best point of the relaxation with whole sizes; None where there is none that is a plan."""
        best = None
        for part in parts:
            x = rounded(self.sifted, deadline, part, sizes)
            if x is not None and self._offer(x):
                best = x
                tell()
            elif x is not None and self.planner.x is None:  # rules that the relaxation does not know
                prices = worth(self.s, self.ascent.prices, self.ascent.value)
                self.planner.try_point(self.sifted.whole(x), prices, deadline)
            if is_done() or time.monotonic() > deadline:
                break
        return best

    def _dive(
        self, share: float, deadline: float, is_done: Callable[[], bool], tell: Callable[[], None]
    ) -> Floats | None:
        """Return the best point that dives by prices, and rounding what they leave open, come to; None without any."""
        best = None
        for way_down in WAYS_DOWN:
            sizes, left = dive_by_prices(
                self.s, self.ascent, way_down, share, lambda: self.planner.objective, deadline, self.sifted.flag
            )
            self.sifted.join_what_is_left(sizes, left.prices, left.value)
            found = self._plan(PARTS, deadline, is_done, tell, sizes)
            best = best if found is None else found
            if is_done() or time.monotonic() > deadline:
                break
        return best

    def _rise(self, deadline: float, is_done: Callable[[], bool], tell: Callable[[], None]) -> None:
        """Let prices rise as long as that gains something."""
        self.ascent.share, self.ascent.patience, before = SHARE, PATIENCE, -np.inf
        while not is_done() and time.monotonic() < deadline:
            if self.ascent.bound - before <= ENOUGH_GAIN * abs(self.ascent.bound) and self.ascent.share < SMALL_SHARE:
                return
            before, steps = self.ascent.bound, self.ascent.steps
            self.ascent.rise(STEPS, deadline, lambda: self.planner.objective, self.sifted.flag)
            tell()
            if self.ascent.steps == steps:  # nothing is in excess, or the plan is reached
                return

    def _decide_anew(self, x: Floats, deadline: float, tell: Callable[[], None], is_done: Callable[[], bool]) -> Floats:
        """Return a plan made better, region by region, until a pass over all saves little."""
        plan = DecidedAnew(self.sifted, x, self.options)
        often, saved = self._guide(), np.inf
        while saved > ENOUGH_SAVED * abs(plan.objective()):
            saved = 0.0
            for region in plan.regions(often):
                gain = plan.improve(region, deadline)
                if gain > 0 and self._offer(plan.x):
                    tell()
                saved += gain
                if is_done() or time.monotonic() > deadline:
                    return plan.x
        return plan.x

    def _guide(self) -> Floats:
        """Return how much of each size stood lately, as columns of the relaxation."""
        assert self.sifted.x is not None
        guide = np.array(self.sifted.x)
        guide[self.sifted.sizes] = often_of(self.ascent)[self.s.careers.columns >= 0]
        return guide

    def _offer(self, x: Floats) -> bool:
        return self.planner.offer(self.sifted.whole(x))

    def _often(self, x: Floats) -> Floats:
        """Return how much of each level stands in the relaxation (F, T, levels)."""
        columns = self.s.careers.columns
        stands = np.zeros(columns.shape)
        stands[columns >= 0] = x[self.sifted.sizes]
        F, _, T = columns.shape
        return np.concatenate([np.ones((F, T, 1)), stands.transpose(0, 2, 1)], axis=2)
