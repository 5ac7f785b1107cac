"""A network to one workbook: a sheet a table with notes, units and drop-downs; reading it gives the network back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import write_atomically
from batteryopt.network.data.instance import Floats, Network
from batteryopt.network.tables.cells import CellKind, Column, text_of
from batteryopt.network.tables.guide import column_note, readme_rows, setting_rows
from batteryopt.network.tables.lists import drop_down_of
from batteryopt.network.tables.rows import Head, Values, cell_of, heads_of, rows_of, settings_of_network, text_of_head
from batteryopt.network.tables.schema import TABLES, TableSchema
from batteryopt.network.tables.workbook_source import KEY, MEANING, README, SETTINGS, VALUE
from batteryopt.network.tables.writer import unwritable_names
from batteryopt.tables import spreadsheet

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MOST_SITES = 500
"""Sites of the largest distance table that is written as a sheet: a quarter of a million cells, half a minute."""
ROOM = 500
"""Rows below the last that have drop-downs too."""
NUMBER, WHOLE, KM = "#,##0.0###_)", "0_)", "#,##0.0_)"
"""The last sign leaves a gap to the column on the right."""
MEANING_WIDTH = 80
ExtraTables = Mapping[str, Sequence[Sequence[str]]]
"""Tables that are kept beside a network's own, by name, with their headings: where the numbers come from."""


def write_workbook(network: Network, path: str | os.PathLike[str], extra: ExtraTables | None = None) -> None:
    """Write a network as one workbook; reading it gives the same network.

    Raises
    ------
    InvalidInput
        If something in it fits no workbook, or the file cannot be written.
    """
    spreadsheet.refuse_others(path)
    faults = [*unwritable_names(network), *_too_large(network), *_illegal(network)]
    if faults:
        raise InvalidInput(str(path), faults)
    write_atomically(path, _Writing(network, Path(path).name).content(extra or {}))


def _too_large(network: Network) -> Iterator[Fault]:
    if len(network.sites) > MOST_SITES:
        for name in network.distances:
            problem = f"has {len(network.sites)} sites, and a sheet is written of up to {MOST_SITES}"
            yield Fault(place=f"distances '{name}'", problem=problem, remedy="keep this network as a folder")


def _illegal(network: Network) -> Iterator[Fault]:
    """Yield texts with characters that no workbook can hold."""
    texts = {key: value for key, value in settings_of_network(network).items() if isinstance(value, str)}
    texts |= {
        f"{name} row {line}, {key}": value
        for name, rows in rows_of(network).items()
        for line, row in enumerate(rows, start=2)
        for key, value in row.items()
        if isinstance(value, str)
    }
    yield from spreadsheet.illegal(texts)


