"""Between Ipopt's multipliers and this package's duals, both ways.

Ipopt minimises f with the Lagrangian ``f + y'g - z_L'(x - lower) + z_U'(x - upper)`` where z_L, z_U >= 0, so that the
optimal value changes by -y with a row's bound, by z_L with a lower and by -z_U with an upper bound; a maximisation
was turned into a minimisation of -f (``sign`` -1) and its duals turn with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyomo.common.collections import ComponentMap

from batteryopt.solvers.compile.nonlinear import Floats, NonlinearProgram
from batteryopt.solvers.contract.adapter import BoundDuals


@dataclass(frozen=True, kw_only=True)
class Multipliers:
    """Multipliers in Ipopt's signs: of rows (m), and of lower and upper bounds (n, not negative)."""

    rows: Floats
    lower: Floats
    upper: Floats


def duals_of(program: NonlinearProgram, multipliers: Multipliers, constraints: Iterable[Any]) -> ComponentMap:
    """Return the duals by constraint; those of `constraints` that are not in the program have 0."""
    duals = ComponentMap((constraint, 0.0) for constraint in constraints)
    duals.update(zip(program.constraints, (-program.sign * multipliers.rows).tolist(), strict=True))
    return duals


def bound_duals_of(program: NonlinearProgram, multipliers: Multipliers, variables: Iterable[Any]) -> ComponentMap:
    """Return the `BoundDuals` by variable; a bound that is not there, or a variable not in the program, has 0."""
    lower = np.where(np.isfinite(program.lower), program.sign * multipliers.lower, 0.0)
    upper = np.where(np.isfinite(program.upper), -program.sign * multipliers.upper, 0.0)
    pairs = (BoundDuals(lower=low, upper=high) for low, high in zip(lower.tolist(), upper.tolist(), strict=True))
    duals = ComponentMap((variable, BoundDuals(lower=0.0, upper=0.0)) for variable in variables)
    duals.update(zip(program.variables, pairs, strict=True))
    return duals


def multipliers_of(
    program: NonlinearProgram,
    duals: Mapping[Any, float] | None,
    bound_duals: Mapping[Any, BoundDuals] | None,
) -> Multipliers:
    """Return Ipopt's multipliers of given duals; what is not given starts at 0."""
    duals, bound_duals = duals or {}, bound_duals or {}
    none = BoundDuals(lower=0.0, upper=0.0)
    rows = np.array([duals.get(c, 0.0) for c in program.constraints], dtype=float)
    pairs = np.array(
        [[b.lower, b.upper] for b in (bound_duals.get(v, none) for v in program.variables)], dtype=float
    ).reshape(-1, 2)
    return Multipliers(
        rows=-program.sign * rows,
        lower=np.maximum(0.0, program.sign * pairs[:, 0]),
        upper=np.maximum(0.0, -program.sign * pairs[:, 1]),
    )
