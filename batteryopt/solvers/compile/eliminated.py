"""Columns that an equality defines, put into the other rows: a smaller program for whoever searches a tree on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram


@dataclass(frozen=True, kw_only=True)
class Eliminated:
    """A program without some of its columns, and the way back: the whole point is ``T x + t``.

    Attributes
    ----------
    program
        What is left; the row that defined a column keeps the column's bounds.
    kept
        Positions of its columns among all, shape (kept,).
    T, t
        Shapes (all, kept) and (all,).
    """

    program: QuadraticProgram
    kept: np.ndarray
    T: sp.csr_array
    t: Floats

    def whole(self, x: Floats) -> Floats:
        """Return the point of all columns."""
        return np.asarray(self.T @ x + self.t, dtype=float)


def without_columns(program: QuadraticProgram, columns: Sequence[int]) -> Eliminated:
    """Put continuous columns of a linear program, as far as equalities define them, into the other rows.

    A presolve keeps such a column wherever its own bounds say something. On complementarity pairs, whose slack is one,
    HiGHS takes twice as long with it as without. Only coefficients of 1 are taken: a row that is divided by 20 moves
    what a tolerance means, and HiGHS has cut an optimum off there.
    """
    defined = _defining_rows(program, columns)
    gone = np.fromiter(defined, dtype=int, count=len(defined))
    kept = np.setdiff1d(np.arange(len(program.c)), gone)
    T, t = _substitution(program, defined, kept)
    rows = np.fromiter(defined.values(), dtype=int, count=len(defined))
    stays = np.ones(len(program.row_lower))
    stays[rows] = 0.0
    # The row that defined a column says nothing any more, and keeps the column within its bounds instead.
    bounded = sp.csr_array((np.ones(len(rows)), (rows, gone)), shape=program.A.shape)
    shift = program.A @ t
    lower, upper = program.row_lower - shift, program.row_upper - shift
    lower[rows], upper[rows] = program.lower[gone] - t[gone], program.upper[gone] - t[gone]
    left = dataclasses.replace(
        program,
        c=np.asarray(T.T @ program.c, dtype=float),
        c0=float(program.c0 + program.c @ t),
        Q=sp.csc_array((len(kept), len(kept))),
        A=sp.csr_array(sp.diags_array(stays) @ program.A @ T + bounded @ T),
        row_lower=lower,
        row_upper=upper,
        lower=program.lower[kept],
        upper=program.upper[kept],
        is_integer=program.is_integer[kept],
        variables=[program.variables[k] for k in kept] if len(program.variables) else (),
    )
    return Eliminated(program=left, kept=kept, T=T, t=t)


def _defining_rows(program: QuadraticProgram, columns: Sequence[int]) -> dict[int, int]:
    """Return the equality that defines each column, those in few rows first; such rows name kept columns beside it."""
    by_column = sp.csc_array(program.A)
    entries = np.diff(by_column.indptr)
    found: dict[int, int] = {}
    needed: set[int] = set()
    for k in sorted({int(k) for k in columns if not program.is_integer[k]}, key=lambda k: (entries[k], k)):
        if k in needed:
            continue
        for row in by_column.indices[by_column.indptr[k] : by_column.indptr[k + 1]]:
            others = {int(j) for j in _columns_of(program, row)} - {k}
            is_equality = program.row_lower[row] == program.row_upper[row]
            if is_equality and abs(program.A[row, k]) == 1.0 and others.isdisjoint(found):
                found[k] = int(row)
                needed |= others
                break
    return found


def _columns_of(program: QuadraticProgram, row: int) -> np.ndarray:
    return program.A.indices[program.A.indptr[row] : program.A.indptr[row + 1]]


def _substitution(program: QuadraticProgram, defined: dict[int, int], kept: np.ndarray) -> tuple[sp.csr_array, Floats]:
    """Return T and t of ``all = T kept + t``."""
    position = {int(k): i for i, k in enumerate(kept)}
    t = np.zeros(len(program.c))
    entries = [(int(k), i, 1.0) for i, k in enumerate(kept)]
    for column, row in defined.items():
        own = program.A[row, column]
        t[column] = program.row_lower[row] / own
        span = slice(program.A.indptr[row], program.A.indptr[row + 1])
        others = zip(program.A.indices[span], program.A.data[span], strict=True)
        entries.extend((column, position[int(j)], -float(a / own)) for j, a in others if j != column)
    rows, cols, values = zip(*entries, strict=True) if entries else ((), (), ())
    return sp.csr_array((values, (rows, cols)), shape=(len(program.c), len(kept))), t
