"""The differential game's two exact routes and its optimiser against each other: the worst errors over seeded games.

* formula against Riccati equation: random pairs, every value coefficient, present value, rate and path;
* optimiser against formula: the base case; random pairs; random games of several vehicles, levels and retailers; games
  of twenty vehicles with five levels; contracts whose share is a decision.

Every error is relative: of a present value to itself, of a path to its own largest value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from batteryopt.games.differential.data.general import vehicles_from_matrices
from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.data.instance import DifferentialGameInstance, Instance
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.formula.riccati import matrix_equilibrium
from batteryopt.games.differential.model import optimizer
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model, Solution

BOTH = (Model.INTEGRATED, Model.DECENTRALIZED)
RICCATI_SEEDS = range(200)
PAIR_SEEDS = range(100, 130)
GENERAL_SEEDS = range(200, 220)
LARGE_SEEDS = range(400, 402)
CONTRACT_SEEDS = range(300, 308)
PATHS = ("efficiency", "innovation", "prices", "wholesale_prices")

Errors = dict[str, float]


def run() -> Errors:
    """Return the worst errors by group of games, and how many games each group has."""
    figures: Errors = {}
    for group, found in groups():
        figures[f"{group}: games"] = len(found)
        for name in found[0]:
            figures[f"{group}: {name}"] = float(np.max([errors[name] for errors in found]))  # nan stays nan
    return figures


def groups() -> Iterator[tuple[str, list[Errors]]]:
    """Yield every group's name and the errors of each of its games."""
    riccati = (random_pair(seed) for seed in RICCATI_SEEDS)
    yield "formula against Riccati", [against_riccati(pair, model) for pair in riccati for model in BOTH]
    yield "optimiser, base case", [against_formula(BASE_CASE, model) for model in Model]
    yield "optimiser, random pairs", _of_both(random_pair(seed) for seed in PAIR_SEEDS)
    general = (random_general(seed, **sizes(seed)) for seed in GENERAL_SEEDS)
    yield "optimiser, random general games", _of_both(general)
    large = (random_general(seed, vehicles=20, states=5, retailers=2) for seed in LARGE_SEEDS)
    yield "optimiser, 20 vehicles and 5 levels", _of_both(large)
    contracts = (random_pair(seed) for seed in CONTRACT_SEEDS)
    yield "optimiser, random contracts", [against_formula(pair, Model.CONTRACT) for pair in contracts]


def sizes(seed: int) -> dict[str, int]:
    """Return the size of a general game: 2 to 6 vehicles, 1 to 3 levels, 1 or 2 retailers."""
    return {"vehicles": 2 + seed % 5, "states": 1 + seed % 3, "retailers": 1 + seed % 2}


def _of_both(instances: Iterable[Instance]) -> list[Errors]:
    return [against_formula(instance, model) for instance in instances for model in BOTH]


def against_riccati(pair: DifferentialGameInstance, model: Model) -> Errors:
    """Return how far the scalar formulas and the matrix equations of the same game lie apart."""
    formula = closed_form.solve(pair, model)
    matrices = closed_form.solve(vehicles_from_matrices(pair.matrices()), model)
    scalar, matrix = pair_equilibrium(model, **pair.scalars()), matrix_equilibrium(pair.matrices(), model)
    values = [(scalar.leader, matrix.leader), *([(scalar.retailer, matrix.retailers[0])] if matrix.retailers else [])]
    coefficients = [
        _relative(float(ours), float(theirs))
        for one, other in values
        for ours, theirs in ((one.first, other.P[0, 0]), (one.second, other.q[0]), (one.third, other.r))
    ]
    return {
        "value coefficients": max(coefficients),
        **errors(formula, matrices),
        "decay rate": _relative(float(scalar.decay_rate), float(matrix.decay_rates[0])),
    }


def against_formula(instance: Instance, model: Model) -> Errors:
    """Return the optimiser's errors; nan where it has no answer or its certificate fails."""
    found = optimizer.solve(instance, model)
    exact = closed_form.solve(instance, model)
    if found.solution is None or not found.certificate.passed:
        return dict.fromkeys(errors(exact, exact), np.nan)
    return errors(found.solution, exact)


def errors(ours: Solution, exact: Solution) -> Errors:
    """Return relative errors of present values (and acceptable shares), of the steady state and of the paths."""
    one, other = ours.present_value, exact.present_value
    values = [
        _relative(one.supply_chain, other.supply_chain),
        _relative(one.manufacturer, other.manufacturer),
        *(_relative(a, b) for a, b in zip(one.retailers, other.retailers, strict=True)),
        *(_relative(a, b) for a, b in zip(ours.share_range or (), exact.share_range or (), strict=True)),
    ]
    return {
        "present values": max(values),
        "steady state": _worst_path(ours, exact, np.array([np.inf])),
        "paths": _worst_path(ours, exact, exact.report_times()),
    }


def _worst_path(ours: Solution, exact: Solution, times: np.ndarray) -> float:
    """Return the largest error of any path at some times, relative to the path's largest value there."""
    one, other = ours.trajectory.at(times), exact.trajectory.at(times)
    pairs = [(getattr(one, path), getattr(other, path)) for path in PATHS]
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in pairs if b is not None)


def _relative(ours: float, theirs: float) -> float:
    return abs(ours - theirs) / abs(theirs)


if __name__ == "__main__":
    for name, figure in run().items():
        print(f"{name:<60}{figure:12.2g}")
