"""The exact solution of the two-vehicle game, in the paper's symbols; numbers or arrays that broadcast.

Derived from the Hamilton-Jacobi-Bellman equations (``tests/games/differential/test_derivation.py`` does it with SymPy).
Write ``b = beta - gamma``, ``f = phi - b c0``, ``A = sum_i alpha_i - b (sum_i c_i - 2 h theta)``. Once prices are at
their static best, demand is proportional to ``y = a + f m`` with ``a_i = alpha_i - beta c^_i + gamma c^_{3-i}`` and
``c^ = c - h theta``, and the leader earns ``sigma y' B^-1 y - k g^2`` with ``sigma = 1/4`` when integrated and ``1/8``
when decentralised; the retailer earns ``y' B^-1 y / 16``. The value of m is ``V1 m^2 + V2 m + V3``. Equation numbers
are the paper's; where its print differs from what the derivation gives, `published` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from batteryopt.games.differential.solution import Model

Array: TypeAlias = Any
"""A NumPy array or number: real, or complex where derivatives are taken by complex steps."""

_LEADER_WEIGHT = {Model.INTEGRATED: 1 / 4, Model.CONTRACT: 1 / 4, Model.DECENTRALIZED: 1 / 8}
"""sigma: the part of ``y' B^-1 y`` that whoever steers innovation earns (per unit of the chain, in the contract)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Quadratic:
    """A value function ``first m^2 + second m + third``, the present value at efficiency m."""

    first: Array
    second: Array
    third: Array

    def __call__(self, efficiency: npt.ArrayLike) -> Array:
        """Return the value at an efficiency."""
        m = np.asarray(efficiency)
        return (self.first * m + self.second) * m + self.third

    def scaled(self, factor: npt.ArrayLike) -> Quadratic:
        """Return the value of a player that earns this part of everything."""
        part = np.asarray(factor)
        return Quadratic(first=part * self.first, second=part * self.second, third=part * self.third)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairEquilibrium:
    """The solution of one model for given parameters; every array has the parameters' common shape (...).

    Attributes
    ----------
    leader
        Value of who steers innovation: the manufacturer when decentralised, else the chain.
    retailer
        Value of the retailer when decentralised, else zero (in a contract it is the share of `leader`).
    xi
        The square root of the paper.
    decay_rate
        Q, at which efficiency approaches its steady state.
    steady_efficiency
        m at infinity.
    """

    model: Model
    parameters: Mapping[str, Array]
    leader: Quadratic
    retailer: Quadratic
    xi: Array
    decay_rate: Array
    steady_efficiency: Array

    @property
    def supply_chain(self) -> Quadratic:
        """Value of all players together, (15) and (26)."""
        return Quadratic(
            first=self.leader.first + self.retailer.first,
            second=self.leader.second + self.retailer.second,
            third=self.leader.third + self.retailer.third,
        )

    def efficiency(self, time: npt.ArrayLike) -> Array:
        """Return m(t), (16) and (27); the time broadcasts with the parameters."""
        start = self.parameters["initial_efficiency"]
        return self.steady_efficiency + (start - self.steady_efficiency) * np.exp(-self.decay_rate * np.asarray(time))

    def innovation(self, efficiency: npt.ArrayLike) -> Array:
        """Return g(m), (12) and (25)."""
        p = self.parameters
        slope = 2 * self.leader.first * np.asarray(efficiency) + self.leader.second
        return p["innovation_effectiveness"] / (2 * p["innovation_cost"]) * slope

    def _margin_over_cost(self, efficiency: Array) -> Array:
        """Return ``B^-1 y``, vehicles last: what integrated retail prices exceed net unit cost by, twice."""
        y = _net_market(self.parameters, efficiency)
        beta, gamma = self.parameters["price_sensitivity"], self.parameters["cross_price_sensitivity"]
        return _stack(beta * y[0] + gamma * y[1], beta * y[1] + gamma * y[0]) / (beta**2 - gamma**2)[..., None]

    def net_unit_costs(self, efficiency: npt.ArrayLike) -> Array:
        """Return ``c_i + c0 m - h theta``, vehicles on the last axis."""
        p, m = self.parameters, np.asarray(efficiency)
        return _stack(*(c + p["efficiency_unit_cost"] * m - _credit_income(p) for c in _pair(p["unit_cost"])))

    def prices(self, efficiency: npt.ArrayLike) -> Array:
        """Return retail prices p(m), vehicles on the last axis, (8), (9), (23), (24)."""
        m = np.asarray(efficiency)
        part = 3 / 4 if self.model is Model.DECENTRALIZED else 1 / 2
        return self.net_unit_costs(m) + part * self._margin_over_cost(m)

    def wholesale_prices(self, efficiency: npt.ArrayLike, share: npt.ArrayLike | None = None) -> Array | None:
        """Return w(m), vehicles on the last axis, (10), (11); ``share`` of the unit cost in a contract, else None."""
        m = np.asarray(efficiency)
        if self.model is Model.DECENTRALIZED:
            return self.net_unit_costs(m) + self._margin_over_cost(m) / 2
        if self.model is Model.CONTRACT and share is not None:
            unit_cost = self.net_unit_costs(m) + _credit_income(self.parameters)[..., None]
            return np.asarray(share)[..., None] * unit_cost
        return None

    def demands(self, efficiency: npt.ArrayLike) -> Array:
        """Return demands, vehicles on the last axis: half of y, a quarter when decentralised."""
        y = _net_market(self.parameters, np.asarray(efficiency))
        return _stack(*y) / (4 if self.model is Model.DECENTRALIZED else 2)


