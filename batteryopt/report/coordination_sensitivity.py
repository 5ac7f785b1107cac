"""What a coordination game depends on: profits and contract over each parameter, by formula."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from batteryopt.coordination import closed_form
from batteryopt.coordination.equilibrium import Equilibrium, Parameters
from batteryopt.coordination.instance import CoordinationInstance
from batteryopt.report import page
from batteryopt.report.charts import BLUE, DASHES, ORANGE, PINK, bars, chart, line
from batteryopt.report.coordination_contract import PLAYERS
from batteryopt.report.page import Section
from batteryopt.report.tables import number

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


def section(instance: CoordinationInstance) -> Section:
    """Return the section of what profits and contract depend on."""
    intro = page.paragraph(
        f"By formula: each parameter alone, by {SWING:.0%} down and up, then over a wider range. Lines end where a "
        "formula no longer applies, or where no contract coordinates."
    )
    title = "What it depends on"
    if not (found := charts(instance)):
        words_ = "The formulas do not apply here, since a constraint binds: batteryopt sweep shows it by optimiser."
        return Section(title=title, blocks=[page.paragraph(words_)])
    first, *others = found
    return Section(
        title=title,
        blocks=[intro, page.charts([{**first, "wide": True}, *others])],
    )


def charts(instance: CoordinationInstance) -> list[dict[str, Any]]:
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
