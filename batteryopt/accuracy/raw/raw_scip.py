"""SCIP as it is shipped, on the model that the adapter hands over too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from batteryopt.accuracy.contest import gap_at
from batteryopt.accuracy.implications import implications_of
from batteryopt.accuracy.raw.raw_solver import RawAnswer, RawSolver
from batteryopt.ground.compiled_output import only_python_speaks
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.compile.components import Parts
from batteryopt.solvers.contract.points import settle_unused, write_point
from batteryopt.solvers.scip.scip_model import ScipModel
from batteryopt.solvers.scip.scip_solver import NUMERICAL_TROUBLE, STOP_REASONS, ScipAdapter, optimized, set_option


@dataclass(frozen=True)
class RawScip(RawSolver):
    """SCIP by its Python interface, with all of its reductions and cuts at their defaults."""

    solver: ClassVar[str] = "scip"
    takes_indicators: ClassVar[bool] = True

    def is_available(self) -> bool:
        """Whether SCIP can be used: it is a dependency of this package."""
        return True

    def version(self) -> str:
        """Return the version of SCIP."""
        return ScipAdapter().version()

    def settings(self, tolerance: float, time_limit: float) -> dict[str, Any]:
        """Return SCIP's tolerances of feasibility, of its linear programs and of the gap."""
        return {
            "misc/catchctrlc": False,
            "lp/threads": 1,
            "limits/time": time_limit,
            "numerics/feastol": tolerance,
            "numerics/dualfeastol": tolerance,
            "limits/gap": gap_at(tolerance),
            "limits/absgap": 0.0,
        }

    def run(self, parts: Parts, settings: Mapping[str, Any]) -> RawAnswer:
        """Run once; the point is left as SCIP has it, whole numbers not rounded."""
        translated = ScipModel(parts, implications_of(parts.model))
        if translated.fault:
            return RawAnswer(status=translated.fault, stop_reason=StopReason.INFEASIBLE, point_status=PointStatus.NONE)
        translated.scip.hideOutput()
        for name, value in settings.items():
            set_option(translated.scip, name, value)
        with only_python_speaks():
            is_done = optimized(translated)
        status = str(translated.scip.getStatus()) if is_done else NUMERICAL_TROUBLE
        reason = STOP_REASONS.get(status, StopReason.NUMERICAL_TROUBLE)
        held, bound = PointStatus.NONE, None
        if not reason.is_no_solution:
            point, bound = translated.best_point(is_rounded=False), translated.bound()
            if point is not None:
                write_point(translated.variables, point)
                settle_unused(parts.variables, translated.variables)
                held = PointStatus.OPTIMAL if reason is StopReason.CONVERGED else PointStatus.FEASIBLE
        return RawAnswer(
            status=status,
            stop_reason=reason,
            point_status=held,
            bound=bound,
            iterations=int(translated.scip.getNTotalNodes()),
        )
