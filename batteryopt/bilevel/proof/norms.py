"""Norms with a kink in reach, and second-order cones: a further follower chooses the norm's direction.

A norm has no gradient where it is zero, and a squared cone none at its tip, so that no KKT conditions hold there. But

    ||u|| = max of v'u over ||v|| <= 1,

and y is a best answer of a convex follower with ``||u(y)||`` if and only if it is one with ``v'u(y)`` for some v that
attains this maximum: these are the norm's subgradients. So v becomes the decision of a player of its own, data to the
follower as the follower's u are to it, and their equilibria are exactly the follower's best answers. Where a
row ``||u|| <= t`` has no Slater point its multipliers may be missing, as those of any nonlinear row:
`FollowerRow.bends` and `FollowerProblem.strict` let the engine treat it as one.

Absolute values are norms of one component. A row that bends downwards in one direction only, ``|u|**2 <= t**2`` with
t >= 0 or ``|u|**2 <= s t`` with s, t >= 0, is the cone that it describes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr.visitor import identify_components, replace_expressions

from batteryopt.bilevel.problem.forms import own_form, variables_in
from batteryopt.bilevel.problem.normal_form import BilevelProblem, FollowerProblem, FollowerRow, Side, bound_rows
from batteryopt.bilevel.problem.refusals import UnsupportedFollower
from batteryopt.bilevel.proof.definiteness import is_positive
from batteryopt.bilevel.proof.known_of_functions import interval
from batteryopt.bilevel.proof.smoothness import has_kink_in_reach
from batteryopt.bilevel.proof.squares import cone_of, squares_of

INSIDE = 1e-4
"""By so much a norm is made longer where a Slater point is looked for: smooth, and none is found that is none."""


def with_directions(problem: BilevelProblem) -> BilevelProblem:
    """Return a problem whose followers' norms have directions that players of their own choose.

    Raises
    ------
    UnsupportedFollower
        If the leader uses the multiplier of a squared cone, which is not that of the norm it describes.
    """
    followers: list[FollowerProblem] = []
    for follower in problem.followers:
        followers.extend(_Norms(follower).restated())
    if len(followers) == len(problem.followers) and all(
        a is b for a, b in zip(followers, problem.followers, strict=True)
    ):
        return problem
    for constraint in problem.all_duals.values():
        if any(row.origin is constraint and row.is_squared for f in followers for row in f.rows):
            raise UnsupportedFollower(
                constraint.name,
                "its multiplier is asked for, and it is a squared cone: write it as a norm, sqrt(...) <= t",
            )
    other = dataclasses.replace(problem, followers=tuple(followers))
    other.leader_variables  # noqa: B018 (read now, as in `extract`)
    return other


def refuse_limits_of_squares(problem: BilevelProblem, limits: Iterable[tuple[Any, float]]) -> None:
    """Raise where the user limits the multiplier of a squared cone: that of the norm is another number.

    Raises
    ------
    UnsupportedFollower
        Naming the constraint.
    """
    squared = ComponentSet(row.origin for f in problem.followers for row in f.rows if row.is_squared)
    for constraint, _ in limits:
        if constraint in squared:
            raise UnsupportedFollower(constraint.name, "a limit of its multiplier needs it as a norm, sqrt(...) <= t")


@dataclass
class _Norms:
    """One follower, and the players that its norms become."""

    follower: FollowerProblem
    players: list[FollowerProblem] = field(default_factory=list)

    def restated(self) -> list[FollowerProblem]:
        """Return the follower and its players; the follower alone, unchanged, where no norm has a kink in reach."""
        old = self.follower
        own = ComponentSet(old.variables)
        objective, _ = self._without_kinks("objective", old.objective.expression, own, is_objective=True)
        rows, strict = [], []
        for row in old.rows:
            one, other = self._row(row, own)
            rows.append(one)
            strict.append(other)
        if not self.players and all(a is b for a, b in zip(rows, old.rows, strict=True)):
            return [old]
        changed = dataclasses.replace(old, objective=own_form(objective, own), rows=tuple(rows))
        inside = dataclasses.replace(old, objective=own_form(0.0, own), rows=tuple(strict))
        return [dataclasses.replace(changed, strict=inside), *self.players]

    def _row(self, row: FollowerRow, own: ComponentSet) -> tuple[FollowerRow, FollowerRow]:
        """Return a row to solve with, and one that is smooth and a little stricter."""
        if row.is_equality or row.form.is_affine:
            return row, row
        cone = None
        if row.form.is_quadratic and not _is_convex(row):
            cone = cone_of(row.form)
        if cone is not None:
            parts, height = cone
            inside = _replaced(row, _longer(parts) - height, own)
            if interval(height)[0] > 0:  # the tip is out of reach: a norm without a kink
                return _replaced(row, pyo.sqrt(sum(u * u for u in parts)) - height, own, is_squared=True), inside
            direction = self._direction(row.name, parts)
            return _replaced(row, _dot(direction, parts) - height, own, bends=True, is_squared=True), inside
        expression, smooth = self._without_kinks(row.name, row.form.expression, own, is_objective=False)
        if expression is row.form.expression:
            return row, row
        return _replaced(row, expression, own, bends=True), _replaced(row, smooth, own)

    def _without_kinks(self, name: str, expression: Any, own: ComponentSet, *, is_objective: bool) -> tuple[Any, Any]:
        """Return an expression with directions in the place of its kinks, and a smooth one that is a little larger."""
        found = list(_kinks(expression, own, is_objective=is_objective))
        if not found or not _has_nonnegative_weights(expression, [node for node, _ in found], own):
            return expression, expression
        directed, longer = {}, {}
        for node, parts in found:
            directed[id(node)] = _dot(self._direction(name, parts), parts)
            longer[id(node)] = _longer(parts)
        return replace_expressions(expression, directed), replace_expressions(expression, longer)

    def _direction(self, function: str, parts: tuple[Any, ...]) -> list[Any]:
        """Add the player who chooses a norm's direction; returns its variables."""
        place = function if function.startswith(self.follower.name) else f"{self.follower.name}.{function}"
        count = sum(player.block.name.startswith(f"direction of {place}") for player in self.players)
        name = f"direction of {place}" + (f", {count + 1}" if count else "")
        block = pyo.ConcreteModel(name=name)
        block.add_component(name.replace(".", " "), pyo.Var(range(1, len(parts) + 1), bounds=(-1, 1), initialize=0.0))
        direction = list(block.component(name.replace(".", " ")).values())
        own = ComponentSet(direction)
        if len(parts) == 1:  # the bounds say all
            rows = tuple(bound_rows(direction[0]))
        else:
            block.ball = pyo.Constraint(expr=sum(v * v for v in direction) <= 1)
            form = own_form(sum(v * v for v in direction) - 1, own)
            rows = (FollowerRow(f"{name} (length)", form, Side.UPPER, block.ball),)
        objective = own_form(-_dot(direction, parts), own)
        self.players.append(FollowerProblem(block, tuple(direction), objective, -1, rows))
        return direction


