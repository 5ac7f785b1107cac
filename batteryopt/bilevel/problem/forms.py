"""A follower's function seen in the follower's own variables: constant, linear, quadratic and nonlinear part.

All other variables are data, so that coefficients may be expressions in them. Gradients come from the linear and
quadratic coefficients where those say everything, and from Pyomo's symbolic differentiation for the rest; that
keeps the stationarity conditions of linear and quadratic followers linear, as solvers want them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyomo.common.collections import ComponentMap, ComponentSet
from pyomo.common.numeric_types import native_numeric_types
from pyomo.core.expr.calculus.derivatives import Modes, differentiate
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn.parameterized import ParameterizedQuadraticRepnVisitor
from pyomo.repn.util import OrderedVarRecorder


@dataclass(frozen=True, eq=False)
class OwnForm:
    """An expression split by its degree in a follower's own variables.

    Attributes
    ----------
    expression
        The whole expression.
    variables
        The own variables that occur in it.
    constant
        The part without own variables.
    linear
        Coefficient by own variable.
    quadratic
        Coefficient by (position, position) in `variables`, each unordered pair once.
    nonlinear
        What is left, None where the form is at most quadratic.
    """

    expression: Any
    variables: tuple[Any, ...]
    constant: Any
    linear: ComponentMap
    quadratic: Mapping[tuple[int, int], Any]
    nonlinear: Any | None

    @property
    def is_affine(self) -> bool:
        """Whether it is affine in the own variables."""
        return self.nonlinear is None and not self.quadratic

    @property
    def is_quadratic(self) -> bool:
        """Whether it is at most quadratic in the own variables."""
        return self.nonlinear is None

    @property
    def has_constant_hessian(self) -> bool:
        """Whether the second derivatives in the own variables are numbers."""
        return self.is_quadratic and all(_is_number(c) for c in self.quadratic.values())

    def gradient(self) -> ComponentMap:
        """Return the derivative by each own variable that occurs, as expressions or numbers."""
        terms: ComponentMap = ComponentMap((v, [c]) for v, c in self.linear.items())
        for (i, j), coefficient in self.quadratic.items():
            first, second = self.variables[i], self.variables[j]
            if i == j:
                terms.setdefault(first, []).append(2 * coefficient * first)
            else:
                terms.setdefault(first, []).append(coefficient * second)
                terms.setdefault(second, []).append(coefficient * first)
        for variable, derivative in self._nonlinear_derivatives():
            terms.setdefault(variable, []).append(derivative)
        return ComponentMap((v, sum(parts[1:], parts[0])) for v, parts in terms.items())

    def hessian(self) -> dict[tuple[int, int], Any]:
        """Return the upper triangle (positions in `variables`) of second derivatives that are not zero."""
        entries: dict[tuple[int, int], Any] = {}
        for (i, j), coefficient in self.quadratic.items():
            key = (min(i, j), max(i, j))
            entries[key] = entries.get(key, 0) + (2 * coefficient if i == j else coefficient)
        if self.nonlinear is None:
            return entries
        position = ComponentMap((v, k) for k, v in enumerate(self.variables))
        for row, first_derivative in self._nonlinear_derivatives():
            i = position[row]
            for column, second in _derivatives(first_derivative, self.variables[i:]):
                key = (i, position[column])
                entries[key] = entries.get(key, 0) + second
        return entries

    def _nonlinear_derivatives(self) -> Iterator[tuple[Any, Any]]:
        if self.nonlinear is None:
            return iter(())
        return _derivatives(self.nonlinear, self.variables)


def own_form(expression: Any, own: ComponentSet) -> OwnForm:
    """Split an expression by its degree in the variables ``own``; all others are data, fixed ones numbers."""
    if _is_number(expression):
        return OwnForm(expression, (), expression, ComponentMap(), {}, None)
    data = [v for v in identify_variables(expression, include_fixed=False) if v not in own]
    visitor = ParameterizedQuadraticRepnVisitor({}, wrt=data, var_recorder=OrderedVarRecorder({}, {}, None))
    repn = visitor.walk_expression(expression)
    by_id = {id(v): v for v in identify_variables(expression, include_fixed=False) if v in own}
    variables = tuple(by_id.values())
    position = {key: k for k, key in enumerate(by_id)}
    linear = ComponentMap((by_id[key], c) for key, c in repn.linear.items() if not _is_zero(c))
    quadratic = {(position[i], position[j]): c for (i, j), c in (repn.quadratic or {}).items() if not _is_zero(c)}
    nonlinear = None if repn.nonlinear is None or not _mentions(repn.nonlinear, own) else repn.nonlinear
    constant = repn.constant
    if repn.nonlinear is not None and nonlinear is None:  # a nonlinear function of data alone
        constant = constant + repn.nonlinear
    return OwnForm(expression, variables, constant, linear, quadratic, nonlinear)


def variables_in(expressions: Iterable[Any]) -> ComponentSet:
    """Return the unfixed variables of several expressions, in order of appearance."""
    found: ComponentSet = ComponentSet()
    for expression in expressions:
        if not _is_number(expression):
            found.update(identify_variables(expression, include_fixed=False))
    return found


def _derivatives(expression: Any, variables: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield (variable, derivative) for the variables that occur in an expression."""
    if _is_number(expression):
        return
    occurring = variables_in([expression])
    wanted = [v for v in variables if v in occurring]
    if wanted:
        yield from zip(wanted, differentiate(expression, wrt_list=wanted, mode=Modes.reverse_symbolic), strict=True)


def _mentions(expression: Any, own: ComponentSet) -> bool:
    return any(v in own for v in identify_variables(expression, include_fixed=False))


def _is_number(expression: Any) -> bool:
    return expression.__class__ in native_numeric_types


def _is_zero(coefficient: Any) -> bool:
    return _is_number(coefficient) and coefficient == 0
