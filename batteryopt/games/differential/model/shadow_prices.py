"""What a unit of efficiency is worth to whoever steers innovation, along a path that a search has found.

Grids are chosen by it (see `cap_switches`), and whether a path has come to rest is told: no decision is set to it.
"""

from __future__ import annotations

import numpy as np

from batteryopt.games.differential.data.instance import Instance
from batteryopt.games.differential.path.quadrature import FloatArray, Rule, differentiation_matrix, interpolation_matrix
from batteryopt.games.differential.path.trajectory import Moments, Trajectory
from batteryopt.games.differential.solution import Model, demands


def shadow_prices(instance: Instance, model: Model, trajectory: Trajectory) -> FloatArray:
    """Return ``lambda`` with ``lambda' = (rho + E') lambda - d pi/d m``, from the end of the horizon backward.

    By collocation on the trajectory's own grid: (elements, degree + 1, s), each element's start before its nodes.
    Unlike innovation, which may have kinks, lambda is smooth and is known where innovation is not yet. Prices are taken
    to be at their best and off their limits.
    """
    game, grid = instance.matrices(), trajectory.grid
    rates = game.discount_rate * np.eye(game.states) + game.efficiency_decay.T
    pull = worth_of_efficiency(instance, model, trajectory.at_nodes()).reshape(*grid.times.shape, -1)
    if np.isinf(grid.breaks[-1]):
        end = np.linalg.solve(rates, worth_of_efficiency(instance, model, trajectory.end)[0])
    else:
        end = np.array(instance.salvage_values or np.zeros(game.states))
    found = np.empty((grid.elements, grid.degree + 1, game.states))
    for element in reversed(range(grid.elements)):
        rule = grid.last_rule if element == grid.elements - 1 else Rule.RADAU
        found[element] = _through_element(rates, pull[element], grid.speeds[element], rule, end)
        end = found[element, 0]
    return found


def is_at_rest(instance: Instance, model: Model, trajectory: Trajectory, tolerance: float) -> bool:
    """Whether a path without end has come to its steady state, relative to its size.

    Nothing moves there, ``M g = E m``, and innovation is what the shadow price at rest asks for. Where money is gone
    before paths have come to rest, a search leaves any end, and smooth as it may be, it fails one or the other. Where
    prices are constrained or innovation has a budget, the shadow price is another one, and only the first is asked.
    """
    game, end = instance.matrices(), trajectory.end
    efficiency = np.linalg.solve(game.efficiency_decay, game.innovation_effectiveness @ end.innovation[0])
    size = max(float(np.abs(trajectory.efficiency).max()), float(np.abs(efficiency).max()))
    if np.abs(efficiency - end.efficiency[0]).max() > tolerance * size:
        return False
    if instance.constrains_prices() or instance.innovation_budget is not None:
        return True
    rates = game.discount_rate * np.eye(game.states) + game.efficiency_decay.T
    shadow = np.linalg.solve(rates, worth_of_efficiency(instance, model, end)[0])
    slope = game.innovation_effectiveness.T @ shadow / 2.0 - game.innovation_cost @ end.innovation[0]
    step = slope / np.abs(game.innovation_cost).sum(axis=1)  # a gradient step: the best point of a box stays, too
    caps = np.inf if instance.innovation_caps is None else np.array(instance.innovation_caps)
    floor = -np.inf if instance.innovation_caps is None else 0.0
    moved = np.clip(end.innovation[0] + step, floor, caps) - end.innovation[0]
    return bool(np.abs(moved).max() <= tolerance * np.abs(trajectory.innovation).max())


def _through_element(
    rates: FloatArray, pull: FloatArray, speeds: FloatArray, rule: Rule, end: FloatArray
) -> FloatArray:
    """Return lambda at an element's start and nodes (degree + 1, s), from its value at the element's end."""
    degree, levels = pull.shape
    slopes = speeds[:, None] * differentiation_matrix(rule, degree)
    at_nodes = np.eye(degree, degree + 1, 1)
    at_end = interpolation_matrix(rule, degree, np.ones(1), with_start=True)
    system = np.vstack([np.kron(slopes, np.eye(levels)) - np.kron(at_nodes, rates), np.kron(at_end, np.eye(levels))])
    return np.asarray(np.linalg.solve(system, np.append(-pull.ravel(), end))).reshape(-1, levels)


def worth_of_efficiency(instance: Instance, model: Model, at: Moments) -> FloatArray:
    """Return ``d pi/d m`` (k, s), what a unit more of efficiency earns a month, prices being at their best.

    An owner's prices are at their best for the chain, and so are the retailer's under the contract: only efficiency
    itself counts. A manufacturer that leads knows that retailers' prices move with it.
    """
    game = instance.matrices()
    is_led = model is Model.DECENTRALIZED
    income = instance.credit_price_at(at.times, game.credit_price)[:, None] * game.credits_per_vehicle
    charged = at.wholesale_prices if is_led and at.wholesale_prices is not None else at.prices
    margin = charged + income - game.unit_cost - at.efficiency @ game.efficiency_unit_cost.T
    brings = game.efficiency_effect
    if is_led:
        raised = np.linalg.solve(game.price_effect + game.own_price_effect(), brings)
        brings = brings - game.price_effect @ raised
    return np.asarray(margin @ brings - demands(game, at) @ game.efficiency_unit_cost)
