"""The pictures of the benchmark's page: profiles, accuracy against time, errors by family and by size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.accuracy.raw.raw_solver import PREFIX
from batteryopt.accuracy.reading import attempted, worst_error
from batteryopt.accuracy.solve_times import data_profile
from batteryopt.accuracy.verdicts import ContestVerdict

FLOOR = 1e-17
"""Errors below this are drawn here: beyond what a double can hold."""
CEILING = 1e3
"""Errors above this are drawn here."""
ERRORS = [-17.5, 3.5]
"""Powers of ten that an axis of errors shows, the same everywhere; what is beyond is drawn at its edge."""
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8B4513", "#7F7F7F")
MARKERS = ("circle", "square", "diamond", "x", "triangle-up", "cross", "star", "triangle-down", "hexagon")
LEVELS = {1: "solvers", 2: "methods of the Stackelberg engine"}


def plots(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the pictures as HTML, each with a title and a note; the first brings the library that draws them."""
    runs = attempted(frame).assign(error=lambda d: worst_error(d).clip(lower=FLOOR, upper=CEILING))
    is_first = True
    for level, words in LEVELS.items():
        some = runs[runs["levels"] == level]
        if some.empty:
            continue
        styles = styles_of(some["contestant"])
        yield f"<h2>{words[0].upper()}{words[1:]}</h2>"
        for title, note, figure in _figures(some, styles):
            yield f'<h3>{title}</h3><p class="note">{note}</p>'
            yield figure.to_html(
                full_html=False, include_plotlyjs=is_first, config={"displayModeBar": False, "responsive": True}
            )
            is_first = False


def styles_of(contestants: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return colour and mark by contestant; a solver has the same colour on both tracks, and open marks as shipped."""
    names = list(dict.fromkeys(map(str, contestants)))
    solvers = list(dict.fromkeys(name.removeprefix(PREFIX) for name in names))
    places = {name: solvers.index(name.removeprefix(PREFIX)) % len(COLORS) for name in names}
    return {
        name: (COLORS[k], f"{MARKERS[k]}-open" if name.startswith(PREFIX) else MARKERS[k]) for name, k in places.items()
    }


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
    yield (
        "Data profile",
        f"{at} The share of problems that were solved rightly within so many seconds (Moré and Wild, 2009).",
        data_figure(usual, styles),
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


def data_figure(runs: pd.DataFrame, styles: dict[str, tuple[str, str]]) -> Any:
    """Draw the data profile as steps."""
    curves = data_profile(runs)
    times = [value for seconds, _ in curves.values() for value in seconds]
    start, end = min(times, default=0.01) / 1.2, max(times, default=1.0) * 1.2
    figure = _graphics().Figure()
    for name, (seconds, shares) in curves.items():
        x, y = [start, *seconds, end], [0.0, *shares, shares[-1] if shares else 0.0]
        figure.add_trace(_steps(name, x, y, styles))
    return _finished(figure, "seconds", "share of problems", log_x=True)


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
    dashes = ("solid", "dash", "dashdot")
    dash = "dot" if name.startswith(PREFIX) else dashes[list(styles).index(name) % len(dashes)]  # coinciding lines show
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
