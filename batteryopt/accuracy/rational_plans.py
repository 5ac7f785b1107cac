"""Programs with few whole variables: every choice of theirs is a linear program, proven by a basis or to be infeasible.

A choice is infeasible where the least sum of what rows have to be widened by, itself proven by a basis, is above 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pyomo.environ as pyo

from batteryopt.accuracy.digits import NoReference
from batteryopt.accuracy.problem import Truth
from batteryopt.accuracy.rational_basis import best_by_basis
from batteryopt.accuracy.rational_proofs import Rational, truth_of_plan

MOST_CHOICES = 512
"""Of whole variables, that are gone through."""
Plan = tuple[Fraction, bool, dict[str, Rational]]
"""What a choice costs, whether its program has one optimum only, and that."""


def truth_of_small_program(model: Any) -> Truth:
    """Return the truth about a linear program, or one with few whole variables, that has an optimum.

    Raises
    ------
    NoReference
        If there are too many choices, or one of them could not be proven.
    """
    if not _whole(model):
        return best_by_basis(model).truth
    plans = sorted(_plans(model), key=lambda plan: plan[0])
    if not plans:
        raise NoReference("no choice of the whole variables is feasible")
    if _is_maximised(model):
        plans.reverse()
    cost, is_unique, best = plans[0]
    apart = abs(plans[1][0] - cost) if len(plans) > 1 else None
    return truth_of_plan(
        model,
        best,
        cost,
        is_unique=is_unique and apart != 0,
        resolution=float(apart / 2) if apart else None,
    )


def _whole(model: Any) -> list[Any]:
    return [v for v in model.component_data_objects(pyo.Var, active=True) if not v.fixed and not v.is_continuous()]


def _is_maximised(model: Any) -> bool:
    return any(o.sense == pyo.maximize for o in model.component_data_objects(pyo.Objective, active=True))


def _plans(model: Any) -> Iterator[Plan]:
    """Yield the best plan of every feasible choice."""
    whole = _whole(model)
    if any(v.lb is None or v.ub is None for v in whole):
        raise NoReference("a whole variable has no bounds: its choices have no end")
    ranges = [range(math.ceil(v.lb), math.floor(v.ub) + 1) for v in whole]
    count = math.prod(len(choices) for choices in ranges)
    if count > MOST_CHOICES:
        raise NoReference(f"{count} choices of whole variables are too many to go through: at most {MOST_CHOICES}")
    for choice in itertools.product(*ranges):
        fixed = dict(zip((str(v.name) for v in whole), choice, strict=True))
        found = _best_of(model, fixed)
        if found is not None:
            yield found


def _best_of(model: Any, choice: dict[str, int]) -> Plan | None:
    """Return the best plan of one choice; None where a proof says that it has none."""
    try:
        best = best_by_basis(_chosen(model, choice))
    except NoReference:
        if _least_widening(_chosen(model, choice)) <= 0:
            raise
        return None
    return best.objective, best.is_unique, best.point | choice


def _chosen(model: Any, choice: dict[str, int]) -> Any:
    """Return a copy of the model in which whole variables are data."""
    copy = model.clone()
    for variable in copy.component_data_objects(pyo.Var):
        if variable.name in choice:
            variable.fix(choice[variable.name])
    return copy


def _least_widening(model: Any) -> Fraction:
    """Return the least sum by which the rows of a linear program have to be widened to have a point."""
    for objective in model.component_data_objects(pyo.Objective, active=True):
        objective.deactivate()
    rows = list(model.component_data_objects(pyo.Constraint, active=True))
    model.widening = pyo.Var(range(len(rows)), ["below", "above"], bounds=(0, None))
    model.widened = pyo.ConstraintList()
    for k, row in enumerate(rows):
        lower, body, upper = row.to_bounded_expression(evaluate_bounds=True)
        row.deactivate()
        eased = body + model.widening[k, "below"] - model.widening[k, "above"]
        model.widened.add(eased == lower if lower is not None and lower == upper else (lower, eased, upper))
    model.least_widening = pyo.Objective(expr=pyo.quicksum(model.widening.values()))
    return best_by_basis(model).objective
