"""All points of a sweep, in this process or in several, with a journal that survives an interrupt."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.families import family_of
from batteryopt.report.saved import grouped
from batteryopt.sweep.parts import all_parts
from batteryopt.sweep.sweep_grid import Axis, SweepGrid, grid_of
from batteryopt.sweep.sweep_points import AUTO, Row, Task, solve_point

LAST_COLUMNS = ("reason",)


def sweep(
    instance: Any,
    axes: Sequence[Axis],
    *,
    models: Sequence[str] = (),
    route: str = AUTO,
    jobs: int = 1,
    journal: Path | None = None,
    restart: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
    **options: Any,
) -> pd.DataFrame:
    """Solve an instance over a grid of some of its numbers.

    Parameters
    ----------
    axes
        What varies; with several, every combination is solved.
    models
        By default the family's usual ones.
    route
        "auto" (formula where it applies, optimiser elsewhere), "closed-form", "optimizer" or "both".
    jobs
        Processes; with more than one, a script must guard its main part with ``if __name__ == "__main__"``.
    journal
        Where to note what is done; the same sweep with the same journal goes on where it was interrupted.
    restart
        Forget what the journal has.
    on_progress
        Told how many points are done.
    options
        As in the family's `solve`; a time limit holds for each point.

    Returns
    -------
    pandas.DataFrame
        One row a point and model, in the order of the grid: the keys, then what the answer's JSON has, by its names.

    Raises
    ------
    InvalidInput
        If a key or a value cannot be used, all at once and before anything is solved; or the journal is another's.
    KeyboardInterrupt
        If interrupted; the journal keeps what is done.
    """
    grid, task = grid_of(instance, axes), task_of(instance, models, route, **options)
    found = all_parts(
        functools.partial(solve_point, task),
        grid.instances,
        name="sweep",
        identity=identity_of(grid, task),
        jobs=jobs,
        journal=journal,
        restart=restart,
        on_progress=on_progress,
    )
    return _frame(grid, found)


def task_of(instance: Any, models: Sequence[str], route: str, **options: Any) -> Task:
    """Return what is done at every point."""
    family = family_of(instance.kind)
    names = tuple(models) or tuple(str(model) for model in family.get(family.default_models))
    return Task(kind=instance.kind, models=names, route=route, options=options)


def identity_of(grid: SweepGrid, task: Task) -> dict[str, Any]:
    """Return what makes a sweep the same as another: everything that its answers depend on."""
    return {
        "batteryopt": importlib.metadata.version("batteryopt"),
        "instance": hashlib.sha256(grid.base.model_dump_json().encode()).hexdigest()[:16],
        "vary": {f"{axis.key}{axis.how.sign}": list(axis.values) for axis in grid.axes},
        "models": list(task.models),
        "route": task.route,
        "options": dict(task.options),
    }


def _frame(grid: SweepGrid, done: Mapping[int, list[Row]]) -> pd.DataFrame:
    rows = [{**values, **row} for point, values in enumerate(grid.points) for row in done[point]]
    columns = grouped(column for row in rows for column in row if column not in LAST_COLUMNS)
    return pd.DataFrame(rows, columns=[*columns, *LAST_COLUMNS])
