"""A workbook as a source of a network: a sheet a table, one for the settings, one for each table of distances."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.network.data.instance import Floats
from batteryopt.network.tables.cell_grid import COMMENT, CellGrid, Line, Source, Unreadable, holds_something
from batteryopt.network.tables.cells import CellKind, NotAValue, text_of, value_of
from batteryopt.network.tables.distance_matrices import matrix_of, read_matrix_file
from batteryopt.network.tables.folder import BESIDE
from batteryopt.network.tables.settings import TEXTS, policy_columns
from batteryopt.tables.spreadsheet import cells_of

SETTINGS, README = "network", "readme"
KEY, MEANING, VALUE = "setting", "meaning", "value"
"""Columns of the sheet of settings; values that differ from period to period stand side by side from `VALUE` on."""
FILE_SUFFIXES = (".csv", ".npz")
"""A distance table may also lie in a file beside the workbook."""


class SheetGrid(CellGrid):
    """A sheet of a workbook."""

    def row(self, line: int) -> str:
        """Return the place of a line."""
        return f"{self.place}, row {line}"

    def column(self, name: str, position: int | None = None) -> str:
        """Return the place of a column's name, or of one that is missing."""
        if position is None:
            return f"{self.place}, column {name}"
        return f"{self.place}, cell {_address(self.lines[0][0], position)}, column {name or '(no name)'}"

    def cell(self, line: int, name: str, position: int | None = None) -> str:
        """Return the place of a cell, or of one that the sheet has no column for."""
        if position is None:
            return f"{self.row(line)}, column {name}"
        return f"{self.place}, cell {_address(line, position)}"


class Workbook(Source):
    """A workbook.

    Raises
    ------
    InvalidInput
        If it cannot be read or has no settings.
    """

    periods_example = "their names side by side, such as 2025 and 2026"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self.title = path.stem
        self._sheets = {name: _grid(name, rows) for name, rows in cells_of(path).items()}
        self._by_name = {name.lower(): grid for name, grid in self._sheets.items()}
        self._cells: dict[str, tuple[int, int]] = {}
        if SETTINGS not in self._by_name:
            remedy = f"a network's workbook has one; to start from an example: batteryopt new network {path.name}"
            fault = Fault(place="file", problem=f"has no sheet '{SETTINGS}'", remedy=remedy)
            raise InvalidInput(str(path), [fault])

    def content(self, faults: list[Fault]) -> Mapping[str, Any]:
        """Return the settings; the place of each is remembered."""
        grid = self._by_name[SETTINGS]
        header = [text.lower() for text in grid.lines[0][1]] if grid.lines else []
        if not {KEY, VALUE} <= set(header):
            remedy = f"expected a first row with '{KEY}' and '{VALUE}'"
            faults.append(Fault(place=grid.place, problem="has no headings", remedy=remedy))
            return {}
        key_at, value_at = header.index(KEY), header.index(VALUE)
        content: dict[str, Any] = {}
        for line, cells in grid.lines[1:]:
            key, values = cells[key_at], _trimmed(cells[value_at:])
            if not key or not values:
                continue
            if key in self._cells:
                place = grid.cell(line, KEY, key_at)
                faults.append(Fault(place=place, problem=f"'{key}' stands twice", remedy="keep one of the two rows"))
                continue
            self._cells[key] = (line, value_at)
            unreadable = [(i, text) for i, text in enumerate(values) if isinstance(text, Unreadable)]
            for i, text in unreadable:
                place = grid.cell(line, VALUE, value_at + i)
                faults.append(Fault(place=place, problem=text.problem, remedy=text.remedy))
            _insert(content, key, values)
        return content

    def setting(self, key: str, item: int = 0) -> str:
        """Return the place of a setting, or of an item of one that has several."""
        if key not in self._cells:
            return f"sheet {SETTINGS}, {key}"
        line, position = self._cells[key]
        return f"{self._by_name[SETTINGS].cell(line, VALUE, position + item)}, {key}"

    def table(self, name: str) -> str:
        """Return what a table is called here."""
        return f"sheet {name}"

    def grids(self, known: Iterable[str], distances: Mapping[str, str], faults: list[Fault]) -> Mapping[str, SheetGrid]:
        """Return the tables that have rows, by name; a sheet whose name begins with # is a remark."""
        known, targets = list(known), [where.lower() for where in distances.values()]
        is_any_lost = not all(where in self._by_name or where.endswith(FILE_SUFFIXES) for where in targets)
        for name, grid in self._sheets.items():
            is_known = name.lower() in {*known, SETTINGS, README, *BESIDE, *targets} or name.startswith(COMMENT)
            if is_known or not grid.lines or (is_any_lost and _is_square(grid)):
                continue
            remedy = nearest(name.lower(), known)
            if _is_square(grid):
                remedy = f"if it holds distances, write distances.{name} into the sheet '{SETTINGS}', with its name"
            remedy += f"; or begin its name with {COMMENT} to have it left out"
            faults.append(Fault(place=f"sheet {name}", problem="unknown sheet", remedy=remedy))
        return {name: self._by_name[name] for name in known if len(self._grid_lines(name)) > 1}

    def matrix(self, name: str, where: str, sites: Sequence[str], faults: list[Fault]) -> Floats:
        """Return distances from a sheet, or from a file beside the workbook."""
        grid = self._by_name.get(where.strip().lower())
        if grid is not None:
            return matrix_of(grid, sites, faults)
        place = self.setting(f"distances.{name}")
        if Path(where).suffix.lower() in FILE_SUFFIXES:
            return read_matrix_file(self.path.parent / where, sites, faults, f"check {place}")
        faults.append(Fault(place=place, problem=f"there is no sheet '{where}'", remedy=nearest(where, self._sheets)))
        return np.zeros((len(sites), len(sites)))

    def rows(self, name: str) -> list[Sequence[str]]:
        """Return a sheet's rows as they are; none where there is no such sheet."""
        return [cells for _, cells in self._grid_lines(name)]

    def _grid_lines(self, name: str) -> Sequence[Line]:
        return self._by_name[name].lines if name in self._by_name else ()


