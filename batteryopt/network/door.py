"""From a solved Pyomo model of a network, whoever solved it, to a plan with its certificate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.certificate import Certificate, Check
from batteryopt.errors import Fault, InvalidInput
from batteryopt.network.answer import Answer, value_of
from batteryopt.network.check import check
from batteryopt.network.model.added import rule_checks, values_of
from batteryopt.network.model.extract import to_solution
from batteryopt.network.model.pyomo_model import columns_of
from batteryopt.network.model.public import Origin, origin_of
from batteryopt.network.objective import Objective
from batteryopt.network.solution import Solution
from batteryopt.run import Route, Run
from batteryopt.solvers.adapter import Report
from batteryopt.solvers.points import read_point
from batteryopt.status import PointStatus, StopReason

BOUND_TOLERANCE = 1e-6
"""Share of all money that a bound may be on the wrong side of the objective, for rounding."""


def plan_of(model: Any, report: Report | None = None) -> Answer:
    """Return the plan that a solved Pyomo model of a network holds, judged by the same check as any other.

    Parameters
    ----------
    model
        Made by ``batteryopt.model(network)``, perhaps with more rules, and solved by whatever solver.
    report
        What an adapter of this package said of the solve: why it stopped, and its bound. Without one nothing is
        claimed of the plan but what the check finds: it is feasible or it is not, and has no bound.

    Raises
    ------
    InvalidInput
        If the model was not made from a network, or holds no point.
    """
    origin = origin_of(model)
    columns = columns_of(model, origin.m)
    if all(variable.value is None for variable in columns):
        fault = Fault(place=f"model '{model.name}'", problem="holds no values", remedy="solve it first")
        raise InvalidInput("plan_of", [fault])
    solution = to_solution(origin.m, origin.network, _whole(columns))
    names = {*origin.m.families, *origin.m.rows}
    variables = [v for v in model.component_objects(pyo.Var) if v.name not in names]
    constraints = [c for c in model.component_objects(pyo.Constraint, active=True) if c.name not in names]
    certificate = check(solution) + rule_checks(constraints)
    lowest = None if report is None or not _is_ours(model) else report.bound
    if lowest is not None:
        certificate += _bound_check(origin, solution, lowest)
    bound = None if lowest is None else _sign(origin) * lowest
    return Answer(
        network=origin.network,
        objective_kind=origin.weights,
        solution=solution,
        run=_run(report, certificate, bound),
        certificate=certificate,
        extras=values_of([v for v in variables if all(data.value is not None for data in v.values())]),
    )


def _whole(columns: list[Any]) -> Any:
    """Return the values of variables, whole numbers as such; where a solver left one open, the nearest to 0."""
    values = read_point(columns)
    is_integer = np.fromiter((not v.is_continuous() for v in columns), bool, len(columns))
    return np.where(is_integer, np.round(values), values)


def _is_ours(model: Any) -> bool:
    """Whether what was minimised is still what the model came with."""
    objective = model.component("objective")
    return objective is not None and objective.active


def _sign(origin: Origin) -> float:
    """Return -1 where people ask for the most of something, of which the model minimises the negative."""
    return -1.0 if tuple(origin.weights) == (Objective.COLLECTION,) else 1.0


def _bound_check(origin: Origin, solution: Solution, lowest: float) -> Certificate:
    """Return whether the bound of what is minimised is on the right side of it."""
    value = value_of(solution, origin.weights)
    money = sum(map(abs, solution.cost_terms.values())) if Objective.COST in origin.weights else abs(value)
    beyond = max(0.0, lowest - _sign(origin) * value)
    found = Check(
        name="bound-below-the-objective",
        residual=beyond / max(1.0, money),
        tolerance=BOUND_TOLERANCE,
        detail=f"{_sign(origin) * lowest:.10g}",
    )
    return Certificate((found,))


def _run(report: Report | None, certificate: Certificate, bound: float | None) -> Run:
    if report is not None:
        run = Run.of_report(report)
        status = run.point_status if certificate.passed and bound is not None else _found(certificate)
        return Run(
            route=Route.OPTIMIZER,
            solver=run.solver,
            stop_reason=run.stop_reason,
            point_status=status,
            bound=bound,
            seconds=run.seconds,
        )
    return Run(
        route=Route.OPTIMIZER,
        solver="not told",
        stop_reason=StopReason.CONVERGED,
        point_status=_found(certificate),
    )


def _found(certificate: Certificate) -> PointStatus:
    return PointStatus.FEASIBLE if certificate.passed else PointStatus.INFEASIBLE
