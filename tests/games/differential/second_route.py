"""The differential game solved a second time, in NumPy and SciPy: no collocation, no Pyomo, nothing of the package.

What a player earns at an instant is written down from the docstring of the game. Without limits the leader's value is
``m' P m + q' m + r`` with a Riccati equation that is integrated backward (P of an endless horizon by Newton's method
from 0). Under limits innovation is piecewise linear on a grid, efficiency follows it by matrix exponentials, and what
is left is a program in its nodal values: a concave quadratic one in a box where innovation is capped, a smooth one
where prices are, with every regime of the prices looked at in every instant.
"""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import minimize

_GAUSS, _WEIGHTS = np.polynomial.legendre.leggauss(3)
_STEPS = 160
_RTOL = 1e-10


class Game:
    """A game's numbers. The credit price is linear between times and constant after the last."""

    def __init__(self, g) -> None:
        self.a, self.B = np.array(g.market_size), np.array(g.price_effect)
        self.Phi, self.C0 = np.array(g.efficiency_effect), np.array(g.efficiency_unit_cost)
        self.c, self.theta = np.array(g.unit_cost), np.array(g.credits_per_vehicle)
        self.M, self.E = np.array(g.innovation_effectiveness), np.array(g.efficiency_decay)
        self.K, self.rho = np.array(g.innovation_cost), g.discount_rate
        self.m0, self.T = np.array(g.initial_efficiency), g.horizon_length
        n, self.s = self.Phi.shape
        self.r = len(self.K)
        self.sellers = g.retailers or (tuple(range(n)),)
        self.own = np.zeros((n, n))
        for sold in self.sellers:
            self.own[np.ix_(sold, sold)] = self.B[np.ix_(sold, sold)]
        self.times = np.array(g.credit_price_times if g.credit_price_times else [0.0])
        self.prices = np.array(g.credit_price_values if g.credit_price_times else [g.credit_price])
        self.salvage = np.array(g.salvage_values if g.salvage_values else np.zeros(self.s))
        self.price_caps = None if g.price_caps is None else np.array(g.price_caps)
        self.innovation_caps = None if g.innovation_caps is None else np.array(g.innovation_caps)
        self.N = self.M @ np.linalg.solve(self.K, self.M.T)

    def credit(self, t):
        return np.interp(t, self.times, self.prices)


class Instant:
    """Prices, margin of who steers and demand of an instant, each ``constant + credit' h + slope m``: no limits."""

    def __init__(self, z: Game, is_led: bool) -> None:
        ones = np.zeros((len(z.a), 2 + z.s))  # columns: constant, h, m
        reach, cost = ones.copy(), ones.copy()
        reach[:, 0], reach[:, 2:] = z.a, z.Phi
        cost[:, 0], cost[:, 1], cost[:, 2:] = z.c, -z.theta, z.C0
        if not is_led:
            price = np.linalg.solve(z.B + z.B.T, reach + z.B.T @ cost)  # max (p - C)'(reach - B p)
            self.margin, self.demand, self.charge = price - cost, reach - z.B @ price, None
            self.price = price
            return
        # Retailer j: D_j = own (p - w) on its vehicles, so that (B + own) p = reach + own w.
        answer = np.linalg.inv(z.B + z.own)
        kept, lost = reach - z.B @ answer @ reach, z.B @ answer @ z.own  # D = kept - lost w
        charge = np.linalg.solve(lost + lost.T, kept + lost.T @ cost)
        self.margin, self.demand, self.charge = charge - cost, kept - lost @ charge, charge
        self.price = answer @ (reach + z.own @ charge)

    def flow(self, h):
        """Return Q, q, f of what the leader earns before innovation, ``m' Q m + q' m + f``, at a credit price."""
        known = np.array([1.0, h])
        z0, d0 = self.margin[:, :2] @ known, self.demand[:, :2] @ known
        zm, dm = self.margin[:, 2:], self.demand[:, 2:]
        Q = zm.T @ dm
        return (Q + Q.T) / 2, zm.T @ d0 + dm.T @ z0, z0 @ d0

    def retail(self, h, m, sold):
        """Return what a retailer earns."""
        known = np.concatenate([[1.0, h], m])
        return float(((self.price - self.charge) @ known)[list(sold)] @ (self.demand @ known)[list(sold)])


