"""Rules that a user adds in Pyomo: only what is added is compiled, and joins the formulation as further rows.

The function of the user is given the model with its sets, variables and expressions, and adds constraints, variables of
its own, or fixes what is decided. The formulation's own equations stay as they are; so do the cuts that follow from
them, for whatever follows from some equations follows from more. What holds for one of several equal plans only (the
order of equal sites, the most trips that a load can need) does not, and is left out or widened.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr.visitor import identify_variables

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput, UnsupportedModel
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Bools, Floats, Formulation, Rows, index
from batteryopt.network.formulation.pyomo_model import columns_of, with_variables
from batteryopt.network.formulation.user_words import left_outside, says_nothing, told_in_the_users_words
from batteryopt.network.formulation.widened import open_to_rules
from batteryopt.solvers.compile.arrays import Columns, bounds_of, linear_rows
from batteryopt.solvers.compile.components import numbers_required, parts_of
from batteryopt.solvers.contract.points import write_point
from batteryopt.solvers.through_pyomo.doors import RULES_TOLERANCE, Values, plain_key, rule_checks, values_of

RuleFunction = Callable[[Any], object]
"""Takes the model, and adds to it."""
ROW_PREFIX, VARIABLE_PREFIX = "rule ", "own "
"""Before the names of what was added, so that a user may call it as he likes."""
NARROWED = "fixed or narrowed"
"""Family of rows for the bounds that a user set on the model's own variables."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Added:
    """What a user's rules added to a formulation.

    Attributes
    ----------
    model
        The Pyomo model that the rules were written into.
    columns
        Its variables in the order of the formulation's columns, those of the user last.
    variables, constraints
        Components that were added, each perhaps indexed.
    """

    model: Any
    columns: Sequence[Any]
    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]

    def put(self, x: Floats) -> None:
        """Put a point into the variables, whole numbers as such."""
        write_point(self.columns, x)
        for variable in self.columns:
            if not variable.is_continuous():
                variable.set_value(round(variable.value), skip_validation=True)

    def values(self) -> dict[str, Values]:
        """Return the values of the user's variables by name: a number, or numbers by index."""
        return values_of(self.variables)

    def checks(self) -> Certificate:
        """Return whether each rule holds where the variables stand, evaluated by Pyomo from what the user wrote."""
        return rule_checks(self.constraints)


def add_rules(network: Network, m: Formulation, rules: RuleFunction) -> Added:
    """Let a user's function write into the model, and add what it wrote to the formulation.

    Parameters
    ----------
    m
        Rows and variables are added to it, and what only chooses among equal plans is dropped.

    Raises
    ------
    InvalidInput
        With everything that the rules have and a network's model cannot take, by the names that the user gave.
    """
    m.drop_choices()
    model = with_variables(m)
    columns = columns_of(model, m)
    limits = _Limits(columns)
    ours = {id(component) for component in model.component_objects()}
    ours_by_name = set(vars(model))
    with told_in_the_users_words(network, model, m.rows):
        returned = rules(model)
    found = _collected(network, model, columns, ours)
    faults = limits.faults(columns) + found.faults + left_outside(model, returned, ours_by_name)
    narrowed = limits.narrowed(columns)
    if not faults and not found.constraints and not found.variables and narrowed is None:
        problem, remedy = "adds nothing to the model", "give each a name in it: model.NAME = Constraint(...)"
        faults.append(Fault(place="rules", problem=problem, remedy=remedy))
    if faults:
        raise InvalidInput(f"{network.name}: your rules", faults)
    _join_variables(m, found.variables)
    for name, labels, table in found.rows:
        _join_rows(m, ROW_PREFIX + name, labels, table, doc=f"your rule {name}")
    if narrowed is not None:
        labels, table = narrowed
        _join_rows(m, ROW_PREFIX + NARROWED, labels, table, doc="what you fixed or narrowed")
    open_to_rules(m, _named_by_rules(m))
    every = (*columns, *(data for variable in found.variables for data in variable.values()))
    return Added(model=model, columns=every, variables=found.variables, constraints=found.constraints)


Table = tuple[Any, Floats, Floats]
"""Rows as `linear_rows` returns them: (data, indices, indptr), lower, upper."""


