"""The picture of a sweep: an interactive page that needs no network, or a PNG."""

from __future__ import annotations

import importlib.util
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.ground.errors import Fault
from batteryopt.ground.files import write_atomically
from batteryopt.ground.marks import META, SOFTWARE
from batteryopt.report.sweep_panels import Map, axis_values, contract_spans, lines_of, maps_of

LIBRARIES = {".html": "plotly", ".png": "matplotlib"}
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which the colour-blind can tell apart."""
DASHES = (
    ("solid", "-"),
    ("solid", "-"),
    ("dash", (0, (5, 3))),
    ("dot", (0, (1, 2))),
    ("dashdot", "-."),
    ("dash", "--"),
)
"""By position of the model, for plotly and matplotlib: lines that coincide show both."""
SHADE = "#F8F1DD"
ABSENT = "#DDDDDD"
MARKED = 12
"""Points of a line up to which each is marked."""
FEW = 6
"""Points of a map's axis up to which each has its number, and nothing else has one."""
TOP, PANEL, GAP, BOTTOM = 110, 210, 85, 110
"""Heights in a page, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a picture is made of.

    Attributes
    ----------
    title
        Above it.
    labels
        The varied keys, one or two, each with the words for its axis.
    drawn
        Names of the numbers to show, the most important first.
    """

    title: str
    labels: dict[str, str]
    drawn: tuple[str, ...]


def plot_faults(path: Path, keys: int) -> Iterator[Fault]:
    """Yield why a picture could not be drawn, before any work is done for it."""
    library = LIBRARIES.get(path.suffix)
    if library is None:
        yield Fault(place="--plot", problem=f"'{path}' has no ending we draw", remedy="expected .html or .png")
    elif importlib.util.find_spec(library) is None:
        yield Fault(place="--plot", problem=f"{library} is not installed", remedy="pip install 'batteryopt[plot]'")
    if keys > 2:
        yield Fault(place="--plot", problem=f"{keys} keys vary", remedy="a picture shows one or two")


def page_faults(path: Path, place: str = "--report") -> Iterator[Fault]:
    """Yield why a page could not be made, before any work is done for it."""
    if path.suffix != ".html":
        yield Fault(place=place, problem=f"'{path}' has no ending of a page", remedy="expected .html")
    elif importlib.util.find_spec("plotly") is None:
        yield Fault(place=place, problem="plotly is not installed", remedy="pip install 'batteryopt[plot]'")


def draw(frame: pd.DataFrame, picture: Picture, path: Path) -> None:
    """Draw a sweep over one key as lines, over two as maps, and write it in one step."""
    is_page = path.suffix == ".html"
    if len(picture.labels) == 1:
        figure = _lines_page(frame, picture) if is_page else _lines_image(frame, picture)
    else:
        figure = _maps_page(frame, picture) if is_page else _maps_image(frame, picture)
    write_atomically(path, _page_of(figure, picture.title) if is_page else _image_of(figure))


# --- over one key ----------------------------------------------------------------------------------------------------


def _lines_page(frame: pd.DataFrame, picture: Picture) -> Any:
    import plotly.graph_objects as go

    (key,) = picture.labels
    panels, values = lines_of(frame, key, picture.drawn), axis_values(frame, key)
    figure = _grid_page([panel.title for panel in panels])
    seen: set[str] = set()
    for position, panel in enumerate(panels):
        row, column = divmod(position, _columns(len(panels)))
        for model, line in panel.lines.items():
            color, dash, width = _style(frame, model)
            trace = go.Scatter(
                x=values,
                y=line,
                name=model,
                legendgroup=model,
                showlegend=model not in seen,
                mode="lines+markers" if len(values) <= MARKED else "lines",
                line={"color": color, "dash": dash[0], "width": width},
                marker={"size": 4},
            )
            seen.add(model)
            figure.add_trace(trace, row=row + 1, col=column + 1)
        for first, last in contract_spans(frame, key):
            figure.add_vrect(
                x0=first, x1=last, fillcolor=SHADE, line_width=0, layer="below", row=row + 1, col=column + 1
            )
    figure.update_xaxes(title_text=key, range=_limits(values))
    subtitle = picture.labels[key]
    if contract_spans(frame, key):
        subtitle += "; shaded: a coordinating contract exists"
    return _titled(figure, picture.title, subtitle)


