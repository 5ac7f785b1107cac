"""Clark and Westerberg (1988, 1990): linear problems and one with a quadratic follower; Gumus and Floudas's variant."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best, nested_minimum


def free_variables() -> pyo.ConcreteModel:
    """Neither the leader's nor the follower's variable has a bound."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.Reals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.upper = pyo.Constraint(expr=y <= 2 * m.x)
    m.follower.right = pyo.Constraint(expr=2 * m.x + 5 * y <= 108)
    m.follower.lower = pyo.Constraint(expr=2 * m.x - 3 * y <= -4)
    m.cost = pyo.Objective(expr=m.x - 4 * y)
    return m


def verify_free_variables() -> float:
    return kth_best([1, -4], [0, 1], leaders=1, follower_rows=[(-2, 1, 0), (2, 5, 108), (2, -3, -4)])


def indifferent() -> pyo.ConcreteModel:
    """The follower does not care about y2, which the leader does."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(0, 4))
    f.y2 = pyo.Var()
    f.gain = pyo.Objective(expr=f.y1, sense=pyo.maximize)
    f.a = pyo.Constraint(expr=-2 * m.x + f.y1 + 4 * f.y2 <= 16)
    f.b = pyo.Constraint(expr=8 * m.x + 3 * f.y1 - 2 * f.y2 <= 48)
    f.c = pyo.Constraint(expr=-2 * m.x + f.y1 - 3 * f.y2 <= -12)
    m.cost = pyo.Objective(expr=-m.x - 3 * f.y1 + 2 * f.y2)
    return m


def verify_indifferent() -> float:
    rows = [(-2, 1, 4, 16), (8, 3, -2, 48), (-2, 1, -3, -12), (0, 1, 0, 4), (0, -1, 0, 0)]
    return kth_best([-1, -3, 2], [0, -1, 0], leaders=1, follower_rows=rows, leader_rows=[(1, 0, 0, 8), (-1, 0, 0, 0)])


def quadratic() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.distance = pyo.Objective(expr=(m.follower.y - 5) ** 2)
    _triangle(m.follower, m.x, m.follower.y)
    m.distance = pyo.Objective(expr=(m.x - 3) ** 2 + (m.follower.y - 2) ** 2)
    return m


def quadratic_leader_rows() -> pyo.ConcreteModel:
    """Gumus and Floudas: the same rows are the leader's, the follower has bounds alone."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 10))
    m.follower.distance = pyo.Objective(expr=(m.follower.y - 5) ** 2)
    _triangle(m, m.x, m.follower.y)
    m.distance = pyo.Objective(expr=(m.x - 3) ** 2 + (m.follower.y - 2) ** 2)
    return m


def _triangle(owner, x, y):
    owner.a = pyo.Constraint(expr=-2 * x + y <= 1)
    owner.b = pyo.Constraint(expr=x - 2 * y <= -2)
    owner.c = pyo.Constraint(expr=x + 2 * y <= 14)


def verify_quadratic() -> float:
    def value(x: np.ndarray) -> float:
        low, high = (x[0] + 2) / 2, min(2 * x[0] + 1, (14 - x[0]) / 2)
        if low > high + 1e-12:
            return math.inf
        y = min(max(5.0, low), high)
        return (x[0] - 3) ** 2 + (y - 2) ** 2

    return nested_minimum(value, [(0, 8)])


def verify_quadratic_leader_rows() -> float:
    # The follower takes y = 5 whatever x is, so x runs over [2, 4] (2x >= 4, x <= 8, x <= 4) and (3, 5) costs 0 + 9.
    allowed = [x for x in np.linspace(0, 8, 801) if 2 * x + 1 + 1e-12 >= 5 and x - 10 <= -2 and x + 10 <= 14 + 1e-12]
    return float(min((x - 3) ** 2 + 9 for x in allowed))


PROBLEMS = (
    Problem(
        name="clark-westerberg-1988",
        source="Clark and Westerberg (1988), A note on the optimality conditions for the bilevel programming problem, "
        "Naval Research Logistics 35; Handbook of Test Problems 9.2.5",
        statement="min x - 4y; y minimises itself with y <= 2x, 2x + 5y <= 108, 2x - 3y <= -4",
        build=free_variables,
        optimal_value=-37.0,
        verify=verify_free_variables,
        tags=tags("lp-lp", "unbounded-leader-variable", "free-variables"),
    ),
    Problem(
        name="clark-westerberg-1990-indifferent",
        source="Clark and Westerberg (1990), Bilevel programming for steady-state chemical process design I, Computers "
        "& "
        "Chemical Engineering 14(1); Handbook of Test Problems 9.2.2",
        statement="min -x - 3y1 + 2y2, 0 <= x <= 8; y maximises y1 with y1 + 4y2 <= 16 + 2x, 8x + 3y1 - 2y2 <= 48, "
        "y1 - 3y2 <= 2x - 12, 0 <= y1 <= 4",
        build=indifferent,
        optimal_value=-13.0,
        verify=verify_indifferent,
        tags=tags("lp-lp", "degenerate-follower", "free-variables", "maximise"),
    ),
    Problem(
        name="clark-westerberg-1990-quadratic",
        source="Clark and Westerberg (1990), Computers & Chemical Engineering 14(1); Sahin and Ciric (1998), A dual "
        "temperature simulated annealing approach for solving bilevel programming problems, example 2; Handbook 9.3.6",
        statement="min (x - 3)^2 + (y - 2)^2, 0 <= x <= 8; y minimises (y - 5)^2 with y <= 2x + 1, x <= 2y - 2, "
        "x + 2y <= 14",
        build=quadratic,
        optimal_value=5.0,
        verify=verify_quadratic,
        tags=tags("qp", "free-variables"),
    ),
    Problem(
        name="gumus-floudas-2001-leader-rows",
        source="Gumus and Floudas (2001), Global optimization of nonlinear bilevel programming problems, Journal of "
        "Global "
        "Optimization 20, example 4",
        statement="the quadratic problem of Clark and Westerberg with the three rows as the leader's, 0 <= y <= 10",
        build=quadratic_leader_rows,
        optimal_value=9.0,
        verify=verify_quadratic_leader_rows,
        tags=tags("qp", "leader-constraints"),
    ),
)
