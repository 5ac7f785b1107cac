"""The page of a sensitivity: two tornados, what is worth what, and where the plan changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from batteryopt.network.studies.sensitivities import FREE, KEPT, Sensitivity
from batteryopt.report import page
from batteryopt.report.charts import BLUE, ORANGE, bars, chart
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, share

SHOWN = 25
"""Levers of a tornado."""
MEASURES = {"cost_difference": "Cost", "collection_rate_difference": "Collection rate"}


def sections(found: Sensitivity) -> list[Section]:
    """Return the parts of the page."""
    currency = found.network.currency or "money"
    head = [
        page.opening("Sensitivity of a network", found.network.name),
        page.paragraph(
            f"Every price, cost, quantity, yield and rule {found.share:.0%} less and {found.share:.0%} more, one at a "
            "time: with the facilities of the base plan kept, and with all decided anew."
        ),
        page.tiles(
            [
                (f"base cost ({currency})", amount(found.base["cost"], 4)),
                ("collected of what returns", f"{found.base['kpis.collection_rate']:.1%}"),
                ("numbers varied", f"{found.table['key'].nunique()}"),
            ]
        ),
    ]
    charts = [spec for measure in MEASURES for plan in (FREE, KEPT) for spec in _tornado(found, measure, plan)]
    parts = [Section(title="", label="Sensitivity", blocks=head)]
    if charts:
        parts.append(Section(title="What it depends on", blocks=[page.charts(charts)]))
    if len(found.values):
        parts.append(Section(title="What one more is worth", blocks=[_values(found, currency)]))
    if len(found.thresholds):
        parts.append(Section(title="Where the plan changes", blocks=[_thresholds(found)]))
    return [*parts, Section(title="Every solve", blocks=[page.fold("All rows", [_rows(found, currency)])])]


def _tornado(found: Sensitivity, measure: str, plan: str) -> Iterator[dict[str, Any]]:
    table = found.table
    if measure not in table:
        return
    mine = table[(table["plan"] == plan) & table[measure].notna()]
    wide = mine.pivot_table(index="lever", columns="factor", values=measure, aggfunc="first")
    width = wide.abs().max(axis=1)
    wide = wide[width > 1e-9 * max(1.0, abs(found.base["cost"]) if measure == "cost_difference" else 1.0)]
    if wide.empty:
        return
    wide = wide.loc[width[wide.index].sort_values().index[-SHOWN:]]
    unit = f" ({found.network.currency or 'money'})" if measure == "cost_difference" else ""
    traces = [
        bars(
            wide.index,
            wide[factor],
            f"{float(factor) - 1:+.0%}",
            color,
            orientation="h",
            hovertemplate="%{y}<br>%{x:.4~g}",
        )
        for factor, color in zip(sorted(wide.columns), (BLUE, ORANGE), strict=False)
    ]
    spec = chart(
        f"tornado-{measure.partition('_')[0]}-{plan.rpartition(' ')[2]}",
        f"{MEASURES[measure]}, {plan}",
        traces,
        x=f"Difference from the base{unit}",
        height=120 + 26 * len(wide),
        barmode="overlay",
        yaxis={"automargin": True},
    )
    yield spec | {"wide": True}


def _values(found: Sensitivity, currency: str) -> str:
    rows: list[list[Cell]] = [
        [
            str(row["lever"]),
            None if pd.isna(row.get("value_per_unit")) else amount(float(row["value_per_unit"]), 4),
            str(row["unit"]),
            row["reason"] if isinstance(row.get("reason"), str) else "",
        ]
        for row in found.values.to_dict(orient="records")
    ]
    caption = (
        "Change of the net present cost by one more, from solving again with the facilities of the plan kept: "
        "not what a plan made anew would gain"
    )
    return page.table(Table(caption=caption, columns=["One more", f"Cost ({currency})", "Unit", "Remark"], rows=rows))


def _thresholds(found: Sensitivity) -> str:
    rows: list[list[Cell]] = [
        [str(row["key"]), f"{row['from']:.6g} to {row['to']:.6g}", row["before"], row["after"], row["remark"]]
        for row in found.thresholds.to_dict(orient="records")
    ]
    columns = ["Key", "Between", "Below stand", "Above stand", "Remark"]
    return page.table(Table(caption="Found by halving the interval", columns=columns, rows=rows))


def _rows(found: Sensitivity, currency: str) -> str:
    rows: list[list[Cell]] = []
    for row in found.table.to_dict(orient="records"):
        has_plan = pd.notna(row.get("cost"))
        rows.append(
            [
                str(row["lever"]),
                f"{row['factor'] - 1:+.0%}",
                str(row["plan"]),
                amount(float(row["cost"]), 5) if has_plan else None,
                amount(float(row["cost_difference"]), 4) if has_plan else None,
                share(float(row["kpis.collection_rate"])) if has_plan else None,
                str(row["point_status"]),
                row["reason"] if isinstance(row.get("reason"), str) else "",
            ]
        )
    columns = ["What", "By", "Plan", f"Cost ({currency})", "Difference", "Collected", "Held", "Why not"]
    return page.table(Table(caption="", columns=columns, rows=rows))
