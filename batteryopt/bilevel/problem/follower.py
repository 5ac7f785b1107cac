"""How a user writes a follower: a Pyomo block of its own component type, and the follower's multipliers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pyomo.environ as pyo
from pyomo.core.base.block import BlockData
from pyomo.core.base.expression import ExpressionData, IndexedExpression, ScalarExpression
from pyomo.core.base.global_set import UnindexedComponent_index, UnindexedComponent_set

from batteryopt.bilevel.problem.guard import stand_guard
from batteryopt.bilevel.problem.refusals import UnsupportedFollower


class FollowerData(BlockData):
    """One follower: its variables, constraints and objective; everything else in them is data to it."""


class Follower(pyo.Block):
    """A follower's optimisation problem, written as a Pyomo block inside the leader's model.

    Variables declared on it (in sub-blocks too) are the follower's decisions, their bounds included. Its active
    constraints and its one active objective are the follower's. Any other variable that appears there, the leader's
    or another follower's, is fixed data to it. It may be indexed, and built by a ``rule``, as any Pyomo block.

    No ordinary solver takes a model that holds an active follower (see `batteryopt.bilevel.problem.guard`).

    Examples
    --------
    >>> m = pyo.ConcreteModel()
    >>> m.w = pyo.Var(bounds=(0, 30))
    >>> m.retailer = Follower()
    >>> m.retailer.p = pyo.Var(bounds=(0, None))
    >>> m.retailer.profit = pyo.Objective(expr=(m.retailer.p - m.w) * (30 - m.retailer.p), sense=pyo.maximize)
    """

    _ComponentDataClass = FollowerData

    def __new__(cls, *args: Any, **_: Any) -> Any:
        """Return the scalar or the indexed form, as Pyomo's own blocks do."""
        if cls is not Follower:
            return super().__new__(cls)
        is_scalar = not args or (len(args) == 1 and args[0] is UnindexedComponent_set)
        kind = ScalarFollower if is_scalar else IndexedFollower
        return super().__new__(kind)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("ctype", Follower)
        pyo.Block.__init__(self, *args, **kwargs)

    def construct(self, data: Any = None) -> None:
        """Construct as a block does, and put the guard on the block that holds the follower."""
        pyo.Block.construct(self, data)
        stand_guard(self.parent_block(), Follower)


class ScalarFollower(FollowerData, Follower):
    """The only follower of its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        BlockData.__init__(self, component=self)
        Follower.__init__(self, *args, **kwargs)
        self._data[None] = self
        self._index = UnindexedComponent_index


class IndexedFollower(Follower):
    """Followers over an index set."""


class FollowerDualData(ExpressionData):
    """One multiplier inside an indexed `FollowerDual`."""


class FollowerDual(pyo.Expression):
    """Expression component that stands for followers' multipliers; the engine fills it in.

    ``constraint_of[index]`` is the follower's constraint data object that each entry belongs to.
    """

    _ComponentDataClass = FollowerDualData
    constraint_of: dict[Any, Any]

    def __new__(cls, *args: Any, **_: Any) -> Any:
        """Return the scalar or the indexed form, as Pyomo's own expressions do."""
        if cls is not FollowerDual:
            return super().__new__(cls)
        return super().__new__(IndexedFollowerDual if args else ScalarFollowerDual)


class ScalarFollowerDual(ScalarExpression, FollowerDual):
    """The multiplier of one constraint."""


class IndexedFollowerDual(IndexedExpression, FollowerDual):
    """The multipliers of an indexed constraint."""


def dual_of(constraint: Any) -> Any:
    """Return a follower's multiplier as an expression for the leader's objective and constraints.

    Its value is the derivative of the follower's optimal value, in the follower's own sense, with respect to the
    constraint's right-hand side, the constraint read as Pyomo stores it: ``lower <= body <= upper`` or
    ``body == rhs``. (``p >= w`` with variables on both sides is stored as ``w - p <= 0``.) Where the multipliers are
    not unique, the leader has the choice among them (the optimistic convention).

    Parameters
    ----------
    constraint
        A constraint on a `Follower`, scalar, indexed, or one entry of an indexed one.

    Returns
    -------
    FollowerDual
        To be assigned to the model: ``m.price = bilevel.dual_of(m.market.balance)``. For an indexed constraint it
        has the same index set. After a solve it evaluates to the multiplier.

    Raises
    ------
    UnsupportedFollower
        If the argument is not a constraint that stands on a follower.
    """
    if getattr(constraint, "ctype", None) is not pyo.Constraint:
        raise UnsupportedFollower(str(constraint), "dual_of takes a constraint that stands on a follower")
    if _owning_follower(constraint) is None:
        raise UnsupportedFollower(constraint.name, "dual_of takes a constraint that stands on a follower")
    # The zeros are placeholders: an expression must exist before the engine knows the multiplier.
    if constraint.is_indexed():
        dual = FollowerDual(constraint.index_set(), initialize=dict.fromkeys(constraint.keys(), 0.0))
        dual.constraint_of = dict(constraint.items())
    else:
        dual = FollowerDual(initialize=0.0)
        dual.constraint_of = {None: constraint}
    dual.construct()  # usable in expressions even if the user never assigns it to the model
    return dual


def _owning_follower(component: Any) -> Any:
    """Return the follower data object that a component stands on, or None."""
    block = component.parent_block()
    while block is not None and not isinstance(block, FollowerData):
        block = block.parent_block()
    return block


def limits_by_constraint(given: Mapping[Any, float] | None) -> tuple[tuple[Any, float], ...]:
    """Return limits of multipliers by the entries of constraints; an indexed constraint's limit is that of each.

    Raises
    ------
    UnsupportedFollower
        If a key is no constraint or variable that stands on a follower, or a limit is not a positive number.
    """
    limits: list[tuple[Any, float]] = []
    for component, limit in (given or {}).items():
        name = getattr(component, "name", str(component))
        if getattr(component, "ctype", None) not in (pyo.Constraint, pyo.Var) or _owning_follower(component) is None:
            raise UnsupportedFollower(name, "a limit of multipliers goes to a constraint or variable of a follower")
        if not (math.isfinite(limit) and limit > 0):
            raise UnsupportedFollower(name, f"a limit of multipliers is a positive number, not {limit!r}")
        entries = component.values() if component.is_indexed() else [component]
        limits.extend((entry, float(limit)) for entry in entries)
    return tuple(limits)
