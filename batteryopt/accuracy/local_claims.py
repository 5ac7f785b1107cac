"""A claim of a local optimum is tried for being one: the leader moves a little, and with all answers may not gain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from batteryopt.accuracy.digits import Number, exact
from batteryopt.accuracy.problem import Evaluation, Point

STEPS = (1e-4, 1e-3, 1e-2, 5e-2)
"""How far is moved, relative to a decision or its unit.

Small steps show a slope, whose gain is of first order; where the slope is zero, at a peak turned upside down, the gain
is of second order, and only the larger ones rise above the tolerance.
"""
FEASIBLE = 1e-20
"""Violation up to which a move counts: it is evaluated in fifty digits, at answers by formula."""


@dataclass(frozen=True, kw_only=True)
class LocalTrial:
    """How to try a point of a problem that has lesser peaks.

    Attributes
    ----------
    leads
        Lower and upper bounds of the decisions that are moved, by name; None where there is none.
    answered
        From a point to the same with every follower's best answer to these decisions.
    """

    leads: Mapping[str, tuple[Number | None, Number | None]]
    answered: Callable[[Point], Point]

    def gain(
        self, point: Point, evaluate: Callable[[Point], Evaluation], *, maximise: bool, unit: Callable[[str], float]
    ) -> Number:
        """Return the most that a small feasible move improves the objective, in its own unit; 0 at a local optimum."""
        sign = 1 if maximise else -1
        here = sign * evaluate(point).objective
        best = exact(0)
        for move in self._moves(point, unit):
            found = evaluate(self.answered({**point, **move}))
            if found.violation <= FEASIBLE:
                best = max(best, sign * found.objective - here)
        return best

    def _moves(self, point: Point, unit: Callable[[str], float]) -> Iterator[dict[str, Number]]:
        """Yield moves of one decision, and of two at once; each stays within its bounds."""
        for step in STEPS:
            shifts = {name: exact(step) * max(abs(point[name]), exact(unit(name))) for name in self.leads}
            ways = [(name, way) for name in self.leads for way in (1, -1)]
            pairs = ((a, b) for a, b in itertools.combinations(ways, 2) if a[0] != b[0])
            for chosen in (*((way,) for way in ways), *pairs):
                yield {name: self._within(name, point[name] + way * shifts[name]) for name, way in chosen}

    def _within(self, name: str, value: Number) -> Number:
        lower, upper = self.leads[name]
        value = value if lower is None else max(lower, value)
        return value if upper is None else min(upper, value)
