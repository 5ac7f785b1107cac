"""Outrata (1990, 1993, 1994), Outrata and Cervinka (2009): quadratic followers whose matrices move with the leader.

All but the last share the leader's distance to (3, 4). The follower's region is a wedge that closes at
y1 = y2 = 2/0.667 = 2.9985 where nothing moves it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import Array, convex_answer, nested_minimum, smallest_on_faces

SLOPE = 0.333
WEDGE = [(-SLOPE, 1, 2), (1, -SLOPE, 2), (-1, 0, 0), (0, -1, 0)]


def _distance(y: Array) -> float:
    return float(0.5 * (y[0] - 3) ** 2 + 0.5 * (y[1] - 4) ** 2)


def _two_prices(hessian: tuple[tuple[float, float], ...], weight: float) -> pyo.ConcreteModel:
    """A leader who sets both linear terms, at a price ``weight`` of the squares; the data as Params."""
    m = pyo.ConcreteModel()
    m.I = pyo.RangeSet(2)
    m.H = pyo.Param(m.I, m.I, initialize={(i + 1, j + 1): hessian[i][j] for i in (0, 1) for j in (0, 1)})
    m.x = pyo.Var(m.I)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(m.I, domain=pyo.NonNegativeReals)
    y = m.follower.y
    m.follower.cost = pyo.Objective(
        expr=0.5 * sum(m.H[i, j] * y[i] * y[j] for i in m.I for j in m.I) - sum(m.x[i] * y[i] for i in m.I)
    )
    m.follower.wedge = pyo.Constraint(m.I, rule=lambda b, i: b.y[i] <= 2 + SLOPE * b.y[3 - i])
    m.cost = pyo.Objective(
        expr=0.5 * (y[1] - 3) ** 2 + 0.5 * (y[2] - 4) ** 2 + weight * (m.x[1] ** 2 + m.x[2] ** 2) - 12.5
    )
    return m


def two_prices_costly() -> pyo.ConcreteModel:
    return _two_prices(((1, -2), (-2, 5)), 0.1)


def two_prices_free() -> pyo.ConcreteModel:
    return _two_prices(((1, 3), (3, 10)), 0.0)


def verify_two_prices_costly() -> float:
    def value(x: np.ndarray) -> float:
        y = smallest_on_faces([[1, -2], [-2, 5]], -x, WEDGE)
        assert y is not None
        return _distance(y) + 0.1 * float(x @ x) - 12.5

    return nested_minimum(value, [(-10, 10), (-10, 10)], points=41, starts=2)


def verify_two_prices_free() -> float:
    # With x = H y every y of the wedge is the follower's answer, so the leader takes the point of the wedge next to
    # (3, 4).
    y = smallest_on_faces(np.eye(2), [-3.0, -4.0], WEDGE)
    assert y is not None
    return _distance(y) - 12.5


Coefficients = Callable[[float], tuple[float, float]]


def _one_price(diagonal: Coefficients, rows: Callable[..., list], x_high: float | None = None) -> pyo.ConcreteModel:
    """A leader with one variable in the follower's cost, its Hessian and its rows (each ``(a1, a2, b)``: a y <= b)."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, x_high))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(0, None))
    f.y2 = pyo.Var(bounds=(0, None))
    h1, h2 = diagonal(m.x)
    f.cost = pyo.Objective(expr=0.5 * h1 * f.y1**2 + 0.5 * h2 * f.y2**2 - (3 + 1.333 * m.x) * f.y1 - m.x * f.y2)
    f.rows = pyo.ConstraintList()
    for a1, a2, b in rows(m.x):
        f.rows.add(a1 * f.y1 + a2 * f.y2 <= b)
    m.distance = pyo.Objective(expr=0.5 * (f.y1 - 3) ** 2 + 0.5 * (f.y2 - 4) ** 2)
    return m


def _verify_one_price(diagonal: Coefficients, rows: Callable[[float], list], x_high: float = 20.0) -> float:
    def value(x: np.ndarray) -> float:
        signs = [(-1, 0, 0), (0, -1, 0)]
        y = smallest_on_faces(np.diag(diagonal(x[0])), [-(3 + 1.333 * x[0]), -x[0]], [*rows(x[0]), *signs])
        return math.inf if y is None else _distance(y)

    return nested_minimum(value, [(0, x_high)], points=401)


def _wedge(x):
    return [(-SLOPE, 1, 2), (1, -SLOPE, 2)]


def _turning_wedge(x):
    return [(-(SLOPE - 0.1 * x), 1, x), (1, -(SLOPE + 0.1 * x), 2)]


