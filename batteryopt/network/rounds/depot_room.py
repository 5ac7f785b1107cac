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
SECONDS = 1.0


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


def homes_with_room(plan: RoundPlan) -> Ints | None:
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
    answer = solve_arrays(program, Options(relative_gap=CONTENT, time_limit=SECONDS, threads=1))
    return None if answer.x is None else np.argmax(answer.x.reshape(n, m), axis=1).astype(np.int64)


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
