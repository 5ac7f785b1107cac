"""Charts as files for papers and slides: PNG, SVG and PDF, drawn by matplotlib from the same data as the page's."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from batteryopt.report import interactive_map
from batteryopt.report.fitted_figure import fit
from batteryopt.report.tables import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Spec = Mapping[str, Any]
DASHES = {"solid": "-", "dash": "--", "dot": ":", "dashdot": "-."}
MARKERS = {"circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "star": "*", "cross": "P"}
TEXT_SIDES = {
    "top center": ((0, 7), "center"),
    "bottom center": ((0, -14), "center"),
    "middle right": ((5, -3), "left"),
}
"""Where words beside a point stand, in points from it, and how they are aligned; else above, to the right."""
PEN_PT = 1.5
"""Width of a line that the page draws two pixels wide."""
WIDTH_IN, DOTS_PER_IN, PIXELS_PER_IN, POINTS_PER_IN = 6.4, 200, 100, 72
USUAL_PX = 7.6
"""Diameter of a point that says none."""
COLUMNS, COLUMN_IN = 2, 5.4
"""Charts side by side in one picture, and the width of each."""
THOUSAND = 1000.0
PAGE_COLORS = {"ink": "#1d2530", "soft": "#5b6675", "border": "#aeb7c2", "bad": "#b3372b", "paper": "#ffffff"}


def picture(spec: Spec, ending: str) -> bytes:
    """Return one chart as a file's content.

    Parameters
    ----------
    spec
        As `charts.chart` gives it, or a map's.
    ending
        "png", "svg" or "pdf".
    """
    return sheet([spec], ending)


def sheet(specs: Sequence[Spec], ending: str) -> bytes:
    """Return charts side by side, two in a row, as one file's content; names in a legend stand once below them."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(len(specs), COLUMNS)
    rows = math.ceil(len(specs) / columns)
    height = max(4.8 if "map" in spec else max(spec["height"] / PIXELS_PER_IN, 2.6) for spec in specs)
    width = WIDTH_IN if columns == 1 else COLUMN_IN * columns
    figure = Figure(figsize=(width, height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    named: dict[str, Any] = {}
    for position, spec in enumerate(specs, start=1):
        axes = figure.add_subplot(rows, columns, position)
        axes.set_title(spec["title"], loc="left", fontsize=11)
        named |= _draw_map(axes, spec["map"]) if "map" in spec else _draw(figure, axes, spec)
    fit(figure, named, columns=4 if any("map" in spec for spec in specs) else 2)
    content = io.BytesIO()
    figure.savefig(content, format=ending, dpi=DOTS_PER_IN)
    return content.getvalue()


def _draw(figure: Figure, axes: Axes, spec: Spec) -> dict[str, Any]:
    """Draw a chart, and return what a legend names."""
    layout = spec["layout"]
    kinds: dict[str, Callable[[Figure, Axes, Spec, Spec], None]] = {"contour": _contour, "sankey": _sankey}
    bars = [trace for trace in spec["data"] if trace["type"] == "bar"]
    if bars:
        _bars(axes, bars, is_stacked=layout.get("barmode") in ("relative", "stack"))
    right = axes.twinx() if any(trace.get("yaxis") == "y2" for trace in spec["data"]) else None
    for trace in spec["data"]:
        if trace["type"] == "scatter":
            _scatter(right if right is not None and trace.get("yaxis") == "y2" else axes, trace)
        elif trace["type"] in kinds:
            kinds[trace["type"]](figure, axes, trace, layout)
    for shape in layout.get("shapes", ()):
        _shape(axes, shape)
    _finish(axes, right, layout)
    return _named(axes, right) if any(_is_named(trace) for trace in spec["data"]) else {}


def _shape(axes: Axes, shape: Spec) -> None:
    """Draw a band, or a line across the whole width or height."""
    if shape["type"] == "rect":
        axes.axvspan(shape["x0"], shape["x1"], color="#2f7ebc", alpha=0.14, linewidth=0, zorder=0)
        return
    style: dict[str, Any] = {
        "color": _plain(shape["line"]["color"]),
        "linestyle": DASHES[shape["line"].get("dash", "solid")],
        "linewidth": 0.8,
    }
    if shape.get("yref") == "paper":
        axes.axvline(shape["x0"], **style)
    else:
        axes.axhline(shape["y0"], **style)


def _finish(axes: Axes, right: Axes | None, layout: Spec) -> None:
    axes.set_xlabel(layout["xaxis"]["title"]["text"])
    axes.set_ylabel(layout["yaxis"]["title"]["text"])
    if layout["yaxis"].get("autorange") == "reversed":
        axes.invert_yaxis()
    if "tickvals" in layout["xaxis"]:
        axes.set_xticks(layout["xaxis"]["tickvals"], layout["xaxis"]["ticktext"])
    if layout["yaxis"].get("tickformat"):
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    if right is not None:
        right.set_ylabel(layout["yaxis2"]["title"]["text"])
        right.set_ylim(*layout["yaxis2"]["range"])
    for axis in (axes.xaxis, axes.yaxis):
        _separate_thousands(axis)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    if not layout["xaxis"].get("visible", True):
        axes.set(xlim=layout["xaxis"]["range"], ylim=layout["yaxis"]["range"])
        axes.set_axis_off()


def _named(axes: Axes, right: Axes | None) -> dict[str, Any]:
    """Return what a legend shows of axes, by name."""
    parts = [part.get_legend_handles_labels() for part in (axes, right) if part is not None]
    return {name: handle for handles, names in parts for handle, name in zip(handles, names, strict=True)}


def _separate_thousands(axis: Any) -> None:
    """Write an axis' numbers as the page does, where matplotlib would write them itself."""
    from matplotlib.ticker import ScalarFormatter

    ticks = np.asarray(axis.get_ticklocs(), dtype=float)
    if type(axis.get_major_formatter()) is ScalarFormatter and np.abs(ticks).max(initial=0.0) >= THOUSAND:
        axis.set_major_formatter(lambda value, _: number(value, 0))


def _is_named(trace: Spec) -> bool:
    return bool(trace.get("name")) and trace.get("showlegend", True)


def _label(trace: Spec) -> str:
    return trace["name"] if _is_named(trace) else "_"


def _scatter(axes: Axes, trace: Spec) -> None:
    x, y = ([np.nan if value is None else value for value in trace[axis]] for axis in ("x", "y"))
    if trace.get("fill") == "toself":
        axes.fill(x, y, color=trace["line"]["color"], alpha=0.18)
    if "lines" in trace["mode"]:
        line = trace["line"]
        marker = "o" if "markers" in trace["mode"] else ""
        style: dict[str, Any] = {"linestyle": DASHES[line.get("dash", "solid")], "marker": marker, "markersize": 4}
        style |= {"linewidth": PEN_PT * line.get("width", 2) / 2, "alpha": trace.get("opacity", 1.0)}
        axes.plot(x, y, color=_plain(line["color"]), label=_label(trace), **style)
        _write_texts(axes, trace, x, y)
        return
    marker = trace["marker"]
    edge = marker.get("line", {"color": marker.get("color", "#000000"), "width": 2})
    style = {"marker": MARKERS[marker.get("symbol", "circle")], "alpha": marker.get("opacity", 1.0)}
    style |= {"edgecolors": _plain(edge["color"]), "linewidths": PEN_PT * edge.get("width", 1) / 2}
    sizes = np.square(np.asarray(marker.get("size", USUAL_PX), dtype=float) * POINTS_PER_IN / PIXELS_PER_IN)
    axes.scatter(x, y, s=sizes, color=_plain(marker.get("color", "#000000")), zorder=3, label=_label(trace), **style)
    _write_texts(axes, trace, x, y)


def _write_texts(axes: Axes, trace: Spec, x: Any, y: Any) -> None:
    """Write the words of points beside them, where they have any."""
    at, alignment = TEXT_SIDES.get(trace.get("textposition", ""), ((5, 5), "left"))
    style: dict[str, Any] = {"xytext": at, "textcoords": "offset points", "fontsize": 8, "ha": alignment}
    for at_x, at_y, text in zip(x, y, trace["text"], strict=True) if "text" in trace["mode"] else ():
        axes.annotate(text.strip(), (at_x, at_y), **style)


def _bars(axes: Axes, traces: list[Spec], *, is_stacked: bool) -> None:
    """Draw bars, upon each other where they are stacked: what is negative downwards."""
    lying = traces[0].get("orientation") == "h"
    labels = list(dict.fromkeys(label for trace in traces for label in trace["y" if lying else "x"]))
    bases = {sign: np.zeros(len(labels)) for sign in (True, False)}
    for trace in traces:
        values = np.zeros(len(labels))
        for label, value in zip(trace["y" if lying else "x"], trace["x" if lying else "y"], strict=True):
            values[labels.index(label)] = value or 0.0
        base = np.where(values < 0, bases[True], bases[False]) if is_stacked else 0.0
        draw = axes.barh if lying else axes.bar
        offset: dict[str, Any] = {"left": base} if lying else {"bottom": base}
        draw([_text(label) for label in labels], values, color=trace["marker"]["color"], label=_label(trace), **offset)
        for sign in bases:
            bases[sign] = bases[sign] + np.where((values < 0) == sign, values, 0.0)
    for patch in axes.patches:  # matplotlib ends an axis at the base of any bar, of those upon the longest, too
        edges = patch.sticky_edges.x if lying else patch.sticky_edges.y
        edges[:] = [edge for edge in edges if edge == 0.0]


def _contour(figure: Figure, axes: Axes, trace: Spec, _: Spec) -> None:
    cells = np.array([[np.nan if value is None else value for value in row] for row in trace["z"]], dtype=float)
    found = axes.contourf(trace["x"], trace["y"], cells, levels=16, cmap="viridis")
    figure.colorbar(found, ax=axes, label=trace["colorbar"]["title"]["text"])


def _sankey(_figure: Figure, axes: Axes, trace: Spec, _: Spec) -> None:
    """Draw the links of a Sankey diagram as bars with their words: matplotlib lays out no such diagram."""
    link, names = trace["link"], [name.replace("<br>", " ") for name in trace["node"]["label"]]
    words = [f"{names[s]} → {names[t]}" for s, t in zip(link["source"], link["target"], strict=True)]
    axes.barh(words[::-1], link["value"][::-1], color="#6fa8cf")
    axes.bar_label(axes.containers[0], labels=[number(v, 0) for v in link["value"][::-1]], fontsize=7, padding=2)  # type: ignore[arg-type]
    axes.tick_params(axis="y", labelsize=7)
    axes.margins(x=0.15)


def _draw_map(axes: Axes, plan: Spec) -> dict[str, Any]:
    """Draw the last period of a map as notebooks show it, and return what a legend names."""
    for trace in interactive_map.traces(plan, len(plan["periods"]) - 1):
        if trace.get("marker", {}).get("opacity") != 0:  # there to be pointed at only
            _scatter(axes, trace)
    west, east, south, north = plan["range"]
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal", xticks=[], yticks=[])
    return _named(axes, None)


def _plain(color: str) -> str:
    """Return a colour that matplotlib knows; the page's own are those of paper."""
    found = re.fullmatch(r"var\(--(\w+)\)", color)
    return PAGE_COLORS[found[1]] if found else color


def _text(label: str) -> str:
    return re.sub(r"<br>", "\n", label)
