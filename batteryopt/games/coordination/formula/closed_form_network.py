"""The network form by formula: at an interior point its first-order conditions are one sparse linear system.

The unknowns are ``(p, e_r, e_n, U, e_mean, e_shares)`` with ``e_mean = (1/N) sum_n e_n`` and
``e_shares = sum_n s_n e_n``: 2R + N + 3 of them. The equations are derived in the docstring of `regions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Solution
from batteryopt.ground.errors import FormulaDoesNotApply


@dataclass(frozen=True, kw_only=True, eq=False)
class _Prices:
    """Equations of the retail prices: ``matrix @ p = right``."""

    matrix: sp.csr_array
    right: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Services:
    """Equations of the services: ``e_r + by_supply * U + by_effort * e_shares = right``, coefficients by region."""

    by_supply: FloatArray
    by_effort: FloatArray
    right: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Efforts:
    """Equations of the efforts: ``own * e_n + by_mean * e_mean + by_supply * U = right``, by enterprise."""

    own: FloatArray
    by_mean: FloatArray
    by_supply: FloatArray
    right: FloatArray


def solve_network(network: CoordinationNetwork, model: Model) -> Solution:
    """Return one model's solution of the network form.

    Raises
    ------
    FormulaDoesNotApply
        If a constraint binds, or the transfer price is the manufacturer's and there is more than one enterprise.
    NoCoordinatingContract
        If the contract is asked for and none coordinates.
    """
    solvers = {
        Model.CENTRALIZED: _centralized,
        Model.DECENTRALIZED: _decentralized,
        Model.CONTRACT: _contract,
        Model.DECENTRALIZED_WHOLESALE: _decentralized_wholesale,
        Model.DECENTRALIZED_TRANSFER: _decentralized_transfer,
    }
    solution = solvers[model](network)
    failing = [*_sign_failures(solution), *_participation_failures(solution), *_cap_failures(solution)]
    if failing:
        raise FormulaDoesNotApply(f"the {model.value} model in the network form", failing)
    return solution


# --- models ----------------------------------------------------------------------------------------------------------


def _centralized(g: CoordinationNetwork) -> Solution:
    return _solved(g, Model.CENTRALIZED, _chain_prices(g), _chain_services(g), _chain_efforts(g))


def _decentralized(g: CoordinationNetwork) -> Solution:
    """Return model B: ``(I + B) p = a + w``, the retailers' equilibrium."""
    B = _own_less_cross(g)
    prices = _Prices(matrix=_eye(g) + B, right=np.asarray(g.market_size) + np.asarray(g.wholesale_price))
    return _solved(g, Model.DECENTRALIZED, prices, _own_services(g), _rival_efforts(g))


def _decentralized_wholesale(g: CoordinationNetwork) -> Solution:
    """Return model B with wholesale prices the manufacturer's.

    Put ``w = (I + B) p - a`` into ``(w - c)^T (a - B p)`` and set the gradient by p to zero:
    ``(B + B^T + 2 B^T B) p = a + 2 B^T a + c B^T 1``.
    """
    B, a = _own_less_cross(g), np.asarray(g.market_size)
    right = a + 2 * (B.T @ a) + g.production_cost * np.asarray(B.sum(axis=0))
    prices = _Prices(matrix=B + B.T + 2 * (B.T @ B), right=right)
    found = _solved(g, Model.DECENTRALIZED_WHOLESALE, prices, _own_services(g), _rival_efforts(g))
    p = np.asarray(found.retail_price)
    return replace(found, wholesale_price=_tuple(p + B @ p - a))


def _decentralized_transfer(g: CoordinationNetwork) -> Solution:
    """Return model B with the transfer price the manufacturer's, for a single enterprise.

    The price leaves it ``(m - U + e - w_t - c_1) U - k e^2 / 2 = reservation``; services are the centralised ones.
    """
    reservation = g.reservation_profit_echelon
    if g.enterprises > 1 or reservation is None:
        words = (
            "the transfer price leaves one enterprise at its reservation profit, and which one is not known beforehand"
        )
        lacking = "the transfer price is unbounded without a reservation profit of the enterprise"
        name = "the decentralized-transfer model in the network form"
        raise FormulaDoesNotApply(name, [lacking if reservation is None else words])
    best = _centralized(g)
    U, effort = best.outcome.usable, float(np.asarray(best.sales_effort)[0])
    if U <= 0:
        raise FormulaDoesNotApply("the decentralized-transfer model", ["it assumes that there are usable batteries"])
    margin = g.echelon_market_size - U + effort - g.testing_cost[0]
    price = margin - (float(g.effort_costs[0]) * effort**2 / 2 + reservation[0]) / U
    answered = _decentralized(g)
    return replace(
        answered,
        model=Model.DECENTRALIZED_TRANSFER,
        recycling_service=best.recycling_service,
        sales_effort=best.sales_effort,
        transfer_price=price,
    )


