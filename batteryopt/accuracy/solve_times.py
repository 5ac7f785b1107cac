"""How long right answers took: shifted geometric means with bootstrap intervals, a class of problems at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.accuracy.reading import attempted
from batteryopt.accuracy.verdicts import ContestVerdict

SHIFT = 0.1
"""Seconds that are added to every time before the mean is taken: what takes milliseconds shall not decide it."""
RESAMPLES = 1_000
INTERVAL = (2.5, 97.5)
"""Percentiles between which nineteen means in twenty of resampled problems lie."""
COLUMNS = ("class", "tolerance", "contestant", "problems", "right", "seconds", "low", "high")


def shifted_geometric_mean(seconds: npt.ArrayLike, shift: float = SHIFT) -> float:
    """Return ``exp(mean(log(t + shift))) - shift``; NaN of nothing."""
    times = np.asarray(seconds, dtype=float)
    return float(np.exp(np.mean(np.log(times + shift))) - shift) if times.size else math.nan


def interval_of_mean(times: Sequence[Sequence[float]], seed: int = 0) -> tuple[float, float]:
    """Return a bootstrap interval of the mean over problems.

    Parameters
    ----------
    times
        Of each problem, one or several repeated ones: problems are drawn with replacement, and of each drawn problem
        one of its times.
    """
    if not times:
        return math.nan, math.nan
    rng = np.random.default_rng(seed)
    width = max(map(len, times))
    table = np.array([[run[k % len(run)] for k in range(width)] for run in times])
    problems = rng.integers(0, len(times), (RESAMPLES, len(times)))
    logs = np.log(table[problems, rng.integers(0, width, problems.shape)] + SHIFT)
    low, high = np.percentile(np.exp(logs.mean(axis=1)) - SHIFT, INTERVAL)
    return float(low), float(high)


def times_by_class(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row a class, tolerance and contestant, the quickest first; `COLUMNS`.

    A run that was not right counts with its time limit, or with its own time where that is longer. Contestants of a
    class are compared on the problems that all of them took, of those that took as many as anybody.
    """
    if "class" not in frame or "time_limit" not in frame:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = []
    for (kind, tolerance), group in attempted(frame).groupby(["class", "tolerance"], sort=False):
        sizes = group.groupby("contestant")["problem"].nunique()
        full = group[group["contestant"].isin(sizes[sizes == sizes.max()].index)]
        for contestant, runs in full.groupby("contestant", sort=False):
            times = [_charged(run) for run in runs.to_dict("records")]
            low, high = interval_of_mean(times)
            right = int((runs["verdict"] == ContestVerdict.RIGHT.value).sum())
            mean = shifted_geometric_mean([float(np.median(run)) for run in times])
            rows.append((kind, tolerance, contestant, len(times), right, mean, low, high))
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    return found.sort_values(["class", "tolerance", "seconds"], ascending=[True, False, True], ignore_index=True)


def at_the_middle(table: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """Return the middle one of the tolerances, and the rows of a table at it."""
    tolerances = sorted(map(float, table["tolerance"].unique()))
    middle = tolerances[len(tolerances) // 2]
    return middle, table[table["tolerance"] == middle]


def _charged(run: Mapping[Hashable, Any]) -> list[float]:
    """Return the times that a run is charged with."""
    seconds = float(run["seconds"])
    if run["verdict"] != ContestVerdict.RIGHT.value:
        return [max(seconds, float(run["time_limit"]))]
    several = run.get("all_seconds")
    return [float(t) for t in json.loads(several)] if isinstance(several, str) and several else [seconds]


def data_profile(runs: pd.DataFrame) -> dict[str, tuple[list[float], list[float]]]:
    """Return by contestant: seconds, rising, and the share of its problems that were solved rightly within them.

    J. J. Moré and S. M. Wild, "Benchmarking derivative-free optimization algorithms", SIAM J. Optim. 20, 2009, with
    seconds for evaluations: unlike a performance profile it does not depend on who else takes part.
    """
    found = {}
    for name, group in runs.groupby("contestant", sort=False):
        right = group[group["verdict"] == ContestVerdict.RIGHT.value]
        seconds = np.sort(right["seconds"].to_numpy())
        shares = np.arange(1, len(seconds) + 1) / max(1, group["problem"].nunique())
        found[str(name)] = (seconds.tolist(), shares.tolist())
    return found
