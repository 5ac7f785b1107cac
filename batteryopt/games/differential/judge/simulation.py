"""The reported controls played forward by SciPy: what efficiency they really lead to, and what they are worth.

Written from the model's equations alone, player by player, and integrated by a Runge-Kutta method with error control:
nothing is shared with the collocation, its quadrature, or the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.judge.pieces import integrate, linear_path, piece_ends
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments
from batteryopt.games.differential.solution import Solution


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """Efficiency and present values that follow from the reported controls.

    Attributes
    ----------
    times
        Ends of the integrated pieces (k).
    efficiency
        m there (k, s).
    values
        Present values: manufacturer, then the retailers.
    """

    times: FloatArray
    efficiency: FloatArray
    values: FloatArray


def simulate(solution: Solution) -> Simulation:
    """Play the reported controls forward from m0."""
    game, times = solution.game, piece_ends(solution)
    path = linear_path(
        -game.efficiency_decay,
        lambda now: solution.trajectory.at(now).innovation @ game.innovation_effectiveness.T,
        times,
        game.initial_efficiency,
    )
    earned = _earned(solution, times, path)
    return Simulation(times=times, efficiency=path, values=earned + _remainder(solution, float(times[-1]), path[-1]))


def _earned(solution: Solution, times: FloatArray, path: FloatArray) -> FloatArray:
    """Return the discounted money of manufacturer and retailers along a simulated path of efficiency (k + 1, s)."""
    game = solution.game

    def slope(now: FloatArray, state: FloatArray) -> FloatArray:
        at = replace(solution.trajectory.at(now), efficiency=state[:, : game.states])
        growth = at.innovation @ game.innovation_effectiveness.T - at.efficiency @ game.efficiency_decay.T
        return np.hstack([growth, np.exp(-game.discount_rate * now)[:, None] * player_flows(solution, at)])

    begin = np.hstack([path[:-1], np.zeros((len(times) - 1, 1 + len(game.retailers)))])
    return np.asarray(integrate(slope, times[:-1], times[1:], begin)[:, game.states :].sum(axis=0))


def moment(solution: Solution, time: float, efficiency: FloatArray | None = None) -> Moments:
    """Return the reported state and decisions at one time, or the decisions with another efficiency (s)."""
    at = solution.trajectory.at(np.array([time]))
    return at if efficiency is None else replace(at, efficiency=efficiency[None, :])


def _remainder(solution: Solution, time: float, m: FloatArray) -> FloatArray:
    """Return what comes after the last piece: the salvage, or the last flow for ever."""
    game, discount = solution.game, np.exp(-solution.game.discount_rate * time)
    if not solution.instance.is_finite:
        flow = player_flows(solution, moment(solution, time, efficiency=m))[0]
        return np.asarray(discount * flow / game.discount_rate)
    manufacturer = leader_part(solution)
    parts = np.array([manufacturer, *[1.0 - manufacturer] * len(game.retailers)])
    return np.asarray(discount * salvage_worth(solution, m) * parts)


def salvage_worth(solution: Solution, m: FloatArray) -> float:
    """Return what efficiency m (s) is worth at the end of a finite horizon."""
    return float(np.dot(solution.instance.salvage_values or np.zeros(len(m)), m))


def leader_part(solution: Solution) -> float:
    """Return the part of revenue, innovation cost and salvage that a contract leaves the manufacturer; else 1."""
    return 1.0 if solution.share is None else 1.0 - solution.share


def player_flows(solution: Solution, at: Moments) -> FloatArray:
    """Return what the manufacturer (the owner, if integrated) and each retailer earn a month, (k, 1 + retailers)."""
    game, credits = solution.game, credit_income(solution.instance, solution.game, at.times)
    demand, unit_cost = demand_of(game, at), game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T
    innovation = np.einsum("ki,ij,kj->k", at.innovation, game.innovation_cost, at.innovation)
    retail = np.zeros((len(at.times), len(game.retailers)))
    w = at.wholesale_prices
    if w is None:
        return np.column_stack([np.sum((at.prices - unit_cost + credits) * demand, axis=1) - innovation, retail])
    kept = solution.share
    if kept is None:
        by_vehicle = (at.prices - w) * demand
        manufacturer = np.sum((w - unit_cost + credits) * demand, axis=1) - innovation
    else:
        by_vehicle = (kept * (at.prices + credits) - w) * demand
        manufacturer = np.sum((w - unit_cost + (1.0 - kept) * (at.prices + credits)) * demand, axis=1)
        manufacturer = manufacturer - (1.0 - kept) * innovation
        retail -= kept * innovation[:, None]
    retail += np.column_stack([by_vehicle[:, list(vehicles)].sum(axis=1) for vehicles in game.retailers])
    return np.column_stack([manufacturer, retail])


def demand_of(game: GameMatrices, at: Moments) -> FloatArray:
    """Return alpha + Phi m - B p (k, n)."""
    pulled = game.market_size + at.efficiency @ game.efficiency_effect.T
    return np.asarray(pulled - at.prices @ game.price_effect.T)


def credit_income(instance: Instance, game: GameMatrices, times: FloatArray) -> FloatArray:
    """Return h(t) theta (k, n)."""
    return np.asarray(instance.credit_price_at(times, game.credit_price)[:, None] * game.credits_per_vehicle)
