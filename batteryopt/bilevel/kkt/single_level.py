"""The single-level problem: the leader's, with every follower replaced by its optimality conditions.

For a follower ``min f(y) s.t. g(y) <= 0, h(y) == 0`` (all else data):

    stationarity        w grad f + sum_k lambda_k grad g_k + sum_j mu_j grad h_j = 0
    primal feasibility  g_k + slack_k = 0, slack_k >= 0, h_j = 0
    dual feasibility    lambda_k >= 0
    complementarity     lambda_k slack_k = 0     (left to the method: that is the hard part)

with w = 1 (Karush-Kuhn-Tucker), or 0 <= w <= 1 and w + sum of the multipliers of nonlinear rows = 1 (Fritz John),
which holds at every optimum without any constraint qualification. Several followers stand side by side: where they
depend on each other, that is their Nash equilibrium.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.expr.numeric_expr import LinearExpression

from batteryopt.bilevel.problem.gradients import dependent_equalities
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem, FollowerRow
from batteryopt.bilevel.problem.shared import price_per_unit


@dataclass(frozen=True, eq=False)
class Pair:
    """One complementarity ``multiplier >= 0, slack >= 0, multiplier * slack == 0``."""

    row: FollowerRow
    multiplier: Any
    slack: Any


@dataclass(frozen=True, eq=False)
class KktSystem:
    """The single-level model without its complementarity conditions.

    Attributes
    ----------
    problem
        What it was made from.
    model
        A Pyomo model of its own; its constraints refer to the user's variables, and it adds the multipliers.
        ``model.kkt[i]`` belongs to ``problem.followers[i]``.
    pairs
        The complementarity conditions, by follower.
    """

    problem: BilevelProblem
    model: Any
    pairs: tuple[tuple[Pair, ...], ...]

    @property
    def all_pairs(self) -> tuple[Pair, ...]:
        """The complementarity conditions of all followers."""
        return tuple(pair for pairs in self.pairs for pair in pairs)


def build(
    problem: BilevelProblem,
    *,
    fritz_john: frozenset[int] = frozenset(),
    equal: Sequence[tuple[FollowerRow, FollowerRow]] = (),
    limits: Sequence[tuple[Any, float]] = (),
) -> KktSystem:
    """Write the single-level model.

    Parameters
    ----------
    fritz_john
        Positions of the followers that get Fritz John conditions.
    equal
        Pairs of rows of different followers whose multipliers are one (see `shared`).
    limits
        What the user says that multipliers do not exceed in size, by constraint; not for Fritz John conditions, whose
        multipliers are relative to a weight.
    """
    single = pyo.ConcreteModel(name="single_level")
    single.LEADER_CONSTRAINTS = pyo.RangeSet(0, len(problem.constraints) - 1)
    single.FOLLOWERS = pyo.RangeSet(0, len(problem.followers) - 1)
    single.kkt = pyo.Block(single.FOLLOWERS)
    pairs = tuple(
        _add_conditions(single.kkt[i], follower, fritz_john=i in fritz_john)
        for i, follower in enumerate(problem.followers)
    )
    _limit_multipliers(problem, single, limits)
    if not problem.duals and not equal:
        _drop_dependent_equalities(problem, single)
    connect_duals(problem, single)
    single.objective = pyo.Objective(expr=problem.objective.expr, sense=problem.objective.sense)
    single.leader_constraint = pyo.Constraint(
        single.LEADER_CONSTRAINTS, rule=lambda _, i: problem.constraints[i].to_bounded_expression(evaluate_bounds=True)
    )
    single.EQUAL = pyo.RangeSet(0, len(equal) - 1)
    multiplier_of = _multipliers_by_row(problem, single)
    single.one_price = pyo.Constraint(
        single.EQUAL,
        rule=lambda _, k: _price(equal[k][0], multiplier_of) == _price(equal[k][1], multiplier_of),
        doc="one price of a limit, however its copies are scaled",
    )
    return KktSystem(problem, single, pairs)


def _limit_multipliers(problem: BilevelProblem, single: Any, limits: Sequence[tuple[Any, float]]) -> None:
    most = ComponentMap(limits)
    for i, follower in enumerate(problem.followers):
        block = single.kkt[i]
        if not block.objective_weight.fixed:
            continue
        for k, row in enumerate(follower.inequalities):
            block.multiplier[k].setub(most.get(row.origin))
        for k, row in enumerate(follower.equalities):
            if row.origin in most:
                block.equality_multiplier[k].setlb(-most[row.origin])
                block.equality_multiplier[k].setub(most[row.origin])


def _price(row: FollowerRow, multiplier_of: dict[FollowerRow, Any]) -> Any:
    return price_per_unit(row) * multiplier_of[row]


def _multipliers_by_row(problem: BilevelProblem, single: Any) -> dict[FollowerRow, Any]:
    """Return the multiplier variable of every row."""
    found: dict[FollowerRow, Any] = {}
    for i, follower in enumerate(problem.followers):
        block = single.kkt[i]
        found.update(zip(follower.inequalities, block.multiplier.values(), strict=True))
        found.update(zip(follower.equalities, block.equality_multiplier.values(), strict=True))
    return found


def _add_conditions(block: Any, follower: FollowerProblem, *, fritz_john: bool) -> tuple[Pair, ...]:
    """Add one follower's conditions to its block and return its complementarity pairs."""
    inequalities, equalities, data = follower.inequalities, follower.equalities, follower.data_rows
    block.INEQUALITIES = pyo.RangeSet(0, len(inequalities) - 1)
    block.EQUALITIES = pyo.RangeSet(0, len(equalities) - 1)
    block.DATA_ROWS = pyo.RangeSet(0, len(data) - 1)
    block.OWN = pyo.RangeSet(0, len(follower.variables) - 1)
    block.multiplier = pyo.Var(block.INEQUALITIES, domain=pyo.NonNegativeReals, initialize=0.0)
    block.slack = pyo.Var(block.INEQUALITIES, domain=pyo.NonNegativeReals, initialize=0.0)
    block.equality_multiplier = pyo.Var(block.EQUALITIES, initialize=0.0)
    block.objective_weight = pyo.Var(bounds=(0.0, 1.0), initialize=1.0)
    if fritz_john:
        nonlinear = [k for k, row in enumerate(inequalities) if row.bends or not row.form.is_affine]
        block.normalisation = pyo.Constraint(
            expr=block.objective_weight + sum(block.multiplier[k] for k in nonlinear) == 1,
            doc="some weight lies on the objective or on a nonlinear row",
        )
    else:
        block.objective_weight.fix(1.0)
    gradients = _lagrangian_gradient(block, follower, fritz_john=fritz_john)
    block.stationarity = pyo.Constraint(
        block.OWN, rule=lambda _, i: _equals_zero(gradients[follower.variables[i]]), doc="gradient of the Lagrangian"
    )
    block.slack_is = pyo.Constraint(
        block.INEQUALITIES,
        rule=lambda b, k: b.slack[k] + inequalities[k].form.expression == 0,
        doc="slack of each inequality",
    )
    block.equality = pyo.Constraint(
        block.EQUALITIES, rule=lambda _, j: _equals_zero(equalities[j].form.expression), doc="the follower's equalities"
    )
    block.data_row = pyo.Constraint(
        block.DATA_ROWS, rule=lambda _, d: _data_condition(data[d]), doc="rows without the follower's variables"
    )
    return tuple(Pair(row, block.multiplier[k], block.slack[k]) for k, row in enumerate(inequalities))


