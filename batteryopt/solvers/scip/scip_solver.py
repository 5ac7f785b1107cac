"""SCIP through pyscipopt with a translation of our own: anything factorable, to a proven global bound."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import pyscipopt
from pyomo.common.collections import ComponentMap
from pyscipopt import scip as scip_library

from batteryopt.ground.compiled_output import only_python_speaks
from batteryopt.ground.interrupt import catching_interrupt, run_interruptibly
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import expression_value
from batteryopt.solvers.compile.components import Parts, numbers_required, parts_of
from batteryopt.solvers.contract.adapter import Adapter, Capability, Indicator, Options, ProgressListener, Report
from batteryopt.solvers.contract.points import (
    claim_tolerance,
    empty_domains,
    is_proven,
    judged,
    read_point,
    settle_unused,
    violation_in_model,
    write_point,
)
from batteryopt.solvers.scaling.natural_units import small_units
from batteryopt.solvers.scip.scip_doubts import Doubt, doubt_of, second_word
from batteryopt.solvers.scip.scip_model import INFINITY, ScipModel
from batteryopt.solvers.scip.scip_progress import ScipListener

STOP_REASONS: dict[str, StopReason] = {
    "optimal": StopReason.CONVERGED,
    "gaplimit": StopReason.CONVERGED,
    "infeasible": StopReason.INFEASIBLE,
    "unbounded": StopReason.UNBOUNDED,
    "inforunbd": StopReason.INFEASIBLE_OR_UNBOUNDED,
    "timelimit": StopReason.TIME_LIMIT,
    "userinterrupt": StopReason.INTERRUPTED,
    "terminate": StopReason.INTERRUPTED,
    "nodelimit": StopReason.ITERATION_LIMIT,
    "totalnodelimit": StopReason.ITERATION_LIMIT,
    "stallnodelimit": StopReason.ITERATION_LIMIT,
    "restartlimit": StopReason.ITERATION_LIMIT,
    "sollimit": StopReason.ITERATION_LIMIT,
    "bestsollimit": StopReason.ITERATION_LIMIT,
    "primallimit": StopReason.ITERATION_LIMIT,
    "duallimit": StopReason.ITERATION_LIMIT,
    "memlimit": StopReason.MEMORY_LIMIT,
}
"""Every other status means numerical trouble."""
NUMERICAL_TROUBLE = "numerical trouble"
WORKAROUNDS = {
    "constraints/SOS1/maxtightenbds": 0,
    "conflict/enable": False,
    "misc/allowstrongdualreds": False,
}
"""What SCIP 10.0 gets wrong: tightening bounds by its conflict graph of SOS1 constraints, and learning from conflicts,
it has called feasible models infeasible; by strong dual reductions next to indicator constraints it has cut optima off
and proven worse points optimal (models with the proof: tests/solvers/test_scip_workarounds.py). Its weak dual
reductions stay: they have done no harm, and without them two firms take more than ten times as long."""


class ScipAdapter(Adapter):
    """Mixed-integer nonlinear models to a global bound, with special ordered sets and indicators; no duals."""

    name = "scip"
    capabilities = (
        Capability.LINEAR
        | Capability.CONVEX_QUADRATIC_OBJECTIVE
        | Capability.INTEGER
        | Capability.NONLINEAR
        | Capability.GLOBAL
        | Capability.SOS1
        | Capability.INDICATOR
        | Capability.WARM_START
    )

    def is_available(self) -> bool:
        """Whether SCIP can be used: it is a dependency of this package."""
        return True

    def version(self) -> str:
        """Return the version of SCIP, not of pyscipopt."""
        return f"{scip_library.MAJOR}.{scip_library.MINOR}.{scip_library.PATCH}"

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
        """Solve a Pyomo model globally; see `Adapter.solve`. Multipliers to start from are of no use to SCIP."""
        del start_duals, start_bound_duals
        options = options or Options()
        began = time.perf_counter()
        parts = parts_of(model)
        first, doubt = self._word(parts, indicators, options, on_progress, Doubt())
        if not doubt:
            return first
        point = [v.value for v in parts.variables]
        left = doubt.restated(options.after(time.perf_counter() - began))
        second, is_still = self._word(parts, indicators, left, on_progress, doubt)
        if is_still:
            return second_word(first, second, parts, options)
        if first.has_point and not second.has_point and second.stop_reason.is_limit:
            write_point(parts.variables, point)
            return dataclasses.replace(first, stop_reason=second.stop_reason, point_status=PointStatus.FEASIBLE)
        return second

    def _word(
        self,
        parts: Parts,
        indicators: Sequence[Indicator],
        options: Options,
        on_progress: ProgressListener | None,
        earlier: Doubt,
    ) -> tuple[Report, Doubt]:
        """Run SCIP once, with what was in doubt earlier restated; return its word, and what is in doubt now."""
        began = time.perf_counter()
        fault = _evident_infeasibility(parts)
        with numbers_required(parts.name):
            translated = None if fault else ScipModel(parts, indicators, earlier.factors)
        build_seconds = time.perf_counter() - began
        if translated is None or translated.fault:
            message = fault if translated is None else translated.fault
            none = self._report(StopReason.INFEASIBLE, PointStatus.NONE, build_seconds=build_seconds, message=message)
            return none, Doubt()
        began = time.perf_counter()
        status = _run(translated, options, on_progress)
        seconds = time.perf_counter() - began
        stop_reason = STOP_REASONS.get(status, StopReason.NUMERICAL_TROUBLE)
        word = self._judged(translated, parts, options, stop_reason, status, seconds, build_seconds)
        return word, doubt_of(translated, parts, word, options)

    def _judged(
        self,
        translated: ScipModel,
        parts: Parts,
        options: Options,
        stop_reason: StopReason,
        status: str,
        seconds: float,
        build_seconds: float,
    ) -> Report:
        point = None if stop_reason.is_no_solution else translated.best_point()
        bound = None if stop_reason.is_no_solution else translated.bound()
        held, objective = PointStatus.NONE, None
        if point is not None:
            write_point(translated.variables, point)
            settle_unused(parts.variables, translated.variables)
            objective = expression_value(parts.objective)
            small = small_units(parts, objective)
            unit = 1.0 if small is None else small[1]
            is_claimed = stop_reason is StopReason.CONVERGED and is_proven(objective, bound, options, unit)
            claim = PointStatus.OPTIMAL if is_claimed else PointStatus.FEASIBLE
            violation = max(violation_in_model(parts.constraints, translated.variables), translated.logic_violation())
            held = judged(claim, violation, claim_tolerance(options))
        if stop_reason is StopReason.CONVERGED and held is not PointStatus.OPTIMAL:
            stop_reason = StopReason.NUMERICAL_TROUBLE
        return self._report(
            stop_reason,
            held,
            objective=objective,
            bound=bound,
            seconds=seconds,
            build_seconds=build_seconds,
            iterations=int(translated.scip.getNTotalNodes()),
            message=status,
        )

    def _report(self, stop_reason: StopReason, point_status: PointStatus, **rest: Any) -> Report:
        return Report(
            solver=self.name, version=self.version(), stop_reason=stop_reason, point_status=point_status, **rest
        )


def _evident_infeasibility(parts: Parts) -> str:
    empty = empty_domains(parts.variables)
    return f"the lower bound is above the upper: {', '.join(empty)}" if empty else ""


def _run(translated: ScipModel, options: Options, on_progress: ProgressListener | None) -> str:
    """Run SCIP and return its status."""
    scip = translated.scip
    _set_options(scip, options)
    if options.warm_start:
        translated.offer(read_point(translated.variables))
    listener = None
    if on_progress is not None:
        listener = ScipListener(on_progress)
        scip.includeEventhdlr(listener, "progress", "tells the caller of best objective and bound")
    # hideOutput does not reach SoPlex, its LP solver, nor SCIP's error messages.
    with contextlib.nullcontext() if options.log else only_python_speaks():
        status = _status_of(translated, options)
    if listener is not None and listener.error is not None:
        raise listener.error
    return status


def _status_of(translated: ScipModel, options: Options) -> str:
    began = time.perf_counter()
    if not optimized(translated):
        return NUMERICAL_TROUBLE
    status = str(translated.scip.getStatus())
    if status == "inforunbd":
        left = None if options.time_limit is None else options.time_limit - (time.perf_counter() - began)
        status = translated.infeasible_or_unbounded(left)
    return status


def optimized(translated: ScipModel) -> bool:
    """Run SCIP; return False where its LP solver gave up (its bare exceptions are told apart by their words)."""
    try:
        with catching_interrupt() as flag:
            run_interruptibly(translated.scip.optimizeNogil, flag, stop=translated.interrupt, in_shared_thread=True)
    except Exception as error:
        if str(error).startswith("SCIP:"):
            return False
        raise
    return True


def _set_options(scip: pyscipopt.Model, options: Options) -> None:
    settings: dict[str, Any] = {
        "misc/catchctrlc": False,  # SCIP would print a line of its own among the results
        "limits/gap": options.relative_gap,
        "limits/absgap": options.absolute_gap,
        "limits/time": None if options.time_limit is None else min(options.time_limit, INFINITY),
        "limits/totalnodes": options.iteration_limit,
        "numerics/feastol": options.feasibility_tolerance,
        "numerics/dualfeastol": options.optimality_tolerance,
        "lp/threads": options.threads,
    }
    if not options.log:
        scip.hideOutput()
    for name, value in {**WORKAROUNDS, **settings, **options.extra}.items():
        if value is not None:
            set_option(scip, name, value)


def set_option(scip: pyscipopt.Model, name: str, value: Any) -> None:
    """Give SCIP a parameter by its own name; raises ValueError for one that it does not take."""
    try:
        scip.setParam(name, value)
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"scip does not take the option {name} = {value!r}; see its list of parameters") from error
