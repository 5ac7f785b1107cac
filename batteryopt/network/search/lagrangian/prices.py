"""Prices to begin with: what a tonne at a node costs where every facility is full and paid for by what it takes."""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Floats
from batteryopt.network.search.lagrangian.structure import Structure

MOST_ROUNDS = 200


def first_prices(s: Structure) -> Floats:
    """Return the cheapest way out of each node, capacity paid at its average; 0 where there is none (nodes)."""
    items, c = s.items, s.problem.core.c
    fixed = items.cost + items.share * c[items.taker] + items.weight * _average_rent(s)[items.pool]
    gives = s.gives
    entries = gives.tocoo()
    made = entries.data > 0
    node, column, amount = entries.row[made], entries.col[made], entries.data[made]
    left = entries.row[~made], entries.col[~made]
    prices = np.full(len(s.own), np.inf)
    np.minimum.at(prices, left[0], c[left[1]])  # what is left where it fell
    for _ in range(MOST_ROUNDS):
        before = prices.copy()
        worth = np.bincount(
            column, weights=np.where(np.isinf(prices[node]), 1e300, amount * prices[node]), minlength=len(c)
        )
        ways = fixed + items.share * np.where(worth > 1e200, np.inf, worth)[items.taker]
        np.minimum.at(prices, items.node, ways)
        if np.array_equal(before, prices):
            break
    return np.concatenate([np.where(np.isfinite(prices), prices, 0.0), np.zeros(len(s.further.least))])


def _average_rent(s: Structure) -> Floats:
    """Return what a unit of each pool's capacity costs, at the cheapest level, spread evenly over the periods."""
    careers = s.careers
    F, _, levels = careers.shape
    rent = np.zeros(len(s.pools.facility))
    if not F or levels < 2:
        return rent
    raise_ = careers.raising[0].mean(axis=1)
    stand = np.where(np.isfinite(careers.standing[:, :, :levels]), careers.standing[:, :, :levels], 0.0).sum(axis=1)
    whole, capacity = raise_ + stand, careers.capacity.sum(axis=1)
    average = np.where(capacity[:, 1:] > 0, whole[:, 1:] / np.maximum(capacity[:, 1:], 1e-300), np.inf).min(axis=1)
    of_work = s.pools.facility[: s.pools.of_work]
    rent[: len(of_work)] = np.maximum(np.where(np.isfinite(average), average, 0.0), 0.0)[of_work]
    return rent
