"""The point in a model's variables: written, completed, and judged by Pyomo's own evaluation of the model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyomo.environ as pyo

from batteryopt.ground.status import PointStatus
from batteryopt.solvers.contract.adapter import Options

CLAIM_TOLERANCE = 1e-6
CLAIM_FACTOR = 100.0
PROOF_GAP = 1e-5


def claim_tolerance(options: Options) -> float:
    """Return the relative violation beyond which a solver's word that a point is feasible is not believed.

    Solvers hold their tolerance on a scaled or presolved model, so some slack is theirs; what is beyond
    `CLAIM_FACTOR` times the tolerance asked for, and beyond `CLAIM_TOLERANCE`, is not.
    """
    return max(CLAIM_TOLERANCE, CLAIM_FACTOR * (options.feasibility_tolerance or 0.0))


def is_proven(objective: float, bound: float | None, options: Options, unit: float = 1.0) -> bool:
    """Return whether a bound is as near to the objective at the point as the caller asked for, up to `PROOF_GAP`.

    A solver compares its bound with its own value of the objective; with nonlinear terms, whole numbers rounded or an
    objective held only to the feasibility tolerance, that may not be the objective at the point. What is relative is
    so to the objective, or to the unit if that is larger.
    """
    if bound is None:
        return False
    slack = (options.relative_gap + PROOF_GAP) * max(unit, abs(objective))
    return abs(objective - bound) <= options.absolute_gap + slack


def judged(claim: PointStatus, violation: float, tolerance: float) -> PointStatus:
    """Return a solver's claim where the violation bears it out, else what the violation says."""
    if claim is PointStatus.NONE:
        return claim
    if not violation <= tolerance:
        return PointStatus.INFEASIBLE
    return PointStatus.FEASIBLE if claim in (PointStatus.UNKNOWN, PointStatus.INFEASIBLE) else claim


def write_point(variables: Iterable[Any], values: Iterable[float]) -> None:
    """Put a point into the variables."""
    for variable, value in zip(variables, values, strict=True):
        variable.set_value(float(value), skip_validation=True)


def read_point(variables: Sequence[Any]) -> npt.NDArray[np.float64]:
    """Return the values of variables; where one has none, the value within its bounds that is nearest to 0."""
    return np.array([inside(v) if v.value is None else v.value for v in variables], dtype=float)


def inside(variable: Any) -> float:
    """Return the value in a variable's domain nearest to its present one, or to 0 where it has none."""
    lower, upper = variable.bounds
    value = 0.0 if variable.value is None else float(variable.value)
    value = max(value, -math.inf if lower is None else lower)
    value = min(value, math.inf if upper is None else upper)
    return value if variable.is_continuous() else float(round(value))


def settle_unused(declared: Iterable[Any], used: Iterable[Any]) -> None:
    """Give each declared variable that no constraint or objective uses a value within its bounds.

    So a solved model always holds a complete point. A value that is within them already stays.
    """
    keys = {id(variable) for variable in used}
    for variable in declared:
        if id(variable) not in keys:
            variable.set_value(inside(variable), skip_validation=True)


def empty_domains(variables: Iterable[Any]) -> list[str]:
    """Return the names of variables whose lower bound is above the upper."""
    names = []
    for variable in variables:
        lower, upper = variable.bounds
        if lower is not None and upper is not None and lower > upper:
            names.append(str(variable.name))
    return names


def violation_in_model(constraints: Iterable[Any], variables: Iterable[Any]) -> float:
    """Return the largest violation of a constraint or bound where the variables stand.

    Each is relative to the size of the constraint's body and bounds, or to 1 if they are smaller; not a number where
    one cannot be evaluated.
    """
    violations = [_constraint_violation(constraint) for constraint in constraints]
    violations += [_outside(variable.value, *variable.bounds) for variable in variables]
    return float(np.max(violations, initial=0.0))  # which is not a number if one of them is not


def _constraint_violation(constraint: Any) -> float:
    body = pyo.value(constraint.body, exception=False)
    if body is None or not math.isfinite(body):
        return math.nan
    return _outside(body, constraint.lb, constraint.ub)


def _outside(value: float, lower: float | None, upper: float | None) -> float:
    below = 0.0 if lower is None else (lower - value) / max(1.0, abs(lower), abs(value))
    above = 0.0 if upper is None else (value - upper) / max(1.0, abs(upper), abs(value))
    return max(0.0, below, above)
