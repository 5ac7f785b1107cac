"""What Ipopt and codes with its interface share: translation, statuses, a second attempt, the report."""

from __future__ import annotations

import abc
import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import expression_value
from batteryopt.solvers.compile.components import Parts, parts_of
from batteryopt.solvers.compile.nonlinear import NonlinearProgram, compile_nonlinear
from batteryopt.solvers.contract.adapter import Adapter, Capability, Indicator, Options, ProgressListener, Report
from batteryopt.solvers.contract.attempts import STATUSES, Attempt, Start, attempted, pushed_inside
from batteryopt.solvers.contract.points import (
    claim_tolerance,
    empty_domains,
    judged,
    read_point,
    settle_unused,
    violation_in_model,
    write_point,
)
from batteryopt.solvers.contract.watched import Watched
from batteryopt.solvers.interior_point.kkt_residual import STATIONARITY, kkt_residual
from batteryopt.solvers.interior_point.multipliers import bound_duals_of, duals_of, multipliers_of
from batteryopt.solvers.scaling.natural_units import small_units


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
    ) -> Attempt:
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
        program = compile_nonlinear(parts)
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
    ) -> Attempt:
        with catching_interrupt() as flag:
            callbacks = Watched(program, flag, on_progress)
            answer = attempted(self.run, program, callbacks, start, options)
        if callbacks.error is not None:
            raise callbacks.error
        return answer

    def _judged(self, program: NonlinearProgram, parts: Parts, answer: Attempt, options: Options) -> Report:
        """Return the report, after the constraints at the point and the KKT conditions had their say."""
        stop_reason, status = STATUSES.get(answer.status, (StopReason.NUMERICAL_TROUBLE, PointStatus.UNKNOWN))
        tolerance = claim_tolerance(options)
        if status is not PointStatus.NONE:
            write_point(program.variables, answer.x)
            status = judged(status, violation_in_model(parts.constraints, program.variables), tolerance)
        elif stop_reason is StopReason.UNBOUNDED and not program.violation(answer.x) <= tolerance:
            stop_reason = StopReason.INFEASIBLE_OR_UNBOUNDED
        if status is PointStatus.LOCALLY_OPTIMAL and not _residual(program, parts, answer) <= STATIONARITY:
            status, stop_reason = PointStatus.FEASIBLE, StopReason.NUMERICAL_TROUBLE
        if (stop_reason, status.is_feasible) in ((StopReason.CONVERGED, False), (StopReason.INFEASIBLE, True)):
            stop_reason = StopReason.NUMERICAL_TROUBLE
        return self._report(program, parts, answer, stop_reason, status)

    def _report(
        self, program: NonlinearProgram, parts: Parts, answer: Attempt, stop_reason: StopReason, status: PointStatus
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


def _residual(program: NonlinearProgram, parts: Parts, answer: Attempt) -> float:
    """Return the KKT residual of an answer, in the model's own units where its numbers are small."""
    small = small_units(parts, expression_value(parts.objective))
    if small is None:
        return answer.residual
    units, height = small
    floors = np.array([height / units[variable] for variable in program.variables])
    return kkt_residual(program, answer.x, answer.multipliers, floors=np.minimum(1.0, floors), unit=height)


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


def _evident_infeasibility(program: NonlinearProgram, parts: Parts, options: Options) -> str:
    """Return what makes a model infeasible before any solver is asked; empty where nothing does."""
    if program.violation_of_constants() > claim_tolerance(options):
        return "a constraint without free variables does not hold"
    empty = empty_domains((*parts.variables, *program.variables))
    return f"the lower bound is above the upper: {', '.join(empty)}" if empty else ""
