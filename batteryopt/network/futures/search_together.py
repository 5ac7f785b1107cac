"""One first stage for several futures: by rows of what each of them costs, or by their extensive form."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.network.data.geography import flat_positions
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import Costs, weighted
from batteryopt.network.futures.extensive_form import Extensive, join
from batteryopt.network.futures.first_stage import FIRST_STAGE, FOLLOWS
from batteryopt.network.futures.found_by_cuts import found_by_cuts, is_for_cuts, with_better_bound
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.joint_dive import dived
from batteryopt.network.futures.relaxed_by_cuts import KnownByCuts
from batteryopt.network.futures.risk_measure import Risk, minimised, with_risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.search.search import Found, root_bound_of, search
from batteryopt.network.search.searched_problem import Problem, make_problem
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener

SHARES = {"mean": 0.08, "mean in all": 0.16, "alone": 0.3, "all": 0.95}
"""Parts of the time limit by which each phase is over; what one leaves the next ones have."""
WITH_ROWS = {"mean": 0.08, "at once": 0.16, "rows": 0.78, "mean in all": 0.84, "alone": 0.95, "all": 0.95}
"""The same where rows of the futures' costs come first."""
LEAST_SECONDS = 1.0
"""What one solve has at least, even beyond the time limit."""


class SearchTogether:
    """What is known of futures and of their search together.

    Attributes
    ----------
    by_cuts
        Rows that are known: set from outside, those of another search that hold here too.
    most
        What no plan costs more than, where that is known without one: set from outside, it bounds the risk's variables.
    times_larger
        From how many times the usual size of the extensive form on rows come in its place.
    own_shares
        Parts of the time limit that take the place of the usual ones.
    """

    times_larger: ClassVar[float] = 1.0
    own_shares: ClassVar[Mapping[str, float] | None] = None

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
        self.kept_for_judging = 0.0
        self.most = np.inf
        self.shares = [future.probability for future in futures]
        self.by_cuts: SearchByCuts | None = None
        self._rows: SearchByCuts | None = None
        self.own_points: Sequence[Floats | None] = ()
        self.forms = list(forms) if forms else [formulate(future.network, WEIGHTS) for future in futures]
        self._is_by_rows = is_for_cuts(self.forms, self.times_larger)
        self.shares_of_time = self.own_shares or (WITH_ROWS if self._is_by_rows else SHARES)

    def best_for_all(
        self, lowest: Sequence[float], points: Sequence[Floats], known: KnownByCuts | None = None
    ) -> tuple[Found, list[Floats], float | None]:
        """Return what the search of the extensive form gave, its point in each future, and the model's own value.

        Parameters
        ----------
        lowest
            A proven lower bound of what each future costs.
        points
            To begin from, with one first stage; empty: none is known.
        known
            What rows of the futures' costs have given already: they go on, where time is left.
        """
        costs = [weighted(m, WEIGHTS) for m in self.forms]
        if not self._is_by_rows:
            return self._extensive(costs, lowest, points)
        if known is not None and self._rows is not None:
            self._rows.keep(points)  # found since
        if known is None or not (known.is_exhausted or self._is_over()):
            known = self._by_cuts(points, "all")
        found = found_by_cuts(known, self.options, is_over=self._is_over(), is_interrupted=self.flag.is_set)
        if found is not None:
            return found, known.points, known.value if known.points else None
        found, points, value = self._extensive(costs, lowest, known.points or points)
        return with_better_bound(found, known), points, value

    def _by_cuts(self, points: Sequence[Floats], phase: str) -> KnownByCuts:
        """Return what rows of the futures' costs give by the end of a phase; they go on where they were begun."""
        costs, limit = [weighted(m, WEIGHTS) for m in self.forms], self.options.time_limit
        deadline = np.inf if limit is None else self.began + self.shares_of_time[phase] * limit
        self.announce("all futures by rows of their costs")
        if self._rows is None:
            self._rows = SearchByCuts(
                self.forms,
                costs,
                self.shares,
                self.risk,
                self.options,
                self.flag,
                names=FIRST_STAGE,
                tell=lambda value, bound: self._tell_of(value, bound, "rows of the futures' costs"),
                earlier=self.by_cuts,
            )
            self.by_cuts = self._rows
        self._rows.deadline = deadline

        def quick(until: float) -> list[Floats]:
            if self.risk.weight > 0 or points:  # a dive knows nothing of the worst ones
                return []
            form = self._form()
            return dived(form, minimised(form, costs, self.risk, (), np.inf), self.options, self.flag, until)

        return self._rows.go(points, self.own_points, quick)

    def _is_over(self) -> bool:
        return self.flag.is_set or self._is_out_of_time()

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


def _in_money(found: Found, problem: Problem) -> Found:
    bounds = [None if bound is None else bound * problem.money for bound in (found.bound, found.root_bound)]
    return dataclasses.replace(found, bound=bounds[0], root_bound=bounds[1])
