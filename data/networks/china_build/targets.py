"""What the state asks for: a share of all packs, rising, and a part of it in every province."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from batteryopt.network.data.instance import CollectionTarget, Sharing
from china_build import market_figures as m

FIRST, LAST = 2025, 2032
"""Years of the first share and of the last, which holds from then on."""


def targets_of(years: tuple[int, ...], provinces: Iterable[str]) -> tuple[CollectionTarget, ...]:
    """Return the national target, and half of it for each province named."""
    national = np.interp(years, (FIRST, LAST), (m.TARGET_FIRST, m.TARGET_LAST))
    fair = (_target(f"fair share of {name}", national * m.FAIR_SHARE, name) for name in provinces)
    return (_target("collected", national, ""), *fair)


def _target(name: str, share: npt.NDArray[np.float64], group: str) -> CollectionTarget:
    profile = tuple(round(float(s), 6) for s in share)
    return CollectionTarget(
        name=name, share=profile, group=group, sharing=Sharing.TOTAL, penalty_per_t=float(m.TARGET_PENALTY)
    )