def _contract(g: CoordinationNetwork) -> Solution:
    """Return model C: ``x = 1 - beta_r G / e_r`` and ``w = c 1 + Gamma^T (p - c 1)`` at the centralised decisions."""
    best = solve_network(g, Model.CENTRALIZED)
    if g.enterprises > 1 and g.effort_rivalry > 0:
        raise NoCoordinatingContract(
            f"enterprises spend effort on taking batteries from each other (effort_rivalry = {g.effort_rivalry:g}), "
            "and neither a cost share nor a wholesale price changes that"
        )
    p, beta = np.asarray(best.retail_price), np.asarray(g.service_response)
    largest = int(beta.argmax())
    alone, chosen = beta[largest] * g.revenue_per_return, np.asarray(best.recycling_service)[largest]
    if not 0 < alone < chosen:
        raise NoCoordinatingContract(
            f"in region {largest} the manufacturer alone gives the service {max(alone, 0.0):g}, one owner would give "
            f"{chosen:g}: no cost share between 0 and 1 leads from one to the other"
        )
    w = g.production_cost + g.cross_prices.T @ (p - g.production_cost)
    return replace(best, model=Model.CONTRACT, wholesale_price=_tuple(w), cost_share=float(1 - alone / chosen))


# --- equations -------------------------------------------------------------------------------------------------------


def _chain_prices(g: CoordinationNetwork) -> _Prices:
    """Return ``(B + B^T) p = a + c B^T 1``."""
    B = _own_less_cross(g)
    right = np.asarray(g.market_size) + g.production_cost * np.asarray(B.sum(axis=0), dtype=float)
    return _Prices(matrix=B + B.T, right=right)


def _chain_services(g: CoordinationNetwork) -> _Services:
    """Return ``e_r = beta_r (f (1 - theta) + theta (m - c_s - 2 U + e_shares))``."""
    beta, theta = np.asarray(g.service_response), g.usable_share
    value = g.scrap_value * (1 - theta) + theta * (g.echelon_market_size - float(g.shares @ np.asarray(g.testing_cost)))
    return _Services(by_supply=2 * theta * beta, by_effort=-theta * beta, right=beta * value)


def _own_services(g: CoordinationNetwork) -> _Services:
    """Return ``e_r = beta_r G``."""
    none, beta = np.zeros(g.regions), np.asarray(g.service_response)
    return _Services(by_supply=none, by_effort=none, right=beta * g.revenue_per_return)


def _chain_efforts(g: CoordinationNetwork) -> _Efforts:
    """Return ``k_n e_n - 2 sigma (e_n - e_mean) - s_n U = -sigma (c_n - c_mean)``."""
    sigma, testing = g.effort_rivalry, np.asarray(g.testing_cost)
    return _Efforts(
        own=g.effort_costs - 2 * sigma,
        by_mean=np.full(g.enterprises, 2 * sigma),
        by_supply=-g.shares,
        right=-sigma * (testing - testing.mean()),
    )


def _rival_efforts(g: CoordinationNetwork) -> _Efforts:
    """Return ``(k_n - sigma (1 + nu)) e_n + sigma e_mean - (s_n - sigma nu) U = sigma nu (m - w_t - c_n)``."""
    sigma, nu = g.effort_rivalry, 1 - 1 / g.enterprises
    return _Efforts(
        own=g.effort_costs - sigma * (1 + nu),
        by_mean=np.full(g.enterprises, sigma),
        by_supply=sigma * nu - g.shares,
        right=sigma * nu * (g.echelon_market_size - g.transfer_price - np.asarray(g.testing_cost)),
    )


