"""A bad future for a plan in a few linear programs: from one future to that which its slopes point to, and again.

With the facilities fixed the cost Q is convex in the moves, and the duals of one linear program say its slope g at a
future F: ``Q(T) >= Q(F) + g (T - F)`` for every T. The T of the set that is largest on the right costs no less than F,
so that a climb never falls, and ends after a few steps. It ends in a future that no linear step improves, which need
not be the worst: what it proves is a value, not a bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.robust.deviations import Move, Moves
from batteryopt.network.robust.hindsight import Hindsight, chosen

GAIN = 1e-9
"""Relative gain of a step that is more than rounding."""


def steepest(slopes: Floats, moves: Sequence[Move], budget: int) -> Moves:
    """Return the choice of at most so many moves, one a row, on which the slopes sum to most."""
    found: dict[int, int] = {}
    for i in np.argsort(-slopes, kind="stable").tolist():
        if slopes[i] <= 0 or len(found) == budget:
            break
        found.setdefault(moves[i].row, i)
    return frozenset(found.values())


def climbed(hindsight: Hindsight, moves: Sequence[Move], budget: int, start: Moves) -> tuple[float, Moves]:
    """Return a future that no step from it improves, and what it costs."""
    value, here = hindsight.cost(chosen(start)), start
    while np.isfinite(value):
        slopes = hindsight.slopes(chosen(here))
        there = steepest(slopes, moves, budget)
        found = hindsight.cost(chosen(there))
        if found <= value + GAIN * abs(value):
            break
        value, here = found, there
    return value, here


def tops(
    hindsight: Hindsight, moves: Sequence[Move], budget: int, starts: Iterable[Moves]
) -> list[tuple[float, Moves]]:
    """Return where climbs end that begin in some futures, and opposite to what is planned, the worst first."""
    planned: Moves = frozenset()
    begun = [*starts, planned]
    if np.isfinite(hindsight.cost({})):
        begun.append(steepest(-hindsight.slopes({}), moves, budget))
    found: dict[Moves, float] = {}
    for start in dict.fromkeys(begun):
        value, there = climbed(hindsight, moves, budget, start)
        found[there] = value
    return sorted(((value, choice) for choice, value in found.items()), key=lambda top: -top[0])
