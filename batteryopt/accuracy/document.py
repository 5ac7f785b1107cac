"""The results page of the documentation: a text of our own with everything measured put between two marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.accuracy.bought_accuracy import bought_in_words
from batteryopt.accuracy.reading import LIES, attempted, summary
from batteryopt.accuracy.run_columns import COLUMNS
from batteryopt.accuracy.solve_times import at_the_middle, times_by_class
from batteryopt.accuracy.two_tracks import COUNTS, TITLES, findings, side_by_side
from batteryopt.accuracy.verdicts import ContestVerdict
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import write_atomically

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def write_document(runs: Path, page: Path) -> None:
    """Put what the runs of a benchmark say into a Markdown page, between its marks.

    Raises
    ------
    InvalidInput
        If the runs cannot be read or are of no benchmark, or the page has not both marks once, in order.
    """
    frame, text = _read_runs(runs / "runs.csv"), _read_text(page)
    before, _, rest = text.partition(BEGIN)
    old, _, after = rest.partition(END)
    if BEGIN not in text or END not in rest or BEGIN in old + after or END in after:
        remedy = f"write '{BEGIN}' and '{END}' once each, where the measurements belong"
        raise InvalidInput(str(page), [Fault(place="marks", problem="are not both there, in order", remedy=remedy)])
    write_atomically(page, f"{before}{BEGIN}\n\n{markdown(frame)}\n{END}{after}")


def markdown(frame: pd.DataFrame) -> str:
    """Return the tables and the reading of a benchmark's saved runs, machine and versions included."""
    parts = (_circumstances, _tracks, _bought, _contestants, _families, _times, _reading)
    return "\n".join(line for part in parts for line in part(frame))


def _circumstances(frame: pd.DataFrame) -> Iterator[str]:
    machine = {str(name): frame[name].iloc[0] for name in frame.columns if name not in COLUMNS and name != "date"}
    versions = frame.groupby("solver")["version"].agg(lambda found: next((v for v in found if v), ""))
    yield "## What was measured"
    yield ""
    yield (
        f"On {frame['date'].iloc[0]}, {frame['problem'].nunique()} problems of {frame['family'].nunique()} families, "
        f"{len(attempted(frame))} runs that took {frame['seconds'].sum() / 60:.0f} minutes of solvers' time."
    )
    yield ", ".join(f"{name} {value}" for name, value in machine.items()) + "."
    known = {str(name): version for name, version in versions.items() if version and ":" not in str(name)}
    yield "Solvers: " + ", ".join(f"{name} {version}" for name, version in known.items()) + "."
    yield ""


def _tracks(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the table of both tracks: raw / through batteryopt in every cell."""
    table = side_by_side(frame)
    if table.empty:
        return
    yield "Each solver as shipped / through batteryopt, on the problems that both took:"
    yield ""
    yield from _head(["solver", "tolerance", "problems", *TITLES])
    for row in table.to_dict("records"):
        cells = [f"{row[f'raw_{count}']} / {row[f'batteryopt_{count}']}" for count in COUNTS]
        yield _line([row["solver"], f"{row['tolerance']:.0e}", row["problems"], *cells])
    yield ""


def _bought(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the share of points within each accuracy, a row a contestant and a number a tolerance."""
    tolerances, table = bought_in_words(frame)
    titles = ", ".join(f"{tolerance:.0e}" for tolerance in tolerances)
    yield f"Points within so much of the truth, in per cent of the runs at a tolerance of {titles}:"
    yield ""
    yield from _head(list(table.columns))
    yield from (_line(list(row.values())) for row in table.to_dict("records"))
    yield ""


def _times(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the means of times by class at the middle tolerance, with their intervals."""
    table = times_by_class(frame)
    if table.empty:
        return
    middle, rows = at_the_middle(table)
    yield (
        f"Seconds at {middle:.0e}, by class: geometric means shifted by 0.1 s, a run that was not right charged with "
        "its limit; in brackets what nineteen in twenty of resampled means lie between:"
    )
    yield ""
    yield from _head(["class", "contestant", "problems", "right", "seconds"])
    for row in rows.to_dict("records"):
        seconds = f"{row['seconds']:.2g} ({row['low']:.2g} to {row['high']:.2g})"
        yield _line([row["class"], row["contestant"], row["problems"], row["right"], seconds])
    yield ""


def _contestants(frame: pd.DataFrame) -> Iterator[str]:
    table = summary(frame)
    for tolerance in sorted(table["tolerance"].unique(), reverse=True):
        rows = table[table["tolerance"] == tolerance]
        yield f"At a tolerance of {tolerance:.0e}:"
        yield ""
        titles = ["contestant", "runs", *TITLES, "wrong duals"]
        yield from _head([*titles, "median error", "worst error", "median error of decisions", "seconds"])
        for row in rows.to_dict("records"):
            counts = [row[name] for name in ("runs", *COUNTS, "wrong_duals")]
            errors = [row[name] for name in ("median_error", "worst_error", "median_decision_error")]
            yield _line([row["contestant"], *counts, *map(_short, errors), f"{row['seconds']:.0f}"])
        yield ""


def _families(frame: pd.DataFrame) -> Iterator[str]:
    """Yield a table of families by contestants: right runs of all, and those that misled."""
    runs = attempted(frame)
    names, families = list(dict.fromkeys(runs["contestant"])), list(dict.fromkeys(runs["family"]))
    yield "Right runs of all, by family, over all tolerances; those that misled in brackets:"
    yield ""
    yield from _head(["contestant", *families])
    for name in names:
        own = runs[runs["contestant"] == name]
        yield _line([name, *(_share(own[own["family"] == family]) for family in families)])
    yield ""


def _share(runs: pd.DataFrame) -> str:
    if runs.empty:
        return ""
    right, misled = int((runs["verdict"] == ContestVerdict.RIGHT.value).sum()), int(runs["verdict"].isin(LIES).sum())
    return f"{right}/{len(runs)}" + (f" ({misled})" if misled else "")


def _reading(frame: pd.DataFrame) -> Iterator[str]:
    yield "## What it teaches"
    yield ""
    yield from (f"- {sentence}" for sentence in findings(frame))


def _head(titles: list[str]) -> Iterator[str]:
    yield _line(titles)
    yield _line(["---", *("---:" for _ in titles[1:])])


def _line(cells: list[Any]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _short(error: float) -> str:
    return "" if pd.isna(error) else f"{error:.0e}"


def _read_runs(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"version": str})
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, "give the folder that `batteryopt accuracy --out` wrote to") from error
    missing = [name for name in (*COLUMNS, "date") if name not in frame]
    if missing or frame.empty:
        problem = f"lacks {', '.join(missing)}" if missing else "has no runs"
        raise InvalidInput(str(path), [Fault(place="columns", problem=problem, remedy="run the benchmark again")])
    return frame.assign(version=frame["version"].fillna(""))


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(path, error, "give a Markdown page that is there") from error


def _unreadable(path: Path, error: Exception, remedy: str) -> InvalidInput:
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return InvalidInput(str(path), [Fault(place="file", problem=f"cannot be read: {reason}", remedy=remedy)])
