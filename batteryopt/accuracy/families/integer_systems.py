"""Equations in whole numbers whose matrix is next to singular: Hilbert's, cleared of fractions, and Vandermonde's.

The solution is chosen, in small whole numbers, and the right sides follow exactly. Since the matrix is regular that is
the one feasible point. Whether a solver's error in it shows depends on the objective: one that is a whole combination
of the rows does not feel it (*along rows*), the sum of all decisions does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_proof

SIZES = {"hilbert": (3, 5, 7, 9), "vandermonde": (3, 5, 7, 9)}
"""Condition numbers rise from 5e2 to 5e11, and from 7e1 to 1e11."""


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (nothing is drawn)
    """Yield both matrices at several sizes, with two objectives each."""
    for kind, sizes in SIZES.items():
        for size in sizes[:1] if quick else sizes:
            for aim in ("along-rows", "sum"):
                yield AccuracyProblem(
                    family="integer-systems",
                    name=f"{kind}-{size}-{aim}",
                    variant=f"{kind}-{aim}",
                    size=size,
                    build=partial(build, kind, size, aim),
                    find_truth=partial(_truth, kind, size, aim),
                )


def matrix(kind: str, size: int) -> list[list[int]]:
    """Return the rows: ``1 / (i + j + 1)`` times the least number that makes all whole, or powers of 1, 2, ..., n."""
    if kind == "hilbert":
        multiple = math.lcm(*range(1, 2 * size))
        return [[multiple // (i + j + 1) for j in range(size)] for i in range(size)]
    return [[node**j for j in range(size)] for node in range(1, size + 1)]


def solution(size: int) -> list[int]:
    """Return 1, -2, 3, -1, 2, -3, 1, ...: both signs, none large."""
    return [(1 if j % 2 == 0 else -1) * (1 + j % 3) for j in range(size)]


def costs(kind: str, size: int, aim: str) -> list[int]:
    """Return the objective: the sum of all columns, or the sum of all rows."""
    return [1] * size if aim == "sum" else [sum(column) for column in zip(*matrix(kind, size), strict=True)]


def build(kind: str, size: int, aim: str) -> Any:
    """Return ``min c'x`` with ``Ax = b``, x without bounds."""
    rows, x = matrix(kind, size), solution(size)
    m = pyo.ConcreteModel(name=f"{kind} system")
    m.COLUMNS = pyo.RangeSet(0, size - 1)
    m.x = pyo.Var(m.COLUMNS, initialize=0.0)
    m.row = pyo.Constraint(
        m.COLUMNS,
        rule=lambda m, i: (
            pyo.quicksum(a * m.x[j] for j, a in enumerate(rows[i]))
            == sum(a * v for a, v in zip(rows[i], x, strict=True))
        ),
    )
    m.cost = pyo.Objective(expr=pyo.quicksum(c * m.x[j] for j, c in enumerate(costs(kind, size, aim))))
    return m


def _truth(kind: str, size: int, aim: str) -> Truth:
    """Prove the point by its duals, ``A'y = c`` in rationals; the matrix is regular, so that there is no other."""
    transposed = [list(column) for column in zip(*matrix(kind, size), strict=True)]
    y = solved(transposed, costs(kind, size, aim))
    x = {f"x[{j}]": value for j, value in enumerate(solution(size))}
    return truth_of_proof(build(kind, size, aim), x, {f"row[{i}]": value for i, value in enumerate(y)}, is_unique=True)


def solved(rows: list[list[int]], right: list[int]) -> list[Fraction]:
    """Solve a regular system in rationals, by elimination; a singular one ends in a division by zero."""
    table = [[Fraction(v) for v in (*row, b)] for row, b in zip(rows, right, strict=True)]
    for k in range(len(table)):
        pivot = next((i for i in range(k, len(table)) if table[i][k] != 0), k)
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [value / table[k][k] for value in table[k]]
        for i, row in enumerate(table):
            if i != k and row[k] != 0:
                table[i] = [a - row[k] * b for a, b in zip(row, table[k], strict=True)]
    return [row[-1] for row in table]
