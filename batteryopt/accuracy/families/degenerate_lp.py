"""Linear programs on which the simplex method was seen to walk around all corners, or in circles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.accuracy.rational_proofs import truth_of_proof

SIZES = (3, 6, 9, 12, 16)
"""Of Klee and Minty's cube; its largest number is 5 to this power, and a whole number in doubles."""
COPIES = (0, 5, 40)
"""How often Beale's rows are said again, each time doubled."""


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:  # noqa: ARG001 (typed by hand: nothing is drawn)
    """Yield cubes of several dimensions, and Beale's program with its degenerate rows said several times."""
    for size in SIZES[:1] if quick else SIZES:
        yield _problem(f"klee-minty-{size}", "klee-minty", size, partial(klee_minty, size), partial(_cube_truth, size))
    for copies in COPIES[:1] if quick else COPIES:
        name = f"beale-{copies}-copies"
        yield _problem(name, "beale", 4, partial(beale, copies), partial(_beale_truth, copies))


def _problem(
    name: str, variant: str, size: int, build: Callable[[], Any], find_truth: Callable[[], Truth]
) -> AccuracyProblem:
    return AccuracyProblem(
        family="degenerate-lp", name=name, variant=variant, size=size, build=build, find_truth=find_truth
    )


def klee_minty(size: int) -> Any:
    """Return ``max sum 2^(n-j) x_j`` with ``2 sum_{j<i} 2^(i-j) x_j + x_i <= 5^i`` and x >= 0.

    V. Klee and G. J. Minty, "How good is the simplex algorithm?", Inequalities III, 1972: 2^n corners, each better than
    the one before.
    """
    m = pyo.ConcreteModel(name="Klee and Minty's cube")
    m.COLUMNS = pyo.RangeSet(1, size)
    m.x = pyo.Var(m.COLUMNS, bounds=(0, None))
    m.row = pyo.Constraint(
        m.COLUMNS,
        rule=lambda m, i: pyo.quicksum(2 * 2 ** (i - j) * m.x[j] for j in range(1, i)) + m.x[i] <= 5**i,
    )
    m.objective = pyo.Objective(expr=pyo.quicksum(2 ** (size - j) * m.x[j] for j in m.COLUMNS), sense=pyo.maximize)
    return m


def _cube_truth(size: int) -> Truth:
    """Prove that all is best put into the last column: 5^n, with a dual of 1 for the last row.

    That row takes ``2 * 2^(n-j)`` from column j, which earns ``2^(n-j)``: a reduced cost below 0 for every column but
    the last, so that no other point is as good.
    """
    return truth_of_proof(klee_minty(size), {f"x[{size}]": 5**size}, {f"row[{size}]": 1}, is_unique=True)


def beale(copies: int) -> Any:
    """Return ``min -3/4 x1 + 20 x2 - 1/2 x3 + 6 x4`` with two degenerate rows and ``x3 <= 1``.

    E. M. L. Beale, "Cycling in the dual simplex algorithm", Naval Research Logistics Quarterly 2, 1955.
    """
    m = pyo.ConcreteModel(name="Beale's program")
    m.x = pyo.Var([1, 2, 3, 4], bounds=(0, None))
    first = m.x[1] / 4 - 8 * m.x[2] - m.x[3] + 9 * m.x[4]
    second = m.x[1] / 2 - 12 * m.x[2] - m.x[3] / 2 + 3 * m.x[4]
    m.first, m.second = pyo.Constraint(expr=first <= 0), pyo.Constraint(expr=second <= 0)
    m.limit = pyo.Constraint(expr=m.x[3] <= 1)
    m.again = pyo.ConstraintList()
    for k in range(1, copies + 1):
        m.again.add(2**k * first <= 0)
        m.again.add(2**k * second <= 0)
    m.cost = pyo.Objective(expr=-0.75 * m.x[1] + 20 * m.x[2] - 0.5 * m.x[3] + 6 * m.x[4])
    return m


def _beale_truth(copies: int) -> Truth:
    """Prove that -5/4 at x1 = x3 = 1 is the least.

    The second row and the limit are met there, the first is not; stationarity in x1 and x3 gives them duals of -3/2 and
    -5/4, which leave x2 a reduced cost of 20 - 18 = 2 and x4 one of 6 + 9/2: both above 0, so that the point is unique.
    """
    duals = {"second": Fraction(-3, 2), "limit": Fraction(-5, 4)}
    return truth_of_proof(beale(copies), {"x[1]": 1, "x[3]": 1}, duals, is_unique=True)
