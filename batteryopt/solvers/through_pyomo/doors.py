"""The Pyomo doors of every family: a model says what it was made from, so that a solved one can become an answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyomo.environ as pyo

from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers.contract.adapter import Report
from batteryopt.solvers.contract.points import violation_in_model
from batteryopt.solvers.contract.provenance import Route, Run

RULES_TOLERANCE = 1e-6
"""Relative violation that a user's rule may have at an answer: what a solver's own tolerance lets through."""
_ORIGIN = "_made_from"
"""Attribute of a Pyomo model that says what it was made from."""

Values = float | dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """What a Pyomo model was made from.

    Attributes
    ----------
    model
        Which model of its family it is.
    components
        Names of everything that it came with; what else it has is a user's.
    details
        What the family needs beside the instance to read an answer off it.
    """

    instance: Any
    model: Any
    components: frozenset[str]
    details: Any = field(default=None)


def marked(model: pyo.ConcreteModel, instance: Any, kind_of_model: Any, details: Any = None) -> pyo.ConcreteModel:
    """Return a model that remembers what it was made from."""
    names = frozenset(str(component.name) for component in model.component_objects())
    setattr(model, _ORIGIN, Origin(instance=instance, model=kind_of_model, components=names, details=details))
    return model


def origin_of(model: Any) -> Origin:
    """Return what a Pyomo model was made from, or raise `InvalidInput` where it was not made here."""
    origin = getattr(model, _ORIGIN, None)
    if isinstance(origin, Origin):
        return origin
    name, remedy = getattr(model, "name", model), "make it with batteryopt.model(instance)"
    fault = Fault(place=f"model '{name}'", problem="was not made from an instance", remedy=remedy)
    raise InvalidInput("plan_of", [fault])


def point_required(model: Any, variables: Iterable[Any]) -> None:
    """Raise `InvalidInput` where none of the variables has a value."""
    if all(variable.value is None for variable in variables):
        fault = Fault(place=f"model '{model.name}'", problem="holds no values", remedy="solve it first")
        raise InvalidInput("plan_of", [fault])


def of_the_user(model: Any, kind: type) -> list[Any]:
    """Return the components of a kind that a user added to a model, perhaps indexed."""
    ours = origin_of(model).components
    return [component for component in model.component_objects(kind, active=True) if component.name not in ours]


def values_of(variables: Iterable[Any]) -> dict[str, Values]:
    """Return the values of Pyomo variables by name: a number, or numbers by index; those without a value left out."""
    return {
        str(variable.name): {plain_key(key): float(pyo.value(data)) for key, data in variable.items()}
        if variable.is_indexed()
        else float(pyo.value(variable))
        for variable in variables
        if all(data.value is not None for data in variable.values())
    }


def plain_key(key: Any) -> str:
    """Return an index as text without commas, which stand between the keys of a name."""
    if key is None:
        return "all"
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)


def rule_checks(constraints: Iterable[Any]) -> Certificate:
    """Return a check for each constraint, perhaps indexed: how far the worst of its rows is from holding."""
    return Certificate(
        tuple(
            Check(
                name=f"rule-{constraint.name}",
                residual=violation_in_model([row for row in constraint.values() if row.active], ()),
                tolerance=RULES_TOLERANCE,
                detail=f"rows of your own: {len(constraint)}",
            )
            for constraint in constraints
        )
    )


def run_of(report: Report | None, certificate: Certificate, bound: float | None = None) -> Run:
    """Return how a point came about, as far as it is known: the status is the report's only with a bound of its own.

    Without a report nothing is claimed of the point but what the check finds.
    """
    found = PointStatus.FEASIBLE if certificate.passed else PointStatus.INFEASIBLE
    if report is None:
        reason = StopReason.CONVERGED
        return Run(route=Route.OPTIMIZER, solver="not told", stop_reason=reason, point_status=found, bound=bound)
    run = Run.of_report(report)
    is_borne_out = certificate.passed and (bound is not None or run.point_status is not PointStatus.OPTIMAL)
    return Run(
        route=Route.OPTIMIZER,
        solver=run.solver,
        stop_reason=run.stop_reason,
        point_status=run.point_status if is_borne_out else found,
        bound=bound,
        seconds=run.seconds,
    )
