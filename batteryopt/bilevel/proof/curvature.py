"""Curvature of an expression in a follower's own variables, by the rules of convex composition.

The rules are those of disciplined convex programming, with two additions that bilevel models need: every other
variable is data whose sign is known from its interval, and intervals of subexpressions decide the monotone cases
(even powers of nonnegative convex functions and the like). Products of two own factors are in `own_products`.
"UNKNOWN" means only that the rules do not show it.
"""

from __future__ import annotations

import enum
import math
from typing import Any

from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.common.errors import PyomoException
from pyomo.common.numeric_types import native_numeric_types
from pyomo.contrib.fbbt.expression_bounds_walker import ExpressionBoundsVisitor
from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr.visitor import identify_variables

from batteryopt.bilevel.proof import own_products as products

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


def curvature(expression: Any, own: ComponentSet) -> Curvature:
    """Return what the composition rules show of an expression in the variables ``own`` over the box."""
    if expression.__class__ in native_numeric_types or not _has_own(expression, own):
        return Curvature.DATA
    if expression.is_variable_type():
        return Curvature.AFFINE
    expression = without_name(expression)
    rule = _RULES.get(type(expression))
    return Curvature.UNKNOWN if rule is None else rule(expression, own)


def without_name(expression: Any) -> Any:
    """Return what a named expression stands for."""
    return without_name(expression.expr) if expression.is_named_expression_type() else expression


def _has_own(expression: Any, own: ComponentSet) -> bool:
    return any(v in own for v in identify_variables(expression, include_fixed=False))


def _sum(expression: Any, own: ComponentSet) -> Curvature:
    known = Curvature.DATA
    for term in expression.args:
        known &= curvature(term, own)
        if not known:
            break
    return known


def _negation(expression: Any, own: ComponentSet) -> Curvature:
    return curvature(expression.args[0], own).negated()


def scaled(known: Curvature, factor: Interval) -> Curvature:
    """Return the curvature of data times a function."""
    if known.is_affine or factor == (0.0, 0.0):
        return Curvature.AFFINE
    if factor[0] >= 0:
        return known
    return known.negated() if factor[1] <= 0 else Curvature.UNKNOWN


def _product(expression: Any, own: ComponentSet) -> Curvature:
    left, right = expression.args
    known = curvature(left, own), curvature(right, own)
    if known[0].is_data:
        return scaled(known[1], interval(left))
    if known[1].is_data:
        return scaled(known[0], interval(right))
    if str(left) == str(right):
        return power_curvature(known[0], interval(left), 2.0)
    return products.of_own_factors(left, right, own) or products.of_own_factors(right, left, own)


def _division(expression: Any, own: ComponentSet) -> Curvature:
    numerator, denominator = expression.args
    above, below = curvature(numerator, own), curvature(denominator, own)
    if below.is_data:
        low, high = interval(denominator)
        if above.is_affine:
            return Curvature.AFFINE
        if low >= 0:
            return above
        return above.negated() if high <= 0 else Curvature.UNKNOWN
    low, high = interval(denominator)
    if above.is_data:  # data / positive concave is data times a convex function
        if low >= 0 and below.is_concave:
            return scaled(Curvature.CONVEX, interval(numerator))
        if high <= 0 and below.is_convex:
            return scaled(Curvature.CONCAVE, interval(numerator))
        return Curvature.UNKNOWN
    return _quadratic_over_linear(numerator, low, below, own)


def _quadratic_over_linear(numerator: Any, low: float, below: Curvature, own: ComponentSet) -> Curvature:
    """Show u**2 / v convex for affine u and positive concave v."""
    base = _squared_base(numerator)
    is_shown = base is not None and curvature(base, own).is_affine and low >= 0 and below.is_concave
    return Curvature.CONVEX if is_shown else Curvature.UNKNOWN


def _squared_base(expression: Any) -> Any | None:
    """Return u where the expression is u**2 or u*u."""
    if isinstance(expression, ne.PowExpression):
        return expression.args[0] if number(expression.args[1]) == 2 else None
    if isinstance(expression, ne.ProductExpression) and str(expression.args[0]) == str(expression.args[1]):
        return expression.args[0]
    return None


def _power(expression: Any, own: ComponentSet) -> Curvature:
    base, exponent = expression.args
    power = number(exponent)
    if power is not None:
        return power_curvature(curvature(base, own), interval(base), power)
    if curvature(base, own).is_data and interval(base)[0] > 0 and curvature(exponent, own).is_affine:
        return Curvature.CONVEX  # a**y = exp(y log a)
    return Curvature.UNKNOWN


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


def _unary(expression: Any, own: ComponentSet) -> Curvature:
    argument = expression.args[0]
    inner = curvature(argument, own)
    name = expression.getname()
    low, high = interval(argument)
    if name == "exp":
        return Curvature.CONVEX if inner.is_convex else Curvature.UNKNOWN
    if name in ("log", "log10"):
        if inner.is_concave:
            return Curvature.CONCAVE
        return Curvature.CONVEX if _is_sum_of_exponentials(argument, own) else Curvature.UNKNOWN
    if name == "sqrt":
        if inner.is_concave:
            return Curvature.CONCAVE
        return Curvature.CONVEX if _is_sum_of_squares(argument, own) else Curvature.UNKNOWN
    if name in ("cosh",) and inner.is_affine:
        return Curvature.CONVEX
    if name in ("sinh", "tan", "atan", "tanh") and inner.is_affine:
        return _odd_function(name, low, high)
    return Curvature.UNKNOWN


def _odd_function(name: str, low: float, high: float) -> Curvature:
    """Return the curvature of an odd monotone function of an affine argument on one side of zero."""
    bends_up_right = name in ("sinh", "tan")
    if name == "tan" and not (-math.pi / 2 < low and high < math.pi / 2):
        return Curvature.UNKNOWN
    if low >= 0:
        return Curvature.CONVEX if bends_up_right else Curvature.CONCAVE
    if high <= 0:
        return Curvature.CONCAVE if bends_up_right else Curvature.CONVEX
    return Curvature.UNKNOWN


def _terms(expression: Any) -> list[Any]:
    return list(expression.args) if isinstance(expression, ne.SumExpression) else [expression]


def _is_sum_of_exponentials(expression: Any, own: ComponentSet) -> bool:
    """Whether it is a sum of exp(convex) and nonnegative data: then its logarithm is convex."""
    for term in _terms(expression):
        if curvature(term, own).is_data and interval(term)[0] >= 0:
            continue
        is_exponential = isinstance(term, ne.UnaryFunctionExpression) and term.getname() == "exp"
        if not (is_exponential and curvature(term.args[0], own).is_convex):
            return False
    return True


def _is_sum_of_squares(expression: Any, own: ComponentSet) -> bool:
    """Whether it is a sum of squares of affine functions and nonnegative data: then its root is a norm."""
    for term in _terms(expression):
        if curvature(term, own).is_data and interval(term)[0] >= 0:
            continue
        base = _squared_base(term)
        if base is None or not curvature(base, own).is_affine:
            return False
    return True


def number(expression: Any) -> float | None:
    """Return an expression's value where it is a number or a parameter."""
    if expression.__class__ in native_numeric_types:
        return float(expression)
    return float(expression()) if not expression.is_potentially_variable() else None


_RULES = {
    ne.SumExpression: _sum,
    ne.LinearExpression: _sum,
    ne.NegationExpression: _negation,
    ne.ProductExpression: _product,
    ne.MonomialTermExpression: _product,
    ne.DivisionExpression: _division,
    ne.PowExpression: _power,
    ne.UnaryFunctionExpression: _unary,
}
