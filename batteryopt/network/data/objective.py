"""What a plan may be best at."""

from __future__ import annotations

import enum


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
