"""The Pareto region: the lump sums (K1, K2) with which the contract leaves every player better off than before.

The retailer pays K1 to the manufacturer and K2 to the echelon enterprise. With profits B of the decentralised model and
C0 of the contract before lump sums, every player gains iff::

    K1 > M(B) - M(C0),    K2 > T(B) - T(C0),    K1 + K2 < R(C0) - R(B)

which is a right triangle with legs equal to the chain's gain. In the network form K1 and K2 are paid by all retailers
together and to all enterprises together: a group that gains can share its gain so that every member does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from batteryopt.games.coordination.solution import Profits

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ParetoRegion:
    """The open triangle of lump sums that leave every player better off.

    Attributes
    ----------
    least_k1, least_k2
        Lump sums at which manufacturer and enterprise gain nothing.
    most_sum
        K1 + K2 at which the retailer gains nothing.
    non_negative
        Whether K1, K2 >= 0 is asked too, as the paper does.
    """

    least_k1: float
    least_k2: float
    most_sum: float
    non_negative: bool = False

    @property
    def gain(self) -> float:
        """What the chain gains by the contract, shared by the lump sums."""
        return self.most_sum - self.least_k1 - self.least_k2

    @property
    def is_empty(self) -> bool:
        """Whether no lump sums leave every player better off."""
        return self._leg <= 0

    @property
    def corners(self) -> tuple[Point, Point, Point]:
        """The corners: all to the retailer, all to the manufacturer, all to the enterprise (as far as allowed)."""
        (k1, k2), leg = self._lowest, self._leg
        return (k1, k2), (k1 + leg, k2), (k1, k2 + leg)

    @property
    def area(self) -> float:
        """Area of the triangle."""
        return max(self._leg, 0.0) ** 2 / 2

    @property
    def equal_split(self) -> Point | None:
        """Lump sums that give each player a third of the gain; None where K1, K2 >= 0 excludes them."""
        point = (self.least_k1 + self.gain / 3, self.least_k2 + self.gain / 3)
        return point if self._allows(point) else None

    @property
    def nash_bargaining(self) -> Point:
        """Lump sums with the largest product of the three gains.

        Profit is transferable, so that without K1, K2 >= 0 this is the equal split. Where a bound is violated there,
        it binds, and what is left is shared equally by the other two.
        """
        third = self.gain / 3
        half_2, half_1 = (self.most_sum + self.least_k2) / 2, (self.most_sum + self.least_k1) / 2
        candidates = [
            (self.least_k1 + third, self.least_k2 + third),
            (0.0, max(half_2, 0.0)),
            (max(half_1, 0.0), 0.0),
        ]
        return max((point for point in candidates if self._allows(point)), key=self._product)

    def gains(self, k1: float, k2: float) -> tuple[float, float, float]:
        """Return what manufacturer, retailer and enterprise gain with these lump sums."""
        return k1 - self.least_k1, self.most_sum - k1 - k2, k2 - self.least_k2

    def with_non_negative_sums(self) -> ParetoRegion:
        """Return the part of the region with K1, K2 >= 0 (eq. 14)."""
        return ParetoRegion(least_k1=self.least_k1, least_k2=self.least_k2, most_sum=self.most_sum, non_negative=True)

    def to_json(self) -> dict[str, Any]:
        """Return the region for JSON, and under `non_negative` its part with K1, K2 >= 0 (null if there is none)."""
        restricted = self.with_non_negative_sums()
        return {**self._shape(), "non_negative": None if restricted.is_empty else restricted._shape()}

    def _shape(self) -> dict[str, Any]:
        split = self.equal_split
        return {
            "corners": [list(corner) for corner in self.corners],
            "area": self.area,
            "equal_split": None if split is None else list(split),
            "nash_bargaining": list(self.nash_bargaining),
        }

    @property
    def _lowest(self) -> Point:
        floor = 0.0 if self.non_negative else -float("inf")
        return max(self.least_k1, floor), max(self.least_k2, floor)

    @property
    def _leg(self) -> float:
        return self.most_sum - sum(self._lowest)

    def _allows(self, point: Point) -> bool:
        return not self.non_negative or min(point) >= 0

    def _product(self, point: Point) -> float:
        gains = self.gains(*point)
        return gains[0] * gains[1] * gains[2] if min(gains) >= 0 else -1.0


def pareto_region(*, contract: Profits, before: Profits) -> ParetoRegion | None:
    """Return the lump sums that leave every player better off than `before`; None where the chain gains nothing.

    Parameters
    ----------
    contract
        Profits under the contract, before lump sums.
    before
        Profits of the decentralised model that the contract replaces.
    """
    region = ParetoRegion(
        least_k1=before.manufacturer - contract.manufacturer,
        least_k2=before.echelon_enterprise - contract.echelon_enterprise,
        most_sum=contract.retailer - before.retailer,
    )
    return None if region.is_empty else region
