"""Which of a follower's best answers is worst for somebody, as rows: see `pessimistic_leader`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from batteryopt.bilevel.problem.forms import own_form
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.solvers import Indicator

LEAST_CURVATURE = 1e-9
"""Smallest eigenvalue of a Hessian, relative to its largest, with which a best answer counts as the only one."""


def add_worst(block: Any, follower: FollowerProblem, slope: ComponentMap) -> None:
    """Write ``c = B'u + t d`` for an answer whose value is the best; equalities have multipliers of any sign."""
    block.multiplier = pyo.Var(range(len(follower.inequalities)), domain=pyo.NonNegativeReals, initialize=0.0)
    block.equality_multiplier = pyo.Var(range(len(follower.equalities)), initialize=0.0)
    block.weight = pyo.Var(domain=pyo.NonNegativeReals, initialize=0.0, doc="of the follower's own objective")
    terms: ComponentMap = ComponentMap((v, [slope.get(v, 0.0)]) for v in follower.variables)
    for variable, derivative in follower.objective.gradient().items():
        terms[variable].append(-derivative * block.weight)
    for rows, multipliers in (
        (follower.inequalities, block.multiplier),
        (follower.equalities, block.equality_multiplier),
    ):
        for k, row in enumerate(rows):
            for variable, derivative in row.form.gradient().items():
                terms[variable].append(-derivative * multipliers[k])
    block.stationarity = pyo.ConstraintList(doc="gradient of the worst answer's Lagrangian")
    for parts in terms.values():
        block.stationarity.add(sum(parts) + 0 * block.weight == 0)


def rows_for_all_answers(problem: BilevelProblem, single: Any) -> list[Indicator]:
    """Let the leader's constraints hold for the worst of all best answers, a copy of the answer for each side of each.

    A copy is feasible, has the follower's best value, and multipliers of its own by which it is the worst.
    """
    loose = loose_variables(problem)
    single.for_all = pyo.Block(pyo.Any)
    indicators: list[Indicator] = []
    for constraint in problem.constraints:
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        slope = own_form(body, loose).linear
        for end, sense in ((upper, 1), (lower, -1)):
            if end is None or not len(slope):
                continue
            block = single.for_all[len(single.for_all)]
            copies: dict[int, Any] = {}
            block.worst = pyo.Block(range(len(problem.followers)))
            for i, follower in enumerate(problem.followers):
                if any(v in slope for v in follower.variables):
                    directed = ComponentMap((v, sense * c) for v, c in slope.items())
                    indicators.extend(_copy(block.worst[i], follower, directed, copies))
            put = ExpressionReplacementVisitor(substitute=copies, remove_named_expressions=True)
            moved = put.walk_expression(body)
            block.holds = pyo.Constraint(expr=moved <= end if sense == 1 else moved >= end)
    return indicators


def _copy(block: Any, follower: FollowerProblem, slope: ComponentMap, copies: dict[int, Any]) -> list[Indicator]:
    """Add another best answer of a follower, the furthest along the slope; its variables go to ``copies``."""
    own = range(len(follower.variables))
    block.answer = pyo.Var(own, initialize={k: v.value or 0.0 for k, v in enumerate(follower.variables)})
    here = {id(v): block.answer[k] for k, v in enumerate(follower.variables)}
    copies.update(here)
    put = ExpressionReplacementVisitor(substitute=here, remove_named_expressions=True)
    add_worst(block, follower, slope)
    block.slack = pyo.Var(range(len(follower.inequalities)), domain=pyo.NonNegativeReals, initialize=0.0)
    block.is_binding = pyo.Var(range(len(follower.inequalities)), domain=pyo.Binary)
    block.row = pyo.ConstraintList()
    for k, row in enumerate(follower.inequalities):
        block.row.add(block.slack[k] + put.walk_expression(row.form.expression) == 0)
    for row in follower.equalities:
        block.row.add(put.walk_expression(row.form.expression) == 0)
    if follower.objective.variables:
        best = follower.objective.expression
        block.row.add(put.walk_expression(best) - best == 0)
    return [
        indicator
        for k in range(len(follower.inequalities))
        for indicator in (
            Indicator(binary=block.is_binding[k], active_value=1, body=block.slack[k]),
            Indicator(binary=block.is_binding[k], active_value=0, body=block.multiplier[k]),
        )
    ]


def loose_variables(problem: BilevelProblem) -> ComponentSet:
    """Return the variables of followers who may have several best answers."""
    return ComponentSet(v for follower in problem.followers if not has_one_answer(follower) for v in follower.variables)


def is_linear(follower: FollowerProblem) -> bool:
    """Whether a follower is linear in its variables."""
    return follower.objective.is_affine and follower.has_affine_rows and not follower.has_integers


def has_one_answer(follower: FollowerProblem) -> bool:
    """Whether a follower's objective is strictly convex in all its variables, so that no two answers are its best."""
    form = follower.objective
    if form.is_affine or not form.has_constant_hessian or not follower.has_affine_rows or follower.has_integers:
        return False
    if len(form.variables) < len(follower.variables):
        return False
    matrix = np.zeros((len(form.variables),) * 2)
    for (i, j), entry in form.hessian().items():
        matrix[i, j] = matrix[j, i] = entry
    widths = np.linalg.eigvalsh(matrix)
    return bool(widths[0] > LEAST_CURVATURE * widths[-1])
