"""What a plan may be best at."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any

from batteryopt.ground.errors import Fault, InvalidInput, nearest


class Objective(enum.StrEnum):
    """The four objectives; each is minimised but the last."""

    COST = "cost"
    """Net present cost, in the network's currency."""
    EMISSIONS = "emissions"
    """Emissions of all periods, t CO2e."""
    RISK = "risk"
    """Tonnes x km x people along a km x hazard, of all shipments."""
    COLLECTION = "collection"
    """Tonnes collected in all periods."""


def objective_of(value: Any) -> Objective | dict[Objective, float]:
    """Return what an objective, its name, or several with weights stand for.

    Raises
    ------
    InvalidInput
        With everything that is none.
    """
    given = value if isinstance(value, Mapping) else {value: 1.0}
    known = [kind.value for kind in Objective]
    faults = [
        *(
            Fault(place="objective", problem=f"'{name}' is unknown", remedy=nearest(str(name), known))
            for name in given
            if name not in known
        ),
        *(
            Fault(place=f"objective, {name}", problem=f"has the weight {weight!r}", remedy="expected a weight above 0")
            for name, weight in given.items()
            if not _is_weight(weight)
        ),
    ]
    if faults:
        raise InvalidInput("objective", faults)
    return (
        {Objective(name): float(weight) for name, weight in value.items()}
        if isinstance(value, Mapping)
        else Objective(value)
    )


def _is_weight(weight: Any) -> bool:
    return isinstance(weight, int | float) and math.isfinite(weight) and weight > 0


def direction(weights: Mapping[Objective, float]) -> float:
    """Return -1 where people ask for the most of an objective, 1 where for the least."""
    return -1.0 if tuple(weights) == (Objective.COLLECTION,) else 1.0
