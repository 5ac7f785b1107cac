"""Choosing among rounds: each place once, no depot beyond its room and its vehicles, at least cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from batteryopt.network.rounds.round_problem import Floats, Ints, RoundPlan, RoundProblem, VehicleRound
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.contract.adapter import Options
from batteryopt.solvers.highs.highs_arrays import solve_arrays


@dataclass(frozen=True, kw_only=True, eq=False)
class RoundChoices:
    """Rounds to choose from (columns): depot, cost and places of each.

    Attributes
    ----------
    holds
        Whether a place is in a round (columns, n).
    """

    depot: Ints
    cost: Floats
    holds: np.typing.NDArray[np.bool_]

    def where(self, keep: Ints) -> RoundChoices:
        """Return some of them."""
        return RoundChoices(depot=self.depot[keep], cost=self.cost[keep], holds=self.holds[keep])


class RoundPool:
    """Rounds that were met: of those from one depot to the same places the cheapest."""

    def __init__(self, problem: RoundProblem, rounds: Iterable[VehicleRound] = ()) -> None:
        self.problem = problem
        self.rounds: list[VehicleRound] = []
        self._costs: list[float] = []
        self._row: dict[tuple[int, frozenset[int]], int] = {}
        self.add(rounds)

    def add(self, rounds: Iterable[VehicleRound]) -> int:
        """Take further rounds, and return how many are of other places than those known, or cheaper."""
        plan, count = RoundPlan(problem=self.problem, rounds=()), 0
        for each in rounds:
            cost = plan.cost_of(each)
            row = self._row.setdefault((each.depot, frozenset(each.stops)), len(self.rounds))
            if row == len(self.rounds):
                self.rounds.append(each)
                self._costs.append(cost)
            elif cost < self._costs[row] * (1 - 1e-12):
                self.rounds[row], self._costs[row] = each, cost
            else:
                continue
            count += 1
        return count

    def rows_of(self, plan: RoundPlan) -> Ints:
        """Return where the rounds of a plan are, or cheaper ones of the same places."""
        return np.array([self._row[each.depot, frozenset(each.stops)] for each in plan.rounds], dtype=np.int64)

    def choices(self) -> RoundChoices:
        """Return them to choose from, in the order in which they came."""
        holds = np.zeros((len(self.rounds), len(self.problem.places)), dtype=bool)
        for row, each in enumerate(self.rounds):
            holds[row, list(each.stops)] = True
        depot = np.array([each.depot for each in self.rounds], dtype=np.int64)
        return RoundChoices(depot=depot, cost=np.array(self._costs, dtype=float), holds=holds)


def best_choice(
    problem: RoundProblem,
    choices: RoundChoices,
    opening: Floats,
    *,
    seconds: float | None = None,
    nodes: int | None = None,
) -> Ints | None:
    """Return which rounds, with the opening of their depots, are the best choice; None where none was found in time.

    Seconds end it, or so many nodes of the tree, which repeat themselves.
    """
    m, size = len(problem.depots), len(choices.cost)
    program = partition(problem, choices, range(m))
    room = np.where(np.isinf(problem.depot_capacity_t), problem.load_t.sum(), problem.depot_capacity_t)
    rows = len(problem.places) + np.arange(m)
    opens = sp.csc_array((-room, (rows, np.arange(m))), shape=(program.A.shape[0], m))
    upper = np.array(program.row_upper)
    upper[rows] = 0.0
    joined = with_columns(program, opens, opening, upper)
    limits = Options(relative_gap=0.0, time_limit=seconds, threads=1, iteration_limit=nodes)
    answer = solve_arrays(joined, limits)
    return None if answer.x is None else np.flatnonzero(answer.x[:size] > 0.5)


def with_columns(program: QuadraticProgram, A: sp.csc_array, cost: Floats, row_upper: Floats) -> QuadraticProgram:
    """Return a program of yes or no with further columns behind its own, and other upper sides of its rows."""
    size = len(program.c) + len(cost)
    return QuadraticProgram(
        c=np.concatenate([program.c, cost]),
        Q=sp.csc_array((size, size)),
        A=sp.csr_array(sp.hstack([program.A, A], format="csr")),
        row_lower=program.row_lower,
        row_upper=row_upper,
        lower=np.zeros(size),
        upper=np.ones(size),
        is_integer=np.ones(size, dtype=bool),
    )


def partition(problem: RoundProblem, choices: RoundChoices, depots: Iterable[int]) -> QuadraticProgram:
    """Return the choice: each place once, and no depot beyond its room and its vehicles (a row a depot of each)."""
    n, size = len(problem.places), len(choices.cost)
    mine = np.array(list(depots), dtype=np.int64)
    is_from = (choices.depot[None, :] == mine[:, None]).astype(float)
    A = sp.vstack([sp.csr_array(choices.holds.T.astype(float)), is_from * (choices.holds @ problem.load_t), is_from])
    return QuadraticProgram(
        c=choices.cost,
        Q=sp.csc_array((size, size)),
        A=sp.csr_array(A),
        row_lower=np.concatenate([np.ones(n), np.full(2 * len(mine), -np.inf)]),
        row_upper=np.concatenate([np.ones(n), problem.depot_capacity_t[mine], problem.vehicles[mine]]),
        lower=np.zeros(size),
        upper=np.ones(size),
        is_integer=np.ones(size, dtype=bool),
    )
