"""A table, as it was written, as rows of values; with every fault of its header and its cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batteryopt.ground.errors import Fault, nearest
from batteryopt.network.tables.cell_grid import COMMENT, CellGrid, Unreadable
from batteryopt.network.tables.cells import PERIOD_SEPARATOR, Column, NotAValue, value_of
from batteryopt.network.tables.schema import TableSchema
from batteryopt.tables.input_faults import show


@dataclass(frozen=True, kw_only=True)
class Head:
    """One column as it was written.

    Attributes
    ----------
    text
        Its name there.
    position
        Its place among the columns, from 0.
    period
        Index of the period that it is of; None: all.
    """

    column: Column
    text: str
    position: int
    period: int | None


@dataclass(kw_only=True)
class SheetRow:
    """A row of a table: what its cells hold, by attribute.

    Attributes
    ----------
    grid
        What it was read from.
    line
        Its number there; the header is 1, as a spreadsheet shows it.
    heads
        The columns that were read.
    cells
        As they were written.
    filled
        Positions of its cells that hold something.
    values
        By attribute; those that the row leaves empty are absent.
    faulty
        Attributes whose cell had a fault, which is reported already.
    """

    table: TableSchema
    grid: CellGrid
    line: int
    heads: Sequence[Head] = ()
    cells: Sequence[str] = ()
    filled: frozenset[int] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)

    def place(self, attribute: str = "", period: int | None = None) -> str:
        """Return where a fault of this row is."""
        column = self.table.by_field.get(attribute)
        if column is None:
            return self.grid.row(self.line)
        mine = [head for head in self.heads if head.column is column]
        if not mine:
            return self.grid.cell(self.line, column.name)
        head = min(mine, key=lambda h: (h.position not in self.filled, h.period != period, h.period is not None))
        return self.grid.cell(self.line, head.text, head.position)

    def get(self, attribute: str, default: Any = "") -> Any:
        """Return an attribute's value."""
        return self.values.get(attribute, default)

    def lacks_a_required_value(self) -> bool:
        """Whether nothing can be made of the row."""
        return any(column.required and column.field not in self.values for column in self.table.columns)

    def own_values(self) -> dict[str, Any]:
        """Return the attributes of the entity itself, without those of its owner."""
        return {name: value for name, value in self.values.items() if not name.startswith("owner_")}


def read_sheet(grid: CellGrid, table: TableSchema, periods: Sequence[str], faults: list[Fault]) -> list[SheetRow]:
    """Return the rows of a table; what is wrong with them goes to `faults`."""
    if not grid.lines:
        return []
    (_, header), *rest = grid.lines
    before = len(faults)
    heads = list(_heads(header, grid, table, periods, faults))
    if len(faults) == before:  # else a column that is missing may be one whose name is wrong
        _missing_columns(heads, grid, table, faults)
    doubted = _doubted(header, heads, table)
    return [_row(line, cells, heads, grid, table, len(periods), doubted, faults) for line, cells in rest]


def _doubted(header: Sequence[str], heads: Sequence[Head | None], table: TableSchema) -> frozenset[str]:
    """Return the attributes that have a column whose period is unknown: what their rows lack is told already."""
    names = [text.partition(PERIOD_SEPARATOR)[0].strip() for text, head in zip(header, heads, strict=True) if not head]
    return frozenset(table.by_name[name].field for name in names if name in table.by_name)


def _heads(
    header: Sequence[str], grid: CellGrid, table: TableSchema, periods: Sequence[str], faults: list[Fault]
) -> Iterator[Head | None]:
    """Yield what each column is; None for one that is unknown, and for remarks."""
    seen: set[str] = set()
    for position, text in enumerate(header):
        head = None
        if not text:
            _must_be_empty(position, grid, faults)
        elif isinstance(text, Unreadable) or not text.startswith(COMMENT):
            if text in seen:
                place = grid.column(text, position)
                faults.append(Fault(place=place, problem="stands twice", remedy="keep one of the two columns"))
            else:
                head = _head(text, position, grid, table, periods, faults)
        seen.add(text)
        yield head


def _must_be_empty(position: int, grid: CellGrid, faults: list[Fault]) -> None:
    """Tell of the first cell that holds something in a column without a name."""
    for line, cells in grid.lines[1:]:
        if position < len(cells) and cells[position]:
            place = grid.cell(line, "(no name)", position)
            remedy = f"name the column, or begin its name with {COMMENT} to have it left out"
            faults.append(Fault(place=place, problem="stands in a column without a name", remedy=remedy))
            return


def _meant(name: str, table: TableSchema) -> str:
    """Return the column whose name is near; where none is, it may be a column of the user's own."""
    found = nearest(name, table.by_name)
    is_typo = not found.startswith("known")
    return found if is_typo else f"{found}; or begin its name with {COMMENT} to have it left out"


