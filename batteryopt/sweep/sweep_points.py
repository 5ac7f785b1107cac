"""One point of a sweep: solved by the route asked for, and written as rows of a table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batteryopt.families import FAMILIES, Family
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.interrupt import unfinished_is_interrupted
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.report.saved import numbers_of
from batteryopt.sweep.sweep_grid import SweepPoint

AUTO = "auto"
ROUTES = (AUTO, "closed-form", "optimizer", "both")
"""By formula where it applies and by optimiser elsewhere; by one of them; or by both, in two rows a model."""
LEFT = "_left"
"""Where a row keeps what it leaves to its neighbour; such columns are no part of the table."""
LEAST_SECONDS = 0.1

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is done at every point; plain data, so that it can go to another process.

    Attributes
    ----------
    models
        Names of the models.
    route
        One of `ROUTES`.
    options
        As in the family's `solve`: solver, time_limit, gap, threads.
    until
        The time (`time.time`) by which all points are over; no solve is given more than what is left.
    """

    kind: str
    models: tuple[str, ...]
    route: str = AUTO
    options: Mapping[str, Any] = field(default_factory=dict)
    until: float | None = None

    @property
    def family(self) -> Family:
        """The family that solves it."""
        return FAMILIES[self.kind]

    def options_now(self) -> dict[str, Any]:
        """Return the options of a solve that begins now."""
        if self.until is None:
            return dict(self.options)
        left = max(self.until - time.time(), LEAST_SECONDS)
        return {**self.options, "time_limit": min(left, self.options.get("time_limit") or left)}


def solve_point(task: Task, point: SweepPoint, neighbour: Sequence[Row] = ()) -> list[Row]:
    """Return the rows of one point: one a model, or two with both routes.

    Parameters
    ----------
    neighbour
        The rows of the point from which this one begins.

    Raises
    ------
    KeyboardInterrupt
        If a solver was interrupted: the answer may not be what the sweep asked for.
    """
    try:
        instance = point.instance
    except InvalidInput as error:  # seen before, where there are not too many points to look at them all
        words = "; ".join(map(str, error.faults))
        return empty_rows(task, StopReason.INFEASIBLE, f"no instance: {words}")
    more = _taken(task.family, instance, neighbour)
    with unfinished_is_interrupted():
        return [_row(model, answer, task.family) for model, answer in _answers(task, instance, more)]


def empty_rows(task: Task, stop_reason: StopReason, reason: str) -> list[Row]:
    """Return the rows of a point that was not solved."""
    route = "optimizer" if task.route == AUTO else task.route
    return [
        {
            "model": model,
            "route": route,
            "solver": None,
            "stop_reason": stop_reason.value,
            "point_status": PointStatus.NONE.value,
            "certified": None,
            "objective": None,
            "bound": None,
            "gap": None,
            "reason": reason,
        }
        for model in task.models
    ]


def _taken(family: Family, instance: Any, neighbour: Sequence[Row]) -> dict[str, Any]:
    left = next((row[LEFT] for row in neighbour if row.get(LEFT)), None)
    return {} if left is None or not family.takes else family.get(family.takes)(instance, left)


def _answers(task: Task, instance: Any, more: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    route = "optimizer" if task.route == AUTO and not task.family.has_formulas else task.route
    if route != AUTO:
        result = task.family.solve_instance(instance, task.models, route=route, **task.options_now(), **more)
        for answers in (result.models, result.closed_form or {}):
            yield from ((str(model), answer) for model, answer in answers.items())
        return
    formulas = task.family.solve_instance(instance, task.models, route="closed-form", **task.options_now()).models
    unsettled = [str(model) for model, answer in formulas.items() if not _is_settled(answer)]
    optima: Mapping[Any, Any] = {}
    if unsettled:
        optima = task.family.solve_instance(instance, unsettled, route="optimizer", **task.options_now()).models
    yield from ((str(model), optima.get(model, answer)) for model, answer in formulas.items())


def _is_settled(formula: Any) -> bool:
    """Whether a formula has answered; that there is no contract, it can say too, where its family tells that apart."""
    return formula.solution is not None or getattr(formula, "applies", False)


def _row(model: str, answer: Any, family: Family) -> Row:
    """Return an answer as one row; without times, so that the same sweep gives the same table."""
    document = answer.to_json()
    row: Row = {
        "model": model,
        "route": document["route"],
        "solver": document["solver"],
        "stop_reason": document["stop_reason"],
        "point_status": document["point_status"],
        "certified": answer.certificate.passed if answer.solution is not None else None,
        "objective": document["objective"],
        "bound": document["bound"],
        "gap": document["gap"],
    }
    for name, value in numbers_of(document, family.left_out):
        row.update(_columns(name, value))
    text = {"plan": family.get(family.row_text)(answer)} if family.row_text else {}
    left = {LEFT: family.get(family.leaves)(answer)} if family.leaves else {}
    return {**row, **text, "reason": answer.reason, **left}


def _columns(name: str, value: Any) -> Row:
    """Return a number under its name, the items of a list under ``name.0``, ``name.1`` ..."""
    if not isinstance(value, list):
        return {name: value}
    return {column: item for k, inner in enumerate(value) for column, item in _columns(f"{name}.{k}", inner).items()}
