"""The whole tree in another solver, behind its adapter: the same arrays as a Pyomo model without names."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from batteryopt.network.search.search import SECONDS_FOR_A_PLAN, Found, root_bound_of
from batteryopt.network.search.searched_problem import Problem
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram
from batteryopt.solvers.contract.adapter import Adapter, Options, ProgressListener
from batteryopt.solvers.contract.points import read_point


def search_elsewhere(
    problem: Problem,
    adapter: Adapter,
    options: Options,
    *,
    began: float,
    on_progress: ProgressListener | None = None,
) -> Found:
    """Return what a solver finds for the problem with all its cuts, in the time that is left.

    The root bound is HiGHS' all the same: it is evaluated from duals, and so a second opinion on the solver's bound.
    """
    program = problem.with_cuts()
    root = root_bound_of(program, dataclasses.replace(options, iteration_limit=None), began)
    model, columns = linear_model(program)
    left = None if options.time_limit is None else options.time_limit - (time.monotonic() - began)
    limited = dataclasses.replace(options, time_limit=None if left is None else max(left, SECONDS_FOR_A_PLAN))
    report = adapter.solve(model, limited, on_progress=on_progress)
    return Found(
        stop_reason=report.stop_reason,
        point_status=report.point_status,
        x=read_point(columns) if report.has_point else None,
        bound=report.bound,
        root_bound=root,
        rests_on="" if report.bound is None else f"the tree of {adapter.name}",
    )


def linear_model(program: QuadraticProgram) -> tuple[Any, list[Any]]:
    """Return a linear program as a Pyomo model, and its variables in the order of the columns."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(len(program.c)))
    columns = list(model.x.values())
    settings = zip(program.lower.tolist(), program.upper.tolist(), program.is_integer.tolist(), strict=True)
    for data, (lower, upper, is_integer) in zip(columns, settings, strict=True):
        data.domain = pyo.Integers if is_integer else pyo.Reals
        data.setlb(None if lower == -np.inf else lower)
        data.setub(None if upper == np.inf else upper)
    model.cost = pyo.Objective(expr=_sum(program.c, np.arange(len(columns)), columns, program.c0))
    model.rows = pyo.Constraint(pyo.Any)
    starts, indices, data = program.A.indptr, program.A.indices, program.A.data
    for row, (lower, upper) in enumerate(zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)):
        entries = slice(starts[row], starts[row + 1])
        body = _sum(data[entries], indices[entries], columns, 0.0)
        if lower == upper:
            model.rows[row] = (body, upper)
        elif np.isfinite(lower) or np.isfinite(upper):
            model.rows[row] = (None if lower == -np.inf else lower, body, None if upper == np.inf else upper)
    return model, columns


def _sum(coefficients: Floats, positions: Any, columns: list[Any], constant: float) -> Any:
    used = np.flatnonzero(coefficients)
    return LinearExpression(
        constant=constant,
        linear_coefs=coefficients[used].tolist(),
        linear_vars=[columns[j] for j in positions[used].tolist()],
    )
