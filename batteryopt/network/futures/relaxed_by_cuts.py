"""The relaxation of all futures by rows of what each of them costs: a bound that no solver need be believed for.

What the futures cost at least is known by more and more of their rows, which are taken where they say most, between the
best first stage known and the one that the rows known so far would choose ("in-out": Ben-Ameur and Neto, Networks 49,
2007). Its optimum is that of the relaxation of the extensive form with all of its cuts, which no program ever holds at
once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.futures.first_stage import first_stage_of
from batteryopt.network.futures.first_stage_program import FirstStageProgram
from batteryopt.network.futures.recourse import Recourse, ValueCut
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.search.deadlines import moment_by
from batteryopt.solvers.contract.adapter import Options

STEP = 0.5
"""Part of the way from the best first stage to the one that the rows would choose, where the next rows are taken."""
RELAXED_GAP = 5e-4
"""Relative gap of the linear program: whole numbers leave more than that."""
OF_RELAXED = 0.2
"""The same as a part of the gap asked for."""
RELAXING = 0.6
"""Part of the time left that it has: trees of the first stage take rows too, and plans come of them alone."""
ROUNDING = 1e-9
"""Relative difference of a cost and what rows say of it that is rounding."""
LEAST_SECONDS = 0.2


@dataclasses.dataclass(kw_only=True, eq=False)
class KnownByCuts:
    """What a search knows: the best points, one a future, their measure, and bounds that are proven."""

    points: list[Floats] = dataclasses.field(default_factory=list)
    value: float = np.inf
    bound: float = -np.inf
    root_bound: float = -np.inf
    is_exhausted: bool = False


class RelaxedByCuts:
    """The linear program of all futures.

    Parameters
    ----------
    names
        Families of variables that are decided once.
    deadline
        By the monotonic clock.
    tell
        Told the measure of the best plan and the bound, whenever one of them is new.
    earlier
        A search over some of the same formulations, whose rows hold here too.
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
        earlier: RelaxedByCuts | None = None,
    ) -> None:
        self.options, self.flag, self.deadline, self._tell = options, flag, deadline, tell
        first = first_stage_of(forms, names)
        self.forms, self._costs = list(forms), list(costs)
        self._known_before = _places(forms, [] if earlier is None else earlier.forms)
        self.recourses: list[Recourse] = [
            earlier.recourses[self._known_before[s]]
            if earlier is not None and s in self._known_before
            else Recourse(m, cost, at, options, flag)
            for s, (m, cost, at) in enumerate(zip(first.parts, costs, first.positions, strict=True))
        ]
        opening = np.array([recourse.opening for recourse in self.recourses])
        plain = dataclasses.replace(options, time_limit=None, relative_gap=0.0, absolute_gap=0.0, threads=1)
        self.program = FirstStageProgram(
            first,
            opening,
            np.asarray(shares, dtype=float),
            risk,
            plain,
            flag,
            money=max(recourse.problem.money for recourse in self.recourses),
        )
        if earlier is not None:
            now = {before: s for s, before in self._known_before.items()}
            self.program.add([(now[s], cut) for s, cut in earlier.program.cuts if s in now])
        self.known = KnownByCuts()
        self.alone: dict[int, float] = {}
        """What duals prove that each future alone costs at least."""
        self._best_relaxed: tuple[float, Floats | None] = (np.inf, None)
        self._last_duals: Floats | None = None
        self._active: list[set[int]] = []
        self._in_each: Callable[..., Iterator[Any]] = map

    def is_over(self) -> bool:
        """Whether time or the user ended it, or the bound is enough."""
        known = self.known
        is_enough = bool(known.points) and self.options.is_near_enough(known.value, known.bound)
        return self.flag.is_set or is_enough or time.monotonic() > self.deadline

    def _begin(self) -> bool:
        """Take each future's own row, once; return whether all have one."""
        new = [s for s in range(len(self.recourses)) if s not in self._known_before and s not in self.alone]
        alone = list(self._in_each(lambda s: self.recourses[s].alone(), new))
        own = [(s, *found) for s, found in zip(new, alone, strict=True) if found is not None]
        if len(own) < len(new):
            return False
        self.program.add([(s, cut) for s, cut, _, _ in own])
        self.alone |= {s: bound for s, _, _, bound in own}
        if new and not self._known_before:
            self._try(np.asarray(self.program.shares @ np.array([x for _, _, x, _ in own]), dtype=float))
        return True

    def _try(self, x: Floats) -> tuple[float, list[tuple[int, ValueCut]]]:
        """Take rows of all futures at a first stage; return what it costs at least, and the rows."""
        found = list(self._in_each(lambda recourse: recourse.at(x), self.recourses))
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

    def relax(self) -> tuple[Floats, Floats] | None:
        """Solve the linear program alone; return its first stage (k), and the slope of each future's cost there (N, k).

        None where a future's relaxation has no optimum, or nothing was known of it in time. The slopes are means of
        rows that hold everywhere, so that they are of use however near the optimum is.
        """
        self._allow(self.deadline)
        # the flag or the clock says so too; what is known stands
        with contextlib.suppress(KeyboardInterrupt, TimeoutError), self._side_by_side():
            if self._begin():
                self._relax()
        first = self._best_relaxed[1]
        slopes = None if self._last_duals is None else self.program.slopes(self._last_duals)
        return None if first is None or slopes is None else (first, slopes)

    def _allow(self, deadline: float) -> None:
        for recourse in self.recourses:
            recourse.deadline = deadline

    @contextlib.contextmanager
    def _side_by_side(self) -> Iterator[None]:
        """Solve futures on the cores there are."""
        with ThreadPoolExecutor(min(len(self.recourses), self.options.threads or os.cpu_count() or 1)) as pool:
            self._in_each = pool.map
            yield

    def _relax(self) -> None:
        """Take rows until the linear program is solved."""
        step, enough = STEP, max(RELAXED_GAP, OF_RELAXED * self.options.relative_gap)
        until = moment_by(RELAXING, self.deadline)
        while not self.is_over() and time.monotonic() < until:
            vertex = self.program.live.solve(max(LEAST_SECONDS, self.deadline - time.monotonic()))
            if vertex.x is None or vertex.row_duals is None:
                return
            bound = self.program.proven(vertex.row_duals)
            self._active.append(self.program.active(vertex.row_duals))
            self._last_duals = vertex.row_duals
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

    def keep(self, points: Sequence[Floats]) -> None:
        """Keep points, one a future, where they are the best; none change nothing."""
        if not points:
            return
        value = self.program.value([cost.at(x) for cost, x in zip(self._costs, points, strict=True)])
        if value < self.known.value:
            self.known.points, self.known.value = list(points), value
            self._tell(value, self.known.bound)


def _places(forms: Sequence[Formulation], earlier: Sequence[Formulation]) -> dict[int, int]:
    """Return where formulations stand among earlier ones, by their place here."""
    places = {id(m): s for s, m in enumerate(earlier)}
    return {s: places[id(m)] for s, m in enumerate(forms) if id(m) in places}
