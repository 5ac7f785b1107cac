"""Workbooks: which files are some, how they are opened and saved, and what every sheet of ours looks like."""

from __future__ import annotations

import importlib.util
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of, in_words, refuse_bombs
from batteryopt.ground.marks import NAME

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

MOST_UNPACKED = 150_000_000
"""Bytes of a workbook's parts, unpacked: its cells take ten times as much in memory."""
MOST_ROWS, MOST_CELLS = 200_000, 2_000_000
"""Of a sheet."""
SUFFIXES = (".xlsx", ".xlsm")
OTHERS = (".xls", ".xlsb", ".ods")
"""Spreadsheets that are neither read nor written; they can be saved as .xlsx."""
LONGEST_NAME = 31
"""Characters that the name of a sheet may have."""
WIDEST, NARROWEST = 60, 9
"""Widths of columns, in characters."""
DARK, LIGHT, PALE, GREY = "FF1C5A94", "FFDCE8F3", "FFF3F6F9", "FF9AA5B1"
"""Of headings; of headings of what is left out; of every second row; of tabs of empty sheets."""
_FORMULA = re.compile(rb"<f[ >/]")


def is_workbook(path: str | os.PathLike[str]) -> bool:
    """Whether a path is that of a spreadsheet, of whatever kind, and not that of a folder."""
    return Path(path).suffix.lower() in (*SUFFIXES, *OTHERS) and not os.path.isdir(path)


def refuse_others(path: str | os.PathLike[str]) -> None:
    """Raise `InvalidInput` where workbooks cannot be handled here, or not those of this kind."""
    suffix = Path(path).suffix.lower()
    if suffix in OTHERS:
        _refuse(path, f"is a spreadsheet of kind {suffix}", "save it as .xlsx in your spreadsheet")
    if importlib.util.find_spec("openpyxl") is None:
        _refuse(path, "needs openpyxl, which is not installed", "pip install 'batteryopt[excel]'")


def _refuse(path: str | os.PathLike[str], problem: str, remedy: str) -> None:
    raise InvalidInput(str(path), [Fault(place="file", problem=problem, remedy=remedy)])


# ---- reading -------------------------------------------------------------------------------------------------------


def cells_of(path: Path) -> dict[str, list[list[Any]]]:
    """Return every sheet of a workbook, by name: rows of cells as openpyxl has them, from the first row on.

    A formula has the value that the spreadsheet stored last; one without any is given as the formula's own cell.

    Raises
    ------
    InvalidInput
        If there is no such file, or if it cannot be read.
    """
    refuse_others(path)
    remedy = "save it as .xlsx in your spreadsheet, unprotected"
    try:
        content = content_of(path)
        with in_words(remedy, problem="is no workbook that can be read"):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                refuse_bombs(archive, most=MOST_UNPACKED)
            return _cells(content)
    except CannotRead as error:
        is_missing = "no such file" in error.problem
        more = f", or make one: batteryopt new network {path}" if is_missing else ""
        fault = Fault(place="file", problem=error.problem, remedy=error.remedy + more)
        raise InvalidInput(str(path), [fault]) from error


def _cells(content: bytes) -> dict[str, list[list[Any]]]:
    sheets = _sheets(content, data_only=True)
    if _has_formulas(content):
        formulas = _sheets(content, data_only=False)
        sheets = {name: _with_formulas(rows, formulas[name]) for name, rows in sheets.items()}
    return sheets


def _sheets(content: bytes, *, data_only: bool) -> dict[str, list[list[Any]]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)
    found = {}
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # what the file says of its own size may be wrong
        found[sheet.title] = list(_rows(sheet))
    return found


def _rows(sheet: Any) -> Iterator[list[Any]]:
    """Yield a sheet's rows of cells, no more than are read: one cell far out makes a row, or all rows before it."""
    count = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        count += len(row)
        for amount, most, what in ((number, MOST_ROWS, "rows"), (count, MOST_CELLS, "cells")):
            if amount > most:
                problem = f"sheet {sheet.title} has more than {most:,} {what}, and no more are read"
                raise CannotRead(problem, "delete the rows and columns that hold nothing")
        yield list(row)


