"""Charts as plain data in the form that plotly.js reads; pages draw them in the browser, `figures` with matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Trace: TypeAlias = dict[str, Any]

BLUE, ORANGE, GREEN, PINK, YELLOW, SKY = "#2f7ebc", "#d9702b", "#2a9d78", "#b565a7", "#d9a520", "#6fb7dd"
COLORS = (BLUE, ORANGE, GREEN, PINK, YELLOW, SKY, "#7a7f87", "#8c6d4f", "#4b5d99", "#a2b23c", "#c24d5c")
"""After Okabe and Ito, of a lightness that shows on white and on dark."""
DASHES = ("solid", "dash", "dot", "dashdot")


def chart(
    name: str,
    title: str,
    traces: Sequence[Trace],
    *,
    x: str = "",
    y: str = "",
    height: int = 340,
    note: str = "",
    least_width: int = 0,
    **layout: Any,
) -> dict[str, Any]:
    """Return a chart.

    Parameters
    ----------
    name
        Of its file, where it is exported.
    x, y
        What the axes show, with unit.
    note
        What a reader should know; stands under the title.
    least_width
        Pixels below which it scrolls rather than shrinks; 0: any width will do.
    layout
        Further keys of plotly's layout; `xaxis` and `yaxis` are added to the titles.
    """
    axes = {"xaxis": {"title": {"text": x}}, "yaxis": {"title": {"text": y}}}
    for axis, content in axes.items():
        layout[axis] = {**content, **layout.get(axis, {})}
    found = {"name": name, "title": title, "note": note, "height": height, "data": list(traces), "layout": layout}
    return {**found, "least_width": least_width} if least_width else found


def line(x: Iterable[float], y: Iterable[float | None], name: str, color: str, **more: Any) -> Trace:
    """Return a line; None breaks it."""
    style = {"color": color, "width": 2, "dash": more.pop("dash", "solid")}
    points = {"x": short(x), "y": short(y)}
    return {"type": "scatter", "mode": "lines", "name": name, "line": style, **points, **more}


def points(x: Iterable[float], y: Iterable[float], name: str, color: str, **more: Any) -> Trace:
    """Return markers."""
    marker = {"color": color, "size": 10, **more.pop("marker", {})}
    return {"type": "scatter", "mode": "markers", "name": name, "x": short(x), "y": short(y), "marker": marker, **more}


def bars(labels: Iterable[str], values: Iterable[float | None], name: str, color: str, **more: Any) -> Trace:
    """Return upright bars, or lying ones with ``orientation="h"``."""
    pair = {"x": list(labels), "y": short(values)}
    if more.get("orientation") == "h":
        pair = {"y": pair["x"], "x": pair["y"]}
    return {"type": "bar", "name": name, "marker": {"color": color}, **pair, **more}


def present(specs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the charts that show anything."""
    return [spec for spec in specs if spec["data"]]


def short(values: Iterable[float | None]) -> list[float | None]:
    """Return numbers with six digits, which is more than a screen shows and keeps pages small."""
    return [None if value is None or value != value else float(f"{float(value):.6g}") for value in values]
