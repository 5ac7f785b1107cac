"""Bialas and Karwan (1984), "Two-level linear programming", Management Science 30(8): the problems of the Kth-best "
"method."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best


def three_variables() -> pyo.ConcreteModel:
    """Both levels maximise; the follower's variables are indexed."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(domain=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[2], sense=pyo.maximize)
    m.follower.c1 = pyo.Constraint(expr=m.x + y[1] + y[2] <= 3)
    m.follower.c2 = pyo.Constraint(expr=y[2] - m.x - y[1] <= -1)
    m.follower.c3 = pyo.Constraint(expr=y[1] + y[2] - m.x <= 1)
    m.follower.c4 = pyo.Constraint(expr=m.x - y[1] + y[2] <= 1)
    m.follower.c5 = pyo.Constraint(expr=y[2] <= 0.5)
    m.gain = pyo.Objective(expr=m.x + y[2], sense=pyo.maximize)
    return m


def verify_three_variables() -> float:
    return -kth_best(
        [-1, 0, -1],
        [0, 0, -1],
        leaders=1,
        follower_rows=[
            (1, 1, 1, 3),
            (-1, -1, 1, -1),
            (-1, 1, 1, 1),
            (1, -1, 1, 1),
            (0, 0, 1, 0.5),
            (0, -1, 0, 0),
            (0, 0, -1, 0),
        ],
        leader_rows=[(-1, 0, 0, 0)],
    )


def two_variables() -> pyo.ConcreteModel:
    """A ConstraintList of five rows; the leader maximises what the follower minimises."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, None))
    m.lower = bilevel.Follower()
    m.lower.y = pyo.Var(bounds=(0, None))
    y = m.lower.y
    m.lower.rows = pyo.ConstraintList()
    m.lower.rows.add(m.x + 2 * y >= 10)
    m.lower.rows.add(m.x + 2 * y <= 38)
    m.lower.rows.add(-m.x + 2 * y <= 18)
    m.lower.rows.add(m.x - 2 * y <= 6)
    m.lower.rows.add(2 * m.x - y <= 21)
    m.lower.cost = pyo.Objective(expr=y)
    m.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    return m


# The rows of the two-variable problem, which Anandalingam and White (1990) use again.
TWO_VARIABLE_ROWS = [(-1, -2, -10), (1, 2, 38), (-1, 2, 18), (1, -2, 6), (2, -1, 21), (0, -1, 0)]


def verify_two_variables() -> float:
    return -kth_best([0, -1], [0, 1], leaders=1, follower_rows=TWO_VARIABLE_ROWS, leader_rows=[(-1, 0, 0)])


PROBLEMS = (
    Problem(
        name="bialas-karwan-1984-three-variables",
        source="Bialas and Karwan (1984), Two-level linear programming, Management Science 30(8); BOLIB "
        "BialasKarwan1984a",
        statement="max x + y2, x >= 0; y maximises y2 with x + y1 + y2 <= 3, x + y1 - y2 >= 1, -x + y1 + y2 <= 1, "
        "x - y1 + y2 <= 1, y2 <= 1/2, y >= 0",
        build=three_variables,
        optimal_value=2.0,
        sense=pyo.maximize,
        verify=verify_three_variables,
        tags=tags("lp-lp", "indexed-variables", "maximise"),
    ),
    Problem(
        name="bialas-karwan-1984-two-variables",
        source="Bialas and Karwan (1984), Two-level linear programming, Management Science 30(8); BOLIB "
        "BialasKarwan1984b",
        statement="max y, x >= 0; y minimises itself with x + 2y in [10, 38], -x + 2y <= 18, x - 2y <= 6, 2x - y <= "
        "21, "
        "y >= 0",
        build=two_variables,
        optimal_value=11.0,
        sense=pyo.maximize,
        verify=verify_two_variables,
        tags=tags("lp-lp", "maximise"),
    ),
)
