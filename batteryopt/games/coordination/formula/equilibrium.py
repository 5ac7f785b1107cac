"""What the formulas take and give: parameters and equilibria of one instance, or of many as arrays that broadcast."""

# ruff: noqa: N815 (players' capitals are the paper's)

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from batteryopt.games.coordination.data.instance import CoordinationInstance

Numbers: TypeAlias = float | NDArray[np.float64]
Truths: TypeAlias = bool | np.bool_ | NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameters:
    """Parameters of one instance or of many: numbers or arrays whose shapes broadcast.

    Attributes
    ----------
    a, w, w_t, c_t, f, theta, b, omega, beta, m, c
        As in `CoordinationInstance`, in its order of meaning.
    rho_M, rho_R, rho_T
        Reservation profits; minus infinity where there is none.
    w_cap, w_t_cap
        Caps on prices that the manufacturer sets; infinity where there is none.
    signed
        Whether demand must not be negative.
    """

    a: Numbers
    w: Numbers
    w_t: Numbers
    c_t: Numbers
    f: Numbers
    theta: Numbers
    b: Numbers
    omega: Numbers
    beta: Numbers
    m: Numbers
    c: Numbers = 0.0
    rho_M: Numbers = -np.inf
    rho_R: Numbers = -np.inf
    rho_T: Numbers = -np.inf
    w_cap: Numbers = np.inf
    w_t_cap: Numbers = np.inf
    signed: Truths = True

    @classmethod
    def of(cls, instance: CoordinationInstance) -> Parameters:
        """Return the parameters of one instance."""
        return cls(
            a=instance.market_size,
            w=instance.wholesale_price,
            w_t=instance.transfer_price,
            c_t=instance.testing_cost,
            f=instance.scrap_value,
            theta=instance.usable_share,
            b=instance.voluntary_returns,
            omega=instance.residual_value,
            beta=instance.service_response,
            m=instance.echelon_market_size,
            c=instance.production_cost,
            rho_M=_or(instance.reservation_profit_manufacturer, -np.inf),
            rho_R=_or(instance.reservation_profit_retailer, -np.inf),
            rho_T=_or(instance.reservation_profit_echelon, -np.inf),
            w_cap=_or(instance.wholesale_price_cap, np.inf),
            w_t_cap=_or(instance.transfer_price_cap, np.inf),
            signed=instance.sign_constraints,
        )

    @property
    def S(self) -> Numbers:
        """Returns without service."""
        return self.b + self.omega

    @property
    def G(self) -> Numbers:
        """The manufacturer's revenue on a return."""
        return self.f * (1 - self.theta) + self.theta * self.w_t

    @property
    def F(self) -> Numbers:
        """The chain's revenue on the first return."""
        return self.f * (1 - self.theta) + self.theta * (self.m - self.c_t)


@dataclass(frozen=True, eq=False)
class Condition:
    """A condition under which a formula holds: its words, the number it is about, and where it holds."""

    words: str
    value: Numbers
    holds: Truths


@dataclass(frozen=True, kw_only=True, eq=False)
class Equilibrium:
    """Decisions and profits of one model, of one instance or many; profits are before lump sums.

    Attributes
    ----------
    p, e_r, e_t
        Retail price, recycling service, sales effort.
    w, w_t, x
        Wholesale price, transfer price and the enterprise's share of the service cost, as they apply.
    pi_M, pi_R, pi_T, pi_S
        Profits of manufacturer, retailer, enterprise and chain.
    conditions
        What the formula assumes.
    """

    p: Numbers
    e_r: Numbers
    e_t: Numbers
    w: Numbers
    w_t: Numbers
    x: Numbers
    pi_M: Numbers
    pi_R: Numbers
    pi_T: Numbers
    pi_S: Numbers
    conditions: tuple[Condition, ...]

    @property
    def applies(self) -> Truths:
        """Where every condition holds."""
        return functools.reduce(np.logical_and, (c.holds for c in self.conditions), np.full(np.shape(self.pi_S), True))


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
