"""How a user writes one of several leaders: a Pyomo block of its own component type."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pyomo.environ as pyo
from pyomo.core.base.block import BlockData
from pyomo.core.base.global_set import UnindexedComponent_index, UnindexedComponent_set

from batteryopt.ground.errors import UnsupportedModel


class LeaderData(BlockData):
    """One leader: its variables, constraints and objective."""


class Leader(pyo.Block):
    """One of several leaders, written as a Pyomo block beside the followers that all of them lead.

    Variables declared on it are the leader's decisions; its constraints and its one objective are its own. The
    constraints that stand on the model itself are every leader's. See `batteryopt.bilevel.equilibrium`.

    Examples
    --------
    >>> m = pyo.ConcreteModel()
    >>> m.firm = Leader([1, 2])
    >>> m.firm[1].x = pyo.Var(bounds=(0, 24))
    """

    _ComponentDataClass = LeaderData

    def __new__(cls, *args: Any, **_: Any) -> Any:
        """Return the scalar or the indexed form, as Pyomo's own blocks do."""
        if cls is not Leader:
            return super().__new__(cls)
        is_scalar = not args or (len(args) == 1 and args[0] is UnindexedComponent_set)
        return super().__new__(ScalarLeader if is_scalar else IndexedLeader)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("ctype", Leader)
        pyo.Block.__init__(self, *args, **kwargs)


class ScalarLeader(LeaderData, Leader):
    """The only leader of its name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        BlockData.__init__(self, component=self)
        Leader.__init__(self, *args, **kwargs)
        self._data[None] = self
        self._index = UnindexedComponent_index


class IndexedLeader(Leader):
    """Leaders over an index set."""


WITH_LEADERS = (pyo.Block, Leader)


def leaders_of(model: Any) -> list[Any]:
    """Return the active leaders of a model."""
    return list(model.component_data_objects(Leader, active=True, descend_into=pyo.Block))


def decisions_of(leader: Any) -> list[Any]:
    """Return the variables that a leader decides on."""
    return [v for v in leader.component_data_objects(pyo.Var, descend_into=pyo.Block) if not v.fixed]


@contextlib.contextmanager
def alone(leader: Any, others: list[Any]) -> Iterator[None]:
    """Let a model be one leader's while the block runs: the others' decisions are data, their rows are gone."""
    held = [v for other in others if other is not leader for v in decisions_of(other)]
    for variable in held:
        variable.fix()
    for other in others:
        if other is not leader:
            other.deactivate()
    try:
        yield
    finally:
        for other in others:
            other.activate()
        for variable in held:
            variable.unfix()


def refuse_several(model: Any) -> None:
    """Raise where a model of several leaders is to be solved as if there were one.

    Raises
    ------
    UnsupportedModel
        If there are several active leaders.
    """
    leaders = leaders_of(model)
    if len(leaders) > 1:
        names = ", ".join(leader.name for leader in leaders)
        raise UnsupportedModel(f"'{model.name}' has several leaders ({names}): use bilevel.equilibrium(model)")
