"""Limits of multipliers from structure, against multipliers worked out by hand; products that conditions replace."""

from __future__ import annotations

import itertools

import numpy as np
import pyomo.environ as pyo
import pytest
from scipy.optimize import linprog

from batteryopt import bilevel
from batteryopt.bilevel.kkt import single_level as kkt
from batteryopt.bilevel.kkt.identities import QuadraticForm, convexified, without_products
from batteryopt.bilevel.methods import METHODS, MethodSettings
from batteryopt.bilevel.problem.normal_form import extract
from batteryopt.bilevel.proof.row_structure import NETWORK, PACKING, structural_limits


def limits(m: pyo.ConcreteModel) -> dict[str, tuple[float, str]]:
    """Return the limits of the first follower by row name; its costs are numbers here."""
    follower = extract(m).followers[0]
    gradient = follower.objective.gradient()
    forces = np.array([[pyo.value(gradient.get(v, 0.0))] * 2 for v in follower.variables])
    return {follower.inequalities[k].name: limit for k, limit in structural_limits(follower, forces).items()}


def packed(rows: list[list[float]], gains: list[float]) -> pyo.ConcreteModel:
    """max gains' y s.t. rows y <= 5 + x, y >= 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(len(gains)), bounds=(0, None))
    m.f.row = pyo.Constraint(
        range(len(rows)), rule=lambda f, k: sum(a * f.y[j] for j, a in enumerate(rows[k]) if a) <= 5 + m.x
    )
    m.f.gain = pyo.Objective(expr=sum(g * m.f.y[j] for j, g in enumerate(gains)), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x)
    return m


def test_packing_rows():
    """max 6 y0 + 10 y1 s.t. 2 y0 + 5 y1 <= .: u <= max(6/2, 10/5) = 3; y1 >= 0 has 5 u - 10 <= 5, y0 >= 0 at most 0."""
    found = limits(packed([[2, 5]], [6, 10]))
    assert found["f.row[0] (upper)"] == (3, PACKING)
    assert found["f.y[0] (lower bound)"][0] == pytest.approx(0)
    assert found["f.y[1] (lower bound)"][0] == pytest.approx(5)


def test_a_row_with_a_negative_coefficient_elsewhere_is_no_packing_row():
    """y0 has +2 in one row and -1 in the other: a large multiplier there lets the first one grow."""
    found = limits(packed([[2, 5], [-1, 3]], [6, 10]))
    assert "f.row[0] (upper)" not in found
    assert "f.row[1] (upper)" not in found


def test_a_box_follower():
    """min 3 y over 1 <= y <= 4: the lower bound's multiplier is 3, the upper one's 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(1, 4))
    m.f.cost = pyo.Objective(expr=3 * m.f.y)
    m.cost = pyo.Objective(expr=m.x)
    found = limits(m)
    assert found["f.y (lower bound)"][0] == pytest.approx(3)
    assert found["f.y (upper bound)"][0] == pytest.approx(0)


def test_a_network_has_sums_of_costs():
    """One unit from node 0 to 1 over two arcs at 2 and 7: multipliers of y >= 0 are 0 and 5, within 2 + 7."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var([0, 1], bounds=(0, None))
    m.f.out = pyo.Constraint(expr=m.f.y[0] + m.f.y[1] == 1)
    m.f.into = pyo.Constraint(expr=-m.f.y[0] - m.f.y[1] == -1)
    m.f.cost = pyo.Objective(expr=2 * m.f.y[0] + 7 * m.f.y[1])
    m.cost = pyo.Objective(expr=m.x)
    assert limits(m)["f.y[1] (lower bound)"] == (9, NETWORK)


@pytest.mark.parametrize("seed", range(20))
def test_some_optimal_multipliers_obey_the_limits(seed: int):
    """A second route: of all optimal multipliers of a random packing problem, those of the smallest sum."""
    rng = np.random.default_rng(seed)
    B = rng.integers(0, 4, (3, 4)).astype(float)
    B[0], B[:, 0] = np.maximum(B[0], 1), np.maximum(B[:, 0], 1)  # every variable is limited, and no row is empty
    gains = rng.integers(-3, 9, 4).astype(float)
    found = limits(packed(B.tolist(), gains.tolist()))
    right = np.full(3, 5.0)
    primal = linprog(-gains, A_ub=B, b_ub=right, method="highs")
    assert primal.status == 0
    # min sum u over u >= 0, B'u >= gains, right'u = optimal value
    smallest = linprog(np.ones(3), A_ub=-B.T, b_ub=-gains, A_eq=right[None, :], b_eq=[-primal.fun], method="highs")
    for k, u in enumerate(smallest.x):
        assert u <= found[f"f.row[{k}] (upper)"][0] + 1e-7
    for j, v in enumerate(B.T @ smallest.x - gains):
        name = f"f.y[{j}] (lower bound)"
        if name in found:
            assert v <= found[name][0] + 1e-7


def toll() -> pyo.ConcreteModel:
    """A driver takes the tolled road at 2 + t or the free one at 9: t = 7, and the leader has 7."""
    m = pyo.ConcreteModel()
    m.t = pyo.Var(bounds=(0, None))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(["toll", "free"], bounds=(0, None))
    m.f.goes = pyo.Constraint(expr=m.f.y["toll"] + m.f.y["free"] == 1)
    m.f.cost = pyo.Objective(expr=(2 + m.t) * m.f.y["toll"] + 9 * m.f.y["free"])
    m.revenue = pyo.Objective(expr=m.t * m.f.y["toll"], sense=pyo.maximize)
    return m


def test_a_toll_times_a_flow_is_linear():
    """t y = mu - 2 y_toll - 9 y_free at every answer, mu being the cheapest way's cost (here -equality_multiplier)."""
    system = kkt.build(extract(toll()))
    form = without_products(system)
    assert form is not None
    assert not form.products
    by_name = {form.variables[key].name: c for key, c in form.linear.items() if c}
    assert by_name == {"kkt[0].equality_multiplier[0]": -1, "f.y[toll]": -2, "f.y[free]": -9}


