"""A plan made better facility by facility: opened a period earlier or later, not at all, or when the relaxation would.

Where sizes lie between levels, whether a facility stands is all there is to decide as a whole: with that fixed, sizes
and flows are a linear program, and the next one, a decision away from it, is solved from the last one's basis in a
tenth of the time that a tree over a region begins with. Prices need not be guessed; what a move is worth is found out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.effort import Effort
from batteryopt.network.search.relaxation import Relaxation
from batteryopt.network.search.start import dive

DECIDED = frozenset({"is_open", "is_full"})
"""Families that may have integers where openings are all there is to decide; full steps follow from sizes."""
MOST_SECONDS = 3.0
"""A program that takes longer is not worth its move."""
NEARLY = (0.5, 0.2)
"""Parts of a facility with which the relaxation would open it."""
LEAST_GAIN = 1e-6


def shift_openings(
    relaxation: Relaxation,
    x: Floats,
    deadline: float,
    effort: Effort,
    tell: Callable[[Floats], None],
    *,
    end: float = np.inf,
) -> None:
    """Move openings of a plan as long as that saves money, and tell of the plan that comes of it.

    Nothing is done where other decisions than openings are whole numbers, or where facilities may close.

    Parameters
    ----------
    deadline, end
        When moves end, and when the plan that comes of them must be whole.
    """
    m = relaxation.problem.m
    openings = openings_of(relaxation, x)
    if openings is None or relaxation.x is None:
        return
    shifts = _Shifts(relaxation, x, openings, deadline, effort)
    try:
        is_better = shifts.go(relaxation.x)
    finally:
        shifts.reset()
    if is_better:
        opens = np.array(x[m.families["is_open"].positions])
        for columns, first in zip(openings, shifts.first, strict=True):
            opens[columns - m.families["is_open"].first] = np.arange(len(columns)) >= first
        found = dive(relaxation, end, opens=opens)
        if found is not None:
            tell(found)


def openings_of(relaxation: Relaxation, x: Floats) -> list[Ints] | None:
    """Return the columns that say whether a facility stands, by facility that may be opened, in order of periods."""
    m, core = relaxation.problem.m, relaxation.problem.core
    if any(core.is_integer[family.positions].any() for name, family in m.families.items() if name not in DECIDED):
        return None
    family = m.families["is_open"]
    if (family.is_integer & (family.index["step"] > 0) & _is_open_to_choice(m, core.lower, core.upper)).any():
        return None
    found = []
    mine = (family.index["step"] == 0) & _is_open_to_choice(m, core.lower, core.upper)
    for facility in np.unique(family.index["facility"][mine]):
        columns = family.first + np.flatnonzero((family.index["facility"] == facility) & (family.index["step"] == 0))
        stands = x[columns] > 0.5
        if (core.lower[columns] < core.upper[columns]).all() and not (stands[:-1] & ~stands[1:]).any():
            found.append(columns)
    return found or None


def _is_open_to_choice(m: Formulation, lower: Floats, upper: Floats) -> np.typing.NDArray[np.bool_]:
    where = m.families["is_open"].positions
    return np.asarray(lower[where] < upper[where], dtype=bool)


class _Shifts:
    """Openings while they move: the first period in which each facility stands, the number of periods for never."""

    def __init__(
        self, relaxation: Relaxation, x: Floats, openings: list[Ints], deadline: float, effort: Effort
    ) -> None:
        self.relaxation, self.openings, self.deadline, self.effort = relaxation, openings, deadline, effort
        self.core = relaxation.problem.core
        self.integers = np.flatnonzero(self.core.is_integer)
        lower, upper = self.core.lower[self.integers].copy(), self.core.upper[self.integers].copy()
        whole = np.isin(self.integers, relaxation.problem.m.families["is_open"].terms.variable)
        lower[whole] = upper[whole] = np.round(x[self.integers[whole]])
        relaxation.loose.set_bounds(self.integers, lower, upper)
        self.first = [_first(x[columns], 0.5) for columns in openings]
        self.best = self._value()

    def reset(self) -> None:
        """Give the relaxation its bounds back."""
        columns = self.integers
        self.relaxation.loose.set_bounds(columns, self.core.lower[columns], self.core.upper[columns])

    def is_over(self) -> bool:
        """Whether time or steps are over, or somebody asked for the end."""
        return self.relaxation.flag.is_set or self.effort.is_spent or time.monotonic() > self.deadline

    def go(self, fractional: Floats) -> bool:
        """Move until no move saves anything; return whether any did."""
        before, generator = self.best, np.random.default_rng(0)
        gained = np.isfinite(before)
        while gained and not self.is_over():
            gained = False
            for place in generator.permutation(len(self.openings)).tolist():
                gained = self._try_all(place, fractional[self.openings[place]]) or gained
        return self.best < before

    def _try_all(self, place: int, fractional: Floats) -> bool:
        """Try all moves of a facility; return whether one saved money."""
        now, never, gained = self.first[place], len(fractional), False
        moves = [now - 1, now + 1, *([never] if now < never else [_first(fractional, part) for part in NEARLY])]
        for first in dict.fromkeys(moves):
            if 0 <= first <= never and first != now and not self.is_over():
                gained = self._try(place, first) or gained
        return gained

    def _try(self, place: int, first: int) -> bool:
        before = self.first[place]
        self._set(place, first)
        value = self._value()
        self.effort.spend()
        if value < self.best - LEAST_GAIN * max(1.0, abs(self.best)):
            self.best = value
            return True
        self._set(place, before)
        return False

    def _set(self, place: int, first: int) -> None:
        self.first[place] = first
        columns = self.openings[place]
        stands = (np.arange(len(columns)) >= first).astype(float)
        self.relaxation.loose.set_bounds(columns, stands, stands)

    def _value(self) -> float:
        """Return what the openings cost with the best sizes and flows; infinite where that is not found in time."""
        left = min(self.deadline - time.monotonic(), MOST_SECONDS)
        vertex = self.relaxation.loose.solve(None if np.isfinite(self.effort.left) else max(left, 0.0))
        return np.inf if vertex.x is None else self.core.objective(vertex.x)


def _first(stands: Floats, part: float) -> int:
    """Return the first period in which so much stands; the number of periods where it never does."""
    found = np.flatnonzero(stands >= part)
    return int(found[0]) if len(found) else len(stands)
