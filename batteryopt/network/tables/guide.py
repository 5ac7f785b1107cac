"""What tables, columns and settings mean, in words for whoever fills them in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batteryopt.ground.unit_words import unit_of
from batteryopt.network.tables.cells import CellKind, Column, text_of
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.settings import TEXTS, policy_columns

_WITHOUT = re.compile(r"; None: ([^;]*)")
"""Where a meaning says what it is without a value."""
_MEANINGS = {
    **TEXTS,
    "periods": "names of the periods, side by side in this row, such as 2027 and 2028",
    "years_per_period": "length of a period, for discounting; one number, or one under each period",
    "discount_rate": "a year; 0.05 is 5 %",
}
SETTINGS_ORDER = (*TEXTS, "periods", "years_per_period", "discount_rate")
"""The first rows of the sheet of settings; those of the policy and the distances follow."""


def setting_rows(values: Mapping[str, Any], currency: str) -> Iterator[tuple[str, str, Column | None]]:
    """Yield the rows of the sheet of settings: key, meaning, and the column that the key would be of in a table."""
    for key in SETTINGS_ORDER:
        default = {"years_per_period": "; empty: 1", "discount_rate": "; empty: 0"}.get(key, "")
        yield key, f"{_MEANINGS[key]}{default}", None
    for key, column in policy_columns().items():
        unit = unit_of(key, currency)
        meaning = (
            f"{column.meaning or key.replace('_', ' ')}{f' ({unit})' if unit else ''}; empty: {default_of(column)}"
        )
        varies = "; one number, or one under each period" if column.by_period else ""
        yield f"policy.{key}", meaning + varies, column
    for key in values:
        if key.startswith("distances."):
            yield key, "the sheet with these distances in km, or a CSV or NPZ file beside this workbook", None


def column_note(column: Column, period: int | None, periods: Sequence[str], currency: str) -> str:
    """Return the note on a column's heading: meaning, unit, what it holds, what it is where it is left empty."""
    unit = unit_of(column.name, currency)
    lines = [
        f"{meaning[:1].upper()}{meaning[1:]}." if (meaning := meaning_of(column)) else "",
        f"Unit: {unit}." if unit else "",
        f"Holds: {kind_words(column)}.",
        "Needed in every row." if column.required else f"Empty: {default_of(column)}.",
    ]
    if period is not None:
        lines.append(f"This column is of the period {periods[period]}.")
    elif column.by_period and periods:
        example = f"{column.name}:{periods[-1]}"
        lines.append(f"The same in all periods; a column '{example}' beside it or instead of it is of one.")
    return "\n".join(line for line in lines if line)


def kind_words(column: Column) -> str:
    """Return what a column holds."""
    if column.choices is not None:
        return " or ".join(choice.value for choice in column.choices)
    return f"a name in {column.refers_to}" if column.refers_to and column.kind is CellKind.TEXT else column.kind.value


def meaning_of(column: Column) -> str:
    """Return what a column means, without what it means where it is empty."""
    return _WITHOUT.sub("", column.meaning).replace("`", "")


def default_of(column: Column) -> str:
    """Return what a column's empty cell means."""
    said = _WITHOUT.search(column.meaning)
    return said[1] if said else text_of(column.default) or "nothing"


def readme_rows(
    file: str, rows: Mapping[str, int], distances: Mapping[str, str], extra: Iterable[str]
) -> Iterator[tuple[str, str, bool]]:
    """Yield the rows of the sheet that explains the workbook: two texts, and whether the first is a title."""
    yield "A network of battery recycling", "", True
    yield "", "What returns where, what may stand where, what may travel, and the rules.", False
    yield "", "", False
    yield "Is everything in order?", f"batteryopt check {file}", False
    yield "A plan", f"batteryopt solve {file} --gap 0.01", False
    yield "Every table of it", f"batteryopt solve {file} --out result", False
    yield "The plan as a workbook", "batteryopt report result --out plan.xlsx", False
    yield "As a folder of CSV tables", f"batteryopt export {file} --out FOLDER", False
    yield "", "", False
    yield "How to fill it in", "", True
    for left, right in _RULES:
        yield left, right, False
    yield "", "", False
    yield "Sheets", "", True
    yield "network", "name, currency, periods, discount rate, figures of the policy, where the distances are", False
    for name, table in TABLES.items():
        count = f"{rows[name]} rows" if rows[name] != 1 else "1 row"
        yield name, f"{table.about} ({count if rows[name] else 'empty'})", False
    for name, sheet in distances.items():
        yield sheet, f"distances '{name}' in km, from the site on the left to the site above", False
    for name in extra:
        yield name, "where the numbers come from; not read", False


_RULES = (
    ("Notes", "point at a heading: what the column means, its unit, and what an empty cell means"),
    ("Dark headings", "columns in use; pale ones may be filled in or deleted, in any order"),
    ("Lists", "cells that name a site, a product or a type offer those of the other sheets"),
    ("Periods", "'tonnes' is the same in all periods; a column 'tonnes:2027' beside it or instead of it is of one"),
    ("Several names", "stand in one cell with ; between them"),
    ("Remarks", "rows, columns and sheets whose first cell or name begins with # are left out; so are blank rows"),
    ("Formulas", "are welcome: the value that your spreadsheet stored counts"),
    ("Distances", "a mode's 'distance' is great-circle, or a name: write 'distances.NAME' into the sheet network with "
     "the name of a sheet that has the sites in its first row and first column, and km between them"),
)  # fmt: skip
