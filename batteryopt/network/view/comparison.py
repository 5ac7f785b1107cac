"""Several plans side by side: figures, cost terms, sites gained and lost, and cost against emissions."""

from __future__ import annotations

from collections.abc import Sequence

from batteryopt.network.view.overview import figure_name
from batteryopt.network.view.scales import money_unit
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, bars, chart, points
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Shown, Table, amount, share

LISTED = 12
"""Sites that are named."""
COUNTS = ("facilities_at_the_end", "visits")


def sections(plans: Sequence[Saved]) -> list[Section]:
    """Return the section that compares plans; those without an answer are named and left out."""
    found = [plan for plan in plans if plan.models.get("design", {}).get("objective") is not None]
    missing = [page.paragraph(f"{plan.label} has no plan to compare.") for plan in plans if plan not in found]
    blocks = [*missing]
    if len(found) > 1:
        blocks += [
            page.table(figures(found)),
            page.charts([cost_terms(found), _cost_and_emissions(found)]),
            page.table(changes(found)),
        ]
    head = page.opening("Network plans", "Side by side")
    return [Section(title="", label="Side by side", blocks=[head, *blocks])]


def figures(plans: Sequence[Saved]) -> Table:
    """Return every figure of each plan, and what the others differ from the first by."""
    names = list(dict.fromkeys(key for plan in plans for key in plan.models["design"]["kpis"]))
    currency = plans[0].models["design"].get("currency") or "money"
    rows: list[list[Cell]] = [[f"Net present cost ({currency})", *(_amount(_cost(plan)) for plan in plans)]]
    for name in names:
        values = [plan.models["design"]["kpis"].get(name) for plan in plans]
        rows.append([figure_name(name, currency), *(_shown(name, value) for value in values)])
    return Table(caption="Figures of each plan", columns=["Figure", *(plan.label for plan in plans)], rows=rows)


def changes(plans: Sequence[Saved]) -> Table:
    """Return which facilities the last period of each plan has gained or lost against the first plan's, by type."""
    base, rows = _last(plans[0]), []
    for plan in plans[1:]:
        mine = _last(plan)
        for kind in sorted({kind for _, kind in base ^ mine}):
            gained, lost = (
                sorted(site for site, of in more - less if of == kind) for more, less in ((mine, base), (base, mine))
            )
            rows.append([plan.label, words.words(kind), _listed(gained), _listed(lost)])
    caption = f"Facilities at the end, against {plans[0].label}"
    if not rows:
        caption += ": the same"
    return Table(caption=caption, columns=["Plan", "Type", "Sites gained", "Sites lost"], rows=rows)


def _listed(sites: Sequence[str]) -> str:
    """Return how many sites, and the names of the first of them."""
    if not sites:
        return "none"
    more = f" and {len(sites) - LISTED} more" if len(sites) > LISTED else ""
    return f"{len(sites)}: {', '.join(sites[:LISTED])}{more}"


def _shown(name: str, value: float | None) -> Cell:
    if value is None:
        return None
    if name.endswith("_rate"):
        return share(value)
    return Shown(value, f"{value:,.0f}", "#,##0") if name in COUNTS else _amount(value)


def _amount(value: float) -> Shown:
    return Shown(value, amount(value, 5), "#,##0.00")


def _last(plan: Saved) -> set[tuple[str, str]]:
    rows = plan.models["design"]["open_facilities"]
    periods = [period.name for period in plan.instance.periods] if plan.instance is not None else []
    last = periods[-1] if periods else rows[-1]["period"] if rows else ""
    return {(row["site"], row["type"]) for row in rows if row["period"] == last}


def _cost(plan: Saved) -> float:
    return float(sum(plan.models["design"]["cost_terms"].values()))


def cost_terms(plans: Sequence[Saved]) -> dict[str, object]:
    """Return the cost terms of several plans, one beside the other."""
    unit, name = money_unit(plans[0])
    terms = [plan.models["design"]["cost_terms"] for plan in plans]
    most = max(abs(value) for mine in terms for value in mine.values())
    shown = [key for key in terms[0] if any(abs(mine.get(key, 0.0)) > 1e-4 * most for mine in terms)]
    traces = [
        bars(map(words.words, shown), [mine.get(key, 0.0) / unit for key in shown], plan.label, COLORS[i % len(COLORS)])
        for i, (plan, mine) in enumerate(zip(plans, terms, strict=True))
    ]
    return chart("compared-cost-terms", "Cost terms", traces, y=name, height=400, barmode="group")


def cost_term_table(plans: Sequence[Saved]) -> Table:
    """Return every cost term of several plans, a column a plan."""
    terms = [plan.models["design"]["cost_terms"] for plan in plans]
    names = dict.fromkeys(name for mine in terms for name in mine)
    rows: list[list[Cell]] = [[words.words(name), *(mine.get(name) for mine in terms)] for name in names]
    currency = plans[0].models["design"].get("currency") or "money"
    columns = ["Term", *(plan.label for plan in plans)]
    return Table(caption=f"Cost terms, discounted ({currency})", columns=columns, rows=rows)


def sheet_tables(plans: Sequence[Saved]) -> list[Table]:
    """Return the tables of a workbook's sheet that compares plans: figures, cost terms, sites gained and lost."""
    return [figures(plans), cost_term_table(plans), changes(plans)]


def _cost_and_emissions(plans: Sequence[Saved]) -> dict[str, object]:
    unit, name = money_unit(plans[0])
    traces = [
        points(
            [_cost(plan) / unit], [plan.models["design"]["kpis"]["emissions_t"]], plan.label, COLORS[i % len(COLORS)]
        )
        for i, plan in enumerate(plans)
    ]
    return chart(
        "cost-and-emissions",
        "Cost against emissions",
        traces,
        x=f"net present cost, {name}",
        y="t CO₂e",
        height=400,
        showlegend=True,
    )
