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
from batteryopt.solvers.compile.eliminated import without_columns
from batteryopt.solvers.compile.independent import Columns, independent_columns, restricted
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays

SECONDS_TO_START = 10.0
"""Ten times what points to begin with may take where no time limit was given."""
START_SHARE = 0.1
"""Of the time, what points to begin with may take."""
Limits = tuple[Floats, Floats]
"""Lower and upper bounds of columns."""


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _ProgramPart:
    """A part of the program that shares no row with the rest.

    Attributes
    ----------
    columns
        Positions of its columns in the whole program.
    open_pairs
        Pairs without a binary.
    settled
        Positions, in the part, of slacks and multipliers of pairs that have one.
    """

    columns: Columns
    program: QuadraticProgram
    open_pairs: tuple[Pair, ...]
    settled: tuple[int, ...]

    @classmethod
    def all_of(cls, written: Written) -> list[_ProgramPart]:
        """Return the parts of a program: hours of a market, say, that nothing joins."""
        parts, everywhere = [], {id(v): k for k, v in enumerate(written.program.variables)}
        joined = [(everywhere[id(p.multiplier)], everywhere[id(p.slack)]) for p in written.open_pairs]
        for number, columns in enumerate(independent_columns(written.program, joined)):
            program = restricted(written.program, columns, with_constant=number == 0)
            position = {id(v): k for k, v in enumerate(program.variables)}
            ends = [v for p in written.closed_pairs for v in (p.slack, p.multiplier) if id(v) in position]
            parts.append(
                cls(
                    columns=columns,
                    program=program,
                    open_pairs=tuple(p for p in written.open_pairs if id(p.slack) in position),
                    settled=tuple(position[id(v)] for v in ends),
                )
            )
        return parts

    def solved(self, options: Options, start: Floats | None = None, limits: Limits | None = None) -> ArraySolution:
        """Solve without what equalities say of pairs that have a binary: nothing else branches on them."""
        program = self.program
        if limits is not None:
            program = dataclasses.replace(program, lower=limits[0], upper=limits[1])
        left = without_columns(program, self.settled)
        from_kept = None if start is None else start[left.kept]
        solution = solve_arrays(left.program, options, start=from_kept)
        return solution if solution.x is None else dataclasses.replace(solution, x=left.whole(solution.x))


class ProgramSearch:
    """The program at the root, the followers' answers, and a tree over what is open; parts of it one by one."""

    def __init__(self, written: Written, settings: MethodSettings, began: float) -> None:
        self.written, self.settings, self.began = written, settings, began
        self.system = written.system
        self.problem = written.system.problem
        self.program = written.program
        self.parts = _ProgramPart.all_of(written)
        self.variables = all_variables(self.system)
        self.value: float | None = None
        self.point: list[float | None] = []
        self.bound: float | None = None

    def run(self) -> Report:
        """Return what the search came to; the best point is in the variables."""
        self._answer_starts()
        start = self._start()
        roots = [
            part.solved(self._options(share=len(self.parts) - k), None if start is None else start[part.columns])
            for k, part in enumerate(self.parts)
        ]
        reason, x = _joined_reason(roots), self._joined([root.x for root in roots])
        if reason.is_no_solution and not (self.written.open_pairs and x is None):
            return self._report(reason)
        if reason is StopReason.INFEASIBLE:
            return self._report(reason)
        bounds = [root.bound for root in roots]
        self.bound = _sum(bounds)
        if x is not None:
            self._answer(x)
        if reason is not StopReason.CONVERGED and not reason.is_no_solution:
            return self._report(reason)
        if self._is_closed():
            return self._report(StopReason.CONVERGED)
        if not self.written.open_pairs:
            return self._report(StopReason.NUMERICAL_TROUBLE)
        return self._branch(bounds)

    def _joined(self, points: list[Floats | None]) -> Floats | None:
        """Return the point of all columns from those of the parts."""
        x = np.zeros(len(self.program.c))
        for part, own in zip(self.parts, points, strict=True):
            if own is None:
                return None
            x[part.columns] = own
        return x

    def _answer(self, x: Floats) -> None:
        """Put the program's point into the variables, let the followers answer, and keep the result."""
        _write(self.program, x)
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

    def _branch(self, bounds: list[float | None]) -> Report:
        """Branch in one part after the other, each cut off at what the best known point is worth there."""
        known = self._start()
        reasons, points = [], []
        for k, part in enumerate(self.parts):
            own = None if known is None else known[part.columns]
            if part.open_pairs:
                reason, bounds[k], own = self._tree(part, bounds[k], own, share=len(self.parts) - k)
                reasons.append(reason)
            points.append(own)
        if (bound := _sum(bounds)) is not None and (self.bound is None or self._is_tighter(bound)):
            self.bound = bound
        if (x := self._joined(points)) is not None and (self.value is None or self._beats(self.program.objective(x))):
            _write(self.program, x)
            self.value, self.point = self.program.objective(x), [v.value for v in self.variables]
        return self._report(StopReason.CONVERGED if self._is_closed() else min(reasons, key=_is_last))

    def _tree(
        self, part: _ProgramPart, bound: float | None, known: Floats | None, *, share: int
    ) -> tuple[StopReason, float | None, Floats | None]:
        """Return why the search of a part ended, the better of its bound and this one, and its best point."""

        def relaxation(lower: Floats, upper: Floats) -> tuple[StopReason, Floats | None]:
            solution = part.solved(self._options(share=share), limits=(lower, upper))
            return solution.stop_reason, solution.x if solution.stop_reason is StopReason.CONVERGED else None

        left = self._left()
        settings = dataclasses.replace(self.settings, time_limit=None if left is None else left / share)
        # Without integers the tree's own session solves a node ten times as fast: it keeps its basis.
        needs_runs = part.program.has_integers
        tree = Tree(part.program, part.open_pairs, settings, relaxation=relaxation if needs_runs else None)
        if known is not None:
            tree.cut_off_at(self.problem.sense * part.program.objective(known))
        report = tree.search()
        if report.bound is not None and (bound is None or self.problem.sense * (report.bound - bound) > 0):
            bound = report.bound
        is_better = tree.incumbent is not None and tree.value < tree.known
        return report.stop_reason, bound, tree.incumbent if is_better else known

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

    def _options(self, *, share: int = 1) -> Options:
        left = self._left()
        seconds = None if left is None else left / share
        return self.settings.options(time_limit=seconds, feasibility_tolerance=self.settings.tolerance)

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


def _joined_reason(roots: list[ArraySolution]) -> StopReason:
    """Return what stopped the parts as a whole: one without a solution leaves none for all."""
    reasons = [root.stop_reason for root in roots]
    if StopReason.INFEASIBLE in reasons:
        return StopReason.INFEASIBLE
    return min(reasons, key=_is_last)


def _is_last(reason: StopReason) -> tuple[bool, bool]:
    """Sort no solution first, then what was stopped, then what converged."""
    return reason is StopReason.CONVERGED, not reason.is_no_solution


def _sum(bounds: list[float | None]) -> float | None:
    known = [bound for bound in bounds if bound is not None]
    return sum(known) if len(known) == len(bounds) else None


def _write(program: QuadraticProgram, x: Floats) -> None:
    for variable, value in zip(program.variables, x, strict=True):
        variable.set_value(float(value), skip_validation=True)
