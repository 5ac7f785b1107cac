"""The exact solution of the general game: a discounted Riccati equation for the leader, Lyapunov for the rest.

With prices at their static best, who steers innovation earns ``y' W y - g' K g`` along ``m' = M g - E m``, where
``y = a + F m``, ``F = Phi - B C0`` and ``a = alpha - B (c - h theta)``. Its value ``m' P m + q' m + r`` solves::

    rho P = F' W F + P S P - P E - E' P,   S = M K^-1 M'
    rho q = 2 F' W a + P S q - E' q
    rho r = a' W a + q' S q / 4

and the closed loop is ``m' = (S P - E) m + S q / 2``. A retailer that earns ``y' U y`` along that path has a value
that solves the same equations without the maximisation, which makes them linear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm, solve_continuous_are, solve_continuous_lyapunov

from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.solution import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixQuadratic:
    """A value function ``m' P m + q' m + r``."""

    P: FloatArray
    q: FloatArray
    r: float

    def __call__(self, efficiency: FloatArray) -> float:
        """Return the value at an efficiency (s)."""
        return float(efficiency @ self.P @ efficiency + self.q @ efficiency + self.r)


@dataclass(frozen=True, kw_only=True, eq=False)
class MatrixEquilibrium:
    """The solution of one model of the general game.

    Attributes
    ----------
    leader
        Value of who steers innovation: the manufacturer when decentralised, else the chain.
    retailers
        Values of the retailers when decentralised, else empty.
    closed_loop
        The matrix ``S P - E`` (s, s).
    steady_efficiency
        m at infinity (s).
    """

    model: Model
    game: GameMatrices
    leader: MatrixQuadratic
    retailers: tuple[MatrixQuadratic, ...]
    closed_loop: FloatArray
    steady_efficiency: FloatArray

    @property
    def decay_rates(self) -> FloatArray:
        """Real parts of the rates at which efficiency approaches its steady state, slowest first (s)."""
        return np.sort(-np.linalg.eigvals(self.closed_loop).real)

    def efficiency(self, times: FloatArray) -> FloatArray:
        """Return m at given times (k, s); at infinity the steady state."""
        start = self.game.initial_efficiency - self.steady_efficiency
        finite = np.isfinite(times)
        decay = np.where(finite, times, 0.0)[:, None, None] * self.closed_loop
        return self.steady_efficiency + np.where(finite[:, None], expm(decay) @ start, 0.0)

    def innovation(self, efficiency: FloatArray) -> FloatArray:
        """Return g = K^-1 M' (P m + q/2) at efficiencies (k, s) as (k, r)."""
        slope = efficiency @ self.leader.P + self.leader.q / 2.0
        return np.linalg.solve(self.game.innovation_cost, self.game.innovation_effectiveness.T @ slope.T).T

    def net_unit_costs(self, efficiency: FloatArray) -> FloatArray:
        """Return c + C0 m - h theta (k, n)."""
        income = self.game.credit_price * self.game.credits_per_vehicle
        return self.game.unit_cost - income + efficiency @ self.game.efficiency_unit_cost.T

    def demands(self, efficiency: FloatArray) -> FloatArray:
        """Return demands (k, n): y/2, or T y/2 with T = B_own (B + B_own)^-1 when decentralised."""
        y = self.net_market(efficiency)
        return y / 2.0 if self.model is not Model.DECENTRALIZED else y @ _response(self.game).T / 2.0

    def prices(self, efficiency: FloatArray) -> FloatArray:
        """Return retail prices (k, n): where demand is what `demands` says."""
        missing = self.net_market(efficiency) - self.demands(efficiency)
        return self.net_unit_costs(efficiency) + np.linalg.solve(self.game.price_effect, missing.T).T

    def wholesale_prices(self, efficiency: FloatArray, share: float | None = None) -> FloatArray | None:
        """Return wholesale prices (k, n); in a contract the share of the unit cost; None where one owner sells."""
        if self.model is Model.DECENTRALIZED:
            margin = np.linalg.solve(self.game.price_effect, self.net_market(efficiency).T).T
            return self.net_unit_costs(efficiency) + margin / 2.0
        if self.model is Model.CONTRACT and share is not None:
            return share * (self.game.unit_cost + efficiency @ self.game.efficiency_unit_cost.T)
        return None

    def net_market(self, efficiency: FloatArray) -> FloatArray:
        """Return y = a + F m (k, n): demands if retail prices were at net unit cost."""
        return market_base(self.game) + efficiency @ market_slope(self.game).T


