"""The page of a network plan: where things stand, what travels, what it costs and emits, and whom it serves."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from batteryopt.report import network_flows, page, words
from batteryopt.report.charts import COLORS, bars, chart, line, points
from batteryopt.report.network_map import has_map, plan_map
from batteryopt.report.page import Section
from batteryopt.report.results import Saved
from batteryopt.report.tables import Cell, Table, amount, number

NEGLIGIBLE = 1e-9
"""Terms below this share of the largest are not drawn."""
SIGNS = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "star": "★", "cross": "✚"}
BLUES = ("#1c5a94", "#3f7fb8", "#6fa5d2", "#a3c7e6", "#d0b48a", "#c98b4a")
DEAREST = 20
LISTED = 40


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    answer = saved.models["design"]
    if answer["objective"] is None:
        return [_nothing(saved), page.how_sure(saved), page.how_to_repeat(saved)]
    parts = [_opening(saved), _where(saved), _money(saved), _work(saved), _service(saved)]
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    if saved.models["design"]["objective"] is None:
        return {}
    return {"cost-terms": _cost_table(saved), "facilities": _standing(saved), "figures": _figures(saved)}


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page but the map's, which `map_chart` gives."""
    if saved.models["design"]["objective"] is None:
        return []
    found = [_costs(saved), _emissions(saved), network_flows.sankey(saved), _utilisation(saved), _stock(saved)]
    found += [_coverage(saved), _dearest(saved)]
    return [map_chart(saved), *_present(found)] if has_map(saved) else _present(found)


def money_unit(saved: Saved) -> tuple[float, str]:
    """Return the divisor and name of the unit that money is shown in."""
    answer = saved.models["design"]
    currency = answer.get("currency") or "money"
    largest = max((abs(value) for value in answer["cost_terms"].values()), default=0.0)
    return (1e6, f"million {currency}") if largest >= 1e6 else (1.0, currency)


def map_chart(saved: Saved) -> dict[str, Any]:
    """Return the map of what stands and travels."""
    return {"name": "map", "title": "What stands where, and what travels", "height": 300, "map": plan_map(saved)}


# ---- what was solved -----------------------------------------------------------------------------------------------


def _opening(saved: Saved) -> Section:
    answer = saved.models["design"]
    figures, currency = answer["kpis"], answer.get("currency") or "money"
    pairs = [
        (
            "Net present cost" if _cost(answer) >= 0 else "Net present cost (negative: it earns)",
            f"{amount(_cost(answer), 4)} {currency}",
        ),
        ("Collected", f"{amount(figures['collected_t'])} t"),
        ("Of all that returns", f"{figures['collection_rate']:.1%}"),
        ("Net cost per tonne collected", f"{amount(figures['cost_per_collected_t'])} {currency}"),
        ("Emitted", f"{amount(figures['emissions_t'])} t CO₂e"),
        ("Facilities at the end", number(figures["facilities_at_the_end"], 0)),
    ]
    missed = answer.get("missed_rules") or []
    blocks = [page.head(saved, "Network plan"), page.paragraph(words.verdict(answer)), page.tiles(pairs)]
    if missed:
        table = page.table(_breaches("Each with its period and by how much", missed))
        blocks.append(f"<details><summary>Soft rules that the plan misses: {len(missed)}</summary>{table}</details>")
    return Section(title="", blocks=blocks)


def _cost(answer: Any) -> float:
    return float(sum(answer["cost_terms"].values()))


def _nothing(saved: Saved) -> Section:
    answer = saved.models["design"]
    blocks = [page.head(saved, "Network plan"), page.paragraph(words.verdict(answer))]
    if answer.get("conflicts"):
        blocks.append(page.table(_breaches("Rules and balances that cannot hold together", answer["conflicts"])))
    return Section(title="", blocks=blocks)


def _breaches(caption: str, rows: list[dict[str, Any]]) -> Table:
    cells = [[row["rule"], row["place"], row["period"], amount(row["amount"]), row["unit"]] for row in rows[:LISTED]]
    more = f" (the first {LISTED} of {len(rows)})" if len(rows) > LISTED else ""
    return Table(caption=caption + more, columns=["Rule", "Where", "When", "By", "Unit"], rows=cells)


