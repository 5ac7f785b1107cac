"""Muu and Quy (2003), "A global optimization method for solving convex quadratic bilevel programming problems"."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum, smallest_on_faces


def one() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(
        expr=y[1] ** 2 + 0.5 * y[2] ** 2 + y[1] * y[2] + (1 - 3 * m.x) * y[1] + (1 + m.x) * y[2]
    )
    m.follower.row = pyo.Constraint(expr=2 * y[1] + y[2] - 2 * m.x <= 1)
    m.cost = pyo.Objective(expr=y[1] ** 2 + y[2] ** 2 + m.x**2 - 4 * m.x)
    return m


def verify_one() -> float:
    def value(x: np.ndarray) -> float:
        rows = [(2, 1, 1 + 2 * x[0]), (-1, 0, 0), (0, -1, 0)]
        y = smallest_on_faces([[2, 1], [1, 1]], [1 - 3 * x[0], 1 + x[0]], rows)
        return math.inf if y is None else float(y @ y + x[0] ** 2 - 4 * x[0])

    return nested_minimum(value, [(0, 2)], points=401)


def two() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x1 = pyo.Var(domain=pyo.NonNegativeReals)
    m.x2 = pyo.Var(domain=pyo.NonNegativeReals)
    m.share = pyo.Constraint(expr=m.x1 + m.x2 <= 1)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2, 3], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.square = pyo.Expression(expr=y[1] ** 2 + 0.5 * y[2] ** 2 + 0.5 * y[3] ** 2 + y[1] * y[2])
    m.follower.cost = pyo.Objective(expr=m.follower.square + (1 - 3 * m.x1) * y[1] + (1 + m.x2) * y[2])
    m.follower.row = pyo.Constraint(expr=2 * y[1] + y[2] - y[3] + m.x1 - 2 * m.x2 <= -2)
    m.cost = pyo.Objective(expr=y[1] ** 2 + y[3] ** 2 - y[1] * y[3] - 4 * y[2] - 7 * m.x1 + 4 * m.x2)
    return m


def verify_two() -> float:
    hessian = [[2, 1, 0], [1, 1, 0], [0, 0, 1]]

    def value(z: np.ndarray) -> float:
        x1, x2 = z[0] * (1 - z[1]), z[0] * z[1]  # the triangle x1 + x2 <= 1 as a square
        rows = [(2, 1, -1, -2 - x1 + 2 * x2), (-1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -1, 0)]
        y = smallest_on_faces(hessian, [1 - 3 * x1, 1 + x2, 0.0], rows)
        if y is None:
            return math.inf
        return float(y[0] ** 2 + y[2] ** 2 - y[0] * y[2] - 4 * y[1] - 7 * x1 + 4 * x2)

    return nested_minimum(value, [(0, 1), (0, 1)], points=31, rounds=14, starts=2)


PROBLEMS = (
    Problem(
        name="muu-quy-2003-one",
        source="Muu and Quy (2003), A global optimization method for solving convex quadratic bilevel programming "
        "problems, "
        "Journal of Global Optimization 26, example 1; BOLIB MuuQuy2003Ex1",
        statement="min x^2 - 4x + |y|^2, 0 <= x <= 2; y >= 0 minimises y1^2 + y2^2/2 + y1 y2 + (1 - 3x) y1 + (1 + x) "
        "y2 with "
        "2y1 + y2 - 2x <= 1",
        build=one,
        optimal_value=-27 / 13,
        verify=verify_one,
        tags=tags("qp", "leader-in-follower-cost"),
        note="y = ((3x - 1)/2, 0): x^2 - 4x + (3x - 1)^2/4 is least at x = 11/13. Printed -2.0769.",
    ),
    Problem(
        name="muu-quy-2003-two",
        source="Muu and Quy (2003), Journal of Global Optimization 26, example 2; BOLIB MuuQuy2003Ex2",
        statement="min y1^2 + y3^2 - y1 y3 - 4y2 - 7x1 + 4x2 with x1 + x2 <= 1, x >= 0; y >= 0 minimises y1^2 + y2^2/2 "
        "+ "
        "y3^2/2 + y1 y2 + (1 - 3x1) y1 + (1 + x2) y2 with 2y1 + y2 - y3 + x1 - 2x2 <= -2",
        build=two,
        optimal_value=23 / 36,
        verify=verify_two,
        tags=tags("qp", "leader-in-follower-cost", "expressions"),
        note="Printed 0.6426. With x2 = 1 - x1 the follower answers (0, 0, 3x1), and 9x1^2 - 11x1 + 4 is least at x1 = "
        "11/18: "
        "23/36 = 0.6389.",
    ),
)
