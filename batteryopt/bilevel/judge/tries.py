"""Whether a follower could do better somewhere else: tried at points far away, resting on no proof of convexity.

A follower is re-solved by a solver that takes it for convex; if the proof of that is wrong, so is the re-solve. Here
its own function is evaluated at the ends of its box and of its rows, in its variables' own units, and at points in
between. For a convex function none lies below the tangent at the point; one that does, and is better, needs no theory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap

from batteryopt import solvers
from batteryopt.bilevel.judge.responses import fixed, response_model, restored
from batteryopt.bilevel.problem.normal_form import FollowerProblem
from batteryopt.bilevel.problem.sizes import CHANGE, size_of, value_of
from batteryopt.ground.errors import SolverUnavailable, UnsupportedModel
from batteryopt.solvers import Options

FAR = 1e3
"""How far a try goes where nothing ends it, in sizes of the variable."""
STEPS = (1.0, 0.5, 0.1)
"""Shares of the way to the end at which a function is evaluated."""
RANDOM_DIRECTIONS = 10
MOST_VARIABLES = 30
"""Up to this many own variables a follower is tried; a larger one has too many directions for tries to say much."""
MOST_GLOBAL = 3
"""Up to this many followers that are not linear, a global solver is asked about each as well."""
GLOBAL_SECONDS = 2.0
ROUNDING = 1e-12
"""Relative error of a function's value."""

Floats = NDArray[np.float64]


def is_tried(follower: FollowerProblem) -> bool:
    """Whether tries can say something: a linear function lies on its tangent."""
    return not follower.objective.is_affine and len(follower.variables) <= MOST_VARIABLES


def gain_elsewhere(follower: FollowerProblem, *, asks_solver: bool = True) -> float:
    """Return what the follower would gain at the best point tried, 0 where its function is its tangent's or above."""
    with restored(follower.variables):
        here = _Here(follower)
        points = list(_along_rays(follower, here))
        if asks_solver:
            points.extend(_by_solver(follower))
        return max((here.gain_at(point) for point in points), default=0.0)


class _Here:
    """A follower's function at the point, and its tangent there."""

    def __init__(self, follower: FollowerProblem) -> None:
        self.follower = follower
        self.point = _point(follower)
        self.value = float(pyo.value(follower.objective.expression))
        gradient = follower.objective.gradient()
        self.slope = np.array([float(pyo.value(gradient.get(v, 0.0))) for v in follower.variables])
        self._is_above = self._in_numbers()

    def _in_numbers(self) -> Callable[[Floats], bool]:
        """Return whether a quadratic function is certainly above its tangent at a point, in numbers.

        So its expression is walked where there is something to see, and not at every try. Any other function is not
        certain to be above anywhere, nor is one whose numbers do not say at a far point what its expression says.
        """
        form, own = self.follower.objective, self.follower.variables
        if not form.is_quadratic:
            return lambda _: False
        position = ComponentMap((v, k) for k, v in enumerate(own))
        linear, quadratic = np.zeros(len(own)), np.zeros((len(own), len(own)))
        constant = float(pyo.value(form.constant))
        for variable, coefficient in form.linear.items():
            linear[position[variable]] += float(pyo.value(coefficient))
        for (i, j), coefficient in form.quadratic.items():
            quadratic[position[form.variables[i]], position[form.variables[j]]] += float(pyo.value(coefficient))

        def value(x: Floats) -> float:
            return float(constant + linear @ x + x @ quadratic @ x)

        def rounding(x: Floats) -> float:
            size = np.abs(x)
            return float(ROUNDING * (abs(constant) + np.abs(linear) @ size + size @ np.abs(quadratic) @ size))

        far = self.point + np.array([size_of(v) for v in own])
        is_same = abs(value(far) - self._value_at(far)) <= rounding(far)
        _move(self.follower, self.point)
        if not is_same:
            return lambda _: False
        return lambda x: bool(value(x) - rounding(x) > self.value + self.slope @ (x - self.point))

    def _value_at(self, point: Floats) -> float:
        _move(self.follower, point)
        return value_of(self.follower.objective.expression)

    def gain_at(self, point: Floats) -> float:
        """Return the gain at another point that is below the tangent by more than rounding, else 0."""
        if self._is_above(point):
            return 0.0
        value = self._value_at(point)
        moved = np.abs(self.slope * (point - self.point)).sum()
        blur = ROUNDING * (abs(self.value) + abs(value)) + CHANGE * moved
        is_below = value < self.value + self.slope @ (point - self.point) - blur
        return self.value - value if is_below and self.value - value > blur else 0.0


def _along_rays(follower: FollowerProblem, here: _Here) -> Iterator[Floats]:
    sizes = np.array([size_of(v) for v in follower.variables])
    for direction in _directions(follower, sizes):
        for step in STEPS:
            point = _within(follower, here.point + step * direction)
            _move(follower, point)
            if _is_allowed(follower):
                yield point


def _directions(follower: FollowerProblem, sizes: Floats) -> Iterator[Floats]:
    """Yield ways to the ends of the box, one variable at a time and several together, where no equality forbids it."""
    reach = [_reach(v, size) for v, size in zip(follower.variables, sizes, strict=True)]
    count = len(reach)
    for k in range(count):
        for end in reach[k]:
            yield end * np.eye(count)[k]
    generator = np.random.default_rng(0)
    for _ in range(RANDOM_DIRECTIONS if count > 1 else 0):
        yield np.array([ends[int(generator.integers(2))] for ends in reach]) * generator.uniform(0, 1, count)


def _reach(variable: Any, size: float) -> tuple[float, float]:
    lower, upper = variable.bounds
    below = -FAR * size if lower is None else float(lower) - variable.value
    above = FAR * size if upper is None else float(upper) - variable.value
    return below, above


def _within(follower: FollowerProblem, point: Floats) -> Floats:
    """Return a point moved into the box."""
    low = [-math.inf if v.lb is None else v.lb for v in follower.variables]
    high = [math.inf if v.ub is None else v.ub for v in follower.variables]
    return np.clip(point, low, high)


def _is_allowed(follower: FollowerProblem) -> bool:
    """Whether the follower's rows hold where its variables stand."""
    return all(
        abs(value) <= ROUNDING if row.is_equality else value <= 0.0
        for row in follower.rows
        if row.origin.ctype is not pyo.Var and not row.is_data
        for value in (value_of(row.form.expression),)
    )


def _by_solver(follower: FollowerProblem) -> Iterator[Floats]:
    """Yield the answer of a global solver, which looks for no convexity."""
    with fixed(follower.data_variables):
        model = response_model(follower, allow_current_violation=True)
        try:
            report = solvers.get("scip").solve(model, Options(time_limit=GLOBAL_SECONDS))
        except (UnsupportedModel, SolverUnavailable):
            return
    if report.point_status.is_feasible:
        yield _within(follower, _point(follower))


def _point(follower: FollowerProblem) -> Floats:
    return np.array([v.value for v in follower.variables], dtype=float)


def _move(follower: FollowerProblem, point: Floats) -> None:
    for variable, value in zip(follower.variables, point, strict=True):
        variable.set_value(float(value), skip_validation=True)
