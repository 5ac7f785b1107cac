"""The page of a plan for the worst: what it costs at most, in which futures, and what stands."""

from __future__ import annotations

from typing import Any

import pandas as pd

from batteryopt.network.view.overview import figure_name
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount

MODEL = "robust"
LISTED = 40


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


def _money(answer: Any) -> str:
    return str(answer.get("currency") or "money")


def _tiles(answer: Any) -> list[tuple[str, str]]:
    pairs = [
        ("Cost in the worst future found", answer["objective"]),
        ("At most, in any future of the set", answer["worst_case_at_most"]),
        ("No plan has a worst case below", answer["bound"]),
        ("As planned", answer["as_planned"]),
    ]
    shown = [(label, "–" if value is None else f"{amount(value, 4)} {_money(answer)}") for label, value in pairs]
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
    caption = f"What the plan costs in each ({_money(answer)})"
    return Table(caption=caption, columns=["Future", "Cost", "Collected"], rows=rows, digits=0)


def figures(saved: Saved) -> Table:
    """Return figures in the worst future beside those of what is planned."""
    answer = saved.models[MODEL]
    planned = next(iter(answer["scenarios"].values()))["kpis"] or {}
    rows: list[list[Cell]] = []
    for name, value in answer["kpis"].items():
        shown = [f"{v:.1%}" if name.endswith("_rate") else amount(v, 4) for v in (value, planned.get(name, value))]
        rows.append([figure_name(name, _money(answer)), *shown])
    return Table(caption="Figures", columns=["Figure", "In the worst future", "As planned"], rows=rows)


def costs(saved: Saved) -> dict[str, Any]:
    """Return what the plan costs in each future, cheapest first."""
    table: pd.DataFrame = saved.table("futures").sort_values("objective", kind="stable").reset_index(drop=True)
    labels = [f"future {n}" if name != "as planned" else name for n, name in enumerate(table["scenario"], start=1)]
    traces = [
        bars(labels, table["objective"], "this plan", COLORS[0], text=list(table["scenario"]), textposition="none")
    ]
    axis = {"title": {"text": _money(saved.models[MODEL])}}
    return chart("costs", "Net present cost by future", traces, height=340, yaxis=axis)


def facilities(saved: Saved) -> Table:
    """Return what stands at the end, with its use over the futures that were looked at."""
    table: pd.DataFrame = saved.table("facilities")
    last = table[table["period"] == table["period"].unique()[-1]]
    last = last.sort_values("capacity_t", ascending=False, kind="stable")
    names = ("capacity_t", "least_used_t", "most_used_t")
    rows: list[list[Cell]] = [
        [row["site"], words.words(row["type"]), row["level"], *(float(row[name]) for name in names)]
        for row in last.head(LISTED).to_dict(orient="records")
    ]
    more = f", the largest {LISTED} of {len(last)}" if len(last) > LISTED else ""
    columns = ["Site", "Type", "Level", "Capacity, t", "Used at least, t", "At most, t"]
    return Table(caption=f"At the end{more}", columns=columns, rows=rows, digits=0)