def grids_of_workbook(path: Path) -> dict[str, SheetGrid]:
    """Return every sheet of a workbook that holds something, by its name in small letters.

    Raises
    ------
    InvalidInput
        If it cannot be read.
    """
    grids = {name.lower(): _grid(name, rows) for name, rows in cells_of(path).items()}
    return {name: grid for name, grid in grids.items() if grid.lines}


def _grid(name: str, rows: Sequence[Sequence[Any]]) -> SheetGrid:
    """Return a sheet's lines that hold something, all as long as the longest."""
    texts = [(line, _trimmed([_text(cell) for cell in cells])) for line, cells in enumerate(rows, start=1)]
    lines = [(line, cells) for line, cells in texts if holds_something(cells)]
    width = max((len(cells) for _, cells in lines), default=0)
    padded = [(line, [*cells, *[""] * (width - len(cells))]) for line, cells in lines]
    return SheetGrid(place=f"sheet {name}", lines=padded)


def _text(cell: Any) -> str:
    """Return what a cell holds, as a CSV file would have it."""
    value, kind = cell.value, cell.data_type
    if kind == "f":
        problem = (
            f"is the formula {value} without a value" if isinstance(value, str) else "is a formula without a value"
        )
        return Unreadable("=", problem, "open and save the workbook in a spreadsheet, which stores the value")
    if value is None:
        return ""
    if kind == "e":
        return Unreadable(str(value), f"is the error {value}", "correct its formula, or type the value")
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        shown = value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
        problem = f"is a date or time ({shown.removesuffix('T00:00:00')})"
        return Unreadable(shown, problem, "format the cell as text or as a number, and type it again")
    return text_of(value).strip()


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Return cells without the empty ones at the end."""
    length = max((i for i, cell in enumerate(cells, start=1) if cell), default=0)
    return list(cells[:length])


def _is_square(grid: CellGrid) -> bool:
    """Whether a sheet has the same names on both sides."""
    (_, header), *rest = grid.lines
    return bool(rest) and [cells[0] for _, cells in rest] == list(header[1:])


def _address(line: int, position: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(position + 1)}{line}"


# ---- settings ------------------------------------------------------------------------------------------------------


def _insert(content: dict[str, Any], key: str, values: Sequence[str]) -> None:
    """Put a setting where ``network.toml`` would have it; ``policy.budget`` is a key of the table ``policy``."""
    table, dot, name = key.partition(".")
    if dot:
        inner = content.setdefault(table, {})
        if isinstance(inner, dict):
            inner[name] = _setting(table, name, values)
    else:
        content[key] = list(values) if key == "periods" else _setting("", key, values)


def _setting(table: str, key: str, values: Sequence[str]) -> Any:
    """Return what the cells of a setting hold: a text, a number, or a list where there are several."""
    if (not table and key in TEXTS) or table == "distances":
        return values[0] if len(values) == 1 else list(values)
    column = policy_columns().get(key) if table == "policy" else None
    found = [
        _yes_or_no(text) if column is not None and column.kind is CellKind.YES_NO else _number(text) for text in values
    ]
    return found[0] if len(found) == 1 else found


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _yes_or_no(text: str) -> bool | str:
    column = next(column for column in policy_columns().values() if column.kind is CellKind.YES_NO)
    try:
        found: bool = value_of(text, column)
    except NotAValue:
        return text
    return found
