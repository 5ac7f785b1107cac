"""Depots that have too little room for the rounds planned: which places are to be served from another one instead."""

from __future__ import annotations

import itertools

import numpy as np
import scipy.sparse as sp

from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, VehicleRound
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays

CONTENT = 1e-3
"""Relative gap of the choice: what it reckons with are estimates."""
NODES = 300
"""Of its tree at most, so that the same comes again where no seconds are given."""
ROUNDING = 1e-9
"""Relative; room that is left over by no more is none."""


def loads_of(plan: RoundPlan) -> Floats:
    """Return what each depot gets (m)."""
    got = np.zeros(len(plan.problem.depots))
    for each in plan.rounds:
        got[each.depot] += plan.load_of(each)
    return got


def overload(plan: RoundPlan) -> Floats:
    """Return by how much of its room each depot has too much (m)."""
    got, room = loads_of(plan), plan.problem.depot_capacity_t
    return np.where(np.isinf(room), 0.0, np.maximum(0.0, got - room * (1 + 1e-9)) / np.maximum(room, 1e-300))


def homes_with_room(plan: RoundPlan, seconds: float | None = None) -> Ints | None:
    """Return a depot for each place (n) so that all have room, near to a plan's own; None where none was found.

    What moving a place costs is reckoned from the plan: the cheapest detour of a round of the other depot, less what
    its own round saves without it. Whether that vehicle has room is left to who plans rounds for these depots.
    """
    problem = plan.problem
    n, m = len(problem.places), len(problem.depots)
    cost = _moving_costs(plan)
    columns = np.arange(n * m)
    each = sp.csr_array((np.ones(n * m), (columns // m, columns)), shape=(n, n * m))
    load = sp.csr_array((problem.load_t[columns // m], (columns % m, columns)), shape=(m, n * m))
    program = QuadraticProgram(
        c=cost.ravel(),
        Q=sp.csc_array((n * m, n * m)),
        A=sp.csr_array(sp.vstack([each, load], format="csr")),
        row_lower=np.concatenate([np.ones(n), np.full(m, -np.inf)]),
        row_upper=np.concatenate([np.ones(n), problem.depot_capacity_t]),
        lower=np.zeros(n * m),
        upper=np.where(np.isinf(cost.ravel()), 0.0, 1.0),
        is_integer=np.ones(n * m, dtype=bool),
    )
    answer = solve_arrays(program, Options(relative_gap=CONTENT, time_limit=seconds, iteration_limit=NODES, threads=1))
    return None if answer.x is None else np.argmax(answer.x.reshape(n, m), axis=1).astype(np.int64)


def at_homes(plan: RoundPlan, homes: Ints) -> RoundPlan:
    """Return a plan's rounds, parted where they have places of several homes."""
    rounds = []
    for each in plan.rounds:
        parts: dict[int, list[int]] = {}
        for stop in each.stops:
            parts.setdefault(int(homes[stop]), []).append(stop)
        rounds += [VehicleRound(depot=depot, stops=tuple(stops)) for depot, stops in parts.items()]
    return RoundPlan(problem=plan.problem, rounds=tuple(rounds))


def _moving_costs(plan: RoundPlan) -> Floats:
    """Return what serving each place from each depot costs more than it does in the plan (n, m)."""
    problem = plan.problem
    m, way = len(problem.depots), problem.way_cost
    detour = np.minimum(np.inf, (way[:m, m:] + way[m:, :m].T).T) + problem.vehicle.cost_per_round  # a round of its own
    own = np.zeros(len(problem.places), dtype=np.int64)
    saved = np.zeros(len(problem.places))
    for each in plan.rounds:
        nodes = _nodes(each, m)
        for before, at, after in zip(nodes, nodes[1:], nodes[2:], strict=False):
            own[at - m], saved[at - m] = each.depot, way[before, at] + way[at, after] - way[before, after]
        for before, after in itertools.pairwise(nodes):
            added = way[before, m:] + way[m:, after] - way[before, after]
            detour[:, each.depot] = np.minimum(detour[:, each.depot], added)
    found = np.maximum(0.0, detour - saved[:, None])
    found[np.arange(len(own)), own] = 0.0
    return found


def _nodes(each: VehicleRound, m: int) -> list[int]:
    return [each.depot, *(m + stop for stop in each.stops), each.depot]


def vehicles_within_room(plan: RoundPlan, random: np.random.Generator) -> list[Floats]:
    """Return the tonnes that each vehicle of each depot may bring (m arrays), none more than its depot has room for.

    Who plans rounds knows vehicles and no depots: what a depot has room for is shared out to its vehicles, so that
    any rounds of theirs keep to it, and places may go from one depot to another as from vehicle to vehicle. Each
    vehicle may bring what it brings in the plan, which keeps to the room; what is left is given to some of them, until
    they are full, and to further ones: to which is left to chance, so that each time other rounds are allowed.
    """
    problem, shares = plan.problem, []
    full = min(problem.vehicle.capacity_t, float(problem.load_t.sum()))
    for depot, room in enumerate(problem.depot_capacity_t.tolist()):
        loads = np.array([plan.load_of(each) for each in plan.rounds if each.depot == depot])
        left = min(room, full * len(problem.places)) - float(loads.sum())
        for position in random.permutation(len(loads)).tolist():
            more = full - loads[position]
            loads[position] = full if left >= more else loads[position] + max(0.0, left)
            left -= more
        further = int(max(0.0, left) / full + ROUNDING)
        last = left - further * full
        shares.append(np.concatenate([loads, np.full(further, full), [last] if last > ROUNDING * full else []]))
    return shares
