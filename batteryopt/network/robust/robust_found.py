"""What a search for a plan for the worst knows: plans that were tried, rounds as they went, and its bounds."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from batteryopt.ground.status import StopReason
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.adversary import Worst
from batteryopt.network.robust.deviations import Moves


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One plan and its worst future.

    Attributes
    ----------
    bound
        No plan has a smaller worst case.
    worst
        What the adversary found; None where it was not asked, for a climb had found a worse one.
    """

    bound: float
    worst: Worst | None


@dataclass(kw_only=True, eq=False)
class Tried:
    """A plan: what it costs in the worst future that was found for it, at most, and in the futures it was made for."""

    plan: Solution
    value: float
    most: float = np.inf
    in_known: list[tuple[str, Solution]] = field(default_factory=list)


@dataclass(kw_only=True, eq=False)
class RobustFound:
    """What the search knows at its end.

    Attributes
    ----------
    futures
        Names and moves of those that plans were made for; what is planned first.
    best
        The best plan; None where there is none.
    most
        What it costs at most in any future of the set, proven.
    bound
        No plan has a smaller worst case.
    stop_reason
        Why it ended.
    rounds
        As they went.
    """

    futures: list[tuple[str, Moves]] = field(default_factory=list)
    best: Tried | None = None
    bound: float = -np.inf
    stop_reason: StopReason = StopReason.CONVERGED
    rounds: list[Round] = field(default_factory=list)

    @property
    def most(self) -> float:
        """What the best plan costs at most in any future of the set, proven; infinite where nothing is."""
        return np.inf if self.best is None else self.best.most
