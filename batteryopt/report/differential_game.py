"""The page of a differential game: paths under each regime, what they are worth, and what credits change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from batteryopt.differential_game.instance import DifferentialGameInstance
from batteryopt.differential_game.pair_formulas import PairEquilibrium, pair_equilibrium
from batteryopt.differential_game.solution import Model
from batteryopt.differential_game.statics import acceptable_shares, present_values
from batteryopt.report import page, words
from batteryopt.report.charts import BLUE, DASHES, GREEN, ORANGE, PINK, YELLOW, Trace, bars, chart, line, points
from batteryopt.report.page import Section
from batteryopt.report.results import Saved
from batteryopt.report.tables import Table, number

Floats = npt.NDArray[np.float64]

MODEL_COLORS = {"integrated": BLUE, "decentralized": ORANGE, "contract": GREEN}
MODEL_DASHES = {"integrated": "solid", "decentralized": "solid", "contract": "dash"}
"""The contract's paths lie on the integrated ones: dashes show both."""
PLAYERS = {"manufacturer": ("Manufacturer", BLUE), "retailer": ("Retailer", ORANGE)}
FORMULAS = {"integrated": Model.INTEGRATED, "decentralized": Model.DECENTRALIZED}
PATHS = {
    "efficiency": "efficiency m",
    "innovation": "green innovation g",
    "prices": "retail price (money/vehicle)",
    "wholesale_prices": "wholesale price (money/vehicle)",
    "demands": "demand (vehicles/month)",
}
REACH = 2.0
"""Curves over h and theta go from 0 to this many times the instance's value."""
SAMPLES, CELLS = 101, 41


def sections(saved: Saved) -> list[Section]:
    """Return the sections of the page."""
    parts = [_opening(saved), *([_worth(saved), _paths(saved)] if _solved(saved) else [])]
    if isinstance(saved.instance, DifferentialGameInstance):
        intro = page.paragraph(
            "By formula, for the game without further constraints: where paths lead from either side of the steady "
            "state, and what the credit policy changes."
        )
        blocks = [intro, page.charts(_formula_charts(saved.instance))]
        parts.append(Section(title="Regimes and credits", blocks=blocks))
    return [*parts, page.how_sure(saved), page.how_to_repeat(saved)]


def tables(saved: Saved) -> dict[str, Table]:
    """Return the tables that a paper would print, by name."""
    models = _solved(saved)
    columns = ["", *map(words.model, models)]
    worth = [
        [title, *(answer["present_value"][key] for answer in models.values())]
        for key, title in (("manufacturer", "Manufacturer"), ("retailer", "Retailer"), ("supply_chain", "Supply chain"))
    ]
    steady = [
        [label, *(_item(answer["steady_state"], key, index) for answer in models.values())]
        for key, index, label in _steady_rows(models)
    ]
    decay = ["Decay rate (1/month)", *(_first(answer["decay_rate"]) for answer in models.values())]
    found = {"present-values": Table(caption="Present values at the start (money)", columns=columns, rows=worth)}
    if steady:
        found["steady-state"] = Table(caption="Steady state", columns=columns, rows=[*steady, decay], digits=4)
    return found


def charts(saved: Saved) -> list[dict[str, Any]]:
    """Return all charts of the page."""
    found = [_present_value(saved), *_path_charts(saved)] if _solved(saved) else []
    if isinstance(saved.instance, DifferentialGameInstance):
        found += _formula_charts(saved.instance)
    return found


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
    return Section(title="", blocks=[page.head(saved, "Differential game"), intro, page.tiles(figures), *missing])


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


def _first(rate: Any) -> float | None:
    return None if rate is None else float(np.atleast_1d(rate)[0])


# ---- by formula ----------------------------------------------------------------------------------------------------


