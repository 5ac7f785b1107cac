"""What a plan costs, earns and emits."""

from __future__ import annotations

from typing import Any

import pandas as pd

from batteryopt.network.view.scales import money_unit
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Table

NEGLIGIBLE = 1e-9
"""Terms below this share of the largest are not drawn."""


def section(saved: Saved) -> Section:
    """Return the section of money and emissions."""
    specs = present([costs(saved), emissions(saved)])
    return Section(title="Cost and emissions", blocks=[page.charts(specs), page.table(cost_table(saved))])


def cost_table(saved: Saved) -> Table:
    """Return the cost terms, with their sum."""
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


def costs(saved: Saved) -> dict[str, Any]:
    """Return the cost terms by period."""
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


def emissions(saved: Saved) -> dict[str, Any]:
    """Return emissions by what causes them and by period."""
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
