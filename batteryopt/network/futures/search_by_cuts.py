"""One first stage for all futures by rows of what each of them costs: plans, and a bound of whole numbers.

After the linear program (`relaxed_by_cuts`) the same with whole numbers: trees of the first stage alone propose plans,
a few facilities decided anew or all of them, each is tried in all futures, and its rows join.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.futures.relaxed_by_cuts import LEAST_SECONDS, KnownByCuts, RelaxedByCuts
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

OF_THE_GAP, LEAST_OF_THE_GAP = 0.4, 0.02
"""Part of the gap asked for that a tree of the first stage may leave, at first and in the end."""
RECENT = 10
"""Linear programs of which the rows that had a dual are kept for trees."""
AROUND, MOST_AROUND = (1, 3), 3
"""How many facilities are decided anew at once, and how many plans are tried for each choice of them."""
OF_WHAT_IS_LEFT = 0.7
"""Part of the time left that searches around a plan have before a tree of all: it alone proves more."""
ENOUGH = 1e-4
"""Relative gain of a plan that is worth a search around it."""
WHOLE_GAP = 1e-4
"""Relative gap of whole numbers that are decided with hindsight, at most."""


class SearchByCuts(RelaxedByCuts):
    """The search."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._plan: tuple[float, Floats | None] = (np.inf, None)
        self._verified: Floats | None = None
        self._seen: set[bytes] = set()
        self._relaxed_with = 0
        self._of_the_gap = OF_THE_GAP

    # ---- together

    def go(
        self,
        points: Sequence[Floats] = (),
        own: Sequence[Floats | None] = (),
        quick: Callable[[float], Sequence[Floats]] = lambda _: (),
    ) -> KnownByCuts:
        """Return the best plan and bound.

        Parameters
        ----------
        points
            Points in all futures, with one first stage, to begin from; empty: none are known.
        own
            Of each future a point of its own: what it opens is tried in all of them. None where there is none.
        quick
            Gives further points in all futures by a moment, where those known are not near enough; empty: none.
        """
        self._keep(points)
        workers = min(len(self.recourses), self.options.threads or os.cpu_count() or 1)
        try:
            with ThreadPoolExecutor(workers) as pool:
                self._in_each = pool.map
                if self._begin():
                    self._relax()
                    self._take_own(own, [] if self.is_over() else quick(self._until()))
                    self._branch()
        except KeyboardInterrupt:  # the flag says so too; what is known stands
            pass
        return self.known

    # ---- whole numbers

    def _take_own(self, own: Sequence[Floats | None], quick: Sequence[Floats]) -> None:
        """Take the rows of plans that are known, and of the futures' own, those first that the rows like best."""
        self._relaxed_with = len(self.program.cuts)
        first = self.program.first
        for points in (self.known.points, quick):
            if points:
                x = points[0][self.recourses[0].positions]
                self._take_plan(np.where(first.is_integer, np.round(x), x))
        pairs = zip(self.recourses, own, strict=False)
        left = [point[recourse.positions] for recourse, point in pairs if point is not None]
        while left and not self.is_over():
            values = [self.program.least(x) for x in left]
            best = int(np.argmin(values))
            if values[best] >= self._plan[0]:
                return
            self._take_plan(left.pop(best))
        self._verify()

    def _branch(self) -> None:
        """Find plans with whole numbers around the best one, and by trees of all, which bound them."""
        everywhere = np.ones(len(self.program.first), dtype=bool)
        while not self.is_over():
            self._search_around()
            if not self._tree_proposes(everywhere, most=1):
                if self._of_the_gap < LEAST_OF_THE_GAP:
                    self.known.is_exhausted = not self.is_over()
                    break
                self._of_the_gap /= 4  # what it may leave is more than what plans differ by
        self._verify()

    def _search_around(self) -> None:
        """Decide a few facilities anew, and again, until a pass gains nothing: by small trees with the rows known."""
        until = self._until()
        for size in AROUND:
            is_better = True
            while is_better and not self.is_over() and self._plan[1] is not None:
                before = self._plan[0]
                for is_free in self._neighbourhoods(size):
                    if self.is_over() or time.monotonic() > until:
                        self._verify()
                        return
                    self._tree_proposes(is_free, most=MOST_AROUND)
                is_better = self._plan[0] < before - ENOUGH * abs(before)
                self._verify()

    def _until(self) -> float:
        """Return the moment at which something else than searching for plans is to have its turn."""
        now = time.monotonic()
        return np.inf if np.isinf(self.deadline) else now + OF_WHAT_IS_LEFT * (self.deadline - now)

    def _neighbourhoods(self, size: int) -> Iterator[Bools]:
        """Yield columns that are free: of so many facilities, those first that the relaxation has otherwise."""
        first, (_, relaxed), (_, plan) = self.program.first, self._best_relaxed, self._plan
        if relaxed is None or plan is None:
            return
        groups = np.unique(first.group[first.is_integer])
        apart = np.abs(relaxed - plan) * first.is_integer
        order = sorted(groups.tolist(), key=lambda group: -float(apart[first.group == group].sum()))
        for start in range(0, len(order), max(1, size - 1)):
            yield np.isin(first.group, order[start : start + size])

    def _tree_proposes(self, is_free: Bools, most: int) -> bool:
        """Take plans of trees, each with the rows of those before; return whether more could be expected.

        Parameters
        ----------
        is_free
            Columns of the first stage whose whole numbers are decided anew; where that is not all of them, the others
            are the best plan's, and the tree bounds nothing.
        most
            How many plans are taken.
        """
        for _ in range(most):
            found = self._tree(is_free)
            if is_free.all() and found.bound is not None:
                self._bounded(found.bound * self.program.money)
            if found.x is None or (not is_free.all() and self._is_hopeless(found.bound)):
                return False
            x = found.x[: len(self.program.first)]
            if self._is_known(x):
                return False
            self._take_plan(x)
            if self.is_over():
                return True
        return True

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

    def _tree(self, is_free: Bools) -> ArraySolution:
        """Return the best first stage by the rows there are."""
        left = None if np.isinf(self.deadline) else max(LEAST_SECONDS, self.deadline - time.monotonic())
        _, plan = self._plan
        program = self.program.whole(self._kept_rows())
        if plan is not None and not is_free.all():
            columns = np.flatnonzero(self.program.first.is_integer & ~is_free)
            lower, upper, is_integer = program.lower.copy(), program.upper.copy(), program.is_integer.copy()
            lower[columns] = upper[columns] = np.round(plan[columns])
            is_integer[columns] = False
            program = dataclasses.replace(program, lower=lower, upper=upper, is_integer=is_integer)
        gap = self.options.relative_gap * self._of_the_gap
        options = dataclasses.replace(self.options, time_limit=left, relative_gap=gap, absolute_gap=0.0)
        return solve_arrays(program, options, start=None if plan is None else self.program.completed(plan))

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
            self._keep([point for point in points if point is not None])
