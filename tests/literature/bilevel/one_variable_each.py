"""Problems with one or two variables on each level whose answers can be checked on a napkin."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum, smallest_on_faces


def pentagon() -> pyo.ConcreteModel:
    """The leader's own y >= 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.sign = pyo.Constraint(expr=y >= 0)
    m.follower.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    m.follower.rows = pyo.ConstraintList()
    for row in (3 * m.x + y <= 15, m.x + y <= 7, m.x + 3 * y <= 15):
        m.follower.rows.add(row)
    m.cost = pyo.Objective(expr=m.x**2 + y**2)
    return m


def verify_pentagon() -> float:
    def value(x: np.ndarray) -> float:
        y = min(15 - 3 * x[0], 7 - x[0], (15 - x[0]) / 3)
        return x[0] ** 2 + y**2 if y >= -1e-12 else math.inf

    return nested_minimum(value, [(0, 10)], points=1001)


def half_line() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * y**2 + m.x - y)
    m.follower.below = pyo.Constraint(expr=y <= m.x)
    m.cost = pyo.Objective(expr=0.5 * (y - m.x + 2) ** 2 + 0.5 * (y - 2) ** 2)
    return m


def verify_half_line() -> float:
    def value(x: np.ndarray) -> float:
        y = min(1.0, x[0])
        return 0.5 * (y - x[0] + 2) ** 2 + 0.5 * (y - 2) ** 2

    return nested_minimum(value, [(0, 10)])


def useless_leader() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    m.follower.cost = pyo.Objective(expr=m.x * m.follower.y)
    m.cost = pyo.Objective(expr=m.x)
    return m


def verify_useless_leader() -> float:
    return nested_minimum(lambda x: x[0], [(-1, 1)])


def no_leader_variable() -> pyo.ConcreteModel:
    """A leader that has an objective and nothing to decide."""
    m = pyo.ConcreteModel()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(-1, 1))
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.follower.y)
    return m


def verify_no_leader_variable() -> float:
    return 1.0  # the follower takes its upper bound


def product() -> pyo.ConcreteModel:
    """A bilinear leader over the linear region of Candler and Townsley."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2, 3], domain=pyo.NonNegativeReals)
    x, y = m.x, m.follower.y
    m.follower.cost = pyo.Objective(expr=2 * y[1] - y[2] + y[3])
    m.follower.a = pyo.Constraint(expr=-y[1] + y[2] + y[3] <= 1)
    m.follower.b = pyo.Constraint(expr=2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] <= 1)
    m.follower.c = pyo.Constraint(expr=2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] <= 1)
    m.left = pyo.Expression(expr=1 + x[1] - x[2] + 2 * y[2])
    m.right = pyo.Expression(expr=8 - x[1] - 2 * y[1] + y[2] + 5 * y[3])
    m.cost = pyo.Objective(expr=m.left * m.right)
    return m


def verify_product() -> float:
    def value(x: np.ndarray) -> float:
        rows = [
            (-1, 1, 1, 1),
            (-1, 2, -0.5, 1 - 2 * x[0]),
            (2, -1, -0.5, 1 - 2 * x[1]),
            (-1, 0, 0, 0),
            (0, -1, 0, 0),
            (0, 0, -1, 0),
        ]
        y = smallest_on_faces(np.zeros((3, 3)), [2.0, -1.0, 1.0], rows)
        if y is None:
            return math.inf
        return float((1 + x[0] - x[1] + 2 * y[1]) * (8 - x[0] - 2 * y[0] + y[1] + 5 * y[2]))

    # b and the others bound x1 by (1 + y1 + y3/2)/2 and x2 by (1 + y2 + y3/2)/2: the box is large enough.
    return nested_minimum(value, [(0, 3), (0, 2)], points=31, rounds=6, starts=2)


PROBLEMS = (
    Problem(
        name="tuy-2007",
        source="Tuy, Migdalas and Hoai-Phuong (2007), A novel approach to bilevel nonlinear programming, Journal of "
        "Global "
        "Optimization 38; BOLIB TuyEtal2007",
        statement="min x^2 + y^2 with y >= 0, x >= 0; y maximises itself with 3x + y <= 15, x + y <= 7, x + 3y <= 15",
        build=pentagon,
        optimal_value=22.5,
        verify=verify_pentagon,
        tags=tags("qp", "lp-follower", "leader-constraints", "maximise"),
        note="Two optima, (4.5, 1.5) and (1.5, 4.5).",
    ),
    Problem(
        name="yezza-1996-4.1",
        source="Yezza (1996), Journal of Optimization Theory and Applications 89, example 4.1; BOLIB Yezza1996Ex41",
        statement="min ((y - x + 2)^2 + (y - 2)^2)/2; y minimises y^2/2 + x - y with 0 <= y <= x",
        build=half_line,
        optimal_value=0.5,
        verify=verify_half_line,
        tags=tags("qp", "unbounded-leader-variable"),
    ),
    Problem(
        name="dempe-2012-useless-leader",
        source="Dempe, Mordukhovich and Zemkoho (2012), Sensitivity analysis for two-level value functions with "
        "applications to "
        "bilevel programming, SIAM Journal on Optimization 22; BOLIB DempeEtal2012",
        statement="min x, |x| <= 1; y in [0, 1] minimises xy",
        build=useless_leader,
        optimal_value=-1.0,
        verify=verify_useless_leader,
        tags=tags("lp-follower", "leader-in-follower-cost"),
    ),
    Problem(
        name="mitsos-barton-3.1",
        source="Mitsos and Barton (2006), A test set for bilevel programs, technical report, MIT, example 3.1",
        statement="min y; y in [-1, 1] maximises itself; the leader has no variable",
        build=no_leader_variable,
        optimal_value=1.0,
        verify=verify_no_leader_variable,
        tags=tags("lp-lp", "no-leader-variable", "maximise"),
    ),
    Problem(
        name="wan-wang-lv-2011",
        source="Wan, Wang and Lv (2011), A dual-relax penalty function approach for solving nonlinear bilevel "
        "programming with "
        "linear lower level problem, Acta Mathematica Scientia 31; BOLIB WanWangLv2011",
        statement="min (1 + x1 - x2 + 2y2)(8 - x1 - 2y1 + y2 + 5y3), x >= 0; y >= 0 minimises 2y1 - y2 + y3 with -y1 + "
        "y2 + "
        "y3 <= 1, 2x1 - y1 + 2y2 - y3/2 <= 1, 2x2 + 2y1 - y2 - y3/2 <= 1",
        build=product,
        optimal_value=7.5,
        verify=verify_product,
        tags=tags("lp-follower", "nonconvex-leader", "expressions"),
        note="Printed 10.62, at x = (0, 0.75), y = (0, 0.5, 0): a local optimum. x = (0.5, 0.5) makes the follower "
        "answer "
        "0, as y2 > 0 needs y1 or y3 that cost more: 1 * 7.5.",
    ),
)
