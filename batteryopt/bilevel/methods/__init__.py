"""The reformulations of complementarity, one file each."""

from __future__ import annotations

from batteryopt.bilevel.methods.base import Method, MethodOutcome, MethodSettings, Reformulation
from batteryopt.bilevel.methods.big_m import BigM
from batteryopt.bilevel.methods.branching import Branching
from batteryopt.bilevel.methods.indicator import IndicatorConstraints
from batteryopt.bilevel.methods.milp import MixedInteger
from batteryopt.bilevel.methods.pessimistic_leader import Pessimistic
from batteryopt.bilevel.methods.product import ProductMethod
from batteryopt.bilevel.methods.regularized import Regularized
from batteryopt.bilevel.methods.sos1 import Sos1
from batteryopt.bilevel.methods.strong_duality import StrongDuality
from batteryopt.bilevel.methods.value_function import ValueFunction

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Sos1(),
        IndicatorConstraints(),
        MixedInteger(),
        BigM(),
        Branching(),
        StrongDuality(),
        Regularized(),
        ProductMethod(),
        ValueFunction(),
    )
}

PESSIMISTIC = Pessimistic()
"""Solves another problem than the rest, whose leader is given the best of equally good answers."""


def method_named(name: str) -> Method:
    """Return a method, that of the pessimistic leader among them."""
    return PESSIMISTIC if name == PESSIMISTIC.name else METHODS[name]


__all__ = ["METHODS", "PESSIMISTIC", "Method", "MethodOutcome", "MethodSettings", "Reformulation", "method_named"]
