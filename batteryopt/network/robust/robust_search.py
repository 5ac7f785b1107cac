"""The plan for the worst of a budget of moves: a plan for the futures known so far, the worst future for it, and again.

Column-and-constraint generation: Zeng, B., Zhao, L. (2013), Operations Research Letters 41, 457-461. A plan for some
futures of the set costs no more than one for all, so that its bound is a bound; what its facilities cost in the worst
future of the set is what they cost at most. The futures are finite in number and none is needed twice.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from batteryopt.ground.interrupt import InterruptFlag
from batteryopt.ground.status import StopReason
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Floats, Formulation
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.formulation.objective import weighted
from batteryopt.network.futures.future import Future
from batteryopt.network.futures.in_hindsight import WEIGHTS, hindsight_point
from batteryopt.network.futures.joint_search import JointSearch
from batteryopt.network.futures.risk_measure import Risk
from batteryopt.network.futures.search_by_cuts import SearchByCuts
from batteryopt.network.plan.solution import Solution
from batteryopt.network.robust.adversary import Adversary, Moves, Worst
from batteryopt.network.robust.deviations import Move, moved, name_of, room
from batteryopt.network.robust.hindsight import Hindsight, MovingSides, chosen, whole_columns
from batteryopt.solvers.contract.adapter import Options, Progress, ProgressListener, relative_gap

WORST = Risk(alpha=1.0, weight=1.0)
MASTER, ADVERSARY = 0.5, 0.25
"""Parts of the gap asked for that the plan for known futures, and the worst future for it, may leave."""
FIRST_GAP, OF_THE_GAP = 0.02, 0.25
"""Gap of the first plan, and part of the gap known so far that later ones leave, as long as new futures turn up."""
LEAST_SECONDS = 1.0
OF_WHAT_IS_LEFT = 0.6
"""Part of the time left that one plan for the known futures may take: its worst future is to be found as well."""
MOST_ROUNDS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One plan and its worst future.

    Attributes
    ----------
    bound
        No plan has a smaller worst case.
    worst
        What the adversary found; None where it was not begun.
    """

    bound: float
    worst: Worst | None


@dataclass(kw_only=True, eq=False)
class RobustFound:
    """What the search knows at its end.

    Attributes
    ----------
    futures
        Names, moves and networks of those that plans were made for; what is planned first.
    plans
        The best plan in each of them.
    most
        What it costs at most in any future of the set, proven.
    bound
        No plan has a smaller worst case.
    stop_reason
        Why it ended.
    rounds
        As they went.
    """

    futures: list[tuple[str, Moves, Network]] = field(default_factory=list)
    plans: list[Solution] = field(default_factory=list)
    most: float = np.inf
    bound: float = -np.inf
    stop_reason: StopReason = StopReason.CONVERGED
    rounds: list[Round] = field(default_factory=list)


