"""One first stage for all futures by rows of what each of them costs: bound, plans, and a bound of whole numbers.

First the linear program: what the futures cost at least is known by more and more of their rows, which are taken where
they say most, between the best first stage known and the one that the rows known so far would choose ("in-out":
Ben-Ameur and Neto, Networks 49, 2007). Its optimum is that of the relaxation of the extensive form with all of its
cuts, which no program ever holds at once. Then the same with whole numbers: the tree of the first stage alone proposes
plans, each is tried in all futures, and its rows join.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.first_stage import first_stage_of
from batteryopt.network.futures.first_stage_program import FirstStageProgram
from batteryopt.network.futures.recourse import Recourse, ValueCut
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

STEP = 0.5
"""Part of the way from the best first stage to the one that the rows would choose, where the next rows are taken."""
RELAXED_GAP = 5e-4
"""Relative gap of the linear program: whole numbers leave more than that."""
OF_RELAXED = 0.1
"""The same as a part of the gap asked for."""
OF_THE_GAP = 0.4
"""Part of the gap asked for that a tree of the first stage may leave."""
ROUNDING = 1e-9
"""Relative difference of a cost and what rows say of it that is rounding."""
RECENT = 10
"""Linear programs of which the rows that had a dual are kept for trees."""
AROUND, MOST_AROUND = (1, 3), 3
"""How many facilities are decided anew at once, and how many plans are tried for each choice of them."""
ENOUGH = 1e-4
"""Relative gain of a plan that is worth a search around it."""
WHOLE_GAP = 1e-4
"""Relative gap of whole numbers that are decided with hindsight, at most."""
LEAST_SECONDS = 0.2


@dataclasses.dataclass(kw_only=True, eq=False)
class KnownByCuts:
    """What a search knows: the best points, one a future, their measure, and bounds that are proven."""

    points: list[Floats] = dataclasses.field(default_factory=list)
    value: float = np.inf
    bound: float = -np.inf
    root_bound: float = -np.inf
    is_exhausted: bool = False


class SearchByCuts:
    """The search.

    Parameters
    ----------
    names
        Families of variables that are decided once.
    deadline
        By the monotonic clock.
    tell
        Told the measure of the best plan and the bound, whenever one of them is new.
    """

    def __init__(
        self,
        forms: Sequence[Formulation],
        costs: Sequence[Costs],
        shares: Sequence[float],
        risk: Risk,
        options: Options,
        flag: InterruptFlag,
        *,
        names: Sequence[str],
        deadline: float = np.inf,
        tell: Callable[[float, float], None] = lambda *_: None,
    ) -> None:
        self.options, self.flag, self.deadline, self._tell = options, flag, deadline, tell
        first = first_stage_of(forms, names)
        self._costs = list(costs)
        self.recourses = [
            Recourse(m, cost, at, options, flag)
            for m, cost, at in zip(first.parts, costs, first.positions, strict=True)
        ]
        opening = np.array([recourse.opening for recourse in self.recourses])
        plain = dataclasses.replace(options, time_limit=None, relative_gap=0.0, absolute_gap=0.0, threads=1)
        self.program = FirstStageProgram(first, opening, np.asarray(shares, dtype=float), risk, plain, flag)
        self.known = KnownByCuts()
        self._best_relaxed: tuple[float, Floats | None] = (np.inf, None)
        self._active: list[set[int]] = []
        self._plan: tuple[float, Floats | None] = (np.inf, None)
        self._verified: Floats | None = None
        self._seen: set[bytes] = set()
        self._relaxed_with = 0

    # ---- together

    def go(self, points: Sequence[Floats] = ()) -> KnownByCuts:
        """Return the best plan and bound; points in all futures to begin from, where some are known."""
        self._keep(points)
        workers = min(len(self.recourses), self.options.threads or os.cpu_count() or 1)
        try:
            with ThreadPoolExecutor(workers) as pool:
                self._pool = pool
                if self._begin():
                    self._relax()
                    self._branch()
        except KeyboardInterrupt:  # the flag says so too; what is known stands
            pass
        return self.known

    def is_over(self) -> bool:
        """Whether time or the user ended it, or the bound is enough."""
        known = self.known
        is_enough = bool(known.points) and self.options.is_near_enough(known.value, known.bound)
        return self.flag.is_set or is_enough or time.monotonic() > self.deadline

    def _begin(self) -> bool:
        """Take each future's own row; return whether all have one."""
        alone = list(self._pool.map(Recourse.alone, self.recourses))
        if any(found is None for found in alone):
            return False
        own = [found for found in alone if found is not None]
        self.program.add([(s, cut) for s, (cut, _) in enumerate(own)])
        shares = self.program.shares
        self._try(np.asarray(shares @ np.array([x for _, x in own]), dtype=float))
        return True

    def _try(self, x: Floats) -> tuple[float, list[tuple[int, ValueCut]]]:
        """Take rows of all futures at a first stage; return what it costs at least, and the rows."""
        found = list(self._pool.map(lambda recourse: recourse.at(x), self.recourses))
        cuts = [(s, cut) for s, (_, cut) in enumerate(found) if cut is not None]
        self.program.add(cuts)
        costs = [later + float(r.opening @ x) for (later, _), r in zip(found, self.recourses, strict=True)]
        value = self.program.value(costs) if np.isfinite(costs).all() else np.inf
        if value < self._best_relaxed[0]:
            self._best_relaxed = (value, x)
        return value, cuts

    def _bounded(self, bound: float) -> None:
        if bound > self.known.bound:
            self.known.bound = bound
            self._tell(self.known.value, bound)

    # ---- the linear program

    def _relax(self) -> None:
        """Take rows until the linear program is solved."""
        step, enough = STEP, max(RELAXED_GAP, OF_RELAXED * self.options.relative_gap)
        while not self.is_over():
            vertex = self.program.live.solve(max(LEAST_SECONDS, self.deadline - time.monotonic()))
            if vertex.x is None or vertex.row_duals is None:
                return
            bound = self.program.proven(vertex.row_duals)
            self._active.append(self.program.active(vertex.row_duals))
            self.known.root_bound = max(self.known.root_bound, bound)
            self._bounded(bound)
            out = vertex.x[: len(self.program.first)]
            value, best = self._best_relaxed
            if best is not None and value - self.known.root_bound <= enough * abs(value):
                return
            x = out if best is None or step == 1.0 else best + step * (out - best)
            _, cuts = self._try(x)
            is_cut_off = any(cut.is_of_rules or cut.at(out) > self._later(vertex.x, s) for s, cut in cuts)
            if not is_cut_off and x is out:  # the rows know this first stage: it is the best but for rounding
                return
            step = STEP if is_cut_off else min(1.0, 2 * step)

    def _later(self, point: Floats, future: int) -> float:
        """Return what the rows say of a future's cost with hindsight, and a rounding."""
        later = float(point[len(self.program.first) + future]) * self.program.money
        return later + ROUNDING * abs(later)

    # ---- whole numbers

    def _branch(self) -> None:
        """Find plans with whole numbers around the best one, and by trees of all, which bound them."""
        self._relaxed_with = len(self.program.cuts)
        if self.known.points:
            self._take_plan(self.known.points[0][self.recourses[0].positions])
        everywhere = np.ones(len(self.program.first), dtype=bool)
        while not self.is_over():
            self._search_around()
            if not self._tree_proposes(everywhere, most=1):
                self.known.is_exhausted = not self.is_over()
                break
        self._verify()

    def _search_around(self) -> None:
        """Decide a few facilities anew, and again, until a pass gains nothing: by small trees with the rows known."""
        for size in AROUND:
            is_better = True
            while is_better and not self.is_over() and self._plan[1] is not None:
                before = self._plan[0]
                for is_free in self._neighbourhoods(size):
                    if self.is_over():
                        return
                    self._tree_proposes(is_free, most=MOST_AROUND)
                is_better = self._plan[0] < before - ENOUGH * abs(before)
                self._verify()

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
        gap = self.options.relative_gap * OF_THE_GAP
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
        points = list(self._pool.map(lambda recourse: recourse.point(x, gap), self.recourses))
        if all(point is not None for point in points):
            self._keep([point for point in points if point is not None])

    def _keep(self, points: Sequence[Floats]) -> None:
        if not points:
            return
        value = self.program.value([cost.at(x) for cost, x in zip(self._costs, points, strict=True)])
        if value < self.known.value:
            self.known.points, self.known.value = list(points), value
            self._tell(value, self.known.bound)