def _turning_closing_wedge(x):
    return [(-(SLOPE - 0.1 * x), 1, 2 - 0.1 * x), (1, -(SLOPE + 0.1 * x), 2 - 0.1 * x)]


def _both_constant(x):
    return 1, 1


def _first_grows(x):
    return 1 + x, 1


def _flat_second(x):
    return 1 + x, 0


def _both_grow(x):
    return 1 + x, 1 + 0.1 * x


def _both_grow_slowly(x):
    return 1 + 0.2 * x, 1 + 0.1 * x


def _disc(x_high: float | None) -> pyo.ConcreteModel:
    """A follower with a quadratic constraint whose radius is the leader's."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(bounds=(0, x_high))
    m.follower = bilevel.Follower()
    f = m.follower
    f.y1 = pyo.Var(bounds=(0, None))
    f.y2 = pyo.Var(bounds=(0, None))
    f.cost = pyo.Objective(
        expr=0.5 * (1 + 0.2 * m.x) * f.y1**2 + 0.5 * (1 + 0.1 * m.x) * f.y2**2 - (3 + 1.333 * m.x) * f.y1 - m.x * f.y2
    )
    f.line = pyo.Constraint(expr=SLOPE * f.y1 - f.y2 + 1 - 0.1 * m.x >= 0)
    f.disc = pyo.Constraint(expr=f.y1**2 + f.y2**2 <= 9 + 0.1 * m.x)
    m.distance = pyo.Objective(expr=0.5 * (f.y1 - 3) ** 2 + 0.5 * (f.y2 - 4) ** 2)
    return m


def disc_unbounded() -> pyo.ConcreteModel:
    return _disc(None)


def disc_bounded() -> pyo.ConcreteModel:
    return _disc(10)


def verify_disc() -> float:
    def value(x: np.ndarray) -> float:
        t = x[0]
        y = convex_answer(
            lambda y: (
                0.5 * (1 + 0.2 * t) * y[0] ** 2 + 0.5 * (1 + 0.1 * t) * y[1] ** 2 - (3 + 1.333 * t) * y[0] - t * y[1]
            ),
            [1.0, 0.1],
            bounds=[(0, None), (0, None)],
            at_least_zero=[
                lambda y: SLOPE * y[0] - y[1] + 1 - 0.1 * t,
                lambda y: 9 + 0.1 * t - y[0] ** 2 - y[1] ** 2,
            ],
        )
        return math.inf if y is None else _distance(y)

    return nested_minimum(value, [(0, 10)], points=81, rounds=3, starts=2)


def cone() -> pyo.ConcreteModel:
    """The follower projects onto a cone; the leader's variables are free but for one sign."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2])
    m.sign = pyo.Constraint(expr=m.x[1] <= 0)
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2])
    x, y = m.x, m.follower.y
    m.follower.cost = pyo.Objective(expr=(1 + x[1]) * y[1] - (1 - x[2]) * y[2] + 0.5 * (y[1] ** 2 + y[2] ** 2))
    m.follower.down = pyo.Constraint(expr=y[2] <= 0)
    m.follower.right = pyo.Constraint(expr=y[2] <= y[1])
    m.follower.left = pyo.Constraint(expr=y[1] + y[2] <= 0)
    m.cost = pyo.Objective(expr=-2 * x[1] - 0.5 * x[2] - y[2])
    return m


def verify_cone() -> float:
    def value(x: np.ndarray) -> float:
        y = smallest_on_faces(np.eye(2), [1 + x[0], x[1] - 1], [(0, 1, 0), (-1, 1, 0), (1, 1, 0)])
        assert y is not None
        return float(-2 * x[0] - 0.5 * x[1] - y[1])

    return nested_minimum(value, [(-10, 0), (-10, 10)], points=41, rounds=4)


def _entry(name, example, statement, build, value, verify, *, more=(), note=""):
    return Problem(
        name=name,
        source=f"Outrata {example}",
        statement=statement,
        build=build,
        optimal_value=value,
        verify=verify,
        tags=tags("qp", *more),
        note=note,
    )


NUMERICAL_1990 = (
    "(1990), On the numerical solution of a class of Stackelberg problems, Zeitschrift fuer Operations Research 34"
)
OPTIMALITY_1993 = (
    "(1993), Necessary optimality conditions for Stackelberg problems, Journal of Optimization Theory and "
    "Applications 76"
)

