"""What Ipopt and codes with its interface share: translation, statuses, a second attempt, the report."""

from __future__ import annotations

import abc
import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from batteryopt.solvers.adapter import Adapter, Capability, Indicator, Options, ProgressListener, Report
from batteryopt.solvers.arrays import expression_value
from batteryopt.solvers.components import Parts, parts_of
from batteryopt.solvers.interrupt import catching_interrupt
from batteryopt.solvers.multipliers import Multipliers, bound_duals_of, duals_of, multipliers_of
from batteryopt.solvers.nonlinear import Floats, NonlinearProgram, compile_nonlinear
from batteryopt.solvers.points import (
    claim_tolerance,
    empty_domains,
    judged,
    read_point,
    settle_unused,
    violation_in_model,
    write_point,
)
from batteryopt.solvers.stationarity import STATIONARITY, estimated_multipliers, kkt_residual
from batteryopt.solvers.watched import Watched
from batteryopt.status import PointStatus, StopReason

STATUSES: dict[int, tuple[StopReason, PointStatus]] = {
    0: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # solve succeeded
    1: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # solved to the looser "acceptable" tolerances
    2: (StopReason.INFEASIBLE, PointStatus.INFEASIBLE),  # converged to a point of locally least violation
    3: (StopReason.CONVERGED, PointStatus.LOCALLY_OPTIMAL),  # search direction too small: often at an optimum
    4: (StopReason.UNBOUNDED, PointStatus.NONE),  # iterates diverge
    5: (StopReason.INTERRUPTED, PointStatus.UNKNOWN),  # stopped by our own callback
    6: (StopReason.CONVERGED, PointStatus.FEASIBLE),  # feasible point of a square system
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
"""Every return code of Ipopt: why it stopped, and what its point is if constraints and KKT conditions bear it out."""

_STRICT = {"s_max": 1e8, "compl_inf_tol": 1e-8}
ATTEMPTS: tuple[dict[str, Any], ...] = (
    {"bound_relax_factor": 0.0},
    {"bound_relax_factor": 0.0, **_STRICT},
    {"bound_relax_factor": 1e-8, **_STRICT},
)
"""Settings tried in turn until the KKT conditions bear a claim out.

Ipopt's default widens all bounds by 1e-8, and moves its optimum with them: that is left for models that have no
interior without it. Its tolerances are for multipliers of ordinary size; the strict ones do not grow with them.
"""

CLAIMS = frozenset(code for code, (_, point) in STATUSES.items() if point is PointStatus.LOCALLY_OPTIMAL)
TOO_FEW_DEGREES_OF_FREEDOM = -10
RETRIED = frozenset({TOO_FEW_DEGREES_OF_FREEDOM, -2, -3})
"""Failures that other settings may avoid."""
EQUALITY_SLACK = 1e-9
"""Relative width given to equalities where there are too many of them for Ipopt."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an interior-point code returned: Ipopt's status code, the point (n), multipliers, its closing words."""

    status: int
    x: Floats
    multipliers: Multipliers
    message: str
    iterations: int = 0
    residual: float = np.inf


@dataclass(frozen=True, kw_only=True)
class Start:
    """Where to begin: a point (n), and multipliers where the caller has any."""

    x: Floats
    multipliers: Multipliers | None = None


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
        self,
        program: NonlinearProgram,
        callbacks: Watched,
        start: Start,
        options: Options,
        settings: dict[str, Any],
    ) -> Answer:
        """Run the code once, with Ipopt's options `settings` below those of the caller."""

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
        program = compile_nonlinear(model, parts)
        self._refuse_integers(program.variables)
        fault = _evident_infeasibility(program, parts, options)
        if fault:
            return self._infeasible(fault)
        settle_unused(parts.variables, program.variables)
        start = _start(program, options, start_duals, start_bound_duals)
        built = time.perf_counter()
        if program.variables:
            answer = self._answer(program, start, options, on_progress)
            report = self._judged(program, parts, answer, options)
        else:
            report = self._without_variables(parts)
        return dataclasses.replace(report, build_seconds=built - began, seconds=time.perf_counter() - built)

    def _refuse(self, parts: Parts, indicators: Sequence[Indicator]) -> None:
        if parts.sos:
            self.require(Capability.SOS1, parts.sos[0].name)
        if indicators:
            self.require(Capability.INDICATOR, indicators[0].binary.name)

    def _refuse_integers(self, variables: Sequence[Any]) -> None:
        for variable in variables:
            if not variable.is_continuous():
                self.require(Capability.INTEGER, variable.name)

    def _answer(
        self, program: NonlinearProgram, start: Start, options: Options, on_progress: ProgressListener | None
    ) -> Answer:
        """Run the code, and again with other settings as long as its claim is not borne out."""
        began = time.perf_counter()
        best: Answer | None = None
        with catching_interrupt() as flag:
            callbacks = Watched(program, flag, on_progress)
            for settings in ATTEMPTS:
                left = _less_time(options, time.perf_counter() - began)
                answer = _measured(program, self.run(program, callbacks, start, left, settings))
                if answer.status == TOO_FEW_DEGREES_OF_FREEDOM or _is_square(program):
                    program = _widened(program)
                elif answer.status in CLAIMS and np.isfinite(answer.x).all():
                    start = Start(x=answer.x)
                if best is None or answer.residual <= best.residual:
                    best = answer
                if flag.is_set or not _is_worth_another(answer):
                    break
        if callbacks.error is not None:
            raise callbacks.error
        assert best is not None
        return dataclasses.replace(best, iterations=callbacks.iterations)

    def _judged(self, program: NonlinearProgram, parts: Parts, answer: Answer, options: Options) -> Report:
        """Return the report, after the constraints at the point and the KKT conditions had their say."""
        stop_reason, status = STATUSES.get(answer.status, (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN))
        tolerance = claim_tolerance(options)
        if status is not PointStatus.NONE:
            write_point(program.variables, answer.x)
            status = judged(status, violation_in_model(parts.constraints, program.variables), tolerance)
        elif stop_reason is StopReason.UNBOUNDED and not program.violation(answer.x) <= tolerance:
            stop_reason = StopReason.INFEASIBLE_OR_UNBOUNDED
        if status is PointStatus.LOCALLY_OPTIMAL and not answer.residual <= STATIONARITY:
            status, stop_reason = PointStatus.FEASIBLE, StopReason.NUMERICAL_TROUBLE
        if (stop_reason, status.is_feasible) in ((StopReason.CONVERGED, False), (StopReason.INFEASIBLE, True)):
            stop_reason = StopReason.NUMERICAL_TROUBLE
        return self._report(program, parts, answer, stop_reason, status)

    def _report(
        self, program: NonlinearProgram, parts: Parts, answer: Answer, stop_reason: StopReason, status: PointStatus
    ) -> Report:
        report = Report(
            solver=self.name,
            version=self.version(),
            stop_reason=stop_reason,
            point_status=status,
            objective=None if status is PointStatus.NONE else expression_value(parts.objective),
            iterations=answer.iterations,
            message=answer.message,
        )
        if status is not PointStatus.LOCALLY_OPTIMAL:
            return report
        return dataclasses.replace(
            report,
            duals=duals_of(program, answer.multipliers, parts.constraints),
            bound_duals=bound_duals_of(program, answer.multipliers, parts.variables),
        )

    def _infeasible(self, message: str) -> Report:
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=StopReason.INFEASIBLE,
            point_status=PointStatus.NONE,
            message=message,
        )

    def _without_variables(self, parts: Parts) -> Report:
        """Return the report of a model whose every variable is fixed: its value is its own bound."""
        value = expression_value(parts.objective)
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=StopReason.CONVERGED,
            point_status=PointStatus.OPTIMAL,
            objective=value,
            bound=value,
            iterations=0,
            duals=ComponentMap((constraint, 0.0) for constraint in parts.constraints),
            message="nothing is left to decide",
        )


