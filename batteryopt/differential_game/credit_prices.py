"""Paths of the credit price: a CSV table with the columns ``time`` and ``credit_price``, named by an instance."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from batteryopt.errors import Fault, InvalidInput

_COLUMNS = ("time", "credit_price")


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
    if not isinstance(horizon, Mapping) or not isinstance(horizon.get("credit_price_file"), str):
        return table
    rest = {key: value for key, value in horizon.items() if key != "credit_price_file"}
    times, prices = read_credit_prices(instance_path.parent / horizon["credit_price_file"])
    return {**table, "horizon": {**rest, "credit_price_times": times, "credit_price_values": prices}}


def read_credit_prices(path: Path) -> tuple[list[float], list[float]]:
    """Return the times and credit prices of a CSV table.

    Raises
    ------
    InvalidInput
        With every cell that is not a number, a column that is missing, or why the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fault = Fault(place="file", problem=f"cannot be read ({error})", remedy="check horizon.credit_price_file")
        raise InvalidInput(str(path), [fault]) from error
    faults = _table_faults(rows)
    if faults:
        raise InvalidInput(str(path), faults)
    return [float(row["time"]) for row in rows], [float(row["credit_price"]) for row in rows]


def _table_faults(rows: list[dict[str, str]]) -> list[Fault]:
    if not rows:
        return [Fault(place="file", problem="has no rows", remedy="expected the columns time and credit_price")]
    missing = [column for column in _COLUMNS if column not in rows[0]]
    if missing:
        return [Fault(place="row 1", problem=f"has no column '{name}'", remedy="add it") for name in missing]
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
