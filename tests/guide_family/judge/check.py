"""The certificate: no price beside the one found earns more."""

from __future__ import annotations

import dataclasses

from batteryopt.ground.certificate import Certificate, Check
from tests.guide_family.solution import Solution

STEP = 1e-3
"""A price that is wrong by more than half of it, as a share of the market, is found out: profit is a parabola."""


def certify(solution: Solution) -> Certificate:
    """Return what is true of a price."""
    scale = solution.instance.market_size
    around = (dataclasses.replace(solution, price=solution.price + sign * STEP * scale) for sign in (-1.0, 1.0))
    gain = max(other.objective - solution.objective for other in around)
    return Certificate((Check(name="no-price-earns-more", residual=max(gain, 0.0) / scale**2, tolerance=1e-12),))
