"""What prices say: the value of the relaxed problem, how it would change, and what each facility would do.

The value of any prices is a lower bound of the problem: what is priced is paid for, the rest is at its cheapest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.counts import best_within_counts
from batteryopt.network.search.lagrangian.priced_careers import Best
from batteryopt.network.search.lagrangian.structure import Structure

AMPLE = 1.3
"""Items that would fill a pool's largest level so many times are those that matter at prices nearby."""
FARTHER = 0.95
"""Share of the cost looked up to that counts next time, where items up to it were no more than those that matter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """The relaxed problem at some prices.

    Attributes
    ----------
    bound
        Its optimum.
    excess
        What each node has too much of, and what each further row lacks, a subgradient (prices).
    best
        The careers of its optimum.
    standing
        Prices of the rows on numbers of facilities, the best ones for the other prices.
    rent
        What a unit of each pool's capacity is worth, at the level that stands, or would stand best (pools).
    enough
        Cost of a unit of capacity beyond which no item was near being taken (pools).
    """

    bound: float
    excess: Floats
    best: Best
    standing: Floats
    rent: Floats
    enough: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class Filling:
    """Items that would earn something, in the order in which each pool takes them.

    Attributes
    ----------
    item
        Positions among all items (n).
    cost
        Of a tonne, negative (n).
    before, own
        Capacity that better ones take, and that it takes itself (n).
    """

    item: Ints
    pool: Ints
    cost: Floats
    weight: Floats
    before: Floats
    own: Floats

    def enough(self, s: Structure, last: Floats | None) -> Floats:
        """Return the cost of a unit of capacity beyond which items are of no use to a pool (pools).

        Of the first item that a pool has no room for by far, at its largest level; where there is none among those
        here, a little beyond the last one found, and 0 without that.
        """
        most = AMPLE * s.pools.capacity.max(axis=1)
        beyond = self.before > most[self.pool]
        found = np.zeros(len(most))
        np.minimum.at(found, self.pool[beyond], self.cost[beyond] / self.weight[beyond])
        return found if last is None else np.where(found < 0, found, FARTHER * last)

    def taken(self, capacity: Floats) -> Floats:
        """Return the tonnes of each item (n) where pools have some capacities (pools)."""
        room = capacity[self.pool] - self.before
        return np.asarray(np.minimum(np.maximum(room, 0.0), self.own) / self.weight)


@dataclass(frozen=True, kw_only=True, eq=False)
class Charged:
    """What things cost at some prices: a tonne of each item, and a unit of each column by itself."""

    items: Floats
    columns: Floats
    paid: Floats | None
    """What further rows pay for each column; None where there are none."""


def charged(s: Structure, prices: Floats) -> Charged:
    """Return what things cost at some prices."""
    of_nodes, of_rows = prices[: s.nodes], prices[s.nodes :]
    items, paid = s.items, s.further.by_column @ of_rows if len(of_rows) else None
    by_column = np.array(s.costs) if paid is None else s.costs - paid
    by_column[s.given_columns] += s.gives_by_column @ of_nodes
    flow = items.cost
    if paid is not None:
        flow = flow - np.where(items.column >= 0, paid[np.maximum(items.column, 0)], 0.0)
    return Charged(
        items=flow - of_nodes[items.node] + items.share * by_column[items.taker], columns=by_column, paid=paid
    )


def filling(s: Structure, cost: Floats, enough: Floats | None = None) -> Filling:
    """Return the order in which pools take items.

    Parameters
    ----------
    enough
        Cost of a unit of capacity up to which items probably fill each pool: of pools that they do fill the others are
        left out, which changes nothing, but need not be sorted.
    """
    items = s.items
    chosen = np.flatnonzero(cost < 0) if enough is None else _that_fill(s, cost, enough)
    pool, weight, cost = items.pool[chosen], items.weight[chosen], cost[chosen]
    order = _by_pool(cost / weight, pool)
    chosen, weight, cost = chosen[order], weight[order], cost[order]
    own = weight * items.upper[chosen]
    whole = np.cumsum(own)
    number = np.bincount(pool, minlength=len(s.pools.facility))
    first = np.cumsum(number) - number
    base = np.concatenate([[0.0], whole])[first]
    return Filling(item=chosen, pool=pool, cost=cost, weight=weight, before=whole - own - base[pool], own=own)


def _by_pool(ratio: Floats, pool: Ints) -> Ints:
    """Return the order by pool, and by ratio within: twice as quick as `lexsort` where short numbers say the pool."""
    if not len(pool) or pool.max() > np.iinfo(np.uint16).max:
        return np.asarray(np.lexsort((ratio, pool)))
    order = np.argsort(ratio)
    return np.asarray(order[np.argsort(pool[order].astype(np.uint16), kind="stable")])


def _that_fill(s: Structure, cost: Floats, enough: Floats) -> Ints:
    """Return the items up to a cost where these are more than a pool has room for at most, else all that earn."""
    items = s.items
    near = np.flatnonzero(cost < enough[items.pool] * items.weight)
    pool = items.pool[near]
    own = np.bincount(pool, weights=items.weight[near] * items.upper[near], minlength=len(enough))
    is_short = own <= s.pools.capacity.max(axis=1) * (1.0 + 1e-9)
    return np.flatnonzero(cost < np.where(is_short, 0.0, enough)[items.pool] * items.weight)


def levels_of_pools(s: Structure, best: Best) -> Ints:
    """Return the level that stands at each pool; 0 where none need stand (pools)."""
    owned = s.pools.facility >= 0
    found = np.zeros(len(owned), dtype=np.int64)
    found[owned] = best.level[s.pools.facility[owned], s.pools.period[owned]]
    return found


def at_levels(s: Structure, cost: Floats, level: Ints) -> Floats:
    """Return what items cost where pools have levels (pools)."""
    charge = s.pools.charge
    if charge is None:
        return cost
    return np.asarray(cost + s.items.share * charge[np.arange(len(charge)), level][s.items.pool])


def gains(s: Structure, cost: Floats, fill: Filling) -> Floats:
    """Return what pools cost with the capacity of each level, negative where they earn (pools, levels).

    Parameters
    ----------
    fill
        The order of items where levels charge nothing.
    """
    pools = s.pools
    count, levels = pools.capacity.shape
    table = np.zeros((count, levels))
    for level in range(levels):
        if pools.charge is not None:
            fill = filling(s, at_levels(s, cost, np.full(count, level)))
        earned = fill.cost * fill.taken(pools.capacity[:, level])
        table[:, level] = np.bincount(fill.pool, weights=earned, minlength=count)
    return table


def gains_of_careers(s: Structure, table: Floats) -> Floats:
    """Return what levels earn in each period (F, T, levels)."""
    pools, (F, T, levels) = s.pools, s.careers.shape
    owned = pools.facility >= 0
    place = pools.facility[owned] * T + pools.period[owned]
    found = [np.bincount(place, weights=table[owned, level], minlength=F * T) for level in range(levels)]
    return np.asarray(np.stack(found, axis=1), dtype=float).reshape(F, T, levels)


def evaluate(s: Structure, prices: Floats, *, with_through: bool = False, before: Value | None = None) -> Value:
    """Return the value of prices (nodes, then further rows).

    Parameters
    ----------
    before
        The value of prices nearby, from which it is found sooner.
    """
    costs = charged(s, prices)
    last = None if before is None else before.enough
    fill = filling(s, costs.items, last)
    enough = fill.enough(s, last)
    table = gains(s, costs.items, fill)
    careers = s.careers.charged(costs.paid)
    gain = gains_of_careers(s, table)
    best, standing, of_counts = best_within_counts(careers, s.counts, gain, with_through=with_through)
    end = s.leftover[costs.columns[s.leftover] < 0]
    owned = s.pools.facility >= 0
    bound = (
        s.problem.core.c0
        + float(s.own @ prices[: s.nodes])
        + float(s.further.least @ prices[s.nodes :])
        + of_counts
        + float(table[~owned, 0].sum())
        + float(costs.columns[end] @ s.problem.core.upper[end])
    )
    count = len(owned)
    level = levels_of_pools(s, best)
    if s.pools.charge is not None:
        fill = filling(s, at_levels(s, costs.items, level))
    taken = fill.taken(s.pools.capacity[np.arange(count), level])
    excess = _excess(s, fill, taken, end, best)
    rent = _rents(s, costs.items, fill, level)
    return Value(bound=bound, excess=excess, best=best, standing=standing, rent=rent, enough=enough)


def _by(place: Ints, values: Floats, count: int) -> Floats:
    """Return sums of values by place."""
    return np.asarray(np.bincount(place, weights=values, minlength=count), dtype=float)


def _excess(s: Structure, fill: Filling, taken: Floats, end: Ints, best: Best) -> Floats:
    """Return what nodes have too much of, and what further rows lack."""
    items, upper = s.items, s.problem.core.upper
    item = fill.item
    columns = _by(items.taker[item], items.share[item] * taken, len(upper))
    columns[end] = upper[end]
    leaves = np.bincount(items.node[item], weights=taken, minlength=s.nodes)
    of_nodes = s.own + s.gives @ columns - leaves
    if not len(s.further.least):
        return np.asarray(of_nodes, dtype=float)
    moves = items.column[item] >= 0
    columns += np.bincount(items.column[item][moves], weights=taken[moves], minlength=len(upper))
    s.careers.put(columns, best)
    return np.concatenate([of_nodes, s.further.least - s.further.rows @ columns])


def _rents(s: Structure, cost: Floats, fill: Filling, level: Ints) -> Floats:
    """Return the worth of a unit of capacity in each pool: the saving of the best item that it has no more room for.

    Where nothing stands, at the smallest level: prices of whoever would come there are not to be too good.
    """
    pools = s.pools
    count = len(pools.facility)
    at = np.where(pools.facility >= 0, np.minimum(np.maximum(level, 1), pools.capacity.shape[1] - 1), level)
    capacity = pools.capacity[np.arange(count), at]
    if pools.charge is not None:
        fill = filling(s, at_levels(s, cost, at))
    rent = np.zeros(count)
    full = fill.before + fill.own > capacity[fill.pool]
    np.maximum.at(rent, fill.pool[full], -fill.cost[full] / fill.weight[full])
    return rent
