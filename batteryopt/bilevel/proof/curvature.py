"""Curvature of an expression in a follower's own variables, by the rules of convex composition.

The rules are those of disciplined convex programming, with two additions that bilevel models need: every other
variable is data whose sign is known from its interval, and intervals of subexpressions decide the monotone cases
(even powers of nonnegative convex functions and the like). Products of two own factors are in `own_products`.
"UNKNOWN" means only that the rules do not show it.
"""

from __future__ import annotations

import math
from typing import Any

from pyomo.common.collections import ComponentSet
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr.visitor import identify_variables

from batteryopt.bilevel.problem.forms import own_form
from batteryopt.bilevel.proof import own_products as products
from batteryopt.bilevel.proof.known_of_functions import (
    Curvature,
    interval,
    number,
    power_curvature,
    scaled,
    without_name,
)
from batteryopt.bilevel.proof.squares import squares_of


def curvature(expression: Any, own: ComponentSet) -> Curvature:
    """Return what the composition rules show of an expression in the variables ``own`` over the box."""
    if expression.__class__ in native_numeric_types or not _has_own(expression, own):
        return Curvature.DATA
    if expression.is_variable_type():
        return Curvature.AFFINE
    expression = without_name(expression)
    rule = _RULES.get(type(expression))
    return Curvature.UNKNOWN if rule is None else rule(expression, own)


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


def _product(expression: Any, own: ComponentSet) -> Curvature:
    left, right = expression.args
    known = curvature(left, own), curvature(right, own)
    if known[0].is_data:
        return scaled(known[1], interval(left))
    if known[1].is_data:
        return scaled(known[0], interval(right))
    if str(left) == str(right):
        return power_curvature(known[0], interval(left), 2.0)
    return products.of_own_factors(left, right, own, curvature) or products.of_own_factors(right, left, own, curvature)


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
    if low >= 0 and below.is_concave and _is_sum_of_squares(numerator, own):  # each u**2 / v is convex for affine u
        return Curvature.CONVEX
    return products.of_own_factors(numerator, denominator ** (-1.0), own, curvature)


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
    if power == 0.5 and _is_sum_of_squares(base, own):
        return Curvature.CONVEX
    if power is not None:
        return power_curvature(curvature(base, own), interval(base), power)
    if curvature(base, own).is_data and interval(base)[0] > 0 and curvature(exponent, own).is_affine:
        return Curvature.CONVEX  # a**y = exp(y log a)
    return Curvature.UNKNOWN


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
    if (squares := squares_of(own_form(expression, own))) is not None and squares.components is not None:
        return True
    for term in _terms(expression):
        if curvature(term, own).is_data and interval(term)[0] >= 0:
            continue
        base = _squared_base(term)
        if base is None or not curvature(base, own).is_affine:
            return False
    return True


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
