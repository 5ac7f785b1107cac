"""The nonlinear route: derivatives against hand calculation and Pyomo, and claims that a point must bear out."""

from __future__ import annotations

import gc
import math

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp

from batteryopt import solvers
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Capability, Options
from batteryopt.solvers.compile.components import parts_of
from batteryopt.solvers.compile.nonlinear import compile_nonlinear
from batteryopt.solvers.contract.attempts import STATUSES, pushed_inside
from batteryopt.solvers.interior_point.kkt_residual import STATIONARITY, estimated_multipliers, kkt_residual
from batteryopt.solvers.interior_point.multipliers import Multipliers, bound_duals_of, duals_of, multipliers_of

LOCAL = [
    a for a in solvers.installed() if Capability.NONLINEAR in a.capabilities and Capability.GLOBAL not in a.capabilities
]
each = pytest.mark.parametrize("adapter", LOCAL, ids=lambda a: a.name)


def compiled(model):
    return compile_nonlinear(parts_of(model))


def test_the_model_lives_as_long_as_its_arrays():
    program = compiled(two_rows())
    gc.collect()
    assert {c.name for c in program.constraints} == {"linear", "curved"}


def dense(structure, values, shape):
    return sp.coo_array((values, structure), shape=shape).toarray()


def two_rows():
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 9), initialize=2.0), pyo.Var(initialize=3.0)
    model.linear = pyo.Constraint(expr=model.x + 2 * model.y <= 10)
    model.curved = pyo.Constraint(expr=(1, model.x**2 * model.y, 20))
    model.value = pyo.Objective(expr=pyo.exp(model.x) + model.x * model.y, sense=pyo.maximize)
    return model


def test_derivatives_of_a_worked_example():
    """At x = 2, y = 3 of max exp(x) + xy: f = -(e^2 + 6), its gradient -(e^2 + 3, 2); x^2 y has gradient (12, 4)."""
    model = two_rows()
    program = compiled(model)
    x, e2 = np.array([2.0, 3.0]), math.exp(2)
    order = [v.name for v in program.variables]
    rows = [c.name for c in program.constraints]
    assert sorted(order) == ["x", "y"]
    assert sorted(rows) == ["curved", "linear"]
    at = np.array([x[["x", "y"].index(name)] for name in order])
    calls = program.callbacks
    assert program.sign == -1.0
    assert calls.objective(at) == pytest.approx(-(e2 + 6))
    gradient = dict(zip(order, calls.gradient(at), strict=True))
    assert gradient == pytest.approx({"x": -(e2 + 3), "y": -2.0})
    assert dict(zip(rows, calls.constraints(at), strict=True)) == pytest.approx({"linear": 8.0, "curved": 12.0})
    jacobian = dense(calls.jacobianstructure(), calls.jacobian(at), (2, 2))
    entries = {(r, v): jacobian[i, j] for i, r in enumerate(rows) for j, v in enumerate(order)}
    assert entries == pytest.approx(
        {("linear", "x"): 1.0, ("linear", "y"): 2.0, ("curved", "x"): 12.0, ("curved", "y"): 4.0}
    )
    # 2 f + 5 curved: d2/dx2 = -2 e^2 + 5 * 2y = -2 e^2 + 30; d2/dxdy = -2 + 5 * 2x = 18; d2/dy2 = 0
    multipliers = np.array([5.0 if name == "curved" else 7.0 for name in rows])
    triangle = dense(calls.hessianstructure(), calls.hessian(at, multipliers, 2.0), (2, 2))
    assert not np.triu(triangle, 1).any()
    i, j = order.index("x"), order.index("y")
    assert triangle[i, i] == pytest.approx(-2 * e2 + 30)
    assert triangle[i, j] + triangle[j, i] == pytest.approx(18)
    assert triangle[j, j] == 0.0


FUNCTIONS = [
    pyo.exp, pyo.log, pyo.log10, pyo.sqrt, pyo.sin, pyo.cos, pyo.tan, pyo.asin, pyo.acos, pyo.atan,
    pyo.sinh, pyo.cosh, pyo.tanh, abs, lambda x: x**2.5, lambda x: 2.0**x, lambda x: x**x,
    lambda x: 1 / x, lambda x: -x, lambda x: (x - 1) ** 3 / (x + 2),
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=range(len(FUNCTIONS)))
def test_functions_and_slopes_agree_with_pyomo(function):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=0.4)
    model.cost = pyo.Objective(expr=function(model.x))
    calls = compiled(model).callbacks
    at = np.array([0.4])
    assert calls.objective(at) == pytest.approx(pyo.value(model.cost), rel=1e-12)
    step = 1e-5
    ends = []
    for model.x.value in (0.4 - step, 0.4 + step):
        ends.append(pyo.value(model.cost))
    assert calls.gradient(at)[0] == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-7)