def pair_equilibrium(
    model: Model,
    *,
    market_size: npt.ArrayLike,
    price_sensitivity: npt.ArrayLike,
    cross_price_sensitivity: npt.ArrayLike,
    efficiency_effect: npt.ArrayLike,
    innovation_effectiveness: npt.ArrayLike,
    efficiency_decay: npt.ArrayLike,
    unit_cost: npt.ArrayLike,
    efficiency_unit_cost: npt.ArrayLike,
    innovation_cost: npt.ArrayLike,
    discount_rate: npt.ArrayLike,
    credit_price: npt.ArrayLike,
    credits_per_vehicle: npt.ArrayLike,
    initial_efficiency: npt.ArrayLike,
) -> PairEquilibrium:
    """Return the equilibrium of the two-vehicle game; the assumptions of the instance are taken to hold.

    Parameters
    ----------
    market_size, unit_cost
        Vehicles on the first axis: (2) or (2, ...).
    others
        Numbers or arrays; all broadcast to a common shape (...).
    """
    p = _broadcast(
        {
            "market_size": market_size,
            "price_sensitivity": price_sensitivity,
            "cross_price_sensitivity": cross_price_sensitivity,
            "efficiency_effect": efficiency_effect,
            "innovation_effectiveness": innovation_effectiveness,
            "efficiency_decay": efficiency_decay,
            "unit_cost": unit_cost,
            "efficiency_unit_cost": efficiency_unit_cost,
            "innovation_cost": innovation_cost,
            "discount_rate": discount_rate,
            "credit_price": credit_price,
            "credits_per_vehicle": credits_per_vehicle,
            "initial_efficiency": initial_efficiency,
        }
    )
    return _equilibrium(Model(model), p)


def _equilibrium(model: Model, p: Mapping[str, Array]) -> PairEquilibrium:
    sigma = _LEADER_WEIGHT[model]
    rho, eta, mu = p["discount_rate"], p["efficiency_decay"], p["innovation_effectiveness"]
    b, f, market = _spread(p), _pull(p), _total_market(p)
    kb = p["innovation_cost"] * b
    energy = _market_energy(p)
    curvature = 4 * kb * eta * (eta + rho) - 8 * sigma * mu**2 * f**2  # positive iff a steady state exists
    xi = np.sqrt(kb * (kb * (2 * eta + rho) ** 2 - 8 * sigma * mu**2 * f**2))
    # The printed A1 = (kb (2 eta + rho) - xi)/(2 mu^2 b) and Q = (xi/(kb) - rho)/2, freed from their differences.
    first = 4 * sigma * p["innovation_cost"] * f**2 / (kb * (2 * eta + rho) + xi)
    decay_rate = curvature / (2 * (xi + rho * kb))
    second = 4 * sigma * p["innovation_cost"] * f * market / (rho * kb + xi)
    third = (sigma * energy + mu**2 * second**2 / (4 * p["innovation_cost"])) / rho
    leader = Quadratic(first=first, second=second, third=third)
    return PairEquilibrium(
        model=model,
        parameters=p,
        leader=leader,
        retailer=_retailer_value(p, leader, xi, energy) if model is Model.DECENTRALIZED else leader.scaled(0.0),
        xi=xi,
        decay_rate=decay_rate,
        steady_efficiency=4 * sigma * mu**2 * f * market / curvature,
    )


