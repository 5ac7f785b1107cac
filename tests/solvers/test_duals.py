"""One sign convention for duals: the derivative of the optimum, in the model's own sense, by the right-hand side.

Each dual below is written out by hand from what a small change of that right-hand side does to the optimum.
"""

from __future__ import annotations

from math import log, sqrt

import pyomo.environ as pyo
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batteryopt import solvers
from batteryopt.ground.status import PointStatus
from batteryopt.solvers import Capability

WITH_DUALS = [a for a in solvers.installed() if Capability.DUALS in a.capabilities]
NONLINEAR = [a for a in WITH_DUALS if Capability.NONLINEAR in a.capabilities]
each = pytest.mark.parametrize("adapter", WITH_DUALS, ids=lambda a: a.name)
each_nonlinear = pytest.mark.parametrize("adapter", NONLINEAR, ids=lambda a: a.name)
SENSES = pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize], ids=["min", "max"])


def one_variable(sense: int, coefficient: float, low: float | None = None, high: float | None = None):
    """Optimise ``coefficient x`` over one row ``low <= 2 x <= high``."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var()
    model.row = pyo.Constraint(expr=(low, 2 * model.x, high))
    model.value = pyo.Objective(expr=coefficient * model.x, sense=sense)
    return model


def close(value: float):
    return pytest.approx(value, abs=1e-6)


# With 2x at its bound b the optimum is coefficient b / 2, so the derivative by b is coefficient / 2 whatever the sense:
# in a minimisation >= 0 at a lower bound (coefficient > 0) and <= 0 at an upper one; in a maximisation the other way.
@each
@pytest.mark.parametrize(
    ("sense", "coefficient", "low", "high", "dual"),
    [
        pytest.param(pyo.minimize, 3.0, 4.0, None, 1.5, id="min-ge"),
        pytest.param(pyo.minimize, -3.0, None, 4.0, -1.5, id="min-le"),
        pytest.param(pyo.maximize, 3.0, None, 4.0, 1.5, id="max-le"),
        pytest.param(pyo.maximize, -3.0, 4.0, None, -1.5, id="max-ge"),
        pytest.param(pyo.minimize, 3.0, 4.0, 4.0, 1.5, id="min-eq"),
        pytest.param(pyo.maximize, 3.0, 4.0, 4.0, 1.5, id="max-eq"),
        pytest.param(pyo.minimize, -3.0, 4.0, 4.0, -1.5, id="min-eq-negative"),
        pytest.param(pyo.maximize, -3.0, 4.0, 4.0, -1.5, id="max-eq-negative"),
        pytest.param(pyo.minimize, 3.0, 4.0, 9.0, 1.5, id="min-range-low"),
        pytest.param(pyo.minimize, -3.0, 4.0, 9.0, -1.5, id="min-range-high"),
        pytest.param(pyo.maximize, 3.0, 4.0, 9.0, 1.5, id="max-range-high"),
        pytest.param(pyo.maximize, -3.0, 4.0, 9.0, -1.5, id="max-range-low"),
    ],
)
def test_row(adapter, sense, coefficient, low, high, dual):
    model = one_variable(sense, coefficient, low, high)
    report = adapter.solve(model)
    assert report.duals[model.row] == close(dual)
    assert report.bound_duals[model.x].lower == 0.0
    assert report.bound_duals[model.x].upper == 0.0


# The optimum is coefficient x at the bound b of x itself: the derivative by b is the coefficient.
@each
@pytest.mark.parametrize(
    ("sense", "coefficient", "lower", "upper"),
    [
        pytest.param(pyo.minimize, 3.0, 3.0, 0.0, id="min-at-lower"),
        pytest.param(pyo.minimize, -3.0, 0.0, -3.0, id="min-at-upper"),
        pytest.param(pyo.maximize, 3.0, 0.0, 3.0, id="max-at-upper"),
        pytest.param(pyo.maximize, -3.0, -3.0, 0.0, id="max-at-lower"),
    ],
)
def test_bounds_of_a_variable(adapter, sense, coefficient, lower, upper):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, 5))
    model.slack_row = pyo.Constraint(expr=model.x <= 100)
    model.value = pyo.Objective(expr=coefficient * model.x, sense=sense)
    report = adapter.solve(model)
    assert report.bound_duals[model.x].lower == close(lower)
    assert report.bound_duals[model.x].upper == close(upper)
    assert report.duals[model.slack_row] == close(0.0)


@each
def test_row_written_the_other_way_round(adapter):
    """10 >= 2x + y, maximise x + y: a unit more on the right lets y grow by one: dual 1; x stays 0 (2 > 1)."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
    model.row = pyo.Constraint(expr=10 >= 2 * model.x + model.y)  # noqa: SIM300 (is the point)
    model.value = pyo.Objective(expr=model.x + model.y, sense=pyo.maximize)
    report = adapter.solve(model)
    assert report.duals[model.row] == close(1.0)
    # Forcing a unit of x takes 2 of y and gives 1: the derivative by x's lower bound is 1 - 2.
    assert report.bound_duals[model.x].lower == close(-1.0)


