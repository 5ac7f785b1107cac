"""Traps: followers that are not convex, so that their optimality conditions hold at points they would never choose."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .problem import Problem, tags
from .second_route import Array, nested_minimum, smallest_on_faces

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


def cubic() -> pyo.ConcreteModel:
    m = _model((-10, 10), (-1, 1))
    m.order = pyo.Constraint(expr=m.follower.y <= m.x)
    m.follower.cost = pyo.Objective(expr=m.follower.y**3)
    m.cost = pyo.Objective(expr=m.x)
    return m


def verify_cubic() -> float:
    # y = -1 is the only global answer, and the leader needs x >= -1.
    return nested_minimum(lambda x: x[0] if x[0] >= -1 - 1e-12 else math.inf, [(-10, 10)], points=2001)


def quartic_times_x() -> pyo.ConcreteModel:
    m = _model((-1, 1), (-0.8, 1))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=m.x * (16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5))
    m.cost = pyo.Objective(expr=y)
    return m


def verify_quartic_times_x() -> float:
    grid = np.linspace(-0.8, 1, 1801)
    return brute_force(
        lambda x, y: y,
        lambda x, y: x * (16 * y**4 + 2 * y**3 - 8 * y**2 - 1.5 * y + 0.5),
        (-1, 1),
        lambda x: grid,
        also=(0.0,),
    )


def mirrlees() -> pyo.ConcreteModel:
    m = _model((None, None), (-2, 2))
    y = m.follower.y
    m.follower.gain = pyo.Objective(expr=m.x * pyo.exp(-((y + 1) ** 2)) + pyo.exp(-((y - 1) ** 2)), sense=pyo.maximize)
    m.distance = pyo.Objective(expr=(m.x - 2) ** 2 + (y - 1) ** 2)
    return m


def verify_mirrlees() -> float:
    # At x = 1 the follower's two hills are equally high; below it stays near y = 1, above it goes to y = -1.
    def hill(x: float, start: float) -> float:
        y = start
        for _ in range(200):  # y = (e+ - x e-)/(e+ + x e-), the stationary points as a fixed point
            up, down = math.exp(-((y - 1) ** 2)), x * math.exp(-((y + 1) ** 2))
            y = (up - down) / (up + down)
        return y

    def value(x: np.ndarray) -> float:
        y = hill(x[0], 1.0) if x[0] <= 1 else hill(x[0], -1.0)
        return (x[0] - 2) ** 2 + (y - 1) ** 2

    return nested_minimum(value, [(0.2, 3)], also=[1.0])


def concave_quartic() -> pyo.ConcreteModel:
    m = _model((-1, 1), (-1, 1))
    y = m.follower.y
    m.follower.cost = pyo.Objective(expr=m.x * y**2 - 0.5 * y**4)
    m.cost = pyo.Objective(expr=m.x**2 + y**2)
    return m


def verify_concave_quartic() -> float:
    # Concave in y^2 in [0, 1]: 0 if x > 1/2, 1 if x < 1/2, either at 1/2.
    return nested_minimum(lambda x: x[0] ** 2 + (1 if x[0] < 0.5 else 0), [(-1, 1)], also=[0.5])


def fractional() -> pyo.ConcreteModel:
    """A ratio of linear functions: quasilinear, so its conditions are sufficient, but it is not convex."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var([1, 2], bounds=(0, 2))
    m.follower = bilevel.Follower()
    m.follower.y = pyo.Var([1, 2, 3], bounds=(0, 2))
    x, y = m.x, m.follower.y
    m.follower.ratio = pyo.Objective(
        expr=(1 + x[1] + x[2] + 2 * y[1] - y[2] + y[3]) / (6 + 2 * x[1] + y[1] + y[2] - 3 * y[3])
    )
    m.follower.a = pyo.Constraint(expr=-y[1] + y[2] + y[3] <= 1)
    m.follower.b = pyo.Constraint(expr=2 * x[1] - y[1] + 2 * y[2] - 0.5 * y[3] <= 1)
    m.follower.c = pyo.Constraint(expr=2 * x[2] + 2 * y[1] - y[2] - 0.5 * y[3] <= 1)
    m.cost = pyo.Objective(expr=-8 * x[1] - 4 * x[2] + 4 * y[1] - 40 * y[2] - 4 * y[3])
    return m


