"""The plans of a sweep: which comes about where, what all have in common, and what is each one's own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from batteryopt.report import page
from batteryopt.report.charts import COLORS, chart
from batteryopt.report.tables import Cell, Table
from batteryopt.sweep.swept import Swept, grid_of

FEW, PLANS = 8, 60
"""Plans that the page shows at once, and in all."""
SITES = 40
"""Facilities that a picture of plans shows."""


def plan_blocks(swept: Swept) -> Iterator[str]:
    """Yield which plan comes about where, and what stands in each."""
    frame = swept.frame[swept.frame["plan"].notna()]
    names = {plan: f"plan {number}" for number, plan in enumerate(frame["plan"].unique(), start=1)}
    if len(swept.keys) == 1:
        yield page.charts([_standing(swept, frame)])
    elif len(swept.keys) == 2:
        across, up = swept.keys
        numbered = frame.assign(number=frame["plan"].map(list(names).index) + 1.0)
        values = numbered.pivot_table(index=up, columns=across, values="number", aggfunc="first", dropna=False)
        trace = {"type": "heatmap", **grid_of(swept, frame, values), "colorscale": "Portland", "showscale": False}
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


def plan_parts(plans: Sequence[str]) -> tuple[list[str], Mapping[str, list[str]]]:
    """Return the facilities of all plans, and those of each plan besides, in the order of the plans' own words.

    Parameters
    ----------
    plans
        Facilities with levels and periods, as `plan` of a sweep's rows has them: joined by "; ", empty for none.
    """
    parts = {plan: [part for part in plan.split("; ") if part] for plan in plans}
    shared = set.intersection(*(set(mine) for mine in parts.values())) if parts else set()
    common = [part for part in next(iter(parts.values()), []) if part in shared]
    return common, {plan: [part for part in mine if part not in shared] for plan, mine in parts.items()}
