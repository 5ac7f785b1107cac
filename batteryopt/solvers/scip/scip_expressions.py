"""Pyomo expressions in SCIP's own terms: linear and quadratic parts as sums of terms, the rest as a tree."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pyscipopt
from pyomo.core.expr import numeric_expr as nodes
from pyomo.core.expr.numvalue import native_numeric_types
from pyomo.core.expr.visitor import StreamBasedExpressionVisitor
from pyomo.repn.quadratic import QuadraticRepnVisitor
from pyscipopt.scip import Expr, Term, buildGenExprObj

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.arrays import Columns

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": pyscipopt.exp,
    "log": pyscipopt.log,
    "log10": lambda x: pyscipopt.log(x) / math.log(10.0),
    "sqrt": pyscipopt.sqrt,
    "sin": pyscipopt.sin,
    "cos": pyscipopt.cos,
    "tan": lambda x: pyscipopt.sin(x) / pyscipopt.cos(x),
    "sinh": lambda x: (pyscipopt.exp(x) - pyscipopt.exp(-x)) / 2.0,
    "cosh": lambda x: (pyscipopt.exp(x) + pyscipopt.exp(-x)) / 2.0,
    "tanh": lambda x: 1.0 - 2.0 / (pyscipopt.exp(2.0 * x) + 1.0),
}


class Translator:
    """Turns expressions into SCIP's; a variable met for the first time is created by `new_variable`.

    Attributes
    ----------
    columns
        The Pyomo variables met so far, in order.
    variables
        SCIP's variable of each, by the identity of the Pyomo variable.
    """

    def __init__(self, new_variable: Callable[[Any], Any]) -> None:
        self._new_variable = new_variable
        self.columns = Columns(())
        self.variables: dict[int, Any] = {}
        self._visitor = QuadraticRepnVisitor({}, var_recorder=self.columns)

    def variable(self, variable: Any) -> Any:
        """Return SCIP's variable of a Pyomo variable."""
        key = id(variable)
        if key not in self.variables:
            if key not in self.columns.var_map:
                self.columns.add(variable)
            self.variables[key] = self._new_variable(variable)
        return self.variables[key]

    @property
    def decided(self) -> tuple[Any, ...]:
        """The Pyomo variables that SCIP knows: not those that cancelled out wherever they were met."""
        return tuple(v for key, v in self.columns.var_map.items() if key in self.variables)

    def expression(self, expression: Any, owner: Any) -> Any:
        """Return an expression in SCIP's terms; `owner` is the component that an error names."""
        repn = self._visitor.walk_expression(expression)
        known = self._by_key
        terms = {Term(): float(repn.constant)}
        terms.update({Term(known(key)): c for key, c in repn.linear.items()})
        for (first, second), coefficient in (repn.quadratic or {}).items():
            terms[Term(known(first), known(second))] = coefficient
        total = Expr(terms)
        return total if repn.nonlinear is None else buildGenExprObj(total) + self._tree(repn.nonlinear, owner)

    def _by_key(self, key: int) -> Any:
        found = self.variables.get(key)
        return self.variable(self.columns.var_map[key]) if found is None else found

    def _tree(self, expression: Any, owner: Any) -> Any:
        def before(_parent: Any, child: Any, _index: int) -> tuple[bool, Any]:
            if child.__class__ in native_numeric_types:
                return False, float(child)
            if not child.is_potentially_variable() or (child.is_variable_type() and child.fixed):
                return False, float(child())
            if child.is_variable_type():
                return False, buildGenExprObj(self.variable(child))
            return True, None

        def leave(node: Any, arguments: list[Any]) -> Any:
            return _node(node, arguments, owner)

        visitor = StreamBasedExpressionVisitor(beforeChild=before, exitNode=leave, initializeWalker=None)
        return visitor.walk_expression(nodes.SumExpression([expression]))


def degree(expression: Any) -> float:
    """Return the degree of a polynomial of SCIP's, infinite for anything else."""
    return float(expression.degree()) if isinstance(expression, Expr) else math.inf


def _node(node: Any, arguments: list[Any], owner: Any) -> Any:
    """Return SCIP's expression of one node, given those of its arguments."""
    if isinstance(node, nodes.SumExpression):
        return sum(arguments[1:], arguments[0])
    if isinstance(node, nodes.NegationExpression):
        return -1.0 * arguments[0]
    if isinstance(node, nodes.ProductExpression):
        return arguments[0] * arguments[1]
    if isinstance(node, nodes.DivisionExpression):
        return arguments[0] / arguments[1]
    if isinstance(node, nodes.PowExpression):
        return _power(arguments[0], arguments[1], owner)
    if isinstance(node, nodes.AbsExpression):
        return abs(arguments[0])
    if isinstance(node, nodes.UnaryFunctionExpression) and node.name in _FUNCTIONS:
        argument = arguments[0]
        return _FUNCTIONS[node.name](argument)
    if node.is_named_expression_type():
        return arguments[0]
    raise UnsupportedModel(f"scip cannot take '{owner.name}': it has no expression for {_name(node)}")


def _power(base: Any, exponent: Any, owner: Any) -> Any:
    if isinstance(exponent, float):
        return base**exponent
    if isinstance(base, float) and base > 0:
        return pyscipopt.exp(exponent * math.log(base))
    raise UnsupportedModel(f"scip cannot take '{owner.name}': a power whose base and exponent both vary")


def _name(node: Any) -> str:
    return str(node.name) if isinstance(node, nodes.UnaryFunctionExpression) else type(node).__name__
