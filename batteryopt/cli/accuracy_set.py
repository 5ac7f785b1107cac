"""The commands `accuracy export`, `accuracy judge` and `accuracy compare`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, guarded
from batteryopt.cli.streams import counting, results, say, write_result
from batteryopt.ground.errors import Fault, InvalidInput, nearest

OF_POINTS = ("objective_error", "violation", "stationarity", "bound_excess")
OF_DUALS = ("dual_residual", "complementarity", "duality_gap")
"""Measures that are printed, where they are known."""
LOOSEST = 1e-2
"""A looser tolerance than this asks for no answer."""


@guarded
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write.")],
    family: Annotated[
        list[str] | None, typer.Option("--family", metavar="NAME", help="A family of problems; repeat for several.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few and small problems.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the problems.")] = 0,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", min=1, help="Most variables of a problem. Default: 6,000.")
    ] = None,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Write problems as NL, MPS and JSON with their exact answers, so that a solver in any language can be judged."""
    from batteryopt.accuracy import problems
    from batteryopt.accuracy.exported import export as written
    from batteryopt.accuracy.families import MOST_COLUMNS

    refuse_unknown_families(family or [])
    everything = problems(family or (), seed=seed, quick=quick, most_columns=MOST_COLUMNS if size is None else size)
    cases = tuple(case for case in everything if case.levels == 1)
    count, left_out = len(cases), len(everything) - len(cases)
    with counting(count, "problems") as progress:
        paths = written(cases, folder, seed=seed, overwrite=overwrite, on_progress=progress)
    if left_out:
        say(f"left out: {left_out} games with followers, for which these files have no form")
    say(f"wrote {count} problems in {len(paths)} files to {folder}")
    say("next: solve NAME.nl or NAME.mps, write NAME.sol, and:")
    say(f"batteryopt accuracy judge {folder} NAME.sol")
    return ExitStatus.SOLVED


@guarded
def judge(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `accuracy export` wrote.")],
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.sol...", help="Solutions, each named as its problem is.")
    ],
    tolerance: Annotated[float, typer.Option(metavar="T", help="What the solver was asked for.")] = 1e-6,
    json: given.JsonOption = False,
) -> ExitStatus:
    """Judge solutions in files by the exact answers; ends with 5 where one would have misled who believed it."""
    from batteryopt.accuracy.judged_files import judged_files
    from batteryopt.accuracy.verdicts import ContestVerdict
    from batteryopt.report.saved import json_text

    refuse_unknown_tolerances((tolerance,))
    rows = judged_files(folder, files, tolerance)
    if json:
        write_result(json_text({"kind": "accuracy-judged", "tolerance": tolerance, "runs": rows}))
    else:
        with results() as console:
            for row in rows:
                console.print(f"{row['problem']}: {row['verdict']}{_measured(row, OF_POINTS)}")
                if row["dual_verdict"]:
                    console.print(f"{row['problem']}: duals {row['dual_verdict']}{_measured(row, OF_DUALS)}")
    misled = any(ContestVerdict(row["verdict"]).is_lie for row in rows)
    return ExitStatus.NOT_CERTIFIED if misled else ExitStatus.SOLVED


@guarded
def traces(
    runs: Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark's folder, or its runs.csv.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write.")],
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Write a benchmark as PAVER reads it: trace files, and the exact optima as a .solu file."""
    from batteryopt.accuracy.changed_verdicts import runs_at
    from batteryopt.accuracy.paver_traces import KNOWN, write_traces

    paths = write_traces(runs_at(runs), out, overwrite=overwrite)
    say(f"wrote {len(paths) - 1} trace files and {KNOWN} to {out}")
    return ExitStatus.SOLVED


def _measured(row: dict[str, Any], names: tuple[str, ...]) -> str:
    found = ", ".join(f"{name.replace('_', ' ')} {row[name]:.1e}" for name in names if not math.isnan(row[name]))
    return f" ({found})" if found else ""


@guarded
def compare(
    before: Annotated[Path, typer.Argument(metavar="A", help="A benchmark's folder, or its runs.csv.")],
    after: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
    json: given.JsonOption = False,
) -> ExitStatus:
    """Say which verdicts changed between two benchmarks; ends with 5 where one got worse."""
    from batteryopt.accuracy.changed_verdicts import runs_at, runs_of_one_alone, verdicts_of_both
    from batteryopt.report.saved import json_text

    old, new = runs_at(before), runs_at(after)
    both = verdicts_of_both(old, new)
    alone = {"only_before": runs_of_one_alone(old, new), "only_after": runs_of_one_alone(new, old)}
    changed = both[both["is_changed"]].drop(columns="is_changed")
    worse = int(changed["is_worse"].sum())
    if json:
        rows = changed.to_dict("records")
        counts = {"runs": len(both), "worse": worse, **alone}
        write_result(json_text({"kind": "accuracy-compared", **counts, "changed": rows}))
    else:
        with results() as console:
            for row in changed.to_dict("records"):
                mark = "worse" if row["is_worse"] else "changed"
                words = (
                    f"{row['problem']}, {row['contestant']}, {row['tolerance']:g}: {row['before']} -> {row['after']}"
                )
                console.print(f"{mark:<8}{words}", soft_wrap=True)
            console.print(f"{len(both)} runs in both; {len(changed)} verdicts differ, {worse} for the worse")
            if any(alone.values()):
                console.print(
                    f"not compared: {alone['only_before']} runs of {before} alone, {alone['only_after']} of {after}"
                )
    return ExitStatus.NOT_CERTIFIED if worse else ExitStatus.SOLVED


def refuse_unknown_families(families: list[str]) -> None:
    """Raise where a family is named that there is not."""
    from batteryopt.accuracy import FAMILIES

    faults = [
        Fault(place="--family", problem=f"there is no '{name}' here", remedy=nearest(name, FAMILIES))
        for name in families
        if name not in FAMILIES
    ]
    if faults:
        raise InvalidInput("command line", faults)


def refuse_small_numbers(seeds: list[int], size: int | None, repeats: int) -> None:
    """Raise where a seed is below 0, or a size or a number of repeats below 1; all at once."""
    asked = [("--seed", seed, 0) for seed in seeds] + [("--repeats", repeats, 1)]
    asked += [("--size", size, 1)] if size is not None else []
    faults = [
        Fault(place=place, problem=f"is {value}", remedy=f"expected a number of at least {least}")
        for place, value, least in asked
        if value < least
    ]
    if faults:
        raise InvalidInput("command line", faults)


def refuse_unknown_tolerances(tolerances: tuple[float, ...]) -> None:
    """Raise where a tolerance asks for nothing."""
    faults = [_no_tolerance(value) for value in tolerances if not 0 < value <= LOOSEST]
    if faults:
        raise InvalidInput("command line", faults)


def _no_tolerance(value: float) -> Fault:
    return Fault(
        place="--tolerance", problem=f"is {value:g}", remedy=f"expected a number above 0 and at most {LOOSEST:g}"
    )
