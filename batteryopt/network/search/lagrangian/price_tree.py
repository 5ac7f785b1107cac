"""A tree over sizes of facilities in which each branch is bounded by prices alone: no linear program takes part.

A branch begins with the prices of the one it came from, a few steps away from its own best ones. It ends where its
bound is as near to the best plan as was asked for; that bound is then found anew from the prices (`proof`). Before a
branch is cut in two, sizes with which its relaxed problem costs that much are ruled out in it. The tree's bound is the
least of all these ends, and of what is still open.

S. Görtz and A. Klose, INFORMS Journal on Computing 24 (2012), doi:10.1287/ijoc.1110.0468, for one stage.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.plans import Planner
from batteryopt.network.search.lagrangian.proof import proven
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.within import within
from batteryopt.network.search.lagrangian.worth import SizeBounds, sizes_left, worth
from batteryopt.solvers.contract.adapter import Options

FIRST_STEPS, STEPS = 60, 20
"""Steps of prices at the root, and in each branch."""
SHARE = 0.7
"""Share of Polyak's step that branches begin with."""
PATIENCE = 6
"""Steps without gain after which that share shrinks."""
UNDECIDED = 0.05
"""How far from always and never a size stands that the prices leave undecided."""
NEARLY = 0.999
"""Part of the gap asked for that a branch may leave: the rest is for rounding."""
TRIAL = 250
"""Branches after which it is asked whether the tree is going to end."""
MOST_BRANCHES = 4_000
"""Branches that a tree may be going to take, by the part of it that is settled."""
BRANCHES_A_PLAN = 8
"""One plan is made in so many branches, and one where all is decided."""

Place = tuple[int, int, int]
"""A size: facility, step, period."""
WITHOUT, WITH = 0, 1
"""The two halves of a branch."""
TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A size that is no longer open to choice.

    Attributes
    ----------
    way
        Which half it is.
    change
        By which part the size differs from how often it stood before.
    """

    place: Place
    way: int
    change: float


@dataclass(frozen=True, kw_only=True, eq=False)
class PricedBranch:
    """What is left open by some decisions.

    Attributes
    ----------
    bound
        A lower bound of its plans.
    prices
        To begin from.
    depth
        Decisions.
    decision
        The last of them; None at the root.
    """

    bound: float
    sizes: SizeBounds
    prices: Floats
    depth: int
    decision: Decision | None = None


class PriceTree:
    """A tree, best bound first.

    Parameters
    ----------
    root
        Prices to begin from, and what is known of how excesses swing.
    is_proof
        False makes it a search for plans: what prices leave in no doubt counts as decided, and its bound says nothing.

    Attributes
    ----------
    branches
        Looked at so far.
    settled
        Least bound of those that have ended; infinite where none has.
    share_settled
        Part of the tree that has ended: a branch counts half of the one that it came from.
    """

    def __init__(
        self,
        sizes: SizeBounds,
        root: Ascent,
        planner: Planner,
        options: Options,
        flag: InterruptFlag,
        effort: Effort,
        *,
        is_proof: bool = True,
    ) -> None:
        self.s, self.swing = root.s, root.swing
        self.planner, self.options, self.is_proof = planner, options, is_proof
        self.flag, self.effort = flag, effort
        self._open: list[tuple[float, int, PricedBranch]] = []
        self._opened, self._plans, self.branches = 0, 0, 0
        self.settled, self.share_settled = np.inf, 0.0
        self._yields = Yields(root.s.careers.columns.shape)
        self._keep_open(PricedBranch(bound=-np.inf, sizes=sizes, prices=root.prices, depth=0))

    @property
    def bound(self) -> float:
        """A bound of all plans within the root's sizes; infinite where there are none."""
        return min(self.settled, self._open[0][0] if self._open else np.inf)

    @property
    def enough(self) -> float:
        """The bound from which on a branch has ended; infinite where there is no plan."""
        plan = self.planner.objective
        if not np.isfinite(plan):
            return np.inf
        allowed = max(self.options.absolute_gap, self.options.relative_gap * abs(plan))
        return plan - NEARLY * allowed

    def grow(self, deadline: float, tell: Callable[[], None], most: float = np.inf) -> bool:
        """Look at branches until all have ended, or one of the limits is reached; return whether all have.

        Parameters
        ----------
        deadline
            A moment of the monotonic clock.
        most
            Branches; without such a number the tree ends where it would take too many.
        """

        def may_go_on() -> bool:
            stopped = self.flag.is_set or self.effort.is_spent or time.monotonic() > deadline
            return self.branches < most and not stopped

        while self._open and may_go_on() and (np.isfinite(most) or not self._is_hopeless()):
            branch: PricedBranch | None = heapq.heappop(self._open)[2]
            while branch is not None and may_go_on():  # along the likelier halves to an end: that is where plans are
                branch = self._look_at(branch, deadline)
            if branch is not None:
                self._keep_open(branch)
            tell()
        return not self._open

    def _is_hopeless(self) -> bool:
        return self.branches >= TRIAL and self.branches > self.share_settled * MOST_BRANCHES

    def _keep_open(self, branch: PricedBranch) -> None:
        self._opened += 1
        heapq.heappush(self._open, (branch.bound, self._opened, branch))

    def _end(self, branch: PricedBranch, bound: float) -> None:
        self.settled = min(self.settled, bound)
        self.share_settled += 0.5**branch.depth

    def _look_at(self, branch: PricedBranch, deadline: float) -> PricedBranch | None:
        """Bound a branch; end it, or cut it in two and return the likelier half."""
        s = within(self.s, branch.sizes)
        ascent = Ascent(s, branch.prices, share=SHARE, patience=PATIENCE, effort=self.effort, swing=self.swing)
        steps = STEPS if branch.depth else FIRST_STEPS
        ascent.rise(steps, deadline, lambda: self.planner.objective, self.flag, enough=self.enough)
        self.branches += 1
        self._yields.learn(branch, ascent.bound)
        if ascent.bound >= self.enough:
            self._end(branch, self._proven(branch, s, ascent))
            return None
        sizes = sizes_left(s, ascent.prices, self.enough, branch.sizes)
        self.settled = min(self.settled, self.enough)  # what is ruled out costs that much, clear of rounding
        if (sizes.lower > sizes.upper).any():
            self._end(branch, self.enough)
            return None
        sizes = sizes if self.is_proof else without_doubt(sizes, often_of(ascent))
        place = self._yields.best(often_of(ascent), sizes)
        self._make_a_plan(ascent, deadline, is_last=place is None)
        if place is None:
            self._end(branch, self._proven(branch, s, ascent))
            return None
        halves = self._halves(branch, ascent, sizes, place)
        likelier = WITH if often_of(ascent)[place] >= 0.5 else WITHOUT
        self._keep_open(halves[1 - likelier])
        return halves[likelier]

    def _proven(self, branch: PricedBranch, s: Structure, ascent: Ascent) -> float:
        if not self.is_proof:
            return ascent.bound
        return max(branch.bound if branch.depth else -np.inf, proven(s, ascent.prices, ascent.value.standing))

    def _halves(self, branch: PricedBranch, ascent: Ascent, sizes: SizeBounds, place: Place) -> list[PricedBranch]:
        """Return a branch without a size, and with it: larger sizes need it, and it needs smaller ones."""
        facility, step, period = place
        upper, lower = np.array(sizes.upper), np.array(sizes.lower)
        upper[facility, step:, period] = 0.0
        lower[facility, : step + 1, period] = 1.0
        both = SizeBounds(lower=sizes.lower, upper=upper), SizeBounds(lower=lower, upper=sizes.upper)
        often = float(often_of(ascent)[place])
        return [
            PricedBranch(
                bound=max(branch.bound, ascent.bound),
                sizes=half,
                prices=ascent.prices,
                depth=branch.depth + 1,
                decision=Decision(place=place, way=way, change=often if way == WITHOUT else 1.0 - often),
            )
            for way, half in enumerate(both)
        ]

    def _make_a_plan(self, ascent: Ascent, deadline: float, *, is_last: bool) -> None:
        """Make a plan of what stands at the best prices, now and then, and where all is decided."""
        if is_last or self._plans < self.branches // BRANCHES_A_PLAN:
            self._plans += 1
            prices = worth(self.s, ascent.prices, ascent.value)
            self.planner.try_levels(ascent.value.best.level, prices, deadline)


