"""Reference values of the base case and small exact problems, derived by hand; nothing here comes from the package.

The base case: alpha = (20, 18), phi = 1, beta = 2, gamma = 1, mu = 1, eta = 0.5, c = (1, 2), c0 = 0.5, k = 2,
rho = 0.1, h = 5, theta = 0.2, m0 = 15. Its numbers were derived two ways before this package was written.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CHAIN = (0.1202041029, 17.1328674701, 2088.5856013517)
MANUFACTURER = (0.0583666672, 8.1024263520, 942.8949743203)
RETAILER = (0.0300009600, 4.2641366798, 516.7913001738)
J_CHAIN = 2372.6245365527
J_MANUFACTURER = 1077.5638697203
J_RETAILER = 587.5035663810
DECAY_INTEGRATED, DECAY_DECENTRALIZED = 0.4398979486, 0.4708166664
STEADY_INTEGRATED, STEADY_DECENTRALIZED = 9.7368421053, 4.3023255814
SHARES = (0.2476175886, 0.5458346430)


@dataclass(frozen=True)
class ScalarProblem:
    """``max int exp(-rho t) (f2 m^2 + f1 m + f0 - k g^2) dt``, ``m' = mu g - eta m``: value V1 m^2 + V2 m + V3.

    From ``rho V = f + max_g (-k g^2 + V'(m) (mu g - eta m))`` with ``g = mu V'(m) / (2 k)``::

        rho V1 = f2 + mu^2 V1^2 / k - 2 eta V1          the root that keeps m from growing
        rho V2 = f1 + mu^2 V1 V2 / k - eta V2
        rho V3 = f0 + mu^2 V2^2 / (4 k)
    """

    f2: float
    f1: float
    f0: float
    k: float = 2.0
    mu: float = 1.0
    eta: float = 0.5
    rho: float = 0.1

    @property
    def value(self) -> tuple[float, float, float]:
        s, pace = self.mu**2 / self.k, self.rho + 2 * self.eta
        first = (pace - math.sqrt(pace**2 - 4 * s * self.f2)) / (2 * s)
        second = self.f1 / (self.rho + self.eta - s * first)
        return first, second, (self.f0 + s * second**2 / 4) / self.rho

    def at(self, m: float) -> float:
        first, second, third = self.value
        return first * m**2 + second * m + third

    @property
    def steady(self) -> float:
        first, second, _ = self.value
        s = self.mu**2 / self.k
        return s * second / 2 / (self.eta - s * first)
