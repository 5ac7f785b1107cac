"""The page of a sweep: what was varied, what became of it, which plans come about where, and every row."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from batteryopt.ground.files import write_atomically
from batteryopt.ground.unit_words import unit_of
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, Trace, chart, line
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, number
from batteryopt.sweep.sweep_plans import plan_parts

PROVEN = 1e-4
"""Gap above which a point is shown with its bound as a band."""
ROWS = 300
"""Of the table on the page; the file has all."""
FEW, PLANS = 8, 60
"""Plans that the page shows at once, and in all."""
WHOLE = 1e6
"""Below it a whole number is shown as one."""
SITES = 40
"""Facilities that a picture of plans shows."""


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


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series[float]:
    """Return a number at every point as it is shown: rates in percent."""
    return frame[name].astype(float) * (100.0 if _is_rate(name) else 1.0)


def _figure(name: str, value: float) -> str:
    """Return a number as people read it: rates in percent, whole ones whole."""
    if _is_rate(name):
        return number(100.0 * value, 1)
    return number(value, 0) if value == round(value) and abs(value) < WHOLE else amount(value, 5)


def write_sweep_page(swept: Swept, path: Path) -> None:
    """Write the page, with all that it needs in it."""
    write_atomically(path, page.document(f"Sweep of {swept.title}", sections(swept), page.plotly_source()))


def sections(swept: Swept) -> list[Section]:
    """Return the parts of the page."""
    found = [_head(swept)]
    if len(swept.keys) <= 2:
        found.append(Section(title="What becomes of it", blocks=[page.charts(_figures(swept)), _unmoved(swept)]))
    if "plan" in swept.frame and swept.frame["plan"].notna().any():
        found.append(Section(title="Which plans", blocks=list(_plans(swept))))
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
    values = (f"{swept.words(name)} {_figure(name, float(swept.frame[name].dropna().iloc[0]))}" for name in same)
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
                _numbers(part, name),
                words.model(str(model)),
                color,
                mode="lines+markers",
                marker={"size": 6, "symbol": ["circle" if p else "circle-open" for p in _is_held(part)]},
                text=[_hover(swept, row) for row in part.to_dict(orient="records")],
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
        shown = part.assign(shown=_numbers(part, name))
        values = shown.pivot_table(index=up, columns=across, values="shown", aggfunc="first", dropna=False)
        if not values.notna().to_numpy().any():
            continue
        title = swept.words(name) + (f", {words.model(str(model))}" if len(set(swept.frame["model"])) > 1 else "")
        trace = {
            "type": "heatmap",
            **_grid(swept, part, values),
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


def _grid(swept: Swept, part: pd.DataFrame, values: pd.DataFrame) -> dict[str, Any]:
    """Return values and hover texts of a map."""
    across, up = swept.keys
    texts = {(row[up], row[across]): _hover(swept, row) for row in part.to_dict(orient="records")}
    columns, index = values.columns.tolist(), values.index.tolist()
    return {
        "x": columns,
        "y": index,
        "z": [[None if math.isnan(v) else v for v in map(float, row)] for row in values.to_numpy()],
        "text": [[texts.get((y, x), "") for x in columns] for y in index],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(swept: Swept, row: dict[Any, Any]) -> str:
    """Return what is shown of a row where the pointer is on it."""
    lines = [f"{swept.axis(key)}: {row[key]:.6g}" for key in swept.keys]
    for name in swept.drawn:
        if isinstance(row.get(name), float | int) and not math.isnan(row[name]):
            lines.append(f"{swept.words(name)}: {_figure(name, row[name])}")
    if isinstance(row.get("gap"), float) and row["gap"] > PROVEN:
        lines.append(f"gap {row['gap']:.2%}")
    if row["point_status"] == "none":
        lines.append(f"no answer: {row.get('reason') or row['stop_reason']}")
    return "<br>".join(map(html.escape, lines))


# ---- plans ---------------------------------------------------------------------------------------------------------


def _plans(swept: Swept) -> Iterator[str]:
    frame = swept.frame[swept.frame["plan"].notna()]
    names = {plan: f"plan {number}" for number, plan in enumerate(frame["plan"].unique(), start=1)}
    if len(swept.keys) == 1:
        yield page.charts([_standing(swept, frame)])
    elif len(swept.keys) == 2:
        across, up = swept.keys
        numbered = frame.assign(number=frame["plan"].map(list(names).index) + 1.0)
        values = numbered.pivot_table(index=up, columns=across, values="number", aggfunc="first", dropna=False)
        trace = {"type": "heatmap", **_grid(swept, frame, values), "colorscale": "Portland", "showscale": False}
        trace["text"] = [[f"{int(v)}" if not math.isnan(v) else "" for v in row] for row in values.to_numpy()]
        trace |= {"texttemplate": "%{text}", "hovertemplate": "plan %{text}<extra></extra>"}
        yield page.charts([chart("plans", "Number of the plan", [trace], x=swept.axis(across), y=swept.axis(up))])
    common, own = plan_parts(list(names))
    if common:
        yield page.paragraph(f"In every plan: {'; '.join(common)}.")
    counts = frame["plan"].value_counts()
    rows: list[list[Cell]] = [
        [name, int(counts[plan]), "; ".join(own[plan]) or ("nothing more" if common else "nothing stands")]
        for plan, name in names.items()
    ]
    columns = ["Plan", "Points", "Besides" if common else "Facilities"]
    table = page.table(Table(caption="What stands, since when", columns=columns, rows=rows[:PLANS]))
    more = f"; the first {PLANS}" if len(rows) > PLANS else ""
    yield table if len(rows) <= FEW else page.fold(f"All {len(rows)} plans{more}", [table])


def _standing(swept: Swept, frame: pd.DataFrame) -> dict[str, Any]:
    """Return which facility stands at which value of the key."""
    (key,) = swept.keys
    stands: dict[str, list[float]] = {}
    for value, plan in zip(frame[key], frame["plan"], strict=True):
        for facility in filter(None, plan.split("; ")):
            stands.setdefault(facility.rpartition(" (")[0], []).append(value)
    always = frame[key].nunique()
    shown = sorted(stands, key=lambda name: (len(stands[name]) == always, len(stands[name])))[:SITES]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers" if len(stands[name]) == always else "markers",
            "x": stands[name],
            "y": [name] * len(stands[name]),
            "marker": {"symbol": "square", "size": 8, "color": COLORS[0]},
            "line": {"color": COLORS[0]},
            "name": name,
            "showlegend": False,
            "hovertemplate": "%{y}<br>%{x:.6g}<extra></extra>",
        }
        for name in shown
    ]
    return chart(
        "standing",
        "What stands where along the sweep",
        traces,
        x=swept.axis(key),
        height=max(240, 60 + 22 * len(shown)),
        note="A mark: it stands in that point's plan; those that change come first",
        yaxis={"automargin": True, "type": "category"},
    ) | {"wide": True}


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
    return f"{value:.2e}" if name == "gap" else _figure(name, float(value))


def _file(name: str) -> str:
    return name.replace(".", "-").replace("_", "-")
