"""The page of a network plan: where things stand, what travels, what it costs and emits, and whom it serves."""

from __future__ import annotations

from typing import Any

from batteryopt.network.view import (
    comparison,
    compromise_charts,
    flow_charts,
    futures_page,
    money,
    plan_tables,
    profit_page,
    robust_page,
    served_cities,
    work,
)
from batteryopt.network.view.map import has_map, plan_map
from batteryopt.network.view.map_controls import controls
from batteryopt.network.view.overview import figure_name, plan_in_figures
from batteryopt.network.view.scales import periods
from batteryopt.report import page, words
from batteryopt.report.charts import present
from batteryopt.report.family_view import Comparison, FamilyView
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount, number, share

LISTED = 40


def _own_page(saved: Saved) -> Any:
    """Return the module of the pages of plans for several futures; None for a plan for one."""
    pages = ((futures_page.is_joint, futures_page), (robust_page.is_robust, robust_page))
    return next((own for is_its, own in pages if is_its(saved)), None)


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    if (own := _own_page(saved)) is not None:
        return list(own.sections(saved))
    answer = saved.models["design"]
    if answer["objective"] is None:
        return [_nothing(saved), page.how_sure(saved), page.how_to_repeat(saved)]
    parts = [_opening(saved)]
    if saved.frontier is not None and saved.frontier["points"]:
        parts.append(compromise_charts.section(saved))
    parts.append(_where(saved))
    parts.append(money.section(saved))
    if profit_page.has_money(saved):
        parts.append(profit_page.section(saved))
    parts += [part.section(saved) for part in (work, served_cities)]
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    if (own := _own_page(saved)) is not None:
        return dict(own.tables(saved))
    if saved.models["design"]["objective"] is None:
        return {}
    found = {"cost-terms": money.cost_table(saved), "facilities": _standing(saved), "figures": _figures(saved)}
    found |= profit_page.tables(saved)
    if saved.frontier is not None:
        found["frontier"] = compromise_charts.table(saved)
    return found


def long_tables(saved: Saved) -> dict[str, Table]:
    """Return what is too long for a paper: every table of the plan."""
    if _own_page(saved) is not None:
        return {}
    return plan_tables.long_tables(saved)


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page but the map's, which `map_chart` gives."""
    if (own := _own_page(saved)) is not None:
        return list(own.charts(saved))
    if saved.models["design"]["objective"] is None:
        return []
    found = [money.costs(saved), money.emissions(saved), profit_page.cash(saved), flow_charts.sankey(saved)]
    found += [work.utilisation(saved), work.stored(saved), work.stock(saved)]
    found += [served_cities.coverage(saved), served_cities.dearest(saved), *compromise_charts.charts(saved)]
    return [map_chart(saved), *present(found)] if has_map(saved) else present(found)


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
        *profit_page.share_of_turnover(saved),
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
        blocks.append(page.fold(f"Soft rules that the plan misses: {len(missed)}", [table]))
    return Section(title="", label=saved.marked_name, blocks=blocks)


def _cost(answer: Any) -> float:
    return float(sum(answer["cost_terms"].values()))


def _nothing(saved: Saved) -> Section:
    answer = saved.models["design"]
    blocks = [page.head(saved, "Network plan"), page.paragraph(words.verdict(answer))]
    if answer.get("conflicts"):
        blocks.append(page.table(_breaches("Rules and balances that cannot hold together", answer["conflicts"])))
    if opposed := answer.get("opposed"):
        rows: list[list[Cell]] = [[row["rule"], row["place"], row["period"]] for row in opposed[:LISTED]]
        blocks.append(page.table(Table(caption="What is in their way", columns=["Rule", "Where", "When"], rows=rows)))
    return Section(title="", label=saved.marked_name, blocks=blocks)


def _breaches(caption: str, rows: list[dict[str, Any]]) -> Table:
    cells = [[row["rule"], row["place"], row["period"], amount(row["amount"]), row["unit"]] for row in rows[:LISTED]]
    more = f" (the first {LISTED} of {len(rows)})" if len(rows) > LISTED else ""
    return Table(caption=caption + more, columns=["Rule", "Where", "When", "By", "Unit"], rows=cells)


# ---- where ---------------------------------------------------------------------------------------------------------


def _where(saved: Saved) -> Section:
    blocks = []
    if has_map(saved):
        spec = map_chart(saved)
        blocks.append(page.figure({**spec, "note": _map_note(spec["map"])}, controls(spec["map"])))
    else:
        blocks.append(page.paragraph("Some sites have no coordinates, so there is no map."))
    blocks.append(page.fold("What stands at the end", [page.table(_standing(saved))]))
    return Section(title="Where", blocks=blocks)


def _map_note(content: dict[str, Any]) -> str:
    most = amount(content["most"])
    return (
        f"Lines grow with tonnes (widest: {most} t in a period), markers with capacity; touch or point for figures. "
        "The scale is that of the map's middle. Borders and coasts: Natural Earth 1:50m."
    )


def _standing(saved: Saved) -> Table:
    table = saved.table("facilities")
    last = table[table["period"] == periods(saved)[-1]].sort_values("capacity_t", ascending=False, kind="stable")
    rows: list[list[Cell]] = [
        [row["site"], words.words(row["type"]), row["level"], float(row["capacity_t"]), _share(row["utilisation"])]
        for row in last.head(LISTED).to_dict(orient="records")
    ]
    more = f", the largest {LISTED} of {len(last)}" if len(last) > LISTED else ""
    columns = ["Site", "Type", "Level", "Capacity, t", "Used"]
    return Table(caption=f"In {periods(saved)[-1]}{more}", columns=columns, rows=rows, digits=0)


def _figures(saved: Saved) -> Table:
    answer = saved.models["design"]
    currency = answer.get("currency") or "money"
    rows: list[list[Cell]] = [
        [figure_name(name, currency), share(value) if name.endswith("_rate") else float(value)]
        for name, value in answer["kpis"].items()
    ]
    return Table(caption="Figures of the plan", columns=["Figure", "Value"], rows=rows)


def _share(value: float) -> str | None:
    return None if value != value else f"{value:.0%}"


VIEW = FamilyView(
    noun="network plan",
    sections=sections,
    tables=tables,
    charts=charts,
    long_tables=long_tables,
    main_chart="map",
    overview=lambda saved: {} if _own_page(saved) is not None else {"plan": plan_in_figures(saved)},
    sheets=("cost-terms", "futures"),  # the others for papers are shortened ones of the long tables
    comparison=Comparison(sections=comparison.sections, tables=comparison.sheet_tables),
    has_models=False,
    usual_model="design",
)