# ---- where ---------------------------------------------------------------------------------------------------------


def _where(saved: Saved) -> Section:
    blocks = []
    if has_map(saved):
        spec = map_chart(saved)
        blocks.append(page.figure({**spec, "note": _map_note(spec["map"])}, _controls(spec["map"])))
    else:
        blocks.append(page.paragraph("Some sites have no coordinates, so there is no map."))
    blocks.append(f"<details><summary>What stands at the end</summary>{page.table(_standing(saved))}</details>")
    return Section(title="Where", blocks=blocks)


def _map_note(content: dict[str, Any]) -> str:
    most = amount(content["most"])
    return (
        f"Lines grow with tonnes (widest: {most} t in a period), markers with capacity; touch or point for figures. "
        "Borders and coasts: Natural Earth 1:50m."
    )


def _controls(content: dict[str, Any]) -> str:
    """Return the slider of the period, the choice of a product, and the key to colours."""
    last = len(content["periods"]) - 1
    names = enumerate(content["products"])
    options = "".join(f'<option value="{i}">{html.escape(name)}</option>' for i, name in names)
    slider = (
        f'<label>Period <input data-control="period" type="range" min="0" max="{last}" value="{last}"> '
        "<output></output></label>"
    )
    choice = f'<label>Product <select data-control="product"><option value="-1">all</option>{options}</select></label>'
    keys = [
        f'<span><i style="background:{mode["color"]}"></i>{html.escape(mode["name"])}</span>'
        for mode in content["modes"]
    ]
    keys += [
        f'<span><b style="color:{kind["color"]}">{SIGNS[kind["symbol"]]}</b>{html.escape(kind["name"])}</span>'
        for kind in content["types"]
    ]
    return f'<div class="controls">{slider}{choice}</div><div class="key">{"".join(keys)}</div>'


def _standing(saved: Saved) -> Table:
    table = saved.table("facilities")
    last = table[table["period"] == _periods(saved)[-1]].sort_values("capacity_t", ascending=False, kind="stable")
    rows: list[list[Cell]] = [
        [row["site"], words.words(row["type"]), row["level"], float(row["capacity_t"]), _share(row["utilisation"])]
        for row in last.head(LISTED).to_dict(orient="records")
    ]
    more = f", the largest {LISTED} of {len(last)}" if len(last) > LISTED else ""
    columns = ["Site", "Type", "Level", "Capacity, t", "Used"]
    return Table(caption=f"In {_periods(saved)[-1]}{more}", columns=columns, rows=rows, digits=0)


def _figures(saved: Saved) -> Table:
    figures = saved.models["design"]["kpis"]
    rows: list[list[Cell]] = [[words.words(name), float(value)] for name, value in figures.items()]
    return Table(caption="Figures of the plan", columns=["Figure", "Value"], rows=rows)


def _share(value: float) -> str | None:
    return None if value != value else f"{value:.0%}"


def _periods(saved: Saved) -> list[str]:
    return list(dict.fromkeys(saved.table("emissions")["period"]))


# ---- money and emissions -------------------------------------------------------------------------------------------


def _money(saved: Saved) -> Section:
    specs = _present([_costs(saved), _emissions(saved)])
    return Section(title="Cost and emissions", blocks=[page.charts(specs), page.table(_cost_table(saved))])


def _cost_table(saved: Saved) -> Table:
    unit, name = money_unit(saved)
    terms = saved.models["design"]["cost_terms"]
    rows: list[list[Any]] = [
        [words.words(term), value / unit] for term, value in terms.items() if _counts(value, terms)
    ]
    rows.append(["Net present cost", sum(terms.values()) / unit])
    return Table(
        caption=f"Discounted over all periods; what is earned has a minus ({name})", columns=["Term", name], rows=rows
    )


def _counts(value: float, terms: dict[str, float]) -> bool:
    return abs(value) > NEGLIGIBLE * max(abs(other) for other in terms.values())


def _costs(saved: Saved) -> dict[str, Any]:
    unit, name = money_unit(saved)
    spec = _stacked(saved.table("cost_terms"), unit)
    return chart(
        "cost-by-period",
        "Discounted cost by period",
        spec,
        y=name,
        height=420,
        barmode="relative",
        xaxis={"type": "category"},
    )


