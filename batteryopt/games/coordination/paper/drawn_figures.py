"""The figures of the coordination paper, drawn anew at the parameters that we recovered from its Table 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.games.coordination.answer import CoordinationResult
from batteryopt.games.coordination.judge.pareto import ParetoRegion, pareto_region
from batteryopt.games.coordination.paper.published import TABLE_2
from batteryopt.games.coordination.solution import Model, Profits, Solution, as_array
from batteryopt.games.shell.redrawn import FORMULA, OPTIMIZER, PANEL, ROUTE, SERIES, Drawing, Pen, RedrawnFigure
from batteryopt.report.charts import BLUE, GREEN, ORANGE

PLAYERS = {"manufacturer": BLUE, "retailer": ORANGE, "echelon_enterprise": GREEN}
_NAMES = {"manufacturer": "manufacturer", "retailer": "retailer", "echelon_enterprise": "echelon enterprise"}
_SUMS = ("K1", "K2")
_GAINS = {"K1": {"manufacturer": 1.0, "retailer": -1.0}, "K2": {"echelon_enterprise": 1.0, "retailer": -1.0}}
"""Who gets a lump sum, and who pays it, (8) to (10)."""
_PAID_TO = {"K1": "K1, from retailer to manufacturer (money)", "K2": "K2, from retailer to enterprise (money)"}
_ROOM = 0.35
"""By how much of its length an axis goes beyond the lump sums with which all gain, on either side."""
_POINTS = 41

Row = dict[str, Any]


def redrawn(result: CoordinationResult) -> tuple[RedrawnFigure, ...]:
    """Return the paper's figures, from both routes' answers to its three models; without a contract only the first."""
    by_formula = {model: answer.solution for model, answer in (result.closed_form or {}).items() if answer.solution}
    by_optimizer = {model: answer.solution for model, answer in result.models.items() if answer.solution}
    if not {Model.DECENTRALIZED, Model.CONTRACT} <= set(by_formula):
        return ()
    before, contract = by_formula[Model.DECENTRALIZED].profits, by_formula[Model.CONTRACT].profits
    region = pareto_region(contract=contract, before=before)
    first = _fig_1(by_formula[Model.DECENTRALIZED])
    if region is None:
        return (first,)
    return first, _fig_2(region, before, contract, by_optimizer), _triangle(region)


# --- Fig. 1 -----------------------------------------------------------------------------------------------------------

_PLACES = {
    "manufacturer": (1.0, 1.0),
    "retailer": (2.0, 1.0),
    "car owners": (2.0, 0.0),
    "enterprise": (1.0, 0.0),
    "storage market": (0.0, 0.0),
    "regeneration": (0.0, 1.0),
}


def _fig_1(apart: Solution) -> RedrawnFigure:
    """Return the schematic with what flows in it, decentralised."""
    game, outcome = apart.instance, apart.outcome
    demand, returned = float(np.sum(outcome.demand)), float(np.sum(outcome.returns))
    usable = float(outcome.usable)
    flows = [
        (
            "vehicles to the retailer, at w",
            "manufacturer",
            "retailer",
            demand,
            float(as_array(apart.wholesale_price)[0]),
        ),
        ("vehicles to car owners, at p", "retailer", "car owners", demand, float(as_array(apart.retail_price)[0])),
        ("retired batteries to the manufacturer", "car owners", "manufacturer", returned, None),
        ("usable ones to the enterprise, at w_t", "manufacturer", "enterprise", usable, float(game.transfer_price)),
        ("reused ones to the market, at p_m", "enterprise", "storage market", usable, float(outcome.resale_price[0])),
        (
            "scrapped ones to regeneration, for f",
            "manufacturer",
            "regeneration",
            returned - usable,
            float(game.scrap_value),
        ),
    ]
    frame = pd.DataFrame(flows, columns=[SERIES, "from", "to", "amount", "price"])
    return RedrawnFigure(
        number="Fig. 1",
        title="Schematic of the closed-loop supply chain",
        printed="A scheme without numbers: vehicles go forward to car owners, retired batteries back to the "
        "manufacturer, the usable share theta on to echelon use and the rest to regeneration.",
        note="The data has what flows at the parameters of Table 2, decentralised.",
        frame=frame,
        drawing=Drawing.SCHEME,
        axes={},
        places=_PLACES,
    )


# --- Fig. 2 and (14) --------------------------------------------------------------------------------------------------


def _fig_2(
    region: ParetoRegion, before: Profits, contract: Profits, solutions: Mapping[Model, Solution]
) -> RedrawnFigure:
    """Return the profits over each lump sum, the other one being Nash's."""
    fixed = dict(zip(_SUMS, region.nash_bargaining, strict=True))
    bands = {name: _band(region, name, fixed) for name in _SUMS}
    rows: list[Row] = []
    for name in _SUMS:
        low, high = bands[name]
        room = _ROOM * (high - low)
        values = np.linspace(low - room, high + room, _POINTS)
        rows += _profit_rows(name, FORMULA, values, contract, fixed)
        rows += _level_rows(name, values, before)
        if Model.CONTRACT in solutions:
            dots = np.array([low, (low + high) / 2, high])
            rows += _profit_rows(name, OPTIMIZER, dots, solutions[Model.CONTRACT].profits, fixed)
        rows += _printed_rows(name, values, fixed)
    pens = {f"{_NAMES[player]}, contract": Pen(color=color) for player, color in PLAYERS.items()}
    pens |= {f"{_NAMES[player]}, decentralised": Pen(color=color, dash="dash") for player, color in PLAYERS.items()}
    pens |= {f"{_NAMES[player]}, as printed": Pen(color=color, dash="dot") for player, color in PLAYERS.items()}
    k1, k2 = region.nash_bargaining
    return RedrawnFigure(
        number="Fig. 2",
        title="Impacts of the lump-sum payments K1 and K2 on profits",
        printed="How K1 or K2 moves profit from the retailer to the manufacturer or the enterprise. With lump sums as "
        "in (14) all three earn more than decentralised.",
        note=f"The other lump sum is ours, Nash's: K1 = {k1:.2f}, K2 = {k2:.2f}. Dashed: decentralised. Dotted: with "
        "the profits that Table 2 prints for the contract. Dots: by optimiser. In the band all three gain.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={"lump_sum": "", "profit": "profit (money)"},
        pens=pens,
        bands={_PAID_TO[name]: band for name, band in bands.items()},
    )


