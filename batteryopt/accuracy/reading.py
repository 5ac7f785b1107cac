"""The runs in small tables and in words, all made from the data."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from batteryopt.accuracy.measures import Verdict

LIES = [verdict.value for verdict in Verdict if verdict.is_lie]
ERRORS = ("objective_error", "decision_error", "violation", "stationarity", "follower_gain", "bound_excess")


def attempted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that were for their contestant."""
    return frame[frame["verdict"] != Verdict.REFUSED.value]


def worst_error(frame: pd.DataFrame) -> pd.Series:
    """Return each run's largest error of objective, feasibility and followers; NaN without a point."""
    found: pd.Series = frame[["objective_error", "violation", "follower_gain"]].max(axis=1)
    return found.where(frame["objective_error"].notna())


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row a contestant and tolerance: how often right, misleading, stopped; typical errors and times."""
    runs = attempted(frame).assign(error=worst_error(frame), lie=lambda d: d["verdict"].isin(LIES))
    groups = runs.groupby(["contestant", "tolerance"], sort=False)
    return groups.agg(
        runs=("problem", "size"),
        right=("verdict", lambda v: int((v == Verdict.RIGHT.value).sum())),
        misleading=("lie", "sum"),
        stopped=("verdict", lambda v: int((v == Verdict.LIMIT.value).sum())),
        median_error=("error", "median"),
        worst_error=("error", "max"),
        median_decision_error=("decision_error", "median"),
        seconds=("seconds", "sum"),
    ).reset_index()


def misleading(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the runs whose word would have misled, worst first."""
    runs = frame[frame["verdict"].isin(LIES)]
    return runs.assign(error=worst_error(runs)).sort_values("error", ascending=False)


def reading(frame: pd.DataFrame) -> str:
    """Return what the runs teach, a line a finding."""
    return "\n".join(sentences(frame))


def sentences(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the findings."""
    runs, lies = attempted(frame), misleading(frame)
    right = int((runs["verdict"] == Verdict.RIGHT.value).sum())
    yield (
        f"{runs['problem'].nunique()} problems, {runs['contestant'].nunique()} contestants, {len(runs)} runs: "
        f"in {right} the word given was right, in {len(lies)} it would have misled."
    )
    yield from _on_lies(runs, lies)
    yield from _on_tolerances(runs)
    yield from _on_times(runs)


def _on_lies(runs: pd.DataFrame, lies: pd.DataFrame) -> Iterator[str]:
    clean = sorted(set(map(str, runs["contestant"])) - set(map(str, lies["contestant"])))
    if clean:
        yield f"Never misleading here: {', '.join(clean)}."
    for contestant, group in lies.groupby("contestant"):
        total = int((runs["contestant"] == contestant).sum())
        kinds = ", ".join(f"{verdict} {count}" for verdict, count in group["verdict"].value_counts().items())
        where = ", ".join(f"{variant} {count}" for variant, count in group["variant"].value_counts().head(3).items())
        yield f"{contestant} misled in {len(group)} of {total} runs ({kinds}), most of all on: {where}."
    if len(lies):
        counts = lies.groupby("variant").size() / runs.groupby("variant").size()
        worst = counts.dropna().sort_values(ascending=False).head(3)
        words = ", ".join(f"{variant} ({share:.0%} of its runs)" for variant, share in worst.items())
        yield f"What misleads solvers most: {words}."


def _on_tolerances(runs: pd.DataFrame) -> Iterator[str]:
    """Say what a tolerance buys, over the problems that a contestant finished at each of them."""
    if runs["tolerance"].nunique() < 2:
        return
    solved = runs.assign(error=worst_error(runs)).dropna(subset="error")
    for contestant, group in solved.groupby("contestant", sort=False):
        table = group.pivot_table(index="problem", columns="tolerance", values="error", aggfunc="first").dropna()
        if not table.empty:
            words = ", ".join(f"{tolerance:.0e} -> {_power(table[tolerance])}" for tolerance in table.columns[::-1])
            yield f"{contestant}, median error by tolerance asked for: {words}."


def _on_times(runs: pd.DataFrame) -> Iterator[str]:
    seconds = runs.groupby("contestant")["seconds"].median().sort_values()
    if len(seconds) > 1:
        words = ", ".join(f"{contestant} {value:.2g} s" for contestant, value in seconds.items())
        yield f"Median time a run, translation included: {words}."


def _power(errors: pd.Series) -> str:
    median = float(errors.median())
    return "exact" if median == 0 else f"1e{math.log10(median):.0f}"
