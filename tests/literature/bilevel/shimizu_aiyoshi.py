"""Shimizu and Aiyoshi (1981), Aiyoshi and Shimizu (1984), Shimizu, Ishizuka and Bard (1997), Edmunds and Bard "
"(1991)."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum, smallest_on_faces


def one_by_one() -> pyo.ConcreteModel:
    """The leader bounds the follower's variable by its own."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 15))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 20))
    y = m.follower.y
    m.order = pyo.Constraint(expr=y <= m.x)
    m.follower.distance = pyo.Objective(expr=(m.x + 2 * y - 30) ** 2)
    m.follower.total = pyo.Constraint(expr=m.x + y <= 20)
    m.cost = pyo.Objective(expr=m.x**2 + (y - 10) ** 2)
    return m


def verify_one_by_one() -> float:
    def value(x: np.ndarray) -> float:
        y = min(max((30 - x[0]) / 2, 0), 20 - x[0], 20)
        return x[0] ** 2 + (y - 10) ** 2 if y <= x[0] + 1e-12 else math.inf

    return nested_minimum(value, [(0, 15)], points=1501)


def two_by_two() -> pyo.ConcreteModel:
    """The follower is the projection onto a square; the leader's box is a polygon."""
    m = pyo.ConcreteModel()
    m.I = pyo.Set(initialize=[1, 2])
    m.x = pyo.Var(m.I)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(m.I, bounds=(0, 10))
    x, y = m.x, m.follower.y
    m.low = pyo.Constraint(expr=x[1] + 2 * x[2] >= 30)
    m.sum = pyo.Constraint(expr=x[1] + x[2] <= 25)
    m.cap = pyo.Constraint(expr=x[2] <= 15)
    m.follower.distance = pyo.Objective(expr=sum((x[i] - y[i]) ** 2 for i in m.I))
    m.cost = pyo.Objective(expr=(x[1] - 30) ** 2 + (x[2] - 20) ** 2 - 20 * y[1] + 20 * y[2])
    return m


def verify_two_by_two() -> float:
    # x = (20 - 2s - t, 5 + s + t) with s, t >= 0, s + t <= 10 runs over the leader's polygon: s is the slack of the
    # sum, t that of x1 + 2x2 >= 30.
    def value(slack: np.ndarray) -> float:
        s, t = slack
        if s + t > 10:
            return math.inf
        x = np.array([20 - 2 * s - t, 5 + s + t])
        y = np.clip(x, 0, 10)
        return float((x[0] - 30) ** 2 + (x[1] - 20) ** 2 - 20 * y[0] + 20 * y[1])

    return nested_minimum(value, [(0, 10), (0, 10)])


def _machines(*, row: str) -> pyo.ConcreteModel:
    """Return Aiyoshi and Shimizu's problem with the joint row on one level or the other."""
    m = pyo.ConcreteModel()
    m.I = pyo.Set(initialize=[1, 2])
    m.x = pyo.Var(m.I, bounds=(0, 50))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(m.I, bounds=(-10, 20))
    x, y = m.x, f.y
    f.distance = pyo.Objective(expr=sum((y[i] - x[i] + 20) ** 2 for i in m.I))
    f.half = pyo.Constraint(m.I, rule=lambda b, i: x[i] - 2 * b.y[i] >= 10)
    owner = m if row == "leader" else f
    owner.joint = pyo.Constraint(expr=x[1] + x[2] + y[1] - 2 * y[2] <= 40)
    m.cost = pyo.Objective(expr=2 * x[1] + 2 * x[2] - 3 * y[1] - 3 * y[2] - 60)
    return m


def machines_leader_row() -> pyo.ConcreteModel:
    return _machines(row="leader")


def machines_follower_row() -> pyo.ConcreteModel:
    return _machines(row="follower")


def verify_machines_leader_row() -> float:
    # Each y_i is x_i - 20, not above (x_i - 10)/2 and not below -10.
    def value(x: np.ndarray) -> float:
        y = np.maximum(-10, np.minimum(np.minimum(x - 20, (x - 10) / 2), 20))
        if (2 * y > x - 10 + 1e-9).any() or x[0] + x[1] + y[0] - 2 * y[1] > 40 + 1e-9:
            return math.inf
        return float(2 * x.sum() - 3 * y.sum() - 60)

    return nested_minimum(value, [(0, 50), (0, 50)])


def verify_machines_follower_row() -> float:
    def value(x: np.ndarray) -> float:
        rows = [
            (2, 0, x[0] - 10),
            (0, 2, x[1] - 10),
            (1, -2, 40 - x[0] - x[1]),
            (-1, 0, 10),
            (0, -1, 10),
            (1, 0, 20),
            (0, 1, 20),
        ]
        y = smallest_on_faces(2 * np.eye(2), -2 * (x - 20), rows)
        return math.inf if y is None else float(2 * x.sum() - 3 * y.sum() - 60)

    return nested_minimum(value, [(0, 50), (0, 50)], points=26, rounds=3)


