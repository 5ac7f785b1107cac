"""The least cost of a network through the model's arrays and SciPy's solver at gap 0: no batteryopt adapter between."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from batteryopt.network.instance import Network
from batteryopt.network.model import build
from batteryopt.network.model.algebra import Floats, Formulation
from batteryopt.network.model.arrays import to_arrays
from batteryopt.network.model.draft import COST_TERMS
from batteryopt.network.model.extract import to_solution
from batteryopt.network.solution import Solution


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


def _best_point(model: Formulation) -> Floats:
    program = to_arrays(model, sum((model.account(term) for term in COST_TERMS), np.zeros(model.size)))
    answer = milp(
        program.c,
        integrality=program.is_integer.astype(int),
        bounds=Bounds(program.lower, program.upper),
        constraints=LinearConstraint(program.A, program.row_lower, program.row_upper),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.success, answer.message
    return np.asarray(answer.x, dtype=float)