def _start(
    program: NonlinearProgram,
    options: Options,
    duals: ComponentMap | None,
    bound_duals: ComponentMap | None,
) -> Start:
    """Return where the variables stand; without a warm start a little inside of their bounds.

    Ipopt moves a point off its bounds by the same rule, but only after it has scaled the model by the derivatives
    where it stood, and at a bound these may be infinite.
    """
    x = read_point(program.variables)
    if not options.warm_start:
        return Start(x=pushed_inside(x, program.lower, program.upper))
    if not duals and not bound_duals:
        return Start(x=x)
    return Start(x=x, multipliers=multipliers_of(program, duals, bound_duals))


def pushed_inside(x: Floats, lower: Floats, upper: Floats, push: float = 1e-2) -> Floats:
    """Return a point (n) at least `push` inside of its bounds, relative to their size, or in the middle."""
    has_lower, has_upper = np.isfinite(lower), np.isfinite(upper)
    low, high = np.where(has_lower, lower, 0.0), np.where(has_upper, upper, 0.0)
    width = np.where(has_lower & has_upper, high - low, np.inf)
    above = low + push * np.minimum(np.maximum(1.0, abs(low)), width)
    below = high - push * np.minimum(np.maximum(1.0, abs(high)), width)
    inner = np.where(has_lower, np.maximum(x, above), x)
    return np.asarray(np.where(has_upper, np.minimum(inner, below), inner), dtype=float)


def _measured(program: NonlinearProgram, answer: Answer) -> Answer:
    """Return a claim with the KKT residual of its point, and with better multipliers where its own do not bear it."""
    if answer.status not in CLAIMS:
        return answer
    residual = kkt_residual(program, answer.x, answer.multipliers)
    if not residual <= STATIONARITY:
        estimated = estimated_multipliers(program, answer.x)
        if estimated is not None and kkt_residual(program, answer.x, estimated) < residual:
            residual = kkt_residual(program, answer.x, estimated)
            answer = dataclasses.replace(answer, multipliers=estimated)
    return dataclasses.replace(answer, residual=residual)


def _is_worth_another(answer: Answer) -> bool:
    return answer.status in RETRIED or (answer.status in CLAIMS and not answer.residual <= STATIONARITY)


def _less_time(options: Options, seconds: float) -> Options:
    if options.time_limit is None:
        return options
    return dataclasses.replace(options, time_limit=max(1e-3, options.time_limit - seconds))


def _is_square(program: NonlinearProgram) -> bool:
    """Whether there are as many equalities as free columns: Ipopt then looks for a feasible point only."""
    equalities = int(np.sum(program.row_lower == program.row_upper))
    return equalities == int(np.sum(program.lower < program.upper))


def _widened(program: NonlinearProgram) -> NonlinearProgram:
    """Return the program with its equalities as narrow ranges."""
    equal = program.row_lower == program.row_upper
    slack = np.where(equal, EQUALITY_SLACK * np.maximum(1.0, abs(program.row_upper)), 0.0)
    return dataclasses.replace(program, row_lower=program.row_lower - slack, row_upper=program.row_upper + slack)


def _evident_infeasibility(program: NonlinearProgram, parts: Parts, options: Options) -> str:
    """Return what makes a model infeasible before any solver is asked; empty where nothing does."""
    if program.violation_of_constants() > claim_tolerance(options):
        return "a constraint without free variables does not hold"
    empty = empty_domains((*parts.variables, *program.variables))
    return f"the lower bound is above the upper: {', '.join(empty)}" if empty else ""
