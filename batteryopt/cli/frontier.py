"""The command `frontier`: every compromise between two objectives, each with its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, answer_status, gravest, guarded, refuse
from batteryopt.cli.refusals import Refusals
from batteryopt.cli.streams import announcing, clean_stdout, results, say, write_result
from batteryopt.status import StopReason

if TYPE_CHECKING:
    from rich.console import RenderableType

    from batteryopt.families import Family


@guarded
def frontier(
    instance: given.InstanceArgument,
    between: Annotated[
        str, typer.Option(metavar="FIRST:SECOND", help="Two of cost, emissions, risk and collection.")
    ] = "cost:emissions",
    points: Annotated[int, typer.Option(metavar="N", help="How many points, both ends included.")] = 7,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Stop after this many seconds, all points together.")
    ] = None,
    gap: given.GapOption = None,
    threads: given.ThreadsOption = None,
    scenario: given.ScenarioOption = None,
    json: given.JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save the frontier, and in points/ each point's plan, as they are found."),
    ] = None,
) -> ExitStatus:
    """Find every compromise between two objectives of a network: what one costs in terms of the other."""
    from batteryopt.output import json_text, make_folder
    from batteryopt.solvers.interrupt import noting_interrupts

    refusals = Refusals()
    family, network = refusals.instance(instance)
    with refusals:
        given.refuse_faulty_options(family, [], solver=None, time_limit=time_limit, gap=gap, threads=threads)
    with refusals:
        first, second = _pair(between, family)
    chosen = {"points": points, **given.solving_options(None, time_limit, gap, threads)}
    if family is not None:
        with refusals:
            chosen |= family.read_options(network, scenario=scenario)
    refusals.raise_all()
    assert family is not None
    if out is not None:
        make_folder(out, instance)
    keep = _keeper(instance, out, {"between": between, **chosen})
    with clean_stdout(), announcing() as announce, noting_interrupts():
        result = family.solve_frontier(network, first, second, announce=announce, keep=keep, **chosen)
    document = result.to_json()
    if out is not None:
        _save_last(result, document["frontier"], out, keep)
    if json:
        write_result(json_text(document))
    else:
        with results() as console:
            console.print(_summary(document))
    return _status(result, document["frontier"])


def _keeper(instance: Path, out: Path | None, options: Mapping[str, Any]) -> Callable[[Any], None]:
    """Return what saves a result, whole or so far, in the folder that was asked for; nothing where there is none."""
    from batteryopt.output import save

    def keep(result: Any) -> None:
        if out is not None:
            save(result, instance, out, options=options)

    return keep


def _save_last(result: Any, found: Mapping[str, Any], out: Path, keep: Callable[[Any], None]) -> None:
    """Save a result, and say so; one without any plan for want of time leaves an older one where it is."""
    from batteryopt.output import RESULT_FILE

    if not found["points"] and StopReason(found["stop_reason"]).is_limit and (out / RESULT_FILE).exists():
        say(f"no plan was found: {out} keeps the older result")
        return
    keep(result)
    say(f"saved in {out}; next: batteryopt report {out} --out frontier.html")


def _pair(between: str, family: Family | None) -> tuple[str, str]:
    if family is not None and not family.frontier:
        raise refuse(
            "INSTANCE", f"of kind '{family.kind}' has one objective", "give a network; games: batteryopt sweep"
        )
    first, colon, second = between.partition(":")
    if not colon:
        raise refuse("--between", f"is '{between}'", "expected two objectives, such as cost:emissions")
    return first.strip(), second.strip()


def _summary(document: Mapping[str, Any]) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    found = document["frontier"]
    first, second = found["objectives"]
    heading = Text(f"{document['instance']}: {first} against {second}", style="bold")
    if not found["points"]:
        return Group(heading, Text(document["models"]["design"].get("reason") or "no plan"))
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("point", first, "gap", second, "gap", "proven", "stopped"):
        table.add_column(name, justify="left" if name in ("proven", "stopped") else "right")
    for number, point in enumerate(found["points"], start=1):
        numbers = (f"{point[first]:,.0f}", _gap(point["gap"]), f"{point[second]:,.0f}", _gap(point["second_gap"]))
        table.add_row(str(number), *numbers, _proven(point, first, second), point["stop_reason"])
    return Group(heading, table, *(Text(note) for note in _notes(found)))


def _gap(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2%}"


def _proven(point: Mapping[str, Any], first: str, second: str) -> str:
    """Return whether a point is proven to the gap asked for, and else which of its objectives have a bound."""
    if point["is_proven"]:
        return "yes"
    bounded = [kind for kind, gap in ((first, point["gap"]), (second, point["second_gap"])) if gap is not None]
    return "to its gaps" if len(bounded) == 2 else f"{bounded[0]} to its gap" if bounded else "no"


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield why points are missing, and what proven means where one is not."""
    asked, sought = found["asked"], found["sought"]
    if beaten := sought - len(found["points"]):
        yield f"{beaten} of {asked} points are missing: another one is as good in both"
    if sought < asked:
        yield f"{asked - sought} of {asked} points are missing: stopped before them ({found['stop_reason']})"
    if not all(point["is_proven"] for point in found["points"]):
        yield (
            f"proven: no plan is better by more than {found['gap']:.2%} in one objective with the other held; "
            "more --time-limit or a wider --gap would help"
        )


def _status(result: Any, found: Mapping[str, Any]) -> ExitStatus:
    statuses = [answer_status(part.answer) for part in result.parts.values()] or [answer_status(result.answer)]
    if StopReason(found["stop_reason"]).is_limit:
        statuses.append(ExitStatus.STOPPED)
    return gravest(statuses)
