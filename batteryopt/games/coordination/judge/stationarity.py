"""First-order conditions judged from a solution alone: gradients by hand, multipliers re-estimated by least squares.

A player's point is stationary where its gradient, plus non-negative multiples of the gradients of the constraints that
are active there, is zero. The residual is what remains of the gradient with the best multipliers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, cast

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.sparse.linalg import spsolve

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.judge.own_sizes import OwnSizes
from batteryopt.games.coordination.judge.responses import Board, enterprises_answer
from batteryopt.games.coordination.solution import Model, Solution, as_array

BoolArray: TypeAlias = NDArray[np.bool_]

ACTIVE = 1e-6
"""A constraint is active where its slack is below this, relative to the size of what it limits."""


def retailers_residual(solution: Solution) -> float:
    """Return the largest residual of the retailers' conditions: ``Q_r - (p_r - w_r)`` between ``p_r, Q_r >= 0``."""
    p, w = as_array(solution.retail_price), as_array(solution.wholesale_price)
    Q, scale = solution.outcome.demand, OwnSizes.of(solution).market
    gradient = (Q - (p - w)) / scale
    if not solution.network.sign_constraints:
        return float(np.abs(gradient).max())
    return _one_sided(gradient, low=_is_active(p, scale), high=_is_active(Q, scale))


def enterprises_residual(solution: Solution) -> float:
    """Return the largest residual of the enterprises' conditions, between ``e_n, u_n >= 0``.

    The gradient is ``u_n + sigma (1 - 1/N) (p_n - w_t - c_n) - k_n e_n``.
    """
    g, outcome = solution.network, solution.outcome
    e_n, response = as_array(solution.sales_effort), g.effort_rivalry * (1 - 1 / g.enterprises)
    margin = outcome.resale_price - cast(float, solution.transfer_price) - np.asarray(g.testing_cost)
    gradient = outcome.quantity + response * margin - g.effort_costs * e_n
    scale = OwnSizes.of(solution).battery
    low = _is_active(e_n, scale)
    if g.sign_constraints and response > 0:
        low |= _is_active(outcome.quantity, scale)
    return _one_sided(gradient, low=low, high=np.zeros(e_n.shape, dtype=bool)) / scale


def chain_residual(solution: Solution) -> float:
    """Return the residual of one owner's conditions over prices, services and efforts together."""
    g, outcome, board = solution.network, solution.outcome, Board(solution.network)
    p, e_r, e_n = (as_array(z) for z in (solution.retail_price, solution.recycling_service, solution.sales_effort))
    margin = outcome.resale_price - board.c_n
    by_price = outcome.demand - (p - board.c) + board.gamma.T @ (p - board.c)
    worth = g.scrap_value * (1 - g.usable_share) + g.usable_share * (float(g.shares @ margin) - outcome.usable)
    by_service = board.beta * worth - e_r
    by_effort = outcome.quantity + g.effort_rivalry * (margin - margin.mean()) - board.k * e_n
    gradient = np.concatenate([by_price, by_service, by_effort])
    size = OwnSizes.of(solution)
    sizes = np.concatenate([size.market, np.full(len(e_r), size.service), np.full(len(e_n), size.battery)])
    return _residual(gradient, _chain_constraints(solution, board), sizes)


def leader_residual(solution: Solution) -> float:
    """Return the residual of the leading manufacturer's conditions, with the followers' answers substituted.

    Where a follower is at the edge of a constraint without being pushed against it, its answer has two slopes; the
    smaller residual counts (the leader's search in `check` looks at both sides).
    """
    return min(_leader_residual(solution, is_edge_free=choice) for choice in (True, False))


def _leader_residual(solution: Solution, *, is_edge_free: bool) -> float:
    g, board, size = solution.network, Board(solution.network), OwnSizes.of(solution)
    e_r, w_t = as_array(solution.recycling_service), cast(float, solution.transfer_price)
    revenue = w_t * g.usable_share + g.scrap_value * (1 - g.usable_share)
    gradient, sizes = [board.beta * revenue - (1 - solution.cost_share) * e_r], [np.full(len(e_r), size.service)]
    at_zero = _where(_is_active(e_r, size.service))
    if solution.model is Model.DECENTRALIZED_WHOLESALE:
        slopes = _RetailerSlopes(solution, board, is_edge_free=is_edge_free)
        gradient.append(slopes.of_manufacturer())
        sizes.append(size.market)
    if solution.model is Model.DECENTRALIZED_TRANSFER:
        gradient.append(np.array([solution.outcome.usable]))
        sizes.append(np.array([_scale(solution.outcome.usable)]))
    whole = np.concatenate(gradient)
    columns = _units(at_zero, len(whole))
    columns += _price_columns(solution, len(whole), sizes[-1])
    columns += _participation_columns(solution, board, whole, is_edge_free=is_edge_free)
    return _residual(whole, columns, np.concatenate(sizes))


