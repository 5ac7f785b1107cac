"""Products of a binary and a bounded variable as linear rows, without loss (McCormick 1976)."""

from __future__ import annotations

import math
from typing import Any

import pyomo.environ as pyo
from pyomo.common.collections import ComponentMap

from batteryopt.bilevel.kkt.identities import QuadraticForm

WIDEST = 1e6
"""A factor of a wider range is left alone: a solver's integrality tolerance times it is no small number."""


class Envelopes:
    """Stand-ins for products, each written once.

    Parameters
    ----------
    model
        What they are written on.
    limits
        `Bound` by multiplier, where more is known than the variable's own bounds say.
    """

    def __init__(self, model: Any, limits: ComponentMap) -> None:
        self.model, self.limits = model, limits
        self._stands_for: dict[tuple[int, int], Any] = {}
        self._written_products: list[tuple[Any, Any, Any]] = []

    def takes(self, one: Any, other: Any) -> bool:
        """Whether a product of two variables can be written exactly."""
        return any(_is_binary(a) and self._range(b) is not None for a, b in ((one, other), (other, one)))

    def linear(self, form: QuadraticForm) -> Any:
        """Return a form with a variable in the place of each product, tied to it by rows on the model."""
        terms = [c * form.variables[key] for key, c in form.linear.items() if c]
        for (i, j), coefficient in form.products.items():
            terms.append(coefficient * self._product(form.variables[i], form.variables[j]))
        return form.constant + sum(terms)

    def settle(self) -> None:
        """Give the stand-ins the values of their products where the variables stand."""
        for one, other, product in self._written_products:
            product.set_value((one.value or 0.0) * (other.value or 0.0), skip_validation=True)

    def _product(self, one: Any, other: Any) -> Any:
        key = (min(id(one), id(other)), max(id(one), id(other)))
        if key not in self._stands_for:
            is_first = _is_binary(one) and self._range(other) is not None
            self._stands_for[key] = self._written(*((one, other) if is_first else (other, one)))
        return self._stands_for[key]

    def _written(self, binary: Any, factor: Any) -> Any:
        if binary is factor:
            return binary
        low, high = self._range(factor) or (0.0, 0.0)
        if not hasattr(self.model, "product_of"):
            self.model.product_of = pyo.VarList()
            self.model.envelope = pyo.ConstraintList()
        product = self.model.product_of.add()
        product.setlb(min(0.0, low))
        product.setub(max(0.0, high))
        self._written_products.append((binary, factor, product))
        rows = [product <= high * binary, product >= factor - high * (1 - binary)]
        rows.append(product <= factor - low * (1 - binary))
        if low:
            rows.append(product >= low * binary)
        for row in rows:
            self.model.envelope.add(row)
        return product

    def _range(self, variable: Any) -> tuple[float, float] | None:
        """Return the proven range of a variable where it is finite and not too wide."""
        lower, upper = variable.bounds
        if variable in self.limits:
            upper = min(math.inf if upper is None else upper, self.limits[variable].value)
        if lower is None or upper is None or max(abs(lower), abs(upper)) > WIDEST:
            return None
        return float(lower), float(upper)


def _is_binary(variable: Any) -> bool:
    return variable.is_binary() or (variable.is_integer() and tuple(variable.bounds) == (0, 1))
