"""Random choices, the same for a seed, from which random networks are made."""

from __future__ import annotations

import random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """Random choices of one network, and how often its features come at all."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.periods = self.random.choice((1, 2, 2, 3, 3))
        self.sites = [f"s{i}" for i in range(self.random.choice((2, 3, 3, 4)))]
        self.density = self.random.choice((0.15, 0.3, 0.5))
        self.costs_nothing = self.chance(0.07)

    def chance(self, probability: float) -> bool:
        """Return yes with a probability."""
        return self.random.random() < probability

    def maybe(self) -> bool:
        """Return whether a feature comes; in some networks most do, in some few."""
        return self.chance(self.density)

    def one(self, *choices: T) -> T:
        """Return one of some things."""
        return self.random.choice(choices)

    def some(self, choices: list[T]) -> tuple[T, ...]:
        """Return at least one of some things, in their order."""
        chosen = [choice for choice in choices if self.chance(0.6)]
        return tuple(chosen or [self.random.choice(choices)])

    def number(self, low: float, high: float) -> float:
        """Return a round number."""
        return round(self.random.uniform(low, high), self.one(0, 1))

    def profile(self, low: float, high: float) -> float | tuple[float, ...]:
        """Return one number, or one a period."""
        if self.chance(0.6):
            return self.number(low, high)
        return tuple(self.number(low, high) for _ in range(self.periods))

    def money(self, low: float, high: float) -> float | tuple[float, ...]:
        """Return a cost; in some networks nothing costs anything."""
        return 0.0 if self.costs_nothing or self.chance(0.1) else self.profile(low, high)

    def factor(self) -> float:
        """Return a factor of a place, mostly 1."""
        return self.one(0.5, 0.8, 1.25, 2.0) if self.maybe() else 1.0
