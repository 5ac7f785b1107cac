"""Programs in whole numbers whose relaxation is far from them: knapsacks by recursion, and sums that parity forbids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyomo.environ as pyo

from batteryopt.accuracy.problem import AccuracyProblem, ProblemKind, Truth
from batteryopt.accuracy.rational_proofs import truth_of_plan

SIZES = (8, 15, 30, 60)
ODD = (7, 11, 15, 19)
"""Numbers of columns of the parity problems: without cuts a tree of all halves of them has to be searched."""


def problems(seed: int, quick: bool) -> Iterator[AccuracyProblem]:
    """Yield knapsacks of two kinds, and parity as an optimum and as an impossibility."""
    for size in SIZES[:1] if quick else SIZES:
        for kind in ("zero-one", "strongly-correlated"):
            yield _problem(
                f"knapsack-{kind}-{size}-{seed}",
                f"knapsack-{kind}",
                size,
                build_knapsack,
                _knapsack_truth,
                kind,
                size,
                seed,
            )
    for size in ODD[:1] if quick else ODD:
        yield _problem(f"parity-costs-one-{size}", "parity", size + 1, build_parity, _parity_truth, size, True)
        yield _problem(f"parity-infeasible-{size}", "parity-infeasible", size, build_parity, _parity_truth, size, False)


def _problem(name: str, variant: str, size: int, build: Any, find_truth: Any, *drawn: Any) -> AccuracyProblem:
    return AccuracyProblem(
        family="whole-numbers",
        name=name,
        variant=variant,
        size=size,
        build=partial(build, *drawn),
        find_truth=partial(find_truth, *drawn),
    )


def random_items(kind: str, size: int, seed: int) -> tuple[list[int], list[int], int]:
    """Return weights, values and what the knapsack holds; strongly correlated values are weights and a premium."""
    rng = np.random.default_rng([seed, size, len(kind)])
    weights = rng.integers(10, 100, size)
    values = weights + 10 if kind == "strongly-correlated" else rng.integers(10, 100, size)
    return weights.tolist(), values.tolist(), int(weights.sum() // 2) - 1


def build_knapsack(kind: str, size: int, seed: int) -> Any:
    """Return the most valuable items that a knapsack holds."""
    weights, values, room = random_items(kind, size, seed)
    m = pyo.ConcreteModel(name="knapsack")
    m.ITEMS = pyo.RangeSet(0, size - 1)
    m.is_packed = pyo.Var(m.ITEMS, domain=pyo.Binary)
    m.room = pyo.Constraint(expr=pyo.quicksum(w * m.is_packed[i] for i, w in enumerate(weights)) <= room)
    m.value = pyo.Objective(expr=pyo.quicksum(v * m.is_packed[i] for i, v in enumerate(values)), sense=pyo.maximize)
    return m


def best_packing(weights: Sequence[int], values: Sequence[int], room: int) -> tuple[int, list[int]]:
    """Return the largest value and the items packed: item by item, the most that each amount of room can hold."""
    best = [[0] * (room + 1)]
    for weight, value in zip(weights, values, strict=True):
        before = best[-1]
        best.append([max(b, before[r - weight] + value if r >= weight else 0) for r, b in enumerate(before)])
    packed, left = [], room
    for item in reversed(range(len(weights))):
        if best[item + 1][left] != best[item][left]:
            packed.append(item)
            left -= weights[item]
    return best[-1][room], sorted(packed)


def _knapsack_truth(kind: str, size: int, seed: int) -> Truth:
    value, packed = best_packing(*random_items(kind, size, seed))
    plan = {f"is_packed[{item}]": 1 for item in packed}
    return truth_of_plan(build_knapsack(kind, size, seed), plan, value, resolution=0.5)


def build_parity(size: int, is_optimum: bool) -> Any:
    """Return ``2 sum x = n`` for an odd n, with whole x from 0 to 1; or with one column more that makes it odd, at 1.

    R. G. Jeroslow, "Trivial integer programs unsolvable by branch-and-bound", Mathematical Programming 6, 1974.
    """
    m = pyo.ConcreteModel(name="parity")
    m.COLUMNS = pyo.RangeSet(0, size - 1)
    m.x = pyo.Var(m.COLUMNS, domain=pyo.Binary)
    doubled = pyo.quicksum(2 * m.x[j] for j in m.COLUMNS)
    if is_optimum:
        m.odd_one = pyo.Var(domain=pyo.Binary)
        m.sum = pyo.Constraint(expr=doubled + m.odd_one == size)
        m.cost = pyo.Objective(expr=m.odd_one)
    else:
        m.sum = pyo.Constraint(expr=doubled == size)
        m.cost = pyo.Objective(expr=m.x[0])
    return m


def _parity_truth(size: int, is_optimum: bool) -> Truth:
    """State what parity says: an odd number is no sum of even ones; with half of the columns and the odd one it is."""
    model = build_parity(size, is_optimum)
    if not is_optimum:
        return Truth(kind=ProblemKind.INFEASIBLE, variables=tuple(f"x[{j}]" for j in range(size)))
    plan = {f"x[{j}]": 1 for j in range(size // 2)}
    return truth_of_plan(model, {**plan, "odd_one": 1}, 1, resolution=0.5)
