"""Anandalingam and White (1990): a linear Stackelberg problem by penalty functions."""

from __future__ import annotations

import pyomo.environ as pyo

from batteryopt import bilevel

from .bialas_karwan_1984 import TWO_VARIABLE_ROWS
from .problem import Problem, tags
from .second_route import kth_best


def build() -> pyo.ConcreteModel:
    """The follower's rows as an indexed range constraint over Params; an Expression in both objectives."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(within=pyo.NonNegativeReals)
    m.follower = bilevel.Follower()
    f = m.follower
    f.y = pyo.Var(within=pyo.NonNegativeReals)
    f.ROWS = pyo.Set(initialize=["sum", "rise", "fall", "steep"])
    f.on_x = pyo.Param(f.ROWS, initialize={"sum": 1, "rise": -1, "fall": 1, "steep": 2})
    f.on_y = pyo.Param(f.ROWS, initialize={"sum": 2, "rise": 2, "fall": -2, "steep": -1})
    f.low = pyo.Param(f.ROWS, initialize={"sum": 10}, default=None, domain=pyo.Any)
    f.high = pyo.Param(f.ROWS, initialize={"sum": 38, "rise": 18, "fall": 6, "steep": 21})
    f.rows = pyo.Constraint(f.ROWS, rule=lambda b, r: (b.low[r], b.on_x[r] * m.x + b.on_y[r] * b.y, b.high[r]))
    m.three_y = pyo.Expression(expr=3 * f.y)
    f.cost = pyo.Objective(expr=m.three_y - m.x)
    m.cost = pyo.Objective(expr=-m.x - m.three_y)
    return m


def verify() -> float:
    return kth_best([-1, -3], [-1, 3], leaders=1, follower_rows=TWO_VARIABLE_ROWS, leader_rows=[(-1, 0, 0)])


PROBLEMS = (
    Problem(
        name="anandalingam-white-1990",
        source="Anandalingam and White (1990), IEEE Transactions on Automatic Control 35(10), the numerical example; "
        "Floudas et al. (1999), Handbook of Test Problems, 9.2.7",
        statement="min -x - 3y, x >= 0; y minimises -x + 3y with x + 2y in [10, 38], -x + 2y <= 18, x - 2y <= 6, "
        "2x - y <= 21, y >= 0",
        build=build,
        optimal_value=-49.0,
        verify=verify,
        tags=tags("lp-lp", "range-constraints", "params", "expressions"),
        note="The Handbook prints x + 2y <= 6 for x - 2y <= 6.",
    ),
)
