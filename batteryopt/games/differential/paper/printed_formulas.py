"""The paper's formulas exactly as printed, misprints included, to be compared by number with what the model gives.

Symbols are the paper's. Each function takes `Symbols` and returns the printed expression's value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from batteryopt.games.differential.data.instance import DifferentialGameInstance


@dataclass(frozen=True, kw_only=True)
class Symbols:
    """The paper's symbols as numbers."""

    a1: float
    a2: float
    c1: float
    c2: float
    be: float
    ga: float
    phi: float
    mu: float
    eta: float
    c0: float
    k: float
    rho: float
    h: float
    th: float
    m0: float

    @classmethod
    def of(cls, instance: DifferentialGameInstance) -> Symbols:
        """Return the symbols of an instance."""
        (a1, a2), (c1, c2) = instance.market_size, instance.unit_cost
        return cls(
            a1=a1,
            a2=a2,
            c1=c1,
            c2=c2,
            be=instance.price_sensitivity,
            ga=instance.cross_price_sensitivity,
            phi=instance.efficiency_effect,
            mu=instance.innovation_effectiveness,
            eta=instance.efficiency_decay,
            c0=instance.efficiency_unit_cost,
            k=instance.innovation_cost,
            rho=instance.discount_rate,
            h=instance.credit_price,
            th=instance.credits_per_vehicle,
            m0=instance.initial_efficiency,
        )

    @property
    def b(self) -> float:
        """``beta - gamma``."""
        return self.be - self.ga

    @property
    def f(self) -> float:
        """``phi - (beta - gamma) c0``."""
        return self.phi - self.b * self.c0

    @property
    def market(self) -> float:
        """``sum alpha + (gamma - beta)(sum c - 2 h theta)``."""
        return self.a1 + self.a2 + (self.ga - self.be) * (self.c1 + self.c2 - 2 * self.h * self.th)

    @property
    def own(self) -> float:
        """``beta^2 - gamma^2``."""
        return self.be**2 - self.ga**2


Printed = Callable[[Symbols], float]


def _vehicle(s: Symbols, i: int) -> tuple[float, float, float, float]:
    """Return alpha_i, alpha_{3-i}, c_i, c_{3-i}."""
    return (s.a1, s.a2, s.c1, s.c2) if i == 1 else (s.a2, s.a1, s.c2, s.c1)


# --- decentralised ----------------------------------------------------------------------------------------------------


def xi_1(s: Symbols) -> float:
    """Return xi_1, the square root below (14)."""
    return math.sqrt(s.k * s.b * (s.k * s.b * (2 * s.eta + s.rho) ** 2 - s.mu**2 * s.f**2))


def price_d(s: Symbols, m: float, i: int) -> float:
    """(8) and (9)."""
    own, other, cost, _ = _vehicle(s, i)
    fixed = 3 * (s.be * own + s.ga * other) / (4 * s.own) + (cost - s.h * s.th) / 4
    return fixed + (3 * s.phi + s.b * s.c0) / (4 * s.b) * m


def wholesale_d(s: Symbols, m: float, i: int) -> float:
    """(10) and (11)."""
    own, other, cost, _ = _vehicle(s, i)
    fixed = (s.ga * other + s.be * own) / (2 * s.own) + (cost - s.h * s.th) / 2
    return fixed + (s.phi + s.b * s.c0) / (2 * s.b) * m


def a_1(s: Symbols) -> float:
    """A_1, below (15)."""
    return (s.k * s.b * (2 * s.eta + s.rho) - xi_1(s)) / (2 * s.mu**2 * s.b)


def a_2(s: Symbols) -> float:
    """A_2."""
    return s.k * s.f * s.market / (2 * (s.rho * s.k * s.b + xi_1(s)))


