"""Small linear problems that show one thing each: a big-M too small, a joint row, an equality and a fixed variable."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best, nested_minimum


def pineda_morales() -> pyo.ConcreteModel:
    """The follower's variable reaches 100 although nothing bounds it on paper, so M = 50 gives a wrong answer."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 2))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    m.follower.cost = pyo.Objective(expr=m.follower.y)
    m.follower.row = pyo.Constraint(expr=100 * m.x - m.follower.y <= 100)
    m.gain = pyo.Objective(expr=m.x + m.follower.y, sense=pyo.maximize)
    return m


def verify_pineda_morales() -> float:
    return -nested_minimum(lambda x: -(x[0] + max(0.0, 100 * x[0] - 100)), [(0, 2)])


def _joint_row(*, in_follower_too: bool) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, 2))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.below = pyo.Constraint(expr=y <= 100)
    m.right = pyo.Constraint(expr=y >= m.x - 2)
    m.left = pyo.Constraint(expr=y >= -m.x)
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.left = pyo.Constraint(expr=y >= -m.x)
    if in_follower_too:
        m.follower.right = pyo.Constraint(expr=y >= m.x - 2)
    m.gain = pyo.Objective(expr=m.x, sense=pyo.maximize)
    return m


def row_of_leader() -> pyo.ConcreteModel:
    return _joint_row(in_follower_too=False)


def row_of_both() -> pyo.ConcreteModel:
    return _joint_row(in_follower_too=True)


def verify_row_of_leader() -> float:
    # y = -x, and the leader needs -x >= x - 2: x <= 1.
    return -nested_minimum(lambda x: -x[0] if -x[0] >= x[0] - 2 - 1e-12 else math.inf, [(1, 2)])


def verify_row_of_both() -> float:
    # y = max(-x, x - 2), which meets both of the leader's rows for every x.
    return -nested_minimum(lambda x: -x[0] if max(-x[0], x[0] - 2) <= 100 else math.inf, [(1, 2)])


def conejo_2006() -> pyo.ConcreteModel:
    """A leader's row that forces the follower's hand, a follower's variable fixed by the user and one by an "
    "equality."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 4))
    m.z = pyo.Var()
    m.z.fix(1.0)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(domain=pyo.NonNegativeReals)
    f.w = pyo.Var()
    m.row = pyo.Constraint(expr=f.y + 2 * m.x + m.z <= 9)
    f.gain = pyo.Objective(expr=m.x + f.y - f.w, sense=pyo.maximize)
    f.limit = pyo.Constraint(expr=m.x + f.y + f.w <= 8)
    f.unit = pyo.Constraint(expr=f.w == 1)
    m.cost = pyo.Objective(expr=-m.x + 4 * f.y + m.z)
    return m


def verify_conejo_2006() -> float:
    # w = 1, y = 7 - x; the leader's row is 7 - x + 2x + 1 <= 9.
    def value(x: np.ndarray) -> float:
        y = 7 - x[0]
        return -x[0] + 4 * y + 1 if y + 2 * x[0] + 1 <= 9 + 1e-12 else math.inf

    return nested_minimum(value, [(0, 4)])


def _moore_bard(domain) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8), domain=pyo.NonNegativeIntegers)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(domain=domain)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.a = pyo.Constraint(expr=-25 * m.x + 20 * y <= 30)
    m.follower.b = pyo.Constraint(expr=m.x + 2 * y <= 10)
    m.follower.c = pyo.Constraint(expr=2 * m.x - y <= 15)
    m.follower.d = pyo.Constraint(expr=2 * m.x + 10 * y >= 15)
    m.cost = pyo.Objective(expr=-m.x - 10 * y)
    return m


def moore_bard_relaxed() -> pyo.ConcreteModel:
    return _moore_bard(pyo.NonNegativeReals)


def moore_bard() -> pyo.ConcreteModel:
    return _moore_bard(pyo.NonNegativeIntegers)


def verify_moore_bard_relaxed() -> float:
    return min(_moore_bard_value(x, integer=False) for x in range(9))


def verify_moore_bard() -> float:
    return min(_moore_bard_value(x, integer=True) for x in range(9))


def _moore_bard_value(x: int, *, integer: bool) -> float:
    """Return the leader's cost where the follower takes the least y its rows allow."""
    low = max(0.0, 2 * x - 15, (15 - 2 * x) / 10)
    y = math.ceil(low - 1e-12) if integer else low
    return float(-x - 10 * y) if -25 * x + 20 * y <= 30 and x + 2 * y <= 10 + 1e-12 else math.inf


