"""The formulas derived anew by SymPy from the Hamilton-Jacobi-Bellman equations, and compared with ours by number."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import sympy as sp

from batteryopt.games.differential.data.generator import random_pair
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.paper.published import BASE_CASE, SECOND_CASE
from batteryopt.games.differential.solution import Model

a1, a2, beta, gamma, phi, mu, eta, c1, c2, c0, k, rho, h, theta = sp.symbols(
    "a1 a2 beta gamma phi mu eta c1 c2 c0 k rho h theta", positive=True
)
m, g, p1, p2, w1, w2 = sp.symbols("m g p1 p2 w1 w2", real=True)
V1, V2, V3, R1, R2, R3 = sp.symbols("V1 V2 V3 R1 R2 R3", real=True)
PARAMETERS = (a1, a2, beta, gamma, phi, mu, eta, c1, c2, c0, k, rho, h, theta)

D1 = a1 + phi * m - beta * p1 + gamma * p2
D2 = a2 + phi * m - beta * p2 + gamma * p1
COST1, COST2 = c1 + c0 * m - h * theta, c2 + c0 * m - h * theta
LEADER = V1 * m**2 + V2 * m + V3
RETAILER = R1 * m**2 + R2 * m + R3


def best_innovation(value):
    """Return the g that maximises ``-k g^2 + value'(m) (mu g - eta m)``."""
    (found,) = sp.solve(sp.diff(-k * g**2 + sp.diff(value, m) * (mu * g - eta * m), g), g)
    return found


def best_prices(profit, prices):
    """Return the prices at which the profit's derivatives vanish."""
    return sp.solve([sp.diff(profit, price) for price in prices], prices, dict=True)[0]


def hjb(flow, value):
    """Return the coefficients in m of ``flow - k g^2 + value' (mu g - eta m) - rho value``."""
    control = best_innovation(value)
    residual = flow - k * control**2 + sp.diff(value, m) * (mu * control - eta * m) - rho * value
    return sp.Poly(sp.expand(residual), m).all_coeffs()


def stabilising(coefficients):
    """Solve the three equations: V1's root with the smaller closed-loop growth, then V2 and V3, which are linear."""
    quadratic, linear, constant = coefficients
    growth = {root: mu**2 * root / k - eta for root in sp.solve(quadratic, V1)}
    first = min(growth, key=lambda root: float(growth[root].subs(NUMBERS)))
    second = sp.solve(linear, V2)[0].subs(V1, first)
    third = sp.solve(constant, V3)[0].subs({V1: first, V2: second})
    return {V1: first, V2: second, V3: third}


NUMBERS = dict(
    zip(
        PARAMETERS,
        (20, 18, 2, 1, 1, 1, sp.Rational(1, 2), 1, 2, sp.Rational(1, 2), 2, sp.Rational(1, 10), 5, sp.Rational(1, 5)),
        strict=True,
    )
)
"""The base case: only to tell the two roots of the Riccati equation apart."""


@functools.cache
def integrated():
    """Return value and prices of the integrated game."""
    profit = (p1 - COST1) * D1 + (p2 - COST2) * D2
    prices = best_prices(profit, (p1, p2))
    return stabilising(hjb(profit.subs(prices), LEADER)), prices


@functools.cache
def decentralised():
    """Return the values of both players, wholesale and retail prices: backward induction at every instant."""
    answer = best_prices((p1 - w1) * D1 + (p2 - w2) * D2, (p1, p2))
    profit = ((w1 - COST1) * D1 + (w2 - COST2) * D2).subs(answer)
    wholesale = best_prices(profit, (w1, w2))
    value = stabilising(hjb(profit.subs(wholesale), LEADER))
    retail = {price: sp.simplify(answer[price].subs(wholesale)) for price in (p1, p2)}
    earned = ((p1 - w1) * D1 + (p2 - w2) * D2).subs(answer).subs(wholesale)
    # The retailer's value along the leader's policy: no maximisation is left, the equation is linear.
    control = best_innovation(LEADER)
    residual = sp.expand(earned + sp.diff(RETAILER, m) * (mu * control - eta * m) - rho * RETAILER)
    theirs = sp.solve(sp.Poly(residual, m).all_coeffs(), (R1, R2, R3), dict=True)[0]
    return value, theirs, wholesale, retail


