"""Ways to a bilevel optimum that use neither optimality conditions nor the engine.

Every reference of the library comes from one of these, or from arithmetic written out beside the problem:

- `kth_best`: all vertices of a linear bilevel problem, best for the leader first, until one is the follower's best too;
- `nested_minimum`: a grid over the leader's decision, refined where it is best, the follower's answer inside;
- `smallest_on_faces`: the exact answer of a quadratic follower, as the best of the minimisers on all faces;
- `nash_answer`: followers that answer each other in turn until nobody moves;
- `toll_revenue`: the best tolls for every choice of paths that users could be led to take.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog, minimize

Array = NDArray[np.float64]
Row = Sequence[float]


def kth_best(
    leader_cost: Row,
    follower_cost: Row,
    *,
    leaders: int,
    follower_rows: Sequence[Row],
    leader_rows: Sequence[Row] = (),
) -> float:
    """Return the least leader's cost of a linear bilevel problem over z = (x, y).

    The optimum of a linear bilevel problem is attained at a vertex of the polyhedron of all its constraints (Bialas and
    Karwan 1984), so the vertices are tried from the leader's best on, and each is tested by solving the follower's LP.

    Parameters
    ----------
    leader_cost, follower_cost
        Coefficients over z; the follower's cost on x does not matter.
    leaders
        How many of z are the leader's; they come first.
    follower_rows, leader_rows
        Rows ``(a_1, ..., a_n, b)`` that mean a z <= b; variable bounds are rows too.
    """
    rows = np.array([*follower_rows, *leader_rows], dtype=float)
    vertices = _vertices(rows[:, :-1], rows[:, -1])
    costs = vertices @ np.asarray(leader_cost, dtype=float)
    follower = np.array(follower_rows, dtype=float)
    cost_y = np.asarray(follower_cost, dtype=float)[leaders:]
    for index in np.argsort(costs):
        x, y = vertices[index, :leaders], vertices[index, leaders:]
        if cost_y @ y <= _lp_value(cost_y, follower, x) + 1e-7:
            return float(costs[index])
    return math.inf


def _lp_value(cost_y: Array, rows: Array, x: Array) -> float:
    leaders = len(x)
    answer = linprog(
        cost_y, A_ub=rows[:, leaders:-1], b_ub=rows[:, -1] - rows[:, :leaders] @ x, bounds=(None, None), method="highs"
    )
    return float(answer.fun) if answer.status == 0 else math.nan


def _vertices(matrix: Array, right: Array, tolerance: float = 1e-8) -> Array:
    """Return all vertices of ``matrix z <= right``, some of them several times."""
    size = matrix.shape[1]
    subsets = np.array(list(itertools.combinations(range(len(right)), size)))
    systems = matrix[subsets]
    regular = np.abs(np.linalg.det(systems)) > 1e-9
    points = np.linalg.solve(systems[regular], right[subsets[regular]][..., None])[..., 0]
    return points[(points @ matrix.T <= right + tolerance * (1 + np.abs(right))).all(axis=1)]


def nested_minimum(
    value: Callable[[Array], float],
    box: Sequence[tuple[float, float]],
    *,
    points: int = 101,
    rounds: int | None = None,
    starts: int = 3,
    also: Iterable[ArrayLike] = (),
) -> float:
    """Return the least ``value(x)`` over a box: a grid, then ever finer grids around the best of it.

    Parameters
    ----------
    value
        The leader's objective at the follower's answer to x; infinite where x is not allowed.
    also
        Points to be tried besides, where the value jumps for the leader's good (a follower that is indifferent).
    """
    lows, highs = (np.array(side, dtype=float) for side in zip(*box, strict=True))
    tried = _on_grid(value, lows, highs, points)
    specials = [value(np.atleast_1d(np.asarray(x, dtype=float))) for x in also]
    centres = [x for _, x in tried[:starts]]
    best, step = tried[0][0], (highs - lows) / (points - 1)
    fine, shrink, usual_rounds = (41, 1 / 16, 8) if len(box) == 1 else (9, 1 / 2, 20)
    for _ in range(rounds or usual_rounds):
        found = [_on_grid(value, np.maximum(lows, c - step), np.minimum(highs, c + step), fine)[0] for c in centres]
        best = min(best, *(v for v, _ in found))
        centres = [x for _, x in found]
        step = shrink * step
    return min([best, *specials])


def _on_grid(value: Callable[[Array], float], lows: Array, highs: Array, points: int) -> list[tuple[float, Array]]:
    axes = [np.linspace(low, high, points) for low, high in zip(lows, highs, strict=True)]
    scored = [(value(np.array(x)), np.array(x)) for x in itertools.product(*axes)]
    return sorted(scored, key=lambda pair: pair[0])


def smallest_on_faces(hessian: ArrayLike, linear: ArrayLike, rows: Sequence[Row]) -> Array | None:
    """Return the minimiser of y'Hy/2 + c'y over ``rows`` (a, b: a y <= b), or None where no y is feasible.

    A convex quadratic attains its minimum over a polyhedron at the minimiser over the affine hull of one of its faces;
    all of them are computed, the infeasible ones dropped, and the lowest one returned. No multipliers are looked at.
    """
    h, c = np.atleast_2d(np.asarray(hessian, dtype=float)), np.asarray(linear, dtype=float)
    table = np.array(rows, dtype=float).reshape(-1, len(c) + 1)
    a, b = table[:, :-1], table[:, -1]
    best: tuple[float, Array] | None = None
    for count in range(len(c) + 1):
        for face in itertools.combinations(range(len(b)), count):
            y = _on_face(h, c, a[list(face)], b[list(face)])
            if y is None or (a @ y > b + 1e-9 * (1 + np.abs(b))).any():
                continue
            cost = float(0.5 * y @ h @ y + c @ y)
            if best is None or cost < best[0] - 1e-12:
                best = (cost, y)
    return None if best is None else best[1]


def _on_face(h: Array, c: Array, a: Array, b: Array) -> Array | None:
    size, count = len(c), len(b)
    system = np.zeros((size + count, size + count))
    system[:size, :size], system[:size, size:], system[size:, :size] = h, a.T, a
    if abs(np.linalg.det(system)) < 1e-10:
        return None
    return np.asarray(np.linalg.solve(system, np.concatenate([-c, b]))[:size])


def convex_answer(
    cost: Callable[[Array], float],
    start: ArrayLike,
    *,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
    at_least_zero: Sequence[Callable[[Array], float]] = (),
) -> Array | None:
    """Return a convex follower's answer by SciPy's SLSQP, or None where it finds no feasible one."""
    constraints = [{"type": "ineq", "fun": g} for g in at_least_zero]
    answer = minimize(
        cost,
        np.asarray(start, dtype=float),
        bounds=bounds,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-13, "maxiter": 300},
    )
    feasible = all(g(answer.x) >= -1e-7 for g in at_least_zero)
    return np.asarray(answer.x) if feasible else None


def nash_answer(answers: Sequence[Callable[[Array], float]], start: ArrayLike, *, rounds: int = 500) -> Array:
    """Return the point at which each follower answers all others best, by answering in turn.

    Raises
    ------
    ArithmeticError
        If the followers still move after ``rounds`` rounds.
    """
    y = np.array(start, dtype=float)
    for _ in range(rounds):
        before = y.copy()
        for i, answer in enumerate(answers):
            y[i] = answer(y)
        if np.abs(y - before).max() < 1e-13 * (1 + np.abs(y).max()):
            return y
    raise ArithmeticError(f"the followers still move after {rounds} rounds: last step {np.abs(y - before).max():.1e}")


def toll_revenue(
    own_costs: Sequence[Sequence[float]],
    toll_use: Sequence[Sequence[Row]],
    *,
    demands: Sequence[float],
    toll_weight: float = 1.0,
) -> float:
    """Return the highest revenue from tolls when users of each commodity take a cheapest path.

    For every choice of one path a commodity, the best tolls under which exactly those paths are cheapest (ties go to
    the leader) are an LP; the best of all choices is the answer.

    Parameters
    ----------
    own_costs
        ``own_costs[k][p]``: cost of path p of commodity k without tolls.
    toll_use
        ``toll_use[k][p][a]``: how many times the path uses toll arc a.
    demands
        Users of each commodity.
    toll_weight
        What a unit of toll means to a user, in units of cost.
    """
    arcs = len(toll_use[0][0])
    best = 0.0
    for choice in itertools.product(*(range(len(costs)) for costs in own_costs)):
        rows, right = [], []
        for costs, uses, chosen in zip(own_costs, toll_use, choice, strict=True):
            for cost, use in zip(costs, uses, strict=True):
                rows.append(toll_weight * (np.array(uses[chosen], dtype=float) - np.array(use, dtype=float)))
                right.append(cost - costs[chosen])
        revenue = np.zeros(arcs)
        for demand, uses, chosen in zip(demands, toll_use, choice, strict=True):
            revenue += demand * np.array(uses[chosen], dtype=float)
        answer = linprog(-revenue, A_ub=np.array(rows), b_ub=right, bounds=(0, None), method="highs")
        if answer.status == 0:
            best = max(best, -float(answer.fun))
    return best
