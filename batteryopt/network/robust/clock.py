"""The time of a plan for the worst: every step asks what it may take, and what must come at the end has its part kept.

What comes at the end (the proof of what the plan costs at most, the plan in each future, its checks) takes as long as
it takes. How long, is measured on this machine in this run, and kept from whatever comes before.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

MOST_KEPT = 0.5
"""Part of a time limit that may be kept for the end: without a plan there is nothing to prove and to check."""
LEAST_SECONDS = 0.05
"""With less than that nothing is begun."""


class Clock:
    """A time limit from now on, or none.

    Parameters
    ----------
    limit
        Seconds; None: as long as it takes.
    now
        Tells the time in seconds.

    """

    def __init__(self, limit: float | None, now: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.now = limit, now
        self.began = now()
        self._each: dict[str, float] = {}
        self._count: dict[str, int] = {}

    def expect(self, name: str, each: float | None, count: int) -> None:
        """Keep time for so many parts of something at the end.

        Parameters
        ----------
        each
            Seconds that one of them took; None: what was said before.
        """
        self._each[name] = self._each.get(name, 0.0) if each is None else each
        self._count[name] = count

    @property
    def kept(self) -> dict[str, float]:
        """Seconds that are kept for the end, by what they are for."""
        return {name: each * self._count[name] for name, each in self._each.items()}

    def spent(self) -> float:
        """Return the seconds since it began."""
        return self.now() - self.began

    def left(self, but: str = "") -> float:
        """Return the seconds left beside those kept for others; perhaps less than none.

        Parameters
        ----------
        but
            What begins now, and may take what is kept for itself.
        """
        if self.limit is None:
            return math.inf
        others = sum(seconds for name, seconds in self.kept.items() if name != but)
        return self.limit - min(others, MOST_KEPT * self.limit) - self.spent()

    def is_over(self, but: str = "") -> bool:
        """Whether nothing more may begin."""
        return self.left(but) < LEAST_SECONDS

    def grant(self, part: float = 1.0, *, but: str = "") -> float | None:
        """Return the seconds that a step may take: a part of what is left; None without a limit.

        Raises
        ------
        TimeoutError
            If nothing is left.
        """
        left = self.left(but)
        if left < LEAST_SECONDS:
            raise TimeoutError
        return None if math.isinf(left) else part * left
