"""What KKT conditions cannot say at all: functions of a follower that have no gradient where it may matter.

``abs`` and its like are refused wherever they hold own variables. A root is refused where its argument may reach
zero with a kink (a norm): in the objective always, in a constraint only if that may bind there.
"""

from __future__ import annotations

from typing import Any

from pyomo.common.collections import ComponentSet
from pyomo.core.expr import numeric_expr as ne
from pyomo.core.expr.visitor import identify_components, replace_expressions

from batteryopt.bilevel.problem.forms import OwnForm, variables_in
from batteryopt.bilevel.problem.refusals import UnsupportedFollower
from batteryopt.bilevel.proof.curvature import curvature
from batteryopt.bilevel.proof.known_of_functions import interval

KINKED = ("abs", "ceil", "floor")
WITHOUT_DERIVATIVE = ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh")
"""Smooth functions whose derivative Pyomo does not write."""


def refuse_nonsmooth(name: str, follower: str, form: OwnForm, own: ComponentSet, *, is_objective: bool) -> None:
    """Raise `UnsupportedFollower` where a function has no gradient at points that may be best answers."""
    _refuse_without_derivative(name, follower, form)
    kinds = {ne.AbsExpression, ne.UnaryFunctionExpression, ne.Expr_ifExpression, ne.PowExpression}
    for node in identify_components(form.expression, kinds):
        if not any(v in own for v in variables_in([node])):
            continue
        if isinstance(node, ne.Expr_ifExpression) or node.getname() in KINKED:
            raise UnsupportedFollower(
                follower,
                f"{name} is not differentiable ('{node.getname()}' of the follower's variables); "
                "write it with an epigraph variable and two inequalities",
            )
        if _is_root_with_kink(node, own) and (is_objective or _may_bind_at_zero_of(node, form.expression)):
            raise UnsupportedFollower(
                follower,
                f"{name} is not differentiable where the argument of the root '{node}' is zero, and that may be the "
                "best answer; square it, or add a small positive constant under the root",
            )


def _refuse_without_derivative(name: str, follower: str, form: OwnForm) -> None:
    if form.nonlinear is None:
        return
    for node in identify_components(form.nonlinear, {ne.UnaryFunctionExpression}):
        if node.getname() in WITHOUT_DERIVATIVE:
            raise UnsupportedFollower(
                follower, f"{name} contains '{node.getname()}', which cannot be differentiated here; write it with exp"
            )


def has_kink_in_reach(node: Any, own: ComponentSet, function: Any, *, is_objective: bool) -> bool:
    """Whether a root or an absolute value of own variables has a kink where the function may matter."""
    if not any(v in own for v in variables_in([node])):
        return False
    if node.getname() == "abs":
        return True
    if not isinstance(node, ne.PowExpression) and node.getname() != "sqrt":
        return False
    return _is_root_with_kink(node, own) and (is_objective or _may_bind_at_zero_of(node, function))


def _is_root_with_kink(node: Any, own: ComponentSet) -> bool:
    """Whether it is a root of something that may be zero; where that is concave, no answer lies at zero by choice."""
    if isinstance(node, ne.PowExpression):
        base, exponent = node.args
        low, high = interval(exponent)
        if low <= 0 or high >= 1:
            return False
    elif node.getname() == "sqrt":
        base = node.args[0]
    else:
        return False
    is_function_of_own = any(v in own for v in variables_in([base]))
    return is_function_of_own and interval(base)[0] <= 0 and not curvature(base, own).is_concave


def _may_bind_at_zero_of(node: Any, row: Any) -> bool:
    """Whether ``row <= 0`` can hold with equality where the node is zero."""
    return interval(replace_expressions(row, {id(node): 0.0}))[1] >= 0
