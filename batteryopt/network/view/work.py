"""What the facilities of a plan do: materials, capacity in use, stock against its safety limit."""

from __future__ import annotations

from typing import Any

from batteryopt.network.view import flow_charts as network_flows
from batteryopt.network.view.scales import period_axis, periods
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, bars, chart, points, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import number


def section(saved: Saved) -> Section:
    """Return the section of materials, capacity and stock."""
    specs = present([{**network_flows.sankey(saved), "wide": True}, utilisation(saved), stored(saved), stock(saved)])
    blocks = [page.charts(specs)]
    if not len(saved.table("stocks")):
        blocks.append(page.paragraph("Nothing is stored from one period to the next."))
    return Section(title="Materials and capacity", blocks=blocks)


def utilisation(saved: Saved) -> dict[str, Any]:
    """Return the share of capacity that is used, by type and period."""
    table = saved.table("facilities")
    sums = table[table["capacity_t"] > 0].groupby(["type", "period"], sort=False)[["used_t", "capacity_t"]].sum()
    traces = []
    for i, (name, rows) in enumerate(sums.groupby(level="type", sort=False)):
        share = (rows["used_t"] / rows["capacity_t"]).droplevel("type")
        here = [period for period in periods(saved) if period in share.index]
        values = [float(share[period]) for period in here]
        traces.append(bars(here, values, words.words(str(name)), COLORS[i % len(COLORS)], hovertemplate="%{y:.1%}"))
    axis = {"tickformat": ".0%", "range": [0, 1.05]}
    return chart(
        "utilisation",
        "Share of capacity that is used",
        traces,
        height=340,
        barmode="group",
        yaxis=axis,
        xaxis=period_axis(saved),
    )


def stored(saved: Saved) -> dict[str, Any]:
    """Return the tonnes of each product in all stocks at each period's end."""
    table = saved.table("stocks")
    sums: dict[Any, float] = {}
    if len(table):
        sums = table.groupby(["product", "period"], sort=False)["tonnes"].sum().to_dict()
    products = list(dict.fromkeys(product for product, _ in sums))
    traces = [
        bars(
            periods(saved),
            [float(sums.get((product, period), 0.0)) for period in periods(saved)],
            words.words(product),
            COLORS[i % len(COLORS)],
            hovertemplate="%{y:,.0f} t",
        )
        for i, product in enumerate(products)
    ]
    return chart(
        "stored",
        "Stock at each period's end",
        traces,
        y="tonnes",
        height=340,
        barmode="stack",
        xaxis=period_axis(saved),
        showlegend=True,
    )


def stock(saved: Saved) -> dict[str, Any]:
    """Return every stock that has a safety limit as a share of it."""
    table = saved.table("stocks")
    limits = _limits(saved)
    rows = [
        (
            row["product"],
            row["period"],
            row["site"],
            row["tonnes"],
            limits.get((row["type"], row["product"], row["site"]), limits.get((row["type"], row["product"], ""))),
        )
        for row in table.to_dict(orient="records")
    ]
    limited = [row for row in rows if row[4]]
    traces = []
    for i, product in enumerate(dict.fromkeys(row[0] for row in limited)):
        mine = [row for row in limited if row[0] == product]
        text = [
            f"<b>{site}</b><br>{number(tonnes, 0)} t of {number(limit or 0, 0)} t allowed"
            for _, _, site, tonnes, limit in mine
        ]
        trace = points(
            [],
            [row[3] / row[4] for row in mine if row[4]],
            words.words(product),
            COLORS[i % len(COLORS)],
            text=text,
            hoverinfo="text",
        )
        traces.append({**trace, "x": [row[1] for row in mine]})
    limit_line = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "xref": "paper",
        "y0": 1,
        "y1": 1,
        "line": {"color": "var(--bad)", "width": 1.5, "dash": "dash"},
    }
    axis = {"tickformat": ".0%", "range": [0, 1.1]}
    return chart(
        "stock",
        "Stock at each period's end, of its safety limit",
        traces,
        height=340,
        yaxis=axis,
        xaxis=period_axis(saved),
        shapes=[limit_line],
        showlegend=True,
    )


def _limits(saved: Saved) -> dict[tuple[str, str, str], float]:
    """Return safety limits by type, product and site; the site is empty for all sites of the type."""
    network = saved.instance
    return {
        (type_.name, storage.product, storage.site): storage.limit_t
        for type_ in (network.types if network is not None else ())
        for storage in type_.storage
        if storage.limit_t
    }