def _price_columns(solution: Solution, length: int, scale: FloatArray) -> list[FloatArray]:
    """Return the gradients of the caps on prices that bind; the prices stand after the services."""
    g = solution.network
    if solution.model is Model.DECENTRALIZED_WHOLESALE and g.wholesale_price_cap is not None:
        slack = np.asarray(g.wholesale_price_cap) - as_array(solution.wholesale_price)
    elif solution.model is Model.DECENTRALIZED_TRANSFER and g.transfer_price_cap is not None:
        slack = np.array([g.transfer_price_cap - cast(float, solution.transfer_price)])
    else:
        return []
    return [-column for column in _units([g.regions + r for r in _where(_is_active(slack, scale))], length)]


def _participation_columns(
    solution: Solution, board: Board, whole: FloatArray, *, is_edge_free: bool
) -> list[FloatArray]:
    """Return the gradients of followers' profits that are at their reservation, by the leader's decisions."""
    if solution.model is Model.CONTRACT:
        return []
    g, outcome, columns = solution.network, solution.outcome, []
    R, is_transfer = g.regions, solution.model is Model.DECENTRALIZED_TRANSFER
    if g.reservation_profit_echelon is not None:
        by_supply, by_price = _enterprise_slopes(solution, board)
        least = np.asarray(g.reservation_profit_echelon)
        money = np.maximum(np.abs(least), OwnSizes.of(solution).enterprise_money)
        for n in _where(_is_active(outcome.enterprises - least, money)):
            column = np.zeros(len(whole))
            column[:R] = board.theta * board.beta * by_supply[n]
            column[R:] = by_price[n] if is_transfer else 0.0
            columns.append(column)
    if g.reservation_profit_retailer is not None and solution.model is Model.DECENTRALIZED_WHOLESALE:
        slopes = _RetailerSlopes(solution, board, is_edge_free=is_edge_free)
        least = np.asarray(g.reservation_profit_retailer)
        retail_money = np.maximum(np.abs(least), OwnSizes.of(solution).retail_money)
        for r in _where(_is_active(outcome.retailers - least, retail_money)):
            columns.append(np.concatenate([np.zeros(R), slopes.of_retailer(r)]))
    return columns


class _RetailerSlopes:
    """Derivatives by the wholesale prices, the retailers' equilibrium answering.

    A free retailer keeps ``2 p_r - (Gamma p)_r = a_r + w_r``, one without demand ``p_r - (Gamma p)_r = a_r``, one at
    price zero ``p_r = 0``. With M the matrix of these, ``dp/dw = M^-1 diag(free)``.
    """

    def __init__(self, solution: Solution, board: Board, *, is_edge_free: bool) -> None:
        self.board = board
        self.p, self.w = as_array(solution.retail_price), as_array(solution.wholesale_price)
        self.demand = solution.outcome.demand
        scale = OwnSizes.of(solution).market
        pushed = np.abs(self.demand - (self.p - self.w)) > ACTIVE * scale
        held = pushed | (not is_edge_free)
        at_zero_demand = _is_active(self.demand, scale) & held & board.is_signed
        at_zero_price = _is_active(self.p, scale) & held & board.is_signed & ~at_zero_demand
        self.is_free = ~(at_zero_demand | at_zero_price)
        diagonal = np.where(self.is_free, 2.0, 1.0)
        crossing = sp.diags_array(np.where(at_zero_price, 0.0, 1.0)) @ board.gamma
        self.matrix = sp.csc_array(sp.diags_array(diagonal) - crossing)

    def of_manufacturer(self) -> FloatArray:
        """Return the derivative of ``(w - c)^T (a - B p)`` by w."""
        margin = self.w - self.board.c
        return np.asarray(self.demand + self._through_prices(self.board.gamma.T @ margin - margin))

    def of_retailer(self, r: int) -> FloatArray:
        """Return the derivative of retailer r's profit by w."""
        (own,) = _units([r], len(self.p))
        by_price = (self.p[r] - self.w[r]) * (self.board.gamma.T @ own - own) + self.demand[r] * own
        return np.asarray(self._through_prices(by_price) - self.demand[r] * own)

    def _through_prices(self, by_price: FloatArray) -> FloatArray:
        return np.asarray(spsolve(sp.csc_array(self.matrix.T), by_price) * self.is_free, dtype=float)


