"""Location-routing as a problem, and its sets of depots: what each costs at least, and which promise most."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.rounds.round_bounds import RoundBound, fewest_rounds, forest, radial
from batteryopt.network.rounds.round_problem import Floats, RoundPlan, RoundProblem

MOST_DEPOTS = 12
"""All sets of depots are looked at."""
LOOKED_AT = 150
"""Sets of depots that are ranked by more than loads."""
FOREST_SHARE = 0.5
"""Of the forest's ways between places, beside all ways to and from depots, in the estimate by which sets are ranked."""


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


def _sets(case: LocationRouting) -> list[tuple[int, ...]]:
    """Return the sets of depots with room and vehicles for everything."""
    problem, m = case.problem, len(case.problem.depots)
    every = (s for count in range(1, m + 1) for s in itertools.combinations(range(m), count))
    least, load = fewest_rounds(problem), float(problem.load_t.sum()) * (1 - 1e-9)
    return [
        s for s in every if problem.depot_capacity_t[list(s)].sum() >= load and problem.vehicles[list(s)].sum() >= least
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class DepotSet:
    """Some depots, with ways between them and all places (metric closure) and what they cost at least by loads."""

    members: tuple[int, ...]
    fixed: float
    by_loads: float

    def by_forest(self, case: LocationRouting, closed: Floats) -> float:
        """Return the bound of a spanning forest, opening and vehicles apart."""
        problem, m = case.problem, len(case.problem.depots)
        keep = np.array([*self.members, *range(m, len(closed))])
        some = problem.only(np.array(self.members))
        return forest(some, closed[np.ix_(keep, keep)], fewest_rounds(problem))


def sets_with_room(case: LocationRouting, closed: Floats) -> list[DepotSet]:
    """Return the sets of depots with room enough, those that cost least by loads first.

    The bound by loads is summed here over places for all sets alike: the way there and back is from the nearest depot.
    """
    problem, m = case.problem, len(case.problem.depots)
    fixed = fewest_rounds(problem) * problem.vehicle.cost_per_round + problem.stop_cost
    found = []
    for members in _sets(case):
        keep = np.array([*members, *range(m, len(closed))])
        by_loads = radial(problem.only(np.array(members)), closed[np.ix_(keep, keep)])
        opening = float(case.opening[list(members)].sum())
        found.append(DepotSet(members=members, fixed=opening + fixed, by_loads=by_loads))
    return sorted(found, key=lambda each: each.fixed + each.by_loads)


def promising_first(case: LocationRouting, sets: list[DepotSet], closed: Floats) -> list[tuple[int, ...]]:
    """Return the most promising sets of depots: by loads, and by part of the ways between places."""
    few = sets[:LOOKED_AT]
    estimate = {e.members: e.fixed + e.by_loads + FOREST_SHARE * e.by_forest(case, closed) for e in few}
    return sorted(estimate, key=estimate.__getitem__)


def bound_over_sets(case: LocationRouting, sets: list[DepotSet], closed: Floats, known: float) -> RoundBound:
    """Return the least over all sets of depots of opening and the bounds of rounds from them.

    Sets stand in the order of their bounds by loads: once that is no less than the least so far, none that follows is.
    """
    least = known
    for each in sets:
        if each.fixed + each.by_loads >= least:
            break
        least = min(least, each.fixed + max(each.by_loads, each.by_forest(case, closed)))
    return RoundBound(value=least, rests_on="loads times distances, or a spanning forest, for each set of depots")
