"""The search for one plan for all futures: the mean future's plan, each future alone, and then all of them together."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Sequence

from batteryopt.ground.status import PointStatus
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_points, with_facilities
from batteryopt.network.futures.owed_plan import owed_points
from batteryopt.network.futures.relaxed_by_cuts import KnownByCuts
from batteryopt.network.futures.search_together import LEAST_SECONDS, SHARES, SearchTogether
from batteryopt.network.futures.searched_futures import Evaluation, Searched, all_points
from batteryopt.network.judge.check import check
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.solution import Solution

JUDGING, MOST_FOR_JUDGING = 3.0, 0.4
"""Times that one check of a plan takes which its tables, checks and output take in a future, measured; and the part of
the time limit that they have at most."""


class JointSearch(SearchTogether):
    """What is known of the futures so far, and what is tried next."""

    # ---- one network

    def _until(self, phase: str, parts: int = 1) -> float | None:
        """Return the seconds that one of so many solves may take of what is left of a phase; None without a limit."""
        limit = self.options.time_limit
        if limit is None:
            return None
        return max(LEAST_SECONDS, (self.began + self.shares_of_time[phase] * limit - time.monotonic()) / parts)

    def _one(
        self,
        network: Network,
        m: Formulation,
        seconds: float | None,
        start: Floats | None = None,
    ) -> Evaluation:
        """Return the best plan of one network."""
        options = dataclasses.replace(self.options, time_limit=seconds)
        return answer_with_point(network, m, WEIGHTS, options, began=time.monotonic(), start=start)

    def in_all(self, plan: Solution, phase: str, starts: Sequence[Floats] = ()) -> list[Evaluation]:
        """Return a plan's facilities in each future, flows decided with hindsight; up to the first without a plan."""
        found: list[Evaluation] = []
        for position, (future, m) in enumerate(zip(self.futures, self.forms, strict=True)):
            if self._is_late_with_rows():
                break
            seconds = self._until(phase, len(self.futures) - position)
            start = starts[position] if starts else None
            found.append(self._one(future.network, with_facilities(m, plan), seconds, start))
            if found[-1][1] is None:
                break
        return found

    # ---- the phases

    def go(self, mean: Network) -> Searched:
        """Return the plan for all futures."""
        of_mean, known = self._of_mean(mean, self._until("mean")), None
        points: Sequence[Floats] = ()
        if self._is_by_rows:  # rows need no judged plan of any future: those come in the time that they leave
            points = self._at_once(of_mean) or self._owed(mean, [of_mean])
            known = self._by_cuts(points, "rows")
        evaluations = [] if of_mean.solution is None else self._mean_in_all(of_mean.solution, "mean in all")
        points = (known.points if known else None) or points or all_points(evaluations, len(self.futures))
        alone = self._alone(points)
        self.own_points = [x for _, x in alone]
        searched = Searched(
            mean=of_mean, mean_in_all=tuple(answer for answer, _ in evaluations), alone=tuple(a for a, _ in alone)
        )
        if any(answer.run.stop_reason.is_no_solution for answer in searched.alone):
            return searched
        points = points or self._other_start(searched.alone) or self._owed(mean, [of_mean, *searched.alone])
        return self._together(searched, points, known)

    def _at_once(self, of_mean: NetworkAnswer) -> list[Floats]:
        """Return points of the mean's facilities in all futures, not judged yet: a plan that an interrupt can keep."""
        if of_mean.solution is None:
            return []
        return hindsight_points(self.forms, of_mean.solution, self.options, lambda left: self._until("at once", left))

    def _owed(self, mean: Network, answers: Sequence[NetworkAnswer]) -> list[Floats]:
        """Return points that an interrupt is owed, from plans that are known; none where nobody interrupted."""
        if not self.flag.is_set:
            return []
        self.announce("a plan for all futures from what is known")
        first, *others = answers  # of the mean; then of the futures, the dearest of which asks for most
        dearest = sorted(others, key=lambda answer: -(answer.objective or 0.0))
        plans = [answer.solution for answer in (first, *dearest) if answer.solution is not None]
        return owed_points(self.forms, plans, mean, self.options)

    def _leave_time_to_judge(self, plan: Solution | None) -> None:
        """Shorten the time limit where tables and checks of a plan in every future take more than is kept for them.

        A look at one plan says how long that takes here and now, on a busy machine too.
        """
        limit = self.options.time_limit
        if limit is None or plan is None:
            return
        began = time.monotonic()
        check(plan)
        judging = JUDGING * len(self.futures) * (time.monotonic() - began)
        left = limit * (1.0 - min(MOST_FOR_JUDGING, judging / limit)) + self.kept_for_judging
        self.options = dataclasses.replace(self.options, time_limit=min(limit, left))

    def evaluate(self, plan: Solution, mean: Network | None = None) -> Searched:
        """Return given facilities in all futures, beside each future alone and, where it is asked for, the mean's."""
        self.shares_of_time = SHARES  # nothing is sought
        self.announce("the plan in all futures")
        evaluations = self.in_all(plan, "mean in all")
        alone = self._alone(all_points(evaluations, len(self.futures)))
        of_mean = None if mean is None else self._of_mean(mean, self._until("all", 2))
        others = [] if of_mean is None or of_mean.solution is None else self._mean_in_all(of_mean.solution, "all")
        answers = tuple(answer for answer, _ in evaluations)
        solutions = tuple(answer.solution for answer in answers if answer.solution is not None)
        return Searched(
            mean=of_mean,
            mean_in_all=tuple(answer for answer, _ in others),
            given_in_all=answers,
            alone=tuple(answer for answer, _ in alone),
            solutions=solutions if len(solutions) == len(self.futures) else (),
        )

    def _of_mean(self, mean: Network, seconds: float | None) -> NetworkAnswer:
        """Return the plan of the mean future."""
        self.announce("the mean of the futures")
        of_mean, _ = self._one(mean, formulate(mean, WEIGHTS), seconds)
        self._leave_time_to_judge(of_mean.solution)
        return of_mean

    def _mean_in_all(self, plan: Solution, phase: str) -> list[Evaluation]:
        """Return its facilities in all futures."""
        self.announce("its plan in all futures")
        return self.in_all(plan, phase)

    def _alone(self, starts: Sequence[Floats]) -> list[Evaluation]:
        """Return the best plan of each future alone, up to the first that cannot have one."""
        found: list[Evaluation] = []
        for position, (future, m) in enumerate(zip(self.futures, self.forms, strict=True)):
            if self.flag.is_set or self._is_late_with_rows():
                break
            self.announce(f"the future '{future.name}' alone")
            seconds = self._until("alone", len(self.futures) - position)
            start = starts[position] if starts else None
            found.append(self._one(future.network, m, seconds, start))
            if found[-1][0].run.stop_reason.is_no_solution:
                break
        return found

    def _other_start(self, alone: Sequence[NetworkAnswer]) -> list[Floats]:
        """Return points of a plan that keeps the rules of all futures: that of the dearest one that does, of three."""
        plans = [answer.solution for answer in alone if answer.solution is not None]
        for plan in sorted(plans, key=lambda plan: -plan.net_present_cost)[:3]:
            points = all_points(self.in_all(plan, "all"), len(self.futures))
            if points:
                return points
        return []

    def _together(self, searched: Searched, points: Sequence[Floats], known: KnownByCuts | None) -> Searched:
        """Return the plan for all futures, from points with one first stage where there are any."""
        self.announce("all futures together")
        answers = itertools.chain(searched.alone, itertools.repeat(None))
        lowest = tuple(self._lowest(s, answer) for s, answer in zip(range(len(self.forms)), answers, strict=False))
        searched = dataclasses.replace(searched, lowest=lowest)
        found, points, value = self.best_for_all(lowest, points, known)
        if not points:
            return dataclasses.replace(searched, found=found)
        plans = [to_solution(m, f.network, point) for m, f, point in zip(self.forms, self.futures, points, strict=True)]
        is_enough = found.point_status is PointStatus.OPTIMAL and self.risk.weight == 0
        return dataclasses.replace(
            searched,
            found=found,
            solutions=tuple(plans if is_enough else self._with_hindsight(plans, points)),
            model_value=value,
            tabled_value=self.risk.of([plan.net_present_cost for plan in plans], self.shares),
        )

    def _is_late_with_rows(self) -> bool:
        """Whether there is no time for more than the plan, which rows have brought or not."""
        return self._rows is not None and self._is_out_of_time()

    def _lowest(self, position: int, answer: NetworkAnswer | None) -> float:
        """Return a proven lower bound of what a future costs."""
        of_plan = () if answer is None else (answer.run.bound, answer.root_bound)
        of_rows = None if self._rows is None else self._rows.alone.get(position)
        bounds = [bound for bound in (*of_plan, of_rows) if bound is not None]
        return max(bounds) if bounds else self.lowest_of(self.forms[position])

    def _with_hindsight(self, plans: Sequence[Solution], points: Sequence[Floats]) -> list[Solution]:
        """Return plans with the same facilities and flows decided anew, each future for itself, where that is better.

        The search is content within its gap, and where the worst future alone counts it says nothing of the others.
        """
        found = []
        for position, (plan, m, point) in enumerate(zip(plans, self.forms, points, strict=True)):
            limit = self.options.time_limit
            left = None if limit is None else (limit - self.spent()) / (len(plans) - position)
            if self.flag.is_set or (left is not None and left <= 0):
                found.append(plan)
                continue
            better, _ = self._one(plan.network, with_facilities(m, plan), left, point)
            is_better = (
                better.solution is not None
                and better.certificate.passed
                and better.solution.net_present_cost < plan.net_present_cost
            )
            found.append(better.solution if is_better and better.solution is not None else plan)
        return found