def _market_terms(s: Symbols, power: int) -> float:
    """Return the sum in A_3, B_3 and M_3, its last factor to a power (A_3 prints a square)."""
    total = 0.0
    for i in (1, 2):
        own, other, cost, rival = _vehicle(s, i)
        first = s.be * own + s.ga * other + (s.h * s.th - cost) * s.own
        total += first * (own + s.ga * rival - s.be * cost + s.h * s.th * s.b) ** power
    return total


def a_3(s: Symbols) -> float:
    """A_3."""
    return s.mu**2 * a_2(s) ** 2 / (4 * s.k * s.rho) + _market_terms(s, 2) / (8 * s.rho * s.own)


def b_1(s: Symbols) -> float:
    """B_1."""
    return s.k * s.f**2 / (8 * xi_1(s))


def b_2_joined_by_plus(s: Symbols) -> float:
    """B_2, its two fractions joined by "+"."""
    one, other = _b_2_fractions(s)
    return one + other


def b_2_as_product(s: Symbols) -> float:
    """B_2 read as one fraction: the numerators multiplied over the one denominator."""
    xi = xi_1(s)
    one, other = _b_2_fractions(s)
    return one * other * 8 * xi * (s.rho * s.k * s.b + xi) ** 2


def _b_2_fractions(s: Symbols) -> tuple[float, float]:
    xi = xi_1(s)
    below = 8 * xi * (s.rho * s.k * s.b + xi) ** 2
    braces = xi * (s.rho * s.k * s.b + xi) * (1 - s.ga + s.be) + s.k * s.b * s.mu**2 * s.f**2
    return braces / below, s.k * s.f * s.market / below


def b_3(s: Symbols, b_2: float) -> float:
    """B_3 at a given B_2."""
    return _market_terms(s, 1) / (16 * s.rho * s.own) + a_2(s) * b_2 * s.mu**2 / (2 * s.k * s.rho)


def decay_d(s: Symbols) -> float:
    """Q_1, below (16)."""
    kb = s.k * s.b
    return (xi_1(s) ** 2 - s.rho**2 * kb**2) / (2 * kb * (xi_1(s) + s.rho * kb))


def steady_d(s: Symbols) -> float:
    """m_inf^D, below (16)."""
    kb = s.k * s.b
    return kb * s.mu**2 * s.f * s.market / (2 * (xi_1(s) ** 2 - s.rho**2 * kb**2))


def efficiency_d(s: Symbols, t: float) -> float:
    """(16)."""
    return steady_d(s) + (s.m0 - steady_d(s)) * math.exp(-decay_d(s) * t)


def innovation_d(s: Symbols, m: float) -> float:
    """(12)."""
    return s.mu / (2 * s.k) * (2 * a_1(s) * m + a_2(s))


def price_d_at(s: Symbols, t: float, i: int) -> float:
    """(17) and (18)."""
    own, other, cost, _ = _vehicle(s, i)
    slope = 3 * s.phi + s.b * s.c0
    fixed = 3 * (s.be * own + s.ga * other) + s.own * (cost - s.h * s.th) + (s.be + s.ga) * slope * steady_d(s)
    return fixed / (4 * s.own) + slope / (4 * s.b) * (s.m0 - steady_d(s)) * math.exp(-decay_d(s) * t)


def wholesale_d_at(s: Symbols, t: float, i: int) -> float:
    """(19) and (20): the market sizes stand with the other's factor."""
    own, other, cost, _ = _vehicle(s, i)
    slope = s.phi + s.b * s.c0
    fixed = s.ga * own + s.be * other + s.own * (cost - s.h * s.th) + (s.be + s.ga) * slope * steady_d(s)
    return fixed / (2 * s.own) + slope / (2 * s.b) * (s.m0 - steady_d(s)) * math.exp(-decay_d(s) * t)


def innovation_d_at(s: Symbols, t: float) -> float:
    """(21)."""
    swing = s.mu * a_1(s) / s.k * (s.m0 - steady_d(s)) * math.exp(-decay_d(s) * t)
    return s.mu / s.k * (a_1(s) * steady_d(s) + a_2(s) / 2) + swing


