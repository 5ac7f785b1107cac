"""The search for one point of a frontier: the best in one objective, then the best in the other with the first held."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batteryopt.ground.certificate import BOUND_TOLERANCE, Certificate, Check
from batteryopt.ground.interrupt import interrupts_heard
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.data.objective import Objective
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.objective import costs_of
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.answer import Held, NetworkAnswer
from batteryopt.network.plan.earlier import EarlierFacilities
from batteryopt.network.plan.gross import size_of
from batteryopt.network.solve import tree_searcher, tryable, with_added, with_rules
from batteryopt.network.studies.epsilon import LEEWAY, caps_as_rows, largest_term, sign, unit, values_of, with_leeway
from batteryopt.network.studies.time_budget import TimeBudget
from batteryopt.solvers.contract.adapter import Options, ProgressListener

if TYPE_CHECKING:
    from batteryopt.network.formulation.added import RuleFunction


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
    second_gap_money
        The same in money, where the second objective is cost.
    """

    answer: NetworkAnswer
    second_gap: float | None

    second_gap_money: float | None = None

    def is_proven(self, gap: float, gap_money: float = 0.0) -> bool:
        """Return whether both objectives are known to be within a gap of the best with the other held.

        The second solve may lose as much of the first objective as the limit that holds it leaves.
        """
        first = is_within(self.answer.gap, self.answer.gap_money, gap, gap_money)
        second = is_within(self.second_gap, self.second_gap_money, gap, gap_money)
        return self.answer.run.point_status.is_feasible and first and second


def is_within(found: float | None, found_money: float | None, gap: float, gap_money: float) -> bool:
    """Return whether one of two gaps, relative and in money, is as small as asked for."""
    is_near = found is not None and found <= gap + 2 * LEEWAY
    return is_near or (found_money is not None and found_money <= gap_money)


