"""The bound that prices prove, found anew from the prices alone, with every rounding on the safe side.

For a pool of capacity ``k`` and any rent ``r >= 0`` of a unit of it, items of cost ``c``, weight ``w`` and most ``u``
cost no less than ``-r k + sum of min(0, c + r w) u``: weak duality, so that no order of items need be trusted. All sums
are of doubles; each is lowered by what rounding can make of it at most, ``n eps`` times the sum of the terms' sizes for
``n`` operations (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 4.2). No solver takes part.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.priced_careers import best_careers
from batteryopt.network.search.lagrangian.structure import Structure

EPS = float(np.finfo(float).eps)
FEW = 16
"""Operations that one term takes at most, beside sums."""


def proven(s: Structure, prices: Floats, standing: Floats) -> float:
    """Return a lower bound of the problem, rounded down.

    Parameters
    ----------
    prices
        Of nodes and further rows; those of further rows have the right sign, or count as 0.
    standing
        Of the rows on numbers of facilities, none below 0.
    """
    of_rows = np.where(s.further.is_equal, prices[s.nodes :], np.maximum(prices[s.nodes :], 0.0))
    of_nodes, standing = prices[: s.nodes], np.maximum(standing, 0.0)
    cost, paid, columns = _lowered_costs(s, of_nodes, of_rows)
    table = _lowered_gains(s, cost)
    end = np.minimum(0.0, columns[s.leftover]) * s.problem.core.upper[s.leftover]
    parts = [
        np.array([s.problem.core.c0]),
        s.own * of_nodes,
        s.further.least * of_rows,
        s.counts.least * standing,
        table[s.pools.facility < 0, 0],
        end,
        _lowered_careers(s, table, paid, standing),
    ]
    terms = np.concatenate(parts)
    return float(np.sum(terms)) - (len(terms) + FEW) * EPS * float(np.sum(np.abs(terms)))


def _sum_and_size(matrix: sp.csr_array, x: Floats) -> tuple[Floats, Floats]:
    """Return products, and what rounding can make of each at most."""
    longest = int(np.diff(matrix.indptr).max(initial=0))
    return matrix @ x, (longest + FEW) * EPS * (abs(matrix) @ np.abs(x))


def _lowered_costs(s: Structure, of_nodes: Floats, of_rows: Floats) -> tuple[Floats, Floats, Floats]:
    """Return costs of items, what further rows pay at most, and of columns."""
    items = s.items
    given, given_error = _sum_and_size(s.gives_by_column, of_nodes)
    paid, paid_error = _sum_and_size(s.further.by_column, of_rows)
    columns, error = s.costs - paid, paid_error + FEW * EPS * (np.abs(s.costs) + np.abs(paid))
    columns[s.given_columns] += given
    error[s.given_columns] += given_error + FEW * EPS * np.abs(given)
    moved = np.where(items.column >= 0, paid[items.column], 0.0)
    moved_error = np.where(items.column >= 0, paid_error[items.column], 0.0)
    taker = items.share * columns[items.taker]
    cost = items.cost - moved - of_nodes[items.node] + taker
    size = np.abs(items.cost) + np.abs(moved) + np.abs(of_nodes[items.node]) + np.abs(taker)
    cost = cost - items.share * error[items.taker] - moved_error - FEW * EPS * size
    return cost, paid + paid_error, columns - error


def _lowered_gains(s: Structure, cost: Floats) -> Floats:
    """Return what pools cost at least with the capacity of each level (pools, levels)."""
    items, pools = s.items, s.pools
    count, levels = pools.capacity.shape
    table, of_all = np.zeros((count, levels)), cost
    for level in range(levels):
        charge = 0.0 if pools.charge is None else items.share * pools.charge[:, level][items.pool]
        cost = of_all + charge - FEW * EPS * (np.abs(of_all) + np.abs(charge))
        mine = np.flatnonzero(cost < 0)
        cost, pool, weight, upper = cost[mine], items.pool[mine], items.weight[mine], items.upper[mine]
        number = np.bincount(pool, minlength=count)
        order = np.lexsort((cost / weight, pool))
        capacity = pools.capacity[:, level]
        rent = _rents(cost[order], pool[order], (weight * upper)[order], weight[order], capacity, number)
        terms = np.minimum(0.0, cost + rent[pool] * weight) * upper
        earned = np.bincount(pool, weights=terms, minlength=count)
        # each term is the difference of two sizes, of which both may be far larger than it
        size = np.bincount(pool, weights=(np.abs(cost) + rent[pool] * weight) * upper, minlength=count)
        let = np.where(rent > 0, rent * capacity, 0.0)
        table[:, level] = earned - let - (number + FEW) * EPS * (size + let)
    return table


def _rents(cost: Floats, pool: Ints, own: Floats, weight: Floats, capacity: Floats, number: Ints) -> Floats:
    """Return a rent of each pool's capacity at which it is just full; any would do."""
    whole = np.cumsum(own)
    first = np.cumsum(number) - number
    before = whole - np.concatenate([[0.0], whole])[first][pool]
    full = before > capacity[pool]
    rent = np.zeros(len(capacity))
    np.maximum.at(rent, pool[full], -cost[full] / weight[full])
    return rent


def _lowered_careers(s: Structure, table: Floats, paid: Floats, standing: Floats) -> Floats:
    """Return what each facility costs at least (F)."""
    pools, (F, T, levels) = s.pools, s.careers.shape
    owned = np.flatnonzero(pools.facility >= 0)
    gain = np.zeros((F * T, levels))
    np.add.at(gain, pools.facility[owned] * T + pools.period[owned], table[owned])
    gain = s.counts.paid(standing, gain.reshape(F, T, levels))
    careers = s.careers.charged(paid if len(s.further.least) else None)
    value = best_careers(careers, gain).value
    # a career adds up no more than its gains, what standing costs, and its raises and closing
    finite = [np.where(np.isfinite(part), np.abs(part), 0.0) for part in (careers.standing, careers.closing)]
    size = np.abs(gain).max(axis=2).sum(axis=1) + finite[0].max(axis=2).sum(axis=1) + finite[1].max(axis=(1, 2))
    size += np.abs(careers.raising).max(axis=0).max(axis=2).sum(axis=1) * 2.0
    size += float(np.sum(standing)) * len(standing)
    most = int(np.bincount(pools.facility[owned], minlength=F).max(initial=0)) + s.careers.columns.shape[1]
    return np.asarray(value - (most + 4 * T + FEW) * EPS * size)
