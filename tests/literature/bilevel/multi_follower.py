"""Several followers that are no market: a game without a potential, a row that holds a rival, independent sites."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nash_answer, nested_minimum


def two_person_game() -> pyo.ConcreteModel:
    """Two followers with different slopes, so that no single optimisation problem stands behind their equilibrium."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, 10))
    m.one = bilevel.Follower()
    m.two = bilevel.Follower()
    m.one.y = pyo.Var(bounds=(0, None))
    m.two.y = pyo.Var(bounds=(0, None))
    x, y1, y2 = m.x, m.one.y, m.two.y
    m.one.cost = pyo.Objective(expr=y1**2 + (8 / 3 * x[1] + 2 * x[2] + 8 / 3 * y2 - 36) * y1)
    m.two.cost = pyo.Objective(expr=y2**2 + (2 * x[1] + 1.25 * x[2] + 1.25 * y1 - 25) * y2)
    m.cost = pyo.Objective(expr=0.5 * ((x[1] + x[2] + y1 - 15) ** 2 + (x[1] + x[2] + y2 - 15) ** 2))
    return m


def verify_two_person_game() -> float:
    # A sum of squares is at least 0. At x = (7, 7.5) the best answers cross at y = (0.5, 0.5), where it is 0:
    # 2y1 = 36 - 56/3 - 15 - 8/3 y2 and 2y2 = 25 - 14 - 9.375 - 1.25 y1.
    x = np.array([7.0, 7.5])
    answers = [
        lambda y: max(0.0, (36 - 8 / 3 * x[0] - 2 * x[1] - 8 / 3 * y[1]) / 2),
        lambda y: max(0.0, (25 - 2 * x[0] - 1.25 * x[1] - 1.25 * y[0]) / 2),
    ]
    y = nash_answer(answers, np.ones(2))
    return float(0.5 * ((x.sum() + y[0] - 15) ** 2 + (x.sum() + y[1] - 15) ** 2))


def asymmetric() -> pyo.ConcreteModel:
    """A follower whose row holds another follower's variable, an LP next to a QP, one maximises and one minimises."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 10))
    m.user = bilevel.Follower()
    m.user.z = pyo.Var(bounds=(0, 4))
    m.user.distance = pyo.Objective(expr=(m.user.z - m.x) ** 2)
    m.seller = bilevel.Follower()
    m.seller.y = pyo.Var()
    m.seller.room = pyo.Constraint(expr=(None, m.seller.y + m.user.z, 6))
    m.seller.gain = pyo.Objective(expr=m.seller.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=(m.x - 3) ** 2 + m.user.z * m.seller.y - 2 * m.seller.y)
    return m


def verify_asymmetric() -> float:
    def value(x: np.ndarray) -> float:
        z = min(x[0], 4.0)
        y = 6 - z
        return (x[0] - 3) ** 2 + z * y - 2 * y

    return nested_minimum(value, [(0, 10)])


def independent() -> pyo.ConcreteModel:
    """Three followers that share nothing but a leader's budget row, each a Param-driven knapsack."""
    m = pyo.ConcreteModel()
    m.SITES = pyo.RangeSet(3)
    gain = {(1, 1): 3, (1, 2): 2, (2, 1): 1, (2, 2): 4, (3, 1): 2, (3, 2): 2.5}
    m.gain = pyo.Param(m.SITES, [1, 2], initialize=gain)
    m.given = pyo.Var(m.SITES, domain=pyo.NonNegativeReals)
    m.budget = pyo.Constraint(expr=pyo.summation(m.given) <= 6)

    def site(b, s):
        b.used = pyo.Var([1, 2], bounds=(0, 2))
        b.room = pyo.Constraint(expr=b.used[1] + b.used[2] <= m.given[s])
        b.value = pyo.Objective(expr=sum(m.gain[s, k] * b.used[k] for k in (1, 2)), sense=pyo.maximize)

    m.site = bilevel.Follower(m.SITES, rule=site)
    m.benefit = pyo.Objective(
        expr=sum(m.site[s].used[1] + 3 * m.site[s].used[2] for s in m.SITES) - 0.25 * m.given[2] ** 2,
        sense=pyo.maximize,
    )
    return m


def verify_independent() -> float:
    # Site 1 fills use 1 first, sites 2 and 3 use 2; each use takes 2 at most.
    def benefit(site: int, given: float) -> float:
        first, second = min(given, 2.0), min(max(given - 2, 0.0), 2.0)
        return first + 3 * second if site == 1 else 3 * first + second

    def value(z: np.ndarray) -> float:
        rest = 6 - z[0] - z[1]
        if rest < 0:
            return math.inf
        return -(benefit(1, z[0]) + benefit(2, z[1]) + benefit(3, rest) - 0.25 * z[1] ** 2)

    return -nested_minimum(value, [(0, 6), (0, 6)], points=121)


PROBLEMS = (
    Problem(
        name="fukushima-luo-pang-1998-two",
        source="Fukushima, Luo and Pang (1998), A globally convergent sequential quadratic programming algorithm for "
        "mathematical programs with linear complementarity constraints, Computational Optimization and Applications "
        "10, "
        "problem 2; MacMPEC flp2",
        statement="min ((x1 + x2 + y1 - 15)^2 + (x1 + x2 + y2 - 15)^2)/2, x in [0, 10]^2; y1 >= 0 minimises y1^2 + "
        "(8/3 x1 + 2 x2 + 8/3 y2 - 36) y1, y2 >= 0 minimises y2^2 + (2 x1 + 5/4 x2 + 5/4 y1 - 25) y2",
        build=two_person_game,
        optimal_value=0.0,
        verify=verify_two_person_game,
        tags=tags("qp", "nash", "several-followers"),
        note="The source has the complementarity problem; we wrote the game of which it is the equilibrium.",
    ),
    Problem(
        name="user-and-seller",
        source="constructed by us",
        statement="min (x - 3)^2 + z y - 2y, 0 <= x <= 10; z in [0, 4] minimises (z - x)^2; y maximises itself with y "
        "+ z <= 6",
        build=asymmetric,
        optimal_value=-12.0 + 9.0,
        verify=verify_asymmetric,
        tags=tags("qp", "several-followers", "nash", "nonconvex-leader"),
        note="y = 6 - z: (x - 3)^2 + (z - 2)(6 - z), z = min(x, 4); at x = 0: 9 - 12 = -3.",
    ),
    Problem(
        name="three-sites",
        source="constructed by us in the style of Calvete and Gale (2007), Linear bilevel multi-follower programming "
        "with "
        "independent followers, Journal of Global Optimization 39",
        statement="max sum u1 + 3 u2 - g2^2/4 with g1 + g2 + g3 <= 6, g >= 0; site s maximises its own gain from two "
        "uses in "
        "[0, 2] with u1 + u2 <= g_s",
        build=independent,
        optimal_value=14.0,
        sense=pyo.maximize,
        verify=verify_independent,
        tags=tags("lp-follower", "several-followers", "indexed-followers", "params", "nonconvex-leader", "maximise"),
        note="Site 1 needs four units to be worth its while (2 + 6), site 3 takes two (6); site 2 gets none. 13 if it "
        "gets two.",
    ),
)
