"""The page of a coordination game: who decides what and earns what, and which contract makes everyone better off."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from batteryopt.coordination import closed_form
from batteryopt.coordination.equilibrium import Equilibrium, Parameters
from batteryopt.coordination.instance import CoordinationInstance
from batteryopt.report import page, words
from batteryopt.report.charts import BLUE, DASHES, GREEN, ORANGE, PINK, Trace, bars, chart, line, points
from batteryopt.report.page import Section
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table, number

PLAYERS = {
    "manufacturer": ("Manufacturer", BLUE),
    "retailer": ("Retailer", ORANGE),
    "echelon_enterprise": ("Echelon enterprise", GREEN),
}
SYMBOLS = {
    "a": "market size a",
    "w": "wholesale price w",
    "w_t": "transfer price wₜ",
    "c_t": "testing cost cₜ",
    "f": "scrap value f",
    "theta": "usable share θ",
    "b": "voluntary returns b",
    "omega": "residual value ω",
    "beta": "service response β",
    "m": "echelon market size m",
    "c": "production cost c",
}
SWING = 0.1
"""Tornado bars show a change of each parameter by this share."""
REACH = 0.5
"""Curves go this share below and above the instance's value."""
SAMPLES = 121
SHARE_AXIS = {
    "overlaying": "y",
    "side": "right",
    "range": [0, 1],
    "tickmode": "array",
    "tickvals": [0, 0.25, 0.5, 0.75, 1],
    "showgrid": False,
    "automargin": True,
    "title": {"text": "cost share x"},
}


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    parts = [_opening(saved), *([_money(saved)] if _solved(saved) else [])]
    if _region(saved) is not None:
        parts.append(_contract(saved))
    if isinstance(saved.instance, CoordinationInstance):
        parts.append(_sensitivity(saved.instance))
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    models = _solved(saved)
    rows = [
        [words.words(name), *(_cell(a["decisions"].get(name)) for a in models.values())] for name in _decisions(models)
    ]
    rows += [
        [f"Profit, {title.lower()}", *(_cell(answer["profits"][key]) for answer in models.values())]
        for key, title in [(key, PLAYERS[key][0]) for key in PLAYERS] + [("supply_chain", "Supply chain")]
    ]
    found = {
        "models": Table(caption="Decisions and profits by model", columns=["", *map(words.model, models)], rows=rows)
    }
    if _region(saved) is not None:
        found["contract"] = _terms(saved)
    return found


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page."""
    found = [_profits(saved)] if _solved(saved) else []
    if _region(saved) is not None:
        found += [_triangle(saved)]
    if isinstance(saved.instance, CoordinationInstance):
        found += _sensitivity_charts(saved.instance)
    return found


# ---- the models ----------------------------------------------------------------------------------------------------


def _solved(saved: Saved) -> dict[str, Mapping[str, Any]]:
    return {name: answer for name, answer in saved.models.items() if answer["objective"] is not None}


def _decisions(models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for answer in models.values() for name in answer["decisions"]))


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
    return Section(title="", blocks=[page.head(saved, "Coordination game"), intro, page.tiles(chain), *missing])


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
        note="The contract's after the lump sums of Nash's bargaining solution." if _region(saved) else "",
        barmode="relative",
        yaxis={"autorange": "reversed"},
    )


def _label(name: str) -> str:
    return words.model(name).replace(", ", ",<br>")


def _by_player(saved: Saved, name: str) -> dict[str, float | None]:
    profits = {key: _total(saved.models[name]["profits"][key]) for key in PLAYERS}
    region = _region(saved)
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


def _cell(value: Any) -> float | str | None:
    if value is None:
        return None
    items = np.atleast_1d(np.asarray(value, dtype=float))
    return float(items[0]) if len(items) == 1 else f"{number(items.min())} to {number(items.max())}"


# ---- the contract --------------------------------------------------------------------------------------------------


def _region(saved: Saved) -> Mapping[str, Any] | None:
    region: Mapping[str, Any] | None = saved.models.get("contract", {}).get("pareto_region")
    return region


def _contract(saved: Saved) -> Section:
    intro = page.paragraph(
        "Under the contract the vehicles change hands at cost, and the enterprise bears a share of the recycling "
        "service. That makes the chain's profit the largest possible; the retailer then pays the lump sums K1 to the "
        "manufacturer and K2 to the enterprise. Inside the triangle, all three earn more than without the contract."
    )
    return Section(
        title="The contract",
        blocks=[intro, page.table(_terms(saved)), page.charts([{**_triangle(saved), "wide": True}])],
    )


def _terms(saved: Saved) -> Table:
    answer = saved.models["contract"]
    (k1, k2), terms, region = answer["pareto_region"]["nash_bargaining"], answer["terms"], answer["pareto_region"]
    rows = [
        ["Share of the service cost borne by the enterprise, x", _cell(terms["cost_share"])],
        ["Wholesale price, w", _cell(terms["wholesale_price"])],
        ["Lump sum to the manufacturer, K1 (Nash)", k1],
        ["Lump sum to the enterprise, K2 (Nash)", k2],
        ["Area of the Pareto region", region["area"]],
    ]
    return Table(caption="Terms of the contract", columns=["Term", "Value"], rows=rows, digits=4)


def _triangle(saved: Saved) -> dict[str, Any]:
    region = _region(saved)
    assert region is not None
    corners = [*region["corners"], region["corners"][0]]
    (x, y), inside = zip(*corners, strict=True), region.get("non_negative")
    y_all = y
    traces = [line(x, y, "Everyone gains", BLUE, fill="toself", fillcolor="rgba(47,126,188,0.16)", hoverinfo="skip")]
    if inside and min(*x, *y) < 0:
        x, y = zip(*[*inside["corners"], inside["corners"][0]], strict=True)
        traces.append(
            line(x, y, "… with K1, K2 ≥ 0", GREEN, fill="toself", fillcolor="rgba(42,157,120,0.22)", hoverinfo="skip")
        )
    traces += [_named_point(*named) for named in zip("ABCNE", *zip(*_named_points(region), strict=True), strict=False)]
    return chart(
        "pareto-region",
        "Lump sums with which all three gain",
        traces,
        x="K1, from retailer to manufacturer (money)",
        y="K2, from retailer to enterprise (money)",
        height=430,
        yaxis={"range": _stretched(y_all)},
    )


def _named_points(region: Mapping[str, Any]) -> list[tuple[str, Sequence[float]]]:
    """Return the corners and the fair points of the region, with their names."""
    names = ("all gain to the retailer", "all to the manufacturer", "all to the enterprise")
    fair, split = region["nash_bargaining"], region["equal_split"]
    corners = [*zip(names, region["corners"], strict=True)]
    if split is None or split == fair:
        return [*corners, ("Nash bargaining" if split is None else "Nash bargaining = equal split", fair)]
    return [*corners, ("Nash bargaining", fair), ("equal split", split)]


def _named_point(letter: str, name: str, place: Sequence[float]) -> Trace:
    """Return a point that bears a letter, its name and numbers being in the legend."""
    title = f"{letter}: {name} ({number(place[0])}; {number(place[1])})"
    style = {"mode": "markers+text", "textposition": "top right", "cliponaxis": False, "text": [f" {letter} "]}
    hover = {"hovertemplate": f"{title}<extra></extra>", "textfont": {"color": "var(--ink)", "size": 13}}
    return points([place[0]], [place[1]], title, ORANGE if letter in "NE" else BLUE, **style, **hover)


def _stretched(values: Sequence[float]) -> list[float]:
    """Return a range with room for words below and above."""
    low, high = min(values), max(values)
    room = 0.14 * (high - low)
    return [low - room, high + room / 2]


# ---- sensitivity ---------------------------------------------------------------------------------------------------


def _sensitivity(instance: CoordinationInstance) -> Section:
    intro = page.paragraph(
        f"By formula: each parameter alone, by {SWING:.0%} down and up, then over a wider range. Lines end where a "
        "formula no longer applies, or where no contract coordinates."
    )
    title = "What it depends on"
    if not (found := _sensitivity_charts(instance)):
        words_ = "The formulas do not apply here, since a constraint binds: batteryopt sweep shows it by optimiser."
        return Section(title=title, blocks=[page.paragraph(words_)])
    first, *others = found
    return Section(
        title=title,
        blocks=[intro, page.charts([{**first, "wide": True}, *others])],
    )


def _sensitivity_charts(instance: CoordinationInstance) -> list[dict[str, Any]]:
    """Return the charts; none where the decentralised formula does not apply to the instance itself."""
    base = Parameters.of(instance)
    return [_tornado(base), *_curves(base)] if bool(closed_form.decentralized(base).applies) else []


def _varied(base: Parameters) -> Iterator[tuple[str, float]]:
    """Yield the parameters that are not zero, with their values."""
    for symbol in SYMBOLS:
        value = float(getattr(base, symbol))
        if value != 0:
            yield symbol, value


def _tornado(base: Parameters) -> dict[str, Any]:
    """Return how far the chain's profit moves, decentralised, with each parameter."""
    centre = float(closed_form.decentralized(base).pi_S)
    rows = []
    for symbol, value in _varied(base):
        below, above = (_chain(base, symbol, value * (1 + step)) for step in (-SWING, SWING))
        rows.append((SYMBOLS[symbol], below - centre, above - centre))
    rows.sort(key=lambda row: max(abs(row[1]), abs(row[2])) if row[1] == row[1] and row[2] == row[2] else 0.0)
    names, downs, ups = zip(*rows, strict=True)
    more = {"orientation": "h", "hovertemplate": "%{x:+,.2f}", "base": 0}
    traces = [
        bars(names, downs, f"parameter {SWING:.0%} lower", ORANGE, **more),
        bars(names, ups, f"parameter {SWING:.0%} higher", BLUE, **more),
    ]
    return chart(
        "tornado",
        "Chain profit, decentralised: what moves it most",
        traces,
        x="change of profit (money)",
        note=f"One parameter at a time; the instance itself gives {number(centre)}.",
        height=110 + 30 * len(rows),
        barmode="overlay",
        bargap=0.35,
    )


