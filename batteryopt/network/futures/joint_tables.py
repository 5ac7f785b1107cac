"""A plan for all futures as tables: a row a future, what stands in all, and every table of a plan by future."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.network.plan import output
from batteryopt.network.plan.solution import COLUMNS, Solution

FUTURES = "futures"
TABLES = (FUTURES, *output.TABLES)
"""The names of all tables."""
OF_FUTURES = ("probability", "objective", "alone", "mean_plan", "regret")

Row = tuple[str, float, Solution | None, Mapping[str, Any]]
"""Name, probability, plan and JSON of a future."""


def tables_of(rows: Sequence[Row]) -> dict[str, pd.DataFrame]:
    """Return every table by name."""
    found: dict[str, list[pd.DataFrame]] = {}
    for name, _, plan, _ in rows:
        if plan is not None:
            for table, content in output.tables(plan).items():
                content = content.reset_index() if content.index.name else content
                content.insert(0, "scenario", name)
                found.setdefault(table, []).append(content)
    by_future = {table: pd.concat(parts, ignore_index=True) for table, parts in found.items()}
    facilities = _stands(by_future.pop("facilities"), {name: share for name, share, _, _ in rows})
    return {FUTURES: _futures(rows), "facilities": facilities, **by_future}


def _futures(rows: Sequence[Row]) -> pd.DataFrame:
    """Return a row a future: probability, costs, regret and figures."""
    return pd.DataFrame(
        [
            {"scenario": name, **{key: found[key] for key in OF_FUTURES}, **(found["kpis"] or {})}
            for name, _, _, found in rows
        ]
    )


def _stands(used: pd.DataFrame, shares: Mapping[str, float]) -> pd.DataFrame:
    """Return what stands, with the least, expected and most use of it over the futures; the columns of a plan first."""
    keys = list(COLUMNS["facilities"])
    weights = used["scenario"].map(shares).to_numpy(dtype=float)
    grouped = used.assign(expected=used["used_t"] * weights).groupby(keys, sort=False)
    table = grouped.agg(
        least_used_t=("used_t", "min"), expected_used_t=("expected", "sum"), most_used_t=("used_t", "max")
    ).reset_index()
    capacity = table["capacity_t"].astype(float).to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(capacity > 0, table["expected_used_t"].to_numpy(dtype=float) / capacity, np.nan)
    return table.assign(utilisation=share)
