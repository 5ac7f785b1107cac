"""The problems as models, and their values by enumerations that know nothing of the engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt import bilevel

from .interdiction_assignments import ASSIGNMENTS, InterdictionAssignment
from .interdiction_knapsacks import KNAPSACKS, InterdictionKnapsack


@dataclass(frozen=True, kw_only=True)
class IntegerProblem:
    """One problem: its model, a second route to its value, and the printed value where there is one."""

    name: str
    source: str
    build: Callable[[], pyo.ConcreteModel]
    enumerated: Callable[[], float]
    printed: float | None = None
    sense: int = 1

    def __str__(self) -> str:
        return self.name


def knapsack_model(data: InterdictionKnapsack) -> pyo.ConcreteModel:
    """Take items away so that the follower's best load is worth least."""
    m = pyo.ConcreteModel()
    m.ITEMS = pyo.RangeSet(0, len(data.profits) - 1)
    m.x = pyo.Var(m.ITEMS, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=sum(data.costs[i] * m.x[i] for i in m.ITEMS) <= data.budget)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(m.ITEMS, domain=pyo.Binary)
    m.f.capacity = pyo.Constraint(expr=sum(data.weights[i] * m.f.y[i] for i in m.ITEMS) <= data.capacity)
    m.f.left = pyo.Constraint(m.ITEMS, rule=lambda f, i: f.y[i] <= 1 - m.x[i])
    worth = sum(data.profits[i] * m.f.y[i] for i in m.ITEMS)
    m.f.gain = pyo.Objective(expr=worth, sense=pyo.maximize)
    m.cost = pyo.Objective(expr=worth)
    return m


def knapsack_value(data: InterdictionKnapsack) -> float:
    """Value all sets of items: the best load within each, then the least over those that the leader may leave."""
    count = len(data.profits)
    worth, weight, cost = (np.zeros(1 << count, dtype=np.int64) for _ in range(3))
    for i in range(count):
        half = 1 << i
        for total, numbers in ((worth, data.profits), (weight, data.weights), (cost, data.costs)):
            total[half : 2 * half] = total[:half] + numbers[i]
    best = np.where(weight <= data.capacity, worth, -1)
    for i in range(count):  # the best of all subsets, one item after the other
        halves = best.reshape(-1, 2, 1 << i)
        np.maximum(halves[:, 1], halves[:, 0], out=halves[:, 1])
    left = best[::-1]  # a set's complement stands at the mirrored place
    return float(left[cost <= data.budget].min())


def assignment_model(data: InterdictionAssignment) -> pyo.ConcreteModel:
    """Forbid assignments so that the follower's cheapest one costs most."""
    m = pyo.ConcreteModel()
    m.SIDE = pyo.RangeSet(0, len(data.costs) - 1)
    m.x = pyo.Var(m.SIDE, m.SIDE, domain=pyo.Binary)
    m.budget = pyo.Constraint(expr=sum(data.costs[i][j] * m.x[i, j] for i in m.SIDE for j in m.SIDE) <= data.budget)
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(m.SIDE, m.SIDE, domain=pyo.Binary)
    m.f.row = pyo.Constraint(m.SIDE, rule=lambda f, i: sum(f.y[i, j] for j in m.SIDE) == 1)
    m.f.column = pyo.Constraint(m.SIDE, rule=lambda f, j: sum(f.y[i, j] for i in m.SIDE) == 1)
    m.f.left = pyo.Constraint(m.SIDE, m.SIDE, rule=lambda f, i, j: f.y[i, j] <= 1 - m.x[i, j])
    total = sum(data.distances[i][j] * m.f.y[i, j] for i in m.SIDE for j in m.SIDE)
    m.f.cost = pyo.Objective(expr=total)
    m.gain = pyo.Objective(expr=total, sense=pyo.maximize)
    return m


def assignment_value(data: InterdictionAssignment) -> float:
    """Branch on the follower's answers: whoever wants another one must forbid a cell of the one that there is."""
    side = range(len(data.costs))
    answers = [frozenset(enumerate(order)) for order in itertools.permutations(side)]
    answers.sort(key=lambda cells: sum(data.distances[i][j] for i, j in cells))
    best, seen, pending = -1.0, set(), [frozenset()]
    while pending:
        forbidden = pending.pop()
        answer = next((cells for cells in answers if not cells & forbidden), None)
        if answer is None or forbidden in seen:
            continue
        seen.add(forbidden)
        best = max(best, float(sum(data.distances[i][j] for i, j in answer)))
        for cell in answer:
            more = forbidden | {cell}
            if sum(data.costs[i][j] for i, j in more) <= data.budget:
                pending.append(more)
    return best


