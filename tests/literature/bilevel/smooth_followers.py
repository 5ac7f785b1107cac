"""Smooth convex followers beyond quadratics, constructed by us, with answers in closed form."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def logit() -> pyo.ConcreteModel:
    """An entropy follower: shares of three alternatives, a toll on the first."""
    m = pyo.ConcreteModel()
    m.A = pyo.RangeSet(3)
    cost = {1: 1.0, 2: 2.0, 3: 2.5}
    m.toll = pyo.Var(bounds=(0, 5))
    m.crowd = bilevel.Follower()
    c = m.crowd
    c.share = pyo.Var(m.A, bounds=(1e-6, 1), initialize=1 / 3)
    c.all_go = pyo.Constraint(expr=pyo.summation(c.share) == 1)
    c.cost = pyo.Objective(
        expr=sum((cost[a] + (m.toll if a == 1 else 0)) * c.share[a] + c.share[a] * pyo.log(c.share[a]) for a in m.A)
    )
    m.revenue = pyo.Objective(expr=m.toll * c.share[1], sense=pyo.maximize)
    return m


def verify_logit() -> float:
    # The shares are proportional to exp(-cost).
    def revenue(t: float) -> float:
        weights = [math.exp(-1 - t), math.exp(-2), math.exp(-2.5)]
        return t * weights[0] / sum(weights)

    return -nested_minimum(lambda x: -revenue(x[0]), [(0, 5)])


def square_root_of_labour() -> pyo.ConcreteModel:
    """A concave production function of the follower; the leader's wage multiplies its variable."""
    m = pyo.ConcreteModel()
    m.wage = pyo.Var(bounds=(0.5, 10))
    m.firm = bilevel.Follower()
    m.firm.labour = pyo.Var(bounds=(0.01, 100), initialize=1)
    m.firm.profit = pyo.Objective(expr=8 * pyo.sqrt(m.firm.labour) - m.wage * m.firm.labour, sense=pyo.maximize)
    m.rent = pyo.Objective(expr=(m.wage - 1) * m.firm.labour, sense=pyo.maximize)
    return m


def verify_square_root_of_labour() -> float:
    # labour = (4/w)^2, so (w - 1) 16/w^2, greatest at w = 2.
    return -nested_minimum(lambda w: -(w[0] - 1) * (4 / w[0]) ** 2, [(0.5, 10)])


def direction() -> pyo.ConcreteModel:
    """A linear follower on a disc: the leader turns its cost."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-5, 5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], bounds=(-2, 2))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y[1] + m.x * y[2])
    m.follower.disc = pyo.Constraint(expr=y[1] ** 2 + y[2] ** 2 <= 1)
    m.distance = pyo.Objective(expr=(y[1] + 0.6) ** 2 + (y[2] + 0.8) ** 2 + 0.1 * m.x)
    return m


def verify_direction() -> float:
    # y = -(1, x)/sqrt(1 + x^2)
    def value(x: np.ndarray) -> float:
        length = math.hypot(1, x[0])
        return (-1 / length + 0.6) ** 2 + (-x[0] / length + 0.8) ** 2 + 0.1 * x[0]

    return nested_minimum(value, [(-5, 5)], points=1001)


CONSTRUCTED = "constructed by us"


PROBLEMS = (
    Problem(
        name="logit-toll",
        source=CONSTRUCTED + " in the style of stochastic user equilibrium",
        statement="max t y1, 0 <= t <= 5; the shares y minimise (1 + t) y1 + 2 y2 + 2.5 y3 + sum y log y with sum 1",
        build=logit,
        optimal_value=0.412191,
        sense=pyo.maximize,
        verify=verify_logit,
        tags=tags("nlp", "leader-in-follower-cost", "logarithm", "equalities", "maximise"),
        note="At the best toll the share is 1 - 1/t, so the revenue is u = t - 1 with u exp(u) = 1/(1 + exp(-1/2)).",
    ),
    Problem(
        name="square-root-of-labour",
        source=CONSTRUCTED,
        statement="max (w - 1) y, 0.5 <= w <= 10; y in [0.01, 100] maximises 8 sqrt(y) - w y",
        build=square_root_of_labour,
        optimal_value=4.0,
        sense=pyo.maximize,
        verify=verify_square_root_of_labour,
        tags=tags("nlp", "leader-in-follower-cost", "nonconvex-leader", "maximise"),
        note="y = 16/w^2; (w - 1) 16/w^2 at w = 2.",
    ),
    Problem(
        name="direction",
        source=CONSTRUCTED,
        statement="min |y + (0.6, 0.8)|^2 + x/10, |x| <= 5; y minimises y1 + x y2 with |y| <= 1",
        build=direction,
        optimal_value=0.118673,
        verify=verify_direction,
        tags=tags("qcqp", "leader-in-follower-cost"),
    ),
)
