"""Traps: convex followers whose constraint qualification fails where the leader wants to be, and optima not attained.

At such a point the follower has no multipliers, so the problem written with optimality conditions does not contain it:
a solver may then prove the optimality of something that is not the answer. Refusing, flagging and the right answer are
all fine; claiming that anything else is optimal is not.
"""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum

CAREFUL = frozenset({"right", "flagged", "refused"})


def _square_root(*, bounded: bool) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 10) if bounded else (None, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(1, 10) if bounded else (None, None))
    y = m.follower.y
    m.follower.distance = pyo.Objective(expr=(y - 3) ** 2)
    m.follower.parabola = pyo.Constraint(expr=y**2 <= m.x)
    m.distance = pyo.Objective(expr=(m.x - 3.5) ** 2 + (y + 4) ** 2)
    return m


def square_root() -> pyo.ConcreteModel:
    return _square_root(bounded=False)


def square_root_bounded() -> pyo.ConcreteModel:
    return _square_root(bounded=True)


def _square_root_value(x: np.ndarray) -> float:
    return (x[0] - 3.5) ** 2 + (min(3.0, math.sqrt(x[0])) + 4) ** 2 if x[0] >= 0 else math.inf


def verify_square_root() -> float:
    return nested_minimum(_square_root_value, [(-1, 10)], points=1101)


def verify_square_root_bounded() -> float:
    return nested_minimum(_square_root_value, [(1, 10)], points=901)


def single_point() -> pyo.ConcreteModel:
    """y^2 <= 0 leaves y = 0, with multipliers for x = 0 alone."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=m.x**2 * m.follower.y)
    m.follower.point = pyo.Constraint(expr=m.follower.y**2 <= 0)
    m.distance = pyo.Objective(expr=(m.x - 1) ** 2 + m.follower.y**2)
    return m


def verify_single_point() -> float:
    return nested_minimum(lambda x: (x[0] - 1) ** 2, [(-3, 3)])  # y = 0 for every x


def two_discs() -> pyo.ConcreteModel:
    """Two discs that touch in one point at x = (1, 1), which is where the leader wants to be."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2])
    x, y = m.x, m.follower.y
    m.product = pyo.Constraint(expr=y[1] * y[2] == 0)
    m.follower.distance = pyo.Objective(expr=y[1] ** 2 + (y[2] + 1) ** 2)
    m.follower.right = pyo.Constraint(expr=(y[1] - x[1]) ** 2 + (y[2] - x[1] - 1) ** 2 <= 1)
    m.follower.left = pyo.Constraint(expr=(y[1] + x[2]) ** 2 + (y[2] - x[2] - 1) ** 2 <= 1)
    m.height = pyo.Objective(expr=y[2], sense=pyo.maximize)
    return m


def verify_two_discs() -> float:
    # The discs have centres (x1, 1 + x1), (-x2, 1 + x2) and radius 1, at distance sqrt(2 (x1^2 + x2^2)) at most 2. So
    # x1^2 + x2^2 <= 2, and any common point is at most the mean height 1 + (x1 + x2)/2 <= 2 plus the half-height of
    # the lens, which is 0 where both are 1. The follower takes the point next to (0, -1). On the diagonal x1 = x2 = t
    # that is (0, 1 + t - sqrt(1 - t^2)), 2 at t = 1. Off it y1 y2 = 0 with y2 > 0 needs y1 = 0, searched here on a
    # grid.
    def height(x1: float, x2: float) -> float:
        gap1, gap2 = 1 - x1**2, 1 - x2**2  # on the axis y1 = 0 the discs cover 1 + x -+ sqrt(1 - x^2)
        if gap1 < 0 or gap2 < 0:
            return -math.inf
        low = max(1 + x1 - math.sqrt(gap1), 1 + x2 - math.sqrt(gap2))
        high = min(1 + x1 + math.sqrt(gap1), 1 + x2 + math.sqrt(gap2))
        return low if low <= high + 1e-12 else -math.inf

    # The lowest common point with y1 = 0 is at least as high as the follower's answer: an upper bound, attained at
    # (1, 1).
    return -nested_minimum(lambda x: -height(x[0], x[1]), [(0, 1), (0, 1)], points=41)


def not_attained() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.follower.product = pyo.Constraint(expr=m.x * m.follower.y == 0)
    m.cost = pyo.Objective(expr=m.x + m.follower.y)
    return m


def verify_not_attained() -> float:
    # x > 0: y = 0, cost x. x = 0: y = 1, cost 1. The infimum 0 is approached and not attained.
    values = [10.0**-k for k in range(1, 16)]
    return 0.0 if values[-1] < 1e-12 and min(values) < 1.0 else math.nan


