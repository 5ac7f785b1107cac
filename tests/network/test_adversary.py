"""The worst choice of moves for costs that are any convex function, against all choices one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from batteryopt.network.robust.adversary import Adversary
from batteryopt.network.robust.climb import steepest, tops
from batteryopt.network.robust.corners import Allowed, Corners
from batteryopt.network.robust.deviations import Move


class ConvexCost:
    """The largest of linear functions of the amounts that are made, some of them steep: what lacks capacity."""

    def __init__(self, generator, count, pieces):
        self.slopes_of = generator.normal(0, 1, (pieces, count)) * generator.choice([1.0, 10.0], (pieces, 1))
        self.at_none = generator.normal(0, 3, pieces)
        self.asked = []

    def _values(self, amounts):
        vector = np.zeros(self.slopes_of.shape[1])
        vector[list(amounts)] = list(amounts.values())
        self.asked.append(vector)
        return self.at_none + self.slopes_of @ vector

    def cost(self, amounts):
        return float(self._values(amounts).max())

    def slopes(self, amounts):
        return self.slopes_of[int(self._values(amounts).argmax())]


def drawn(seed, rows=4):
    """Return a cost, moves up and down of rows of very different sizes, and rooms of those that fall."""
    generator = np.random.default_rng(seed)
    moves, rooms = [], []
    for row in range(rows):
        size = float(10 ** generator.uniform(0, 2))
        for sign in (1.0, -1.0):
            if generator.random() < 0.85:
                moves.append(Move(row=row, by=(sign * size,), site=f"{row}", product="pack"))
                rooms.append(np.inf if sign > 0 else float(generator.choice([1.0, 2.5, 5.0])))
    cost = ConvexCost(generator, len(moves), 6)
    cost.slopes_of = cost.slopes_of * np.array([abs(move.by[0]) for move in moves])
    return cost, moves, rooms


def choices(moves, budget):
    for size in range(budget + 1):
        for choice in itertools.combinations(range(len(moves)), size):
            if len({moves[i].row for i in choice}) == size:
                yield frozenset(choice)


def worst(cost, moves, budget):
    return max(cost.cost(dict.fromkeys(choice, 1.0)) for choice in choices(moves, budget))


@pytest.mark.parametrize("seed", range(60))
def test_the_adversary_is_right(seed):
    cost, moves, rooms = drawn(seed)
    budget = 1 + seed % 3
    expected = worst(cost, moves, budget)
    cost.asked.clear()
    found = Adversary(cost, moves, rooms, budget).go(is_enough=lambda value, bound: bound - value <= 1e-7)
    assert found.value == pytest.approx(expected)
    assert found.bound == pytest.approx(expected)
    assert len({moves[i].row for i in found.moves}) == len(found.moves) <= budget
    for vector in cost.asked:  # no corner falls by more than there is, or rises by more than the sides are known for
        assert all(-1e-9 <= a <= room * (1 + 1e-9) for a, room in zip(vector, rooms, strict=True))
        assert vector.max(initial=0.0) <= 4 * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_an_adversary_that_may_leave_something_says_how_much(seed):
    cost, moves, rooms = drawn(seed)
    expected = worst(cost, moves, 3)
    found = Adversary(cost, moves, rooms, 3).go(is_enough=lambda value, bound: bound - value <= 20.0)
    assert found.value - 1e-9 <= expected <= found.bound + 1e-9
    assert found.bound - found.value <= 20.0 + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_gains_bound_every_choice(seed):
    """Of each way to count: so many in all, or so many of each kind."""
    cost, moves, rooms = drawn(seed)
    corners, free = Corners(cost, moves, rooms), tuple(range(len(moves)))
    for ups, downs, budget in ((3, 3, 3), (2, 1, 3), (1, 1, 2), (2, 0, 2), (0, 2, 2), (1, 0, 1)):
        free = tuple(i for i in range(len(moves)) if (ups if moves[i].is_more else downs))
        node = Allowed(made=frozenset(), free=free, ups=ups, downs=downs, budget=budget)
        gains = corners.gains(node)
        for choice in choices(moves, budget) if gains is not None else ():
            if sum(moves[i].is_more for i in choice) <= ups and sum(not moves[i].is_more for i in choice) <= downs:
                value = cost.cost(dict.fromkeys(choice, 1.0))
                assert value <= gains.base + sum(gains.of[i] for i in choice) + 1e-7
                assert sum(gains.of[i] for i in choice) <= sum(gains.of[i] for i in corners.most(node, gains)) + 1e-7


def test_corners_of_equal_totals_by_hand():
    """Beyond 10 t a tonne costs 1. Of rows of 8 t, 4 t and many of 1 t two may come more: 12 t at most, which cost 2.

    By equal weights each comes twice: 16 t and 8 t cost 6 and 0, and 6 / 2 = 3 is what they bound. By size corners have
    some 12 t: 8 t with 2/3 of the weight, 4 t with 1/3, but for the twentieth that is given to all alike.
    """
    sizes = (8.0, 4.0, *[1.0] * 38)

    class Cost:
        def cost(self, amounts):
            return max(0.0, sum(sizes[i] * amount for i, amount in amounts.items()) - 10.0)

    moves = [Move(row=i, by=(size,), site="", product="") for i, size in enumerate(sizes)]
    found = Adversary(Cost(), moves, [np.inf] * 40, 2).go(is_enough=lambda value, bound: bound <= value + 0.1)
    assert (found.value, found.moves, found.nodes) == (2.0, frozenset({0, 1}), 1)


@pytest.mark.parametrize("seed", range(20))
def test_climbs_never_fall_and_stay_in_the_set(seed):
    cost, moves, _ = drawn(seed)
    start = frozenset({seed % len(moves)})
    found = tops(cost, moves, 2, [start])
    assert found[0][0] >= max(cost.cost({}), cost.cost(dict.fromkeys(start, 1.0)))
    for value, choice in found:
        assert value == cost.cost(dict.fromkeys(choice, 1.0)) <= worst(cost, moves, 2) + 1e-9
        assert choice in set(choices(moves, 2))


def test_the_steepest_choice_takes_one_move_a_row():
    moves = [Move(row=row, by=(1.0,), site="", product="") for row in (0, 0, 1, 2)]
    assert steepest(np.array([5.0, 6.0, 1.0, -1.0]), moves, 3) == {1, 2}