@each
def test_fixed_variables_and_constants_do_not_shift_signs(adapter):
    """X + z + 1 >= 7 with z fixed at 2: x >= 4; minimise 5x: a unit more on the right costs 5."""
    model = pyo.ConcreteModel()
    model.x, model.z = pyo.Var(), pyo.Var()
    model.z.fix(2)
    model.row = pyo.Constraint(expr=model.x + model.z + 1 >= 7)
    model.constant_row = pyo.Constraint(expr=model.z <= 3)
    model.cost = pyo.Objective(expr=5 * model.x)
    report = adapter.solve(model)
    assert report.duals[model.row] == close(5.0)
    assert report.duals[model.constant_row] == close(0.0)


@each
@SENSES
def test_quadratic(adapter, sense):
    """(x - 3)^2 with x <= 1: the optimum is (b - 3)^2, its derivative at b = 1 is 2 (1 - 3) = -4; negated: +4."""
    factor = 1 if sense == pyo.minimize else -1
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-9, 9))
    model.row = pyo.Constraint(expr=model.x <= 1)
    model.cost = pyo.Objective(expr=factor * (model.x - 3) ** 2, sense=sense)
    assert adapter.solve(model).duals[model.row] == close(-4.0 * factor)


@each_nonlinear
def test_nonlinear_row(adapter):
    """Max x + y with x^2 + y^2 <= b: the optimum is sqrt(2 b), its derivative at b = 1 is 1 / sqrt(2)."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=0.1), pyo.Var(initialize=0.2)
    model.disc = pyo.Constraint(expr=model.x**2 + model.y**2 <= 1)
    model.value = pyo.Objective(expr=model.x + model.y, sense=pyo.maximize)
    assert adapter.solve(model).duals[model.disc] == close(1 / sqrt(2))


@each_nonlinear
def test_nonlinear_bound(adapter):
    """Min exp(x) - 2x with x >= 1 > log 2: the derivative by the bound is exp(1) - 2."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(1, None), initialize=2)
    model.cost = pyo.Objective(expr=pyo.exp(model.x) - 2 * model.x)
    report = adapter.solve(model)
    assert log(2) < 1
    assert report.bound_duals[model.x].lower == close(pyo.exp(1) - 2)


@pytest.mark.parametrize("adapter", solvers.installed(), ids=lambda a: a.name)
def test_no_duals_where_they_would_mean_nothing(adapter):
    """An integer model has no duals, and neither has an adapter that does not declare them."""
    model = one_variable(pyo.minimize, 3.0, low=3.0)
    if Capability.INTEGER in adapter.capabilities:
        model.x.domain = pyo.Integers
    elif Capability.DUALS in adapter.capabilities:
        model.contradiction = pyo.Constraint(expr=model.x <= 0)
    report = adapter.solve(model)
    assert len(report.duals) == 0
    assert len(report.bound_duals) == 0


numbers = st.integers(min_value=-6, max_value=6)


@st.composite
def bounded_programs(draw):
    """Return the data of a linear program in a box, with rows that the point x0 of the box satisfies."""
    columns = draw(st.integers(1, 4))
    x0 = [draw(st.integers(0, 3)) for _ in range(columns)]
    rows = []
    for _ in range(draw(st.integers(1, 4))):
        coefficients = [draw(numbers) for _ in range(columns)]
        activity = sum(a * x for a, x in zip(coefficients, x0, strict=True))
        below, above = draw(st.sampled_from([(0, 0), (0, None), (None, 0), (1, 2), (None, 3)]))
        low = None if below is None else activity - below
        high = None if above is None else activity + above
        rows.append((coefficients, low, high))
    return [draw(numbers) for _ in range(columns)], rows, draw(st.sampled_from([pyo.minimize, pyo.maximize]))


@each
@given(data=bounded_programs())
def test_duals_add_up_to_the_optimum(adapter, data):
    """Strong duality: each dual times the bound that binds it, summed, is the optimum; so signs and sizes are right."""
    costs, rows, sense = data
    model = pyo.ConcreteModel()
    columns = range(len(costs))
    model.x = pyo.Var(columns, bounds=(0, 3))
    model.rows = pyo.ConstraintList()
    for coefficients, low, high in rows:
        body = sum(a * model.x[j] for j, a in zip(columns, coefficients, strict=True))
        model.rows.add((low, body + 0 * model.x[0], high))
    model.value = pyo.Objective(expr=sum(c * model.x[j] for j, c in zip(columns, costs, strict=True)), sense=sense)
    report = adapter.solve(model)
    assert report.point_status in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)
    toward_lower = 1 if sense == pyo.minimize else -1
    terms = [d * (row.lb if d * toward_lower > 0 else row.ub) for row, d in report.duals.items() if abs(d) > 1e-6]
    terms += [3 * duals.upper for duals in report.bound_duals.values()]
    # Where rows leave no interior the duals are not unique, and an interior-point code's are large.
    assert sum(terms) == pytest.approx(report.objective, abs=2e-5 + 1e-7 * sum(map(abs, terms)))
    assert all(duals.lower * toward_lower >= -1e-9 for duals in report.bound_duals.values())
    assert all(duals.upper * toward_lower <= 1e-9 for duals in report.bound_duals.values())
