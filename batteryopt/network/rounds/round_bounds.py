"""What rounds cost at least, whoever plans them: proven from the problem's numbers, with no solver's word in it.

All ways are first replaced by the cheapest detour over other places (the metric closure): no round gets dearer by that,
so that a bound for these ways is one for the true ones, and the triangle inequality that the proofs need holds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import floyd_warshall, minimum_spanning_tree

from batteryopt.network.rounds.round_problem import Floats, RoundProblem

ROUNDING = 1e-9
"""Relative; what sums of loads are off by must not add a vehicle."""


@dataclass(frozen=True, kw_only=True)
class RoundBound:
    """A lower bound and what it rests on."""

    value: float
    rests_on: str


def bound_of(problem: RoundProblem) -> RoundBound:
    """Return the best of the bounds here for rounds from the problem's depots."""
    if not len(problem.places):
        return RoundBound(value=0.0, rests_on="there is nothing to collect")
    closed = closure(problem)
    least = fewest_rounds(problem)
    fixed = least * problem.vehicle.cost_per_round + problem.stop_cost
    found = (
        RoundBound(value=fixed + radial(problem, closed), rests_on="loads times distances (Haimovich, Rinnooy Kan)"),
        RoundBound(value=fixed + forest(problem, closed, least), rests_on="a spanning forest from the depots"),
    )
    return max(found, key=lambda bound: bound.value)


def closure(problem: RoundProblem) -> Floats:
    """Return what the cheapest way between any two costs, detours allowed (m + n, m + n)."""
    cost = np.array(problem.way_cost)
    np.fill_diagonal(cost, 0.0)
    return np.asarray(floyd_warshall(cost, overwrite=False), dtype=float)


def fewest_rounds(problem: RoundProblem) -> int:
    """Return how many rounds there are at least: by load, by slots, by stops, and by the hours of the stops alone."""
    vehicle, hours = problem.vehicle, len(problem.places) * problem.vehicle.stop_hours
    shares = (
        problem.load_t.sum() / vehicle.capacity_t,
        problem.slots.sum() / vehicle.slots,
        len(problem.places) / vehicle.most_stops,
        hours / vehicle.shift_hours,
    )
    return max(1, *(math.ceil(float(share) * (1 - ROUNDING)) for share in shares))


def radial(problem: RoundProblem, closed: Floats) -> float:
    """Return the bound of Haimovich and Rinnooy Kan (Mathematics of Operations Research 10, 1985), summed over places.

    A round costs at least as much as going to any one of its places and back, hence at least any weighted mean of that
    over its places, with weights that sum to at most 1. A place's share of the vehicle (its load, its slots, its stop)
    is such a weight, since a round holds no more than one vehicle; each of the three gives a bound.
    """
    m, vehicle = len(problem.depots), problem.vehicle
    there_and_back = (closed[:m, m:] + closed[m:, :m].T).min(axis=0)
    shares = (problem.load_t / vehicle.capacity_t, problem.slots / vehicle.slots)
    sums = [float(share @ there_and_back) for share in shares]
    return max(*sums, float(there_and_back.sum() / vehicle.most_stops))


def forest(problem: RoundProblem, closed: Floats, least: int) -> float:
    """Return the cost of a least spanning forest from the depots, and of the fewest ways home.

    Take the way home out of each round: what is left of all rounds joins every place to a depot, and costs no less than
    the least forest that does, whichever way its edges are gone. The ways home begin at different places, and are as
    many as rounds, so that they cost no less than the cheapest so many of all places.
    """
    m = len(problem.depots)
    either = np.minimum(closed, closed.T)
    joined = np.zeros((len(problem.places) + 1,) * 2)
    joined[0, 1:] = joined[1:, 0] = either[:m, m:].min(axis=0)
    joined[1:, 1:] = either[m:, m:]
    # zero means no edge there: a little is added to each, and taken off the sum again, where it is too much
    tiny = max(1e-12, 1e-12 * float(joined.max()))
    tree = float(minimum_spanning_tree(joined + tiny).sum()) - 2 * tiny * len(problem.places)
    home = np.sort(closed[m:, :m].min(axis=1))
    return max(0.0, tree) + float(home[:least].sum())
