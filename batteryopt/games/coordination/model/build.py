"""The coordination game in Pyomo: one owner, or a leader with followers written as blocks.

Every model is the network form of `regions` (the paper's game has one region and one enterprise). Followers answer
with all else as data; their optimality conditions are derived by `batteryopt.bilevel`, not typed here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyomo.environ as pyo
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from batteryopt import bilevel
from batteryopt.games.coordination.data.instance import Instance, as_network
from batteryopt.games.coordination.data.parts_of_the_game import GameMarket
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.solution import Model, Solution

LEADING_CHAIN = (Model.CENTRALIZED, Model.CONTRACT)
"""Models that maximise the chain's profit; the others the manufacturer's."""

RETAIL_PRICE = "retail price p_r in region r, money/vehicle"
RECYCLING_SERVICE = "recycling service e_r in region r, service units"
SALES_EFFORT = "sales effort e_n of enterprise n, effort units"
DEMAND_SIGN = "vehicle demand is not negative: Q_r >= 0"
QUANTITY_SIGN = "no enterprise takes less than nothing: u_n >= 0"
"""Meanings of what stands in more than one model."""


def build(instance: Instance, model: Model, market: GameMarket = GameMarket.BOTH) -> Any:
    """Return the Pyomo model of an instance, or of a part of one (see `parts`).

    Its variables have the same names in every model: ``retail_price[r]`` and ``wholesale_price[r]`` for vehicles,
    ``recycling_service[r]``, ``sales_effort[n]``, ``transfer_price``, ``cost_share`` and ``usable`` (batteries) for
    batteries; what a model does not decide is fixed.
    """
    network = as_network(instance)
    m = pyo.ConcreteModel(name=model.value, doc="coordination game, see batteryopt.games.coordination.data.regions")
    add_sets(m, network)
    if GameMarket.VEHICLES in market:
        add_vehicles(m, network, model)
    if GameMarket.BATTERIES in market:
        add_batteries(m, network, model)
    if model not in LEADING_CHAIN:
        add_participation(m, network, market)
    is_chains = model in LEADING_CHAIN
    profit = chain_profit if is_chains else manufacturer_profit
    whose = "profit pi_S of the chain, money" if is_chains else "profit pi_M of the leading manufacturer, money"
    m.objective = pyo.Objective(expr=profit(m, network, market), sense=pyo.maximize, doc=whose)
    return m


def add_vehicles(m: Any, network: CoordinationNetwork, model: Model) -> None:
    """Add the markets of vehicles: wholesale prices, and who answers them with retail prices."""
    add_wholesale_prices(m, network, model)
    if model is Model.CENTRALIZED:
        add_owner_of_vehicles(m, network)
    else:
        add_retailers(m, network)


def add_batteries(m: Any, network: CoordinationNetwork, model: Model) -> None:
    """Add the market of batteries: terms of their transfer, service, sales efforts and what comes back."""
    add_supply(m, network)
    add_transfer_terms(m, network, model)
    if model is Model.CENTRALIZED:
        add_owner_of_batteries(m, network)
    else:
        add_manufacturer(m, network, is_follower=model is Model.CONTRACT)
        add_enterprises(m, network)
    add_pooling(m, network)


def solution_of(m: Any, instance: Instance, model: Model) -> Solution:
    """Read the decisions from a solved model."""

    def values(variable: Any) -> tuple[float, ...]:
        return tuple(float(v.value) for v in variable.values())

    one = not hasattr(instance, "regions")
    retail_price, service = values(m.retail_price), values(m.recycling_service)
    effort, wholesale_price = values(m.sales_effort), values(m.wholesale_price)
    return Solution(
        instance=instance,
        model=model,
        retail_price=retail_price[0] if one else retail_price,
        recycling_service=service[0] if one else service,
        sales_effort=effort[0] if one else effort,
        wholesale_price=wholesale_price[0] if one else wholesale_price,
        transfer_price=float(m.transfer_price.value),
        cost_share=float(m.cost_share.value),
    )


# ---- what the players pay each other -----------------------------------------------------------------------------


def add_sets(m: Any, network: CoordinationNetwork) -> None:
    """Regions and enterprises, from 0."""
    m.REGIONS = pyo.RangeSet(0, network.regions - 1, doc="regions r and s, each with one retailer")
    m.ENTERPRISES = pyo.RangeSet(0, network.enterprises - 1, doc="echelon enterprises n")
    effects = network.cross_prices.tocoo()
    m.cross_price_effects = {r: [] for r in m.REGIONS}  # gamma_rs by row, read out once
    for r, s, effect in zip(effects.row.tolist(), effects.col.tolist(), effects.data.tolist(), strict=True):
        m.cross_price_effects[r].append((s, effect))


def add_supply(m: Any, network: CoordinationNetwork) -> None:
    """Add the supply, which every enterprise takes as it comes."""
    supply_without_service = network.usable_share * float(network.own_returns.sum())
    m.usable = pyo.Var(initialize=supply_without_service, doc="usable batteries U of all regions, batteries")


def add_wholesale_prices(m: Any, network: CoordinationNetwork, model: Model) -> None:
    """Wholesale prices: decided, or fixed at what is given."""
    given = dict(enumerate(network.wholesale_price))
    m.wholesale_price = pyo.Var(m.REGIONS, initialize=given, doc="wholesale price w_r in region r, money/vehicle")
    if model not in (Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE):
        m.wholesale_price.fix()
    if model is Model.DECENTRALIZED_WHOLESALE:
        bound_wholesale_prices(m, network)


def add_transfer_terms(m: Any, network: CoordinationNetwork, model: Model) -> None:
    """Add the transfer price and the share of the service cost: decided, or fixed at what is given."""
    m.transfer_price = pyo.Var(
        initialize=network.transfer_price, doc="transfer price w_t of a usable battery, money/battery"
    )
    m.cost_share = pyo.Var(bounds=(0, 1), initialize=0.0, doc="share x of the service cost that the enterprises bear")
    if model is not Model.DECENTRALIZED_TRANSFER:
        m.transfer_price.fix()
    if model is not Model.CONTRACT:
        m.cost_share.fix()
    if model is Model.DECENTRALIZED_TRANSFER:
        m.transfer_price.setub(network.transfer_price_cap)


def bound_wholesale_prices(m: Any, network: CoordinationNetwork) -> None:
    """Keep the prices within their caps, and where that loses nothing, between cost and what ends all demand.

    Both limits need demand that cannot be negative. Then nobody buys anywhere above the retail prices B^-1 a, so that
    a higher wholesale price is like that one; and below cost, a higher price earns more in its own region and, since
    buyers cross to the others, no less there (only a retailer's reservation profit can ask for so low a price). With
    negative demand a price below cost earns on vehicles that the manufacturer takes back.
    """
    caps = network.wholesale_price_cap
    no_demand = spsolve(sp.eye_array(network.regions, format="csc") - network.cross_prices, network.market_size)
    for r in m.REGIONS:
        limits = [caps[r]] if caps is not None else []
        if network.sign_constraints:
            limits.append(max(float(np.atleast_1d(no_demand)[r]), network.production_cost))
        m.wholesale_price[r].setub(min(limits) if limits else None)
        if network.sign_constraints and network.reservation_profit_retailer is None:
            m.wholesale_price[r].setlb(min([network.production_cost, *limits]))


# ---- who decides -------------------------------------------------------------------------------------------------


def add_owner_of_vehicles(m: Any, network: CoordinationNetwork) -> None:
    """One owner sets the retail prices, under the sign constraints that the retailers would have."""
    m.retail_price = pyo.Var(m.REGIONS, initialize=0.0, bounds=_sign(network), doc=RETAIL_PRICE)
    if network.sign_constraints:
        m.demand_is_nonnegative = pyo.Constraint(
            m.REGIONS, rule=lambda m, r: demand(m, network, r) >= 0, doc=DEMAND_SIGN
        )


def add_owner_of_batteries(m: Any, network: CoordinationNetwork) -> None:
    """One owner decides services and efforts, under the sign constraints that the players would have."""
    m.recycling_service = pyo.Var(m.REGIONS, initialize=0.0, bounds=(0, None), doc=RECYCLING_SERVICE)
    m.sales_effort = pyo.Var(m.ENTERPRISES, initialize=0.0, bounds=(0, None), doc=SALES_EFFORT)
    if network.sign_constraints and network.effort_rivalry > 0:
        m.quantity_is_nonnegative = pyo.Constraint(
            m.ENTERPRISES, rule=lambda m, n: quantity(m, network, n, rivals_effort(m, n)) >= 0, doc=QUANTITY_SIGN
        )


def add_manufacturer(m: Any, network: CoordinationNetwork, *, is_follower: bool) -> None:
    """Let the manufacturer decide its service: as the leader, or under a contract as an answer to its terms.

    The contract's designer leads the manufacturer too. What the others answer does not depend on when it decides:
    its profit meets theirs in the demand only, which its service does not change. So it answers beside them.
    """
    if not is_follower:
        m.recycling_service = pyo.Var(m.REGIONS, initialize=0.0, bounds=(0, None), doc=RECYCLING_SERVICE)
        return
    m.manufacturer = bilevel.Follower(doc="the manufacturer under the contract")
    m.manufacturer.recycling_service = pyo.Var(m.REGIONS, initialize=0.0, bounds=(0, None), doc=RECYCLING_SERVICE)
    m.recycling_service = pyo.Reference(m.manufacturer.recycling_service)
    m.manufacturer.profit = pyo.Objective(
        expr=network.revenue_per_return * pyo.quicksum(returns(m, network, r) for r in m.REGIONS)
        - (1 - m.cost_share) * service_cost(m),
        sense=pyo.maximize,
        doc="profit pi_M but for the vehicles, which its service does not change, money",
    )


def add_retailers(m: Any, network: CoordinationNetwork) -> None:
    """Retailer r answers with its price: max (p_r - w_r) Q_r, subject to p_r >= 0 and Q_r >= 0."""

    def decides(retailer: Any, r: int) -> None:
        retailer.retail_price = pyo.Var(initialize=network.market_size[r], bounds=_sign(network), doc=RETAIL_PRICE)

    m.retailer = bilevel.Follower(m.REGIONS, rule=decides, doc="retailers")
    m.retail_price = pyo.Reference([m.retailer[r].retail_price for r in m.REGIONS])
    for r in m.REGIONS:
        margin = m.retail_price[r] - m.wholesale_price[r]
        m.retailer[r].profit = pyo.Objective(
            expr=margin * demand(m, network, r), sense=pyo.maximize, doc="profit pi_r of retailer r, money"
        )
        if network.sign_constraints:
            m.retailer[r].demand_is_nonnegative = pyo.Constraint(expr=demand(m, network, r) >= 0, doc=DEMAND_SIGN)


def add_enterprises(m: Any, network: CoordinationNetwork) -> None:
    """Enterprise n answers with its effort: max (p_n - w_t - c_n) u_n - k_n e_n^2 / 2, subject to e_n, u_n >= 0.

    Supply and the rivals' joint effort stand as variables outside the followers: data to each of them, so that every
    follower's problem has a handful of terms, whatever R and N.
    """
    m.rivals_effort = pyo.Var(m.ENTERPRISES, initialize=0.0, doc="sales effort of all enterprises but n, effort units")

    def decides(enterprise: Any, _: int) -> None:
        enterprise.sales_effort = pyo.Var(initialize=0.0, bounds=(0, None), doc=SALES_EFFORT)

    m.enterprise = bilevel.Follower(m.ENTERPRISES, rule=decides, doc="echelon enterprises")
    m.sales_effort = pyo.Reference([m.enterprise[n].sales_effort for n in m.ENTERPRISES])
    for n in m.ENTERPRISES:
        sold = quantity(m, network, n, m.rivals_effort[n])
        margin = resale_price(m, network, n) - m.transfer_price - network.testing_cost[n]
        m.enterprise[n].profit = pyo.Objective(
            expr=margin * sold - network.effort_costs[n] / 2 * m.sales_effort[n] ** 2,
            sense=pyo.maximize,
            doc="profit pi_n but for its share of the service cost, which its effort does not change, money",
        )
        if network.sign_constraints and network.effort_rivalry > 0:
            m.enterprise[n].quantity_is_nonnegative = pyo.Constraint(expr=sold >= 0, doc=QUANTITY_SIGN)
    m.total_effort = pyo.Var(initialize=0.0, doc="sales effort of all enterprises, effort units")
    m.total_effort_is = pyo.Constraint(
        expr=m.total_effort == pyo.quicksum(m.sales_effort.values()), doc="the total is sum_n e_n"
    )
    m.rivals_effort_is = pyo.Constraint(
        m.ENTERPRISES,
        rule=lambda m, n: m.rivals_effort[n] == m.total_effort - m.sales_effort[n],
        doc="the rivals' effort is the sum of e_k over k other than n",
    )


def add_pooling(m: Any, network: CoordinationNetwork) -> None:
    """All usable batteries are pooled: U = theta sum_r C_r."""
    m.usable_is = pyo.Constraint(
        expr=m.usable == network.usable_share * pyo.quicksum(returns(m, network, r) for r in m.REGIONS),
        doc="all usable batteries are pooled: U = theta sum_r C_r",
    )


def add_participation(m: Any, network: CoordinationNetwork, market: GameMarket) -> None:
    """Have the leader leave every player its reservation profit, and earn its own."""
    least = network.reservation_profit_manufacturer
    if least is not None:
        m.manufacturer_takes_part = pyo.Constraint(
            expr=manufacturer_profit(m, network, market) >= least, doc="pi_M at least its reservation profit"
        )
    if network.reservation_profit_retailer is not None and GameMarket.VEHICLES in market:
        m.retailer_takes_part = pyo.Constraint(
            m.REGIONS,
            rule=lambda m, r: m.retailer[r].profit.expr >= network.reservation_profit_retailer[r],
            doc="pi_r at least its reservation profit",
        )
    if network.reservation_profit_echelon is not None and GameMarket.BATTERIES in market:
        m.enterprise_takes_part = pyo.Constraint(
            m.ENTERPRISES,
            rule=lambda m, n: m.enterprise[n].profit.expr >= network.reservation_profit_echelon[n],
            doc="pi_n at least its reservation profit",
        )


# ---- quantities and profits, as in the formulation ---------------------------------------------------------------


def demand(m: Any, network: CoordinationNetwork, r: int) -> Any:
    """Q_r = a_r - p_r + sum_s gamma_rs p_s."""
    others = pyo.quicksum(effect * m.retail_price[s] for s, effect in m.cross_price_effects[r])
    return network.market_size[r] - m.retail_price[r] + others


def returns(m: Any, network: CoordinationNetwork, r: int) -> Any:
    """C_r = b_r + omega_r + beta_r e_r."""
    own = network.voluntary_returns[r] + network.residual_value[r]
    return own + network.service_response[r] * m.recycling_service[r]


def quantity(m: Any, network: CoordinationNetwork, n: int, rivals: Any) -> Any:
    """u_n = s_n U + sigma (e_n - e_mean), with e_mean = (e_n + rivals) / N."""
    mean = (m.sales_effort[n] + rivals) / network.enterprises
    return float(network.shares[n]) * m.usable + network.effort_rivalry * (m.sales_effort[n] - mean)


def rivals_effort(m: Any, n: int) -> Any:
    """Return the efforts of all enterprises but n."""
    return pyo.quicksum(m.sales_effort[k] for k in m.ENTERPRISES if k != n)


def resale_price(m: Any, network: CoordinationNetwork, n: int) -> Any:
    """p_n = m - U + e_n."""
    return network.echelon_market_size - m.usable + m.sales_effort[n]


def service_cost(m: Any) -> Any:
    """sum_r e_r^2 / 2."""
    return pyo.quicksum(m.recycling_service[r] ** 2 for r in m.REGIONS) / 2


def manufacturer_profit(m: Any, network: CoordinationNetwork, market: GameMarket = GameMarket.BOTH) -> Any:
    """pi_M = sum_r (w_r - c) Q_r + G sum_r C_r - (1 - x) sum_r e_r^2 / 2, with sum_r C_r = U / theta."""
    profit = 0.0
    if GameMarket.VEHICLES in market:
        profit += pyo.quicksum(
            (m.wholesale_price[r] - network.production_cost) * demand(m, network, r) for r in m.REGIONS
        )
    if GameMarket.BATTERIES in market:
        theta = network.usable_share
        profit += (m.transfer_price + network.scrap_value * (1 - theta) / theta) * m.usable
        profit -= (1 - m.cost_share) * service_cost(m)
    return profit


def chain_profit(m: Any, network: CoordinationNetwork, market: GameMarket = GameMarket.BOTH) -> Any:
    """pi_S = sum_r (p_r - c) Q_r + f (1 - theta) sum_r C_r + sum_n [(p_n - c_n) u_n - k_n e_n^2/2] - sum_r e_r^2/2."""
    profit = 0.0
    if GameMarket.VEHICLES in market:
        profit += pyo.quicksum((m.retail_price[r] - network.production_cost) * demand(m, network, r) for r in m.REGIONS)
    if GameMarket.BATTERIES in market:
        theta = network.usable_share
        profit += network.scrap_value * (1 - theta) / theta * m.usable
        profit += pyo.quicksum(
            (resale_price(m, network, n) - network.testing_cost[n]) * quantity(m, network, n, rivals_effort(m, n))
            - float(network.effort_costs[n]) / 2 * m.sales_effort[n] ** 2
            for n in m.ENTERPRISES
        )
        profit -= service_cost(m)
    return profit


def _sign(network: CoordinationNetwork) -> tuple[float | None, None]:
    return (0.0 if network.sign_constraints else None, None)
