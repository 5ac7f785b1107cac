"""Best answers of followers with one decision and a quadratic objective, without a solver."""

from __future__ import annotations

from batteryopt.accuracy.digits import Number, exact


def best_in_interval(*, curvature: Number, slope: Number, lower: Number | None, upper: Number | None) -> Number:
    """Return where ``curvature y^2 / 2 + slope y`` is least; a follower without curvature goes to an end."""
    if curvature > 0:
        inside = -slope / curvature
        inside = inside if lower is None else max(lower, inside)
        return inside if upper is None else min(upper, inside)
    return lower if slope >= 0 else upper


def interval_gain(
    y: Number, *, curvature: Number, slope: Number, lower: Number | None, upper: Number | None, stakes: Number
) -> Number:
    """Return what the follower would gain by answering anew, relative to its stakes; below 0 only for a y outside."""

    def cost(value: Number) -> Number:
        return exact(curvature) * value**2 / 2 + slope * value

    best = best_in_interval(curvature=exact(curvature), slope=slope, lower=lower, upper=upper)
    return max(exact(0), (cost(y) - cost(best)) / (abs(stakes) or 1))
