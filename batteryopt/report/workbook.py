"""Answers as one workbook: a summary, then one sheet a table, with real numbers, units and formats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from batteryopt.ground.files import write_atomically
from batteryopt.report import headline, page, words
from batteryopt.report.family_view import compared, is_solved, view_of
from batteryopt.report.results import Saved
from batteryopt.report.tables import Cell, Shown, Table
from batteryopt.tables import spreadsheet

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

ROUNDING = 1e-6
"""Numbers that are this close to whole ones, relative to their size, are shown as whole ones."""
TINY = 0.01
"""Columns whose largest number is below it show powers of ten."""
MEASURED = 2000
"""Rows that the width of a column is measured on."""
CAPTION_HEIGHT, WIDEST = 24, 100


def write(found: Sequence[Saved], path: str | os.PathLike[str]) -> None:
    """Write the results as one workbook; several networks are compared on its first sheet.

    Raises
    ------
    InvalidInput
        If openpyxl is not installed, or if the file cannot be written.
    """
    spreadsheet.refuse_others(path)
    write_atomically(path, content(found, os.path.basename(path)))


def content(found: Sequence[Saved], file: str) -> bytes:
    """Return the workbook of some results as the content of a file of some name."""
    book = spreadsheet.new_workbook()
    for group in compared([saved for saved in found if is_solved(saved)]).values():
        _compare(_new_sheet(book, "Side by side"), group)
    for position, saved in enumerate(found, start=1):
        prefix = f"{position} " if len(found) > 1 else ""
        _summary(_new_sheet(book, f"{prefix}Summary"), saved, file)
        for name, table in sheets_of(saved).items():
            _table_sheet(_new_sheet(book, prefix + words.words(name)), table)
    return spreadsheet.to_bytes(book)


def sheets_of(saved: Saved) -> dict[str, Table]:
    """Return the tables of a result that have a sheet each, by name."""
    family = view_of(saved)
    found = {name: table for name, table in family.tables(saved).items() if name in (family.sheets or (name,))}
    by_formula = replace(saved, document={**saved.document, "models": saved.closed_form, "closed_form": {}})
    if is_solved(by_formula):
        found |= {
            f"{name}, by formula": replace(table, caption=f"{table.caption}, by formula")
            for name, table in family.tables(by_formula).items()
        }
    found |= family.long_tables(saved)
    return {name: table for name, table in found.items() if table.rows} | {"checks": _checks(saved)}


def _checks(saved: Saved) -> Table:
    """Return every check of every answer's certificate, in words."""
    rows: list[list[Cell]] = [
        [
            words.model(name),
            "formula" if answer["route"] == "closed-form" else "optimiser",
            "passed" if check["passed"] else "FAILED",
            words.claim(check["name"]),
            *(_scientific(check[key]) for key in ("residual", "tolerance")),
        ]
        for answers in (saved.models, saved.closed_form)
        for name, answer in answers.items()
        for check in answer["certificate"]
    ]
    columns = ["Model", "Route", "Verdict", "Claim", "Off by", "Allowed"]
    return Table(
        caption="What was checked, by code that knows neither formula nor optimiser", columns=columns, rows=rows
    )


def _scientific(value: float | None) -> Cell:
    return None if value is None else Shown(value, f"{value:.1e}", "0.0E+00")


# ---- sheets --------------------------------------------------------------------------------------------------------


