"""The page of a sensitivity: two tornados, what is worth what, and where the plan changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from batteryopt.network.studies.sensitivities import FREE, KEPT, Sensitivity
from batteryopt.report import page
from batteryopt.report.charts import BLUE, ORANGE, bars, chart
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, number, share

SHOWN = 25
"""Levers of a tornado."""
TOLD = 10
"""Levers of the table."""
MEASURES = {"cost_difference": "Cost", "collection_rate_difference": "Collection rate"}
FACTORS = {"cost_difference": 1.0, "collection_rate_difference": 100.0}
"""Shares are shown in percentage points."""


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
        parts.append(Section(title="What one more is worth", blocks=[page.table(values(found))]))
    if len(found.thresholds):
        parts.append(Section(title="Where the plan changes", blocks=[page.table(thresholds(found))]))
    return [*parts, Section(title="Every solve", blocks=[page.fold("All rows", [_rows(found, currency)])])]


def _tornado(found: Sensitivity, measure: str, plan: str) -> Iterator[dict[str, Any]]:
    wide = _widest(found, measure, plan)[-SHOWN:]
    if wide.empty:
        return
    unit = found.network.currency or "money" if measure == "cost_difference" else "percentage points"
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
        x=f"Difference from the base ({unit})",
        height=120 + 26 * len(wide),
        barmode="overlay",
        yaxis={"automargin": True},
    )
    yield spec | {"wide": True}


def _widest(found: Sensitivity, measure: str, plan: str) -> pd.DataFrame:
    """Return differences by lever (rows, the widest last) and factor (columns); no lever that moves nothing."""
    table = found.table
    if measure not in table:
        return pd.DataFrame()
    mine = table[(table["plan"] == plan) & table[measure].notna()]
    wide = mine.pivot_table(index="lever", columns="factor", values=measure, aggfunc="first") * FACTORS[measure]
    width = wide.abs().max(axis=1)
    return wide.loc[width[width > 0].sort_values(kind="stable").index]


def summary(found: Sensitivity) -> Table:
    """Return the levers that move the cost most, with all decided anew, and what they do to the collection rate."""
    cost = _widest(found, "cost_difference", FREE)[-TOLD:][::-1]
    rate = _widest(found, "collection_rate_difference", FREE)
    sides = [(factor, f"{float(factor) - 1:+.0%}") for factor in sorted(cost.columns)]
    rate = rate.reindex(index=cost.index, columns=cost.columns).fillna(0.0).where(cost.notna())
    rows: list[list[Cell]] = [
        [
            str(lever),
            *(_cell(cost, lever, factor, lambda value: amount(value, 4)) for factor, _ in sides),
            *(_cell(rate, lever, factor, lambda value: number(value, 1)) for factor, _ in sides),
        ]
        for lever in cost.index
    ]
    currency = found.network.currency or "money"
    columns = ["Number", *(f"Cost {side} ({currency})" for _, side in sides)]
    columns += [f"Collected {side} (points)" for _, side in sides]
    caption = f"What {found.network.name} depends on most: each number varied alone, all decided anew"
    return Table(caption=caption, columns=columns, rows=rows)


def _cell(table: pd.DataFrame, lever: Any, factor: Any, shown: Callable[[float], str]) -> Cell:
    """Return a number as it is shown; nothing where the lever could not be moved that way."""
    value = float(table.loc[lever, factor])
    return None if pd.isna(value) else shown(value)


def values(found: Sensitivity) -> Table:
    """Return what one more of each capacity, target and budget is worth."""
    currency = found.network.currency or "money"
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
    columns = ["One more", f"Cost ({currency})", "Unit", "Remark"]
    if not any(row[-1] for row in rows):  # an empty column tells nothing
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    return Table(caption=caption, columns=columns, rows=rows)


def thresholds(found: Sensitivity) -> Table:
    """Return between which values of a key the set of facilities changes."""
    rows: list[list[Cell]] = [
        [str(row["key"]), f"{row['from']:.6g} to {row['to']:.6g}", row["before"], row["after"], row["remark"]]
        for row in found.thresholds.to_dict(orient="records")
    ]
    columns = ["Key", "Between", "Below stand", "Above stand", "Remark"]
    return Table(caption="Where the plan changes, found by halving the interval", columns=columns, rows=rows)


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
