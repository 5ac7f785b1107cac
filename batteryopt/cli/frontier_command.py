"""The command `frontier`: every compromise between two objectives, each with its plan."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, answer_status, delivered, gravest, guarded, refuse
from batteryopt.cli.given_changes import Given, SetOption, WhatIfOption, given_instance
from batteryopt.cli.refused_input import Refusals
from batteryopt.cli.streams import announcing, clean_stdout, results, say, write_result
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.status import StopReason

if TYPE_CHECKING:
    from rich.console import RenderableType

    from batteryopt.families import Family

PARTS = 1_000
"""Folders of points that are looked at before anything is sought: no frontier has more."""


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
    gap_money: given.GapMoneyOption = None,
    threads: given.ThreadsOption = None,
    start: given.StartOption = None,
    solver: given.SolverOption = None,
    scenario: given.ScenarioOption = None,
    sets: SetOption = None,
    what_if: WhatIfOption = None,
    json: given.JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Save the frontier, and in points/ each point's plan, as they are found."),
    ] = None,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Find compromises between two objectives of a network: all of them where N are enough."""
    from batteryopt.ground.interrupt import noting_interrupts
    from batteryopt.report.saved import json_text, make_folder

    refusals = Refusals()
    changed = given_instance(refusals, instance, sets, what_if)
    family, network = changed.family, changed.instance
    with refusals:
        given.refuse_faulty_options(family, [], solver=solver, time_limit=time_limit, gap=gap, threads=threads)
    with refusals:
        first, second = _pair(between, family)
    begun = None if start is None else str(start)
    chosen = {"points": points, **given.solving_options(solver, time_limit, gap, threads)}
    if family is not None:
        with refusals:
            chosen |= family.read_options(network, scenario=scenario, start=begun, gap_money=gap_money)
    refusals.raise_all()
    assert family is not None
    asked = {"between": between, **chosen} | ({} if begun is None else {"start": begun})
    if out is not None:
        tables, parts = (
            (*family.table_names(), "frontier"),
            [f"points/{number + 1}" for number in range(min(points, PARTS))],
        )
        make_folder(out, instance, tables=tables, parts=parts, copy=changed.copy, overwrite=overwrite)
    keep = _Keeper(instance=instance, changed=changed, out=out, options=asked, overwrite=overwrite)
    with clean_stdout(), announcing() as announce, noting_interrupts():
        result = family.solve_frontier(network, first, second, announce=announce, keep=keep.so_far, **chosen)
    document = result.to_json()

    def show() -> None:
        if json:
            write_result(json_text({**document, **changed.noted}))
            return
        with results() as console:
            console.print(_summary(document))

    return gravest([_status(result, document["frontier"]), delivered(show, lambda: keep.at_last(result))])


@dataclass(frozen=True, kw_only=True)
class _Keeper:
    """Saves a result, whole or so far, in the folder that was asked for; nothing where there is none."""

    instance: Path
    changed: Given
    out: Path | None
    options: Mapping[str, Any]
    overwrite: bool

    def so_far(self, result: Any) -> None:
        """Save what was found so far; what prevents it may be gone at the end, and is told then if not."""
        with contextlib.suppress(InvalidInput, OSError):
            self._save(result)

    def at_last(self, result: Any) -> None:
        """Save the result, and say so."""
        if self.out is None:
            return
        if self._save(result):
            say(f"saved in {self.out}; next: batteryopt report {self.out} --out frontier.html")
        else:
            why = "no plan was found: " if not result.to_json()["frontier"]["points"] else ""
            say(f"{why}{self.out} keeps the older result, which is better: --overwrite replaces it")

    def _save(self, result: Any) -> bool:
        from batteryopt.report.saved import save

        if self.out is None:
            return False
        copy, changes = self.changed.copy, self.changed.words
        more: dict[str, Any] = {"options": self.options, "overwrite": self.overwrite}
        return bool(save(result, self.instance, self.out, copy=copy, changes=changes, **more))


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
    """Yield whether these are all compromises, why points are missing, and what proven means where one is not."""
    missing = found["asked"] - len(found["points"])
    if found["is_complete"]:
        yield "complete: there is no other compromise, to within the gap"
    elif StopReason(found["stop_reason"]).is_limit and missing:
        yield f"{missing} of {found['asked']} points are missing: stopped before them ({found['stop_reason']})"
    elif missing:
        yield f"{missing} of {found['asked']} points are missing: a search for them came to no proven end"
    else:
        yield "there may be other compromises between these: --points asks for more"
    if not all(point["is_proven"] for point in found["points"]):
        yield (
            f"proven: no plan is better by more than {_asked_gap(found)} in one objective with the other held; "
            "more --time-limit or a wider --gap would help"
        )


def _asked_gap(found: Mapping[str, Any]) -> str:
    money = f"{found['gap_money']:,.6g} of money" if found["gap_money"] else ""
    return " or ".join(word for word in (f"{found['gap']:.2%}", money) if word)


def _status(result: Any, found: Mapping[str, Any]) -> ExitStatus:
    statuses = [answer_status(part.answer) for part in result.parts.values()] or [answer_status(result.answer)]
    if StopReason(found["stop_reason"]).is_limit:
        statuses.append(ExitStatus.STOPPED)
    return gravest(statuses)
