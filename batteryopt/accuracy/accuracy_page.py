"""The page: what the runs teach in words, then profiles, accuracy against time, errors by family and size."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.accuracy.accuracy_run import machine
from batteryopt.accuracy.reading import attempted, misleading, summary, worst_error
from batteryopt.accuracy.two_tracks import findings, side_by_side
from batteryopt.accuracy.verdicts import ContestVerdict
from batteryopt.ground.marks import META

FLOOR = 1e-17
"""Errors below this are drawn here: beyond what a double can hold."""
CEILING = 1e3
"""Errors above this are drawn here."""
ERRORS = [-17.5, 3.5]
"""Powers of ten that an axis of errors shows, the same everywhere; what is beyond is drawn at its edge."""
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8B4513", "#7F7F7F")
MARKERS = ("circle", "square", "diamond", "x", "triangle-up", "cross", "star", "triangle-down", "hexagon")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2.5rem }
p, li { max-width: 75ch } .note { color: #555; font-size: .9rem }
table { border-collapse: collapse; font-size: .85rem; width: 100% }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left } .wide { overflow-x: auto }
"""
TRACKS = (
    "<em>Raw</em> is the solver as its makers ship it, called once with the tolerance and taken at its word. "
    "<em>Through batteryopt</em> is the same solver behind its adapter, which asks again, changes units and withdraws "
    "claims. Both had the same doubles and are judged by the same rule, on the problems that both took."
)
LEVELS = {1: "solvers", 2: "methods of the Stackelberg engine"}


def page(frame: pd.DataFrame) -> str:
    """Return a page that needs no network."""
    runs = attempted(frame).assign(error=lambda d: worst_error(d).clip(lower=FLOOR, upper=CEILING))
    body = "\n".join([*_words(frame), *_plots(runs), *_tables(frame)])
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"{META}"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>How right are the solvers?</title><style>{STYLE}</style></head><body>{body}</body></html>"
    )


# --- words and tables ------------------------------------------------------------------------------------------------


def _words(frame: pd.DataFrame) -> Iterator[str]:
    yield "<h1>How right are the solvers?</h1>"
    yield (
        "<p>Every point was put into its problem in fifty digits and compared with an answer derived without any "
        "solver. An <em>error</em> here is the largest of the objective's relative error, the relative violation of a "
        "constraint, and what a follower would gain by answering anew. A run <em>misled</em> if the contestant said "
        "that it had solved the problem, proven a bound or found that there is no solution, and ten times the "
        "tolerance asked for does not cover the truth. <em>Modest</em>: right, and it did not dare to say optimal. "
        "<em>In hand</em>: stopped by the limit at a point that is right, unproven. <em>Wrong duals</em>: the "
        "multipliers that came with an optimum do not prove it to that tolerance.</p>"
    )
    yield "<ul>" + "".join(f"<li>{html.escape(sentence)}</li>" for sentence in findings(frame)) + "</ul>"
    words = ", ".join(f"{name} {value}" for name, value in machine().items())
    yield f'<p class="note">{html.escape(words)}. Times are of one run each, translation of the model included.</p>'


def _tables(frame: pd.DataFrame) -> Iterator[str]:
    tracks = side_by_side(frame)
    if not tracks.empty:
        yield "<h2>Two tracks: as shipped, and through batteryopt</h2>"
        yield f"<p>{TRACKS}</p>"
        yield _table(tracks)
    yield "<h2>All contestants</h2>"
    yield _table(summary(frame))
    lies = misleading(frame)
    yield "<h2>Runs that misled</h2>"
    yield f"<p>{len(lies) or 'None'}.</p>"
    if len(lies):
        columns = ["problem", "contestant", "tolerance", "point_status", "verdict", "objective_error", "violation"]
        yield _table(lies[[*columns, "follower_gain", "bound_excess"]])


def _table(frame: pd.DataFrame) -> str:
    shown = frame.assign(tolerance=frame["tolerance"].map(lambda value: f"{value:.0e}"))
    shown = shown.rename(columns=lambda name: str(name).replace("_", " "))
    text = shown.to_html(index=False, border=0, na_rep="–", float_format=lambda value: f"{value:.2g}")
    return f'<div class="wide">{text}</div>'


# --- plots -----------------------------------------------------------------------------------------------------------


def _plots(runs: pd.DataFrame) -> Iterator[str]:
    is_first = True
    for level, words in LEVELS.items():
        some = runs[runs["levels"] == level]
        if some.empty:
            continue
        names = dict.fromkeys(some["contestant"])
        styles = {name: (COLORS[i % 9], MARKERS[i % 9]) for i, name in enumerate(names)}
        yield f"<h2>{words[0].upper()}{words[1:]}</h2>"
        for title, note, figure in _figures(some, styles):
            yield f'<h3>{title}</h3><p class="note">{note}</p>'
            yield figure.to_html(
                full_html=False, include_plotlyjs=is_first, config={"displayModeBar": False, "responsive": True}
            )
            is_first = False


