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

from batteryopt.errors import FormulaDoesNotApply
from batteryopt.network.facilities import Candidate, Sizes, Standing
from batteryopt.network.geography import mode_km
from batteryopt.network.instance import Network

Floats = npt.NDArray[np.float64]

MOST_SITES = 20
"""Sites up to which all subsets are tried."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EchelonCase:
    """A location problem of one echelon.

    Attributes
    ----------
    sites
        Names of the candidates (n).
    opening
        f_j, present cost of having each open (n).
    serving
        w_i c_ij, present cost of carrying all of a zone's returns to a facility (zones, n); infinite: no way.
    leaving
        w_i u_i, present cost of leaving a zone's returns (zones); infinite: not allowed.
    constant
        What every plan costs beside.
    """

    sites: tuple[str, ...]
    opening: Floats
    serving: Floats
    leaving: Floats
    constant: float = 0.0

    def cost(self, chosen: Sequence[int]) -> float:
        """Return equation (1) for a set of open facilities."""
        nearest = self.serving[:, list(chosen)].min(axis=1, initial=np.inf)
        return float(self.opening[list(chosen)].sum() + np.minimum(nearest, self.leaving).sum() + self.constant)

    @classmethod
    def of(cls, network: Network) -> EchelonCase:
        """Return the case that a network is.

        Raises
        ------
        FormulaDoesNotApply
            With every condition that fails.
        """
        conditions = _failing_conditions(network)
        if conditions:
            raise FormulaDoesNotApply("the one-echelon network", conditions)
        return _read(network)


@dataclass(frozen=True, kw_only=True)
class Optimum:
    """The least cost and the facilities that have it."""

    cost: float
    sites: tuple[str, ...]


def enumerate_sites(case: EchelonCase, *, count: int | None = None) -> Optimum:
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
    return Optimum(cost=case.cost(best), sites=tuple(case.sites[j] for j in best))


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


# ---- reading a case off a network ----------------------------------------------------------------------------------


def _failing_conditions(network: Network) -> list[str]:
    products = {row.product for row in network.returns}
    demand = np.sum([network.profile(row.tonnes) for row in network.returns], axis=0)
    policy = network.policy
    rules = (policy.collection_targets, policy.coverage, policy.limits, policy.subsidies)
    conditions = {
        "more than one product returns": len(products) != 1,
        "there is more than one facility type": len(network.types) != 1,
        "a facility type has more than one recipe, level or size": any(
            len(t.recipes) != 1 or len(t.levels) != 1 or t.sizes is not Sizes.LEVELS for t in network.types
        ),
        "a recipe makes something, or takes other than 1 t": any(
            r.outputs or tuple(v for _, v in r.inputs) != (1,) for t in network.types for r in t.recipes
        ),
        "a level could be full": any(level.capacity_t < demand.max() for t in network.types for level in t.levels),
        "something is stored, sold or disposed of": bool(
            network.markets or network.disposals or any(t.storage for t in network.types)
        ),
        "candidates are forced, existing or late": any(
            c.standing not in (Standing.OPEN, Standing.CLOSED) or c.earliest or c.levels for c in network.candidates
        ),
        "trips are counted": any(mode.trip_capacity_t is not None for mode in network.modes),
        "lanes are limited, or have tolls": any(
            lane.most_t is not None or np.any(network.profile(lane.extra_cost_per_t)) for lane in network.lanes
        ),
        "there are rules": any(rules) or policy.budget is not None or policy.emission_cap_t is not None,
        "investments have salvage or emissions a price": any(t.life_periods for t in network.types)
        or bool(np.any(network.profile(policy.carbon_price_per_t))),
        "there is more than one period": len(network.periods) != 1,
    }
    return [text for text, fails in conditions.items() if fails]


def _read(network: Network) -> EchelonCase:
    candidates = [c for c in network.candidates if c.standing is Standing.OPEN]
    position = {site.name: i for i, site in enumerate(network.sites)}
    places = [position[c.site] for c in candidates]
    zones = [position[row.site] for row in network.returns]
    tonnes = np.array([network.profile(row.tonnes)[0] for row in network.returns])
    price = _freight(network)[np.ix_(zones, places)]
    for row, zone in enumerate(zones):
        for column, place in enumerate(places):
            if zone == place:
                price[row, column] = 0.0
    work = np.array([_work(network, c) for c in candidates])
    levels = network.types[0].levels
    opening = [float(network.profile(levels[0].opening_cost)[0]) * c.opening_cost_factor for c in candidates]
    fixed = [float(network.profile(levels[0].fixed_cost)[0]) * c.fixed_cost_factor for c in candidates]
    paid = np.array([network.profile(row.acquisition_cost_per_t)[0] for row in network.returns])
    left = {p.name: p.uncollected_cost_per_t for p in network.products}[network.returns[0].product]
    penalty = np.inf if left is None else float(network.profile(left)[0])
    return EchelonCase(
        sites=tuple(c.site for c in candidates),
        opening=np.array(opening) + np.array(fixed),
        serving=np.where(tonnes[:, None] > 0, tonnes[:, None] * (price + work + paid[:, None]), 0.0),
        leaving=np.array([t * penalty if t > 0 else 0.0 for t in tonnes.tolist()]),
    )


def _freight(network: Network) -> Floats:
    """Return the cheapest freight of a tonne (sites, sites); infinite where there is no way."""
    product = network.returns[0].product
    best = np.full((len(network.sites), len(network.sites)), np.inf)
    for mode in network.modes:
        if mode.products is None or product in mode.products:
            rates = {"cost_per_t_km": mode.cost_per_t_km, "cost_per_t": mode.cost_per_t}
            for row in mode.by_product:
                if row.product == product:
                    own = {name: getattr(row, name) for name in rates}
                    rates |= {name: value for name, value in own.items() if value is not None}
            per_km, flat = (float(network.profile(value)[0]) for value in rates.values())
            km = mode_km(network, mode)
            best = np.fmin(best, np.where(np.isnan(km), np.inf, km * per_km + flat))
    return best


def _work(network: Network, candidate: Candidate) -> float:
    """Return what processing a tonne costs at a candidate."""
    recipe, level = network.types[0].recipes[0], network.types[0].levels[0]
    site = next(site for site in network.sites if site.name == candidate.site)
    labour = float(network.profile(level.variable_cost_per_t)[0] + network.profile(recipe.cost_per_t)[0])
    power = recipe.electricity_kwh_per_t * float(network.profile(site.electricity_price_per_kwh)[0])
    return labour * candidate.variable_cost_factor + power
