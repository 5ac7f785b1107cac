"""The network form solved a second time, in plain NumPy and SciPy: no Pyomo, no conditions, nothing of the package.

Profits are typed from the formulation (the docstring of `regions`). Followers answer by playing best responses until
nobody moves. Decisions of the leader over vehicles: every set of regions may be the one that sells nothing, and for
each the rest is a concave quadratic program. One owner's are concave. Both go to SLSQP in units of their own market.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from scipy.optimize import LinearConstraint, minimize


class Arrays:
    """A network's numbers."""

    def __init__(self, g) -> None:
        R, N = len(g.market_size), len(g.testing_cost)
        self.R, self.N, self.is_signed = R, N, g.sign_constraints
        self.a, self.w, self.c = np.array(g.market_size), np.array(g.wholesale_price), g.production_cost
        self.gamma = np.zeros((R, R))
        for r, s, effect in g.cross_price_effect:
            self.gamma[r, s] += effect
        self.beta = np.array(g.service_response)
        self.S = np.add(g.voluntary_returns, g.residual_value)
        weights = np.array(g.share_weight or [1.0] * N)
        self.s, self.k = weights / weights.sum(), np.array(g.effort_cost or [1.0] * N)
        self.c_n, self.sigma, self.theta = np.array(g.testing_cost), g.effort_rivalry, g.usable_share
        self.m, self.f, self.w_t = g.echelon_market_size, g.scrap_value, g.transfer_price
        self.cap = np.full(R, np.inf) if g.wholesale_price_cap is None else np.array(g.wholesale_price_cap)

    def supply(self, service):
        return self.theta * float(np.sum(self.S + self.beta * service))

    def sold(self, effort, supply):
        return self.s * supply + self.sigma * (effort - effort.mean())

    def chain_on_batteries(self, service, effort) -> float:
        supply = self.supply(service)
        price = self.m - supply + effort
        scrap = self.f * (1 - self.theta) * supply / self.theta
        effort_cost = float(self.k @ effort**2) / 2
        return (
            float((price - self.c_n) @ self.sold(effort, supply)) - effort_cost + scrap - float(service @ service) / 2
        )


def decentralized(g) -> float:
    """Return pi_M with w given: prices by best response, service where one more costs what it earns (e_r)."""
    z = Arrays(g)
    price = z.a.copy()
    for _ in range(10_000):
        potential = z.a + z.gamma @ price
        best = (potential + z.w) / 2
        best = np.clip(best, 0.0, potential) if z.is_signed else best
        if np.abs(best - price).max() <= 1e-15 * np.abs(best).max():
            break
        price = best
    vehicles = float((z.w - z.c) @ (z.a + z.gamma @ price - price))
    return vehicles + manufacturer_on_batteries(z)


def manufacturer_on_batteries(z: Arrays) -> float:
    """Return max over e >= 0 of G (S + beta e) - e^2/2, region by region."""
    G = z.theta * z.w_t + (1 - z.theta) * z.f
    service = np.maximum(0.0, z.beta * G)
    return float(np.sum(G * (z.S + z.beta * service) - service**2 / 2))


def decentralized_wholesale(g) -> float:
    """Return pi_M with w chosen, the best over all sets of regions that sell nothing."""
    z = Arrays(g)
    total = manufacturer_on_batteries(z)
    for market in _markets(z.gamma):
        sets = [out for n in range(len(market) + 1) for out in combinations(range(len(market)), n)]
        options = [_best_with_out(z, market, list(out)) for out in (sets if z.is_signed else [()])]
        total += max(value for value in options if value is not None)
    return total


def _markets(gamma):
    """Return the regions in groups between which nobody crosses."""
    left, groups = set(range(len(gamma))), []
    while left:
        group, border = set(), {left.pop()}
        while border:
            group |= border
            border = {s for r in border for s in left if gamma[r, s] or gamma[s, r]}
            left -= border
        groups.append(sorted(group))
    return groups


