"""Curvature of products of two factors that both contain own variables, where a rewriting decides it.

A Cournot firm's revenue is its output times a price that is a power of total output; an entropy is a share times its
logarithm. With v = k u + R, where u and v are affine in the own variables and R is data,

    u v**p   = (v**(p + 1) - R v**p) / k
    u log(v) = (v log(v)   - R log(v)) / k

and each part has a known curvature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyomo.common.collections import ComponentSet
from pyomo.core.expr import numeric_expr as ne

from batteryopt.bilevel.problem.forms import OwnForm, own_form
from batteryopt.bilevel.proof import known_of_functions as rules

CurvatureOf = Callable[[Any, ComponentSet], rules.Curvature]


def of_own_factors(factor: Any, other: Any, own: ComponentSet, curvature: CurvatureOf) -> rules.Curvature:
    """Return the curvature of ``factor * other``, trying to rewrite ``other``; UNKNOWN where no rewriting helps.

    Parameters
    ----------
    curvature
        The rules for everything else, which call this function for products.
    """
    inner = rules.without_name(other)
    if isinstance(inner, ne.SumExpression):
        known = rules.Curvature.DATA
        for term in inner.args:
            known &= curvature(factor * term, own)
        return known
    if isinstance(inner, ne.NegationExpression):
        return curvature(factor * inner.args[0], own).negated()
    if isinstance(inner, ne.ProductExpression):
        data, rest = inner.args
        if curvature(data, own).is_data:
            return rules.scaled(curvature(factor * rest, own), rules.interval(data))
    if isinstance(inner, ne.DivisionExpression):
        data, below = inner.args
        if curvature(data, own).is_data:  # a price of a / Q is one of a Q**(-1)
            return rules.scaled(curvature(factor * below ** (-1.0), own), rules.interval(data))
    return _affine_times_function(factor, inner, own, curvature)


def _affine_times_function(factor: Any, function: Any, own: ComponentSet, curvature: CurvatureOf) -> rules.Curvature:
    """Return the curvature of ``u v**p`` or ``u log(v)``."""
    base, exponent = _base_and_exponent(function)
    if base is None or not (curvature(factor, own).is_affine and curvature(base, own).is_affine):
        return rules.Curvature.UNKNOWN
    rest = _rest_after(own_form(base, own), own_form(factor, own))
    if rest is None:
        return rules.Curvature.UNKNOWN
    ratio, data = rest
    bounds = rules.interval(base)
    if exponent is None:  # the logarithm: v log(v) is convex
        first, second = rules.Curvature.CONVEX, rules.Curvature.CONCAVE
    else:
        first = rules.power_curvature(rules.Curvature.AFFINE, bounds, exponent + 1)
        second = rules.power_curvature(rules.Curvature.AFFINE, bounds, exponent)
    together = first & rules.scaled(second, rules.interval(-data))
    return rules.scaled(together, (1 / ratio, 1 / ratio))


def _base_and_exponent(expression: Any) -> tuple[Any | None, float | None]:
    """Return v and p of ``v**p``, v and None of ``log(v)``, None and None of anything else."""
    if isinstance(expression, ne.PowExpression):
        exponent = rules.number(expression.args[1])
        return (None, None) if exponent is None else (expression.args[0], exponent)
    if isinstance(expression, ne.UnaryFunctionExpression) and expression.getname() == "log":
        return expression.args[0], None
    return None, None


def _rest_after(base: OwnForm, factor: OwnForm) -> tuple[float, Any] | None:
    """Return k and R with ``base = k factor + R``, R without own variables; None where there is no such number k."""
    if not base.linear or set(map(id, base.linear)) != set(map(id, factor.linear)):
        return None
    ratios = []
    for variable, coefficient in base.linear.items():
        other = factor.linear[variable]
        if not isinstance(coefficient, (int, float)) or not isinstance(other, (int, float)):
            return None
        ratios.append(coefficient / other)
    if max(ratios) - min(ratios) > 1e-12 * max(map(abs, ratios)):
        return None
    return float(ratios[0]), base.constant - ratios[0] * factor.constant
