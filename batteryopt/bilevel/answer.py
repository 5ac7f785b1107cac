"""What `bilevel.solve` returns."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batteryopt.bilevel.proof.convexity import Conviction
from batteryopt.ground.certificate import Certificate, Check
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.report.presentation import Tabular, View
from batteryopt.solvers import relative_gap

MOST_SHOWN = 20
"""Decisions that a printed answer shows."""


@dataclass(frozen=True)
class AnswerClaim:
    """One of the three claims about an answer, whether it is shown, and the number behind it."""

    words: str
    is_shown: bool
    number: str

    def __str__(self) -> str:
        return f"{'shown    ' if self.is_shown else 'not shown'} {self.words} ({self.number})"


@dataclass(frozen=True, kw_only=True)
class BilevelAnswer(Tabular):
    """The answer to a bilevel problem; the point is also in the model's variables.

    Attributes
    ----------
    objective
        The leader's objective at the point, None without one.
    bound
        What the leader provably cannot beat, under `assumptions`; None where the method proves nothing.
    stop_reason, point_status
        `PointStatus.OPTIMAL` is said only where all three claims hold.
    method, solver
        Which reformulation and solver gave the point; ``why`` says how ``auto`` came to it.
    certificate
        The three claims with their residuals.
    assumptions
        Under which the bound holds.
    notes
        What a reader should know: the diagnosis where there is no point, multipliers that are not unique, and so on.
    convictions
        How each follower is known to be convex.
    values
        The variables' values by name.
    multipliers
        The followers' multipliers by constraint and side, >= 0 for inequalities, as the method found them.
    seconds
        Wall time.
    pessimistic_objective
        The leader's objective if the followers, indifferent, answered worst; only on request.
    objective_unit
        What counts as a small objective: 1, or less where the problem's own numbers are small.
    """

    objective: float | None
    bound: float | None
    stop_reason: StopReason
    point_status: PointStatus
    method: str
    solver: str
    why: str
    certificate: Certificate
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    convictions: tuple[Conviction, ...] = ()
    values: dict[str, float] = dataclasses.field(default_factory=dict)
    multipliers: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    pessimistic_objective: float | None = None
    objective_unit: float = 1.0

    @property
    def gap(self) -> float | None:
        """Distance of objective and bound, relative to the objective or its unit, whichever is larger."""
        return relative_gap(self.objective, self.bound, self.objective_unit)

    @property
    def is_optimal(self) -> bool:
        """True only where the bound is proven to the gap asked for, and the followers are at their best."""
        return self.point_status is PointStatus.OPTIMAL

    @property
    def has_point(self) -> bool:
        """Whether the model's variables hold a point of this solve."""
        return self.point_status is not PointStatus.NONE

    @property
    def pessimistic_gap(self) -> float | None:
        """How much the leader loses if indifferent followers answer worst; None where it was not asked for."""
        if self.pessimistic_objective is None or self.objective is None:
            return None
        return abs(self.objective - self.pessimistic_objective)

    @property
    def claims(self) -> tuple[AnswerClaim, AnswerClaim, AnswerClaim]:
        """The three claims, kept apart: followers at their best, the leader's bound, feasibility."""
        gains = [c for c in self.certificate if c.name.startswith("best-response")]
        answers = [c for c in self.certificate if c.name.startswith(("best-response", "elsewhere", "stationarity"))]
        limits = [c for c in self.certificate if c.name.startswith(("leader-constraints", "follower-rows"))]
        return (
            AnswerClaim("every follower is at its best", _all_pass(answers), f"largest gain {_largest(gains)}"),
            AnswerClaim("the leader cannot do better", self.is_optimal, f"bound {_number(self.bound)}"),
            AnswerClaim("the point is feasible", _all_pass(limits), f"largest violation {_largest(limits)}"),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a variable."""
        return pd.DataFrame({"variable": list(self.values), "value": list(self.values.values())})

    def _view(self) -> View:
        return View(document={"kind": "bilevel", "instance": "", "models": {"bilevel": self.to_json()}})

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON types."""
        return {
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "is_optimal": self.is_optimal,
            "stop_reason": self.stop_reason.value,
            "point_status": self.point_status.value,
            "method": self.method,
            "solver": self.solver,
            "why": self.why,
            "seconds": self.seconds,
            "values": self.values,
            "multipliers": self.multipliers,
            "pessimistic_objective": self.pessimistic_objective,
            "pessimistic_gap": self.pessimistic_gap,
            "assumptions": list(self.assumptions),
            "notes": list(self.notes),
            "certificate": self.certificate.to_json(),
        }

    def __str__(self) -> str:
        lines = [
            f"{'objective':<14}{_number(self.objective)}",
            f"{'bound':<14}{_number(self.bound)}" + ("" if self.gap is None else f"  (gap {self.gap:.1e})"),
            f"{'point':<14}{self.point_status.value}",
            f"{'stopped':<14}{self.stop_reason.value}",
            f"{'method':<14}{self.method} with {self.solver}: {self.why}",
        ]
        if self.pessimistic_objective is not None:
            lines.append(f"{'pessimistic':<14}{_number(self.pessimistic_objective)}")
        lines.extend(_decisions(self.values))
        lines.extend(f"{'assumes':<14}{assumption}" for assumption in self.assumptions)
        lines.extend(f"{'note':<14}{note}" for note in self.notes)
        if len(self.certificate):
            lines.extend(f"{f'claim {k}':<14}{claim}" for k, claim in enumerate(self.claims, 1))
            lines.extend(["", str(self.certificate)])
        return "\n".join(lines)


def _all_pass(checks: list[Check]) -> bool:
    return bool(checks) and all(check.passed for check in checks)


def _largest(checks: list[Check]) -> str:
    return f"{max(check.residual for check in checks):.1e}" if checks else "not evaluated"


def _decisions(values: dict[str, float]) -> list[str]:
    """Return a line a decision; of many only the first that are not zero, and how many more there are."""
    shown = values if len(values) <= MOST_SHOWN else {name: v for name, v in values.items() if v}
    lines = [f"{'decides':<14}{name} = {value:.8g}" for name, value in itertools.islice(shown.items(), MOST_SHOWN)]
    left = len(values) - len(lines)
    return lines + ([f"{'':<14}and {left} more: see `values`"] if left else [])


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.8g}"
