"""The integrated differential game on a grid: as a quadratic program it has an exact optimum.

A solver is judged against the optimum of the model that it was given. How far that is from the continuous game is no
solver's doing; `discretisation_error` has it, against the closed form.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from batteryopt.accuracy.kkt_points import truth_of_program
from batteryopt.accuracy.problem import AccuracyProblem, Truth
from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.model import build as pyomo_models
from batteryopt.games.differential.path.time_grid import InfiniteGrid
from batteryopt.games.differential.solution import Model

DEGREE = 3


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield the paper's two vehicles and several of them, on coarse and finer grids."""
    cases = [(2, 2)] if quick else [(2, 2), (2, 6), (2, 20), (4, 6), (8, 6)]
    for vehicles, elements in cases:
        yield AccuracyProblem(
            family="differential-game",
            name=f"integrated-{vehicles}-vehicles-{elements}-elements-{seed}",
            variant="plain" if vehicles == 2 else "several-vehicles",
            size=_size(vehicles, elements),
            build=partial(build, vehicles, elements, seed),
            find_truth=partial(_truth, vehicles, elements, seed),
        )


def build(vehicles: int, elements: int, seed: int) -> Any:
    """Return the discretised model."""
    instance = _instance(vehicles, seed)
    return pyomo_models.build(instance, Model.INTEGRATED, _grid(instance, elements))


def discretisation_error(vehicles: int, elements: int, seed: int) -> float:
    """Return how far the discretised optimum is from the continuous game's value, relatively."""
    instance = _instance(vehicles, seed)
    continuous = closed_form.exact(instance, Model.INTEGRATED).manufacturer
    found = _truth(vehicles, elements, seed).objective
    assert found is not None
    return float(abs(found - continuous) / abs(continuous))


def _instance(vehicles: int, seed: int) -> Instance:
    if vehicles == 2:
        return random_pair(seed)
    return random_general(seed, vehicles=vehicles, states=max(1, vehicles // 4))


def _grid(instance: Instance, elements: int) -> InfiniteGrid:
    """Return elements between equal levels of the discount factor; the last one reaches to infinity."""
    levels = tuple(1.0 - k / elements for k in range(elements + 1))
    return InfiniteGrid(discount_rate=instance.matrices().discount_rate, levels=levels, degree=DEGREE)


def _size(vehicles: int, elements: int) -> int:
    states = 1 if vehicles == 2 else max(1, vehicles // 4)
    return elements * DEGREE * (vehicles + 4 * states)


def _truth(vehicles: int, elements: int, seed: int) -> Truth:
    return truth_of_program(build(vehicles, elements, seed))
