"""Dempe (2002), "Foundations of Bilevel Programming", Kluwer: the examples with data."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import kth_best, nested_minimum


def plane() -> pyo.ConcreteModel:
    """A leader's bound on the follower's variable, written as a constraint."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 8))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var()
    y = m.follower.y
    m.limit = pyo.Constraint(expr=y <= 5)
    m.follower.gain = pyo.Objective(expr=y, sense=pyo.maximize)
    m.follower.a = pyo.Constraint(expr=m.x + y <= 8)
    m.follower.b = pyo.Constraint(expr=m.x + 4 * y >= 8)
    m.follower.c = pyo.Constraint(expr=m.x + 2 * y <= 13)
    m.follower.d = pyo.Constraint(expr=-7 * m.x + 2 * y <= 0)
    m.cost = pyo.Objective(expr=m.x + 3 * y)
    return m


def verify_plane() -> float:
    rows = [(1, 1, 8), (-1, -4, -8), (1, 2, 13), (-7, 2, 0)]
    leader = [(1, 0, 8), (-1, 0, 0), (0, 1, 5)]
    return kth_best([1, 3], [0, -1], leaders=1, follower_rows=rows, leader_rows=leader)


def badly_scaled() -> pyo.ConcreteModel:
    """A row with coefficients 100 and 1: a follower only nearly optimal moves far."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, 3))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2], bounds=(0, None))
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=y[1], sense=pyo.maximize)
    m.follower.steep = pyo.Constraint(expr=100 * y[1] - y[2] <= 1)
    m.follower.cap = pyo.Constraint(expr=y[2] <= m.x)
    m.cost = pyo.Objective(expr=2 * y[2] - m.x)
    return m


def verify_badly_scaled() -> float:
    rows = [(0, 100, -1, 1), (-1, 0, 1, 0), (0, -1, 0, 0), (0, 0, -1, 0)]
    box = [(1, 0, 0, 3), (-1, 0, 0, 0)]
    return kth_best([-1, 0, 2], [0, -1, 0], leaders=1, follower_rows=rows, leader_rows=box)


CLAUSES = ((1, 2, 3), (-1, -4, 3), (7, -6, 4), (5, 6, 7))


def satisfiability() -> pyo.ConcreteModel:
    """Three-satisfiability as a linear bilevel problem: the followers' rent is zero where literals are 0 or 1."""
    m = pyo.ConcreteModel()
    m.I = pyo.RangeSet(7)
    m.yes = pyo.Var(m.I, bounds=(0, 1))
    m.no = pyo.Var(m.I, domain=pyo.UnitInterval)
    m.z = pyo.Var(bounds=(0, 1))
    m.either = pyo.Constraint(m.I, rule=lambda m, i: m.yes[i] + m.no[i] == 1)
    m.clauses = pyo.Constraint(
        range(len(CLAUSES)), rule=lambda m, c: sum(m.yes[k] if k > 0 else m.no[-k] for k in CLAUSES[c]) >= m.z
    )
    m.rent = bilevel.Follower()
    m.rent.x = pyo.Var(m.I, bounds=(0, None))
    m.rent.below_yes = pyo.Constraint(m.I, rule=lambda b, i: b.x[i] <= m.yes[i])
    m.rent.below_no = pyo.Constraint(m.I, rule=lambda b, i: b.x[i] <= m.no[i])
    m.rent.total = pyo.Objective(expr=pyo.summation(m.rent.x), sense=pyo.maximize)
    m.cost = pyo.Objective(expr=pyo.summation(m.rent.x) - m.z)
    return m


def verify_satisfiability() -> float:
    # The follower's x_i is min(yes_i, 1 - yes_i), never negative, and z <= 1: no value is below -1. A 0-1 assignment
    # that satisfies all clauses has x = 0 and z = 1, so -1 is attained if one exists; all 128 are tried.
    for literals in itertools.product((False, True), repeat=7):
        if all(any(literals[abs(k) - 1] == (k > 0) for k in clause) for clause in CLAUSES):
            return -1.0
    return math.nan


