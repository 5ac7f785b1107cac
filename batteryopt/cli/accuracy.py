"""The command `accuracy`: how right the solvers of this machine are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, delivered, guarded
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, counting, results, say, write_result
from batteryopt.ground.errors import Fault, InvalidInput, nearest

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

QUICK_TOLERANCE = 1e-6
LOOSEST = 1e-2
"""A looser tolerance than this asks for no answer."""
QUICK_SECONDS = 2.0


@guarded
def accuracy(
    quick: Annotated[bool, typer.Option("--quick", help="Few problems, one tolerance: under a minute.")] = False,
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="NAME", help="A family of problems; repeat for several.")
    ] = None,
    solver: Annotated[
        list[str] | None,
        typer.Option("--solver", metavar="NAME", help="A solver, or engine:METHOD; repeat for several."),
    ] = None,
    tolerance: Annotated[
        list[float] | None,
        typer.Option(
            metavar="T", help="A tolerance to ask for; repeat for several. Default: 1e-4, 1e-6, 1e-9; quick: 1e-6."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", help="Processes.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Save all runs and a page with plots here; go on after an end.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the problems.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds a run may take. Default: 5; quick: 2.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted benchmark has done.")] = False,
    json: given.JsonOption = False,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Judge every installed solver and method against exact answers, by our own arithmetic and never by its word."""
    from batteryopt.accuracy import problems
    from batteryopt.accuracy.accuracy_run import TIME_LIMIT, run
    from batteryopt.accuracy.contestants import TOLERANCES, absent
    from batteryopt.accuracy.contestants import contestants as find

    tolerances = tuple(sorted(set(tolerance or ()), reverse=True))
    _refuse_faulty(family or [], solver or [], tolerances, jobs, seed, time_limit)
    cases, judged = problems(family or (), seed=seed, quick=quick), find(solver or ())
    _refuse_nothing_to_do({case.levels for case in cases}, {who.levels for who in judged})
    if out is not None:
        _make_folder(out, overwrite=overwrite)
    if not solver and absent():
        say(f"not installed, so not judged: {', '.join(absent())}")
    journal = None if out is None else out / "runs.journal"
    try:
        with clean_stdout(), counting(len(cases), "problems") as progress:
            frame = run(
                cases,
                judged,
                tolerances=tolerances or ((QUICK_TOLERANCE,) if quick else TOLERANCES),
                time_limit=time_limit or (QUICK_SECONDS if quick else TIME_LIMIT),
                jobs=jobs,
                journal=journal,
                restart=restart,
                on_progress=progress,
            )
    except KeyboardInterrupt:
        kept = "" if journal is None else f"; {journal} keeps what is done: the same command goes on from there"
        say(f"interrupted{kept}")
        return ExitStatus.STOPPED

    def show() -> None:
        if json:
            _write_json(frame)
            return
        with results() as console:
            _print(console, frame)

    return delivered(show, lambda: _save(frame, out, overwrite=overwrite))


def _refuse_faulty(
    families: list[str],
    names: list[str],
    tolerances: tuple[float, ...],
    jobs: int,
    seed: int,
    time_limit: float | None,
) -> None:
    from batteryopt.accuracy import FAMILIES
    from batteryopt.accuracy import contestants as find

    known = [contestant.name for contestant in find()]
    refusals = Refusals()
    faults = [
        *(_unknown("--family", name, list(FAMILIES)) for name in families if name not in FAMILIES),
        *(_unknown("--solver", name, known) for name in names if name not in known),
        *(_no_tolerance(value) for value in tolerances if not 0 < value <= LOOSEST),
    ]
    if seed < 0:
        faults.append(Fault(place="--seed", problem=f"is {seed}", remedy="expected a number of at least 0"))
    with refusals:
        given.refuse_faulty_options(None, [], solver=None, time_limit=time_limit, gap=None, threads=None, jobs=jobs)
    with refusals:
        if faults:
            raise InvalidInput("command line", faults)
    refusals.raise_all()


def _refuse_nothing_to_do(of_problems: set[int], of_contestants: set[int]) -> None:
    """Raise where the solvers named are for none of the families named."""
    if of_problems & of_contestants:
        return
    remedy = "name an engine:METHOD for games with followers, and a solver for models of one decision maker"
    raise InvalidInput(
        "command line",
        [Fault(place="--solver", problem="none that is named is for a family that is named", remedy=remedy)],
    )


def _no_tolerance(value: float) -> Fault:
    return Fault(
        place="--tolerance", problem=f"is {value:g}", remedy=f"expected a number above 0 and at most {LOOSEST:g}"
    )


def _unknown(option: str, name: str, known: list[str]) -> Fault:
    from batteryopt.accuracy.contestants import absent

    if option == "--solver" and name in absent():
        remedy = f"install it where Pyomo finds it, or name one that is: {', '.join(sorted(known))}"
        return Fault(place=option, problem=f"'{name}' is not installed on this machine", remedy=remedy)
    return Fault(place=option, problem=f"there is no '{name}' here", remedy=nearest(name, known))


def _make_folder(out: Path, *, overwrite: bool) -> None:
    from batteryopt.accuracy.accuracy_files import names
    from batteryopt.ground.owned import OwnedFolder

    folder = OwnedFolder(out)
    folder.refuse_clashes(names(), overwrite=overwrite)
    folder.make()


def _save(frame: pd.DataFrame, out: Path | None, *, overwrite: bool) -> None:
    from batteryopt.accuracy.accuracy_files import save

    if out is None:
        return
    for path in save(frame, out, overwrite=overwrite):
        say(f"wrote {path}")
    (out / "runs.journal").unlink(missing_ok=True)


def _write_json(frame: pd.DataFrame) -> None:
    from batteryopt.accuracy.accuracy_run import machine
    from batteryopt.accuracy.reading import sentences
    from batteryopt.report.saved import json_text

    rows: Any = frame.astype(object).where(frame.notna(), None).to_dict("records")
    write_result(json_text({"kind": "accuracy", "machine": machine(), "reading": list(sentences(frame)), "runs": rows}))


def _print(console: Console, frame: pd.DataFrame) -> None:
    from rich.table import Table

    from batteryopt.accuracy.reading import sentences, summary

    counts, errors = ("runs", "right", "misleading", "modest", "stopped", "failed"), ("median_error", "worst_error")
    titles = ("contestant", "tol.", "runs", "right", "misled", "modest", "stopped", "failed", "median", "worst", "s")
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for title in titles:
        table.add_column(title, justify="left" if title == "contestant" else "right", no_wrap=True)
    for row in summary(frame).to_dict("records"):
        numbers = (str(row[name]) for name in counts)
        sizes = ("-" if math.isnan(row[name]) else f"{row[name]:.0e}" for name in errors)
        table.add_row(str(row["contestant"]), f"{row['tolerance']:.0e}", *numbers, *sizes, f"{row['seconds']:.0f}")
    console.print(table)
    console.print()
    for sentence in sentences(frame):
        console.print(sentence, soft_wrap=True)
