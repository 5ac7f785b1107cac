"""The exact route: half way between what the first buyer pays and what a battery costs."""

from __future__ import annotations

from tests.guide_family.data.instance import SellerInstance
from tests.guide_family.solution import Solution


def solve(instance: SellerInstance) -> Solution:
    """Return the best price, ``p = (a + c) / 2``."""
    return Solution(instance=instance, price=(instance.market_size + instance.unit_cost) / 2.0)
