"""The best rounds of few places, proven: every set of places that a vehicle can serve is listed, and some are chosen.

Of all orders in which a round may serve the same places only the cheapest counts; a dynamic program over the sets finds
it (M. Held, R. M. Karp, Journal of SIAM 10, 1962). The choice is a set-partitioning problem for each set of depots: its
relaxation is solved by adding rounds of negative reduced cost until there are none, so that its optimum is a bound over
all rounds; only rounds whose reduced cost is within the gap can be in a better plan, and a tree over these decides.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.network.rounds.round_choices import RoundChoices, partition, with_columns
from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import ArraySolution, solve_arrays
from batteryopt.work.stop_file import StopSign

MOST_SETS = 700_000
"""Sets of places that are listed at most: beyond, it is no problem of few places."""
AT_ONCE = 400
"""Rounds of each depot that join the relaxation in a turn."""
ENOUGH = 1e-7
"""Relative; reduced costs below it with a minus are rounding, and are taken off the bound."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProvenRounds:
    """The best rounds, and the depots that they come from.

    Attributes
    ----------
    plan
        None where nothing better than what was known exists.
    cost
        Of rounds and of opening; what was known where there is nothing better.
    bound
        No rounds cost less.
    rounds_listed
        How many rounds there were to choose from.
    """

    plan: RoundPlan | None
    cost: float
    bound: float
    rounds_listed: int


# ---- all rounds ----------------------------------------------------------------------------------------------------


def proven_rounds(
    problem: RoundProblem,
    *,
    opening: Floats | None = None,
    known: float = np.inf,
    seconds: float | None = None,
    flag: StopSign | None = None,
) -> ProvenRounds:
    """Return the best rounds of all.

    Where ways cost what they take in time, this is exact; where hours are those of another table, the cheapest order of
    a round may be too slow for the shift while another is not: then the bound holds, and the plan is none.

    Parameters
    ----------
    opening
        What using each depot costs (m), so that every set of depots is tried; None: nothing, and all may be used.
    known
        Cost of some plan: only better ones are looked for.
    seconds
        After so many, what has been proven is returned.
    flag
        Asks for the same at once.

    Raises
    ------
    InvalidInput
        If there are too many rounds to list.
    """
    until = None if seconds is None else time.monotonic() + seconds
    listed = _every_round(problem)
    m, best, bound = len(problem.depots), known, np.inf
    plan: RoundPlan | None = None
    depot_sets = [tuple(range(m))] if opening is None else list(_depot_sets(problem))
    cost_of = np.zeros(m) if opening is None else opening
    relaxed = sorted(
        ((_relaxed(problem, listed, s, until, flag), s) for s in depot_sets),
        key=lambda pair: pair[0].bound + cost_of[list(pair[1])].sum(),
    )
    for found, members in relaxed:
        paid = float(cost_of[list(members)].sum())
        if found.bound + paid >= best * (1 - 1e-12) or (flag is not None and flag.is_set):
            bound = min(bound, paid + found.bound)
            continue
        chosen, proven = _decided(problem, listed, members, found, best - paid, until)
        bound = min(bound, paid + proven)
        if chosen is not None and paid + chosen.cost < best:
            plan, best = chosen, paid + chosen.cost
    return ProvenRounds(plan=plan, cost=best, bound=min(bound, best), rounds_listed=len(listed.cost))


def _depot_sets(problem: RoundProblem) -> Iterator[tuple[int, ...]]:
    """Yield the sets of depots with room for everything."""
    load = float(problem.load_t.sum()) * (1 - 1e-9)
    for count in range(1, len(problem.depots) + 1):
        for members in itertools.combinations(range(len(problem.depots)), count):
            if problem.depot_capacity_t[list(members)].sum() >= load:
                yield members


