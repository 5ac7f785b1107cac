"""The families of problems, each a module with `problems(seed, quick)`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable

from batteryopt.accuracy.families import (
    box_programs,
    coordination,
    degenerate_lp,
    differential_game,
    facility_location,
    ill_conditioned,
    integer_systems,
    lot_sizing,
    narrow_margins,
    netlib,
    network_flow,
    newsvendor,
    no_solution,
    recycling_network,
    smooth_programs,
    stackelberg,
    whole_numbers,
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
    "degenerate-lp": degenerate_lp.problems,
    "netlib": netlib.problems,
    "network-flow": network_flow.problems,
    "recycling-network": recycling_network.problems,
    "newsvendor": newsvendor.problems,
    "integer-systems": integer_systems.problems,
    "whole-numbers": whole_numbers.problems,
    "lot-sizing": lot_sizing.problems,
    "box-programs": box_programs.problems,
    "smooth-programs": smooth_programs.problems,
    "margins": narrow_margins.problems,
}
"""By name; each takes a seed and whether to be quick."""


MOST_COLUMNS = 6_000
"""Of a problem, where the user says nothing: larger ones take a run of all contestants from minutes to an hour."""


def problems(
    families: Collection[str] = (), *, seed: int = 0, quick: bool = False, most_columns: int | None = MOST_COLUMNS
) -> tuple[AccuracyProblem, ...]:
    """Return the problems of all families, or of those named; the same seed gives the same problems.

    Parameters
    ----------
    most_columns
        Larger problems are left out; None for all, up to a hundred thousand columns.
    """
    chosen = [make for name, make in FAMILIES.items() if not families or name in families]
    made = (dataclasses.replace(problem, seed=seed) for make in chosen for problem in make(seed, quick))
    return tuple(problem for problem in made if most_columns is None or problem.size <= most_columns)
