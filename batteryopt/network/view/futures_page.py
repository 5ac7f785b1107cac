"""The page of one plan for all futures: what it costs in each, what knowing more is worth, what stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from batteryopt.network.futures.joint_words import of_the_sample, worth_knowing
from batteryopt.network.view.map import has_map, plan_map
from batteryopt.network.view.map_controls import controls
from batteryopt.network.view.over_futures import facilities_with_use, money_of, standing_at_the_end
from batteryopt.network.view.overview import figure_name
from batteryopt.report import page, words
from batteryopt.report.charts import COLORS, bars, chart, present
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, amount

MODEL = "stochastic"


def is_joint(saved: Saved) -> bool:
    """Return whether a result is one plan for all futures."""
    return MODEL in saved.models


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    answer = saved.models[MODEL]
    blocks = [page.head(saved, "One plan for all futures")]
    if answer["objective"] is None:
        blocks.append(page.paragraph(f"No plan: {answer.get('reason', '')}"))
        return [Section(title="", label=saved.marked_name, blocks=blocks), page.how_sure(saved)]
    blocks += [page.tiles(_tiles(answer)), *(page.paragraph(text) for text in _in_words(answer))]
    return [
        Section(title="", label=saved.marked_name, blocks=blocks),
        Section(title="In each future", blocks=[page.charts(present([costs(saved), collected(saved)])), _side(saved)]),
        Section(title="What stands, whatever comes", blocks=_stands(saved)),
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
    if saved.models[MODEL]["objective"] is None:
        return []
    found = present([costs(saved), collected(saved), use(saved)])
    return [map_chart(saved), *found] if has_map(saved) else found


def _tiles(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    unit = money_of(answer)
    pairs = [("Expected net present cost", answer["expected"]), ("With the future known first", answer["wait_and_see"])]
    pairs += [("Planned for the mean future", answer["mean_value"])]
    costs = [found["objective"] for found in _likely(answer).values()]
    pairs += [("In the best future", min(costs)), ("In the worst future", max(costs))]
    shown = [(label, "–" if value is None else f"{amount(value, 4)} {unit}") for label, value in pairs]
    return [*shown, ("Expected collection", f"{answer['kpis']['collection_rate']:.1%}")]


def _likely(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found for name, found in answer["scenarios"].items() if found["probability"] > 0}


def _in_words(answer: Mapping[str, Any]) -> list[str]:
    unit = money_of(answer)
    worth = worth_knowing(
        answer["evpi_within"],
        answer["vss"],
        answer["vss_within"],
        is_kept=answer["is_kept"] or answer["mean_future"] is None,
        shown=lambda value: f"{amount(value, 4)} {unit}",
    )
    if "sampling" in answer:
        worth.append(of_the_sample(answer["sampling"], lambda value: f"{amount(value, 4)} {unit}"))
    return [f"Minimised is {answer['risk']['words']}.", *worth]


def futures(saved: Saved) -> Table:
    """Return the futures side by side, dearest first, with the regret of this plan and of the mean future's."""
    answer = saved.models[MODEL]
    rows: list[list[Cell]] = []
    for name, found in sorted(answer["scenarios"].items(), key=lambda pair: -(pair[1]["objective"] or 0.0)):
        alone, mean = found["alone"], found["mean_plan"]
        of_mean = None if alone is None or mean is None else mean - alone
        rate = None if found["kpis"] is None else f"{found['kpis']['collection_rate']:.0%}"
        probability = f"{found['probability']:.3g}"
        rows.append([name, probability, found["objective"], alone, found["regret"], of_mean, rate])
    columns = ["Future", "Probability", "Cost", "Best alone", "Regret", "Regret of the plan for the mean", "Collected"]
    caption = f"What the plan costs in each future, and more than what had been best there ({money_of(answer)})"
    return Table(caption=caption, columns=columns, rows=rows, digits=0)


def _side(saved: Saved) -> str:
    return page.fold("Futures side by side", [page.table(futures(saved))], is_open=True)


