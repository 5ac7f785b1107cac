"""What the pages of plans for several futures share: what stands at the end, with its use over the futures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from batteryopt.report import words
from batteryopt.report.results import Saved
from batteryopt.report.tables import Cell, Table

LISTED = 40
"""Facilities that a table lists, the largest."""


def money_of(answer: Mapping[str, Any]) -> str:
    """Return what an answer's money is called."""
    return str(answer.get("currency") or "money")


def standing_at_the_end(saved: Saved) -> pd.DataFrame:
    """Return the rows of the last period of the facilities."""
    table: pd.DataFrame = saved.table("facilities")
    last: pd.DataFrame = table[table["period"] == table["period"].unique()[-1]]
    return last


def facilities_with_use(saved: Saved, used: Mapping[str, str]) -> Table:
    """Return what stands at the end, the largest first, with columns of its use by their headings."""
    last = standing_at_the_end(saved).sort_values("capacity_t", ascending=False, kind="stable")
    rows: list[list[Cell]] = [
        [row["site"], words.words(row["type"]), row["level"], *(float(row[name]) for name in ("capacity_t", *used))]
        for row in last.head(LISTED).to_dict(orient="records")
    ]
    more = f", the largest {LISTED} of {len(last)}" if len(last) > LISTED else ""
    columns = ["Site", "Type", "Level", "Capacity, t", *used.values()]
    return Table(caption=f"At the end{more}", columns=columns, rows=rows, digits=0)