def _has_formulas(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(_FORMULA.search(archive.read(part)) for part in parts)


def _with_formulas(values: list[list[Any]], formulas: list[list[Any]]) -> list[list[Any]]:
    """Return the cells of `values`, and those of `formulas` where a formula has no value."""
    return [
        [
            formula if value.value is None and formula.data_type == "f" else value
            for value, formula in zip(*rows, strict=False)
        ]
        for rows in zip(values, formulas, strict=False)
    ]


# ---- writing -------------------------------------------------------------------------------------------------------


def new_workbook() -> Workbook:
    """Return a workbook without sheets."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = book.properties.lastModifiedBy = NAME
    return book


def to_bytes(book: Workbook) -> bytes:
    """Return a workbook as the content of a file, every sheet ready to be printed."""
    for sheet in book.worksheets:
        printable(sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def sheet_name(text: str, taken: Iterable[str] = ()) -> str:
    """Return a legal name of a sheet that is like a text and differs from those that are taken, in any case."""
    used = {name.lower() for name in taken}
    clean = re.sub(r"[\[\]:*?/\\]", " ", text).strip(" '") or "sheet"
    name, count = clean[:LONGEST_NAME], 1
    while name.lower() in used:
        count += 1
        name = f"{clean[: LONGEST_NAME - len(str(count)) - 1]} {count}"
    return name


def put(cell: Cell, value: Any, number_format: str = "General") -> None:
    """Set a cell to a text, which stays one whatever it looks like, or to a number, to its last bit.

    What no workbook can hold, control characters, is left out of texts.
    """
    if isinstance(value, str):
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        if "\n" in value:
            cell.alignment = _alignment(wrap=True)
        return
    cell.value = value
    if isinstance(value, float) and float(f"{value:.16g}") != value:
        cell.value = repr(value)  # openpyxl writes sixteen digits, and this number needs one more
        cell.data_type = "n"
    if value is not None:
        cell.number_format = number_format


def header(
    sheet: Worksheet, names: Sequence[str], *, row: int = 1, faint: Iterable[str] = (), numbers: Sequence[bool] = ()
) -> None:
    """Write headings.

    Parameters
    ----------
    faint
        Headings of columns that nothing stands in.
    numbers
        Whether each column holds numbers: then its heading stands on the right, as they do.
    """
    from openpyxl.styles import Font, PatternFill

    pale = set(faint)
    for position, name in enumerate(names, start=1):
        cell = sheet.cell(row, position)
        put(cell, name)
        is_pale = name in pale
        cell.font = Font(bold=True, color="FF445566" if is_pale else "FFFFFFFF")
        cell.fill = PatternFill("solid", fgColor=LIGHT if is_pale else DARK)
        is_number = position <= len(numbers) and numbers[position - 1]
        cell.alignment = _alignment(wrap=True, vertical="center", horizontal="right" if is_number else None)


def note(cell: Cell, text: str) -> None:
    """Attach a note to a cell, large enough to be read."""
    from openpyxl.comments import Comment

    lines = sum(1 + len(line) // 44 for line in text.splitlines())
    cell.comment = Comment(text, "batteryopt", width=320, height=24 + 17 * lines)


def drop_down(sheet: Worksheet, column: int, formula: str, last_row: int, *, must: str = "") -> None:
    """Offer a list of values in a column's cells below its heading, as `offer` does."""
    from openpyxl.utils import get_column_letter

    letter = get_column_letter(column)
    offer(sheet, f"{letter}2:{letter}{last_row}", formula, must=must)


def offer(sheet: Worksheet, cells: str, formula: str, *, must: str = "") -> None:
    """Offer a list of values in some cells.

    Parameters
    ----------
    must
        What to say where something else is typed; empty: nothing, for the list is a suggestion.
    """
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=bool(must))
    if must:
        rule.error, rule.errorTitle, rule.errorStyle = must, "batteryopt", "warning"
    rule.add(cells)
    sheet.add_data_validation(rule)


def widths(sheet: Worksheet, columns: Iterable[Iterable[str]], widest: int = WIDEST) -> None:
    """Make each column as wide as its longest text, within reason."""
    from openpyxl.utils import get_column_letter

    for position, texts in enumerate(columns, start=1):
        longest = max((len(line) for text in texts for line in text.splitlines()), default=0)
        sheet.column_dimensions[get_column_letter(position)].width = min(max(longest + 2, NARROWEST), widest)


def printable(sheet: Worksheet) -> None:
    """Let a sheet be printed on pages as wide as it is, with its headings on each."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = _page_setup(fitToPage=True)
    if sheet.freeze_panes and not sheet.print_title_rows:
        sheet.print_title_rows = "1:1"


def _page_setup(**settings: bool) -> Any:
    from openpyxl.worksheet.properties import PageSetupProperties

    return PageSetupProperties(**settings)


def illegal(texts: Mapping[str, str]) -> Iterator[Fault]:
    """Yield a fault for every text, by its place, that has characters which no workbook can hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    for place, text in texts.items():
        if ILLEGAL_CHARACTERS_RE.search(text):
            yield Fault(place=place, problem=f"{text!r} fits no workbook", remedy="remove its control characters")


def emphasise(cell: Cell, *, is_title: bool) -> None:
    """Make a cell's text bold, and large where it is a title."""
    from openpyxl.styles import Font

    cell.font = Font(bold=True, size=14 if is_title else 11, color=DARK if is_title else "FF000000")
    cell.alignment = _alignment(wrap=not is_title)


def wrap(cell: Cell) -> None:
    """Let a cell's text take several lines."""
    cell.alignment = _alignment(wrap=True)


def _alignment(*, wrap: bool, vertical: str = "top", horizontal: str | None = None) -> Any:
    from openpyxl.styles import Alignment

    return Alignment(wrap_text=wrap, vertical=vertical, horizontal=horizontal)
