"""Which tolerance buys which accuracy: how many answers are within so much of the truth, by what was asked for."""

from __future__ import annotations

import pandas as pd

from batteryopt.accuracy.reading import attempted, worst_error

LEVELS = (1e-3, 1e-6, 1e-9, 1e-12)


def bought(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row a contestant and tolerance: the share of its runs whose point is within each of `LEVELS`.

    Runs on problems without a solution are left out, since there no point is right; a run without a point is within
    none.

    Returns
    -------
    pandas.DataFrame
        ``contestant``, ``tolerance``, ``runs``, and a share from 0 to 1 by level, named as ``within_1e-06``.
    """
    runs = attempted(frame)
    if "reference" in runs:
        runs = runs[runs["reference"].notna()]
    errors = worst_error(runs).fillna(float("inf"))
    table = runs.assign(runs=1, **{name_of(level): errors <= level for level in LEVELS})
    how = {"runs": "sum", **dict.fromkeys(map(name_of, LEVELS), "mean")}
    grouped: pd.DataFrame = table.groupby(["contestant", "tolerance"], sort=False).agg(how).reset_index()
    return grouped


def bought_in_words(frame: pd.DataFrame) -> tuple[list[float], pd.DataFrame]:
    """Return the tolerances, loosest first, and by contestant the per cent within each level, a number a tolerance."""
    table = bought(frame)
    tolerances = sorted(map(float, table["tolerance"].unique()), reverse=True)
    rows = []
    for name, own in table.groupby("contestant", sort=False):
        shares = own.set_index("tolerance").reindex(tolerances)
        cells = {
            f"{level:.0e}": ", ".join("-" if pd.isna(s) else f"{100 * s:.0f}" for s in shares[name_of(level)])
            for level in LEVELS
        }
        rows.append({"contestant": name, **cells})
    return tolerances, pd.DataFrame(rows, columns=["contestant", *(f"{level:.0e}" for level in LEVELS)])


def name_of(level: float) -> str:
    """Return the column of a level."""
    return f"within_{level:.0e}"
