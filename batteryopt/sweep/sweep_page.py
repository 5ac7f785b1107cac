"""The page of a sweep: what was varied, what became of it, which plans come about where, and every row."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.ground.files import write_atomically
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, Trace, chart, line
from batteryopt.report.section import Section
from batteryopt.report.tables import Table
from batteryopt.sweep.sweep_plans import plan_blocks
from batteryopt.sweep.swept import PROVEN, Swept, figure_of, grid_of, hover_of, numbers_of

ROWS = 300
"""Of the table on the page; the file has all."""


def write_sweep_page(swept: Swept, path: Path) -> None:
    """Write the page, with all that it needs in it."""
    write_atomically(path, page.document(f"Sweep of {swept.title}", sections(swept), page.plotly_source()))


def sections(swept: Swept) -> list[Section]:
    """Return the parts of the page."""
    found = [_head(swept)]
    if len(swept.keys) <= 2:
        found.append(Section(title="What becomes of it", blocks=[page.charts(_figures(swept)), _unmoved(swept)]))
    if "plan" in swept.frame and swept.frame["plan"].notna().any():
        found.append(Section(title="Which plans", blocks=list(plan_blocks(swept))))
    return [*found, Section(title="Every point", blocks=list(_rows(swept)))]


def _head(swept: Swept) -> Section:
    frame = swept.frame
    answered, proven = int(frame["objective"].notna().sum()), int((frame["point_status"] == "optimal").sum())
    pairs = [("rows", f"{len(frame):,}"), ("with an answer", f"{answered:,}"), ("proven to the gap", f"{proven:,}")]
    if "plan" in frame:
        pairs.append(("different plans", f"{frame['plan'].nunique():,}"))
    varied = [f"{swept.axis(key)}: {_span(frame[key])}" for key in swept.keys]
    blocks = [
        page.opening(f"Sweep of a {swept.kind}", swept.title),
        page.paragraph(f"Varied: {'; '.join(varied)}."),
        *([page.paragraph(f"Changed at every point: {'; '.join(swept.changes)}.")] if swept.changes else []),
        page.tiles(pairs),
    ]
    return Section(title="", label="Sweep", blocks=blocks)


def _span(values: pd.Series[float]) -> str:
    return f"{values.nunique()} values from {values.min():g} to {values.max():g}"


# ---- numbers over the keys -----------------------------------------------------------------------------------------


def _figures(swept: Swept) -> list[dict[str, Any]]:
    draw = _over_one if len(swept.keys) == 1 else _over_two
    names = [name for name in _present(swept) if name == "objective" or not _is_constant(swept.frame[name])]
    return [spec for name in names for spec in draw(swept, name)]


def _present(swept: Swept) -> list[str]:
    return [name for name in swept.drawn if name in swept.frame and swept.frame[name].notna().any()]


def _is_constant(values: pd.Series[float]) -> bool:
    there = values.dropna().astype(float)
    return bool(there.max() - there.min() <= 1e-9 * max(1.0, abs(float(there.max()))))


def _unmoved(swept: Swept) -> str:
    """Return the numbers that are the same at every point."""
    same = [name for name in _present(swept) if name != "objective" and _is_constant(swept.frame[name])]
    values = (f"{swept.words(name)} {figure_of(name, float(swept.frame[name].dropna().iloc[0]))}" for name in same)
    return page.paragraph(f"The same at every point: {'; '.join(values)}.") if same else ""


def _over_one(swept: Swept, name: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a number over the key, a line a model; the objective with the band down to its bound."""
    (key,) = swept.keys
    traces: list[Trace] = []
    is_band = False
    for place, (model, part) in enumerate(swept.frame.groupby("model", sort=False)):
        part, color = part.sort_values(key), COLORS[place % len(COLORS)]
        if name == "objective":
            band = list(_band(part, key, color))
            is_band = is_band or bool(band)
            traces += band
        traces.append(
            line(
                part[key],
                numbers_of(part, name),
                words.model(str(model)),
                color,
                mode="lines+markers",
                marker={"size": 6, "symbol": ["circle" if p else "circle-open" for p in _is_held(part)]},
                text=[hover_of(swept, row) for row in part.to_dict(orient="records")],
                hovertemplate="%{text}<extra></extra>",
                showlegend=len(set(swept.frame["model"])) > 1,
            )
        )
    note = "Band: from the proven bound to what was found. " if is_band else ""
    note += "" if _is_held(swept.frame).all() else "Hollow points: the gap was not reached"
    yield chart(_file(name), swept.words(name), traces, x=swept.axis(key), y=swept.words(name), note=note)


