"""The coordination game by formula: interior equilibria of the paper's game, for numbers or arrays that broadcast.

Symbols are the paper's; numbers in brackets are its equations and propositions, derived anew with a production cost c
(the paper has c = 0), because some of them are misprinted (see `published`). Abbreviations::

    S = b + omega                            returns without service
    G = f (1 - theta) + theta w_t            what the manufacturer earns on a return
    F = f (1 - theta) + theta (m - c_t)      what the chain earns on a return, before price falls
    C = S + beta e_r                         returns (the paper's Q_n)
    U = theta C                              usable batteries

In every model the enterprise's best effort is ``e_t = U`` (4), so that it earns ``(m - c_t - w_t) U - U^2 / 2``.

A formula holds where no constraint binds. Each equilibrium carries its conditions: with arrays, read the mask
`applies`; `solve` raises `FormulaDoesNotApply`, naming those that fail.
"""

# ruff: noqa: N815 (players' capitals are the paper's)

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from batteryopt.games.coordination.data.instance import Instance
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.formula.closed_form_network import solve_network
from batteryopt.games.coordination.formula.equilibrium import Condition, Equilibrium, Numbers, Parameters, Truths
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Solution
from batteryopt.ground.errors import FormulaDoesNotApply


def centralized(g: Parameters) -> Equilibrium:
    """Return model A, the chain's best decisions (Prop. 1).

    From (2) ``p = (a + c) / 2``; with (4) in (3), ``e_r = beta (F - theta^2 C)``. Profits of members are those that
    the instance's w and w_t would give them.
    """
    p, e_r = (g.a + g.c) / 2, _chain_service(g)
    C = g.S + g.beta * e_r
    conditions = (_demand(g, (g.a - g.c) / 2), _service(e_r))
    return _equilibrium(g, p=p, e_r=e_r, C=C, w=g.w, w_t=g.w_t, x=0.0, conditions=conditions)


def decentralized(g: Parameters) -> Equilibrium:
    """Return model B: the manufacturer leads with its service, w and w_t given (Prop. 2).

    ``p = (a + w) / 2`` and ``e_r = beta G``: neither answer changes what one more return earns the manufacturer.
    """
    e_r = g.beta * g.G
    return _led(g, w=g.w, w_t=g.w_t, e_r=e_r, conditions=())


def decentralized_wholesale(g: Parameters) -> Equilibrium:
    """Return model B with the wholesale price the manufacturer's too.

    The retailer answers w with demand ``(a - w) / 2``; ``(w - c) (a - w) / 2`` is largest at ``w = (a + c) / 2``. The
    service is as in B, for demand and returns do not depend on each other.
    """
    w = (g.a + g.c) / 2
    cap = Condition("the wholesale price (a + c) / 2 is within its cap", w, w <= g.w_cap)
    return _led(g, w=w, w_t=g.w_t, e_r=g.beta * g.G, conditions=(cap,))


def decentralized_transfer(g: Parameters) -> Equilibrium:
    """Return model B with the transfer price the manufacturer's too.

    The enterprise must take every usable battery, so the manufacturer raises w_t until the enterprise is left with its
    reservation profit: ``(m - c_t - w_t) U - U^2 / 2 = rho_T``. Its own profit is then the chain's on the reverse side
    less ``rho_T``, so that it gives the centralised service. Where the cap is below that price, w_t is the cap and
    ``e_r = beta (f (1 - theta) + theta w_t)``.
    """
    service = _chain_service(g)
    U = g.theta * (g.S + g.beta * service)
    with np.errstate(divide="ignore", invalid="ignore"):
        price = g.m - g.c_t - U / 2 - np.divide(g.rho_T, U)
        at_cap = g.beta * (g.f * (1 - g.theta) + np.multiply(g.theta, g.w_t_cap))
    is_capped = np.greater(price, g.w_t_cap)
    w_t = np.where(is_capped, g.w_t_cap, price)[()]
    e_r = np.where(is_capped, at_cap, service)[()]
    words = "the transfer price is bounded (otherwise the manufacturer's profit has no limit: give the enterprise a "
    bounded = Condition(words + "reservation profit, or the price a cap)", w_t, np.isfinite(w_t))
    some = Condition("there are usable batteries", U, np.greater(U, 0))
    finite = np.where(np.isfinite(w_t), w_t, 0.0)[()]
    return _led(g, w=g.w, w_t=finite, e_r=e_r, conditions=(bounded, some), is_at_reservation=~is_capped)


