"""Can the leader, or one owner, do better? Found by trying other decisions, the followers answering numerically.

Nothing here differentiates a profit. Decisions are moved along coordinates and random directions, far and near; where
there are few, whole ranges are scanned, so that a better optimum elsewhere is found too. The largest gain found is a
lower bound of what could be gained; it is zero, up to rounding, at an optimum.
"""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.judge.own_sizes import OwnSizes, by_market, market_of
from batteryopt.games.coordination.judge.responses import Board, enterprises_answer, retailers_answer
from batteryopt.games.coordination.solution import Model, Solution, as_array

_FEW = 3
"""Up to so many decisions every one is scanned over its whole range."""
_DIRECTIONS = 12
_STEPS = np.concatenate([-np.logspace(-5, 0.5, 12), np.logspace(-5, 0.5, 12)])
_RANGE = np.concatenate([np.linspace(-3, 3, 201), -np.logspace(0.5, 2, 20), np.logspace(0.5, 2, 20)])
_ALLOWED = 1e-10
"""By how much more, relative to it, a tried point may miss a reservation profit than the solution does."""


def leader_gain(solution: Solution) -> float:
    """Return the largest gain of the leading manufacturer that was found, relative to the market in which it is.

    Markets of vehicles between which nobody crosses, and the batteries, know nothing of each other: a try tries each
    of them, and each gain counts in its own size. All together they are tried too, as if that were not known.
    """
    leader = _ManufacturersDecisions(solution)
    tried = _along_lines(leader.here, leader.low, leader.high, leader.sizes)
    if len(leader.here) <= _FEW:
        tried = np.vstack([tried, leader.scan()])
    return _relative_gain(leader.profits(tried), leader.profits(leader.here[None])[0], _money(solution, chain=False))


def chain_gain(solution: Solution) -> float:
    """Return the largest gain of one owner that was found by moving straight, relative to the market in which it is."""
    owner = _Owner(solution)
    directions = _directions(len(owner.here)) * owner.sizes
    here = owner.profits(owner.here[None])[0]
    below, above = owner.profits(owner.here - directions), owner.profits(owner.here + directions)
    bend = below - 2 * here + above
    with np.errstate(divide="ignore", invalid="ignore"):
        top = np.where(bend < 0, -(above - below) / (2 * bend), np.sign(above - below))
    moved = owner.profits(owner.here + owner.feasible(directions, top[:, :-1]))  # each market by its own best step
    together = owner.profits(owner.here + owner.feasible(directions, np.tile(top[:, -1:], owner.markets + 1)))
    return _relative_gain(np.vstack([moved, together]), here, _money(solution, chain=True))


def _money(solution: Solution, *, chain: bool) -> FloatArray:
    """Return the sizes of the money in each market of vehicles, in the batteries, and in all of them."""
    size = OwnSizes.of(solution)
    batteries = size.battery_money + (float(size.enterprise_money.sum()) if chain else 0.0)
    money = np.append(by_market(solution.network, size.retail_money), batteries)
    return np.append(money, money.sum())


class _ManufacturersDecisions:
    """The manufacturer's decisions as one vector: services, then the prices that are its own."""

    def __init__(self, solution: Solution) -> None:
        self.solution, self.board = solution, Board(solution.network)
        g, R = solution.network, solution.network.regions
        size = OwnSizes.of(solution)
        here = [as_array(solution.recycling_service)]
        low, high = [np.zeros(R)], [np.full(R, np.inf)]
        sizes = [np.full(R, size.service)]
        if solution.model is Model.DECENTRALIZED_WHOLESALE:
            here.append(as_array(solution.wholesale_price))
            low.append(np.full(R, -np.inf))
            high.append(np.full(R, np.inf) if g.wholesale_price_cap is None else np.asarray(g.wholesale_price_cap))
            sizes.append(size.market)
        if solution.model is Model.DECENTRALIZED_TRANSFER:
            here.append(np.array([cast(float, solution.transfer_price)]))
            low.append(np.array([-np.inf]))
            high.append(np.array([np.inf if g.transfer_price_cap is None else g.transfer_price_cap]))
            sizes.append(np.array([max(abs(here[-1][0]), g.echelon_market_size) or 1.0]))
        self.here, self.low, self.high, self.sizes = (np.concatenate(z) for z in (here, low, high, sizes))

        self.missing = self._shortfall(self._played(self.here[None]))[0]

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

    def profits(self, points: FloatArray) -> FloatArray:
        """Return the manufacturer's profit at each point: in each market of vehicles, in the batteries, in all.

        It is minus infinity where a follower would not take part. One that the solution leaves slightly below its
        reservation profit is left so elsewhere too: that is for the feasibility check to judge.
        """
        played = self._played(points)
        takes_part = self._shortfall(played) <= self.missing + _ALLOWED
        earned = np.concatenate([by_market(self.solution.network, played[0]), played[1]], axis=-1)
        earned = np.where(takes_part, earned, -np.inf)
        return np.concatenate([earned, earned.sum(axis=-1, keepdims=True)], axis=-1)

    def _played(self, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]:
        """Return the manufacturer's profits by region and on batteries, the retailers' and the enterprises'.

        The followers answer. The enterprises' effort earns the manufacturer nothing: they answer only where they may
        stay away.
        """
        g, board, R, model = self.solution.network, self.board, self.solution.network.regions, self.solution.model
        e_r, prices = points[:, :R], points[:, R:]
        is_wholesale, is_transfer = model is Model.DECENTRALIZED_WHOLESALE, model is Model.DECENTRALIZED_TRANSFER
        w = prices if is_wholesale else np.broadcast_to(as_array(self.solution.wholesale_price), e_r.shape)
        w_t = prices if is_transfer else np.full((len(points), 1), cast(float, self.solution.transfer_price))
        p = np.broadcast_to(as_array(self.solution.retail_price), e_r.shape)
        p = retailers_answer(board, w=w, start=p) if is_wholesale else p
        Q, U = board.potential(p) - p, board.usable(e_r)
        scrap = board.f * (1 - board.theta) * board.returns(e_r).sum(axis=-1, keepdims=True)
        service = (1 - self.solution.cost_share) * (e_r**2).sum(axis=-1, keepdims=True) / 2
        may_stay_away = g.reservation_profit_echelon is not None and model is not Model.CONTRACT
        stays = self._enterprises(U, w_t) if may_stay_away else None
        return (w - board.c) * Q, w_t * U + scrap - service, (p - w) * Q, stays

    def _enterprises(self, U: FloatArray, w_t: FloatArray) -> FloatArray:
        board = self.board
        e_n = enterprises_answer(board, U=U, w_t=w_t, start=as_array(self.solution.sales_effort))
        return np.asarray((board.m - U + e_n - w_t - board.c_n) * board.quantity(e_n, U) - board.k * e_n**2 / 2)

    def _shortfall(self, played: tuple[FloatArray, FloatArray, FloatArray, FloatArray | None]) -> FloatArray:
        """Return the most that a follower of each market, and of the batteries, lacks of its reservation profit.

        It is relative to that; by case and market.
        """
        g, (_, _, at_retailers, at_enterprises) = self.solution.network, played
        count, labels = market_of(g)
        lacking = np.zeros((len(at_retailers), count + 1))
        if self.solution.model is Model.CONTRACT:
            return lacking
        if g.reservation_profit_retailer is not None:
            short = _lacked(g.reservation_profit_retailer, at_retailers)
            for market in range(count):
                lacking[:, market] = short[:, labels == market].max(axis=-1)
        if g.reservation_profit_echelon is not None and at_enterprises is not None:
            lacking[:, -1] = _lacked(g.reservation_profit_echelon, at_enterprises).max(axis=-1)
        return lacking


