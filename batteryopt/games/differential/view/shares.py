"""What a sharing contract gives each player of a differential game, by formula, against what each has without it."""

from __future__ import annotations

from typing import Any

import numpy as np

from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.formula.statics import acceptable_shares, present_values
from batteryopt.report.charts import BLUE, ORANGE, chart, line
from batteryopt.report.tables import number

_SAMPLES = 51
_PLAYERS = {"retailer": ("Retailer", ORANGE), "manufacturer": ("Manufacturer", BLUE)}


def over_share(instance: DifferentialGameInstance) -> dict[str, Any]:
    """Return present values over the share; both players accept where neither solid line is below its dashed one."""
    low, high = (float(end) for end in acceptable_shares(**instance.scalars()))
    values = {name: float(value) for name, value in present_values(**instance.scalars()).items()}
    shares = np.linspace(0.0, 1.0, _SAMPLES)
    under_contract = {"retailer": shares * values["integrated"], "manufacturer": (1.0 - shares) * values["integrated"]}
    traces = []
    for player, (title, color) in _PLAYERS.items():
        traces.append(line(shares, under_contract[player], f"{title}, contract", color))
        traces.append(line([0.0, 1.0], [values[player]] * 2, f"{title}, decentralised", color, dash="dash"))
    band = {"type": "rect", "x0": low, "x1": high, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    return chart(
        "over-share",
        "What the contract gives each player",
        traces,
        x="share δ that the retailer keeps",
        y="present value (money)",
        height=380,
        note=f"Both accept any share from {number(low, 4)} to {number(high, 4)}, the band.",
        shapes=[{**band, "fillcolor": "rgba(42,157,120,0.14)", "line": {"width": 0}}],
    )
