"""Redrawn figures as charts, which pages draw in the browser and pictures with matplotlib: one function a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from batteryopt.games.shell.redrawn import OPTIMIZER, ROUTE, SERIES, Drawing, Pen, RedrawnFigure
from batteryopt.report.charts import BLUE, COLORS, Trace, chart, line, points, short

if TYPE_CHECKING:
    import pandas as pd

HEIGHT, PANEL_HEIGHT, SCHEME_HEIGHT = 430, 340, 420
_BAND = {"type": "rect", "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
_DOTS = 7
"""Pixels of the optimiser's dots."""

Spec = dict[str, Any]


def charts_of(figure: RedrawnFigure) -> list[Spec]:
    """Return a chart for each panel of a figure."""
    return _DRAWN[figure.drawing](figure)


def _titled(figure: RedrawnFigure, panel: str) -> tuple[str, str]:
    """Return a panel's file name and title."""
    panels = figure.panels
    if len(panels) == 1:
        return figure.file_name, f"{figure.number}: {figure.title}"
    return f"{figure.file_name}-{panels.index(panel) + 1}", f"{figure.number}: {panel}"


def _pen(figure: RedrawnFigure, series: str, position: int) -> Pen:
    return figure.pens.get(series, Pen(color=COLORS[position % len(COLORS)]))


def _line(rows: pd.DataFrame, x: str, y: str, name: str, pen: Pen) -> Trace:
    found = line(rows[x], rows[y], name, pen.color, dash=pen.dash, opacity=pen.opacity)
    return {**found, "line": {**found["line"], "width": pen.width}}


def _lines(figure: RedrawnFigure) -> list[Spec]:
    x, y = figure.axes
    found = []
    for panel in figure.panels:
        rows, traces = figure.panel(panel), []
        for position, series in enumerate(dict.fromkeys(rows[SERIES])):
            mine, pen = rows[rows[SERIES] == series], _pen(figure, series, position)
            other = mine[ROUTE] == OPTIMIZER
            traces.append(_line(mine[~other], x, y, series, pen))
            if other.any():
                dots = mine[other]
                size = {"size": _DOTS}
                traces.append(points(dots[x], dots[y], series, pen.color, marker=size, showlegend=False))
        name, title = _titled(figure, panel)
        labels = _labels(figure, panel)
        found.append(chart(name, title, traces, height=HEIGHT, shapes=_shapes(figure, panel), **labels))
    return found


def _labels(figure: RedrawnFigure, panel: str) -> dict[str, Any]:
    """Return the axes' titles; a panel that is about one of two axes has its own name on x."""
    across, up = list(figure.axes.values())[:2]
    return {"x": panel if across == "" else across, "y": up}


def _shapes(figure: RedrawnFigure, panel: str) -> list[dict[str, Any]]:
    if panel not in figure.bands:
        return []
    low, high = figure.bands[panel]
    return [{**_BAND, "x0": low, "x1": high, "fillcolor": "rgba(42,157,120,0.14)", "line": {"width": 0}}]


def _levels(figure: RedrawnFigure) -> list[Spec]:
    x, y, z = figure.axes
    found = []
    for panel in figure.panels:
        rows = figure.panel(panel)
        grid = rows[rows[ROUTE] != OPTIMIZER].pivot_table(index=y, columns=x, values=z, dropna=False)
        trace = {
            "type": "contour",
            "x": short(map(float, grid.columns)),
            "y": short(map(float, grid.index)),
            "z": [short(row) for row in grid.to_numpy()],
            "colorscale": "Viridis",
            "colorbar": {"title": {"text": ""}, "thickness": 14, "outlinewidth": 0},
            "ncontours": 12,
            "contours": {"coloring": "heatmap"},
            "line": {"width": 0.5, "color": "rgba(255,255,255,0.6)"},
            "hovertemplate": "%{x:.3g}, %{y:.3g}: %{z:,.4~g}<extra></extra>",
        }
        traces: list[Trace] = [trace]
        if figure.here is not None:
            edge = {"line": {"color": "#000000", "width": 1.5}}
            own = points([figure.here[0]], [figure.here[1]], "the paper's own case", "#ffffff", marker=edge)
            traces.append({**own, "showlegend": False})
        name, title = _titled(figure, panel)
        found.append(chart(name, title, traces, height=PANEL_HEIGHT, **_labels(figure, panel)))
    return found


def _region(figure: RedrawnFigure) -> list[Spec]:
    x, y = figure.axes
    traces = []
    for position, series in enumerate(dict.fromkeys(figure.frame[SERIES])):
        rows, pen = figure.frame[figure.frame[SERIES] == series], _pen(figure, series, position)
        if len(rows) == 1:
            traces.append(points(rows[x], rows[y], series, pen.color))
        else:
            traces.append({**_line(rows, x, y, series, pen), "fill": "toself", "fillcolor": _pale(pen.color)})
    name, title = _titled(figure, "")
    ranges: dict[str, Any] = {"xaxis": {"range": _roomy(figure.frame[x])}, "yaxis": {"range": _roomy(figure.frame[y])}}
    return [chart(name, title, traces, height=HEIGHT, **ranges, **_labels(figure, ""))]


def _roomy(values: pd.Series[float]) -> list[float]:
    """Return a range in which no corner touches the frame."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low)
    return [low - room, high + room]


def _pale(color: str) -> str:
    """Return a colour "#rrggbb", seen through."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.16)"


def _scheme(figure: RedrawnFigure) -> list[Spec]:
    """Draw members as points with their names, and what they hand on as numbered lines that the legend explains."""
    traces: list[Trace] = []
    lowest = min(y for _, y in figure.places.values())
    for position, row in enumerate(figure.frame.to_dict("records"), start=1):
        (x0, y0), (x1, y1) = figure.places[row["from"]], figure.places[row["to"]]
        name = f"{position}: {row[SERIES]}"
        trace = line([x0, (x0 + x1) / 2, x1], [y0, (y0 + y1) / 2, y1], name, COLORS[position - 1])
        bold = {"size": 14, "color": "var(--ink)"}
        beside = "middle right" if y0 != y1 else "top center" if y0 == lowest else "bottom center"  # off the names
        traces.append(
            {**trace, "mode": "lines+text", "text": ["", f" {position} ", ""], "textposition": beside}
            | {"textfont": bold, "hoverinfo": "name"}
        )
    for name, (x, y) in figure.places.items():
        side = "bottom center" if y == lowest else "top center"  # away from the lines
        style = {"mode": "markers+text", "text": [name], "textposition": side, "hoverinfo": "text"}
        font = {"textfont": {"size": 13, "color": "var(--ink)"}, "showlegend": False, "cliponaxis": False}
        traces.append(points([x], [y], name, BLUE, marker={"size": 18}, **style, **font))
    xs, ys = zip(*figure.places.values(), strict=True)
    hidden = {"visible": False}
    axes: dict[str, Any] = {
        "xaxis": {**hidden, "range": [min(xs) - 0.6, max(xs) + 0.6]},
        "yaxis": {**hidden, "range": [min(ys) - 0.4, max(ys) + 0.4]},
    }
    name, title = _titled(figure, "")
    return [chart(name, title, traces, height=SCHEME_HEIGHT, **axes)]


_DRAWN: Mapping[Drawing, Callable[[RedrawnFigure], list[Spec]]] = {
    Drawing.LINES: _lines,
    Drawing.LEVELS: _levels,
    Drawing.REGION: _region,
    Drawing.SCHEME: _scheme,
}