def price_from_nowhere() -> pyo.ConcreteModel:
    """The same equality twice: its multipliers sum to one, and the leader is paid the first."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.market = bilevel.Follower()
    m.market.y = pyo.Var(bounds=(0, 5))
    m.market.first = pyo.Constraint(expr=m.market.y == 1)
    m.market.second = pyo.Constraint(expr=2 * m.market.y == 2)
    m.market.cost = pyo.Objective(expr=m.market.y)
    m.price = bilevel.dual_of(m.market.first)
    m.income = pyo.Objective(expr=m.price + m.x, sense=pyo.maximize)
    return m


def verify_price_from_nowhere() -> float:
    # Stationarity of y: 1 = first + 2 second. (p, (1 - p)/2) is a multiplier for every p, so the leader's choice is
    # endless.
    multipliers = [(p, (1 - p) / 2) for p in (1.0, 1e3, 1e6)]
    return math.inf if all(abs(1 - a - 2 * b) < 1e-9 for a, b in multipliers) else math.nan


DEMPE_DUTTA = (
    "Dempe and Dutta (2012), Is bilevel programming a special case of a mathematical program with complementarity "
    "constraints?, Mathematical Programming 131"
)

PROBLEMS = (
    Problem(
        name="dempe-1992",
        source="Dempe (1992), A necessary and a sufficient optimality condition for bilevel programming problems, "
        "Optimization "
        "25; MacMPEC dempe; BOLIB Dempe1992b",
        statement="min (x - 3.5)^2 + (y + 4)^2; y minimises (y - 3)^2 with y^2 <= x",
        build=square_root,
        optimal_value=28.25,
        verify=verify_square_root,
        tags=tags("trap", "qcqp", "no-slater"),
        outcomes=CAREFUL,
        note="Printed 31.25 at (1, 1), where 2x - 6 + 4/sqrt(x) has a double zero: a point of inflection. The cost "
        "(x - 3.5)^2 + (sqrt(x) + 4)^2 rises all the way from 28.25 at x = 0, where y = 0 has no multiplier.",
    ),
    Problem(
        name="dempe-1992-bounded",
        source="Dempe (1992), Optimization 25, with the box of BASBLib d_1992_01",
        statement="the same with 1 <= x, y <= 10",
        build=square_root_bounded,
        optimal_value=31.25,
        verify=verify_square_root_bounded,
        # At x = 1 the rows y >= 1 and y^2 <= x leave one point, so Slater's condition fails at the optimum itself,
        # which has a multiplier all the same.
        tags=tags("trap", "qcqp", "no-slater"),
        outcomes=CAREFUL,
    ),
    Problem(
        name="dempe-dutta-2012-2.4",
        source=f"{DEMPE_DUTTA}, example 2.4",
        statement="min (x - 1)^2 + y^2; y minimises x^2 y with y^2 <= 0",
        build=single_point,
        optimal_value=0.0,
        verify=verify_single_point,
        tags=tags("trap", "qcqp", "no-slater"),
        outcomes=CAREFUL,
        note="With optimality conditions x = 0 only is left, worth 1.",
    ),
    Problem(
        name="dempe-dutta-2012-3.1",
        source=f"{DEMPE_DUTTA}, example 3.1; BOLIB DempeDutta2012Ex31",
        statement="max y2 with y1 y2 = 0, x >= 0; y minimises y1^2 + (y2 + 1)^2 with |y - (x1, 1 + x1)| <= 1, "
        "|y - (-x2, 1 + x2)| <= 1",
        build=two_discs,
        optimal_value=2.0,
        sense=pyo.maximize,
        verify=verify_two_discs,
        tags=tags("trap", "qcqp", "no-slater", "nonconvex-leader", "leader-constraints"),
        outcomes=CAREFUL,
        note="BOLIB prints 1 (as -1). At x = (1, 1) the discs touch in (0, 2), which has no multiplier; values below 2 "
        "come "
        "arbitrarily near with multipliers that run away.",
    ),
    Problem(
        name="zlobec-2001-not-attained",
        source="Zlobec (2001), Bilevel programming: optimality conditions and duality, Encyclopedia of Optimization; "
        "BOLIB "
        "Zlobec2001b",
        statement="min x + y, 0 <= x <= 1; y in [0, 1] maximises itself with xy = 0",
        build=not_attained,
        optimal_value=0.0,
        verify=verify_not_attained,
        tags=tags("trap", "leader-in-matrix", "not-attained"),
        outcomes=CAREFUL | {"infeasible"},
        note="An infimum: x > 0 costs x, x = 0 costs 1.",
    ),
    Problem(
        name="price-from-nowhere",
        source="constructed by us: a redundant equality",
        statement="max price + x, 0 <= x <= 1; y in [0, 5] minimises itself with y = 1 and 2y = 2, price the first's "
        "multiplier",
        build=price_from_nowhere,
        optimal_value=math.inf,
        sense=pyo.maximize,
        verify=verify_price_from_nowhere,
        tags=tags("trap", "dual", "nonunique-multipliers"),
        outcomes=frozenset({"unbounded", "flagged", "refused"}),
    ),
)
