"""Random instances that keep the game's assumptions, for tests and for measuring solvers; a seed gives one instance."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.games.differential.data.assumptions import has_steady_state
from batteryopt.games.differential.data.general import GeneralDifferentialGame, vehicles_from_matrices
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.path.quadrature import FloatArray

_BISECTIONS = 20


def random_pair(seed: int) -> DifferentialGameInstance:
    """Return a random two-vehicle game in which both demands are positive from efficiency zero on.

    Innovation costs 1.3 to 5 times what it must at least, so that the pace of the steady state's approach varies.
    """
    draw = np.random.default_rng(seed)
    beta = draw.uniform(1.0, 3.0)
    gamma = draw.uniform(0.1, 0.8) * beta
    spread = beta - gamma
    phi = draw.uniform(0.3, 2.0)
    c0 = draw.uniform(0.1, 0.9) * phi / spread
    mu, eta, rho = draw.uniform(0.5, 1.5), draw.uniform(0.2, 1.0), draw.uniform(0.03, 0.2)
    least_cost = (mu * (phi - spread * c0)) ** 2 / (2 * spread * eta * (eta + rho))  # Q = 0 in the integrated game
    cost_1, cost_2 = draw.uniform(1.0, 4.0), draw.uniform(1.0, 4.0)
    credits, credit_price = draw.uniform(0.1, 1.0), draw.uniform(0.0, 0.9)
    return DifferentialGameInstance(
        name=f"random pair {seed}",
        source="drawn at random",
        market_size=(beta * cost_1 + draw.uniform(5.0, 30.0), beta * cost_2 + draw.uniform(5.0, 30.0)),
        price_sensitivity=beta,
        cross_price_sensitivity=gamma,
        efficiency_effect=phi,
        innovation_effectiveness=mu,
        efficiency_decay=eta,
        unit_cost=(cost_1, cost_2),
        efficiency_unit_cost=c0,
        innovation_cost=least_cost * draw.uniform(1.3, 5.0),
        discount_rate=rho,
        credit_price=credit_price * min(cost_1, cost_2) / credits,
        credits_per_vehicle=credits,
        initial_efficiency=draw.uniform(0.0, 20.0),
    )


def random_general(seed: int, *, vehicles: int, states: int, retailers: int = 1) -> GeneralDifferentialGame:
    """Return a random game in matrices: substitutes, spillovers between efficiency levels, vehicles dealt to retailers.

    Raises
    ------
    ValueError
        If there are fewer vehicles than retailers.
    """
    if vehicles < retailers:
        raise ValueError(f"{vehicles} vehicles cannot be dealt to {retailers} retailers")
    draw = np.random.default_rng(seed)
    price_effect = _substitutes(draw, vehicles)
    effect = _efficiency_effects(draw, vehicles, states)
    unit_cost = draw.uniform(1.0, 4.0, size=vehicles)
    credits = draw.uniform(0.1, 1.0, size=vehicles)
    credit_price = draw.uniform(0.0, 0.9) * float((unit_cost / credits).min())
    net_cost = unit_cost - credit_price * credits
    game = GameMatrices(
        market_size=price_effect @ net_cost + draw.uniform(5.0, 20.0, size=vehicles),
        price_effect=price_effect,
        efficiency_effect=effect,
        unit_cost=unit_cost,
        # Each level costs a part of what it earns: F = Phi - B C0 keeps the rest of Phi, column by column.
        efficiency_unit_cost=np.linalg.solve(price_effect, effect) * draw.uniform(0.1, 0.6, size=states),
        credits_per_vehicle=credits,
        credit_price=credit_price,
        innovation_effectiveness=np.diag(draw.uniform(0.5, 1.5, size=states)) + draw.uniform(0, 0.1, (states, states)),
        efficiency_decay=np.diag(draw.uniform(0.3, 1.0, size=states)) - 0.1 / states * draw.random((states, states)),
        innovation_cost=_innovation_cost(draw, states),
        discount_rate=draw.uniform(0.03, 0.2),
        initial_efficiency=draw.uniform(0.0, 10.0, size=states),
        retailers=tuple(tuple(range(first, vehicles, retailers)) for first in range(retailers)),
    )
    dear_enough = dataclasses.replace(
        game, innovation_cost=game.innovation_cost * _least_factor(game) * draw.uniform(1.5, 4.0)
    )
    return vehicles_from_matrices(dear_enough, name=f"random game {seed}", source="drawn at random")


def _substitutes(draw: np.random.Generator, vehicles: int) -> FloatArray:
    """Return symmetric price effects with own effects above the sum of the cross effects."""
    cross = np.triu(draw.uniform(0.0, 1.0 / vehicles, (vehicles, vehicles)), k=1)
    cross = cross + cross.T
    matrix: FloatArray = np.diag(cross.sum(axis=1) + draw.uniform(0.5, 1.5, size=vehicles)) - cross
    return matrix


def _efficiency_effects(draw: np.random.Generator, vehicles: int, states: int) -> FloatArray:
    """Return effects of each vehicle's own level, and a little of the others."""
    effect = draw.uniform(0.0, 0.1, (vehicles, states))
    effect[np.arange(vehicles), np.arange(vehicles) % states] += draw.uniform(0.5, 1.5, size=vehicles)
    return effect


def _innovation_cost(draw: np.random.Generator, efforts: int) -> FloatArray:
    root = np.diag(draw.uniform(0.7, 1.4, size=efforts)) + draw.uniform(-0.1, 0.1, (efforts, efforts))
    cost: FloatArray = root @ root.T
    return cost


def _least_factor(game: GameMatrices) -> float:
    """Return by what the innovation cost must at least be multiplied for a steady state, by bisection."""

    def is_enough(factor: float) -> bool:
        return has_steady_state(dataclasses.replace(game, innovation_cost=factor * game.innovation_cost))

    high = 1.0
    while not is_enough(high):
        high *= 4.0
    low = 0.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
