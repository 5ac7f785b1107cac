"""Followers that do not care at the very decision the leader wants: optimistic and pessimistic values differ."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum


def indifferent_at_one() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.UnitInterval)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=pyo.UnitInterval)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=(m.x - 1) * y)
    m.cost = pyo.Objective(expr=m.x * y - 0.5 * m.x + 0.5)
    return m


def verify_indifferent_at_one() -> float:
    # x < 1: y = 1. x = 1: any y; the leader's value there is y itself, and y = 0 is its best.
    return nested_minimum(lambda x: x[0] * (0 if x[0] == 1 else 1) - 0.5 * x[0] + 0.5, [(0, 1)], also=[1.0])


def indifferent_at_zero() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-0.5, 0.5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(-1, 1))
    m.follower.cost = pyo.Objective(expr=m.x * m.follower.y)
    m.gain = pyo.Objective(expr=m.x + m.follower.y, sense=pyo.maximize)
    return m


def verify_indifferent_at_zero() -> float:
    return -nested_minimum(lambda x: -x[0] - (-1 if x[0] > 0 else 1), [(-0.5, 0.5)], also=[0.0])


def indifferent_at_quarter() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=(1 - 4 * m.x) * y + 2 * m.x + 2, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=-(4 * m.x - 3) * y + 2 * m.x + 1)
    return m


def verify_indifferent_at_quarter() -> float:
    # x < 1/4: y = 1, 4 - 2x. x > 1/4: y = 0, 2x + 1. x = 1/4: 2y + 3/2, least at y = 0.
    def value(x: np.ndarray) -> float:
        return 4 - 2 * x[0] if x[0] < 0.25 else 2 * x[0] + 1

    return nested_minimum(value, [(0, 1)], also=[0.25])


def exponential_price() -> pyo.ConcreteModel:
    """A linear follower whose price is nonlinear in the leader's variable; the leader bounds y more tightly."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(-1, 1))
    m.small = pyo.Constraint(expr=(-0.1, m.follower.y, 0.1))
    m.follower.cost = pyo.Objective(expr=m.follower.y * (m.x + pyo.exp(m.x)))
    m.cost = pyo.Objective(expr=m.follower.y**2)
    return m


def verify_exponential_price() -> float:
    # y = -1 or 1, which the leader forbids, unless x + exp(x) = 0 (x = -0.567); then y = 0 is allowed and best.
    low, high = -1.0, 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if middle + math.exp(middle) < 0 else (low, middle)
    return 0.0 if abs(low + math.exp(low)) < 1e-12 else math.nan


def strip() -> pyo.ConcreteModel:
    """Two follower's variables, one of which it is indifferent to; a range with the leader's variable on both sides."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1.5, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2])
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y[1])
    m.follower.sign = pyo.Constraint(expr=m.x >= 0)
    m.follower.right = pyo.Constraint(expr=y[1] <= m.x)
    m.follower.left = pyo.Constraint(expr=y[1] >= -m.x)
    m.follower.strip = pyo.Constraint(expr=(-1.5, y[1] + y[2], 1.5))
    m.cost = pyo.Objective(expr=m.x * y[2] ** 2)
    return m


def verify_strip() -> float:
    # y1 = -x, y2 in [x - 1.5, x + 1.5], cost x y2^2 >= 0 as the follower is feasible for x >= 0 only; 0 at x = 0.
    return nested_minimum(lambda x: x[0] * max(0.0, x[0] - 1.5) ** 2, [(0, 5)])


PROBLEMS = (
    Problem(
        name="lucchetti-1987",
        source="Lucchetti, Mignanego and Pieri (1987), Existence theorems of equilibrium points in Stackelberg games "
        "with "
        "constraints, Optimization 18",
        statement="min xy - x/2 + 1/2, 0 <= x <= 1; y in [0, 1] minimises (x - 1) y",
        build=indifferent_at_one,
        optimal_value=0.0,
        pessimistic_value=1.0,
        verify=verify_indifferent_at_one,
        tags=tags("lp-follower", "leader-in-follower-cost", "pessimistic", "nonconvex-leader"),
        note="At x = 1 the follower is indifferent: 0 if it is kind, 1 if not; a pessimistic leader has the infimum "
        "1/2.",
    ),
    Problem(
        name="morgan-patrone-2006",
        source="Morgan and Patrone (2006), Stackelberg problems: subgame perfect equilibria via Tikhonov "
        "regularization, Annals "
        "of the International Society of Dynamic Games 8; BOLIB MorganPatrone2006a",
        statement="max x + y, |x| <= 1/2; y in [-1, 1] minimises xy",
        build=indifferent_at_zero,
        optimal_value=1.0,
        pessimistic_value=-1.0,
        sense=pyo.maximize,
        verify=verify_indifferent_at_zero,
        tags=tags("lp-follower", "leader-in-follower-cost", "pessimistic", "maximise"),
    ),
    Problem(
        name="yezza-1996-3.1",
        source="Yezza (1996), First-order necessary optimality conditions for general bilevel programming problems, "
        "Journal of "
        "Optimization Theory and Applications 89, example 3.1; Handbook of Test Problems 9.3.9",
        statement="min (3 - 4x) y + 2x + 1, 0 <= x <= 1; y in [0, 1] maximises (1 - 4x) y",
        build=indifferent_at_quarter,
        optimal_value=1.5,
        pessimistic_value=3.5,
        verify=verify_indifferent_at_quarter,
        tags=tags("lp-follower", "leader-in-follower-cost", "pessimistic", "nonconvex-leader", "maximise"),
    ),
    Problem(
        name="mitsos-barton-3.8",
        source="Mitsos and Barton (2006), A test set for bilevel programs, technical report, MIT, example 3.8",
        statement="min y^2 with |y| <= 0.1, |x| <= 1; y in [-1, 1] minimises (x + exp x) y",
        build=exponential_price,
        optimal_value=0.0,
        verify=verify_exponential_price,
        tags=tags("lp-follower", "leader-in-follower-cost", "nonlinear-leader-in-follower", "leader-constraints"),
        note="One x only is feasible, -0.5671.",
    ),
    Problem(
        name="ishizuka-aiyoshi-1992",
        source="Ishizuka and Aiyoshi (1992), Double penalty method for bilevel optimization problems, Annals of "
        "Operations "
        "Research 34, with M = 1.5; BOLIB IshizukaAiyoshi1992a",
        statement="min x y2^2, x >= -1.5; y minimises y1 with x >= 0, |y1| <= x, |y1 + y2| <= 1.5",
        build=strip,
        optimal_value=0.0,
        verify=verify_strip,
        tags=tags("lp-follower", "degenerate-follower", "range-constraints", "nonconvex-leader", "free-variables"),
    ),
)
