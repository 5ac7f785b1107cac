"""What must hold for the game to have a solution with a steady state; each broken assumption is named as a fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.linalg import block_diag

from batteryopt.games.differential.data.matrices import GameMatrices
from batteryopt.games.differential.path.quadrature import FloatArray
from batteryopt.ground.errors import Fault

_MARGIN = 1e-9
"""Relative distance that an eigenvalue must keep from a limit: nearer, rounding decides on which side it lies."""


# --- two vehicles: the paper's assumptions, in its scalars ------------------------------------------------------------


def pair_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the assumptions of the paper that two vehicles break; `values` may lack unsound fields."""
    if _has(values, "price_sensitivity", "cross_price_sensitivity"):
        beta, gamma = values["price_sensitivity"], values["cross_price_sensitivity"]
        if beta > gamma:
            yield from _efficiency_cost_faults(values, beta - gamma)
            yield from _net_cost_faults(values, beta - gamma)
        else:
            yield Fault(
                place="cross_price_sensitivity",
                problem=f"is {gamma:g}: the assumption beta > gamma is broken (beta = {beta:g})",
                remedy=f"expected a value below {beta:g}",
            )


def _efficiency_cost_faults(values: Mapping[str, Any], spread: float) -> Iterator[Fault]:
    """Yield the fault of c0, or, where it has none, of xi and of the steady state, which need it."""
    if not _has(values, "efficiency_effect", "efficiency_unit_cost"):
        return
    limit = values["efficiency_effect"] / spread
    if values["efficiency_unit_cost"] < limit:
        yield from _curvature_faults(values, spread)
    else:
        yield Fault(
            place="efficiency_unit_cost",
            problem=f"is {values['efficiency_unit_cost']:g}: "
            "the assumption 0 < c0 < phi/(beta - gamma) is broken: better efficiency would cost more than it earns",
            remedy=f"expected a value below {limit:g}",
        )


def _net_cost_faults(values: Mapping[str, Any], spread: float) -> Iterator[Fault]:
    """Yield the fault of ``0 < c1 + c2 - 2 h theta < (alpha1 + alpha2)/(beta - gamma)``."""
    if not _has(values, "market_size", "unit_cost", "credit_price", "credits_per_vehicle"):
        return
    limit = sum(values["market_size"]) / spread
    for price in sorted(set(values.get("credit_price_values") or (values["credit_price"],))):
        net_cost = sum(values["unit_cost"]) - 2 * price * values["credits_per_vehicle"]
        if not 0 < net_cost < limit:
            yield Fault(
                place="unit_cost",
                problem="the assumption 0 < c1 + c2 - 2 h theta < (alpha1 + alpha2)/(beta - gamma) is broken: "
                f"c1 + c2 - 2 h theta = {net_cost:g} at the credit price {price:g}",
                remedy=f"expected a sum above 0 and below {limit:g}",
            )


def _curvature_faults(values: Mapping[str, Any], spread: float) -> Iterator[Fault]:
    """Yield the fault of an innovation cost too small for the integrated, or even for the decentralised game.

    With ``f = phi - (beta - gamma) c0`` and ``n = 2`` (integrated) or ``1`` (decentralised), xi is real iff
    ``k (beta - gamma) (2 eta + rho)^2 > n mu^2 f^2``, and the decay rate Q is positive iff
    ``4 k (beta - gamma) eta (eta + rho) > n mu^2 f^2``. The second is the stronger one; the paper states it as a fact.
    """
    keys = ("innovation_effectiveness", "efficiency_decay", "discount_rate", "innovation_cost")
    if not _has(values, *keys):
        return
    mu, eta, rho, k = (values[key] for key in keys)
    pull = (mu * (values["efficiency_effect"] - spread * values["efficiency_unit_cost"])) ** 2
    for name, factor in (("xi_2 (integrated)", 2.0), ("xi_1 (decentralised)", 1.0)):
        real_from = factor * pull / (spread * (2 * eta + rho) ** 2)
        steady_from = factor * pull / (4 * spread * eta * (eta + rho))
        if k <= steady_from:
            why = f"the square root {name} is not real" if k <= real_from else f"Q > 0 fails, though {name} is real"
            yield Fault(
                place="innovation_cost",
                problem=f"is {k:g}: {why}: innovation is so cheap that efficiency grows without a steady state",
                remedy=f"expected a value above {steady_from:g}",
            )
            return


