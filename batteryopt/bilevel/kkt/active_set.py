"""Which of each complementarity pair is zero: read it off a point, fix it, and solve what is left exactly.

A spatial solver stops at its feasibility tolerance and a relaxation at its last parameter; with the zeros fixed the
single-level problem is an ordinary smooth one (often linear), and its solution is accurate to the last digits.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import pyomo.environ as pyo

from batteryopt import solvers
from batteryopt.bilevel.kkt.single_level import KktSystem
from batteryopt.bilevel.problem.forms import variables_in
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers import Options, Report

PART_OF_THE_CONDITIONS = ("leader_constraint", "one_price")
"""Constraints on the single-level model itself that are not a method's expression of complementarity."""
LARGEST_LOSS = 1e-5
"""Relative loss of the leader that a polish may bring: a spatial solver's point can be better by being infeasible."""
MOST_EXACT_VARIABLES = 500
"""Up to this size a quadratic polish goes to HiGHS' active-set solver, above it to Ipopt."""
TOLERANCE = 1e-10
"""How exactly Ipopt polishes."""


def polish(system: KktSystem, *, objective: float | None, time_limit: float | None = None) -> Report | None:
    """Improve the point in the variables with its active set fixed.

    Parameters
    ----------
    objective
        The leader's objective at the point; a polished point that is worse beyond rounding is not taken.

    Returns
    -------
    Report or None
        The polish's report where its point was taken; None where the old point was kept.
    """
    model = system.model
    variables = all_variables(system)
    before = [v.value for v in variables]
    sense = system.problem.sense
    with _complementarity_removed(model), _active_set_fixed(system), _integers_fixed(variables):
        report = _solve_smooth(
            model,
            Options(
                time_limit=time_limit, feasibility_tolerance=TOLERANCE, optimality_tolerance=TOLERANCE, warm_start=True
            ),
        )
    if report is not None and _is_as_good(report, objective, sense):
        return report
    for variable, value in zip(variables, before, strict=True):
        variable.set_value(value, skip_validation=True)
    return None


def _is_as_good(report: Report, objective: float | None, sense: int) -> bool:
    """Whether a polished point is feasible and loses no more than the rounding it is there to remove."""
    if not report.point_status.is_feasible or report.objective is None:
        return False
    return objective is None or sense * (report.objective - objective) <= LARGEST_LOSS * max(1.0, abs(objective))


def all_variables(system: KktSystem) -> list[Any]:
    """Return the user's variables and the multipliers of a single-level model."""
    model = system.model
    expressions = [model.objective.expr]
    expressions.extend(c.body for c in model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    return list(variables_in(expressions))


def set_slacks(system: KktSystem) -> None:
    """Give every slack the value that its row has at the point."""
    for pair in system.all_pairs:
        value = pyo.value(pair.row.form.expression, exception=False)
        pair.slack.set_value(0.0 if value is None or math.isnan(value) else max(0.0, -value), skip_validation=True)


@contextlib.contextmanager
def _complementarity_removed(model: Any) -> Iterator[None]:
    """Take away what a method added to the KKT system."""
    added = [
        c
        for c in model.component_objects((pyo.Constraint, pyo.SOSConstraint), active=True, descend_into=False)
        if c.local_name not in PART_OF_THE_CONDITIONS
    ]
    for component in added:
        component.deactivate()
    try:
        yield
    finally:
        for component in added:
            component.activate()


@contextlib.contextmanager
def _active_set_fixed(system: KktSystem) -> Iterator[None]:
    """Fix the smaller of each pair at zero."""
    chosen = [
        p.slack if (p.slack.value or 0.0) <= (p.multiplier.value or 0.0) else p.multiplier for p in system.all_pairs
    ]
    for variable in chosen:
        variable.fix(0.0)
    try:
        yield
    finally:
        for variable in chosen:
            variable.unfix()


@contextlib.contextmanager
def _integers_fixed(variables: list[Any]) -> Iterator[None]:
    integers = [v for v in variables if not v.is_continuous()]
    for variable in integers:
        variable.fix(round(variable.value))
    try:
        yield
    finally:
        for variable in integers:
            variable.unfix()


def _solve_smooth(model: Any, options: Options) -> Report | None:
    """Solve with HiGHS where it can take the model, else with Ipopt from the point."""
    if is_small(model):
        with contextlib.suppress(UnsupportedModel):
            return solvers.get("highs").solve(model, Options(time_limit=options.time_limit))
    with contextlib.suppress(UnsupportedModel):
        return solvers.get("ipopt").solve(model, options)
    return None


def is_small(model: Any) -> bool:
    """Whether the model may go to HiGHS' active-set solver, if it is quadratic."""
    rows = sum(1 for _ in model.component_data_objects(pyo.Constraint, active=True, descend_into=True))
    return rows <= MOST_EXACT_VARIABLES