def steady_bound_d(s: Symbols) -> float:
    """Return the upper end of m_inf^D in Corollary 1, which prints m_0^D."""
    return s.phi * s.mu**2 * s.market / (8 * s.k * s.eta * s.b * (s.eta + s.rho) - 2 * s.mu**2 * s.phi**2)


# --- integrated -------------------------------------------------------------------------------------------------------


def xi_2(s: Symbols) -> float:
    """Return xi_2, the square root below (26)."""
    return math.sqrt(s.k * s.b * (s.k * s.b * (2 * s.eta + s.rho) ** 2 - 2 * s.mu**2 * s.f**2))


def price_i(s: Symbols, m: float, i: int) -> float:
    """(23) and (24)."""
    return wholesale_d(s, m, i)


def m_1(s: Symbols) -> float:
    """M_1, below (26)."""
    return (s.k * (2 * s.eta + s.rho) * s.b - xi_2(s)) / (2 * s.mu**2 * s.b)


def m_2(s: Symbols) -> float:
    """M_2."""
    return s.k * s.f * s.market / (s.rho * s.k * s.b + xi_2(s))


def m_3(s: Symbols) -> float:
    """M_3."""
    return s.mu**2 * m_2(s) ** 2 / (4 * s.k * s.rho) + _market_terms(s, 1) / (4 * s.rho * s.own)


def decay_i(s: Symbols) -> float:
    """Q_2, below (27)."""
    kb = s.k * s.b
    return (xi_2(s) ** 2 - s.rho**2 * kb**2) / (2 * kb * (xi_2(s) + s.rho * kb))


def steady_i(s: Symbols) -> float:
    """m_inf^I, below (27)."""
    kb = s.k * s.b
    return kb * s.mu**2 * s.f * s.market / (xi_2(s) ** 2 - s.rho**2 * kb**2)


def efficiency_i(s: Symbols, t: float) -> float:
    """(27)."""
    return steady_i(s) + (s.m0 - steady_i(s)) * math.exp(-decay_i(s) * t)


def innovation_i(s: Symbols, m: float) -> float:
    """(25)."""
    return s.mu / (2 * s.k) * (2 * m_1(s) * m + m_2(s))


def price_i_at(s: Symbols, t: float, i: int) -> float:
    """(28) and (30): the market sizes stand with the other's factor, and (30) has c_1 for c_2."""
    own, other, _, _ = _vehicle(s, i)
    slope = s.phi + s.b * s.c0
    fixed = s.ga * own + s.be * other + s.own * (s.c1 - s.h * s.th) + (s.be + s.ga) * slope * steady_i(s)
    return fixed / (2 * s.own) + slope / (2 * s.b) * (s.m0 - steady_i(s)) * math.exp(-decay_i(s) * t)


def innovation_i_at(s: Symbols, t: float) -> float:
    """(31)."""
    swing = s.mu * m_1(s) / s.k * (s.m0 - steady_i(s)) * math.exp(-decay_i(s) * t)
    return steady_innovation_i(s) + swing


def steady_price_i(s: Symbols, i: int) -> float:
    """(32) and (33)."""
    own, other, cost, _ = _vehicle(s, i)
    fixed = (s.ga * (other - s.ga * cost) + s.be * (own + s.be * cost)) / (2 * s.own) - s.h * s.th / 2
    return fixed + (s.phi + s.b * s.c0) / (2 * s.b) * steady_i(s)


def steady_innovation_i(s: Symbols) -> float:
    """(34)."""
    return s.mu / s.k * (m_1(s) * steady_i(s) + m_2(s) / 2)


def steady_bound_i(s: Symbols) -> float:
    """Return the upper end of m_inf^I in Corollary 2, which prints m_0^I."""
    return s.phi * s.mu**2 * s.market / (4 * s.k * s.eta * s.b * (s.eta + s.rho) - 2 * s.mu**2 * s.phi**2)
