"""The players' part of the Pyomo models: demand, one owner, or a leader with a follower at every collocation point."""

from __future__ import annotations

from typing import Any

import pyomo.environ as pyo

from batteryopt import bilevel

LEAST_SHARE = 1e-3
"""A share that is a decision keeps this far from 0 and 1, where one of the players would have nothing to decide on."""

RETAIL_PRICE = "retail price p_i, money/vehicle"
DEMAND_SIGN = "demand is not negative: D_i >= 0"
MARGIN_SIGN = "whoever sells does not sell below its own cost, net of its credit income"
"""Meanings of what stands in more than one place."""


def add_demand(m: pyo.ConcreteModel) -> None:
    """Let demand follow ``D = alpha + Phi m - B p`` (2), `m.price` being given."""
    game = m.data.game

    def demand(m: pyo.ConcreteModel, i: int, k: int) -> Any:
        pulled = sum(game.efficiency_effect[i, j] * m.efficiency_at[j, k] for j in m.LEVELS)
        return game.market_size[i] + pulled - sum(game.price_effect[i, v] * m.price[v, k] for v in m.VEHICLES)

    m.demand = pyo.Expression(
        m.VEHICLES, m.NODES, rule=demand, doc="(2) demand D = alpha + Phi m - B p, vehicles/month"
    )
    # The same number as a variable of the leader: it keeps the second derivatives of the values sparse.
    m.sales = pyo.Var(m.VEHICLES, m.NODES, initialize=0.0, doc="vehicles of kind i sold, vehicles/month")
    m.sales_meet_demand = pyo.Constraint(
        m.VEHICLES, m.NODES, rule=lambda m, i, k: m.sales[i, k] == m.demand[i, k], doc="what is demanded is sold"
    )


def add_demand_signs(m: pyo.ConcreteModel) -> None:
    """Let an owner, or a leader for its followers, keep demands from being negative."""
    m.demand_is_not_negative = pyo.Constraint(
        m.VEHICLES, m.NODES, rule=lambda m, i, k: m.demand[i, k] >= 0, doc=DEMAND_SIGN
    )


# --- one owner --------------------------------------------------------------------------------------------------------


def add_owner(m: pyo.ConcreteModel) -> None:
    """Add retail prices of an owner, and the constraints it keeps (22)."""
    extras = m.data.instance
    m.price = pyo.Var(
        m.VEHICLES, m.NODES, bounds=lambda m, i, _: (None, _price_cap(m, i)), initialize=0.0, doc=RETAIL_PRICE
    )
    add_demand(m)
    if extras.nonnegative_demands:
        add_demand_signs(m)
    if extras.nonnegative_margins:
        m.margin_is_not_negative = pyo.Constraint(
            m.VEHICLES,
            m.NODES,
            rule=lambda m, i, k: m.price[i, k] + m.data.credit_income[k, i] >= m.unit_cost[i, k],
            doc=MARGIN_SIGN,
        )


def _price_cap(m: pyo.ConcreteModel, vehicle: int) -> float | None:
    caps = m.data.instance.price_caps
    return None if caps is None else caps[vehicle]


# --- leader and followers ---------------------------------------------------------------------------------------------


def add_wholesale_prices(m: pyo.ConcreteModel) -> None:
    """Add wholesale prices, the leader's; in a contract ``w / delta``, the price per unit of the share."""
    meaning = "wholesale price w_i (per unit of the share, in a contract), money/vehicle"
    m.wholesale_price = pyo.Var(m.VEHICLES, m.NODES, initialize=0.0, doc=meaning)


def add_retailers(m: pyo.ConcreteModel, *, takes_credits: bool = False) -> None:
    """Add one follower a retailer and collocation point: it earns ``p - w`` on its vehicles.

    In a contract it earns delta times ``p + h theta - w/delta``, and what it maximises is written per unit of delta:
    a positive factor of the leader's changes no answer. Its part of the innovation cost is data to it and is left
    to `add_values`.
    """
    m.retailer = bilevel.Follower(m.RETAILERS, m.NODES, rule=_retail_prices, doc="retailer r at a collocation point")
    m.price = pyo.Reference({(i, k): m.retailer[r, k].price[i] for r, k, i in _sales(m)})
    add_demand(m)
    m.retail_margin = pyo.Expression(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: (
            m.price[i, k] + (m.data.credit_income[k, i] if takes_credits else 0.0) - m.wholesale_price[i, k]
        ),
        doc="what a retailer keeps of a sale (per unit of its share, in a contract), money/vehicle",
    )
    for r in m.RETAILERS:
        for k in m.NODES:
            _add_retailer_problem(m, m.retailer[r, k], r, k)


def _retail_prices(follower: Any, r: int, k: int) -> None:  # noqa: ARG001
    m = follower.model()
    follower.SOLD = pyo.Set(initialize=m.data.game.retailers[r], doc="vehicles that the retailer sells")
    follower.price = pyo.Var(
        follower.SOLD, bounds=lambda b, i: (None, _price_cap(b.model(), i)), initialize=0.0, doc=RETAIL_PRICE
    )


def _sales(m: pyo.ConcreteModel) -> list[tuple[int, int, int]]:
    """Return (retailer, node, vehicle) for every price."""
    return [(r, k, i) for r, sold in enumerate(m.data.game.retailers) for k in m.NODES for i in sold]


def _add_retailer_problem(m: pyo.ConcreteModel, follower: Any, r: int, k: int) -> None:
    """Add a retailer's objective at one point, and the constraints that it keeps."""
    sold, extras = m.data.game.retailers[r], m.data.instance
    follower.profit = pyo.Objective(
        expr=sum(m.retail_margin[i, k] * m.demand[i, k] for i in sold),
        sense=pyo.maximize,
        doc="(6) what the retailer keeps of its sales (per unit of its share, in a contract), money/month",
    )
    if extras.nonnegative_demands and not m.data.leader_keeps_demands:
        follower.demand_is_not_negative = pyo.Constraint(
            follower.SOLD, rule=lambda _, i: m.demand[i, k] >= 0, doc=DEMAND_SIGN
        )
    if extras.retailers_keep_margins:
        follower.margin_is_not_negative = pyo.Constraint(
            follower.SOLD, rule=lambda _, i: m.retail_margin[i, k] >= 0, doc=MARGIN_SIGN
        )


def add_manufacturer_margins(m: pyo.ConcreteModel) -> None:
    """Keep the manufacturer's own margins from being negative, where that is asked for."""
    if m.data.instance.nonnegative_margins:
        m.margin_is_not_negative = pyo.Constraint(
            m.VEHICLES,
            m.NODES,
            rule=lambda m, i, k: m.wholesale_price[i, k] + m.data.credit_income[k, i] >= m.unit_cost[i, k],
            doc=MARGIN_SIGN,
        )


def add_share(m: pyo.ConcreteModel, share: float | None) -> None:
    """Add the retailer's share delta of revenue, credit income and innovation cost, between 0 and 1."""
    m.share = pyo.Var(
        bounds=(LEAST_SHARE, 1.0 - LEAST_SHARE),
        initialize=0.5,
        doc="share delta of revenue, credit income and innovation cost that the retailer has",
    )
    if share is not None:
        m.share.fix(share)


def add_contract_terms(m: pyo.ConcreteModel) -> None:
    """Charge the share of the unit cost, ``w_i = delta (c_i + C0 m)`` (Proposition 6), per unit of the share."""
    m.terms = pyo.Constraint(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: m.wholesale_price[i, k] == m.unit_cost[i, k],
        doc="(Proposition 6) the share of the unit cost is charged: w_i / delta = C_i",
    )
