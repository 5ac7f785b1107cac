"""Where KKT conditions lose nothing: affine rows, or a Slater point that serves every decision of the leader.

Without a constraint qualification a follower's optimum need not have multipliers, and the KKT conditions exclude it.
For such a follower the engine writes Fritz John conditions, which every optimum satisfies, and lets the re-solved
follower decide whether the point is one.
"""

from __future__ import annotations

import contextlib
import enum
import math
from typing import Any

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.judge.responses import fixed, restored
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.bilevel.proof.known_of_functions import interval
from batteryopt.ground.errors import UnsupportedModel

STRICTLY = 1e-6
"""How far inside its nonlinear rows a Slater point must be."""


class Qualification(enum.StrEnum):
    """Why multipliers exist at every optimum of a follower."""

    AFFINE_ROWS = "affine-rows"
    SLATER_POINT = "slater-point"
    UNPROVEN = "unproven"


def qualify(problem: BilevelProblem) -> tuple[Qualification, ...]:
    """Return what is known of each follower."""
    return tuple(_qualify(follower) for follower in problem.followers)


def _qualify(follower: FollowerProblem) -> Qualification:
    if follower.strict is not None:  # its norms, which are linear for each of their directions only
        return _qualify(follower.strict)
    if follower.has_affine_rows:
        return Qualification.AFFINE_ROWS
    everything = [*follower.variables, *follower.data_variables]
    with restored(everything):
        for variable in follower.data_variables:
            variable.set_value(_middle(variable), skip_validation=True)
        is_found = _move_inside(follower)
        is_proven = is_found and _is_inside_for_all_data(follower)
    return Qualification.SLATER_POINT if is_proven else Qualification.UNPROVEN


def _middle(variable: Any) -> float:
    lower, upper = variable.bounds
    if lower is None or upper is None:
        return float(lower if lower is not None else upper if upper is not None else 0.0)
    return 0.5 * float(lower + upper)


def _move_inside(follower: FollowerProblem) -> bool:
    """Move the own variables to the point that is deepest inside the nonlinear rows, at the data's values."""
    model = pyo.ConcreteModel()
    model.excess = pyo.Var(bounds=(-1.0, None), initialize=1.0)
    model.objective = pyo.Objective(expr=model.excess)
    rows = [row for row in follower.rows if row.origin.ctype is not pyo.Var and not row.is_data]
    model.ROWS = pyo.RangeSet(0, len(rows) - 1)

    def condition(m: Any, k: int) -> Any:
        form = rows[k].form
        if rows[k].is_equality:
            return (0.0, form.expression, 0.0)
        if form.is_affine and all(isinstance(c, (int, float)) for c in form.linear.values()):
            highest = interval(form.constant)[1]  # for all data at once
            if math.isfinite(highest):
                return (None, sum(c * v for v, c in form.linear.items()) + highest, 0.0)
        return (None, form.expression - (0.0 if form.is_affine else m.excess), 0.0)

    model.row = pyo.Constraint(model.ROWS, rule=condition)
    for variable in follower.variables:
        if variable.value is None:
            variable.set_value(_middle(variable), skip_validation=True)
    with fixed(follower.data_variables), contextlib.suppress(UnsupportedModel, ArithmeticError, ValueError):
        report = solvers.get("ipopt").solve(model)
        return report.point_status.is_feasible and bool(model.excess.value < -STRICTLY)
    return False


def _is_inside_for_all_data(follower: FollowerProblem) -> bool:
    """Whether the own variables' values satisfy every row, the nonlinear ones strictly, over the data's whole box."""
    if any(not row.is_data for row in follower.equalities) and follower.data_variables:
        return False
    with fixed(follower.variables):
        for row in follower.inequalities:
            highest = interval(row.form.expression)[1]
            if highest > (1e-7 if row.form.is_affine else -STRICTLY):
                return False
    return True
