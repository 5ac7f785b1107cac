"""A million equilibria of every model of the coordination game by formula, timed."""

from __future__ import annotations

import time

import numpy as np

from batteryopt.games.coordination.formula.closed_form import FORMULAS, lump_sums
from batteryopt.games.coordination.formula.equilibrium import Parameters

INSTANCES = 1_000_000


def parameters(count: int = INSTANCES, seed: int = 0) -> Parameters:
    """Return that many random instances, most of them interior."""
    rng = np.random.default_rng(seed)

    def draw(low: float, high: float) -> np.ndarray:
        return rng.uniform(low, high, count)

    return Parameters(
        a=draw(20, 200),
        w=draw(2, 60),
        w_t=draw(0.5, 8),
        c_t=draw(0.1, 2),
        f=draw(-1, 5),
        theta=draw(0.2, 0.9),
        b=draw(1, 15),
        omega=draw(0, 5),
        beta=draw(0.2, 1.5),
        m=draw(5, 60),
        c=draw(0, 20),
        rho_T=draw(0, 5),
    )


def run() -> dict[str, float]:
    """Return seconds by model for a million instances, decisions, profits and conditions included."""
    many = parameters()
    seconds = {}
    for model, formula in FORMULAS.items():
        start = time.perf_counter()
        found = formula(many)
        applies = float(np.mean(found.applies))
        seconds[f"{model.value}, seconds"] = time.perf_counter() - start
        seconds[f"{model.value}, share where the formula applies"] = applies
    start = time.perf_counter()
    gains = lump_sums(many)
    seconds["pareto regions, seconds"] = time.perf_counter() - start
    seconds["pareto regions, share where the contract exists"] = float(np.mean(gains.exists))
    return seconds


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name:<60}{figure:10.3f}")
