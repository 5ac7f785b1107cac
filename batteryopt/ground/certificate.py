"""What a check returns: named residuals against named tolerances."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

BOUND_TOLERANCE = 1e-6
"""Share of all money that a bound may be on the wrong side of the objective, for rounding."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim about an answer, with the number that supports it.

    Attributes
    ----------
    name
        The claim, in words with dashes (``best-response-retailer``).
    residual
        How far the answer is from the claim; 0 is perfect, NaN means it could not be evaluated.
    tolerance
        The largest residual that still passes.
    detail
        What was computed, for the reader.
    is_of_convergence
        Whether it asks for what only a search that came to its end has: an optimum, a best response, a fine grid. Every
        other check says that the point keeps the rules and that its numbers are true, whenever the search was stopped.
    """

    name: str
    residual: float
    tolerance: float
    detail: str = ""
    is_of_convergence: bool = False

    @property
    def passed(self) -> bool:
        """Whether the residual is a number within the tolerance."""
        return bool(not math.isnan(self.residual) and self.residual <= self.tolerance)  # also of NumPy numbers


@dataclass(frozen=True)
class Certificate:
    """All checks of one answer."""

    checks: tuple[Check, ...] = field(default=())

    def __iter__(self) -> Iterator[Check]:
        return iter(self.checks)

    def __len__(self) -> int:
        return len(self.checks)

    def __getitem__(self, name: str) -> Check:
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(f"no check named '{name}'; there are: {', '.join(c.name for c in self.checks)}")

    def __add__(self, other: Certificate) -> Certificate:
        return Certificate(self.checks + other.checks)

    @property
    def passed(self) -> bool:
        """Whether there is at least one check and every one passed: an empty certificate proves nothing."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that did not pass."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def breaks_rules(self) -> bool:
        """Whether a check failed that does not depend on how far the search came."""
        return any(not check.is_of_convergence for check in self.failures)

    @property
    def verdict(self) -> str:
        """The outcome in a few words: how many checks passed, or which failed."""
        if not self.checks:
            return "none"
        failures = ", ".join(check.name for check in self.failures)
        count = "1 check" if len(self) == 1 else f"{len(self)} checks"
        return f"FAILED: {failures}" if failures else f"{count} passed"

    def to_json(self) -> list[dict[str, object]]:
        """Return the list of ``{"name", "residual", "tolerance", "passed", ...}`` that scripts rely on."""
        return [
            {
                "name": c.name,
                "residual": None if math.isnan(c.residual) else float(c.residual),
                "tolerance": float(c.tolerance),
                "passed": c.passed,
                "detail": c.detail,
                "about": "convergence" if c.is_of_convergence else "rules",
            }
            for c in self.checks
        ]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a check."""
        columns = ["name", "residual", "tolerance", "passed", "detail"]
        return pd.DataFrame(
            [[c.name, c.residual, c.tolerance, c.passed, c.detail] for c in self.checks], columns=columns
        )

    def __str__(self) -> str:
        width = max((len(c.name) for c in self.checks), default=0)
        return "\n".join(
            f"{'ok  ' if c.passed else 'FAIL'} {c.name:<{width}}  {c.residual:9.2e}  (tolerance {c.tolerance:.0e})"
            for c in self.checks
        )
