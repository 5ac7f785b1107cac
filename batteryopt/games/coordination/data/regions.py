"""The network form of the coordination game: R regions, N echelon enterprises.

The formulation, in full
------------------------
*Players.* One manufacturer M leads. In each region r a retailer sells its vehicles. N echelon enterprises n share the
usable retired batteries and sell them on in one market. All retailers and enterprises answer the manufacturer
simultaneously: their answer is a Nash equilibrium.

*Decisions.* M: service level ``e_r >= 0`` a region (also wholesale prices ``w_r``, where it sets them). Retailer r:
price ``p_r >= 0``. Enterprise n: sales effort ``e_n >= 0``.

*Vehicles.* Buyers cross borders: a higher price elsewhere sends buyers to region r::

    Q_r = a_r - p_r + sum_s gamma_rs p_s       that is   Q = a - B p   with   B = I - Gamma

*Returns.* ``C_r = b_r + omega_r + beta_r e_r`` batteries come back in region r (the paper's Q_n), and the usable ones
are pooled: ``U = theta sum_r C_r``. As in the paper the enterprises together take all of them, at the price w_t.

*The echelon market.* Enterprise n has the market share s_n (weights, normalised); effort wins batteries from rivals: ::

    u_n = s_n U + sigma (e_n - e_mean),   e_mean = (1/N) sum_k e_k       so that   sum_n u_n = U   always

All sell in one market, where the price falls with the total supply and own effort earns a premium, as in the paper::

    p_n = m - U + e_n

*Profits.* With ``G = theta w_t + f (1 - theta)``, what M earns on a returned battery::

    pi_M = sum_r (w_r - c) Q_r + G sum_r C_r - sum_r e_r^2 / 2
    pi_r = (p_r - w_r) Q_r
    pi_n = (p_n - w_t - c_n) u_n - k_n e_n^2 / 2
    pi_S = pi_M + sum_r pi_r + sum_n pi_n                                 (w_r and w_t cancel)

*Constraints.* M: ``e_r >= 0``. Retailer r: ``p_r >= 0``, ``Q_r >= 0``. Enterprise n: ``e_n >= 0``, ``u_n >= 0``. Each
constraint belongs to the one player whose decision it limits (others' decisions are data in it). ``Q_r >= 0``,
``p_r >= 0`` and ``u_n >= 0`` are the `sign_constraints`. In the decentralised models M must leave every player its
reservation profit, where one is given. The price p_n is free: with supply far beyond m it may be negative, and the
enterprises then pay to be rid of batteries that they must take.

Why this market
---------------
With fixed shares alone (sigma = 0) the best effort of n depends on U only and the enterprises do not interact. With
sigma > 0 a rival's effort takes batteries away from n and lowers what n's own effort earns: the answers depend on each
other, the equilibrium has too much effort (part of it only moves batteries between rivals), and it is still linear.
Enterprises that chose how many batteries to buy would either share one constraint, sum of purchases <= U (whose
multiplier is not determined), or leave batteries over, which the paper's game excludes.

One region and one enterprise give the paper's game exactly: Gamma is empty, s = 1, e_n = e_mean.

Where there is exactly one answer
---------------------------------
Validated at birth:

1. rows and columns of Gamma sum to less than 1. Then B + B^T is positive definite, so vehicle profit of the chain is
   concave; ``I + B`` is strictly diagonally dominant, so the retailers' equilibrium is unique; and the manufacturer's
   profit is concave in its wholesale prices, because ``B (I + B)^-1`` has positive definite symmetric part:
   for ``x = (I + B) y``, ``x^T B (I + B)^-1 x = x^T B y = y^T B y + |B y|^2 > 0``.
2. ``2 sigma < min k_n``. Then own profit is concave in own effort, and the enterprises' first-order conditions have the
   positive definite matrix ``diag(k_n - sigma (2 - 1/N)) + (sigma/N) 1 1^T``.
3. ``1 + theta^2 |beta|^2 (2 - q) > 0`` with ``q = s^T (K - 2 sigma (I - 1 1^T / N))^-1 s``. Then the chain's profit is
   jointly concave in services and efforts: eliminating e from the Hessian leaves
   ``-(I + theta^2 beta beta^T (2 - q))``.
   (For one enterprise with k = 1, q = 1: the paper's ``1 + beta^2 theta^2``.)

First-order conditions at an interior point
-------------------------------------------
Centralised, with ``1`` the vector of ones and ``c_s = sum_n s_n c_n``, ``c_mean = (1/N) sum_n c_n``::

    (B + B^T) p = a + c B^T 1
    e_r = beta_r (f (1 - theta) + theta (m - c_s - 2 U + sum_n s_n e_n))
    k_n e_n - 2 sigma (e_n - e_mean) - s_n U = - sigma (c_n - c_mean)

Decentralised, with ``nu = 1 - 1/N``::

    (I + B) p = a + w
    e_r = beta_r G
    (k_n - sigma (1 + nu)) e_n + sigma e_mean - (s_n - sigma nu) U = sigma nu (m - w_t - c_n)

Wholesale prices the manufacturer's: ``(B + B^T + 2 B^T B) p = a + 2 B^T a + c B^T 1`` and ``w = (I + B) p - a``.

Contract: one share x of every region's service cost is borne by the enterprises, enterprise n bearing s_n of it; the
wholesale prices become ``w = c 1 + Gamma^T (p - c 1)`` at the centralised p (above cost, for otherwise the retailers'
competition would push prices below the chain's best). It coordinates iff ``x = 1 - beta_r G / e_r`` lies in (0, 1)
(the same for every region, as both e_r are proportional to beta_r) and the enterprises' own efforts are the chain's:
sigma = 0 or N = 1. With rivalry the contract cannot coordinate, for none of its terms touches effort.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import numpy as np
import scipy.sparse as sp
from pydantic import Field

from batteryopt.games.coordination.data.region_faults import (
    FloatArray,
    concavity_faults,
    cross_price_faults,
    cross_price_matrix,
    length_faults,
)
from batteryopt.ground.errors import Fault
from batteryopt.tables.toml_input import TomlInstance, quantity

_NonNegative = Annotated[float, Field(ge=0)]
_Positive = Annotated[float, Field(gt=0)]
_Index = Annotated[int, Field(ge=0)]

_BY_REGION = (
    "wholesale_price",
    "service_response",
    "voluntary_returns",
    "residual_value",
    "reservation_profit_retailer",
    "wholesale_price_cap",
)
_BY_ENTERPRISE = ("effort_cost", "share_weight", "reservation_profit_echelon")
LISTS = ("market_size", *_BY_REGION, "testing_cost", *_BY_ENTERPRISE)
"""Fields with an item a region or an enterprise."""


class CoordinationNetwork(TomlInstance):
    """Parameters of the coordination game with R regions and N enterprises; the formulation is this module's docstring.

    Lists by region have R items, lists by enterprise N. Empty `effort_cost` and `share_weight` mean ones.
    """

    kind: ClassVar[str] = "coordination"

    market_size: tuple[_Positive, ...] = quantity(
        "market size a of each region: vehicles demanded at price zero", unit="vehicles", min_length=1
    )
    wholesale_price: tuple[_NonNegative, ...] = quantity(
        "wholesale price w in each region, where it is given", unit="money/vehicle"
    )
    cross_price_effect: tuple[tuple[_Index, _Index, _NonNegative], ...] = quantity(
        "[r, s, gamma]: vehicles that region r gains for each unit of price in region s (regions count from 0)",
        unit="vehicles/(money/vehicle)",
        default=(),
    )
    service_response: tuple[_NonNegative, ...] = quantity(
        "returns beta that one unit of recycling service adds in each region", unit="batteries/service unit"
    )
    voluntary_returns: tuple[_NonNegative, ...] = quantity(
        "batteries b returned without any service in each region", unit="batteries"
    )
    residual_value: tuple[_NonNegative, ...] = quantity(
        "residual value omega in each region, counted as the returns that it brings", unit="batteries"
    )
    testing_cost: tuple[_NonNegative, ...] = quantity(
        "cost c_n of testing a usable battery, of each enterprise", unit="money/battery", min_length=1
    )
    effort_cost: tuple[_Positive, ...] = quantity(
        "k_n in the cost k_n e_n^2/2 of sales effort, of each enterprise; empty: all 1", default=()
    )
    share_weight: tuple[_Positive, ...] = quantity(
        "weight of each enterprise in the sharing of usable batteries; empty: all 1", default=()
    )
    effort_rivalry: Annotated[float, Field(ge=0)] = quantity(
        "batteries sigma won from rivals with one unit of effort above the average",
        unit="batteries/effort unit",
        default=0.0,
    )
    transfer_price: float = quantity(
        "transfer price w_t that enterprises pay for a usable battery", unit="money/battery"
    )
    scrap_value: float = quantity("net value f of a scrapped battery, negative where scrap costs", unit="money/battery")
    usable_share: float = quantity("share theta of the collected batteries that is usable", gt=0, lt=1)
    echelon_market_size: _NonNegative = quantity(
        "echelon market size m: price of an echelon battery at no supply and no effort", unit="money/battery"
    )
    production_cost: _NonNegative = quantity("production cost c of a vehicle", unit="money/vehicle", default=0.0)

    sign_constraints: bool = quantity(
        "whether demands, retail prices and battery quantities must not be negative", table="constraints", default=True
    )
    reservation_profit_manufacturer: float | None = quantity(
        "least profit with which the manufacturer takes part", unit="money", table="constraints", default=None
    )
    reservation_profit_retailer: tuple[float, ...] | None = quantity(
        "least profit with which each region's retailer takes part", unit="money", table="constraints", default=None
    )
    reservation_profit_echelon: tuple[float, ...] | None = quantity(
        "least profit with which each enterprise takes part", unit="money", table="constraints", default=None
    )
    wholesale_price_cap: tuple[_NonNegative, ...] | None = quantity(
        "largest wholesale price in each region, where the manufacturer sets them",
        unit="money/vehicle",
        table="constraints",
        default=None,
    )
    transfer_price_cap: float | None = quantity(
        "largest transfer price, where the manufacturer sets it",
        unit="money/battery",
        table="constraints",
        default=None,
    )

    @property
    def regions(self) -> int:
        """R, the number of regions."""
        return len(self.market_size)

    @property
    def enterprises(self) -> int:
        """N, the number of echelon enterprises."""
        return len(self.testing_cost)

    @property
    def shares(self) -> FloatArray:
        """s_n: the weights, normalised to sum to one; shape (N,)."""
        weights = np.asarray(self.share_weight or (1.0,) * self.enterprises)
        return np.asarray(weights / weights.sum())

    @property
    def effort_costs(self) -> FloatArray:
        """k_n; shape (N,)."""
        return np.asarray(self.effort_cost or (1.0,) * self.enterprises)

    @property
    def cross_prices(self) -> sp.csr_array:
        """Gamma, shape (R, R), sparse."""
        return cross_price_matrix(self.cross_price_effect, self.regions)

    @property
    def own_returns(self) -> FloatArray:
        """Return b + omega of each region, the batteries that come back without service; shape (R,)."""
        return np.add(self.voluntary_returns, self.residual_value)

    @property
    def revenue_per_return(self) -> float:
        """G, what the manufacturer earns on a returned battery."""
        return self.transfer_price * self.usable_share + self.scrap_value * (1 - self.usable_share)

    @classmethod
    def inconsistencies(cls, values: Mapping[str, Any]) -> Iterator[Fault]:
        """Yield lists of wrong lengths, cross-price effects that make no sense, and profits without a maximum."""
        yield from length_faults(values, "market_size", _BY_REGION)
        yield from length_faults(values, "testing_cost", _BY_ENTERPRISE)
        if {"market_size", "cross_price_effect"} <= values.keys():
            yield from cross_price_faults(values["cross_price_effect"], len(values["market_size"]))
        yield from concavity_faults(values)
