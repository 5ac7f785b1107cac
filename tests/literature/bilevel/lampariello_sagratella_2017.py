"""Lampariello and Sagratella (2017), "A bridge between bilevel programs and Nash games": convex followers."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def corner() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=m.follower.y)
    m.follower.row = pyo.Constraint(expr=m.x + m.follower.y >= 1)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_corner() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + (1 - x[0]) ** 2, [(1, 10)])


def line() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=(m.x + m.follower.y - 1) ** 2)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_line() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + (1 - x[0]) ** 2, [(-5, 5)])


def indifferent_to_second() -> pyo.ConcreteModel:
    """The follower does not care about y2 at all."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.5, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y[1])
    m.follower.row = pyo.Constraint(expr=m.x + y[1] + y[2] >= 1)
    m.cost = pyo.Objective(expr=m.x**2 + (y[1] + y[2]) ** 2)
    return m


def verify_indifferent_to_second() -> float:
    # y1 = 0, y2 anything from max(0, 1 - x) on; the leader likes it small.
    return nested_minimum(lambda x: x[0] ** 2 + max(0, 1 - x[0]) ** 2, [(0.5, 5)])


def trapezium() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.follower.row = pyo.Constraint(expr=2 * m.x + m.follower.y <= 2)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_trapezium() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + min(1, 2 - 2 * x[0]) ** 2, [(-1, 1)])


LAMPARIELLO = (
    "Lampariello and Sagratella (2017), A bridge between bilevel programs and Nash games, Journal of Optimization "
    "Theory and Applications 174"
)


PROBLEMS = (
    Problem(
        name="lampariello-sagratella-3.1",
        source=f"{LAMPARIELLO}, example 3.1",
        statement="min x^2 + y^2, x >= 1; y minimises itself with x + y >= 1",
        build=corner,
        optimal_value=1.0,
        verify=verify_corner,
        tags=tags("qp", "lp-follower", "free-variables"),
    ),
    Problem(
        name="lampariello-sagratella-3.2",
        source=f"{LAMPARIELLO}, example 3.2",
        statement="min x^2 + y^2; y minimises (x + y - 1)^2, nothing bounded",
        build=line,
        optimal_value=0.5,
        verify=verify_line,
        tags=tags("qp", "unconstrained-follower", "unbounded-leader-variable"),
    ),
    Problem(
        name="lampariello-sagratella-3.3",
        source=f"{LAMPARIELLO}, example 3.3",
        statement="min x^2 + (y1 + y2)^2, x >= 0.5; y >= 0 minimises y1 with x + y1 + y2 >= 1",
        build=indifferent_to_second,
        optimal_value=0.5,
        verify=verify_indifferent_to_second,
        tags=tags("qp", "lp-follower", "degenerate-follower"),
    ),
    Problem(
        name="lampariello-sagratella-3.5",
        source=f"{LAMPARIELLO}, example 3.5",
        statement="min x^2 + y^2, -1 <= x <= 1; y in [0, 1] maximises itself with 2x + y <= 2",
        build=trapezium,
        optimal_value=0.8,
        verify=verify_trapezium,
        tags=tags("qp", "lp-follower", "maximise"),
    ),
)
