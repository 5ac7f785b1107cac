"""Where prices jump: the times of the jumps and the paths around them, found by turns.

When a leader changes from one way of pricing to another is its own decision, and what an earlier or later change is
worth is what the one way earns more than the other then. So each time is the zero of a gain, which is known on the path
that has been optimised with the jump there: positive, the way before pays longer. That the path *asks* for another time
tells the way as well, but a jump that is moved changes what efficiency is worth before it, and the path then asks for
yet another, often by nearly as much: following what is asked for takes many rounds where the zero takes a few.
"""

from __future__ import annotations

from dataclasses import dataclass

_LONGEST = 20.0
"""Most times that a step may be as long as what is asked for, while nothing is known on the other side."""
_LONGER = 4.0
"""The same where two rounds foresee no zero: gains have grown with the step before."""


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """Times at which prices jump, and what the way before each earns more than the way after it then, in all rounds.

    Attributes
    ----------
    tried
        (times, gains), the latest last.
    """

    tried: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = ()

    def with_gains(self, times: tuple[float, ...], gains: tuple[float, ...]) -> Jumps:
        """Return what is known once a path has been found with jumps at these times."""
        return Jumps(tried=(*self.tried, (times, gains)))

    def next_times(self, asked: tuple[float, ...], end: float) -> tuple[float, ...]:
        """Return the times to try next, in order.

        Parameters
        ----------
        asked
            What the latest path asks for: as many times as there are jumps, or others, which then tell nothing.
        end
            Of the horizon, or of what is looked at.
        """
        latest = self.tried[-1][0]
        wishes = asked if len(asked) == len(latest) else None
        found: list[float] = []
        for place, time in enumerate(latest):
            low, high = found[-1] if found else 0.0, latest[place + 1] if place + 1 < len(latest) else end
            wish = None if wishes is None else wishes[place]
            known = [(times[place], gains[place]) for times, gains in self.tried]
            moved = _next_time(known, wish)
            inside = (low + (time - low) / 10.0, high - (high - time) / 10.0)
            found.append(min(max(moved, inside[0]), inside[1]))
        return tuple(found)


def _next_time(known: list[tuple[float, float]], wish: float | None) -> float:
    """Return the time to try next for one jump, of which gains at some times are known: Dekker's method."""
    time, gain = known[-1]
    secant = _secant(known)
    before = max((then for then, its_gain in known if its_gain >= 0.0), default=None)
    after = min((then for then, its_gain in known if its_gain < 0.0), default=None)
    if before is not None and after is not None and before < after:
        return secant if secant is not None and before <= secant <= after else (before + after) / 2.0
    way = 1.0 if gain >= 0.0 else -1.0
    step = abs(wish - time) if wish is not None else time / 4.0
    if len(known) > 1:
        step = _LONGER * step if secant is None else min(abs(secant - time), _LONGEST * step)
    return time + way * step


def _secant(known: list[tuple[float, float]]) -> float | None:
    """Return the zero by the last two times; None where gains do not fall with time there."""
    if len(known) < 2:
        return None
    (earlier, its_gain), (time, gain) = known[-2:]
    falls = (gain - its_gain) * (time - earlier) < 0.0
    return time - gain * (time - earlier) / (gain - its_gain) if falls else None
