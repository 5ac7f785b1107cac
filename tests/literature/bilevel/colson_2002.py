"""Colson (2002), "BIPA: software manual and test problems": convex nonlinear followers; Zlobec and Floudas."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def cubes() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 20))
    y = m.follower.y
    m.order = pyo.Constraint(expr=y <= m.x)
    m.follower.distance = pyo.Objective(expr=(m.x + 2 * y - 15) ** 4)
    m.follower.total = pyo.Constraint(expr=m.x + y <= 20)
    m.cost = pyo.Objective(expr=(10 - m.x) ** 3 + (10 - y) ** 3)
    return m


def verify_cubes() -> float:
    def value(x: np.ndarray) -> float:
        y = min(max((15 - x[0]) / 2, 0), 20 - x[0], 20)
        return (10 - x[0]) ** 3 + (10 - y) ** 3 if y <= x[0] + 1e-12 else math.inf

    return nested_minimum(value, [(0, 5)])


def exponential() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.total = pyo.Constraint(expr=m.x + y <= 4)
    m.follower.cost = pyo.Objective(expr=2 * m.x + 6 * y + pyo.exp(y - m.x) + 2 * m.x * y + m.x**2 + y**2)
    m.follower.above = pyo.Constraint(expr=y <= m.x + 2)
    m.cost = pyo.Objective(expr=(m.x - 5) ** 4 + (2 * y + 1) ** 4)
    return m


def verify_exponential() -> float:
    # Everything in the follower's cost grows with y >= 0 when x >= 0, so y = 0.
    return nested_minimum(lambda x: (x[0] - 5) ** 4 + 1, [(0, 4)])


def cubic() -> pyo.ConcreteModel:
    """Convex for y >= 0 only, which the follower's bound says."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.total = pyo.Constraint(expr=m.x + 2 * y <= 6)
    m.follower.cost = pyo.Objective(expr=m.x**3 + 2 * y**3 + m.x - 2 * y - m.x**2)
    m.follower.above = pyo.Constraint(expr=2 * y <= m.x + 3)
    m.cost = pyo.Objective(expr=m.x**2 + (y - 10) ** 2)
    return m


def verify_cubic() -> float:
    y = 1 / math.sqrt(3)  # 6y^2 = 2
    return nested_minimum(lambda x: x[0] ** 2 + (min(y, (x[0] + 3) / 2) - 10) ** 2, [(0, 4)])


def nonlinear_rows() -> pyo.ConcreteModel:
    """Convex rows with an exponential, a square and a fourth power."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(0, 4))
    f.y2 = pyo.Var(bounds=(0, 2))
    f.cost = pyo.Objective(expr=2 * m.x + pyo.exp(f.y1) + f.y1**2 + 4 * f.y1 + 2 * f.y2**2 - 6 * f.y2)
    f.a = pyo.Constraint(expr=6 * m.x + f.y1**2 + pyo.exp(f.y2) <= 15)
    f.b = pyo.Constraint(expr=5 * m.x + f.y1**4 - f.y2 <= 25)
    m.cost = pyo.Objective(expr=(m.x - f.y2) ** 4 + (f.y1 - f.y2) ** 2 + (f.y1 - 1) ** 2)
    return m


def verify_nonlinear_rows() -> float:
    # The cost grows with y1, which helps no row: y1 = 0. Then y2 = 3/2, or less where 6x + exp(y2) <= 15 binds.
    def value(x: np.ndarray) -> float:
        if 6 * x[0] + 1 > 15:
            return math.inf
        y2 = min(1.5, math.log(15 - 6 * x[0]))
        return (x[0] - y2) ** 4 + y2**2 + 1

    return nested_minimum(value, [(0, 14 / 6)], points=1401)


def logarithm() -> pyo.ConcreteModel:
    """A follower that shares a budget among goods with decreasing value; constructed, solved in closed form."""
    m = pyo.ConcreteModel()
    m.GOODS = pyo.Set(initialize=["bread", "wine", "books"])
    taste = {"bread": 1.0, "wine": 2.0, "books": 3.0}
    m.tax = pyo.Var(bounds=(0, 2))
    m.consumer = bilevel.Follower()
    c = m.consumer
    c.bought = pyo.Var(m.GOODS, bounds=(0.01, None), initialize=1.0)
    c.budget = pyo.Constraint(expr=c.bought["bread"] + (1 + m.tax) * c.bought["wine"] + c.bought["books"] <= 12)
    c.welfare = pyo.Objective(expr=sum(taste[g] * pyo.log(c.bought[g]) for g in m.GOODS), sense=pyo.maximize)
    m.drunkenness = pyo.Constraint(expr=c.bought["wine"] <= 2.2)
    m.revenue_less_harm = pyo.Objective(
        expr=m.tax * c.bought["wine"] - m.tax**2 + c.bought["books"], sense=pyo.maximize
    )
    return m


def verify_logarithm() -> float:
    # Shares of the budget are taste / 6: bread 2, books 6, wine 4 / (1 + t). The leader's row is t >= 9/11.
    def value(t: np.ndarray) -> float:
        wine = 4 / (1 + t[0])
        return -(t[0] * wine - t[0] ** 2 + 6) if wine <= 2.2 + 1e-12 else math.inf

    return -nested_minimum(value, [(0, 2)], points=2001)


def zlobec() -> pyo.ConcreteModel:
    """The leader's variable multiplies the follower's; the optimum sits where the follower is indifferent."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.1, 10))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[1] + y[2], sense=pyo.maximize)
    m.follower.row = pyo.Constraint(expr=y[1] + m.x * y[2] <= 1)
    m.gain = pyo.Objective(expr=y[1] / m.x, sense=pyo.maximize)
    return m


