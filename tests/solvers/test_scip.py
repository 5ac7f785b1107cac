"""SCIP's translation, function by function, and the answers in which SCIP's own words need care."""

from __future__ import annotations

import math

import pyomo.environ as pyo
import pytest

from batteryopt import solvers
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Indicator, Options

SCIP = solvers.get("scip")

FUNCTIONS = {
    "exp": (pyo.exp, math.exp),
    "log": (pyo.log, math.log),
    "log10": (pyo.log10, math.log10),
    "sqrt": (pyo.sqrt, math.sqrt),
    "sin": (pyo.sin, math.sin),
    "cos": (pyo.cos, math.cos),
    "tan": (pyo.tan, math.tan),
    "sinh": (pyo.sinh, math.sinh),
    "cosh": (pyo.cosh, math.cosh),
    "tanh": (pyo.tanh, math.tanh),
    "abs": (lambda x: abs(x - 3), lambda x: abs(x - 3)),
    "power": (lambda x: x**2.5, lambda x: x**2.5),
    "cube": (lambda x: (x - 2) ** 3, lambda x: (x - 2) ** 3),
    "exponential": (lambda x: 2.0**x, lambda x: 2.0**x),
    "division": (lambda x: (x + 1) / (x**2 + 2), lambda x: (x + 1) / (x**2 + 2)),
    "inverse": (lambda x: 3 / x, lambda x: 3 / x),
    "negation": (lambda x: -pyo.exp(x) * x, lambda x: -math.exp(x) * x),
    "nested": (lambda x: pyo.log(1 + pyo.sqrt(x)) * pyo.sin(x), lambda x: math.log(1 + math.sqrt(x)) * math.sin(x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function(name):
    """With x held at 0.7 by its bounds the least t >= f(x) is f(0.7), by the mathematics library."""
    in_pyomo, in_python = FUNCTIONS[name]
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0.7, 0.7))
    model.t = pyo.Var(bounds=(-100, 100))
    model.above = pyo.Constraint(expr=model.t >= in_pyomo(model.x) + 2 * model.x)
    model.cost = pyo.Objective(expr=model.t)
    report = SCIP.solve(model)
    assert report.is_optimal
    assert report.objective == pytest.approx(in_python(0.7) + 1.4, abs=2e-6)


def test_named_expressions_and_fixed_variables_inside_functions():
    """exp(z x + log y - y) with z fixed at 2, in a named expression: at x = 0.5, y = 1 it is exp(1 + 0 - 1) = 1."""
    model = pyo.ConcreteModel()
    model.x, model.y, model.z = pyo.Var(bounds=(0.5, 1)), pyo.Var(bounds=(1, 1)), pyo.Var()
    model.z.fix(2)
    model.inner = pyo.Expression(expr=model.z * model.x + pyo.log(model.y))
    model.cost = pyo.Objective(expr=pyo.exp(model.inner - model.y))
    report = SCIP.solve(model)
    assert report.objective == pytest.approx(1.0, abs=2e-6)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (lambda m: pyo.ceil(m.x), "ceil"),
        (lambda m: pyo.asin(m.x), "asin"),
        (lambda m: m.x**m.y, "base and exponent"),
        (lambda m: (-2.0) ** m.y, "base and exponent"),
        (lambda m: pyo.Expr_if(IF=m.x >= 1, THEN=m.x, ELSE=m.y), "Inequality"),
    ],
)
def test_what_scip_has_no_expression_for_is_named(expression, reason):
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0.1, 2)), pyo.Var(bounds=(0.1, 2))
    model.odd = pyo.Constraint(expr=expression(model) <= 1)
    model.cost = pyo.Objective(expr=model.x)
    with pytest.raises(UnsupportedModel, match=f"'odd'.*{reason}"):
        SCIP.solve(model)


