"""A solver as it is shipped beside the same solver behind its adapter, on the problems that both were asked."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from batteryopt.accuracy.raw.raw_solver import PREFIX
from batteryopt.accuracy.reading import LIES, attempted, ended_early, sentences
from batteryopt.accuracy.verdicts import ContestVerdict

COUNTS = ("right", "misleading", "modest", "in_hand", "stopped", "failed")
"""As `reading.summary` has them."""
TITLES = ("right", "misled", "modest", "in hand", "stopped", "failed")
"""Of tables."""
KEYS = ["solver", "tolerance", "problem"]
_WORTH = {
    ContestVerdict.RIGHT.value: "right",
    ContestVerdict.MODEST.value: "modest",
    ContestVerdict.IN_HAND.value: "in_hand",
    ContestVerdict.LIMIT.value: "stopped",
    ContestVerdict.HONEST_FAILURE.value: "failed",
    **dict.fromkeys(LIES, "misleading"),
}


def side_by_side(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a row a solver and tolerance: what its own word was worth, and what it was worth behind the adapter.

    Returns
    -------
    pandas.DataFrame
        ``solver``, ``tolerance``, ``problems`` that both tracks judged, and each of `COUNTS` as ``raw_*`` and
        ``batteryopt_*``; empty where no solver is on both tracks.
    """
    runs = attempted(frame)
    is_raw = runs["contestant"].str.startswith(PREFIX)
    halves = [runs[is_raw], runs[~is_raw]]
    both = _worth(halves[0]).merge(_worth(halves[1]), on=KEYS, suffixes=("_raw", "_through"))
    rows = [_row(key, group) for key, group in both.groupby(["solver", "tolerance"], sort=False)]
    names = [f"{track}_{count}" for track in ("raw", "batteryopt") for count in COUNTS]
    table = pd.DataFrame(rows, columns=["solver", "tolerance", "problems", *names])
    order = list(dict.fromkeys(table["solver"]))  # as they were asked, each from its loosest tolerance on
    place = table["solver"].map(order.index) if rows else table["solver"]
    return (
        table.assign(place=place)
        .sort_values(["place", "tolerance"], ascending=[True, False])
        .drop(columns="place", errors="ignore")
        .reset_index(drop=True)
    )


def _worth(runs: pd.DataFrame) -> pd.DataFrame:
    named = runs.assign(solver=runs["contestant"].str.removeprefix(PREFIX), worth=runs["verdict"].map(_WORTH))
    return named[[*KEYS, "worth"]]


def _row(key: tuple[object, ...], group: pd.DataFrame) -> dict[str, object]:
    solver, tolerance = key
    row: dict[str, object] = {"solver": solver, "tolerance": tolerance, "problems": len(group)}
    for track, column in (("raw", "worth_raw"), ("batteryopt", "worth_through")):
        row |= {f"{track}_{count}": int((group[column] == count).sum()) for count in COUNTS}
    return row


def sentences_on_tracks(frame: pd.DataFrame) -> Iterator[str]:
    """Say for each solver what the layer around it adds: how often it misled, and was right, on either track."""
    for solver, rows in side_by_side(frame).groupby("solver", sort=False):
        places = ", ".join(f"{tolerance:.0e}" for tolerance in rows["tolerance"])
        problems = " and ".join(str(count) for count in dict.fromkeys(rows["problems"]))
        yield (
            f"{solver} at {places}, on the same {problems} problems: as shipped it misled in "
            f"{_listed(rows['raw_misleading'])} and was right in {_listed(rows['raw_right'])}; through batteryopt it "
            f"misled in {_listed(rows['batteryopt_misleading'])} and was right in {_listed(rows['batteryopt_right'])}."
        )


def _listed(counts: pd.Series) -> str:
    return ", ".join(str(int(count)) for count in counts)


def findings(frame: pd.DataFrame) -> list[str]:
    """Return everything that the runs teach, a sentence a finding."""
    found = list(sentences(frame))
    count = 2 if ended_early(frame) else 1  # how many problems and runs there are comes first
    return [*found[:count], *sentences_on_tracks(frame), *found[count:]]