def _band(part: pd.DataFrame, key: str, color: str) -> Iterator[Trace]:
    """Yield the band between bound and objective, where a point is not proven to a hair, asked for or not."""
    there = part[part["objective"].notna() & part["bound"].notna()]
    if there.empty or not bool((there["gap"].astype(float) > PROVEN).any()):
        return
    style = {"mode": "lines", "line": {"width": 0, "color": color}, "hoverinfo": "skip", "showlegend": False}
    yield line(there[key], there["bound"].astype(float), "bound", color, **style)
    yield line(there[key], there["objective"].astype(float), "found", color, fill="tonexty", **style)


def _is_held(part: pd.DataFrame) -> pd.Series[bool]:
    """Return which points were proven to the gap that was asked for."""
    return ~part["point_status"].eq("feasible")


def _over_two(swept: Swept, name: str) -> Iterator[dict[str, Any]]:
    """Yield a map of a number over both keys for each model."""
    across, up = swept.keys
    for model, part in swept.frame.groupby("model", sort=False):
        shown = part.assign(shown=numbers_of(part, name))
        values = shown.pivot_table(index=up, columns=across, values="shown", aggfunc="first", dropna=False)
        if not values.notna().to_numpy().any():
            continue
        title = swept.words(name) + (f", {words.model(str(model))}" if len(set(swept.frame["model"])) > 1 else "")
        trace = {
            "type": "heatmap",
            **grid_of(swept, part, values),
            "colorscale": "Viridis",
            "colorbar": {"orientation": "h", "thickness": 10, "y": 1.02, "yanchor": "bottom", "xpad": 0},
        }
        open_points = part[~_is_held(part) & part["objective"].notna()]
        marks: list[Trace] = []
        if len(open_points):
            marks = [
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": open_points[across].tolist(),
                    "y": open_points[up].tolist(),
                    "marker": {"symbol": "circle-open", "size": 9, "color": "#ffffff"},
                    "name": "gap not reached",
                    "hoverinfo": "skip",
                }
            ]
        note = "Circles: the gap was not reached" if marks else ""
        yield chart(f"{_file(name)}-{model}", title, [trace, *marks], x=swept.axis(across), y=swept.axis(up), note=note)


# ---- rows ----------------------------------------------------------------------------------------------------------


def _rows(swept: Swept) -> Iterator[str]:
    names = ["objective", "bound", "gap", *(n for n in swept.drawn if n != "objective" and n in swept.frame)]
    columns = [*map(swept.axis, swept.keys), "Model", *map(swept.words, names), "Stopped", "Held", "Why"]
    rows = []
    for row in swept.frame.head(ROWS).to_dict(orient="records"):
        first, *others = [f"{row[key]:.6g}" for key in swept.keys]
        reason = row.get("reason")
        rows.append(
            [
                first,
                *others,
                words.model(str(row["model"])),
                *(_shown(name, row.get(name)) for name in names),
                str(row["stop_reason"]),
                str(row["point_status"]),
                reason if isinstance(reason, str) else None,
            ]
        )
    more = f"; the first {ROWS} of {len(swept.frame):,} rows" if len(swept.frame) > ROWS else ""
    yield page.fold("All rows", [page.table(Table(caption=f"Every point{more}", columns=columns, rows=rows))])


def _shown(name: str, value: Any) -> str | None:
    if not isinstance(value, float | int) or math.isnan(value):
        return None
    return f"{value:.2e}" if name == "gap" else figure_of(name, float(value))


def _file(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")
