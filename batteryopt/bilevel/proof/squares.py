"""A quadratic function as a sum of squares, and what is left: how norms and second-order cones are recognised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.bilevel.problem.forms import OwnForm, own_form, variables_in
from batteryopt.bilevel.proof.known_of_functions import interval

NEGLIGIBLE = 1e-12
"""Eigenvalues and coefficients below this share of the largest are roundings of zero."""


@dataclass(frozen=True, eq=False)
class Squares:
    """``sum of u**2 for u in plus - sum of u**2 for u in minus + rest``; u affine in own variables, rest data."""

    plus: tuple[Any, ...]
    minus: tuple[Any, ...]
    rest: Any

    @property
    def components(self) -> tuple[Any, ...] | None:
        """What the function is the squared length of; None where it is none, or is not known to be one."""
        if self.minus or not self.has_positive_rest:
            return None
        return (*self.plus, *((pyo.sqrt(self.rest),) if not _is_zero(self.rest) else ()))

    @property
    def has_positive_rest(self) -> bool:
        """Whether the data that are left are never negative."""
        return interval(self.rest)[0] >= 0


def squares_of(form: OwnForm) -> Squares | None:
    """Return a form with constant second derivatives as squares; None where a linear term is left.

    The eigenvectors of the Hessian give the directions; data in linear terms move the squares' centres.
    """
    if not form.has_constant_hessian or not form.quadratic:
        return None
    matrix = np.zeros((len(form.variables),) * 2)
    for (i, j), coefficient in form.quadratic.items():
        matrix[i, j] += coefficient / 2
        matrix[j, i] += coefficient / 2
    values, vectors = np.linalg.eigh(matrix)
    least = NEGLIGIBLE * np.abs(values).max()
    plus: list[Any] = []
    minus: list[Any] = []
    rest = form.constant
    for value, vector in zip(values, vectors.T, strict=True):
        slope = _simple(_along(vector, [form.linear.get(v, 0.0) for v in form.variables]))
        if abs(value) <= least:
            if not _is_zero(slope):
                return None
            continue
        centred = _along(vector, form.variables) + slope / (2 * float(value))
        (plus if value > 0 else minus).append(math.sqrt(abs(value)) * centred)
        rest = rest - slope * slope / (4 * float(value))
    return Squares(tuple(plus), tuple(minus), _simple(rest))


def cone_of(form: OwnForm) -> tuple[tuple[Any, ...], Any] | None:
    """Return u and t where ``form <= 0`` says ``||u|| <= t``; None where it is no such cone or t may be negative.

    One direction of negative curvature, in which the function bends only as far as t, of one sign, lets it.
    """
    squares = squares_of(form)
    if squares is None or len(squares.minus) != 1 or not squares.plus or not squares.has_positive_rest:
        return None
    (height,) = squares.minus
    for t in (height, -height):
        if interval(t)[0] >= 0:
            parts = Squares(squares.plus, (), squares.rest).components
            return None if parts is None else (parts, t)
    return None


def _along(vector: Any, terms: Any) -> Any:
    largest = np.abs(vector).max()
    chosen = [(float(c), term) for c, term in zip(vector, terms, strict=True) if abs(c) > NEGLIGIBLE * largest]
    return sum(c * term for c, term in chosen if not _is_zero(term))


def _simple(expression: Any) -> Any:
    """Return a number where all terms of an expression in data cancel."""
    if isinstance(expression, (int, float)):
        return 0.0 if abs(expression) <= NEGLIGIBLE else float(expression)
    form = own_form(expression, variables_in([expression]))
    if not form.is_quadratic:
        return expression
    numbers = [abs(c) for c in (*form.linear.values(), *form.quadratic.values())]
    if max(numbers, default=0.0) <= NEGLIGIBLE * max(1.0, abs(form.constant)):
        return _simple(float(form.constant))
    return expression


def _is_zero(expression: Any) -> bool:
    return isinstance(expression, (int, float)) and expression == 0
