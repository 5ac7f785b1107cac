"""A user's constraints and variables, compiled to rows; and everything in them that no network can take."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr.visitor import identify_variables

from batteryopt.ground.errors import Fault, UnsupportedModel
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.user_words import says_nothing
from batteryopt.solvers.compile.arrays import Columns, linear_rows
from batteryopt.solvers.compile.components import numbers_required, parts_of
from batteryopt.solvers.through_pyomo.doors import RULES_TOLERANCE, plain_key

Table = tuple[Any, Floats, Floats]
"""Rows as `linear_rows` returns them: (data, indices, indptr), lower, upper."""


class OwnTable(NamedTuple):
    """Rows of one name, with a label each."""

    name: str
    labels: list[str]
    table: Table
    doc: str


@dataclass(frozen=True, kw_only=True)
class OwnRows:
    """What was added, compiled: the rows of each constraint; and what is wrong."""

    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]
    rows: list[OwnTable]
    faults: list[Fault]


def own_rows(network: Network, model: Any, columns: Sequence[Any], ours: set[int]) -> OwnRows:
    """Return what stands in the model and was not ours, compiled over the columns and the user's own variables."""
    added = [component for component in model.component_objects(active=True) if id(component) not in ours]
    variables = tuple(component for component in added if component.ctype is pyo.Var)
    constraints = tuple(component for component in added if component.ctype is pyo.Constraint)
    own = [data for variable in variables for data in variable.values()]
    known = Columns([*columns, *own])
    count = len(known.var_order)
    faults = _component_faults(network, model)
    rows = []
    with PauseGC():
        for constraint in constraints:
            active = [data for data in constraint.values() if data.active]
            try:
                with numbers_required(str(constraint.name)):
                    table = linear_rows(active, known)
            except UnsupportedModel as error:
                remedy = "only sums of variables times numbers can be added: linearise it"
                faults.append(Fault(place=f"rule '{constraint.name}'", problem=str(error), remedy=remedy))
                continue
            except ValueError as error:  # Pyomo looks at the limits of a rule when they are asked for
                fault = says_nothing(str(error))
                if fault is None:
                    raise
                faults.append(fault)
                continue
            faults += [*_empty_rows(active, table), *_rows_without_numbers(active, table)]
            name, labels = str(constraint.name), [plain_key(data.index()) for data in active]
            rows.append(OwnTable(name, labels, table, f"your rule {name}"))
    for variable in known.variables[count:]:
        problem = f"variable '{variable.name}' stands in a rule and not in the model"
        faults.append(Fault(place=f"variable '{variable.name}'", problem=problem, remedy="add it: model.NAME = Var()"))
    return OwnRows(variables=variables, constraints=constraints, rows=rows, faults=faults)


def _component_faults(network: Network, model: Any) -> list[Fault]:
    """Return what no network can take: another objective, special ordered sets, disjunctions ..."""
    faults = []
    for objective in model.component_data_objects(pyo.Objective, active=True):
        problem = "rules cannot change what is minimised"
        remedy = "leave it out; choose with objective=, or solve batteryopt.model(network) yourself"
        faults.append(Fault(place=f"objective '{objective.name}'", problem=problem, remedy=remedy))
    for ordered in model.component_data_objects(pyo.SOSConstraint, active=True):
        remedy = "write it with binary variables"
        problem = "special ordered sets cannot be added"
        faults.append(Fault(place=f"rule '{ordered.name}'", problem=problem, remedy=remedy))
    try:
        if not faults:
            with contextlib.suppress(ValueError):  # limits that are no numbers: told with their rule
                parts_of(model)
    except UnsupportedModel as error:
        faults.append(Fault(place=network.name, problem=str(error), remedy="add linear constraints only"))
    return faults


def _empty_rows(constraints: Sequence[Any], table: Table) -> list[Fault]:
    """Return a fault for each constraint in which no variable is left, unless it holds with what is fixed."""
    (data, _, starts), lower, upper = table
    faults = []
    for constraint, first, last, low, high in zip(constraints, starts, starts[1:], lower, upper, strict=False):
        if data[first:last].any():
            continue
        place = f"rule '{constraint.name}'"
        if not any(True for _ in identify_variables(constraint.body)):
            remedy = "look at its sums: do they run over anything?"
            faults.append(Fault(place=place, problem="names no variable of the model", remedy=remedy))
        elif not low <= RULES_TOLERANCE or not high >= -RULES_TOLERANCE:
            remedy = "fix something else, or drop the rule"
            faults.append(Fault(place=place, problem="cannot hold with what is fixed", remedy=remedy))
    return faults


def _rows_without_numbers(constraints: Sequence[Any], table: Table) -> list[Fault]:
    """Return a fault for each constraint with a coefficient or a limit that cannot be reckoned with.

    A row with such a coefficient would hold for every plan, and the rule would silently be none.
    """
    (data, _, starts), lower, upper = table
    faults = []
    for constraint, first, last, low, high in zip(constraints, starts, starts[1:], lower, upper, strict=False):
        if np.isfinite(data[first:last]).all() and not np.isnan([low, high]).any():
            continue
        problem, remedy = "has a number that is not finite", "look for a division by nothing, or an empty cell"
        faults.append(Fault(place=f"rule '{constraint.name}'", problem=problem, remedy=remedy))
    return faults