def verify_fractional() -> float:
    # Dinkelbach: the least ratio r makes min (numerator - r denominator) zero. The denominator is positive: y3 <= 1 +
    # y1.
    def value(x: np.ndarray) -> float:
        rows = [
            (-1, 1, 1, 1),
            (-1, 2, -0.5, 1 - 2 * x[0]),
            (2, -1, -0.5, 1 - 2 * x[1]),
            *[(*(-1 if i == j else 0 for j in range(3)), 0) for i in range(3)],
            *[(*(1 if i == j else 0 for j in range(3)), 2) for i in range(3)],
        ]
        ratio, y = 0.0, None
        for _ in range(30):
            cost = np.array([2, -1, 1]) - ratio * np.array([1, 1, -3])
            y = smallest_on_faces(np.zeros((3, 3)), cost, rows)
            if y is None:
                return math.inf
            new = (1 + x.sum() + 2 * y[0] - y[1] + y[2]) / (6 + 2 * x[0] + y[0] + y[1] - 3 * y[2])
            if abs(new - ratio) < 1e-13:
                break
            ratio = new
        assert y is not None
        return float(-8 * x[0] - 4 * x[1] + 4 * y[0] - 40 * y[1] - 4 * y[2])

    return nested_minimum(value, [(0, 2), (0, 2)], points=21, rounds=4, starts=1)


MITSOS_BARTON = "Mitsos and Barton (2006), A test set for bilevel programs, technical report, MIT"


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
        "mitsos-barton-3.9",
        f"{MITSOS_BARTON}, example 3.9",
        "min x with y <= x, |x| <= 10; y in [-1, 1] minimises y^3",
        cubic,
        -1.0,
        verify_cubic,
    ),
    _trap(
        "mitsos-barton-3.11",
        f"{MITSOS_BARTON}, example 3.11 (mb_1_1_04)",
        "min y, |x| <= 1; y in [-0.8, 1] minimises x (16y^4 + 2y^3 - 8y^2 - 1.5y + 0.5)",
        quartic_times_x,
        -0.8,
        verify_quartic_times_x,
    ),
    _trap(
        "mirrlees-1999",
        "Mirrlees (1999), The theory of moral hazard and unobservable behaviour: part I, Review of Economic Studies 66 "
        "(written "
        "1975); BOLIB Mirrlees1999",
        "min (x - 2)^2 + (y - 1)^2; y in [-2, 2] maximises x exp(-(y + 1)^2) + exp(-(y - 1)^2)",
        mirrlees,
        1.001806,
        verify_mirrlees,
        note="The classic warning against the first-order approach. Printed 1.002.",
    ),
    _trap(
        "paulavicius-adjiman-2017-a",
        "Paulavicius and Adjiman (2017), in BASBLib, a library of bilevel test problems; BOLIB PaulaviciusAdjiman2017a",
        "min x^2 + y^2, |x| <= 1; y in [-1, 1] minimises x y^2 - y^4/2",
        concave_quartic,
        0.25,
        verify_concave_quartic,
    ),
    _trap(
        "gumus-floudas-2001-fractional",
        "Gumus and Floudas (2001), Journal of Global Optimization 20, example 3, after Calvete and Gale (1999), The "
        "bilevel "
        "linear/linear fractional programming problem, European Journal of Operational Research 114",
        "the region and leader of Candler and Townsley in the box [0, 2]^5; y minimises "
        "(1 + x1 + x2 + 2y1 - y2 + y3)/(6 + 2x1 + y1 + y2 - 3y3)",
        fractional,
        -29.2,
        verify_fractional,
        kinds=("quasiconvex",),
        note="Pseudolinear: a user who knows it may say assume_convex.",
    ),
)
