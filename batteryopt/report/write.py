"""From saved results to files: the page, and tables and figures for a paper."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from batteryopt.errors import Fault, InvalidInput
from batteryopt.files import write_atomically
from batteryopt.presentation import Presented
from batteryopt.report import page
from batteryopt.report.page import Section
from batteryopt.report.results import Saved, load
from batteryopt.spreadsheet import is_workbook

FIGURE_FORMATS = ("png", "svg", "pdf")
TABLE_FORMATS = {"tex": "to_latex", "md": "to_markdown"}
WORKBOOK = "answer.xlsx"


def write_page(folders: Iterable[str | os.PathLike[str]], path: str | os.PathLike[str]) -> None:
    """Write one page that shows the results in some folders and opens anywhere; or a workbook where the path is one.

    Raises
    ------
    InvalidInput
        If a folder holds no result, if plotly (or openpyxl) is not installed, or if the file cannot be written.
    """
    found = load_all(folders)
    write_documents(found, path)


def write_documents(found: Sequence[Saved], path: str | os.PathLike[str]) -> None:
    """Write one page, or a workbook, of results that are loaded already."""
    if is_workbook(path):
        from batteryopt.report import workbook

        workbook.write(found, path)
        return
    _require("plotly")
    shown = [replace(saved, mark=saved.label) for saved in found] if len(found) > 1 else found
    sections = [section for saved in shown for section in sections_of(saved)]
    if len(found) > 1:
        sections = [*_side_by_side(found), *sections]
    title = found[0].name if len(found) == 1 else "Results side by side"
    write_atomically(path, page.document(title, sections, page.plotly_source()))


def write(result: Presented, path: str | os.PathLike[str]) -> None:
    """Write the page of a result that is not saved: what a family's `solve` returns as its `Result`.

    Raises
    ------
    InvalidInput
        If plotly is not installed, or if the page cannot be written.
    """
    result.report(path)


def write_exports(
    folders: Iterable[str | os.PathLike[str]],
    target: str | os.PathLike[str],
    formats: Sequence[str] = FIGURE_FORMATS,
) -> list[Path]:
    """Write tables as LaTeX, Markdown and one workbook, and charts as pictures, into a folder; return the files."""
    from batteryopt.report import figures

    _require("matplotlib")
    folder, written = Path(target), []
    folder.mkdir(parents=True, exist_ok=True)
    for position, saved in enumerate(found := load_all(folders), start=1):
        family, prefix = family_of(saved), f"{position}-" if len(found) > 1 else ""
        for name, table in family.tables(saved).items():
            for ending, method in TABLE_FORMATS.items():
                written.append(folder / f"{prefix}table-{name}.{ending}")
                write_atomically(written[-1], getattr(table, method)())
        for spec in family.charts(saved):
            for ending in formats:
                written.append(folder / f"{prefix}{spec['name']}.{ending}")
                write_atomically(written[-1], figures.picture(spec, ending))
    if importlib.util.find_spec("openpyxl") is not None:
        written.append(folder / WORKBOOK)
        write_documents(found, written[-1])
    return written


def load_all(folders: Iterable[str | os.PathLike[str]]) -> list[Saved]:
    """Return the results in some folders, or raise `InvalidInput` with all faults at once."""
    found: list[Saved] = []
    faults: list[Fault] = []
    for folder in folders:
        try:
            found.append(load(Path(folder)))
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput("report", faults)
    return found


def sections_of(saved: Saved) -> list[Section]:
    """Return the sections of one result."""
    found: list[Section] = family_of(saved).sections(saved)
    return found


def family_of(saved: Saved) -> Any:
    """Return the module that draws results of this kind: `sections`, `tables` and `charts`."""
    return importlib.import_module(f"batteryopt.report.{saved.kind.replace('-', '_')}")


def _side_by_side(found: Sequence[Saved]) -> list[Section]:
    networks = [saved for saved in found if saved.kind == "network"]
    if len(networks) < 2:
        return []
    from batteryopt.report import network_comparison

    return network_comparison.sections(networks)


def _require(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        fault = Fault(place="report", problem=f"{library} is not installed", remedy="pip install 'batteryopt[plot]'")
        raise InvalidInput("report", [fault])
