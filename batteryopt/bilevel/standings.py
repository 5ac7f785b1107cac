"""What `bilevel.equilibrium` returns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batteryopt.ground.certificate import Certificate
from batteryopt.ground.status import StopReason


@dataclass(frozen=True, kw_only=True)
class LeaderStanding:
    """One leader against the others as they stand.

    Attributes
    ----------
    objective
        What it has.
    best
        What it was found to have at its best, the others' decisions fixed.
    bound
        What it provably cannot beat; None where the method proves nothing.
    gain
        What it could gain at most by that bound, relative to its objective or 1; None without one.
    method
        Which method was asked last.
    """

    name: str
    objective: float
    best: float
    bound: float | None
    gain: float | None
    method: str


@dataclass(frozen=True, kw_only=True)
class LeadersAnswer:
    """Where the rounds of several leaders ended; the point is also in the model's variables.

    Attributes
    ----------
    standings
        Of each leader that was solved against the others' last decisions.
    stop_reason, why
        `StopReason.CONVERGED` where nobody moved for a whole round.
    rounds
        How often each leader was asked.
    certificate
        That no leader gains, by a proven bound, and that every follower is at its best.
    values
        The variables' values by name.
    seconds
        Wall time.
    """

    standings: tuple[LeaderStanding, ...]
    stop_reason: StopReason
    why: str
    rounds: int
    certificate: Certificate
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_equilibrium(self) -> bool:
        """True only where no leader can gain more than the tolerance, proven, and the followers are at their best."""
        return self.stop_reason is StopReason.CONVERGED and self.certificate.passed

    def to_frame(self) -> pd.DataFrame:
        """Return one row a leader."""
        return pd.DataFrame([dataclasses.asdict(standing) for standing in self.standings])

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "is_equilibrium": self.is_equilibrium,
            "stop_reason": self.stop_reason.value,
            "why": self.why,
            "rounds": self.rounds,
            "seconds": self.seconds,
            "leaders": [dataclasses.asdict(standing) for standing in self.standings],
            "values": self.values,
            "certificate": self.certificate.to_json(),
        }

    def __str__(self) -> str:
        lines = [
            f"{'equilibrium':<14}{'yes' if self.is_equilibrium else 'not shown'}",
            f"{'stopped':<14}{self.stop_reason.value} after {self.rounds} rounds: {self.why}",
        ]
        for standing in self.standings:
            gain = "no bound" if standing.gain is None else f"could gain {standing.gain:.1e} at most"
            lines.append(f"{standing.name:<14}{standing.objective:.8g}, {gain}")
        lines.extend(f"{'decides':<14}{name} = {value:.8g}" for name, value in self.values.items())
        return "\n".join([*lines, "", str(self.certificate)])
