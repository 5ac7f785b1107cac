"""The game in matrices: n vehicles, s efficiency levels, r innovation efforts, one manufacturer, one or more retailers.

::

    m' = M g - E m,  m(0) = m0                      efficiency (s), innovation (r)
    D  = alpha + Phi m - B p                        demand (n); B symmetric positive definite
    C  = c + C0 m                                   unit cost (n)
    manufacturer's flow   (w - C + h theta)' D - g' K g
    retailer j's flow     (p_j - w_j)' D_j          over the vehicles that j sells

Each vehicle is sold by exactly one retailer. Several retailers set the prices of their own vehicles at the same
moment (a Nash equilibrium); a vehicle on sale at two retailers is two rows of the matrices, with the same costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from batteryopt.games.differential.path.quadrature import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class GameMatrices:
    """The data of the linear-quadratic game.

    Attributes
    ----------
    market_size
        alpha, vehicles a month (n).
    price_effect
        B (n, n), symmetric positive definite.
    efficiency_effect
        Phi (n, s).
    unit_cost
        c (n).
    efficiency_unit_cost
        C0 (n, s).
    credits_per_vehicle
        theta (n).
    credit_price
        h, where it is constant.
    innovation_effectiveness
        M (s, r).
    efficiency_decay
        E (s, s).
    innovation_cost
        K (r, r), symmetric positive definite.
    discount_rate
        rho.
    initial_efficiency
        m0 (s).
    retailers
        For each retailer the positions of its vehicles; together every position once.
    """

    market_size: FloatArray
    price_effect: FloatArray
    efficiency_effect: FloatArray
    unit_cost: FloatArray
    efficiency_unit_cost: FloatArray
    credits_per_vehicle: FloatArray
    credit_price: float
    innovation_effectiveness: FloatArray
    efficiency_decay: FloatArray
    innovation_cost: FloatArray
    discount_rate: float
    initial_efficiency: FloatArray
    retailers: tuple[tuple[int, ...], ...]

    @property
    def vehicles(self) -> int:
        """How many vehicles, n."""
        return len(self.market_size)

    @property
    def states(self) -> int:
        """How many efficiency levels, s."""
        return len(self.initial_efficiency)

    @property
    def efforts(self) -> int:
        """How many innovation efforts, r."""
        return len(self.innovation_cost)

    @property
    def has_one_retailer(self) -> bool:
        """Whether a single retailer sells everything."""
        return len(self.retailers) == 1

    def own_price_effect(self) -> FloatArray:
        """Return B with the effects between different retailers' vehicles left out: what a retailer reckons with."""
        own = np.zeros_like(self.price_effect)
        for vehicles in self.retailers:
            block = np.ix_(vehicles, vehicles)
            own[block] = self.price_effect[block]
        return own
