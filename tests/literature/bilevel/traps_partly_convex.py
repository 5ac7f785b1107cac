"""Traps: followers that are convex in a part of the box of all variables only."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import Array, nested_minimum

CAREFUL = frozenset({"right", "flagged", "refused"})


def brute_force(
    leader: Callable[[float, Array], Array],
    follower: Callable[[float, Array], Array],
    x_range: tuple[float, float],
    answers: Callable[[float], Array],
    *,
    also: tuple[float, ...] = (),
    tie: float = 0.0,
) -> float:
    """Return the least leader's value with the follower's best among a grid of answers, ties for the leader."""

    def value(x: np.ndarray) -> float:
        y = answers(x[0])
        if y.size == 0:
            return math.inf
        costs = follower(x[0], y)
        best = y[costs <= costs.min() + tie]
        return float(leader(x[0], best).min())

    return nested_minimum(value, [x_range], also=also)


def _model(x_bounds, y_bounds) -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=x_bounds)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(bounds=y_bounds)
    return m


def double_well() -> pyo.ConcreteModel:
    m = _model((-1, 1), (-1, 1))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=0.5 * m.x * y**2 + 0.25 * y**4)
    m.cost = pyo.Objective(expr=(m.x + 0.5) ** 2 + 0.5 * y**2)
    return m


def verify_double_well() -> float:
    # y^2 = max(0, -x)
    return nested_minimum(lambda x: (x[0] + 0.5) ** 2 + 0.5 * max(0.0, -x[0]), [(-1, 1)])


def moving_bound() -> pyo.ConcreteModel:
    """Convex where y >= x >= 0, concave in the rest of the leader's box."""
    m = _model((-3, 2), (None, None))
    y = m.follower.y
    m.follower.above = pyo.Constraint(expr=y >= m.x)
    m.follower.cost = pyo.Objective(expr=y**3 - 3 * y)
    m.cost = pyo.Objective(expr=(m.x - 1) ** 2 + y**2)
    return m


def moving_bound_shifted() -> pyo.ConcreteModel:
    m = _model((0, 4), (None, None))
    y = m.follower.y
    m.follower.above = pyo.Constraint(expr=y >= m.x - 3)
    m.follower.cost = pyo.Objective(expr=y**3 - 3 * y)
    m.cost = pyo.Objective(expr=(m.x - 0.5) ** 2 + (y - 2) ** 2)
    return m


def _cubic_answers(low: float) -> Array:
    """Return the candidates of min y^3 - 3y over y >= low: the bound and the local minimum at 1."""
    return np.array([low, 1.0]) if low <= 1 else np.array([low])


def verify_moving_bound() -> float:
    return brute_force(
        lambda x, y: (x - 1) ** 2 + y**2,
        lambda x, y: y**3 - 3 * y,
        (-3, 2),
        _cubic_answers,
        also=(-2.0, 1.0),
    )


def verify_moving_bound_shifted() -> float:
    return brute_force(
        lambda x, y: (x - 0.5) ** 2 + (y - 2) ** 2,
        lambda x, y: y**3 - 3 * y,
        (0, 4),
        lambda x: _cubic_answers(x - 3),
        also=(1.0, 4.0),
    )


def partly_concave() -> pyo.ConcreteModel:
    m = _model((-1, 1), (0, 1))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=m.x * y**2 - y)
    m.cost = pyo.Objective(expr=(m.x + 0.5) ** 2 + y)
    return m


def verify_partly_concave() -> float:
    # x <= 1/2: y = 1. x > 1/2: y = 1/(2x).
    return nested_minimum(lambda x: (x[0] + 0.5) ** 2 + (1 if x[0] <= 0.5 else 0.5 / x[0]), [(-1, 1)])


def cube_row() -> pyo.ConcreteModel:
    """A convex objective over a region that is not convex where y1 < 0."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(-1, 1))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2])
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=(m.x - y[1]) ** 2 + (y[2] + 1) ** 2)
    m.follower.cube = pyo.Constraint(expr=y[1] ** 3 <= y[2])
    m.follower.sign = pyo.Constraint(expr=y[2] >= 0)
    m.cost = pyo.Objective(expr=m.x)
    return m


def verify_cube_row() -> float:
    return nested_minimum(lambda x: x[0], [(-1, 1)])  # every x is feasible


MITSOS_BARTON = "Mitsos and Barton (2006), A test set for bilevel programs, technical report, MIT"

YE_ZHU = (
    "Ye and Zhu (2010), New necessary optimality conditions for bilevel programs by combining the MPEC and value "
    "function "
    "approaches, SIAM Journal on Optimization 20"
)


def _trap(name, source, statement, build, value, verify, *, kinds=(), note="", tolerance=1e-5, slow=False):
    return Problem(
        name=name,
        source=source,
        statement=statement,
        build=build,
        optimal_value=value,
        verify=verify,
        tags=tags("trap", "nonconvex-follower", *kinds, *(("slow-verify",) if slow else ())),
        outcomes=CAREFUL,
        note=note,
        verify_tolerance=tolerance,
    )


PROBLEMS = (
    _trap(
        "mitsos-barton-3.17",
        f"{MITSOS_BARTON}, example 3.17 (mb_1_1_10)",
        "min (x + 0.5)^2 + y^2/2, |x| <= 1; y in [-1, 1] minimises x y^2/2 + y^4/4",
        double_well,
        0.1875,
        verify_double_well,
        kinds=("partly-convex",),
    ),
    _trap(
        "ye-zhu-2010-4.2",
        f"{YE_ZHU}, example 4.2",
        "min (x - 1)^2 + y^2, -3 <= x <= 2; y minimises y^3 - 3y with y >= x",
        moving_bound,
        1.0,
        verify_moving_bound,
        kinds=("partly-convex",),
    ),
    _trap(
        "ye-zhu-2010-4.3",
        f"{YE_ZHU}, example 4.3",
        "min (x - 0.5)^2 + (y - 2)^2, 0 <= x <= 4; y minimises y^3 - 3y with y >= x - 3",
        moving_bound_shifted,
        1.25,
        verify_moving_bound_shifted,
        kinds=("partly-convex",),
    ),
    _trap(
        "partly-concave",
        "constructed by us",
        "min (x + 0.5)^2 + y, |x| <= 1; y in [0, 1] minimises x y^2 - y, convex for x >= 0 alone",
        partly_concave,
        1.0,
        verify_partly_concave,
        kinds=("partly-convex",),
    ),
    _trap(
        "lampariello-sagratella-2.3",
        "Lampariello and Sagratella (2017), A bridge between bilevel programs and Nash games, Journal of Optimization "
        "Theory "
        "and Applications 174, example 2.3",
        "min x, |x| <= 1; y minimises (x - y1)^2 + (y2 + 1)^2 with y1^3 <= y2, y2 >= 0",
        cube_row,
        -1.0,
        verify_cube_row,
        kinds=("nonconvex-region",),
    ),
)
