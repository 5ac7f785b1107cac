"""How far a point with multipliers is from satisfying the KKT conditions, in numbers without units."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from batteryopt.solvers.multipliers import Multipliers
from batteryopt.solvers.nonlinear import Floats, NonlinearProgram

STATIONARITY = 1e-6
"""Relative KKT residual up to which a point is called locally optimal."""


def kkt_residual(program: NonlinearProgram, x: Floats, multipliers: Multipliers) -> float:
    """Return the larger of the two relative residuals, of stationarity and of complementarity, at x (n).

    Stationarity: the gradient of the Lagrangian, each entry relative to the size of its terms or 1. Complementarity:
    all multipliers times the distances to their bounds, summed (of a convex program this is the duality gap),
    relative to the objective or 1. An interior-point code's own test is looser where it has scaled the objective
    down or where multipliers are large.
    """
    callbacks = program.callbacks
    gradient = callbacks.gradient(x)
    shape = (len(program.row_lower), len(x))
    jacobian = sp.csr_array((callbacks.jacobian(x), callbacks.jacobianstructure()), shape=shape)
    residual = gradient + jacobian.T @ multipliers.rows - multipliers.lower + multipliers.upper
    size = abs(gradient) + abs(jacobian).T @ abs(multipliers.rows) + abs(multipliers.lower) + abs(multipliers.upper)
    stationarity = float(np.max(abs(residual) / np.maximum(1.0, size), initial=0.0))
    rows = _products(multipliers.rows, callbacks.constraints(x), program.row_lower, program.row_upper)
    lower = _products(-multipliers.lower, x, program.lower, program.upper)
    upper = _products(multipliers.upper, x, program.lower, program.upper)
    return max(stationarity, (rows + lower + upper) / max(1.0, abs(callbacks.objective(x))))


def _products(multipliers: Floats, values: Floats, lower: Floats, upper: Floats) -> float:
    """Return the sum of multipliers times distances: positive ones belong to the upper bound, negative to the lower."""
    bounds = np.where(multipliers > 0, upper, lower)
    has_bound = np.isfinite(bounds)
    distances = np.where(has_bound, values - np.where(has_bound, bounds, 0.0), np.maximum(1.0, abs(values)))
    return float(np.sum(abs(multipliers * distances)))
