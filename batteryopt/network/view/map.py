"""The map of a plan: sites, what stands and what travels, on an equal-area projection with borders from the package."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.report.charts import BLUE, COLORS, GREEN, ORANGE, PINK, SKY, YELLOW
from batteryopt.report.results import Saved

Floats = npt.NDArray[np.float64]

AROUND = 1.0
"""Borders are drawn so far beyond the sites, as a share of the map's size: for wide screens and for panning."""
MARGIN = 0.08
"""Room around the sites, as a share of the map's size."""
KM_PER_DEG = 111.2
"""Kilometres in a unit of the map, in its middle."""
LEAST_DEG = 0.5
"""A map of next to one place shows at least so much to each side."""
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "cross")
MODE_COLORS = (BLUE, ORANGE, GREEN, "#8c6d4f", "#7a7f87", "#4b5d99")
TYPE_COLORS = (SKY, YELLOW, PINK, GREEN, ORANGE, BLUE)
SIZES = ((3.5, 16.0), (6.0, 9.0), (7.0, 5.0))
"""Least marker size of types, and how much it grows with capacity: the most frequent type is drawn first and largest,
so that those at one place lie in each other."""


def has_map(saved: Saved) -> bool:
    """Return whether all sites have coordinates."""
    network = saved.instance
    return network is not None and all(
        site.latitude_deg is not None and site.longitude_deg is not None for site in network.sites
    )


def plan_map(saved: Saved, *, flows: pd.DataFrame | None = None) -> dict[str, Any]:
    """Return the map's content for the page's own drawing code; other flows than the plan's where they are given."""
    network = saved.instance
    degrees = np.array([(site.longitude_deg, site.latitude_deg) for site in network.sites], dtype=float)
    middle = float(np.mean([degrees[:, 1].min(), degrees[:, 1].max()]))
    flows, facilities = saved.table("flows") if flows is None else flows, saved.table("facilities")
    codes = _Codes(saved, flows, facilities)
    west, south, east, north = _window(degrees[codes.in_use()])
    corners = project(np.array([[west, south], [east, north]]), middle)
    x, y = project(degrees, middle).T
    rows = codes.flow_rows()
    return {
        "sites": [site.name for site in network.sites],
        "x": _rounded(x),
        "y": _rounded(y),
        "range": [*_rounded(corners[:, 0]), *_rounded(corners[:, 1])],
        "km": KM_PER_DEG,
        "borders": _borders(_window(degrees, AROUND), middle),
        "periods": codes.periods,
        "products": [name.replace("_", " ") for name in codes.products],
        "product_colors": [COLORS[i % len(COLORS)] for i in range(len(codes.products))],
        "modes": [
            {"name": name.replace("_", " "), "color": MODE_COLORS[i % len(MODE_COLORS)]}
            for i, name in enumerate(codes.modes)
        ],
        "types": codes.type_styles(),
        "flows": rows,
        "facilities": codes.facility_rows(),
        "most": max((row[5] for row in rows), default=1.0),
    }


def project(degrees: Floats, middle: float) -> Floats:
    """Return Lambert's cylindrical equal-area map (n, 2) of longitudes and latitudes, true to shape in the middle."""
    cosine = math.cos(math.radians(middle))
    longitude, latitude = degrees[:, 0], np.radians(degrees[:, 1])
    return np.column_stack([longitude * cosine, np.degrees(np.sin(latitude)) / cosine])


