"""Programs that fall apart: groups of columns that no row has in common are decided one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from batteryopt.solvers.compile.arrays import QuadraticProgram

Columns = npt.NDArray[np.int_]


def independent_columns(program: QuadraticProgram, joined: Sequence[tuple[int, int]] = ()) -> list[Columns]:
    """Return the columns of each part of a linear program, those without a row together; at least one part.

    Parameters
    ----------
    joined
        Pairs of columns that something outside of the rows joins: complementarity, say.
    """
    ends = np.array(joined, dtype=int).reshape(-1, 2)
    links = sp.csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(program.c), len(program.c)))
    graph = sp.csr_array(abs(program.A).T @ abs(program.A)) + links
    _, label = connected_components(graph, directed=False)
    is_alone = (np.diff(sp.csc_array(program.A).indptr) == 0) & ~np.isin(np.arange(len(program.c)), ends)
    label[is_alone] = -1
    return [np.flatnonzero(label == part) for part in np.unique(label)]


def restricted(program: QuadraticProgram, columns: Columns, *, with_constant: bool = True) -> QuadraticProgram:
    """Return a part: its columns and the rows that have one; rows without any column stay with the constant."""
    A = sp.csr_array(sp.csc_array(program.A)[:, columns])
    entries = np.diff(A.indptr)
    is_empty = np.diff(program.A.indptr) == 0
    rows = np.flatnonzero((entries > 0) | (is_empty & with_constant))
    return dataclasses.replace(
        program,
        c=program.c[columns],
        c0=program.c0 if with_constant else 0.0,
        Q=sp.csc_array(program.Q[columns][:, columns]),
        A=A[rows],
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
        lower=program.lower[columns],
        upper=program.upper[columns],
        is_integer=program.is_integer[columns],
        variables=[program.variables[int(k)] for k in columns] if len(program.variables) else (),
        constraints=[program.constraints[int(k)] for k in rows] if len(program.constraints) else (),
    )
