"""Tables as they were written, before anyone asks what their cells mean: texts by line, with the names of their places.

A CSV file and a sheet of a workbook both become a `CellGrid`; from there on nobody asks which it was.
"""

from __future__ import annotations

import abc
import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault
from batteryopt.ground.files import unmarked
from batteryopt.ground.inputs import MOST_CELLS, MOST_COLUMNS, MOST_ROWS, CannotRead, content_of, in_words
from batteryopt.network.data.instance import Floats

COMMENT = "#"
"""A row whose first cell begins with it is left out, and so is a column whose name does."""


class Unreadable(str):
    """A cell that holds something of which no text can be made: an error, a date, a formula without its value.

    Attributes
    ----------
    problem, remedy
        As in a `Fault`.
    """

    problem: str
    remedy: str

    def __new__(cls, text: str, problem: str, remedy: str) -> Unreadable:
        """Return the cell, shown as `text`."""
        cell = super().__new__(cls, text)
        cell.problem, cell.remedy = problem, remedy
        return cell


Line = tuple[int, Sequence[str]]
"""A line that holds something: its number, and its cells."""


@dataclass(frozen=True, kw_only=True)
class CellGrid(abc.ABC):
    """A table as it was written.

    Attributes
    ----------
    place
        How it is called in faults.
    lines
        Without blank lines and remarks; the first has the column names.
    """

    place: str
    lines: Sequence[Line]

    @abc.abstractmethod
    def row(self, line: int) -> str:
        """Return the place of a line."""

    @abc.abstractmethod
    def column(self, name: str, position: int | None = None) -> str:
        """Return the place of a column's name, or of one that is missing."""

    @abc.abstractmethod
    def cell(self, line: int, name: str, position: int | None = None) -> str:
        """Return the place of a cell, or of one that the table has no column for."""


class CsvGrid(CellGrid):
    """A CSV file."""

    def row(self, line: int) -> str:
        """Return the place of a line."""
        return f"{self.place} row {line}"

    def column(self, name: str, position: int | None = None) -> str:  # noqa: ARG002 (a CSV file has no letters)
        """Return the place of a column's name."""
        return f"{self.place}, column {name or '(no name)'}"

    def cell(self, line: int, name: str, position: int | None = None) -> str:  # noqa: ARG002
        """Return the place of a cell."""
        return f"{self.row(line)}, column {name}"


class Source(abc.ABC):
    """Where a network is written, in whatever form: its settings, its tables, its distances.

    Attributes
    ----------
    name
        How it is called in errors.
    title
        The network's name where it gives none itself.
    periods_example
        How the names of periods are written here.
    """

    name: str
    title: str
    periods_example: str

    @abc.abstractmethod
    def content(self, faults: list[Fault]) -> Mapping[str, Any]:
        """Return the settings, as ``network.toml`` has them."""

    @abc.abstractmethod
    def setting(self, key: str, item: int = 0) -> str:
        """Return the place of a setting, or of an item of one that has several."""

    @abc.abstractmethod
    def table(self, name: str) -> str:
        """Return what a table is called here."""

    @abc.abstractmethod
    def grids(self, known: Iterable[str], distances: Mapping[str, str], faults: list[Fault]) -> Mapping[str, CellGrid]:
        """Return the tables by name; what is neither `known` nor a table of distances goes to `faults`."""

    @abc.abstractmethod
    def matrix(self, name: str, where: str, sites: Sequence[str], faults: list[Fault]) -> Floats:
        """Return distances in km in the order of `sites` (S, S), NaN where there is no way."""


def csv_grid(path: Path, faults: list[Fault]) -> CsvGrid:
    """Return a CSV file's lines that hold something; a file that cannot be read has none."""
    grid = CsvGrid(place=path.name, lines=())
    try:
        text = content_of(path).decode("utf-8-sig")
    except CannotRead as error:
        faults.append(error.fault(path.name))
        return grid
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start})"
        faults.append(Fault(place=path.name, problem=problem, remedy="save the table as CSV in UTF-8"))
        return grid
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, path.name, faults))
    try:
        with in_words("check the table there: is a quotation mark left open?"):
            grid = CsvGrid(place=path.name, lines=list(_lines(reader)))
    except CannotRead as error:
        faults.append(error.fault(grid.row(reader.line_num)))
        return grid
    if not grid.lines:
        remedy = "write the column names into the first row, or remove the file"
        faults.append(Fault(place=path.name, problem="is empty", remedy=remedy))
    return grid


def _lines(reader: Any) -> Iterator[Line]:
    """Yield the lines that hold something, no more than are read."""
    cells_read = 0
    for cells in reader:
        cells_read += len(cells)
        bounds = ((reader.line_num, MOST_ROWS, "rows"), (len(cells), MOST_COLUMNS, "columns"))
        for amount, most, what in (*bounds, (cells_read, MOST_CELLS, "cells")):
            if amount > most:
                raise CannotRead(f"has more than {most:,} {what}, and no more are read", "leave some out")
        stripped = [unmarked(cell.strip()) for cell in cells]
        if holds_something(stripped):
            yield reader.line_num, stripped


def _separator(text: str, name: str, faults: list[Fault]) -> str:
    """Return what stands between cells; a comma, or it is told: spreadsheets of many languages save CSV with others."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith(COMMENT))
    header = next(lines, "")
    other = next((mark for mark in ";\t" if mark in header and "," not in header), None)
    if other is None:
        return ","
    words = "a semicolon" if other == ";" else "a tab"
    remedy = "save the table with commas between its cells, and with points in numbers; or use one workbook (.xlsx)"
    faults.append(Fault(place=name, problem=f"has {words} between its cells", remedy=remedy))
    return other


def holds_something(cells: Sequence[str]) -> bool:
    """Whether a line is neither blank nor a remark."""
    is_remark = bool(cells) and cells[0].startswith(COMMENT) and not isinstance(cells[0], Unreadable)
    return any(cells) and not is_remark