def _every_round(problem: RoundProblem) -> RoundChoices:
    """Return the cheapest round of every set of places that a vehicle can serve, from each depot."""
    masks = _servable(problem)
    n, vehicle = len(problem.places), problem.vehicle
    holds = ((masks[:, None] >> np.arange(n)) & 1).astype(bool)
    stops = holds.sum(axis=1)
    extra = vehicle.cost_per_round + stops * vehicle.stop_hours * vehicle.cost_per_hour
    hours = np.where(np.isnan(problem.hours), np.inf, problem.hours)
    parts = []
    for depot in range(len(problem.depots)):
        cost = _cheapest(problem.way_cost, depot, len(problem.depots), masks, stops) + extra
        if np.isfinite(vehicle.shift_hours):
            quickest = _cheapest(hours, depot, len(problem.depots), masks, stops) + stops * vehicle.stop_hours
            cost = np.where(quickest <= vehicle.shift_hours * (1 + 1e-9), cost, np.inf)
        keep = np.flatnonzero(np.isfinite(cost))
        parts.append((np.full(len(keep), depot), cost[keep], holds[keep]))
    depots, costs, held = zip(*parts, strict=True)
    return RoundChoices(depot=np.concatenate(depots), cost=np.concatenate(costs), holds=np.concatenate(held))


def _servable(problem: RoundProblem) -> Ints:
    """Return the sets of places that fit a vehicle, as bits, in rising order of size and then of bits.

    Every part of such a set is one, too, so that sets grow place by place, each by later places only.
    """
    vehicle, n = problem.vehicle, len(problem.places)
    room = vehicle.capacity_t * (1 + 1e-9), vehicle.slots * (1 + 1e-9)
    layer = np.zeros(1, dtype=np.int64)
    last, load, slots = np.full(1, -1), np.zeros(1), np.zeros(1)
    layers: list[Ints] = []
    while len(layer) and len(layers) < vehicle.most_stops:
        grown = []
        for place in range(n):
            mine = last < place
            fits = mine & (load + problem.load_t[place] <= room[0]) & (slots + problem.slots[place] <= room[1])
            more = layer[fits] | np.int64(1 << place), np.full(int(fits.sum()), place)
            grown.append((*more, load[fits] + problem.load_t[place], slots[fits] + problem.slots[place]))
        layer, last, load, slots = (np.concatenate(part) for part in zip(*grown, strict=True))
        order = np.argsort(layer)
        layer, last, load, slots = layer[order], last[order], load[order], slots[order]
        layers.append(layer)
        if n > 60 or sum(map(len, layers)) > MOST_SETS:
            remedy = "expected about 20 places, or vehicles that hold few of them"
            fault = Fault(place=problem.name, problem="has too many rounds to list", remedy=remedy)
            raise InvalidInput("rounds", [fault])
    return np.concatenate([np.zeros(0, dtype=np.int64), *layers])


def _cheapest(way: Floats, depot: int, m: int, masks: Ints, stops: Ints) -> Floats:
    """Return the least sum of ways of a round from a depot through each set of places (sets)."""
    n = len(way) - m
    inner, out, home = way[m:, m:], way[depot, m:], way[m:, depot]
    ends = np.full((len(masks), n), np.inf)  # least sum from the depot through a set that ends at a place
    for size in range(1, int(stops.max(initial=0)) + 1):
        rows = np.flatnonzero(stops == size)
        before = np.flatnonzero(stops == size - 1)
        for place in range(n):
            mine = rows[(masks[rows] >> place) & 1 == 1]
            if size == 1:
                ends[mine, place] = out[place]
            elif len(mine):
                parents = before[np.searchsorted(masks[before], masks[mine] ^ np.int64(1 << place))]
                ends[mine, place] = (ends[parents] + inner[:, place]).min(axis=1)
    return np.asarray((ends + home).min(axis=1, initial=np.inf), dtype=float)


# ---- relaxation and tree -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class _Relaxed:
    """The relaxation over all rounds from some depots: its proven bound, and the reduced cost of every round."""

    bound: float
    reduced: Floats


