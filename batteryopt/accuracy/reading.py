"""The runs in small tables and in words, all made from the data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pandas as pd

from batteryopt.accuracy.verdicts import ContestVerdict

LIES = [verdict.value for verdict in ContestVerdict if verdict.is_lie]
SHORTFALLS = {
    ContestVerdict.MODEST: "Right without daring to say so, in so many runs",
    ContestVerdict.IN_HAND: "Stopped by the limit with the optimum in hand, unproven",
    ContestVerdict.LIMIT: "Stopped by the limit, and not right yet",
    ContestVerdict.HONEST_FAILURE: "Failed and said so",
}
MOST = 0.75
MOST_HARDSHIPS = 4
FEW = 10
"""Runs below which no middle is worth telling."""
EXACT = 1e-14
"""Errors below this are the rounding of doubles."""


def attempted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the runs that were for their contestant."""
    return frame[~frame["verdict"].isin([verdict.value for verdict in ContestVerdict if not verdict.is_run])]


def worst_error(frame: pd.DataFrame) -> pd.Series:
    """Return each run's largest error of objective, feasibility and followers; NaN without a point."""
    found: pd.Series = frame[["objective_error", "violation", "follower_gain"]].max(axis=1)
    return found.where(frame["objective_error"].notna())


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row a contestant and tolerance: how often what was said was worth what; errors, times."""
    runs = attempted(frame).assign(error=worst_error(frame), lie=lambda d: d["verdict"].isin(LIES))
    if "dual_verdict" not in runs:
        runs = runs.assign(dual_verdict="")
    groups = runs.groupby(["contestant", "tolerance"], sort=False)
    return groups.agg(
        runs=("problem", "size"),
        right=("verdict", _counted(ContestVerdict.RIGHT)),
        misleading=("lie", "sum"),
        modest=("verdict", _counted(ContestVerdict.MODEST)),
        in_hand=("verdict", _counted(ContestVerdict.IN_HAND)),
        stopped=("verdict", _counted(ContestVerdict.LIMIT)),
        failed=("verdict", _counted(ContestVerdict.HONEST_FAILURE)),
        wrong_duals=("dual_verdict", lambda v: int((v == "wrong").sum())),
        median_error=("error", "median"),
        worst_error=("error", "max"),
        median_decision_error=("decision_error", "median"),
        seconds=("seconds", "sum"),
    ).reset_index()


def _counted(verdict: ContestVerdict) -> Callable[[pd.Series], int]:
    return lambda found: int((found == verdict.value).sum())


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
    if ended_early(frame):
        yield f"Ended early: {frame['problem'].nunique()} of {int(frame['planned'].iloc[0])} problems were judged."
    if runs.empty:
        yield f"Nothing was judged: all of the {len(frame)} runs asked for were refused, as in the column 'message'."
        return
    right = int((runs["verdict"] == ContestVerdict.RIGHT.value).sum())
    yield (
        f"{runs['problem'].nunique()} problems, {runs['contestant'].nunique()} contestants, {len(runs)} runs: "
        f"in {right} the word given was right, in {len(lies)} it would have misled."
    )
    yield from _on_lies(runs, lies)
    for contestant, group in frame[frame["verdict"] == ContestVerdict.OUT_OF_RANGE.value].groupby("contestant"):
        words = ", ".join(f"{tolerance:.0e}" for tolerance in sorted(set(group["tolerance"]), reverse=True))
        yield f"{contestant} takes no tolerance of {words}: {len(group)} runs are missing."
    yield from _on_hardships(runs)
    yield from _on_tolerances(runs)
    yield from _on_decisions(runs)
    yield from _on_duals(runs)
    yield from _on_times(runs)


def ended_early(frame: pd.DataFrame) -> bool:
    """Whether fewer problems were judged than there should have been."""
    if "planned" not in frame or frame.empty or pd.isna(frame["planned"].iloc[0]):
        return False
    return int(frame["problem"].nunique()) < int(frame["planned"].iloc[0])


def _on_lies(runs: pd.DataFrame, lies: pd.DataFrame) -> Iterator[str]:
    clean = sorted(set(map(str, runs["contestant"])) - set(map(str, lies["contestant"])))
    if clean and len(lies):
        yield f"Never misleading here: {', '.join(clean)}."
    for contestant, group in lies.groupby("contestant"):
        total = int((runs["contestant"] == contestant).sum())
        where = ", ".join(f"{variant} ({count})" for variant, count in group["variant"].value_counts().head(3).items())
        yield f"{contestant} misled in {len(group)} of {total} runs, most of all on {where}."
    kinds = lies["verdict"].value_counts()
    if len(lies):
        yield (
            "What was wrong: "
            + ", ".join(f"{str(kind).replace('-', ' ')} ({count})" for kind, count in kinds.items())
            + "."
        )
        counts = (lies.groupby("variant").size() / runs.groupby("variant").size()).dropna()
        worst = counts.sort_values(ascending=False).head(3)
        words = ", ".join(f"{variant} ({share:.0%} of its runs)" for variant, share in worst.items())
        yield f"What misleads most: {words}."
    for verdict, words in SHORTFALLS.items():
        found = runs[runs["verdict"] == verdict.value]["contestant"].value_counts()
        if len(found):
            yield f"{words}: {', '.join(f'{contestant} {count}' for contestant, count in found.items())}."


def _on_hardships(runs: pd.DataFrame) -> Iterator[str]:
    """Say what each hardship did to solvers and to methods of the engine: how often it was solved rightly, how not."""
    for level, who in ((1, "solvers"), (2, "methods of the engine")):
        hard = runs[(runs["levels"] == level) & ~runs["variant"].isin(("plain", "interior"))]
        shares = {}
        for variant, group in hard.groupby("variant"):
            counts = group["verdict"].value_counts()
            right, wrong = int(counts.get(ContestVerdict.RIGHT.value, 0)), int(group["verdict"].isin(LIES).sum())
            if right < len(group):
                shares[str(variant)] = (
                    right / len(group),
                    f"{variant} {right} of {len(group)}{f' ({wrong} misled)' if wrong else ''}",
                )
        if shares:
            words = "; ".join(text for _, text in sorted(shares.values())[:MOST_HARDSHIPS])
            yield f"What was hardest for {who}, runs solved rightly: {words}."


def _on_tolerances(runs: pd.DataFrame) -> Iterator[str]:
    """Say what a tolerance buys and costs, over the problems that a contestant finished at each of them."""
    solved = runs.assign(error=worst_error(runs)).dropna(subset="error")
    unmoved = []
    for contestant, group in solved.groupby("contestant", sort=False):
        seconds = group.pivot_table(index="problem", columns="tolerance", values="seconds", aggfunc="first").dropna()
        table = group.pivot_table(index="problem", columns="tolerance", values="error", aggfunc="first").dropna()
        reached = [_power(float(table[tolerance].quantile(MOST))) for tolerance in table.columns[::-1]]
        if len(set(reached)) > 1:
            pairs = zip(table.columns[::-1], reached, strict=True)
            words = ", ".join(f"{tolerance:.0e} bought {error}" for tolerance, error in pairs)
            cost = float(seconds[table.columns[0]].sum() / seconds[table.columns[-1]].sum())
            yield (
                f"{contestant}, error that three problems in four stay within, by tolerance: {words}; "
                f"the tightest took {cost:.2g} times as long as the loosest."
            )
        elif len(table.columns) > 1 and not table.empty:
            unmoved.append(f"{contestant} ({reached[0]})")
    if unmoved:
        yield f"The tolerance made no difference of a power of ten for: {', '.join(unmoved)}."


def _on_decisions(runs: pd.DataFrame) -> Iterator[str]:
    """Say how much further off decisions are than the objective, near which they hardly matter."""
    right = runs[(runs["verdict"] == ContestVerdict.RIGHT.value) & (runs["decision_error"] > EXACT)]
    right = right[right["objective_error"].notna()]
    if len(right) >= FEW:
        ratios = right["decision_error"] / right["objective_error"].clip(lower=EXACT)
        gaps = round(math.log10(float(ratios.median())))
        if gaps < 1:
            return
        yield (
            f"Where an answer was right but not exact, half of the runs had their decisions {gaps} digits or more "
            "further off than the objective, whose error is of second order near an optimum."
        )


def _on_duals(runs: pd.DataFrame) -> Iterator[str]:
    """Say how often the multipliers that came with an optimum prove it."""
    if "dual_verdict" not in runs:
        return
    given = runs[runs["dual_verdict"].isin(("right", "wrong"))]
    counts = [
        f"{contestant} {int((group['dual_verdict'] == 'right').sum())} of {len(group)}"
        for contestant, group in given.groupby("contestant", sort=False)
    ]
    if counts:
        yield f"Duals and reduced costs that prove the optimum to the tolerance asked for: {', '.join(counts)}."


def _on_times(runs: pd.DataFrame) -> Iterator[str]:
    seconds = runs.groupby("contestant")["seconds"].median().sort_values()
    if len(seconds) > 1:
        words = ", ".join(f"{contestant} {value:.2g} s" for contestant, value in seconds.items())
        yield f"Median time a run, translation included: {words}."


def _power(error: float) -> str:
    return "exact" if error < EXACT else f"1e{math.log10(error):.0f}"
