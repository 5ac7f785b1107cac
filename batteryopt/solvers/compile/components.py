"""What a model is made of: the active components a solver must see; those that nobody understands are refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo.common.errors import InvalidValueError
from pyomo.core.base.external import ExternalFunction
from pyomo.core.base.set import RangeSet, Set
from pyomo.repn.util import categorize_valid_components

from batteryopt.ground.errors import UnsupportedModel

_HARMLESS = {
    pyo.Block,
    pyo.Var,
    pyo.Param,
    pyo.Expression,
    pyo.Suffix,
    pyo.BuildAction,
    pyo.BuildCheck,
    Set,
    RangeSet,
    ExternalFunction,
}
_READ = {pyo.Objective, pyo.Constraint, pyo.SOSConstraint}


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The active components of one model, in the order of their declaration.

    Attributes
    ----------
    model
        The model itself: components refer to it weakly only, and would lose their names with it.
    objective
        The one active objective, or None where any feasible point will do.
    constraints
        Active constraints that have at least one bound.
    sos
        Active special ordered sets, all of level 1.
    variables
        Variables declared in the model and not fixed; expressions may hold others, from outside its tree.
    """

    model: Any
    objective: Any | None
    constraints: tuple[Any, ...]
    sos: tuple[Any, ...]
    variables: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The model's name, for messages."""
        return str(self.model.name)

    @property
    def is_maximisation(self) -> bool:
        """Whether the objective is to be made large."""
        return self.objective is not None and self.objective.sense == pyo.maximize

    @property
    def objective_name(self) -> str:
        """The objective's name, for messages."""
        return "no objective" if self.objective is None else str(self.objective.name)


def parts_of(model: Any) -> Parts:
    """Return the parts of a model or block.

    Raises
    ------
    UnsupportedModel
        If an active component is of a kind that no adapter understands (a bilevel follower, a disjunct, ...), if
        there are several active objectives, or a special ordered set of another level than 1. Names every one.
    """
    _refuse_unknown(model)
    return Parts(
        model=model,
        objective=_the_objective(model),
        constraints=tuple(c for c in _active(model, pyo.Constraint) if c.has_lb() or c.has_ub()),
        sos=_special_ordered_sets(model),
        variables=tuple(v for v in _active(model, pyo.Var) if not v.fixed),
    )


@contextmanager
def numbers_required(name: str) -> Iterator[None]:
    """Turn Pyomo's complaint about a value that is no number into `UnsupportedModel` for the model named."""
    try:
        yield
    except InvalidValueError as error:
        raise UnsupportedModel(
            f"model '{name}' has something that is not a number where one is needed; a fixed variable or a parameter "
            f"without a value? {error}"
        ) from error


def _active(model: Any, kind: type) -> Iterator[Any]:
    return iter(model.component_data_objects(kind, active=True, descend_into=pyo.Block))


def _refuse_unknown(model: Any) -> None:
    _, unknown = categorize_valid_components(model, active=True, valid=_HARMLESS, targets=_READ)
    if not unknown:
        return
    found = "; ".join(f"{kind.__name__} {_names(components)}" for kind, components in unknown.items())
    raise UnsupportedModel(
        f"model '{model.name}' has active components that no solver here understands: {found}. "
        "Transform them into constraints first, or deactivate them."
    )


def _names(components: Any) -> str:
    return ", ".join(f"'{component.name}'" for component in components)


def _the_objective(model: Any) -> Any | None:
    objectives = list(_active(model, pyo.Objective))
    if len(objectives) > 1:
        raise UnsupportedModel(
            f"model '{model.name}' has {len(objectives)} active objectives ({_names(objectives)}); "
            "deactivate all but one"
        )
    return objectives[0] if objectives else None


def _special_ordered_sets(model: Any) -> tuple[Any, ...]:
    sets = tuple(_active(model, pyo.SOSConstraint))
    higher = [s for s in sets if s.level != 1]
    if higher:
        raise UnsupportedModel(f"special ordered sets of level 1 only; of another level: {_names(higher)}")
    return sets