def _retailer_value(p: Mapping[str, Array], leader: Quadratic, xi: Array, energy: Array) -> Quadratic:
    """Return B1, B2, B3: the retailer's flow ``y' B^-1 y / 16`` along the leader's path (a linear equation)."""
    k, rho, mu = p["innovation_cost"], p["discount_rate"], p["innovation_effectiveness"]
    b, f, market = _spread(p), _pull(p), _total_market(p)
    first = k * f**2 / (8 * xi)
    # (rho + Q) B2 = f A/(8 b) + B1 mu^2 A2/k with rho + Q = (rho k b + xi)/(2 k b).
    second = 2 * k * b / (rho * k * b + xi) * (f * market / (8 * b) + first * mu**2 * leader.second / k)
    third = (energy / 16 + mu**2 * leader.second * second / (2 * k)) / rho
    return Quadratic(first=first, second=second, third=third)


# --- pieces -----------------------------------------------------------------------------------------------------------


def _spread(p: Mapping[str, Array]) -> Array:
    """Return b."""
    return p["price_sensitivity"] - p["cross_price_sensitivity"]


def _pull(p: Mapping[str, Array]) -> Array:
    """Return f: demand that one unit of efficiency brings, net of what its cost drives away."""
    return p["efficiency_effect"] - _spread(p) * p["efficiency_unit_cost"]


def _credit_income(p: Mapping[str, Array]) -> Array:
    """Return h theta."""
    return p["credit_price"] * p["credits_per_vehicle"]


def _net_market(p: Mapping[str, Array], efficiency: Array) -> tuple[Array, Array]:
    """Return y_1 and y_2: demands if retail prices were at net unit cost."""
    beta, gamma = p["price_sensitivity"], p["cross_price_sensitivity"]
    cost_1, cost_2 = (cost - _credit_income(p) for cost in _pair(p["unit_cost"]))
    size_1, size_2 = _pair(p["market_size"])
    growth = _pull(p) * efficiency
    return size_1 - beta * cost_1 + gamma * cost_2 + growth, size_2 - beta * cost_2 + gamma * cost_1 + growth


def _total_market(p: Mapping[str, Array]) -> Array:
    """Return A: y_1 + y_2 at efficiency zero."""
    first, second = _net_market(p, np.zeros(()))
    return first + second


def _market_energy(p: Mapping[str, Array]) -> Array:
    """Return a' B^-1 a."""
    first, second = _net_market(p, np.zeros(()))
    beta, gamma = p["price_sensitivity"], p["cross_price_sensitivity"]
    return (beta * (first**2 + second**2) + 2 * gamma * first * second) / (beta**2 - gamma**2)


def _broadcast(parameters: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    """Return all parameters with one common shape; the two of a pair keep theirs on an axis before it."""
    arrays = {key: np.asarray(value) for key, value in parameters.items()}
    pairs = {"market_size", "unit_cost"}
    shape = np.broadcast_shapes(*(a.shape[1:] if key in pairs else a.shape for key, a in arrays.items()))
    return {
        key: np.stack([np.broadcast_to(a[i], shape) for i in (0, 1)]) if key in pairs else np.broadcast_to(a, shape)
        for key, a in arrays.items()
    }


def _pair(values: Array) -> tuple[Array, Array]:
    return values[0], values[1]


def _stack(*by_vehicle: Array) -> Array:
    return np.stack(np.broadcast_arrays(*by_vehicle), axis=-1)
