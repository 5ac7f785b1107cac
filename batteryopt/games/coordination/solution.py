"""A solution of the coordination game: decisions, and the profits that follow from them and the instance alone."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, cast

import numpy as np

from batteryopt.games.coordination.data.instance import CoordinationInstance, Instance, as_network
from batteryopt.games.coordination.data.region_faults import FloatArray
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.ground.errors import BatteryOptError

Decision: TypeAlias = float | tuple[float, ...]
"""A number in the paper's game, one a region or enterprise in the network form."""
_NOTHING = 1e-9
"""Demand below this part of what a region would buy at price zero is none."""


class Model(enum.StrEnum):
    """Who decides what."""

    CENTRALIZED = "centralized"
    """One owner decides everything (the paper's A)."""
    DECENTRALIZED = "decentralized"
    """The manufacturer leads with its service; retailer and enterprise answer (the paper's B)."""
    CONTRACT = "contract"
    """As B, under a shared service cost and a wholesale price that make the answers the centralised ones (C)."""
    DECENTRALIZED_WHOLESALE = "decentralized-wholesale"
    """As B, and the manufacturer sets the wholesale price too."""
    DECENTRALIZED_TRANSFER = "decentralized-transfer"
    """As B, and the manufacturer sets the transfer price too (unbounded without a reservation profit or a cap)."""


class NoCoordinatingContract(BatteryOptError):
    """No contract (x, w, K1, K2) makes independent players decide as one owner would; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no contract coordinates: {reason}")


@dataclass(frozen=True, kw_only=True)
class ContractTerms:
    """The contract without its lump sums.

    Attributes
    ----------
    cost_share
        x, the share of the service cost that the enterprises bear (each by its market share).
    wholesale_price
        w, one a region in the network form.
    """

    cost_share: float
    wholesale_price: Decision

    def to_json(self) -> dict[str, Any]:
        """Return the contract's terms for JSON."""
        return {"cost_share": self.cost_share, "wholesale_price": _listed(self.wholesale_price)}


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What follows from the decisions; profits are before lump sums.

    Arrays have shape (R,) by region or (N,) by enterprise.

    Attributes
    ----------
    demand, returns
        Vehicles sold and batteries collected, by region.
    usable
        Usable batteries of all regions together.
    quantity, resale_price
        Batteries that each enterprise sells, and at what price.
    manufacturer, retailers, enterprises
        Profits of the players.
    supply_chain
        Profit of the chain, from its own formula: it contains neither wholesale nor transfer prices.
    """

    demand: FloatArray
    returns: FloatArray
    usable: float
    quantity: FloatArray
    resale_price: FloatArray
    manufacturer: float
    retailers: FloatArray
    enterprises: FloatArray
    supply_chain: float


@dataclass(frozen=True, kw_only=True)
class Profits:
    """Profits of the groups of players, before lump sums."""

    manufacturer: float
    retailer: float
    echelon_enterprise: float
    supply_chain: float


@dataclass(frozen=True, kw_only=True)
class Solution:
    """Decisions of all players, frozen; everything else is computed from them and the instance.

    Attributes
    ----------
    retail_price, recycling_service, sales_effort
        Numbers for a `CoordinationInstance`; by region, region and enterprise for a `CoordinationNetwork`.
    wholesale_price, transfer_price
        As actually charged; left out, they are the instance's.
    cost_share
        Share of the service cost that the enterprises bear; 0 but in a contract.

    Raises
    ------
    ValueError
        If a decision has the wrong number of items or one that is not finite.
    """

    instance: Instance
    model: Model
    retail_price: Decision
    recycling_service: Decision
    sales_effort: Decision
    wholesale_price: Decision | None = None
    transfer_price: float | None = None
    cost_share: float = 0.0

    def __post_init__(self) -> None:
        by_region, by_enterprise = (self.network.regions, self.network.enterprises)
        charged = self.instance.wholesale_price if self.wholesale_price is None else self.wholesale_price
        paid = self.instance.transfer_price if self.transfer_price is None else self.transfer_price
        self._set("retail_price", self.retail_price, by_region)
        self._set("recycling_service", self.recycling_service, by_region)
        self._set("sales_effort", self.sales_effort, by_enterprise)
        self._set("wholesale_price", charged, by_region)
        object.__setattr__(self, "transfer_price", float(paid))
        object.__setattr__(self, "cost_share", float(self.cost_share))

    def _set(self, name: str, value: Decision | Sequence[float] | FloatArray, size: int) -> None:
        items = np.atleast_1d(np.asarray(value, dtype=float))
        if items.shape != (size,) or not np.isfinite(items).all():
            raise ValueError(f"{name} must be {size} finite number(s), not {value!r}")
        is_scalar = isinstance(self.instance, CoordinationInstance)
        object.__setattr__(self, name, float(items[0]) if is_scalar else tuple(items.tolist()))

    @cached_property
    def network(self) -> CoordinationNetwork:
        """The instance in the network form."""
        return as_network(self.instance)

    @cached_property
    def outcome(self) -> Outcome:
        """Quantities and profits that follow from the decisions."""
        return evaluate(
            self.network,
            p=as_array(self.retail_price),
            e_r=as_array(self.recycling_service),
            e_n=as_array(self.sales_effort),
            w=as_array(self.wholesale_price),
            w_t=cast(float, self.transfer_price),
            x=self.cost_share,
        )

    @property
    def profits(self) -> Profits:
        """Profits of manufacturer, retailers together, enterprises together, and the chain."""
        return Profits(
            manufacturer=self.outcome.manufacturer,
            retailer=float(self.outcome.retailers.sum()),
            echelon_enterprise=float(self.outcome.enterprises.sum()),
            supply_chain=self.outcome.supply_chain,
        )

    @property
    def objective(self) -> float:
        """What the model maximises: the chain's profit, or the leading manufacturer's."""
        profits = self.profits
        is_chain = self.model in (Model.CENTRALIZED, Model.CONTRACT)
        return profits.supply_chain if is_chain else profits.manufacturer

    @property
    def terms(self) -> ContractTerms | None:
        """The contract's terms; None in the other models."""
        if self.model is not Model.CONTRACT or self.wholesale_price is None:
            return None
        return ContractTerms(cost_share=self.cost_share, wholesale_price=self.wholesale_price)

    def decisions(self) -> dict[str, Decision]:
        """Return what the players decide, by the names of the JSON."""
        decided = {
            "retail_price": self.retail_price,
            "recycling_service": self.recycling_service,
            "sales_effort": self.sales_effort,
        }
        if self.model is Model.DECENTRALIZED_WHOLESALE and self.wholesale_price is not None:
            decided["wholesale_price"] = self.wholesale_price
        if self.model is Model.DECENTRALIZED_TRANSFER and self.transfer_price is not None:
            decided["transfer_price"] = self.transfer_price
        return decided

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader should know: wholesale prices that nothing determines, for nobody buys there."""
        if self.model not in (Model.DECENTRALIZED_WHOLESALE, Model.CONTRACT) or not self.network.sign_constraints:
            return ()
        demand, price = self.outcome.demand, as_array(self.retail_price)
        unsold = np.flatnonzero(demand <= _NOTHING * (demand + price)).tolist()
        place = "" if isinstance(self.instance, CoordinationInstance) else " in region {r}"
        return tuple(
            f"nothing is sold{place.format(r=r)}: any wholesale price from {price[r]:.6g} on would do as well"
            for r in unsold
        )

    def to_json(self) -> dict[str, Any]:
        """Return decisions and profits; one owner's chain has no profits of its members."""
        profits = self.profits
        members = {
            "manufacturer": profits.manufacturer,
            "retailer": profits.retailer,
            "echelon_enterprise": profits.echelon_enterprise,
        }
        is_one_owner = self.model is Model.CENTRALIZED
        return {
            "decisions": {name: _listed(value) for name, value in self.decisions().items()},
            "profits": {**(dict.fromkeys(members) if is_one_owner else members), "supply_chain": profits.supply_chain},
            **({} if is_one_owner or isinstance(self.instance, CoordinationInstance) else self._member_profits()),
            **({"remarks": list(self.remarks)} if self.remarks else {}),
        }

    def _member_profits(self) -> dict[str, Any]:
        by_member = {
            "retailer": self.outcome.retailers.tolist(),
            "echelon_enterprise": self.outcome.enterprises.tolist(),
        }
        return {"profits_by_member": by_member}


