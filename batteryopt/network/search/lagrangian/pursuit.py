"""The order of a search by prices: prices rise, plans follow, what cannot be is ruled out, a tree does the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import moment_by
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.lagrangian.ascent import Ascent
from batteryopt.network.search.lagrangian.by_sifting import BySifting
from batteryopt.network.search.lagrangian.plans import Planner, best_ways
from batteryopt.network.search.lagrangian.price_tree import PriceTree
from batteryopt.network.search.lagrangian.prices import first_prices
from batteryopt.network.search.lagrangian.proof import proven
from batteryopt.network.search.lagrangian.restricted import LINK, Maker, Restricted
from batteryopt.network.search.lagrangian.structure import Structure, recognise
from batteryopt.network.search.lagrangian.tree import Linked, branch, joined, with_links
from batteryopt.network.search.lagrangian.worth import SizeBounds, Worth, free_sizes, sizes_left, worth
from batteryopt.network.search.searched_problem import Problem
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener
from batteryopt.solvers.highs.highs_run import HighsRun

STEPS = (40, 60, 120, 180)
"""Steps of prices before each of the first plans."""
LAST_STEPS = 100
"""Steps after a better plan is known."""
LAST_SHARE = 0.5
"""Share of Polyak's step that they begin with: prices are near their best."""
RARE = 0.03
"""Share of the steps up to which a facility stands so seldom that a first tree does without it."""
USUAL = 0.3
"""Share of the steps from which on a facility probably stands."""
FEW_WAYS, FIRST_WAYS = 4, 6
"""Flows from each node that the tree for a plan and the first one for a bound have, besides those that save money."""
NOTHING = 1e-9
"""Share of all that returns up to which columns that stand for flows left out are empty."""
FEW_WANTED = 0.01
"""Share of flows that join up to which the duals are as good as those of all flows."""
PRICINGS = 3
"""Times that flows join by the relaxation's duals before a tree begins."""
MOST_FOR_PLANS = 60
"""Branches that are looked at for a plan among the facilities that stand often."""
FEW_LEFT = 0.75
"""Part of the sizes that prices must have left at most for a tree by prices."""
KERNEL, BY_PRICES = 0.4, 0.6
"""Parts of the time left that the tree of the likeliest facilities may take, and the tree by prices of all."""
MANY = 3_000
"""Nodes from which prices come from a relaxation over the flows that matter: steps alone come too slowly to so many."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What a search by prices ended with, in the problem's units.

    Attributes
    ----------
    x, objective
        The best plan; None where there is none.
    bound
        The best bound; `proven` is what prices alone prove.
    rests_on
        What proves the bound, in words.
    is_over
        Whether nothing is left for other ways to do.
    """

    x: Floats | None
    objective: float | None
    bound: float
    proven: float
    rests_on: str
    is_over: bool


def search_by_prices(
    problem: Problem,
    options: Options,
    began: float,
    start: Floats | None,
    flag: InterruptFlag,
    on_progress: ProgressListener | None,
    effort: Effort | None = None,
) -> Prices | None:
    """Return what prices find for a problem; None where they do not see it whole.

    Parameters
    ----------
    start
        A point that is known to be feasible.
    """
    s = recognise(problem)
    if s is None:
        return None
    pursuit = Pursuit(s, options, began, flag, on_progress, effort)
    if start is not None:
        pursuit.planner.offer(start)
    with contextlib.suppress(KeyboardInterrupt):  # asked twice, or not heeded: the best so far is kept all the same
        pursuit.go()
    return pursuit.result()


