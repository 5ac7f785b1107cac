"""One first stage for all futures by rows of what each of them costs: plans, and a bound of whole numbers.

After the linear program (`relaxed_by_cuts`) the same with whole numbers: trees of the first stage alone propose plans,
a few facilities decided anew or all of them, each is tried in all futures, and its rows join.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from batteryopt.ground.interrupt import winding_up
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.futures.in_hindsight import WHOLE_GAP
from batteryopt.network.futures.relaxed_by_cuts import LEAST_SECONDS, KnownByCuts, RelaxedByCuts
from batteryopt.network.search.deadlines import moment_by, seconds_left
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

OF_THE_GAP, LEAST_OF_THE_GAP = 0.4, 0.02
"""Part of the gap asked for that a tree of the first stage may leave, at first and in the end."""
RECENT = 10
"""Linear programs of which the rows that had a dual are kept for trees."""
OF_KNOWN, COARSEST = 0.25, 0.05
"""Part of the gap known so far that a tree of all may leave, and what it leaves at most."""
PROPOSALS = 3
"""How many first stages of one tree are tried."""
BETWEEN = 0.5
"""Part of the way from a first stage with whole numbers to the relaxation's, where rows are taken beside its own: a row
at whole numbers alone says little of others (a province of 21 cities with 20 futures: 0.5 % after 68 s of a core with
them, 4.7 % after 41 s and no more of it in sight without)."""
SPLIT, FEW, MOST_AROUND = (0,), (1, 3), 3
"""How many facilities are decided anew at once (0: what the relaxation has otherwise), and how many trees one after the
other are asked for each choice of them."""
OTHERWISE = 1e-3
"""Difference of the relaxation and a plan from which a whole number is decided anew."""
OF_WHAT_IS_LEFT = 0.7
"""Part of the time left that searches around a plan have before a tree of all: it alone proves more."""
ENOUGH = 1e-4
"""Relative gain of a plan that is worth a search around it."""
LAST_LOOK, MOST_FOR_A_LAST_LOOK = 0.1, 20.0
"""Part of its time, and seconds at most, that a first stage which is still to be tried has beyond the deadline."""


class SearchByCuts(RelaxedByCuts):
    """The search."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._plan: tuple[float, Floats | None] = (np.inf, None)
        self._verified: Floats | None = None
        self._seen: set[bytes] = set()
        self._relaxed_with = 0
        self._of_the_gap, self._of_known = OF_THE_GAP, OF_KNOWN
        self._everywhere: Bools = np.ones(len(self.program.first), dtype=bool)
        self._relaxed: Floats | None = None

    # ---- together

    def go(
        self,
        points: Sequence[Floats] = (),
        own: Sequence[Floats | None] = (),
        quick: Callable[[float], Sequence[Floats]] = lambda _: (),
    ) -> KnownByCuts:
        """Return the best plan and bound by the deadline; asked again, with a later one, it goes on.

        Parameters
        ----------
        points
            Points in all futures, with one first stage, to begin from; empty: none are known.
        own
            Of each future a point of its own: what it opens is tried in all of them. None where there is none.
        quick
            Gives further points in all futures by a moment, where those known are not near enough; empty: none.
        """
        self.keep(points)
        self._allow(self.deadline)
        began = time.monotonic()
        try:
            with self._side_by_side():
                if self._begin():
                    self._relax()
                    self._take_own(own, [] if self.is_over() else quick(self._until()))
                    self._branch()
        except (KeyboardInterrupt, TimeoutError):  # the flag or the clock says so too; what is known stands
            pass
        self._in_each = map
        self._take_a_last_look(began)
        return self.known

    def _take_a_last_look(self, began: float) -> None:
        """Try the best first stage in all futures, if it has not been, for a moment, whatever ended the search."""
        of_time = LAST_LOOK * (self.deadline - began)
        self._allow(time.monotonic() + min(MOST_FOR_A_LAST_LOOK, of_time))
        with winding_up() if self.flag.is_set else contextlib.nullcontext():
            self._verify()

    # ---- whole numbers

    def _take_own(self, own: Sequence[Floats | None], quick: Sequence[Floats]) -> None:
        """Take the rows of plans that are known, and of the futures' own, those first that the rows like best."""
        if self._relaxed is None:
            self._relaxed_with, self._relaxed = len(self.program.cuts), self._best_relaxed[1]
        first = self.program.first
        for points in (self.known.points, quick):
            if points:
                x = points[0][self.recourses[0].positions]
                self._take_known(np.where(first.is_integer, np.round(x), x))
        pairs = zip(self.recourses, own, strict=False)
        left = [point[recourse.positions] for recourse, point in pairs if point is not None]
        while left and not self.is_over():
            values = [self.program.least(x) for x in left]
            best = int(np.argmin(values))
            if values[best] >= self._plan[0]:
                return
            self._take_plan(left.pop(best))
        self._verify()

    def _take_known(self, x: Floats) -> None:
        """Take the rows of a first stage that has been tried in all futures, but for one that has been taken before."""
        if not self._is_known(x):
            self._take_plan(x)
            value, best = self._plan
            if best is x and value > self.known.value - ENOUGH * abs(value):
                self._verified = x

    def _branch(self) -> None:
        """Find plans with whole numbers by trees of the first stage, which bound them, and around the best one."""
        self._search_around(SPLIT)
        while not self.is_over():
            before = self._plan[0]
            is_new = self._tree_proposes(self._everywhere, self._coarse())
            if not is_new and not self._is_refined():
                self.known.is_exhausted = not self.is_over()
                break
            self._verify()
            if self._plan[1] is not None and (np.isinf(before) or self._plan[0] < before - ENOUGH * abs(before)):
                self._search_around(SPLIT)
            elif not is_new:
                self._search_around(FEW)

    def _coarse(self) -> float:
        """Return the gap that a tree of all may leave: while rows are missing its bound is theirs, not its own."""
        value, asked = self._plan[0], self.options.relative_gap * self._of_the_gap
        if not np.isfinite(value) or not np.isfinite(self.known.bound):
            return max(COARSEST, asked)
        now = (value - self.known.bound) / max(abs(value), 1e-9)
        return max(min(COARSEST, self._of_known * now), asked)

    def _is_refined(self) -> bool:
        """Ask trees for less of the gap where they found nothing new; return whether there was less to ask for."""
        if self._coarse() > self.options.relative_gap * self._of_the_gap:
            self._of_known /= 2
            return True
        self._of_the_gap /= 4  # what it may leave is more than what plans differ by
        return self._of_the_gap >= LEAST_OF_THE_GAP

    def _search_around(self, sizes: Sequence[int]) -> None:
        """Decide a few facilities anew, and again, until a pass gains nothing: by small trees with the rows known."""
        until = self._until()
        for size in sizes:
            is_better = True
            while is_better and not self.is_over() and self._plan[1] is not None:
                before = self._plan[0]
                for is_free in self._neighbourhoods(size):
                    if self.is_over() or time.monotonic() > until:
                        return
                    for _ in range(MOST_AROUND):
                        if not self._tree_proposes(is_free, self.options.relative_gap * self._of_the_gap):
                            break
                is_better = self._plan[0] < before - ENOUGH * abs(before)
                self._verify()

    def _until(self) -> float:
        """Return the moment at which something else than searching for plans is to have its turn."""
        return moment_by(OF_WHAT_IS_LEFT, self.deadline)

    def _neighbourhoods(self, size: int) -> Iterator[Bools]:
        """Yield columns that are free: of so many facilities, those first that the relaxation has otherwise.

        0: whatever it has otherwise.
        """
        first, relaxed, (_, plan) = self.program.first, self._relaxed, self._plan
        if relaxed is None or plan is None:
            return
        if size == 0:
            yield ~first.is_integer | (np.abs(relaxed - plan) > OTHERWISE)
            return
        groups = np.unique(first.group[first.is_integer])
        apart = np.abs(relaxed - plan) * first.is_integer
        order = sorted(groups.tolist(), key=lambda group: -float(apart[first.group == group].sum()))
        for start in range(0, len(order), max(1, size - 1)):
            yield np.isin(first.group, order[start : start + size])

    def _tree_proposes(self, is_free: Bools, gap: float) -> bool:
        """Take plans of a tree, the best of those that it came upon; return whether any is new.

        Parameters
        ----------
        is_free
            Columns of the first stage whose whole numbers are decided anew; where that is not all of them, the others
            are the best plan's, and the tree bounds nothing.
        gap
            Relative gap that the tree may leave.
        """
        found, points = self._tree(is_free, gap)
        if is_free.all() and found.bound is not None:
            self._bounded(found.bound * self.program.money)
        if not is_free.all() and self._is_hopeless(found.bound):
            return False
        taken = 0
        for x in points:
            if self.flag.is_set or taken >= PROPOSALS or (taken > 0 and self.is_over()):
                break  # one of a tree that the clock ended is tried all the same: the last rows may be the first plan's
            if not self._is_known(x):  # which it is from now on
                taken += 1
                self._take_plan(x)
                if self._relaxed is not None and not self.is_over():
                    self._try(x + BETWEEN * (self._relaxed - x))
        return taken > 0

    def _is_known(self, x: Floats) -> bool:
        key = np.round(x, 6).tobytes()
        is_known = key in self._seen
        self._seen.add(key)
        return is_known

    def _take_plan(self, x: Floats) -> None:
        """Take the rows of a first stage with whole numbers, and keep it where its relaxation is the best."""
        value, _ = self._try(x)
        if value < self._plan[0]:
            self._plan = (value, x)
            if self.options.is_near_enough(value, self.known.bound):
                self._verify()

    def _verify(self) -> None:
        """Try the best first stage with whole numbers in all futures, if it is not the one that was tried last."""
        value, x = self._plan
        if x is not None and x is not self._verified and value < self.known.value:
            self._verified = x
            self._keep_first_stage(x)

    def _tree(self, is_free: Bools, gap: float) -> tuple[ArraySolution, list[Floats]]:
        """Return the best first stage by the rows there are, and all that the tree came upon, the last ones first."""
        (_, plan), first = self._plan, self.program.first
        program = self.program.whole(self._kept_rows())
        if plan is not None and not is_free.all():
            columns = np.flatnonzero(first.is_integer & ~is_free)
            lower, upper, is_integer = program.lower.copy(), program.upper.copy(), program.is_integer.copy()
            lower[columns] = upper[columns] = np.round(plan[columns])
            is_integer[columns] = False
            program = dataclasses.replace(program, lower=lower, upper=upper, is_integer=is_integer)
        options = dataclasses.replace(
            self.options, time_limit=seconds_left(self.deadline, LEAST_SECONDS), relative_gap=gap, absolute_gap=0.0
        )
        start = None if plan is None else self.program.completed(plan)
        points: list[Floats] = []
        found = solve_arrays(program, options, start=start, on_point=points.append)
        best = [] if found.x is None else [found.x]
        stages = [x[: len(first)] for x in (*best, *reversed(points))]
        return found, [np.where(first.is_integer, np.round(x), x) for x in stages]

    def _is_hopeless(self, bound: float | None) -> bool:
        """Whether a tree of a part says that no plan there is better than the best by as much as matters."""
        value = self._plan[0]
        return bound is not None and bound * self.program.money > value - ENOUGH * abs(value)

    def _kept_rows(self) -> list[int]:
        """Return the rows that a tree is given: those that mattered lately, and all since; the others only slow it."""
        lately = set().union(*self._active[-RECENT:])
        return [i for i in range(len(self.program.cuts)) if i in lately or i >= self._relaxed_with]

    def _keep_first_stage(self, x: Floats) -> None:
        """Try a first stage in all futures, with whole numbers, and keep it where it is the best."""
        gap = min(WHOLE_GAP, self.options.relative_gap * OF_THE_GAP)
        points = list(self._in_each(lambda recourse: recourse.point(x, gap), self.recourses))
        if all(point is not None for point in points):
            self.keep([point for point in points if point is not None])