def as_array(decision: Decision | None) -> FloatArray:
    """Return a decision as an array by region or enterprise, of length one in the paper's game."""
    return np.atleast_1d(np.asarray(decision, dtype=float))


def evaluate(
    network: CoordinationNetwork,
    *,
    p: FloatArray,
    e_r: FloatArray,
    e_n: FloatArray,
    w: FloatArray,
    w_t: float,
    x: float,
) -> Outcome:
    """Return quantities and profits of given decisions, in the notation of `regions`.

    Parameters
    ----------
    p, e_r, w
        Retail prices, services and wholesale prices, shape (R,).
    e_n
        Sales efforts, shape (N,).
    w_t, x
        Transfer price and the enterprises' share of the service cost.
    """
    demand = np.asarray(network.market_size) - p + network.cross_prices @ p
    returns = network.own_returns + np.asarray(network.service_response) * e_r
    usable = float(network.usable_share * returns.sum())
    quantity = network.shares * usable + network.effort_rivalry * (e_n - e_n.mean())
    resale_price = network.echelon_market_size - usable + e_n
    testing, service_cost = np.asarray(network.testing_cost), float(e_r @ e_r) / 2
    effort_cost = network.effort_costs * e_n**2 / 2
    scrap = network.scrap_value * (1 - network.usable_share) * float(returns.sum())
    vehicles = float((w - network.production_cost) @ demand)
    own_margin = (resale_price - testing) * quantity - effort_cost
    return Outcome(
        demand=demand,
        returns=returns,
        usable=usable,
        quantity=quantity,
        resale_price=resale_price,
        manufacturer=vehicles + w_t * usable + scrap - (1 - x) * service_cost,
        retailers=(p - w) * demand,
        enterprises=own_margin - w_t * quantity - x * network.shares * service_cost,
        supply_chain=float((p - network.production_cost) @ demand) + scrap + float(own_margin.sum()) - service_cost,
    )


def _listed(value: Decision) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value
