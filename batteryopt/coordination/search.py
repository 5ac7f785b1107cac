"""Can the leader, or one owner, do better? Found by trying other decisions, the followers answering numerically.

Nothing here differentiates a profit. Decisions are moved along coordinates and random directions, far and near; where
there are few, whole ranges are scanned, so that a better optimum elsewhere is found too. The largest gain found is a
lower bound of what could be gained; it is zero, up to rounding, at an optimum.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from batteryopt.coordination.network_faults import FloatArray
from batteryopt.coordination.responses import Board, enterprises_answer, retailers_answer
from batteryopt.coordination.solution import Model, Solution, as_array

_FEW = 3
"""Up to so many decisions every one is scanned over its whole range."""
_DIRECTIONS = 12
_STEPS = np.concatenate([-np.logspace(-5, 0.5, 12), np.logspace(-5, 0.5, 12)])
_RANGE = np.concatenate([np.linspace(-3, 3, 201), -np.logspace(0.5, 2, 20), np.logspace(0.5, 2, 20)])
_ALLOWED = 1e-10
"""By how much more, relative to it, a tried point may miss a reservation profit than the solution does."""


def leader_gain(solution: Solution) -> float:
    """Return the largest gain of the leading manufacturer that was found, relative to its profit's size."""
    leader = _Leader(solution)
    tried = _along_lines(leader.here, leader.low, leader.high, leader.sizes)
    if len(leader.here) <= _FEW:
        tried = np.vstack([tried, leader.scan()])
    profits = leader.profit(tried)
    return _relative_gain(profits, leader.profit(leader.here[None])[0])


def chain_gain(solution: Solution) -> float:
    """Return the largest gain of one owner that was found by moving straight, relative to the chain's profit."""
    owner = _Owner(solution)
    size = np.maximum(1.0, np.abs(owner.here))
    directions = _directions(len(owner.here)) * size
    here = owner.profit(owner.here[None])[0]
    below, above = owner.profit(owner.here - directions), owner.profit(owner.here + directions)
    bend = below - 2 * here + above
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(bend < 0, -(above - below) / (2 * bend), np.sign(above - below))
    steps = np.array([owner.feasible_step(d, float(t)) for d, t in zip(directions, top, strict=True)])
    return _relative_gain(owner.profit(owner.here + steps[:, None] * directions), here)


class _Leader:
    """The manufacturer's decisions as one vector: services, then the prices that are its own."""

    def __init__(self, solution: Solution) -> None:
        self.solution, self.board = solution, Board(solution.network)
        g, R = solution.network, solution.network.regions
        here = [as_array(solution.recycling_service)]
        low, high = [np.zeros(R)], [np.full(R, np.inf)]
        sizes = [np.full(R, max(1.0, float(np.abs(here[0]).max())))]
        if solution.model is Model.DECENTRALIZED_WHOLESALE:
            here.append(as_array(solution.wholesale_price))
            low.append(np.full(R, -np.inf))
            high.append(np.full(R, np.inf) if g.wholesale_price_cap is None else np.asarray(g.wholesale_price_cap))
            sizes.append(np.asarray(g.market_size))
        if solution.model is Model.DECENTRALIZED_TRANSFER:
            here.append(np.array([cast(float, solution.transfer_price)]))
            low.append(np.array([-np.inf]))
            high.append(np.array([np.inf if g.transfer_price_cap is None else g.transfer_price_cap]))
            sizes.append(np.array([max(1.0, g.echelon_market_size)]))
        self.here, self.low, self.high, self.sizes = (np.concatenate(z) for z in (here, low, high, sizes))

        self.missing = self._shortfall(self._played(self.here[None]))

    def scan(self) -> FloatArray:
        """Return points that scan each decision over its range, and all of them at random."""
        rng, points = np.random.default_rng(0), []
        for position in range(len(self.here)):
            scanned = np.tile(self.here, (len(_RANGE), 1))
            scanned[:, position] += _RANGE * self.sizes[position]
            points.append(scanned)
        points.append(self.here + rng.uniform(-2, 2, (200, len(self.here))) * self.sizes)
        points.append(self.here + rng.normal(0, 1e-3, (100, len(self.here))) * self.sizes)
        return np.asarray(np.clip(np.vstack(points), self.low, self.high))

    def profit(self, points: FloatArray) -> FloatArray:
        """Return the manufacturer's profit at each point, minus infinity where a follower would not take part.

        A follower that the solution leaves slightly below its reservation profit is left so elsewhere too: that is
        for the feasibility check to judge.
        """
        played = self._played(points)
        takes_part = (self._shortfall(played) <= self.missing + _ALLOWED).all(axis=-1)
        return np.where(takes_part, played[0], -np.inf)

    def _played(self, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray | None]:
        """Return the profits of manufacturer, retailers and enterprises, the followers answering.

        The enterprises' effort earns the manufacturer nothing: they answer only where they may stay away.
        """
        g, board, R, model = self.solution.network, self.board, self.solution.network.regions, self.solution.model
        e_r, prices = points[:, :R], points[:, R:]
        is_wholesale, is_transfer = model is Model.DECENTRALIZED_WHOLESALE, model is Model.DECENTRALIZED_TRANSFER
        w = prices if is_wholesale else np.broadcast_to(as_array(self.solution.wholesale_price), e_r.shape)
        w_t = prices if is_transfer else np.full((len(points), 1), cast(float, self.solution.transfer_price))
        p = np.broadcast_to(as_array(self.solution.retail_price), e_r.shape)
        p = retailers_answer(board, w=w, start=p) if is_wholesale else p
        Q, U = board.potential(p) - p, board.usable(e_r)
        scrap = board.f * (1 - board.theta) * board.returns(e_r).sum(axis=-1)
        service = (1 - self.solution.cost_share) * (e_r**2).sum(axis=-1) / 2
        profit = ((w - board.c) * Q).sum(axis=-1) + (w_t * U)[:, 0] + scrap - service
        may_stay_away = g.reservation_profit_echelon is not None and model is not Model.CONTRACT
        return profit, (p - w) * Q, self._enterprises(U, w_t) if may_stay_away else None

    def _enterprises(self, U: FloatArray, w_t: FloatArray) -> FloatArray:
        board = self.board
        e_n = enterprises_answer(board, U=U, w_t=w_t, start=as_array(self.solution.sales_effort))
        return np.asarray((board.m - U + e_n - w_t - board.c_n) * board.quantity(e_n, U) - board.k * e_n**2 / 2)

    def _shortfall(self, played: tuple[FloatArray, FloatArray, FloatArray | None]) -> FloatArray:
        """Return how much of its reservation profit each follower lacks, relative to it; by case and follower."""
        g, (_, at_retailers, at_enterprises) = self.solution.network, played
        lacking = [np.zeros((len(at_retailers), 1))]
        asked = [(g.reservation_profit_retailer, at_retailers), (g.reservation_profit_echelon, at_enterprises)]
        for least, profits in asked if self.solution.model is not Model.CONTRACT else []:
            if least is not None and profits is not None:
                needed = np.asarray(least)
                lacking.append(np.maximum(0.0, needed - profits) / np.maximum(1.0, np.abs(needed)))
        return np.concatenate(lacking, axis=-1)


