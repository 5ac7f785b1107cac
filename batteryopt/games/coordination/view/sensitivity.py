"""What a coordination game depends on: profits and the contract over each parameter, by formula."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.view.contract import PLAYERS
from batteryopt.report import page
from batteryopt.report.charts import BLUE, DASHES, GREEN, ORANGE, PINK, YELLOW, bars, chart, line
from batteryopt.report.section import Section
from batteryopt.report.tables import number

Floats: TypeAlias = npt.NDArray[np.float64]
Names: TypeAlias = Mapping[str, str]

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
PROFITS = {
    "": "Chain profit, decentralised",
    "manufacturer": "Manufacturer's profit, decentralised",
    "retailer": "Retailer's profit, decentralised",
    "echelon-enterprise": "Echelon enterprise's profit, decentralised",
}
TERMS = {
    "gain": "What the contract gains the chain",
    "cost-share": "Contract: cost share x",
    "k1": "Contract: lump sum K1 (Nash)",
    "k2": "Contract: lump sum K2 (Nash)",
}
FIRST = ("tornado", "tornado-gain")
"""Charts of the chain, which people look at first."""
BINDS = "The formulas do not apply here, since a constraint binds: batteryopt sweep shows it by optimiser."
MOST_BARS = 20
UNMOVED = 1e-9
"""Parameters that move a quantity by less than this share of it have no bar."""


def section(instance: CoordinationInstance) -> Section:
    """Return the section of what profits and contract depend on."""
    title = "What it depends on"
    if not (found := charts(instance)):
        return Section(title=title, blocks=[page.paragraph(BINDS)])
    intro = page.paragraph(
        f"By formula: each parameter alone, by {SWING:.0%} down and up, then over a wider range; profits and, beside "
        "them, the contract. What a parameter does not move has no bar; lines end where a formula no longer applies, "
        "or where no contract coordinates."
    )
    curves = [spec for spec in found if not spec["name"].startswith("tornado")]
    folded = page.fold(f"Over a wider range, parameter by parameter: {len(curves)} charts", [page.charts(curves)])
    return Section(title=title, blocks=[intro, *tornado_blocks(found), folded])


def tornado_blocks(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the tornados of the chain, and folded away those of each player and term."""
    bars_ = [spec for spec in found if spec["name"].startswith("tornado")]
    first = [spec for spec in bars_ if spec["name"] in FIRST]
    others = [spec for spec in bars_ if spec["name"] not in FIRST]
    return [page.charts(first), page.fold(f"Each player and each term: {len(others)} charts", [page.charts(others)])]


def charts(instance: CoordinationInstance) -> list[dict[str, Any]]:
    """Return tornados and curves, a profit beside a term; none where the decentralised formula does not apply."""
    base = Parameters.of(instance)
    if not bool(closed_form.decentralized(base).applies):
        return []
    moved = {symbol: _moved(base, symbol, value) for symbol, value in varied(base)}
    return [*tornados(quantities(base), moved, SYMBOLS), *_curves(base)]


def _moved(base: Parameters, symbol: str, value: float) -> tuple[Mapping[str, Floats], Mapping[str, Floats]]:
    """Return what profits and terms become with a parameter lower and higher."""
    down, up = (quantities(changed(base, **{symbol: value * (1 + step)})) for step in (-SWING, SWING))
    return down, up


def varied(base: Parameters) -> Iterator[tuple[str, float]]:
    """Yield the parameters that are not zero, with their values."""
    for symbol in SYMBOLS:
        value = float(getattr(base, symbol))
        if value != 0:
            yield symbol, value


def changed(base: Parameters, **values: Any) -> Parameters:
    """Return the parameters with some of them replaced by numbers or arrays."""
    return dataclasses.replace(base, **cast(Any, values))


def quantities(g: Parameters, shape: tuple[int, ...] = ()) -> Mapping[str, Floats]:
    """Return profits and contract terms by their keys in `PROFITS` and `TERMS`; NaN where a formula does not apply."""
    with np.errstate(invalid="ignore"):
        before, after, sums = closed_form.decentralized(g), closed_form.contract(g), closed_form.lump_sums(g)
    third = np.asarray(sums.gain) / 3
    profits = (before.pi_S, before.pi_M, before.pi_R, before.pi_T)
    terms = (sums.gain, after.x, sums.least_K1 + third, sums.least_K2 + third)
    exists = np.logical_and(sums.exists, np.greater(sums.gain, 0))
    return {
        name: np.where(np.broadcast_to(mask, shape), np.broadcast_to(value, shape), np.nan).astype(float)
        for names, values, mask in ((PROFITS, profits, before.applies), (TERMS, terms, exists))
        for name, value in zip(names, values, strict=True)
    }