def _lacked(least: tuple[float, ...], profits: FloatArray) -> FloatArray:
    needed = np.asarray(least)
    return np.asarray(np.maximum(0.0, needed - profits) / np.maximum(np.abs(needed), 1.0))


class _Owner:
    """One owner's decisions as one vector: prices, services, efforts."""

    def __init__(self, solution: Solution) -> None:
        self.board, self.R = Board(solution.network), solution.network.regions
        self.markets, market = market_of(solution.network)
        decisions = (solution.retail_price, solution.recycling_service, solution.sales_effort)
        self.here = np.concatenate([as_array(z) for z in decisions])
        size, efforts = OwnSizes.of(solution), solution.network.enterprises
        self.sizes = np.concatenate([size.market, np.full(self.R, size.service), np.full(efforts, size.battery)])
        self.market = np.append(market, np.full(self.R + efforts, self.markets))
        """Which market each decision belongs to, the batteries last."""

    def profits(self, points: FloatArray) -> FloatArray:
        """Return the chain's profit at each point: in each market of vehicles, in the batteries, in all."""
        board = self.board
        p, e_r, e_n = np.split(points, [self.R, 2 * self.R], axis=-1)
        U = board.usable(e_r)
        vehicles = by_market(board.network, (p - board.c) * (board.potential(p) - p))
        scrap = board.f * (1 - board.theta) * board.returns(e_r).sum(axis=-1)
        echelon = (board.m - U + e_n - board.c_n) * board.quantity(e_n, U) - board.k * e_n**2 / 2
        batteries = scrap + echelon.sum(axis=-1) - (e_r**2).sum(axis=-1) / 2
        earned = np.concatenate([vehicles, batteries[..., None]], axis=-1)
        return np.concatenate([earned, earned.sum(axis=-1, keepdims=True)], axis=-1)

    def feasible(self, directions: FloatArray, steps: FloatArray) -> FloatArray:
        """Return moves along directions by a step of each market, shortened where a constraint is in the way."""
        wanted = directions * steps[:, self.market]
        slack, of = self._slacks(self.here[None])
        rate = self._slacks(self.here + wanted)[0] - slack
        with np.errstate(divide="ignore", invalid="ignore"):
            limits = np.where(rate < 0, np.maximum(slack, 0.0) / np.abs(rate), np.inf)
        parts = [limits[:, of == market].min(axis=-1, initial=1.0) for market in range(steps.shape[1])]
        return np.asarray(wanted * np.stack(parts, axis=-1)[:, self.market])

    def _slacks(self, points: FloatArray) -> tuple[FloatArray, NDArray[np.intp]]:
        """Return the slack of every constraint at each point, and the market each belongs to; all are linear."""
        p, e_r, e_n = np.split(points, [self.R, 2 * self.R], axis=-1)
        at_batteries, at_vehicles = self.market[self.R :], self.market[: self.R]
        slacks, markets = [e_r, e_n], [at_batteries]
        if self.board.is_signed:
            quantity = self.board.quantity(e_n, self.board.usable(e_r))
            slacks += [p, self.board.potential(p) - p, quantity]
            markets += [at_vehicles, at_vehicles, at_batteries[self.R :]]
        return np.concatenate(slacks, axis=-1), np.concatenate(markets)


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


def _relative_gain(tried: FloatArray, here: FloatArray, money: FloatArray) -> float:
    """Return the largest gain of the points tried in any market, relative to its money; NaN where none is judged."""
    if not np.isfinite(here).all():
        return float("nan")
    return max(0.0, float(((np.nanmax(tried, axis=0) - here) / money).max()))