def swapped() -> pyo.ConcreteModel:
    """Bard's book swaps the two objectives: a linear follower and a quadratic leader."""
    m = pyo.ConcreteModel()
    m.x1 = pyo.Var(bounds=(0, 50))
    m.x2 = pyo.Var(bounds=(0, 50))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(-10, 20))
    f.y2 = pyo.Var(bounds=(-10, 20))
    f.cost = pyo.Objective(expr=2 * m.x1 + 2 * m.x2 - 3 * f.y1 - 3 * f.y2 - 60)
    f.joint = pyo.Constraint(expr=m.x1 + m.x2 + f.y1 - 2 * f.y2 <= 40)
    f.half1 = pyo.Constraint(expr=2 * f.y1 - m.x1 <= -10)
    f.half2 = pyo.Constraint(expr=2 * f.y2 - m.x2 <= -10)
    m.distance = pyo.Objective(expr=(f.y1 - m.x1 + 20) ** 2 + (f.y2 - m.x2 + 20) ** 2)
    return m


def verify_swapped() -> float:
    # The follower maximises y1 + y2. A sum of squares is never negative, so 0 is a bound; it is attained where the
    # follower answers y = x - 20, for example at x = (30, 30): y_i <= (x_i - 10)/2 = 10 binds, y = (10, 10), and the
    # joint row reads 60 + 10 - 20 = 50 > 40, so not there. At x = (25, 30): y2 <= 10, y1 <= min(7.5, 40 - 55 + 2 *
    # 10) = 5.
    x = np.array([25.0, 30.0])
    y2 = min((x[1] - 10) / 2, 20)
    y1 = min((x[0] - 10) / 2, 20, 40 - x.sum() + 2 * y2)
    # Raising y2 helps y1, so the follower's best has both at these limits.
    return float((y1 - x[0] + 20) ** 2 + (y2 - x[1] + 20) ** 2)


def _bilinear(*, bound_on_y: bool) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals if bound_on_y else pyo.Reals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=(y - 1) ** 2 - 1.5 * m.x * y)
    m.follower.a = pyo.Constraint(expr=-3 * m.x + y <= -3)
    m.follower.b = pyo.Constraint(expr=m.x - 0.5 * y <= 4)
    m.follower.c = pyo.Constraint(expr=m.x + y <= 7)
    m.cost = pyo.Objective(expr=(m.x - 5) ** 2 + (2 * y + 1) ** 2)
    return m


def bilinear() -> pyo.ConcreteModel:
    return _bilinear(bound_on_y=True)


def bilinear_free() -> pyo.ConcreteModel:
    return _bilinear(bound_on_y=False)


def _bilinear_value(x: np.ndarray, low_bound: float) -> float:
    """Return the leader's cost at y = 1 + 3x/4, cut to max(2x - 8, bound) <= y <= min(3x - 3, 7 - x)."""
    low, high = max(2 * x[0] - 8, low_bound), min(3 * x[0] - 3, 7 - x[0])
    if low > high + 1e-12:
        return math.inf
    y = min(max(1 + 0.75 * x[0], low), high)
    return (x[0] - 5) ** 2 + (2 * y + 1) ** 2


def verify_bilinear() -> float:
    return nested_minimum(lambda x: _bilinear_value(x, 0.0), [(0, 10)], points=1001)


def verify_bilinear_free() -> float:
    return nested_minimum(lambda x: _bilinear_value(x, -math.inf), [(0, 10)], points=1001)


