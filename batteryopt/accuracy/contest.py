"""What a contest is made of: a contestant, its track, and its word, kept apart from what the point is worth."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from batteryopt.ground.status import PointStatus, StopReason

TOLERANCES = (1e-4, 1e-6, 1e-9)
"""Loose, usual, tight."""
TIGHTEST_GAP = 1e-9
"""At this tolerance and below, branch and bound is asked for a gap of 0."""


class Track(enum.StrEnum):
    """How a solver is called."""

    RAW = "raw"
    """As its makers ship it, told the tolerance and nothing that would help it; its own word counts."""
    THROUGH = "batteryopt"
    """Behind this package: asked again where it failed, in natural units, and with claims withdrawn."""
    OWN = "own"
    """A function or a file of the user's."""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What a contestant said of its own run.

    Attributes
    ----------
    raw_status
        The solver's own closing words, before anybody read them.
    options
        What it was told, by its own names where it was called directly.
    duals, reduced_costs
        By constraint and by variable, as derivatives of the optimal value; empty where it gave none.
    """

    solver: str
    version: str = ""
    stop_reason: StopReason
    point_status: PointStatus
    bound: float | None = None
    iterations: int | None = None
    seconds: float
    raw_status: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    duals: Mapping[str, float] = field(default_factory=dict)
    reduced_costs: Mapping[str, float] = field(default_factory=dict)


class Contestant(Protocol):
    """Something that takes a model and leaves a point in it."""

    @property
    def name(self) -> str:
        """As in the tables."""

    @property
    def levels(self) -> int:
        """1 for models of one decision maker, 2 for models with followers."""

    def solve(self, model: Any, tolerance: float, time_limit: float) -> Word:
        """Leave the point in the model's variables; raise `BatteryOptError` where the model is not for it."""


def track_of(contestant: Contestant) -> Track:
    """Return how a contestant calls its solver; one of the user's is on a track of its own."""
    return Track(getattr(contestant, "track", Track.OWN))


def gap_at(tolerance: float) -> float:
    """Return the relative gap that branch and bound is asked for at a tolerance."""
    return 0.0 if tolerance <= TIGHTEST_GAP else tolerance


def called(name: str, options: Mapping[str, Any]) -> str:
    """Return a contestant's name: the solver's, and what is asked of it beside the tolerance."""
    asked = ",".join(f"{key}={value}" for key, value in options.items())
    return f"{name}({asked})" if asked else name
