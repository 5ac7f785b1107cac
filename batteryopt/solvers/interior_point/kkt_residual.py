"""How far a point is from satisfying the KKT conditions, in numbers without units, and the multipliers that show it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.compile.nonlinear import Floats, NonlinearProgram
from batteryopt.solvers.highs.highs_arrays import solve_arrays
from batteryopt.solvers.interior_point.multipliers import Multipliers

STATIONARITY = 1e-6
"""Relative KKT residual up to which a point is called locally optimal."""
ACTIVE = 1e-6
"""Distance to a bound, relative to its size or 1, within which the bound may have a multiplier."""


def kkt_residual(
    program: NonlinearProgram, x: Floats, multipliers: Multipliers, *, floors: Floats | float = 1.0, unit: float = 1.0
) -> float:
    """Return the larger of the two relative residuals, of stationarity and of complementarity, at x (n).

    Stationarity: the gradient of the Lagrangian, each entry relative to the size of its terms or 1. Complementarity:
    all multipliers times the distances to their bounds, summed (of a convex program this is the duality gap),
    relative to the objective or 1. An interior-point code's own test is looser where it has scaled the objective
    down or where multipliers are large.

    Parameters
    ----------
    floors, unit
        What stands for 1 where the model's own numbers are small: by column (n), and for the objective.
    """
    gradient, jacobian = _derivatives(program, x)
    residual = gradient + jacobian.T @ multipliers.rows - multipliers.lower + multipliers.upper
    size = abs(gradient) + abs(jacobian).T @ abs(multipliers.rows) + abs(multipliers.lower) + abs(multipliers.upper)
    stationarity = float(np.max(abs(residual) / np.maximum(floors, size), initial=0.0))
    rows = _products(multipliers.rows, program.callbacks.constraints(x), program.row_lower, program.row_upper)
    lower = _products(-multipliers.lower, x, program.lower, program.upper)
    upper = _products(multipliers.upper, x, program.lower, program.upper)
    return max(stationarity, (rows + lower + upper) / max(unit, abs(program.callbacks.objective(x))))


def estimated_multipliers(program: NonlinearProgram, x: Floats) -> Multipliers | None:
    """Return the multipliers that make the point x (n) most nearly stationary, from the point alone; None if it fails.

    A code's own multipliers are of no use where the constraints' gradients are dependent, as those of redundant
    equalities and of complementarity are: they grow without limit. These come from a vertex of a linear program,
    the least ``t`` with ``|gradient of the Lagrangian| <= t max(1, |gradient|)`` and multipliers of the right signs
    on active rows and bounds only.
    """
    gradient, jacobian = _derivatives(program, x)
    rows = _Sides.of(program.callbacks.constraints(x), program.row_lower, program.row_upper)
    columns = _Sides.of(x, program.lower, program.upper)
    by_multiplier = sp.csr_array(sp.hstack([jacobian.T, sp.eye_array(len(x))]))
    least, most = np.concatenate([rows.least, columns.least]), np.concatenate([rows.most, columns.most])
    try:
        solution = solve_arrays(_nearest_to_zero(gradient, by_multiplier, least, most))
    except UnsupportedModel:  # derivatives so large that HiGHS does not take them
        return None
    if solution.x is None:
        return None
    of_rows, of_bounds = solution.x[: len(rows.least)], solution.x[len(rows.least) : -1]
    return Multipliers(rows=of_rows, lower=np.maximum(0.0, -of_bounds), upper=np.maximum(0.0, of_bounds))


def _nearest_to_zero(gradient: Floats, A: sp.csr_array, least: Floats, most: Floats) -> QuadraticProgram:
    """Return the linear program: least t with ``|gradient + A y| <= t max(1, |gradient|)``, ``least <= y <= most``."""
    count, free = A.shape[1], np.full(len(gradient), np.inf)
    scale = sp.csr_array(np.maximum(1.0, abs(gradient)).reshape(-1, 1))
    return QuadraticProgram(
        c=np.append(np.zeros(count), 1.0),
        Q=sp.csc_array((count + 1, count + 1)),
        A=sp.csr_array(sp.vstack([sp.hstack([A, scale]), sp.hstack([A, -scale])])),
        row_lower=np.concatenate([-gradient, -free]),
        row_upper=np.concatenate([free, -gradient]),
        lower=np.append(least, 0.0),
        upper=np.append(most, np.inf),
        is_integer=np.zeros(count + 1, dtype=bool),
    )


@dataclass(frozen=True, kw_only=True)
class _Sides:
    """The signs that multipliers may have: positive at an active upper bound, negative at an active lower one."""

    least: Floats
    most: Floats

    @classmethod
    def of(cls, values: Floats, lower: Floats, upper: Floats) -> _Sides:
        size = ACTIVE * np.maximum(1.0, abs(values))
        return cls(
            least=np.where(values - lower <= size, -np.inf, 0.0), most=np.where(upper - values <= size, np.inf, 0.0)
        )


def _derivatives(program: NonlinearProgram, x: Floats) -> tuple[Floats, sp.csr_array]:
    callbacks = program.callbacks
    shape = (len(program.row_lower), len(x))
    jacobian = sp.csr_array((callbacks.jacobian(x), callbacks.jacobianstructure()), shape=shape)
    return callbacks.gradient(x), jacobian


def _products(multipliers: Floats, values: Floats, lower: Floats, upper: Floats) -> float:
    """Return the sum of multipliers times distances: positive ones belong to the upper bound, negative to the lower."""
    bounds = np.where(multipliers > 0, upper, lower)
    has_bound = np.isfinite(bounds)
    distances = np.where(has_bound, values - np.where(has_bound, bounds, 0.0), np.maximum(1.0, abs(values)))
    return float(np.sum(abs(multipliers * distances)))
