"""The program of `value_function`, and the cut that an answer of a follower gives: see there."""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from batteryopt.bilevel.kkt.identities import QuadraticForm
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.methods.envelopes import Envelopes
from batteryopt.bilevel.problem.forms import variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem, FollowerRow
from batteryopt.bilevel.proof.bounds import propagated
from batteryopt.bilevel.proof.known_of_functions import Interval, interval
from batteryopt.ground.errors import UnsupportedModel

WHOLE = 1e-9
"""Distance from a whole number within which a coefficient counts as one."""


class High:
    """Leader and followers as if they were of one mind ("high point"): the relaxation that cuts are added to."""

    def __init__(self, problem: BilevelProblem) -> None:
        self.problem = problem
        self.model = model = pyo.ConcreteModel(name="single_level")
        self.envelopes = Envelopes(model, ComponentMap())
        model.rows, model.cuts = pyo.ConstraintList(), pyo.ConstraintList()
        model.excludes = pyo.VarList(domain=pyo.Binary)
        model.objective = pyo.Objective(expr=self.linear(problem.objective.expr), sense=problem.objective.sense)
        for constraint in problem.constraints:
            lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
            model.rows.add((lower, self.linear(body), upper))
        for row in (row for follower in problem.followers for row in follower.rows):
            expression = self.linear(row.form.expression)
            if expression.__class__ not in native_numeric_types:
                model.rows.add((0.0 if row.is_equality else None, expression, 0.0))
        self.everyone = [*problem.leader_variables, *(v for f in problem.followers for v in f.variables)]
        self.system = KktSystem(problem, model, ())
        self.box: ComponentMap = ComponentMap()
        with propagated(self.system) as is_feasible:  # it may find bounds that nobody wrote
            if is_feasible:
                self.box.update((v, tuple(_ends(v))) for v in self.everyone)

    def linear(self, expression: Any) -> Any:
        """Return an expression with its products of binaries and bounded variables written as rows.

        Raises
        ------
        UnsupportedModel
            If it has other products, or is of another kind.
        """
        form, takes = QuadraticForm.of(expression), self.envelopes.takes
        if form is None or not all(takes(form.variables[i], form.variables[j]) for i, j in form.products):
            raise UnsupportedModel(f"'{str(expression)[:60]}'")
        return self.envelopes.linear(form)

    def interval(self, expression: Any) -> Interval:
        """Return bounds of an expression over all that leader and followers may do together."""
        return interval(expression, self.box)

    @staticmethod
    def variables_of(expression: Any) -> Any:
        """Return the unfixed variables of an expression."""
        return variables_in([expression])


def _ends(variable: Any) -> Interval:
    lower, upper = variable.bounds
    return -math.inf if lower is None else lower, math.inf if upper is None else upper


class AnswerCuts:
    """Cuts that have been added, each once."""

    def __init__(self, high: High) -> None:
        self.high = high
        self._known: set[tuple[int, tuple[float, ...]]] = set()

    def add(self, follower: FollowerProblem, answer: list[float]) -> bool:
        """Add the cut of an answer; returns False where it is there already, and has not helped."""
        key = (id(follower), tuple(round(value, 9) for value in answer))
        if key in self._known:
            return False
        self._known.add(key)
        there = {id(v): value for v, value in zip(follower.variables, answer, strict=True)}
        put = ExpressionReplacementVisitor(substitute=there, remove_named_expressions=True)
        value = put.walk_expression(follower.objective.expression)
        model = self.high.model
        loosened: Any = 0.0
        highest = max(0.0, self.high.interval(follower.objective.expression - value)[1])
        for row in follower.rows:
            slack = _excluding(row, put)
            if slack is None:
                continue
            most = _loss_without(follower, row, there)
            excludes = self._binary(row, slack)
            loosened += (highest if most is None else most) * excludes
        model.cuts.add(self.high.linear(follower.objective.expression - value) - loosened <= 0)
        return True

    def _binary(self, row: FollowerRow, body: Any) -> Any:
        """Return a binary that is 1 only where the leader's decision makes a row exclude the answer."""
        decided = _by_one_decision(body)
        if decided is not None and not row.is_equality:
            return decided
        model = self.high.model
        lowest, highest = self.high.interval(body)
        least = 1.0 if _is_whole(body) else 0.0  # by so much a row is violated at least, where it is
        total: Any = 0.0
        sides = [(body, lowest, highest), (-body, -highest, -lowest)] if row.is_equality else [(body, lowest, highest)]
        for side, low, high in sides:
            if high < least or high <= 0.0:  # never excluded by this side
                continue
            excludes = model.excludes.add()
            model.cuts.add(self.high.linear(side) >= least - (least - low) * (1 - excludes))
            total += excludes
        return total


def _by_one_decision(body: Any) -> Any | None:
    """Return what is 1 where a binary decision of the leader alone makes ``body > 0``: itself or its opposite."""
    form = QuadraticForm.of(body)
    if form is None or form.products or len(form.linear) != 1:
        return None
    ((key, slope),) = form.linear.items()
    variable = form.variables[key]
    if not variable.is_binary():
        return None
    at_zero, at_one = form.constant > WHOLE, form.constant + slope > WHOLE
    if at_zero == at_one:
        return None if at_zero else 0.0
    return variable if at_one else 1 - variable


def _excluding(row: FollowerRow, put: ExpressionReplacementVisitor) -> Any | None:
    """Return what a row says of the answer, in terms of data; None where it says nothing that changes."""
    if row.is_data:
        return None
    body = put.walk_expression(row.form.expression)
    if body.__class__ in native_numeric_types or not len(variables_in([body])):
        return None
    return body


def _is_whole(body: Any) -> bool:
    """Whether an expression takes whole numbers only: whole coefficients of integer variables, no products."""
    form = QuadraticForm.of(body)
    if form is None or form.products:
        return False
    numbers = [form.constant, *form.linear.values()]
    return all(form.variables[key].is_integer() or form.variables[key].is_binary() for key in form.linear) and all(
        abs(number - round(number)) <= WHOLE for number in numbers
    )


def _loss_without(follower: FollowerProblem, row: FollowerRow, there: dict[int, float]) -> float | None:
    """Return what the follower loses at most by doing without the one variable that a row limits from above.

    In a follower whose rows have no negative coefficients, but for fixed lower bounds, an answer stays feasible where a
    variable goes to its lower bound: so much worse, at most, the follower's value is where the row excludes the answer.
    None where it is not of that kind.
    """
    if len(row.form.variables) != 1 or row.is_equality or not is_packing(follower):
        return None
    (variable,) = row.form.variables
    if not row.form.linear[variable] > 0:
        return None
    cost = follower.objective.linear.get(variable, 0.0)
    lowest = float(variable.lb) if variable.is_continuous() else math.ceil(variable.lb)
    change = interval(cost * (lowest - there[id(variable)]))[1]
    return max(0.0, change) if math.isfinite(change) else None


def is_packing(follower: FollowerProblem) -> bool:
    """Whether less of everything is always allowed: rows without negative coefficients, lower bounds alone."""
    if follower.equalities or any(v.lb is None for v in follower.variables):
        return False
    for row in follower.inequalities:
        coefficients = list(row.form.linear.values())
        if not all(isinstance(c, (int, float)) for c in coefficients):
            return False
        is_lower_bound = row.origin.ctype is pyo.Var and coefficients[0] < 0
        if not is_lower_bound and min(coefficients) < 0:
            return False
    return True