def tornados(
    centre: Mapping[str, Floats], moved: Mapping[str, tuple[Mapping[str, Floats], Mapping[str, Floats]]], names: Names
) -> list[dict[str, Any]]:
    """Return a tornado of each profit and term, a profit beside a term; none of what nothing moves.

    Parameters
    ----------
    centre
        Profits and terms of the instance itself, by their keys in `PROFITS` and `TERMS`.
    moved
        By parameter: the same with it lower, and higher.
    names
        What each parameter is called.
    """
    keys = [key for pair in zip(PROFITS, TERMS, strict=True) for key in pair]
    found = (
        tornado(
            "-".join(filter(None, ("tornado", key))),
            f"{(PROFITS | TERMS)[key]}: what moves it most",
            float(centre[key]),
            [(names[symbol], float(down[key]), float(up[key])) for symbol, (down, up) in moved.items()],
            is_money=key != "cost-share",
        )
        for key in keys
    )
    return [spec for spec in found if spec is not None]


def tornado(
    name: str, title: str, centre: float, ends: Iterable[tuple[str, float, float]], *, is_money: bool = True
) -> dict[str, Any] | None:
    """Return how far a number moves with each parameter, the farthest on top; None where there is nothing to move."""
    rows = [(words, down - centre, up - centre) for words, down, up in ends]
    rows = [row for row in rows if _size(*row[1:]) > UNMOVED * max(1.0, abs(centre))]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: _size(*row[1:]))[-MOST_BARS:]
    names, downs, ups = zip(*rows, strict=True)
    more = {"orientation": "h", "hovertemplate": "%{x:+,.4~g}", "base": 0}
    traces = [
        bars(names, downs, f"parameter {SWING:.0%} lower", ORANGE, **more),
        bars(names, ups, f"parameter {SWING:.0%} higher", BLUE, **more),
    ]
    return chart(
        name,
        title,
        traces,
        x="change (money)" if is_money else "change",
        note=f"One parameter at a time; the instance itself gives {number(centre, 2 if is_money else 4)}.",
        height=120 + 26 * len(rows),
        barmode="overlay",
        bargap=0.35,
    )


def _size(*changes: float) -> float:
    """Return the largest change; 0 where none can be had."""
    return max((abs(change) for change in changes if change == change), default=0.0)


def _curves(base: Parameters) -> Iterator[dict[str, Any]]:
    for symbol, value in varied(base):
        low, high = sorted((value * (1 - REACH), value * (1 + REACH)))
        high = min(high, 0.99) if symbol == "theta" else high
        values = np.linspace(low, high, SAMPLES)
        found = quantities(changed(base, **{symbol: values}), (SAMPLES,))
        yield _profit_curve(found, symbol, values, value)
        if np.isfinite(found["cost-share"]).any():
            yield _contract_curve(found, symbol, values, value)


def _profit_curve(found: Mapping[str, Floats], symbol: str, values: Floats, here: float) -> dict[str, Any]:
    keys = [key for key in PROFITS if key]
    traces = [
        line(values, found[key], title, color) for key, (title, color) in zip(keys, PLAYERS.values(), strict=True)
    ]
    return _over(symbol, "", "profits", traces, here, y="profit, decentralised (money)")


def _contract_curve(found: Mapping[str, Floats], symbol: str, values: Floats, here: float) -> dict[str, Any]:
    """Return lump sums and gain, and the cost share on the right axis."""
    shown = {"k1": ("K1, to the manufacturer", BLUE), "k2": ("K2, to the enterprise", GREEN), "gain": ("Gain", YELLOW)}
    traces = [line(values, found[key], title, color) for key, (title, color) in shown.items()]
    traces.append(line(values, found["cost-share"], "Cost share x (right)", PINK, dash=DASHES[1], yaxis="y2"))
    return _over(symbol, "-contract", "the contract", traces, here, y="lump sums, gain (money)", yaxis2=SHARE_AXIS)


def _over(
    symbol: str, ending: str, what: str, traces: list[dict[str, Any]], here: float, **more: Any
) -> dict[str, Any]:
    mark = {"type": "line", "x0": here, "x1": here, "y0": 0, "y1": 1, "yref": "paper"}
    title = SYMBOLS[symbol][:1].upper() + SYMBOLS[symbol][1:]
    return chart(
        f"over-{symbol.replace('_', '-')}{ending}",
        f"{title}: {what}",
        traces,
        x=SYMBOLS[symbol],
        height=320,
        shapes=[{**mark, "line": {"color": "var(--soft)", "width": 1, "dash": "dot"}}],
        **more,
    )
