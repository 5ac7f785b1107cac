"""How players answer, found by trying: the check's own numerics, with no formula of either route.

Every follower's profit is a parabola in its own decision. Three evaluations of the profit determine it, and its top,
clipped to what is feasible, is the best response. The followers' equilibrium is found by letting all of them answer
until nobody moves. Arrays have regions or enterprises on the last axis; axes before it hold many cases at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.data.regions import CoordinationNetwork

_ROUNDS = 5000
_AT_REST = 1e-12
"""Largest move, relative to the decisions' size, at which an equilibrium counts as found."""


class Board:
    """The instance as arrays, in the notation of `regions`."""

    def __init__(self, network: CoordinationNetwork) -> None:
        self.network = network
        self.a = np.asarray(network.market_size)
        self.c = network.production_cost
        self.gamma = network.cross_prices
        self.beta = np.asarray(network.service_response)
        self.own_returns = network.own_returns
        self.theta = network.usable_share
        self.s = network.shares
        self.k = network.effort_costs
        self.c_n = np.asarray(network.testing_cost)
        self.sigma = network.effort_rivalry
        self.m = network.echelon_market_size
        self.f = network.scrap_value
        self.is_signed = network.sign_constraints

    def potential(self, p: FloatArray) -> FloatArray:
        """Demand in each region at own price zero, others' prices as they are: ``a + Gamma p``."""
        crossing = (self.gamma @ p.reshape(-1, p.shape[-1]).T).T.reshape(p.shape)
        return np.asarray(self.a + crossing)

    def returns(self, e_r: FloatArray) -> FloatArray:
        """Batteries collected in each region."""
        return self.own_returns + self.beta * e_r

    def usable(self, e_r: FloatArray) -> FloatArray:
        """Usable batteries of all regions together, with a last axis of length one."""
        return np.asarray(self.theta * self.returns(e_r).sum(axis=-1, keepdims=True))

    def quantity(self, e_n: FloatArray, U: FloatArray) -> FloatArray:
        """Batteries that each enterprise sells."""
        return np.asarray(self.s * U + self.sigma * (e_n - e_n.mean(axis=-1, keepdims=True)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """A decision of each of several players, the profit it earns as a function, and the range it may lie in."""

    profit: Callable[[FloatArray], FloatArray]
    at: FloatArray
    low: FloatArray
    high: FloatArray

    def best(self) -> FloatArray:
        """Return each player's best decision: the top of its parabola, within its range."""
        step = np.maximum(1.0, np.abs(self.at))
        below, here, above = self.profit(self.at - step), self.profit(self.at), self.profit(self.at + step)
        bend = below - 2 * here + above
        with np.errstate(divide="ignore", invalid="ignore"):
            top = np.where(bend < 0, -(above - below) / (2 * bend), np.sign(above - below) * np.inf)
        return np.asarray(np.clip(self.at + step * top, self.low, self.high))

    def gain(self) -> FloatArray:
        """Return what each player gains by deciding best."""
        return self.profit(self.best()) - self.profit(self.at)


def retailers(board: Board, *, p: FloatArray, w: FloatArray) -> Choice:
    """Return the retailers' choice of price, each with the others' prices as they are."""
    potential = board.potential(p)
    unbounded = np.full(p.shape, np.inf)
    return Choice(
        profit=lambda price: (price - w) * (potential - price),
        at=p,
        low=np.zeros(p.shape) if board.is_signed else -unbounded,
        high=np.maximum(potential, 0.0) if board.is_signed else unbounded,
    )


def enterprises(board: Board, *, e_n: FloatArray, U: FloatArray, w_t: FloatArray | float) -> Choice:
    """Return the enterprises' choice of effort, each with the others' efforts as they are."""
    count = e_n.shape[-1]
    rivals = e_n.sum(axis=-1, keepdims=True) - e_n

    def quantity(effort: FloatArray) -> FloatArray:
        return np.asarray(board.s * U + board.sigma * (effort - (rivals + effort) / count))

    def profit(effort: FloatArray) -> FloatArray:
        return np.asarray((board.m - U + effort - w_t - board.c_n) * quantity(effort) - board.k * effort**2 / 2)

    low = np.zeros(e_n.shape)
    response = board.sigma * (1 - 1 / count)
    if board.is_signed and response > 0:
        low = np.maximum(low, -quantity(low) / response)
    return Choice(profit=profit, at=e_n, low=low, high=np.full(e_n.shape, np.inf))


def retailers_answer(board: Board, *, w: FloatArray, start: FloatArray) -> FloatArray:
    """Return the retailers' equilibrium prices at given wholesale prices."""
    return _rest(lambda p: retailers(board, p=p, w=w).best(), np.broadcast_to(start, w.shape), damping=1.0)


def enterprises_answer(board: Board, *, U: FloatArray, w_t: FloatArray | float, start: FloatArray) -> FloatArray:
    """Return the enterprises' equilibrium efforts at a given supply and transfer price.

    A rival's effort lowers one's own best effort. With slope q of the best response to all rivals together, moving by
    the part 1 / (1 + q) of the way damps the swing.
    """
    response = board.sigma * (1 - 1 / len(board.s))
    slope = response / (board.k.min() - 2 * response)
    shape = np.broadcast_shapes(start.shape, U.shape[:-1] + start.shape[-1:])
    return _rest(
        lambda e_n: enterprises(board, e_n=e_n, U=U, w_t=w_t).best(),
        np.broadcast_to(start, shape),
        damping=1 / (1 + slope),
    )


def _rest(answer: Callable[[FloatArray], FloatArray], start: FloatArray, *, damping: float) -> FloatArray:
    """Return the point at which the answer to it is itself; NaN where the players do not come to rest."""
    here = start
    for _ in range(_ROUNDS):
        move = damping * (answer(here) - here)
        here = here + move
        if np.abs(move).max() <= _AT_REST * max(1.0, np.abs(here).max()):
            return here
        if not np.isfinite(here).all():
            break
    return np.full(here.shape, np.nan)