def values(game, is_led: bool) -> list[float]:
    """Return what the leader (or one owner) earns, and each retailer, without limits."""
    z = Game(game)
    now, s = Instant(z, is_led), z.s
    Q = now.flow(0.0)[0]

    def back(t, x):
        P, q, r = x[: s * s].reshape(s, s), x[s * s : -1], x[-1]
        _, q1, f = now.flow(z.credit(t))
        dP = z.rho * P - Q - P @ z.N @ P + z.E.T @ P + P @ z.E
        dq = z.rho * q - q1 - P @ z.N @ q + z.E.T @ q
        return np.concatenate([dP.ravel(), dq, [z.rho * r - f - q @ z.N @ q / 4]])

    if z.T is None:
        end, x = float(z.times[-1]), _endless(z, now, Q)
    else:
        end, x = z.T, np.concatenate([np.zeros(s * s), z.salvage, [0.0]])
    stops = [end, *[t for t in z.times[::-1] if 0 < t < end], 0.0]
    pieces = []
    for late, early in pairwise(stops):
        if late > early:
            run = solve_ivp(back, (late, early), x, method="LSODA", rtol=_RTOL, atol=1e-12, dense_output=True)
            pieces.append((early, late, run.sol))
            x = run.y[:, -1]
    P, q, r = x[: s * s].reshape(s, s), x[s * s : -1], x[-1]
    total = [float(z.m0 @ P @ z.m0 + q @ z.m0 + r)]
    return total + (_retail(z, now, pieces, end) if is_led else [])


def _endless(z: Game, now: Instant, Q):
    """Return P, q, r of an endless horizon at the last credit price: Newton's method on the Riccati equation from 0."""
    s, one = z.s, np.eye(z.s)
    P = np.zeros((s, s))
    for _ in range(60):
        A = z.N @ P - z.E - z.rho / 2 * one
        lhs = np.kron(A.T, one) + np.kron(one, A.T)
        new = np.linalg.solve(lhs, (P @ z.N @ P - Q).ravel()).reshape(s, s)
        done = np.abs(new - P).max() <= 1e-15 * np.abs(new).max()
        P = (new + new.T) / 2
        if done:
            break
    _, q1, f = now.flow(float(z.prices[-1]))
    q = np.linalg.solve(z.rho * one - P @ z.N + z.E.T, q1)
    return np.concatenate([P.ravel(), q, [(f + q @ z.N @ q / 4) / z.rho]])


def _retail(z: Game, now: Instant, pieces, end: float) -> list[float]:
    """Return the retailers' values along the leader's path."""
    s = z.s

    def at(t):
        for early, late, found in pieces:
            if early <= t <= late:
                return found(t)
        return _endless_once

    _endless_once = _endless(z, now, now.flow(0.0)[0]) if z.T is None else None

    def forward(t, x):
        m, y = x[:s], at(t)
        slope = 2 * y[: s * s].reshape(s, s) @ m + y[s * s : -1]
        earned = [np.exp(-z.rho * t) * now.retail(z.credit(t), m, sold) for sold in z.sellers]
        return np.concatenate([z.N @ slope / 2 - z.E @ m, earned])

    x, stop = np.concatenate([z.m0, np.zeros(len(z.sellers))]), z.T or max(end, 0.0) + 30.0 / z.rho
    stops = sorted({0.0, *[float(t) for t in z.times if t < stop], end if end < stop else stop, stop})
    for early, late in pairwise(stops):
        x = solve_ivp(forward, (early, late), x, method="LSODA", rtol=_RTOL, atol=1e-12).y[:, -1]
    return [float(v) for v in x[s:]]


# --- limits -----------------------------------------------------------------------------------------------------------