def _head(
    text: str, position: int, grid: CellGrid, table: TableSchema, periods: Sequence[str], faults: list[Fault]
) -> Head | None:
    name, _, period = (part.strip() for part in text.partition(PERIOD_SEPARATOR))
    column = table.by_name.get(name)
    place = grid.column(text, position)
    if isinstance(text, Unreadable):
        faults.append(Fault(place=place, problem=text.problem, remedy=text.remedy))
    elif column is None:
        faults.append(Fault(place=place, problem="unknown column", remedy=_meant(name, table)))
    elif period and not column.by_period:
        remedy = f"'{name}' is the same in all periods: give it one column, without a period"
        faults.append(Fault(place=place, problem=f"has the period '{period}'", remedy=remedy))
    elif period and period not in periods:
        faults.append(Fault(place=place, problem=f"period '{period}' is not declared", remedy=nearest(period, periods)))
    else:
        index = list(periods).index(period) if period else None
        return Head(column=column, text=text, position=position, period=index)
    return None


def _missing_columns(heads: Sequence[Head | None], grid: CellGrid, table: TableSchema, faults: list[Fault]) -> None:
    present = {head.column.name for head in heads if head}
    for column in table.columns:
        if column.required and column.name not in present:
            remedy = f"expected {column.expectation}"
            faults.append(Fault(place=grid.column(column.name), problem="is missing", remedy=remedy))


def _row(
    line: int,
    cells: Sequence[str],
    heads: Sequence[Head | None],
    grid: CellGrid,
    table: TableSchema,
    periods: int,
    doubted: frozenset[str],
    faults: list[Fault],
) -> SheetRow:
    texts = {head: cells[head.position] if head.position < len(cells) else "" for head in heads if head is not None}
    filled = {head: text for head, text in texts.items() if text}
    where = frozenset(head.position for head in filled)
    row = SheetRow(table=table, grid=grid, line=line, heads=[*texts], cells=cells, filled=where)
    row.faulty |= doubted
    if any(cells[len(heads) :]):
        problem = f"has {len(cells)} cells for {len(heads)} columns"
        faults.append(Fault(place=row.place(), problem=problem, remedy="quote texts that have a comma in them"))
    profiles: dict[str, dict[int | None, float]] = {}
    for head, text in filled.items():
        value = _value(text, head, row, faults)
        if value is None:
            continue
        if head.column.by_period:
            profiles.setdefault(head.column.field, {})[head.period] = value
        else:
            row.values[head.column.field] = value
    for name, numbers in profiles.items():
        _set_profile(row, name, numbers, periods, faults)
    _empty_cells(row, faults)
    return row


def _empty_cells(row: SheetRow, faults: list[Fault]) -> None:
    """Tell of every cell that must not be empty, and is."""
    present = {head.column.name for head in row.heads}
    for column in row.table.columns:
        if column.required and column.name in present and column.field not in row.values | dict.fromkeys(row.faulty):
            faults.append(
                Fault(place=row.place(column.field), problem="is empty", remedy=f"expected {column.expectation}")
            )
            row.faulty.add(column.field)


def _value(text: str, head: Head, row: SheetRow, faults: list[Fault]) -> Any:
    place = row.grid.cell(row.line, head.text, head.position)
    if isinstance(text, Unreadable):
        row.faulty.add(head.column.field)
        faults.append(Fault(place=place, problem=text.problem, remedy=text.remedy))
        return None
    try:
        return value_of(text, head.column)
    except NotAValue as error:
        row.faulty.add(head.column.field)
        expected = f"expected {str(error) or head.column.expectation}"
        if head.column.choices is not None:
            expected = f"{nearest(text.lower(), [c.value for c in head.column.choices])}; {expected}"
        faults.append(Fault(place=place, problem=f"is {show(text)}", remedy=expected))
        return None


def _set_profile(
    row: SheetRow, name: str, numbers: Mapping[int | None, float], periods: int, faults: list[Fault]
) -> None:
    """Set an attribute that may vary: one number where all periods have the same column, else one a period."""
    if set(numbers) == {None}:
        row.values[name] = numbers[None]
        return
    default = row.table.by_field[name].default
    base = numbers.get(None, default)
    missing = [t for t in range(periods) if t not in numbers]
    if missing and base is None:
        if name in row.faulty:
            return
        row.faulty.add(name)
        column = row.table.by_field[name].name
        remedy = f"give every period a number, or the others one in a column '{column}'"
        faults.append(Fault(place=row.place(name), problem="has numbers for some periods only", remedy=remedy))
        return
    row.values[name] = tuple(numbers.get(t, base) for t in range(periods))