def numbers_of(instance):
    s = instance.scalars()
    values = (
        *s["market_size"], s["price_sensitivity"], s["cross_price_sensitivity"], s["efficiency_effect"],
        s["innovation_effectiveness"], s["efficiency_decay"], *s["unit_cost"], s["efficiency_unit_cost"],
        s["innovation_cost"], s["discount_rate"], s["credit_price"], s["credits_per_vehicle"],
    )  # fmt: skip
    return [float(v) for v in values]


INSTANCES = [BASE_CASE, SECOND_CASE, *(random_pair(seed) for seed in range(4))]


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_integrated_value_and_prices_follow_from_the_hjb_equation(instance):
    value, prices = integrated()
    derived = sp.lambdify(PARAMETERS, [value[V1], value[V2], value[V3]])(*numbers_of(instance))
    ours = pair_equilibrium(Model.INTEGRATED, **instance.scalars())
    assert [ours.leader.first, ours.leader.second, ours.leader.third] == pytest.approx(derived, rel=1e-9)
    at = sp.lambdify((*PARAMETERS, m), [prices[p1], prices[p2]])(*numbers_of(instance), 7.0)
    assert ours.prices(7.0) == pytest.approx(at, rel=1e-12)
    control = sp.lambdify((*PARAMETERS, V1, V2, m), best_innovation(LEADER))(*numbers_of(instance), *derived[:2], 7.0)
    assert ours.innovation(7.0) == pytest.approx(control, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_decentralised_values_and_prices_follow_from_backward_induction_and_the_hjb_equations(instance):
    value, theirs, wholesale, retail = decentralised()
    numbers = numbers_of(instance)
    derived = sp.lambdify(PARAMETERS, [value[V1], value[V2], value[V3]])(*numbers)
    followed = sp.lambdify((*PARAMETERS, V1, V2, V3), [theirs[R1], theirs[R2], theirs[R3]])(*numbers, *derived)
    ours = pair_equilibrium(Model.DECENTRALIZED, **instance.scalars())
    assert [ours.leader.first, ours.leader.second, ours.leader.third] == pytest.approx(derived, rel=1e-9)
    assert [ours.retailer.first, ours.retailer.second, ours.retailer.third] == pytest.approx(followed, rel=1e-9)
    at = sp.lambdify((*PARAMETERS, m), [wholesale[w1], wholesale[w2], retail[p1], retail[p2]])(*numbers, 7.0)
    assert np.concatenate([ours.wholesale_prices(7.0), ours.prices(7.0)]) == pytest.approx(at, rel=1e-12)


def test_the_steady_state_and_the_decay_rate_follow_from_the_closed_loop():
    value, _ = integrated()
    motion = mu * best_innovation(LEADER) - eta * m
    rate = -sp.diff(motion, m).subs(value)
    level = sp.solve(motion, m)[0].subs(value)
    derived = sp.lambdify(PARAMETERS, [rate, level])(*numbers_of(SECOND_CASE))
    ours = pair_equilibrium(Model.INTEGRATED, **SECOND_CASE.scalars())
    assert [ours.decay_rate, ours.steady_efficiency] == pytest.approx(derived, rel=1e-9)


def test_the_contract_s_retailer_chooses_the_chain_s_prices_and_earns_its_share_of_the_chain_s_flow():
    """With ``w = delta C`` the retailer's flow is delta times the chain's, for any prices and innovation."""
    delta = sp.symbols("delta", positive=True)
    unit_cost1, unit_cost2 = c1 + c0 * m, c2 + c0 * m
    retailer = (
        (delta * p1 - delta * unit_cost1) * D1
        + (delta * p2 - delta * unit_cost2) * D2
        - delta * k * g**2
        + delta * h * theta * (D1 + D2)
    )
    chain = (p1 - unit_cost1 + h * theta) * D1 + (p2 - unit_cost2 + h * theta) * D2 - k * g**2
    assert sp.simplify(retailer - delta * chain) == 0