@dataclass(frozen=True, kw_only=True)
class _Collected:
    """What was added, compiled: the rows of each constraint by its name, with a label each; and what is wrong."""

    variables: tuple[Any, ...]
    constraints: tuple[Any, ...]
    rows: list[tuple[str, list[str], Table]]
    faults: list[Fault]


def _collected(network: Network, model: Any, columns: Sequence[Any], ours: set[int]) -> _Collected:
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
            rows.append((str(constraint.name), [plain_key(data.index()) for data in active], table))
    for variable in known.variables[count:]:
        problem = f"variable '{variable.name}' stands in a rule and not in the model"
        faults.append(Fault(place=f"variable '{variable.name}'", problem=problem, remedy="add it: model.NAME = Var()"))
    return _Collected(variables=variables, constraints=constraints, rows=rows, faults=faults)


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


# ---- what was done to the model's own variables --------------------------------------------------------------------


class _Limits:
    """The bounds and domains of the model's own variables, before a user's rules."""

    def __init__(self, columns: Sequence[Any]) -> None:
        self.lower, self.upper = bounds_of(columns)
        self.is_integer = _integers(columns)

    def faults(self, columns: Sequence[Any]) -> list[Fault]:
        """Return a fault for each variable that was given more room, or fixed where it cannot be."""
        lower, upper = _limits_now(columns)
        looser = (lower < self.lower) | (upper > self.upper) | (self.is_integer & ~_integers(columns))
        faults = []
        for j in np.flatnonzero(looser).tolist():
            what = "fixed at" if columns[j].fixed else "given"
            problem = f"{what} [{lower[j]:g}, {upper[j]:g}], and lies in [{self.lower[j]:g}, {self.upper[j]:g}]"
            remedy = "rules can narrow what may be decided, not widen it: that is the network's tables"
            faults.append(Fault(place=f"variable '{columns[j].name}'", problem=problem, remedy=remedy))
        return faults

    def narrowed(self, columns: Sequence[Any]) -> tuple[list[str], Table] | None:
        """Return a row for each variable whose bounds were narrowed; as rows, so that a conflict can name them."""
        lower, upper = _limits_now(columns)
        mine = np.flatnonzero((lower > self.lower) | (upper < self.upper))
        if not len(mine):
            return None
        entries = np.ones(len(mine)), mine.astype(np.int32), np.arange(len(mine) + 1, dtype=np.int32)
        labels = [str(columns[j].name).replace(",", "/") for j in mine.tolist()]
        return labels, (entries, lower[mine], upper[mine])


def _limits_now(columns: Sequence[Any]) -> tuple[Floats, Floats]:
    """Return bounds, both the value where a variable is fixed."""
    lower, upper = bounds_of(columns)
    for j, variable in enumerate(columns):
        if variable.fixed:
            lower[j] = upper[j] = float(pyo.value(variable))
    return lower, upper


def _integers(columns: Sequence[Any]) -> Any:
    return np.fromiter((not v.is_continuous() for v in columns), bool, len(columns))


# ---- joining the formulation ---------------------------------------------------------------------------------------


def _join_variables(m: Formulation, variables: Sequence[Any]) -> None:
    for variable in variables:
        name = VARIABLE_PREFIX + variable.name
        data = list(variable.values())
        m.labels = {**m.labels, name: [plain_key(each.index()) for each in data]}
        lower, upper = _limits_now(data)
        m.variables(
            name,
            index((name,), **{name: np.arange(len(data))}),
            lower=lower,
            upper=upper,
            is_integer=_integers(data),
            doc=variable.doc or "your own",
            is_added=True,
        )


def _join_rows(m: Formulation, name: str, labels: list[str], table: Table, *, doc: str) -> None:
    (data, columns, starts), lower, upper = table
    m.labels = {**m.labels, name: labels}
    m.rows[name] = Rows(
        name=name,
        index=index((name,), **{name: np.arange(len(labels))}),
        row=np.repeat(np.arange(len(labels), dtype=np.int64), np.diff(starts)),
        variable=np.asarray(columns, dtype=np.int64),
        coefficient=data,
        lower=lower,
        upper=upper,
        doc=doc,
        is_added=True,
    )


def _named_by_rules(m: Formulation) -> Bools:
    """Return which columns the added rows speak of (n)."""
    named = np.zeros(m.size, dtype=bool)
    for rows in m.rows.values():
        if rows.is_added:
            named[rows.variable] = True
    return named
