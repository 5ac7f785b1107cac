"""A user's rows and variables become rows and variables of the formulation."""

from __future__ import annotations

from typing import Any

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Formulation, Rows, index
from batteryopt.network.formulation.narrowed import integers, limits_now
from batteryopt.network.formulation.own_rows import OwnRows, OwnTable
from batteryopt.solvers.through_pyomo.doors import plain_key

ROW_PREFIX, VARIABLE_PREFIX = "rule ", "own "
"""Before the names of what was added, so that a user may call it as he likes."""


def joined(m: Formulation, found: OwnRows, narrowed: OwnTable | None) -> Bools:
    """Join what was added to a formulation, and return which columns the added rows speak of (n)."""
    for variable in found.variables:
        _join_variable(m, variable)
    tables = found.rows if narrowed is None else [*found.rows, narrowed]
    named = np.zeros(m.size, dtype=bool)
    for own in tables:
        named[_join_rows(m, own).variable] = True
    return named


def _join_variable(m: Formulation, variable: Any) -> None:
    name = VARIABLE_PREFIX + variable.name
    data = list(variable.values())
    m.labels = {**m.labels, name: [plain_key(each.index()) for each in data]}
    lower, upper = limits_now(data)
    m.variables(
        name,
        index((name,), **{name: np.arange(len(data))}),
        lower=lower,
        upper=upper,
        is_integer=integers(data),
        doc=variable.doc or "your own",
        is_added=True,
    )


def _join_rows(m: Formulation, own: OwnTable) -> Rows:
    (data, columns, starts), lower, upper = own.table
    name, count = ROW_PREFIX + own.name, len(own.labels)
    m.labels = {**m.labels, name: own.labels}
    rows = Rows(
        name=name,
        index=index((name,), **{name: np.arange(count)}),
        row=np.repeat(np.arange(count, dtype=np.int64), np.diff(starts)),
        variable=np.asarray(columns, dtype=np.int64),
        coefficient=data,
        lower=lower,
        upper=upper,
        doc=own.doc,
        is_added=True,
    )
    m.rows[name] = rows
    return rows
