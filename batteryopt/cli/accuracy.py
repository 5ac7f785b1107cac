"""The command `accuracy`: how right the solvers of this machine are; and what belongs to it (`accuracy_set`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from batteryopt.cli import accuracy_set
from batteryopt.cli import options as given
from batteryopt.cli.accuracy_results import make_folder, save_runs, show_runs
from batteryopt.cli.accuracy_set import refuse_small_numbers, refuse_unknown_families, refuse_unknown_tolerances
from batteryopt.cli.exits import ExitStatus, delivered, guarded, say_stopped
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import clean_stdout, counting, say
from batteryopt.ground.errors import Fault, InvalidInput, nearest

if TYPE_CHECKING:
    from batteryopt.accuracy.contest import Contestant
    from batteryopt.accuracy.problem import AccuracyProblem

app = typer.Typer(invoke_without_command=True)
for _command in (accuracy_set.export, accuracy_set.judge, accuracy_set.compare, accuracy_set.traces):
    app.command()(_command)
QUICK_TOLERANCE = 1e-6
TRACKS = ["raw", "batteryopt"]
QUICK_SECONDS = 2.0


@app.callback()
def accuracy(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Few problems, one tolerance: under a minute.")] = False,
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="NAME", help="A family of problems; repeat for several.")
    ] = None,
    solver: Annotated[
        list[str] | None,
        typer.Option("--solver", metavar="NAME", help="A solver, raw:SOLVER, or engine:METHOD; repeat for several."),
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
    seed: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Of the problems; repeat for several. Default: 0.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds a run may take. Default: 5; quick: 2.")
    ] = None,
    total_time: Annotated[
        float | None,
        typer.Option("--total-time", metavar="S", min=0.0, help="Seconds after which no problem is begun any more."),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget what an interrupted benchmark has done.")] = False,
    json: given.JsonOption = False,
    overwrite: given.OverwriteOption = False,
    contestant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:OBJECT",
            help="A solver of yours, or ampl:'PROGRAM KEYWORDS'; alone, or beside those of --solver; may be repeated.",
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SOLVER:KEY=VALUE",
            help="A native option: judges the solver with it, beside the solver without.",
        ),
    ] = None,
    problem: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Problems of your own, alone: FILE.py with exact answers, or FILE.mps; may be repeated.",
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", help="Most variables of a problem. Default: 6,000.")
    ] = None,
    repeats: Annotated[
        int, typer.Option("--repeats", metavar="N", help="Runs of each; the worst counts, and the median time.")
    ] = 1,
    track: Annotated[
        list[str] | None,
        typer.Option(
            "--track", metavar="NAME", help="raw (as shipped) or batteryopt (behind our adapters); default: both."
        ),
    ] = None,
    of_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="NAME", help="LP, MILP, QP, MIQP, NLP, MINLP, MPEC or bilevel; may be repeated."
        ),
    ] = None,
) -> None:
    """Judge every installed solver and method against exact answers, by our own arithmetic and never by its word."""
    if context.invoked_subcommand is not None:
        return
    tolerances = tuple(sorted(set(tolerance or ()), reverse=True))

    @guarded
    def judged() -> ExitStatus:
        from batteryopt.accuracy.accuracy_run import TIME_LIMIT
        from batteryopt.accuracy.contest import TOLERANCES
        from batteryopt.accuracy.contestants import absent

        refusals = Refusals()
        who: tuple[Contestant, ...] = ()
        cases: tuple[AccuracyProblem, ...] = ()
        with refusals:
            _refuse_faulty(family or [], solver or [], of_class or [], track or [], tolerances, jobs, time_limit)
        with refusals:
            refuse_small_numbers(seed or [], size, repeats)
        with refusals:
            who = _contestants(solver or [], contestant or [], option or [], track or [])
        with refusals:
            cases = _problems(family or [], problem or [], of_class or [], seeds=seed or [0], quick=quick, size=size)
        refusals.raise_all()
        missing = () if solver else absent()
        if missing:
            say(f"not installed, so not judged: {', '.join(missing)}")
        return _judge(
            cases,
            who,
            tolerances=tolerances or ((QUICK_TOLERANCE,) if quick else TOLERANCES),
            time_limit=time_limit or (QUICK_SECONDS if quick else TIME_LIMIT),
            total_time=total_time,
            repeats=repeats,
            jobs=jobs,
            out=out,
            restart=restart,
            json=json,
            overwrite=overwrite,
        )

    judged()


def _contestants(names: list[str], brought: list[str], options: list[str], tracks: list[str]) -> tuple[Contestant, ...]:
    """Return who is judged: those that are named, or all; of what a user brings, that alone where nobody is named."""
    from batteryopt.accuracy.brought import contestant_at, options_of
    from batteryopt.accuracy.contest import Track, track_of
    from batteryopt.accuracy.contestants import contestants as find
    from batteryopt.accuracy.contestants import with_options

    everyone = find()
    everyone += tuple(who for who in find(names) if who.name not in {other.name for other in everyone}) if names else ()
    asked = options_of(options, [who.name for who in everyone if who.levels == 1])
    named = names or [*asked]  # a solver with an option is judged beside itself without
    wanted = {track for track in Track if track.value in tracks} or set(Track)
    plain = [who for who in everyone if who.name in named or (track_of(who) in wanted and not (named or brought))]
    return (*plain, *with_options(everyone, asked), *map(contestant_at, brought))


def _problems(
    families: list[str], files: list[Path], classes: list[str], *, seeds: list[int], quick: bool, size: int | None
) -> tuple[AccuracyProblem, ...]:
    """Return the problems: the user's alone where there are any, of the classes that are named."""
    from batteryopt.accuracy import problems
    from batteryopt.accuracy.brought import problems_in
    from batteryopt.accuracy.families import MOST_COLUMNS
    from batteryopt.accuracy.problem_class import class_of_problem

    most = MOST_COLUMNS if size is None else size
    found: dict[str, AccuracyProblem] = {}  # what does not depend on the seed is solved once
    for seed in (max(seed, 0) for seed in seeds):
        own = tuple(case for path in files for case in problems_in(path, seed=seed, quick=quick))
        ours = () if own and not families else problems(families, seed=seed, quick=quick, most_columns=most)
        found |= {case.name: case for case in (*ours, *own)}
    wanted = {name.lower() for name in classes}
    return tuple(case for case in found.values() if not wanted or class_of_problem(case).lower() in wanted)


