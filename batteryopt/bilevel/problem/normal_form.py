"""The mathematical problem that a user's Pyomo model states: a leader and followers, in one normal form.

A follower is always a minimisation, its inequalities are ``g <= 0``, its equalities ``h == 0``, and the bounds of
its variables are rows like any other. `FollowerRow.origin` and `FollowerRow.side` lead back to what the user wrote.
Nothing of the user's model is copied or changed: expressions and variables are the user's own objects.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyomo.environ as pyo
from pyomo import dae
from pyomo.common.collections import ComponentMap, ComponentSet

from batteryopt.bilevel.problem.follower import Follower, FollowerDual, FollowerDualData
from batteryopt.bilevel.problem.forms import OwnForm, own_form, variables_in
from batteryopt.bilevel.problem.guard import FollowersGuard
from batteryopt.bilevel.problem.leaders import WITH_LEADERS, Leader, refuse_several
from batteryopt.bilevel.problem.refusals import OF_SEVERAL, REMEDIES, THREE_LEVELS, UnsupportedFollower
from batteryopt.ground.errors import UnsupportedModel

_PASSIVE_TYPES = (
    pyo.Var,
    pyo.BooleanVar,
    pyo.Param,
    pyo.Set,
    pyo.RangeSet,
    pyo.Expression,
    pyo.Suffix,
    pyo.BuildAction,
    pyo.BuildCheck,
)
_UNDERSTOOD_TYPES = (*_PASSIVE_TYPES, dae.ContinuousSet, pyo.Constraint, pyo.Objective, pyo.Block, Follower, Leader)


class Side(enum.Enum):
    """Which side of the user's constraint or bound a row is."""

    UPPER = "upper"
    LOWER = "lower"
    EQUAL = "equal"


@dataclass(frozen=True, eq=False)
class FollowerRow:
    """One follower's condition ``form <= 0``, or ``form == 0`` for an equality.

    Attributes
    ----------
    name
        The user's constraint or variable, and the side.
    origin
        The constraint data object, or the variable data object for a bound.
    bends
        Whether it stands for a norm, linear only while the norm's direction is data (see `norms`).
    is_squared
        Whether it was written as a squared cone, so that its multiplier is not that of the user's constraint.
    """

    name: str
    form: OwnForm
    side: Side
    origin: Any
    bends: bool = False
    is_squared: bool = False

    @property
    def is_equality(self) -> bool:
        """Whether it holds with equality."""
        return self.side is Side.EQUAL

    @property
    def is_data(self) -> bool:
        """Whether no own variable occurs: then it limits what the leader may do to the follower."""
        return not self.form.variables

    @property
    def derivative_sign(self) -> int:
        """Sign of d(minimal value)/d(right-hand side) per unit of this row's multiplier."""
        return 1 if self.side is Side.LOWER else -1


@dataclass(frozen=True, eq=False)
class FollowerProblem:
    """One follower in normal form.

    Attributes
    ----------
    block
        The user's follower.
    variables
        Its own unfixed variables that occur in its objective or constraints.
    objective
        To be minimised; ``sense`` is -1 where the user maximises.
    rows
        Constraints and variable bounds.
    strict
        Where norms have directions of their own: rows that are smooth and a little stricter, for a Slater point.
    """

    block: Any
    variables: tuple[Any, ...]
    objective: OwnForm
    sense: int
    rows: tuple[FollowerRow, ...]
    strict: FollowerProblem | None = None

    @property
    def name(self) -> str:
        """The user's name for it."""
        return str(self.block.name)

    @cached_property
    def inequalities(self) -> tuple[FollowerRow, ...]:
        """Rows ``g <= 0`` in which an own variable occurs."""
        return tuple(row for row in self.rows if not row.is_equality and not row.is_data)

    @cached_property
    def equalities(self) -> tuple[FollowerRow, ...]:
        """Rows ``h == 0`` in which an own variable occurs."""
        return tuple(row for row in self.rows if row.is_equality and not row.is_data)

    @cached_property
    def data_rows(self) -> tuple[FollowerRow, ...]:
        """Rows without own variables."""
        return tuple(row for row in self.rows if row.is_data)

    @property
    def has_affine_rows(self) -> bool:
        """Whether every row is affine in the own variables, so that KKT conditions need no further qualification."""
        return all(row.form.is_affine for row in self.rows)

    @property
    def has_integers(self) -> bool:
        """Whether it decides on integers, whose optimality no KKT conditions express."""
        return any(not v.is_continuous() for v in self.variables)

    @cached_property
    def data_variables(self) -> tuple[Any, ...]:
        """Variables of the leader and of other followers that occur in it."""
        own = ComponentSet(self.variables)
        expressions = [self.objective.expression, *(row.form.expression for row in self.rows)]
        return tuple(v for v in variables_in(expressions) if v not in own)


