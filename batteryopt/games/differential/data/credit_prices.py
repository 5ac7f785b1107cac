"""Paths of the credit price: a CSV table with the columns ``time`` and ``credit_price``, named by an instance."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of, in_words

_KEY = "credit_price_file"
_COLUMNS = ("time", "credit_price")
_SAME = ("credit_price_times", "credit_price_values")
"""Keys that say what the file says."""


def with_credit_prices(table: dict[str, Any], instance_path: Path) -> dict[str, Any]:
    """Return an instance's TOML table with `horizon.credit_price_file` replaced by the file's times and prices.

    The file's path is relative to the instance's folder. A path written to a copy of the instance stands in the
    copy itself.

    Raises
    ------
    InvalidInput
        If the file cannot be read, with every fault of it.
    """
    horizon = table.get("horizon")
    if not isinstance(horizon, Mapping) or _KEY not in horizon:
        return table
    if faults := list(_key_faults(horizon)):
        raise InvalidInput(str(instance_path), faults)
    rest = {key: value for key, value in horizon.items() if key != "credit_price_file"}
    times, prices = read_credit_prices(instance_path.parent / horizon["credit_price_file"])
    return {**table, "horizon": {**rest, "credit_price_times": times, "credit_price_values": prices}}


def _key_faults(horizon: Mapping[str, Any]) -> Iterator[Fault]:
    name = horizon[_KEY]
    if not isinstance(name, str):
        remedy = "expected the name of a CSV file in quotes, with the columns time and credit_price"
        yield Fault(place=f"horizon.{_KEY}", problem=f"is {name!r}", remedy=remedy)
    for key in _SAME:
        if key in horizon:
            problem = f"is given, and {_KEY} too"
            yield Fault(place=f"horizon.{key}", problem=problem, remedy="give the file or the two lists, not both")


def read_credit_prices(path: Path) -> tuple[list[float], list[float]]:
    """Return the times and credit prices of a CSV table.

    Raises
    ------
    InvalidInput
        With every cell that is not a number, a column that is missing, or why the file cannot be read.
    """
    remedy = f"horizon.{_KEY} names it; the path is relative to the instance's folder"
    try:
        with in_words(remedy):
            rows = list(csv.DictReader(io.StringIO(content_of(path).decode("utf-8-sig"), newline="")))
    except CannotRead as error:
        problem = error.problem if error.problem.startswith("cannot be read") else f"cannot be read ({error.problem})"
        raise InvalidInput(str(path), [Fault(place="file", problem=problem, remedy=remedy)]) from error
    faults = _table_faults(rows)
    if faults:
        raise InvalidInput(str(path), faults)
    return [float(row["time"]) for row in rows], [float(row["credit_price"]) for row in rows]


def _table_faults(rows: list[dict[str, str]]) -> list[Fault]:
    if not rows:
        return [Fault(place="file", problem="has no rows", remedy="expected the columns time and credit_price")]
    missing = [column for column in _COLUMNS if column not in rows[0]]
    if missing:
        header = ",".join(map(str, rows[0]))
        problem = f"is '{header}': no column {' and no column '.join(missing)}"
        return [Fault(place="row 1", problem=problem, remedy="expected 'time,credit_price', separated by commas")]
    return [
        Fault(place=f"row {number}, {column}", problem=f"is '{row[column]}'", remedy="expected a number")
        for number, row in enumerate(rows, start=2)
        for column in _COLUMNS
        if not _is_number(row[column])
    ]


def _is_number(cell: str | None) -> bool:
    try:
        float(cell or "")
    except ValueError:
        return False
    return True
