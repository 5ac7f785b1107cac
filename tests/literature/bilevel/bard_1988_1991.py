"""Bard (1988, 1991): two divisions that share a budget, a convex follower, a linear follower with a bilinear cost."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import Array, kth_best, nested_minimum, smallest_on_faces

RESOURCES = {1: (10, 5), 2: (15, 20)}

WISHES = {1: (4, 13), 2: (35, 2)}

CAPS = {1: (20, 20), 2: (40, 40)}

USE = ((0.4, 0.7), (0.6, 0.3))


def divisions() -> pyo.ConcreteModel:
    """Two followers over an index set, built by a rule, with Params and an indexed constraint each."""
    m = pyo.ConcreteModel()
    m.DIVISIONS = pyo.Set(initialize=[1, 2])
    m.GOODS = pyo.Set(initialize=[1, 2])
    m.budget = pyo.Var(m.DIVISIONS, m.GOODS, bounds=lambda m, d, k: (0, RESOURCES[d][k - 1]))
    m.total = pyo.Constraint(expr=pyo.summation(m.budget) <= 40)

    def division(b, d):
        b.wish = pyo.Param(m.GOODS, initialize=dict(enumerate(WISHES[d], start=1)))
        b.output = pyo.Var(m.GOODS, bounds=lambda b, j: (0, CAPS[d][j - 1]))
        b.resource = pyo.Constraint(
            m.GOODS, rule=lambda b, k: sum(USE[k - 1][j - 1] * b.output[j] for j in m.GOODS) <= m.budget[d, k]
        )
        b.distance = pyo.Objective(expr=sum((b.output[j] - b.wish[j]) ** 2 for j in m.GOODS))

    m.division = bilevel.Follower(m.DIVISIONS, rule=division)
    m.sold = pyo.Expression(m.GOODS, rule=lambda m, j: sum(m.division[d].output[j] for d in m.DIVISIONS))
    m.revenue = pyo.Objective(expr=(200 - m.sold[1]) * m.sold[1] + (160 - m.sold[2]) * m.sold[2], sense=pyo.maximize)
    return m


def verify_divisions() -> float:
    # Adding a division's two rows gives y1 + y2 <= its budget, so s1 + s2 <= 40 for the sums sold, and
    # (200 - s1) s1 + (160 - s2) s2 under s1 + s2 <= 40 is at most 6600, at s = (30, 10): equal slopes 140 = 140.
    # The budget (7, 3 | 12, 18) attains it if the divisions answer (0, 10) and (30, 0):
    answers = [_division_answer(1, (7, 3)), _division_answer(2, (12, 18))]
    sold = answers[0] + answers[1]
    bound = 170 * 30 + 150 * 10
    reached = float((200 - sold[0]) * sold[0] + (160 - sold[1]) * sold[1])
    return reached if abs(reached - bound) < 1e-6 else math.nan


def _division_answer(d: int, budget: tuple[float, float]) -> Array:
    rows = [(*USE[k], budget[k]) for k in (0, 1)]
    rows += [(1, 0, CAPS[d][0]), (0, 1, CAPS[d][1]), (-1, 0, 0), (0, -1, 0)]
    y = smallest_on_faces(2 * np.eye(2), -2 * np.array(WISHES[d], dtype=float), rows)
    assert y is not None
    return y


def _parabola_region(leader_weight_of_x2: str) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    x, y = m.x, m.follower.y
    m.limit = pyo.Constraint(expr=x[1] ** 2 + 2 * x[2] <= 4)
    m.follower.cost = pyo.Objective(expr=2 * x[1] ** 2 + y[1] ** 2 - 5 * y[2])
    m.follower.a = pyo.Constraint(expr=x[1] ** 2 - 2 * x[1] + x[2] ** 2 - 2 * y[1] + y[2] >= -3)
    m.follower.b = pyo.Constraint(expr=x[2] + 3 * y[1] - 4 * y[2] >= 4)
    third = 3 * x[2] if leader_weight_of_x2 == "linear" else 3 * x[2] ** 2
    m.cost = pyo.Objective(expr=-(x[1] ** 2) - third - 4 * y[1] + y[2] ** 2)
    return m


def parabola_linear() -> pyo.ConcreteModel:
    return _parabola_region("linear")


def parabola_quadratic() -> pyo.ConcreteModel:
    return _parabola_region("quadratic")


def _parabola_value(x: np.ndarray, third: float) -> float:
    right = x[0] ** 2 - 2 * x[0] + x[1] ** 2 + 3
    rows = [(2, -1, right), (-3, 4, x[1] - 4), (-1, 0, 0), (0, -1, 0)]
    y = smallest_on_faces(np.diag([2.0, 0.0]), np.array([0.0, -5.0]), rows)
    return math.inf if y is None else float(-(x[0] ** 2) - third - 4 * y[0] + y[1] ** 2)


def _over_the_parabola(third) -> float:
    """Return the least over x = (s, (4 - s^2) t / 2), 0 <= s <= 2, 0 <= t <= 1, which is the leader's region."""

    def value(z: np.ndarray) -> float:
        x = np.array([z[0], (4 - z[0] ** 2) / 2 * z[1]])
        return _parabola_value(x, third(x[1]))

    return nested_minimum(value, [(0, 2), (0, 1)], points=41, rounds=10, starts=2)