@dataclass(frozen=True, eq=False)
class BilevelProblem:
    """Leader and followers.

    Attributes
    ----------
    model
        The user's model.
    objective
        The leader's objective component, as the user wrote it.
    constraints
        The leader's active constraint data objects.
    followers
        In the order of the model.
    duals
        Every multiplier that the leader uses: expression data object to follower's constraint data object.
    idle_duals
        The multipliers that stand on the model and occur in nothing of the leader's: they are only reported.
    """

    model: Any
    objective: Any
    constraints: tuple[Any, ...]
    followers: tuple[FollowerProblem, ...]
    duals: ComponentMap
    idle_duals: ComponentMap

    @property
    def all_duals(self) -> ComponentMap:
        """Every multiplier that a `dual_of` expression stands for, used or not."""
        return ComponentMap([*self.duals.items(), *self.idle_duals.items()])

    @property
    def sense(self) -> int:
        """1 where the leader minimises, -1 where the leader maximises."""
        return 1 if self.objective.sense == pyo.minimize else -1

    @cached_property
    def leader_variables(self) -> tuple[Any, ...]:
        """Unfixed variables of the user's that no follower owns."""
        owned = ComponentSet(v for follower in self.followers for v in follower.variables)
        expressions = [self.objective.expr, *(c.body for c in self.constraints)]
        occurring = variables_in(expressions)
        for follower in self.followers:
            occurring.update(follower.data_variables)
        users = self.model.model()  # a `dual_of` expression may hold a multiplier, on a model of the engine's own
        return tuple(v for v in occurring if v not in owned and v.model() is users)

    @property
    def integer_decision(self) -> str | None:
        """The name of the first integer variable that a follower decides on; None where there is none."""
        return next((v.name for f in self.followers for v in f.variables if not v.is_continuous()), None)

    @cached_property
    def followers_depend_on_each_other(self) -> bool:
        """Whether a follower's problem contains another's variables, so that their answer is a Nash equilibrium."""
        owned = ComponentSet(v for follower in self.followers for v in follower.variables)
        return any(v in owned for follower in self.followers for v in follower.data_variables)


def extract(model: Any) -> BilevelProblem:
    """Read leader and followers from a Pyomo model.

    Raises
    ------
    UnsupportedFollower
        If a follower is nested, or has a component that the engine cannot express.
    UnsupportedModel
        If the leader's part has no objective, several, or a component that the engine cannot express.
    """
    followers = tuple(
        _extract_follower(block)
        for block in model.component_data_objects(Follower, active=True, descend_into=pyo.Block)
    )
    refuse_several(model)
    if not followers:
        raise UnsupportedModel(f"'{model.name}' has no active follower: use an ordinary solver")
    _refuse_unknown_components(model, UnsupportedModel)
    constraints = tuple(
        c
        for c in model.component_data_objects(pyo.Constraint, active=True, descend_into=WITH_LEADERS)
        if not isinstance(c, FollowersGuard)
    )
    objective = _only_objective(model)
    expressions = [objective.expr, *(c.body for c in constraints)]
    duals = _duals_in(expressions, followers)
    problem = BilevelProblem(model, objective, constraints, followers, duals, _idle_duals(model, followers, duals))
    # Read now: later a `dual_of` expression may hold a multiplier of an engine's model that is gone.
    problem.leader_variables  # noqa: B018
    return problem


def _extract_follower(block: Any) -> FollowerProblem:
    nested = next(block.component_data_objects(Follower, active=True, descend_into=pyo.Block), None)
    if nested is not None:
        raise UnsupportedFollower(nested.name, f"a follower inside the follower '{block.name}': {THREE_LEVELS}")
    _refuse_unknown_components(block, UnsupportedFollower)
    objectives = list(block.component_data_objects(pyo.Objective, active=True, descend_into=pyo.Block))
    if len(objectives) != 1:
        raise UnsupportedFollower(block.name, f"a follower needs one active objective, this has {len(objectives)}")
    declared = [v for v in block.component_data_objects(pyo.Var, descend_into=pyo.Block) if not v.fixed]
    own = ComponentSet(declared)
    sense = 1 if objectives[0].sense == pyo.minimize else -1
    objective = own_form(objectives[0].expr if sense == 1 else -objectives[0].expr, own)
    rows = list(_constraint_rows(block, own))
    occurring = ComponentSet(objective.variables)
    for row in rows:
        occurring.update(row.form.variables)
    variables = tuple(v for v in declared if v in occurring)
    rows.extend(row for variable in variables for row in bound_rows(variable))
    return FollowerProblem(block, variables, objective, sense, tuple(rows))


