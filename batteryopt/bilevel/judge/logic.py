"""A leader's complementarity, disjunctions, logic and special ordered sets, judged at a point as they were written."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import pyomo.environ as pyo
from pyomo import gdp, mpec
from pyomo.core.expr.relational_expr import EqualityExpression, InequalityExpression, RangedExpression

from batteryopt.bilevel.answer import BilevelAnswer
from batteryopt.bilevel.problem.guard import FollowersGuard
from batteryopt.bilevel.problem.leader_logic import LEADERS, LeaderCopy, members_in_order, shown_values
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus

LOGIC_TOLERANCE = 1e-6


def leader_logic(model: Any) -> Check:
    """Return by how much the point in a model misses its leader's conditions that are no rows."""
    residuals = [
        *(_of_choice(item) for item in _standing(model, gdp.Disjunction)),
        *(_of_complementarity(item) for item in _standing(model, mpec.Complementarity)),
        *(_of_special_set(item) for item in _standing(model, pyo.SOSConstraint)),
        *(0.0 if pyo.value(item.body) else 1.0 for item in _standing(model, pyo.LogicalConstraint)),
    ]
    return Check(
        name="leader-constraints[logic]",
        residual=max(residuals, default=0.0),
        tolerance=LOGIC_TOLERANCE,
        detail="largest violation of the leader's choices, complementarity and special ordered sets, as written",
    )


def _standing(model: Any, kind: type) -> Iterator[Any]:
    """Yield active conditions that stand on no alternative that was not chosen."""
    for item in model.component_data_objects(kind, active=True, descend_into=LEADERS):
        block = item.parent_block()
        while block is not None and not (block.ctype is gdp.Disjunct and not _is_chosen(block)):
            block = block.parent_block()
        if block is None:
            yield item


def _is_chosen(disjunct: Any) -> bool:
    return bool(disjunct.active and pyo.value(disjunct.binary_indicator_var) > 0.5)


def _of_choice(disjunction: Any) -> float:
    chosen = [disjunct for disjunct in disjunction.disjuncts if _is_chosen(disjunct)]
    count = len(chosen)
    wrong = 0.0 if count == 1 or (count and not disjunction.xor) else 1.0
    rows = (
        constraint
        for disjunct in chosen
        for constraint in disjunct.component_data_objects(pyo.Constraint, active=True, descend_into=pyo.Block)
        if not isinstance(constraint, FollowersGuard)
    )
    return max([wrong, *(_violation(*row.to_bounded_expression(evaluate_bounds=True)) for row in rows)])


def _violation(lower: float | None, body: Any, upper: float | None) -> float:
    value = pyo.value(body)
    below = 0.0 if lower is None else (lower - value) / max(1.0, abs(lower))
    above = 0.0 if upper is None else (value - upper) / max(1.0, abs(upper))
    return max(0.0, below, above)


def _of_complementarity(condition: Any) -> float:
    """Return the residual of ``l <= e <= u`` with a free partner, or of two inequalities of which one holds tightly."""
    arguments = condition._args
    ranges = [_range(argument) for argument in arguments]
    free = [k for k, (lower, _, upper) in enumerate(ranges) if lower is None and upper is None]
    if free:
        _, partner, _ = ranges[free[0]]
        lower, value, upper = ranges[1 - free[0]]
        nearest = value - partner
        nearest = nearest if lower is None else max(lower, nearest)
        nearest = nearest if upper is None else min(upper, nearest)
        return abs(value - nearest)
    slacks = [_slack(*ends) for ends in ranges]
    return abs(min(slacks))


def _slack(lower: float | None, value: float, upper: float | None) -> float:
    """Return how far a value is from the nearer of its limits, negative beyond one; both are never on one side only."""
    below = math.inf if lower is None else value - lower
    above = math.inf if upper is None else upper - value
    return min(below, above)


def _range(argument: Any) -> tuple[float | None, float, float | None]:
    """Return an argument of a complementarity as lower limit, value and upper limit."""
    if isinstance(argument, RangedExpression):
        lower, body, upper = argument.args
        return pyo.value(lower), pyo.value(body), pyo.value(upper)
    if isinstance(argument, EqualityExpression):
        left, right = argument.args
        return 0.0, pyo.value(left - right), 0.0
    if isinstance(argument, InequalityExpression):
        left, right = argument.args
        return None, pyo.value(left - right), 0.0
    return None, pyo.value(argument), None


def _of_special_set(special: Any) -> float:
    """Return the largest member outside of the best run of as many neighbours as may be other than zero."""
    sizes = [abs(pyo.value(member)) for member in members_in_order(special)]
    runs = range(max(1, len(sizes) - special.level + 1))
    return float(min(max([0.0, *sizes[:k], *sizes[k + special.level :]]) for k in runs))


def judged_as_written(copy: LeaderCopy, answer: BilevelAnswer) -> BilevelAnswer:
    """Return an answer in the user's own variables, its leader's conditions judged as they were written."""
    if not copy.is_rewritten or not answer.has_point:
        return answer
    copy.bring_back_values()
    check = leader_logic(copy.users)
    return dataclasses.replace(
        answer,
        values=shown_values(copy, answer.values),
        certificate=Certificate((*answer.certificate, check)) if len(answer.certificate) else answer.certificate,
        point_status=answer.point_status if check.passed else PointStatus.INFEASIBLE,
    )
