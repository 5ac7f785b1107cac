"""Judges an answer from instance and solution alone; knows neither the formulas nor the optimiser.

Every player's decision is judged twice: by its first-order conditions (`stationarity`) and by trying to do better
(`responses` for followers, `search` for the leader and the one owner).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.judge.agreement import AGREEMENT_TOLERANCE, agreement
from batteryopt.games.coordination.judge.deviations import chain_gain, leader_gain
from batteryopt.games.coordination.judge.own_sizes import OwnSizes
from batteryopt.games.coordination.judge.pareto import ParetoRegion
from batteryopt.games.coordination.judge.responses import Board, enterprises, retailers
from batteryopt.games.coordination.judge.stationarity import (
    chain_residual,
    enterprises_residual,
    leader_residual,
    retailers_residual,
)
from batteryopt.games.coordination.solution import Model, Solution, as_array
from batteryopt.ground.certificate import Certificate, Check

__all__ = ["AGREEMENT_TOLERANCE", "agreement", "certify", "everyone_gains"]

FEASIBILITY_TOLERANCE = 1e-7
SUM_TOLERANCE = 1e-9
STATIONARITY_TOLERANCE = 1e-5
"""Gradients relative to the size of their terms."""
GAIN_TOLERANCE = 1e-7
"""Relative to the player's profit; a decision that is off by d loses only about d squared."""


def certify(solution: Solution) -> Certificate:
    """Return what can be said of a solution: feasible, adding up, and no player able to do better.

    Every residual is relative to the size of what it is about. In the decentralised models the manufacturer is tried
    with the followers answering it; under a contract the chain as a whole is tried too, for that is what it is for.
    """
    checks = [*_sound(solution)]
    if solution.model is not Model.CENTRALIZED:
        checks += [*_followers(solution), *_manufacturer(solution)]
    if solution.model in (Model.CENTRALIZED, Model.CONTRACT):
        checks += [*_chain(solution)]
    return Certificate(tuple(checks))


def everyone_gains(region: ParetoRegion, *, contract: Solution, before: Solution) -> Certificate:
    """Return whether the contract with the lump sums of Nash bargaining leaves each player better off than `before`."""
    k1, k2 = region.nash_bargaining
    now, then = contract.profits, before.profits
    gains = {
        "manufacturer": now.manufacturer + k1 - then.manufacturer,
        "retailer": now.retailer - k1 - k2 - then.retailer,
        "echelon-enterprise": now.echelon_enterprise + k2 - then.echelon_enterprise,
    }
    size = max(1.0, abs(then.supply_chain))
    return Certificate(
        tuple(
            Check(
                name=f"gains-{player}",
                residual=max(0.0, -gain / size),
                tolerance=0.0,
                detail=f"gain {gain:g}",
                is_of_convergence=True,
            )
            for player, gain in gains.items()
        )
    )


# --- the checks ------------------------------------------------------------------------------------------------------


def _sound(solution: Solution) -> Iterator[Check]:
    violation, where = max(_violations(solution))
    yield Check(name="feasible", residual=violation, tolerance=FEASIBILITY_TOLERANCE, detail=f"worst: {where}")
    outcome = solution.outcome
    members = outcome.manufacturer + float(outcome.retailers.sum()) + float(outcome.enterprises.sum())
    yield Check(
        name="profits-sum-to-chain",
        residual=abs(members - outcome.supply_chain) / _all_money(solution),
        tolerance=SUM_TOLERANCE,
        detail="the players' profits against the chain's own formula",
    )


def _followers(solution: Solution) -> Iterator[Check]:
    board, outcome, size = Board(solution.network), solution.outcome, OwnSizes.of(solution)
    p, w = as_array(solution.retail_price), as_array(solution.wholesale_price)
    e_n, U = as_array(solution.sales_effort), np.array([outcome.usable])
    w_t = cast(float, solution.transfer_price)
    yield _stationary("retailer", retailers_residual(solution))
    yield _unimprovable("retailer", retailers(board, p=p, w=w).gain(), size.retail_money)
    yield _stationary("echelon-enterprise", enterprises_residual(solution))
    gains = enterprises(board, e_n=e_n, U=U, w_t=w_t).gain()
    yield _unimprovable("echelon-enterprise", gains, size.enterprise_money)


