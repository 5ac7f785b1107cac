"""Whom a plan serves: distances to facilities, and what each city costs."""

from __future__ import annotations

from typing import Any

from batteryopt.network.view.scales import period_axis
from batteryopt.report import page
from batteryopt.report.charts import COLORS, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Table

BLUES = ("#1c5a94", "#3f7fb8", "#6fa5d2", "#a3c7e6", "#d0b48a", "#c98b4a")
DEAREST = 25


def section(saved: Saved) -> Section:
    """Return the section of who is served and at what cost."""
    intro = page.paragraph(
        "Distance from where batteries return to the nearest facility that takes them; and what the batteries of a "
        "place cost on their whole way, less what they earn."
    )
    return Section(
        title="Who is served, and at what cost",
        blocks=[intro, page.charts(present([coverage(saved), dearest(saved)])), _all_cities(saved)],
    )


def cities(saved: Saved) -> Table:
    """Return what the batteries of every city cost and emit on their whole way, dearest first."""
    currency = saved.models["design"].get("currency") or "money"
    found = saved.table("cities")
    if len(found):
        found = found.sort_values("cost_per_collected_t", ascending=False, kind="stable")
    columns = ["site", "collected_t", "cost_per_collected_t", "emission_t"]
    rows = found[columns].to_numpy().tolist() if len(found) else []
    headings = ["City", "Collected, t", f"Net cost, {currency}/t", "Emitted, t CO₂e"]
    return Table(caption="Over all periods", columns=headings, rows=rows, digits=0)


def _all_cities(saved: Saved) -> str:
    table = cities(saved)
    return page.fold(f"Every city: {len(table.rows)}", [page.table(table)])


def coverage(saved: Saved) -> dict[str, Any]:
    """Return what returns by its distance to a facility that takes it."""
    table = saved.table("coverage")
    bands = list(dict.fromkeys(table["band_km"])) if len(table) else []
    order = sorted(bands, key=lambda band: (band.startswith(">"), float(band.strip(">"))))
    traces = []
    for i, band in enumerate(order):
        rows = table[table["band_km"] == band]
        name = _band(band)
        traces.append(
            bars(rows["period"], rows["share_of_returns"], name, BLUES[i % len(BLUES)], hovertemplate="%{y:.1%}")
        )
    axis = {"tickformat": ".0%", "range": [0, 1]}
    return chart(
        "coverage",
        "Returns by distance to a facility",
        traces,
        height=400,
        barmode="stack",
        yaxis=axis,
        xaxis=period_axis(saved),
    )


def _band(end: str) -> str:
    """Return a distance band in words."""
    if end == "0":
        return "in the city itself"
    return f"farther than {end[1:]} km" if end.startswith(">") else f"up to {end} km"


def dearest(saved: Saved) -> dict[str, Any]:
    """Return the net cost to serve a city."""
    table = saved.table("cities")
    found = table[table["collected_t"] > 0].dropna(subset=["cost_per_collected_t"]) if len(table) else table
    found = found.nlargest(DEAREST, "cost_per_collected_t").iloc[::-1] if len(found) else found
    currency = saved.models["design"].get("currency") or "money"
    traces = (
        [
            bars(
                found["site"],
                found["cost_per_collected_t"],
                "",
                COLORS[0],
                orientation="h",
                showlegend=False,
                hovertemplate="%{x:,.0f}",
            )
        ]
        if len(found)
        else []
    )
    served = int((table["collected_t"] > 0).sum()) if len(table) else 0
    title = "Net cost to serve, by city" + (f": the {DEAREST} dearest of {served}" if served > len(found) else "")
    return chart(
        "cost-to-serve",
        title,
        traces,
        x=f"{currency} per tonne collected",
        height=max(240, 110 + 21 * len(found)),
        yaxis={"type": "category"},
    )
