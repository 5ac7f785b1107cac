"""A function seen in the follower's own variables: coefficients, gradients and Hessians with the arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyomo.common.collections import ComponentSet

from batteryopt.bilevel.problem.forms import own_form, variables_in

from .expressions import expressions, numeric_gradient, point_model


@pytest.fixture
def m() -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=3)  # data
    model.y = pyo.Var(initialize=2)
    model.z = pyo.Var(initialize=5)
    return model


def own(m: pyo.ConcreteModel) -> ComponentSet:
    return ComponentSet([m.y, m.z])


def values(mapping) -> dict:
    return {getattr(key, "name", key): pyo.value(value) for key, value in mapping.items()}


def test_a_number(m):
    form = own_form(4.0, own(m))
    assert form.constant == 4.0
    assert form.is_affine
    assert values(form.gradient()) == {}
    assert form.hessian() == {}


def test_affine_with_numbers(m):
    form = own_form(2 * m.y - 3 * m.z + 7, own(m))
    assert form.is_affine
    assert form.constant == 7
    assert values(form.linear) == {"y": 2, "z": -3}
    assert values(form.gradient()) == {"y": 2, "z": -3}


def test_affine_with_data_in_the_coefficients(m):
    """x^2 y + (x - 1) z + exp(x) at x = 3: 9 y + 2 z + exp(3)."""
    form = own_form(m.x**2 * m.y + (m.x - 1) * m.z + pyo.exp(m.x), own(m))
    assert form.is_affine
    assert values(form.linear) == {"y": 9, "z": 2}
    assert pyo.value(form.constant) == pytest.approx(math.exp(3))


def test_quadratic_gradient_and_hessian(m):
    """4 y^2 + 3 y z + x z^2: gradient (8 y + 3 z, 3 y + 2 x z) = (16 + 15, 6 + 30), Hessian ((8, 3), (3, 2 x = 6))."""
    form = own_form(4 * m.y**2 + 3 * m.y * m.z + m.x * m.z**2, own(m))
    assert form.is_quadratic
    assert not form.is_affine
    assert not form.has_constant_hessian
    assert values(form.gradient()) == {"y": 31, "z": 36}
    assert values(form.hessian()) == {(0, 0): 8, (0, 1): 3, (1, 1): 6}


def test_a_constant_hessian_is_known_as_one(m):
    assert own_form(4 * m.y**2 + m.x * m.z, own(m)).has_constant_hessian


def test_the_product_of_two_affine_functions_is_expanded(m):
    """(y - x)(30 - y) = -y^2 + (30 + x) y - 30 x at x = 3: gradient 33 - 2 y = 29."""
    form = own_form((m.y - m.x) * (30 - m.y), own(m))
    assert form.nonlinear is None
    assert values(form.hessian()) == {(0, 0): -2}
    assert values(form.gradient()) == {"y": 29}
    assert pyo.value(form.constant) == -90


def test_nonlinear_part_beside_the_quadratic_one(m):
    """exp(y) + y z + x y: gradient (e^2 + 5 + 3, 2), Hessian ((e^2, 1), (1, 0))."""
    form = own_form(pyo.exp(m.y) + m.y * m.z + m.x * m.y, own(m))
    assert not form.is_quadratic
    assert values(form.gradient()) == {"y": pytest.approx(math.exp(2) + 8), "z": pytest.approx(2)}
    hessian = values(form.hessian())
    assert hessian[(0, 0)] == pytest.approx(math.exp(2))
    assert hessian[(0, 1)] == pytest.approx(1)
    assert hessian.get((1, 1), 0) == 0


def test_a_nonlinear_function_of_data_is_a_constant(m):
    form = own_form(pyo.sin(m.x) + m.y, own(m))
    assert form.is_affine
    assert pyo.value(form.constant) == pytest.approx(math.sin(3))


def test_fixed_variables_are_numbers(m):
    m.z.fix(5)
    form = own_form(m.y * m.z, own(m))
    assert form.is_affine
    assert values(form.linear) == {"y": 5}


def test_terms_that_cancel_leave_no_variable_in_the_linear_part(m):
    form = own_form(m.y - m.y + m.z, own(m))
    assert values(form.linear) == {"z": 1}


def test_named_expressions_and_mutable_parameters_are_seen_through(m):
    m.p = pyo.Param(initialize=4, mutable=True)
    m.e = pyo.Expression(expr=m.p * m.y)
    form = own_form(m.e + m.e, own(m))
    assert values(form.gradient()) == {"y": 8}


def test_variables_in_order_of_appearance_without_fixed_ones(m):
    m.x.fix()
    assert [v.name for v in variables_in([m.z + m.x, 3.0, m.y * m.z])] == ["z", "y"]


@settings(max_examples=25)
@given(data=st.data())
def test_gradient_and_hessian_are_the_numeric_ones(data):
    """At random points of random smooth expressions: central differences of value and gradient."""
    m = point_model(data.draw)
    own_variables = ComponentSet([m.y[1], m.y[2]])
    form = own_form(data.draw(expressions(m)), own_variables)
    variables = list(form.variables)
    gradient = form.gradient()
    expected = numeric_gradient(lambda: pyo.value(form.expression), variables)
    actual = np.array([pyo.value(gradient.get(v, 0.0)) for v in variables])
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)

    hessian = np.zeros((len(variables), len(variables)))
    for (i, j), entry in form.hessian().items():
        hessian[i, j] = hessian[j, i] = pyo.value(entry)
    for k, variable in enumerate(variables):
        row = numeric_gradient(lambda v=variable: pyo.value(gradient.get(v, 0.0)), variables)
        np.testing.assert_allclose(hessian[k], row, rtol=1e-5, atol=1e-5)
