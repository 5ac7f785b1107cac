"""The figures of the differential-game paper, drawn anew at its base case: by formula, with the optimiser's dots.

The paper's figures are curves and surfaces without numbers; their data are not published. What it says of them is in
`published.FIGURES`, `statements` and `contradicted`, each of which names the figures that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from batteryopt.games.differential.formula.pair_formulas import PairEquilibrium
from batteryopt.games.differential.formula.statics import acceptable_shares, present_values
from batteryopt.games.differential.paper.credit_figures import Row, Solutions, fig_4, fig_5, found_at, middle_share
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments
from batteryopt.games.differential.solution import Model, Solution, demands
from batteryopt.games.shell.redrawn import FORMULA, OPTIMIZER, ROUTE, SERIES, Drawing, Pen, RedrawnFigure
from batteryopt.report.charts import BLUE, GREEN, ORANGE, PINK

NAMES = {Model.CONTRACT: "contract", Model.INTEGRATED: "integrated", Model.DECENTRALIZED: "decentralised"}
"""In the order in which they are drawn: the contract's paths are the integrated ones and lie broad and pale beneath."""
COLORS = {Model.CONTRACT: GREEN, Model.INTEGRATED: BLUE, Model.DECENTRALIZED: ORANGE}
TIMES = np.linspace(0.0, 20.0, 81)
DOTS = np.array([0.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0])
"""Times, in months, at which the optimiser's paths are shown."""
LOW_START = 0.0
TIME_AXIS = {"time_months": "time t (months)"}
_DOTS_WORDS = "Lines: by formula. Dots: by optimiser."


def redrawn(solutions: Solutions) -> tuple[RedrawnFigure, ...]:
    """Return the paper's figures; solutions of the base case by optimiser give the dots."""
    return (
        _fig_1(solutions),
        _fig_2("a", "efficiency", "energy efficiency m", solutions),
        _fig_2("b", "innovation", "green innovation g", solutions),
        _fig_3a(solutions),
        _fig_3b(solutions),
        _fig_3c(solutions),
        fig_4("a", "efficiency", "energy efficiency m", solutions),
        fig_4("b", "innovation", "green innovation g", solutions),
        fig_5(solutions),
    )


# --- Fig. 1 -----------------------------------------------------------------------------------------------------------


def _fig_1(solutions: Solutions) -> RedrawnFigure:
    values = {name: float(value) for name, value in present_values(**BASE_CASE.scalars()).items()}
    low, high = (float(end) for end in acceptable_shares(**BASE_CASE.scalars()))
    rows: list[Row] = []
    for share in np.linspace(0.0, 1.0, 41):
        rows += _fig_1_rows(share, FORMULA, values, values["integrated"] * np.array([1 - share, share]))
    contract, apart = solutions.get(Model.CONTRACT), solutions.get(Model.DECENTRALIZED)
    if contract is not None and contract.share is not None and apart is not None:
        worth, alone = contract.present_value, apart.present_value
        by_optimizer = {"manufacturer": alone.manufacturer, "retailer": alone.retailer}
        players = np.array([worth.manufacturer, worth.retailer])
        rows += _fig_1_rows(contract.share, OPTIMIZER, by_optimizer, players)
    pens = {
        "retailer, contract": Pen(color=ORANGE),
        "retailer, decentralised": Pen(color=ORANGE, dash="dash"),
        "manufacturer, contract": Pen(color=BLUE),
        "manufacturer, decentralised": Pen(color=BLUE, dash="dash"),
    }
    return RedrawnFigure(
        number="Fig. 1",
        title="Shares δ that manufacturer and retailer accept",
        printed="At t = 0 the retailer gains by the contract from δ = 0.25 on, the manufacturer up to δ = 0.50, "
        "and both accept it in between.",
        note=f"{_DOTS_WORDS} The band is where both accept: {low:.4f} to {high:.4f}.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={"share": "share δ that the retailer keeps", "present_value": "present value at t = 0 (money)"},
        pens=pens,
        bands={"": (low, high)},
    )