def _best_with_out(z: Arrays, market, out):
    """Return the best profit of a market where the regions `out` (positions in it) sell nothing; None if impossible.

    p = P w + p0: a region that sells keeps 2 p_r - (Gamma p)_r = a_r + w_r, one that does not p_r - (Gamma p)_r = a_r.
    """
    unit = float(z.a[market].max())
    a, cap, c = z.a[market] / unit, z.cap[market] / unit, z.c / unit
    gamma, n = z.gamma[np.ix_(market, market)], len(market)
    is_in = np.array([r not in out for r in range(n)])
    matrix = np.diag(np.where(is_in, 2.0, 1.0)) - gamma
    P, p0 = np.linalg.solve(matrix, np.diag(is_in.astype(float))), np.linalg.solve(matrix, a)
    D, d0 = gamma @ P - P, a + gamma @ p0 - p0  # demand = D w + d0
    D[~is_in], d0[~is_in] = 0.0, 0.0  # exactly: a demand of 1e-17 at a wholesale price of 1e18 would be money

    def loss(w):
        return -float((w - c) @ (D @ w + d0))

    def slope(w):
        return -((D @ w + d0) + D.T @ (w - c))

    rows, low = [], []
    if z.is_signed:
        rows, low = [D, np.eye(n)[~is_in] - P[~is_in]], [-d0, p0[~is_in]]  # nothing negative; w_r >= p_r where out
    limits = [(None, top if np.isfinite(top) else None) for top in cap]
    start = np.minimum(np.full(n, 0.5), cap)
    constraints = [LinearConstraint(m, least, np.inf) for m, least in zip(rows, low, strict=True) if len(m)]
    found = minimize(
        loss, start, jac=slope, bounds=limits, constraints=constraints, method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-15},
    )  # fmt: skip
    broken = max((float((least - m @ found.x).max()) for m, least in zip(rows, low, strict=True) if len(m)), default=0)
    return None if broken > 1e-9 else -found.fun * unit**2


def centralized(g) -> float:
    """Return the chain's best profit: two concave programs."""
    z = Arrays(g)
    unit = z.a.max()
    vehicles = 0.0
    for market in _markets(z.gamma):
        unit = float(z.a[market].max())
        a, gamma, c = z.a[market] / unit, z.gamma[np.ix_(market, market)], z.c / unit
        B = np.eye(len(a)) - gamma
        limits = [(0.0 if z.is_signed else None, None)] * len(a)
        rows = [LinearConstraint(-B, -a, np.inf)] if z.is_signed else []
        found = minimize(
            lambda p, B=B, a=a, c=c: -float((p - c) @ (a - B @ p)), a.copy(),
            jac=lambda p, B=B, a=a, c=c: -((a - B @ p) - B.T @ (p - c)),
            bounds=limits, constraints=rows, method="SLSQP", options={"maxiter": 500, "ftol": 1e-15},
        )  # fmt: skip
        vehicles += -found.fun * unit**2
    return vehicles + _chain_on_batteries(z)


def _chain_on_batteries(z: Arrays) -> float:
    unit = max(z.m, abs(z.f), float(z.S.max()), 1e-3)

    def loss(x):
        return -z.chain_on_batteries(unit * x[: z.R], unit * x[z.R :]) / unit**2

    rows = []
    if z.is_signed:
        # u = s U + sigma (e - mean e) >= 0, linear in (service, effort)
        by_service = np.outer(z.s, z.theta * z.beta)
        by_effort = z.sigma * (np.eye(z.N) - 1 / z.N)
        rows = [LinearConstraint(np.hstack([by_service, by_effort]), -z.s * z.supply(np.zeros(z.R)) / unit, np.inf)]
    found = minimize(
        loss, np.full(z.R + z.N, 0.1), bounds=[(0.0, None)] * (z.R + z.N), constraints=rows, method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-15},
    )  # fmt: skip
    return -found.fun * unit**2