def quartic() -> pyo.ConcreteModel:
    """A follower of degree four."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 12.5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 50))
    y = m.follower.y
    m.order = pyo.Constraint(expr=y <= 4 * m.x)
    m.follower.distance = pyo.Objective(expr=(m.x + y - 20) ** 4)
    m.follower.limit = pyo.Constraint(expr=4 * m.x + y <= 50)
    m.cost = pyo.Objective(expr=16 * m.x**2 + 9 * y**2)
    return m


def verify_quartic() -> float:
    def value(x: np.ndarray) -> float:
        y = min(max(20 - x[0], 0), 50 - 4 * x[0], 50)
        return 16 * x[0] ** 2 + 9 * y**2 if 0 <= y <= 4 * x[0] + 1e-12 else math.inf

    return nested_minimum(value, [(0, 12.5)], points=2501)


PROBLEMS = (
    Problem(
        name="shimizu-aiyoshi-1981-one",
        source="Shimizu and Aiyoshi (1981), A new computational method for Stackelberg and min-max problems by use of "
        "a "
        "penalty method, IEEE Transactions on Automatic Control 26, example 1; Handbook of Test Problems 9.3.3",
        statement="min x^2 + (y - 10)^2 with y <= x, 0 <= x <= 15; y in [0, 20] minimises (x + 2y - 30)^2 with x + y "
        "<= 20",
        build=one_by_one,
        optimal_value=100.0,
        verify=verify_one_by_one,
        tags=tags("qp", "leader-constraints"),
    ),
    Problem(
        name="shimizu-aiyoshi-1981-two",
        source="Shimizu and Aiyoshi (1981), IEEE Transactions on Automatic Control 26, example 2; BOLIB "
        "ShimizuAiyoshi1981Ex2",
        statement="min (x1 - 30)^2 + (x2 - 20)^2 - 20y1 + 20y2 with x1 + 2x2 >= 30, x1 + x2 <= 25, x2 <= 15; y in [0, "
        "10]^2 "
        "minimises |x - y|^2",
        build=two_by_two,
        optimal_value=225.0,
        verify=verify_two_by_two,
        tags=tags("qp", "indexed-variables", "unbounded-leader-variable"),
    ),
    Problem(
        name="aiyoshi-shimizu-1984-leader-row",
        source="Aiyoshi and Shimizu (1984), A solution method for the static constrained Stackelberg problem via "
        "penalty "
        "method, IEEE Transactions on Automatic Control 29, example 2; BOLIB AiyoshiShimizu1984Ex2",
        statement="min 2x1 + 2x2 - 3y1 - 3y2 - 60 with x1 + x2 + y1 - 2y2 <= 40, 0 <= x <= 50; y in [-10, 20]^2 "
        "minimises "
        "|y - x + 20|^2 with 2y <= x - 10",
        build=machines_leader_row,
        optimal_value=0.0,
        verify=verify_machines_leader_row,
        tags=tags("qp", "leader-constraints", "indexed-constraints"),
        note="BOLIB prints 5, a local optimum. x = (0, 0) makes the follower answer (-10, -10): 60 - 60 = 0; so does "
        "x = (0, 30), y = (-10, 10).",
    ),
    Problem(
        name="edmunds-bard-1991",
        source="Edmunds and Bard (1991), Algorithms for nonlinear bilevel mathematical programs, IEEE Transactions on "
        "Systems, "
        "Man and Cybernetics 21(1); BOLIB EdmundsBard1991, FloudasEtal2013",
        statement="the problem of Aiyoshi and Shimizu with the joint row as the follower's",
        build=machines_follower_row,
        optimal_value=0.0,
        verify=verify_machines_follower_row,
        tags=tags("qp", "indexed-constraints"),
    ),
    Problem(
        name="bard-1998-swapped",
        source="Bard (1998), Practical Bilevel Optimization, Kluwer; BOLIB BardBook1998",
        statement="the problem of Edmunds and Bard with the two objectives exchanged",
        build=swapped,
        optimal_value=0.0,
        verify=verify_swapped,
        tags=tags("qp", "lp-follower"),
    ),
    Problem(
        name="shimizu-aiyoshi-1981-bilinear",
        source="Shimizu and Aiyoshi (1981); Bard (1988), Convex two-level optimization, Mathematical Programming 40, "
        "example 1; Handbook of Test Problems 9.3.8",
        statement="min (x - 5)^2 + (2y + 1)^2, x >= 0; y >= 0 minimises (y - 1)^2 - 1.5xy with y <= 3x - 3, y >= 2x - "
        "8, "
        "x + y <= 7",
        build=bilinear,
        optimal_value=17.0,
        verify=verify_bilinear,
        tags=tags("qp", "leader-in-follower-cost"),
        note="Local optima: 25 at (5, 2).",
    ),
    Problem(
        name="shimizu-1997-bilinear-free",
        source="Shimizu, Ishizuka and Bard (1997), Nondifferentiable and Two-Level Mathematical Programming, Kluwer; "
        "BOLIB "
        "ShimizuEtal1997a",
        statement="the same without y >= 0 on the follower, x >= 0",
        build=bilinear_free,
        optimal_value=625 / 37,
        verify=verify_bilinear_free,
        tags=tags("qp", "leader-in-follower-cost", "free-variables"),
        note="BOLIB lists no value. Along y = 3x - 3 the cost (x - 5)^2 + (6x - 5)^2 is least at x = 35/37.",
    ),
    Problem(
        name="shimizu-1997-quartic",
        source="Shimizu, Ishizuka and Bard (1997); Gumus and Floudas (2001), Journal of Global Optimization 20, "
        "example 1",
        statement="min 16x^2 + 9y^2 with y <= 4x, 0 <= x <= 12.5; y in [0, 50] minimises (x + y - 20)^4 with 4x + y <= "
        "50",
        build=quartic,
        optimal_value=2250.0,
        verify=verify_quartic,
        tags=tags("nlp", "leader-constraints"),
        note="x = 11.25, y = 5: 2025 + 225.",
    ),
)
