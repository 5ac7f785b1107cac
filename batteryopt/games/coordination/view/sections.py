"""The page of a coordination game: who decides what and earns what, and which contract makes everyone better off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.view import contract, existence, sensitivity
from batteryopt.games.coordination.view import network_form as network
from batteryopt.games.coordination.view.contract import PLAYERS, cell
from batteryopt.report import page, words
from batteryopt.report.charts import PINK, bars, chart
from batteryopt.report.family_view import FamilyView
from batteryopt.report.results import Saved
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table, number

UNITS = {
    "retail_price": "money/vehicle",
    "wholesale_price": "money/vehicle",
    "transfer_price": "money/battery",
    "recycling_service": "service units",
    "sales_effort": "money/battery",
}
"""Of the decisions; an effort raises the price of an echelon battery by as much."""


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    parts = [_opening(saved), *([_money(saved)] if _solved(saved) else [])]
    if contract.region(saved) is not None:
        parts.append(contract.section(saved))
    if isinstance(saved.instance, CoordinationInstance):
        parts += [existence.section(saved.instance), sensitivity.section(saved.instance)]
    if isinstance(saved.instance, CoordinationNetwork):
        parts.append(network.section(saved.instance))
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    models = _solved(saved)
    rows = [
        [_with_unit(name), *(cell(a["decisions"].get(name)) for a in models.values())] for name in _decisions(models)
    ]
    rows += [
        [f"Profit, {title.lower()} (money)", *(cell(answer["profits"][key]) for answer in models.values())]
        for key, title in [(key, PLAYERS[key][0]) for key in PLAYERS] + [("supply_chain", "Supply chain")]
    ]
    found = {
        "models": Table(caption="Decisions and profits by model", columns=["", *map(words.model, models)], rows=rows)
    }
    if contract.region(saved) is not None:
        found["contract"] = contract.terms(saved)
    if isinstance(saved.instance, CoordinationInstance):
        found["contract-ranges"] = existence.ranges(saved.instance)
    return found


def long_tables(saved: Saved) -> dict[str, Table]:
    """Return what is too long for a paper: every region and enterprise, and the points of the Pareto region."""
    models = _solved(saved)
    found = {}
    rows = [
        *_items(models, "decisions", _with_unit),
        *_items(models, "profits", lambda name: f"Profit, {words.words(name).lower()}"),
    ]
    if rows:
        columns = ["", "Number", *map(words.model, models)]
        found["regions"] = Table(caption="Each region and enterprise", columns=columns, rows=rows, digits=4)
    if (region := contract.region(saved)) is not None:
        points: list[list[Cell]] = [[name, *place] for name, place in contract.named_points(region)]
        caption = "Lump sums with which all three gain: corners, and fair points"
        columns = ["Point", "K1, from retailer to manufacturer", "K2, from retailer to enterprise"]
        found["pareto-region"] = Table(caption=caption, columns=columns, rows=points, digits=4)
    return found


def _items(models: Mapping[str, Mapping[str, Any]], part: str, title: Callable[[str], str]) -> Iterator[list[Cell]]:
    """Yield a row for every item of the decisions, or profits, that are of several regions or enterprises."""
    for name in dict.fromkeys(name for answer in models.values() for name in answer[part]):
        values = [_flat(answer[part].get(name)) for answer in models.values()]
        length = max(len(items) for items in values)
        for i in range(length if length > 1 else 0):
            yield [title(name), str(i + 1), *(float(items[i]) if i < len(items) else None for items in values)]


def _flat(value: Any) -> list[float]:
    return [] if value is None else np.atleast_1d(np.asarray(value, dtype=float)).ravel().tolist()


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page."""
    found = [_profits(saved)] if _solved(saved) else []
    if contract.region(saved) is not None:
        found += [contract.triangle(saved)]
    if isinstance(saved.instance, CoordinationInstance):
        found += [*existence.charts(saved.instance), *sensitivity.charts(saved.instance)]
    if isinstance(saved.instance, CoordinationNetwork):
        found += network.charts(saved.instance)
    return found


# ---- the models ----------------------------------------------------------------------------------------------------


def _solved(saved: Saved) -> dict[str, Mapping[str, Any]]:
    return {name: answer for name, answer in saved.models.items() if answer["objective"] is not None}


def _decisions(models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for answer in models.values() for name in answer["decisions"]))


def _with_unit(decision: str) -> str:
    return words.words(decision) + (f" ({UNITS[decision]})" if decision in UNITS else "")


def _opening(saved: Saved) -> Section:
    models = _solved(saved)
    intro = page.paragraph(
        "A manufacturer sells vehicles through a retailer and brings retired batteries back by its recycling service; "
        "an echelon enterprise gives the usable ones a second life. All in the instance's own units."
    )
    chain = [
        (f"Chain profit, {words.model(n).lower()}", number(a["profits"]["supply_chain"])) for n, a in models.items()
    ]
    missing = [
        page.paragraph(f"{words.model(name)}: {(answer.get('reason') or answer['stop_reason']).rstrip('.')}.")
        for name, answer in saved.models.items()
        if answer["objective"] is None
    ]
    blocks = [page.head(saved, "Coordination game"), intro, page.tiles(chain), *missing]
    return Section(title="", label=saved.marked_name, blocks=blocks)


def _money(saved: Saved) -> Section:
    return Section(
        title="Decisions and profits",
        blocks=[page.table(tables(saved)["models"]), page.charts([{**_profits(saved), "wide": True}])],
    )


def _profits(saved: Saved) -> dict[str, Any]:
    """Return profits stacked by player; the contract's after fair lump sums, where there are any."""
    rows = {_label(name): _by_player(saved, name) for name in _solved(saved)}
    traces = [
        bars(rows, [row[key] for row in rows.values()], title, color, orientation="h", hovertemplate="%{x:,.2f}")
        for key, (title, color) in PLAYERS.items()
        if any(row[key] is not None for row in rows.values())
    ]
    whole = [_one_owner(saved, name) for name in _solved(saved)]
    if any(value is not None for value in whole):
        more = {"orientation": "h", "hovertemplate": "%{x:,.2f}"}
        traces.append(bars(rows, whole, "Chain under one owner", PINK, **more))
    return chart(
        "profits",
        "Profits by player",
        traces,
        x="profit (money)",
        height=110 + 52 * len(rows),
        note="The contract's after the lump sums of Nash's bargaining solution." if contract.region(saved) else "",
        barmode="relative",
        yaxis={"autorange": "reversed"},
    )


def _label(name: str) -> str:
    return words.model(name).replace(", ", ",<br>")


def _by_player(saved: Saved, name: str) -> dict[str, float | None]:
    profits = {key: _total(saved.models[name]["profits"][key]) for key in PLAYERS}
    region = contract.region(saved)
    if name != "contract" or region is None:
        return profits
    k1, k2 = region["nash_bargaining"]
    paid = {"manufacturer": k1, "retailer": -(k1 + k2), "echelon_enterprise": k2}
    return {key: None if value is None else value + paid[key] for key, value in profits.items()}


def _one_owner(saved: Saved, name: str) -> float | None:
    profits = saved.models[name]["profits"]
    return profits["supply_chain"] if profits["manufacturer"] is None else None


def _total(value: Any) -> float | None:
    return None if value is None else float(np.sum(value))


VIEW = FamilyView(
    noun="coordination game",
    sections=sections,
    tables=tables,
    charts=charts,
    long_tables=long_tables,
    main_chart="profits",
)
