"""What the credit price changes in a game in matrices, by the Riccati equations of its formula.

The quadratic part of the values does not depend on the credit price, so that all prices have a solution where one has.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.formula.riccati import matrix_equilibrium
from batteryopt.games.differential.solution import Model
from batteryopt.report.charts import BLUE, GREEN, ORANGE, YELLOW, chart, line

REACH, SAMPLES = 2.0, 41
"""The curves go from 0 to this many times the instance's own credit price, through so many points."""
RETAILER_COLORS = (ORANGE, "#b3541e", "#e8b04a", "#8c6d31")


def charts(instance: GeneralDifferentialGame) -> list[dict[str, Any]]:
    """Return the chart of present values over the credit price; none where no formula covers the game."""
    if instance.beyond_formula():
        return []
    own = instance.credit_price
    prices = np.linspace(0.0, REACH * own if own > 0 else 1.0, SAMPLES).tolist()
    together = [_worth(instance, Model.INTEGRATED, price)[0] for price in prices]
    manufacturer, *retailers = zip(*(_worth(instance, Model.DECENTRALIZED, price) for price in prices), strict=True)
    apart = np.sum([manufacturer, *retailers], axis=0).tolist()
    names = ["Retailer" if len(retailers) == 1 else f"Retailer {j}" for j in range(1, len(retailers) + 1)]
    traces = [
        line(prices, together, "Chain, integrated", GREEN),
        line(prices, apart, "Chain, decentralised", YELLOW),
        line(prices, manufacturer, "Manufacturer, decentralised", BLUE),
        *(
            line(prices, earned, f"{name}, decentralised", RETAILER_COLORS[j % len(RETAILER_COLORS)])
            for j, (name, earned) in enumerate(zip(names, retailers, strict=True))
        ),
    ]
    here = {"type": "line", "x0": own, "x1": own, "y0": 0, "y1": 1, "yref": "paper"}
    return [
        chart(
            "over-credit-price",
            "Present values over the credit price",
            traces,
            x="credit price h (money/credit)",
            y="present value (money)",
            height=360,
            shapes=[{**here, "line": {"color": "var(--soft)", "width": 1, "dash": "dot"}}],
        )
    ]


def _worth(instance: GeneralDifferentialGame, model: Model, price: float) -> tuple[float, ...]:
    """Return what the leader earns, and each retailer, at a credit price."""
    game = dataclasses.replace(instance.matrices(), credit_price=price)
    found = matrix_equilibrium(game, model)
    return tuple(value(game.initial_efficiency) for value in (found.leader, *found.retailers))
