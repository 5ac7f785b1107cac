"""Which depots to open, and the rounds from them: location-routing with one product and one period.

Sets of depots with room enough are ranked by what they cost at least and by rounds planned in a moment; the best get
more time, in several turns. The planner of rounds knows no room of depots: it is shared out to their vehicles, some
other way each time, and neighbouring rounds are chosen anew with the room as it is. All rounds that were ever met are
kept, and at the end the best choice of them is taken, depots' room and opening included.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.network.rounds.depot_room import at_homes, homes_with_room, loads_of, overload, vehicles_within_room
from batteryopt.network.rounds.depot_sets import LocationRouting, bound_over_sets, promising_first, sets_with_room
from batteryopt.network.rounds.round_bounds import RoundBound, closure
from batteryopt.network.rounds.round_choices import RoundPool, best_choice
from batteryopt.network.rounds.round_judge import check_rounds
from batteryopt.network.rounds.round_merging import Neighbourhood, merged_in_parts
from batteryopt.network.rounds.round_problem import Floats, RoundPlan, VehicleRound
from batteryopt.network.rounds.vehicle_routing import RoundEffort, plan_rounds

TURNS = ((0.25, 16, 1), (0.15, 4, 1), (0.2, 2, 1), (0.35, 1, 3))
"""Of the time, how many sets of depots share it, and in how many passes: more and more for fewer and fewer."""
NEAR = 0.015
"""Sets of depots whose rounds cost by more than this share more than the best are left after the second turn."""
HOPE = 0.75
"""Of what rounds found are dearer than their worth at prices: what is hoped to be gained yet."""
PRICINGS = 4
"""Times that depots with too much are made dearer."""
FIRST_PRICE = 0.02
"""Of the mean way there and back for a tonne: what a tonne costs more each time at the depot that has most too much."""
FIRST_SHARE, PRICED_SHARE, HOME_SHARE, AFRESH_SHARE = 0.3, 0.06, 0.3, 0.45
"""Of the time for a set of depots: the first plan, each with other prices, and the one with places at other homes;
where neighbouring rounds are chosen anew after that, of this share of it."""
CHEAPER = 0.7
"""What is left of the prices of a set of depots when it is begun afresh: they may have been more than was needed."""
MOVED_SHARE = 0.2
"""Of the time for a set of depots: for PyVRP, before neighbouring rounds are chosen anew."""
ITERATIONS_A_CHOICE = 2_000
"""Of PyVRP, that take as long as choosing neighbouring rounds anew, where effort is counted in iterations."""
LITTLE = 0.02
"""What a depot has too much, of its room, that is mended by giving few places another home."""
SECONDS_TO_CHOOSE = 0.05
"""Of the time: for the choice at the end."""
NODES_TO_CHOOSE = 100
"""Of its tree, where effort is counted in iterations."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LocatedRounds:
    """Depots and rounds, with a bound over all sets of depots and a certificate."""

    plan: RoundPlan
    opened: tuple[str, ...]
    cost: float
    bound: RoundBound
    certificate: Certificate
    seconds: float

    @property
    def gap(self) -> float:
        """Room between plan and bound, of the plan's cost."""
        return (self.cost - self.bound.value) / max(1e-300, abs(self.cost))


def locate_rounds(
    case: LocationRouting, effort: RoundEffort, *, on_progress: Callable[[str], None] = lambda _: None
) -> LocatedRounds | None:
    """Return the best depots and rounds found; an interrupt or the end of time keeps the best so far.

    Raises
    ------
    InvalidInput
        If PyVRP is not installed, or the depots together have too little room.
    """
    began = time.monotonic()
    closed = closure(case.problem)
    sets = sets_with_room(case, closed)
    if not sets:
        fault = Fault(place="depots", problem="have too little room together", remedy="expected more capacity")
        raise InvalidInput(case.problem.name, [fault])
    with catching_interrupt() as flag:
        hunt = _RoundHunt(case, effort, flag, on_progress, began)
        hunt.go(promising_first(case, sets, closed))
        hunt.choose()
    if hunt.best is None:
        return None
    bound = bound_over_sets(case, sets, closed, hunt.cost)
    opened = sorted({each.depot for each in hunt.best.rounds})
    return LocatedRounds(
        plan=hunt.best,
        opened=tuple(case.problem.depots[d] for d in opened),
        cost=hunt.cost,
        bound=bound,
        certificate=check_rounds(
            hunt.best, cost=hunt.cost - float(case.opening[opened].sum()), bound=bound.value, of_all=hunt.cost
        ),
        seconds=time.monotonic() - began,
    )


