"""Rows of a table that mean the same thing, told with both their places before anything is made of them.

Some could not be told later: of two rows of one recipe only one would be left, and two of one product in it would make
twice as much.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from batteryopt.ground.errors import Fault
from batteryopt.network.tables.schema import TABLES, TableSchema
from batteryopt.network.tables.sheet import SheetRow
from batteryopt.tables.input_faults import show


def without_twins(sheets: Mapping[str, Sequence[SheetRow]], faults: list[Fault]) -> dict[str, list[SheetRow]]:
    """Return the rows of every table, the first of those that mean the same; the others go to `faults`."""
    return {name: list(_first_ones(TABLES[name], rows, faults)) for name, rows in sheets.items()}


def _first_ones(table: TableSchema, rows: Sequence[SheetRow], faults: list[Fault]) -> Iterator[SheetRow]:
    seen: dict[tuple[object, ...], SheetRow] = {}
    for row in rows:
        # what could not be read may have been another name
        if row.lacks_a_required_value() or any(field in row.faulty for field in table.key):
            yield row
            continue
        twins = [seen[key] for key in _keys(table, row) if key in seen]
        if twins:
            problem = f"stands twice: row {twins[0].line} {_said(table, row)}"
            faults.append(Fault(place=row.place(), problem=problem, remedy="keep one of the two rows"))
            continue
        seen |= dict.fromkeys(_keys(table, row), row)
        yield row


def _keys(table: TableSchema, row: SheetRow) -> Iterator[tuple[object, ...]]:
    """Yield what must not come again: a product may stand in two rows of a recipe, one for each side of it."""
    key = tuple(row.get(field) for field in table.key)
    if not table.sides:
        yield key
    for side in table.sides:
        if row.get(side, 0.0):
            yield (*key, side)


def _said(table: TableSchema, row: SheetRow) -> str:
    """Return the names that two rows share, or that they share all."""
    if len(table.key) == len(table.columns) and not table.sides and table.name != "groups":
        return "says the same"
    columns = [table.by_field[field] for field in table.key if row.get(field) != ""]
    words = [f"{column.name} {show(row.get(column.field)).removeprefix('the text ')}" for column in columns]
    return f"has the same {', '.join(words)}"
