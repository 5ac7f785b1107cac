"""Problems with one variable on each level whose answers can be checked on a napkin."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import nested_minimum, smallest_on_faces


def corner() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=m.follower.y)
    m.follower.row = pyo.Constraint(expr=m.x + m.follower.y >= 1)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_corner() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + (1 - x[0]) ** 2, [(1, 10)])


def line() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.cost = pyo.Objective(expr=(m.x + m.follower.y - 1) ** 2)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_line() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + (1 - x[0]) ** 2, [(-5, 5)])


def indifferent_to_second() -> pyo.ConcreteModel:
    """The follower does not care about y2 at all."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0.5, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y[1])
    m.follower.row = pyo.Constraint(expr=m.x + y[1] + y[2] >= 1)
    m.cost = pyo.Objective(expr=m.x**2 + (y[1] + y[2]) ** 2)
    return m


def verify_indifferent_to_second() -> float:
    # y1 = 0, y2 anything from max(0, 1 - x) on; the leader likes it small.
    return nested_minimum(lambda x: x[0] ** 2 + max(0, 1 - x[0]) ** 2, [(0.5, 5)])


def trapezium() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 1))
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.follower.row = pyo.Constraint(expr=2 * m.x + m.follower.y <= 2)
    m.cost = pyo.Objective(expr=m.x**2 + m.follower.y**2)
    return m


def verify_trapezium() -> float:
    return nested_minimum(lambda x: x[0] ** 2 + min(1, 2 - 2 * x[0]) ** 2, [(-1, 1)])


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


LAMPARIELLO = (
    "Lampariello and Sagratella (2017), A bridge between bilevel programs and Nash games, Journal of Optimization "
    "Theory and Applications 174"
)

PROBLEMS = (
    Problem(
        name="lampariello-sagratella-3.1",
        source=f"{LAMPARIELLO}, example 3.1",
        statement="min x^2 + y^2, x >= 1; y minimises itself with x + y >= 1",
        build=corner,
        optimal_value=1.0,
        verify=verify_corner,
        tags=tags("qp", "lp-follower", "free-variables"),
    ),
    Problem(
        name="lampariello-sagratella-3.2",
        source=f"{LAMPARIELLO}, example 3.2",
        statement="min x^2 + y^2; y minimises (x + y - 1)^2, nothing bounded",
        build=line,
        optimal_value=0.5,
        verify=verify_line,
        tags=tags("qp", "unconstrained-follower", "unbounded-leader-variable"),
    ),
    Problem(
        name="lampariello-sagratella-3.3",
        source=f"{LAMPARIELLO}, example 3.3",
        statement="min x^2 + (y1 + y2)^2, x >= 0.5; y >= 0 minimises y1 with x + y1 + y2 >= 1",
        build=indifferent_to_second,
        optimal_value=0.5,
        verify=verify_indifferent_to_second,
        tags=tags("qp", "lp-follower", "degenerate-follower"),
    ),
    Problem(
        name="lampariello-sagratella-3.5",
        source=f"{LAMPARIELLO}, example 3.5",
        statement="min x^2 + y^2, -1 <= x <= 1; y in [0, 1] maximises itself with 2x + y <= 2",
        build=trapezium,
        optimal_value=0.8,
        verify=verify_trapezium,
        tags=tags("qp", "lp-follower", "maximise"),
    ),
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