def _lagrangian_gradient(block: Any, follower: FollowerProblem, *, fritz_john: bool) -> ComponentMap:
    """Return the stationarity expression of each own variable."""
    terms: ComponentMap = ComponentMap((v, []) for v in follower.variables)
    for variable, derivative in follower.objective.gradient().items():
        terms[variable].append(block.objective_weight * derivative if fritz_john else derivative)
    for rows, multipliers in (
        (follower.inequalities, block.multiplier),
        (follower.equalities, block.equality_multiplier),
    ):
        for k, row in enumerate(rows):
            for variable, derivative in row.form.gradient().items():
                terms[variable].append(derivative * multipliers[k])
    return ComponentMap((variable, sum(parts)) for variable, parts in terms.items())


def _drop_dependent_equalities(problem: BilevelProblem, single: Any) -> None:
    """Fix at zero the multipliers of equalities that depend on others: only their sums matter, and they run away."""
    for i, follower in enumerate(problem.followers):
        for j in dependent_equalities(follower):
            single.kkt[i].equality_multiplier[j].fix(0.0)


def connect_duals(problem: BilevelProblem, single: Any) -> None:
    """Let every `dual_of` expression stand for its multiplier in a single-level model."""
    multiplier_of: ComponentMap = ComponentMap()
    for i, follower in enumerate(problem.followers):
        block = single.kkt[i]
        weight = block.objective_weight
        for rows, multipliers in (
            (follower.inequalities, block.multiplier),
            (follower.equalities, block.equality_multiplier),
        ):
            for k, row in enumerate(rows):
                # The user's optimal value is sense times the minimal one; Fritz John multipliers are per weight.
                multiplier = multipliers[k] if weight.fixed else multipliers[k] / weight
                signed = follower.sense * row.derivative_sign * multiplier
                multiplier_of[row.origin] = multiplier_of.get(row.origin, 0.0) + signed
    for dual, constraint in problem.all_duals.items():
        dual.set_value(multiplier_of.get(constraint, 0.0))


def freeze_duals(problem: BilevelProblem) -> None:
    """Let every `dual_of` expression keep its value as a number, so that the single-level model can go.

    Where an answer has no multipliers (Fritz John with no weight on the objective) the value is None.
    """
    for dual in problem.all_duals:
        try:
            dual.set_value(pyo.value(dual, exception=False))
        except ZeroDivisionError:
            dual.set_value(None)


@contextlib.contextmanager
def duals_restored(problem: BilevelProblem) -> Iterator[None]:
    """Give every `dual_of` expression back what it stood for: building another single-level model reconnects them."""
    before = [(dual, dual.expr) for dual in problem.all_duals]
    try:
        yield
    finally:
        for dual, expression in before:
            dual.set_value(expression)


def _equals_zero(expression: Any) -> Any:
    """Return ``expression == 0`` as Pyomo wants it, also where nothing of it is variable."""
    if expression.__class__ in native_numeric_types:  # all its coefficients are zero, or none of its terms may vanish
        return pyo.Constraint.Skip if expression == 0 else (0.0, _as_expression(expression), 0.0)
    return (0.0, expression, 0.0)


def _as_expression(number: float) -> Any:
    """Return a number as an expression, for conditions that cannot hold: Pyomo refuses a bare one."""
    return LinearExpression(constant=number, linear_coefs=[], linear_vars=[])


def _data_condition(row: FollowerRow) -> Any:
    return (0.0 if row.is_equality else None, row.form.expression, 0.0)