def _fig_1_rows(share: float, route: str, apart: Mapping[str, float], contract: FloatArray) -> Iterator[Row]:
    for player, value in zip(("manufacturer", "retailer"), contract, strict=True):
        for what, money in (("contract", float(value)), ("decentralised", apart[player])):
            yield {SERIES: f"{player}, {what}", ROUTE: route, "share": share, "present_value": money}


# --- Fig. 2 and 3: over time ------------------------------------------------------------------------------------------


def _paths(
    solutions: Solutions,
    column: str,
    by_formula: Callable[[PairEquilibrium], Mapping[str, FloatArray]],
    by_optimizer: Callable[[Solution, Moments], Mapping[str, FloatArray]],
    start: float = BASE_CASE.initial_efficiency,
) -> list[Row]:
    """Return the rows of paths from a start: each function gives the values at all times, a series each."""
    rows: list[Row] = []
    for model in NAMES:
        for what, values in by_formula(found_at(model, initial_efficiency=start)).items():
            rows += _rows(f"{what}{NAMES[model]}", FORMULA, TIMES, column, values)
        if model in solutions and start == BASE_CASE.initial_efficiency:
            at = solutions[model].trajectory.at(DOTS)
            for what, values in by_optimizer(solutions[model], at).items():
                rows += _rows(f"{what}{NAMES[model]}", OPTIMIZER, DOTS, column, values)
    return rows


def _rows(series: str, route: str, times: FloatArray, column: str, values: FloatArray) -> Iterator[Row]:
    for time, value in zip(times, values, strict=True):
        yield {SERIES: series, ROUTE: route, "time_months": float(time), column: float(value)}


def _pens(prefixes: Mapping[str, str]) -> dict[str, Pen]:
    """Return pens by model, in dashes by what stands before its name."""
    found = {}
    for prefix, dash in prefixes.items():
        for model, name in NAMES.items():
            broad = {"width": 7.0, "opacity": 0.35} if model is Model.CONTRACT else {}
            found[f"{prefix}{name}"] = Pen(color=COLORS[model], dash=dash, **broad)
    return found


def _fig_2(letter: str, what: str, axis: str, solutions: Solutions) -> RedrawnFigure:
    rows: list[Row] = []
    dashes = "solid", "dash"
    prefixes = {f"m0 = {start:g}, ": start for start in (BASE_CASE.initial_efficiency, LOW_START)}
    for prefix, start in prefixes.items():

        def by_formula(found: PairEquilibrium, prefix: str = prefix) -> Mapping[str, FloatArray]:
            m = found.efficiency(TIMES)
            return {prefix: np.asarray(m if what == "efficiency" else found.innovation(m))}

        def by_optimizer(_: Solution, at: Moments, prefix: str = prefix) -> Mapping[str, FloatArray]:
            return {prefix: getattr(at, what)[:, 0]}

        rows += _paths(solutions, what, by_formula, by_optimizer, start)
    return RedrawnFigure(
        number=f"Fig. 2{letter}",
        title=f"Optimal trajectory of {axis[:-2]}",
        printed="The path becomes stable as t grows, from above where m0 exceeds the steady state and from below where "
        "it does not, and is the same under the contract as integrated, above the decentralised one.",
        note=f"{_DOTS_WORDS} The paper does not print the starts: {BASE_CASE.initial_efficiency:g} is its base case's, "
        f"{LOW_START:g} ours.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={**TIME_AXIS, what: axis},
        pens=_pens(dict(zip(prefixes, dashes, strict=True))),
    )


def _pair(values: FloatArray) -> Mapping[str, FloatArray]:
    return {f"NEV {i + 1}, ": values[:, i] for i in (0, 1)}