def contract(g: Parameters) -> Equilibrium:
    """Return model C at the terms that coordinate, before lump sums (Prop. 5, eq. 11 with its sign corrected).

    At ``w = c`` the retailer's price is the chain's, and ``e_r = beta G / (1 - x)`` is the chain's service for
    ``x = 1 - beta G / e_r``. Such a contract exists where 0 < x < 1; where `e_r` is zero x is NaN.
    """
    p, e_r = (g.a + g.c) / 2, _chain_service(g)
    C = g.S + g.beta * e_r
    with np.errstate(divide="ignore", invalid="ignore"):
        x = 1 - np.divide(g.beta * g.G, e_r)
    exists = Condition("a share x of the service cost between 0 and 1 coordinates", x, (x > 0) & (x < 1))
    conditions = (_demand(g, (g.a - g.c) / 2), _service(e_r), exists)
    return _equilibrium(g, p=p, e_r=e_r, C=C, w=g.c, w_t=g.w_t, x=x, conditions=conditions)


@dataclass(frozen=True, kw_only=True, eq=False)
class LumpSums:
    """The Pareto triangles of many instances (Prop. 6): see `pareto.ParetoRegion`.

    Attributes
    ----------
    least_K1, least_K2
        Lump sums at which manufacturer and enterprise gain nothing.
    most_sum
        K1 + K2 at which the retailer gains nothing.
    gain
        What the chain gains.
    exists
        Where the contract exists and both formulas apply.
    """

    least_K1: Numbers
    least_K2: Numbers
    most_sum: Numbers
    gain: Numbers
    exists: Truths


def lump_sums(g: Parameters) -> LumpSums:
    """Return the lump sums with which everyone gains over model B (eq. 14 without its ``K >= 0``)."""
    before, after = decentralized(g), contract(g)
    return LumpSums(
        least_K1=before.pi_M - after.pi_M,
        least_K2=before.pi_T - after.pi_T,
        most_sum=after.pi_R - before.pi_R,
        gain=after.pi_S - before.pi_S,
        exists=np.logical_and(before.applies, after.applies),
    )


FORMULAS = {
    Model.CENTRALIZED: centralized,
    Model.DECENTRALIZED: decentralized,
    Model.CONTRACT: contract,
    Model.DECENTRALIZED_WHOLESALE: decentralized_wholesale,
    Model.DECENTRALIZED_TRANSFER: decentralized_transfer,
}


def solve(instance: Instance, model: Model | str) -> Solution:
    """Return one model's solution by formula, of either form of the game.

    Raises
    ------
    FormulaDoesNotApply
        If a constraint binds; names the conditions that fail.
    NoCoordinatingContract
        If the contract is asked for and none coordinates.
    """
    if isinstance(instance, CoordinationNetwork):
        return solve_network(instance, Model(model))
    found = FORMULAS[Model(model)](Parameters.of(instance))
    *assumed, last = found.conditions
    is_contract = Model(model) is Model.CONTRACT
    failing = [_failure(c) for c in (assumed if is_contract else found.conditions) if not c.holds]
    if failing:
        raise FormulaDoesNotApply(f"the {Model(model).value} model", failing)
    if is_contract and not last.holds:
        raise NoCoordinatingContract(_why_no_contract(Parameters.of(instance), found))
    return Solution(
        instance=instance,
        model=Model(model),
        retail_price=float(found.p),
        recycling_service=float(found.e_r),
        sales_effort=float(found.e_t),
        wholesale_price=float(found.w),
        transfer_price=float(found.w_t),
        cost_share=float(found.x),
    )


