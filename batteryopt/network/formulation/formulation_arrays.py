"""The formulation as SciPy arrays, for solvers: the short way, whatever the size."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Formulation, Rows
from batteryopt.solvers.compile.arrays import Floats, QuadraticProgram


def to_arrays(
    m: Formulation, objective: Floats, *, constant: float = 0.0, leave_out: Collection[str] = ()
) -> QuadraticProgram:
    """Return the formulation as one minimisation; columns and rows stand in the order in which they were declared.

    Parameters
    ----------
    objective
        Costs, one a variable.
    leave_out
        Names of families of rows that are not wanted.
    """
    rows = [family for name, family in m.rows.items() if name not in leave_out]
    families = m.families.values()
    empty = np.zeros(0)
    return QuadraticProgram(
        c=objective,
        c0=constant,
        Q=sp.csc_array((m.size, m.size)),
        A=matrix(rows, m.size),
        row_lower=np.concatenate([empty, *(family.lower for family in rows)]),
        row_upper=np.concatenate([empty, *(family.upper for family in rows)]),
        lower=np.concatenate([empty, *(family.lower for family in families)]),
        upper=np.concatenate([empty, *(family.upper for family in families)]),
        is_integer=np.concatenate([empty.astype(bool), *(family.is_integer for family in families)]),
    )


def matrix(rows: Collection[Rows], size: int) -> sp.csr_array:
    """Return the rows of several families, one below the other."""
    firsts = np.cumsum([0, *(len(family) for family in rows)])
    none = np.zeros(0, dtype=np.int32)
    positions = [none, *((f.row + first).astype(np.int32) for f, first in zip(rows, firsts, strict=False))]
    entries = (
        np.concatenate([np.zeros(0), *(family.coefficient for family in rows)]),
        (np.concatenate(positions), np.concatenate([none, *(family.variable.astype(np.int32) for family in rows)])),
    )
    by_column = sp.csc_array(sp.coo_array(entries, shape=(int(firsts[-1]), size)))
    whole = sp.csr_array(by_column)  # by way of its columns the entries of a row are in order, without sorting any
    whole.sum_duplicates()
    whole.eliminate_zeros()
    return whole


def column_names(m: Formulation) -> list[str]:
    """Return the names of all variables, in the order of the columns."""
    return [name for family in m.families.values() for name in m.names_of(family)]


def row_names(m: Formulation, *, leave_out: Collection[str] = ()) -> list[str]:
    """Return the names of all rows, in their order, but for those of families left out."""
    return [name for key, family in m.rows.items() if key not in leave_out for name in m.names_of(family)]