class Mesh:
    """Piecewise linear innovation: efficiency and innovation at Gauss points, linear in the nodal values (k, r)."""

    def __init__(self, z: Game) -> None:
        end = z.T or 25.0 / z.rho
        fast = max(float(np.abs(np.linalg.eigvals(z.E)).max()), z.rho)
        # Steps grow from the fastest rate's to what is left of the horizon: nodes are even in asinh(fast t).
        nodes = np.sinh(np.linspace(0.0, np.arcsinh(fast * end), _STEPS + 1)) / fast if fast * end > 20 else None
        if nodes is not None and z.T is not None:  # efforts fall as fast towards an end of the horizon
            half = np.sinh(np.linspace(0.0, np.arcsinh(fast * end / 2.0), _STEPS // 2 + 1)) / fast
            nodes = np.append(half, end - half[-2::-1])
        nodes = np.linspace(0.0, end, _STEPS + 1) if nodes is None else nodes
        nodes = np.unique(np.concatenate([nodes[:-1], [end], z.times[z.times < end]]))
        count, s, r = len(nodes), z.s, z.r
        self.times, self.weights, free, by = [], [], [], []
        now_free, now_by = z.m0.astype(float), np.zeros((s, count * r))
        self.share = []
        for k, (t, dt) in enumerate(zip(nodes, np.diff(nodes), strict=False)):
            for x in [*(_GAUSS + 1) / 2, 1.0]:
                A, G0, G1 = _step(z, x * dt, dt)
                f, b = A @ now_free, A @ now_by
                b[:, k * r : k * r + r] += G0
                b[:, k * r + r : k * r + 2 * r] += G1
                if x == 1.0:
                    now_free, now_by = f, b
                    continue
                free.append(f)
                by.append(b)
                self.times.append(t + x * dt)
                self.share.append((k, x))
            self.weights += list(dt * _WEIGHTS / 2)
        self.times, self.free, self.by = np.array(self.times), np.array(free), np.array(by)
        self.weights = np.array(self.weights) * np.exp(-z.rho * self.times)
        self.end_free, self.end_by, self.end, self.count = now_free, now_by, end, count
        interpolation = np.zeros((len(self.times), count))
        for i, (k, x) in enumerate(self.share):
            interpolation[i, k], interpolation[i, k + 1] = 1 - x, x
        self.interpolation = interpolation
        gram = np.einsum("k,ki,kj->ij", self.weights, interpolation, interpolation)
        self.cost = np.kron(gram, z.K)


def _step(z: Game, t: float, dt: float):
    """Return efficiency after t by what it was, and by innovation at both ends of a step of length dt."""
    s, r = z.s, z.r
    block = np.zeros((s + 2 * r, s + 2 * r))
    block[:s, :s], block[:s, s : s + r], block[s : s + r, s + r :] = -z.E, z.M, np.eye(r) / dt
    found = expm(block * t)  # (m, g, change over the step): g' = change / dt
    by_level, by_change = found[:s, s : s + r], found[:s, s + r :]
    return found[:s, :s], by_level - by_change, by_change


def capped_innovation(game, is_led: bool) -> float:
    """Return what the leader earns with innovation in its box: a concave quadratic program, by an active set."""
    z = Game(game)
    now, mesh = Instant(z, is_led), Mesh(z)
    H, b, f = -2.0 * mesh.cost, np.zeros(mesh.count * z.r), 0.0
    for t, weight, m, by in zip(mesh.times, mesh.weights, mesh.free, mesh.by, strict=True):
        Q, q, constant = now.flow(z.credit(t))
        H += 2.0 * weight * by.T @ Q @ by
        b += weight * by.T @ (2.0 * Q @ m + q)
        f += weight * (m @ Q @ m + q @ m + constant)
    if z.T is not None:
        discount = np.exp(-z.rho * z.T)
        b, f = b + discount * mesh.end_by.T @ z.salvage, f + discount * z.salvage @ mesh.end_free
    cap = np.tile(z.innovation_caps, mesh.count)
    x = np.zeros(len(b))
    for _ in range(200):
        slope = H @ x + b
        fixed = ((x <= 0) & (slope < 0)) | ((x >= cap) & (slope > 0))
        step = np.zeros(len(b))
        step[~fixed] = np.linalg.solve(H[np.ix_(~fixed, ~fixed)], -slope[~fixed])
        size = 1.0
        while size > 1e-9:  # along the step, bent into the box, until it gains
            new = np.clip(x + size * step, 0.0, cap)
            if (new - x) @ slope + (new - x) @ H @ (new - x) / 2 >= 1e-4 * (new - x) @ slope:
                break
            size /= 2
        if np.abs(new - x).max() <= 1e-12 * (1 + np.abs(x).max()):
            break
        x = new
    return float(f + b @ x + x @ H @ x / 2)


def capped_prices(game, is_led: bool) -> float:
    """Return what the leader earns at least with prices below their caps: the best of two local searches."""
    z = Game(game)
    mesh, patterns = Mesh(z), _patterns(Game(game), is_led)
    income = z.credit(mesh.times)[:, None] * z.theta
    step = 1e-6

    def loss(x):
        m = mesh.free + mesh.by @ x
        earned = _best_flow(z, patterns, m, income)
        ways = [step * e for e in np.eye(z.s)]
        rises = [_best_flow(z, patterns, m + e, income) - _best_flow(z, patterns, m - e, income) for e in ways]
        slope = np.column_stack(rises) / (2 * step)
        value = mesh.weights @ earned - x @ mesh.cost @ x
        gradient = np.einsum("k,ks,ksj->j", mesh.weights, slope, mesh.by) - 2 * mesh.cost @ x
        if z.T is not None:
            discount = np.exp(-z.rho * z.T)
            value += discount * z.salvage @ (mesh.end_free + mesh.end_by @ x)
            gradient += discount * mesh.end_by.T @ z.salvage
        return -value, -gradient

    cap = [None] * z.r if z.innovation_caps is None else list(z.innovation_caps)
    bounds = [(None, None) if c is None else (0.0, c) for c in cap] * mesh.count
    found = minimize(
        loss, np.zeros(mesh.count * z.r), jac=True, bounds=bounds, method="L-BFGS-B",
        options={"maxiter": 400, "maxfun": 600, "ftol": 1e-13, "gtol": 1e-9},
    )  # fmt: skip
    return -float(found.fun)


def _patterns(z: Game, is_led: bool):
    """Return for every regime the prices and the leader's margin as ``matrix @ (reach, cost, 1)``, with its conditions.

    One owner: each price is free or at its cap. A leader: each vehicle is priced freely by its retailer; stands at its
    cap while its wholesale price is below; or has its wholesale price at the cap, too.
    """
    n, caps, found = len(z.a), z.price_caps, []
    reach, cost, one = np.eye(n, 2 * n + 1), np.eye(n, 2 * n + 1, n), np.eye(1, 2 * n + 1, 2 * n)[0]
    for state in product(range(3 if is_led else 2), repeat=n):
        at_cap = np.array([kind > 0 for kind in state])
        chosen = [i for i in range(n) if state[i] != 2] if is_led else [i for i in range(n) if not at_cap[i]]
        fixed = np.outer(np.where(at_cap, caps, 0.0), one)
        if is_led:
            # Free prices: (B + own) p - own w = reach in their rows; the others are fixed. p = p0 + J w_chosen.
            matrix = np.where(at_cap[:, None], np.eye(n), z.B + z.own)
            inverse = np.linalg.inv(matrix)
            select = np.zeros((n, len(chosen)))
            for k, i in enumerate(chosen):
                select[i, k] = 1.0
            w0 = np.outer(np.where(np.array(state) == 2, caps, 0.0), one)
            free = np.diag((~at_cap).astype(float))
            p0 = inverse @ (free @ (reach + z.own @ w0) + fixed)
            J = inverse @ free @ z.own @ select
            d0, dJ = reach - z.B @ p0, -z.B @ J
            # max (w0 + select x - cost)'(d0 + dJ x)
            H = select.T @ dJ + dJ.T @ select
            if len(chosen) and (np.linalg.eigvalsh(H).max() > -1e-9 * np.abs(z.B).max()):
                continue  # flat or not concave in a wholesale price: its ends are other regimes
            x = np.linalg.solve(H, -(select.T @ d0 + dJ.T @ (w0 - cost))) if len(chosen) else np.zeros((0, 2 * n + 1))
            w, p, d = w0 + select @ x, p0 + J @ x, d0 + dJ @ x
            wish = d - z.own @ (p - w)  # what a retailer gains by a higher price
            rows = [np.outer(caps, one) - p, p - w, wish[[i for i in range(n) if state[i] == 1]]]
            found.append((w - cost, d, np.vstack(rows)))
        else:
            # max (p - cost)'(reach - B p) over the free ones
            free = np.flatnonzero(~at_cap)
            p = fixed.copy()
            if len(free):
                G = z.B + z.B.T
                rest = reach + z.B.T @ cost - G @ fixed
                p[free] = np.linalg.solve(G[np.ix_(free, free)], rest[free])
            found.append((p - cost, reach - z.B @ p, np.outer(caps, one) - p))
    return found


def _best_flow(z: Game, patterns, m, income):
    """Return the most that is earned at each of many instants (k) over the regimes whose conditions hold there."""
    reach, cost = z.a + m @ z.Phi.T, z.c + m @ z.C0.T - income
    known = np.column_stack([reach, cost, np.ones(len(m))])
    best = np.full(len(m), -np.inf)
    for margin, demand, conditions in patterns:
        slack = known @ conditions.T
        holds = (slack >= -1e-9 * (1 + np.abs(z.price_caps).max())).all(axis=1)
        best = np.where(holds, np.maximum(best, np.sum((known @ margin.T) * (known @ demand.T), axis=1)), best)
    return best
