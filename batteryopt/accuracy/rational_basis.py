"""Linear programs proven by a basis: a solver hints at it, rationals decide.

Which columns and rows are basic is all that is taken from a solver. The point and the duals that belong to the basis
are two square systems, solved in rational numbers, and they alone prove the optimum: a wrong hint proves nothing.
T. Koch, "The final NETLIB-LP results", Operations Research Letters 32, 2004.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
import scipy.sparse as sp

from batteryopt.accuracy.digits import NoReference
from batteryopt.accuracy.problem import Truth
from batteryopt.accuracy.rational_proofs import Rational, RationalProgram, rational_of, truth_of_proof
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.highs.highs_run import load, new_highs, set_options

_Status = highspy.HighsBasisStatus
HINTS: tuple[dict[str, Any], ...] = (
    {},
    {"presolve": "off"},
    {"presolve": "off", "simplex_strategy": 4},
    {"presolve": "off", "simplex_scale_strategy": 0},
)
"""Ways to be asked for a basis, until one proves the optimum."""
STRICT = {"output_flag": False, "primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


@dataclass(frozen=True, kw_only=True)
class BasisHint:
    """What a solver says is basic, by place, and where the rest stands.

    Attributes
    ----------
    columns, rows
        Basic columns, and rows that are not.
    at
        Values of the columns that are not basic, by place.
    sides
        Of the rows that are not basic, in their order.
    """

    columns: tuple[int, ...]
    rows: tuple[int, ...]
    at: Mapping[int, Rational]
    sides: tuple[Rational, ...]


@dataclass(frozen=True, kw_only=True)
class BestByBasis:
    """The optimum of a linear program in rationals, with its proof.

    Attributes
    ----------
    point
        By the name of a variable.
    is_unique
        Whether everything that is not basic, and could move, costs something: then no other point is as good.
    """

    point: dict[str, Rational]
    objective: Fraction
    is_unique: bool
    truth: Truth


def best_by_basis(model: Any) -> BestByBasis:
    """Return the optimum of a linear program, proven by a basis in rational numbers.

    Raises
    ------
    NoReference
        If no basis proves an optimum: there may be none.
    """
    rational = RationalProgram(model)
    if rational.program.has_integers or rational.program.is_quadratic:
        raise NoReference("a basis proves linear programs only")
    last = "there is none"
    for hint in _hints(rational.program):
        try:
            x, y = _solved(rational, hint)
            is_unique = _is_strict(rational, hint, y)
            truth = truth_of_proof(model, x, y, is_unique=is_unique)
        except NoReference as error:
            last = str(error)
            continue
        objective = Fraction(rational.objective(rational.point(x)))
        return BestByBasis(point=x, objective=objective, is_unique=is_unique, truth=truth)
    raise NoReference(f"no basis proves an optimum: {last}")


def _hints(program: QuadraticProgram) -> Iterator[BasisHint]:
    for settings in HINTS:
        highs = new_highs()
        set_options(highs, STRICT | settings)
        load(highs, program)
        highs.run()
        basis = highs.getBasis()
        if basis.valid:
            yield _hint_of(program, basis)


def _hint_of(program: QuadraticProgram, basis: Any) -> BasisHint:
    columns = tuple(j for j, status in enumerate(basis.col_status) if status == _Status.kBasic)
    rows = tuple(i for i, status in enumerate(basis.row_status) if status != _Status.kBasic)
    at = {
        j: _stand(status, float(program.lower[j]), float(program.upper[j]))
        for j, status in enumerate(basis.col_status)
        if status != _Status.kBasic
    }
    sides = tuple(_stand(basis.row_status[i], float(program.row_lower[i]), float(program.row_upper[i])) for i in rows)
    return BasisHint(columns=columns, rows=rows, at=at, sides=sides)


def _stand(status: Any, lower: float, upper: float) -> Rational:
    """Return where something that is not basic stands: at one of its sides, or at 0 where it has none."""
    side = upper if status == _Status.kUpper else lower
    side = side if np.isfinite(side) else (upper if np.isfinite(upper) else 0.0)
    return rational_of(float(side))


def _solved(rational: RationalProgram, hint: BasisHint) -> tuple[dict[str, Rational], dict[str, Rational]]:
    """Return point and duals of a basis, by name, the duals as derivatives of the optimal value."""
    if len(hint.columns) != len(hint.rows):
        raise NoReference("the basis has not as many columns as rows that are met")
    matrix = sp.csr_array(rational.program.A)
    place = {j: k for k, j in enumerate(hint.columns)}
    rows: list[dict[int, Rational]] = []
    right: list[Rational] = []
    for i, side in zip(hint.rows, hint.sides, strict=True):
        start, end = matrix.indptr[i], matrix.indptr[i + 1]
        entries = list(zip(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist(), strict=True))
        rows.append({place[j]: rational_of(a) for j, a in entries if j in place and a != 0})
        right.append(side - sum(rational_of(a) * hint.at[j] for j, a in entries if j in hint.at))
    costs = [rational_of(float(rational.program.c[j])) for j in hint.columns]
    basic, duals = solved_sparse(rows, right), solved_sparse(_transposed(rows), costs)
    values = dict(hint.at) | dict(zip(hint.columns, basic, strict=True))
    x = {name: values[j] for j, name in enumerate(rational.names)}
    return x, {rational.rows[i]: value for i, value in zip(hint.rows, duals, strict=True)}


def _transposed(rows: Sequence[Mapping[int, Rational]]) -> list[dict[int, Rational]]:
    turned: list[dict[int, Rational]] = [{} for _ in rows]
    for i, row in enumerate(rows):
        for j, value in row.items():
            turned[j][i] = value
    return turned


def solved_sparse(rows: Sequence[Mapping[int, Rational]], right: Sequence[Rational]) -> list[Fraction]:
    """Solve a square system in rationals by elimination, the shortest row and the rarest column first (Markowitz).

    Raises
    ------
    NoReference
        If the system is singular.
    """
    table = [{j: Fraction(v) for j, v in row.items()} for row in rows]
    sides = [Fraction(v) for v in right]
    of_column: dict[int, set[int]] = {j: set() for j in range(len(rows))}
    for i, row in enumerate(table):
        for j in row:
            of_column[j].add(i)
    open_rows, order = set(range(len(rows))), list[tuple[int, int]]()
    while open_rows:
        pivot_row = min(open_rows, key=lambda i: len(table[i]))
        if not table[pivot_row]:
            raise NoReference("the basis is singular")
        pivot = min(table[pivot_row], key=lambda j: len(of_column[j]))
        open_rows.discard(pivot_row)
        order.append((pivot_row, pivot))
        for j in table[pivot_row]:
            of_column[j].discard(pivot_row)
        for i in of_column.pop(pivot):
            _eliminate(table, sides, of_column, i, pivot_row, pivot)
    found: dict[int, Fraction] = {}
    for i, pivot in reversed(order):
        known = sum((v * found[j] for j, v in table[i].items() if j != pivot), Fraction(0))
        found[pivot] = (sides[i] - known) / table[i][pivot]
    return [found[j] for j in range(len(rows))]


def _eliminate(
    table: list[dict[int, Fraction]],
    sides: list[Fraction],
    of_column: dict[int, set[int]],
    i: int,
    pivot_row: int,
    pivot: int,
) -> None:
    """Take the multiple of one row off another that leaves nothing of the pivot's column in it."""
    row, source = table[i], table[pivot_row]
    multiple = row.pop(pivot) / source[pivot]
    sides[i] -= multiple * sides[pivot_row]
    for j, value in source.items():
        if j == pivot:
            continue
        changed = row.get(j, Fraction(0)) - multiple * value
        if changed:
            row[j] = changed
            of_column[j].add(i)
        elif j in row:
            del row[j]
            of_column[j].discard(i)


def _is_strict(rational: RationalProgram, hint: BasisHint, y: Mapping[str, Rational]) -> bool:
    p = rational.program
    duals = [y.get(name, 0) for name in rational.rows]
    costs = [rational_of(float(c)) for c in p.c]
    reduced = [c - a for c, a in zip(costs, rational.transposed(duals), strict=True)]
    columns = (reduced[j] != 0 or p.lower[j] == p.upper[j] for j in hint.at)
    return all(columns) and all(duals[i] != 0 or p.row_lower[i] == p.row_upper[i] for i in hint.rows)