@dataclass(kw_only=False)
class _Writing:
    """A workbook under way."""

    network: Network
    file: str
    book: Any = field(default_factory=spreadsheet.new_workbook)

    def content(self, extra: ExtraTables) -> bytes:
        rows = rows_of(self.network)
        names = self._distance_sheets(extra)
        self._readme(rows, names, extra)
        self._settings(names)
        for name in sorted(TABLES, key=lambda name: not rows[name]):  # those that hold something come first
            self._table(TABLES[name], rows[name])
        for name, sheet in names.items():
            self._distances(sheet, self.network.distances[name])
        for name, table in extra.items():
            self._extra(name, table)
        return spreadsheet.to_bytes(self.book)

    def _distance_sheets(self, extra: ExtraTables) -> dict[str, str]:
        """Return the sheet of each distance table."""
        taken, names = {README, SETTINGS, *TABLES, *extra}, {}
        for name in self.network.distances:
            names[name] = spreadsheet.sheet_name(name, taken)
            taken.add(names[name])
        return names

    def _readme(self, rows: Mapping[str, Sequence[Values]], distances: Mapping[str, str], extra: ExtraTables) -> None:
        sheet = self.book.create_sheet(README)
        count = {name: len(rows[name]) for name in TABLES}
        for line, (left, right, is_title) in enumerate(readme_rows(self.file, count, distances, extra), start=1):
            for position, text in enumerate((left, right), start=1):
                spreadsheet.put(sheet.cell(line, position), text)
            spreadsheet.emphasise(sheet.cell(line, 1), is_title=is_title)
            spreadsheet.wrap(sheet.cell(line, 2))
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 100
        sheet.sheet_view.showGridLines = False

    def _settings(self, distances: Mapping[str, str]) -> None:
        sheet = self.book.create_sheet(SETTINGS)
        periods = len(self.network.periods)
        spreadsheet.header(sheet, [KEY, MEANING, VALUE, *[""] * (periods - 1)])
        values = settings_of_network(self.network) | {f"distances.{name}": at for name, at in distances.items()}
        for line, (key, meaning, column) in enumerate(setting_rows(values, self.network.currency), start=2):
            spreadsheet.put(sheet.cell(line, 1), key)
            spreadsheet.put(sheet.cell(line, 2), meaning)
            spreadsheet.wrap(sheet.cell(line, 2))
            sheet.row_dimensions[line].height = 15 * (1 + len(meaning) // MEANING_WIDTH)
            value = values.get(key)
            for position, item in enumerate(value if isinstance(value, list | tuple) else [value], start=3):
                spreadsheet.put(sheet.cell(line, position), _cell_value(item), NUMBER)
            if column is not None and column.kind is CellKind.YES_NO:
                spreadsheet.offer(sheet, f"C{line}", '"yes,no"', must="Expected yes or no.")
        spreadsheet.widths(sheet, [[key for key, _, _ in setting_rows(values, "")]])
        sheet.column_dimensions["B"].width, sheet.column_dimensions["C"].width = MEANING_WIDTH, 26
        sheet.freeze_panes = "C2"

    def _table(self, table: TableSchema, rows: Sequence[Values]) -> None:
        sheet = self.book.create_sheet(table.name)
        periods = [period.name for period in self.network.periods]
        used = heads_of(table, rows, len(periods))
        unused = [(column, None) for column in table.columns if column not in {column for column, _ in used}]
        heads: list[Head] = [*used, *unused]
        names = [text_of_head(head, periods) for head in heads]
        spreadsheet.header(sheet, names, faint=[column.name for column, _ in unused])
        texts = [[name] for name in names]
        for line, row in enumerate(rows, start=2):
            for position, head in enumerate(heads, start=1):
                value = cell_of(head, row, heads)
                if value is not None:
                    spreadsheet.put(sheet.cell(line, position), _cell_value(value), _format(head[0]))
                    texts[position - 1].append(text_of(value))
        for position, (column, period) in enumerate(heads, start=1):
            spreadsheet.note(sheet.cell(1, position), column_note(column, period, periods, self.network.currency))
            self._drop_down(sheet, position, column, len(rows))
        spreadsheet.widths(sheet, texts)
        sheet.freeze_panes = "B2"
        if not rows:
            sheet.sheet_properties.tabColor = spreadsheet.GREY

    def _drop_down(self, sheet: Worksheet, position: int, column: Column, rows: int) -> None:
        found = drop_down_of(column, sheet.title, self.network)
        if found is not None:
            spreadsheet.drop_down(sheet, position, found.formula, rows + 1 + ROOM, must=found.must)

    def _distances(self, name: str, km: Floats) -> None:
        sheet = self.book.create_sheet(name)
        sites = [site.name for site in self.network.sites]
        spreadsheet.header(sheet, ["km", *sites])
        for line, (site, row) in enumerate(zip(sites, km.tolist(), strict=True), start=2):
            spreadsheet.put(sheet.cell(line, 1), site)
            for position, distance in enumerate(row, start=2):
                if not np.isnan(distance):
                    spreadsheet.put(sheet.cell(line, position), distance, KM)
        spreadsheet.note(
            sheet.cell(1, 1),
            "From the site in this column to the site in the first row, in km.\nEmpty: there is no way.",
        )
        spreadsheet.widths(sheet, [["km", *sites], *([site] for site in sites)])
        sheet.freeze_panes = "B2"

    def _extra(self, name: str, table: Sequence[Sequence[str]]) -> None:
        sheet = self.book.create_sheet(name)
        for line, cells in enumerate(table, start=1):
            for position, text in enumerate(cells, start=1):
                spreadsheet.put(sheet.cell(line, position), text)
        if table:
            spreadsheet.header(sheet, table[0])
            spreadsheet.widths(sheet, [[row[i] for row in table if i < len(row)] for i in range(len(table[0]))])
        sheet.freeze_panes = "A2"


def _cell_value(value: Any) -> Any:
    """Return a value as a cell holds it: numbers as they are, all else as a CSV file would have it."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number or value is None else text_of(value)


def _format(column: Column) -> str:
    return {CellKind.NUMBER: NUMBER, CellKind.WHOLE: WHOLE}.get(column.kind, "General")