def _manufacturer(solution: Solution) -> Iterator[Check]:
    yield _stationary("manufacturer", leader_residual(solution))
    yield Check(
        is_of_convergence=True,
        name="best-response-manufacturer",
        residual=leader_gain(solution),
        tolerance=GAIN_TOLERANCE,
        detail="largest gain found by other decisions, the followers answering them, relative to the market it is in",
    )


def _chain(solution: Solution) -> Iterator[Check]:
    yield _stationary("supply-chain", chain_residual(solution))
    yield Check(
        is_of_convergence=True,
        name="best-response-supply-chain",
        residual=chain_gain(solution),
        tolerance=GAIN_TOLERANCE,
        detail="largest gain found by moving all decisions together, relative to the market it is in",
    )


def _stationary(player: str, residual: float) -> Check:
    return Check(
        is_of_convergence=True,
        name=f"stationarity-{player}",
        residual=residual,
        tolerance=STATIONARITY_TOLERANCE,
        detail="gradient left over with the best multipliers",
    )


def _unimprovable(player: str, gains: FloatArray, money: FloatArray) -> Check:
    relative = gains / money
    return Check(
        is_of_convergence=True,
        name=f"best-response-{player}",
        residual=max(0.0, float(relative.max())) if np.isfinite(relative).all() else float("nan"),
        tolerance=GAIN_TOLERANCE,
        detail="largest gain by another decision, all others' as they are, relative to the player's own money",
    )


def _all_money(solution: Solution) -> float:
    size = OwnSizes.of(solution)
    return float(size.retail_money.sum() + size.enterprise_money.sum() + size.battery_money)


def _violations(solution: Solution) -> Iterator[tuple[float, str]]:
    """Yield by how much each group of constraints is violated, relative to the size of what it limits."""
    g, outcome, size = solution.network, solution.outcome, OwnSizes.of(solution)
    yield _violation("recycling service", as_array(solution.recycling_service), 0.0, size.service)
    yield _violation("sales effort", as_array(solution.sales_effort), 0.0, size.battery)
    if g.sign_constraints:
        yield _violation("demand", outcome.demand, 0.0, size.market)
        yield _violation("retail price", as_array(solution.retail_price), 0.0, size.market)
        yield _violation("quantity of batteries", outcome.quantity, 0.0, size.battery)
    if solution.model is Model.CONTRACT:
        yield _violation("cost share", np.array([solution.cost_share, 1 - solution.cost_share]), 0.0, 1.0)
    elif solution.model is not Model.CENTRALIZED:
        yield _violation(
            "manufacturer's profit", outcome.manufacturer, g.reservation_profit_manufacturer, _all_money(solution)
        )
        yield _violation("retailer's profit", outcome.retailers, g.reservation_profit_retailer, size.retail_money)
        yield _violation(
            "echelon enterprise's profit", outcome.enterprises, g.reservation_profit_echelon, size.enterprise_money
        )
    if solution.model is Model.DECENTRALIZED_WHOLESALE and g.wholesale_price_cap is not None:
        prices = as_array(solution.wholesale_price)
        yield _violation("wholesale price", -prices, [-w for w in g.wholesale_price_cap], size.market)
    if solution.model is Model.DECENTRALIZED_TRANSFER and g.transfer_price_cap is not None:
        price = cast(float, solution.transfer_price)
        yield _violation("transfer price", -price, -g.transfer_price_cap, max(abs(price), g.echelon_market_size))


def _violation(name: str, value: object, least: object, size: FloatArray | float) -> tuple[float, str]:
    """Return the largest shortfall, each relative to the larger of its own size and what is asked for."""
    if least is None:
        return 0.0, name
    values, needed = np.asarray(value, dtype=float), np.asarray(least, dtype=float)
    sizes = np.maximum(np.maximum(size, np.abs(needed)), np.finfo(float).tiny)
    return max(0.0, float(((needed - values) / sizes).max())), name
