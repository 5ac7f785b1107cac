"""From saved results to files: the page, and tables and figures for a paper."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import write_atomically
from batteryopt.ground.owned import OwnedFolder
from batteryopt.report import page
from batteryopt.report.family_view import compared, view_of
from batteryopt.report.presentation import Presented
from batteryopt.report.results import Saved, load
from batteryopt.report.saved import RESULT_FILE
from batteryopt.report.section import Section
from batteryopt.tables.spreadsheet import is_workbook

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
    with _telling_damage(found):
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
        sections = [*side_by_side(found), *sections]
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
    *,
    overwrite: bool = False,
) -> list[Path]:
    """Write tables as LaTeX, Markdown and one workbook, and charts as pictures, into a folder; return the files.

    Raises
    ------
    InvalidInput
        If a folder holds no result, or files of the user's lie in the way; then nothing is written.
    """
    _require("matplotlib")
    found, folder = load_all(folders), OwnedFolder(Path(target), place="--exports")
    with _telling_damage(found):
        contents = dict(_all_exports(found, formats))
    folder.put(contents, overwrite=overwrite)
    return [folder.path / name for name in contents]


@contextlib.contextmanager
def _telling_damage(found: Sequence[Saved]) -> Iterator[None]:
    """Say which result cannot be shown because it is not as it was written; all else that fails is a fault of ours."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        changed = [str(saved.folder / RESULT_FILE) for saved in found if not saved.is_as_written]
        if not changed:
            raise
        problem = f"cannot be shown, and is not as batteryopt wrote it ({type(error).__name__}: {error})"
        remedy = "write it anew with: batteryopt solve INSTANCE --out DIR"
        raise InvalidInput("report", [Fault(place=p, problem=problem, remedy=remedy) for p in changed]) from error


def _all_exports(found: Sequence[Saved], formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of every file for a paper."""
    for position, saved in enumerate(found, start=1):
        prefix = f"{position}-" if len(found) > 1 else ""
        yield from ((prefix + name, data) for name, data in _exports_of(saved, formats))
    if importlib.util.find_spec("openpyxl") is not None:
        from batteryopt.report import workbook

        yield WORKBOOK, workbook.content(found, WORKBOOK)


def _exports_of(saved: Saved, formats: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each table and picture of a result."""
    from batteryopt.report import figures

    family = view_of(saved)
    for name, table in family.tables(saved).items():
        for ending, method in TABLE_FORMATS.items():
            yield f"table-{name}.{ending}", getattr(table, method)().encode()
    for spec in family.charts(saved):
        for ending in formats:
            yield f"{spec['name']}.{ending}", figures.picture(spec, ending)


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
    return view_of(saved).sections(saved)


def side_by_side(found: Sequence[Saved]) -> list[Section]:
    """Return the sections in which results of one family are compared."""
    comparisons = ((view_of(group[0]).comparison, group) for group in compared(found).values())
    return [section for way, group in comparisons if way is not None for section in way.sections(group)]


def _require(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        fault = Fault(place="report", problem=f"{library} is not installed", remedy="pip install 'batteryopt[plot]'")
        raise InvalidInput("report", [fault])
