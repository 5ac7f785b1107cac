"""A fault of a network with the entity it is in, so that a reader of tables can name row and column."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput

_KEYS = ("site", "origin", "destination", "type", "name", "product", "mode", "scenario")


@dataclass(frozen=True, kw_only=True)
class EntityFault(Fault):
    """A fault that knows its entity, field and period's index, so that a reader of tables can name row and column."""

    entity: Any = dataclasses.field(default=None, compare=False, repr=False)
    field: str = ""
    period: int | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.remedy}"


class InvalidNetwork(InvalidInput):
    """An instance that contradicts itself; ``entity_faults`` lists everything, with the entities."""

    def __init__(self, source: str, faults: Iterable[EntityFault]) -> None:
        self.entity_faults = tuple(faults)
        super().__init__(source, self.entity_faults)


def fault_in(entity: Any, field: str, problem: str, remedy: str, period: int | None = None) -> EntityFault:
    """Return a fault of an entity's field, at a place that its names tell."""
    key = "/".join(str(getattr(entity, name)) for name in _KEYS if getattr(entity, name, ""))
    place = f"{type(entity).__name__} {key or '?'}, {field}"
    return EntityFault(place=place, problem=problem, remedy=remedy, entity=entity, field=field, period=period)
