"""A model restated in its natural units, solved in them, and brought back; see `batteryopt.solvers.scaling.units`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap
from pyomo.common.modeling import unique_component_name
from pyomo.core.expr.visitor import ExpressionReplacementVisitor

from batteryopt.ground.status import PointStatus
from batteryopt.solvers.compile.arrays import expression_value
from batteryopt.solvers.compile.components import Parts, parts_of
from batteryopt.solvers.contract.adapter import Adapter, BoundDuals, Options, Report
from batteryopt.solvers.contract.points import claim_tolerance, is_proven, judged, violation_in_model
from batteryopt.solvers.scaling.units import SMALL, Units, fitting, natural_units


def restated(variables: Iterable[Any], units: Units) -> tuple[Any, ComponentMap]:
    """Return a model with a variable ``x / u`` for each, at its value, and the map from the old to the new ones."""
    model = pyo.ConcreteModel(name="in natural units")
    new: ComponentMap = ComponentMap()
    for variable in variables:
        unit = units[variable]
        lower, upper = (None if bound is None else bound / unit for bound in variable.bounds)
        new[variable] = other = pyo.Var(domain=pyo.Reals if variable.is_continuous() else pyo.Integers)
        # A component each, not an index: Pyomo's visitors take up a whole component at once, data and variables alike.
        model.add_component(unique_component_name(model, str(variable.name)), other)
        other.setlb(lower)
        other.setub(upper)
        other.set_value(None if variable.value is None else variable.value / unit, skip_validation=True)
        if variable.fixed:
            other.fix()
    return model, new


def rewriter(new: ComponentMap, units: Units, others: dict[int, Any] | None = None) -> ExpressionReplacementVisitor:
    """Return what writes expressions in the new variables."""
    substitutes = {id(old): units[old] * variable for old, variable in new.items()}
    return ExpressionReplacementVisitor(substitute=substitutes | (others or {}))


def small_units(parts: Parts, objective: float) -> tuple[Units, float] | None:
    """Return the units of a model and of its objective where the latter is small; None where 1 will do.

    They are worked out only where an objective is small, so that other claims cost nothing.
    """
    if parts.objective is None or abs(objective) >= SMALL:
        return None
    units = _units_of(parts).cut()
    height = units.size(parts.objective.expr, has_level=False)
    return (units, height) if height < SMALL else None


def _units_of(parts: Parts) -> Units:
    objectives = [] if parts.objective is None else [parts.objective.expr]
    return natural_units(objectives, map(_row, parts.constraints), parts.variables)


def solve_in_natural_units(adapter: Adapter, model: Any, options: Options | None = None) -> Report:
    """Solve a model as `Adapter.solve` does, in its natural units where its own are small, or large.

    Where they are small, tolerances are relative to the model's own numbers, and so is what the report claims. Where
    they are large the answer is judged once more in the model's own units; if they do not bear it out, the model is
    solved as it stands.
    """
    parts, options = parts_of(model), options or Options()
    units = None if parts.sos else fitting(_units_of(parts), lambda units: [_height(parts, units)])
    if units is None:
        return adapter.solve(model, options)
    began = time.perf_counter()
    report = _solved(adapter, parts, units, options)
    if not units.loosen:
        return report
    judgement = _in_own_units(report, parts, _height(parts, units), options)
    if judgement.stop_reason.is_limit or judgement.point_status.is_claim:
        return judgement
    return adapter.solve(model, options.after(time.perf_counter() - began))


def _height(parts: Parts, units: Units) -> float:
    return 1.0 if parts.objective is None else units.size(parts.objective.expr, has_level=False)


def _solved(adapter: Adapter, parts: Parts, units: Units, options: Options) -> Report:
    height = _height(parts, units)
    scaled, new = restated(units.of, units)
    write = rewriter(new, units)
    scaled.row = pyo.ConstraintList()
    lines: ComponentMap = ComponentMap()
    for constraint in parts.constraints:
        body, lower, upper = _row(constraint)
        size = units.size(body, lower, upper)
        bounds = tuple(None if bound is None else bound / size for bound in (lower, upper))
        lines[constraint] = (_added(scaled.row, write.walk_expression(body) / size, *bounds), size)
    if parts.objective is not None:
        expression = write.walk_expression(parts.objective.expr) / height
        scaled.objective = pyo.Objective(expr=expression, sense=parts.objective.sense)
    report = adapter.solve(scaled, _in_units(options, height))
    return _brought_back(report, parts, new, units, lines, height)


def _in_own_units(report: Report, parts: Parts, height: float, options: Options) -> Report:
    """Return a report with the claim that a point bears out in the model's own units, where these are smaller.

    An objective far below its unit was searched for with tolerances that are no longer small to it.
    """
    if not report.has_point:
        return report
    objective, claim = expression_value(parts.objective), report.point_status
    is_blurred = parts.objective is not None and abs(objective) < SMALL * height
    if is_blurred or (claim is PointStatus.OPTIMAL and not is_proven(objective, report.bound, options)):
        claim = PointStatus.FEASIBLE if claim.is_feasible else claim
    violation = violation_in_model(parts.constraints, parts.variables)
    return dataclasses.replace(report, point_status=judged(claim, violation, claim_tolerance(options)))


def _row(constraint: Any) -> tuple[Any, float | None, float | None]:
    lower, body, upper = constraint.to_bounded_expression(evaluate_bounds=True)
    return body, lower, upper


def _added(rows: Any, body: Any, lower: float | None, upper: float | None) -> Any:
    if lower is not None and lower == upper:
        return rows.add(body == lower)
    return rows.add((lower, body, upper))


def _in_units(options: Options, height: float) -> Options:
    return dataclasses.replace(options, absolute_gap=options.absolute_gap / height)


def _brought_back(
    report: Report, parts: Parts, new: ComponentMap, units: Units, lines: ComponentMap, height: float
) -> Report:
    """Put the point into the user's variables, and the report's numbers into the user's units."""
    if report.point_status is not PointStatus.NONE:
        for old, variable in new.items():
            if not old.fixed and variable.value is not None:
                old.set_value(units[old] * variable.value, skip_validation=True)
    duals = ComponentMap((c, report.duals[r] * height / size) for c, (r, size) in lines.items() if r in report.duals)
    bound_duals: ComponentMap = ComponentMap()
    for old, variable in new.items():
        if variable in report.bound_duals:
            found, factor = report.bound_duals[variable], height / units[old]
            bound_duals[old] = BoundDuals(lower=found.lower * factor, upper=found.upper * factor)
    return dataclasses.replace(
        report,
        objective=None if report.objective is None else expression_value(parts.objective),
        bound=None if report.bound is None else report.bound * height,
        duals=duals,
        bound_duals=bound_duals,
    )
