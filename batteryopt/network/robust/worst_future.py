"""The worst future for a plan, and the time that its proof takes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.adversary import Adversary, IsEnough, Worst
from batteryopt.network.robust.clock import Clock
from batteryopt.network.robust.deviations import Moves
from batteryopt.network.robust.hindsight import Hindsight, chosen
from batteryopt.network.robust.moving_sides import MovingSides, whole_columns
from batteryopt.solvers.contract.adapter import Options

PROOF = "proof"
"""What the clock keeps time for: the last plan is to be proven even where time is short."""
MORE = 1.2
"""Times that a proof takes which its first bound does: branches follow it."""
WHOLE_GAP = 1e-6
"""Relative gap of whole numbers that are decided with hindsight."""


class WorstFuture:
    """Searches for the worst future of plans.

    Attributes
    ----------
    suspects
        Futures in which some plan was worst.
    """

    def __init__(
        self,
        sides: MovingSides,
        rooms: Sequence[float],
        budget: int,
        options: Options,
        flag: InterruptFlag,
        clock: Clock,
    ) -> None:
        self._sides, self._rooms, self._budget = sides, rooms, budget
        self._options, self._flag, self._clock = options, flag, clock
        self.suspects: list[Moves] = []

    def learn(self, hindsight: Hindsight) -> None:
        """Keep as much time for a proof as its first bound will take: a linear program for each move."""
        if hindsight.solved:
            each = hindsight.seconds / hindsight.solved
            self._clock.expect(PROOF, MORE * each, len(self._rooms) + 1)

    def of(self, plan: Solution, known: float, choices: Sequence[Moves], is_enough: IsEnough) -> Worst | None:
        """Return the worst future for a plan's facilities; with whole numbers of hindsight the better of two bounds.

        Whole numbers are kept as they are best in one future: what is planned, or the worst one found. Any whole
        numbers give a bound of the best ones.
        """
        if self._flag.is_set or self._clock.is_over(PROOF):
            return None
        try:
            found = self._proven(plan, known, choices, is_enough)
        except (KeyboardInterrupt, TimeoutError):
            return None
        if found.moves not in self.suspects:
            self.suspects.append(found.moves)
        return found

    def _proven(self, plan: Solution, known: float, choices: Sequence[Moves], is_enough: IsEnough) -> Worst:
        if not whole_columns(self._sides.m):
            return self._against(plan, {}, choices, is_enough)
        best: Worst | None = None
        base: Moves = frozenset()
        for _ in range(2):
            options = dataclasses.replace(
                self._options, time_limit=self._clock.grant(but=PROOF), relative_gap=WHOLE_GAP, absolute_gap=0.0
            )
            hindsight = Hindsight(self._sides, plan, self._options, self._flag)
            value, wholes = hindsight.with_whole_numbers(chosen(base), options)
            if not np.isfinite(value):
                return Worst(moves=base, value=np.inf, bound=np.inf, nodes=0)
            tried = self._against(plan, wholes, choices, is_enough)
            best = tried if best is None or tried.bound < best.bound else best
            if tried.moves == base or is_enough(known, best.bound):
                break
            base = tried.moves
        assert best is not None
        return best

    def _against(
        self,
        plan: Solution,
        wholes: dict[int, float],
        choices: Sequence[Moves],
        is_enough: IsEnough,
    ) -> Worst:
        seconds = self._clock.grant(but=PROOF)
        deadline = np.inf if seconds is None else time.monotonic() + seconds
        hindsight = Hindsight(self._sides, plan, self._options, self._flag, wholes, deadline=deadline)
        adversary = Adversary(hindsight, self._sides.moves, self._rooms, self._budget)
        return adversary.go(known=choices, is_enough=is_enough)