def _lines_image(frame: pd.DataFrame, picture: Picture) -> Any:
    (key,) = picture.labels
    panels, values = lines_of(frame, key, picture.drawn), axis_values(frame, key)
    figure, axes = _grid_image(len(panels), height=2.7)
    handles: dict[str, Any] = {}
    for panel, axis in zip(panels, axes, strict=False):
        for first, last in contract_spans(frame, key):
            handles["contract exists"] = axis.axvspan(first, last, color=SHADE, lw=0, zorder=0)
        for model, line in panel.lines.items():
            color, dash, width = _style(frame, model)
            marker = "." if len(values) <= MARKED else None
            handles[model] = axis.plot(
                values, line, color=color, linestyle=dash[1], marker=marker, lw=0.8 * width, ms=4
            )[0]
        axis.set_title(panel.title, fontsize=9)
        axis.set_xlabel(key, fontsize=8)
        axis.set_xlim(*_limits(values))
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    figure.suptitle(f"{picture.title}\n{picture.labels[key]}", fontsize=11)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), fontsize=8)
    return figure


# --- over two keys ---------------------------------------------------------------------------------------------------


def _maps_page(frame: pd.DataFrame, picture: Picture) -> Any:
    import plotly.graph_objects as go

    maps, (across, up) = _maps(frame, picture), picture.labels
    figure = _grid_page([panel.title for panel in maps])
    for position, panel in enumerate(maps):
        row, column = divmod(position, _columns(len(maps)))
        heat = go.Heatmap(
            x=axis_values(frame, across),
            y=axis_values(frame, up),
            z=panel.values,
            colorscale="Viridis",
            colorbar=_color_bar(figure, position),
            hovertemplate=f"{across} %{{x:.4g}}<br>{up} %{{y:.4g}}<br>%{{z:.6g}}<extra></extra>",
            **_range(panel, maps, "zmin", "zmax"),
        )
        figure.add_trace(heat, row=row + 1, col=column + 1)
    figure.update_xaxes(title_text=across, showgrid=False, **_ticks_page(axis_values(frame, across)))
    figure.update_yaxes(title_text=up, showgrid=False, **_ticks_page(axis_values(frame, up)))
    figure.update_layout(plot_bgcolor=ABSENT)
    subtitle = "; ".join(f"{key}: {words}" for key, words in picture.labels.items())
    return _titled(figure, picture.title, f"{subtitle}; grey: no answer")