def bard_511() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(within=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(within=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.a = pyo.Constraint(expr=m.x + y >= 3)
    m.follower.b = pyo.Constraint(expr=-2 * m.x + y <= 0)
    m.follower.c = pyo.Constraint(expr=2 * m.x + y <= 12)
    m.follower.d = pyo.Constraint(expr=3 * m.x - 2 * y <= 4)
    m.cost = pyo.Objective(expr=m.x - 4 * y)
    return m


def verify_bard_511() -> float:
    rows = [(-1, -1, -3), (-2, 1, 0), (2, 1, 12), (3, -2, 4), (0, -1, 0)]
    return kth_best([1, -4], [0, 1], leaders=1, follower_rows=rows, leader_rows=[(-1, 0, 0)])


PROBLEMS = (
    Problem(
        name="pineda-morales-2018",
        source="Pineda and Morales (2019), Solving linear bilevel problems using big-Ms: not all that glitters is "
        "gold, IEEE "
        "Transactions on Power Systems 34(3), the illustrative example",
        statement="max x + y, 0 <= x <= 2; y >= 0 minimises itself with 100x - y <= 100",
        build=pineda_morales,
        optimal_value=102.0,
        sense=pyo.maximize,
        verify=verify_pineda_morales,
        tags=tags("lp-lp", "big-m", "maximise"),
    ),
    Problem(
        name="ferris-jointc2-row-of-leader",
        source="Ferris, GAMS extended mathematical programming library, jointc2, first part",
        statement="max x with y in [max(x - 2, -x), 100] as the leader's rows, 1 <= x <= 2; y minimises itself with y "
        ">= -x",
        build=row_of_leader,
        optimal_value=1.0,
        sense=pyo.maximize,
        verify=verify_row_of_leader,
        tags=tags("lp-lp", "leader-constraints", "free-variables", "maximise"),
    ),
    Problem(
        name="ferris-jointc2-row-of-both",
        source="Ferris, GAMS extended mathematical programming library, jointc2, second part",
        statement="the same where the follower has y >= x - 2 too",
        build=row_of_both,
        optimal_value=2.0,
        sense=pyo.maximize,
        verify=verify_row_of_both,
        tags=tags("lp-lp", "leader-constraints", "free-variables", "maximise"),
    ),
    Problem(
        name="conejo-2006-fixed-variables",
        source="Conejo, Castillo, Minguez and Garcia-Bertrand (2006), Decomposition Techniques in Mathematical "
        "Programming, "
        "Springer, chapter 7.2, with a fixed variable added on each level",
        statement="min 4y - x + z with y + 2x + z <= 9, z fixed to 1, 0 <= x <= 4; (y, w) maximises x + y - w with "
        "x + y + w <= 8, w = 1, y >= 0",
        build=conejo_2006,
        optimal_value=24.0,
        verify=verify_conejo_2006,
        tags=tags("lp-lp", "leader-constraints", "equalities", "fixed-variables", "maximise"),
        note="Without z and w the book's value is 23, at x = 1, y = 6.",
    ),
    Problem(
        name="moore-bard-1990-continuous-follower",
        source="Moore and Bard (1990), The mixed integer linear bilevel programming problem, Operations Research "
        "38(5), the "
        "example with a continuous follower",
        statement="min -x - 10y, x in {0, ..., 8}; y >= 0 minimises itself with 20y <= 25x + 30, x + 2y <= 10, 2x - y "
        "<= 15, "
        "2x + 10y >= 15",
        build=moore_bard_relaxed,
        optimal_value=-18.0,
        verify=verify_moore_bard_relaxed,
        tags=tags("lp-lp", "integer-leader"),
    ),
    Problem(
        name="moore-bard-1990",
        source="Moore and Bard (1990), The mixed integer linear bilevel programming problem, Operations Research "
        "38(5), the "
        "example",
        statement="the same with an integer y",
        build=moore_bard,
        optimal_value=-22.0,
        verify=verify_moore_bard,
        tags=tags("trap", "integer-follower", "integer-leader"),
        outcomes=frozenset({"right", "refused"}),
        note="(2, 2). Relaxing the follower's integrality gives -18: not even a bound.",
    ),
    Problem(
        name="bard-1998-5.1.1",
        source="Bard (1998), Practical Bilevel Optimization, Kluwer, example 5.1.1",
        statement="min x - 4y, x >= 0; y >= 0 minimises itself with x + y >= 3, y <= 2x, 2x + y <= 12, 3x - 2y <= 4",
        build=bard_511,
        optimal_value=-12.0,
        verify=verify_bard_511,
        tags=tags("lp-lp"),
        note="Some printings have 3x + 2y or -3x + 2y <= 4 in the last row.",
    ),
)
