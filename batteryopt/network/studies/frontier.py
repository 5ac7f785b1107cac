"""Every compromise between two objectives: plans of which none is better than another in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.earlier import EarlierFacilities, start_of
from batteryopt.network.plan.solution import Solution
from batteryopt.network.solve import gaps
from batteryopt.network.studies.epsilon import LEEWAY, sign, unit, values_of
from batteryopt.network.studies.frontier_search import Point, PointSearch
from batteryopt.network.studies.objective_boxes import Boxes, Pair
from batteryopt.network.studies.time_budget import TimeBudget
from batteryopt.solvers.contract.adapter import Options, ProgressListener

if TYPE_CHECKING:
    from batteryopt.network.formulation.added import RuleFunction


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
        How often one was sought before it ended, also where there was none.
    gap, gap_money
        Relative gap, and gap in money where cost is one of the two, that count as proven: either does.
    is_complete
        Whether these are all compromises there are, to within the gap.
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
    gap_money: float = 0.0
    is_complete: bool = False
    stop_reason: StopReason = StopReason.CONVERGED
    failed: NetworkAnswer | None = None

    @property
    def answers(self) -> tuple[NetworkAnswer, ...]:
        """One a point."""
        return tuple(point.answer for point in self.points)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a point: both objectives, the gap to which each is proven with the other held, if it is."""
        rows = [
            (
                *values_of(p.answer, self.kinds),
                p.answer.gap,
                p.second_gap,
                p.is_proven(self.gap, self.gap_money),
                p.answer.gap_money if self.kinds[0] is Objective.COST else p.second_gap_money,
                p.answer.gross,
            )
            for p in self.points
        ]
        columns = [*(kind.value for kind in self.kinds), "gap", "second_gap", "is_proven", "gap_money", "gross"]
        return pd.DataFrame(rows, columns=columns)

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
            "gap_money": self.gap_money,
            "is_complete": self.is_complete,
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
    gap: float | None = None,
    gap_money: float | None = None,
    time_limit: float | None = None,
    total_time_limit: float | None = None,
    threads: int | None = None,
    start: Solution | EarlierFacilities | None = None,
    solver: str | None = None,
    rules: RuleFunction | None = None,
    on_point: Callable[[int, str], None] = lambda *_: None,
    on_found: Callable[[Frontier], None] = lambda _: None,
    on_progress: ProgressListener | None = None,
) -> Frontier:
    """Return the frontier between two objectives: both ends, then the compromises between them, the widest room first.

    Each point is the best in one objective with the other held, then the best in the other with the first held, so
    that it cannot be improved in one without loss in the other. Where there are no more compromises than points asked
    for, all are found, and that there is no other is proven. Ctrl-C ends it with the points found so far.

    Parameters
    ----------
    points
        Ends included; at least 2.
    gap, gap_money
        As in `solve`; the second holds for cost, where it is one of the two.
    time_limit
        Seconds for each of the solves, two a point.
    total_time_limit
        Seconds for all of them and what is done around them; what one solve leaves, the others have.
    start
        As in `solve`: an earlier plan that points are begun from until one of the search itself keeps their limits.
    solver, rules
        As in `solve`: who searches the tree of every point, and a function that adds rules which every plan keeps.
    on_point
        Told of each point before it is sought, and before its second solve: its number and what is sought.
    on_found
        Given after each point what has been found so far, as a frontier that was interrupted there.
    """
    relative, absolute = gaps(gap, gap_money)
    options = Options(relative_gap=relative, absolute_gap=absolute, threads=threads)
    budget = TimeBudget(total_time_limit, 2 * points, each=time_limit)
    earlier = start_of(network, start) if isinstance(start, Solution) else start
    search = PointSearch(network, (first, second), options, budget, on_progress, solver, rules, earlier)
    hunt = _FrontierHunt(search, budget, points, on_point, on_found)
    try:
        hunt.go()
    except KeyboardInterrupt:
        if not hunt.found:
            raise
        search.stop_reason = StopReason.INTERRUPTED
    return hunt.so_far(search.stop_reason)


