"""HiGHS: linear, mixed-integer and convex quadratic models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram, compile_parts, expression_value
from batteryopt.solvers.compile.components import Parts, parts_of
from batteryopt.solvers.contract.adapter import (
    Adapter,
    BoundDuals,
    Capability,
    Indicator,
    Options,
    ProgressListener,
    Report,
)
from batteryopt.solvers.contract.points import read_point, write_point
from batteryopt.solvers.highs.highs_arrays import ArraySolution, refuse_unless_solvable, solve_arrays
from batteryopt.solvers.highs.highs_run import version as highs_version


class HighsAdapter(Adapter):
    """LP, MIP and convex QP; no mixed-integer QP, no sets, no indicators."""

    name = "highs"
    capabilities = (
        Capability.LINEAR
        | Capability.CONVEX_QUADRATIC_OBJECTIVE
        | Capability.INTEGER
        | Capability.DUALS
        | Capability.WARM_START
    )

    def is_available(self) -> bool:
        """Whether HiGHS can be used: it is a dependency of this package."""
        return True

    def version(self) -> str:
        """Return the version of HiGHS."""
        return highs_version()

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
        """Solve a Pyomo model; see `Adapter.solve`. Multipliers to start from are of no use to HiGHS."""
        del start_duals, start_bound_duals
        options = options or Options()
        began = time.perf_counter()
        parts = parts_of(model)
        if parts.sos:
            self.require(Capability.SOS1, parts.sos[0].name)
        if indicators:
            self.require(Capability.INDICATOR, str(indicators[0].binary.name))
        program = compile_parts(parts)
        start = read_point(program.variables) if options.warm_start else None
        refuse_unless_solvable(program, parts.objective_name)
        build_seconds = time.perf_counter() - began
        solution = solve_arrays(program, options, start=start, on_progress=on_progress)
        return self._report(program, parts, solution, build_seconds)

    def _report(self, program: QuadraticProgram, parts: Parts, solution: ArraySolution, build_seconds: float) -> Report:
        objective = None
        if solution.x is not None:
            write_point(program.variables, solution.x)
            objective = expression_value(parts.objective)
        return Report(
            solver=self.name,
            version=self.version(),
            stop_reason=solution.stop_reason,
            point_status=solution.point_status,
            objective=objective,
            bound=solution.bound,
            seconds=solution.seconds,
            build_seconds=build_seconds,
            iterations=solution.iterations,
            duals=_constraint_duals(program, solution),
            bound_duals=_bound_duals(program, solution),
            message=solution.message,
        )


def _constraint_duals(program: QuadraticProgram, solution: ArraySolution) -> ComponentMap:
    if solution.row_duals is None:
        return ComponentMap()
    return ComponentMap(zip(program.constraints, solution.row_duals.tolist(), strict=True))


def _bound_duals(program: QuadraticProgram, solution: ArraySolution) -> ComponentMap:
    if solution.column_duals is None:
        return ComponentMap()
    lower, upper = split_by_bound(program, solution.column_duals)
    pairs = (BoundDuals(lower=low, upper=high) for low, high in zip(lower.tolist(), upper.tolist(), strict=True))
    return ComponentMap(zip(program.variables, pairs, strict=True))


def split_by_bound(program: QuadraticProgram, column_duals: Floats) -> tuple[Floats, Floats]:
    """Return the duals of lower and of upper bounds: a reduced cost belongs to the bound that its sign can bind."""
    pushes_up = column_duals < 0 if program.maximise else column_duals > 0
    lower = np.where(pushes_up & np.isfinite(program.lower), column_duals, 0.0)
    upper = np.where(~pushes_up & np.isfinite(program.upper), column_duals, 0.0)
    return lower, upper