class _Codes:
    """Positions of names, so that rows of the map are short."""

    def __init__(self, saved: Saved, flows: pd.DataFrame, facilities: pd.DataFrame) -> None:
        network = saved.instance
        self.flows, self.facilities = flows, facilities
        self.sites = {site.name: i for i, site in enumerate(network.sites)}
        self.periods = [period.name for period in network.periods]
        self.modes = [mode.name for mode in network.modes if len(flows) and mode.name in set(flows["mode"])]
        shown = set(flows["product"]) if len(flows) else set()
        self.products = [product.name for product in network.products if product.name in shown]
        counts = facilities.groupby("type")["site"].nunique() if len(facilities) else pd.Series(dtype=int)
        self.types = [str(name) for name in counts.sort_values(ascending=False, kind="stable").index]

    def in_use(self) -> list[int]:
        """Return the sites where anything stands, comes or goes; all where nothing does."""
        columns: list[Any] = [
            self.facilities.get("site", []),
            self.flows.get("origin", []),
            self.flows.get("destination", []),
        ]
        names = {name for column in columns for name in column}
        return [i for name, i in self.sites.items() if name in names] or [*self.sites.values()]

    def flow_rows(self) -> list[list[float]]:
        """Return origin, destination, mode, product, period, tonnes, km."""
        columns = ("origin", "destination", "mode", "product", "period", "tonnes", "km")
        if not len(self.flows):
            return []
        return [
            [
                self.sites[origin],
                self.sites[destination],
                self.modes.index(mode),
                self.products.index(product),
                self.periods.index(period),
                float(f"{tonnes:.5g}"),
                round(float(km)),
            ]
            for origin, destination, mode, product, period, tonnes, km in zip(
                *(self.flows[column].tolist() for column in columns), strict=True
            )
        ]

    def facility_rows(self) -> list[list[Any]]:
        """Return site, type, level, period, capacity and use; what only costs, without capacity, too."""
        columns = ("site", "type", "level", "period", "capacity_t", "used_t")
        if not len(self.facilities):
            return []
        rows = zip(*(self.facilities[column].tolist() for column in columns), strict=True)
        return [
            [self.sites[s], self.types.index(t), level, self.periods.index(p), float(f"{c:.5g}"), float(f"{u:.5g}")]
            for s, t, level, p, c, u in rows
        ]

    def type_styles(self) -> list[dict[str, Any]]:
        """Return name, colour, symbol and size of each type."""
        return [
            {
                "name": name.replace("_", " "),
                "color": TYPE_COLORS[i % len(TYPE_COLORS)],
                "symbol": SYMBOLS[i % len(SYMBOLS)],
                "least": SIZES[min(i, len(SIZES) - 1)][0],
                "growth": SIZES[min(i, len(SIZES) - 1)][1],
                "most": float(self.facilities.loc[self.facilities["type"] == name, "capacity_t"].max()) or 1.0,
            }
            for i, name in enumerate(self.types)
        ]


def _window(degrees: Floats, margin: float = MARGIN) -> tuple[float, float, float, float]:
    """Return west, south, east, north of what the map shows."""
    low, high = degrees.min(axis=0), degrees.max(axis=0)
    room = np.maximum(margin * (high - low), LEAST_DEG)
    (west, south), (east, north) = low - room, high + room
    return float(west), max(float(south), -89.0), float(east), min(float(north), 89.0)


@functools.cache
def _lines() -> tuple[Floats, ...]:
    """Return borders and coasts as lines of longitude and latitude."""
    content = json.loads(
        resources.files("batteryopt.network.view").joinpath("borders.json").read_text(encoding="utf-8")
    )
    return tuple(np.cumsum(np.array(line).reshape(-1, 2), axis=0) / 100.0 for line in content["lines"])


def _borders(window: tuple[float, float, float, float], middle: float) -> dict[str, list[float | None]]:
    """Return the borders within a window, lines separated by null."""
    x: list[float | None] = []
    y: list[float | None] = []
    for run in _within(window):
        across, up = project(run, middle).T
        x += [*_rounded(across), None]
        y += [*_rounded(up), None]
    return {"x": x, "y": y}


def _within(window: tuple[float, float, float, float]) -> Iterator[Floats]:
    """Yield the parts of lines that lie in a window, each with the points just outside."""
    west, south, east, north = window
    for line in _lines():
        inside = (line[:, 0] >= west) & (line[:, 0] <= east) & (line[:, 1] >= south) & (line[:, 1] <= north)
        if not inside.any():
            continue
        near = inside.copy()
        near[:-1] |= inside[1:]
        near[1:] |= inside[:-1]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], near, [False]]).astype(int)))
        yield from (line[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True))


def _rounded(values: Sequence[float] | Floats) -> list[float]:
    return [round(float(value), 3) for value in values]
