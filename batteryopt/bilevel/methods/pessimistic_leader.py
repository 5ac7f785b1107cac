"""A leader who expects the worst of followers who are indifferent: the best worst case, with a bound.

For a linear follower ``min d'y s.t. B y <= b`` (d and b may hold the leader's decision) the answers of the least value
phi are a polyhedron, and the one that is worst for a leader with ``min ... + c'y`` is the optimum of

    max c'y  s.t.  B y <= b,  d'y <= phi.

A point y of it is the optimum if and only if it has multipliers u >= 0 and t >= 0 with ``c = B'u + t d`` and u zero
where a row does not bind; the last row always binds. So y is both the follower's best answer and the worst of those
where it has two sets of multipliers, the follower's own and (u, t), complementary to the same slacks. No product comes
in that the follower's own conditions do not have (but for d that holds decisions), and phi not at all.

A strictly convex quadratic follower has one best answer, and nothing to add.
"""

from __future__ import annotations

import dataclasses
import math
import time
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.judge.responses import fixed, response_model, restored
from batteryopt.bilevel.methods.base import Method, MethodOutcome, MethodSettings, Reformulation, complete
from batteryopt.bilevel.methods.indicator import IndicatorConstraints
from batteryopt.bilevel.methods.worst_answers import (
    add_worst,
    has_one_answer,
    is_linear,
    loose_variables,
    rows_for_all_answers,
)
from batteryopt.bilevel.problem.forms import own_form, variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Indicator, Options, Report, get

WORDS = "followers who are indifferent answer worst for the leader (pessimistic)"
EQUALLY_GOOD = 1e-9
"""How much worse than its best an answer may be that a follower is said to give, relative to the best or 1."""
MISSED = 1e-6
"""By so much, relative to its limit or 1, a leader's constraint may be missed at some best answer."""
DECEIVED = 1e-6
"""By so much, relative to the value or 1, a worst answer is worse than a solver's tolerances explain."""


class Pessimistic(Method):
    """Two sets of multipliers on the same slacks, by indicators."""

    name = "pessimistic"
    is_global = True
    has_conditions = False  # the zeros of a polished point would have to hold for both sets

    def refusal(self, problem: BilevelProblem, settings: MethodSettings) -> str | None:  # noqa: ARG002
        """Accept linear and strictly convex quadratic followers apart from each other, and leaders linear in them."""
        if problem.duals:
            return "the leader uses multipliers"
        if problem.followers_depend_on_each_other:
            return "followers depend on each other: which equilibrium is the worst is not known here"
        for follower in problem.followers:
            if not (is_linear(follower) or has_one_answer(follower)):
                return f"follower '{follower.name}' is neither linear nor quadratic with a positive definite Hessian"
        loose = loose_variables(problem)
        if not own_form(problem.objective.expr, loose).is_affine:
            return "the leader's objective is not linear in the followers' variables"
        for constraint in problem.constraints:
            if not own_form(constraint.body, loose).is_affine:
                return f"the leader's constraint {constraint.name} is not linear in the followers' variables"
        return None

    def apply(self, problem: BilevelProblem, settings: MethodSettings) -> Reformulation:
        """Write the followers' conditions, and multipliers of the worst answer beside theirs."""
        reformulation = IndicatorConstraints().apply(problem, settings)
        single = reformulation.system.model
        slope = own_form(problem.objective.expr, loose_variables(problem)).linear
        single.worst = pyo.Block(single.FOLLOWERS)
        added: list[Indicator] = []
        first = 0
        for i, follower in enumerate(problem.followers):
            if not has_one_answer(follower):
                add_worst(single.worst[i], follower, ComponentMap((v, problem.sense * c) for v, c in slope.items()))
                added.extend(
                    Indicator(binary=single.is_binding[first + k], active_value=0, body=single.worst[i].multiplier[k])
                    for k in range(len(follower.inequalities))
                )
            first += len(follower.inequalities)
        added.extend(rows_for_all_answers(problem, single))
        indicators = (*reformulation.indicators, *added)
        return Reformulation(system=reformulation.system, indicators=indicators, assumptions=(WORDS,))

    def solve(self, problem: BilevelProblem, settings: MethodSettings) -> MethodOutcome:
        """Solve, have the worst answers checked, and exclude whole decisions at which tolerances hid a worse one.

        Where a decision that may be anything stands in the followers' coefficients, the weight t may have to grow
        without limit, and a solver's bound is none: there the bound is that of the optimistic problem.
        """
        bound = _optimistic_bound(problem, settings) if _has_moving_coefficients(problem) else None
        reformulation = self.apply(problem, settings)
        complete(problem)
        report = _Excluding(problem, reformulation, settings).run()
        if _has_moving_coefficients(problem):
            is_nothing = report.stop_reason.is_no_solution  # the weights that are missing may be too large
            reason = StopReason.NUMERICAL_TROUBLE if is_nothing else report.stop_reason
            report = dataclasses.replace(report, bound=bound, stop_reason=reason)
        return self.invert(reformulation, report)