@dataclass(eq=False)
class _RoundHunt:
    """The best so far, and every round that was met."""

    case: LocationRouting
    effort: RoundEffort
    flag: InterruptFlag
    tell: Callable[[str], None]
    began: float
    best: RoundPlan | None = None
    cost: float = np.inf
    kept: dict[tuple[int, ...], RoundPlan | None] = field(default_factory=dict)
    dearer: dict[tuple[int, ...], Floats] = field(default_factory=dict)
    priced: dict[tuple[int, ...], RoundPlan] = field(default_factory=dict)
    tried: dict[tuple[int, ...], set[Neighbourhood]] = field(default_factory=dict)
    worth: dict[tuple[int, ...], float] = field(default_factory=dict)
    roomy: set[tuple[int, ...]] = field(default_factory=set)
    met: dict[tuple[int, tuple[int, ...]], VehicleRound] = field(default_factory=dict)

    def go(self, sets: list[tuple[int, ...]]) -> None:
        """Plan rounds for the most promising sets, in turns."""
        for turn, (share, count, passes) in enumerate(TURNS):
            chosen = sets[:count]
            for position, members in enumerate(chosen):
                for number in range(passes):
                    if self.flag.is_set or self._is_late():
                        return
                    part = self._part(share, len(chosen) * passes, turn + len(TURNS) * number)
                    self._plan(members, part, afresh=turn in (1, 2) or number % 2 == 1, merge=turn > 1)
                self.tell(f"turn {turn + 1}, depots {position + 1} of {len(chosen)}: best {self.cost:,.0f}")
            sets = self._ranked(chosen, near=turn > 0, hope=HOPE if turn < 2 else 0.0)

    def _ranked(self, chosen: list[tuple[int, ...]], *, near: bool, hope: float) -> list[tuple[int, ...]]:
        """Return sets of depots, the best first; of those near the best only, where that is asked for."""
        known = {s: self._promise(s, hope) for s in chosen if self.kept.get(s) is not None}
        least = min(known.values(), default=0.0)
        fair = [s for s in known if not near or known[s] <= least * (1 + NEAR)]
        return sorted(fair, key=known.__getitem__)

    def _promise(self, members: tuple[int, ...], hope: float) -> float:
        """Return what a set of depots promises: between the rounds found and their worth at prices of room."""
        plan = self.kept[members]
        known = np.inf if plan is None else self.case.cost_of(self._whole(members, plan))
        return known - hope * max(0.0, known - self.worth.get(members, known))

    def _note_worth(self, members: tuple[int, ...], plan: RoundPlan, dearer: Floats) -> None:
        """Note what rounds at prices cost, less what these prices ask for all of the room.

        With the best rounds at these prices it would be a bound of those within the room (Lagrange); with good ones it
        ranks sets of depots fairly, whether rounds that keep to the room were found already or not.
        """
        room = plan.problem.depot_capacity_t
        asked = np.where(dearer > 0, dearer * (loads_of(plan) - np.where(np.isinf(room), 0.0, room)), 0.0)
        worth = self.case.cost_of(self._whole(members, plan)) + float(asked.sum())
        self.worth[members] = max(worth, self.worth.get(members, -np.inf))

    def _is_late(self) -> bool:
        """Whether the time is over, but for the choice at the end."""
        seconds = self.effort.seconds
        return seconds is not None and time.monotonic() - self.began > (1 - SECONDS_TO_CHOOSE) * seconds

    def _part(self, share: float, count: int, number: int) -> RoundEffort:
        """Return what one pass over one set of depots gets of a turn."""
        seconds, iterations = self.effort.seconds, self.effort.iterations
        return RoundEffort(
            seconds=None if seconds is None else share * seconds / count,
            iterations=None if iterations is None else max(1, int(share * iterations / count)),
            seed=self.effort.seed + number,
        )

    def _plan(self, members: tuple[int, ...], effort: RoundEffort, *, afresh: bool, merge: bool) -> None:
        """Keep better rounds from some depots, within their room where that can be had."""
        until = np.inf if effort.seconds is None else time.monotonic() + effort.seconds
        known = before = self.kept.get(members)
        if known is None or afresh or overload(known).any():
            known = self._first(members, _share_of(effort, AFRESH_SHARE if merge else 1.0, until))
        may_move = known is not None and not overload(known).any() and not self.flag.is_set
        if known is not None and may_move and not (afresh and merge):
            known = self._moved(members, known, _share_of(effort, MOVED_SHARE if merge else 1.0, until))
        if merge and known is not None and not self.flag.is_set:
            begin = self.priced.get(members, known) if afresh else known
            known = self._better(members, known, self._merged(members, begin, _share_of(effort, 1.0, until))) or known
        self.kept[members] = self._better(members, before, known) or known or before

    def _moved(self, members: tuple[int, ...], known: RoundPlan, effort: RoundEffort) -> RoundPlan:
        """Return a plan whose places went from vehicle to vehicle, each depot's with no more than it has room for."""
        fleets = None if members in self.roomy else vehicles_within_room(known, np.random.default_rng(effort.seed))
        return self._better(members, known, self._rounds(members, effort, start=known, fleets=fleets)) or known

    def _merged(self, members: tuple[int, ...], plan: RoundPlan, effort: RoundEffort) -> RoundPlan:
        """Return a plan whose neighbouring rounds were chosen anew, of all rounds that were met from its depots."""
        position = {depot: k for k, depot in enumerate(members)}
        mine = (
            VehicleRound(depot=position[each.depot], stops=each.stops)
            for each in self.met.values()
            if each.depot in position
        )
        most = None if effort.iterations is None else max(1, effort.iterations // ITERATIONS_A_CHOICE)
        tried = self.tried.setdefault(members, set())
        found = merged_in_parts(plan, mine, seconds=effort.seconds, most=most, flag=self.flag, tried=tried)
        self._meet(members, found)
        return found

    def _first(self, members: tuple[int, ...], effort: RoundEffort) -> RoundPlan | None:
        """Return rounds from some depots that keep to their room, where such were found.

        Rounds are planned without a thought of room; where a depot has too much, its tonnes are made dearer, until it
        is little, and places are given other homes, and rounds planned for these.
        """
        until = np.inf if effort.seconds is None else time.monotonic() + effort.seconds
        problem = self.case.problem
        dearer = self.dearer[members] = CHEAPER * self.dearer.get(members, np.zeros(len(members)))
        plan = self._rounds(members, _share_of(effort, FIRST_SHARE, until), dearer=dearer - dearer.min())
        step = FIRST_PRICE * float(problem.there_and_back.mean() / max(problem.load_t.mean(), 1e-300))
        if plan is not None and not dearer.any() and not overload(plan).any():
            self.roomy.add(members)
        for _ in range(PRICINGS):
            if plan is not None:
                self._note_worth(members, plan, dearer - dearer.min())
            if plan is None or self.flag.is_set or (over := overload(plan)).max() <= LITTLE:
                break
            dearer += step * over / float(over.max())
            some = _share_of(effort, PRICED_SHARE, until)
            plan = self._rounds(members, some, start=plan, dearer=dearer - dearer.min())
        if plan is None or not overload(plan).any() or self.flag.is_set:
            return plan
        self.priced[members] = plan
        homes = homes_with_room(plan, None if effort.seconds is None else HOME_SHARE * effort.seconds)
        some = _share_of(effort, HOME_SHARE, np.inf)  # whatever the time: without it there is no plan
        mended = None if homes is None else self._rounds(members, some, start=at_homes(plan, homes), homes=homes)
        return plan if mended is None else mended

    def _rounds(self, members: tuple[int, ...], effort: RoundEffort, **further: Any) -> RoundPlan | None:
        """Return rounds from some depots; all that are met on the way are noted."""
        problem = self.case.problem.only(np.array(members))
        return plan_rounds(problem, effort, flag=self.flag, on_better=lambda plan: self._meet(members, plan), **further)

    def _better(self, members: tuple[int, ...], one: RoundPlan | None, other: RoundPlan | None) -> RoundPlan | None:
        """Return the cheaper of two plans that keep to the depots' room."""
        fitting = [plan for plan in (one, other) if plan is not None and not overload(plan).any()]
        return min(fitting, key=lambda plan: self.case.cost_of(self._whole(members, plan)), default=None)

    def _whole(self, members: tuple[int, ...], plan: RoundPlan) -> RoundPlan:
        """Return rounds from some depots as rounds of the whole problem."""
        rounds = tuple(VehicleRound(depot=members[each.depot], stops=each.stops) for each in plan.rounds)
        return RoundPlan(problem=self.case.problem, rounds=rounds)

    def _meet(self, members: tuple[int, ...], plan: RoundPlan) -> None:
        """Note the rounds of a plan, and the plan where it is the best that keeps to the depots' room."""
        whole = self._whole(members, plan)
        for each in whole.rounds:
            self.met.setdefault((each.depot, each.stops), each)
        if not overload(plan).any():
            self._take(whole)

    def _take(self, plan: RoundPlan) -> None:
        cost = self.case.cost_of(plan)
        if cost < self.cost:
            self.best, self.cost = plan, cost

    def choose(self) -> None:
        """Take the best choice of all rounds that were met."""
        if not self.met:
            return
        seconds = None if self.effort.seconds is None else max(1.0, SECONDS_TO_CHOOSE * self.effort.seconds)
        nodes = NODES_TO_CHOOSE if seconds is None else None
        pool = RoundPool(self.case.problem, self.met.values())
        found = best_choice(self.case.problem, pool.choices(), self.case.opening, seconds=seconds, nodes=nodes)
        if found is not None:
            chosen = tuple(pool.rounds[column] for column in found.tolist())
            self._take(RoundPlan(problem=self.case.problem, rounds=chosen))
            self.tell(f"the best of {len(pool.rounds):,} rounds: {self.cost:,.0f}")


def _share_of(effort: RoundEffort, share: float, until: float) -> RoundEffort:
    """Return a share of an effort, of its time no more than is left."""
    left = np.inf if np.isinf(until) else max(0.0, until - time.monotonic())
    return dataclasses.replace(
        effort,
        seconds=None if effort.seconds is None else min(share * effort.seconds, left),
        iterations=None if effort.iterations is None else max(1, int(share * effort.iterations)),
    )
