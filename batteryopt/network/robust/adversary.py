"""The worst that a budget of moves can do to a plan: found by branch and bound, with a bound that is proven.

The cost Q of what is decided with hindsight is convex in the moves. Where b moves are still allowed beside those that
are made (F), every choice T of at most b of them is a mean of the corners F, F + b e_i: for a choice of b moves

    F + sum of e_i over T  =  1/b x sum over T of (F + b e_i),     so     Q(F + T) <= 1/b x sum over T of Q(F + b e_i),

and a smaller choice has the corner F itself for the rest. The b largest corners therefore bound all choices: as many
linear programs as there are moves bound a number of futures that grows like its b-th power, and where b is 1 the
bound is the value. No bound of duals is needed, and none has to be believed.

A corner must not lie where less than nothing returns. Where b full moves of one row would, pairs of moves are taken,
each b / 2 times, whose mean over all pairs of T is the same point; and where these would too, such moves are branched
upon first, which leaves fewer.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from batteryopt.network.robust.deviations import Move
from batteryopt.network.robust.hindsight import Hindsight, chosen

Moves = frozenset[int]
ROUNDING = 1e-9
"""Share by which a move may go beyond what returns: a quotient of two numbers that people typed."""
MOST_PAIRS = 2_000
"""Pairs of moves that are looked at to bound a node; where there are more, branching is the shorter way."""


@dataclass(frozen=True, kw_only=True)
class Worst:
    """What the adversary found.

    Attributes
    ----------
    moves
        The worst choice that was looked at.
    value
        What it costs.
    bound
        No choice costs more.
    nodes
        How many sets of choices were bounded.
    is_stopped
        Whether time or the user ended it.
    """

    moves: Moves
    value: float
    bound: float
    nodes: int
    is_stopped: bool = False


@dataclass(order=True)
class _Choices:
    """Choices that make some moves and may make others."""

    order: float
    number: int
    made: Moves = field(compare=False)
    allowed: tuple[int, ...] = field(compare=False)
    budget: int = field(compare=False)


class Adversary:
    """The search for the worst choice of moves against one plan.

    Parameters
    ----------
    rooms
        How many times each move could be made before less than nothing returns.
    """

    def __init__(self, hindsight: Hindsight, moves: Sequence[Move], rooms: Sequence[float], budget: int) -> None:
        self._hindsight, self._moves, self._rooms, self._budget = hindsight, moves, rooms, budget
        self._numbers = itertools.count()
        self._deadline = np.inf
        self.best: tuple[float, Moves] = (-np.inf, frozenset())

    def go(
        self,
        *,
        known: Sequence[Moves] = (),
        is_enough: Callable[[float, float], bool],
        deadline: float = np.inf,
    ) -> Worst:
        """Return the worst choice.

        Parameters
        ----------
        known
            Choices to look at first.
        is_enough
            Whether a value and a bound are near enough to stop.
        deadline
            By the monotonic clock.
        """
        self._deadline = deadline
        heap: list[_Choices] = []
        nodes = 0
        try:
            for choice in known:
                self._look(choice)
            heap = [self._node(frozenset(), tuple(range(len(self._moves))), self._budget)]
            nodes = 1
            while not is_enough(self.best[0], max(-heap[0].order, self.best[0])):
                children = self._children(heap[0])  # the node stays in the heap until its parts are there instead
                heapq.heappop(heap)
                nodes += len(children)
                for child in children:
                    heapq.heappush(heap, child)
                if not heap:
                    break
        except (KeyboardInterrupt, TimeoutError):
            return self._worst(-heap[0].order if heap else np.inf, nodes, is_stopped=True)
        return self._worst(-heap[0].order if heap else -np.inf, nodes)

    def _worst(self, bound: float, nodes: int, *, is_stopped: bool = False) -> Worst:
        value, moves = self.best
        return Worst(moves=moves, value=value, bound=max(bound, value), nodes=nodes, is_stopped=is_stopped)

    def _cost(self, amounts: dict[int, float]) -> float:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        return self._hindsight.cost(amounts)

    def _look(self, choice: Moves) -> float:
        """Return what a choice costs, and keep it where it is the worst so far."""
        value = self._cost(chosen(choice))
        if value > self.best[0]:
            self.best = (value, choice)
        return value

    # ---- bounds

    def _node(self, made: Moves, allowed: tuple[int, ...], budget: int) -> _Choices:
        """Return a set of choices with its bound; the choice that the bound points to is looked at."""
        budget = min(budget, len({self._moves[i].row for i in allowed}))
        bound = self._bound(made, allowed, budget)
        return _Choices(order=-bound, number=next(self._numbers), made=made, allowed=allowed, budget=budget)

    def _bound(self, made: Moves, allowed: tuple[int, ...], budget: int) -> float:
        at_once = self._look(made)
        if budget == 0 or np.isposinf(at_once):
            return at_once
        corners = self._corners(made, allowed, budget, at_once)
        if corners is None:
            return float(np.inf)
        of_moves, of_none = corners
        best = [i for i in self._one_a_row(of_moves) if of_moves[i] > of_none][:budget]
        self._look(made | frozenset(best))
        values = [of_moves[i] for i in best] + [of_none] * (budget - len(best))
        return max(at_once, float(np.mean(values)))

    def _one_a_row(self, corners: dict[int, float]) -> list[int]:
        """Return the moves, largest corner first, one a row: more and less of one row exclude each other."""
        found: dict[int, int] = {}
        for i in sorted(corners, key=lambda i: -corners[i]):
            found.setdefault(self._moves[i].row, i)
        return list(found.values())

    def _has_room(self, allowed: tuple[int, ...], amount: float) -> bool:
        return min(self._rooms[i] for i in allowed) >= amount * (1.0 - ROUNDING)

    def _corners(
        self, made: Moves, allowed: tuple[int, ...], budget: int, at_once: float
    ) -> tuple[dict[int, float], float] | None:
        """Return a number for each move, and one for none, whose mean over a choice bounds what it costs; or None."""
        if self._has_room(allowed, budget):
            return {i: self._cost({**chosen(made), i: float(budget)}) for i in allowed}, at_once
        if budget < 2 or not self._has_room(allowed, budget / 2) or len(allowed) ** 2 / 2 > MOST_PAIRS:
            return None
        return self._corners_of_pairs(made, allowed, budget, at_once)

    def _corners_of_pairs(
        self, made: Moves, allowed: tuple[int, ...], budget: int, at_once: float
    ) -> tuple[dict[int, float], float]:
        """Return for each move the mean of its largest pairs.

        A choice T of b moves, filled up with moves that do nothing where it has fewer, is the mean over its pairs
        {i, j} of F + b/2 (e_i + e_j), for every move is in b - 1 of the b (b - 1) / 2 pairs. That mean is the mean over
        T of each one's mean pair within T, which is at most the mean of its b - 1 largest pairs.
        """
        half, others = budget / 2, budget - 1
        alone = {i: self._cost({**chosen(made), i: half}) for i in allowed}  # with a move that does nothing
        values = {i: [alone[i]] * others for i in allowed}
        for i, j in itertools.combinations(allowed, 2):
            if self._moves[i].row != self._moves[j].row:
                value = self._cost({**chosen(made), i: half, j: half})
                values[i].append(value)
                values[j].append(value)
        of_none = [*alone.values(), *[at_once] * others]
        return {i: _mean_of_largest(v, others) for i, v in values.items()}, _mean_of_largest(of_none, others)

    # ---- branches

    def _children(self, node: _Choices) -> list[_Choices]:
        """Return the choices with a move, and those without it."""
        if node.budget == 0 or not node.allowed:
            return []
        i = self._branched(node)
        row = self._moves[i].row
        others = tuple(j for j in node.allowed if self._moves[j].row != row)
        with_it = self._node(node.made | {i}, others, node.budget - 1)
        without = self._node(node.made, tuple(j for j in node.allowed if j != i), node.budget)
        return [with_it, without]

    def _branched(self, node: _Choices) -> int:
        """Return the move to branch upon: one that stands in the way of a bound, else the one of the largest corner."""
        tight = min(node.allowed, key=lambda i: self._rooms[i])
        if not self._has_room((tight,), node.budget) and not np.isfinite(node.order):
            return tight
        return max(node.allowed, key=lambda i: self._corner(node, i))

    def _corner(self, node: _Choices, i: int) -> float:
        amount = min(float(node.budget), self._rooms[i])
        return self._cost({**chosen(node.made), i: amount})


def _mean_of_largest(values: Sequence[float], count: int) -> float:
    return float(np.mean(sorted(values, reverse=True)[:count]))
