"""Dempe, Franke and Lohse (2011, 2014): followers with a linear cost that the leader turns over a polygon of its own.

The follower sits in a vertex and jumps; where two vertices are equally good the leader has the edge between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import Array, nested_minimum, smallest_on_faces


def _turned_cost(m: pyo.ConcreteModel, size: int) -> None:
    """Add a follower with `size` variables that minimises x'y."""
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var(pyo.RangeSet(size))
    m.follower.cost = pyo.Objective(expr=sum(m.x[i] * m.follower.y[i] for i in pyo.RangeSet(size)))


def _kite(m: pyo.ConcreteModel) -> None:
    y = m.follower.y
    m.follower.slope = pyo.Constraint(expr=y[2] <= 2 * y[1])
    m.follower.right = pyo.Constraint(expr=y[1] <= 2)
    m.follower.height = pyo.Constraint(expr=pyo.inequality(0, y[2], 2))


def fixed_second() -> pyo.ConcreteModel:
    """The second leader's variable has equal bounds."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=lambda m, i: (-1, 1) if i == 1 else (-1, -1))
    _turned_cost(m, 2)
    _kite(m)
    m.cost = pyo.Objective(expr=m.x[1] + m.follower.y[1] ** 2 + m.follower.y[2] ** 2)
    return m


def verify_fixed_second() -> float:
    # The follower maximises y2 - x y1 over (0, 0), (2, 0), (2, 2), (1, 2): x > 0: (1, 2); x < 0: (2, 2); x = 0:
    # between.
    return nested_minimum(lambda x: x[0] + (1 if x[0] >= 0 else 4) + 4, [(-1, 1)], also=[0.0])


def fixed_second_open() -> pyo.ConcreteModel:
    """A polygon without a lower end."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=lambda m, i: (-1, 1) if i == 1 else (-1, -1))
    _turned_cost(m, 2)
    y = m.follower.y
    m.follower.left = pyo.Constraint(expr=y[2] <= y[1] + 1)
    m.follower.right = pyo.Constraint(expr=y[1] + y[2] <= 3.5)
    m.follower.top = pyo.Constraint(expr=y[2] <= 2)
    m.cost = pyo.Objective(expr=m.x[1] + (y[1] - 1) ** 2 + y[2] ** 2)
    return m


def verify_fixed_second_open() -> float:
    # 0 < x < 1: (1, 2), x + 4. -1 < x < 0: (1.5, 2), x + 4.25. x = 0: the top, 4 at best. x = 1: the left side, y2 =
    # y1 + 1 with y1 <= 1, least 1 + 2 at y1 = 0. x = -1: the right side, y2 = 3.5 - y1 with y1 >= 1.5.
    def value(x: np.ndarray) -> float:
        t = x[0]
        if t == 1:
            return t + nested_minimum(lambda s: (s[0] - 1) ** 2 + (s[0] + 1) ** 2, [(-5, 1)])
        if t == -1:
            return t + nested_minimum(lambda s: (s[0] - 1) ** 2 + (3.5 - s[0]) ** 2, [(1.5, 8)])
        return t + 4 if t >= 0 else t + 4.25

    return nested_minimum(value, [(-1, 1)], rounds=3, also=[1.0, -1.0, 0.0])


def band_of_second() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=lambda m, i: (-1, 1) if i == 1 else (-1, -0.75))
    _turned_cost(m, 2)
    _kite(m)
    m.cost = pyo.Objective(expr=2 * m.x[1] + m.x[2] + 2 * m.follower.y[1] - m.follower.y[2])
    return m


def _over_vertices(
    vertices: Sequence[Sequence[float]],
    hessian: Array,
    linear: Callable[[Array], Array],
    constant: Callable[[Array], float],
    box: Sequence[Sequence[float]] = (),
) -> float:
    """Return the least leader's value over all pairs of a vertex y and an x that makes it a best answer.

    With a leader's cost linear in y no point of an edge beats both its ends. The x for which y is best form a cone, and
    the leader's cost at y is x'Hx/2 + linear(y)'x + constant(y).
    """
    corners = np.array(vertices, dtype=float)
    best = math.inf
    for y in corners:
        rows = [(*(y - other), 0.0) for other in corners if (other != y).any()]
        x = smallest_on_faces(hessian, linear(y), [*rows, *box])
        if x is not None:
            best = min(best, float(0.5 * x @ hessian @ x + linear(y) @ x + constant(y)))
    return best


def verify_band_of_second() -> float:
    return _over_vertices(
        [(0, 0), (2, 0), (2, 2), (1, 2)],
        np.zeros((2, 2)),
        lambda y: np.array([2.0, 1.0]),
        lambda y: float(2 * y[0] - y[1]),
        box=[(1, 0, 1), (-1, 0, 1), (0, 1, -0.75), (0, -1, 1)],
    )


