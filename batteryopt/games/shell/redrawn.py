"""A paper's figures drawn anew: the data as a table, how it is drawn, and what the paper says of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PANEL, SERIES, ROUTE = "panel", "series", "route"
"""Columns beside the axes': which part of the figure, which line, and by which route a row was found."""
FORMULA, OPTIMIZER = "formula", "optimizer"


class Drawing(enum.StrEnum):
    """How a table becomes a picture."""

    LINES = "lines"
    """A line a series; what the optimiser found lies upon it as dots."""
    LEVELS = "levels"
    """Colours over a plane, a map a panel."""
    REGION = "region"
    """Outlines; a series of one row is a point."""
    SCHEME = "scheme"
    """Who hands what to whom."""


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How a series is drawn."""

    color: str
    dash: str = "solid"
    width: float = 2.0
    opacity: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class RedrawnFigure:
    """A figure of a paper, drawn anew.

    Attributes
    ----------
    number
        In the paper: "Fig. 2a", or "(14)" for what an equation describes.
    title
        What it shows.
    printed
        What the paper shows there and says of it.
    note
        What the paper leaves open and we chose.
    frame
        The data: a row a point, with the columns of the axes and those named above.
    axes
        Names of the columns for x, y and the colour, with what they mean and their unit.
    pens
        By series.
    bands
        By panel, the interval of x that the figure is about.
    here
        The paper's own case in a plane.
    places
        Of a scheme, where each of its members stands.
    """

    number: str
    title: str
    printed: str
    frame: pd.DataFrame
    drawing: Drawing
    axes: Mapping[str, str]
    note: str = ""
    pens: Mapping[str, Pen] = field(default_factory=dict)
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    here: tuple[float, float] | None = None
    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """The figure's name as a file, without an ending: "fig-2a", "eq-14"."""
        letters = self.number if self.number[0].isalpha() else f"eq {self.number}"
        return re.sub(r"\W+", "-", letters.lower()).strip("-")

    @property
    def panels(self) -> list[str]:
        """The figure's parts; one without a name where it has no others."""
        return list(dict.fromkeys(self.frame[PANEL])) if PANEL in self.frame else [""]

    def panel(self, name: str) -> pd.DataFrame:
        """Return the rows of a part."""
        return self.frame[self.frame[PANEL] == name] if PANEL in self.frame else self.frame

    def to_json(self) -> dict[str, Any]:
        """Return the figure for JSON, its data as a list a column."""
        columns = {name: [_plain(value) for value in self.frame[name]] for name in self.frame}
        return {
            "number": self.number,
            "title": self.title,
            "printed": self.printed,
            "note": self.note or None,
            "drawing": self.drawing.value,
            "axes": dict(self.axes),
            "data": columns,
        }


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it: what is not a number is null."""
    found = value.item() if hasattr(value, "item") else value
    return None if isinstance(found, float) and found != found else found