class RobustSearch:
    """Rounds of plans and worst futures."""

    def __init__(
        self,
        network: Network,
        moves: Sequence[Move],
        budget: int,
        options: Options,
        flag: InterruptFlag,
        *,
        announce: Callable[[str], None],
        on_progress: ProgressListener | None,
    ) -> None:
        self.network, self.moves, self.budget, self.options, self.flag = network, tuple(moves), budget, options, flag
        self.announce, self.on_progress = announce, on_progress
        self.began = time.monotonic()
        self.rooms = [room(network, move) for move in moves]
        self.found = RobustFound()
        self._lowest: list[float] = []
        self._best: list[Floats] = []
        self._master_gap = MASTER
        self._is_settled = False
        self._last_plan: Solution | None = None
        self._forms: list[Formulation] = []
        self._by_cuts: SearchByCuts | None = None

    def _left(self) -> float | None:
        limit = self.options.time_limit
        return None if limit is None else limit - (time.monotonic() - self.began)

    def _is_over(self) -> bool:
        left = self._left()
        return self.flag.is_set or (left is not None and left <= 0)

    def _why(self) -> StopReason:
        return StopReason.INTERRUPTED if self.flag.is_set else StopReason.TIME_LIMIT

    def go(self) -> RobustFound:
        """Return the best plan, what it costs at most, and a bound."""
        self._add(frozenset())
        self.announce("how the returns may move")
        self.sides = MovingSides(self.network, self.moves)
        for number in range(1, MOST_ROUNDS + 1):
            if not self._round(number):
                break
        return self.found

    def _add(self, choice: Moves) -> None:
        """Take a future among those that plans are made for."""
        network = moved(self.network, self.moves, [float(i in choice) for i in range(len(self.moves))])
        self.found.futures.append((name_of(self.moves, choice), choice, network))

    def _round(self, number: int) -> bool:
        """Make a plan for the known futures, find its worst one; return whether to go on."""
        found = self.found
        self.announce(f"round {number}: a plan for {len(found.futures)} futures")
        search = self._search_of_known()
        while len(self._lowest) < len(search.forms):
            self._lowest.append(search.lowest_of(search.forms[len(self._lowest)]))
            found.bound = max(
                found.bound, self._lowest[-1]
            )  # no plan costs less in any future, whatever ends the search
        starts = self._starts(search)
        master, points, _ = search.best_for_all(self._lowest, starts)
        self._by_cuts = search.by_cuts
        if master.bound is not None:
            found.bound = max(found.bound, master.bound)
        if not points:
            found.stop_reason = master.stop_reason
            if master.stop_reason.is_no_solution:  # what was kept broke a hard rule in the future found last
                found.plans = []
            return False
        plan = to_solution(search.forms[0], search.futures[0].network, points[0])
        self._last_plan = plan
        known = max(weighted(m, WEIGHTS).at(x) for m, x in zip(search.forms, points, strict=True))
        self.announce(f"round {number}: the worst future for that plan")
        worst = self._worst_of(plan, known)
        found.rounds.append(Round(bound=found.bound, worst=worst))
        if worst is not None and (worst.bound < found.most or not found.plans):
            found.most = worst.bound
            self._keep(search, points)
        elif not found.plans:
            self._keep(search, points)
        self._tell()
        return self._goes_on(worst, master.stop_reason)

    def _goes_on(self, worst: Worst | None, why: StopReason) -> bool:
        found = self.found
        if np.isfinite(found.most) and self.options.is_near_enough(found.most, found.bound):
            found.stop_reason = StopReason.CONVERGED
            return False
        if worst is None or self._is_over():
            found.stop_reason = self._why()
            return False
        if worst.moves not in [choice for _, choice, _ in found.futures]:
            self._add(worst.moves)
            self._is_settled = False
            return True
        if why.is_limit:
            found.stop_reason = self._why()
            return False
        if not self._is_settled:  # the worst future is known already: now the plan for the known ones counts
            self._is_settled = True
            return True
        if self._master_gap > MASTER / 1e4:  # the worst one is known: what is left is what both searches may leave
            self._master_gap /= 4
            return True
        found.stop_reason = StopReason.CONVERGED
        return False

    def _search_of_known(self) -> JointSearch:
        known = self.found.futures
        futures = [Future(name=name, probability=1.0 / len(known), network=n) for name, _, n in known]
        left = self._left()
        seconds = None if left is None else max(LEAST_SECONDS, OF_WHAT_IS_LEFT * left)
        options = dataclasses.replace(
            self.options,
            time_limit=seconds,
            relative_gap=max(self.options.relative_gap * self._master_gap, self._coarse()),
            absolute_gap=self.options.absolute_gap * self._master_gap,
        )
        self._forms += [formulate(future.network, WEIGHTS) for future in futures[len(self._forms) :]]
        search = JointSearch(
            futures, WORST, options, self.flag, announce=lambda _: None, on_progress=self._heard, forms=self._forms
        )
        search.by_cuts = self._by_cuts  # rows of a future's cost hold whatever other futures are known
        return search

    def _coarse(self) -> float:
        """Return a gap that will do while futures are missing: a plan for too few of them need not be the best."""
        if self._is_settled:
            return 0.0
        gap = relative_gap(self.found.most, self.found.bound)
        return FIRST_GAP if gap is None or not np.isfinite(gap) else min(FIRST_GAP, gap * OF_THE_GAP)

    def _heard(self, progress: Progress) -> None:
        """Tell of the search for a plan: its bound is one of the whole, its plan is for the known futures only."""
        bounds = [b for b in (progress.bound, self.found.bound) if b is not None and np.isfinite(b)]
        self._tell(max(bounds, default=None))

    def _tell(self, bound: float | None = None) -> None:
        if self.on_progress is None:
            return
        bound = self.found.bound if bound is None else bound
        self.on_progress(
            Progress(
                seconds=time.monotonic() - self.began,
                objective=self.found.most if np.isfinite(self.found.most) else None,
                bound=bound if np.isfinite(bound) else None,
                doing=f"{len(self.found.futures)} futures",
            )
        )

    def _starts(self, search: JointSearch) -> list[Floats]:
        """Return points of the best plan in all known futures; none where it has none, or in the first round."""
        plan = self.found.plans[0] if self.found.plans else self._last_plan
        if plan is None:
            return []
        exact = dataclasses.replace(search.options, relative_gap=0.0)
        points = [hindsight_point(m, plan, exact) for m in search.forms]
        found = [x for x in points if x is not None]
        return found if len(found) == len(points) else []

    def _keep(self, search: JointSearch, points: Sequence[Floats]) -> None:
        """Keep the facilities of a plan as the best, with its plans in the futures known now."""
        self.found.plans = [
            to_solution(m, f.network, x) for m, f, x in zip(search.forms, search.futures, points, strict=True)
        ]

    # ---- the worst future

    def _worst_of(self, plan: Solution, known: float) -> Worst | None:
        """Return the worst future for a plan's facilities; with whole numbers of hindsight the better of two bounds.

        Whole numbers are kept as they are best in one future: what is planned, or the worst one found. Any whole
        numbers give a bound of the best ones.
        """
        if self._is_over():
            return None
        left = self._left()
        deadline = np.inf if left is None else time.monotonic() + left
        choices = [choice for _, choice, _ in self.found.futures]
        try:
            if not whole_columns(self.sides.m):
                return self._against(plan, {}, choices, deadline)
            best: Worst | None = None
            base: Moves = frozenset()
            for _ in range(2):
                value, wholes = Hindsight(self.sides, plan, self.options, self.flag).with_whole_numbers(
                    chosen(base), dataclasses.replace(self.options, time_limit=None, relative_gap=1e-6)
                )
                if not np.isfinite(value):
                    return Worst(moves=base, value=np.inf, bound=np.inf, nodes=0)
                tried = self._against(plan, wholes, choices, deadline)
                best = tried if best is None or tried.bound < best.bound else best
                if tried.moves == base or self._is_enough(known, best.bound):
                    break
                base = tried.moves
        except KeyboardInterrupt:
            return None
        return best

    def _is_enough(self, value: float, bound: float) -> bool:
        gap = dataclasses.replace(
            self.options,
            relative_gap=max(self.options.relative_gap * ADVERSARY, 1e-9),
            absolute_gap=self.options.absolute_gap * ADVERSARY,
        )
        return gap.is_near_enough(value, bound) or bool(np.isposinf(value))

    def _against(self, plan: Solution, wholes: dict[int, float], choices: Sequence[Moves], deadline: float) -> Worst:
        hindsight = Hindsight(self.sides, plan, self.options, self.flag, wholes)
        adversary = Adversary(hindsight, self.moves, self.rooms, self.budget)
        return adversary.go(known=choices, is_enough=self._is_enough, deadline=deadline)
