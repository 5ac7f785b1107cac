"""Indicator constraints of a benchmark's problem: Pyomo has no component for them, so that the model carries a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batteryopt.accuracy.contest import Contestant
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.solvers.contract.adapter import Indicator

CARRIED = "implications"


def carry(model: Any, indicators: Sequence[Indicator]) -> None:
    """Let a model carry indicator constraints, which its rows do not say."""
    setattr(model, CARRIED, tuple(indicators))


def implications_of(model: Any) -> tuple[Indicator, ...]:
    """Return the indicator constraints that a model carries; most carry none."""
    found: tuple[Indicator, ...] = getattr(model, CARRIED, ())
    return found


def refuse_half_a_model(contestant: Contestant, model: Any) -> None:
    """Raise `UnsupportedModel` where a contestant would see a model's rows and not its indicator constraints."""
    if implications_of(model) and not getattr(contestant, "takes_indicators", False):
        raise UnsupportedModel(f"'{model.name}' has indicator constraints, which {contestant.name} does not take")