class _Excluding:
    """Solve again without the decisions whose worst answers are worse than the solver's tolerances let them seem."""

    def __init__(self, problem: BilevelProblem, reformulation: Reformulation, settings: MethodSettings) -> None:
        self.problem, self.reformulation, self.settings = problem, reformulation, settings
        self.began = time.perf_counter()
        self.variables = [*problem.leader_variables, *(v for follower in problem.followers for v in follower.variables)]
        self.value: float | None = None
        self.point: list[float] = []

    def run(self) -> Report:
        """Return the last report, its point and bound those of all that was tried."""
        model = self.reformulation.system.model
        model.excluded = pyo.ConstraintList()
        while True:
            report = get(self.settings.solver or "scip").solve(
                model, self.settings.options(time_limit=self._left()), indicators=tuple(self.reformulation.indicators)
            )
            if not report.has_point or not self._is_deceived(report):
                return self._with_best(report)
            whole = self.problem.leader_variables
            if not whole or any(v.is_continuous() for v in whole) or self._left() == 0.0:
                return self._with_best(report)
            model.excluded.add(sum((v - round(v.value)) ** 2 for v in whole) >= 1)

    def _is_deceived(self, report: Report) -> bool:
        """Keep the worst answer at the decision; returns whether it is worse than was said."""
        found = answer_worst(self.problem, self.settings)
        if found is None or report.objective is None:
            return False
        if worst_violation(self.problem, self.settings) > MISSED:
            return True
        sense = self.problem.sense
        if self.value is None or sense * (self.value - found) > 0:
            self.value, self.point = found, [v.value for v in self.variables]
        return sense * (found - report.objective) > DECEIVED * max(1.0, abs(found))

    def _with_best(self, report: Report) -> Report:
        if self.value is None:
            return report
        sense, bound = self.problem.sense, report.bound
        for variable, value in zip(self.variables, self.point, strict=True):
            variable.set_value(value, skip_validation=True)
        reason = report.stop_reason
        if reason is StopReason.INFEASIBLE:  # all others have been tried
            reason, bound = StopReason.CONVERGED, self.value
        elif bound is not None:
            bound = sense * min(sense * bound, sense * self.value)
        status = PointStatus.FEASIBLE if reason.is_limit else PointStatus.OPTIMAL
        return dataclasses.replace(report, stop_reason=reason, point_status=status, objective=self.value, bound=bound)

    def _left(self) -> float | None:
        limit = self.settings.time_limit
        return None if limit is None else max(0.0, limit - (time.perf_counter() - self.began))


def _optimistic_bound(problem: BilevelProblem, settings: MethodSettings) -> float | None:
    """Return a bound of the problem whose followers are kind: no worst case is better."""
    limit = None if settings.time_limit is None else 0.5 * settings.time_limit
    return IndicatorConstraints().solve(problem, dataclasses.replace(settings, time_limit=limit)).report.bound


def _has_moving_coefficients(problem: BilevelProblem) -> bool:
    """Whether continuous decisions of the leader stand in the followers' coefficients, but for right-hand sides."""
    for follower in problem.followers:
        if has_one_answer(follower):
            continue
        coefficients = [
            c for form in (follower.objective, *(r.form for r in follower.rows)) for c in form.linear.values()
        ]
        if any(v.is_continuous() for v in variables_in(coefficients)):
            return True
    return False


def answer_worst(problem: BilevelProblem, settings: MethodSettings) -> float | None:
    """Let followers give the worst of their best answers to the leader's decision; returns what the leader then has.

    By linear programs that have seen no multipliers: the follower's best value first, then the worst answer that has
    it. The variables hold that answer. None where a solver fails.
    """
    if not _put_worst(problem, problem.objective.expr, problem.sense, settings):
        return None
    value = float(pyo.value(problem.objective.expr))
    return value if math.isfinite(value) else None


def worst_violation(problem: BilevelProblem, settings: MethodSettings) -> float:
    """Return by how much the leader's constraints are missed at worst over the followers' best answers, relative.

    Not a number where a solver fails. The variables stay as they are.
    """
    loose, worst = loose_variables(problem), 0.0
    with restored([v for follower in problem.followers for v in follower.variables]):
        for constraint in problem.constraints:
            lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
            if not any(v in loose for v in variables_in([body])):
                continue
            for end, sense in ((upper, 1), (lower, -1)):
                if end is None:
                    continue
                if not _put_worst(problem, body, sense, settings):
                    return math.nan
                worst = max(worst, sense * (float(pyo.value(body)) - end) / max(1.0, abs(end)))
    return worst


def _put_worst(problem: BilevelProblem, expression: Any, sense: int, settings: MethodSettings) -> bool:
    """Give followers the best answers at which an expression, times its sense, is largest; returns whether they are."""
    options = Options(feasibility_tolerance=settings.tolerance, optimality_tolerance=settings.tolerance)
    for follower in problem.followers:
        if has_one_answer(follower):
            continue
        with fixed(follower.data_variables):
            model = response_model(follower, allow_current_violation=True)
            if not get("highs").solve(model, options).is_optimal:
                return False
            best = float(pyo.value(follower.objective.expression))
            if follower.objective.variables:
                room = EQUALLY_GOOD * max(1.0, abs(best))
                model.is_best = pyo.Constraint(expr=follower.objective.expression <= best + room)
            model.objective.deactivate()
            rest = [v for v in (*problem.leader_variables, *_others(problem, follower)) if not v.fixed]
            with fixed(rest):
                direction = pyo.maximize if sense == 1 else pyo.minimize
                model.worst = pyo.Objective(expr=expression + 0 * follower.variables[0], sense=direction)
                if not get("highs").solve(model, options).is_optimal:
                    return False
    return True


def _others(problem: BilevelProblem, follower: FollowerProblem) -> list[Any]:
    return [v for other in problem.followers if other is not follower for v in other.variables]