def _parabola(*, row: str) -> pyo.ConcreteModel:
    """min x_l + y^2 with the row x_l + y >= 0 on one level; the leader's variable has no bounds."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var()
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(0, None))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=y)
    owner = m if row == "leader" else m.follower
    owner.row = pyo.Constraint(expr=m.x + y >= 0)
    m.cost = pyo.Objective(expr=y**2 + m.x)
    return m


def parabola_leader_row() -> pyo.ConcreteModel:
    return _parabola(row="leader")


def parabola_follower_row() -> pyo.ConcreteModel:
    return _parabola(row="follower")


def verify_parabola_leader_row() -> float:
    # The follower takes y = 0; the leader's row is x >= 0.
    return nested_minimum(lambda x: x[0] if x[0] >= 0 else math.inf, [(-10, 10)])


def verify_parabola_follower_row() -> float:
    # The follower takes y = max(0, -x): x + x^2 for x <= 0, least at x = -1/2.
    return nested_minimum(lambda x: max(0.0, -x[0]) ** 2 + x[0], [(-10, 10)])


def bundle() -> pyo.ConcreteModel:
    """The leader's variable in the follower's cost and right-hand sides; any y is as good for it at x = 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-0.5, 10))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=(-10, 11))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=m.x * y)
    m.follower.band = pyo.Constraint(expr=pyo.inequality(0, m.x + y))
    m.follower.roof = pyo.Constraint(expr=y - m.x <= 1)
    m.cost = pyo.Objective(expr=(-m.x + y + 1) ** 2)
    return m


def verify_bundle() -> float:
    def value(x: np.ndarray) -> float:
        low, high = max(-10, -x[0]), min(11, 1 + x[0])
        if low > high:
            return math.inf
        indifferent = min(max(-1.0, low), high)  # at x = 0, where the leader's best is y = x - 1, cut to [0, 1]
        y = indifferent if x[0] == 0 else low if x[0] > 0 else high
        return (-x[0] + y + 1) ** 2

    return nested_minimum(value, [(-0.5, 10)], also=[0.0])


PROBLEMS = (
    Problem(
        name="dempe-2002-plane",
        source="Dempe (2002), Foundations of Bilevel Programming, chapter 3.2",
        statement="min x + 3y with y <= 5, 0 <= x <= 8; y maximises itself with x + y <= 8, x + 4y >= 8, x + 2y <= 13, "
        "2y <= 7x",
        build=plane,
        optimal_value=92 / 15,
        verify=verify_plane,
        tags=tags("lp-lp", "leader-constraints", "free-variables", "maximise"),
        note="At x = 8/15 the rows x + 4y >= 8 and 2y <= 7x meet: y = 28/15, 8/15 + 84/15 = 92/15.",
    ),
    Problem(
        name="dempe-2002-badly-scaled",
        source="Dempe (2002), Foundations of Bilevel Programming, chapter 3.4.1",
        statement="min 2y2 - x, 0 <= x <= 3; y maximises y1 with 100y1 - y2 <= 1, y2 <= x, y >= 0",
        build=badly_scaled,
        optimal_value=0.0,
        verify=verify_badly_scaled,
        tags=tags("lp-lp", "scaling", "maximise"),
        note="The follower takes y2 = x, so the leader pays x. With y2 a thousandth short the follower loses 1e-5 "
        "only.",
    ),
    Problem(
        name="dempe-2002-satisfiability",
        source="Dempe (2002), Foundations of Bilevel Programming, chapter 3.7 (complexity), four clauses in seven "
        "literals",
        statement="min sum x - z with yes_i + no_i = 1, every clause at least z, all in [0, 1]; x maximises its sum "
        "with "
        "0 <= x <= yes, x <= no",
        build=satisfiability,
        optimal_value=-1.0,
        verify=verify_satisfiability,
        tags=tags("lp-lp", "equalities", "indexed-variables", "indexed-constraints", "leader-constraints", "maximise"),
    ),
    Problem(
        name="dempe-2002-parabola-leader-row",
        source="Dempe (2002), Foundations of Bilevel Programming, chapter 5.1, with the row in the leader's problem",
        statement="min y^2 + x with x + y >= 0; y >= 0 minimises itself",
        build=parabola_leader_row,
        optimal_value=0.0,
        verify=verify_parabola_leader_row,
        tags=tags("qp", "leader-constraints", "unbounded-leader-variable"),
    ),
    Problem(
        name="dempe-2002-parabola-follower-row",
        source="Dempe (2002), Foundations of Bilevel Programming, chapter 5.1, with the row in the follower's problem",
        statement="min y^2 + x; y >= 0 minimises itself with x + y >= 0",
        build=parabola_follower_row,
        optimal_value=-0.25,
        verify=verify_parabola_follower_row,
        tags=tags("qp", "unbounded-leader-variable"),
    ),
    Problem(
        name="dempe-2000-bundle",
        source="Dempe (2000), A bundle algorithm applied to bilevel programming problems with non-unique lower level "
        "solutions, Computational Optimization and Applications 15(2), example 5.6; BASBLib d_2000_01",
        statement="min (y - x + 1)^2, -0.5 <= x <= 10; y minimises xy with x + y >= 0, y <= x + 1, -10 <= y <= 11",
        build=bundle,
        optimal_value=0.0,
        verify=verify_bundle,
        tags=tags("qp", "leader-in-follower-cost", "degenerate-follower"),
        note="y = -x for x > 0, so the leader pays (1 - 2x)^2. The box is BASBLib's.",
    ),
)
