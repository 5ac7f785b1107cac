"""What a user's function did to the model's own variables: narrowed or fixed, never given more room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.ground.errors import Fault
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.own_rows import OwnTable
from batteryopt.solvers.compile.arrays import bounds_of

NARROWED = "fixed or narrowed"
"""Family of rows for the bounds that a user set on the model's own variables."""


class BoundsBefore:
    """The bounds and domains of the model's own variables, before a user's rules."""

    def __init__(self, columns: Sequence[Any]) -> None:
        self.lower, self.upper = bounds_of(columns)
        self.is_integer = integers(columns)

    def compared(self, columns: Sequence[Any]) -> tuple[list[Fault], OwnTable | None]:
        """Return a fault for each variable with more room than before, and a row for each that was narrowed."""
        lower, upper = limits_now(columns)
        looser = (lower < self.lower) | (upper > self.upper) | (self.is_integer & ~integers(columns))
        faults = [self._fault(columns[j], j, lower[j], upper[j]) for j in np.flatnonzero(looser).tolist()]
        return faults, self._rows(columns, lower, upper)

    def _fault(self, variable: Any, j: int, lower: float, upper: float) -> Fault:
        what = "fixed at" if variable.fixed else "given"
        problem = f"{what} [{lower:g}, {upper:g}], and lies in [{self.lower[j]:g}, {self.upper[j]:g}]"
        remedy = "rules can narrow what may be decided, not widen it: that is the network's tables"
        return Fault(place=f"variable '{variable.name}'", problem=problem, remedy=remedy)

    def _rows(self, columns: Sequence[Any], lower: Floats, upper: Floats) -> OwnTable | None:
        """Return a row for each variable whose bounds were narrowed; as rows, so that a conflict can name them."""
        mine = np.flatnonzero((lower > self.lower) | (upper < self.upper))
        if not len(mine):
            return None
        entries = np.ones(len(mine)), mine.astype(np.int32), np.arange(len(mine) + 1, dtype=np.int32)
        labels = [str(columns[j].name).replace(",", "/") for j in mine.tolist()]
        return OwnTable(NARROWED, labels, (entries, lower[mine], upper[mine]), "what you fixed or narrowed")


def limits_now(columns: Sequence[Any]) -> tuple[Floats, Floats]:
    """Return bounds, both the value where a variable is fixed."""
    lower, upper = bounds_of(columns)
    for j, variable in enumerate(columns):
        if variable.fixed:
            lower[j] = upper[j] = float(pyo.value(variable))
    return lower, upper


def integers(columns: Sequence[Any]) -> Any:
    """Return which variables are whole numbers (n)."""
    return np.fromiter((not v.is_continuous() for v in columns), bool, len(columns))
