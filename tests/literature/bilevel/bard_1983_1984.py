"""Bard's linear problems of 1983 and 1984, and the variant of Visweswaran and others (1996)."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best


def efficient_point() -> pyo.ConcreteModel:
    """Bard (1983): nine variables, both levels maximise, the follower's objective has terms of the leader alone."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(pyo.RangeSet(6), domain=pyo.NonNegativeReals)
    m.second = bilevel.Follower()
    m.second.y = pyo.Var(pyo.RangeSet(3), domain=pyo.NonNegativeReals)
    x, y = m.x, m.second.y
    m.second.gain = pyo.Objective(expr=2 * x[2] - x[5] + 3 * y[1] - y[2] - 4 * y[3], sense=pyo.maximize)
    m.second.limits = pyo.ConstraintList()
    for limit in (
        -x[1] + 0.2 * x[2] + x[5] + 2 * x[6] - 4 * y[1] + 2 * y[2] + y[3] <= 12,
        x[1] + x[3] - 2 * x[4] - 4 * y[2] + y[3] <= 10,
        5 * x[1] + x[4] + 3.2 * x[6] + 2 * y[1] + 2 * y[2] <= 15,
        -3 * x[2] - x[4] + x[5] - 2 * y[1] <= 12,
        2 * x[1] + x[2] + y[2] - y[3] >= 2,
        y[1] + 2 * y[2] + y[3] >= 2,
    ):
        m.second.limits.add(limit)
    # The leader alone decides whether this one holds; Bard has it among the follower's rows all the same.
    m.second.leader_alone = pyo.Constraint(expr=2 * x[2] + 3 * x[3] + x[5] >= 3)
    m.gain = pyo.Objective(
        expr=2 * x[1] - x[2] - x[3] + 2 * x[4] + x[5] - 3.5 * x[6] - y[1] - 1.5 * y[2] + 3 * y[3], sense=pyo.maximize
    )
    return m


def verify_efficient_point() -> float:
    signs = [(*(-1 if i == j else 0 for j in range(9)), 0) for i in range(9)]
    return -kth_best(
        [-2, 1, 1, -2, -1, 3.5, 1, 1.5, -3],
        [0, 0, 0, 0, 0, 0, -3, 1, 4],
        leaders=6,
        follower_rows=[
            (-1, 0.2, 0, 0, 1, 2, -4, 2, 1, 12),
            (1, 0, 1, -2, 0, 0, 0, -4, 1, 10),
            (5, 0, 0, 1, 0, 3.2, 2, 2, 0, 15),
            (0, -3, 0, -1, 1, 0, -2, 0, 0, 12),
            (-2, -1, 0, 0, 0, 0, 0, -1, 1, -2),
            (0, 0, 0, 0, 0, 0, -1, -2, -1, -2),
            (0, -2, -3, 0, -1, 0, 0, 0, 0, -3),
            *signs[6:],
        ],
        leader_rows=signs[:6],
    )


def _wedge(offset: float) -> pyo.ConcreteModel:
    """The region that Bard (1984) and Visweswaran and others (1996) share, up to one right-hand side."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.band = pyo.Constraint(expr=(2, m.x + y / 2, 8))
    m.follower.roof = pyo.Constraint(expr=y <= m.x / 4 + 2)
    m.follower.side = pyo.Constraint(expr=m.x - 2 * y <= offset)
    return m


def _wedge_rows(offset: float) -> list[tuple[float, ...]]:
    return [(-1, -0.5, -2), (1, 0.5, 8), (-0.25, 1, 2), (1, -2, offset), (0, -1, 0)]


def _follower_up(offset: float) -> pyo.ConcreteModel:
    m = _wedge(offset)
    m.follower.cost = pyo.Objective(expr=-5 * m.x - m.follower.y)
    m.cost = pyo.Objective(expr=m.x + m.follower.y)
    return m


def wedge_up() -> pyo.ConcreteModel:
    return _follower_up(4)


def wedge_narrow() -> pyo.ConcreteModel:
    return _follower_up(2)


def wedge_down() -> pyo.ConcreteModel:
    m = _wedge(4)
    m.follower.cost = pyo.Objective(expr=m.follower.y)
    m.cost = pyo.Objective(expr=-5 * m.x - m.follower.y)
    return m


def verify_wedge_up() -> float:
    return kth_best([1, 1], [-5, -1], leaders=1, follower_rows=_wedge_rows(4), leader_rows=[(-1, 0, 0)])


def verify_wedge_narrow() -> float:
    return kth_best([1, 1], [-5, -1], leaders=1, follower_rows=_wedge_rows(2), leader_rows=[(-1, 0, 0)])


def verify_wedge_down() -> float:
    return kth_best([-5, -1], [0, 1], leaders=1, follower_rows=_wedge_rows(4), leader_rows=[(-1, 0, 0)])


PROBLEMS = (
    Problem(
        name="bard-1983-efficient-point",
        source="Bard (1983), An efficient point algorithm for a linear two-stage optimization problem, "
        "Operations Research 31(4), the numerical example",
        statement="max 2x1 - x2 - x3 + 2x4 + x5 - 3.5x6 - y1 - 1.5y2 + 3y3, x >= 0; y maximises 3y1 - y2 - 4y3 (and "
        "terms in x) under seven linear rows, y >= 0",
        build=efficient_point,
        optimal_value=41.2,
        sense=pyo.maximize,
        verify=verify_efficient_point,
        tags=tags("lp-lp", "maximise", "indexed-variables"),
        note="By hand at x = (0, 4, 0, 15, 9.2, 0), y = (0, 0, 2): -4 + 30 + 9.2 + 6 = 41.2.",
    ),
    Problem(
        name="bard-1984-wedge-up",
        source="Bard (1984), Optimality conditions for the bilevel programming problem, Naval Research Logistics "
        "Quarterly "
        "31, first example; BOLIB Bard1984a",
        statement="min x + y, x >= 0; y maximises 5x + y with 2 <= x + y/2 <= 8, y <= x/4 + 2, x - 2y <= 4, y >= 0",
        build=wedge_up,
        optimal_value=28 / 9,
        verify=verify_wedge_up,
        tags=tags("lp-lp", "range-constraints"),
        note="x = 8/9 is the first at which x + y/2 >= 2 can be met with y = x/4 + 2: 9x/8 = 1; then y = 20/9.",
    ),
    Problem(
        name="bard-1984-wedge-down",
        source="Bard (1984), Optimality conditions for the bilevel programming problem, Naval Research Logistics "
        "Quarterly "
        "31, second example; BOLIB Bard1984b",
        statement="min -5x - y, x >= 0; y minimises itself in the region of the first example",
        build=wedge_down,
        optimal_value=-37.6,
        verify=verify_wedge_down,
        tags=tags("lp-lp", "range-constraints"),
    ),
    Problem(
        name="visweswaran-1996",
        source="Visweswaran, Floudas, Ierapetritou and Pistikopoulos (1996), A decomposition-based global optimization "
        "approach for solving bilevel linear and quadratic programs; Handbook of Test Problems 9.2.10",
        statement="the first example of Bard (1984) with x - 2y <= 2",
        build=wedge_narrow,
        optimal_value=28 / 9,
        verify=verify_wedge_narrow,
        tags=tags("lp-lp", "range-constraints"),
    ),
)
