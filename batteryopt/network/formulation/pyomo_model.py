"""The formulation as a Pyomo model: to read, to print, to change, and to hand to any solver that Pyomo knows.

Everything has the names of the instance and a ``doc=``: ``model.shipped["Beijing", "Tianjin", "road", "pack", "2025"]``
are tonnes that travel, ``model.SHIPPED`` are its keys, ``model.SITES`` are all sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression

from batteryopt.network.formulation.algebra import Floats, Formulation, Index, Rows, VariableFamily
from batteryopt.network.formulation.draft import COLLECTION, COST_TERMS, EMISSIONS, RISK

SETS = {
    "SITES": ("site", "every site"),
    "TYPES": ("type", "every type of facility"),
    "LEVELS": ("level", "every level of size"),
    "RECIPES": ("recipe", "every recipe"),
    "PRODUCTS": ("product", "every product"),
    "MODES": ("mode", "every mode of transport"),
    "PERIODS": ("period", "every period, in time"),
}
"""Sets of names: which, and what is in them."""

FIGURES = {
    EMISSIONS: "emissions of all periods, t CO2e",
    RISK: "risk of all shipments: tonnes x km x people along a km x hazard",
    COLLECTION: "tonnes collected in all periods",
}
"""Accounts beside the cost terms that a model has as expressions."""


def to_pyomo(m: Formulation, objective: Floats, *, constant: float = 0.0) -> pyo.ConcreteModel:
    """Return a Pyomo model with one indexed component for each family of variables and of rows.

    Rows that only choose among equally good plans are left out, so that rules of one's own may be added.
    """
    model = with_variables(m)
    columns = columns_of(model, m)
    for rows in m.lasting_rows():
        model.add_component(rows.name, _constraint(m, rows, columns))
    used = np.flatnonzero(objective)
    expression = _linear(objective[used], [columns[j] for j in used], constant)
    model.objective = pyo.Objective(expr=expression, doc="what is minimised")
    return model


def with_variables(m: Formulation) -> pyo.ConcreteModel:
    """Return a Pyomo model with the sets, the variables and the expressions of a formulation, and no equation yet."""
    model = pyo.ConcreteModel()
    for name, (label, doc) in SETS.items():
        model.add_component(name, pyo.Set(initialize=list(m.labels[label]), doc=doc))
    for family in m.families.values():
        keys = pyo.Set(initialize=_keys(m, family.index), doc=f"keys of {family.name}: {_named(family.index)}")
        model.add_component(family.name.upper(), keys)
        model.add_component(family.name, _variable(keys, family))
    _add_figures(model, m)
    return model


def columns_of(model: pyo.ConcreteModel, m: Formulation) -> list[Any]:
    """Return the variables of a model made by `with_variables`, in the order of the formulation's columns."""
    return [data for family in m.families.values() for data in model.component(family.name).values()]


def _add_figures(model: pyo.ConcreteModel, m: Formulation) -> None:
    """Add the cost terms, emissions, risk and tonnes collected as expressions of the variables."""
    columns = columns_of(model, m)

    def account(name: str) -> Any:
        vector = m.account(name)
        used = np.flatnonzero(vector)
        return _linear(vector[used], [columns[j] for j in used], m.constants.get(name, 0.0))

    model.COST_TERMS = pyo.Set(initialize=list(COST_TERMS), doc="every cost term; what is earned has a minus")
    terms = {name: account(name) for name in COST_TERMS}
    model.cost_terms = pyo.Expression(
        model.COST_TERMS, initialize=terms, doc="money of today by cost term; they sum to the net present cost"
    )
    for name, doc in FIGURES.items():
        model.add_component(name, pyo.Expression(expr=account(name), doc=doc))


def _named(over: Index) -> str:
    return ", ".join(over.keys)


def _keys(m: Formulation, over: Index) -> list[Any]:
    """Return the names of an index's rows, as Pyomo wants them: a tuple, or the bare name of a single key."""
    columns = [[m.labels[key][code] for code in over[key].tolist()] for key in over.keys]
    return list(columns[0]) if len(columns) == 1 else list(zip(*columns, strict=True))


def _variable(keys: Any, family: VariableFamily) -> Any:
    variable = pyo.Var(keys, doc=f"{family.doc}; by {_named(family.index)}")
    variable.construct()
    settings = zip(family.lower.tolist(), family.upper.tolist(), family.is_integer.tolist(), strict=True)
    for data, (lower, upper, is_integer) in zip(variable.values(), settings, strict=True):
        data.domain = pyo.Integers if is_integer else pyo.Reals
        data.setlb(None if lower == -np.inf else lower)
        data.setub(None if upper == np.inf else upper)
    return variable


def _constraint(m: Formulation, rows: Rows, columns: Sequence[Any]) -> Any:
    follows = " (a cut: it follows from the others)" if rows.is_cut else ""
    constraint = pyo.Constraint(
        pyo.Set(initialize=_keys(m, rows.index)), doc=f"{rows.doc}; by {_named(rows.index)}{follows}"
    )
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


def _linear(coefficients: Floats, variables: Sequence[Any], constant: float = 0.0) -> Any:
    return LinearExpression(constant=constant, linear_coefs=coefficients.tolist(), linear_vars=list(variables))
