"""Cells whose text may mean another number than was read: "3.330" is 3,330 on a German sheet, and 3.33 here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from batteryopt.ground.errors import Fault
from batteryopt.network.tables.cells import CellKind
from batteryopt.network.tables.sheet import Head, SheetRow

THOUSANDS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")


def text_remarks(sheets: Mapping[str, Sequence[SheetRow]]) -> Iterator[Fault]:
    """Yield a remark for each column with numbers that look like thousands, at the first of them.

    One cell is enough where its last digit is 0, which nobody writes behind a point; else all that have a point.
    """
    for rows in sheets.values():
        for head in rows[0].heads if rows else ():
            if head.column.kind is CellKind.NUMBER:
                yield from _of_column(rows, head)


def _of_column(rows: Sequence[SheetRow], head: Head) -> Iterator[Fault]:
    texts = [(row, _text(row, head)) for row in rows]
    pointed = [(row, text) for row, text in texts if "." in text]
    alike = [(row, text) for row, text in pointed if THOUSANDS.fullmatch(text)]
    ends_with_0 = [(row, text) for row, text in alike if text.endswith("0")]
    found = alike if len(alike) > 1 and len(alike) == len(pointed) else ends_with_0
    if found:
        row, text = found[0]
        more = f" (and {len(found) - 1} more in the column)" if len(found) > 1 else ""
        problem = f"is '{text}', taken as {float(text):g}{more}"
        remedy = f"write {text.replace('.', '')} if the point separates thousands"
        yield Fault(place=row.grid.cell(row.line, head.text, head.position), problem=problem, remedy=remedy)


def _text(row: SheetRow, head: Head) -> str:
    cells = row.cells
    return cells[head.position] if head.position < len(cells) else ""
