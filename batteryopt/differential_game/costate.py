"""Pontryagin's conditions along the reported path: the costate played backward, innovation against it, and HJB.

For who steers innovation, with the current-value Hamiltonian ``H = pi - g' K g + lambda' (M g - E m)`` where pi is the
static profit with prices at their best::

    lambda' = (rho + E') lambda - d pi/d m           backward from the end
    g maximises H                                    the maximum condition
    H = rho V                                        the Hamilton-Jacobi-Bellman equation along an autonomous path

V is the value still to come, from the reported money flow; where time enters by itself (an end, a path of the credit
price) the last line becomes an integral identity. No value function is taken from either route.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from batteryopt.differential_game.quadrature import FloatArray
from batteryopt.differential_game.simulation import (
    credit_income,
    demand_of,
    leader_part,
    moment,
    piece_ends,
    player_flows,
)
from batteryopt.differential_game.solution import Model, Solution
from batteryopt.differential_game.trajectory import Moments

_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Costate:
    """The costate and the value still to come, at the ends of the pieces (k).

    Attributes
    ----------
    shadow_price
        lambda (k, s).
    expected
        What H must be: rho V, with what time itself adds (k).
    hamiltonian
        H at the reported decisions (k).
    best_innovation
        The g that maximises H under the caps (k, r).
    innovation
        The reported g (k, r).
    budget_price
        Shadow price of a budget, 0 without one: it makes innovation that much dearer.
    """

    times: FloatArray
    shadow_price: FloatArray
    expected: FloatArray
    hamiltonian: FloatArray
    best_innovation: FloatArray
    innovation: FloatArray
    budget_price: float


def costate(solution: Solution) -> Costate:
    """Integrate costate and value backward along the reported path."""
    game, times = solution.game, piece_ends(solution)
    rho, decay = game.discount_rate, game.efficiency_decay

    def slope(time: float, state: FloatArray) -> FloatArray:
        at = moment(solution, float(np.clip(time, *piece)))
        shadow = (rho * np.eye(game.states) + decay.T) @ state[: game.states] - _pull(solution, at)
        value = rho * (state[-2] - player_flows(solution, at)[0, 0]) + _explicit(solution, at)
        return np.concatenate([shadow, [value, rho * (state[-1] - innovation_cost(solution, at))]])

    state = _at_the_end(solution, float(times[-1]))
    path = [state]
    for end, start in pairwise(times[::-1]):
        piece = (start, np.nextafter(end, start))
        state = solve_ivp(slope, (end, start), state, method="DOP853", rtol=_TOLERANCE, atol=_TOLERANCE).y[:, -1]
        path.append(state)
    backward = np.array(path[::-1])
    return _compared(solution, times, backward[:, : game.states], backward[:, -2], backward[:, -1])


def _pull(solution: Solution, at: Moments) -> FloatArray:
    """Return d pi/d m (s) at prices that are at their best, by the envelope theorem.

    An owner's prices are at their best, so that only m itself counts; a decentralised leader's wholesale prices are,
    and the retailers' answer moves with m. In a contract the retailer's best prices are the chain's too.
    """
    game = solution.game
    demand = demand_of(game, at)[0]
    income = credit_income(solution.instance, game, at.times)[0]
    net_cost = game.unit_cost + game.efficiency_unit_cost @ at.efficiency[0] - income
    led = at.wholesale_prices if solution.model is Model.DECENTRALIZED else None
    margin = (at.prices if led is None else led)[0] - net_cost
    pulled = game.efficiency_effect.T @ margin - game.efficiency_unit_cost.T @ demand
    if led is not None:
        answer = np.linalg.solve(game.price_effect + game.own_price_effect(), game.efficiency_effect)  # dp/dm
        pulled = pulled - answer.T @ game.price_effect.T @ margin
    return np.asarray(leader_part(solution) * pulled)


def _explicit(solution: Solution, at: Moments) -> float:
    """Return the derivative of the flow by time itself: the credit price that changes."""
    instance, time = solution.instance, at.times[0]
    if instance.credit_price_times is None or instance.credit_price_values is None:
        return 0.0
    position = int(np.searchsorted(instance.credit_price_times, time, side="right"))
    if position in (0, len(instance.credit_price_times)):
        return 0.0
    rise = np.diff(instance.credit_price_values)[position - 1] / np.diff(instance.credit_price_times)[position - 1]
    sold = solution.game.credits_per_vehicle @ demand_of(solution.game, at)[0]
    return float(leader_part(solution) * rise * sold)


def _at_the_end(solution: Solution, time: float) -> FloatArray:
    """Return costate, expected H and innovation cost at the end: the salvage's, or the steady state's."""
    game, instance, at = solution.game, solution.instance, moment(solution, time)
    if instance.is_finite:
        shadow: FloatArray = leader_part(solution) * np.array(instance.salvage_values or np.zeros(game.states))
        expected = _hamiltonian(solution, at, shadow)
    else:
        discounting = game.discount_rate * np.eye(game.states) + game.efficiency_decay.T
        shadow, expected = np.linalg.solve(discounting, _pull(solution, at)), player_flows(solution, at)[0, 0]
    return np.concatenate([shadow, [expected, innovation_cost(solution, at)]])


def _hamiltonian(solution: Solution, at: Moments, shadow: FloatArray) -> float:
    game = solution.game
    growth = game.innovation_effectiveness @ at.innovation[0] - game.efficiency_decay @ at.efficiency[0]
    return float(player_flows(solution, at)[0, 0] + shadow @ growth)


def innovation_cost(solution: Solution, at: Moments) -> float:
    """Return g' K g."""
    return float(at.innovation[0] @ solution.game.innovation_cost @ at.innovation[0])