def _formula_charts(instance: DifferentialGameInstance) -> list[dict[str, Any]]:
    found = {name: pair_equilibrium(model, **instance.scalars()) for name, model in FORMULAS.items()}
    both = _starts(instance, found)
    return [
        _from_both_sides(instance, both, "efficiency", "efficiency m"),
        _from_both_sides(instance, both, "price", "retail price of vehicle 1 (money/vehicle)"),
        _phase(instance, found),
        _shares(instance),
        _over(instance, "credit_price", "credit price h (money/credit)"),
        _over(instance, "credits_per_vehicle", "credits per vehicle θ"),
        {**_surface(instance), "wide": True},
    ]


def _starts(instance: DifferentialGameInstance, found: Mapping[str, PairEquilibrium]) -> dict[str, float]:
    """Return an efficiency to start from above all steady states and one below, the instance's own where it fits."""
    steady = [float(equilibrium.steady_efficiency) for equilibrium in found.values()]
    own = instance.initial_efficiency
    return {"above": own if own > max(steady) else 1.5 * max(steady), "below": own if own < min(steady) else 0.0}


def _from_both_sides(
    instance: DifferentialGameInstance, starts: Mapping[str, float], what: str, axis: str
) -> dict[str, Any]:
    times, traces = np.linspace(0.0, 3.0 / instance.discount_rate, SAMPLES), []
    for (side, start), dash in zip(starts.items(), DASHES, strict=False):
        for name, model in FORMULAS.items():
            found = pair_equilibrium(model, **{**instance.scalars(), "initial_efficiency": start})
            path = found.efficiency(times)
            values = path if what == "efficiency" else found.prices(path)[..., 0]
            label = f"{words.model(name)}, from {side} (m0 = {number(start, 1)})"
            traces.append(line(times, values, label, MODEL_COLORS[name], dash=dash))
    title = "Efficiency" if what == "efficiency" else "Prices: skimming from above, penetration from below"
    return chart(
        f"regimes-{what}",
        f"{title}{', from both sides' if what == 'efficiency' else ''}",
        traces,
        x="time (months)",
        y=axis,
        height=380,
    )


def _phase(instance: DifferentialGameInstance, found: Mapping[str, PairEquilibrium]) -> dict[str, Any]:
    """Return the speed of efficiency over its level; where it is zero, the level stays."""
    highest = max(float(equilibrium.steady_efficiency) for equilibrium in found.values())
    levels = np.linspace(0.0, 1.3 * max(highest, instance.initial_efficiency), SAMPLES)
    traces: list[Trace] = []
    for name, equilibrium in found.items():
        speed = _speed(instance, equilibrium, levels)
        traces.append(line(levels, speed, words.model(name), MODEL_COLORS[name]))
        steady = float(equilibrium.steady_efficiency)
        traces.append(points([steady], [0.0], f"steady at {number(steady)}", MODEL_COLORS[name]))
    zero = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": 0, "y1": 0}
    shapes = [{**zero, "line": {"color": "var(--soft)", "width": 1}}]
    return chart(
        "phase-line",
        "Phase line of efficiency",
        traces,
        x="efficiency m",
        y="change dm/dt (1/month)",
        shapes=shapes,
        height=380,
    )


def _speed(instance: DifferentialGameInstance, found: PairEquilibrium, levels: Floats) -> Floats:
    """Return ``m' = mu g(m) - eta m``."""
    gain = instance.innovation_effectiveness * found.innovation(levels)
    return np.asarray(gain - instance.efficiency_decay * levels, dtype=float)


def _axis(instance: DifferentialGameInstance, key: str, count: int) -> Floats:
    """Return values of h or theta from 0 to a multiple of the instance's."""
    own = float(getattr(instance, key))
    return np.linspace(0.0, REACH * own if own > 0 else 1.0, count)


def _allowed(instance: DifferentialGameInstance, income: Floats, values: npt.ArrayLike) -> Floats:
    """Return values where ``0 < c1 + c2 - 2 h theta < (alpha1 + alpha2) / (beta - gamma)`` holds, NaN elsewhere."""
    cost = sum(instance.unit_cost) - 2.0 * income
    spread = instance.price_sensitivity - instance.cross_price_sensitivity
    holds = (cost > 0) & (cost < sum(instance.market_size) / spread)
    return np.where(holds, values, np.nan)