def _band(region: ParetoRegion, name: str, fixed: Mapping[str, float]) -> tuple[float, float]:
    """Return between which values of a lump sum all three gain, the other one being as it is."""
    other = region.most_sum - fixed["K2" if name == "K1" else "K1"]
    return (region.least_k1 if name == "K1" else region.least_k2), other


def _profit_rows(
    name: str, route: str, values: np.ndarray[Any, Any], contract: Profits, fixed: Mapping[str, float]
) -> Iterator[Row]:
    for player in PLAYERS:
        for value in values:
            yield _row(
                name, f"{_NAMES[player]}, contract", route, value, _profit(contract, player, {**fixed, name: value})
            )


def _profit(contract: Profits, player: str, sums: Mapping[str, float]) -> float:
    paid = sum(_GAINS[name].get(player, 0.0) * value for name, value in sums.items())
    return float(getattr(contract, player) + paid)


def _level_rows(name: str, values: np.ndarray[Any, Any], before: Profits) -> Iterator[Row]:
    for player in PLAYERS:
        for value in (values[0], values[-1]):
            yield _row(name, f"{_NAMES[player]}, decentralised", FORMULA, value, float(getattr(before, player)))


def _printed_rows(name: str, values: np.ndarray[Any, Any], fixed: Mapping[str, float]) -> Iterator[Row]:
    """Return the profits that Table 2 prints for the contract, where they are not what the model gives."""
    for figure in TABLE_2:
        if figure.model is Model.CONTRACT and figure.is_wrong:
            for value in (values[0], values[-1]):
                sums = {**fixed, name: value}
                paid = sum(_GAINS[one].get(figure.quantity, 0.0) * amount for one, amount in sums.items())
                yield _row(name, f"{_NAMES[figure.quantity]}, as printed", "printed", value, figure.printed + paid)


def _row(name: str, series: str, route: str, value: Any, profit: float) -> Row:
    return {PANEL: _PAID_TO[name], SERIES: series, ROUTE: route, "lump_sum": float(value), "profit": profit}


def printed_region() -> ParetoRegion:
    """Return the lump sums that leave all better off if Table 2 were right as printed."""
    row = {(figure.model, figure.quantity): figure.printed for figure in TABLE_2}

    def change(player: str) -> float:
        return row[Model.CONTRACT, player] - row[Model.DECENTRALIZED, player]

    return ParetoRegion(
        least_k1=-change("manufacturer"), least_k2=-change("echelon_enterprise"), most_sum=change("retailer")
    )


def _triangle(region: ParetoRegion) -> RedrawnFigure:
    outlines = {
        "all three gain, either sign": region,
        "all three gain, (14)": region.with_non_negative_sums(),
        "with the profits printed in Table 2": printed_region(),
    }
    rows: list[Row] = []
    for name, found in outlines.items():
        for k1, k2 in () if found.is_empty else (*found.corners, found.corners[0]):
            rows.append({SERIES: name, ROUTE: "printed" if "printed" in name else FORMULA, "K1": k1, "K2": k2})
    k1, k2 = region.nash_bargaining
    rows.append({SERIES: f"Nash bargaining ({k1:.2f}; {k2:.2f})", ROUTE: FORMULA, "K1": k1, "K2": k2})
    pens = dict(zip(outlines, (Pen(color=BLUE), Pen(color=GREEN), Pen(color=ORANGE, dash="dot")), strict=True))
    return RedrawnFigure(
        number="(14)",
        title="Lump sums with which all three gain",
        printed="The lower and upper ends of K1 and K2, with K1, K2 ≥ 0.",
        note="The triangle's legs are as long as what the chain gains; with the profits as Table 2 prints them, 10 "
        "more would be shared out than there is.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.REGION,
        axes=_PAID_TO,
        pens={**pens, f"Nash bargaining ({k1:.2f}; {k2:.2f})": Pen(color=ORANGE)},
    )