UNREADABLE = {
    "ceil": pyo.ceil,
    "floor": pyo.floor,
    "if": lambda x: pyo.Expr_if(IF=x >= 1, THEN=x, ELSE=2 * x),
    "asinh": pyo.asinh,
    "acosh": pyo.acosh,
    "atanh": pyo.atanh,
}


@pytest.mark.parametrize("function", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_functions_of_no_use_are_refused_by_name(function):
    model = two_rows()
    model.total = pyo.Expression(expr=model.x + model.y)
    model.steps = pyo.Constraint(expr=2 * function(model.total) <= 9)
    with pytest.raises(UnsupportedModel, match=r"in 'steps'$"):
        compiled(model)


def test_rows_without_variables_are_kept_apart():
    model = two_rows()
    model.z = pyo.Var()
    model.z.fix(4)
    model.constant = pyo.Constraint(expr=model.z**2 <= 15)
    program = compiled(model)
    assert [c.name for c in program.constraints if c is model.constant] == []
    assert program.violation_of_constants() >= 1 / 16  # 16 is 1 above 15, however the row is written


def test_multipliers_and_duals_are_inverse():
    """Ipopt's multiplier of a row is minus the derivative of the minimum; of -f for a maximisation: the same sign."""
    model = two_rows()
    program = compiled(model)
    given = Multipliers(rows=np.array([1.5, 0.0]), lower=np.array([0.25, 0.0]), upper=np.array([0.0, 0.0]))
    duals = duals_of(program, given, ())
    bound_duals = bound_duals_of(program, given, ())
    assert duals[program.constraints[0]] == 1.5
    back = multipliers_of(program, duals, bound_duals)
    np.testing.assert_array_equal(back.rows, given.rows)
    first = program.variables[0]
    assert bound_duals[first].lower == (-0.25 if first.lb is not None else 0.0)


def log_model():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(0, None))
    model.cost = pyo.Objective(expr=model.x * pyo.log(model.x))
    return model


def test_a_false_claim_has_a_residual():
    """X log x at 0.2627 with the multiplier 3e-4: slope 1 + log 0.2627 = -0.337, which nothing balances."""
    program = compiled(log_model())
    none = Multipliers(rows=np.zeros(0), lower=np.array([3e-4]), upper=np.zeros(1))
    x = np.array([0.2627])
    assert kkt_residual(program, x, none) == pytest.approx(abs(1 + math.log(0.2627) - 3e-4), rel=1e-9)
    estimated = estimated_multipliers(program, x)
    assert kkt_residual(program, x, estimated) > 0.3
    best = np.array([math.exp(-1)])
    zero = Multipliers(rows=np.zeros(0), lower=np.zeros(1), upper=np.zeros(1))
    assert kkt_residual(program, best, zero) < 1e-15


