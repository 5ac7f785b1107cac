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

import numpy as np

from batteryopt.games.differential.judge.pieces import linear_path, piece_ends
from batteryopt.games.differential.judge.simulation import credit_income, demand_of, leader_part, moment, player_flows
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.games.differential.path.trajectory import Moments
from batteryopt.games.differential.solution import Model, Solution

_AT_CAP = 1e-6
"""Part of its cap within which innovation stands at it."""


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
    """Integrate costate, value and innovation cost still to come backward along the reported path."""
    game, times = solution.game, piece_ends(solution)
    rho, levels = game.discount_rate, game.states
    rates = rho * np.eye(levels + 2)
    rates[:levels, :levels] += game.efficiency_decay.T

    def push(now: FloatArray) -> FloatArray:
        at = solution.trajectory.at(now)
        value = _explicit(solution, at) - rho * player_flows(solution, at)[:, 0]
        return np.column_stack([-_pull(solution, at), value, -rho * innovation_cost(solution, at)])

    backward = linear_path(rates, push, times[::-1], _at_the_end(solution, float(times[-1])))[::-1]
    return _compared(solution, times, backward[:, :levels], backward[:, -2], backward[:, -1])


def _pull(solution: Solution, at: Moments) -> FloatArray:
    """Return d pi/d m (k, s) at prices that are at their best, by the envelope theorem.

    An owner's prices are at their best, so that only m itself counts; a decentralised leader's wholesale prices are,
    and the retailers' answer moves with m. In a contract the retailer's best prices are the chain's too.
    """
    game = solution.game
    demand, income = demand_of(game, at), credit_income(solution.instance, game, at.times)
    net_cost = game.unit_cost + at.efficiency @ game.efficiency_unit_cost.T - income
    led = at.wholesale_prices if solution.model is Model.DECENTRALIZED else None
    margin = (at.prices if led is None else led) - net_cost
    pulled = margin @ game.efficiency_effect - demand @ game.efficiency_unit_cost
    if led is not None:
        answer = np.linalg.solve(game.price_effect + game.own_price_effect(), game.efficiency_effect)  # dp/dm
        pulled = pulled - margin @ game.price_effect @ answer
    return np.asarray(leader_part(solution) * pulled)


def _explicit(solution: Solution, at: Moments) -> FloatArray:
    """Return the derivative of the flow by time itself (k): the credit price that changes."""
    instance, prices = solution.instance, solution.instance.credit_price_values
    if instance.credit_price_times is None or prices is None:
        return np.zeros(len(at.times))
    # Before the first time and after the last the price stands still.
    rises = np.array([0.0, *np.diff(prices) / np.diff(instance.credit_price_times), 0.0])
    rise = rises[np.searchsorted(instance.credit_price_times, at.times, side="right")]
    sold = demand_of(solution.game, at) @ solution.game.credits_per_vehicle
    return np.asarray(leader_part(solution) * rise * sold)


def _at_the_end(solution: Solution, time: float) -> FloatArray:
    """Return costate, expected H and innovation cost at the end: the salvage's, or the steady state's."""
    game, instance, at = solution.game, solution.instance, moment(solution, time)
    if instance.is_finite:
        shadow: FloatArray = leader_part(solution) * np.array(instance.salvage_values or np.zeros(game.states))
        expected = _hamiltonian(solution, at, shadow[None, :])[0]
    else:
        discounting = game.discount_rate * np.eye(game.states) + game.efficiency_decay.T
        shadow = np.linalg.solve(discounting, _pull(solution, at)[0])
        expected = player_flows(solution, at)[0, 0]
    return np.array([*shadow, expected, innovation_cost(solution, at)[0]])


def _hamiltonian(solution: Solution, at: Moments, shadow: FloatArray) -> FloatArray:
    """Return H (k) at costates (k, s)."""
    game = solution.game
    growth = at.innovation @ game.innovation_effectiveness.T - at.efficiency @ game.efficiency_decay.T
    return np.asarray(player_flows(solution, at)[:, 0] + np.sum(shadow * growth, axis=1))


def innovation_cost(solution: Solution, at: Moments) -> FloatArray:
    """Return g' K g (k)."""
    return np.asarray(np.einsum("ki,ij,kj->k", at.innovation, solution.game.innovation_cost, at.innovation))


def _compared(
    solution: Solution, times: FloatArray, shadow: FloatArray, expected: FloatArray, cost_to_come: FloatArray
) -> Costate:
    """Return the costate beside the reported innovation and Hamiltonian.

    A budget's shadow price belongs to both sides: innovation costs ``1 + nu`` times as much in the Hamiltonian and in
    the value still to come (`cost_to_come` is rho times the innovation cost still to come; at a finite end, as H, it
    is the cost's own flow).
    """
    at = solution.trajectory.at(times)
    price = _budget_price(solution, shadow, at)
    surcharge = leader_part(solution) * price
    return Costate(
        times=times,
        shadow_price=shadow,
        expected=expected - surcharge * cost_to_come,
        hamiltonian=_hamiltonian(solution, at, shadow) - surcharge * innovation_cost(solution, at),
        best_innovation=_best_innovation(solution, shadow, at.innovation, 1.0 + price),
        innovation=at.innovation,
        budget_price=price,
    )


def _free_innovation(solution: Solution, shadow: FloatArray) -> FloatArray:
    """Return ``K^-1 M' lambda / 2``, over the part of the cost that the player bears (k, r)."""
    game = solution.game
    wanted = np.linalg.solve(game.innovation_cost, game.innovation_effectiveness.T @ shadow.T).T
    return np.asarray(wanted / (2.0 * leader_part(solution)))


def _budget_price(solution: Solution, shadow: FloatArray, at: Moments) -> float:
    """Return the shadow price nu of the budget for which ``g = free g / (1 + nu)`` fits best; 0 without a budget.

    A time counts as its money does: late months, which hardly weigh in the plan, are left less exact by an optimiser.
    An effort at its cap says nothing of the price: it would be larger at any.
    """
    if solution.instance.innovation_budget is None:
        return 0.0
    counted = np.exp(-solution.game.discount_rate * at.times)[:, None] * at.innovation
    if solution.instance.innovation_caps is not None:
        counted = np.where(at.innovation < (1.0 - _AT_CAP) * np.array(solution.instance.innovation_caps), counted, 0.0)
        if not counted.any():
            return 0.0
    free = _free_innovation(solution, shadow)
    return max(0.0, float(np.sum(free * counted) / np.sum(at.innovation * counted)) - 1.0)


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
