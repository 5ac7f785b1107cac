"""The command `rounds`: the rounds of vehicles that a saved plan needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from batteryopt.cli import options as given
from batteryopt.cli.exits import ExitStatus, delivered, gravest, guarded, refuse
from batteryopt.cli.streams import announcing, clean_stdout, results, say, write_result

if TYPE_CHECKING:
    from batteryopt.network.rounds.rounds_answer import RoundsAnswer
    from batteryopt.report.results import Saved

FILES = ("rounds.csv", "rounds-by-period.csv", "rounds-by-depot.csv", "rounds.geojson", "rounds.xlsx", "rounds.json")
PAGE = "rounds.html"


@guarded
def rounds(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A plan: a folder that `solve --out` has written.")],
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Stop after this many seconds, all depots and periods together.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the search for rounds.")] = 1,
    iterations: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of each depot and period; repeats itself, as time does not.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Processes.")] = 1,
    json: given.JsonOption = False,
    overwrite: given.OverwriteOption = False,
) -> ExitStatus:
    """Plan the rounds of a saved network plan: who visits whom, when, in which order, and what it costs."""
    from batteryopt.ground.interrupt import noting_interrupts
    from batteryopt.ground.owned import OwnedFolder
    from batteryopt.network.rounds.rounds_of_plan import rounds_of
    from batteryopt.network.rounds.vehicle_routing import RoundEffort
    from batteryopt.report.results import load
    from batteryopt.report.saved import json_text

    if time_limit is not None and not time_limit > 0:
        raise refuse("--time-limit", f"is {time_limit:g}", "expected seconds above 0")
    saved = load(folder)
    _refuse_what_is_no_plan(saved)
    owned = OwnedFolder(folder)
    owned.refuse_clashes([*FILES, PAGE], overwrite=overwrite)
    effort = RoundEffort(seconds=time_limit, iterations=iterations, seed=seed)
    with clean_stdout(), announcing() as announce, noting_interrupts():
        found = rounds_of(
            saved.instance,
            saved.table("flows"),
            saved.table("facilities"),
            effort=effort,
            jobs=jobs,
            on_progress=announce,
        )
    document = {"kind": "rounds", "instance": saved.name, **found.to_json()}

    def show() -> None:
        if json:
            write_result(json_text(document))
            return
        with results() as console:
            for line in in_words(found):
                console.print(line, soft_wrap=True)

    def keep_it() -> None:
        contents = files(found, saved) | {"rounds.json": json_text(document).encode()}
        owned.put(contents, overwrite=overwrite, keeps_others=True)
        page = f"; open {folder / PAGE}" if PAGE in contents else ""
        say(f"saved in {folder}{page}")

    return gravest([status_of_rounds(found), delivered(show, keep_it)])


def _refuse_what_is_no_plan(saved: Saved) -> None:
    if saved.kind != "network" or "design" not in saved.models:
        raise refuse("DIR", f"holds an answer of kind '{saved.kind}'", "give a folder with a network's plan")
    if saved.models["design"]["objective"] is None or saved.instance is None:
        raise refuse("DIR", "holds no plan", "give a folder written by: batteryopt solve NETWORK --out DIR")


def status_of_rounds(found: RoundsAnswer) -> ExitStatus:
    """Return how planning rounds ended: stopped, not certified, or done."""
    if found.unplanned or found.stopped:
        return ExitStatus.STOPPED
    return ExitStatus.SOLVED if found.certificate.passed else ExitStatus.NOT_CERTIFIED


def in_words(found: RoundsAnswer) -> list[str]:
    """Return what there is to say, line by line."""
    figures, currency = found.to_json(), found.network.currency or ""
    saved = f"{figures['there_and_back']:,.0f}: rounds are {figures['share_saved']:.0%} cheaper"
    load = f"{figures['vehicles']} vehicles, load factor {figures['load_factor']:.0%}"
    lines = [
        f"rounds          {figures['rounds']:,.0f} by {load}",
        f"driven          {figures['km']:,.0f} km in {figures['hours']:,.0f} h, {figures['emissions_t']:,.1f} t CO2e",
        f"cost            {figures['cost']:,.0f} {currency} (present value)",
        f"expected        {figures['expected']:,.0f}, {figures['disagreement']:.1%} apart",
        f"at least        {figures['bound']:,.0f}, gap {figures['gap']:.1%}",
        f"there and back  {saved}",
        f"certificate     {found.certificate.verdict}",
    ]
    if dearer := figures["dearer_than_leaving"]:
        names = ", ".join(dict.fromkeys(row["place"] for row in dearer))
        lines.append(f"better left     {names}: a stop costs more than leaving does, what packs earn not counted")
    if figures["unplanned"]:
        lines.append("without rounds  " + "; ".join(figures["unplanned"]))
    return lines


def files(found: RoundsAnswer, saved: Saved) -> dict[str, bytes]:
    """Return the files of rounds by name: tables, GeoJSON, page and workbook, as far as their libraries are there."""
    import importlib.util

    from batteryopt.ground.files import csv_text
    from batteryopt.network.view import rounds_page
    from batteryopt.report import page

    contents: dict[str, Any] = {
        "rounds.csv": csv_text(found.table).encode(),
        "rounds-by-period.csv": csv_text(found.by_period).encode(),
        "rounds-by-depot.csv": csv_text(found.by_task).encode(),
    }
    if (map_data := rounds_page.geojson(found)) is not None:
        contents["rounds.geojson"] = map_data
    if importlib.util.find_spec("openpyxl") is not None:
        contents["rounds.xlsx"] = rounds_page.workbook(found)
    if importlib.util.find_spec("plotly") is not None:
        title = f"Rounds of {found.network.name}"
        text = page.document(title, rounds_page.sections(found, saved), page.plotly_source())
        contents[PAGE] = text.encode()
    return contents


def save_beside(result: Any, folder: Path, *, overwrite: bool) -> None:
    """Write the rounds of a plan that was made with them beside the plan, in a folder that has it already."""
    from batteryopt.ground.owned import OwnedFolder
    from batteryopt.report.results import load
    from batteryopt.report.saved import json_text

    if result.rounds is None:
        return
    document = {"kind": "rounds", "instance": result.instance.name, **result.rounds.to_json()}
    contents = files(result.rounds, load(folder)) | {"rounds.json": json_text(document).encode()}
    OwnedFolder(folder).put(contents, overwrite=overwrite, keeps_others=True)
    say(f"rounds are in {folder}: rounds.csv" + (f"; open {folder / PAGE}" if PAGE in contents else ""))
