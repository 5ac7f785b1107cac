"""The linear relaxation, with cuts joined as long as they are violated: a bound, and a point to round."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.deadlines import seconds_left
from batteryopt.network.search.searched_problem import Problem, dual_bound
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_growing import GrowingProgram, Vertex

VIOLATED = 1e-6
"""Distance beyond a cut from which it joins."""
ENOUGH_GAIN = 1e-4
"""Relative gain of the bound in a round below which further rounds are not worth their time."""


class Relaxation:
    """The relaxation of a problem.

    Attributes
    ----------
    x
        Its last optimal point; None before the first.
    row_duals
        Of the core's rows and of the cuts in, in the order in which they joined.
    bound
        Proven lower bound, in the problem's unit, evaluated from duals.
    is_in
        Which cuts have joined.
    reduced_costs
        Of the columns (n), by the last duals: what using a column costs beside what it saves.
    loose
        The core alone, for dives: integers satisfy the cuts anyway, and without them it is solved much faster.
    """

    def __init__(self, problem: Problem, options: Options, flag: InterruptFlag) -> None:
        self.problem = problem
        self.flag = flag
        self.lp = GrowingProgram(problem.core, options, flag)
        self.loose = GrowingProgram(problem.core, options, flag)
        self.is_in: Bools = np.zeros(len(problem.cuts.lower), dtype=bool)
        self.order: list[Ints] = []
        self.x: Floats | None = None
        self.row_duals: Floats | None = None
        self.reduced_costs = np.zeros(len(problem.core.c))
        self.bound = -np.inf
        self.stop_reason = StopReason.TIME_LIMIT

    def begin(self, deadline: float) -> None:
        """Solve without cuts."""
        self._take(self.lp.solve(seconds_left(deadline)))

    def tighten(self, deadline: float, tell: Callable[[], None]) -> None:
        """Join violated cuts until none is left, the gain is small or the time is up; tell after each round."""
        while self.x is not None and time.monotonic() < deadline and not self.flag.is_set:
            before = self.bound
            if not self._join() or not self._take(self.lp.solve(seconds_left(deadline))):
                break
            tell()
            if self.bound - before < ENOUGH_GAIN * max(1.0, abs(self.bound)):
                break

    def _join(self) -> bool:
        """Join the cuts that the point violates; return whether there was any."""
        assert self.x is not None
        violation = self.problem.cuts.violation(self.x)
        violation[self.is_in] = 0.0
        rows = np.flatnonzero(violation > VIOLATED)
        cuts = self.problem.cuts
        self.lp.add_rows(cuts.A[rows], cuts.lower[rows], cuts.upper[rows])
        self.is_in[rows] = True
        self.order.append(rows)
        return len(rows) > 0

    def _take(self, vertex: Vertex) -> bool:
        """Keep an optimal point and the bound that its duals prove."""
        self.stop_reason = vertex.stop_reason
        if vertex.x is None or vertex.row_duals is None:
            return False
        self.x, self.row_duals = vertex.x, vertex.row_duals
        self.bound = max(self.bound, self.proven(vertex.row_duals))
        return True

    def proven(self, row_duals: Floats) -> float:
        """Return the bound that duals prove for the problem with the cuts that are in."""
        core = len(self.problem.core.row_lower)
        by_cut = np.zeros(len(self.is_in))
        joined = np.concatenate([np.zeros(0, dtype=np.int64), *self.order]).astype(np.int64)
        by_cut[joined] = row_duals[core:]
        program = self.problem.with_cuts(self.is_in)
        duals = np.concatenate([row_duals[:core], by_cut[self.is_in]])
        self.reduced_costs = np.asarray(program.c - program.A.T @ duals, dtype=float)
        return dual_bound(program, duals)
