"""The least cost of a network through the model's arrays and SciPy's solver at gap 0: no batteryopt adapter between."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from batteryopt.network.data.instance import Network
from batteryopt.network.formulation import build
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.draft import COST_TERMS
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulation_arrays import to_arrays
from batteryopt.network.plan.solution import Solution

INFEASIBLE = 2
"""SciPy's status of a problem without a plan."""


def least_cost(network: Network) -> float:
    """Return the least net present cost of a network."""
    return sum(least_cost_by_term(network).values())


def least_cost_by_term(network: Network) -> dict[str, float]:
    """Return the terms of the least net present cost of a network."""
    model = build(network)
    x = _best_point(model)
    return {term: float(model.account(term) @ x) + model.constants.get(term, 0.0) for term in COST_TERMS}


def best_plan(network: Network) -> Solution:
    """Return a plan of least net present cost."""
    model = build(network)
    return to_solution(model, network, _best_point(model))


def least_terms(model: Formulation, *, leave_out: Collection[str] = ()) -> dict[str, float] | None:
    """Return the terms of the least net present cost of a model without some rows; None where it has no plan."""
    answer = _solved(model, leave_out)
    if answer.status == INFEASIBLE:
        return None
    assert answer.success, answer.message
    return {term: float(model.account(term) @ answer.x) + model.constants.get(term, 0.0) for term in COST_TERMS}


def _best_point(model: Formulation) -> Floats:
    answer = _solved(model)
    assert answer.success, answer.message
    return np.asarray(answer.x, dtype=float)


def _solved(model: Formulation, leave_out: Collection[str] = ()) -> OptimizeResult:
    cost = sum((model.account(term) for term in COST_TERMS), np.zeros(model.size))
    program = to_arrays(model, cost, leave_out=leave_out)
    return milp(
        program.c,
        integrality=program.is_integer.astype(int),
        bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(program.A, program.row_lower, program.row_upper),
        options={"mip_rel_gap": 0.0},
    )