def _relaxed(
    problem: RoundProblem, listed: RoundChoices, depots: tuple[int, ...], until: float | None, flag: StopSign | None
) -> _Relaxed:
    """Solve the relaxation by adding rounds as long as some have a negative reduced cost.

    At any duals the sum of what they say of the rows, and of the least reduced cost once for each round that there can
    be at most, is a bound; at the end that least is as good as zero.
    """
    n, mine = len(problem.places), np.flatnonzero(np.isin(listed.depot, depots))
    some = listed.where(mine)
    loads = some.holds @ problem.load_t
    position = np.searchsorted(np.array(depots), some.depot)
    active = np.zeros(len(mine), dtype=bool)
    active[some.holds.sum(axis=1) == 1] = True
    reduced, bound = np.full(len(listed.cost), np.inf), -np.inf
    missing = 10.0 * float(some.cost.max(initial=1.0))  # a place left out: dearer than any round
    while (until is None or time.monotonic() < until) and not (flag is not None and flag.is_set):
        program = with_columns(
            (program := partition(problem, some.where(np.flatnonzero(active)), depots)),
            sp.csc_array(sp.eye_array(program.A.shape[0], n)),
            np.full(n, missing),
            program.row_upper,
        )
        duals = solve_arrays(program.relaxed(), Options(relative_gap=0.0, threads=1)).row_duals
        if duals is None:
            break
        by_place, by_room, by_vehicle = np.split(duals, [n, n + len(depots)])
        prices = some.cost - some.holds @ by_place - loads * by_room[position] - by_vehicle[position]
        sides = np.where(np.isinf(program.row_upper), 0.0, program.row_upper)
        least = float(prices.min(initial=0.0))
        value = float(duals @ sides) + n * min(0.0, least)
        if value > bound:
            bound, reduced[mine] = value, prices
        fresh = np.flatnonzero((prices < -ENOUGH * max(1.0, abs(value) / n)) & ~active)
        if not len(fresh):
            break
        active[fresh[np.argsort(prices[fresh])[: AT_ONCE * len(depots)]]] = True
    return _Relaxed(bound=bound, reduced=reduced)


def _decided(
    problem: RoundProblem,
    listed: RoundChoices,
    depots: tuple[int, ...],
    found: _Relaxed,
    known: float,
    until: float | None,
) -> tuple[RoundPlan | None, float]:
    """Return the best rounds from some depots that are better than what is known, and what is proven of all."""
    room = known - found.bound if np.isfinite(known) else np.inf
    keep = np.flatnonzero(found.reduced <= room + ENOUGH * max(1.0, abs(found.bound)))
    few = listed.where(keep)
    seconds = None if until is None else max(0.0, until - time.monotonic())
    answer = solve_arrays(partition(problem, few, depots), Options(relative_gap=0.0, time_limit=seconds, threads=1))
    proven = found.bound
    if answer.stop_reason.is_no_solution:
        return None, known
    if answer.bound is not None:
        proven = max(proven, min(known, float(answer.bound)))
    return (None if answer.x is None else _as_plan(problem, few, answer)), proven


def _as_plan(problem: RoundProblem, few: RoundChoices, answer: ArraySolution) -> RoundPlan | None:
    """Return the rounds chosen, each in its best order; None where one is too slow in that order."""
    assert answer.x is not None
    rounds = []
    for row in np.flatnonzero(answer.x > 0.5).tolist():
        depot = int(few.depot[row])
        places = tuple(np.flatnonzero(few.holds[row]).tolist())
        rounds.append(VehicleRound(depot=depot, stops=_in_order(problem, depot, places)))
    plan = RoundPlan(problem=problem, rounds=tuple(rounds))
    most = problem.vehicle.shift_hours * (1 + 1e-9)
    return plan if all(plan.hours_of(each) <= most for each in rounds) else None


def _in_order(problem: RoundProblem, depot: int, places: tuple[int, ...]) -> tuple[int, ...]:
    """Return the cheapest order of a round's places: the dynamic program again, with what came before noted."""
    m, way = len(problem.depots), problem.way_cost
    best: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
    best |= {(1 << k, k): (float(way[depot, m + p]), (p,)) for k, p in enumerate(places)}
    for _ in places[1:]:
        longer: dict[tuple[int, int], tuple[float, tuple[int, ...]]] = {}
        for (mask, last), (cost, order) in best.items():
            for k, place in enumerate(places):
                if not mask >> k & 1:
                    label = (cost + float(way[m + places[last], m + place]), (*order, place))
                    key = (mask | 1 << k, k)
                    if key not in longer or label < longer[key]:
                        longer[key] = label
        best = longer
    ends = ((cost + float(way[m + places[last], depot]), order) for (_, last), (cost, order) in best.items())
    return min(ends)[1]
