"""The page of a differential game: paths under each regime, what they are worth, and what credits change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.view import credits as credits_
from batteryopt.games.differential.view import general_credits, regimes
from batteryopt.games.differential.view.regimes import MODEL_COLORS, PLAYERS
from batteryopt.report import page, words
from batteryopt.report.charts import PINK, bars, chart, line
from batteryopt.report.family_view import FamilyView
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, number

MODEL_DASHES = {"integrated": "solid", "decentralized": "solid", "contract": "dash"}
"""The contract's paths lie on the integrated ones: dashes show both."""
PATHS = {
    "efficiency": "efficiency m",
    "innovation": "green innovation g",
    "prices": "retail price (money/vehicle)",
    "wholesale_prices": "wholesale price (money/vehicle)",
    "demands": "demand (vehicles/month)",
}


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    parts = [_opening(saved), *([_worth(saved), _paths(saved)] if _solved(saved) else [])]
    if isinstance(saved.instance, DifferentialGameInstance):
        parts += [_regimes(saved.instance), _credits(saved.instance)]
    elif general := _general_charts(saved):
        intro = page.paragraph("By formula: what the credit price changes. The dotted line is this instance's.")
        parts.append(Section(title="Credits", blocks=[intro, page.charts(general)]))
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    models = _solved(saved)
    columns = ["", *map(words.model, models)]
    worth = [
        [title, *(answer["present_value"][key] for answer in models.values())]
        for key, title in (("manufacturer", "Manufacturer"), ("retailer", "Retailer"), ("supply_chain", "Supply chain"))
    ]
    if several := list(_by_retailer(models)):
        worth[1][0] = "Retailers together"
        worth[2:2] = several
    steady = [
        [label, *(_item(answer["steady_state"], key, index) for answer in models.values())]
        for key, index, label in _steady_rows(models)
    ]
    decay = list(_decay_rows(models))
    found = {"present-values": Table(caption="Present values at the start (money)", columns=columns, rows=worth)}
    if steady:
        found["steady-state"] = Table(caption="Steady state", columns=columns, rows=[*steady, *decay], digits=4)
    if regimes_ := _regime_row(models):
        found["pricing"] = Table(
            caption="How prices move: falling to the steady state (skimming) or rising to it (penetration)",
            columns=columns,
            rows=[regimes_],
        )
    return found


def long_tables(saved: Saved) -> dict[str, Table]:
    """Return what is too long for a paper: every path at every time."""
    models = _solved(saved)
    widths = {key: _width(models, key) for key in PATHS}
    columns = ["Model", "Time (months)"]
    for key, axis in PATHS.items():
        name, _, unit = axis.partition(" (")
        for i in range(widths[key]):
            number_ = f" {i + 1}" if widths[key] > 1 else ""
            columns.append(f"{name[:1].upper()}{name[1:]}{number_}" + (f" ({unit}" if unit else ""))
    rows = [
        row for name, answer in models.items() for row in _path_rows(words.model(name), answer["trajectory"], widths)
    ]
    return {"paths": Table(caption="Paths over time", columns=columns, rows=rows, digits=4)} if rows else {}


