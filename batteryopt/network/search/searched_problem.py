"""The program that is searched: core rows, cuts that join when they are violated, and bounds that duals prove."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulation_arrays import matrix, to_arrays
from batteryopt.network.formulation.objective import Costs
from batteryopt.network.search.search_units import SearchUnits, in_units, natural_units
from batteryopt.solvers.compile.arrays import QuadraticProgram

NODES = "every_node_is_in_balance"
"""Name of the balances, one for each node (site, product, period)."""


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
    """A formulation with an objective, in the network's own units.

    Attributes
    ----------
    core
        Without cuts.
    cuts
        The rest of the rows.
    units
        Of its columns and of its objective; of its rows, those of the formulation, cuts last.
    """

    m: Formulation
    core: QuadraticProgram
    cuts: Cuts
    units: SearchUnits

    @property
    def money(self) -> float:
        """What one of the objective is in the formulation's unit."""
        return self.units.money

    def with_cuts(self, rows: np.typing.NDArray[np.bool_] | None = None) -> QuadraticProgram:
        """Return the core with these cuts, or with all."""
        chosen = np.ones(len(self.cuts.lower), dtype=bool) if rows is None else rows
        cuts = self.cuts
        return with_rows(self.core, cuts.A[np.flatnonzero(chosen)], cuts.lower[chosen], cuts.upper[chosen])


def make_problem(m: Formulation, costs: Costs, *, extra: QuadraticProgram | None = None) -> Problem:
    """Return the problem of a formulation.

    Parameters
    ----------
    extra
        Further rows, of the same columns (an epsilon constraint). Cuts that only choose among equal plans are then
        left out, for these rows may tell the plans apart.
    """
    cut_rows = [rows for rows in (m.rows.values() if extra is None else m.lasting_rows()) if rows.is_cut]
    names = [rows.name for rows in m.rows.values() if rows.is_cut]
    core = to_arrays(m, costs.vector, constant=costs.constant, leave_out=names)
    if extra is not None:
        core = with_rows(core, extra.A, extra.row_lower, extra.row_upper)
    of_cuts = matrix(cut_rows, m.size)
    lower = np.concatenate([np.zeros(0), *(rows.lower for rows in cut_rows)])
    upper = np.concatenate([np.zeros(0), *(rows.upper for rows in cut_rows)])
    whole = with_rows(core, of_cuts, lower, upper)
    units = natural_units(m, whole)
    natural, count = in_units(whole, units), len(core.row_lower)
    A = sp.csr_array(natural.A[count:])
    core = dataclasses.replace(
        natural,
        A=sp.csr_array(natural.A[:count]),
        row_lower=natural.row_lower[:count],
        row_upper=natural.row_upper[:count],
    )
    core = dataclasses.replace(core, upper=implied_uppers(core))
    cuts = Cuts(
        A=A,
        lower=natural.row_lower[count:],
        upper=natural.row_upper[count:],
        norm=np.sqrt(np.maximum(np.asarray(A.multiply(A).sum(axis=1), dtype=float).ravel(), 1e-12)),
    )
    return Problem(m=m, core=core, cuts=cuts, units=units)


def with_rows(program: QuadraticProgram, A: sp.csr_array, lower: Floats, upper: Floats) -> QuadraticProgram:
    """Return a program with further rows below its own."""
    return dataclasses.replace(
        program,
        A=sp.csr_array(sp.vstack([program.A, A], format="csr")),
        row_lower=np.concatenate([program.row_lower, lower]),
        row_upper=np.concatenate([program.row_upper, upper]),
    )


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