def test_a_nonconvex_quadratic_is_solved_to_the_global_bound():
    """Max x y with x + 2y <= 4: along the line x (4 - x) / 2 has its top at x = 2, y = 1: 2."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 10)), pyo.Var(bounds=(0, 10))
    model.row = pyo.Constraint(expr=model.x + 2 * model.y <= 4)
    model.value = pyo.Objective(expr=model.x * model.y, sense=pyo.maximize)
    report = SCIP.solve(model)
    assert report.is_optimal
    assert report.objective == pytest.approx(2.0, abs=1e-5)
    assert report.bound >= report.objective - 1e-9


@pytest.mark.parametrize("sense", [pyo.minimize, pyo.maximize], ids=["min", "max"])
def test_unbounded_through_a_quadratic_objective(sense):
    factor = 1 if sense == pyo.maximize else -1
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var(bounds=(0, 1))
    model.value = pyo.Objective(expr=factor * (model.x**2 + model.y), sense=sense)
    report = SCIP.solve(model, Options(time_limit=20))
    assert report.stop_reason in (StopReason.UNBOUNDED, StopReason.INFEASIBLE_OR_UNBOUNDED)
    assert report.bound is None
    assert not report.has_point


def test_infinite_bounds_of_scip_are_infinite():
    """1e20 and beyond is infinite to SCIP: such bounds are left out."""
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-1e30, 1e25))
    model.row = pyo.Constraint(expr=(-5, model.x, 1e21))
    model.cost = pyo.Objective(expr=model.x)
    assert SCIP.solve(model).objective == pytest.approx(-5.0)


def test_special_ordered_sets_of_fixed_members():
    model = pyo.ConcreteModel()
    model.x = pyo.Var([1, 2, 3], bounds=(0, 1))
    model.one = pyo.SOSConstraint(var=model.x, sos=1)
    model.value = pyo.Objective(expr=sum(model.x.values()), sense=pyo.maximize)
    model.x[1].fix(0)
    assert SCIP.solve(model).objective == pytest.approx(1.0)
    model.x[1].fix(0.5)
    assert SCIP.solve(model).objective == pytest.approx(0.5)
    model.x[2].fix(0.5)
    report = SCIP.solve(model)
    assert report.stop_reason is StopReason.INFEASIBLE
    assert "'one'" in report.message


def switched():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, 9))
    model.on = pyo.Var(domain=pyo.Binary)
    model.z = pyo.Var()
    model.profit = pyo.Objective(expr=model.x + 4 * model.on, sense=pyo.maximize)
    return model


@pytest.mark.parametrize(("body", "expected"), [(1.0, 9.0), (-1.0, 13.0), (0.0, 13.0)])
def test_an_indicator_of_a_constant_decides_the_binary(body, expected):
    """A body that is above 0 forbids on = 1, which costs 4; any other says nothing."""
    model = switched()
    model.z.fix(body)
    indicator = Indicator(binary=model.on, active_value=1, body=model.z)
    assert SCIP.solve(model, indicators=[indicator]).objective == pytest.approx(expected)


@pytest.mark.parametrize(("fixed_at", "expected"), [(1, 6.0), (0, 9.0)])
def test_an_indicator_of_a_fixed_binary(fixed_at, expected):
    model = switched()
    model.on.fix(fixed_at)
    indicator = Indicator(binary=model.on, active_value=1, body=model.x - 2)
    assert SCIP.solve(model, indicators=[indicator]).objective == pytest.approx(expected)


def test_an_indicator_needs_a_binary():
    model = switched()
    indicator = Indicator(binary=model.x, active_value=1, body=model.x - 2)
    with pytest.raises(UnsupportedModel, match="'x' is not binary"):
        SCIP.solve(model, indicators=[indicator])


def test_a_start_with_auxiliary_variables_is_complete():
    """A quadratic objective and a nonlinear indicator need variables of their own: the start must give them values."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 3), initialize=2.0), pyo.Var(bounds=(0, 3), initialize=1.0)
    model.on = pyo.Var(domain=pyo.Binary, initialize=1)
    model.row = pyo.Constraint(expr=model.x + 2 * model.y <= 4)
    model.value = pyo.Objective(expr=model.x * model.y, sense=pyo.maximize)
    indicator = Indicator(binary=model.on, active_value=1, body=model.x**2 - 4)
    report = SCIP.solve(model, Options(warm_start=True, time_limit=0.0), indicators=[indicator])
    assert report.stop_reason is StopReason.TIME_LIMIT
    assert report.point_status is PointStatus.FEASIBLE
    assert report.objective == pytest.approx(2.0)
