"""Things that a text names: as ``module:name``, imported when they are asked for; or among others of their kind."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, TypeVar

from batteryopt.ground.errors import Fault, InvalidInput, nearest

T = TypeVar("T")


def named(place: str) -> Any:
    """Return what stands at ``package.module:name``, importing its module."""
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def by_name(answers: Mapping[Any, T], name: Any) -> T:
    """Return the answer of a name, or raise `InvalidInput` with the nearest name that there is."""
    if name not in answers:
        fault = Fault(place=str(name), problem="no answer of this name", remedy=nearest(str(name), map(str, answers)))
        raise InvalidInput("result", [fault])
    return answers[name]
