"""Two benchmarks side by side: which verdicts changed, and whether for the worse."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from batteryopt.accuracy.verdicts import RANK
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.inputs import CannotRead, content_of, in_words

KEYS = ["problem", "contestant", "tolerance"]


def runs_at(place: Path) -> pd.DataFrame:
    """Return the runs of a benchmark: ``runs.csv``, or the folder that has it.

    Raises
    ------
    InvalidInput
        If there are none.
    """
    path = place / "runs.csv" if place.is_dir() else place
    try:
        with in_words("give the folder, or its runs.csv, that `batteryopt accuracy --out DIR` wrote"):
            frame = pd.read_csv(io.BytesIO(content_of(path)))
    except CannotRead as error:
        raise InvalidInput(str(path), [error.fault()]) from error
    lacking = [name for name in (*KEYS, "verdict") if name not in frame]
    if lacking:
        faults = [
            Fault(place="file", problem=f"has no column '{name}'", remedy="give a table of `batteryopt accuracy`")
            for name in lacking
        ]
        raise InvalidInput(str(path), faults)
    if frame.empty:
        remedy = "give a benchmark that judged something; one that was ended early goes on with the same command"
        raise InvalidInput(str(path), [Fault(place="file", problem="has no runs", remedy=remedy)])
    return frame


def runs_of_one_alone(one: pd.DataFrame, other: pd.DataFrame) -> int:
    """Return how many runs of one benchmark the other does not have: what is not there cannot get worse."""
    both = one[KEYS].merge(other[KEYS].drop_duplicates(), on=KEYS, how="left", indicator="where")
    return int((both["where"] == "left_only").sum())


def verdicts_of_both(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that both have, those that got worse first.

    Returns
    -------
    pandas.DataFrame
        ``problem``, ``contestant``, ``tolerance``, ``before``, ``after``, ``is_worse`` and ``is_changed``.
    """
    both = before[[*KEYS, "verdict"]].merge(after[[*KEYS, "verdict"]], on=KEYS, suffixes=("_before", "_after"))
    found = both.rename(columns={"verdict_before": "before", "verdict_after": "after"})
    ranks = [found[column].map(RANK).fillna(2) for column in ("before", "after")]
    found["is_worse"] = ranks[1] > ranks[0]
    found["is_changed"] = found["before"] != found["after"]
    return found.sort_values(["is_worse", *KEYS], ascending=[False, True, True, True]).reset_index(drop=True)
