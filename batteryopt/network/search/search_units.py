"""A program in the network's own units: what is large or small only by its units is neither to the solver.

HiGHS' tolerances are absolute: costs of 1e-8 are nothing to it, and of 1e10 t it cannot know a millionth. So masses are
counted in the network's own tonne, rows in the unit of what stands in them, and money so that the largest cost of a
column is about `LARGEST_COST`. Units are powers of two: nothing is rounded on the way there and back.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp

from batteryopt.network.data.magnitude import power_of_two
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation
from batteryopt.network.formulation.objective import SOFT_FAMILIES
from batteryopt.solvers.compile.arrays import QuadraticProgram

MASSES = ("processed", "at_level", "shipped", "stock", "sold", "disposed", "uncollected")
"""Families of variables in tonnes; others are numbers or shares, but for slacks and payments."""
PAYMENTS = (*SOFT_FAMILIES, "subsidy_paid", "cost_at_risk", "beyond_cost_at_risk")
"""Families in the unit of the rows in which they stand: by how much these are missed, or what is paid of them."""
SMALL, LARGE = 2.0**-7, 2.0**10
"""A row whose largest coefficient is between these, in its usual unit, is left as it is."""
LARGEST_COST = 1e4


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class SearchUnits:
    """What one of the search's units is, of each column (n), of each row (m) and of the objective."""

    columns: Floats
    rows: Floats
    money: float = 1.0

    def inside(self, x: Floats) -> Floats:
        """Return a point in the search's units."""
        return np.asarray(x / self.columns, dtype=float)

    def outside(self, x: Floats) -> Floats:
        """Return a point of the search in the formulation's units."""
        return np.asarray(x * self.columns, dtype=float)


def natural_units(m: Formulation, program: QuadraticProgram) -> SearchUnits:
    """Return the units of a formulation as arrays."""
    columns = mass_units(m)
    payments = _columns_of(m, PAYMENTS)
    rows = _row_units(m, program, columns, payments)
    entries = sp.coo_array(program.A)
    mine = payments[entries.col]
    largest = np.zeros(m.size)  # where a payment stands in several rows, these speak of the same kind of thing
    np.maximum.at(largest, entries.col[mine], rows[entries.row[mine]])
    columns[payments] = np.where(largest[payments] > 0, largest[payments], 1.0)
    most = float(np.max(np.abs(program.c * columns), initial=0.0))
    return SearchUnits(columns=columns, rows=rows, money=power_of_two(most / LARGEST_COST) if most > 0 else 1.0)


def mass_units(m: Formulation) -> Floats:
    """Return the units of the columns as far as they are masses; 1 for all others."""
    return np.where(_columns_of(m, MASSES), m.tonne, 1.0)


def in_units(program: QuadraticProgram, units: SearchUnits) -> QuadraticProgram:
    """Return a program in units."""
    A, lower, upper = rows_in_units(program.A, program.row_lower, program.row_upper, units)
    return dataclasses.replace(
        program,
        c=program.c * units.columns / units.money,
        c0=program.c0 / units.money,
        A=A,
        row_lower=lower,
        row_upper=upper,
        lower=program.lower / units.columns,
        upper=program.upper / units.columns,
    )


def rows_in_units(
    A: sp.csr_array, lower: Floats, upper: Floats, units: SearchUnits
) -> tuple[sp.csr_array, Floats, Floats]:
    """Return rows and their sides in units."""
    scaled = sp.csr_array(sp.diags_array(1.0 / units.rows) @ A @ sp.diags_array(units.columns))
    return scaled, lower / units.rows, upper / units.rows


def _columns_of(m: Formulation, names: tuple[str, ...]) -> Bools:
    mask = np.zeros(m.size, dtype=bool)
    for name in names:
        if name in m.families:
            mask[m.families[name].positions] = True
    return mask


def _row_units(m: Formulation, program: QuadraticProgram, columns: Floats, payments: Bools) -> Floats:
    """Return the unit of each row: its masses' where it has any, else 1; its largest term where that is far off."""
    entries = sp.coo_array(program.A)
    sizes = np.abs(entries.data) * columns[entries.col]
    is_mass, count = _columns_of(m, MASSES)[entries.col], len(program.row_lower)
    by_mass = _largest(entries.row[is_mass], sizes[is_mass], count)
    counts = ~is_mass & ~payments[entries.col]
    largest = np.where(by_mass > 0, by_mass, _largest(entries.row[counts], sizes[counts], count))
    sides = [np.where(np.isfinite(side), np.abs(side), 0.0) for side in (program.row_lower, program.row_upper)]
    largest = np.where(largest > 0, largest, np.maximum(*sides))  # nothing but a payment: what it must come to
    usual = np.where(by_mass > 0, m.tonne, 1.0)
    is_far = (largest > 0) & ((largest < SMALL * usual) | (largest > LARGE * usual))
    own = np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))
    return np.where(is_far, own, usual)


def _largest(rows: np.typing.NDArray[np.int32], sizes: Floats, count: int) -> Floats:
    largest = np.zeros(count)
    np.maximum.at(largest, rows, sizes)
    return largest
