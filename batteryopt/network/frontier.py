"""Every compromise between two objectives: plans of which none is better than another in both."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.certificate import Certificate, Check
from batteryopt.network.answer import Answer, Held
from batteryopt.network.epsilon import LEEWAY, caps_as_rows, sign, values_of, with_leeway
from batteryopt.network.instance import Network
from batteryopt.network.model.algebra import Floats
from batteryopt.network.objective import Objective
from batteryopt.network.solve import BOUND_TOLERANCE, GAP, answer_with_point, formulate
from batteryopt.solvers.adapter import Options, ProgressListener
from batteryopt.solvers.interrupt import interrupts_heard
from batteryopt.status import PointStatus, StopReason


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A plan on the frontier.

    Attributes
    ----------
    answer
        The best in the first objective with the second held; its bound and gap are the first objective's.
    second_gap
        Gap to which the second objective is the best with the first held; None where its search found nothing better
        in time.
    """

    answer: Answer
    second_gap: float | None


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
    stop_reason
        `INTERRUPTED` or `TIME_LIMIT` where a point is missing or less proven for that.
    failed
        Where there is no point: the answer that says why.
    """

    kinds: tuple[Objective, Objective]
    points: tuple[Point, ...]
    asked: int
    stop_reason: StopReason = StopReason.CONVERGED
    failed: Answer | None = None

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One a point."""
        return tuple(point.answer for point in self.points)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a point: both objectives, and the gap to which each is proven with the other held."""
        rows = [(*values_of(p.answer, self.kinds), p.answer.gap, p.second_gap) for p in self.points]
        return pd.DataFrame(rows, columns=[*(kind.value for kind in self.kinds), "gap", "second_gap"])

    def to_json(self) -> dict[str, Any]:
        """Return the frontier as plain data; the plans themselves are not in it."""
        frame = self.to_frame().astype(object)
        rows = frame.where(frame.notna(), None).to_dict(orient="records")
        runs = [found.run for found in self.answers]
        return {
            "objectives": [kind.value for kind in self.kinds],
            "asked": self.asked,
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
        Seconds for all of them; what one solve leaves, the others have.
    on_point
        Told of each point before it is sought: its number and what is sought.
    """
    search = _Search(network, (first, second), points, gap, time_limit, total_time_limit, threads, on_progress)
    found: list[Point] = []
    try:
        for number, (what, order, cap) in enumerate(_plan(search, found, points), start=1):
            on_point(number, what)
            point = search.point(order, {} if cap is None else {second: cap})
            if point is not None:
                found.append(point)
            if search.is_over or not found:
                break
    except KeyboardInterrupt:
        if not found:
            raise
        search.stop_reason = StopReason.INTERRUPTED
    return Frontier(
        kinds=(first, second),
        points=_undominated(found, (first, second)),
        asked=points,
        stop_reason=search.stop_reason,
        failed=None if found else search.failed,
    )


def _plan(search: _Search, found: Sequence[Point], points: int) -> Any:
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


