"""What a planner asks of a plan before anything else: its figures, with words and units."""

from __future__ import annotations

from batteryopt.network.view.scales import money_unit
from batteryopt.report import words
from batteryopt.report.results import Saved
from batteryopt.report.tables import Cell, Table

KPIS = {
    "returned_t": ("Returned", "t"),
    "collected_t": ("Collected", "t"),
    "processed_t": ("Work of all facilities, a tonne counted at each step", "t"),
    "sold_t": ("Sold", "t"),
    "disposed_t": ("Disposed of", "t"),
    "tonne_km": ("Transport", "t km"),
    "emissions_t": ("Emitted", "t CO₂e"),
}
COUNTS = {"facilities_at_the_end": ("Facilities at the end", "places"), "visits": ("Visits by mobile units", "visits")}
"""Words and unit of the figures of a plan that stand for themselves."""
COST_OF_A_TONNE, RISK = "Net cost per tonne collected", "Risk (people × t)"


def figure_name(key: str, currency: str) -> str:
    """Return what one of a plan's figures is called, with its unit."""
    if key in KPIS:
        return "{} ({})".format(*KPIS[key])
    if key in COUNTS:
        return COUNTS[key][0]
    named = {"cost_per_collected_t": f"{COST_OF_A_TONNE} ({currency}/t)", "risk": RISK}
    return named.get(key, words.words(key))


def plan_in_figures(saved: Saved) -> Table:
    """Return what a planner asks first of a network plan."""
    answer = saved.models["design"]
    figures, currency = answer["kpis"], answer.get("currency") or "money"
    unit, name = money_unit(saved)
    rows: list[list[Cell]] = [
        ["Net present cost", sum(answer["cost_terms"].values()) / unit, name],
        [COST_OF_A_TONNE, figures["cost_per_collected_t"], f"{currency}/t"],
        ["Collected of what returns", 100.0 * figures["collection_rate"], "%"],
    ]
    rows += [[label, figures[key], unit] for key, (label, unit) in KPIS.items() if key in figures]
    rows += [[label, round(figures[key]), unit] for key, (label, unit) in COUNTS.items() if key in figures]
    return Table(caption="The plan in figures", columns=["Figure", "Value", "Unit"], rows=rows)
