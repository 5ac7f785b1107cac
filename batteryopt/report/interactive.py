"""Charts as plotly figures for notebooks and scripts, from the same data as the page's."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from batteryopt.report import interactive_map

if TYPE_CHECKING:
    import plotly.graph_objects

Spec = Mapping[str, Any]
SOFT, BAD, PAPER, INK, BORDER = "#7d8794", "#d9483b", "#ffffff", "#1d2530", "rgba(128,138,150,0.7)"
TITLE_PX, FIRST_LINE_PX, NOTE_PX, ENTRY_PX, BOTTOM_PX = 46, 20, 20, 20, 20
"""Heights of the title, of a note below it and of a row of the legend, which all stand above the plot."""
NARROW_PX, MARK_PX, LETTER_PX = 640, 50, 6.5
"""Widths by which the rows of the legend are guessed."""


def figure(spec: Spec) -> plotly.graph_objects.Figure:
    """Return one chart.

    The look is that of plotly's default template where someone has chosen one; else the white one.

    Parameters
    ----------
    spec
        As `charts.chart` gives it, or a map's.
    """
    from plotly import graph_objects
    from plotly import io as settings

    chosen = settings.templates.default
    template = "plotly_white" if chosen in (None, "plotly") else chosen
    colors = _page_colors(settings.templates[template])
    content = interactive_map.content(spec["map"]) if "map" in spec else spec
    found = graph_objects.Figure(data=_colored(content["data"], colors), layout=_colored(content["layout"], colors))
    note = spec.get("note") or ""
    top = TITLE_PX + (NOTE_PX if note else 0) + ENTRY_PX * _legend_rows(content["data"])
    height = content.get("height", spec["height"]) + top + BOTTOM_PX
    found.update_layout(
        template=template,
        title=_title(spec["title"], note, height),
        height=height,
        margin={"t": top, "l": 20, "r": 20, "b": BOTTOM_PX},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom", "traceorder": "normal"},
        hoverlabel={"align": "left", "namelength": -1},
    )
    if "map" not in spec:
        found.update_xaxes(automargin=True)
        found.update_yaxes(automargin=True)
    return found


def _legend_rows(traces: Iterable[Spec]) -> int:
    """Return how many rows the legend is likely to have: all entries in one where they fit, else in equal columns."""
    names = [trace["name"] for trace in traces if trace.get("name") and trace.get("showlegend", True)]
    widths = [MARK_PX + LETTER_PX * len(name) for name in names]
    if len(names) < 2:
        return 0
    return 1 if sum(widths) <= NARROW_PX else math.ceil(len(names) / max(1, int(NARROW_PX / max(widths))))


def _title(text: str, note: str, height: float) -> dict[str, Any]:
    place = {"x": 0.01, "xanchor": "left", "y": 1 - FIRST_LINE_PX / height, "yanchor": "middle", "yref": "container"}
    subtitle = {"subtitle": {"text": note, "font": {"size": 12, "color": SOFT}}} if note else {}
    return {"text": text, "font": {"size": 17}, **place, **subtitle}


def _page_colors(template: Any) -> dict[str, str]:
    """Return what the page's own colours are in a template."""
    ink, paper = template.layout.font.color, template.layout.paper_bgcolor
    return {"ink": ink or INK, "soft": SOFT, "bad": BAD, "border": BORDER, "paper": paper or PAPER}


def _colored(value: Any, colors: Mapping[str, str]) -> Any:
    """Return plain data with the colours that the page names put in."""
    if isinstance(value, str):
        found = re.fullmatch(r"var\(--(\w+)\)", value)
        return colors.get(found[1], SOFT) if found else value
    if isinstance(value, Mapping):
        return {key: _colored(inner, colors) for key, inner in value.items()}
    return [_colored(inner, colors) for inner in value] if isinstance(value, list | tuple) else value
