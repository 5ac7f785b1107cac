"""Each rule of composition, on a function that it shows and on a neighbour that it must not show."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.common.collections import ComponentMap, ComponentSet

from batteryopt.bilevel.proof.curvature import curvature
from batteryopt.bilevel.proof.known_of_functions import Curvature, interval

from .expressions import boxed_model, composed, expressions, point_model

CONVEX, CONCAVE, AFFINE, DATA, UNKNOWN = (
    Curvature.CONVEX,
    Curvature.CONCAVE,
    Curvature.AFFINE,
    Curvature.DATA,
    Curvature.UNKNOWN,
)


def variables() -> pyo.ConcreteModel:
    """Own: y free, u >= 0, n <= 0, s in [1, 2]. Data: x free, p >= 0, q <= 0, k in [1, 2]."""
    m = pyo.ConcreteModel()
    m.y = pyo.Var()
    m.u = pyo.Var(bounds=(0, None))
    m.n = pyo.Var(bounds=(None, 0))
    m.s = pyo.Var(bounds=(1, 2))
    m.x = pyo.Var()
    m.p = pyo.Var(bounds=(0, None))
    m.q = pyo.Var(bounds=(None, 0))
    m.k = pyo.Var(bounds=(1, 2))
    return m


RULES = {
    "number": (lambda m: 3.0, DATA),
    "data": (lambda m: m.x**3 * pyo.sin(m.p), DATA),
    "variable": (lambda m: m.y, AFFINE),
    "sum of convex": (lambda m: m.y**2 + pyo.exp(m.u), CONVEX),
    "convex plus affine plus data": (lambda m: m.y**2 + 3 * m.u + pyo.sin(m.x), CONVEX),
    "convex plus concave": (lambda m: m.y**2 + pyo.log(m.s), UNKNOWN),
    "negation": (lambda m: -(m.y**2), CONCAVE),
    "negated affine": (lambda m: -m.y, AFFINE),
    "difference": (lambda m: m.y**2 - pyo.log(m.s), CONVEX),
    "nonnegative data times convex": (lambda m: m.p * m.y**2, CONVEX),
    "nonpositive data times convex": (lambda m: m.q * m.y**2, CONCAVE),
    "data of unknown sign times convex": (lambda m: m.x * m.y**2, UNKNOWN),
    "data of unknown sign times affine": (lambda m: m.x * (m.y - 1), AFFINE),
    "affine times affine": (lambda m: m.y * m.u, UNKNOWN),
    "square as a product": (lambda m: (m.y + m.x) * (m.y + m.x), CONVEX),
    "data inside a product of the same": (lambda m: m.y * (m.p * m.y), CONVEX),
    "negative data inside a product of the same": (lambda m: m.y * (m.q * m.y), CONCAVE),
    "u * u**0.5 is u**1.5": (lambda m: m.u * m.u**0.5, CONVEX),
    "revenue at an inverse demand of power -1/2": (lambda m: (m.s + m.k) ** (-0.5) * m.s, CONCAVE),
    "revenue with the wrong slope in it": (lambda m: (m.s + 2 * m.u + m.k) ** (-0.5) * m.s, UNKNOWN),
    "division by positive data": (lambda m: m.y**2 / m.k, CONVEX),
    "division by negative data": (lambda m: m.y**2 / (-m.k), CONCAVE),
    "affine divided by any data": (lambda m: m.y / m.x, AFFINE),
    "one over positive affine": (lambda m: 1 / m.s, CONVEX),
    "minus one over positive affine": (lambda m: -1 / m.s, CONCAVE),
    "one over negative affine": (lambda m: 1 / (m.n - 1), CONCAVE),
    "one over positive concave": (lambda m: 1 / pyo.sqrt(m.s), CONVEX),
    "one over positive convex": (lambda m: 1 / (1 + m.y**2), UNKNOWN),
    "one over what changes sign": (lambda m: 1 / m.y, UNKNOWN),
    "data over affine": (lambda m: m.p / m.s, CONVEX),
    "data of unknown sign over affine": (lambda m: m.x / m.s, UNKNOWN),
    "quadratic over linear": (lambda m: m.y**2 / m.s, CONVEX),
    "quadratic over concave": (lambda m: m.y**2 / pyo.sqrt(m.s), CONVEX),
    "cubic over linear": (lambda m: m.y**3 / m.s, UNKNOWN),
    "quadratic over what changes sign": (lambda m: m.y**2 / m.u.parent_block().y, UNKNOWN),
    "even power of affine": (lambda m: (m.y - m.x) ** 4, CONVEX),
    "odd power of affine": (lambda m: m.y**3, UNKNOWN),
    "odd power on the right": (lambda m: m.u**3, CONVEX),
    "odd power on the left": (lambda m: m.n**3, CONCAVE),
    "even power of concave on the left": (lambda m: (-(m.y**2)) ** 2, CONVEX),
    "even power of a nonnegative convex": (lambda m: (m.y**2 + 1) ** 2, CONVEX),
    "even power of a convex of either sign": (lambda m: (m.y**2 - 1) ** 2, UNKNOWN),
    "broken power above one": (lambda m: m.u**1.5, CONVEX),
    "broken power below one": (lambda m: m.u**0.5, CONCAVE),
    "broken power of what changes sign": (lambda m: m.y**1.5, UNKNOWN),
    "negative power": (lambda m: m.s ** (-2), CONVEX),
    "negative power of what changes sign": (lambda m: m.y ** (-2), UNKNOWN),
    "power zero": (lambda m: m.y**0.0, DATA),
    "number to an affine power": (lambda m: 2.0**m.y, CONVEX),
    "positive data to an affine power": (lambda m: m.k**m.y, CONVEX),
    "data of unknown sign to an affine power": (lambda m: m.x**m.y, UNKNOWN),
    "own to a power of data": (lambda m: m.u**m.k, UNKNOWN),
    "exp of convex": (lambda m: pyo.exp(m.y**2), CONVEX),
    "exp of concave": (lambda m: pyo.exp(-(m.y**2)), UNKNOWN),
    "log of concave": (lambda m: pyo.log(m.s), CONCAVE),
    "log10 of concave": (lambda m: pyo.log10(m.s), CONCAVE),
    "log of convex": (lambda m: pyo.log(1 + m.y**2), UNKNOWN),
    "log of a sum of exponentials": (lambda m: pyo.log(pyo.exp(m.y) + pyo.exp(2 * m.u) + m.p), CONVEX),
    "log of a difference of exponentials": (lambda m: pyo.log(pyo.exp(m.y) - pyo.exp(m.u)), UNKNOWN),
    "root of affine": (lambda m: pyo.sqrt(m.s), CONCAVE),
    "root of a sum of squares": (lambda m: pyo.sqrt(m.y**2 + (m.u - m.x) ** 2 + 1), CONVEX),
    "root of a fourth power and a square": (lambda m: pyo.sqrt(m.y**4 + m.u**2), UNKNOWN),
    "cosh": (lambda m: pyo.cosh(m.y), CONVEX),
    "sinh on the right": (lambda m: pyo.sinh(m.u), CONVEX),
    "sinh on the left": (lambda m: pyo.sinh(m.n), CONCAVE),
    "sinh on both sides": (lambda m: pyo.sinh(m.y), UNKNOWN),
    "tanh on the right": (lambda m: pyo.tanh(m.u), CONCAVE),
    "atan on the left": (lambda m: pyo.atan(m.n), CONVEX),
    "tan beyond its pole": (lambda m: pyo.tan(m.s), UNKNOWN),
    "tan within a quarter": (lambda m: pyo.tan(m.s - 1), CONVEX),
    "sin": (lambda m: pyo.sin(m.y), UNKNOWN),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str):
    m = variables()
    write, expected = RULES[name]
    assert curvature(write(m), ComponentSet([m.y, m.u, m.n, m.s])) == expected


def test_named_expressions_are_seen_through():
    m = variables()
    m.inner = pyo.Expression(expr=m.y - m.x)
    m.outer = pyo.Expression(expr=m.inner**2)
    assert curvature(m.p * m.outer, ComponentSet([m.y])) == CONVEX


def test_fixed_own_variables_are_data():
    m = variables()
    m.u.fix(2)
    assert curvature(m.u * m.y**2, ComponentSet([m.y, m.u])) == CONVEX


def test_words_of_a_curvature():
    assert AFFINE.is_convex
    assert AFFINE.is_concave
    assert AFFINE.is_affine
    assert not AFFINE.is_data
    assert DATA.is_data
    assert not CONVEX.is_affine
    assert CONVEX.negated() is CONCAVE
    assert UNKNOWN.negated() is UNKNOWN


def test_interval_of_numbers_parameters_and_fixed_variables():
    m = variables()
    m.c = pyo.Param(initialize=3, mutable=True)
    m.x.fix(-1)
    assert interval(2.5) == (2.5, 2.5)
    assert interval(m.c * m.s) == (3, 6)
    assert interval(m.x * m.s) == (-2, -1)
    assert interval(m.y) == (-math.inf, math.inf)


def test_interval_is_infinite_where_the_arithmetic_fails():
    m = variables()
    assert interval(1 / m.y) == (-math.inf, math.inf)


def test_interval_over_a_box_of_its_own_leaves_the_bounds_alone():
    m = variables()
    box = ComponentMap([(m.s, (1.5, 1.75))])
    assert interval(2 * m.s, box) == (3, 3.5)
    assert interval(2 * m.s + m.k, box) == (4, 5.5)
    assert m.s.bounds == (1, 2)
    assert len(box) == 1


@settings(max_examples=60)
@given(data=st.data())
def test_values_lie_within_the_interval(data):
    m = point_model(data.draw)
    expression = data.draw(expressions(m))
    low, high = interval(expression)
    assert low - 1e-9 * (1 + abs(low)) <= pyo.value(expression) <= high + 1e-9 * (1 + abs(high))


def _random_point(m: pyo.ConcreteModel, draw) -> ComponentMap:
    return ComponentMap((v, draw(st.floats(v.lb, v.ub))) for v in (m.y[1], m.y[2]))


@settings(max_examples=150)
@given(data=st.data())
def test_what_is_called_convex_lies_below_its_chords(data):
    """Along random chords in the own variables, at random data: f(middle) <= mean of the ends, or the reverse."""
    m = boxed_model(data.draw)
    expression = data.draw(composed(m))
    known = curvature(expression, ComponentSet([m.y[1], m.y[2]]))
    if not known:
        return
    m.x.set_value(data.draw(st.floats(m.x.lb, m.x.ub)))
    first, second = _random_point(m, data.draw), _random_point(m, data.draw)
    middle = ComponentMap((v, 0.5 * (first[v] + second[v])) for v in first)
    values = [_value_at(expression, point) for point in (first, second, middle)]
    if any(math.isnan(v) for v in values):
        return
    below = 0.5 * (values[0] + values[1]) - values[2]
    slack = 1e-9 * (1 + max(map(abs, values)))
    assert not known.is_convex or below >= -slack
    assert not known.is_concave or below <= slack


def _value_at(expression, point: ComponentMap) -> float:
    for variable, value in point.items():
        variable.set_value(value, skip_validation=True)
    try:
        value = pyo.value(expression)
    except (ValueError, ZeroDivisionError, OverflowError):
        return math.nan
    return math.nan if isinstance(value, complex) else float(value)