def _emissions(saved: Saved) -> dict[str, Any]:
    table = saved.table("emissions")
    unit, name = (1e3, "kt CO₂e") if table.drop(columns="period").to_numpy().sum() >= 1e4 else (1.0, "t CO₂e")
    return chart(
        "emissions-by-period",
        "Emissions by period",
        _stacked(table, unit),
        y=name,
        height=420,
        barmode="relative",
        xaxis={"type": "category"},
    )


def _stacked(table: pd.DataFrame, unit: float) -> list[dict[str, Any]]:
    """Return a bar a column, in parts by period; the columns that are all but zero are left out."""
    values = table.drop(columns="period")
    sizes = values.abs().sum()
    shown = [name for name in values.columns if sizes[name] > 1e-4 * max(float(sizes.max()), NEGLIGIBLE)]
    return [
        bars(
            table["period"], values[name] / unit, words.words(name), COLORS[i % len(COLORS)], hovertemplate="%{y:,.3~f}"
        )
        for i, name in enumerate(sorted(shown, key=lambda name: -sizes[name]))
    ]


def _present(specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [spec for spec in specs if spec["data"]]


# ---- work ----------------------------------------------------------------------------------------------------------


def _work(saved: Saved) -> Section:
    specs = _present([{**network_flows.sankey(saved), "wide": True}, _utilisation(saved), _stock(saved)])
    blocks = [page.charts(specs)]
    if not len(saved.table("stocks")):
        blocks.append(page.paragraph("Nothing is stored from one period to the next."))
    return Section(title="Materials and capacity", blocks=blocks)


def _utilisation(saved: Saved) -> dict[str, Any]:
    table = saved.table("facilities")
    sums = table[table["capacity_t"] > 0].groupby(["type", "period"], sort=False)[["used_t", "capacity_t"]].sum()
    traces = []
    for i, (name, rows) in enumerate(sums.groupby(level="type", sort=False)):
        share = (rows["used_t"] / rows["capacity_t"]).droplevel("type")
        here = [period for period in _periods(saved) if period in share.index]
        values = [float(share[period]) for period in here]
        trace = line(
            values,
            values,
            words.words(str(name)),
            COLORS[i % len(COLORS)],
            mode="lines+markers",
            hovertemplate="%{y:.1%}",
        )
        traces.append({**trace, "x": here})
    axis = {"tickformat": ".0%", "range": [0, 1.05]}
    return chart(
        "utilisation", "Share of capacity that is used", traces, height=340, yaxis=axis, xaxis=_category(saved)
    )


def _category(saved: Saved) -> dict[str, Any]:
    periods = _periods(saved)
    return {"type": "category", "categoryarray": periods, "range": [-0.5, len(periods) - 0.5]}


def _stock(saved: Saved) -> dict[str, Any]:
    """Return every stock as a share of its safety limit, where it has one; else in tonnes."""
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
        xaxis=_category(saved),
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


# ---- service -------------------------------------------------------------------------------------------------------


def _service(saved: Saved) -> Section:
    intro = page.paragraph(
        "Distance from where batteries return to the nearest facility that takes them; and what the batteries of a "
        "place cost on their whole way, less what they earn."
    )
    return Section(
        title="Who is served, and at what cost",
        blocks=[intro, page.charts(_present([_coverage(saved), _dearest(saved)]))],
    )


def _coverage(saved: Saved) -> dict[str, Any]:
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
        xaxis=_category(saved),
    )


def _band(end: str) -> str:
    """Return a distance band in words."""
    if end == "0":
        return "in the city itself"
    return f"farther than {end[1:]} km" if end.startswith(">") else f"up to {end} km"


def _dearest(saved: Saved) -> dict[str, Any]:
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
    title = "Net cost to serve, by city" + (f": the {DEAREST} dearest of {len(table)}" if len(table) > DEAREST else "")
    return chart(
        "cost-to-serve",
        title,
        traces,
        x=f"{currency} per tonne collected",
        height=max(240, 110 + 21 * len(found)),
        yaxis={"type": "category"},
    )
