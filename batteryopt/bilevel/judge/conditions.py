"""A follower's optimality conditions at a point, judged direction by direction, with multipliers of their own.

For an affine or convex follower its first-order conditions decide. What is asked here is by how much numbers would
have to change for them to hold exactly: every variable relative to its own size, every coefficient relative to itself.
That is small at an answer that a solver has rounded, whatever units the follower mixes, and large at one that is wrong
in its smallest unit only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from scipy.linalg import lstsq, qr
from scipy.optimize import lsq_linear, nnls

from batteryopt.bilevel.problem.normal_form import FollowerProblem, FollowerRow
from batteryopt.bilevel.problem.sizes import CHANGE, ROUNDING, changes, unit_of

RANK = 1e-13
"""Columns of unit length that are this near to the others' span are in it."""
ROUNDS = 3
"""Weights depend on the multipliers, which depend on the weights; they settle at once or not at all."""

Floats = NDArray[np.float64]


def is_binding(row: FollowerRow) -> bool:
    """Whether a small change of its variables brings a row to its limit: then it may carry a multiplier."""
    return bool(pyo.value(row.form.expression) >= -CHANGE * unit_of(row.form.expression))


def distance(follower: FollowerProblem) -> float:
    """Return the smallest relative change of variables after which the first-order conditions hold; at most 1.

    Numbers of the model may change too, by `ROUNDING` where variables change by `CHANGE`.
    """
    system = _System(follower)
    best = 1.0
    for _ in range(ROUNDS):
        best = min(best, system.solve())
        if best <= CHANGE:
            break
    return best


def binding_gradients(follower: FollowerProblem) -> Floats:
    """Return the gradients (n, rows) of the rows that bind at the point, equalities among them."""
    return _System(follower).columns


class _System:
    """Stationarity as equations in multipliers and in changes of variables."""

    def __init__(self, follower: FollowerProblem) -> None:
        self.position: ComponentMap = ComponentMap((v, k) for k, v in enumerate(follower.variables))
        self.binding = [row for row in follower.inequalities if is_binding(row)]
        self.equalities = list(follower.equalities)
        self.objective = follower.objective.gradient()
        self.gradients = [row.form.gradient() for row in (*self.binding, *self.equalities)]
        self.force = self._vector(self.objective)
        self.columns = self._matrix(self.gradients)
        self.prices = np.zeros(len(self.gradients))
        self._changes = [self._changes_of(gradient) for gradient in (self.objective, *self.gradients)]
        self.sizes = np.abs(self.force) + np.sum(np.abs(self._moves()), axis=1) / CHANGE
        self.sizes = self._without_zeros(self.sizes)

    def solve(self) -> float:
        """Find multipliers and changes; returns the change that is needed, and keeps the multipliers."""
        count = len(self.binding)
        moves = self._moves()
        weights = 1.0 / self.sizes
        height = len(self.force) + moves.shape[1]
        free = np.zeros((height, len(self.equalities) + moves.shape[1]))
        free[: len(self.force), : len(self.equalities)] = weights[:, None] * self.columns[:, count:]
        free[: len(self.force), len(self.equalities) :] = weights[:, None] * moves
        free[len(self.force) :, len(self.equalities) :] = ROUNDING * np.eye(moves.shape[1])
        signed = np.zeros((height, count))
        signed[: len(self.force)] = weights[:, None] * self.columns[:, :count]
        target = np.zeros(height)
        target[: len(self.force)] = -weights * self.force
        positive, others = _least_squares(signed, free, target)
        rest = target - signed @ positive - free @ others
        self.prices = np.concatenate([positive, others[: len(self.equalities)]])
        terms = np.abs(self.columns) @ np.abs(self.prices)
        moved = np.sum(np.abs(self._moves()), axis=1) / CHANGE
        old, self.sizes = self.sizes, self._without_zeros(np.abs(self.force) + terms + moved)
        rounded = np.abs(rest[: len(self.force)]) * old / self.sizes
        changed = np.abs(others[len(self.equalities) :]).max(initial=0.0)
        return float(CHANGE * max(rounded.max(initial=0.0) / ROUNDING, changed))

    def _moves(self) -> Floats:
        """Return how the Lagrangian's gradient (n) changes with each variable in it that changes by `CHANGE`."""
        columns: ComponentMap = ComponentMap()
        for weight, entries in zip((1.0, *self.prices), self._changes, strict=True):
            if not weight:
                continue
            for own, variable, change in entries:
                column = columns.setdefault(variable, np.zeros(len(self.position)))
                column[own] += weight * change
        return np.column_stack(list(columns.values())) if len(columns) else np.zeros((len(self.position), 0))

    def _changes_of(self, gradient: ComponentMap) -> list[tuple[int, Any, float]]:
        """Return by how much a gradient's entries (by position) change with each variable: the point stays."""
        return [
            (self.position[own], variable, change)
            for own, derivative in gradient.items()
            for variable, change in changes(derivative)
            if variable.is_continuous()
        ]

    def _vector(self, derivatives: ComponentMap) -> Floats:
        result = np.zeros(len(self.position))
        for variable, derivative in derivatives.items():
            result[self.position[variable]] = pyo.value(derivative)
        return result

    def _matrix(self, gradients: list[ComponentMap]) -> Floats:
        columns = [self._vector(gradient) for gradient in gradients]
        return np.column_stack(columns) if columns else np.zeros((len(self.position), 0))

    def _without_zeros(self, sizes: Floats) -> Floats:
        """Return the equations' sizes; one without any term yet has that of the rows that it meets, at their prices."""
        known = sizes > 0
        if known.all():
            return sizes
        largest = np.abs(self.columns).max(axis=0, initial=0.0)
        reach = np.where(known[:, None], np.abs(self.columns) / np.where(known, sizes, 1.0)[:, None], 0.0)
        tightest = reach.max(axis=0, initial=0.0)
        price = np.where(tightest > 0, 1.0 / np.where(tightest > 0, tightest, 1.0), 1.0 / np.where(largest, largest, 1))
        guess = (np.abs(self.columns) * price).max(axis=1, initial=0.0)
        return np.where(known, sizes, np.where(guess > 0, guess, 1.0))


def _least_squares(signed: Floats, free: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return x >= 0 and z, free, that make ``signed x + free z`` nearest to the target.

    The free columns are projected out exactly, so that what is left is a problem with signs only.
    """
    signed_unit, signed_length = _normalised(signed)
    free_unit, free_length = _normalised(free)
    outside: Floats = np.eye(len(target))
    if free_unit.shape[1]:
        full, triangle, _ = qr(free_unit, pivoting=True)
        rank = int((np.abs(np.diag(triangle)) > RANK).sum())
        outside = np.asarray(full[:, rank:].T, dtype=np.float64)
    x = _nonnegative(outside @ signed_unit, outside @ target)
    z = lstsq(free_unit, target - signed_unit @ x, cond=RANK)[0] if free_unit.shape[1] else np.zeros(0)
    return x / signed_length, z / free_length


def _nonnegative(columns: Floats, target: Floats) -> Floats:
    if not columns.size:
        return np.zeros(columns.shape[1])
    try:
        return np.asarray(nnls(columns, target, maxiter=30 * columns.shape[1])[0])
    except RuntimeError:  # it goes round in circles
        return np.asarray(lsq_linear(columns, target, bounds=(0.0, np.inf), tol=1e-14).x)


def _normalised(columns: Floats) -> tuple[Floats, Floats]:
    length = np.linalg.norm(columns, axis=0)
    length = np.where(length > 0, length, 1.0)
    return columns / length, length
