"""From a solved Pyomo model of a network, whoever solved it, to a plan with its certificate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.public import Details, make_model
from batteryopt.network.formulation.pyomo_model import columns_of
from batteryopt.network.judge.check import check
from batteryopt.network.plan.answer import BOUND, MODEL, NetworkAnswer, value_of
from batteryopt.network.plan.solution import Solution
from batteryopt.solvers.contract.adapter import Report
from batteryopt.solvers.contract.points import read_point
from batteryopt.solvers.through_pyomo.doors import (
    of_the_user,
    origin_of,
    point_required,
    rule_checks,
    run_of,
    values_of,
)


def model_of(network: Network, name: str = MODEL, **options: Any) -> pyo.ConcreteModel:  # noqa: ARG001 (there is one)
    """Return a network's Pyomo model, as every family gives its models; options as in `make_model`."""
    return make_model(network, **options)


def plan_of(model: Any, report: Report | None = None) -> NetworkAnswer:
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
    network, details = origin.instance, origin.details
    columns = columns_of(model, details.m)
    point_required(model, columns)
    solution = to_solution(details.m, network, _whole(columns))
    certificate = check(solution) + rule_checks(of_the_user(model, pyo.Constraint))
    lowest = None if report is None or not _is_ours(model) else report.bound
    if lowest is not None:
        certificate += _bound_check(details, solution, lowest)
    return NetworkAnswer(
        network=network,
        objective_kind=details.weights,
        solution=solution,
        run=run_of(report, certificate, None if lowest is None else _sign(details) * lowest),
        certificate=certificate,
        extras=values_of(of_the_user(model, pyo.Var)),
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


def _sign(details: Details) -> float:
    """Return -1 where people ask for the most of something, of which the model minimises the negative."""
    return -1.0 if tuple(details.weights) == (Objective.COLLECTION,) else 1.0


def _bound_check(details: Details, solution: Solution, lowest: float) -> Certificate:
    """Return whether the bound of what is minimised is on the right side of it."""
    value = value_of(solution, details.weights)
    money = sum(map(abs, solution.cost_terms.values())) if Objective.COST in details.weights else abs(value)
    beyond = max(0.0, lowest - _sign(details) * value)
    found = Check(
        name=BOUND,
        residual=beyond / max(1.0, money),
        tolerance=BOUND_TOLERANCE,
        detail=f"{_sign(details) * lowest:.10g}",
    )
    return Certificate((found,))
