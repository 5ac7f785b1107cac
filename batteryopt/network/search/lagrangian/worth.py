"""What prices say of single flows and sizes: which are worth keeping, and which no better plan can have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.structure import Structure
from batteryopt.network.search.lagrangian.value import Value, at_levels, charged, evaluate, levels_of_pools

CLEAR = 1e-9
"""Relative distance beyond a plan's value from which a bound counts as beyond it: more than rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Worth:
    """Flows and nodes at some prices.

    Attributes
    ----------
    leaving
        Price of what leaves a node (nodes).
    arriving
        What it costs to be taken at a node, capacity at its rent; infinite where nothing takes (nodes).
    flow
        What a tonne of each shipment costs beyond what it saves (columns); infinite where nothing takes it.
    """

    leaving: Floats
    arriving: Floats
    flow: Floats


def worth(s: Structure, prices: Floats, value: Value) -> Worth:
    """Return the worth of flows at prices."""
    costs, items = charged(s, prices), s.items
    at = np.where(s.pools.facility >= 0, np.maximum(levels_of_pools(s, value.best), 1), 0)
    charge = at_levels(s, np.zeros(len(items)), np.minimum(at, s.pools.capacity.shape[1] - 1))
    taken = items.share * costs.columns[items.taker] + charge + items.weight * value.rent[items.pool]
    arriving = np.full(s.nodes, np.inf)
    np.minimum.at(arriving, items.arrival, taken)
    leaving = prices[: s.nodes]
    flow = np.full(len(s.costs), np.inf)
    moves = items.column >= 0
    column = items.column[moves]
    flow[column] = s.costs[column] - leaving[items.node[moves]] + arriving[items.arrival[moves]]
    return Worth(leaving=leaving, arriving=arriving, flow=flow)


@dataclass(frozen=True, kw_only=True, eq=False)
class SizeBounds:
    """Bounds of the columns of ``is_open`` (F, steps, T): what a better plan may have."""

    lower: Floats
    upper: Floats

    def is_closed(self) -> Bools:
        """Return where nothing may stand (F, T)."""
        return np.asarray(self.upper[:, 0] < 0.5)

    def free(self) -> int:
        """Return how many steps are open to choice."""
        return int(np.sum(self.lower < self.upper))


def free_sizes(s: Structure) -> SizeBounds:
    """Return the bounds that the problem itself has."""
    columns = s.careers.columns
    core, exists = s.problem.core, columns >= 0
    lower = np.where(exists, core.lower[np.maximum(columns, 0)], 0.0)
    return SizeBounds(lower=lower, upper=np.where(exists, core.upper[np.maximum(columns, 0)], 0.0))


def sizes_left(s: Structure, prices: Floats, plan: float, before: SizeBounds) -> SizeBounds:
    """Return bounds of sizes that every plan better than one keeps.

    A level in a period is ruled out where the relaxed problem, made to have it, costs more than the plan.
    """
    value = evaluate(s, prices, with_through=True)
    least = value.bound + value.best.through - value.best.value[:, None, None]
    possible = least <= plan + CLEAR * max(1.0, abs(plan))
    steps = s.careers.columns.shape[1]
    levels = np.arange(steps + 1)
    lowest = np.where(possible, levels, steps + 1).min(axis=2)
    highest = np.where(possible, levels, -1).max(axis=2)
    known = highest >= 0  # nothing possible: no plan is better, and the bound will say so
    step = np.arange(steps)[:, None]
    lower = np.where((step < lowest[:, None, :]) & known[:, None, :], 1.0, 0.0)
    upper = np.where((step >= highest[:, None, :]) & known[:, None, :], 0.0, 1.0)
    return SizeBounds(lower=np.maximum(before.lower, lower), upper=np.minimum(before.upper, upper))


def of_levels(s: Structure, level: Ints) -> SizeBounds:
    """Return the bounds that leave facilities as they are at some levels (F, T)."""
    stands = (np.arange(s.careers.columns.shape[1])[:, None] < level[:, None, :]).astype(float)
    return SizeBounds(lower=stands, upper=stands)
