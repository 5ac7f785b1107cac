"""The network form of the coordination game by formula and by optimiser: how build and solve time grow with R."""

from __future__ import annotations

import time

from batteryopt import bilevel, solvers
from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.formula import closed_form
from batteryopt.games.coordination.judge import check
from batteryopt.games.coordination.model.build import build, solution_of
from batteryopt.games.coordination.solution import Model

SIZES = ((10, 1), (30, 3), (100, 10), (300, 30), (1000, 100))
"""Regions and enterprises."""


def run() -> dict[str, float]:
    """Return seconds of formula, build and solve, and the worst disagreement of the two routes, by model and size."""
    figures: dict[str, float] = {}
    for regions, enterprises in SIZES:
        instance = random_network(0, regions, enterprises)
        for model in (Model.CENTRALIZED, Model.DECENTRALIZED):
            measured = _measure(instance, model)
            figures.update({f"{model.value} R={regions} N={enterprises} {key}": v for key, v in measured.items()})
    return figures


def _measure(instance: CoordinationNetwork, model: Model) -> dict[str, float]:
    began = time.perf_counter()
    formula = closed_form.solve(instance, model)
    formula_seconds = time.perf_counter() - began
    began = time.perf_counter()
    pyomo_model = build(instance, model)
    build_seconds = time.perf_counter() - began
    began = time.perf_counter()
    if model is Model.CENTRALIZED:
        solvers.get("ipopt").solve(pyomo_model)
    else:
        bilevel.solve(pyomo_model, method="regularized", starts=1)
    solve_seconds = time.perf_counter() - began
    agreement = check.agreement(solution_of(pyomo_model, instance, model), formula)
    return {
        "formula, s": formula_seconds,
        "build, s": build_seconds,
        "solve, s": solve_seconds,
        "largest relative disagreement": max(c.residual for c in agreement),
    }


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<60} {value:.3g}")