def verify_parabola_linear() -> float:
    return _over_the_parabola(lambda x2: 3 * x2)


def verify_parabola_quadratic() -> float:
    return _over_the_parabola(lambda x2: 3 * x2**2)


def bilinear_cost() -> pyo.ConcreteModel:
    """The follower's prices are 2 and x; at x = 2 it is indifferent."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(2, 4))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=2 * y[1] + m.x * y[2])
    m.follower.demand = pyo.Constraint(expr=m.x - y[1] - y[2] <= -4)
    m.cost = pyo.Objective(expr=m.x + y[2])
    return m


def verify_bilinear_cost() -> float:
    # x > 2: all in y1, y2 = 0. x = 2: indifferent, the leader has y2 = 0 too.
    return nested_minimum(lambda x: x[0], [(2, 4)])


def degenerate() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[1] + y[2], sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=m.x - y[1] <= 1)
    m.follower.b = pyo.Constraint(expr=m.x + y[2] <= 1)
    m.follower.c = pyo.Constraint(expr=y[1] + y[2] <= 1)
    m.cost = pyo.Objective(expr=-m.x + 10 * y[1] - y[2])
    return m


def verify_degenerate() -> float:
    rows = [(1, -1, 0, 1), (1, 0, 1, 1), (0, 1, 1, 1), (0, -1, 0, 0), (0, 0, -1, 0)]
    return kth_best([-1, 10, -1], [0, -1, -1], leaders=1, follower_rows=rows, leader_rows=[(-1, 0, 0, 0)])


PROBLEMS = (
    Problem(
        name="bard-1988-divisions",
        source="Bard (1988), Convex two-level optimization, Mathematical Programming 40, example 2, with two "
        "divisions; "
        "MacMPEC bilevel2",
        statement="max (200 - s1) s1 + (160 - s2) s2 with s the sum of both divisions' outputs and budgets (10, 5 | "
        "15, 20) "
        "that sum to at most 40; each division keeps its two outputs near (4, 13), (35, 2) within 0.4y1 + 0.7y2 and "
        "0.6y1 + 0.3y2 at most its two budgets, outputs in [0, 20] and [0, 40]",
        build=divisions,
        optimal_value=6600.0,
        sense=pyo.maximize,
        verify=verify_divisions,
        tags=tags("qp", "several-followers", "indexed-followers", "expressions", "params", "maximise"),
    ),
    Problem(
        name="bard-1988-parabola",
        source="Bard (1988), Convex two-level optimization, Mathematical Programming 40, example 3; BOLIB Bard1988Ex3",
        statement="min -x1^2 - 3x2 - 4y1 + y2^2 with x1^2 + 2x2 <= 4, x >= 0; y >= 0 minimises 2x1^2 + y1^2 - 5y2 with "
        "x1^2 - 2x1 + x2^2 - 2y1 + y2 >= -3, x2 + 3y1 - 4y2 >= 4",
        build=parabola_linear,
        optimal_value=-13.5 + 0.90625**2,
        verify=verify_parabola_linear,
        tags=tags("qp", "nonlinear-leader-in-follower", "nonconvex-leader"),
        note="x = (0, 2), y = (1.875, 0.90625): -6 - 7.5 + 0.8213.",
    ),
    Problem(
        name="sinha-malo-deb-2014-three",
        source="Sinha, Malo and Deb (2014), Test problem construction for single-objective bilevel optimization, "
        "Evolutionary "
        "Computation 22(3), problem 3 of the standard set; BOLIB SinhaMaloDeb2014TP3",
        statement="the same with - 3x2^2 for - 3x2",
        build=parabola_quadratic,
        optimal_value=-19.5 + 0.90625**2,
        verify=verify_parabola_quadratic,
        tags=tags("qp", "nonlinear-leader-in-follower", "nonconvex-leader"),
    ),
    Problem(
        name="bard-1991-prices",
        source="Bard (1991), Some properties of the bilevel programming problem, Journal of Optimization Theory and "
        "Applications 68, example 1; Handbook of Test Problems 9.3.10",
        statement="min x + y2, 2 <= x <= 4; y >= 0 minimises 2y1 + x y2 with y1 + y2 >= x + 4",
        build=bilinear_cost,
        optimal_value=2.0,
        verify=verify_bilinear_cost,
        tags=tags("lp-follower", "leader-in-follower-cost", "degenerate-follower", "pessimistic"),
        pessimistic_value=8.0,
        note="The Handbook leaves out the 4. At x = 2 the follower could take y2 = 6 as well.",
    ),
    Problem(
        name="bard-1991-degenerate",
        source="Bard (1991), Journal of Optimization Theory and Applications 68, example 2; Handbook of Test Problems "
        "9.2.6",
        statement="min -x + 10y1 - y2, x >= 0; y >= 0 maximises y1 + y2 with x - y1 <= 1, x + y2 <= 1, y1 + y2 <= 1",
        build=degenerate,
        optimal_value=-1.0,
        verify=verify_degenerate,
        tags=tags("lp-lp", "degenerate-follower", "maximise"),
        note="At x = 0, y = (0, 1); BASBLib and BOLIB print x = 1, y = (0, 0), where the follower would take y1 = 1, "
        "which "
        "costs 9.",
    ),
)