def _kinks(expression: Any, own: ComponentSet, *, is_objective: bool) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Yield the norms and absolute values of own variables whose kink is in reach, with their components."""
    if not hasattr(expression, "is_expression_type"):
        return
    for node in identify_components(expression, {ne.AbsExpression, ne.UnaryFunctionExpression, ne.PowExpression}):
        if not has_kink_in_reach(node, own, expression, is_objective=is_objective):
            continue
        form = own_form(node.args[0], own)
        if node.getname() == "abs":
            if form.is_affine:
                yield node, (node.args[0],)
            continue
        is_root = node.getname() == "sqrt" or (isinstance(node, ne.PowExpression) and pyo.value(node.args[1]) == 0.5)
        squares = squares_of(form) if is_root else None
        if squares is not None and (parts := squares.components) is not None:
            yield node, parts


def _has_nonnegative_weights(expression: Any, nodes: list[Any], own: ComponentSet) -> bool:
    """Whether the nodes are added up with weights >= 0 without own variables: then directions are subgradients."""
    places = ComponentMap((node, pyo.Var(name=f"norm {k}")) for k, node in enumerate(nodes))
    for place in places.values():
        place.construct()
    put = replace_expressions(expression, {id(node): place for node, place in places.items()})
    form = own_form(put, ComponentSet(places.values()))
    weights = list(form.linear.values())
    has_own = any(v in own for v in variables_in(weights))
    return form.is_affine and not has_own and all(interval(weight)[0] >= 0 for weight in weights)


def _is_convex(row: FollowerRow) -> bool:
    if not row.form.has_constant_hessian:
        return True  # not for squares
    matrix = np.zeros((len(row.form.variables),) * 2)
    for (i, j), entry in row.form.hessian().items():
        matrix[i, j] = matrix[j, i] = entry
    return is_positive(matrix)


def _replaced(row: FollowerRow, expression: Any, own: ComponentSet, **changes: Any) -> FollowerRow:
    name = f"{row.name}, as a norm" if changes.get("is_squared") else row.name
    return dataclasses.replace(row, name=name, form=own_form(expression, own), **changes)


def _dot(direction: list[Any], parts: tuple[Any, ...]) -> Any:
    return sum(v * u for v, u in zip(direction, parts, strict=True))


def _longer(parts: tuple[Any, ...]) -> Any:
    return pyo.sqrt(sum(u * u for u in parts) + INSIDE**2)
