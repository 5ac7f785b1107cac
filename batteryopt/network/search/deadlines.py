"""Moments of the monotonic clock by which searches end; infinite: there is none."""

from __future__ import annotations

import math
import time


def seconds_left(deadline: float, least: float = 0.1) -> float | None:
    """Return the seconds until a deadline, so many at least; None where there is none."""
    return None if math.isinf(deadline) else max(least, deadline - time.monotonic())


def moment_by(share: float, deadline: float) -> float:
    """Return the moment at which a share of the time until a deadline is over."""
    now = time.monotonic()
    return math.inf if math.isinf(deadline) else now + share * (deadline - now)
