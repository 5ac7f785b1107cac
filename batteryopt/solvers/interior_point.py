"""What Ipopt and codes with its interface share: translation, statuses, interrupt, the report."""

from __future__ import annotations

import abc
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException

from batteryopt.solvers.adapter import Adapter, Capability, Indicator, Options, Progress, ProgressListener, Report
from batteryopt.solvers.arrays import expression_value
from batteryopt.solvers.components import Parts, parts_of
from batteryopt.solvers.interrupt import InterruptFlag, catching_interrupt
from batteryopt.solvers.multipliers import Multipliers, bound_duals_of, duals_of, multipliers_of
from batteryopt.solvers.nonlinear import Floats, NonlinearProgram, compile_nonlinear
from batteryopt.solvers.points import (
    claim_tolerance,
    is_empty_domain,
    judged,
    read_point,
    violation_in_model,
    write_point,
)
from batteryopt.status import PointStatus, StopReason

STATUSES: dict[int, tuple[StopReason, PointStatus]] = {
    0: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # solve succeeded
    1: (StopReason.CONVERGED, PointStatus.FEASIBLE),  # only the looser "acceptable" tolerances were met
    2: (StopReason.INFEASIBLE, PointStatus.INFEASIBLE),  # converged to a point of locally least violation
    3: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),  # search direction became too small
    4: (StopReason.UNBOUNDED, PointStatus.NONE),  # iterates diverge
    5: (StopReason.INTERRUPTED, PointStatus.UNKNOWN),  # stopped by our own callback
    6: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # feasible point of a square system
    -1: (StopReason.ITERATION_LIMIT, PointStatus.UNKNOWN),
    -2: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),  # restoration of feasibility failed
    -3: (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN),  # error in step computation
    -4: (StopReason.TIME_LIMIT, PointStatus.UNKNOWN),  # processor time
    -5: (StopReason.TIME_LIMIT, PointStatus.UNKNOWN),  # wall time
    -10: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # more equalities than free variables
    -11: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # invalid problem definition
    -12: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # invalid option
    -13: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # a function or derivative is not a number
    -100: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
    -101: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
    -102: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),  # not enough memory
    -199: (StopReason.NUMERICAL_TROUBLE, PointStatus.NONE),
}
"""Every return code of Ipopt: why it stopped, and what its point is if the constraints bear it out."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an interior-point code returned: Ipopt's status code, the point (n), multipliers, its closing words."""

    status: int
    x: Floats
    multipliers: Multipliers
    message: str


class Watched:
    """A program's callbacks, and the one that a code calls after each iteration: progress, and Ctrl-C."""

    def __init__(self, program: NonlinearProgram, flag: InterruptFlag, listener: ProgressListener | None) -> None:
        self._callbacks = program.callbacks
        self._sign = program.sign
        self._flag = flag
        self._listener = listener
        self._began = time.perf_counter()
        self.iterations = 0
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._callbacks, name)

    def intermediate(self, _mode: int, iteration: int, objective: float, violation: float, *_rest: float) -> bool:
        """Return whether to go on."""
        self.iterations = iteration
        if self._listener is not None:
            self._tell(self._listener, self._sign * objective if violation <= 1e-6 else None)
        return not self._flag.is_set

    def _tell(self, listener: ProgressListener, objective: float | None) -> None:
        try:
            listener(Progress(seconds=time.perf_counter() - self._began, objective=objective, bound=None))
        except Exception as error:
            self.error = error
            self._flag.set()