def _new_sheet(book: Any, name: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(spreadsheet.sheet_name(name, book.sheetnames))
    return sheet


def _summary(sheet: Worksheet, saved: Saved, file: str) -> None:
    """Write what was solved, how sure it is, and how to do it again."""
    lines = [(saved.name, True), (words.words(view_of(saved).noun), False)]
    lines.append((f"Numbers from: {saved.source}" if saved.source else "The instance names no source.", False))
    row = _lines(sheet, 1, lines)
    for name, answer in saved.models.items():
        row = _lines(sheet, row, [(f"{words.model(name)}: {words.verdict(answer)}", False)])
    for table in view_of(saved).overview(saved).values() if is_solved(saved) else ():
        row = _block(sheet, row + 1, table)
    row = _block(sheet, row + 1, headline.status(saved))
    row = _lines(
        sheet, row + 1, [("Repeat it", True), *((line, False) for line in page.commands(saved, file).split("\n"))]
    )
    _lines(sheet, row, [(page.made_with(saved), False)])
    sheet.column_dimensions["A"].width = 34
    for letter in "BCDEFGHI":
        sheet.column_dimensions[letter].width = 20
    sheet.sheet_view.showGridLines = False


def _compare(sheet: Worksheet, group: Sequence[Saved]) -> None:
    """Write the tables in which a family compares its answers."""
    comparison = view_of(group[0]).comparison
    row = _lines(sheet, 1, [("Side by side", True)])
    for table in comparison.tables(group) if comparison is not None else ():
        row = _block(sheet, row + 1, table)
    sheet.column_dimensions["A"].width = 34
    for position in range(len(group)):
        sheet.column_dimensions["BCDEFGHIJKLMNOPQRSTUVWXYZ"[position % 25]].width = 22
    sheet.sheet_view.showGridLines = False


def _table_sheet(sheet: Worksheet, table: Table) -> None:
    """Write a table that fills a sheet: caption, headings that stay in view and filter, and numbers."""
    from openpyxl.utils import get_column_letter

    last = _block(sheet, 1, table) - 1
    sheet.freeze_panes = "B3"
    sheet.auto_filter.ref = f"A2:{get_column_letter(len(table.columns))}{max(last, 2)}"
    texts = replace(table, rows=table.rows[:MEASURED]).texts()
    spreadsheet.widths(
        sheet, [[f"{name}    ", *(row[i] for row in texts)] for i, name in enumerate(table.columns)], WIDEST
    )
    sheet.print_title_rows = "1:2"


def _lines(sheet: Worksheet, row: int, lines: Sequence[tuple[str, bool]]) -> int:
    """Write lines of words, some of them titles, and return the row below."""
    for position, (text, is_title) in enumerate(lines):
        cell = sheet.cell(row + position, 1)
        spreadsheet.put(cell, text)
        if is_title:
            spreadsheet.emphasise(cell, is_title=True)
    return row + len(lines)


def _block(sheet: Worksheet, row: int, table: Table) -> int:
    """Write a table with its caption and headings, and return the row below."""
    spreadsheet.put(sheet.cell(row, 1), table.caption)
    spreadsheet.emphasise(sheet.cell(row, 1), is_title=True)
    sheet.row_dimensions[row].height = CAPTION_HEIGHT
    spreadsheet.header(sheet, table.columns, row=row + 1, numbers=_are_numbers(table))
    formats = [_format([line[i] for line in table.rows], table.digits) for i in range(len(table.columns))]
    for line, cells in enumerate(table.rows, start=row + 2):
        for position, (cell, format_) in enumerate(zip(cells, formats, strict=True), start=1):
            if cell is None or cell != cell:
                continue
            shown = "#,##0_)" if isinstance(cell, int) else format_
            if isinstance(cell, Shown) and cell.format:
                shown = f"{cell.format}_)"
            value = cell if isinstance(cell, str) else float(cell)
            spreadsheet.put(sheet.cell(line, position), value, "General" if isinstance(value, str) else shown)
    return row + 2 + len(table.rows)


def _are_numbers(table: Table) -> list[bool]:
    return [any(isinstance(row[i], int | float) for row in table.rows) for i in range(len(table.columns))]


def _format(cells: Sequence[Cell], digits: int) -> str:
    """Return the number format of a column: whole numbers, decimals, or powers of ten."""
    numbers = list(_numbers(cells))
    if all(_is_whole(value) for value in numbers):
        return "#,##0_)"
    if 0 < max(map(abs, numbers), default=0.0) < TINY:
        return "0.0E+00_)"
    return f"#,##0.{'0' * digits}_)" if digits else "#,##0_)"


def _is_whole(value: float) -> bool:
    return value == 0 or (abs(value) > 0.5 and abs(value - round(value)) <= ROUNDING * abs(value))


def _numbers(cells: Sequence[Cell]) -> Iterator[float]:
    return (float(cell) for cell in cells if isinstance(cell, int | float) and cell == cell)
