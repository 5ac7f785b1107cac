"""The page of a plan for the worst: what it costs at most, in which futures, and what stands."""

from __future__ import annotations

from typing import Any

import pandas as pd

from batteryopt.network.view.over_futures import facilities_with_use, money_of
from batteryopt.network.view.overview import figure_name
from batteryopt.report import page
from batteryopt.report.charts import COLORS, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount

MODEL = "robust"


def is_robust(saved: Saved) -> bool:
    """Return whether a result is a plan for the worst."""
    return MODEL in saved.models


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    answer = saved.models[MODEL]
    blocks = [page.head(saved, "A plan for the worst")]
    if answer["objective"] is None:
        blocks.append(page.paragraph(f"No plan: {answer.get('reason', '')}"))
        return [Section(title="", label=saved.marked_name, blocks=blocks), page.how_sure(saved)]
    blocks += [page.tiles(_tiles(answer)), page.paragraph(_in_words(answer))]
    return [
        Section(title="", label=saved.marked_name, blocks=blocks),
        Section(
            title="In the futures that were looked at",
            blocks=[page.charts(present([costs(saved)])), page.table(futures(saved))],
        ),
        Section(title="What stands, whatever comes", blocks=[page.table(facilities(saved))]),
        page.how_sure(saved),
        page.how_to_repeat(saved),
    ]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    if saved.models[MODEL]["objective"] is None:
        return {}
    return {"futures": futures(saved), "figures": figures(saved), "facilities": facilities(saved)}


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page."""
    return [] if saved.models[MODEL]["objective"] is None else present([costs(saved)])


def _tiles(answer: Any) -> list[tuple[str, str]]:
    pairs = [
        ("Cost in the worst future found", answer["objective"]),
        ("At most, in any future of the set", answer["worst_case_at_most"]),
        ("No plan has a worst case below", answer["bound"]),
        ("As planned", answer["as_planned"]),
    ]
    shown = [(label, "–" if value is None else f"{amount(value, 4)} {money_of(answer)}") for label, value in pairs]
    return [*shown, ("Rows that deviate at once, at most", str(answer["budget"]))]


def _in_words(answer: Any) -> str:
    return (
        f"The set holds every future in which at most {answer['budget']} rows of the returns deviate, each by all that "
        f"its row says. Worst is: {answer['worst_case']}."
    )


def futures(saved: Saved) -> Table:
    """Return the futures that were looked at, dearest first."""
    answer = saved.models[MODEL]
    rows: list[list[Cell]] = [
        [name, found["objective"], None if found["kpis"] is None else f"{found['kpis']['collection_rate']:.0%}"]
        for name, found in sorted(answer["scenarios"].items(), key=lambda pair: -(pair[1]["objective"] or 0.0))
    ]
    caption = f"What the plan costs in each ({money_of(answer)})"
    return Table(caption=caption, columns=["Future", "Cost", "Collected"], rows=rows, digits=0)


def figures(saved: Saved) -> Table:
    """Return figures in the worst future beside those of what is planned."""
    answer = saved.models[MODEL]
    planned = next(iter(answer["scenarios"].values()))["kpis"] or {}
    rows: list[list[Cell]] = []
    for name, value in answer["kpis"].items():
        shown = [f"{v:.1%}" if name.endswith("_rate") else amount(v, 4) for v in (value, planned.get(name, value))]
        rows.append([figure_name(name, money_of(answer)), *shown])
    return Table(caption="Figures", columns=["Figure", "In the worst future", "As planned"], rows=rows)


def costs(saved: Saved) -> dict[str, Any]:
    """Return what the plan costs in each future, cheapest first."""
    table: pd.DataFrame = saved.table("futures").sort_values("objective", kind="stable").reset_index(drop=True)
    labels = [f"future {n}" if name != "as planned" else name for n, name in enumerate(table["scenario"], start=1)]
    traces = [
        bars(labels, table["objective"], "this plan", COLORS[0], text=list(table["scenario"]), textposition="none")
    ]
    axis = {"title": {"text": money_of(saved.models[MODEL])}}
    return chart("costs", "Net present cost by future", traces, height=340, yaxis=axis)


def facilities(saved: Saved) -> Table:
    """Return what stands at the end, with its use over the futures that were looked at."""
    return facilities_with_use(saved, {"least_used_t": "Used at least, t", "most_used_t": "At most, t"})