def _constraint_rows(block: Any, own: ComponentSet) -> Iterator[FollowerRow]:
    for constraint in block.component_data_objects(pyo.Constraint, active=True, descend_into=pyo.Block):
        lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
        if constraint.equality or (lower is not None and lower == upper):
            yield FollowerRow(constraint.name, own_form(body - upper, own), Side.EQUAL, constraint)
            continue
        if upper is not None:
            yield FollowerRow(f"{constraint.name} (upper)", own_form(body - upper, own), Side.UPPER, constraint)
        if lower is not None:
            yield FollowerRow(f"{constraint.name} (lower)", own_form(lower - body, own), Side.LOWER, constraint)


def bound_rows(variable: Any) -> Iterator[FollowerRow]:
    """Yield the bounds of a variable as rows."""
    lower, upper = variable.bounds
    own = ComponentSet([variable])
    if lower is not None and lower == upper:
        yield FollowerRow(f"{variable.name} (bounds)", own_form(variable - upper, own), Side.EQUAL, variable)
        return
    if upper is not None:
        yield FollowerRow(f"{variable.name} (upper bound)", own_form(variable - upper, own), Side.UPPER, variable)
    if lower is not None:
        yield FollowerRow(f"{variable.name} (lower bound)", own_form(lower - variable, own), Side.LOWER, variable)


def refuse_integers(problem: BilevelProblem, remedy: str) -> None:
    """Raise `UnsupportedFollower` where a follower decides on integers, for who needs KKT conditions."""
    for follower in problem.followers:
        for variable in follower.variables:
            if not variable.is_continuous():
                raise UnsupportedFollower(
                    variable.name,
                    f"follower '{follower.name}' decides on integers, whose optimality no KKT conditions express; "
                    f"{remedy}",
                )


def _refuse_unknown_components(block: Any, error: type[UnsupportedModel] | type[UnsupportedFollower]) -> None:
    for component in block.component_objects(active=True, descend_into=WITH_LEADERS):
        if component.ctype not in _UNDERSTOOD_TYPES or (
            component.ctype is pyo.BooleanVar and error is UnsupportedFollower
        ):
            kind = component.ctype.__name__
            remedies = REMEDIES if error is UnsupportedFollower else dict.fromkeys(REMEDIES, OF_SEVERAL)
            reason = f"components of type {kind} are not understood; {remedies.get(kind, 'write it as constraints')}"
            raise (
                UnsupportedFollower(component.name, reason)
                if error is UnsupportedFollower
                else UnsupportedModel(f"{component.name}: {reason}")
            )


def _only_objective(model: Any) -> Any:
    objectives = list(model.component_data_objects(pyo.Objective, active=True, descend_into=WITH_LEADERS))
    if len(objectives) != 1:
        names = ", ".join(o.name for o in objectives) or "none"
        raise UnsupportedModel(f"the leader needs one active objective, '{model.name}' has {len(objectives)}: {names}")
    return objectives[0]


def _duals_in(expressions: list[Any], followers: tuple[FollowerProblem, ...]) -> ComponentMap:
    """Find the multipliers the leader uses, each with its constraint."""
    constraints = ComponentSet(row.origin for follower in followers for row in follower.rows)
    duals: ComponentMap = ComponentMap()
    pending = list(expressions)
    while pending:
        node = pending.pop()
        if isinstance(node, (FollowerDual, FollowerDualData)):
            constraint = node.parent_component().constraint_of[node.index()]
            if constraint not in constraints:
                raise UnsupportedFollower(constraint.name, "its multiplier is used, but it is on no active follower")
            duals[node] = constraint
        elif hasattr(node, "is_expression_type") and node.is_expression_type():
            pending.extend(node.args)
    return duals


def _idle_duals(model: Any, followers: tuple[FollowerProblem, ...], used: ComponentMap) -> ComponentMap:
    """Find the multipliers that stand on the model and are not used in the leader's problem."""
    constraints = ComponentSet(row.origin for follower in followers for row in follower.rows)
    idle: ComponentMap = ComponentMap()
    for node in model.component_data_objects(pyo.Expression, descend_into=(pyo.Block, Follower)):
        if isinstance(node, (FollowerDual, FollowerDualData)) and node not in used:
            constraint = node.parent_component().constraint_of[node.index()]
            if constraint in constraints:
                idle[node] = constraint
    return idle
