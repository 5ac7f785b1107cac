"""Exact answers as words: rational numbers, so that a reader in any language can prove an optimum without us."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from batteryopt.accuracy.digits import DIGITS, Number
from batteryopt.accuracy.problem import Truth

LARGEST_DENOMINATOR = 10 ** (DIGITS // 2)
"""A number known to fifty digits has one best fraction with so large a denominator, and no better one."""


def rationals_of(truth: Truth) -> dict[str, Any]:
    """Return the truth as rational words: optimum, point and multipliers, or what proves that there is none.

    Returns
    -------
    dict
        ``is_exact`` says whether these are the very numbers; where it is false they come from a system that was solved
        to fifty digits. ``objective`` is null, and the others are empty, where they are not known. Multipliers are
        derivatives of the optimal value by the side of a row, reduced costs by the bound of a column.
    """
    return {
        "is_exact": truth.is_rational,
        "objective": None if truth.objective is None else word_of(truth.objective),
        "decisions": _words(truth.decisions),
        "multipliers": _words(truth.multipliers),
        "reduced_costs": _words(truth.reduced_costs),
        "certificate": _words(truth.certificate),
    }


def word_of(value: Number | Fraction | int) -> str:
    """Return a number as ``p`` or ``p/q``."""
    return str(fraction_of(value))


def fraction_of(value: Number | Fraction | int) -> Fraction:
    """Return a rational as it is, and a number of fifty digits as the fraction that it is the digits of."""
    if isinstance(value, Fraction | int):
        return Fraction(value)
    sign, mantissa, exponent, _ = value._mpf_
    whole: Fraction = Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)
    if abs(whole) <= Fraction(1, LARGEST_DENOMINATOR):
        return whole  # its fraction would be 0
    return whole.limit_denominator(LARGEST_DENOMINATOR)


def _words(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: word_of(value) for name, value in values.items() if value != 0}
