"""A box for variables that have no bounds of their own, in the scale of the model's own numbers.

A spatial search needs bounds to branch on. Where a model has none, a search within a box often finds the optimum at
once; its bound then holds within the box only, and is not reported as one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from batteryopt.bilevel.kkt.active_set import all_variables
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.normal_form import BilevelProblem
from batteryopt.bilevel.proof import bounds

FIRST_SIZE = 10.0
"""The first box is this multiple of the largest number in the model."""
MOST_PAIRS_TO_BOUND = 120
"""Complementarity pairs for which bounds of multipliers are derived inside the box."""


def natural_size(problem: BilevelProblem) -> float:
    """Return the largest number among the model's bounds, costs, coefficients and right-hand sides, at least 1."""
    numbers = [1.0]
    for follower in problem.followers:
        for form in (follower.objective, *(row.form for row in follower.rows)):
            numbers.extend(abs(c) for c in (form.constant, *form.linear.values()) if isinstance(c, (int, float)))
    for variable in problem.leader_variables:
        numbers.extend(abs(bound) for bound in variable.bounds if bound is not None)
    return max(numbers)


@contextlib.contextmanager
def boxed(system: KktSystem, size: float) -> Iterator[list[Any]]:
    """Bound every unbounded variable by ``size`` while the block runs; yields those of the user that were boxed."""
    variables = all_variables(system)
    before = [(v, v.lower, v.upper) for v in variables]
    multipliers = {id(pair.multiplier) for pair in system.all_pairs}
    users = [v for v in variables if v.lb is None or v.ub is None]
    users = [v for v in users if v.parent_block().model() is not system.model]
    try:
        _limit(users, size)
        if len(multipliers) <= MOST_PAIRS_TO_BOUND:
            found, _ = bounds.derive(system)
            for variable, bound in found.items():
                variable.setub(min(bound.value, variable.ub if variable.ub is not None else bound.value))
        _limit(variables, size)
        yield users
    finally:
        for variable, lower, upper in before:
            variable.setlb(lower)
            variable.setub(upper)


def reaches(variables: list[Any], size: float) -> bool:
    """Whether a variable stands at the edge of its box."""
    return any(abs(v.value) >= 0.99 * size for v in variables)


def _limit(variables: list[Any], size: float) -> None:
    for variable in variables:
        if variable.lb is None:
            variable.setlb(-size if variable.ub is None else min(-size, variable.ub - size))
        if variable.ub is None:
            variable.setub(max(size, variable.lb + size))