PROBLEMS = (
    _entry(
        "outrata-1990-1a",
        f"{NUMERICAL_1990}, example 1a",
        "min |y - (3, 4)|^2/2 + |x|^2/10 - 12.5; y minimises y'Hy/2 - x'y, H = (1 -2; -2 5), y_i <= 2 + 0.333 y_j, y "
        ">= 0",
        two_prices_costly,
        -8.917203,
        verify_two_prices_costly,
        more=("unbounded-leader-variable", "params", "leader-in-follower-cost"),
        note="Printed -8.92.",
    ),
    _entry(
        "outrata-1990-1c",
        f"{NUMERICAL_1990}, example 1c",
        "the same with H = (1 3; 3 10) and no term in x in the leader's cost",
        two_prices_free,
        -11.998499,
        verify_two_prices_free,
        more=("unbounded-leader-variable", "many-optima", "leader-in-follower-cost"),
        note="(1.0015^2 + 0.0015^2)/2 - 12.5 at the tip of the wedge; printed -12.",
    ),
    _entry(
        "outrata-1990-2a",
        f"{NUMERICAL_1990}, example 2a",
        "min |y - (3, 4)|^2/2, x >= 0; y minimises |y|^2/2 - (3 + 1.333x) y1 - x y2 in the wedge of example 1",
        lambda: _one_price(_both_constant, _wedge),
        0.501501,
        lambda: _verify_one_price(_both_constant, _wedge),
        more=("leader-in-follower-cost",),
        note="Printed 0.5.",
    ),
    _entry(
        "outrata-1990-2b",
        f"{NUMERICAL_1990}, example 2b",
        "the same with (1 + x) y1^2/2 for |y|^2/2: semidefinite, and the leader's variable in the matrix",
        lambda: _one_price(_flat_second, _wedge),
        0.501501,
        lambda: _verify_one_price(_flat_second, _wedge),
        more=("leader-in-hessian", "semidefinite"),
        note="Printed 0.5.",
    ),
    _entry(
        "outrata-1990-2c",
        f"{NUMERICAL_1990}, example 2c",
        "the same with ((1 + x) y1^2 + (1 + 0.1x) y2^2)/2",
        lambda: _one_price(_both_grow, _wedge),
        1.860462,
        lambda: _verify_one_price(_both_grow, _wedge),
        more=("leader-in-hessian",),
        note="Printed 1.86.",
    ),
    _entry(
        "outrata-1990-2e",
        f"{NUMERICAL_1990}, example 2e",
        "the same with ((1 + x) y1^2 + y2^2)/2 in the wedge y2 <= x + (0.333 - 0.1x) y1, y1 <= 2 + (0.333 + 0.1x) y2",
        lambda: _one_price(_first_grows, _turning_wedge),
        0.897460,
        lambda: _verify_one_price(_first_grows, _turning_wedge),
        more=("leader-in-hessian", "leader-in-matrix"),
        note="Printed 0.9.",
    ),
    _entry(
        "outrata-1993-31",
        f"{OPTIMALITY_1993}, example 3.1",
        "the same with ((1 + 0.2x) y1^2 + (1 + 0.1x) y2^2)/2 in the wedge y2 <= 2 - 0.1x + (0.333 - 0.1x) y1, "
        "y1 <= 2 - 0.1x + (0.333 + 0.1x) y2",
        lambda: _one_price(_both_grow_slowly, _turning_closing_wedge),
        1.562874,
        lambda: _verify_one_price(_both_grow_slowly, _turning_closing_wedge),
        more=("leader-in-hessian", "leader-in-matrix"),
        note="Printed 1.56.",
    ),
    _entry(
        "outrata-1993-32",
        f"{OPTIMALITY_1993}, example 3.2",
        "the same with y2 <= 1 - 0.1x + 0.333 y1, |y|^2 <= 9 + 0.1x, y >= 0",
        disc_unbounded,
        3.207702,
        verify_disc,
        more=("qcqp", "leader-in-hessian"),
    ),
    _entry(
        "outrata-1994-31",
        "(1994), On optimization problems with variational inequality constraints, SIAM Journal on Optimization 4(2), "
        "example 3.1; MacMPEC outrata31",
        "the same with x <= 10",
        disc_bounded,
        3.207702,
        verify_disc,
        more=("qcqp", "leader-in-hessian"),
    ),
    _entry(
        "outrata-cervinka-2009",
        "and Cervinka (2009), On the implicit programming approach in a class of mathematical programs with "
        "equilibrium "
        "constraints, Control and Cybernetics 38; BOLIB OutrataCervinka2009",
        "min -2x1 - x2/2 - y2, x1 <= 0; y minimises (1 + x1) y1 - (1 - x2) y2 + |y|^2/2 with y2 <= 0, y2 <= y1, y1 + "
        "y2 <= 0",
        cone,
        0.0,
        verify_cone,
        more=("unbounded-leader-variable", "free-variables", "many-optima"),
    ),
)
