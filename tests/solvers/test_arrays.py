"""The arrays of a model, coefficient by coefficient, and against Pyomo's own evaluation at random points."""

from __future__ import annotations

import gc

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.arrays import QuadraticProgram, compile_model, is_positive_semidefinite


def worked_example():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 4))
    model.y = pyo.Var(domain=pyo.NonNegativeIntegers)
    model.z = pyo.Var()
    model.z.fix(5)
    model.low = pyo.Constraint(expr=2 * (model.x + 3 * model.y) - model.z >= 1)
    model.window = pyo.Constraint(expr=(-1, model.x - model.y + 2, 7))
    model.equal = pyo.Constraint(expr=model.x * model.z == model.y + 3)
    model.cost = pyo.Objective(
        expr=3 * model.x + model.z * model.y + model.z + 4 * model.x**2 - model.x * model.y + 1, sense=pyo.maximize
    )
    return model


def test_every_number_of_a_worked_example():
    program = compile_model(worked_example())
    assert [v.name for v in program.variables] == ["x", "y"]
    assert [c.name for c in program.constraints] == ["low", "window", "equal"]
    # 2x + 6y - 5 >= 1;  -1 <= x - y + 2 <= 7;  5x - y = 3
    np.testing.assert_array_equal(program.A.toarray(), [[2, 6], [1, -1], [5, -1]])
    np.testing.assert_array_equal(program.row_lower, [6, -3, 3])
    np.testing.assert_array_equal(program.row_upper, [np.inf, 5, 3])
    # 3x + 5y + 5 + 4x^2 - xy + 1: the Hessian has 2 * 4 on its diagonal and -1 beside it
    np.testing.assert_array_equal(program.c, [3, 5])
    assert program.c0 == 6
    np.testing.assert_array_equal(program.Q.toarray(), [[8, -1], [-1, 0]])
    np.testing.assert_array_equal(program.lower, [0, 0])
    np.testing.assert_array_equal(program.upper, [4, np.inf])
    np.testing.assert_array_equal(program.is_integer, [False, True])
    assert program.maximise
    assert (program.is_quadratic, program.has_integers, program.is_convex()) == (True, True, False)


def test_the_model_lives_as_long_as_its_arrays():
    program = compile_model(worked_example())
    gc.collect()  # Pyomo's models are cycles: one that nobody holds goes with the next collection
    assert [c.name for c in program.constraints] == ["low", "window", "equal"]


def test_relaxed_by_hand():
    program = compile_model(worked_example())
    assert program.relaxed().is_integer.tolist() == [False, False]
    assert program.is_integer.tolist() == [False, True]


def test_violation_is_relative_to_the_size_of_the_terms():
    program = compile_model(worked_example())
    # At (1, 2): low 2 + 12 >= 6 holds; window 1 - 2 in [-3, 5] holds; equal 5 - 2 = 3 holds.
    assert program.violation(np.array([1.0, 2.0])) == 0.0
    # At (1, 1): equal 5 - 1 = 4, one too much, of terms 5 + 1.
    assert program.violation(np.array([1.0, 1.0])) == pytest.approx(1 / 6)
    # At (5, 22): equal 25 - 22 = 3 holds, window 5 - 22 = -17 is 14 too low of 27, x is 1 above 4 of 5.
    assert program.violation(np.array([5.0, 22.0])) == pytest.approx(14 / 27)