def _enterprise_slopes(solution: Solution, board: Board) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of the enterprises' profits by supply and transfer price, their equilibrium answering.

    Profits are quadratic where no constraint switches, so that central differences are exact up to rounding.
    """
    U, w_t = np.array([solution.outcome.usable]), cast(float, solution.transfer_price)
    start = as_array(solution.sales_effort)

    def profits(supply: FloatArray, price: float) -> FloatArray:
        e_n = enterprises_answer(board, U=supply, w_t=price, start=start)
        margin = board.m - supply + e_n - price - board.c_n
        return np.asarray(margin * board.quantity(e_n, supply) - board.k * e_n**2 / 2)

    step = 1e-3 * _scale(U)
    by_supply = (profits(U + step, w_t) - profits(U - step, w_t)) / (2 * step)
    by_price = (profits(U, w_t + step) - profits(U, w_t - step)) / (2 * step)
    return by_supply, by_price


def _chain_constraints(solution: Solution, board: Board) -> list[FloatArray]:
    """Return the gradients of one owner's active constraints by ``(p, e_r, e_n)``."""
    g, outcome = solution.network, solution.outcome
    R, N = g.regions, g.enterprises
    p, e_r, e_n = (as_array(z) for z in (solution.retail_price, solution.recycling_service, solution.sales_effort))
    size = OwnSizes.of(solution)
    sizes: tuple[FloatArray | float, ...] = (size.market, size.service, size.battery)
    signed: list[FloatArray] = [p if g.sign_constraints else np.full(R, np.inf), e_r, e_n]
    at_zero = np.concatenate([_is_active(z, size) for z, size in zip(signed, sizes, strict=True)])
    columns = _units(_where(at_zero), 2 * R + N)
    if not g.sign_constraints:
        return columns
    for r in _where(_is_active(outcome.demand, size.market)):
        (own,) = _units([r], R)
        columns.append(np.concatenate([board.gamma.T @ own - own, np.zeros(R + N)]))
    rivals: list[int] = _where(_is_active(outcome.quantity, size.battery)) if g.effort_rivalry > 0 else []
    for n in rivals:
        (own,) = _units([n], N)
        by_effort = g.effort_rivalry * (own - 1 / N)
        columns.append(np.concatenate([np.zeros(R), g.shares[n] * board.theta * board.beta, by_effort]))
    return columns


def _residual(gradient: FloatArray, columns: list[FloatArray], sizes: FloatArray) -> float:
    """Return the largest part of a gradient, relative to sizes, that no non-negative multipliers of columns cancel."""
    left = gradient / sizes
    if columns:
        matrix = np.column_stack(columns) / sizes[:, None]
        longest = np.abs(matrix).max(axis=0)
        matrix = matrix[:, longest > 0] / longest[longest > 0]
        multipliers, _ = nnls(matrix, -left)
        left = left + matrix @ multipliers
    return float(np.abs(left).max())


def _one_sided(gradient: FloatArray, *, low: BoolArray, high: BoolArray) -> float:
    """Return the same for players with one decision each: an active bound takes the gradient that points at it."""
    left = np.where(low, np.maximum(gradient, 0.0), gradient)
    return float(np.abs(np.where(high, np.minimum(left, 0.0), left)).max())


def _is_active(slack: FloatArray, scale: FloatArray | float) -> BoolArray:
    return np.asarray(np.abs(slack) <= ACTIVE * scale)


def _scale(*values: object) -> float:
    """Return the size of some numbers; 1 where they are all zero."""
    return max(float(np.abs(np.asarray(value)).max()) for value in values) or 1.0


def _where(mask: BoolArray) -> list[int]:
    return [int(index) for index in np.flatnonzero(mask)]


def _units(positions: Iterable[int], length: int) -> list[FloatArray]:
    """Return the unit vectors of some positions."""
    vectors = []
    for position in positions:
        vector = np.zeros(length)
        vector[position] = 1.0
        vectors.append(vector)
    return vectors
