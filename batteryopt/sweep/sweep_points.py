"""One point of a sweep: solved by the route asked for, and written as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from batteryopt.families import FAMILIES, Family
from batteryopt.ground.interrupt import unfinished_is_interrupted
from batteryopt.report.saved import numbers_of

AUTO = "auto"
ROUTES = (AUTO, "closed-form", "optimizer", "both")
"""By formula where it applies and by optimiser elsewhere; by one of them; or by both, in two rows a model."""

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
    """

    kind: str
    models: tuple[str, ...]
    route: str = AUTO
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> Family:
        """The family that solves it."""
        return FAMILIES[self.kind]


def solve_point(task: Task, instance: Any) -> list[Row]:
    """Return the rows of one point: one a model, or two with both routes.

    Raises
    ------
    KeyboardInterrupt
        If a solver was interrupted: the answer may not be what the sweep asked for.
    """
    with unfinished_is_interrupted():
        return [_row(model, answer, task.family.left_out) for model, answer in _answers(task, instance)]


def _answers(task: Task, instance: Any) -> Iterator[tuple[str, Any]]:
    if task.route != AUTO:
        result = task.family.solve_instance(instance, task.models, route=task.route, **task.options)
        for answers in (result.models, result.closed_form or {}):
            yield from ((str(model), answer) for model, answer in answers.items())
        return
    formulas = task.family.solve_instance(instance, task.models, route="closed-form", **task.options).models
    unsettled = [str(model) for model, answer in formulas.items() if not _is_settled(answer)]
    optima: Mapping[Any, Any] = {}
    if unsettled:
        optima = task.family.solve_instance(instance, unsettled, route="optimizer", **task.options).models
    yield from ((str(model), optima.get(model, answer)) for model, answer in formulas.items())


def _is_settled(formula: Any) -> bool:
    """Whether a formula has answered; that there is no contract, it can say too, where its family tells that apart."""
    return formula.solution is not None or getattr(formula, "applies", False)


def _row(model: str, answer: Any, left_out: tuple[str, ...]) -> Row:
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
    }
    for name, value in numbers_of(document, left_out):
        row.update(_columns(name, value))
    return {**row, "reason": answer.reason}


def _columns(name: str, value: Any) -> Row:
    """Return a number under its name, the items of a list under ``name.0``, ``name.1`` ..."""
    if not isinstance(value, list):
        return {name: value}
    return {column: item for k, inner in enumerate(value) for column, item in _columns(f"{name}.{k}", inner).items()}
