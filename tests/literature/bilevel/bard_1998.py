"""Bard (1998), "Practical Bilevel Optimization", Kluwer: quadratic followers; Macal and Hurter (1997)."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum, smallest_on_faces


def _target(weight: float, goal: tuple[float, float, float]) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    x, y = m.x, m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * y**2 - y - x[1] * y + weight * x[2] * y)
    m.cost = pyo.Objective(expr=0.5 * ((x[1] - goal[0]) ** 2 + (x[2] - goal[1]) ** 2 + (y - goal[2]) ** 2))
    return m


def target_one() -> pyo.ConcreteModel:
    return _target(2, (0.8, 0.2, 1))


def target_two() -> pyo.ConcreteModel:
    return _target(3, (1, 0.4, 0.8))


def _verify_target(weight: float, goal: tuple[float, float, float]) -> float:
    def value(x: np.ndarray) -> float:
        y = min(max(1 + x[0] - weight * x[1], 0), 1)
        return float(0.5 * ((x[0] - goal[0]) ** 2 + (x[1] - goal[1]) ** 2 + (y - goal[2]) ** 2))

    return nested_minimum(value, [(0, 1), (0, 1)], points=51)


def verify_target_one() -> float:
    return _verify_target(2, (0.8, 0.2, 1))


def verify_target_two() -> float:
    return _verify_target(3, (1, 0.4, 0.8))


def _steep(*, with_bound: bool) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-100, 100) if with_bound else (None, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 100) if with_bound else (None, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * y**2 + 500 * y - 50 * m.x * y)
    m.distance = pyo.Objective(expr=(m.x - 1) ** 2 + (y - 1) ** 2)
    return m


def steep_free() -> pyo.ConcreteModel:
    return _steep(with_bound=False)


def steep_bounded() -> pyo.ConcreteModel:
    return _steep(with_bound=True)


def verify_steep_free() -> float:
    # y = 50x - 500
    return nested_minimum(lambda x: (x[0] - 1) ** 2 + (50 * x[0] - 501) ** 2, [(-100, 100)], points=2001)


def verify_steep_bounded() -> float:
    def value(x: np.ndarray) -> float:
        return (x[0] - 1) ** 2 + (min(max(50 * x[0] - 500, 0), 100) - 1) ** 2

    return nested_minimum(value, [(-100, 100)], points=2001)


def four_sides() -> pyo.ConcreteModel:
    """A quadratic follower in a quadrilateral that turns with x."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=(2 * y[1] - 4) ** 2 + (2 * y[2] - 1) ** 2 + m.x * y[1])
    m.follower.a = pyo.Constraint(expr=4 * m.x + 5 * y[1] + 4 * y[2] <= 12)
    m.follower.b = pyo.Constraint(expr=-4 * m.x - 5 * y[1] + 4 * y[2] <= -4)
    m.follower.c = pyo.Constraint(expr=4 * m.x - 4 * y[1] + 5 * y[2] <= 4)
    m.follower.d = pyo.Constraint(expr=-4 * m.x + 4 * y[1] + 5 * y[2] <= 4)
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2 + 2 * y[1] - 2 * m.x)
    return m


def verify_four_sides() -> float:
    def value(x: np.ndarray) -> float:
        rows = [
            (5, 4, 12 - 4 * x[0]),
            (-5, 4, -4 + 4 * x[0]),
            (-4, 5, 4 - 4 * x[0]),
            (4, 5, 4 + 4 * x[0]),
            (-1, 0, 0),
            (0, -1, 0),
        ]
        y = smallest_on_faces(np.diag([8.0, 8.0]), np.array([-16.0 + x[0], -4.0]), rows)
        return math.inf if y is None else float((x[0] - 1) ** 2 + 2 * y[0] - 2 * x[0])

    return nested_minimum(value, [(0, 4)], points=401)


PROBLEMS = (
    Problem(
        name="bard-1998-7.2.1",
        source="Bard (1998), Practical Bilevel Optimization, Kluwer, example 7.2.1 as corrected in BASBLib b_1998_02",
        statement="min ((x1 - 0.8)^2 + (x2 - 0.2)^2 + (y - 1)^2)/2; y in [0, 1] minimises y^2/2 - y - x1 y + 2 x2 y, x "
        "in [0, 1]^2",
        build=target_one,
        optimal_value=0.0,
        verify=verify_target_one,
        tags=tags("qp", "leader-in-follower-cost"),
    ),
    Problem(
        name="bard-1998-7.2.2",
        source="Bard (1998), Practical Bilevel Optimization, Kluwer, example 7.2.2 as corrected in BASBLib b_1998_03",
        statement="min ((x1 - 1)^2 + (x2 - 0.4)^2 + (y - 0.8)^2)/2; y in [0, 1] minimises y^2/2 - y - x1 y + 3 x2 y, x "
        "in [0, 1]^2",
        build=target_two,
        optimal_value=0.0,
        verify=verify_target_two,
        tags=tags("qp", "leader-in-follower-cost"),
    ),
    Problem(
        name="macal-hurter-1997",
        source="Macal and Hurter (1997), Dependence of bilevel mathematical programs on irrelevant constraints, "
        "Computers & "
        "Operations Research 24(12)",
        statement="min (x - 1)^2 + (y - 1)^2; y minimises y^2/2 + 500y - 50xy, nothing bounded",
        build=steep_free,
        optimal_value=203401 / 2501,
        verify=verify_steep_free,
        tags=tags("qp", "unbounded-leader-variable", "free-variables", "leader-in-follower-cost", "scaling"),
        note="With u = x - 1: u^2 + (50u - 451)^2 is least at u = 50 * 451/2501, where it is 451^2/2501. Printed "
        "81.327.",
    ),
    Problem(
        name="macal-hurter-1997-bounded",
        source="Macal and Hurter (1997); Bard (1998), Practical Bilevel Optimization, example 8.1.3; BASBLib b_1998_05",
        statement="the same with y >= 0, which the answer above meets: the optimum becomes another one",
        build=steep_bounded,
        optimal_value=1.0,
        verify=verify_steep_bounded,
        tags=tags("qp", "leader-in-follower-cost", "scaling"),
    ),
    Problem(
        name="bard-1998-four-sides",
        source="Bard (1998), Practical Bilevel Optimization, example 8.5.1 with the leader's cost of Sinha, Malo and "
        "Deb "
        "(2014), problem 6; BOLIB SinhaMaloDeb2014TP6",
        statement="min (x - 1)^2 + 2y1 - 2x, x >= 0; y >= 0 minimises (2y1 - 4)^2 + (2y2 - 1)^2 + x y1 with "
        "4x + 5y1 + 4y2 <= 12, 4y2 - 5y1 <= 4x - 4, 4x - 4y1 + 5y2 <= 4, 4y1 - 4x + 5y2 <= 4",
        build=four_sides,
        optimal_value=-98 / 81,
        verify=verify_four_sides,
        tags=tags("qp", "leader-in-follower-cost"),
        note="x = 17/9, y = (8/9, 0): (8/9)^2 + 16/9 - 34/9 = -98/81 = -1.2099; printed -1.209. BASBLib has "
        "2y1^2 and -1.41.",
    ),
)
