"""Plants that shrink, and rules, on the network that can be worked out by hand."""

from __future__ import annotations

from typing import Any

from batteryopt.network.data.instance import Coverage, Mode, Sizes, Standing, Subsidy, SubsidyBase
from tests.network.line import (
    candidate,
    level,
    plant,
)

BETWEEN = (level(), level(name="L", capacity_t=200, opening_cost=2300))
"""From 100 t on a tonne more of capacity costs 20."""
ROUND = Mode(
    name="round",
    distance="road",
    trip_capacity_t=25,
    whole_trips=True,
    cost_per_trip=7,
    cost_per_trip_km=1,
    is_mobile=True,
)
EXISTS = candidate(standing=Standing.EXISTING)


def near(**fields: Any) -> Coverage:
    """Return a rule that a plant is near by the road, at 2 a tonne that is not covered."""
    return Coverage(name="near", types=("plant",), distance="road", penalty_per_t=2, **fields)


def paid(base: SubsidyBase, **fields: Any) -> Subsidy:
    """Return a subsidy."""
    return Subsidy(name="subsidy", base=base, **fields)


def shrinking(**more: Any) -> dict[str, Any]:
    """Return the plant with sizes between 100 t and 200 t that is paid back for shrinking."""
    return {"types": plant(levels=BETWEEN, sizes=Sizes.BETWEEN, refunds_shrinking=True, **more)}