class _FrontierHunt:
    """What has been found of a frontier, and what is sought next."""

    def __init__(
        self,
        search: PointSearch,
        budget: TimeBudget,
        points: int,
        on_point: Callable[[int, str], None],
        on_found: Callable[[Frontier], None],
    ) -> None:
        self.search, self.budget, self.asked = search, budget, points
        self.on_point, self.on_found = on_point, on_found
        self.found: list[Point] = []
        self.sought = 0
        self.is_complete = False

    def so_far(self, stop_reason: StopReason) -> Frontier:
        """Return what has been found, as a frontier."""
        options = self.search.options
        return Frontier(
            kinds=self.search.kinds,
            points=_undominated(self.found, self.search.kinds, self.noticed()),
            asked=self.asked,
            sought=self.sought,
            gap=options.relative_gap,
            gap_money=options.absolute_gap,
            is_complete=self.is_complete,
            stop_reason=stop_reason,
            failed=None if self.found else self.search.failed,
        )

    def noticed(self) -> Pair:
        """Return the differences of both objectives that tell plans apart: more than a held objective may lose."""
        values = np.array([self.pair(point.answer) for point in self.found]).reshape(-1, 2)
        kinds = self.search.kinds
        sizes = [unit(self.search.sizes[kind], max(abs(values[:, i]), default=0.0)) for i, kind in enumerate(kinds)]
        spans = np.ptp(values, axis=0) if len(values) else np.zeros(2)
        first, second = (max(4 * LEEWAY * size, LEEWAY * span) for size, span in zip(sizes, spans, strict=True))
        return first, second

    def pair(self, answer: NetworkAnswer) -> Pair:
        """Return both objectives of a plan, as they are minimised."""
        first, second = (
            v * sign(k) for v, k in zip(values_of(answer, self.search.kinds), self.search.kinds, strict=True)
        )
        return first, second

    def go(self) -> None:
        """Find the ends, then compromises in the largest boxes, until there are enough or there is no other."""
        first, second = self.search.kinds
        ends = [self.end(first, second)]
        if not self.found or self.search.is_over():
            return
        ends.append(self.end(second, first))
        if len(self.found) < 2:
            return
        best_first, best_second = (self.pair(point.answer) for point in self.found)
        boxes = Boxes(best_first, best_second, self.noticed())
        while boxes and len(self.found) < self.asked and not self.search.is_over():
            self.look_into(boxes)
        self.is_complete = not boxes and not boxes.is_given_up and all(ends)

    def end(self, leading: Objective, following: Objective) -> bool:
        """Seek the best in one objective; return whether it is proven to be."""
        led = self.lead(f"best {leading.value}", leading, {})
        if led.objective is not None:
            self.keep(led, following, {}, f"best {leading.value}")
        return self.search.is_proven(led)

    def look_into(self, boxes: Boxes) -> None:
        """Search the largest box."""
        box = boxes.largest()
        leading, held = self.search.kinds[::-1] if box.is_halved else self.search.kinds
        cap = boxes.below(box) if box.is_halved else box.middle
        limit = "at least" if sign(held) < 0 else "at most"
        what = f"best {leading.value} with {held.value} {limit} {cap * sign(held):,.6g}"
        led = self.lead(what, leading, {held: cap})
        if led.objective is not None and boxes.is_new(box, led.objective * sign(leading)):
            point = self.keep(led, held, {held: cap}, what)
            boxes.found(box, self.pair(point.answer))
            boxes.is_given_up |= not self.search.is_proven(led)  # what is beyond the point may hold a better one
        else:
            boxes.empty(box, is_proven=self.search.is_proven(led))

    def lead(self, what: str, leading: Objective, caps: Mapping[Objective, float]) -> NetworkAnswer:
        """Return the first stage of the next point."""
        self.budget.expect(2 * max(1, self.asked - len(self.found)))
        self.on_point(len(self.found) + 1, what)
        led = self.search.lead(leading, caps)
        self.sought += 1
        return led

    def keep(self, led: NetworkAnswer, following: Objective, caps: Mapping[Objective, float], what: str) -> Point:
        """Improve the other objective, keep the point and tell of it."""
        number = len(self.found) + 1
        point = self.search.follow(
            led, following, caps, lambda: self.on_point(number, f"{what}, then best {following.value}")
        )
        self.found.append(point)
        self.on_found(self.so_far(StopReason.INTERRUPTED))
        return point


def _undominated(points: Sequence[Point], kinds: tuple[Objective, Objective], noticed: Pair) -> tuple[Point, ...]:
    """Return points in order of the first objective, without those that another beats or equals in both."""
    signs = [sign(kind) for kind in kinds]
    pairs = [
        (tuple(v * s for v, s in zip(values_of(point.answer, kinds), signs, strict=True)), position)
        for position, point in enumerate(points)
    ]
    kept: list[int] = []
    least = np.inf
    for (_, second), position in sorted(pairs):
        if second < least - noticed[1]:
            kept.append(position)
            least = second
    return tuple(points[position] for position in kept)
