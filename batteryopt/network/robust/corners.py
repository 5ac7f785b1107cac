"""Bounds of what many choices of moves cost, from corners of the convex cost in which one move is made many times.

The cost Q is convex in the moves. With moves F made, whatever weights w > 0 the moves of a choice T have, if they
sum to at most 1, then

    F + sum of e_i over T  =  sum over T of w_i (F + e_i / w_i)  +  (1 - sum of w_i) F,

    so     Q(F + T)  <=  Q(F) + sum over T of g_i     with     g_i = w_i (Q(F + e_i / w_i) - Q(F)).

Weights under which every choice that may be made sums to at most 1 give one number g_i for each move, and the largest
of these bound all choices: as many linear programs as there are moves bound a number of futures that grows like a
power of it. No bound of duals is needed, and none has to be believed.

Equal weights, one by the budget, allow everything. Weights by what moves bring, as parts of the most that so many of
them can bring, are the better ones where the total counts: every corner then has the same total, and no small place
is taken for many times a large one. What falls cannot fall by more than there is: such moves have the weights that
this asks for, and those that rise share the rest.

Where a corner would have less than nothing return, pairs of moves are taken, each half as often.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.network.robust.deviations import Move, Moves
from batteryopt.network.robust.hindsight import Hindsight, chosen

ROUNDING = 1e-9
"""Share by which a move may go beyond what returns: a quotient of two numbers that people typed."""
MOST_PAIRS = 2_000
"""Pairs of moves that are looked at to bound a node; where there are more, branching is the shorter way."""


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Choices that make some moves, and may make others.

    Attributes
    ----------
    made, free
        Moves.
    ups, downs
        How many of the free ones may be made at most, of those that bring more and of those that bring less.
    budget
        How many at most in all.
    """

    made: Moves
    free: tuple[int, ...]
    ups: int
    downs: int
    budget: int


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What a choice costs at most: a base, and for each free move that it makes a gain."""

    base: float
    of: dict[int, float]


class Corners:
    """Corners of the cost of one plan."""

    def __init__(self, hindsight: Hindsight, moves: Sequence[Move], rooms: Sequence[float]) -> None:
        self._hindsight, self._moves, self._rooms = hindsight, moves, rooms
        self._sizes = np.array([sum(abs(tonnes) for tonnes in move.by) for move in moves])
        self._far = float(len({move.row for move in moves}))  # as often a move may be made, by `MovingSides`

    def gains(self, node: Allowed) -> Gains | None:
        """Return gains that bound each choice of a node; None where no corner that is needed has enough returns."""
        at_once = self._cost(node.made)
        by_size, equal = self._by_size(node), None
        if self._has_room(node.free, node.budget):
            equal = dict.fromkeys(node.free, 1.0 / node.budget)
        found = None if by_size is None else self._of_singles(node, at_once, by_size)
        if equal is not None and (found is None or not np.isfinite(list(found.of.values())).all()):
            found = self._of_singles(node, at_once, equal)  # nearer to what is made: rules may be kept there
        if found is not None:
            return found
        if node.budget < 2 or not self._has_room(node.free, node.budget / 2) or len(node.free) ** 2 / 2 > MOST_PAIRS:
            return None
        return self._of_pairs(node, at_once)

    def _of_singles(self, node: Allowed, at_once: float, weights: dict[int, float]) -> Gains:
        corners = {i: self._cost(node.made, {i: 1.0 / weight}) for i, weight in weights.items()}
        return Gains(base=at_once, of={i: weights[i] * (value - at_once) for i, value in corners.items()})

    def most(self, node: Allowed, gains: Gains) -> list[int]:
        """Return moves whose gains sum to no less than those of any choice of a node.

        The largest, one a row, where the budget is all that counts. Where kinds are counted apart, the largest of each
        kind, be two of them of one row: to take the largest first would not find the best that parts rows as well.
        """
        is_by_row = min(node.ups, node.downs) >= node.budget
        of_row: set[int] = set()
        left = {True: node.ups, False: node.downs}
        found: list[int] = []
        for i in sorted(node.free, key=lambda i: -gains.of[i]):
            move = self._moves[i]
            if len(found) == node.budget or gains.of[i] <= 0:
                break
            if left[move.is_more] and not (is_by_row and move.row in of_row):
                of_row.add(move.row)
                left[move.is_more] -= 1
                found.append(i)
        return found

    def _cost(self, made: Moves, more: dict[int, float] | None = None) -> float:
        return self._hindsight.cost({**chosen(made), **(more or {})})

    def _has_room(self, free: Sequence[int], amount: float) -> bool:
        return min(self._rooms[i] for i in free) >= amount * (1.0 - ROUNDING)

    def _by_size(self, node: Allowed) -> dict[int, float] | None:
        """Return weights by size; None where kinds are not counted apart, or falls leave nothing for what rises."""
        ups = [i for i in node.free if self._moves[i].is_more]
        downs = [i for i in node.free if not self._moves[i].is_more]
        if (ups and downs) and node.ups + node.downs > node.budget:
            return None
        of_a_fall = 0.0
        if downs and node.downs:
            room = min(self._rooms[i] for i in downs)
            of_a_fall = max(1.0 / room, 1.0 / max(node.budget, 1)) if room > 0 else np.inf
        rest = 1.0 - node.downs * of_a_fall
        if rest < -ROUNDING or (ups and node.ups > rest * self._far):
            return None
        weights = dict.fromkeys(downs if node.downs else (), of_a_fall)
        return weights | (self._of_ups(ups, node.ups, rest) if node.ups and ups else {})

    def _of_ups(self, ups: Sequence[int], count: int, rest: float) -> dict[int, float]:
        """Return parts of a weight by size, and as much of each equally as keeps all corners near enough."""
        if count == 1:
            return dict.fromkeys(ups, rest)
        sizes = self._sizes[list(ups)]
        total = float(np.sort(sizes)[::-1][:count].sum())
        equal = min(1.0, count / (rest * self._far))
        by_size = rest * ((1.0 - equal) * sizes / total + equal / count)
        return dict(zip(ups, by_size.tolist(), strict=True))

    def _of_pairs(self, node: Allowed, at_once: float) -> Gains:
        """Return gains from the mean of each move's largest pairs.

        A choice T of b moves, filled up with moves that do nothing where it has fewer, is the mean over its pairs
        {i, j} of F + b/2 (e_i + e_j), for every move is in b - 1 of the b (b - 1) / 2 pairs. That mean is the mean over
        T of each one's mean pair within T, which is at most the mean of its b - 1 largest pairs.
        """
        half, others = node.budget / 2, node.budget - 1
        alone = {i: self._cost(node.made, {i: half}) for i in node.free}  # with a move that does nothing
        values = {i: [alone[i]] * others for i in node.free}
        for i, j in itertools.combinations(node.free, 2):
            if self._moves[i].row != self._moves[j].row:
                value = self._cost(node.made, {i: half, j: half})
                values[i].append(value)
                values[j].append(value)
        of_none = _mean_of_largest([*alone.values(), *[at_once] * others], others)
        of = {i: (_mean_of_largest(v, others) - of_none) / node.budget for i, v in values.items()}
        return Gains(base=of_none, of=of)


def _mean_of_largest(values: Sequence[float], count: int) -> float:
    return float(np.mean(sorted(values, reverse=True)[:count]))