def _path_rows(model: str, path: Mapping[str, Any], widths: Mapping[str, int]) -> Iterator[list[Cell]]:
    for t, time in enumerate(path["time"]):
        row: list[Cell] = [model, time]
        for key, width in widths.items():
            values = path.get(key)
            row += [None] * width if values is None else [*np.atleast_1d(values[t]).tolist()]
        yield row


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page."""
    found = [_present_value(saved), *_path_charts(saved)] if _solved(saved) else []
    if isinstance(saved.instance, DifferentialGameInstance):
        found += [*regimes.charts(saved.instance), *_credit_charts(saved.instance)]
    return [*found, *_general_charts(saved)]


# ---- what was solved -----------------------------------------------------------------------------------------------


def _solved(saved: Saved) -> dict[str, Mapping[str, Any]]:
    return {name: answer for name, answer in saved.models.items() if answer["objective"] is not None}


def _opening(saved: Saved) -> Section:
    intro = page.paragraph(
        "A manufacturer builds up the energy efficiency of its vehicles by green innovation and earns credits for "
        "every vehicle; a retailer sets the retail prices. Time is in months, money in the instance's own unit."
    )
    figures = [
        (f"Present value of the chain, {words.model(name).lower()}", number(answer["present_value"]["supply_chain"]))
        for name, answer in _solved(saved).items()
    ]
    shares = saved.models.get("contract", {}).get("share_range")
    if shares:
        figures.append(("Shares of the retailer that both accept", f"{number(shares[0], 3)} to {number(shares[1], 3)}"))
    missing = [
        page.paragraph(f"{words.model(name)}: {(answer.get('reason') or answer['stop_reason']).rstrip('.')}.")
        for name, answer in saved.models.items()
        if answer["objective"] is None
    ]
    blocks = [page.head(saved, "Differential game"), intro, page.tiles(figures), *missing]
    return Section(title="", label=saved.marked_name, blocks=blocks)


def _worth(saved: Saved) -> Section:
    found = tables(saved)
    blocks = [*(page.table(table) for table in found.values()), page.charts([{**_present_value(saved), "wide": True}])]
    return Section(title="What it is worth, and where it leads", blocks=blocks)


def _present_value(saved: Saved) -> dict[str, Any]:
    models = _solved(saved)
    names = [words.model(name) for name in models]
    more = {"orientation": "h", "hovertemplate": "%{x:,.1f}"}
    traces = [
        bars(names, [answer["present_value"][key] for answer in models.values()], title, color, **more)
        for key, (title, color) in PLAYERS.items()
    ]
    whole = [
        answer["present_value"]["supply_chain"] if answer["present_value"]["manufacturer"] is None else None
        for answer in models.values()
    ]
    if any(value is not None for value in whole):
        traces.append(bars(names, whole, "Chain under one owner", PINK, **more))
    return chart(
        "present-values",
        "Present value by player",
        traces,
        x="present value (money)",
        height=110 + 50 * len(names),
        barmode="relative",
        yaxis={"autorange": "reversed"},
    )


# ---- paths ---------------------------------------------------------------------------------------------------------


def _paths(saved: Saved) -> Section:
    intro = page.paragraph(
        "Each model's own answer over time. Lines that coincide are drawn one dashed upon the other."
    )
    return Section(title="Paths", blocks=[intro, page.charts(_path_charts(saved))])


def _path_charts(saved: Saved) -> list[dict[str, Any]]:
    models = _solved(saved)
    found = []
    for key, axis in PATHS.items():
        for index in range(_width(models, key)):
            traces = [
                line(
                    answer["trajectory"]["time"],
                    _column(values, index),
                    words.model(name),
                    MODEL_COLORS[name],
                    dash=MODEL_DASHES[name],
                )
                for name, answer in models.items()
                if (values := answer["trajectory"].get(key)) is not None
            ]
            title = axis.partition(" (")[0][:1].upper() + axis.partition(" (")[0][1:]
            number_ = f" of vehicle {index + 1}" if key in ("prices", "wholesale_prices", "demands") else ""
            level = f" {index + 1}" if not number_ and _width(models, key) > 1 else ""
            name = f"path-{key.replace('_', '-')}-{index + 1}"
            found.append(chart(name, title + number_ + level, traces, x="time (months)", y=axis, height=310))
    return found


def _width(models: Mapping[str, Mapping[str, Any]], key: str) -> int:
    """Return how many vehicles, levels or efforts a path has."""
    for answer in models.values():
        values = answer["trajectory"].get(key)
        if values:
            return len(values[0]) if isinstance(values[0], list) else 1
    return 0


def _column(values: list[Any], index: int) -> list[float]:
    return [row[index] if isinstance(row, list) else row for row in values]


def _steady_rows(models: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """Yield key, position and words for each number of the steady state."""
    answers = [answer["steady_state"] for answer in models.values() if answer["steady_state"]]
    for key, axis in PATHS.items():
        found = [np.atleast_1d(steady[key]) for steady in answers if steady.get(key) is not None]
        for index in range(len(found[0]) if found else 0):
            number_ = f", {index + 1}" if len(found[0]) > 1 else ""
            name, _, unit = axis.partition(" (")
            yield key, index, name[:1].upper() + name[1:] + number_ + (f" ({unit}" if unit else "")


def _item(steady: Mapping[str, Any] | None, key: str, index: int) -> float | None:
    values = None if steady is None else steady.get(key)
    return None if values is None else float(np.atleast_1d(values)[index])


def _by_retailer(models: Mapping[str, Mapping[str, Any]]) -> Iterator[list[Cell]]:
    """Yield what each retailer earns, where there are several."""
    earned = [answer["present_value"].get("retailers") or [] for answer in models.values()]
    for j in range(max(map(len, earned), default=0)):
        yield [f"Retailer {j + 1}", *(values[j] if j < len(values) else None for values in earned)]


def _decay_rows(models: Mapping[str, Mapping[str, Any]]) -> Iterator[list[Cell]]:
    """Yield the rates at which efficiency nears its steady state: as many as there are levels."""
    rates = [[] if answer["decay_rate"] is None else answer["decay_rate"] for answer in models.values()]
    by_model = [np.atleast_1d(rate).tolist() for rate in rates]
    count = max(map(len, by_model), default=0)
    for j in range(count):
        name = f"Decay rate, {j + 1} (1/month)" if count > 1 else "Decay rate (1/month)"
        yield [name, *(values[j] if j < len(values) else None for values in by_model)]


def _regime_row(models: Mapping[str, Mapping[str, Any]]) -> list[Cell] | None:
    found = [(answer.get("pricing") or {}).get("regime") for answer in models.values()]
    return ["Pricing regime", *found] if any(found) else None


# ---- by formula ----------------------------------------------------------------------------------------------------


def _regimes(instance: DifferentialGameInstance) -> Section:
    intro = page.paragraph(
        "By formula, for the game without further constraints: where paths lead from either side of the steady state."
    )
    return Section(title="Regimes", blocks=[intro, page.charts(regimes.charts(instance))])


def _credits(instance: DifferentialGameInstance) -> Section:
    intro = page.paragraph("By formula, for the game without further constraints: what the credit policy changes.")
    return Section(title="Credits and shares", blocks=[intro, page.charts(_credit_charts(instance))])


def _general_charts(saved: Saved) -> list[dict[str, Any]]:
    instance = saved.instance
    return general_credits.charts(instance) if isinstance(instance, GeneralDifferentialGame) else []


def _credit_charts(instance: DifferentialGameInstance) -> list[dict[str, Any]]:
    *curves, surface = credits_.charts(instance)
    return [*curves, {**surface, "wide": True}]


VIEW = FamilyView(
    noun="differential game",
    sections=sections,
    tables=tables,
    charts=charts,
    long_tables=long_tables,
    main_chart="path-efficiency-1",
)
