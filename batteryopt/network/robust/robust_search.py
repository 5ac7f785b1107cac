"""The plan for the worst of a budget of moves: a plan for the futures known so far, the worst future for it, and again.

Column-and-constraint generation: Zeng, B., Zhao, L. (2013), Operations Research Letters 41, 457-461. A plan for some
futures of the set costs no more than one for all, so that its bound is a bound; what its facilities cost in the worst
future of the set is what they cost at most. The futures are finite in number and none is needed twice.

Which futures matter is found with fractions of facilities first, where a round takes a linear program and a few steps
of a climb (`climb`). Plans in whole facilities are then made for these alone. What a plan costs at most is proven by
the `adversary` once no climb finds a future that is worse for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Sequence

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_points
from batteryopt.network.futures.search_together import LEAST_SECONDS
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.adversary import Worst
from batteryopt.network.robust.climb import tops
from batteryopt.network.robust.clock import Clock
from batteryopt.network.robust.deviations import Move, Moves, room
from batteryopt.network.robust.hindsight import Hindsight
from batteryopt.network.robust.known_futures import KnownFutures, PlansForTheWorst
from batteryopt.network.robust.moving_sides import MovingSides
from batteryopt.network.robust.robust_found import RobustFound, Round, Tried
from batteryopt.network.robust.worst_future import PROOF, WorstFuture
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener, relative_gap

CHECKS = "checks"
"""What the clock keeps time for: tables and checks of the plan in each future that was looked at."""
MASTER, ADVERSARY = 0.5, 0.25
"""Parts of the gap asked for that the plan for known futures, and the worst future for it, may leave."""
FIRST_GAP, OF_THE_GAP = 0.02, 0.25
"""Gap of the first plan, and part of the gap known so far that later ones leave, as long as new futures turn up."""
OF_WHAT_IS_LEFT, OF_THE_REST = 0.7, 1.0
"""Parts of the time left that a plan may take: its worst future may have to join; and where it is known already."""
RELAXED_PART = 0.3
"""Part of the time left that each round with fractions of facilities may take."""
OF_A_FORMULATION = 4.0
"""Times that a plan in one future takes to be made, checked and written which its formulation takes, measured."""
MOST_ROUNDS, MOST_RELAXED = 200, 30
AT_ONCE = 2
"""Futures that one round adds at most: the worst, and where another climb ended."""


class RobustSearch:
    """Rounds of plans and worst futures."""

    def __init__(
        self,
        network: Network,
        moves: Sequence[Move],
        budget: int,
        options: Options,
        flag: InterruptFlag,
        clock: Clock,
        *,
        announce: Callable[[str], None],
        on_progress: ProgressListener | None,
    ) -> None:
        self.network, self.moves, self.budget, self.flag, self.clock = network, tuple(moves), budget, flag, clock
        self.options = dataclasses.replace(options, time_limit=None)
        self.announce, self.on_progress = announce, on_progress
        self.rooms = [room(network, move) for move in moves]
        self.found = RobustFound()
        self._tried: list[Tried] = []
        self._master_gap = MASTER
        self._is_settled, self._part = False, OF_WHAT_IS_LEFT
        began = clock.now()
        self.known = KnownFutures(network, moves)
        self.clock.expect(CHECKS, OF_A_FORMULATION * (clock.now() - began), self.known.count)

    def _why(self) -> StopReason:
        return StopReason.INTERRUPTED if self.flag.is_set else StopReason.TIME_LIMIT

    def _pause(self) -> None:
        """End what takes many steps where the time is over or somebody asked for it."""
        if self.flag.is_set:
            raise KeyboardInterrupt
        if self.clock.is_over(self._before_a_plan):
            raise TimeoutError

    @property
    def _before_a_plan(self) -> str:
        """What is kept for the proof: as long as there is no plan, that is for finding one."""
        return "" if self._tried else PROOF

    def go(self) -> RobustFound:
        """Return the best plan, what it costs at most, and a bound."""
        try:
            self._begin()
            with contextlib.suppress(TimeoutError):  # plans are made for the futures that are known by then
                self._relaxed_rounds()
            number = 1
            while number <= MOST_ROUNDS and self._round(number):
                number += 1
        except (TimeoutError, KeyboardInterrupt):
            self.found.stop_reason = self._why()
        self._prove_the_best()
        self.clock.expect(PROOF, 0.0, 0)
        self.found.futures = list(zip(self.known.names, self.known.choices, strict=True))
        return self.found

    def _begin(self) -> None:
        self.announce("how the returns may move")
        self.sides = MovingSides(self.network, self.moves, self._pause)
        self.adversary = WorstFuture(self.sides, self.rooms, self.budget, self.options, self.flag, self.clock)

    # ---- which futures matter

    def _relaxed_rounds(self) -> None:
        """Find the futures that matter to plans with fractions of facilities, and a bound of all plans."""
        for number in range(1, MOST_RELAXED + 1):
            self._pause()
            self.announce(f"fractions of facilities, round {number}: {len(self.known.active)} futures")
            seconds = self.clock.grant(RELAXED_PART)
            relaxed = self.known.relaxed(dataclasses.replace(self.options, time_limit=seconds))
            if relaxed is None:
                return
            bound, x = relaxed
            self.found.bound = max(self.found.bound, bound)
            self._tell()
            if not self._add_worse(self._climbed(x), bound):
                self._is_settled = True
                return

    def _climbed(self, plan: Solution | Floats) -> list[tuple[float, Moves]]:
        """Return bad futures for a plan, the worst first."""
        seconds = self.clock.grant()
        deadline = np.inf if seconds is None else time.monotonic() + seconds
        hindsight = Hindsight(self.sides, plan, self.options, self.flag, deadline=deadline)
        starts = [*self.known.choices, *(choice for choice in self.adversary.suspects)]
        found = tops(hindsight, self.moves, self.budget, starts)
        self.adversary.learn(hindsight)
        return found

    def _add_worse(self, found: Sequence[tuple[float, Moves]], value: float) -> bool:
        """Add futures in which a plan costs more than in those that it was made for; return whether any was new."""
        worse = [choice for cost, choice in found if not self.is_enough(value, max(cost, value))]
        added = [choice for choice in worse[:AT_ONCE] if self.known.add(choice)]
        if added:
            self._part = OF_WHAT_IS_LEFT
        self.clock.expect(CHECKS, None, self.known.count)
        return bool(added)

    # ---- plans

    def _round(self, number: int) -> bool:
        """Make a plan for the known futures, find its worst one; return whether to go on."""
        self._pause()
        found, known = self.found, self.known
        self.announce(f"round {number}: a plan for {len(known.active)} futures")
        search = self._search_of_known()
        lowest, search.most = known.ranges()
        master, points, _ = search.best_for_all(lowest, self._starts(search))
        known.learn(search)
        if master.bound is not None:
            found.bound = max(found.bound, master.bound)
        if not points:
            found.stop_reason = master.stop_reason
            if master.stop_reason.is_no_solution:  # what was kept broke a hard rule in the future found last
                found.best, self._tried = None, []
            return False
        tried = self._as_tried(search, points)
        self._tried.append(tried)
        self.announce(f"round {number}: the worst future for that plan")
        return self._attacked(tried, master.stop_reason)

    def _as_tried(self, search: PlansForTheWorst, points: Sequence[Floats]) -> Tried:
        """Return a plan as tables in the futures it was made for, and learn how long tables and checks take."""
        value = max(weighted(m, WEIGHTS).at(x) for m, x in zip(search.forms, points, strict=True))
        plans = [
            (future.name, to_solution(m, future.network, x))
            for future, m, x in zip(search.futures, search.forms, points, strict=True)
        ]
        return Tried(plan=plans[0][1], value=value, in_known=plans)

    def _attacked(self, tried: Tried, why: StopReason) -> bool:
        """Look for the worst future of a plan; return whether to go on."""
        climbs, known = self._climbed(tried.plan), tried.value
        tried.value = max(known, climbs[0][0])
        if self._add_worse(climbs, known):
            self.found.rounds.append(Round(bound=self.found.bound, worst=None))
            self._choose()
            return True
        worst = self.adversary.of(tried.plan, known, [choice for _, choice in climbs], self.is_enough)
        self.found.rounds.append(Round(bound=self.found.bound, worst=worst))
        if worst is not None:
            tried.most, tried.value = worst.bound, max(tried.value, worst.value)
        self._choose()
        self._tell()
        return self._goes_on(worst, why)

    def _choose(self) -> None:
        """Keep the plan that costs least at most; where nothing is proven, the one whose worst future is best."""
        self.found.best = min(self._tried, key=lambda tried: (tried.most, tried.value), default=None)

    def _goes_on(self, worst: Worst | None, why: StopReason) -> bool:
        found = self.found
        if np.isfinite(found.most) and self.options.is_near_enough(found.most, found.bound):
            found.stop_reason = StopReason.CONVERGED
            return False
        if worst is None or self.flag.is_set or self.clock.is_over():
            found.stop_reason = self._why()
            return False
        if self.known.add(worst.moves):
            self._is_settled, self._part = False, OF_WHAT_IS_LEFT
            return True
        if why.is_limit:  # there is time left: the same once more, from the best plan
            self._part, found.stop_reason = OF_THE_REST, self._why()
            return why is StopReason.TIME_LIMIT
        if not self._is_settled:  # the worst future is known already: now the plan for the known ones counts
            self._is_settled = True
            return True
        if self._master_gap > MASTER / 1e4:  # the worst one is known: what is left is what both searches may leave
            self._master_gap /= 4
            return True
        found.stop_reason = StopReason.CONVERGED
        return False

    def _prove_the_best(self) -> None:
        """Prove what the plan costs at most whose worst future is best, if that is not proven, in the time kept."""
        best = min(self._tried, key=lambda tried: tried.value, default=None)
        if best is None or np.isfinite(best.most) or self.flag.is_set or self.clock.is_over(PROOF):
            self._choose()
            return
        self.announce("what the best plan costs at most")
        worst = self.adversary.of(best.plan, best.value, self.known.choices, self.is_enough)
        if worst is not None:
            best.most, best.value = worst.bound, max(best.value, worst.value)
        self._choose()

    def _search_of_known(self) -> PlansForTheWorst:
        seconds = self.clock.grant(self._part, but=self._before_a_plan)
        if seconds is not None and seconds < LEAST_SECONDS:
            raise TimeoutError
        options = dataclasses.replace(
            self.options,
            time_limit=seconds,
            relative_gap=max(self.options.relative_gap * self._master_gap, self._coarse()),
            absolute_gap=self.options.absolute_gap * self._master_gap,
        )
        return self.known.search(options, self.flag, self._heard)

    def _coarse(self) -> float:
        """Return a gap that will do while futures are missing: a plan for too few of them need not be the best."""
        if self._is_settled:
            return 0.0
        best = min((tried.value for tried in self._tried), default=np.inf)
        gap = relative_gap(best, self.found.bound)
        return FIRST_GAP if gap is None or not np.isfinite(gap) else min(FIRST_GAP, gap * OF_THE_GAP)

    def _heard(self, progress: Progress) -> None:
        """Tell of the search for a plan: its bound is one of the whole, its plan is for the known futures only."""
        self._tell(progress.bound)

    def _tell(self, bound: float | None = None) -> None:
        if self.on_progress is None:
            return
        bound = max(self.found.bound, -np.inf if bound is None else bound)
        self.on_progress(
            Progress(
                seconds=self.clock.spent(),
                objective=self.found.most if np.isfinite(self.found.most) else None,
                bound=bound if np.isfinite(bound) else None,
                doing=f"{len(self.known.active)} futures",
            )
        )

    def _starts(self, search: PlansForTheWorst) -> list[Floats]:
        """Return points of the best plan in all known futures; none where it has none, or in the first round."""
        best = min(self._tried, key=lambda tried: tried.value, default=None)
        if best is None:
            return []
        exact = dataclasses.replace(search.options, relative_gap=0.0)
        return hindsight_points(search.forms, best.plan, exact, lambda _: self.clock.grant())

    def is_enough(self, value: float, bound: float) -> bool:
        """Return whether the worst future of a plan is known well enough."""
        gap = dataclasses.replace(
            self.options,
            relative_gap=max(self.options.relative_gap * ADVERSARY, 1e-9),
            absolute_gap=self.options.absolute_gap * ADVERSARY,
        )
        return gap.is_near_enough(value, bound) or bool(np.isposinf(value))