def _fig_3a(solutions: Solutions) -> RedrawnFigure:
    rows = _paths(
        solutions,
        "price",
        lambda found: _pair(found.prices(found.efficiency(TIMES))),
        lambda _, at: _pair(at.prices),
    )
    return RedrawnFigure(
        number="Fig. 3a",
        title="Retail prices of both vehicles",
        printed="Integrated prices are always below the decentralised ones, and the contract's are the same: "
        "18.02 and 18.19 against 20.59 and 20.31.",
        note=f"{_DOTS_WORDS} The paper does not say to which time its numbers belong; 18.02 and 18.19 belong to t = 3.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={**TIME_AXIS, "price": "retail price (money/vehicle)"},
        pens=_pens({"NEV 1, ": "solid", "NEV 2, ": "dash"}),
    )


def _fig_3b(solutions: Solutions) -> RedrawnFigure:
    rows = _paths(
        solutions,
        "demand",
        lambda found: _pair(found.demands(found.efficiency(TIMES))),
        lambda solution, at: _pair(demands(solution.game, at)),
    )
    return RedrawnFigure(
        number="Fig. 3b",
        title="Demand for both vehicles",
        printed="Integrated demands are always above the decentralised ones: 9.548 and 10.78 against 2.746 and 4.866.",
        note=_DOTS_WORDS,
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={**TIME_AXIS, "demand": "demand (vehicles/month)"},
        pens=_pens({"NEV 1, ": "solid", "NEV 2, ": "dash"}),
    )


def _fig_3c(solutions: Solutions) -> RedrawnFigure:
    share, rate = middle_share(), BASE_CASE.discount_rate
    together, apart = found_at(Model.INTEGRATED), found_at(Model.DECENTRALIZED)
    discount = np.exp(-rate * TIMES)
    near, far = together.efficiency(TIMES), apart.efficiency(TIMES)
    whole = discount * together.leader(near)
    curves = {
        "chain, contract": whole,
        "chain, integrated": whole,
        "chain, decentralised": discount * apart.supply_chain(far),
        "manufacturer, contract": (1 - share) * whole,
        "manufacturer, decentralised": discount * apart.leader(far),
        "retailer, contract": share * whole,
        "retailer, decentralised": discount * apart.retailer(far),
    }
    rows = [row for name, values in curves.items() for row in _rows(name, FORMULA, TIMES, "profit", values)]
    rows += _profits_at_start(solutions)
    players = {"chain": GREEN, "manufacturer": BLUE, "retailer": ORANGE}
    pens = {f"{player}, contract": Pen(color=color) for player, color in players.items()}
    pens |= {f"{player}, decentralised": Pen(color=color, dash="dash") for player, color in players.items()}
    pens |= {
        "chain, contract": Pen(color=GREEN, width=7.0, opacity=0.35),
        "chain, integrated": Pen(color=PINK),
    }
    return RedrawnFigure(
        number="Fig. 3c",
        title="Profits over time",
        printed="The chain earns 638,100 integrated and 478,400 decentralised, 33.38 % more; under the contract the "
        "players' profits add up to the integrated one, and both always earn more than apart.",
        note="What is still to be earned from t on, discounted to 0, as (13) to (15) and (26) have it. The contract's "
        f"share is ours, the middle of those that both accept: {share:.4f}. Dots: by optimiser.",
        frame=pd.DataFrame(rows),
        drawing=Drawing.LINES,
        axes={**TIME_AXIS, "profit": "profit e^(-ρt) V(m(t)) (money)"},
        pens=pens,
    )


def _profits_at_start(solutions: Solutions) -> Iterator[Row]:
    zero = np.zeros(1)
    for model in (Model.INTEGRATED, Model.DECENTRALIZED):
        if model not in solutions:
            continue
        worth = solutions[model].present_value
        found = {"chain": worth.supply_chain}
        if model is Model.DECENTRALIZED:
            found |= {"manufacturer": worth.manufacturer, "retailer": worth.retailer}
        for player, value in found.items():
            yield from _rows(f"{player}, {NAMES[model]}", OPTIMIZER, zero, "profit", np.array([value]))
