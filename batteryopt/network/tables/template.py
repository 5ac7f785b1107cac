"""The network to start from, as files: every table opens with what it holds, and `COLUMNS.md` explains every column."""

from __future__ import annotations

from pathlib import Path

from batteryopt.ground.owned import put_folder
from batteryopt.network.tables import write_workbook
from batteryopt.network.tables.cells import Column
from batteryopt.network.tables.example import example
from batteryopt.network.tables.folder import FILE
from batteryopt.network.tables.guide import default_of, kind_words, meaning_of
from batteryopt.network.tables.schema import TABLES, TableSchema
from batteryopt.network.tables.settings import TEXTS, policy_columns
from batteryopt.network.tables.writer import files_of, tables_without_rows
from batteryopt.tables.spreadsheet import is_workbook

HEADER = """\
# A network of battery recycling: what returns where, what may stand where, what may travel, and the rules.
#
#   batteryopt check FOLDER                      is everything in order?
#   batteryopt solve FOLDER --gap 0.01           a plan, with a proof of how good it is
#   batteryopt solve FOLDER --out RESULT         and every table of it as CSV
#
# The numbers are an example: put yours in their place. COLUMNS.md beside this file explains every table and column.

"""


def write_template(path: Path) -> None:
    """Write the example as a folder, or as a workbook where the path is one: all of it, or nothing."""
    if is_workbook(path):
        write_workbook(example(), path)
        return
    files = files_of(example())
    heads = {name: f"# {TABLES[stem].about}\n" for name in files if (stem := name.removesuffix(".csv")) in TABLES}
    heads[FILE] = HEADER
    contents = {name: heads.get(name, "").encode() + data for name, data in files.items()}
    put_folder(path, {"COLUMNS.md": columns_page().encode(), **contents}, gone=tables_without_rows(contents))


def columns_page() -> str:
    """Return every table and column in Markdown: what it means, what it is where it is left out."""
    lines = [
        "# Tables and columns",
        "",
        "A table may be left out where nothing stands in it, a column where all its cells would have the default.",
        "Columns marked * may differ from period to period: `tonnes:2027` beside `tonnes`, or instead of it.",
        "",
        f"`{FILE}`: {', '.join(f'`{key}` ({meaning})' for key, meaning in TEXTS.items())}, `periods`, ",
        "`years_per_period` (1), `discount_rate` (0), `[distances]` (matrix files by name: CSV or NPZ), `[policy]`:",
        "",
        *_rows(tuple(policy_columns().values())),
    ]
    for table in TABLES.values():
        lines += ["", f"## {table.name}.csv", "", f"{table.about[:1].upper()}{table.about[1:]}.", "", *_rows(table)]
    return "\n".join(lines) + "\n"


def _rows(table: TableSchema | tuple[Column, ...]) -> list[str]:
    columns = table.columns if isinstance(table, TableSchema) else table
    head = ["| column | holds | without it | meaning |", "| --- | --- | --- | --- |"]
    return [*head, *map(_row, columns)]


def _row(column: Column) -> str:
    name = f"`{column.name}`*" if column.by_period else f"`{column.name}`"
    holds = " or ".join(f"`{c.value}`" for c in column.choices) if column.choices is not None else kind_words(column)
    return f"| {name} | {holds} | {'needed' if column.required else default_of(column)} | {meaning_of(column)} |"