def _solved(g: CoordinationNetwork, model: Model, prices: _Prices, services: _Services, efforts: _Efforts) -> Solution:
    """Return the solution of the linear system that the three groups of equations and the definitions form."""
    R, N = g.regions, g.enterprises
    beta, theta, none = np.asarray(g.service_response), g.usable_share, None
    blocks: list[Any] = [
        [prices.matrix, none, none, none, none, none],
        [none, sp.eye_array(R), none, _column(services.by_supply), none, _column(services.by_effort)],
        [none, none, sp.diags_array(efforts.own), _column(efforts.by_supply), _column(efforts.by_mean), none],
        [none, _row(-theta * beta), none, _row(np.ones(1)), none, none],
        [none, none, _row(np.full(N, -1 / N)), none, _row(np.ones(1)), none],
        [none, none, _row(-g.shares), none, none, _row(np.ones(1))],
    ]
    supply = np.array([theta * g.own_returns.sum(), 0.0, 0.0])
    right = np.concatenate([prices.right, services.right, efforts.right, supply])
    unknowns = spsolve(sp.block_array(blocks, format="csc"), right)
    p, e_r, e_n, _ = np.split(unknowns, [R, 2 * R, 2 * R + N])
    return Solution(
        instance=g, model=model, retail_price=_tuple(p), recycling_service=_tuple(e_r), sales_effort=_tuple(e_n)
    )


def _tuple(values: FloatArray) -> tuple[float, ...]:
    return tuple(values.tolist())


def _own_less_cross(g: CoordinationNetwork) -> sp.csr_array:
    """Return ``B = I - Gamma``."""
    return sp.csr_array(_eye(g) - g.cross_prices)


def _eye(g: CoordinationNetwork) -> sp.csr_array:
    return sp.csr_array(sp.eye_array(g.regions))


def _column(values: FloatArray) -> sp.csr_array:
    return sp.csr_array(values.reshape(-1, 1))


def _row(values: FloatArray) -> sp.csr_array:
    return sp.csr_array(values.reshape(1, -1))


# --- conditions ------------------------------------------------------------------------------------------------------


def _sign_failures(solution: Solution) -> Iterator[str]:
    signs = {
        "recycling service": np.asarray(solution.recycling_service),
        "sales effort": np.asarray(solution.sales_effort),
    }
    if solution.network.sign_constraints:
        outcome = solution.outcome
        signs |= {
            "demand": outcome.demand,
            "retail price": np.asarray(solution.retail_price),
            "quantity of batteries": outcome.quantity,
        }
    for words, values in signs.items():
        if values.min() < 0:
            yield f"it assumes that no {words} is negative, but number {values.argmin()} would be {values.min():g}"


def _participation_failures(solution: Solution) -> Iterator[str]:
    """Yield the players that would earn less than their reservation profit, in the decentralised models."""
    if solution.model in (Model.CENTRALIZED, Model.CONTRACT):
        return
    g, outcome = solution.network, solution.outcome
    tolerance = 1e-9 * max(1.0, abs(outcome.supply_chain))  # the transfer price leaves an enterprise exactly there
    asked = {
        "manufacturer": (g.reservation_profit_manufacturer, outcome.manufacturer),
        "retailer": (g.reservation_profit_retailer, outcome.retailers),
        "echelon enterprise": (g.reservation_profit_echelon, outcome.enterprises),
    }
    for player, (least, profit) in asked.items():
        if least is not None and np.any(np.asarray(profit) < np.asarray(least) - tolerance):
            yield f"it assumes that every {player} earns its reservation profit, and one would not"


def _cap_failures(solution: Solution) -> Iterator[str]:
    g = solution.network
    if solution.model is Model.DECENTRALIZED_WHOLESALE and g.wholesale_price_cap is not None:
        over = np.asarray(solution.wholesale_price) - np.asarray(g.wholesale_price_cap)
        if over.max() > 0:
            yield f"it assumes that every wholesale price is within its cap, but number {over.argmax()} would not be"
    if solution.model is Model.DECENTRALIZED_TRANSFER and g.transfer_price_cap is not None:
        price = cast(float, solution.transfer_price)
        if price > g.transfer_price_cap:
            yield f"it assumes that the transfer price is within its cap, but it would be {price:g}"
