"""Why there is no answer: which part of the model leaves nothing, or lets something run away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.judge.responses import restored
from batteryopt.bilevel.methods.base import MethodSettings
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import StopReason
from batteryopt.solvers import Options, Report

EXCLUDED = "the leader's constraints exclude every best answer of the followers"
"""What is left where no part alone is to blame: then it rests on the word of the search."""
SECONDS = 5.0
"""Time limit of each question asked here."""


def explain_infeasible(problem: BilevelProblem) -> tuple[StopReason, str]:
    """Say why the single-level problem has no point.

    Returns
    -------
    StopReason
        UNBOUNDED where a follower has no best answer because it can improve for ever, else INFEASIBLE.
    """
    for follower in problem.followers:
        if _is_infeasible(_rows_model([follower])):
            return StopReason.INFEASIBLE, f"follower '{follower.name}' has no feasible answer to any leader decision"
    if _is_infeasible(_rows_model(problem.followers, problem.constraints)):
        return (
            StopReason.INFEASIBLE,
            "the leader's constraints cannot be met, even if the followers did what the leader wants",
        )
    for i, follower in enumerate(problem.followers):
        if _is_infeasible(_conditions_of_one(problem, i)):
            reason = StopReason.UNBOUNDED if follower.has_affine_rows else StopReason.INFEASIBLE
            what = (
                "can improve without end at every leader decision: it is unbounded"
                if follower.has_affine_rows
                else "has no point with multipliers at any leader decision: it is unbounded, "
                "or fails every constraint qualification"
            )
            return reason, f"follower '{follower.name}' {what}"
    return StopReason.INFEASIBLE, EXCLUDED


def explain_unbounded(problem: BilevelProblem) -> str:
    """Say what runs away where the single-level problem is unbounded."""
    if problem.duals:
        names = ", ".join(sorted({constraint.name for constraint in problem.duals.values()}))
        return (
            "the leader's objective grows without limit: a leader's variable is unbounded, or the multipliers it uses "
            f"({names}) are not bounded because the follower's binding constraints are dependent"
        )
    return "the leader's objective grows without limit while the followers answer best: bound the leader's variables"


def _rows_model(followers: Sequence[FollowerProblem], constraints: Sequence[Any] = ()) -> Any:
    """Return a model that asks only for feasibility."""
    model = pyo.ConcreteModel()
    rows = [row for follower in followers for row in follower.rows]
    model.ROWS = pyo.RangeSet(0, len(rows) - 1)
    model.LEADER = pyo.RangeSet(0, len(constraints) - 1)
    model.row = pyo.Constraint(
        model.ROWS, rule=lambda _, k: (0.0 if rows[k].is_equality else None, rows[k].form.expression, 0.0)
    )
    model.leader = pyo.Constraint(
        model.LEADER, rule=lambda _, k: constraints[k].to_bounded_expression(evaluate_bounds=True)
    )
    model.objective = pyo.Objective(expr=0.0)
    return model


def _conditions_of_one(problem: BilevelProblem, i: int) -> Any:
    """Return the optimality conditions of one follower with all else free, as a feasibility model."""
    from batteryopt.bilevel.methods.sos1 import Sos1

    system = Sos1().apply(problem, MethodSettings()).system
    model = system.model
    for j in model.FOLLOWERS:
        if j != i:
            model.kkt[j].deactivate()
    model.leader_constraint.deactivate()
    model.objective.deactivate()
    model.feasible = pyo.Objective(expr=0.0)
    return model


def _is_infeasible(model: Any) -> bool:
    variables = list(model.component_data_objects(pyo.Var, descend_into=True))
    with restored(variables):
        return _ask(model).stop_reason is StopReason.INFEASIBLE


def _ask(model: Any) -> Report:
    options = Options(time_limit=SECONDS)
    try:
        return solvers.get("highs").solve(model, options)
    except UnsupportedModel:
        return solvers.get("scip").solve(model, options)
