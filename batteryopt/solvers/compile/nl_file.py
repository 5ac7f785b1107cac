"""Pyomo's NL writer, kept from doing anything but writing: no scaling, no presolve, no suffixes, no word on data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

import pyomo.environ as pyo
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.core.expr import numeric_expr as expr_nodes
from pyomo.core.expr.numvalue import native_types
from pyomo.core.expr.visitor import identify_variables
from pyomo.repn.plugins.nl_writer import NLWriter

from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.compile.components import Parts


def write_plainly(model: Any, stream: TextIO) -> Any:
    """Write a model as NL and return the writer's account of the order of variables and constraints.

    Fixed variables are data here: where they stand outside of their bounds, which the writer refuses, it is not
    shown the bounds.
    """
    with ExitStack() as stack:
        stack.enter_context(_without_suffixes(model))
        try:
            return _write(model, stream)
        except InfeasibleConstraintException:
            stream.seek(0)
            stream.truncate()
            for variable in _fixed_variables(model):
                stack.enter_context(_without_bounds(variable))
            return _write(model, stream)


def _write(model: Any, stream: TextIO) -> Any:
    return NLWriter().write(
        model,
        stream,
        linear_presolve=False,
        scale_model=False,
        skip_trivial_constraints=False,
        show_section_timing=False,
    )


@contextmanager
def _without_suffixes(model: Any) -> Iterator[None]:
    """Hide the model's suffixes while the block runs: CasADi does not read a file that has any."""
    suffixes = list(model.component_objects(pyo.Suffix, active=True, descend_into=pyo.Block))
    for suffix in suffixes:
        suffix.deactivate()
    try:
        yield
    finally:
        for suffix in suffixes:
            suffix.activate()


def refuse_unreadable(text: str, parts: Parts) -> None:
    """Raise `UnsupportedModel`, naming the component, where an NL file has a function that is of no use here.

    Steps and case distinctions have no slope to go by (an interior-point code would not notice); CasADi does not read
    the inverse hyperbolic functions. The absolute value is let pass: it has a kink in one point only.
    """
    if _UNREADABLE.search(text) is None:
        return
    components = [*parts.constraints, *([parts.objective] if parts.objective is not None else [])]
    names = ", ".join(f"'{c.name}'" for c in components if any(_is_unreadable(node) for node in _nodes(c.expr)))
    raise UnsupportedModel(
        "floor, ceil and Expr_if have no derivatives, and asinh, acosh and atanh cannot be read here; "
        f"model '{parts.name}' has such a function in {names}"
    )


_UNREADABLE = re.compile(r"^o(13|14|35|47|50|52)\b", re.MULTILINE)
"""The operators floor, ceil, if, atanh, asinh and acosh of an NL file."""


def _is_unreadable(node: Any) -> bool:
    if isinstance(node, expr_nodes.Expr_ifExpression):
        return True
    named = isinstance(node, expr_nodes.UnaryFunctionExpression)
    return named and node.name in ("floor", "ceil", "asinh", "acosh", "atanh")


def _nodes(expression: Any) -> Iterator[Any]:
    stack = [expression]
    while stack:
        node = stack.pop()
        yield node
        if node.__class__ not in native_types and node.is_expression_type():
            stack.extend(node.args)


def _fixed_variables(model: Any) -> list[Any]:
    components = model.component_data_objects((pyo.Constraint, pyo.Objective), active=True, descend_into=pyo.Block)
    found = {id(v): v for component in components for v in identify_variables(component.expr) if v.fixed}
    return list(found.values())


@contextmanager
def _without_bounds(variable: Any) -> Iterator[None]:
    """Take a variable's bounds and domain away while the block runs."""
    kept = variable.lower, variable.upper, variable.domain
    variable.lower, variable.upper, variable.domain = None, None, pyo.Reals
    try:
        yield
    finally:
        variable.lower, variable.upper, variable.domain = kept
