"""Units in which a model's numbers are near 1, read off the model itself.

A solver's tolerances are absolute: to it an objective of 4e-12 is zero, and one of 4e16 is never known to them. Each
term of a row ``sum_t c_t x_i x_j + b`` should have about the size of the row, so
``log|c_t| + log u_i + log u_j = log r`` and ``log|b| = log r`` for every term, ``log|bound| = log u`` for every bound
of a variable; the units u and sizes r solve all of these in the sense of least squares (the scaling of Curtis and
Reid, 1972, with right-hand sides, bounds and quadratic terms). All money of a game times k gives all units times k.

Where anything is small, only what is small is scaled: tolerances get stricter by that and never looser. Units above 1
serve where a model is large as a whole; they loosen tolerances, so that whoever uses them judges the answer once more
in the model's own units. Units are powers of two, so that nothing is rounded on the way.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from pyomo.common.collections import ComponentMap
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn import generate_standard_repn
from scipy.sparse.linalg import splu

SMALL = 2.0**-7
LARGE = 2.0**16
"""Where every unit is between these two, the model is solved as it stands: its own units will do. An objective is of
the second degree in many models, and large above the square."""
RIDGE = 1e-4
"""Weight of ``log u = 0``: a variable of which the model says nothing keeps its unit."""
ROOM = 2.0**5
"""Where a model is large its numbers are brought to about this, and not to 1: tolerances are the smaller to them."""
LEAST, MOST = 2.0**-100, 2.0**100


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductTerms:
    """An expression as terms, each a coefficient and the variables of its product, with multiplicity."""

    constant: float
    products: tuple[tuple[float, tuple[Any, ...]], ...]
    rest: Any | None
    """What is not quadratic; None where nothing is left."""


def terms_of(expression: Any) -> ProductTerms:
    """Return an expression as terms; fixed variables are numbers."""
    repn = generate_standard_repn(expression, quadratic=True)
    linear = zip(repn.linear_coefs, ((v,) for v in repn.linear_vars), strict=True)
    quadratic = zip(repn.quadratic_coefs, repn.quadratic_vars, strict=True)
    products = tuple((float(c), tuple(vs)) for c, vs in (*linear, *quadratic) if c)
    return ProductTerms(constant=float(repn.constant), products=products, rest=repn.nonlinear_expr)


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Units of variables; 1 for one that is not among them. No unit or size is above `most`."""

    of: ComponentMap = field(default_factory=ComponentMap)
    most: float = MOST

    @property
    def are_small(self) -> bool:
        """Whether any is so small that tolerances of solvers are not."""
        return any(unit < SMALL for unit in self.of.values())

    @property
    def are_large(self) -> bool:
        """Whether any is so large that solvers do not reach their tolerances."""
        return any(unit > LARGE for unit in self.of.values())

    @property
    def loosen(self) -> bool:
        """Whether tolerances in these units may be looser than in the model's own."""
        return self.most > 1.0

    def with_room(self) -> Units:
        """Return units `ROOM` times smaller, but no smaller than 1 where these are not."""
        smaller = ComponentMap((v, max(min(1.0, u), u / ROOM)) for v, u in self.of.items())
        return dataclasses.replace(self, of=smaller)

    def cut(self) -> Units:
        """Return the units of what is small, and 1 for all else."""
        return dataclasses.replace(self, of=ComponentMap((v, min(1.0, u)) for v, u in self.of.items()), most=1.0)

    def __getitem__(self, variable: Any) -> float:
        return float(self.of.get(variable, 1.0))

    def size(self, expression: Any, *constants: float | None, has_level: bool = True) -> float:
        """Return the size of the largest term at natural values, a power of two.

        Parameters
        ----------
        constants
            Further constants of the row: its bounds.
        has_level
            Whether the expression's own constant counts: not that of an objective, which nobody decides.
        """
        terms = terms_of(expression)
        sizes = [abs(c) * math.prod(self[v] for v in variables) for c, variables in terms.products]
        sizes += [abs(b) for b in constants if b is not None and math.isfinite(b)]
        if has_level:
            sizes.append(abs(terms.constant))
        if terms.rest is not None:
            sizes.append(self._value(terms.rest))
        return min(self.most, _power(max(sizes, default=1.0) or 1.0))

    def _value(self, expression: Any) -> float:
        """Return the size of an expression where every variable is its unit; 1 where it has none there."""
        variables = list(identify_variables(expression, include_fixed=False))
        before = [v.value for v in variables]
        try:
            for variable in variables:
                variable.set_value(self[variable], skip_validation=True)
            value = abs(pyo.value(expression))
        except (ArithmeticError, ValueError, TypeError):
            return 1.0
        finally:
            for variable, old in zip(variables, before, strict=True):
                variable.set_value(old, skip_validation=True)
        return float(value) if math.isfinite(value) else 1.0


