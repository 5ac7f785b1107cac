"""The page: what the runs teach in words, then profiles, accuracy against time, errors by family and size."""

from __future__ import annotations

import html
from collections.abc import Iterator

import pandas as pd

from batteryopt.accuracy.accuracy_plots import plots
from batteryopt.accuracy.accuracy_run import machine
from batteryopt.accuracy.bought_accuracy import bought_in_words
from batteryopt.accuracy.reading import ended_early, misleading, summary
from batteryopt.accuracy.solve_times import at_the_middle, times_by_class
from batteryopt.accuracy.two_tracks import COUNTS, TITLES, findings, side_by_side
from batteryopt.ground.marks import META

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1180px; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
p, li { max-width: 75ch } .note { color: #555; font-size: .9rem }
table { border-collapse: collapse; font-size: .85rem; width: 100% }
th, td { padding: .25rem .5rem; text-align: right; border-bottom: 1px solid #ddd }
td { white-space: nowrap } .wrapped td { white-space: normal; min-width: 4rem }
th { vertical-align: bottom } .wide { overflow-x: auto }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff }
@media (max-width: 600px) {
  body { margin: 1rem auto; padding: 0 .7rem } h1 { font-size: 1.35rem }
  table { font-size: .75rem } th, td { padding: .2rem .35rem } ul { padding-left: 1.1rem }
}
"""
TRACKS = (
    "<em>Raw</em> is the solver as its makers ship it, called once with the tolerance and taken at its word. "
    "<em>Through batteryopt</em> is the same solver behind its adapter, which asks again, changes units and withdraws "
    "claims. Both had the same doubles and are judged by the same rule, on the problems that both took."
)
BOUGHT = (
    "The share of runs whose point is within so much of the truth, in objective, constraints and followers, whatever "
    "was said of it; problems that have no solution are left out."
)
TIMES = (
    "Seconds: means of a class of problems, geometric and shifted by 0.1 s, over the problems that the contestants of "
    "the class all took; a run that was not right counts with its time limit. Low and high: between them lie nineteen "
    "in twenty of a thousand means over problems, and repeated times, that were drawn anew (bootstrap)."
)


def page(frame: pd.DataFrame) -> str:
    """Return a page that needs no network."""
    body = "\n".join([*_words(frame), *_tables(frame), *plots(frame), *_misled(frame), *_end(frame)])
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"{META}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>How right are the solvers?</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _words(frame: pd.DataFrame) -> Iterator[str]:
    yield "<h1>How right are the solvers?</h1>"
    yield (
        "<p>Every point was put into its problem in fifty digits and compared with an exact answer that rests on no "
        "solver's word. An <em>error</em> here is the largest of the objective's relative error, the relative "
        "violation of a constraint, and what a follower would gain by answering anew. A run <em>misled</em> if the "
        "contestant said that it had solved the problem, proven a bound or found that there is no solution, and ten "
        "times the tolerance asked for does not cover the truth. <em>Modest</em>: right, and it did not dare to say "
        "optimal. <em>In hand</em>: stopped by the limit at a point that is right, unproven. <em>Wrong duals</em>: the "
        "multipliers that came with an optimum do not prove it to that tolerance.</p>"
    )
    found = findings(frame)
    for sentence in found[: 2 if ended_early(frame) else 1]:
        yield f"<p><strong>{html.escape(sentence)}</strong></p>"


def _end(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the findings one by one, and on what machine they were made."""
    yield "<h2>Everything that the runs teach</h2>"
    yield "<ul>" + "".join(f"<li>{html.escape(sentence)}</li>" for sentence in findings(frame)) + "</ul>"
    words = ", ".join(f"{name} {value}" for name, value in machine().items())
    yield f'<p class="note">{html.escape(words)}. Times have the translation of the model in them.</p>'


def _tables(frame: pd.DataFrame) -> Iterator[str]:
    tracks = side_by_side(frame)
    if not tracks.empty:
        yield "<h2>Whose word can be trusted? As shipped, and through batteryopt</h2>"
        yield f"<p>{TRACKS}</p>"
        yield _table(_paired(tracks))
    yield "<h2>Which tolerance buys which accuracy?</h2>"
    tolerances, shares = bought_in_words(frame)
    asked = ", ".join(f"{tolerance:.0e}" for tolerance in tolerances)
    yield f"<p>{BOUGHT} In per cent, of the runs that were asked for a tolerance of {asked}.</p>"
    yield _table(shares)
    times = times_by_class(frame)
    if not times.empty:
        yield "<h2>How long right answers take</h2>"
        tolerance, middle = at_the_middle(times)
        yield f"<p>At a tolerance of {tolerance:.0e}. {TIMES}</p>"
        yield _table(middle[["contestant", "class", "problems", "right", "seconds", "low", "high"]])
    yield "<h2>All contestants</h2>"
    yield _table(summary(frame).drop(columns="median_decision_error").rename(columns={"misleading": "misled"}))


def _misled(frame: pd.DataFrame) -> Iterator[str]:
    lies = misleading(frame)
    yield "<h2>Runs that misled</h2>"
    yield f"<p>{len(lies) or 'None'}.</p>"
    if len(lies):
        columns = ["problem", "contestant", "tolerance", "point_status", "verdict", "objective_error", "violation"]
        lies = lies.assign(verdict=lies["verdict"].str.replace("-", " "))
        yield _table(lies[[*columns, "follower_gain", "bound_excess"]], kind="wide wrapped")


def _paired(tracks: pd.DataFrame) -> pd.DataFrame:
    """Return the table of both tracks with a cell a count: as shipped / through batteryopt."""
    counts = {
        title: tracks[f"raw_{count}"].astype(str) + " / " + tracks[f"batteryopt_{count}"].astype(str)
        for title, count in zip(TITLES, COUNTS, strict=True)
    }
    return tracks[["solver", "tolerance", "problems"]].assign(**counts)


def _table(frame: pd.DataFrame, kind: str = "wide") -> str:
    shown = frame
    if "tolerance" in frame:
        shown = frame.assign(tolerance=frame["tolerance"].map(lambda value: f"{value:.0e}"))
    shown = shown.rename(columns=lambda name: str(name).replace("_", " "))
    text = shown.to_html(index=False, border=0, na_rep="–", float_format=lambda value: f"{value:.2g}")
    return f'<div class="{kind}">{text}</div>'
