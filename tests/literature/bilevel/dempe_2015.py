"""Dempe, Kalashnikov, Perez-Valdes and Kalashnykova (2015), "Bilevel Programming Problems", Springer: examples."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best, nested_minimum


def two_leader_variables() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, 10))
    m.follower = bilevel.Follower()
    m.follower.z = pyo.Var(bounds=(0, 10))
    z = m.follower.z
    m.enough = pyo.Constraint(expr=m.x[1] + m.x[2] + z >= 15)
    m.follower.cost = pyo.Objective(expr=2 * m.x[1] - m.x[2] + z)
    m.follower.cover = pyo.Constraint(expr=m.x[1] + m.x[2] - z <= 5)
    m.cost = pyo.Objective(expr=m.x[1] - 2 * m.x[2] + z)
    return m


def verify_two_leader_variables() -> float:
    rows = [(1, 1, -1, 5), (0, 0, 1, 10), (0, 0, -1, 0)]
    leader = [(-1, -1, -1, -15), (1, 0, 0, 10), (-1, 0, 0, 0), (0, 1, 0, 10), (0, -1, 0, 0)]
    return kth_best([1, -2, 1], [0, 0, 1], leaders=2, follower_rows=rows, leader_rows=leader)


def _kink(width: float) -> pyo.ConcreteModel:
    """A follower with two blocks inside, each with its own variable."""
    m = pyo.ConcreteModel()
    m.width = pyo.Param(initialize=width, mutable=True)
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    f = m.follower
    f.roof = pyo.Block()
    f.roof.y = pyo.Var()
    f.roof.right = pyo.Constraint(expr=m.x + f.roof.y <= 1 + m.width)
    f.roof.left = pyo.Constraint(expr=-m.x + f.roof.y <= 1)
    f.side = pyo.Block()
    f.side.z = pyo.Var(bounds=(0, 1))
    f.gain = pyo.Objective(expr=f.roof.y + f.side.z, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=0.5 * m.x - f.roof.y + 3 * f.side.z)
    return m


def kink() -> pyo.ConcreteModel:
    return _kink(0.2)


def verify_kink() -> float:
    # y = min(1 + x, 1.2 - x), z = 1
    return nested_minimum(lambda x: 0.5 * x[0] - min(1 + x[0], 1.2 - x[0]) + 3, [(-5, 5)])


def binary_leader() -> pyo.ConcreteModel:
    """A leader that says yes or no, and leader's bounds on the follower's variables."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.Binary)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var()
    f.z = pyo.Var()
    m.range_of_y = pyo.Constraint(expr=(0, f.y, 100))
    m.range_of_z = pyo.Constraint(expr=(0, f.z, 100))
    f.gain = pyo.Objective(expr=60 * f.y + 8 * f.z, sense=pyo.maximize)
    f.a = pyo.Constraint(expr=10 * m.x + 2 * f.y + 3 * f.z <= 225)
    f.b = pyo.Constraint(expr=5 * m.x + 3 * f.y <= 230)
    f.c = pyo.Constraint(expr=5 * m.x + f.z <= 85)
    m.cost = pyo.Objective(expr=m.x - 2 * f.y + f.z)
    return m


def verify_binary_leader() -> float:
    # The follower's best at x: y first, as 60/3 > 0 and (60 - 2 * 8/3)/3 > 0: y = (230 - 5x)/3, then
    # z = min(85 - 5x, (225 - 10x - 2y)/3). x = 0: y = 76 2/3, z = 23 8/9; x = 1: y = 75, z = 21 2/3.
    def value(x: int) -> float:
        y = (230 - 5 * x) / 3
        z = min(85 - 5 * x, (225 - 10 * x - 2 * y) / 3)
        return x - 2 * y + z

    return min(value(0), value(1))


PROBLEMS = (
    Problem(
        name="dempe-2015-two-leader-variables",
        source="Dempe and others (2015), Bilevel Programming Problems, example 8.2",
        statement="min x1 - 2x2 + z with x1 + x2 + z >= 15, x in [0, 10]; z in [0, 10] minimises itself with "
        "x1 + x2 - z <= 5",
        build=two_leader_variables,
        optimal_value=-15.0,
        verify=verify_two_leader_variables,
        tags=tags("lp-lp", "leader-constraints"),
    ),
    Problem(
        name="dempe-2015-kink",
        source="Dempe and others (2015), Bilevel Programming Problems, example 3.3 with parameter 0.2",
        statement="min x/2 - y + 3z; (y, z) maximises y + z with x + y <= 1.2, y - x <= 1, 0 <= z <= 1",
        build=kink,
        optimal_value=1.95,
        verify=verify_kink,
        tags=tags("lp-lp", "unbounded-leader-variable", "sub-blocks", "params", "maximise"),
        note="x = 0.1, y = 1.1, z = 1: 0.05 - 1.1 + 3.",
    ),
    Problem(
        name="dempe-2015-binary-leader",
        source="Dempe and others (2015), Bilevel Programming Problems, example 8.5.2 with a continuous follower",
        statement="min x - 2y + z with 0 <= y, z <= 100, x in {0, 1}; (y, z) maximises 60y + 8z with 10x + 2y + 3z <= "
        "225, "
        "5x + 3y <= 230, 5x + z <= 85",
        build=binary_leader,
        optimal_value=-1165 / 9,
        verify=verify_binary_leader,
        tags=tags("lp-lp", "integer-leader", "leader-constraints", "range-constraints", "maximise"),
        note="x = 1, y = 75, z = 65/3 circulates as the answer: 1 - 150 + 65/3 = -127.33. x = 0, y = 230/3, z = 215/9 "
        "is better: "
        "-460/3 + 215/9 = -1165/9.",
    ),
)