class Yields:
    """How much deciding sizes has raised bounds so far, by which half was taken: what to decide next."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._gains, self._times = np.zeros((2, *shape)), np.zeros((2, *shape))

    def learn(self, branch: PricedBranch, bound: float) -> None:
        """Note what the last decision of a branch gave, for each part by which the size had to change."""
        if branch.decision is not None:
            place = branch.decision.way, *branch.decision.place
            self._gains[place] += max(0.0, bound - branch.bound) / max(branch.decision.change, UNDECIDED)
            self._times[place] += 1

    def best(self, often: Floats, sizes: SizeBounds) -> Place | None:
        """Return the size whose decision will probably raise both bounds most; None where none is open to choice."""
        is_free = sizes.lower < sizes.upper
        if not is_free.any():
            return None
        often = np.clip(often, UNDECIDED, 1.0 - UNDECIDED)
        raised = self._expected(WITHOUT) * often, self._expected(WITH) * (1.0 - often)
        score = np.where(is_free, (raised[WITHOUT] + TINY) * (raised[WITH] + TINY), -1.0)
        facility, step, period = np.unravel_index(int(np.argmax(score)), score.shape)
        return int(facility), int(step), int(period)

    def _expected(self, way: int) -> Floats:
        """Return the mean of what each size gave; of those not tried that of all, or the same for all at first."""
        gains, times = self._gains[way], self._times[way]
        of_all = float(gains.sum() / times.sum()) if times.any() else 1.0
        return np.where(times > 0, gains / np.maximum(times, 1.0), of_all)


def often_of(ascent: Ascent) -> Floats:
    """Return how often sizes stood lately (F, steps, T)."""
    return ascent.often[:, :, 1:].transpose(0, 2, 1)


def without_doubt(sizes: SizeBounds, often: Floats) -> SizeBounds:
    """Return bounds in which what stood always, or never, stays so."""
    is_free = sizes.lower < sizes.upper
    lower = np.where(is_free & (often > 1.0 - UNDECIDED), 1.0, sizes.lower)
    return SizeBounds(lower=lower, upper=np.where(is_free & (often < UNDECIDED), 0.0, sizes.upper))
