"""All points of a sweep, in this process or in several, with a journal that survives an interrupt."""

from __future__ import annotations

import functools
import importlib.metadata
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.families import family_of
from batteryopt.ground.status import StopReason
from batteryopt.report.saved import grouped
from batteryopt.sweep.sweep_grid import Axis, SweepGrid, grid_of
from batteryopt.sweep.sweep_points import AUTO, LEFT, Row, Task, empty_rows, solve_point
from batteryopt.tables.toml_input import TomlInstance
from batteryopt.work.journal import digest_of
from batteryopt.work.parts import all_parts

LAST_COLUMNS = ("plan", "reason")
DIED = "a worker died on this point, twice: a solver took it down, or memory ran out"
NOT_BEGUN = "not begun: the time for all points was over"
"""Why a point has no answer."""


def sweep(
    instance: Any,
    axes: Sequence[Axis],
    *,
    models: Sequence[str] = (),
    route: str = AUTO,
    jobs: int = 1,
    scheduler: str = "",
    is_warm: bool = True,
    time_for_all: float | None = None,
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
    scheduler
        Address of a Dask scheduler whose workers solve the points, or "mpi"; empty: this machine.
    is_warm
        Whether a point of a network begins from the plan of the one before it along the last axis.
    time_for_all
        Seconds after which no point is begun; those that were not say so in their rows.
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
    until = None if time_for_all is None else time.time() + time_for_all
    grid, task = grid_of(instance, axes), task_of(instance, models, route, until=until, **options)
    needs = grid.neighbours() if is_warm and task.family.takes else {}
    found = all_parts(
        functools.partial(solve_point, task),
        grid.parts,
        name="sweep",
        identity=identity_of(grid, task) | ({"is_warm": bool(needs)} if task.family.takes else {}),
        jobs=jobs,
        scheduler=scheduler,
        needs=needs,
        lost=lambda _: empty_rows(task, StopReason.NUMERICAL_TROUBLE, DIED),
        until=until,
        journal=journal,
        restart=restart,
        on_progress=on_progress,
    )
    missing = empty_rows(task, StopReason.TIME_LIMIT, NOT_BEGUN)
    return _frame(grid, {number: found.get(number, missing) for number in range(len(grid.points))})


def task_of(instance: Any, models: Sequence[str], route: str, *, until: float | None = None, **options: Any) -> Task:
    """Return what is done at every point."""
    family = family_of(instance.kind)
    names = tuple(models) or tuple(str(model) for model in family.get(family.default_models))
    return Task(kind=instance.kind, models=names, route=route, options=options, until=until)


def identity_of(grid: SweepGrid, task: Task) -> dict[str, Any]:
    """Return what makes a sweep the same as another: everything that its answers depend on."""
    return {
        "batteryopt": importlib.metadata.version("batteryopt"),
        "instance": _digest(grid.base),
        "vary": {f"{axis.key}{axis.how.sign}": list(axis.values) for axis in grid.axes},
        "models": list(task.models),
        "route": task.route,
        "options": dict(task.options),
    }


def _digest(instance: Any) -> str:
    """Return what tells an instance from any other: a digest of the files that it would be saved as."""
    if isinstance(instance, TomlInstance):
        return digest_of({"": instance.model_dump_json().encode()})
    return digest_of(family_of(instance.kind).copy_of(instance))


def _frame(grid: SweepGrid, done: Mapping[int, list[Row]]) -> pd.DataFrame:
    rows = [{**values, **row} for point, values in enumerate(grid.points) for row in done[point]]
    columns = grouped(column for row in rows for column in row if column not in (*LAST_COLUMNS, LEFT))
    return pd.DataFrame(rows, columns=[*columns, *(column for column in LAST_COLUMNS if column in rows[0])])
