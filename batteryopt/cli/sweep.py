"""The command `sweep`: many instances around one."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, gravest, guarded, say_stopped
from batteryopt.cli.given_changes import Given, SetOption, WhatIfOption, given_instance
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, counting, say
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.status import StopReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from batteryopt.families import Family
    from batteryopt.sweep import Axis


SchedulerOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Let the workers of a Dask scheduler do the points, such as tcp://host:8786; or 'mpi', within mpiexec.",
    ),
]


class SweepRoute(enum.StrEnum):
    """By which route to solve each point."""

    AUTO = "auto"
    CLOSED_FORM = "closed-form"
    OPTIMIZER = "optimizer"
    BOTH = "both"


@guarded
def sweep(
    instance: given.InstanceArgument,
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="KEY=START:STOP:COUNT",
            help="A key and its values, with *= factors and with += amounts; repeat for a grid.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The table: .csv or .parquet.")],
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A picture: .html (interactive, works offline) or .png.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="PAGE.html", help="A page: pictures, plans, every row; works offline.")
    ] = None,
    model: given.ModelOption = None,
    route: Annotated[
        SweepRoute, typer.Option(help="auto: by formula where it applies, by optimiser elsewhere.")
    ] = SweepRoute.AUTO,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes.")] = 1,
    scheduler: SchedulerOption = None,
    solver: given.SolverOption = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Stop each point after this many seconds.")
    ] = None,
    time_for_all: Annotated[
        float | None, typer.Option(metavar="S", help="Begin no point after this many seconds; the rest say so.")
    ] = None,
    cold: Annotated[
        bool, typer.Option("--cold", help="Networks: begin no point from the plan of the one before it.")
    ] = False,
    scenario: given.ScenarioOption = None,
    gap: given.GapOption = None,
    gap_money: given.GapMoneyOption = None,
    threads: given.ThreadsOption = None,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted sweep has done.")] = False,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Solve an instance over a grid of some of its numbers; after an interrupt the same command goes on."""
    from batteryopt.sweep import sweep as run
    from batteryopt.sweep.sweep_files import journal_of, write_table
    from batteryopt.sweep.sweep_run import NOT_BEGUN

    is_shared = jobs > 1 or bool(scheduler)
    options = given.solving_options(solver, time_limit, gap, threads if threads or not is_shared else 1)
    refusals = Refusals()
    changed = given_instance(refusals, instance, sets, what_if)
    options |= _of_networks(changed, refusals, scenario, gap_money)
    family, game = changed.family, changed.instance
    with refusals:
        given.refuse_faulty_options(
            family, model or [], solver=solver, time_limit=time_limit, gap=gap, threads=threads, jobs=jobs
        )
    axes = _axes(vary, game, refusals)
    with refusals:
        refuse_scheduler(scheduler, _time_faults(time_for_all))
    with refusals:
        _refuse_files(out, plot, report, len(vary), overwrite=overwrite)
    refusals.raise_all()
    assert family is not None
    journal, total = journal_of(out), _count(axes)
    try:
        with clean_stdout(), counting(total, "sweep") as progress:
            frame = run(
                game,
                axes,
                models=model or (),
                route=route.value,
                jobs=jobs,
                scheduler=scheduler or "",
                is_warm=not cold,
                time_for_all=time_for_all,
                journal=journal,
                restart=restart,
                on_progress=progress,
                **options,
            )
    except KeyboardInterrupt:
        return say_stopped(journal)
    write_table(frame, out)
    _summarize(frame, out)
    if (frame["reason"] == NOT_BEGUN).any():
        say(f"{journal} keeps what is done: the same command goes on from there")
    else:
        journal.unlink(missing_ok=True)
    if plot is not None:
        _draw(frame, family, game, axes, plot)
    if report is not None:
        _write_report(frame, changed, axes, report)
    return gravest(map(_row_status, *(frame[column] for column in ("stop_reason", "point_status", "certified"))))


def _of_networks(changed: Given, refusals: Refusals, scenario: str | None, gap_money: float | None) -> dict[str, Any]:
    """Return the options that only networks have."""
    with refusals:
        if changed.family is not None and changed.instance is not None:
            return changed.family.read_options(changed.instance, scenario=scenario, gap_money=gap_money)
    return {}


def refuse_scheduler(scheduler: str | None, others: Iterable[Fault] = ()) -> None:
    """Raise `InvalidInput` where a scheduler cannot be used, as far as that is seen before it is asked; with others."""
    from batteryopt.work.crews import crew_faults

    faults = [*crew_faults(scheduler), *others]
    if faults:
        raise InvalidInput("command line", faults)


