"""What can be known of a function's curvature, and how it passes through a factor and a power."""

from __future__ import annotations

import enum
import math
from typing import Any

from pyomo.common.collections import ComponentMap
from pyomo.common.errors import PyomoException
from pyomo.common.numeric_types import native_numeric_types
from pyomo.contrib.fbbt.expression_bounds_walker import ExpressionBoundsVisitor

Interval = tuple[float, float]


class Curvature(enum.Flag):
    """What is known of a function; an affine one is both convex and concave, data is all three."""

    UNKNOWN = 0
    CONVEX = enum.auto()
    CONCAVE = enum.auto()
    DATA_ONLY = enum.auto()
    AFFINE = CONVEX | CONCAVE
    DATA = AFFINE | DATA_ONLY

    @property
    def is_convex(self) -> bool:
        """Whether it is convex."""
        return Curvature.CONVEX in self

    @property
    def is_concave(self) -> bool:
        """Whether it is concave."""
        return Curvature.CONCAVE in self

    @property
    def is_affine(self) -> bool:
        """Whether it is affine."""
        return self.is_convex and self.is_concave

    @property
    def is_data(self) -> bool:
        """Whether no own variable occurs."""
        return Curvature.DATA_ONLY in self

    def negated(self) -> Curvature:
        """Return the curvature of the negative."""
        if self.is_affine:
            return self
        return {Curvature.CONVEX: Curvature.CONCAVE, Curvature.CONCAVE: Curvature.CONVEX}.get(self, self)


def interval(expression: Any, box: ComponentMap | None = None) -> Interval:
    """Return bounds of an expression over the box of all its variables; infinite where nothing is known.

    Parameters
    ----------
    box
        Interval by variable, in place of the bounds that the variables themselves have.
    """
    if expression.__class__ in native_numeric_types:
        return float(expression), float(expression)
    try:
        leaves = None if box is None else ComponentMap(box)  # the visitor adds to what it is given
        visitor = ExpressionBoundsVisitor(leaf_bounds=leaves, use_fixed_var_values_as_bounds=True)
        lower, upper = visitor.walk_expression(expression)
    except (ArithmeticError, ValueError, PyomoException):  # a root of what may be negative, for one
        return -math.inf, math.inf
    return (-math.inf if math.isnan(lower) else lower), (math.inf if math.isnan(upper) else upper)


def without_name(expression: Any) -> Any:
    """Return what a named expression stands for."""
    return without_name(expression.expr) if expression.is_named_expression_type() else expression


def scaled(known: Curvature, factor: Interval) -> Curvature:
    """Return the curvature of data times a function."""
    if known.is_affine or factor == (0.0, 0.0):
        return Curvature.AFFINE
    if factor[0] >= 0:
        return known
    return known.negated() if factor[1] <= 0 else Curvature.UNKNOWN


def power_curvature(base: Curvature, bounds: Interval, power: float) -> Curvature:
    """Return the curvature of ``base ** power`` for a number ``power``."""
    low, high = bounds
    if power in (0.0, 1.0):
        return Curvature.DATA if power == 0.0 else base
    if power >= 1:
        is_even = power == 2 * round(power / 2)
        if base.is_affine and is_even:
            return Curvature.CONVEX
        if base.is_convex and low >= 0:
            return Curvature.CONVEX
        if base.is_concave and high <= 0 and power == round(power):
            return Curvature.CONVEX if is_even else Curvature.CONCAVE
        return Curvature.UNKNOWN
    if power > 0:
        return Curvature.CONCAVE if base.is_concave and low >= 0 else Curvature.UNKNOWN
    return Curvature.CONVEX if base.is_concave and low >= 0 else Curvature.UNKNOWN


def number(expression: Any) -> float | None:
    """Return an expression's value where it is a number or a parameter."""
    if expression.__class__ in native_numeric_types:
        return float(expression)
    return float(expression()) if not expression.is_potentially_variable() else None
