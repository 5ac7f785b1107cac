"""What is left of numbers where nothing is: differences of large ones that are zero but for their last digits."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def without_noise(values: pd.Series[float], *, of: pd.Series[float], share: float) -> pd.Series[float]:
    """Return numbers, zero where they are no more than a share of the largest finite one that they come from."""
    sizes = of.abs()
    return values.mask(values.abs() <= share * sizes[sizes < float("inf")].max(), 0.0)