def natural_units(
    objectives: Iterable[Any], rows: Iterable[tuple[Any, float | None, float | None]], variables: Iterable[Any] = ()
) -> Units:
    """Return the units of all variables in objectives and rows (body, lower, upper).

    Parameters
    ----------
    variables
        Others that may occur nowhere.
    """
    fit = _Fit()
    for objective in objectives:
        fit.add_row(terms_of(objective), (), has_level=False)
    for body, lower, upper in rows:
        fit.add_row(terms_of(body), (lower, upper), has_level=True)
    for variable in variables:
        fit.column(variable)
    return Units(of=fit.solved())


def fitting(units: Units, heights: Callable[[Units], Iterable[float]]) -> Units | None:
    """Return the units to solve a model in; None where its own will do.

    Parameters
    ----------
    heights
        From units to the sizes of the model's objectives.
    """
    small = units.cut()
    if small.are_small or min(heights(small)) < SMALL:
        return small
    return units.with_room() if units.are_large or max(heights(units)) > LARGE**2 else None


class _Fit:
    """The equations of the least-squares problem, in logarithms to base 2."""

    def __init__(self) -> None:
        self._columns: ComponentMap = ComponentMap()
        self._rows = 0
        self._entries: list[tuple[int, int, float]] = []  # equation, unknown (rows count from -1 down), coefficient
        self._right: list[float] = []

    def column(self, variable: Any) -> int:
        """Return the position of a variable; one met for the first time brings its bounds."""
        if variable not in self._columns:
            self._columns[variable] = position = len(self._columns)
            for bound in variable.bounds:
                if bound is not None and bound != 0 and math.isfinite(bound):
                    self._add([(position, 1.0)], math.log2(abs(bound)))
        return int(self._columns[variable])

    def add_row(self, terms: ProductTerms, bounds: Sequence[float | None], *, has_level: bool) -> None:
        """Ask that every term have the size of its row."""
        self._rows += 1
        row = -self._rows
        for coefficient, variables in terms.products:
            self._add([*((self.column(v), 1.0) for v in variables), (row, -1.0)], -math.log2(abs(coefficient)))
        levels = [b - terms.constant for b in bounds if b is not None and math.isfinite(b)] if has_level else []
        for level in levels:
            if level:
                self._add([(row, 1.0)], math.log2(abs(level)))
        if terms.rest is not None:
            for variable in identify_variables(terms.rest, include_fixed=False):
                self.column(variable)

    def _add(self, entries: list[tuple[int, float]], right: float) -> None:
        self._entries.extend((len(self._right), unknown, value) for unknown, value in entries)
        self._right.append(right)

    def solved(self) -> ComponentMap:
        """Return the units."""
        count = len(self._columns)
        if not self._right:
            return ComponentMap((v, 1.0) for v in self._columns)
        equations, unknowns, values = (np.array(part) for part in zip(*self._entries, strict=True))
        unknowns = np.where(unknowns >= 0, unknowns, count - 1 - unknowns)
        shape = (len(self._right), count + self._rows)
        matrix = sp.coo_array((values.astype(float), (equations, unknowns)), shape=shape).tocsr()
        weights = sp.diags_array(np.where(np.arange(shape[1]) < count, RIDGE, RIDGE**2))
        normal = sp.csc_matrix(matrix.T @ matrix + weights)
        found = splu(normal).solve(matrix.T @ np.array(self._right))
        return ComponentMap(
            (v, _power(2.0 ** float(found[k])) if v.is_continuous() else 1.0) for v, k in self._columns.items()
        )


def _power(size: float) -> float:
    """Return the nearest power of two, between `LEAST` and `MOST`."""
    return float(min(MOST, max(LEAST, 2.0 ** round(math.log2(size))))) if math.isfinite(size) else 1.0
