"""Exact answers without a solver, for networks of one echelon without capacity: enumeration, a line, a tree.

One echelon: everything returned at a zone is carried to a facility, or left there at a cost where that is allowed, and
a facility costs a fixed sum. Over one period of such a network (or several with the same facilities open in all), a
set S of open facilities costs

    sum over S of f_j  +  sum over zones of w_i x min(least over S of c_ij, u_i)                                  (1)

`enumerate_sites` evaluates (1) for all subsets (up to 20 sites). Where the c_ij are lengths of paths on a line or a
tree, dynamic programming finds the least of (1) for hundreds of sites: on a line an optimal assignment is by intervals
(2), on a tree subtrees are served from inside or outside (3), as in Kolen's "Solving covering problems and the
uncapacitated plant location problem on trees" (European Journal of Operational Research 12, 1983) and Tamir's "An
O(pn^2) algorithm for the p-median and related problems on tree graphs" (Operations Research Letters 19, 1996).
`EchelonCase.of` reads such a case off a `Network`, or says why it is none.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import FormulaDoesNotApply
from batteryopt.network.exact.echelon import EchelonCase

Floats = npt.NDArray[np.float64]

__all__ = ["EchelonCase", "LeastCost", "enumerate_sites", "line", "tree", "tree_distances"]

MOST_SITES = 20
"""Sites up to which all subsets are tried."""


@dataclass(frozen=True, kw_only=True)
class LeastCost:
    """The least cost and the facilities that have it."""

    cost: float
    sites: tuple[str, ...]


def enumerate_sites(case: EchelonCase, *, count: int | None = None) -> LeastCost:
    """Return the optimum of all subsets of sites, or of those with `count` sites.

    Raises
    ------
    FormulaDoesNotApply
        If there are more than `MOST_SITES`.
    """
    n = len(case.sites)
    if n > MOST_SITES:
        raise FormulaDoesNotApply("enumeration", [f"{n} sites are more than {MOST_SITES}"])
    sizes = range(n + 1) if count is None else (count,)
    subsets = (subset for size in sizes for subset in itertools.combinations(range(n), size))
    best = min(subsets, key=case.cost)
    return LeastCost(cost=case.cost(best), sites=tuple(case.sites[j] for j in best))


# ---- a line --------------------------------------------------------------------------------------------------------


def line(positions_km: Floats, weights: Floats, opening: Floats, cost_per_km: float = 1.0) -> tuple[float, list[int]]:
    """Return least cost and open sites where every point of a line is a zone and a candidate.

    With points in order, an open site serves an interval around it, so that with ``F(j)`` the least cost of all points
    up to j where j is the last open one, and b(i, j) the cost of the points between two neighbouring open ones::

        F(j) = f_j + min over i < j of F(i) + b(i, j)                                                             (2)

    Parameters
    ----------
    positions_km, weights, opening
        Position, mass and opening cost of each point (n).
    """
    order = np.argsort(positions_km, kind="stable")
    x, w, f = positions_km[order], weights[order] * cost_per_km, opening[order]
    n = len(x)
    best, before = np.full(n + 2, np.inf), np.full(n + 2, -1)
    best[0] = 0.0  # a site before the first point that serves nobody
    for j in range(1, n + 2):
        for i in range(j):
            if (i, j) == (0, n + 1):
                continue  # somebody must be open
            value = best[i] + _between(x, w, i, j) + (f[j - 1] if j <= n else 0.0)
            if value < best[j]:
                best[j], before[j] = value, i
    sites, at = [], int(before[n + 1])
    while at > 0:
        sites.append(int(order[at - 1]))
        at = int(before[at])
    return float(best[n + 1]), sorted(sites)


def _between(x: Floats, w: Floats, i: int, j: int) -> float:
    """Return what the points strictly between sites i and j (counted from 1; 0 and n + 1 are no sites) cost."""
    inside = slice(i, j - 1)
    left = x[inside] - x[i - 1] if i > 0 else np.full(len(x[inside]), np.inf)
    right = x[j - 1] - x[inside] if j <= len(x) else np.full(len(x[inside]), np.inf)
    return float(np.sum(w[inside] * np.minimum(left, right))) if len(x[inside]) else 0.0


# ---- a tree --------------------------------------------------------------------------------------------------------


def tree(
    parents: Sequence[int],
    lengths_km: Floats,
    weights: Floats,
    opening: Floats,
    *,
    count: int | None = None,
    cost_per_km: float = 1.0,
) -> float:
    """Return the least cost where every node of a tree is a zone and a candidate.

    Let ``G(v, s, k)`` be the least cost of the subtree of v with k open sites in it, when v itself is served by site s
    (which is inside it or outside). A child c of v is served by the same s, or by a site of its own subtree::

        G(v, s, k) = w_v d(v, s) + [f_v if s = v] + min over splits of k of sum over children of H(c, s, k_c)     (3)
        H(c, s, k) = G(c, s, k) if s is in c's subtree, else min of G(c, s, k) and min over t below c of G(c, t, k)

    Without ``count`` the number of sites is free and k is not kept. For every node served by s, all nodes on the path
    to s are served by s too in some optimum, which is why the same s or a site of the subtree are all there is.

    Parameters
    ----------
    parents
        Parent of each node, -1 for the root; a parent stands before its children.
    lengths_km
        Length of the edge to the parent (n).
    weights, opening
        Mass and opening cost (n).
    count
        Number of sites to open (k-median); None: as many as are cheapest.
    """
    n = len(parents)
    distance = tree_distances(parents, lengths_km)
    below = [{v} for v in range(n)]
    children: list[list[int]] = [[] for _ in range(n)]
    for v in range(n - 1, 0, -1):
        below[parents[v]] |= below[v]
        children[parents[v]].append(v)
    most = n if count is None else count
    tables: list[Floats] = [np.zeros(0)] * n
    for v in range(n - 1, -1, -1):
        tables[v] = _serve(v, tables, children[v], below, distance[v] * weights[v] * cost_per_km, opening, most, count)
    root = tables[0]
    return float(root.min() if count is None else root[:, count].min())


def tree_distances(parents: Sequence[int], lengths_km: Floats) -> Floats:
    """Return path lengths (n, n) on a tree whose parents stand before their children."""
    n = len(parents)
    distance = np.zeros((n, n))
    for v in range(1, n):
        to_others = distance[parents[v], :v] + lengths_km[v]
        distance[v, :v] = distance[:v, v] = to_others
    return distance


def _serve(
    v: int,
    tables: list[Floats],
    children: list[int],
    below: list[set[int]],
    service: Floats,
    opening: Floats,
    most: int,
    count: int | None,
) -> Floats:
    """Return G(v, s, k) for all s (rows) and k (columns; one column where sites are not counted)."""
    n, columns = len(service), 1 if count is None else most + 1
    table = np.full((n, columns), np.inf)
    table[:, 0] = service
    if count is None:
        table[v, 0] += opening[v]
    else:
        table[v] = np.inf
        if most >= 1:
            table[v, 1] = service[v] + opening[v]
    for child in children:
        inside = np.zeros(n, dtype=bool)
        inside[list(below[child])] = True
        own = tables[child][inside].min(axis=0)
        choice = np.where(inside[:, None], tables[child], np.minimum(tables[child], own))
        table = table + choice if count is None else _split(table, choice)
    return table


def _split(left: Floats, right: Floats) -> Floats:
    """Return the least sums over all splits of k, for each row."""
    columns = left.shape[1]
    result = np.full_like(left, np.inf)
    for k in range(columns):
        for part in range(k + 1):
            result[:, k] = np.minimum(result[:, k], left[:, part] + right[:, k - part])
    return result