def test_weak_duality_by_hand():
    """Max 3x + 2y in x <= 4, x + y <= 6: at (4, 2) with the dual 2 the gap is 0; at (3, 3) x leaves (3 - 2)(4 - 3)."""
    program = QuadraticProgram(
        maximise=True,
        c=np.array([3.0, 2.0]),
        Q=sp.csc_array((2, 2)),
        A=sp.csr_array([[1.0, 1.0]]),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([6.0]),
        lower=np.zeros(2),
        upper=np.array([4.0, np.inf]),
        is_integer=np.zeros(2, dtype=bool),
    )
    dual = np.array([2.0])
    assert program.reduced_costs(np.array([4.0, 2.0]), dual) == pytest.approx([1.0, 0.0])
    assert program.duality_gap(np.array([4.0, 2.0]), dual) == 0.0
    assert program.objective(np.array([4.0, 2.0])) - program.objective(np.array([3.0, 3.0])) == pytest.approx(1.0)
    assert program.duality_gap(np.array([3.0, 3.0]), dual) == pytest.approx(1.0)
    # A dual of the wrong sign claims a bound that is not there, and is charged for it.
    assert program.duality_gap(np.array([4.0, 2.0]), np.array([-2.0])) > 1.0


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[2, 1], [1, 2]], True),  # eigenvalues 1 and 3
        ([[1, 2], [2, 1]], False),  # eigenvalues -1 and 3
        ([[0, 1], [1, 0]], False),  # a product of two variables
        ([[1, 1], [1, 1]], True),  # eigenvalues 0 and 2: a square of a sum
        ([[1, -1, 0], [-1, 1, 0], [0, 0, 0]], True),
        ([[-1e-3]], False),
        ([[1e-300]], True),
        ([[1, 1 + 1e-6], [1 + 1e-6, 1]], False),  # smaller eigenvalue -1e-6
        (np.zeros((2, 2)), True),
    ],
)
def test_positive_semidefinite_by_hand(matrix, expected):
    assert is_positive_semidefinite(sp.csc_array(np.array(matrix, dtype=float))) is expected


@given(seed=st.integers(0, 10_000), shift=st.sampled_from([-0.1, 0.1]))
def test_positive_semidefinite_against_eigenvalues(seed, shift):
    """A random Gram matrix of low rank, shifted: the sign of the smallest eigenvalue decides."""
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 30))
    factor = random.normal(size=(size, int(random.integers(1, size + 1)))) * (random.random((size, 1)) < 0.7)
    gram = factor @ factor.T
    assert is_positive_semidefinite(sp.csc_array(gram))
    shifted = gram + shift * np.diag(random.random(size) < 0.5)
    smallest = np.linalg.eigvalsh(shifted)[0]
    if abs(smallest) > 1e-6:
        assert is_positive_semidefinite(sp.csc_array(shifted)) == (smallest > 0)


numbers = st.integers(-5, 5)


@given(
    coefficients=st.lists(numbers, min_size=4, max_size=4),
    products=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), numbers), max_size=6),
    point=st.lists(st.integers(-3, 3), min_size=4, max_size=4),
    fixed=st.integers(0, 3),
    sense=st.sampled_from([pyo.minimize, pyo.maximize]),
)
def test_arrays_evaluate_as_pyomo_does(coefficients, products, point, fixed, sense):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(range(4))
    for variable, value in zip(model.x.values(), point, strict=True):
        variable.value = value
    model.x[fixed].fix()
    linear = sum(a * model.x[i] for i, a in enumerate(coefficients))
    model.row = pyo.Constraint(expr=(-10, linear + 3, 10))
    model.cost = pyo.Objective(
        expr=2 * (linear - 1) ** 2 + sum(q * model.x[i] * model.x[j] for i, j, q in products), sense=sense
    )
    program = compile_model(model)
    x = np.array([v.value for v in program.variables], dtype=float)
    assert program.objective(x) == pytest.approx(pyo.value(model.cost))
    body = pyo.value(model.row.body)
    assert program.A @ x - program.row_lower == pytest.approx([body + 10])
    assert program.row_upper - program.A @ x == pytest.approx([10 - body])
    assert (program.Q != program.Q.T).nnz == 0


def test_what_is_not_of_the_form_is_named():
    model = pyo.ConcreteModel()
    model.x = pyo.Var([1, 2])
    model.cost = pyo.Objective(expr=model.x[1])
    model.curved = pyo.Constraint([1, 2], rule=lambda m, i: m.x[i] ** i <= 1)
    with pytest.raises(UnsupportedModel, match=r"constraint 'curved\[2\]' is not linear"):
        compile_model(model)
    model.curved.deactivate()
    model.cost.expr = pyo.sin(model.x[1])
    with pytest.raises(UnsupportedModel, match="objective 'cost' is neither linear nor quadratic"):
        compile_model(model)
    model.cost.expr = model.x[1]
    model.one = pyo.SOSConstraint(var=model.x, sos=1)
    with pytest.raises(UnsupportedModel, match="'one'"):
        compile_model(model)


def test_an_empty_model_has_empty_arrays():
    program = compile_model(pyo.ConcreteModel())
    assert program.A.shape == (0, 0)
    assert program.objective(np.zeros(0)) == 0.0
    assert program.violation(np.zeros(0)) == 0.0
