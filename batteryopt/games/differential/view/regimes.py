"""Where the paths of a differential game lead under each regime, by formula: from both sides, and the phase line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.pair_formulas import PairEquilibrium, pair_equilibrium
from batteryopt.games.differential.formula.statics import pricing
from batteryopt.games.differential.solution import Model
from batteryopt.report import words
from batteryopt.report.charts import BLUE, DASHES, GREEN, ORANGE, Trace, chart, line, points
from batteryopt.report.tables import number

Floats = npt.NDArray[np.float64]

MODEL_COLORS = {"integrated": BLUE, "decentralized": ORANGE, "contract": GREEN}
PLAYERS = {"manufacturer": ("Manufacturer", BLUE), "retailer": ("Retailer", ORANGE)}
FORMULAS = {"integrated": Model.INTEGRATED, "decentralized": Model.DECENTRALIZED}
REGIMES = {**FORMULAS, "contract": Model.CONTRACT}
WIDTHS = {"contract": 6.0}
"""The contract's paths are the integrated ones: drawn broad and pale beneath them, both show."""
PATHS: Mapping[str, tuple[str, str]] = {
    "efficiency": ("Efficiency, from both sides", "efficiency m"),
    "innovation": ("Green innovation, from both sides", "green innovation g"),
    "price": ("Prices: skimming from above, penetration from below", "retail price of vehicle 1 (money/vehicle)"),
}
SAMPLES = 101


def charts(instance: DifferentialGameInstance) -> list[dict[str, Any]]:
    """Return efficiency, innovation and price from both sides of the steady state, and the phase line."""
    found = {name: pair_equilibrium(model, **instance.scalars()) for name, model in FORMULAS.items()}
    both = _starts(instance, found)
    return [*(_from_both_sides(instance, both, what) for what in PATHS), _phase(instance, found)]


def _starts(instance: DifferentialGameInstance, found: Mapping[str, PairEquilibrium]) -> dict[str, float]:
    """Return an efficiency to start from above all steady states and one below, the instance's own where it fits."""
    steady = [float(equilibrium.steady_efficiency) for equilibrium in found.values()]
    own = instance.initial_efficiency
    return {"above": own if own > max(steady) else 1.5 * max(steady), "below": own if own < min(steady) else 0.0}


def _from_both_sides(instance: DifferentialGameInstance, starts: Mapping[str, float], what: str) -> dict[str, Any]:
    times, traces = np.linspace(0.0, 3.0 / instance.discount_rate, SAMPLES), []
    for (side, start), dash in zip(starts.items(), DASHES, strict=False):
        for name in sorted(REGIMES):  # the contract first, and so beneath
            found = pair_equilibrium(REGIMES[name], **{**instance.scalars(), "initial_efficiency": start})
            label = f"{words.model(name)}, from {side} (m0 = {number(start, 1)})"
            trace = line(times, _path(found, what, found.efficiency(times)), label, MODEL_COLORS[name], dash=dash)
            if name in WIDTHS:
                trace = {**trace, "opacity": 0.45, "line": {**trace["line"], "width": WIDTHS[name]}}
            traces.append(trace)
    title, axis = PATHS[what]
    note = _pricing_words(instance) if what == "price" else ""
    return chart(f"regimes-{what}", title, traces, x="time (months)", y=axis, height=400, note=note)


def _path(found: PairEquilibrium, what: str, efficiency: Floats) -> Floats:
    if what == "efficiency":
        return efficiency
    return np.asarray(found.innovation(efficiency) if what == "innovation" else found.prices(efficiency)[..., 0])


def _pricing_words(instance: DifferentialGameInstance) -> str:
    """Return how this instance's own prices move, and the unit cost of efficiency at which that changes."""
    sentences, start = [], number(instance.initial_efficiency, 1)
    for name, model in FORMULAS.items():
        found = pricing(model, **instance.scalars())
        threshold = float(found.cost_threshold)
        change = (
            f"penetration below c0 = {number(threshold, 4)}, skimming above"
            if threshold > 0
            else "skimming whatever c0 is"
        )
        sentences.append(f"{words.model(name)}: {found.regime} from m0 = {start} ({change}).")
    return " ".join(sentences)


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
