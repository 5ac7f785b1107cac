"""The four doors that take an instance of any family: read it, solve it, its model in Pyomo, an answer from that."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from batteryopt.families.entry import Family
from batteryopt.families.register import FAMILIES, family_at, family_of
from batteryopt.ground.errors import Fault, InvalidInput


def read(path: str | os.PathLike[str]) -> Any:
    """Return the instance at a path, of whichever family its `kind` names.

    Raises
    ------
    InvalidInput
        With every fault of the input.
    """
    return family_at(path).read_instance(path)


def solve(instance: Any, models: Iterable[str] = (), **options: Any) -> Any:
    """Return the answers to models of an instance, by default the usual ones; options as in its family's `solve`."""
    family, models = _family_of_instance(instance), _names(models)
    faults = [
        *(replace(fault, place="models") for fault in family.model_faults(models)),
        *family.option_faults(options),
    ]
    if faults:
        raise InvalidInput("solve", faults)
    return family.solve_instance(instance, models, **options)


def _family_of_instance(instance: Any) -> Family:
    if getattr(instance, "kind", None) in FAMILIES:
        return FAMILIES[instance.kind]
    from batteryopt.tables.input_faults import show

    fault = Fault(place="instance", problem=f"is {show(instance)}", remedy="give what batteryopt.read returns")
    raise InvalidInput("instance", [fault])


def _names(models: Any) -> tuple[Any, ...]:
    return tuple(models) if isinstance(models, Iterable) and not isinstance(models, str) else (models,)


def model(instance: Any, name: str | None = None, **options: Any) -> Any:
    """Return a model of an instance in Pyomo: its sets, variables and equations, by names and with their meaning.

    Parameters
    ----------
    name
        As in ``batteryopt solve --model``; by default the family's first.
    options
        As in `model_of` of the family's `door`, for a network those of `batteryopt.network.model`.
    """
    family = _family_of_instance(instance)
    names = () if name is None else (name,)
    faults = family.model_faults(names)
    if faults:
        raise InvalidInput(instance.name, [replace(fault, place="name") for fault in faults])
    return family.get(family.model)(instance, *names, **options)


def plan_of(model: Any, report: Any = None) -> Any:
    """Return the answer, with its certificate, that a solved model of `model` holds, whoever solved it.

    Parameters
    ----------
    report
        What an adapter of `batteryopt.solvers` said of the solve, which has its bound; without one there is none.
    """
    from batteryopt.solvers.through_pyomo.doors import origin_of

    family = family_of(origin_of(model).instance.kind)
    return family.get(family.plan)(model, report)