def matrix_equilibrium(game: GameMatrices, model: Model) -> MatrixEquilibrium:
    """Return the equilibrium of the general game; its Riccati equation is taken to have a stabilising solution."""
    weight = _leader_weight(game, model)
    F, a = market_slope(game), market_base(game)
    effort = game.innovation_effectiveness
    push = effort @ np.linalg.solve(game.innovation_cost, effort.T)
    drift = -game.efficiency_decay - game.discount_rate / 2.0 * np.eye(game.states)
    # SciPy minimises: its unknown is -P, and the profit is a negative cost.
    P = -solve_continuous_are(drift, effort, -F.T @ weight @ F, game.innovation_cost)
    P = _polished(P, drift, push, F.T @ weight @ F)
    closed_loop = push @ P - game.efficiency_decay
    discounting = game.discount_rate * np.eye(game.states)
    q = np.linalg.solve(discounting - closed_loop.T, 2.0 * F.T @ weight @ a)
    leader = MatrixQuadratic(P=P, q=q, r=float(a @ weight @ a + q @ push @ q / 4.0) / game.discount_rate)
    return MatrixEquilibrium(
        model=model,
        game=game,
        leader=leader,
        retailers=_retailer_values(game, closed_loop, push @ q) if model is Model.DECENTRALIZED else (),
        closed_loop=closed_loop,
        steady_efficiency=np.linalg.solve(closed_loop, -push @ q / 2.0),
    )


def _polished(P: FloatArray, drift: FloatArray, push: FloatArray, pull: FloatArray) -> FloatArray:
    """Return P after one Newton step on ``P drift + drift' P + P push P + pull = 0``, which squares its error."""
    residual = P @ drift + drift.T @ P + P @ push @ P + pull
    step = solve_continuous_lyapunov((drift + push @ P).T, -residual)
    return (P + step + (P + step).T) / 2.0


def _retailer_values(game: GameMatrices, closed_loop: FloatArray, force: FloatArray) -> tuple[MatrixQuadratic, ...]:
    """Return each retailer's value along ``m' = closed_loop m + force/2``: a Lyapunov equation and two linear ones."""
    F, a, rho = market_slope(game), market_base(game), game.discount_rate
    drift = closed_loop - rho / 2.0 * np.eye(game.states)
    values = []
    for weight in _retailer_weights(game):
        P = solve_continuous_lyapunov(drift.T, -F.T @ weight @ F)
        q = np.linalg.solve(rho * np.eye(game.states) - closed_loop.T, 2.0 * F.T @ weight @ a + P @ force)
        r = float(a @ weight @ a + q @ force / 2.0) / rho
        values.append(MatrixQuadratic(P=P, q=q, r=r))
    return tuple(values)


def market_slope(game: GameMatrices) -> FloatArray:
    """Return F = Phi - B C0 (n, s)."""
    return game.efficiency_effect - game.price_effect @ game.efficiency_unit_cost


def market_base(game: GameMatrices) -> FloatArray:
    """Return a = alpha - B (c - h theta) (n)."""
    return game.market_size - game.price_effect @ (game.unit_cost - game.credit_price * game.credits_per_vehicle)


def _response(game: GameMatrices) -> FloatArray:
    """Return T = B_own (B + B_own)^-1: the part of ``alpha + Phi m - B w`` that retailers sell."""
    own = game.own_price_effect()
    return np.linalg.solve((game.price_effect + own).T, own.T).T


def _leader_weight(game: GameMatrices, model: Model) -> FloatArray:
    """Return W: B^-1/4, or B^-1 T/4 when decentralised (symmetric: T B is the parallel sum of B and B_own)."""
    inverse = np.linalg.inv(game.price_effect)
    weight = inverse / 4.0 if model is not Model.DECENTRALIZED else inverse @ _response(game) / 4.0
    return (weight + weight.T) / 2.0


def _retailer_weights(game: GameMatrices) -> list[FloatArray]:
    """Return U for each retailer j: it earns D_j' B_jj^-1 D_j, with demands D = T y/2."""
    demand = _response(game) / 2.0
    weights = []
    for vehicles in game.retailers:
        sold, block = demand[list(vehicles)], np.ix_(vehicles, vehicles)
        weights.append(sold.T @ np.linalg.solve(game.price_effect[block], sold))
    return weights