class _Search:
    """The formulation, the time that is left, and why the search ended."""

    def __init__(
        self,
        network: Network,
        kinds: tuple[Objective, Objective],
        points: int,
        gap: float,
        time_limit: float | None,
        total: float | None,
        threads: int | None,
        on_progress: ProgressListener | None,
    ) -> None:
        began = time.monotonic()
        self.network, self.kinds = network, kinds
        self.m = formulate(network, dict.fromkeys(kinds, 1.0))
        self.stop_reason = StopReason.CONVERGED
        self.failed: Answer | None = None
        self._options = Options(relative_gap=gap, threads=threads, time_limit=time_limit)
        self._ends_at = None if total is None else began + total
        self._solves_left, self._on_progress = 2 * points, on_progress
        self._heard = interrupts_heard()
        self._x: Floats | None = None  # the last plan found, which keeps the limits of the next search

    @property
    def is_over(self) -> bool:
        """Whether somebody asked to stop, or no time is left."""
        if interrupts_heard() > self._heard:
            self.stop_reason = StopReason.INTERRUPTED
            return True
        is_late = self._ends_at is not None and time.monotonic() >= self._ends_at
        if is_late and self._solves_left > 0:
            self.stop_reason = StopReason.TIME_LIMIT
        return is_late

    def point(self, order: tuple[Objective, Objective], caps: Mapping[Objective, float]) -> Point | None:
        """Return the best in one objective, then in the other with the first held; None where there is no plan."""
        leading, following = order
        led = self._solve(leading, caps)
        if led.objective is None:
            self.failed = led
            self._solves_left -= 1
            return None
        held = {**caps, leading: with_leeway(led.objective * sign(leading))}
        followed = None if self.is_over else self._solve(following, held)
        if followed is None or followed.solution is None:
            followed = None
        stages = {leading: led, **({} if followed is None else {following: followed})}
        caps_shown = caps if leading is self.kinds[0] else {leading: held[leading]}
        return _joined(stages, self.kinds, {kind: cap * sign(kind) for kind, cap in caps_shown.items()})

    def _solve(self, kind: Objective, caps: Mapping[Objective, float]) -> Answer:
        options = dataclasses.replace(self._options, time_limit=self._seconds())
        found, x = answer_with_point(
            self.network,
            self.m,
            {kind: 1.0},
            options,
            began=time.monotonic(),
            extra=caps_as_rows(self.m, caps),
            start=self._x,
            on_progress=self._on_progress,
        )
        self._x = self._x if x is None else x
        self._solves_left -= 1
        if found.run.stop_reason.is_limit and self.stop_reason is not StopReason.INTERRUPTED:
            self.stop_reason = found.run.stop_reason
        return found

    def _seconds(self) -> float | None:
        """Return the limit of the next solve: its share of what is left."""
        limits = [] if self._options.time_limit is None else [self._options.time_limit]
        if self._ends_at is not None:
            limits.append(max(self._ends_at - time.monotonic(), 0.1) / max(self._solves_left, 1))
        return min(limits, default=None)


def _joined(stages: Mapping[Objective, Answer], kinds: tuple[Objective, Objective], held: Held) -> Point:
    """Return the last stage's plan as the answer about the first objective, whose bound its own stage has proven."""
    first, second = kinds
    last = [*stages.values()][-1]
    led = stages.get(first)
    runs = [stage.run for stage in stages.values()]
    limited = [run.stop_reason for run in runs if run.stop_reason.is_limit]
    base = last.run if led is None else led.run
    run = dataclasses.replace(
        base,
        stop_reason=limited[0] if limited else base.stop_reason,
        point_status=PointStatus.FEASIBLE if led is None else base.point_status,
        bound=None if led is None else led.run.bound,
        seconds=sum(run.seconds for run in runs),
    )
    found = dataclasses.replace(
        last, objective_kind={first: 1.0}, run=run, held=held, root_bound=None if led is None else led.root_bound
    )
    found = dataclasses.replace(found, certificate=last.certificate + _certificate(found, first, held))
    return Point(answer=found, second_gap=stages[second].gap if second in stages else None)


def _certificate(found: Answer, first: Objective, held: Held) -> Certificate:
    """Return whether the point is on the right side of its bound, and keeps what is held; both from the tables."""
    checks = []
    if found.run.bound is not None and found.objective is not None:
        beyond = sign(first) * (found.run.bound - found.objective)
        size = max(1.0, abs(found.objective))
        name = f"point-not-beyond-the-bound-of-{first.value}"
        detail = f"{first.value} {found.objective:.10g}, bound {found.run.bound:.10g}"
        checks.append(Check(name=name, residual=max(0.0, beyond) / size, tolerance=BOUND_TOLERANCE, detail=detail))
    for kind, limit in held.items():
        [value] = values_of(found, [kind])
        excess = max(0.0, sign(kind) * (value - limit)) / max(1.0, abs(limit))
        detail = f"{kind.value} {value:.10g}, held at {limit:.10g}"
        checks.append(Check(name=f"point-keeps-{kind.value}", residual=excess, tolerance=2 * LEEWAY, detail=detail))
    return Certificate(tuple(checks))


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