def figures(saved: Saved) -> Table:
    """Return expected figures, with their range over the futures."""
    answer = saved.models[MODEL]
    rows: list[list[Cell]] = []
    for name, value in answer["kpis"].items():
        values = [found["kpis"][name] for found in _likely(answer).values()]
        shown = [f"{v:.1%}" if name.endswith("_rate") else amount(v, 4) for v in (value, min(values), max(values))]
        rows.append([figure_name(name, money_of(answer)), *shown])
    return Table(caption="Figures over the futures", columns=["Figure", "Expected", "Least", "Most"], rows=rows)


def _by_future(saved: Saved) -> pd.DataFrame:
    return saved.table("futures").sort_values("objective", kind="stable")


def costs(saved: Saved) -> dict[str, Any]:
    """Return what the plan costs in each future beside the best there, cheapest first."""
    table, unit = _by_future(saved), money_of(saved.models[MODEL])
    traces = [bars(table["scenario"], table["objective"], "this plan", COLORS[0], hovertemplate="%{y:,.0f}")]
    if table["alone"].notna().any():
        traces.append(bars(table["scenario"], table["alone"], "best alone", COLORS[1], hovertemplate="%{y:,.0f}"))
    axis = {"title": {"text": unit}}
    return chart("costs", "Net present cost by future", traces, height=340, barmode="group", yaxis=axis)


def collected(saved: Saved) -> dict[str, Any]:
    """Return the share of the returns that is collected in each future, in the order of the costs."""
    table = _by_future(saved)
    traces = [bars(table["scenario"], table["collection_rate"], "collected", COLORS[2], hovertemplate="%{y:.1%}")]
    axis = {"tickformat": ".0%", "rangemode": "tozero"}
    return chart("collected", "Collected of what returns, by future", traces, height=340, yaxis=axis)


def use(saved: Saved) -> dict[str, Any]:
    """Return how fully each type is used at the end: expected, with least and most over the futures."""
    last = standing_at_the_end(saved)
    sums = last.groupby("type", sort=False)[["capacity_t", "least_used_t", "expected_used_t", "most_used_t"]].sum()
    sums = sums[sums["capacity_t"] > 0]
    least, mean, most = (sums[f"{name}_used_t"] / sums["capacity_t"] for name in ("least", "expected", "most"))
    band = {"type": "data", "array": (most - mean).tolist(), "arrayminus": (mean - least).tolist(), "symmetric": False}
    names = [words.words(str(name)) for name in sums.index]
    traces = [bars(names, mean, "expected", COLORS[0], hovertemplate="%{y:.1%}", error_y=band)]
    title = "Share of capacity used at the end: expected, least and most over the futures"
    return chart("use", title, traces, height=340, yaxis={"tickformat": ".0%", "rangemode": "tozero"})


def facilities(saved: Saved) -> Table:
    """Return what stands at the end, with its use over the futures."""
    used = {"least_used_t": "Used at least, t", "expected_used_t": "Expected, t", "most_used_t": "At most, t"}
    return facilities_with_use(saved, used)


class _WithoutFlows:
    """A result of which the map shows what stands and no flows, which differ from future to future."""

    def __init__(self, saved: Saved) -> None:
        self._saved = saved

    def __getattr__(self, name: str) -> Any:
        return getattr(self._saved, name)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; of flows the columns alone."""
        found = self._saved.table(name)
        if name == "flows":
            return found.head(0)
        return found.assign(used_t=found["expected_used_t"]) if name == "facilities" else found


def map_chart(saved: Saved) -> dict[str, Any]:
    """Return the map of what stands, whatever comes."""
    content: Any = _WithoutFlows(saved)
    return {"name": "map", "title": "What stands where, whatever comes", "height": 300, "map": plan_map(content)}


def _stands(saved: Saved) -> list[str]:
    blocks = [page.charts(present([use(saved)]))]
    if has_map(saved):
        spec = map_chart(saved)
        blocks.insert(0, page.figure(spec, controls(spec["map"])))
    return [*blocks, page.fold("What stands at the end", [page.table(facilities(saved))])]
