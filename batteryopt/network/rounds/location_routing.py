"""Which depots to open, and the rounds from them: location-routing with one product and one period.

Sets of depots with room enough are ranked by what they cost at least and by rounds planned in a moment; the best get
more time, in several turns. All rounds that were ever met are kept, and at the end the best choice of them is taken,
depots' room and opening included: that mends what the planner of rounds, who knows no room of depots, left over.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt
from batteryopt.network.rounds.depot_room import homes_with_room, overload
from batteryopt.network.rounds.round_bounds import RoundBound, closure, fewest_rounds, forest, radial
from batteryopt.network.rounds.round_choices import best_choice, choices_of
from batteryopt.network.rounds.round_judge import check_rounds
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound
from batteryopt.network.rounds.vehicle_routing import RoundEffort, plan_rounds

MOST_DEPOTS = 12
"""All sets of depots are looked at."""
TURNS = ((0.3, 20), (0.3, 4), (0.35, 2))
"""Of the time, and how many sets of depots share it: more and more for fewer and fewer."""
FOREST_SHARE = 0.5
"""Of the forest's ways between places, beside all ways to and from depots, in the estimate by which sets are ranked."""
PRICINGS = 5
"""Times that depots with too much are made dearer."""
FIRST_PRICE = 0.02
"""Of the mean way there and back for a tonne: what a tonne costs more each time at the depot that has most too much."""
FIRST_SHARE, PRICED_SHARE = 0.35, 0.06
"""Of the time for a set of depots: the first plan, and each with other prices; the rest is for places' new homes."""
LITTLE = 0.02
"""What a depot has too much, of its room, that is mended by giving few places another home."""
SECONDS_TO_CHOOSE = 0.05
"""Of the time: for the choice at the end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LocationRouting:
    """Depots that may be opened, and rounds from them.

    Attributes
    ----------
    opening
        What opening each depot costs (m).
    """

    problem: RoundProblem
    opening: Floats

    def __post_init__(self) -> None:
        if len(self.problem.depots) > MOST_DEPOTS:
            problem = f"has {len(self.problem.depots)} depots, and every set of them is looked at"
            fault = Fault(place=self.problem.name, problem=problem, remedy=f"expected at most {MOST_DEPOTS}")
            raise InvalidInput("location-routing", [fault])

    def cost_of(self, plan: RoundPlan) -> float:
        """Return what rounds and the depots that they come from cost."""
        return plan.cost + float(self.opening[sorted({each.depot for each in plan.rounds})].sum())


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
    sets = _ranked(case)
    if not sets:
        fault = Fault(place="depots", problem="have too little room together", remedy="expected more capacity")
        raise InvalidInput(case.problem.name, [fault])
    with catching_interrupt() as flag:
        hunt = _RoundHunt(case, effort, flag, on_progress, began)
        hunt.go([members for members, _ in sets])
        hunt.choose()
    if hunt.best is None:
        return None
    bound = _bound(case, sets, hunt.cost)
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


def _sets(case: LocationRouting) -> list[tuple[int, ...]]:
    """Return the sets of depots with room and vehicles for everything."""
    problem, m = case.problem, len(case.problem.depots)
    every = (s for count in range(1, m + 1) for s in itertools.combinations(range(m), count))
    least, load = fewest_rounds(problem), float(problem.load_t.sum()) * (1 - 1e-9)
    return [
        s for s in every if problem.depot_capacity_t[list(s)].sum() >= load and problem.vehicles[list(s)].sum() >= least
    ]


def _ranked(case: LocationRouting) -> list[tuple[tuple[int, ...], float]]:
    """Return sets of depots with what each may cost, the cheapest first.

    What it may cost is an estimate: all ways to and from the depots by loads, and part of the ways between places.
    """
    problem, closed, m = case.problem, closure(case.problem), len(case.problem.depots)
    least = fewest_rounds(problem)
    fixed = least * problem.vehicle.cost_per_round + problem.stop_cost
    found = []
    for members in _sets(case):
        some, keep = problem.only(np.array(members)), np.array([*members, *range(m, len(closed))])
        ways = closed[np.ix_(keep, keep)]
        estimate = radial(some, ways) + FOREST_SHARE * forest(some, ways, least)
        found.append((members, float(case.opening[list(members)].sum()) + fixed + estimate))
    return sorted(found, key=lambda pair: pair[1])


def _bound(case: LocationRouting, sets: list[tuple[tuple[int, ...], float]], known: float) -> RoundBound:
    """Return the least over all sets of depots of opening and the bounds of rounds from them."""
    problem, closed, m = case.problem, closure(case.problem), len(case.problem.depots)
    least = fewest_rounds(problem)
    fixed = least * problem.vehicle.cost_per_round + problem.stop_cost
    worst = RoundBound(value=known, rests_on="every set of depots costs as much")
    for members, _ in sets:
        some, keep = problem.only(np.array(members)), np.array([*members, *range(m, len(closed))])
        ways, opening = closed[np.ix_(keep, keep)], float(case.opening[list(members)].sum())
        value = opening + fixed + max(radial(some, ways), forest(some, ways, least))
        if value < worst.value:
            worst = RoundBound(value=value, rests_on="loads times distances, or a spanning forest, for each depot set")
    return worst


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
    met: dict[tuple[int, tuple[int, ...]], VehicleRound] = field(default_factory=dict)

    def go(self, sets: list[tuple[int, ...]]) -> None:
        """Plan rounds for the most promising sets, in turns."""
        plans: dict[tuple[int, ...], RoundPlan | None] = {}
        for turn, (share, count) in enumerate(TURNS):
            chosen = sets[:count]
            for position, members in enumerate(chosen):
                if self.flag.is_set:
                    return
                plans[members] = self._planned(members, self._part(share, len(chosen), turn), plans.get(members))
                self.tell(f"turn {turn + 1}, depots {position + 1} of {len(chosen)}: best {self.cost:,.0f}")
            known = {s: self.case.cost_of(self._whole(s, p)) for s in chosen if (p := plans[s]) is not None}
            sets = sorted(known, key=known.__getitem__)

    def _part(self, share: float, count: int, turn: int) -> RoundEffort:
        """Return what one set of depots gets of a turn."""
        seconds, iterations = self.effort.seconds, self.effort.iterations
        return RoundEffort(
            seconds=None if seconds is None else share * seconds / count,
            iterations=None if iterations is None else max(1, int(share * iterations / count)),
            seed=self.effort.seed + turn,
        )

    def _planned(self, members: tuple[int, ...], effort: RoundEffort, start: RoundPlan | None) -> RoundPlan | None:
        """Return rounds from some depots, within their room where that can be had.

        First rounds without a thought of room; where a depot then has too much, its tonnes become dearer until it has
        little too much; then places are given other homes, and rounds planned for these.
        """
        problem = self.case.problem.only(np.array(members))
        until = np.inf if effort.seconds is None else time.monotonic() + effort.seconds

        def rounds(share: float, **further: Any) -> RoundPlan | None:
            some = _share_of(effort, share, until)
            return plan_rounds(problem, some, flag=self.flag, on_better=lambda p: self._meet(members, p), **further)

        plan = rounds(FIRST_SHARE, start=start)
        dearer, least = np.zeros(len(members)), plan
        step = FIRST_PRICE * float(problem.there_and_back.mean() / max(problem.load_t.mean(), 1e-300))
        for _ in range(PRICINGS):
            if plan is None or self.flag.is_set or not (over := overload(plan)).any():
                return plan
            if least is None or over.max() <= overload(least).max():
                least = plan
            dearer += step * over / max(float(over.max()), LITTLE)
            plan = rounds(PRICED_SHARE, start=plan, dearer=dearer - dearer.min())
            if plan is not None and not overload(plan).any():
                break
        nearest = plan if plan is not None and overload(plan).max() < LITTLE else least
        homes = None if nearest is None else homes_with_room(nearest)
        if homes is None or self.flag.is_set:
            return plan or least
        # the places of each depot are what they are now: rounds begin anew where they are of several
        mended = rounds(1.0, start=_at_home(nearest, homes), homes=homes)
        return self._better(members, plan, mended) or least

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
        seconds = 10.0 if self.effort.seconds is None else max(1.0, SECONDS_TO_CHOOSE * self.effort.seconds)
        choices, rounds = choices_of(self.case.problem, self.met.values())
        found = best_choice(self.case.problem, choices, self.case.opening, seconds=seconds)
        if found is not None:
            chosen = tuple(rounds[column] for column in found.tolist())
            self._take(RoundPlan(problem=self.case.problem, rounds=chosen))
            self.tell(f"the best of {len(choices.cost):,} rounds: {self.cost:,.0f}")


def _share_of(effort: RoundEffort, share: float, until: float) -> RoundEffort:
    """Return a share of an effort, of its time no more than is left."""
    left = max(0.0, until - time.monotonic())
    return dataclasses.replace(
        effort,
        seconds=None if effort.seconds is None else min(share * effort.seconds, left),
        iterations=None if effort.iterations is None else max(1, int(share * effort.iterations)),
    )


def _at_home(plan: RoundPlan | None, homes: Ints) -> RoundPlan | None:
    """Return a plan's rounds, parted where they have places of several homes."""
    if plan is None:
        return None
    rounds = []
    for each in plan.rounds:
        parts: dict[int, list[int]] = {}
        for stop in each.stops:
            parts.setdefault(int(homes[stop]), []).append(stop)
        rounds += [VehicleRound(depot=depot, stops=tuple(stops)) for depot, stops in parts.items()]
    return RoundPlan(problem=plan.problem, rounds=tuple(rounds))
