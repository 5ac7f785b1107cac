"""Time for several solves together: each has its share of what is left, and none begins that could not end in time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

LEAST_SECONDS = 0.1
"""Less is not worth beginning a solve for."""


class TimeBudget:
    """Seconds for a number of solves and for what is done around each: checking its plan, saving it.

    What is done around a solve is not known before it is done. Whatever one of them took beyond its share is set
    aside for each of the next.

    Parameters
    ----------
    total
        Seconds from now on; None for as long as it takes.
    solves
        How many share them.
    each
        Seconds that no single solve may exceed.
    clock
        Tells the time in seconds.
    """

    def __init__(
        self,
        total: float | None,
        solves: int,
        *,
        each: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._ends_at = math.inf if total is None else clock() + total
        self._each = math.inf if each is None else each
        self._solves_left = solves
        self._set_aside = 0.0
        self._last: tuple[float, float] | None = None  # when the last solve began, and its share

    @property
    def is_spent(self) -> bool:
        """Whether solves are left, and no time in which one of them could end."""
        self._learn()
        return self._solves_left > 0 and self._left() < self._set_aside + LEAST_SECONDS

    def share(self) -> float | None:
        """Return the seconds of the solve that begins now; None without any limit."""
        self._learn()
        seconds = self._left() / max(self._solves_left, 1) - self._set_aside
        seconds = min(max(seconds, LEAST_SECONDS), self._each)
        self._solves_left -= 1
        self._last = self._clock(), seconds
        return None if math.isinf(seconds) else seconds

    def expect(self, solves: int) -> None:
        """Share what is left among so many solves from now on, as it turns out what is still to be done."""
        self._solves_left = solves

    def _left(self) -> float:
        return self._ends_at - self._clock()

    def _learn(self) -> None:
        """Set aside what the last solve took beyond its share, with all that was done since."""
        if self._last is not None:
            began, seconds = self._last
            self._set_aside = max(self._set_aside, self._clock() - began - seconds)
