"""The search for one plan for all futures: the mean future's plan, each future alone, and then all of them together."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import PointStatus
from batteryopt.network.data.geography import flat_positions
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import Costs, weighted
from batteryopt.network.futures.extensive_form import Extensive, join
from batteryopt.network.futures.found_by_cuts import found_by_cuts, is_for_cuts, with_better_bound
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS, with_facilities
from batteryopt.network.futures.joint_dive import dived
from batteryopt.network.futures.relaxed_by_cuts import KnownByCuts
from batteryopt.network.futures.risk_measure import Risk, minimised, with_risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.futures.searched_futures import Evaluation, Searched, all_points
from batteryopt.network.judge.check import check
from batteryopt.network.judged_answer import answer_with_point
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.search import Found, root_bound_of, search
from batteryopt.network.search.searched_problem import Problem, make_problem
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener

FIRST_STAGE = ("is_open", "raised", "closed", "is_full")
"""Families that are decided once for all futures."""
FOLLOWS = ("kept",)
"""What was raised and stands at the end follows from those; futures with other subsidies value it differently."""
SHARES = {"mean": 0.08, "mean in all": 0.16, "alone": 0.3, "all": 0.95}
"""Parts of the time limit by which each phase is over; what one leaves the next ones have."""
JUDGING, MOST_FOR_JUDGING = 3.0, 0.4
"""Times that one check of a plan takes which its tables, checks and output take in a future, measured; and the part of
the time limit that they have at most."""
LEAST_SECONDS = 1.0
"""What one solve has at least, even beyond the time limit."""


class JointSearch:
    """What is known of the futures so far, and what is tried next."""

    shares_of_time: ClassVar[Mapping[str, float]] = SHARES
    times_larger: ClassVar[float] = 1.0

    def __init__(
        self,
        futures: Sequence[Future],
        risk: Risk,
        options: Options,
        flag: InterruptFlag,
        *,
        announce: Callable[[str], None],
        on_progress: ProgressListener | None,
        forms: Sequence[Formulation] | None = None,
    ) -> None:
        self.futures, self.risk, self.options, self.flag = tuple(futures), risk, options, flag
        self.announce, self.on_progress = announce, on_progress
        self.began = time.monotonic()
        self.gap_alone = options.relative_gap
        self.kept_for_judging = 0.0
        self.most = np.inf  # what no plan costs more than, where that is known without one
        self.shares = [future.probability for future in futures]
        self.by_cuts: SearchByCuts | None = None
        self.own_points: Sequence[Floats | None] = ()
        self.forms = list(forms) if forms else [formulate(future.network, WEIGHTS) for future in futures]

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
        *,
        gap: float | None = None,
    ) -> Evaluation:
        """Return the best plan of one network."""
        gap = self.options.relative_gap if gap is None else gap
        options = dataclasses.replace(self.options, time_limit=seconds, relative_gap=gap)
        return answer_with_point(network, m, WEIGHTS, options, began=time.monotonic(), start=start)

    def in_all(self, plan: Solution, phase: str, starts: Sequence[Floats] = ()) -> list[Evaluation]:
        """Return a plan's facilities in each future, flows decided with hindsight; up to the first without a plan."""
        found: list[Evaluation] = []
        for position, (future, m) in enumerate(zip(self.futures, self.forms, strict=True)):
            seconds = self._until(phase, len(self.futures) - position)
            start = starts[position] if starts else None
            found.append(self._one(future.network, with_facilities(m, plan), seconds, start))
            if found[-1][1] is None:
                break
        return found

    # ---- the phases

    def go(self, mean: Network) -> Searched:
        """Return the plan for all futures."""
        of_mean, evaluations = self._of_mean(mean, self._until("mean"), "mean in all")
        points = all_points(evaluations, len(self.futures))
        alone = self._alone(points)
        self.own_points = [x for _, x in alone]
        searched = Searched(
            mean=of_mean, mean_in_all=tuple(answer for answer, _ in evaluations), alone=tuple(a for a, _ in alone)
        )
        if any(answer.run.stop_reason.is_no_solution for answer in searched.alone):
            return searched
        if not points:
            points = self._other_start(searched.alone)
        return self._together(searched, points)

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
        self.announce("the plan in all futures")
        evaluations = self.in_all(plan, "mean in all")
        alone = self._alone(all_points(evaluations, len(self.futures)))
        of_mean, others = (None, []) if mean is None else self._of_mean(mean, self._until("all", 2), "all")
        answers = tuple(answer for answer, _ in evaluations)
        solutions = tuple(answer.solution for answer in answers if answer.solution is not None)
        return Searched(
            mean=of_mean,
            mean_in_all=tuple(answer for answer, _ in others),
            given_in_all=answers,
            alone=tuple(answer for answer, _ in alone),
            solutions=solutions if len(solutions) == len(self.futures) else (),
        )

    def _of_mean(self, mean: Network, seconds: float | None, phase: str) -> tuple[NetworkAnswer, list[Evaluation]]:
        """Return the plan of the mean future, and its facilities in all futures."""
        self.announce("the mean of the futures")
        of_mean, _ = self._one(mean, formulate(mean, WEIGHTS), seconds)
        self._leave_time_to_judge(of_mean.solution)
        if of_mean.solution is None:
            return of_mean, []
        self.announce("its plan in all futures")
        return of_mean, self.in_all(of_mean.solution, phase)

    def _alone(self, starts: Sequence[Floats]) -> list[Evaluation]:
        """Return the best plan of each future alone, up to the first that cannot have one."""
        found: list[Evaluation] = []
        for position, (future, m) in enumerate(zip(self.futures, self.forms, strict=True)):
            self.announce(f"the future '{future.name}' alone")
            seconds = self._until("alone", len(self.futures) - position)
            start = starts[position] if starts else None
            found.append(self._one(future.network, m, seconds, start, gap=self.gap_alone))
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

    def _together(self, searched: Searched, points: Sequence[Floats]) -> Searched:
        """Return the plan for all futures, from points with one first stage where there are any."""
        self.announce("all futures together")
        lowest = tuple(self.lowest_after(answer, m) for answer, m in zip(searched.alone, self.forms, strict=True))
        searched = dataclasses.replace(searched, lowest=lowest)
        found, points, value = self.best_for_all(lowest, points)
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

    def best_for_all(
        self, lowest: Sequence[float], points: Sequence[Floats]
    ) -> tuple[Found, list[Floats], float | None]:
        """Return what the search of the extensive form gave, its point in each future, and the model's own value.

        Parameters
        ----------
        lowest
            A proven lower bound of what each future costs.
        points
            To begin from, with one first stage; empty: none is known.
        """
        costs = [weighted(m, WEIGHTS) for m in self.forms]
        if not is_for_cuts(self.forms, self.times_larger):
            return self._extensive(costs, lowest, points)
        known = self._by_cuts(costs, points)
        is_over = self.flag.is_set or self._is_out_of_time()
        found = found_by_cuts(known, self.options, is_over=is_over, is_interrupted=self.flag.is_set)
        if found is not None:
            return found, known.points, known.value if known.points else None
        found, points, value = self._extensive(costs, lowest, known.points or points)
        return with_better_bound(found, known), points, value

    def _by_cuts(self, costs: Sequence[Costs], points: Sequence[Floats]) -> KnownByCuts:
        """Return what rows of the futures' costs give in the time there is."""
        limit = self.options.time_limit
        self.by_cuts = SearchByCuts(
            self.forms,
            costs,
            self.shares,
            self.risk,
            self.options,
            self.flag,
            names=FIRST_STAGE,
            deadline=np.inf if limit is None else self.began + self.shares_of_time["all"] * limit,
            tell=lambda value, bound: self._tell_of(value, bound, "rows of the futures' costs"),
            earlier=self.by_cuts,
        )

        def quick(until: float) -> list[Floats]:
            if self.risk.weight > 0:  # a dive knows nothing of the worst ones
                return []
            form = self._form()
            return dived(form, minimised(form, costs, self.risk, (), np.inf), self.options, self.flag, until)

        return self.by_cuts.go(points, self.own_points, quick)

    def _tell_of(self, value: float, bound: float, doing: str) -> None:
        if self.on_progress is not None:
            objective, low = (v if np.isfinite(v) else None for v in (value, bound))
            self.on_progress(Progress(seconds=self.spent(), objective=objective, bound=low, doing=doing))

    def _is_out_of_time(self) -> bool:
        limit = self.options.time_limit
        return limit is not None and self.spent() >= self.shares_of_time["all"] * limit - LEAST_SECONDS

    def _extensive(
        self, costs: Sequence[Costs], lowest: Sequence[float], points: Sequence[Floats]
    ) -> tuple[Found, list[Floats], float | None]:
        """Return the same by the extensive form."""
        form = self._form()
        if self.risk.weight > 0 and not points and not np.isfinite(self.most):
            # the best on average first: what it costs bounds the risk's variables
            found, x = self._search(form, minimised(form, costs, Risk(), lowest, np.inf), None)
            if x is None:
                return found, [], None
            points, form = [form.of_part(x, s) for s in range(len(self.futures))], self._form()
        values = [cost.at(point) for cost, point in zip(costs, points, strict=False)]
        most = self.risk.of(values, self.shares) if values else self.most
        objective = minimised(form, costs, self.risk, lowest, most)
        start = with_risk(form, form.joined(points), values, self.risk) if points else None
        found, x = self._search(form, objective, start)
        if x is None:
            return found, [], None
        return found, [form.of_part(x, s) for s in range(len(self.futures))], objective.at(x)

    def _form(self) -> Extensive:
        names = [future.name for future in self.futures]
        return join(self.forms, self.shares, names, first_stage=FIRST_STAGE, follows=FOLLOWS)

    def lowest_after(self, answer: NetworkAnswer, m: Formulation) -> float:
        """Return a proven lower bound of what a future costs."""
        bounds = [bound for bound in (answer.run.bound, answer.root_bound) if bound is not None]
        if bounds:
            return max(bounds)
        return self.lowest_of(m)

    def lowest_of(self, m: Formulation) -> float:
        """Return the bound of what a future costs that the duals of its relaxation prove."""
        problem = make_problem(m, weighted(m, WEIGHTS))
        unlimited = dataclasses.replace(self.options, time_limit=None)
        bound = root_bound_of(problem.with_cuts(), unlimited, time.monotonic())
        return -np.inf if bound is None else bound * problem.money

    def _search(self, form: Extensive, costs: Costs, start: Floats | None) -> tuple[Found, Floats | None]:
        """Return what a search of the extensive form gives, in the formulation's own units."""
        problem = make_problem(form.m, costs)
        limit = self.options.time_limit
        options = dataclasses.replace(
            self.options,
            time_limit=None if limit is None else max(LEAST_SECONDS, self.shares_of_time["all"] * limit - self.spent()),
            absolute_gap=self.options.absolute_gap / problem.money,
        )
        began = time.monotonic()
        found = search(
            problem,
            options,
            began=began,
            positions=flat_positions(self.futures[0].network),
            start=None if start is None else problem.units.inside(start),
            on_progress=self._teller(problem),
        )
        x = None if found.x is None else problem.units.outside(found.x)
        return _in_money(found, problem), x

    def _teller(self, problem: Problem) -> ProgressListener:
        def told(progress: Progress) -> None:
            if self.on_progress is not None:
                scaled = [None if v is None else v * problem.money for v in (progress.objective, progress.bound)]
                self.on_progress(Progress(seconds=self.spent(), objective=scaled[0], bound=scaled[1]))

        return told

    def spent(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self.began

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


def _in_money(found: Found, problem: Problem) -> Found:
    bounds = [None if bound is None else bound * problem.money for bound in (found.bound, found.root_bound)]
    return dataclasses.replace(found, bound=bounds[0], root_bound=bounds[1])