def _judge(
    cases: tuple[AccuracyProblem, ...],
    judged: tuple[Contestant, ...],
    *,
    tolerances: tuple[float, ...],
    time_limit: float,
    total_time: float | None,
    repeats: int,
    jobs: int,
    out: Path | None,
    restart: bool,
    json: bool,
    overwrite: bool,
) -> ExitStatus:
    from batteryopt.accuracy.accuracy_run import planned, run, so_far

    _refuse_nothing_to_do({case.levels for case in cases}, {who.levels for who in judged})
    if out is not None:
        make_folder(out, overwrite=overwrite)
    journal = None if out is None else out / "runs.journal"
    stopped: ExitStatus | None = None
    try:
        with clean_stdout(), counting(len(cases), "problems") as progress:
            frame = run(
                cases,
                judged,
                tolerances=tolerances,
                time_limit=time_limit,
                total_time=total_time,
                repeats=repeats,
                jobs=jobs,
                journal=journal,
                restart=restart,
                on_progress=progress,
            )
    except KeyboardInterrupt:
        stopped = say_stopped(journal)
        if journal is None:
            return stopped
        frame = so_far(cases, (judged, tolerances, time_limit, repeats), journal)
    done, whole = frame["problem"].nunique(), planned(cases, judged)
    if done < whole and stopped is None:
        kept = "" if journal is None else f"; {journal} keeps them: the same command goes on from there"
        say(f"ended early: {done} of {whole} problems were judged{kept}")
    if done < whole:
        stopped = ExitStatus.STOPPED
    if frame.empty and stopped is not None:
        return stopped
    status = delivered(
        lambda: show_runs(frame, json=json), lambda: save_runs(frame, out, overwrite=overwrite, is_over=stopped is None)
    )
    return stopped or status


def _refuse_faulty(
    families: list[str],
    names: list[str],
    classes: list[str],
    tracks: list[str],
    tolerances: tuple[float, ...],
    jobs: int,
    time_limit: float | None,
) -> None:
    from batteryopt.accuracy import contestants as find
    from batteryopt.accuracy.problem_class import ProblemClass

    known = [contestant.name for contestant in (*find(), *(find(names) if names else ()))]
    refusals = Refusals()
    there_are = {kind.lower(): kind.value for kind in ProblemClass}
    faults = [
        *(_unknown("--solver", name, known) for name in names if name not in known),
        *(_unknown("--class", name, list(there_are.values())) for name in classes if name.lower() not in there_are),
    ]
    faults += [_unknown("--track", name, TRACKS) for name in tracks if name not in TRACKS]
    with refusals:
        given.refuse_faulty_options(None, [], solver=None, time_limit=time_limit, gap=None, threads=None, jobs=jobs)
    with refusals:
        refuse_unknown_families(families)
    with refusals:
        refuse_unknown_tolerances(tolerances)
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


def _unknown(option: str, name: str, known: list[str]) -> Fault:
    from batteryopt.accuracy.contestants import absent

    if option == "--solver" and name in absent():
        remedy = f"install it where Pyomo finds it, or name one that is: {', '.join(sorted(known))}"
        return Fault(place=option, problem=f"'{name}' is not installed on this machine", remedy=remedy)
    return Fault(place=option, problem=f"there is no '{name}' here", remedy=nearest(name, known))
