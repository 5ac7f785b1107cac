"""The command `tour`: a first minute with batteryopt, every step said in words and with the command that repeats it."""

from __future__ import annotations

import contextlib
import select
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, gravest, guarded, refuse, status_of
from batteryopt.cli.streams import announcing, clean_stdout, remarks, results, say
from batteryopt.cli.tour_folder import GAP, TourFolder
from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.marks import foreign_file_faults
from batteryopt.ground.status import StopReason

STEPS = 3
SECONDS_OF_A_SLICE = 0.1
COMMAND = "  $ "
AS_IT_IS = (COMMAND, "It lies here: ")
"""Beginnings of lines that are not broken, so that they can be copied."""


@guarded
def tour(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for what the tour makes.")] = Path("batteryopt-tour"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not wait for a key between the steps.")] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in your browser at the end.")] = False,
    network: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Plan this network in place of the province.")
    ] = None,
    time_limit: given.TimeLimitOption = None,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """See in a minute what batteryopt does: a paper checked, a province planned, a page to look at."""
    from batteryopt.ground.examples import GAME, PROVINCE, example

    given.refuse_faulty_options(None, [], solver=None, time_limit=time_limit, gap=None, threads=None)
    game, province = example(GAME), network or example(PROVINCE)
    province = province.parent if province.name == "network.toml" else province
    with _leaving_politely() as trip:
        _read(province)
        made = TourFolder.make(out, game, province, overwrite=overwrite)
        trip.made = made
        keys = not yes and sys.stdin.isatty() and remarks().is_terminal
        _tell(_welcome(out, keys))
        statuses = [_paper(made)]
        _wait(keys)
        trip.step = 2
        statuses.append(_plan(made, time_limit, overwrite=overwrite))
        _wait(keys)
        trip.step = 3
        statuses.append(_page(made, open_page, overwrite=overwrite))
        _tell(_farewell(made))
    return ExitStatus.STOPPED if trip.is_left else gravest(statuses)


# ---- the steps -----------------------------------------------------------------------------------------------------


def _paper(made: TourFolder) -> ExitStatus:
    from batteryopt.cli.commands import reproduction_status
    from batteryopt.cli.reproduced_figures import print_short
    from batteryopt.families import FAMILIES
    from batteryopt.ground.interrupt import unfinished_is_interrupted

    _tell(
        _head(1, "A paper, checked")
        + "A published contract game between a manufacturer, a retailer and a second-life enterprise. We compute its "
        "table twice, by formulas and by an optimiser that do not know each other, and hold both against the print. "
        "Here is the part where they find it wrong:\n"
    )
    with clean_stdout(), announcing() as announce, unfinished_is_interrupted():
        found = FAMILIES["coordination"].reproduction(announce)
    with results() as console:
        print_short(console, found)
    _tell(_again(made.commands[0], "all of it, with what is wrong in the paper, and why"))
    return reproduction_status(found)


def _plan(made: TourFolder, time_limit: float | None, *, overwrite: bool) -> ExitStatus:
    from batteryopt.families import family_at
    from batteryopt.ground.interrupt import noting_interrupts
    from batteryopt.report.saved import make_folder, save

    family = family_at(made.network)
    instance = family.read_instance(made.network)
    _tell(
        _head(2, f"A plan: {instance.name}")
        + f"{len(instance.sites)} places where batteries return, {len(instance.periods)} periods, "
        f"{len(instance.candidates)} facilities that could be built. Where to put what, how large, "
        "and when? HiGHS looks for the plan that costs least (below zero, it earns), and proves how much better any "
        "other could be.\n\n"
    )
    make_folder(made.plan, made.network, tables=family.table_names(), overwrite=overwrite)
    limit = given.solving_options(None, time_limit, GAP, None)
    with clean_stdout(), announcing() as announce, noting_interrupts():
        result = family.solve_instance(instance, (), announce=announce, **limit)
    _print_plan(result)
    if not save(result, made.network, made.plan, overwrite=overwrite):
        say(f"{made.plan} keeps the better plan that an earlier tour has found: --overwrite replaces it")
    _tell(_again(made.commands[1], "with every table: what stands, what travels, what it costs"))
    if result.models["design"].run.stop_reason is StopReason.INTERRUPTED:
        raise KeyboardInterrupt
    return status_of(result)


