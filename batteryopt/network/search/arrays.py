"""The program that is searched: core rows, cuts that join when they are violated, and bounds that duals prove."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.model.algebra import Floats, Formulation
from batteryopt.network.model.arrays import matrix, to_arrays
from batteryopt.network.model.objective import Costs
from batteryopt.solvers.arrays import QuadraticProgram

LARGEST_COST = 1e4
"""Costs are divided by a power of ten so that the largest is about this: solvers' tolerances are absolute."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cuts:
    """Rows that only tighten."""

    A: sp.csr_array
    lower: Floats
    upper: Floats
    norm: Floats

    def violation(self, x: Floats) -> Floats:
        """Return how far a point is beyond each row, as a distance (m); negative where it holds."""
        activity = self.A @ x
        return np.asarray(np.maximum(self.lower - activity, activity - self.upper) / self.norm, dtype=float)


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A formulation with an objective, in the money unit that suits a solver.

    Attributes
    ----------
    core
        Without cuts; costs divided by ``scale``.
    cuts
        The rest of the rows.
    """

    m: Formulation
    core: QuadraticProgram
    cuts: Cuts
    scale: float

    def with_cuts(self, rows: np.typing.NDArray[np.bool_] | None = None) -> QuadraticProgram:
        """Return the core with these cuts, or with all."""
        chosen = np.ones(len(self.cuts.lower), dtype=bool) if rows is None else rows
        return dataclasses.replace(
            self.core,
            A=sp.csr_array(sp.vstack([self.core.A, self.cuts.A[np.flatnonzero(chosen)]], format="csr")),
            row_lower=np.concatenate([self.core.row_lower, self.cuts.lower[chosen]]),
            row_upper=np.concatenate([self.core.row_upper, self.cuts.upper[chosen]]),
        )


def make_problem(m: Formulation, costs: Costs, *, extra: QuadraticProgram | None = None) -> Problem:
    """Return the problem of a formulation.

    Parameters
    ----------
    extra
        Further rows, of the same columns (an epsilon constraint). Cuts that only choose among equal plans are then
        left out, for these rows may tell the plans apart.
    """
    largest = float(np.max(np.abs(costs.vector), initial=0.0))
    scale = 10.0 ** max(0.0, np.ceil(np.log10(largest / LARGEST_COST))) if largest > 0 else 1.0
    cut_rows = [rows for rows in (m.rows.values() if extra is None else m.lasting_rows()) if rows.is_cut]
    names = [rows.name for rows in m.rows.values() if rows.is_cut]
    core = to_arrays(m, costs.vector / scale, constant=costs.constant / scale, leave_out=names)
    if extra is not None:
        core = dataclasses.replace(
            core,
            A=sp.csr_array(sp.vstack([core.A, extra.A], format="csr")),
            row_lower=np.concatenate([core.row_lower, extra.row_lower]),
            row_upper=np.concatenate([core.row_upper, extra.row_upper]),
        )
    core = dataclasses.replace(core, upper=implied_uppers(core))
    A = matrix(cut_rows, m.size)
    cuts = Cuts(
        A=A,
        lower=np.concatenate([np.zeros(0), *(rows.lower for rows in cut_rows)]),
        upper=np.concatenate([np.zeros(0), *(rows.upper for rows in cut_rows)]),
        norm=np.sqrt(np.maximum(np.asarray(A.multiply(A).sum(axis=1), dtype=float).ravel(), 1e-12)),
    )
    return Problem(m=m, core=core, cuts=cuts, scale=scale)


def implied_uppers(program: QuadraticProgram) -> Floats:
    """Return upper bounds (n), finite too where a column only pays for what rows lack.

    A column without upper bound whose cost is not negative, and that can only help its rows, is in some optimum no
    larger than what its rows can lack at most.
    """
    upper = np.array(program.upper)
    columns = sp.csc_array(program.A)
    for j in np.flatnonzero(np.isinf(upper) & (program.c >= 0)):
        entries = slice(columns.indptr[j], columns.indptr[j + 1])
        needs = [
            _lack(program, int(i), int(j), v)
            for i, v in zip(columns.indices[entries], columns.data[entries], strict=True)
        ]
        if needs and np.isfinite(needs).all():
            upper[j] = np.ceil(max(needs)) if program.is_integer[j] else max(needs)
    return upper


def _lack(program: QuadraticProgram, row: int, column: int, value: float) -> float:
    """Return how much of a column a row can need at most; infinite where the column can also hurt it."""
    entries = slice(program.A.indptr[row], program.A.indptr[row + 1])
    others, factors = program.A.indices[entries], program.A.data[entries]
    keep = others != column
    low, high = program.lower[others[keep]], program.upper[others[keep]]
    limit = program.row_upper[row] if value < 0 else program.row_lower[row]
    free = program.row_lower[row] if value < 0 else program.row_upper[row]
    if np.isfinite(free):
        return float(np.inf)
    ends = factors[keep] * (
        np.where(factors[keep] > 0, high, low) if value < 0 else np.where(factors[keep] > 0, low, high)
    )
    extreme = float(np.sum(ends))
    need = (extreme - limit) / -value if value < 0 else (limit - extreme) / value
    return float(max(0.0, need))


def dual_bound(program: QuadraticProgram, row_duals: Floats) -> float:
    """Return the lower bound that any duals prove, by weak duality alone; no solver need be trusted.

    For every x within rows and bounds, ``c'x = y'Ax + (c - A'y)'x``, and each part is at least its least value there.
    """
    finite = np.where(row_duals > 0, np.isfinite(program.row_lower), np.isfinite(program.row_upper))
    y = np.where(finite, row_duals, 0.0)
    sides = np.where(y > 0, program.row_lower, program.row_upper)
    rows = float(np.sum(y[y != 0] * sides[y != 0]))
    reduced = program.c - program.A.T @ y
    ends = np.where(reduced > 0, program.lower, program.upper)
    used = reduced != 0
    columns = float(np.sum(reduced[used] * ends[used]))
    return float(program.c0) + rows + columns