# --- the general form -------------------------------------------------------------------------------------------------


def matrix_faults(game: GameMatrices) -> Iterator[Fault]:
    """Yield what is wrong with the matrices of a general game."""
    definite = list(_definiteness_faults(game))
    yield from definite
    rates = np.linalg.eigvals(game.efficiency_decay).real
    if rates.min() <= 0:
        yield Fault(
            place="efficiency_decay",
            problem=f"has an eigenvalue with real part {rates.min():g}: efficiency would not decay by itself",
            remedy="expected eigenvalues with positive real parts",
        )
    elif not definite:
        yield from _riccati_faults(game)


def _definiteness_faults(game: GameMatrices) -> Iterator[Fault]:
    for place, matrix in (("price_effect", game.price_effect), ("innovation_cost", game.innovation_cost)):
        if not np.allclose(matrix, matrix.T, rtol=1e-12, atol=0.0):
            yield Fault(place=place, problem="is not symmetric", remedy="expected a symmetric matrix")
        elif (least := np.linalg.eigvalsh(matrix).min()) <= _MARGIN * np.abs(matrix).max():
            yield Fault(
                place=place,
                problem=f"is not positive definite: its smallest eigenvalue is {least:g}",
                remedy="expected positive eigenvalues (own price effects above the cross effects)",
            )


def _riccati_faults(game: GameMatrices) -> Iterator[Fault]:
    """Yield the fault of a Riccati equation without stabilising solution, or with one that has no steady state."""
    for name, weight in (("integrated", integrated_weight(game)), ("decentralised", decentralised_weight(game))):
        distance = distance_from_axis(game, weight)
        if distance > game.discount_rate / 2 + _least_distance(game):
            continue
        is_solvable = distance > _least_distance(game)
        why = "has a stabilising solution but no steady state" if is_solvable else "has no stabilising solution"
        yield Fault(
            place="innovation_cost",
            problem=f"is too small: the Riccati equation of the {name} game {why}: "
            f"the Hamiltonian's eigenvalues come as near as {distance:g} to the imaginary axis",
            remedy=f"expected more than rho/2 = {game.discount_rate / 2:g}: make innovation dearer",
        )
        return


def has_steady_state(game: GameMatrices) -> bool:
    """Whether both games have a stabilising solution with a steady state."""
    least = game.discount_rate / 2 + _least_distance(game)
    return all(distance_from_axis(game, w) > least for w in (integrated_weight(game), decentralised_weight(game)))


def _least_distance(game: GameMatrices) -> float:
    return float(_MARGIN * (np.abs(game.efficiency_decay).max() + game.discount_rate))


def integrated_weight(game: GameMatrices) -> FloatArray:
    """Return W such that the integrated flow is ``y' W y - g' K g`` with ``y = a + F m``, prices at their best."""
    return np.linalg.inv(game.price_effect) / 4.0


def decentralised_weight(game: GameMatrices) -> FloatArray:
    """Return W of the manufacturer's flow: ``B^-1 (B^-1 + B_own^-1)^-1 B^-1 / 4``, half of B^-1/4 for one retailer."""
    inverse = np.linalg.inv(game.price_effect)
    parallel = np.linalg.inv(inverse + np.linalg.inv(game.own_price_effect()))
    return inverse @ parallel @ inverse / 4.0


def distance_from_axis(game: GameMatrices, weight: FloatArray) -> float:
    """Return how far the eigenvalues of the discounted Hamiltonian matrix keep from the imaginary axis.

    A stabilising solution exists iff the distance is positive, and its closed loop decays undiscounted iff the
    distance exceeds rho/2; both are frequency conditions that need no solution of the Riccati equation.
    """
    effort = game.innovation_effectiveness
    push = effort @ np.linalg.solve(game.innovation_cost, effort.T)
    pull_rows = game.efficiency_effect - game.price_effect @ game.efficiency_unit_cost
    pull = pull_rows.T @ weight @ pull_rows
    drift = -game.efficiency_decay - game.discount_rate / 2.0 * np.eye(game.states)
    hamiltonian = block_diag(drift, -drift.T)
    hamiltonian[: game.states, game.states :] = push
    hamiltonian[game.states :, : game.states] = -pull
    return float(np.abs(np.linalg.eigvals(hamiltonian).real).min())


def _has(values: Mapping[str, Any], *keys: str) -> bool:
    return all(values.get(key) is not None for key in keys)
