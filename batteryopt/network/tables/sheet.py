"""A CSV file as rows of values, with every fault of its header and its cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from batteryopt.errors import Fault, nearest
from batteryopt.input_faults import show
from batteryopt.network.tables.cells import PERIOD_SEPARATOR, Column, NotAValue, value_of
from batteryopt.network.tables.schema import Table

COMMENT = "#"
"""A row whose first cell begins with it is left out."""


@dataclass(kw_only=True)
class Row:
    """A row of a table: what its cells hold, by attribute.

    Attributes
    ----------
    line
        Its number in the file; the header is 1, as a spreadsheet shows it.
    values
        By attribute; those that the row leaves empty are absent.
    faulty
        Attributes whose cell had a fault, which is reported already.
    """

    table: Table
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)

    def place(self, attribute: str = "") -> str:
        """Return where a fault of this row is."""
        column = self.table.by_field.get(attribute)
        return f"{self.table.name}.csv row {self.line}" + (f", column {column.name}" if column else "")

    def get(self, attribute: str, default: Any = "") -> Any:
        """Return an attribute's value."""
        return self.values.get(attribute, default)

    def lacks_a_required_value(self) -> bool:
        """Whether nothing can be made of the row."""
        return any(column.required and column.field not in self.values for column in self.table.columns)

    def own_values(self) -> dict[str, Any]:
        """Return the attributes of the entity itself, without those of its owner."""
        return {name: value for name, value in self.values.items() if not name.startswith("owner_")}


@dataclass(frozen=True, kw_only=True)
class Head:
    """One column as it stands in a file.

    Attributes
    ----------
    period
        Index of the period that it is of; None: all.
    """

    column: Column
    period: int | None


def read_sheet(path: Path, table: Table, periods: Sequence[str], faults: list[Fault]) -> list[Row]:
    """Return the rows of a table; what is wrong with them goes to `faults`."""
    lines = _lines(path, faults)
    if not lines:
        return []
    (_, header), *rest = lines
    heads = list(_heads(header, table, periods, faults))
    _missing_columns(heads, table, faults)
    return [_row(line, cells, heads, table, len(periods), faults) for line, cells in rest]


def _lines(path: Path, faults: list[Fault]) -> list[tuple[int, list[str]]]:
    """Return the lines of a CSV file that hold something, with their numbers."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start})"
        faults.append(Fault(place=path.name, problem=problem, remedy="save the table as CSV in UTF-8"))
        return []
    reader = csv.reader(io.StringIO(text, newline=""))
    lines = []
    for cells in reader:
        cells = [cell.strip() for cell in cells]
        if any(cells) and not cells[0].startswith(COMMENT):
            lines.append((reader.line_num, cells))
    if not lines:
        remedy = "write the column names into the first row, or remove the file"
        faults.append(Fault(place=path.name, problem="is empty", remedy=remedy))
    return lines


def _heads(header: list[str], table: Table, periods: Sequence[str], faults: list[Fault]) -> Iterator[Head | None]:
    """Yield what each column of the file is; None for one that is unknown."""
    seen: set[str] = set()
    for text in header:
        head = _head(text, table, periods, faults) if text not in seen else None
        if text in seen:
            remedy = "keep one of the two columns"
            faults.append(
                Fault(place=f"{table.name}.csv, column {text or '(no name)'}", problem="stands twice", remedy=remedy)
            )
        seen.add(text)
        yield head


def _head(text: str, table: Table, periods: Sequence[str], faults: list[Fault]) -> Head | None:
    name, _, period = (part.strip() for part in text.partition(PERIOD_SEPARATOR))
    column = table.by_name.get(name)
    place = f"{table.name}.csv, column {text or '(no name)'}"
    if column is None:
        faults.append(Fault(place=place, problem="unknown column", remedy=nearest(name, table.by_name)))
    elif period and not column.by_period:
        remedy = f"'{name}' is the same in all periods: give it one column, without a period"
        faults.append(Fault(place=place, problem=f"has the period '{period}'", remedy=remedy))
    elif period and period not in periods:
        faults.append(Fault(place=place, problem=f"period '{period}' is not declared", remedy=nearest(period, periods)))
    else:
        return Head(column=column, period=list(periods).index(period) if period else None)
    return None


def _missing_columns(heads: Sequence[Head | None], table: Table, faults: list[Fault]) -> None:
    present = {head.column.name for head in heads if head}
    for column in table.columns:
        if column.required and column.name not in present and None not in heads:
            remedy = f"expected {column.expectation}"
            faults.append(Fault(place=f"{table.name}.csv, column {column.name}", problem="is missing", remedy=remedy))


def _row(
    line: int, cells: list[str], heads: Sequence[Head | None], table: Table, periods: int, faults: list[Fault]
) -> Row:
    row = Row(table=table, line=line)
    if any(cells[len(heads) :]):
        problem = f"has {len(cells)} cells for {len(heads)} columns"
        faults.append(Fault(place=row.place(), problem=problem, remedy="quote texts that have a comma in them"))
    profiles: dict[str, dict[int | None, float]] = {}
    for head, text in zip(heads, cells, strict=False):
        if head is None or not text:
            continue
        value = _value(text, head, row, faults)
        if value is None:
            continue
        if head.column.by_period:
            profiles.setdefault(head.column.field, {})[head.period] = value
        else:
            row.values[head.column.field] = value
    for name, numbers in profiles.items():
        _set_profile(row, name, numbers, periods, faults)
    present = {head.column.name for head in heads if head}
    for column in table.columns:
        if column.required and column.name in present and column.field not in row.values | dict.fromkeys(row.faulty):
            faults.append(
                Fault(place=row.place(column.field), problem="is empty", remedy=f"expected {column.expectation}")
            )
            row.faulty.add(column.field)
    return row


def _value(text: str, head: Head, row: Row, faults: list[Fault]) -> Any:
    try:
        return value_of(text, head.column)
    except NotAValue:
        row.faulty.add(head.column.field)
        expected = f"expected {head.column.expectation}"
        if head.column.choices is not None:
            expected = f"{nearest(text.lower(), [c.value for c in head.column.choices])}; {expected}"
        faults.append(Fault(place=row.place(head.column.field), problem=f"is {show(text)}", remedy=expected))
        return None


def _set_profile(row: Row, name: str, numbers: Mapping[int | None, float], periods: int, faults: list[Fault]) -> None:
    """Set an attribute that may vary: one number where all periods have the same column, else one a period."""
    if set(numbers) == {None}:
        row.values[name] = numbers[None]
        return
    default = row.table.by_field[name].default
    base = numbers.get(None, default)
    missing = [t for t in range(periods) if t not in numbers]
    if missing and base is None:
        row.faulty.add(name)
        column = row.table.by_field[name].name
        remedy = f"give every period a number, or the others one in a column '{column}'"
        faults.append(Fault(place=row.place(name), problem="has numbers for some periods only", remedy=remedy))
        return
    row.values[name] = tuple(numbers.get(t, base) for t in range(periods))