# --- parts that the models share -------------------------------------------------------------------------------------


def _chain_service(g: Parameters) -> Numbers:
    """Return the service that is best for the chain: ``e_r = beta (F - theta^2 (S + beta e_r))``, from (3) and (4)."""
    return g.beta * (g.F - g.theta**2 * g.S) / (1 + g.beta**2 * g.theta**2)


def _led(
    g: Parameters,
    *,
    w: Numbers,
    w_t: Numbers,
    e_r: Numbers,
    conditions: tuple[Condition, ...],
    is_at_reservation: Truths = False,
) -> Equilibrium:
    """Return the followers' answers to the manufacturer's decisions, with what a decentralised model assumes."""
    C = g.S + g.beta * e_r
    found = _equilibrium(g, p=(g.a + w) / 2, e_r=e_r, C=C, w=w, w_t=w_t, x=0.0, conditions=())
    assumed = (
        _demand(g, (g.a - w) / 2),
        _service(e_r),
        Condition("the manufacturer earns its reservation profit", found.pi_M, found.pi_M >= g.rho_M),
        Condition("the retailer earns its reservation profit", found.pi_R, found.pi_R >= g.rho_R),
        Condition(
            "the echelon enterprise earns its reservation profit",
            found.pi_T,
            (found.pi_T >= g.rho_T) | is_at_reservation,
        ),
    )
    return replace(found, conditions=(*assumed, *conditions))


def _equilibrium(
    g: Parameters,
    *,
    p: Numbers,
    e_r: Numbers,
    C: Numbers,
    w: Numbers,
    w_t: Numbers,
    x: Numbers,
    conditions: tuple[Condition, ...],
) -> Equilibrium:
    """Return the profits (5)-(7), or (8)-(10) with a share x, at given decisions and the enterprise's best effort."""
    Q, U, service_cost = g.a - p, g.theta * C, e_r**2 / 2
    pi_M = (w - g.c) * Q + (g.f * (1 - g.theta) + g.theta * w_t) * C - (1 - x) * service_cost
    pi_R = (p - w) * Q
    pi_T = (g.m - g.c_t - w_t) * U - U**2 / 2 - x * service_cost
    pi_S = (p - g.c) * Q + g.F * C - U**2 / 2 - service_cost
    return Equilibrium(
        p=p, e_r=e_r, e_t=U, w=w, w_t=w_t, x=x, pi_M=pi_M, pi_R=pi_R, pi_T=pi_T, pi_S=pi_S, conditions=conditions
    )


def _demand(g: Parameters, Q: Numbers) -> Condition:
    return Condition("vehicle demand Q is not negative", Q, (Q >= 0) | np.logical_not(g.signed))


def _service(e_r: Numbers) -> Condition:
    return Condition("the recycling service e_r is not negative", e_r, e_r >= 0)


def _failure(condition: Condition) -> str:
    value = float(condition.value)
    return f"it assumes that {condition.words}" + (f", but there it would be {value:g}" if np.isfinite(value) else "")


def _why_no_contract(g: Parameters, found: Equilibrium) -> str:
    """Return why a contract cannot exist: its cost share would have to lie outside (0, 1)."""
    alone, best = float(g.beta * g.G), float(found.e_r)
    if best <= 0:
        return "one owner would give no recycling service, so there is no cost to share"
    if alone <= 0:
        return (
            f"the manufacturer gives no service by itself (G = {float(g.G):g}), whatever share of its cost others bear"
        )
    return (
        f"the manufacturer alone gives the service {alone:g}, one owner would give {best:g}: "
        f"the cost share would have to be x = {float(found.x):g}, and must lie between 0 and 1"
    )
