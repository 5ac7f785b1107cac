"""The map of a plan as traces, for notebooks and pictures: what stands and travels, by period.

`page.js` draws the same for a page, where a reader may choose a product; a test in the browser holds them together.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batteryopt.report.charts import Trace
from batteryopt.report.tables import number

Content = Mapping[str, Any]
CLASSES = 6
"""Widths of lines that are told apart."""
THINNEST, THICKEST = 0.7, 7.7
WIDTH_PX, LOWEST_PX, HIGHEST_PX = 800, 300, 720
SLIDER_PX = 90


def content(plan: Content) -> dict[str, Any]:
    """Return traces, layout and height of the map that `network_map.plan_map` describes."""
    fixed = _fixed(plan)
    by_period = [_of_period(plan, period) for period in range(len(plan["periods"]))]
    last = len(by_period) - 1
    data = list(fixed)
    for period, traces in enumerate(by_period):
        data += [{**trace, "visible": period == last} for trace in traces]
    west, east, south, north = plan["range"]
    height = max(LOWEST_PX, min(HIGHEST_PX, WIDTH_PX * (north - south) / (east - west)))
    hidden = {"visible": False}
    layout: dict[str, Any] = {
        "xaxis": {**hidden, "range": [west, east]},
        "yaxis": {**hidden, "range": [south, north], "scaleanchor": "x"},
        "hovermode": "closest",
        "dragmode": "pan",
    }
    if len(by_period) > 1:
        layout["sliders"] = [_slider(plan, len(fixed), [len(traces) for traces in by_period])]
        height += SLIDER_PX
    return {"data": data, "layout": layout, "height": height}


def traces(plan: Content, period: int) -> list[Trace]:
    """Return the map of one period, for a picture."""
    return [*_fixed(plan), *_of_period(plan, period)]


def _fixed(plan: Content) -> list[Trace]:
    return [*_ground(plan), *_key(plan)]


def _of_period(plan: Content, period: int) -> list[Trace]:
    return [*_flows(plan, period), *_standing(plan, period)]


def _slider(plan: Content, fixed: int, counts: Sequence[int]) -> dict[str, Any]:
    """Return the slider, each of whose steps shows the traces of one period."""
    steps = []
    for shown, name in enumerate(plan["periods"]):
        seen = [period == shown for period, count in enumerate(counts) for _ in range(count)]
        steps.append({"method": "restyle", "label": name, "args": [{"visible": [True] * fixed + seen}]})
    return {"active": len(steps) - 1, "steps": steps, "currentvalue": {"prefix": "Period "}, "pad": {"t": 20}}


def _ground(plan: Content) -> Iterator[Trace]:
    """Yield borders and all sites."""
    quiet = {"type": "scatter", "showlegend": False}
    line = {"color": "var(--border)", "width": 0.9}
    yield {**quiet, "mode": "lines", **plan["borders"], "hoverinfo": "skip", "line": line}
    taken = {row[0] for row in plan["facilities"]}  # a dot in the middle of a marker would take its words away
    free = [site for site in range(len(plan["sites"])) if site not in taken]
    marker = {"color": "var(--soft)", "size": 3.5, "opacity": 0.7}
    yield {
        **quiet,
        "mode": "markers",
        "x": [plan["x"][site] for site in free],
        "y": [plan["y"][site] for site in free],
        "text": [html.escape(plan["sites"][site]) for site in free],
        "hoverinfo": "text",
        "marker": marker,
    }


def _key(plan: Content) -> Iterator[Trace]:
    """Yield traces without points, for the legend alone."""
    for mode in plan["modes"]:
        yield {
            "type": "scatter",
            "x": [None],
            "y": [None],
            "mode": "lines",
            "name": html.escape(mode["name"]),
            "line": {"color": mode["color"], "width": 3},
        }
    for kind in plan["types"]:
        marker = {"symbol": kind["symbol"], "color": kind["color"], "size": 10}
        yield {
            "type": "scatter",
            "x": [None],
            "y": [None],
            "mode": "markers",
            "name": html.escape(kind["name"]),
            "marker": marker,
        }


@dataclass
class _Flow:
    """What travels between two sites by one mode in one period."""

    origin: int
    destination: int
    km: float
    tonnes: float = 0.0
    parts: list[str] = field(default_factory=list)


def _flows(plan: Content, period: int) -> Iterator[Trace]:
    """Yield lines by mode and width, and for each mode the points in their middles that say what they are."""
    sums: dict[tuple[int, int, int], _Flow] = {}
    for origin, destination, mode, product, when, tonnes, km in plan["flows"]:
        if when == period:
            flow = sums.setdefault((origin, destination, mode), _Flow(origin, destination, km))
            flow.tonnes += tonnes
            flow.parts.append(f"{html.escape(plan['products'][product])} {_tonnes(tonnes)}")
    for index, mode in enumerate(plan["modes"]):
        mine = [flow for (_, _, by), flow in sums.items() if by == index]
        for rank in range(CLASSES):
            same = [flow for flow in mine if _rank(flow.tonnes, plan["most"]) == rank]
            if same:
                width = THINNEST + (THICKEST - THINNEST) * rank / (CLASSES - 1)
                yield _lines(plan, same, {"color": mode["color"], "width": width})
        if mine:
            yield _middles(plan, mine, mode)


def _rank(tonnes: float, most: float) -> int:
    return min(CLASSES - 1, int(CLASSES * math.sqrt(tonnes / most)))


def _lines(plan: Content, flows: Sequence[_Flow], line: Mapping[str, Any]) -> Trace:
    ends = {axis: [v for f in flows for v in (plan[axis][f.origin], plan[axis][f.destination], None)] for axis in "xy"}
    style = {"hoverinfo": "skip", "showlegend": False, "opacity": 0.75, "line": dict(line)}
    return {"type": "scatter", "mode": "lines", **ends, **style}


def _middles(plan: Content, flows: Sequence[_Flow], mode: Mapping[str, Any]) -> Trace:
    places = {axis: [(plan[axis][f.origin] + plan[axis][f.destination]) / 2 for f in flows] for axis in "xy"}
    names = [html.escape(name) for name in plan["sites"]]
    text = [
        f"<b>{names[f.origin]} → {names[f.destination]}</b><br>{html.escape(mode['name'])}, {f.km:.0f} km<br>"
        + "<br>".join(f.parts)
        for f in flows
    ]
    marker = {"color": mode["color"], "size": 9, "opacity": 0}
    return {
        "type": "scatter",
        "mode": "markers",
        **places,
        "text": text,
        "hoverinfo": "text",
        "showlegend": False,
        "marker": marker,
    }


def _standing(plan: Content, period: int) -> Iterator[Trace]:
    """Yield markers by type, their size after capacity."""
    for index, kind in enumerate(plan["types"]):
        mine = [row for row in plan["facilities"] if row[1] == index and row[3] == period]
        marker = {
            "symbol": kind["symbol"],
            "color": kind["color"],
            "size": [kind["least"] + kind["growth"] * math.sqrt(row[4] / (kind["most"] or 1.0)) for row in mine],
            "opacity": 0.92,
            "line": {"color": "var(--paper)", "width": 1},
        }
        yield {
            "type": "scatter",
            "mode": "markers",
            "x": [plan["x"][row[0]] for row in mine],
            "y": [plan["y"][row[0]] for row in mine],
            "text": [_facility(plan, kind["name"], row) for row in mine],
            "hoverinfo": "text",
            "showlegend": False,
            "marker": marker,
        }


def _facility(plan: Content, kind: str, row: Sequence[Any]) -> str:
    site, _, level, _, capacity, used = row
    share = f" ({used / capacity:.0%})" if capacity > 0 else ""
    head = f"<b>{html.escape(plan['sites'][site])}</b><br>{html.escape(f'{kind}, {level}')}"
    return f"{head}<br>capacity {_tonnes(capacity)}<br>used {_tonnes(used)}{share}"


def _tonnes(value: float) -> str:
    if value >= 1e4:
        return f"{number(value / 1e3, 0 if value >= 1e5 else 1)} kt"
    return f"{number(value, 1 if value < 10 else 0)} t"
