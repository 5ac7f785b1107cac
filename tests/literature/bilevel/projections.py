"""Followers that project onto a box: de Silva, Falk and Liu, Calamai and Vicente, Allende and Still, and relatives.

The leader wants to be in one place and the follower near the origin; most have kinks where a bound of the follower
begins to hold, and several optima.
"""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def _square(goal: float) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.I = pyo.RangeSet(2)
    m.x = pyo.Var(m.I)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(m.I, bounds=(0.5, 1.5))
    m.follower.distance = pyo.Objective(expr=sum((m.x[i] - m.follower.y[i]) ** 2 for i in m.I))
    m.cost = pyo.Objective(
        expr=sum((m.x[i] - goal) ** 2 + m.follower.y[i] ** 2 for i in m.I) - 2 * goal**2, doc="zero at the origin"
    )
    return m


def de_silva() -> pyo.ConcreteModel:
    return _square(1.0)


def falk_liu() -> pyo.ConcreteModel:
    return _square(1.5)


def _verify_square(goal: float) -> float:
    # Both coordinates are the same problem: min (x - goal)^2 + clip(x, 0.5, 1.5)^2.
    one = nested_minimum(lambda x: (x[0] - goal) ** 2 + min(max(x[0], 0.5), 1.5) ** 2, [(-3, 3)])
    return 2 * one - 2 * goal**2


def verify_de_silva() -> float:
    return _verify_square(1.0)


def verify_falk_liu() -> float:
    return _verify_square(1.5)


def allende_still() -> pyo.ConcreteModel:
    """The box written as quadratic constraints."""
    m = pyo.ConcreteModel()
    m.x1 = pyo.Var(bounds=(0, 2))
    m.x2 = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var([1, 2])
    m.sign = pyo.Constraint([1, 2], rule=lambda m, i: m.follower.y[i] >= 0)
    f.cost = pyo.Objective(expr=f.y[1] ** 2 + f.y[2] ** 2 - 2 * m.x1 * f.y[1] - 2 * m.x2 * f.y[2])
    f.near_one = pyo.Constraint([1, 2], rule=lambda b, i: (b.y[i] - 1) ** 2 <= 0.25)
    m.cost = pyo.Objective(expr=(m.x1 - 1) ** 2 + (m.x2 - 1) ** 2 + f.y[1] ** 2 + f.y[2] ** 2)
    return m


def verify_allende_still() -> float:
    one = nested_minimum(lambda x: (x[0] - 1) ** 2 + min(max(x[0], 0.5), 1.5) ** 2, [(0, 2)])
    return 2 * one


def one_point() -> pyo.ConcreteModel:
    """Calamai and Vicente: two opposite rows leave the follower one point."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * y - m.x * y)
    m.follower.a = pyo.Constraint(expr=m.x - y <= 1)
    m.follower.b = pyo.Constraint(expr=m.x + y >= 1)
    m.follower.c = pyo.Constraint(expr=m.x + y <= 1)
    m.cost = pyo.Objective(expr=0.5 * (m.x - 1) ** 2 + 0.5 * y**2)
    return m


def verify_one_point() -> float:
    # y = 1 - x, and x - y <= 1 is x <= 1.
    return nested_minimum(lambda x: 0.5 * (x[0] - 1) ** 2 * 2 if x[0] <= 1 else math.inf, [(-3, 3)])


RIGHT = {1: 1.5, 2: 3.0}


def four_leaders() -> pyo.ConcreteModel:
    """Separable; two of the four leader's variables do not reach the follower. Half-way through rows are ranges."""
    m = pyo.ConcreteModel()
    m.X, m.Y = pyo.RangeSet(4), pyo.RangeSet(2)
    m.x = pyo.Var(m.X)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(m.Y)
    f.cost = pyo.Objective(expr=sum(0.5 * f.y[i] ** 2 - m.x[i] * f.y[i] for i in m.Y))
    f.above = pyo.Constraint(m.Y, rule=lambda b, i: m.x[i] - b.y[i] <= 1)
    f.band = pyo.Constraint(m.Y, rule=lambda b, i: (1, m.x[i] + b.y[i], RIGHT[i]))
    m.cost = pyo.Objective(expr=0.5 * sum((m.x[i] - 1) ** 2 for i in m.X) + 0.5 * sum(f.y[i] ** 2 for i in m.Y))
    return m


def verify_four_leaders() -> float:
    def part(right: float) -> float:
        def value(x: np.ndarray) -> float:
            low, high = max(x[0] - 1, 1 - x[0]), right - x[0]
            if low > high + 1e-12:
                return math.inf
            y = min(max(x[0], low), high)
            return 0.5 * (x[0] - 1) ** 2 + 0.5 * y**2

        return nested_minimum(value, [(-3, 4)], points=1401)

    return part(1.5) + part(3.0)


def equality() -> pyo.ConcreteModel:
    """Ishizuka's example in the Handbook: the follower splits what the leader gives it."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * y[1] ** 2 + y[2])
    m.follower.split = pyo.Constraint(expr=y[1] + y[2] == m.x)
    m.cost = pyo.Objective(expr=0.5 * ((y[1] - 2) ** 2 + (y[2] - 2) ** 2))
    return m


def verify_equality() -> float:
    # The first unit goes to y1 (its marginal cost is below 1 until y1 = 1), the rest to y2.
    def value(x: np.ndarray) -> float:
        y1, y2 = min(x[0], 1.0), max(x[0] - 1, 0.0)
        return 0.5 * ((y1 - 2) ** 2 + (y2 - 2) ** 2)

    return nested_minimum(value, [(0, 10)])


def hatz() -> pyo.ConcreteModel:
    """Both constraints of the follower are active with multiplier zero at the optimum."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.distance = pyo.Objective(expr=(y[1] - m.x) ** 2 + y[2] ** 2)
    m.cost = pyo.Objective(expr=-m.x + 2 * y[1] + y[2])
    return m