def _ticks_page(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return what puts an axis' numbers where points are, if these are few: cells reach half a step beyond them."""
    if len(values) > FEW:
        return {}
    return {"tickvals": values.tolist(), "ticktext": [f"{value:.4g}" for value in values]}


def _color_bar(figure: Any, position: int) -> dict[str, Any]:
    """Return a colour bar that stands just beside its map."""
    name = "" if position == 0 else str(position + 1)
    across, up = figure.layout[f"xaxis{name}"].domain, figure.layout[f"yaxis{name}"].domain
    return {"x": across[1] + 0.005, "xanchor": "left", "y": sum(up) / 2, "len": up[1] - up[0], "thickness": 10}


def _maps_image(frame: pd.DataFrame, picture: Picture) -> Any:
    maps, (across, up) = _maps(frame, picture), picture.labels
    figure, axes = _grid_image(len(maps), height=3.2)
    for panel, axis in zip(maps, axes, strict=False):
        axis.set_facecolor(ABSENT)
        mesh = axis.pcolormesh(
            axis_values(frame, across),
            axis_values(frame, up),
            np.ma.masked_invalid(panel.values),
            shading="nearest",
            cmap="viridis",
            **_range(panel, maps, "vmin", "vmax"),
        )
        figure.colorbar(mesh, ax=axis).ax.tick_params(labelsize=8)
        axis.set_title(panel.title, fontsize=9)
        axis.set_xlabel(across, fontsize=8)
        axis.set_ylabel(up, fontsize=8)
        axis.tick_params(labelsize=8)
        for side, key in ((axis.xaxis, across), (axis.yaxis, up)):
            if len(points := axis_values(frame, key)) <= FEW:
                side.set_ticks(points, labels=[f"{value:.4g}" for value in points])
    figure.suptitle(f"{picture.title}\ngrey: no answer", fontsize=11)
    return figure


def _maps(frame: pd.DataFrame, picture: Picture) -> list[Map]:
    return maps_of(frame, list(picture.labels), picture.drawn)


def _range(panel: Map, maps: Sequence[Map], least: str, most: str) -> dict[str, float]:
    """Return the limits of a map's colours: one scale for all maps that share it."""
    shared = [other.values for other in maps if other.is_shared]
    if not panel.is_shared or not any(np.isfinite(values).any() for values in shared):
        return {}
    return {least: min(np.nanmin(values) for values in shared), most: max(np.nanmax(values) for values in shared)}


# --- frames of both --------------------------------------------------------------------------------------------------


def _columns(count: int) -> int:
    """Return in how many columns a number of panels stands best."""
    return 2 if count in (2, 4) else min(count, 3)


def _grid_page(titles: Sequence[str]) -> Any:
    from plotly.subplots import make_subplots

    columns = _columns(len(titles))
    rows = math.ceil(len(titles) / columns)
    figure = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=titles,
        horizontal_spacing=0.27 / columns,
        vertical_spacing=GAP / _page_height(rows),
    )
    figure.update_layout(
        height=_page_height(rows) + TOP + BOTTOM,
        legend={"orientation": "h", "yanchor": "top", "y": -75 / _page_height(rows), "x": 0},
        margin={"t": TOP, "b": BOTTOM, "l": 60, "r": 40},
    )
    return figure


def _page_height(rows: int) -> int:
    """Return the pixels of all panels with what is between them."""
    return PANEL * rows + GAP * (rows - 1)


def _titled(figure: Any, title: str, subtitle: str) -> Any:
    figure.update_layout(title={"text": title, "subtitle": {"text": subtitle}}, template="plotly_white")
    figure.update_annotations(font_size=13)
    figure.update_xaxes(title_standoff=4, title_font_size=12)
    figure.update_yaxes(title_font_size=12)
    return figure


def _grid_image(count: int, height: float) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    columns = _columns(count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(3.7 * columns, height * rows + 0.8), layout="constrained", dpi=130)
    axes = [figure.add_subplot(rows, columns, position + 1) for position in range(count)]
    return figure, axes


def _style(frame: pd.DataFrame, model: str) -> tuple[str, tuple[str, Any], float]:
    """Return colour, dashes and width of a model, the same in every panel; later lines are thinner, on top."""
    position = list(dict.fromkeys(frame["model"])).index(model)
    return COLORS[position % len(COLORS)], DASHES[position % len(DASHES)], max(3.2 - 0.5 * position, 1.2)


def _limits(values: np.ndarray[Any, Any]) -> list[float]:
    margin = 0.02 * (values[-1] - values[0]) or 0.5
    return [float(values[0] - margin), float(values[-1] + margin)]


def _page_of(figure: Any, title: str) -> str:
    """Return the page with plotly's own code inside, so that it opens without a network."""
    import html

    config = {"displaylogo": False, "responsive": True}
    page: str = figure.to_html(include_plotlyjs=True, full_html=True, config=config)
    head = (
        f'{META}<title>{html.escape(title)}</title><meta name="viewport" content="width=device-width, initial-scale=1">'
    )
    return page.replace("<head>", f"<head>{head}", 1)


def _image_of(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=SOFTWARE)
    return buffer.getvalue()
