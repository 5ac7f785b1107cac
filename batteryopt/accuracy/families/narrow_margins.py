"""Problems without an answer by a margin: from a hundredth down to a millionth of a millionth.

Rows of small whole numbers are drawn, and one more row that denies a whole combination of them by the margin: the
combination is the Farkas vector. Or a cost is drawn that falls along a whole ray by the margin and rises elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_infeasible, truth_of_unbounded

POWERS = (2, 4, 6, 7, 8, 9, 10, 12)
"""Of the margins, 10 to minus these."""
QUICK = (2, 8)
COLUMNS, ROWS, MOST = 4, 5, 10.0
"""Of the infeasible problems; and the bound of their columns."""


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield infeasible and unbounded linear programs at every margin."""
    for power in QUICK if quick else POWERS:
        for kind, build, find_truth in (
            ("infeasible", build_infeasible, _infeasible_truth),
            ("unbounded", build_unbounded, _unbounded_truth),
        ):
            yield AccuracyProblem(
                family="margins",
                name=f"{kind}-by-1e-{power:02d}-{seed}",
                variant=f"{kind}-by-1e-{power:02d}",
                size=COLUMNS,
                build=partial(build, power, seed),
                find_truth=partial(find_truth, power, seed),
            )


def _drawn(seed: int) -> tuple[list[list[int]], list[int], list[int]]:
    """Return rows, their sides and the combination, all whole; every point of 0 and 1 satisfies the rows."""
    rng = np.random.default_rng([seed, 5])
    rows = rng.integers(-5, 6, (ROWS, COLUMNS))
    sides = np.where(rows > 0, rows, 0).sum(axis=1)
    return rows.tolist(), sides.tolist(), rng.integers(1, 4, ROWS).tolist()


def build_infeasible(power: int, seed: int) -> Any:
    """Return rows ``a_i x <= b_i``, and ``sum y_i a_i x >= sum y_i b_i + margin``."""
    rows, sides, combination = _drawn(seed)
    m = pyo.ConcreteModel(name="infeasible by a margin")
    m.COLUMNS, m.ROWS = pyo.RangeSet(0, COLUMNS - 1), pyo.RangeSet(0, ROWS - 1)
    m.x = pyo.Var(m.COLUMNS, bounds=(-MOST, MOST), initialize=0.0)
    m.row = pyo.Constraint(
        m.ROWS, rule=lambda m, i: pyo.quicksum(a * m.x[j] for j, a in enumerate(rows[i])) <= sides[i]
    )
    sums = [sum(y * row[j] for y, row in zip(combination, rows, strict=True)) for j in range(COLUMNS)]
    side = sum(y * b for y, b in zip(combination, sides, strict=True)) + 10.0**-power
    m.denial = pyo.Constraint(expr=pyo.quicksum(a * m.x[j] for j, a in enumerate(sums)) >= side)
    m.cost = pyo.Objective(expr=pyo.quicksum(m.x[j] for j in m.COLUMNS))
    return m


def _infeasible_truth(power: int, seed: int) -> Truth:
    """Prove it: the denial less the combination of the rows is ``0 >= margin``, for every x."""
    combination = _drawn(seed)[2]
    vector = {f"row[{i}]": -y for i, y in enumerate(combination)} | {"denial": 1}
    return truth_of_infeasible(build_infeasible(power, seed), vector)


def build_unbounded(power: int, seed: int) -> Any:
    """Return x >= 0 with ``r_j x_0 = r_0 x_j``-like rows that leave one ray, along which the cost falls by the margin.

    ``r_0 x_j - r_j x_0 <= 1`` keeps every column within 1 of the ray r; the last column costs a little less than what
    the others earn along it.
    """
    ray = _ray(seed)
    m = pyo.ConcreteModel(name="unbounded by a margin")
    m.COLUMNS, m.ROWS = pyo.RangeSet(0, COLUMNS - 1), pyo.RangeSet(1, COLUMNS - 1)
    m.x = pyo.Var(m.COLUMNS, bounds=(0, None), initialize=0.0)
    m.near = pyo.Constraint(m.ROWS, rule=lambda m, j: (-1, ray[0] * m.x[j] - ray[j] * m.x[0], 1))
    m.cost = pyo.Objective(expr=pyo.quicksum(c * m.x[j] for j, c in enumerate(_costs(power, ray))))
    return m


def _ray(seed: int) -> list[int]:
    """Return whole numbers, the first a power of two: what is divided by it stays a double."""
    rng = np.random.default_rng([seed, 6])
    return [4, *rng.integers(1, 6, COLUMNS - 1).tolist()]


def _costs(power: int, ray: list[int]) -> list[float]:
    """Return costs of 1 for all columns but the first, which earns what they cost along the ray, and the margin."""
    return [-(sum(ray[1:]) / ray[0]) - 10.0**-power, *([1.0] * (COLUMNS - 1))]


def _unbounded_truth(power: int, seed: int) -> Truth:
    ray = _ray(seed)
    slope = -sum(Fraction(c) * r for c, r in zip(_costs(power, ray), ray, strict=True))
    largest = max(abs(Fraction(c) * r) for c, r in zip(_costs(power, ray), ray, strict=True))
    direction = {f"x[{j}]": r for j, r in enumerate(ray)}
    return truth_of_unbounded(build_unbounded(power, seed), {}, direction, margin=float(slope / largest))