def _time_faults(time_for_all: float | None) -> Iterator[Fault]:
    if time_for_all is not None and not 0 < time_for_all < float("inf"):
        remedy = "expected a number of seconds above 0"
        yield Fault(place="--time-for-all", problem=f"is {time_for_all:g}", remedy=remedy)


def _axes(vary: list[str], game: Any, refusals: Refusals) -> list[Axis]:
    """Return what varies; whatever is wrong with it goes to the refusals."""
    from batteryopt.sweep import Axis, grid_of

    axes: list[Axis] = []
    for text in vary:
        with refusals:
            axes.append(Axis.parse(text))
    if game is not None and len(axes) == len(vary):
        with refusals:
            grid_of(game, axes)
    return axes


def _refuse_files(out: Path, plot: Path | None, report: Path | None, keys: int, *, overwrite: bool) -> None:
    from batteryopt.report.plots import page_faults, plot_faults
    from batteryopt.sweep.sweep_files import place_faults, table_faults

    faults = list(table_faults(out, overwrite=overwrite))
    if plot is not None:
        faults += [*plot_faults(plot, keys), *place_faults("--plot", plot, overwrite=overwrite)]
    if report is not None:
        faults += [*page_faults(report), *place_faults("--report", report, overwrite=overwrite)]
    if faults:
        raise InvalidInput("command line", faults)


def _count(axes: list[Axis]) -> int:
    count = 1
    for axis in axes:
        count *= len(axis.values)
    return count


def _write_report(frame: pd.DataFrame, changed: Given, axes: list[Axis], path: Path) -> None:
    from batteryopt.sweep.sweep_page import write_sweep_page
    from batteryopt.sweep.swept import Swept

    assert changed.family is not None
    swept = Swept(
        frame=frame,
        title=changed.instance.name,
        kind=changed.family.kind,
        labels=_labels(frame, changed.family, changed.instance, axes),
        drawn=changed.family.drawn,
        currency=getattr(changed.instance, "currency", ""),
        changes=changed.words,
    )
    write_sweep_page(swept, path)
    say(f"wrote {path}")


def _labels(frame: pd.DataFrame, family: Family, game: Any, axes: list[Axis]) -> dict[str, str]:
    """Return the varied keys with what they mean, and whether the values multiply or are added."""
    from batteryopt.sweep.sweep_grid import key_in_words, meaning_of_key
    from batteryopt.tables.changes import How

    words = {How.SET: "", How.TIMES: ", times", How.PLUS: ", plus"}
    keys, currency = list(frame.columns[: len(axes)]), getattr(game, "currency", "")
    return {
        key: f"{key_in_words(key, axis, currency) if family.words_of_key else meaning_of_key(game, key)}"
        f"{words[axis.how]}"
        for key, axis in zip(keys, axes, strict=True)
    }


def _draw(frame: pd.DataFrame, family: Family, game: Any, axes: list[Axis], path: Path) -> None:
    from batteryopt.report.plots import Picture, draw

    if frame["objective"].isna().all():
        say(f"{path} is not drawn: no point has an answer")
        return
    labels = _labels(frame, family, game, axes)
    draw(frame, Picture(title=f"{game.name} ({family.kind})", labels=labels, drawn=family.drawn), path)
    say(f"wrote {path}")


def _summarize(frame: pd.DataFrame, out: Path) -> None:
    """Say on stderr what was written, by which routes, and what has no answer."""
    routes = ", ".join(f"{count} by {route}" for route, count in frame["route"].value_counts().items())
    say(f"wrote {out}: {len(frame)} rows ({routes})")
    without = frame[frame["point_status"] == "none"]
    for (model, reason), rows in without.groupby(["model", "stop_reason"], sort=False):
        why = "no contract, or the formula does not apply: see 'reason'" if reason == "converged" else reason
        say(f"  {model}: no answer at {len(rows)} points ({why})")
    unproven = int(((frame["point_status"] == "feasible") & frame["gap"].notna()).sum())
    if unproven:
        say(f"  {unproven} rows whose gap was not reached: 'objective' and 'bound' say how far")
    failed = int((frame["certified"] == False).sum())  # noqa: E712 (None is neither)
    if failed:
        say(f"  {failed} rows whose certificate failed: see 'certified'", style="red")


def _row_status(stop_reason: str, point_status: str, certified: object) -> ExitStatus:
    """Return a row's status, as `exits.answer_status` does; rows that a formula leaves empty are an answer here."""
    reason = StopReason(stop_reason)
    if reason.is_limit:
        return ExitStatus.STOPPED
    if reason.is_no_solution:
        return ExitStatus.NO_SOLUTION
    if reason is not StopReason.CONVERGED:
        return ExitStatus.OTHER
    return ExitStatus.NOT_CERTIFIED if point_status != "none" and certified is not True else ExitStatus.SOLVED