class Pursuit:
    """What is known, and what is tried next.

    Attributes
    ----------
    bound
        Best proven, in the problem's units.
    """

    def __init__(
        self,
        s: Structure,
        options: Options,
        began: float,
        flag: InterruptFlag,
        on_progress: ProgressListener | None,
        effort: Effort | None = None,
    ) -> None:
        self.effort = effort or Effort()
        self.s, self.options, self.began, self.flag, self.on_progress = s, options, began, flag, on_progress
        self.maker = Maker(s)
        self.planner = Planner(s, self.maker, options, flag)
        self.ascent = Ascent(s, first_prices(s), effort=self.effort)
        self.of_tree, self.words_of_tree = -np.inf, ""
        self.sizes: SizeBounds = free_sizes(s)
        self.deadline = np.inf if options.time_limit is None else began + options.time_limit
        self.doing = ""
        self.came_from = ""

    @property
    def bound(self) -> float:
        """The best bound: of prices, or of a tree over what they left."""
        return max(self.ascent.bound, min(self.planner.objective, self.of_tree))

    @property
    def objective(self) -> float | None:
        """Of the best plan; None where there is none."""
        return None if self.planner.x is None else self.planner.objective

    def is_done(self) -> bool:
        """Whether the gap asked for is reached, time or steps are over, or somebody asked for the end."""
        near = self.options.is_near_enough(self.objective, self.bound)
        return near or self.flag.is_set or self.effort.is_spent or time.monotonic() > self.deadline

    def tell(self) -> None:
        """Tell what is known."""
        if self.on_progress is not None:
            seconds = time.monotonic() - self.began
            told = Progress(seconds=seconds, objective=self.objective, bound=self.bound, doing=self.doing)
            self.on_progress(told)

    def go(self) -> None:
        """Search until done."""
        if self.s.nodes >= MANY:
            self.sift()
        else:
            self.step_by_step()
        if self.is_done():
            return
        self.rule_out()
        if self._kernel_is_smaller():
            if self._is_one_stage():
                self.branches_of_the_likeliest()
            else:
                self.tree_of_the_likeliest()
            self.rise_again()
        if not self.is_done() and self._is_ruled_out():
            self.branches_of_all()
            if not self.is_done() and self._kernel_is_smaller():
                self.tree_of_the_likeliest()
                self.rise_again()
        ways = FIRST_WAYS
        while not self.is_done() and self.tree_of_all(ways):
            ways *= 2
            self.rule_out()

    def step_by_step(self) -> None:
        """Let prices rise from those that full facilities would have, and make plans on the way."""
        for steps in STEPS:
            self.rise(steps)
            self.plan()
            if self.is_done():
                return

    def sift(self) -> None:
        """Take prices from a relaxation over the items that matter, and plans from rounding it."""
        steps = BySifting(self.s, self.ascent, self.planner, self.options, self.flag, self.deadline)
        for doing in steps.go(self.tell, self.is_done):
            self.doing = doing
            self.tell()
        self.doing, self.came_from = "", steps.words()
        if self.is_done():
            return
        if steps.sifted.x is None:  # not solved in time, if at all
            self.step_by_step()
            return
        self.ascent.share = LAST_SHARE
        self.rise(LAST_STEPS)
        if self.planner.x is None:
            self.plan()

    def result(self) -> Prices:
        """Return what was found, the bound of prices found anew from them."""
        planner = self.planner
        by_prices = proven(self.s, self.ascent.prices, self.ascent.value.standing)
        by_tree = min(planner.objective, self.of_tree)
        words = (
            f"prices of goods at {self.s.nodes:,} nodes{self.came_from}, found anew from the prices without a solver"
        )
        if by_tree > by_prices:
            words = f"{self.words_of_tree}, after {words}"
        return Prices(
            x=planner.x,
            objective=self.objective,
            bound=max(by_prices, by_tree),
            proven=by_prices,
            rests_on=words,
            is_over=planner.x is not None and self.is_done(),
        )

    def rise(self, steps: int) -> None:
        """Let prices rise."""
        self.ascent.rise(steps, self.deadline, lambda: self.planner.objective, self.flag)
        self.tell()

    def rise_again(self) -> None:
        """Let prices rise towards a better plan, and rule out what it shows to be dearer."""
        if not self.is_done():
            self.ascent.share = LAST_SHARE
            self.rise(LAST_STEPS)
            self.rule_out()

    def prices(self) -> Worth:
        """Return what flows are worth at the best prices."""
        return worth(self.s, self.ascent.prices, self.ascent.value)

    def plan(self) -> None:
        """Make plans of what stands at the best prices, and of what stood more often than not."""
        prices = self.prices()
        for level in (self.ascent.value.best.level, self._usual()):
            if not self.is_done():
                self.planner.try_levels(level, prices, self.deadline)
        self.tell()

    def _usual(self) -> Ints:
        """Return the largest level that stood in half of the last steps (F, T)."""
        return np.asarray((self.ascent.often[:, :, 1:] > 0.5).sum(axis=2), dtype=np.int64)

    def rule_out(self) -> None:
        """Rule out sizes that no better plan has."""
        if np.isfinite(self.planner.objective):
            self.sizes = sizes_left(self.s, self.ascent.prices, self.planner.objective, self.sizes)
        self.tell()

    def _likely(self) -> SizeBounds:
        """Return bounds that leave out facilities that hardly ever stood."""
        return self._of_those(self.ascent.often[:, :, 1:].max(axis=(1, 2)) > RARE)

    def _of_those(self, often: Bools) -> SizeBounds:
        """Return bounds that leave out facilities but those given (F), those of the relaxed problem and the plan."""
        often = often | (self.ascent.value.best.level > 0).any(axis=1)
        if self.planner.x is not None:
            columns = self.s.careers.columns
            often |= ((columns >= 0) & (self.planner.x[np.maximum(columns, 0)] > 0.5)).any(axis=(1, 2))
        upper = np.where(often[:, None, None] | (self.sizes.lower > 0), self.sizes.upper, self.sizes.lower)
        return SizeBounds(lower=self.sizes.lower, upper=upper)

    def _kernel_is_smaller(self) -> bool:
        return self._likely().free() < 0.95 * self.sizes.free()

    def _is_one_stage(self) -> bool:
        """Whether nothing that is made is taken on: prices of later stages follow too slowly for few branches."""
        return not bool((self.s.gives.data > 0).any())

    def _is_ruled_out(self) -> bool:
        """Whether prices left few enough sizes for a tree by prices: else they say too little to end branches."""
        return self.sizes.free() <= FEW_LEFT * free_sizes(self.s).free()

    def _price_tree(self, sizes: SizeBounds, *, is_proof: bool) -> PriceTree:
        known = self.planner, self.options, self.flag, self.effort
        return PriceTree(sizes, self.ascent, *known, is_proof=is_proof)

    def branches_of_the_likeliest(self) -> None:
        """Look at some branches of the facilities that stand often, bounded by prices: for plans."""
        self._price_tree(self._likely(), is_proof=False).grow(
            moment_by(KERNEL, self.deadline), self.tell, MOST_FOR_PLANS
        )

    def branches_of_all(self) -> None:
        """Search the tree of all that is not ruled out, bounded by prices."""
        tree = self._price_tree(self.sizes, is_proof=True)

        def tell() -> None:
            if tree.bound > self.of_tree:
                self.of_tree = tree.bound
                self.words_of_tree = (
                    f"prices in {tree.branches:,} branches of a tree over {self.sizes.free():,} of "
                    f"{self.s.careers.columns.size:,} sizes"
                )
            self.tell()

        tree.grow(moment_by(BY_PRICES, self.deadline), tell)

    def tree_of_the_likeliest(self) -> None:
        """Search the tree of the facilities that stand often: for a plan, not for a bound."""
        prices, sizes = self.prices(), self._likely()
        options = dataclasses.replace(
            self.options,
            relative_gap=max(self.options.relative_gap / 2, 2e-4),
            absolute_gap=self.options.absolute_gap / 2,
        )
        deadline = moment_by(KERNEL, self.deadline)
        keep, _, linked = self._priced(sizes, FEW_WAYS, prices, deadline)
        restricted = self.maker.restrict(keep, sizes)
        linked = dataclasses.replace(linked, restricted=restricted, program=joined(restricted, linked.is_in))
        found = self._branched(linked, options, deadline)
        if found.x is not None:
            self._take(restricted, found.x, prices)
        self.tell()

    def tree_of_all(self, ways: int) -> bool:
        """Search the tree of all that is not ruled out; return whether a larger one could prove more."""
        keep, prices, linked = self._priced(self.sizes, ways, self.prices(), self.deadline)
        restricted = linked.restricted
        share = 0.8 if (restricted.columns < 0).any() else 1.0  # what stands for others may cost a part of the gap
        options = dataclasses.replace(
            self.options,
            relative_gap=self.options.relative_gap * share,
            absolute_gap=self.options.absolute_gap * share,
        )
        found = self._branched(linked, options, self.deadline, self._told)
        self.words_of_tree = (
            f"a tree over {self.sizes.free():,} of {self.s.careers.columns.size:,} sizes "
            f"and {int(keep.sum()):,} of {len(keep):,} flows"
        )
        if found.bound is not None:
            self.of_tree = max(self.of_tree, found.bound)
        if found.stop_reason.is_no_solution:  # no plan is better than the one that is known
            self.of_tree = np.inf
        if found.x is not None:
            self._take(restricted, found.x, prices)
        self.tell()
        return found.stop_reason is StopReason.CONVERGED and bool((restricted.columns < 0).any())

    def _branched(
        self, linked: Linked, options: Options, deadline: float, told: ProgressListener | None = None
    ) -> HighsRun:
        found = branch(linked, self.effort.limited(options), self.flag, deadline, self.planner.x, told)
        self.effort.spend(max(1, found.iterations))
        return found

    def _priced(self, sizes: SizeBounds, ways: int, prices: Worth, deadline: float) -> tuple[Bools, Worth, Linked]:
        """Return flows that matter by the relaxation's own duals, these as prices, and the program of them."""
        keep, likely = self._ways(prices, sizes, ways), self._links(prices)
        for _ in range(PRICINGS):
            linked = with_links(self.maker.restrict(keep, sizes, prices), self.options, self.flag, deadline, likely)
            likely = linked.is_in
            if linked.row_duals is None or self.flag.is_set or time.monotonic() > deadline:
                return keep, prices, linked
            prices = self.maker.worth_of_duals(linked.row_duals, prices)
            new = self._ways(prices, sizes, ways) & ~keep
            wanted = new & (prices.flow[self.maker.flows] < 0)
            keep = keep | new
            if wanted.sum() <= FEW_WANTED * keep.sum():
                break
        restricted = self.maker.restrict(keep, sizes, prices)
        linked = dataclasses.replace(linked, restricted=restricted, program=joined(restricted, linked.is_in))
        return keep, prices, linked

    def _told(self, progress: Progress) -> None:
        if progress.bound is not None:
            self.of_tree = max(self.of_tree, progress.bound)
        self.tell()

    def _ways(self, prices: Worth, sizes: SizeBounds, ways: int) -> Bools:
        """Return the flows that a tree has (flows): the best of each node, and all that would save something.

        As many go to where something probably stands: of those a plan is made.
        """
        usable = self.maker.usable(sizes)
        saving = usable & (prices.flow[self.maker.flows] <= 0)
        there = usable & self.maker.usable(self._of_those(self.ascent.often[:, :, 1:].max(axis=(1, 2)) > USUAL))
        best = best_ways(self.maker, prices, usable, ways) | best_ways(self.maker, prices, there, ways)
        return best | saving | (usable & ~self.maker.may_go)

    def _links(self, prices: Worth) -> Bools:
        """Return the links that probably bind: those of flows that would save something, and all other cuts."""
        cuts = self.s.problem.cuts
        saving = (prices.flow <= 0).astype(float)
        kinds = [np.full(len(rows), rows.name == LINK) for rows in self.s.problem.m.rows.values() if rows.is_cut]
        is_link = np.concatenate([np.zeros(0, dtype=bool), *kinds])
        return np.asarray(~is_link | (cuts.A @ saving > 0))

    def _take(self, restricted: Restricted, x: Floats, prices: Worth) -> None:
        """Keep a point where nothing stands for others in it; else make a plan of its sizes."""
        whole = restricted.whole(x, len(self.s.costs))
        if restricted.stand_ins(x) <= NOTHING * float(np.abs(self.s.own).sum()):
            self.planner.offer(whole)
        else:
            self.planner.try_point(whole, prices, self.deadline)