def _figures(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
    tolerance = _usual(runs)
    usual = runs[runs["tolerance"] == tolerance]
    at = f"At a tolerance of {tolerance:.0e}."
    yield (
        "Performance profile",
        f"{at} The share of problems that were solved rightly within so many times the time of the fastest that did "
        "(Dolan and Moré, 2002).",
        profile_figure(usual, styles),
    )
    yield "Accuracy profile", f"{at} The share of problems with an error of at most so much.", _cdf(usual, styles)
    yield "Accuracy against time", "A mark a run; the same contestant at every tolerance.", _scatter(runs, styles)
    yield "Errors by family", f"{at} Each mark a problem.", _by_family(usual, styles)
    yield "Errors by size", f"{at} Number of variables across.", _by_size(usual, styles)


def _usual(runs: pd.DataFrame) -> float:
    """Return the middle one of the tolerances."""
    found = sorted(runs["tolerance"].unique())
    return float(found[len(found) // 2])


def profile(runs: pd.DataFrame) -> dict[str, tuple[list[float], list[float]]]:
    """Return the Dolan-Moré profile by contestant: ratios to the best time, rising, and shares of problems.

    Only right answers count as solved; a problem that nobody solved counts against everybody.
    """
    right = runs["verdict"] == ContestVerdict.RIGHT.value
    times = runs.assign(time=runs["seconds"].where(right)).pivot_table(
        index="problem", columns="contestant", values="time", aggfunc="min", dropna=False
    )
    ratios = times.div(times.min(axis=1), axis=0)
    total = runs["problem"].nunique()
    found = {}
    for name in dict.fromkeys(runs["contestant"]):
        solved = np.sort(ratios[name].dropna().to_numpy()) if name in ratios else np.array([])
        found[str(name)] = (solved.tolist(), (np.arange(1, len(solved) + 1) / total).tolist())
    return found


def profile_figure(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    """Draw the profile as steps."""
    go = _graphics()
    curves = profile(runs)
    end = max([2.0, *(ratios[-1] for ratios, _ in curves.values() if ratios)]) * 1.2
    figure = go.Figure()
    for name, (ratios, shares) in curves.items():
        x, y = [1.0, *ratios, end], [0.0, *shares, shares[-1] if shares else 0.0]
        figure.add_trace(_steps(name, x, y, styles))
    return _finished(figure, "time, relative to the fastest right answer", "share of problems", log_x=True)


def _cdf(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    figure = _graphics().Figure()
    total = runs["problem"].nunique()
    for name, group in runs.groupby("contestant", sort=False):
        errors = np.sort(group["error"].dropna().to_numpy())
        shares = np.arange(1, len(errors) + 1) / total
        x, y = [FLOOR, *errors.tolist(), 10.0], [0.0, *shares.tolist(), float(shares[-1]) if len(shares) else 0.0]
        figure.add_trace(_steps(str(name), np.clip(x, FLOOR, 10.0).tolist(), y, styles))
    return _finished(figure, "error", "share of problems", log_x=True)


def _steps(name: str, x: list[float], y: list[float], styles: dict[str, tuple[str, str]]) -> Any:
    dashes = ("solid", "dash", "dot", "dashdot")
    dash = dashes[list(styles).index(name) % len(dashes)]  # lines that coincide show both
    line = {"color": styles[name][0], "shape": "hv", "width": 2, "dash": dash}
    return _graphics().Scatter(x=x, y=y, name=name, mode="lines", line=line)


def _scatter(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    figure = _graphics().Figure()
    for name, group in runs.dropna(subset="error").groupby("contestant", sort=False):
        words = [f"{p}, tolerance {t:.0e}, {v}" for p, t, v in _columns(group, "problem", "tolerance", "verdict")]
        figure.add_trace(_marks(str(name), group["seconds"], group["error"], words, styles))
    return _finished(figure, "seconds", "error", log_x=True, log_y=True)


def _by_family(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    figure = _graphics().Figure()
    for name, group in runs.dropna(subset="error").groupby("contestant", sort=False):
        figure.add_trace(
            _graphics().Box(
                x=group["family"],
                y=group["error"],
                name=str(name),
                boxpoints="all",
                jitter=0.4,
                pointpos=0,
                fillcolor="rgba(0,0,0,0)",
                line={"color": styles[str(name)][0], "width": 1},
                marker={"size": 5, "symbol": styles[str(name)][1]},
                text=group["problem"],
            )
        )
    figure.update_layout(boxmode="group")
    return _finished(figure, "", "error", log_y=True)


def _by_size(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    figure = _graphics().Figure()
    for name, group in runs.dropna(subset="error").groupby("contestant", sort=False):
        figure.add_trace(_marks(str(name), group["size"], group["error"], group["problem"], styles))
    return _finished(figure, "variables", "error", log_x=True, log_y=True)


def _columns(frame: pd.DataFrame, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(frame[name] for name in names), strict=True)


def _marks(name: str, x: Any, y: Any, words: Any, styles: dict[str, tuple[str, str]]) -> Any:
    color, symbol = styles[name]
    marker = {"color": color, "symbol": symbol, "size": 7, "opacity": 0.7}
    return _graphics().Scatter(x=x, y=y, name=name, mode="markers", marker=marker, text=list(words))


def _finished(figure: Any, x: str, y: str, *, log_x: bool = False, log_y: bool = False) -> Any:
    powers = {"type": "log", "exponentformat": "power"}
    figure.update_xaxes(title=x, **(powers if log_x else {}))
    figure.update_yaxes(title=y, **({**powers, "range": ERRORS} if log_y else {"range": [0, 1.02]}))
    legend = {"orientation": "h", "yanchor": "top", "y": -0.22, "xanchor": "left", "x": 0}  # a phone has no room beside
    margin = {"t": 20, "r": 10, "l": 60, "b": 20}
    figure.update_layout(template="plotly_white", height=480, margin=margin, legend=legend)
    return figure


def _graphics() -> Any:
    import plotly.graph_objects as go

    return go
