"""The search for one plan for all futures where their extensive form is too large for the time limit: by bundles."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.objective import Costs, weighted
from batteryopt.network.futures.bundles import Bundled, Solved, improve_by_bundles, paired
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_point
from batteryopt.network.futures.joint_search import SHARES, JointSearch
from batteryopt.network.futures.searched_futures import Searched
from batteryopt.network.plan.solution import Solution
from batteryopt.network.search.search import Found

SPLIT_FROM = 1_000_000
"""Coefficients of all futures beyond which the extensive form is not begun within a time limit. Where it can be solved
it is the better way: of a province of 21 cities with 20 futures (0.4 million) its relaxation with cuts was within 2 %
of a plan after 100 s, while futures alone, each proven to 0.5 %, leave 6 %: knowing the future is worth much there."""
OF_THE_GAP = 0.25
"""Part of the gap that single futures and bundles may leave where their bounds make up that of all."""
ROUNDING = 1e-8
"""Relative difference of a sum of bounds and a sum of costs that is rounding."""
HINDSIGHT_GAP = 1e-6
"""Relative gap of the flows in one future with a plan's facilities."""
TRIED_ALONE = 4
"""Plans of single futures that are tried in all of them."""


def is_too_large(search: JointSearch) -> bool:
    """Whether the extensive form of a search is too large for its time limit; only the expected cost has bundles."""
    entries = sum(len(rows.variable) for m in search.forms for rows in m.rows.values())
    return search.options.time_limit is not None and search.risk.weight == 0 and entries > SPLIT_FROM


class BestForAll:
    """The best plan for all so far: its points and what it costs on average."""

    def __init__(self, *, costs: Sequence[Costs], shares: Sequence[float]) -> None:
        self._costs, self._shares = costs, shares
        self.points: list[Floats] = []
        self.value = np.inf

    def take(self, points: Sequence[Floats]) -> None:
        """Keep points, one a future, where they cost less."""
        if not points:
            return
        value = float(np.dot(self._shares, [cost.at(x) for cost, x in zip(self._costs, points, strict=True)]))
        if value < self.value:
            self.points, self.value = list(points), value


class SearchInParts(JointSearch):
    """The same search, with bundles of futures in the place of the extensive form of all."""

    shares_of_time: ClassVar[Mapping[str, float]] = {**SHARES, "alone": 0.7, "candidates": 0.8}

    def go(self, mean: Network) -> Searched:
        """Return the plan for all futures."""
        self.gap_alone = self.options.relative_gap * OF_THE_GAP  # the bounds of single futures are those of all
        return super().go(mean)

    def _together(self, searched: Searched, points: Sequence[Floats]) -> Searched:
        """Return the best plan of those that bundles of futures give, and the bound that bundles prove."""
        self.announce("bundles of futures")
        lowest = tuple(self.lowest_after(answer, m) for answer, m in zip(searched.alone, self.forms, strict=True))
        costs = [weighted(m, WEIGHTS) for m in self.forms]
        best = BestForAll(costs=costs, shares=self.shares)
        best.take(points)
        for answer in sorted(searched.alone, key=lambda answer: answer.objective or 0.0)[
            :: max(1, len(lowest) // TRIED_ALONE)
        ]:
            if answer.solution is not None and not self._is_late("candidates"):
                best.take(self._points_of(answer.solution))
        known = Bundled(
            probabilities=np.asarray(self.shares),
            lowest=np.asarray(lowest),
            bundles=paired([answer.objective or 0.0 for answer in searched.alone]),
            bounds={},
        )

        def solve(bundle: tuple[int, ...], seconds: float) -> Solved:
            return self._bundle(bundle, seconds, lowest, best.points)

        def try_plan(found: Sequence[Floats], bundle: Sequence[int]) -> None:
            first = bundle[0]
            best.take(self._points_of(to_solution(self.forms[first], self.futures[first].network, found[0])))

        def is_done(bound: float) -> bool:
            self._tell_of(best.value, bound, "bundles")
            return self.flag.is_set or (best.points != [] and self._is_near(best.value, bound))

        limit = self.options.time_limit or 0.0
        improve_by_bundles(known, solve, try_plan, is_done, self.began + self.shares_of_time["all"] * limit)
        return self._of_parts(searched, lowest, best, known.bound)

    def _is_late(self, phase: str) -> bool:
        limit = self.options.time_limit
        return self.flag.is_set or (limit is not None and self.spent() > self.shares_of_time[phase] * limit)

    def _points_of(self, plan: Solution) -> list[Floats]:
        """Return the best points of a plan's facilities in all futures; none where it breaks a hard rule in one."""
        exact = dataclasses.replace(self.options, time_limit=None, relative_gap=HINDSIGHT_GAP)
        found: list[Floats] = []
        for m in self.forms:
            x = hindsight_point(m, plan, exact)
            if x is None:
                return []
            found.append(x)
        return found

    def _bundle(
        self, bundle: tuple[int, ...], seconds: float, lowest: Sequence[float], points: Sequence[Floats]
    ) -> Solved:
        """Return a bundle's proven bound and its own best point, from the best plan for all so far."""
        share = sum(self.shares[s] for s in bundle)
        futures = [dataclasses.replace(self.futures[s], probability=self.shares[s] / share) for s in bundle]
        options = dataclasses.replace(
            self.options, time_limit=seconds, relative_gap=self.options.relative_gap * OF_THE_GAP
        )
        part = JointSearch(
            futures, self.risk, options, self.flag, announce=self.announce, on_progress=None,
            forms=[self.forms[s] for s in bundle],
        )  # fmt: skip
        found, own, _ = part.best_for_all([lowest[s] for s in bundle], [points[s] for s in bundle] if points else [])
        return found.bound, own

    def _of_parts(self, searched: Searched, lowest: tuple[float, ...], best: BestForAll, bound: float) -> Searched:
        is_near = best.points != [] and self._is_near(best.value, bound)
        why = StopReason.INTERRUPTED if self.flag.is_set else StopReason.TIME_LIMIT
        status = PointStatus.OPTIMAL if is_near else PointStatus.FEASIBLE if best.points else PointStatus.NONE
        found = Found(
            stop_reason=StopReason.CONVERGED if is_near else why,
            point_status=status,
            bound=float(bound) if np.isfinite(bound) else None,
        )
        if not best.points:
            return dataclasses.replace(searched, lowest=lowest, found=found)
        triples = zip(self.forms, self.futures, best.points, strict=True)
        plans = tuple(to_solution(m, future.network, x) for m, future, x in triples)
        return dataclasses.replace(
            searched,
            lowest=lowest,
            found=found,
            solutions=plans,
            model_value=best.value,
            tabled_value=self.risk.of([plan.net_present_cost for plan in plans], self.shares),
        )

    def _is_near(self, value: float, bound: float) -> bool:
        options = dataclasses.replace(self.options, relative_gap=max(self.options.relative_gap, ROUNDING))
        return options.is_near_enough(value, bound)