class _Owner:
    """One owner's decisions as one vector: prices, services, efforts."""

    def __init__(self, solution: Solution) -> None:
        self.board, self.R = Board(solution.network), solution.network.regions
        decisions = (solution.retail_price, solution.recycling_service, solution.sales_effort)
        self.here = np.concatenate([as_array(z) for z in decisions])

    def profit(self, points: FloatArray) -> FloatArray:
        """Return the chain's profit at each point."""
        board = self.board
        p, e_r, e_n = np.split(points, [self.R, 2 * self.R], axis=-1)
        U = board.usable(e_r)
        vehicles = ((p - board.c) * (board.potential(p) - p)).sum(axis=-1)
        scrap = board.f * (1 - board.theta) * board.returns(e_r).sum(axis=-1)
        echelon = (board.m - U + e_n - board.c_n) * board.quantity(e_n, U) - board.k * e_n**2 / 2
        return np.asarray(vehicles + scrap + echelon.sum(axis=-1) - (e_r**2).sum(axis=-1) / 2)

    def feasible_step(self, direction: FloatArray, step: float) -> float:
        """Return the longest part of a step that keeps every constraint; all of them are linear."""
        slack = self._slacks(self.here)
        rate = self._slacks(self.here + direction) - slack
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = np.where(rate * step < 0, np.maximum(slack, 0.0) / np.abs(rate), np.inf)
        return float(np.sign(step) * min(abs(step), limits.min()))

    def _slacks(self, point: FloatArray) -> FloatArray:
        p, e_r, e_n = np.split(point, [self.R, 2 * self.R])
        if not self.board.is_signed:
            return np.concatenate([e_r, e_n])
        quantity = self.board.quantity(e_n, self.board.usable(e_r))
        return np.concatenate([e_r, e_n, p, self.board.potential(p) - p, quantity])


def _along_lines(here: FloatArray, low: FloatArray, high: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return points near and far on lines through a point."""
    moves = (_directions(len(here)) * sizes)[:, None, :] * _STEPS[:, None]
    return np.asarray(np.clip(here + moves.reshape(-1, len(here)), low, high))


def _directions(size: int) -> FloatArray:
    """Return coordinate directions (all of them where there are few) and random ones, with a fixed seed."""
    rng = np.random.default_rng(0)
    chosen = np.arange(size) if size <= 2 * _DIRECTIONS else rng.choice(size, _DIRECTIONS, replace=False)
    coordinates = np.zeros((len(chosen), size))
    coordinates[np.arange(len(chosen)), chosen] = 1.0
    return np.vstack([coordinates, rng.normal(size=(_DIRECTIONS, size))])


def _relative_gain(tried: FloatArray, here: float) -> float:
    """Return the gain of the best point tried; NaN where the point itself cannot be judged."""
    if not np.isfinite(here):
        return float("nan")
    return max(0.0, float(np.nanmax(tried)) - float(here)) / max(1.0, abs(float(here)))