def lohse_two() -> pyo.ConcreteModel:
    """The leader's variables are free."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2])
    _turned_cost(m, 2)
    y = m.follower.y
    m.follower.total = pyo.Constraint(expr=y[1] + y[2] <= 2)
    m.follower.order = pyo.Constraint(expr=y[2] <= y[1])
    m.follower.sign = pyo.Constraint([1, 2], rule=lambda b, i: b.y[i] >= 0)
    m.cost = pyo.Objective(expr=(m.x[1] - 0.5) ** 2 + (m.x[2] - 0.5) ** 2 - 3 * y[1] - 3 * y[2])
    return m


def verify_lohse_two() -> float:
    return _over_vertices(
        [(0, 0), (2, 0), (1, 1)], 2 * np.eye(2), lambda y: np.array([-1.0, -1.0]), lambda y: float(0.5 - 3 * y.sum())
    )


def lohse_three() -> pyo.ConcreteModel:
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2, 3])
    _turned_cost(m, 3)
    y = m.follower.y
    m.follower.total = pyo.Constraint(expr=y[1] + y[2] + y[3] <= 2)
    m.follower.order = pyo.Constraint(expr=y[2] <= y[1])
    m.follower.sign = pyo.Constraint([1, 2, 3], rule=lambda b, i: b.y[i] >= 0)
    m.cost = pyo.Objective(
        expr=(m.x[1] - 0.5) ** 2 + (m.x[2] - 0.5) ** 2 + m.x[3] ** 2 - 3 * y[1] - 3 * y[2] - 6 * y[3]
    )
    return m


def verify_lohse_three() -> float:
    return _over_vertices(
        [(0, 0, 0), (2, 0, 0), (1, 1, 0), (0, 0, 2)],
        2 * np.eye(3),
        lambda y: np.array([-1.0, -1.0, 0.0]),
        lambda y: float(0.5 - 3 * y[0] - 3 * y[1] - 6 * y[2]),
    )


FRANKE_2011 = (
    "Dempe and Franke (2011), An algorithm for solving a class of bilevel programming problems, preprint TU "
    "Bergakademie "
    "Freiberg"
)
LOHSE = (
    "Dempe and Lohse (2011), Dependence of bilevel programming on irrelevant data, preprint TU Bergakademie Freiberg"
)
TURNED = ("lp-follower", "leader-in-follower-cost", "degenerate-follower")

PROBLEMS = (
    Problem(
        name="dempe-franke-2011-4.1",
        source=f"{FRANKE_2011}, example 4.1; BOLIB DempeFranke2011Ex41",
        statement="min x1 + |y|^2, |x1| <= 1, x2 = -1; y minimises x'y with y2 <= 2y1, y1 <= 2, 0 <= y2 <= 2",
        build=fixed_second,
        optimal_value=5.0,
        pessimistic_value=8.0,
        verify=verify_fixed_second,
        tags=tags(*TURNED, "pessimistic"),
        note="At x1 = 0 the follower is indifferent from (1, 2) to (2, 2).",
    ),
    Problem(
        name="dempe-franke-2011-4.2",
        source=f"{FRANKE_2011}, example 4.2; BOLIB DempeFranke2011Ex42",
        statement="min x1 + (y1 - 1)^2 + y2^2, |x1| <= 1, x2 = -1; y minimises x'y with y2 <= y1 + 1, y1 + y2 <= 3.5, "
        "y2 <= 2",
        build=fixed_second_open,
        optimal_value=2.125,
        verify=verify_fixed_second_open,
        tags=tags(*TURNED),
        note="x1 = -1, y = (2.25, 1.25). Printed 2.13.",
    ),
    Problem(
        name="dempe-franke-2014-3.8",
        source="Dempe and Franke (2014), Solution algorithm for an optimistic linear Stackelberg problem, Computers & "
        "Operations Research 41, example 3.8; BOLIB DempeFranke2014Ex38",
        statement="min 2x1 + x2 + 2y1 - y2, |x1| <= 1, -1 <= x2 <= -0.75; y minimises x'y in the region of example 4.1",
        build=band_of_second,
        optimal_value=-1.0,
        verify=verify_band_of_second,
        tags=tags(*TURNED, "many-optima"),
    ),
    Problem(
        name="dempe-lohse-2011-two",
        source=f"{LOHSE}, example 3.1; BOLIB DempeLohse2011Ex31a",
        statement="min |x - (0.5, 0.5)|^2 - 3y1 - 3y2; y >= 0 minimises x'y with y1 + y2 <= 2, y2 <= y1",
        build=lohse_two,
        optimal_value=-5.75,
        verify=verify_lohse_two,
        tags=tags(*TURNED, "unbounded-leader-variable"),
        note="BOLIB prints -5.5, at x = (0, 0). x = (0, 0.5) leaves y1 to the leader as well: 0.25 - 6 at y = (2, 0).",
    ),
    Problem(
        name="dempe-lohse-2011-three",
        source=f"{LOHSE}, example 3.1 with a third variable; BOLIB DempeLohse2011Ex31b",
        statement="min |x - (0.5, 0.5, 0)|^2 - 3y1 - 3y2 - 6y3; y >= 0 minimises x'y with y1 + y2 + y3 <= 2, y2 <= y1",
        build=lohse_three,
        optimal_value=-12.0,
        verify=verify_lohse_three,
        tags=tags(*TURNED, "unbounded-leader-variable"),
    ),
)
