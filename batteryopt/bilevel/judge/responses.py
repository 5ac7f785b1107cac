"""The followers' own problems, solved as they stand: no KKT conditions, everything else fixed at its value."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options, Report

MOST_ACTIVE_SET_VARIABLES = 300
"""Quadratic followers up to this size go to HiGHS' active-set solver, whose vertices are exact; larger to Ipopt."""
EXACT_SECONDS = 5.0
"""After that long an active-set solver has stalled, and Ipopt answers instead."""

LEAST_CURVATURE = 1e-9
"""Smallest eigenvalue of a Hessian, relative to its largest, that linear equations are trusted with."""


@contextlib.contextmanager
def fixed(variables: Sequence[Any]) -> Iterator[None]:
    """Fix variables at their values while the block runs."""
    for variable in variables:
        variable.fix()
    try:
        yield
    finally:
        for variable in variables:
            variable.unfix()


@contextlib.contextmanager
def restored(variables: Sequence[Any]) -> Iterator[None]:
    """Give variables back the values they had before the block."""
    values = [variable.value for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.set_value(value, skip_validation=True)


def response_model(follower: FollowerProblem, *, allow_current_violation: bool = False) -> Any:
    """Return the follower's problem as a Pyomo model over the follower's own variables.

    With ``allow_current_violation`` each row is loosened by what the current point violates it, so that rounding in
    the leader's decision does not make the follower infeasible.
    """
    model = pyo.ConcreteModel(name=f"response of {follower.name}")
    model.objective = pyo.Objective(expr=follower.objective.expression)
    rows = [row for row in follower.rows if row.origin.ctype is not pyo.Var and not row.is_data]
    model.ROWS = pyo.RangeSet(0, len(rows) - 1)

    def condition(_: Any, k: int) -> tuple[float | None, Any, float]:
        form = rows[k].form.expression
        excess = pyo.value(form) if allow_current_violation else 0.0
        if rows[k].is_equality:
            return min(0.0, excess), form, max(0.0, excess)
        return None, form, max(0.0, excess)

    model.row = pyo.Constraint(model.ROWS, rule=condition)
    return model


def best_response(
    follower: FollowerProblem, *, is_global: bool = True, allow_current_violation: bool = False
) -> Report:
    """Solve one follower at the values of all data; its variables hold the answer.

    Parameters
    ----------
    is_global
        False where convexity is only assumed: then a global solver is asked.
    """
    if is_global and (free := _free_optimum(follower)) is not None:
        return free
    with fixed(follower.data_variables):
        model = response_model(follower, allow_current_violation=allow_current_violation)
        if not is_global:
            return solvers.get("scip").solve(model)
        if follower.objective.is_quadratic and follower.has_affine_rows:
            is_linear = follower.objective.is_affine
            if is_linear or len(follower.variables) <= MOST_ACTIVE_SET_VARIABLES:
                with contextlib.suppress(UnsupportedModel):
                    report = solvers.get("highs").solve(model, Options(time_limit=EXACT_SECONDS))
                    if report.stop_reason is StopReason.CONVERGED or report.stop_reason.is_no_solution:
                        return report
        return solvers.get("ipopt").solve(model, Options(optimality_tolerance=1e-10, feasibility_tolerance=1e-10))


def _free_optimum(follower: FollowerProblem) -> Report | None:
    """Solve a strictly convex quadratic follower without constraints: one linear system. None where it is none.

    Where a follower stands at every node of a mesh there are hundreds of them, and a solver's start-up would be all
    the time that they take.
    """
    objective = follower.objective
    if follower.inequalities or follower.equalities or objective.is_affine or not objective.has_constant_hessian:
        return None
    begin = time.perf_counter()
    upper = np.zeros((len(objective.variables),) * 2)
    for (i, j), entry in objective.hessian().items():
        upper[i, j] = entry
    curvature = upper + np.triu(upper, k=1).T
    slope = np.array([pyo.value(objective.linear.get(v, 0.0)) for v in objective.variables])
    widths = np.linalg.eigvalsh(curvature)
    if widths[0] <= LEAST_CURVATURE * widths[-1]:  # unbounded, or many optima, or rounding decides which
        return None
    for variable, value in zip(objective.variables, np.linalg.solve(curvature, -slope), strict=True):
        variable.set_value(float(value), skip_validation=True)
    value = float(pyo.value(objective.expression))
    return Report(
        solver="linear equations",
        version=np.__version__,
        stop_reason=StopReason.CONVERGED,
        point_status=PointStatus.OPTIMAL,
        objective=value,
        bound=value,
        seconds=time.perf_counter() - begin,
    )


def answer_in_turn(problem: BilevelProblem, sweeps: int = 8, tolerance: float = 1e-8) -> bool:
    """Let the followers answer one after the other until nobody moves; returns whether all had an answer."""
    for _ in range(sweeps if problem.followers_depend_on_each_other else 1):
        moved = 0.0
        for follower in problem.followers:
            before = [v.value for v in follower.variables]
            if not best_response(follower).point_status.is_feasible:
                return False
            moved = max(
                [
                    moved,
                    *(
                        abs(v.value - (0.0 if b is None else b))
                        for v, b in zip(follower.variables, before, strict=True)
                    ),
                ]
            )
        if moved <= tolerance:
            break
    return True