def _chain(base: Parameters, symbol: str, value: float) -> float:
    found = closed_form.decentralized(dataclasses.replace(base, **cast(Any, {symbol: value})))
    return float(found.pi_S) if bool(found.applies) else float("nan")


def _curves(base: Parameters) -> Iterator[dict[str, Any]]:
    for symbol, value in _varied(base):
        low, high = sorted((value * (1 - REACH), value * (1 + REACH)))
        high = min(high, 0.99) if symbol == "theta" else high
        values = np.linspace(low, high, SAMPLES)
        yield _curve(dataclasses.replace(base, **cast(Any, {symbol: values})), symbol, values, value)


def _curve(g: Parameters, symbol: str, values: Any, here: float) -> dict[str, Any]:
    """Return the players' profits, and the contract's cost share on the right axis, over one parameter."""
    before, contract = closed_form.decentralized(g), closed_form.contract(g)
    traces = [
        line(values, _where(before, profit), f"{title}", color)
        for (title, color), profit in zip(PLAYERS.values(), (before.pi_M, before.pi_R, before.pi_T), strict=True)
    ]
    traces.append(line(values, _where(contract, contract.x), "Cost share x (right)", PINK, dash=DASHES[1], yaxis="y2"))
    mark = {"type": "line", "x0": here, "x1": here, "y0": 0, "y1": 1, "yref": "paper"}
    return chart(
        f"over-{symbol.replace('_', '-')}",
        SYMBOLS[symbol][:1].upper() + SYMBOLS[symbol][1:],
        traces,
        x=SYMBOLS[symbol],
        y="profit, decentralised (money)",
        height=320,
        yaxis2=SHARE_AXIS,
        shapes=[{**mark, "line": {"color": "var(--soft)", "width": 1, "dash": "dot"}}],
    )


def _where(found: Equilibrium, values: Any) -> list[float]:
    shape = np.broadcast_shapes(np.shape(found.applies), np.shape(values), np.shape(found.pi_S))
    kept = np.where(np.broadcast_to(found.applies, shape), np.broadcast_to(values, shape), np.nan)
    return [float(value) for value in np.broadcast_to(kept, (SAMPLES,))]