def _compared(
    solution: Solution, times: FloatArray, shadow: FloatArray, expected: FloatArray, cost_to_come: FloatArray
) -> Costate:
    """Return the costate beside the reported innovation and Hamiltonian.

    A budget's shadow price belongs to both sides: innovation costs ``1 + nu`` times as much in the Hamiltonian and in
    the value still to come (`cost_to_come` is rho times the innovation cost still to come; at a finite end, as H, it
    is the cost's own flow).
    """
    points = [moment(solution, float(time)) for time in times]
    innovation = np.array([at.innovation[0] for at in points])
    price = _budget_price(solution, shadow, innovation)
    surcharge = leader_part(solution) * price
    return Costate(
        times=times,
        shadow_price=shadow,
        expected=expected - surcharge * cost_to_come,
        hamiltonian=np.array(
            [
                _hamiltonian(solution, at, shadow[k]) - surcharge * innovation_cost(solution, at)
                for k, at in enumerate(points)
            ]
        ),
        best_innovation=_best_innovation(solution, shadow, innovation, 1.0 + price),
        innovation=innovation,
        budget_price=price,
    )


def _free_innovation(solution: Solution, shadow: FloatArray) -> FloatArray:
    """Return ``K^-1 M' lambda / 2``, over the part of the cost that the player bears (k, r)."""
    game = solution.game
    wanted = np.linalg.solve(game.innovation_cost, game.innovation_effectiveness.T @ shadow.T).T
    return np.asarray(wanted / (2.0 * leader_part(solution)))


def _budget_price(solution: Solution, shadow: FloatArray, innovation: FloatArray) -> float:
    """Return the shadow price nu of the budget for which ``g = free g / (1 + nu)`` fits best; 0 without a budget."""
    if solution.instance.innovation_budget is None:
        return 0.0
    free = _free_innovation(solution, shadow)
    return max(0.0, float(np.sum(free * innovation) / np.sum(innovation**2)) - 1.0)


def _best_innovation(solution: Solution, shadow: FloatArray, innovation: FloatArray, dearness: float) -> FloatArray:
    """Return the innovation that maximises H (k, r); under caps, one projected step from the reported one.

    A projected gradient step leaves a point alone iff the point is the best one in the box.
    """
    free = _free_innovation(solution, shadow) / dearness
    caps = solution.instance.innovation_caps
    if caps is None:
        return free
    cost = solution.game.innovation_cost
    step = (free - innovation) @ cost.T / np.abs(cost).sum(axis=1)
    return np.asarray(np.clip(innovation + step, 0.0, np.array(caps)))
