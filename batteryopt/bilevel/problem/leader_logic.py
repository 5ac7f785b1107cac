"""A leader's complementarity, disjunctions, logic and special ordered sets, written as rows and binaries on a copy.

The engine's methods know rows. What else a leader may write has transformations of Pyomo's own (`gdp.bigm` and
`mpec.simple_disjunction`), whose limits M come from bounds; special ordered sets get binaries with their members'
bounds. All of it happens on a copy: the user's model gets values, and its conditions are judged there as written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo import gdp, mpec
from pyomo.common.collections import ComponentMap
from pyomo.common.errors import InfeasibleConstraintException
from pyomo.common.modeling import unique_component_name
from pyomo.contrib.fbbt.fbbt import fbbt
from pyomo.core.plugins.transform.logical_to_linear import update_boolean_vars_from_binary

from batteryopt.bilevel.problem.follower import Follower, FollowerDual, FollowerDualData
from batteryopt.bilevel.problem.guard import FollowersGuard
from batteryopt.bilevel.problem.leaders import Leader
from batteryopt.ground.errors import UnsupportedModel

LOGIC = (mpec.Complementarity, gdp.Disjunction, gdp.Disjunct, pyo.SOSConstraint, pyo.LogicalConstraint, pyo.BooleanVar)
"""Types of components that a leader may have, and no follower."""
LEADERS = (pyo.Block, gdp.Disjunct, mpec.Complementarity)
EVERYWHERE = (*LEADERS, Follower, Leader)


@dataclass(frozen=True, eq=False)
class LeaderCopy:
    """What to solve in the place of a user's model: the model itself where its leader has rows only.

    Attributes
    ----------
    users, model
        The user's model, and the one to solve.
    partners
        The component of ``model`` for each variable, constraint and multiplier of ``users``; empty where they are one.
    """

    users: Any
    model: Any
    partners: ComponentMap

    @property
    def is_rewritten(self) -> bool:
        """Whether there was anything to write as rows."""
        return self.model is not self.users

    def limits(self, given: Mapping[Any, float] | None) -> Mapping[Any, float] | None:
        """Return limits of multipliers by the components of the model to solve."""
        if given is None or not self.is_rewritten:
            return given
        entries: MutableMapping[Any, float] = ComponentMap()
        for component, limit in given.items():
            is_indexed = hasattr(component, "is_indexed") and component.is_indexed()
            for entry in component.values() if is_indexed else [component]:
                entries[self.partners.get(entry, entry)] = limit
        return entries

    def bring_back_values(self) -> None:
        """Put the point into the user's variables, indicators and multipliers."""
        update_boolean_vars_from_binary(self.model)
        for theirs, ours in self.partners.items():
            if theirs.ctype is pyo.Constraint:
                continue
            if theirs.ctype is pyo.Var:
                theirs.set_value(ours.value, skip_validation=True)
            elif theirs.ctype is pyo.BooleanVar:
                theirs.set_value(ours.value)
            else:
                theirs.set_value(pyo.value(ours, exception=False))


def with_rows_only(model: Any) -> LeaderCopy:
    """Return a copy of a model whose leader has constraints only; the model itself where that is so already.

    Raises
    ------
    UnsupportedModel
        If a transformation finds no limit for an expression, or a special ordered set has members without bounds.
    """
    if not any(c.ctype in LOGIC for c in model.component_objects(active=True, descend_into=pyo.Block)):
        return LeaderCopy(model, model, ComponentMap())
    loose = _attach_loose_duals(model)
    try:
        copy = model.clone()
        partners = _partners(model, copy)
        for name, dual in loose.items():
            partners[dual] = copy.component(name)
    finally:
        for name in loose:
            model.del_component(name)
    _write_special_sets(copy)
    _without_users_limits(copy)
    pyo.TransformationFactory("mpec.simple_disjunction").apply_to(copy)
    try:
        pyo.TransformationFactory("gdp.bigm").apply_to(copy)
    except gdp.GDP_Error as error:
        words = str(error).strip().split("\n")[0]
        raise UnsupportedModel(
            f"a choice of the leader's needs limits that bounds do not give: bound the variables in it ({words})"
        ) from None
    return LeaderCopy(model, copy, partners)


def _partners(model: Any, copy: Any) -> ComponentMap:
    """Return the copy's component of each of the model's; both have them in the same order."""
    found: ComponentMap = ComponentMap()
    for kind in (pyo.Var, pyo.BooleanVar, pyo.Constraint, pyo.Expression):
        pairs = zip(
            model.component_data_objects(kind, descend_into=EVERYWHERE),
            copy.component_data_objects(kind, descend_into=EVERYWHERE),
            strict=True,
        )
        is_dual = (FollowerDual, FollowerDualData)
        found.update(pair for pair in pairs if kind is not pyo.Expression or isinstance(pair[0], is_dual))
    return found