class PointSearch:
    """The formulation, the time that is left, and why the search ended.

    Parameters
    ----------
    budget
        Time for all solves, two a point.
    solver, rules
        As in `batteryopt.network.solve.solve`: every plan is searched by the one and keeps the others.
    earlier
        Facilities to begin from where no plan of this search keeps the caps.
    """

    def __init__(
        self,
        network: Network,
        kinds: tuple[Objective, Objective],
        options: Options,
        budget: TimeBudget,
        on_progress: ProgressListener | None,
        solver: str | None = None,
        rules: RuleFunction | None = None,
        earlier: EarlierFacilities | None = None,
    ) -> None:
        self.network, self.kinds = network, kinds
        self._adapter = tree_searcher(network, solver)
        self.m = tryable(network, dict.fromkeys(kinds, 1.0))
        self._added = None if rules is None else with_rules(network, self.m, rules)
        self.sizes = {kind: largest_term(self.m, kind) for kind in kinds}
        self.stop_reason = StopReason.CONVERGED
        self.failed: NetworkAnswer | None = None
        self.options, self._budget, self._on_progress = options, budget, on_progress
        self._heard = interrupts_heard()
        self._costs = {kind: costs_of(self.m, kind) for kind in kinds}
        self._plans: list[Floats] = []
        self._earlier = earlier

    def is_over(self) -> bool:
        """Return whether somebody asked to stop, or too little time is left, and note which."""
        if interrupts_heard() > self._heard:
            self.stop_reason = StopReason.INTERRUPTED
            return True
        if self._budget.is_spent:
            self.stop_reason = StopReason.TIME_LIMIT
            return True
        return False

    def lead(self, kind: Objective, caps: Mapping[Objective, float]) -> NetworkAnswer:
        """Return the best in one objective under caps (as they are minimised): the first stage of a point."""
        led = self._solve(kind, caps)
        if led.objective is None:
            self.failed = led
        return led

    def follow(
        self,
        led: NetworkAnswer,
        following: Objective,
        caps: Mapping[Objective, float],
        on_following: Callable[[], None],
    ) -> Point:
        """Return the best in the other objective with the one that led held: the point.

        Parameters
        ----------
        on_following
            Told before the other objective is improved.
        """
        [leading] = led.objective_kind
        assert led.objective is not None
        held = {**caps, leading: with_leeway(led.objective * sign(leading), self.sizes[leading])}
        on_following()
        followed = self._follow(following, held)
        stages = {leading: led, **({} if followed is None else {following: followed})}
        caps_shown = caps if leading is self.kinds[0] else {leading: held[leading]}
        return self._joined(stages, {kind: cap * sign(kind) for kind, cap in caps_shown.items()})

    def is_proven(self, led: NetworkAnswer) -> bool:
        """Return whether the first stage of a point is known to be within the gap of the best there is."""
        gaps = self.options.relative_gap, self.options.absolute_gap
        return led.run.point_status.is_feasible and is_within(led.gap, led.gap_money, *gaps)

    def _follow(self, kind: Objective, held: Mapping[Objective, float]) -> NetworkAnswer | None:
        """Return the best in the other objective; None where there is no time for it, or it finds nothing in time."""
        try:
            found = None if self.is_over() else self._solve(kind, held)
        except KeyboardInterrupt:  # the first stage's plan is a point already
            self.stop_reason = StopReason.INTERRUPTED
            return None
        return None if found is None or found.solution is None else found

    def _solve(self, kind: Objective, caps: Mapping[Objective, float]) -> NetworkAnswer:
        absolute = self.options.absolute_gap if kind is Objective.COST else 0.0
        found, x = answer_with_point(
            self.network,
            self.m,
            {kind: 1.0},
            dataclasses.replace(self.options, time_limit=self._budget.share(), absolute_gap=absolute),
            began=time.monotonic(),
            extra=caps_as_rows(self.m, caps),
            start=self._start(kind, caps),
            earlier=self._earlier,
            adapter=self._adapter,
            on_progress=self._on_progress,
        )
        if x is not None and self._added is not None:
            found = with_added(found, self._added, x)
        if x is not None and found.run.point_status.is_feasible:
            self._plans.append(x)
        if found.run.stop_reason.is_limit and self.stop_reason is not StopReason.INTERRUPTED:
            self.stop_reason = found.run.stop_reason
        return found

    def _start(self, kind: Objective, caps: Mapping[Objective, float]) -> Floats | None:
        """Return the best plan so far that keeps the caps: another would be no plan of this search."""
        kept = [x for x in self._plans if all(self._costs[held].at(x) <= cap for held, cap in caps.items())]
        return min(kept, key=self._costs[kind].at, default=None)

    def _joined(self, stages: Mapping[Objective, NetworkAnswer], held: Held) -> Point:
        """Return the last stage's plan as the answer about the first objective, with the bound of its own stage."""
        first, second = self.kinds
        last = [*stages.values()][-1]
        led = stages.get(first)
        runs = [stage.run for stage in stages.values()]
        limited = [run.stop_reason for run in runs if run.stop_reason is not StopReason.CONVERGED]
        base = last.run if led is None else led.run
        run = dataclasses.replace(
            base,
            stop_reason=limited[0] if limited else base.stop_reason,
            point_status=PointStatus.FEASIBLE if led is None else base.point_status,
            bound=None if led is None else led.run.bound,
            seconds=sum(run.seconds for run in runs),
        )
        root_bound = None if led is None else led.root_bound
        found = dataclasses.replace(last, objective_kind={first: 1.0}, run=run, held=held, root_bound=root_bound)
        certificate = last.certificate + _certificate(found, first, held, self.sizes)
        return Point(
            answer=dataclasses.replace(found, certificate=certificate),
            second_gap=stages[second].gap if second in stages else None,
            second_gap_money=stages[second].gap_money if second in stages else None,
        )


def _certificate(found: NetworkAnswer, first: Objective, held: Held, sizes: Mapping[Objective, float]) -> Certificate:
    """Return whether the point is on the right side of its bound, and keeps what is held; both from the tables."""
    checks = []
    if found.run.bound is not None and found.objective is not None and found.solution is not None:
        beyond = sign(first) * (found.run.bound - found.objective)
        size = size_of(found.solution, {first: 1.0}, found.objective)
        name = f"point-not-beyond-the-bound-of-{first.value}"
        detail = f"{first.value} {found.objective:.10g}, bound {found.run.bound:.10g}"
        checks.append(Check(name=name, residual=max(0.0, beyond) / size, tolerance=BOUND_TOLERANCE, detail=detail))
    for kind, limit in held.items():
        [value] = values_of(found, [kind])
        excess = max(0.0, sign(kind) * (value - limit)) / unit(sizes[kind], limit)
        detail = f"{kind.value} {value:.10g}, held at {limit:.10g}"
        checks.append(Check(name=f"point-keeps-{kind.value}", residual=excess, tolerance=2 * LEEWAY, detail=detail))
    return Certificate(tuple(checks))
