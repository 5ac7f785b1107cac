"""HiGHS as it is shipped, on the arrays of a linear or quadratic program."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import highspy
import numpy as np

from batteryopt.accuracy.contest import gap_at
from batteryopt.accuracy.raw.raw_solver import RawAnswer, RawSolver
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_parts
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.contract.points import write_point
from batteryopt.solvers.highs.highs_run import STOP_REASONS, Watch, load, new_highs, run_watched, set_options, version

TOLERANCE_OPTIONS = (
    "primal_feasibility_tolerance",
    "dual_feasibility_tolerance",
    "primal_residual_tolerance",
    "dual_residual_tolerance",
    "optimality_tolerance",
    "mip_feasibility_tolerance",
)
"""Of simplex, active set, and tree; those of the interior point code reach down to 1e-12 and are given apart."""
BEFORE_RUNNING = (
    highspy.HighsModelStatus.kNotset,
    highspy.HighsModelStatus.kLoadError,
    highspy.HighsModelStatus.kModelError,
)
"""What HiGHS says of a model that it has not begun: it has no method for it."""


@dataclass(frozen=True)
class RawHighs(RawSolver):
    """HiGHS by its Python interface."""

    solver: ClassVar[str] = "highs"

    def is_available(self) -> bool:
        """Whether HiGHS can be used: it is a dependency of this package."""
        return True

    def version(self) -> str:
        """Return the version of HiGHS."""
        return version()

    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        """Return HiGHS' tolerances of feasibility, residuals, optimality and gap."""
        return {
            "output_flag": False,
            "threads": 1,
            "time_limit": time_limit,
            **dict.fromkeys(TOLERANCE_OPTIONS, tolerance),
            "ipm_optimality_tolerance": tolerance,
            "pdlp_optimality_tolerance": tolerance,
            "mip_rel_gap": gap_at(tolerance),
            "mip_abs_gap": 0.0 if gap_at(tolerance) == 0.0 else tolerance,
        }

    def run(self, parts: Parts, settings: Mapping[str, Any]) -> RawAnswer:
        """Load the arrays, run, and leave the values that HiGHS calls valid."""
        if parts.sos:
            raise UnsupportedModel(f"highs has no special ordered sets: '{parts.sos[0].name}'")
        program = compile_parts(parts)
        highs = new_highs()
        set_options(highs, dict(settings))
        load(highs, program)
        with catching_interrupt() as flag:
            run_watched(highs, program, Watch(flag=flag))
        status, words = highs.getModelStatus(), str(highs.modelStatusToString(highs.getModelStatus()))
        if status in BEFORE_RUNNING:
            raise UnsupportedModel(f"highs has no method for '{parts.name}' ({words})")
        return _answer(highs, program, STOP_REASONS.get(status, StopReason.NUMERICAL_TROUBLE), words)


def _answer(highs: highspy.Highs, program: QuadraticProgram, reason: StopReason, words: str) -> RawAnswer:
    solution, info = highs.getSolution(), highs.getInfo()
    held = PointStatus.NONE
    if solution.value_valid and not reason.is_no_solution:
        write_point(program.variables, np.array(solution.col_value))
        is_feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        held = PointStatus.FEASIBLE if is_feasible else PointStatus.UNKNOWN
    if reason is StopReason.CONVERGED:
        held = PointStatus.OPTIMAL
    bound = program.sign * info.mip_dual_bound
    is_bound = program.has_integers and math.isfinite(bound) and not reason.is_no_solution
    counts = (
        info.mip_node_count,
        info.simplex_iteration_count,
        info.ipm_iteration_count,
        info.qp_iteration_count,
    )
    return RawAnswer(
        status=words,
        stop_reason=reason,
        point_status=held,
        bound=float(bound) if is_bound else None,
        iterations=int(sum(max(0, count) for count in counts)),
        **_multipliers(program, solution),
    )


def _multipliers(program: QuadraticProgram, solution: highspy.HighsSolution) -> dict[str, dict[str, float]]:
    """Return duals and reduced costs where HiGHS calls them valid; it was given a minimisation."""
    if not solution.dual_valid or program.has_integers:
        return {}
    found = {"duals": (program.constraints, solution.row_dual), "reduced_costs": (program.variables, solution.col_dual)}
    return {
        key: {str(part.name): program.sign * value for part, value in zip(parts, values, strict=True)}
        for key, (parts, values) in found.items()
    }