def _over(instance: DifferentialGameInstance, key: str, axis: str) -> dict[str, Any]:
    values = _axis(instance, key, SAMPLES)
    parameters = {**instance.scalars(), key: values}
    income = np.asarray(parameters["credit_price"]) * np.asarray(parameters["credits_per_vehicle"])
    found = present_values(**parameters)
    names = {
        "integrated": ("Chain, integrated", GREEN),
        "decentralized": ("Chain, decentralised", YELLOW),
        "manufacturer": ("Manufacturer, decentralised", BLUE),
        "retailer": ("Retailer, decentralised", ORANGE),
    }
    traces = [
        line(values, _allowed(instance, income, found[name]), title, color) for name, (title, color) in names.items()
    ]
    title = f"Present values over the {'credit price' if key == 'credit_price' else 'credits per vehicle'}"
    return chart(
        f"over-{key.replace('_', '-')}",
        title,
        traces,
        x=axis,
        y="present value (money)",
        height=360,
        shapes=[_here(instance, key)],
    )


def _here(instance: DifferentialGameInstance, key: str) -> dict[str, Any]:
    own = float(getattr(instance, key))
    place = {"type": "line", "x0": own, "x1": own, "y0": 0, "y1": 1, "yref": "paper"}
    return {**place, "line": {"color": "var(--soft)", "width": 1, "dash": "dot"}}


def _shares(instance: DifferentialGameInstance) -> dict[str, Any]:
    values = _axis(instance, "credit_price", SAMPLES)
    low, high = acceptable_shares(**{**instance.scalars(), "credit_price": values})
    income = values * instance.credits_per_vehicle
    traces = [
        line(values, _allowed(instance, income, low), "least the retailer accepts", ORANGE),
        line(
            values,
            _allowed(instance, income, high),
            "most the manufacturer accepts",
            BLUE,
            fill="tonexty",
            fillcolor="rgba(47,126,188,0.14)",
        ),
    ]
    return chart(
        "share-interval",
        "Shares of the retailer that both accept",
        traces,
        x="credit price h (money/credit)",
        y="share δ of revenue and cost",
        height=360,
        shapes=[_here(instance, "credit_price")],
    )


def _surface(instance: DifferentialGameInstance) -> dict[str, Any]:
    """Return what working together gains, over credit price and credits per vehicle."""
    h, theta = (_axis(instance, key, CELLS) for key in ("credit_price", "credits_per_vehicle"))
    across, up = np.meshgrid(h, theta)
    found = present_values(**{**instance.scalars(), "credit_price": across, "credits_per_vehicle": up})
    values = _allowed(instance, across * up, found["integrated"])
    cells = [[None if v != v else float(f"{v:.5g}") for v in row] for row in values.tolist()]
    trace = {
        "type": "contour",
        "x": [float(f"{v:.6g}") for v in h],
        "y": [float(f"{v:.6g}") for v in theta],
        "z": cells,
        "colorscale": "Viridis",
        "colorbar": {"title": {"text": "money"}, "thickness": 14, "outlinewidth": 0},
        "contours": {"coloring": "heatmap"},
        "line": {"width": 0.5, "color": "rgba(255,255,255,0.6)"},
        "hovertemplate": "h %{x:.3g}, θ %{y:.3g}: %{z:,.1f}<extra></extra>",
    }
    own = points(
        [instance.credit_price],
        [instance.credits_per_vehicle],
        "this instance",
        "#ffffff",
        marker={"line": {"color": "#000000", "width": 1.5}},
    )
    return chart(
        "credit-surface",
        "Present value of the integrated chain: credit price × credits per vehicle",
        [trace, {**own, "showlegend": False}],
        x="credit price h (money/credit)",
        y="credits per vehicle θ",
        height=420,
        note="The dot is this instance. Only the product of both enters; blank where an assumption of the game fails.",
    )
