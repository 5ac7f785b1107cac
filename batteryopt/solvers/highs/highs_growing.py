"""A linear program that stays loaded in HiGHS while it grows and bounds change: each run starts where it was."""

from __future__ import annotations

import dataclasses

import highspy
import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from batteryopt.ground.interrupt import InterruptFlag, run_interruptibly
from batteryopt.ground.status import StopReason
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import STOP_REASONS, load, new_highs, set_options, settings_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Vertex:
    """What one run found.

    Attributes
    ----------
    x, row_duals
        Point (n) and duals of the rows present (m); None where there is no optimal point.
    """

    stop_reason: StopReason
    x: Floats | None = None
    row_duals: Floats | None = None


class GrowingProgram:
    """For cutting planes and diving.

    Parameters
    ----------
    program
        A minimisation without quadratic part; integrality is ignored.
    flag
        Stops a run when it is set.
    """

    def __init__(self, program: QuadraticProgram, options: Options, flag: InterruptFlag) -> None:
        relaxed = program.relaxed()
        self._flag = flag
        self._limit = np.inf if options.time_limit is None else options.time_limit
        self._highs = new_highs()
        set_options(self._highs, settings_of(relaxed, options))
        load(self._highs, relaxed)
        for callback in (self._highs.cbSimplexInterrupt, self._highs.cbIpmInterrupt):
            callback.subscribe(self._stop_if_asked)

    def _stop_if_asked(self, event: highspy.HighsCallbackEvent) -> None:
        if self._flag.is_set:
            event.interrupt()

    def add_rows(self, matrix: sp.csr_array, lower: Floats, upper: Floats) -> None:
        """Add rows below the others."""
        starts, columns = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._highs.addRows(matrix.shape[0], lower, upper, matrix.nnz, starts, columns, matrix.data)

    def add_columns(self, matrix: sp.csc_array, costs: Floats, lower: Floats, upper: Floats) -> None:
        """Add columns behind the others."""
        starts, rows = matrix.indptr[:-1].astype(np.int32), matrix.indices.astype(np.int32)
        self._highs.addCols(matrix.shape[1], costs, lower, upper, matrix.nnz, starts, rows, matrix.data)

    def set_bounds(self, columns: npt.NDArray[np.int64], lower: Floats, upper: Floats) -> None:
        """Set bounds of some columns."""
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def set_row_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of all rows."""
        self._highs.changeRowsBounds(len(lower), np.arange(len(lower), dtype=np.int32), lower, upper)

    def set_costs(self, costs: Floats) -> None:
        """Set the costs of all columns."""
        self._highs.changeColsCost(len(costs), np.arange(len(costs), dtype=np.int32), costs)

    def begin_anew(self) -> None:
        """Forget the last basis: where most bounds have changed, presolve is quicker than the way from there."""
        self._highs.clearSolver()

    def solve(self, seconds: float | None = None) -> Vertex:
        """Run HiGHS from its last basis, for so many seconds at most; None for the limit of all runs together."""
        limit = self._limit if seconds is None else self._highs.getRunTime() + max(seconds, 0.0)
        self._highs.setOptionValue("time_limit", limit)
        run_interruptibly(self._highs.run, self._flag)
        reason = STOP_REASONS.get(self._highs.getModelStatus(), StopReason.NUMERICAL_TROUBLE)
        if reason is not StopReason.CONVERGED:
            return Vertex(stop_reason=reason)
        solution = self._highs.getSolution()
        return Vertex(stop_reason=reason, x=np.array(solution.col_value), row_duals=np.array(solution.row_dual))
