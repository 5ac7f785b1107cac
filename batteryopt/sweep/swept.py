"""A sweep that is shown: its rows, the words and figures of its numbers, and the grid of a map over two keys."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batteryopt.ground.unit_words import unit_of
from batteryopt.report import words
from batteryopt.report.tables import amount, number

PROVEN = 1e-4
"""Gap above which a point is shown with its bound as a band."""
WHOLE = 1e6
"""Below it a whole number is shown as one."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A sweep that is shown.

    Attributes
    ----------
    title
        Name of the instance.
    kind
        Of the instance.
    currency
        Of its money; empty where it has none.
    labels
        The varied keys, with the words for their axes.
    drawn
        Names of the numbers to show, the most important first.
    changes
        What was different of the instance at every point.
    """

    frame: pd.DataFrame
    title: str
    kind: str
    labels: dict[str, str]
    drawn: tuple[str, ...]
    currency: str = ""
    changes: Sequence[str] = ()

    @property
    def keys(self) -> list[str]:
        """The varied keys."""
        return list(self.labels)

    def axis(self, key: str) -> str:
        """Return the words of a key's axis."""
        return self.labels[key]

    def words(self, name: str) -> str:
        """Return a number's name with its unit."""
        last = name.rpartition(".")[2]
        unit = self.currency if name == "objective" else unit_of(last, self.currency)
        if _is_rate(name):
            unit = "%"
        text = (
            words.words(last.removesuffix("_t") or last)
            if last != "cost_per_collected_t"
            else "Cost per tonne collected"
        )
        return f"{text} ({unit})" if unit else text


def _is_rate(name: str) -> bool:
    return name.endswith("_rate")


def numbers_of(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return a number at every point as it is shown: rates in percent."""
    return frame[name].astype(float) * (100.0 if _is_rate(name) else 1.0)


def figure_of(name: str, value: float) -> str:
    """Return a number as people read it: rates in percent, whole ones whole."""
    if _is_rate(name):
        return number(100.0 * value, 1)
    return number(value, 0) if value == round(value) and abs(value) < WHOLE else amount(value, 5)


def grid_of(swept: Swept, part: pd.DataFrame, values: pd.DataFrame) -> dict[str, Any]:
    """Return values and hover texts of a map."""
    across, up = swept.keys
    texts = {(row[up], row[across]): hover_of(swept, row) for row in part.to_dict(orient="records")}
    columns, index = values.columns.tolist(), values.index.tolist()
    return {
        "x": columns,
        "y": index,
        "z": [[None if math.isnan(v) else v for v in map(float, row)] for row in values.to_numpy()],
        "text": [[texts.get((y, x), "") for x in columns] for y in index],
        "hovertemplate": "%{text}<extra></extra>",
    }


def hover_of(swept: Swept, row: dict[Any, Any]) -> str:
    """Return what is shown of a row where the pointer is on it."""
    lines = [f"{swept.axis(key)}: {row[key]:.6g}" for key in swept.keys]
    for name in swept.drawn:
        if isinstance(row.get(name), float | int) and not math.isnan(row[name]):
            lines.append(f"{swept.words(name)}: {figure_of(name, row[name])}")
    if isinstance(row.get("gap"), float) and row["gap"] > PROVEN:
        lines.append(f"gap {row['gap']:.2%}")
    if row["point_status"] == "none":
        lines.append(f"no answer: {row.get('reason') or row['stop_reason']}")
    return "<br>".join(map(html.escape, lines))