def whole_model(data: dict[str, Any]) -> pyo.ConcreteModel:
    """Return min c x + d y, leader's rows A x <= b, the follower min e y, rows F x + G y <= h; all whole, in boxes."""
    m = pyo.ConcreteModel()
    m.x = pyo.Var(range(len(data["c"])), domain=pyo.Integers, bounds=lambda _, i: data["x_box"][i])
    m.f = bilevel.Follower()
    m.f.y = pyo.Var(range(len(data["d"])), domain=pyo.Integers, bounds=lambda _, j: data["y_box"][j])
    m.own, m.f.row = pyo.ConstraintList(), pyo.ConstraintList()
    for row, right in data.get("leader_rows", ()):
        m.own.add(sum(a * m.x[i] for i, a in enumerate(row)) <= right)
    for first, second, right in data["rows"]:
        total = sum(a * m.x[i] for i, a in enumerate(first)) + sum(a * m.f.y[j] for j, a in enumerate(second))
        m.f.row.add(total <= right)
    m.f.cost = pyo.Objective(expr=sum(e * m.f.y[j] for j, e in enumerate(data["e"])))
    m.cost = pyo.Objective(
        expr=sum(c * m.x[i] for i, c in enumerate(data["c"])) + sum(d * m.f.y[j] for j, d in enumerate(data["d"]))
    )
    return m


def whole_value(data: dict[str, Any]) -> float:
    """Try every decision of the leader with every answer."""
    boxes = [[range(low, high + 1) for low, high in data[key]] for key in ("x_box", "y_box")]
    answers, values = list(itertools.product(*boxes[1])), []

    def dot(first: Any, second: Any) -> float:
        return float(sum(a * b for a, b in zip(first, second, strict=True)))

    for x in itertools.product(*boxes[0]):
        if any(dot(row, x) > right for row, right in data.get("leader_rows", ())):
            continue
        open_to = [y for y in answers if all(dot(f, x) + dot(g, y) <= h for f, g, h in data["rows"])]
        least = min((dot(data["e"], y) for y in open_to), default=None)
        values.extend(dot(data["c"], x) + dot(data["d"], y) for y in open_to if dot(data["e"], y) == least)
    return min(values)


MOORE_BARD_ONE = {
    "c": [-1],
    "d": [-10],
    "e": [1],
    "x_box": [(0, 10)],
    "y_box": [(0, 5)],
    "rows": [([-25], [20], 30), ([1], [2], 10), ([2], [-1], 15), ([-2], [-10], -15)],
}
MOORE_BARD_TWO = {
    "c": [1],
    "d": [2],
    "e": [-1],
    "x_box": [(0, 3)],
    "y_box": [(1, 2)],
    "rows": [([-1], [2.5], 3.75), ([-1], [-2.5], -3.75), ([2.5], [1], 8.75)],
}
LINDEROTH = {
    "c": [-4, 1, -2, 2],
    "d": [-6, 3],
    "e": [1, -1],
    "x_box": [(0, 1)] * 4,
    "y_box": [(0, 40), (0, 6)],  # the rows let neither be more
    "leader_rows": [([1, 0, 1, 0], 1), ([0, -1, 0, -1], -1)],
    "rows": [([1, -1, 0, 0], [1, -4], 7), ([0, 0, 1, 4], [-3, 1], 4), ([-4, 1, 0, 0], [0, 1], 2)],
}
MOORE_BARD = "Moore and Bard (1990), The mixed integer linear bilevel programming problem, Operations Research 38(5)"
DENEGRE = "DeNegre (2011), Interdiction and discrete bilevel linear programming, PhD thesis, Lehigh University"


def _whole(name: str, source: str, data: dict[str, Any], printed: float | None = None) -> IntegerProblem:
    return IntegerProblem(
        name=name,
        source=source,
        build=partial(whole_model, data),
        enumerated=partial(whole_value, data),
        printed=printed,
    )


INTEGER_PROBLEMS = (
    _whole("moore-bard-1990-one", f"{MOORE_BARD}, example 1", MOORE_BARD_ONE, -22),
    _whole("moore-bard-1990-two", f"{MOORE_BARD}; moore90_2 of the MibS collection", MOORE_BARD_TWO),
    _whole("linderoth", "linderoth of the MibS collection", LINDEROTH),
    *(
        IntegerProblem(
            name=data.name,
            source=DENEGRE,
            build=partial(knapsack_model, data),
            enumerated=partial(knapsack_value, data),
        )
        for data in KNAPSACKS
    ),
    *(
        IntegerProblem(
            name=data.name,
            source=DENEGRE,
            build=partial(assignment_model, data),
            enumerated=partial(assignment_value, data),
            sense=-1,
        )
        for data in ASSIGNMENTS
    ),
)
