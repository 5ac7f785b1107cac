"""Every compromise between two objectives: plans of which none is better than another in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.network.answer import Answer
from batteryopt.network.epsilon import LEEWAY, sign, values_of
from batteryopt.network.frontier_search import Point, PointSearch
from batteryopt.network.instance import Network
from batteryopt.network.objective import Objective
from batteryopt.network.solve import GAP
from batteryopt.network.time_budget import TimeBudget
from batteryopt.solvers.adapter import Options, ProgressListener
from batteryopt.status import StopReason


@dataclass(frozen=True, kw_only=True, eq=False)
class Frontier:
    """Plans of which none is better than another in both objectives, best in the first one first.

    Attributes
    ----------
    kinds
        The two objectives.
    points
        Dominated ones are left out.
    asked
        How many were asked for.
    sought
        How many were sought before it ended.
    gap
        Relative gap that counts as proven.
    stop_reason
        `INTERRUPTED` or `TIME_LIMIT` where a point is missing or less proven for that.
    failed
        Where there is no point: the answer that says why.
    """

    kinds: tuple[Objective, Objective]
    points: tuple[Point, ...]
    asked: int
    sought: int
    gap: float
    stop_reason: StopReason = StopReason.CONVERGED
    failed: Answer | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One a point."""
        return tuple(point.answer for point in self.points)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a point: both objectives, the gap to which each is proven with the other held, if it is."""
        rows = [
            (*values_of(p.answer, self.kinds), p.answer.gap, p.second_gap, p.is_proven(self.gap)) for p in self.points
        ]
        return pd.DataFrame(rows, columns=[*(kind.value for kind in self.kinds), "gap", "second_gap", "is_proven"])

    def to_json(self) -> dict[str, Any]:
        """Return the frontier as plain data; the plans themselves are not in it."""
        frame = self.to_frame().astype(object)
        rows = frame.where(frame.notna(), None).to_dict(orient="records")
        runs = [found.run for found in self.answers]
        return {
            "objectives": [kind.value for kind in self.kinds],
            "asked": self.asked,
            "sought": self.sought,
            "gap": self.gap,
            "stop_reason": self.stop_reason.value,
            "points": [
                {
                    **row,
                    "bound": run.bound,
                    "stop_reason": run.stop_reason.value,
                    "point_status": run.point_status.value,
                }
                for row, run in zip(rows, runs, strict=True)
            ],
        }


def frontier(
    network: Network,
    first: Objective,
    second: Objective,
    *,
    points: int = 7,
    gap: float = GAP,
    time_limit: float | None = None,
    total_time_limit: float | None = None,
    threads: int | None = None,
    on_point: Callable[[int, str], None] = lambda *_: None,
    on_found: Callable[[Frontier], None] = lambda _: None,
    on_progress: ProgressListener | None = None,
) -> Frontier:
    """Return the frontier between two objectives, by epsilon constraints at equal steps of the second.

    Each point is the best in the first objective with the second held, then the best in the second with the first
    held, so that it cannot be improved in one without loss in the other. Ctrl-C ends it with the points found so far.

    Parameters
    ----------
    points
        Ends included; at least 2.
    time_limit
        Seconds for each of the solves, two a point.
    total_time_limit
        Seconds for all of them and what is done around them; what one solve leaves, the others have.
    on_point
        Told of each point before it is sought, and before its second solve: its number and what is sought.
    on_found
        Given after each point what has been found so far, as a frontier that was interrupted there.
    """
    options = Options(relative_gap=gap, threads=threads)
    budget = TimeBudget(total_time_limit, 2 * points, each=time_limit)
    search = PointSearch(network, (first, second), options, budget, on_progress)
    found: list[Point] = []
    sought = 0

    def so_far(stop_reason: StopReason) -> Frontier:
        return Frontier(
            kinds=search.kinds,
            points=_undominated(found, search.kinds),
            asked=points,
            sought=sought,
            gap=gap,
            stop_reason=stop_reason,
            failed=None if found else search.failed,
        )

    try:
        for number, (what, order, cap) in enumerate(_plan(search, found, points), start=1):
            on_point(number, what)
            caps = {} if cap is None else {second: cap}
            point = search.point(order, caps, partial(_tell_of_following, on_point, number, what))
            sought = number
            if point is not None:
                found.append(point)
                on_found(so_far(StopReason.INTERRUPTED))
            if search.is_over() or not found:
                break
    except KeyboardInterrupt:
        if not found:
            raise
        search.stop_reason = StopReason.INTERRUPTED
    return so_far(search.stop_reason)


def _plan(
    search: PointSearch, found: Sequence[Point], points: int
) -> Iterator[tuple[str, tuple[Objective, Objective], float | None]]:
    """Yield what is sought, which objective comes first, and the cap of the second: both ends, then steps between."""
    first, second = search.kinds
    yield f"best {first.value}", (first, second), None
    yield f"best {second.value}", (second, first), None
    if len(found) < 2:
        return
    low, high = sorted(values_of(point.answer, search.kinds)[1] * sign(second) for point in found)
    for step in np.linspace(low, high, points)[1:-1]:  # what keeps a tight limit keeps the next: a plan to start from
        limit = "at least" if sign(second) < 0 else "at most"
        yield f"best {first.value} with {second.value} {limit} {step * sign(second):,.6g}", (first, second), float(step)


def _tell_of_following(on_point: Callable[[int, str], None], number: int, what: str, kind: Objective) -> None:
    on_point(number, f"{what}, then best {kind.value}")


def _undominated(points: Sequence[Point], kinds: tuple[Objective, Objective]) -> tuple[Point, ...]:
    """Return points in order of the first objective, without those that another beats or equals in both."""
    signs = [sign(kind) for kind in kinds]
    pairs = [
        (tuple(v * s for v, s in zip(values_of(point.answer, kinds), signs, strict=True)), position)
        for position, point in enumerate(points)
    ]
    kept: list[int] = []
    seconds = [second for (_, second), _ in pairs]
    noticed = LEEWAY * max(1.0, max(seconds, default=0.0) - min(seconds, default=0.0))
    least = np.inf
    for (_, second), position in sorted(pairs):
        if second < least - noticed:
            kept.append(position)
            least = second
    return tuple(points[position] for position in kept)