def test_multipliers_are_found_from_the_point_alone():
    """Min x + y on x + y >= 2, twice, and y >= 0.5: at (1.5, 0.5) the two rows' multipliers sum to 1 (as -1: lower)."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var(bounds=(0.5, None))
    model.once = pyo.Constraint(expr=model.x + model.y >= 2)
    model.twice = pyo.Constraint(expr=model.x + model.y >= 2)
    model.cost = pyo.Objective(expr=model.x + model.y)
    program = compiled(model)
    x = np.array([1.5 if v is model.x else 0.5 for v in program.variables])
    found = estimated_multipliers(program, x)
    assert sum(found.rows) == pytest.approx(-1.0)
    assert (found.rows <= 0).all()
    assert kkt_residual(program, x, found) <= STATIONARITY


def test_a_point_is_moved_off_its_bounds():
    inf = math.inf
    lower, upper = np.array([0.0, -inf, 0.0, 5.0, 100.0]), np.array([inf, 3.0, 1.0, 5.0, inf])
    moved = pushed_inside(np.array([0.0, 9.0, 0.4, 5.0, 0.0]), lower, upper)
    # 0 + 0.01; 3 - 0.03; inside already; nowhere to go; 100 + 1
    np.testing.assert_allclose(moved, [0.01, 2.97, 0.4, 5.0, 101.0])


def test_every_status_of_ipopt_is_mapped_and_none_proves_optimality():
    assert set(STATUSES) >= {0, 1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -10, -11, -12, -13, -100, -101, -102, -199}
    assert all(point is not PointStatus.OPTIMAL for _, point in STATUSES.values())


@each
def test_more_equalities_than_variables(adapter):
    """X + y = 3 three times over: the nearest point to the origin is (1.5, 1.5), 4.5 away."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var()
    model.rows = pyo.Constraint([1, 2, 3], rule=lambda m, i: i * (m.x + m.y) == 3 * i)
    model.cost = pyo.Objective(expr=model.x**2 + model.y**2)
    report = adapter.solve(model)
    assert report.point_status is PointStatus.LOCALLY_OPTIMAL
    assert report.objective == pytest.approx(4.5, abs=1e-6)


@each
def test_as_many_equalities_as_variables_but_the_same_one(adapter):
    """X = 0 twice, y >= 0 to be small: Ipopt takes it for a square system and stops at any feasible y."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(bounds=(0, 3)), pyo.Var(bounds=(0, 3))
    model.once = pyo.Constraint(expr=model.x == 0)
    model.twice = pyo.Constraint(expr=model.x == 0)
    model.cost = pyo.Objective(expr=model.y)
    report = adapter.solve(model)
    assert report.point_status is PointStatus.LOCALLY_OPTIMAL
    assert model.y.value == pytest.approx(0.0, abs=1e-6)


@each
def test_no_interior(adapter):
    """X + y <= 1 and >= 1, apart: an interior-point method's worst case; 0.5 by symmetry."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(), pyo.Var()
    model.low = pyo.Constraint(expr=model.x + model.y >= 1)
    model.high = pyo.Constraint(expr=model.x + model.y <= 1)
    model.cost = pyo.Objective(expr=model.x**2 + model.y**2)
    report = adapter.solve(model)
    assert report.point_status is PointStatus.LOCALLY_OPTIMAL
    assert report.objective == pytest.approx(0.5, abs=1e-7)


@each
def test_what_cannot_be_evaluated_is_trouble_and_not_an_answer(adapter):
    model = pyo.ConcreteModel()
    model.x = pyo.Var(initialize=-1.0)
    model.cost = pyo.Objective(expr=pyo.sqrt(model.x))
    report = adapter.solve(model)
    assert report.stop_reason is StopReason.NUMERICAL_TROUBLE
    assert report.point_status is PointStatus.NONE
    assert report.objective is None


@each
def test_unbounded_below_along_a_curve(adapter):
    """-exp(x) grows beyond any limit."""
    model = pyo.ConcreteModel()
    model.x, model.y = pyo.Var(initialize=1.0), pyo.Var(initialize=1.0)
    model.row = pyo.Constraint(expr=model.y == 2 * model.x)
    model.cost = pyo.Objective(expr=-(model.y**2))
    report = adapter.solve(model)
    assert report.stop_reason is StopReason.UNBOUNDED
    assert not report.has_point


@each
def test_native_options_reach_the_solver(adapter):
    report = adapter.solve(two_rows(), Options(extra={"max_iter": 2}))
    assert report.stop_reason is StopReason.ITERATION_LIMIT


def test_a_derivative_that_does_not_exist_at_the_start_is_trouble_and_not_the_end_of_the_process():
    """The gradient of sqrt(y^2 + z^2) is 0/0 at the origin; Ipopt's linear solver does not survive such a matrix."""
    model = pyo.ConcreteModel()
    model.y, model.z = pyo.Var(bounds=(-5, 5), initialize=0), pyo.Var(bounds=(-5, 5), initialize=0)
    model.excess = pyo.Var(bounds=(-1, None), initialize=1)
    model.norm = pyo.Constraint(expr=pyo.sqrt(model.y**2 + model.z**2) - 1 <= model.excess)
    model.cost = pyo.Objective(expr=model.excess)
    assert solvers.get("ipopt").solve(model).stop_reason is StopReason.NUMERICAL_TROUBLE