def verify_zlobec() -> float:
    # x < 1: all in y2, the leader has 0; x > 1: y1 = 1, 1/x; x = 1: indifferent, 1 at best.
    return -nested_minimum(lambda x: 0.0 if x[0] < 1 else -1 / x[0], [(0.1, 10)], also=[1.0])


def floudas_zlobec() -> pyo.ConcreteModel:
    """A quadratic row with the leader's variable in it, and a polynomial leader."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(-1, 1))
    f.y2 = pyo.Var(bounds=(0, 100))
    f.gain = pyo.Objective(expr=f.y2, sense=pyo.maximize)
    f.a = pyo.Constraint(expr=m.x * f.y1 <= 10)
    f.b = pyo.Constraint(expr=f.y1**2 + m.x * f.y2 <= 1)
    m.cost = pyo.Objective(expr=m.x**3 * f.y1 + f.y2)
    return m


def verify_floudas_zlobec() -> float:
    # x > 1/100: y = (0, 1/x). x <= 1/100: y2 = 100, y1 within sqrt(1 - 100x); the leader has at least 100 - x^3.
    return nested_minimum(lambda x: 1 / x[0] if x[0] > 0.01 else 100 - x[0] ** 3, [(0, 1)], points=1001)


COLSON = (
    "Colson (2002), BIPA (bilevel programming with approximation methods): software guide and test problems, "
    "report CRT-2002-38"
)

PROBLEMS = (
    Problem(
        name="colson-2002-bipa1",
        source=f"{COLSON}, problem 1",
        statement="min (10 - x)^3 + (10 - y)^3 with y <= x, 0 <= x <= 5; y in [0, 20] minimises (x + 2y - 15)^4 with x "
        "+ y <= 20",
        build=cubes,
        optimal_value=250.0,
        verify=verify_cubes,
        tags=tags("nlp", "leader-constraints", "nonconvex-leader"),
        note="y = (15 - x)/2 <= x leaves x = 5 alone.",
    ),
    Problem(
        name="colson-2002-bipa3",
        source=f"{COLSON}, problem 3",
        statement="min (x - 5)^4 + (2y + 1)^4 with x + y <= 4, x >= 0; y >= 0 minimises 2x + 6y + exp(y - x) + (x + "
        "y)^2 with "
        "y <= x + 2",
        build=exponential,
        optimal_value=2.0,
        verify=verify_exponential,
        tags=tags("nlp", "leader-constraints"),
    ),
    Problem(
        name="colson-2002-bipa4",
        source=f"{COLSON}, problem 4",
        statement="min x^2 + (y - 10)^2 with x + 2y <= 6, x >= 0; y >= 0 minimises 2y^3 - 2y (and terms in x) with 2y "
        "<= x + 3",
        build=cubic,
        optimal_value=(10 - 1 / math.sqrt(3)) ** 2,
        verify=verify_cubic,
        tags=tags("nlp", "leader-constraints"),
        note="Printed 88.79.",
    ),
    Problem(
        name="colson-2002-bipa5",
        source=f"{COLSON}, problem 5",
        statement="min (x - y2)^4 + (y1 - y2)^2 + (y1 - 1)^2, x >= 0; y in [0, 4] x [0, 2] minimises exp(y1) + y1^2 + "
        "4y1 + "
        "2y2^2 - 6y2 with 6x + y1^2 + exp(y2) <= 15, 5x + y1^4 - y2 <= 25",
        build=nonlinear_rows,
        optimal_value=2.749768,
        verify=verify_nonlinear_rows,
        tags=tags("nlp", "nonlinear-rows", "nonconvex-leader"),
        note="Printed 2.75.",
    ),
    Problem(
        name="wine-tax",
        source="constructed by us in the style of tax models with a Cobb-Douglas consumer",
        statement="max t w - t^2 + b with w <= 2.2, 0 <= t <= 2; the consumer maximises log bread + 2 log w + 3 log b "
        "with "
        "bread + (1 + t) w + b <= 12",
        build=logarithm,
        optimal_value=7.8 - 81 / 121,
        sense=pyo.maximize,
        verify=verify_logarithm,
        tags=tags("nlp", "leader-in-matrix", "leader-constraints", "logarithm", "maximise"),
        note="4t/(1 + t) - t^2 falls where t (1 + t)^2 > 2, from t = 0.696 on, so the row binds at t = 9/11: 1.8 - "
        "81/121 + 6.",
    ),
    Problem(
        name="zlobec-2001-indifferent",
        source="Zlobec (2001), Bilevel programming: optimality conditions and duality, Encyclopedia of Optimization, "
        "with the "
        "box 0.1 <= x <= 10, which keeps the follower bounded; BOLIB Zlobec2001a",
        statement="max y1/x; y >= 0 maximises y1 + y2 with y1 + x y2 <= 1",
        build=zlobec,
        optimal_value=1.0,
        pessimistic_value=0.0,
        sense=pyo.maximize,
        verify=verify_zlobec,
        tags=tags("lp-follower", "leader-in-matrix", "pessimistic", "nonconvex-leader", "maximise"),
    ),
    Problem(
        name="floudas-zlobec-1998",
        source="Floudas and Zlobec (1998), Optimality and duality in parametric convex lexicographic programming, in "
        "Multilevel "
        "Optimization: Algorithms and Applications, Kluwer; BOLIB FloudasZlobec1998",
        statement="min x^3 y1 + y2, 0 <= x <= 1; y in [-1, 1] x [0, 100] maximises y2 with x y1 <= 10, y1^2 + x y2 <= "
        "1",
        build=floudas_zlobec,
        optimal_value=1.0,
        verify=verify_floudas_zlobec,
        tags=tags("qcqp", "leader-in-matrix", "nonconvex-leader", "maximise"),
    ),
)
