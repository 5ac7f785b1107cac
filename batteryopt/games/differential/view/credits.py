"""What the credit policy changes in a differential game, by formula: credit price and credits per vehicle."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.statics import acceptable_shares, present_values
from batteryopt.games.differential.view.shares import over_share
from batteryopt.report.charts import BLUE, GREEN, ORANGE, YELLOW, chart, line, points

Floats = npt.NDArray[np.float64]

REACH = 2.0
"""Curves over h and theta go from 0 to this many times the instance's value."""
SAMPLES, CELLS = 101, 41


def charts(instance: DifferentialGameInstance) -> list[dict[str, Any]]:
    """Return the shares that both accept and present values over the credit policy; the surface comes last."""
    return [
        over_share(instance),
        _shares(instance),
        _over(instance, "credit_price", "credit price h (money/credit)"),
        _over(instance, "credits_per_vehicle", "credits per vehicle θ"),
        _surface(instance),
    ]


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