class InteriorPointAdapter(Adapter):
    """A local solver for smooth models with Ipopt's interface; subclasses fill `run`."""

    capabilities = (
        Capability.LINEAR
        | Capability.CONVEX_QUADRATIC_OBJECTIVE
        | Capability.NONLINEAR
        | Capability.DUALS
        | Capability.WARM_START
    )

    @abc.abstractmethod
    def run(
        self, program: NonlinearProgram, callbacks: Watched, x: Floats, start: Multipliers | None, options: Options
    ) -> Answer:
        """Run the code from x (n), and from multipliers where there are any."""

    def solve(
        self,
        model: Any,
        options: Options | None = None,
        *,
        indicators: Sequence[Indicator] = (),
        start_duals: ComponentMap | None = None,
        start_bound_duals: ComponentMap | None = None,
        on_progress: ProgressListener | None = None,
    ) -> Report:
        """Solve a Pyomo model locally; see `Adapter.solve`."""
        options = options or Options()
        began = time.perf_counter()
        parts = parts_of(model)
        self._refuse(parts, indicators)
        try:
            program = compile_nonlinear(model, parts)
        except InfeasibleConstraintException as error:
            return self._infeasible(str(error), time.perf_counter() - began)
        self._refuse_integers(program.variables)
        build_seconds = time.perf_counter() - began
        fault = _evident_infeasibility(program, parts, claim_tolerance(options))
        if fault:
            return self._infeasible(fault, build_seconds)
        if not program.variables:
            return self._without_variables(parts, build_seconds)
        start = None
        if options.warm_start and (start_duals or start_bound_duals):
            start = multipliers_of(program, start_duals, start_bound_duals)
        began = time.perf_counter()
        with catching_interrupt() as flag:
            callbacks = Watched(program, flag, on_progress)
            answer = self.run(program, callbacks, read_point(program.variables), start, options)
        if callbacks.error is not None:
            raise callbacks.error
        seconds = time.perf_counter() - began
        return self._judged(program, parts, answer, options, seconds, build_seconds, callbacks.iterations)

    def _refuse(self, parts: Parts, indicators: Sequence[Indicator]) -> None:
        if parts.sos:
            self.require(Capability.SOS1, parts.sos[0].name)
        if indicators:
            self.require(Capability.INDICATOR, indicators[0].binary.name)

    def _refuse_integers(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if not variable.is_continuous():
                self.require(Capability.INTEGER, variable.name)

    def _infeasible(self, message: str, build_seconds: float) -> Report:
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=StopReason.INFEASIBLE,
            point_status=PointStatus.NONE,
            build_seconds=build_seconds,
            message=message,
        )

    def _without_variables(self, parts: Parts, build_seconds: float) -> Report:
        value = expression_value(parts.objective)
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=StopReason.CONVERGED,
            point_status=PointStatus.OPTIMAL,
            objective=value,
            bound=value,
            build_seconds=build_seconds,
            iterations=0,
            message="nothing is left to decide: every variable is fixed",
        )

    def _judged(
        self,
        program: NonlinearProgram,
        parts: Parts,
        answer: Answer,
        options: Options,
        seconds: float,
        build_seconds: float,
        iterations: int,
    ) -> Report:
        stop_reason, claim = STATUSES.get(answer.status, (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN))
        status = claim
        if claim is not PointStatus.NONE:
            write_point(program.variables, answer.x)
            violation = violation_in_model(parts.constraints, program.variables)
            status = judged(claim, violation, claim_tolerance(options))
        if stop_reason is StopReason.CONVERGED and not status.is_feasible:
            stop_reason = StopReason.NUMERICAL_TROUBLE
        has_duals = status is PointStatus.LOCALLY_OPTIMAL
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=stop_reason,
            point_status=status,
            objective=None if status is PointStatus.NONE else expression_value(parts.objective),
            seconds=seconds,
            build_seconds=build_seconds,
            iterations=iterations,
            duals=duals_of(program, answer.multipliers) if has_duals else ComponentMap(),
            bound_duals=bound_duals_of(program, answer.multipliers) if has_duals else ComponentMap(),
            message=answer.message,
        )


def _evident_infeasibility(program: NonlinearProgram, parts: Parts, tolerance: float) -> str:
    """Return what makes a model infeasible before any solver is asked; empty where nothing does."""
    if program.violation_of_constants() > tolerance:
        return "a constraint without free variables does not hold"
    empty = [v.name for v in (*parts.variables, *program.variables) if is_empty_domain(v)]
    return f"the lower bound is above the upper: {', '.join(empty)}" if empty else ""
