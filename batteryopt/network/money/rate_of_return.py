"""Internal rates of return: every rate above -100 % at which payments at given times are worth nothing together.

With u = ln(1 + rate) the worth is f(u) = sum of c_k exp(-t_k u). Multiplied by exp(t_0 u), which changes no zero, its
first term is constant, so its derivative has one term less. Between two neighbouring zeros of the derivative, and
beyond the outermost, the function is monotonous and has at most one zero, which bisection finds. So zeros are found
from those of the derivative, down to a single term, which has none: all of them are found, and no guess is needed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

WIDEST = 50.0
"""Logarithms of 1 + rate are looked for between -50 and 50: a rate of 5e21 is not one that anybody earns."""
ROUNDING = 1e-12
"""A worth below this share of what is added up for it is none: where two zeros meet, the sign does not tell."""

Payments = Sequence[tuple[float, float]]
"""Times in years, growing, and money."""


def rates_of_return(payments: Payments) -> tuple[float, ...]:
    """Return all internal rates of return, lowest first; none where the money never changes its sign."""
    terms = [(time, money) for time, money in payments if money != 0.0]
    return tuple(math.expm1(u) for u in _zeros(terms))


def sign_changes(payments: Payments) -> int:
    """Return how often the money changes its sign, zeros left out: there are never more rates than so many."""
    signs = [money > 0 for _, money in payments if money != 0.0]
    return sum(a is not b for a, b in itertools.pairwise(signs))


def _zeros(terms: Payments) -> list[float]:
    if len(terms) < 2 or not sign_changes(terms):
        return []  # Descartes: a sum of exponentials has no more zeros than its coefficients have changes of sign
    first = terms[0][0]
    turns = _zeros([(time - first, -(time - first) * money) for time, money in terms[1:]])
    edges = [-WIDEST, *(turn for turn in turns if -WIDEST < turn < WIDEST), WIDEST]
    found: list[float] = [turn for turn in edges[1:-1] if _sign(terms, turn) == 0]
    for low, high in itertools.pairwise(edges):
        if _sign(terms, low) * _sign(terms, high) < 0:
            found.append(_bisected(terms, low, high))
    return sorted(found)


def _sign(terms: Payments, u: float) -> int:
    """Return the sign of the worth at u, in numbers that cannot overflow."""
    times, money = np.array(terms, dtype=float).T
    exponents = -times * u
    parts = money * np.exp(exponents - exponents.max())
    worth = math.fsum(parts)
    return 0 if abs(worth) <= ROUNDING * float(np.abs(parts).sum()) else int(math.copysign(1, worth))


def _bisected(terms: Payments, low: float, high: float) -> float:
    sign = _sign(terms, low)
    while (middle := (low + high) / 2) not in (low, high):
        here = _sign(terms, middle)
        if here == 0:
            return middle
        low, high = (middle, high) if here == sign else (low, middle)
    return low
