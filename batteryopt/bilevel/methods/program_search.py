"""The search that goes with `milp`: begin with points, solve the program, answer it, and branch on what is open."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from batteryopt.bilevel.kkt.active_set import all_variables
from batteryopt.bilevel.kkt.single_level import KktSystem, Pair
from batteryopt.bilevel.methods.answered import improved
from batteryopt.bilevel.methods.base import MethodSettings, report_of_highs
from batteryopt.bilevel.methods.branching import Tree
from batteryopt.bilevel.methods.envelopes import Envelopes
from batteryopt.bilevel.methods.regularized import starting_points
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Options, Report
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

SECONDS_TO_START = 10.0
"""Ten times what points to begin with may take where no time limit was given."""
START_SHARE = 0.1
"""Of the time, what points to begin with may take."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Written:
    """The program, and which pairs are not in it."""

    system: KktSystem
    program: QuadraticProgram
    open_pairs: tuple[Pair, ...] = ()
    closed_pairs: tuple[Pair, ...] = ()
    envelopes: Envelopes
    assumptions: tuple[str, ...]
    is_dual: bool = False
    """Whether the follower's own decisions are not in the program."""


class ProgramSearch:
    """The program at the root, the followers' answers, and a tree over what is open."""

    def __init__(self, written: Written, settings: MethodSettings, began: float) -> None:
        self.written, self.settings, self.began = written, settings, began
        self.system = written.system
        self.problem = written.system.problem
        self.program = written.program
        self.variables = all_variables(self.system)
        self.value: float | None = None
        self.point: list[float | None] = []
        self.bound: float | None = None

    def run(self) -> Report:
        """Return what the search came to; the best point is in the variables."""
        self._answer_starts()
        root = solve_arrays(self.program, self._options(), start=self._start())
        if root.stop_reason.is_no_solution and not (self.written.open_pairs and root.x is None):
            return self._report(root.stop_reason)
        if root.stop_reason is StopReason.INFEASIBLE:
            return self._report(root.stop_reason)
        self.bound = root.bound
        reason = root.stop_reason
        if root.x is not None:
            self._answer(root)
        if reason is not StopReason.CONVERGED and not reason.is_no_solution:
            return self._report(reason)
        if self._is_closed():
            return self._report(StopReason.CONVERGED)
        if not self.written.open_pairs:
            return self._report(StopReason.NUMERICAL_TROUBLE)
        return self._branch()

    def _answer(self, root: ArraySolution) -> None:
        """Put the program's point into the variables, let the followers answer, and keep the result."""
        assert root.x is not None
        _write(self.program, root.x)
        self._improve()

    def _answer_starts(self) -> None:
        """Find points by the followers' answers to a few decisions, in a small share of the time."""
        until = time.perf_counter() + START_SHARE * (self._left() or SECONDS_TO_START)
        for _ in starting_points(self.problem, self.settings):
            self._improve(until)
            if time.perf_counter() > until:
                return

    def _improve(self, until: float | None = None) -> None:
        value = improved(self.system, self.settings, self._end() if until is None else until)
        if value is not None and (self.value is None or self._beats(value)):
            self.value = value
            self.point = [v.value for v in self.variables]

    def _branch(self) -> Report:
        tree = Tree(
            self.program,
            self.written.open_pairs,
            dataclasses.replace(self.settings, time_limit=self._left()),
            relaxation=self._relaxation,
        )
        if self.value is not None:
            tree.cut_off_at(self.problem.sense * self.value)
        report = tree.search()
        if report.bound is not None and (self.bound is None or self._is_tighter(report.bound)):
            self.bound = report.bound
        if report.objective is not None and (self.value is None or self._beats(report.objective)):
            self.value, self.point = report.objective, [v.value for v in self.variables]
        reason = report.stop_reason
        return self._report(StopReason.CONVERGED if self._is_closed() else reason)

    def _start(self) -> Floats | None:
        """Return the best known point as the program's, its binaries by what binds there; None without one."""
        if self.value is None or self.written.is_dual:
            return None
        for variable, value in zip(self.variables, self.point, strict=True):
            variable.set_value(value, skip_validation=True)
        for k, pair in enumerate(self.written.closed_pairs):
            self.system.model.is_binding[k].set_value(int(pair.slack.value <= pair.multiplier.value))
        self.written.envelopes.settle()
        values = [v.value for v in self.program.variables]
        return None if any(v is None for v in values) else np.array(values, dtype=float)

    def _relaxation(self, lower: Floats, upper: Floats) -> tuple[StopReason, Floats | None]:
        solution = solve_arrays(dataclasses.replace(self.program, lower=lower, upper=upper), self._options())
        return solution.stop_reason, solution.x if solution.stop_reason is StopReason.CONVERGED else None

    def _options(self) -> Options:
        return self.settings.options(time_limit=self._left(), feasibility_tolerance=self.settings.tolerance)

    def _left(self) -> float | None:
        limit = self.settings.time_limit
        return None if limit is None else max(0.1, limit - (time.perf_counter() - self.began))

    def _end(self) -> float:
        return time.perf_counter() + (self._left() or 1e9)

    def _is_tighter(self, bound: float) -> bool:
        assert self.bound is not None
        return self.problem.sense * (bound - self.bound) > 0

    def _beats(self, value: float) -> bool:
        assert self.value is not None
        return self.problem.sense * (self.value - value) > 0

    def _is_closed(self) -> bool:
        if self.value is None or self.bound is None:
            return False
        distance = self.problem.sense * (self.value - self.bound)
        return distance <= self.settings.gap * max(1.0, abs(self.value))

    def _report(self, reason: StopReason) -> Report:
        report = report_of_highs(reason, self.value, self.bound, self.began)
        if report.has_point:
            for variable, value in zip(self.variables, self.point, strict=True):
                variable.set_value(value, skip_validation=True)
        return report


def _write(program: QuadraticProgram, x: Floats) -> None:
    for variable, value in zip(program.variables, x, strict=True):
        variable.set_value(float(value), skip_validation=True)
