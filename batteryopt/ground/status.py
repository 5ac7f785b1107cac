"""Two questions, two enums: why it stopped, and what we hold."""

from __future__ import annotations

import enum


class StopReason(enum.StrEnum):
    """Why a solve ended."""

    CONVERGED = "converged"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible-or-unbounded"
    TIME_LIMIT = "time-limit"
    ITERATION_LIMIT = "iteration-limit"
    MEMORY_LIMIT = "memory-limit"
    INTERRUPTED = "interrupted"
    NUMERICAL_TROUBLE = "numerical-trouble"

    @property
    def is_limit(self) -> bool:
        """Whether a limit or the user stopped it, so that more time could have given more."""
        return self in (
            StopReason.TIME_LIMIT,
            StopReason.ITERATION_LIMIT,
            StopReason.MEMORY_LIMIT,
            StopReason.INTERRUPTED,
        )

    @property
    def is_no_solution(self) -> bool:
        """Whether it says that there is nothing to find."""
        return self in (StopReason.INFEASIBLE, StopReason.UNBOUNDED, StopReason.INFEASIBLE_OR_UNBOUNDED)


class PointStatus(enum.StrEnum):
    """What the returned point is. Conservative: ``OPTIMAL`` is said only with a proven bound or exact formula."""

    NONE = "none"
    UNKNOWN = "unknown"
    INFEASIBLE = "infeasible"
    FEASIBLE = "feasible"
    LOCALLY_OPTIMAL = "locally-optimal"
    OPTIMAL = "optimal"

    @property
    def is_claim(self) -> bool:
        """Whether it says that no better point exists, if only nearby."""
        return self in (PointStatus.OPTIMAL, PointStatus.LOCALLY_OPTIMAL)

    @property
    def is_feasible(self) -> bool:
        """Whether the point satisfies the constraints."""
        return self in (PointStatus.FEASIBLE, PointStatus.LOCALLY_OPTIMAL, PointStatus.OPTIMAL)
