"""What counts as a small change of a variable, and of a row by it: each in its own unit.

A tolerance relative to a follower's largest number lets it lose a thousand times what it could gain elsewhere. So a
change is measured variable by variable, and a row by what such changes do to it.
"""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo
from pyomo.core.expr.visitor import identify_variables

CHANGE = 1e-6
"""A relative change of a variable that is small: about what solvers leave undecided."""
ROUNDING = 1e-13
"""The same for the numbers in a model: some hundreds of roundings."""


def size_of(variable: Any) -> float:
    """Return what a variable's change is relative to: its value, or its box where that is narrower than 1, or 1."""
    lower, upper = variable.bounds
    width = 1.0 if lower is None or upper is None or upper <= lower else min(1.0, float(upper - lower))
    return max(abs(float(variable.value or 0.0)), width)


def changes(expression: Any, share: float = CHANGE) -> list[tuple[Any, float]]:
    """Return by how much an expression changes where each of its variables moves by a share of its size.

    By differences: no second derivatives are needed, and each entry has the sign of a move upwards.
    """
    if not hasattr(expression, "is_expression_type"):
        return []
    now = value_of(expression)
    found = []
    for variable in identify_variables(expression, include_fixed=False):
        value, step = variable.value, share * size_of(variable)
        difference = math.nan
        for move in (step, -step):  # a logarithm may end on one side
            variable.set_value(value + move, skip_validation=True)
            difference = (value_of(expression) - now) * math.copysign(1.0, move)
            if math.isfinite(difference):
                break
        variable.set_value(value, skip_validation=True)
        if math.isfinite(difference):
            found.append((variable, difference))
    return found


def unit_of(expression: Any) -> float:
    """Return the unit of a row: how much its expression changes where its variables change by their sizes."""
    return sum(abs(change) for _, change in changes(expression)) / CHANGE


def value_of(expression: Any) -> float:
    """Return an expression's value; not a number where it has none, as the root of a negative."""
    try:
        value = pyo.value(expression, exception=False)
    except (ArithmeticError, ValueError):
        return math.nan
    return math.nan if value is None or isinstance(value, complex) else float(value)
