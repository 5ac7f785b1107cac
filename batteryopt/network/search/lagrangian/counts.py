"""Rows on how many facilities stand: their prices are the best for the other prices, found at each evaluation.

Once the nodes have prices it is known what each facility's cheapest career costs with and without standing in a period.
The difference is the price of "at least seven stand" from which on it stands: the seventh smallest is the price sought.
It is a price like any other, and proves a bound whatever its value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.search.lagrangian.priced_careers import Best, Careers, best_careers

ROUNDS = 2
"""Times that all rows are gone through, where there are several."""
BEYOND = 1e-12
"""Share by which a price is above the one at which the last facility is indifferent, so that it stands."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Rows ``number of facilities that stand in a period >= least``.

    Attributes
    ----------
    counted
        Which facilities (rows, F).
    period
        Of each row.
    least
        Right sides.
    """

    counted: Bools
    period: Ints
    least: Floats

    def paid(self, prices: Floats, gain: Floats) -> Floats:
        """Return gains of careers, less the prices for what stands (F, T, levels)."""
        found = np.array(gain)
        for row in np.flatnonzero(prices):
            found[self.counted[row], self.period[row], 1:] -= prices[row]
        return found


def best_within_counts(
    careers: Careers, counts: Counts, gain: Floats, *, with_through: bool = False
) -> tuple[Best, Floats, float]:
    """Return the careers, the prices of the rows, and the value of careers and prices together."""
    prices = np.zeros(len(counts.least))
    for _ in range(ROUNDS if len(prices) > 1 else len(prices)):
        for row in range(len(prices)):
            prices[row] = 0.0
            prices[row] = _price(careers, counts, counts.paid(prices, gain), row)
    best = best_careers(careers, counts.paid(prices, gain), with_through=with_through)
    return best, prices, float(counts.least @ prices) + float(best.value.sum())


def _price(careers: Careers, counts: Counts, gain: Floats, row: int) -> float:
    """Return the least price at which a row lacks nothing; 0 where none is needed, or none is enough."""
    through = best_careers(careers, gain, with_through=True).through[counts.counted[row], counts.period[row]]
    stands = through[:, 1:].min(axis=1)
    with np.errstate(invalid="ignore"):
        dearer = np.where(np.isinf(stands), np.inf, stands - through[:, 0])  # minus infinite where it stands anyway
    last = int(counts.least[row]) - 1
    if last >= len(dearer):
        return 0.0
    price = float(np.partition(dearer, last)[last])
    return price * (1.0 + BEYOND) if np.isfinite(price) and price > 0 else 0.0
