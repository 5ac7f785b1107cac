"""Indicator constraints in an MPS file: rows like any other, and a section that says when each holds.

As CPLEX, Gurobi, SCIP and Xpress read them: ``INDICATORS``, and lines of ``IF ROW COLUMN VALUE``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.implications import implications_of
from batteryopt.solvers.contract.adapter import Indicator

LAST = "ENDATA"
Implied = Sequence[tuple[Any, Indicator]]
"""Rows, each with the indicator that says when it holds."""


def with_implied_rows(model: Any) -> Implied:
    """Add a row ``body <= 0`` for each indicator constraint that a model carries, and return them."""
    carried = implications_of(model)
    if carried:
        model.implied = pyo.ConstraintList()
    return [(model.implied.add(indicator.body <= 0), indicator) for indicator in carried]


def with_indicators(mps: str, implied: Implied, rows: Mapping[str, str], columns: Mapping[str, str]) -> str:
    """Return an MPS file with the section that says when its implied rows hold.

    Parameters
    ----------
    rows, columns
        Names of constraints and variables by what the file calls them.
    """
    row_called = {own: called for called, own in rows.items()}
    column_called = {own: called for called, own in columns.items()}
    lines = [
        f" IF {row_called[str(row.name)]} {column_called[str(indicator.binary.name)]} {indicator.active_value}"
        for row, indicator in implied
    ]
    head, end, rest = mps.rpartition(LAST)
    return "\n".join([f"{head}INDICATORS", *lines, f"{end}{rest}"])