def test_an_objective_that_nothing_replaces_stays():
    """The square of a toll is none of the products that vanish."""
    m = toll()
    m.revenue.set_value(m.t**2 + m.t * m.f.y["toll"])
    assert without_products(kkt.build(extract(m))) is None


def test_forms_add_up():
    m = pyo.ConcreteModel()
    m.x, m.y = pyo.Var(), pyo.Var()
    one, other = QuadraticForm.of(m.x * m.y + 2 * m.x + 1), QuadraticForm.of(m.y * m.x - 3)
    assert one is not None
    assert other is not None
    total = one.plus([(-1.0, other)], 1.0)
    assert (total.constant, total.products) == (4, {})
    assert QuadraticForm.of(m.x**3) is None


def test_milp_proves_an_unbounded_toll():
    answer = bilevel.solve(toll(), method="milp")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(7)


def knapsack(profit: list[int], weight: list[int], capacity: int, budget: int) -> pyo.ConcreteModel:
    """Take `budget` items away from a knapsack that is filled with parts of items."""
    m = pyo.ConcreteModel()
    items = range(len(profit))
    m.x = pyo.Var(items, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=pyo.summation(m.x) <= budget)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(items, bounds=(0, 1))
    m.f.capacity = pyo.Constraint(expr=sum(weight[i] * m.f.y[i] for i in items) <= capacity)
    m.f.left = pyo.Constraint(items, rule=lambda f, i: f.y[i] <= 1 - m.x[i])
    m.f.gain = pyo.Objective(expr=sum(profit[i] * m.f.y[i] for i in items), sense=pyo.maximize)
    m.loss = pyo.Objective(expr=sum(profit[i] * m.f.y[i] for i in items))
    return m


@pytest.mark.parametrize("seed", range(4))
def test_interdiction_against_enumeration(seed: int):
    rng = np.random.default_rng(seed)
    profit, weight = rng.integers(1, 15, 7).tolist(), rng.integers(1, 10, 7).tolist()
    capacity = sum(weight) // 2
    values = []
    for taken in itertools.combinations(range(7), 2):
        most = [0.0 if i in taken else 1.0 for i in range(7)]
        best = linprog(
            [-p for p in profit], A_ub=[weight], b_ub=[capacity], bounds=list(zip([0] * 7, most, strict=True))
        )
        values.append(-best.fun)
    answer = bilevel.solve(knapsack(profit, weight, capacity, 2), method="milp")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(min(values), rel=1e-6)


def test_opposed_leader_and_follower_need_no_complementarity():
    written = METHODS["milp"].apply(extract(knapsack([3, 4], [1, 2], 2, 1)), MethodSettings()).extra["written"]
    assert written.is_dual
    assert not written.open_pairs
    assert not written.closed_pairs


def test_a_leader_who_wants_the_same_is_not_opposed():
    m = knapsack([3, 4], [1, 2], 2, 1)
    m.loss.sense = pyo.maximize
    written = METHODS["milp"].apply(extract(m), MethodSettings()).extra["written"]
    assert not written.is_dual


def test_auto_gives_no_time_back_while_nothing_is_proven():
    """Eight Cournot firms are not proven in a few seconds."""
    from tests.literature.bilevel import problem_named

    problem = problem_named("stackelberg-cournot-eight")
    answer = bilevel.solve(problem.build(), time_limit=3)
    assert answer.is_optimal or answer.seconds > 2
    assert problem.is_right(answer.objective, 1e-3)


def test_a_cournot_leader_has_a_concave_profit():
    """Profit (60 - x - y) x with y = argmax (60 - x - y) y has -x y in it, which is not concave: [[-1, -1/2], [., 0]].

    The firm's strong duality without limits that bind is -(60 - x) y + 2 y^2 = 0. Taken off once it gives
    60 x - x^2 - x y + (60 - x) y - 2 y^2 with Hessian [[-2, -2], [-2, -4]], negative definite (determinant 4).
    """
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 60))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 60))
    m.f.profit = pyo.Objective(expr=(60 - m.x - m.f.y) * m.f.y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(60 - m.x - m.f.y) * m.x, sense=pyo.maximize)
    system = kkt.build(extract(m))
    before = QuadraticForm.of(m.profit.expr)
    assert before is not None
    assert not before.is_convex(-1)
    form = convexified(system)
    assert form is not None
    assert form.is_convex(-1)
    names = {tuple(sorted((form.variables[i].name, form.variables[j].name))): c for (i, j), c in form.products.items()}
    assert names == {("x", "x"): -1, ("f.y", "x"): -2, ("f.y", "f.y"): -2}


@pytest.mark.parametrize("method", ["indicator", "branching"])
def test_methods_use_the_concave_profit(method: str):
    """y = (60 - x) / 2, so that the leader has (60 - x) x / 2: 450 at x = 30."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 60))
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(bounds=(0, 60))
    m.f.profit = pyo.Objective(expr=(60 - m.x - m.f.y) * m.f.y, sense=pyo.maximize)
    m.profit = pyo.Objective(expr=(60 - m.x - m.f.y) * m.x, sense=pyo.maximize)
    answer = bilevel.solve(m, method=method, time_limit=20)
    assert answer.is_optimal
    assert answer.objective == pytest.approx(450, rel=1e-6)