def _print_plan(result: Any) -> None:
    from rich.text import Text

    answer = result.models["design"]
    with results() as console:
        if answer.solution is None:
            console.print(Text(f"No plan: {answer.reason or answer.run.stop_reason.value}."))
            return
        console.print(result.verdict())
        checks = answer.certificate
        passed = sum(check.passed for check in checks)
        words = f"{passed} of {len(checks)} checks passed, made by code that knows neither model nor solver."
        console.print(Text(words, style="green" if checks.passed else "red"))


def _page(made: TourFolder, open_page: bool, *, overwrite: bool) -> ExitStatus:
    from batteryopt.report.write import write_page

    _tell(
        _head(3, "A page for everybody else")
        + "The plan on a map, its money, its emissions, and how sure all of it is: one file that needs no network.\n"
    )
    try:
        with announcing() as announce:
            announce("writing the page")
            faults = foreign_file_faults("plan.html", made.page, overwrite=overwrite)
            if faults:
                raise InvalidInput(str(made.page), faults)
            write_page([made.plan], made.page)
    except InvalidInput as error:
        say(f"no page: {'; '.join(str(fault) for fault in error.faults)}", style="red")
        return ExitStatus.OTHER
    _tell(f"It lies here: {made.page.resolve()}\n{_again(made.commands[2], 'and a page of your own results')}")
    if open_page:
        _open(made.page)
    return ExitStatus.SOLVED


def _open(page: Path) -> None:
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say("no browser could be started: open the page yourself")


# ---- words ---------------------------------------------------------------------------------------------------------


def _tell(text: str) -> None:
    with results() as console:
        for line in text.splitlines():
            style = "bold" if line.startswith("Step ") else "cyan" if line.startswith(COMMAND) else None
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=line.startswith(AS_IT_IS))


def _welcome(out: Path, keys: bool) -> str:
    leave = "Enter takes you on, Ctrl-C out" if keys else "It runs through by itself"
    return f"Three steps, about a minute. {leave}. What they make lies in {out}{'' if out.is_absolute() else '/'}.\n"


def _head(step: int, title: str) -> str:
    return f"\nStep {step} of {STEPS}. {title}\n\n"


def _again(command: str, what: str) -> str:
    return f"\nOnce more, {what}:\n  $ {command}\n"


def _farewell(made: TourFolder) -> str:
    return (
        "\nThat was it. Start from an example of your own, which says what every number means:\n"
        "  $ batteryopt new network mine\n"
        "  $ batteryopt new coordination mine.toml\n"
        f"Or copy an instance from {made.root} (the next tour writes them anew), change a number, and repeat a step.\n"
    )


def _read(network: Path) -> None:
    """Raise `InvalidInput` with the network's faults before anything is written."""
    from batteryopt.families import family_at

    family = family_at(network)
    if family.kind != "network":
        raise refuse("--network", f"'{network}' is of kind '{family.kind}'", "give a folder with a network.toml")
    family.read_instance(network)


# ---- waiting and leaving -------------------------------------------------------------------------------------------


@dataclass
class _Trip:
    """How far the tour has come."""

    step: int = 1
    made: TourFolder | None = None
    is_left: bool = False


@contextlib.contextmanager
def _leaving_politely() -> Iterator[_Trip]:
    """Turn Ctrl-C, or the end of what is typed, into a word about what there is."""
    trip = _Trip()
    try:
        yield trip
    except (KeyboardInterrupt, EOFError):
        trip.is_left = True
        where = "" if trip.made is None else f" What was made so far lies in {trip.made.root}."
        say(f"\nYou left at step {trip.step} of {STEPS}.{where}\nCome back with: batteryopt tour")


def _wait(keys: bool) -> None:
    if keys:
        remarks().print("\nEnter goes on, Ctrl-C leaves ", style="dim", end="")
        # A Ctrl-C between the words and the moment in which `input` blocks is heeded only when that returns, so for a
        # key nobody presses: wait in slices, after each of which Python looks for signals.
        while sys.platform != "win32" and not select.select([sys.stdin], [], [], SECONDS_OF_A_SLICE)[0]:
            pass
        input()
