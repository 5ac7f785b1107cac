"""The worst that a budget of moves can do to a plan: found by branch and bound, with a bound that is proven.

Corners of the convex cost bound many choices at once (`corners`). Choices with a move that cannot be among the worst
ones are left out, and what is left is parted: first by how many moves bring more and how many less, then into those
with the move that gains most, and those without it.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from batteryopt.network.robust.corners import Allowed, Corners, Gains
from batteryopt.network.robust.deviations import Move, Moves
from batteryopt.network.robust.hindsight import Hindsight, chosen

IsEnough = Callable[[float, float], bool]


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
class _Bounded:
    """Choices and their bound, the largest first."""

    order: float
    number: int
    choices: Allowed = field(compare=False)
    gains: Gains | None = field(compare=False, default=None)

    @property
    def bound(self) -> float:
        return -self.order


class Adversary:
    """The search for the worst choice of moves against one plan.

    Parameters
    ----------
    rooms
        How many times each move could be made before less than nothing returns.
    """

    def __init__(self, hindsight: Hindsight, moves: Sequence[Move], rooms: Sequence[float], budget: int) -> None:
        self._hindsight, self._moves, self._rooms, self._budget = hindsight, moves, rooms, budget
        self._corners = Corners(hindsight, moves, rooms)
        self._numbers = itertools.count()
        self._is_enough: IsEnough = lambda value, bound: bound <= value
        self._left_out = -np.inf
        self.best: tuple[float, Moves] = (-np.inf, frozenset())

    def go(self, *, known: Sequence[Moves] = (), is_enough: IsEnough) -> Worst:
        """Return the worst choice.

        Parameters
        ----------
        known
            Choices to look at first.
        is_enough
            Whether a value and a bound are near enough to stop.
        """
        self._is_enough = is_enough
        heap: list[_Bounded] = []
        nodes = 0
        try:
            for choice in known:
                self._look(choice)
            heap, nodes = [self._node(self._all())], 1
            while heap and not is_enough(self.best[0], max(heap[0].bound, self.best[0])):
                children = self._children(heap[0])  # the node stays in the heap until its parts are there instead
                heapq.heappop(heap)
                nodes += len(children)
                for child in children:
                    heapq.heappush(heap, child)
        except (KeyboardInterrupt, TimeoutError):
            return self._worst(heap[0].bound if heap else np.inf, nodes, is_stopped=True)
        return self._worst(heap[0].bound if heap else -np.inf, nodes)

    def _worst(self, bound: float, nodes: int, *, is_stopped: bool = False) -> Worst:
        value, moves = self.best
        return Worst(
            moves=moves, value=value, bound=max(bound, value, self._left_out), nodes=nodes, is_stopped=is_stopped
        )

    def _look(self, choice: Moves) -> float:
        """Return what a choice costs, and keep it where it is the worst so far."""
        value = self._hindsight.cost(chosen(choice))
        if value > self.best[0]:
            self.best = (value, choice)
        return value

    # ---- bounds

    def _all(self) -> Allowed:
        numbers = range(len(self._moves))
        kinds = {self._moves[i].is_more for i in numbers}
        ups, downs = (self._budget if kind in kinds else 0 for kind in (True, False))
        return Allowed(made=frozenset(), free=tuple(numbers), ups=ups, downs=downs, budget=self._budget)

    def _node(self, choices: Allowed) -> _Bounded:
        """Return choices with their bound; the choice that the bound points to is looked at."""
        choices = self._fitting(choices)
        at_once = self._look(choices.made)
        number = next(self._numbers)
        if choices.budget == 0 or np.isposinf(at_once):
            return _Bounded(order=-at_once, number=number, choices=choices)
        gains = self._corners.gains(choices)
        if gains is None:
            return _Bounded(order=-np.inf, number=number, choices=choices)
        most = self._corners.most(choices, gains)
        self._look(choices.made | self._one_a_row(most))
        bound = max(at_once, gains.base + sum(gains.of[i] for i in most))
        return _Bounded(order=-bound, number=number, choices=self._without_hopeless(choices, gains), gains=gains)

    def _one_a_row(self, numbers: Sequence[int]) -> Moves:
        found: dict[int, int] = {}
        for i in numbers:
            found.setdefault(self._moves[i].row, i)
        return frozenset(found.values())

    def _fitting(self, choices: Allowed) -> Allowed:
        """Return the same choices with budgets that are no larger than what is free, and nothing free without one."""
        left = {True: choices.ups, False: choices.downs}
        free = tuple(i for i in choices.free if left[self._moves[i].is_more] and choices.budget)
        count = {kind: sum(self._moves[i].is_more is kind for i in free) for kind in (True, False)}
        ups, downs = (min(left[kind], count[kind]) for kind in (True, False))
        budget = min(choices.budget, ups + downs, len({self._moves[i].row for i in free}))
        return dataclasses.replace(choices, free=free, ups=min(ups, budget), downs=min(downs, budget), budget=budget)

    def _without_hopeless(self, choices: Allowed, gains: Gains) -> Allowed:
        """Return choices without the moves with which none is worse than the worst known, by as much as matters."""
        value = self.best[0]
        kept = []
        for i in choices.free:
            is_more = self._moves[i].is_more
            rest = dataclasses.replace(
                choices,
                free=tuple(j for j in choices.free if self._moves[j].row != self._moves[i].row),
                ups=choices.ups - is_more,
                downs=choices.downs - (not is_more),
                budget=choices.budget - 1,
            )
            with_it = gains.base + gains.of[i] + sum(gains.of[j] for j in self._corners.most(rest, gains))
            if self._is_enough(value, max(with_it, value)):
                self._left_out = max(self._left_out, with_it)
            else:
                kept.append(i)
        return dataclasses.replace(choices, free=tuple(kept))

    # ---- branches

    def _children(self, node: _Bounded) -> list[_Bounded]:
        """Return parts of the choices: with so many of each kind, or with a move and without it."""
        choices = node.choices
        if choices.budget == 0 or not choices.free:
            return []
        if node.gains is not None and choices.ups + choices.downs > choices.budget:
            return [
                self._node(dataclasses.replace(choices, ups=choices.budget - downs, downs=downs))
                for downs in range(choices.budget + 1)
                if downs <= choices.downs and choices.budget - downs <= choices.ups
            ]
        i = self._branched(node)
        is_more, row = self._moves[i].is_more, self._moves[i].row
        with_it = dataclasses.replace(
            choices,
            made=choices.made | {i},
            free=tuple(j for j in choices.free if self._moves[j].row != row),
            ups=choices.ups - is_more,
            downs=choices.downs - (not is_more),
            budget=choices.budget - 1,
        )
        without = dataclasses.replace(choices, free=tuple(j for j in choices.free if j != i))
        return [self._node(with_it), self._node(without)]

    def _branched(self, node: _Bounded) -> int:
        """Return the move to branch upon: the one that gains most, or that stands in the way of a bound."""
        free, gains = node.choices.free, node.gains
        if gains is None:
            return min(free, key=lambda i: self._rooms[i])
        return max(free, key=lambda i: gains.of[i])
