"""The formulation as a Pyomo model: to read, to print, to change, and to hand to any solver that Pyomo knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from batteryopt.network.model.algebra import Family, Floats, Formulation, Index, Rows


def to_pyomo(m: Formulation, objective: Floats, *, constant: float = 0.0) -> pyo.ConcreteModel:
    """Return a Pyomo model with one indexed component for each family of variables and of rows.

    Indices are the names of the instance: ``model.shipped["Beijing", "Tianjin", "road", "pack", "2025"]``. Rows that
    only choose among equally good plans are left out, so that rules of one's own may be added.
    """
    model = pyo.ConcreteModel()
    columns: list[Any] = []
    for family in m.families.values():
        variable = _variable(m, family)
        model.add_component(family.name, variable)
        columns.extend(variable.values())
    for rows in m.lasting_rows():
        model.add_component(rows.name, _constraint(m, rows, columns))
    used = np.flatnonzero(objective)
    model.objective = pyo.Objective(expr=_linear(objective[used], [columns[j] for j in used], constant))
    return model


def _keys(m: Formulation, over: Index) -> list[Any]:
    """Return the names of an index's rows, as Pyomo wants them: a tuple, or the bare name of a single key."""
    columns = [[m.labels[key][code] for code in over[key].tolist()] for key in over.keys]
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))


def _variable(m: Formulation, family: Family) -> Any:
    variable = pyo.Var(pyo.Set(initialize=_keys(m, family.index)), doc=family.doc)
    variable.construct()
    settings = zip(family.lower.tolist(), family.upper.tolist(), family.is_integer.tolist(), strict=True)
    for data, (lower, upper, is_integer) in zip(variable.values(), settings, strict=True):
        data.domain = pyo.Integers if is_integer else pyo.Reals
        data.setlb(None if lower == -np.inf else lower)
        data.setub(None if upper == np.inf else upper)
    return variable


def _constraint(m: Formulation, rows: Rows, columns: list[Any]) -> Any:
    constraint = pyo.Constraint(pyo.Set(initialize=_keys(m, rows.index)), doc=rows.doc)
    constraint.construct()
    order = np.argsort(rows.row, kind="stable")
    ends = np.cumsum(np.bincount(rows.row, minlength=len(rows)))
    for position, key in enumerate(_keys(m, rows.index)):
        entries = order[ends[position - 1] if position else 0 : ends[position]]
        body = _linear(rows.coefficient[entries], [columns[j] for j in rows.variable[entries]])
        lower, upper = rows.lower[position], rows.upper[position]
        constraint[key] = _bounded(body, float(lower), float(upper))
    return constraint


def _bounded(body: Any, lower: float, upper: float) -> Any:
    if lower == upper:
        return (body, upper)
    return (None if lower == -np.inf else lower, body, None if upper == np.inf else upper)


def _linear(coefficients: Floats, variables: list[Any], constant: float = 0.0) -> Any:
    return LinearExpression(constant=constant, linear_coefs=coefficients.tolist(), linear_vars=variables)
