"""A linear program that stays loaded in HiGHS while its column bounds change: each run starts from the last basis."""

from __future__ import annotations

import numpy as np

from batteryopt.ground.status import StopReason
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_run import STOP_REASONS, load, new_highs, set_options, settings_of


class LinearSession:
    """For tree searches, where one linear program is solved many times with other bounds.

    Parameters
    ----------
    program
        Without quadratic part; integrality is ignored.
    """

    def __init__(self, program: QuadraticProgram, options: Options | None = None) -> None:
        self.program = program.relaxed()
        self.iterations = 0
        self._columns = np.arange(len(program.c), dtype=np.int32)
        self._highs = new_highs()
        set_options(self._highs, settings_of(self.program, options or Options()))
        load(self._highs, self.program)

    def solve(self, lower: Floats, upper: Floats) -> tuple[StopReason, Floats | None]:
        """Return why HiGHS stopped for these bounds, and the optimal point (n) where there is one."""
        self._highs.changeColsBounds(len(self._columns), self._columns, lower, upper)
        self._highs.run()
        self.iterations += int(self._highs.getInfo().simplex_iteration_count)
        reason = STOP_REASONS.get(self._highs.getModelStatus(), StopReason.NUMERICAL_TROUBLE)
        if reason is not StopReason.CONVERGED:
            return reason, None
        return reason, np.asarray(self._highs.getSolution().col_value)

    def largest(self, column: int, lower: Floats, upper: Floats) -> tuple[StopReason, float]:
        """Return why HiGHS stopped and the largest value that a column takes within these bounds.

        The costs stay changed: what asks for largest values asks for nothing else.
        """
        costs = np.zeros(len(self._columns))
        costs[column] = -1.0
        self._highs.changeColsCost(len(self._columns), self._columns, costs)
        reason, x = self.solve(lower, upper)
        return reason, float(x[column]) if x is not None else np.inf