def verify_hatz() -> float:
    return nested_minimum(lambda x: -x[0] + 2 * max(x[0], 0), [(-5, 5)])


def henrion_surowiec() -> pyo.ConcreteModel:
    """A follower without constraints, so without complementarity; the leader's price is a mutable Param."""
    m = pyo.ConcreteModel()
    m.c = pyo.Param(initialize=1.0, mutable=True)
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=-m.follower.y * m.x + 0.5 * m.follower.y**2)
    m.cost = pyo.Objective(expr=m.x**2 + m.c * m.follower.y)
    return m


def verify_henrion_surowiec() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + x[0], [(-5, 5)])


PROBLEMS = (
    Problem(
        name="de-silva-1978",
        source="de Silva (1978), Sensitivity formulas for nonlinear factorable programming and their application to "
        "the "
        "solution of an implicitly defined optimization model, thesis; Handbook of Test Problems 9.3.7",
        statement="min |x - (1, 1)|^2 + |y|^2 - 2; y in [0.5, 1.5]^2 minimises |x - y|^2",
        build=de_silva,
        optimal_value=-1.0,
        verify=verify_de_silva,
        tags=tags("qp", "unbounded-leader-variable", "indexed-variables"),
    ),
    Problem(
        name="falk-liu-1995",
        source="Falk and Liu (1995), On bilevel programming, Part I: general nonlinear cases, Mathematical Programming "
        "70",
        statement="min |x - (1.5, 1.5)|^2 + |y|^2 - 4.5; y in [0.5, 1.5]^2 minimises |x - y|^2",
        build=falk_liu,
        optimal_value=-2.25,
        verify=verify_falk_liu,
        tags=tags("qp", "unbounded-leader-variable", "indexed-variables"),
        note="Printed -2.1962, at x = y = (0.866, 0.866). x = y = (0.75, 0.75) has 4 * 0.5625 - 4.5 = -2.25.",
    ),
    Problem(
        name="allende-still-2013",
        source="Allende and Still (2013), Solving bilevel programs with the KKT-approach, Mathematical Programming "
        "138; BOLIB "
        "AllendeStill2013",
        statement="min |x - (1, 1)|^2 + |y|^2 with y >= 0, 0 <= x, x1 <= 2; y minimises |y|^2 - 2x'y with (y_i - 1)^2 "
        "<= 1/4",
        build=allende_still,
        optimal_value=1.0,
        verify=verify_allende_still,
        tags=tags("qcqp", "leader-constraints"),
    ),
    Problem(
        name="calamai-vicente-1994-one-point",
        source="Calamai and Vicente (1994), Generating quadratic bilevel programming test problems, ACM Transactions "
        "on "
        "Mathematical Software 20(1), with rho = 1; BOLIB CalamaiVicente1994a",
        statement="min ((x - 1)^2 + y^2)/2; y minimises y/2 - xy with x - y <= 1, x + y = 1 as two rows",
        build=one_point,
        optimal_value=0.0,
        verify=verify_one_point,
        tags=tags("lp-follower", "leader-in-follower-cost", "unbounded-leader-variable", "degenerate-rows"),
    ),
    Problem(
        name="calamai-vicente-1994-separable",
        source="Calamai and Vicente (1994), ACM Transactions on Mathematical Software 20(1); BOLIB CalamaiVicente1994b",
        statement="min (|x - 1|^2 + |y|^2)/2, x in R^4; y in R^2 minimises sum y_i^2/2 - x_i y_i with x_i - y_i <= 1, "
        "1 <= x_i + y_i <= (1.5, 3)",
        build=four_leaders,
        optimal_value=0.3125,
        verify=verify_four_leaders,
        tags=tags("qp", "range-constraints", "unbounded-leader-variable", "indexed-constraints", "many-optima"),
    ),
    Problem(
        name="handbook-9.3.5",
        source="Floudas and others (1999), Handbook of Test Problems in Local and Global Optimization, Kluwer, 9.3.5",
        statement="min |y - (2, 2)|^2/2; y >= 0 minimises y1^2/2 + y2 with y1 + y2 = x",
        build=equality,
        optimal_value=0.5,
        verify=verify_equality,
        tags=tags("qp", "equalities", "unbounded-leader-variable"),
    ),
    Problem(
        name="hatz-2013",
        source="Hatz, Leyffer, Schloeder and Bock (2013), Regularizing bilevel nonlinear programs by lifting, Argonne "
        "preprint; "
        "BOLIB HatzEtal2013",
        statement="min -x + 2y1 + y2; y >= 0 minimises (y1 - x)^2 + y2^2",
        build=hatz,
        optimal_value=0.0,
        verify=verify_hatz,
        tags=tags("qp", "unbounded-leader-variable", "biactive"),
        note="|x|, a kink at 0 where both multipliers of the follower's bounds vanish.",
    ),
    Problem(
        name="henrion-surowiec-2011",
        source="Henrion and Surowiec (2011), On calmness conditions in convex bilevel programming, Applicable Analysis "
        "90, "
        "with c = 1",
        statement="min x^2 + c y; y minimises y^2/2 - xy",
        build=henrion_surowiec,
        optimal_value=-0.25,
        verify=verify_henrion_surowiec,
        tags=tags("qp", "unconstrained-follower", "unbounded-leader-variable", "params"),
    ),
)
