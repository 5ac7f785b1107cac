"""Decisions; everything else is recomputed from them and the instance."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tests.guide_family.data.instance import SellerInstance


class Model(enum.StrEnum):
    """The models."""

    MONOPOLY = "monopoly"


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A price."""

    instance: SellerInstance
    price: float

    @property
    def objective(self) -> float:
        """The profit."""
        return (self.instance.market_size - self.price) * (self.price - self.instance.unit_cost)