def _attach_loose_duals(model: Any) -> dict[str, Any]:
    """Put multipliers that stand in expressions only on the model: else its copy would have the model's own."""
    loose: dict[str, Any] = {}
    for node in _leaf_expressions(model):
        if isinstance(node, (FollowerDual, FollowerDualData)):
            component = node.parent_component()
            if component.parent_block() is None and all(component is not other for other in loose.values()):
                name = unique_component_name(model, "multipliers")
                model.add_component(name, component)
                loose[name] = component
    return loose


def _leaf_expressions(model: Any) -> Iterator[Any]:
    """Yield every node of the leader's expressions."""
    pending: list[Any] = []
    for kind in (pyo.Objective, pyo.Constraint):
        for item in model.component_data_objects(kind, active=True, descend_into=LEADERS):
            if not isinstance(item, FollowersGuard):
                pending.append(item.expr)
    while pending:
        node = pending.pop()
        yield node
        if hasattr(node, "is_expression_type") and node.is_expression_type():
            pending.extend(node.args)


def _without_users_limits(copy: Any) -> None:
    """Drop limits that the user has typed for transformations: those that are derived are proven, and these are not."""
    for suffix in list(copy.component_objects(pyo.Suffix, descend_into=LEADERS)):
        if suffix.local_name == "BigM":
            suffix.parent_block().del_component(suffix)


def _write_special_sets(copy: Any) -> None:
    """Write special ordered sets with a binary a member, 0 where the member is 0."""
    found = list(copy.component_data_objects(pyo.SOSConstraint, active=True, descend_into=LEADERS))
    if not found:
        return
    name = unique_component_name(copy, "special_sets")
    block = _added(copy, name)
    limits = _limits_of(copy, [v for special in found for v in members_in_order(special)])
    for special in found:
        _write_special_set(block, special, limits)
        special.deactivate()
    for component in copy.component_objects(pyo.SOSConstraint, active=True, descend_into=LEADERS):
        component.deactivate()


def _added(copy: Any, name: str) -> Any:
    block = pyo.Block(concrete=True)
    copy.add_component(name, block)
    block.is_used, block.row = pyo.VarList(domain=pyo.Binary), pyo.ConstraintList()
    return block


def _limits_of(copy: Any, members: list[Any]) -> ComponentMap:
    """Return the bounds of members, found by the leader's rows where nobody wrote them."""
    everywhere = list(copy.component_data_objects(pyo.Var, descend_into=EVERYWHERE))
    before = [(v, v.lower, v.upper, v.value) for v in everywhere]
    rows = [
        row
        for row in copy.component_data_objects(pyo.Constraint, active=True, descend_into=pyo.Block)
        if not isinstance(row, FollowersGuard)
    ]
    with contextlib.suppress(InfeasibleConstraintException):
        for row in rows if any(None in member.bounds for member in members) else []:
            fbbt(row)
    limits = ComponentMap((member, tuple(member.bounds)) for member in members)
    for variable, lower, upper, value in before:
        variable.setlb(lower)
        variable.setub(upper)
        variable.set_value(value, skip_validation=True)
    return limits


def _write_special_set(block: Any, special: Any, limits: ComponentMap) -> None:
    used = []
    for member in members_in_order(special):
        lower, upper = (0.0, 0.0) if member.fixed and member.value == 0 else limits[member]
        if lower is None or upper is None:
            raise UnsupportedModel(f"{special.name}: bound its member {member.name}: its binary needs a limit")
        binary = block.is_used.add()
        block.row.add(member <= upper * binary)
        block.row.add(member >= lower * binary)
        used.append(binary)
    block.row.add(sum(used) <= special.level)
    for i in range(len(used)):
        for j in range(i + special.level, len(used)):
            if special.level > 1:
                block.row.add(used[i] + used[j] <= 1)


def members_in_order(special: Any) -> list[Any]:
    """Return the members of a special ordered set by their weights."""
    return [variable for variable, _ in sorted(special.get_items(), key=lambda item: item[1])]


def shown_values(copy: LeaderCopy, values: Mapping[str, float]) -> dict[str, float]:
    """Return the values of the variables that the user has."""
    names = {v.name for v in copy.partners if v.ctype is pyo.Var}
    return {name: value for name, value in values.items() if name in names}
