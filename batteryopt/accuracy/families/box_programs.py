"""Quadratic programs in a box that are not convex: every face is searched in rationals, and the best is the optimum.

A least point that stands in a face of the smallest dimension has a positive definite Hessian along that face: otherwise
it could be moved to a smaller face without a loss. So it is the one stationary point of the face, and all of these are
tried.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.digits import exact
from batteryopt.accuracy.families.integer_systems import solved
from batteryopt.accuracy.local_claims import LocalTrial
from batteryopt.accuracy.problem import AccuracyProblem, Point, Truth
from batteryopt.accuracy.rational_proofs import truth_of_plan

SIZES = (2, 4, 6, 7)
DRAWS = 3
"""Of each size."""
Matrix = list[list[int]]


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield several programs of each size."""
    for size in SIZES[:1] if quick else SIZES:
        for draw in range(1 if quick else DRAWS):
            drawn = (size, DRAWS * seed + draw)
            yield AccuracyProblem(
                family="box-programs",
                name=f"box-{size}-{drawn[1]}",
                variant="nonconvex",
                size=size,
                build=partial(build, *drawn),
                find_truth=partial(_truth, *drawn),
            )


def random_numbers(size: int, seed: int) -> tuple[Matrix, list[int]]:
    """Return a symmetric whole Hessian with both signs on its diagonal, and whole linear costs."""
    rng = np.random.default_rng([seed, size, 11])
    half = rng.integers(-10, 11, (size, size))
    hessian = half + half.T
    hessian[0, 0], hessian[1, 1] = -abs(hessian[0, 0]) - 2, abs(hessian[1, 1]) + 2
    return hessian.tolist(), rng.integers(-15, 16, size).tolist()


def build(size: int, seed: int) -> Any:
    """Return ``min x'Qx/2 + c'x`` over 0 <= x <= 1, the start in the middle."""
    hessian, costs = random_numbers(size, seed)
    m = pyo.ConcreteModel(name="box program")
    m.COLUMNS = pyo.RangeSet(0, size - 1)
    m.x = pyo.Var(m.COLUMNS, bounds=(0, 1), initialize=0.5)
    curved = pyo.quicksum(
        (0.5 if i == j else 1.0) * hessian[i][j] * m.x[i] * m.x[j] for i in m.COLUMNS for j in m.COLUMNS if i <= j
    )
    m.cost = pyo.Objective(expr=curved + pyo.quicksum(c * m.x[j] for j, c in enumerate(costs)))
    return m


def value(hessian: Matrix, costs: list[int], x: tuple[Fraction, ...]) -> Fraction:
    """Return the objective at a point."""
    curved = sum((hessian[i][j] * a * b for i, a in enumerate(x) for j, b in enumerate(x)), Fraction(0))
    return curved / 2 + sum((c * v for c, v in zip(costs, x, strict=True)), Fraction(0))


def best_of_faces(hessian: Matrix, costs: list[int]) -> tuple[Fraction, tuple[Fraction, ...], bool]:
    """Return the least value, a point that has it, and whether no other candidate has it."""
    found = []
    for face in itertools.product((Fraction(0), Fraction(1), None), repeat=len(costs)):
        point = _stationary(hessian, costs, face)
        if point is not None:
            found.append((value(hessian, costs, point), point))
    found.sort()
    return (*found[0], len(found) == 1 or found[1][0] > found[0][0])


def _stationary(hessian: Matrix, costs: list[int], face: tuple[Fraction | None, ...]) -> tuple[Fraction, ...] | None:
    """Return the stationary point of a face, None where it lies outside or is none or many."""
    free = [j for j, side in enumerate(face) if side is None]
    fixed = [(j, side) for j, side in enumerate(face) if side is not None]
    rows = [[hessian[i][j] for j in free] for i in free]
    right = [-(costs[i] + sum((hessian[i][j] * side for j, side in fixed), Fraction(0))) for i in free]
    try:
        inner = solved(rows, right)  # type: ignore[arg-type]
    except ZeroDivisionError:
        return None
    if any(not 0 < v < 1 for v in inner):
        return None
    by_place = dict(zip(free, inner, strict=True)) | dict(fixed)
    return tuple(by_place[j] for j in range(len(face)))


def _truth(size: int, seed: int) -> Truth:
    least, point, is_unique = best_of_faces(*random_numbers(size, seed))
    names = [f"x[{j}]" for j in range(size)]
    trial = LocalTrial(leads=dict.fromkeys(names, (exact(0), exact(1))), answered=_as_it_is)
    plan = dict(zip(names, point, strict=True))
    return truth_of_plan(build(size, seed), plan, least, is_unique=is_unique, trial=trial)


def _as_it_is(point: Point) -> Point:
    return point
