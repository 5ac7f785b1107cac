"""Sweeps of networks: each point begun from its neighbour's plan, beside each begun anew.

Both sweeps run in turn, in this process and on one thread, and are compared by processor time. Every value must be
within the other's bound: a warm start that cost the optimum would be no gain.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.tables import read
from batteryopt.network.tables.example import example
from batteryopt.sweep import Axis, sweep

PROVINCE = Path(__file__).parents[1] / "data" / "networks" / "china-province"
PAIRS = 2
"""Warm and cold in turn, so that a busy machine slows both."""
CASES = {
    "template, 7 x 7": (
        example,
        1e-4,
        ("policy.carbon_price_per_t=0:120:7", "returns.tonnes*=0.4:1.6:7"),
    ),
    "province, 5 volumes, gap 5 %": (lambda: read(PROVINCE), 5e-2, ("returns.tonnes*=0.8:1.2:5",)),
}


def run() -> dict[str, float]:
    """Return processor seconds of warm and cold sweeps, and their ratio."""
    figures: dict[str, float] = {}
    for name, (network, gap, axes) in CASES.items():
        figures |= {f"{name}: {key}": value for key, value in _beside(network(), gap, axes).items()}
    return figures


def _beside(network: Network, gap: float, axes: tuple[str, ...]) -> dict[str, float]:
    seconds: dict[bool, float] = {True: 0.0, False: 0.0}
    tables: dict[bool, pd.DataFrame] = {}
    for _ in range(PAIRS):
        for is_warm in (True, False):
            began = time.process_time()
            tables[is_warm] = sweep(network, [Axis.parse(axis) for axis in axes], gap=gap, threads=1, is_warm=is_warm)
            seconds[is_warm] += time.process_time() - began
    warm, cold = tables[True], tables[False]
    room = 1e-9 * warm["gross"]
    if not (np.all(warm["objective"] + room >= cold["bound"]) and np.all(cold["objective"] + room >= warm["bound"])):
        raise AssertionError("warm and cold contradict each other")
    return {
        "warm, processor seconds": seconds[True] / PAIRS,
        "cold, processor seconds": seconds[False] / PAIRS,
        "warm for cold": seconds[True] / seconds[False],
    }


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key:<60}{value:>10.3f}")
