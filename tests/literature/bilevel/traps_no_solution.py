"""Traps: nothing to find. Infeasible leaders, infeasible followers, unbounded followers, unbounded leaders."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best, nested_minimum

# A follower's best value that grows without end along a ray has no answer for the leader to use.
NO_ANSWER = math.inf


def forbidden_answer() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(-1, 1))
    m.limit = pyo.Constraint(expr=m.follower.y <= 0)
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.follower.y)
    return m


def verify_forbidden_answer() -> float:
    rows = [(0, 1, 1), (0, -1, 1)]
    return kth_best([0, 1], [0, -1], leaders=1, follower_rows=rows, leader_rows=[(0, 1, 0), (1, 0, 1), (-1, 0, 0)])


def joint_rows() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(1, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.right = pyo.Constraint(expr=y >= m.x)
    m.left = pyo.Constraint(expr=y >= -m.x)
    m.follower.cost = pyo.Objective(expr=y)
    m.follower.left = pyo.Constraint(expr=y >= -m.x)
    m.cost = pyo.Objective(expr=m.x)
    return m


def verify_joint_rows() -> float:
    # y = -x, and y >= x >= 1 cannot be.
    return nested_minimum(lambda x: x[0] if -x[0] >= x[0] else math.inf, [(1, 100)])


def empty_follower() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-5, 5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.impossible = pyo.Constraint(expr=m.x**2 + y <= -1)
    m.follower.cost = pyo.Objective(expr=(y - m.x) ** 2)
    m.cost = pyo.Objective(expr=m.x + y)
    return m


def verify_empty_follower() -> float:
    # The least y is 0, and x^2 <= -1 has no solution.
    return nested_minimum(lambda x: x[0] if x[0] ** 2 <= -1 else math.inf, [(-5, 5)])


def empty_in_part() -> pyo.ConcreteModel:
    """The follower is infeasible for x > 2, so the leader cannot go there."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 5))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, 4))
    y = m.follower.y
    m.follower.sum = pyo.Constraint(expr=2 * m.x + y <= 4)
    m.follower.cost = pyo.Objective(expr=(y - 1) ** 2)
    m.gain = pyo.Objective(expr=m.x + y, sense=pyo.maximize)
    return m


def verify_empty_in_part() -> float:
    def value(x: np.ndarray) -> float:
        room = 4 - 2 * x[0]
        return -(x[0] + min(1.0, room)) if room >= 0 else math.inf

    return -nested_minimum(value, [(0, 5)], points=501)


def unbounded_follower() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    m.follower.above = pyo.Constraint(expr=m.follower.y >= m.x)
    m.follower.gain = pyo.Objective(expr=m.follower.y, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=m.x)
    return m


def verify_unbounded_follower() -> float:
    # For every x the follower earns y for any y >= x: there is no best answer, so no x is allowed.
    earned = [max(x, 10.0**k) for x in (0.0, 0.5, 1.0) for k in (3, 6, 9)]
    return NO_ANSWER if max(earned) >= 1e9 else math.nan


def unbounded_in_part() -> pyo.ConcreteModel:
    """The follower has an answer for x >= 0 alone, which its optimality conditions know."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    m.follower.cost = pyo.Objective(expr=m.x * m.follower.y)
    m.cost = pyo.Objective(expr=(m.x + 0.5) ** 2 + (m.follower.y - 1) ** 2)
    return m


def verify_unbounded_in_part() -> float:
    # x < 0: unbounded. x = 0: indifferent, y = 1 for the leader: 1/4. x > 0: y = 0: more than 5/4.
    return nested_minimum(
        lambda x: math.inf if x[0] < 0 else (x[0] + 0.5) ** 2 + (0 if x[0] == 0 else 1), [(-1, 1)], also=[0.0]
    )


def unbounded_leader() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    m.follower.cost = pyo.Objective(expr=m.follower.y)
    m.follower.above = pyo.Constraint(expr=m.x - m.follower.y <= 2)
    m.gain = pyo.Objective(expr=2 * m.x - m.follower.y, sense=pyo.maximize)
    return m


def verify_unbounded_leader() -> float:
    # y = max(0, x - 2): the leader has x + 2 from x = 2 on.
    gains = [2 * x - max(0.0, x - 2) for x in (1e3, 1e6, 1e9)]
    return math.inf if gains == sorted(gains) and gains[-1] >= 1e9 else math.nan


PROBLEMS = (
    Problem(
        name="mitsos-barton-3.2",
        source="Mitsos and Barton (2006), A test set for bilevel programs, technical report, MIT, example 3.2, with an "
        "idle "
        "leader's variable",
        statement="min y with y <= 0; y in [-1, 1] maximises itself",
        build=forbidden_answer,
        optimal_value=math.inf,
        verify=verify_forbidden_answer,
        tags=tags("trap", "infeasible-leader"),
        outcomes=frozenset({"infeasible"}),
        note="Without the follower's objective y = -1 would do.",
    ),
    Problem(
        name="ferris-jointc1-infeasible",
        source="Ferris, GAMS extended mathematical programming library, jointc1, first part",
        statement="min x with y >= x, y >= -x as the leader's rows, x >= 1; y minimises itself with y >= -x",
        build=joint_rows,
        optimal_value=math.inf,
        verify=verify_joint_rows,
        tags=tags("trap", "infeasible-leader"),
        outcomes=frozenset({"infeasible"}),
    ),
    Problem(
        name="empty-follower",
        source="constructed by us",
        statement="min x + y, |x| <= 5; y >= 0 minimises (y - x)^2 with x^2 + y <= -1",
        build=empty_follower,
        optimal_value=math.inf,
        verify=verify_empty_follower,
        tags=tags("trap", "infeasible-follower"),
        outcomes=frozenset({"infeasible"}),
    ),
    Problem(
        name="empty-follower-in-part",
        source="constructed by us",
        statement="max x + y, 0 <= x <= 5; y in [0, 4] minimises (y - 1)^2 with 2x + y <= 4",
        build=empty_in_part,
        optimal_value=2.5,
        sense=pyo.maximize,
        verify=verify_empty_in_part,
        tags=tags("qp", "infeasible-follower-in-part", "maximise"),
        note="x = 1.5, y = 1; (2, 0) has 2 only.",
    ),
    Problem(
        name="unbounded-follower",
        source="constructed by us",
        statement="min x, 0 <= x <= 1; y maximises itself with y >= x",
        build=unbounded_follower,
        optimal_value=math.inf,
        verify=verify_unbounded_follower,
        tags=tags("trap", "unbounded-follower"),
        outcomes=frozenset({"infeasible", "unbounded", "refused"}),
        note="The set of best answers is empty for every x, so the leader's problem is infeasible.",
    ),
    Problem(
        name="unbounded-follower-in-part",
        source="constructed by us",
        statement="min (x + 0.5)^2 + (y - 1)^2, |x| <= 1; y >= 0 minimises xy",
        build=unbounded_in_part,
        optimal_value=0.25,
        verify=verify_unbounded_in_part,
        tags=tags("lp-follower", "leader-in-follower-cost", "unbounded-follower-in-part"),
    ),
    Problem(
        name="unbounded-leader",
        source="constructed by us",
        statement="max 2x - y, x >= 0; y >= 0 minimises itself with x - y <= 2",
        build=unbounded_leader,
        optimal_value=math.inf,
        sense=pyo.maximize,
        verify=verify_unbounded_leader,
        tags=tags("trap", "unbounded-leader"),
        outcomes=frozenset({"unbounded"}),
    ),
)
