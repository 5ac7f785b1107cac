"""The families of problems, each a module with `problems(seed, quick)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable

from batteryopt.accuracy.families import (
    coordination,
    differential_game,
    facility_location,
    ill_conditioned,
    no_solution,
    stackelberg,
)
from batteryopt.accuracy.problem import AccuracyProblem

FAMILIES: dict[str, Callable[[int, bool], Iterable[AccuracyProblem]]] = {
    "coordination": coordination.one_owner,
    "coordination-network": coordination.network,
    "coordination-game": coordination.game,
    "differential-game": differential_game.problems,
    "stackelberg": stackelberg.problems,
    "facility-location": facility_location.problems,
    "ill-conditioned": ill_conditioned.problems,
    "no-solution": no_solution.problems,
}
"""By name; each takes a seed and whether to be quick."""


def problems(families: Collection[str] = (), *, seed: int = 0, quick: bool = False) -> tuple[AccuracyProblem, ...]:
    """Return the problems of all families, or of those named; the same seed gives the same problems."""
    chosen = [make for name, make in FAMILIES.items() if not families or name in families]
    return tuple(dataclasses.replace(problem, seed=seed) for make in chosen for problem in make(seed, quick))
