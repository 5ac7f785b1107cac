"""The money that moves in a plan, which errors of its money are relative to."""

from __future__ import annotations

from collections.abc import Mapping

from batteryopt.network.data.objective import Objective
from batteryopt.network.plan.solution import Solution


def gross(solution: Solution) -> float:
    """Return the money that moves: the sum of the sizes of all cost terms."""
    return float(sum(abs(value) for value in solution.cost_terms.values()))


def size_of(solution: Solution, weights: Mapping[Objective, float], value: float) -> float:
    """Return the size that errors of an objective's value are relative to: of costs the money that moves.

    Costs and revenues that nearly cancel are known no better than they are themselves; 1 where there is nothing.
    """
    money = weights.get(Objective.COST, 0.0) * gross(solution)
    return max(abs(value), money) or 1.0
