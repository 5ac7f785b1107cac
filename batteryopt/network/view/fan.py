"""Futures as a picture: every draw as a thin line, bands that most stay in, those that are kept, and the base."""

from __future__ import annotations

from typing import Any

import numpy as np

from batteryopt.network.draws.drawn import FanPanel
from batteryopt.network.draws.made_futures import MadeFutures
from batteryopt.report import page
from batteryopt.report.charts import BLUE, GREEN, ORANGE, chart, line
from batteryopt.report.section import Section
from batteryopt.report.tables import Cell, Table

BANDS = ((0.05, 0.95), (0.25, 0.75))
"""Shares of the draws between which a band lies."""
LINES = 60
"""Draws that are drawn as lines, beside the bands; those that are kept are always among them."""
LISTED = 100


def fan_charts(made: MadeFutures) -> list[dict[str, Any]]:
    """Return a chart for each number that differs."""
    periods = [period.name for period in made.base.periods]
    panels = [panel for source in made.sources for panel in source.panels]
    return [_fan(f"fan-{i}", panel, periods, made.reduced.kept.tolist()) for i, panel in enumerate(panels)]


def _fan(name: str, panel: FanPanel, periods: list[str], kept: list[int]) -> dict[str, Any]:
    """Return one fan; of one period the line is drawn level from one side to the other."""
    level = len(periods) == 1
    x = [*range(2)] if level else [*range(len(periods))]

    def wide(values: Any) -> list[float]:
        return [float(value) for value in values] * (2 if level else 1)

    traces = []
    for low, high in BANDS:
        below, above = np.quantile(panel.draws, [low, high], axis=0)
        band = line([*x, *x[::-1]], [*wide(below), *wide(above)[::-1]], f"{high - low:.0%} of the draws", BLUE)
        band |= {"fill": "toself", "fillcolor": "rgba(47,126,188,0.18)", "hoverinfo": "skip", "opacity": 0.5}
        band["line"] = {"color": BLUE, "width": 1, "dash": "solid"}
        traces.append(band)
    thin = [n for n in range(min(LINES, len(panel.draws))) if n not in kept]
    for n in thin:
        traces.append(_thin(x, wide(panel.draws[n]), BLUE, "a draw", n == thin[0], 0.25))
    if len(kept) < len(panel.draws):
        for n in kept:
            traces.append(_thin(x, wide(panel.draws[n]), GREEN, "kept", n == kept[0], 0.8))
    traces.append(line(x, wide(panel.base), "base", ORANGE))
    axis = {"tickvals": x, "ticktext": periods * (2 if level else 1)}
    return chart(name, panel.title, traces, y=panel.unit, xaxis=axis)


def _thin(x: list[int], y: list[float], color: str, name: str, is_first: bool, opacity: float) -> dict[str, Any]:
    found = line(x, y, name, color, showlegend=is_first, opacity=opacity, hoverinfo="skip")
    found["line"]["width"] = 1
    return found


def kept_table(made: MadeFutures) -> Table:
    """Return the futures that are kept, with what was drawn in each."""
    scenarios = made.to_json()["scenarios"]
    factors = list(next(iter(scenarios.values()))["factors"])
    rows: list[list[Cell]] = [
        [name, f"{found['probability']:.4g}", found["stands_for"], *(f"{found['factors'][f]:.4g}" for f in factors)]
        for name, found in list(scenarios.items())[:LISTED]
    ]
    more = f", the first {LISTED} of {len(scenarios)}" if len(scenarios) > LISTED else ""
    columns = ["Future", "Probability", "Stands for, draws", *factors]
    return Table(caption=f"Futures{more}", columns=columns, rows=rows, digits=0)


def in_words(made: MadeFutures) -> list[str]:
    """Return what was drawn, and what the reduction loses, as sentences."""
    found = [f"{source.words[:1].upper()}{source.words[1:]}." for source in made.sources]
    reduced = made.reduced
    if len(reduced.kept) < made.drawn:
        share = reduced.distance / reduced.distance_of_one if reduced.distance_of_one > 0 else 0.0
        found.append(
            f"{len(reduced.kept)} of {made.drawn} draws stand for all (forward selection): what they leave is a "
            f"distance of {reduced.distance:.4g}, {share:.0%} of what the best single one would leave "
            f"({reduced.distance_of_one:.4g}; 1 is the spread of the draws)."
        )
    return found


def fan_page(made: MadeFutures) -> str:
    """Return the page of the futures: it needs no network."""
    title = f"Futures of {made.base.name}"
    blocks = [
        page.opening("Futures", title),
        *(page.paragraph(text) for text in in_words(made)),
        page.charts(fan_charts(made)),
        page.table(kept_table(made)),
    ]
    return page.document(title, [Section(title="", label=title, blocks=blocks)], page.plotly_source())
