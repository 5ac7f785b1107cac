"""What the players of the Pyomo models earn, and what is maximised."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo

from batteryopt.games.differential.solution import Model

RUNNING_TOTALS = (
    ("innovation_total", "innovation_cost"),
    ("chain_total", "chain_flow"),
    ("retail_total", "retail_flow"),
)
"""Variables that add up a flow over the nodes, and that flow; a model has those that its constraints need."""


@dataclass(frozen=True, kw_only=True)
class Bargain:
    """How a contract's share is chosen, where it is a decision: the gains over what the players get without contract.

    The share moves money between the players and changes nothing else that the chain earns, so that whoever writes
    the contract maximises the chain's value under ``retailer_weight * retailer's gain == manufacturer_weight *
    manufacturer's gain``: with weights (1, 0) the retailer just accepts and the manufacturer has the whole gain, with
    (0, 1) it is the other way round, and with (1, 1) both gain the same.
    """

    manufacturer_reserve: float
    retailer_reserve: float
    retailer_weight: float
    manufacturer_weight: float


def add_values(m: pyo.ConcreteModel, model: Model) -> None:
    """Add the money flows of the players at every node, and the innovation budget."""
    margin = {
        (i, k): m.price[i, k] + m.data.credit_income[k, i] - m.unit_cost[i, k] for i in m.VEHICLES for k in m.NODES
    }
    m.chain_flow = pyo.Expression(
        m.NODES,
        rule=lambda m, k: sum(margin[i, k] * m.sales[i, k] for i in m.VEHICLES) - m.innovation_cost[k],
        doc="(22) money flow of both players together, money/month",
    )
    m.chain_value = pyo.Expression(
        expr=present_value(m, m.chain_flow) + salvage(m), doc="(22) present value of the chain, money"
    )
    budget = m.data.instance.innovation_budget
    if budget is not None:
        total = add_running_total(m, "innovation_total", m.innovation_cost)
        m.budget = pyo.Constraint(expr=total <= budget, doc="innovation stays within its budget, by present value")
    if model is Model.INTEGRATED:
        return
    is_contract = model is Model.CONTRACT
    m.retail_flow = pyo.Expression(
        m.NODES,
        rule=lambda m, k: (
            sum(m.retail_margin[i, k] * m.sales[i, k] for i in m.VEHICLES)
            - (m.innovation_cost[k] if is_contract else 0.0)
        ),
        doc="(6), in the contract (35) per unit of the share: money flow of the retailers, money/month",
    )
    kept = m.share if is_contract else 1.0
    m.retailer_value = pyo.Expression(
        expr=kept * (present_value(m, m.retail_flow) + (salvage(m) if is_contract else 0.0)),
        doc="(6), in the contract (35): present value of the retailers, money",
    )
    m.manufacturer_value = pyo.Expression(
        expr=m.chain_value - m.retailer_value, doc="(5), in the contract (35): present value of the manufacturer, money"
    )


def present_value(m: pyo.ConcreteModel, flow: Any) -> Any:
    """Return the present value of a flow given at the nodes, by the weights of the collocation itself."""
    return sum(m.data.weights[k] * flow[k] for k in m.NODES)


def add_running_total(m: pyo.ConcreteModel, name: str, flow: Any) -> Any:
    """Add the running present value of a flow as variables and return the last one, for use in a constraint.

    It is `present_value` again, but a constraint on it has few variables a row: one dense row over all nodes would
    cost the solver more than all the rest.
    """
    total = pyo.Var(m.NODES, initialize=0.0, doc=f"present value of {flow.name} up to a point, money")
    m.add_component(name, total)

    def adds_up(m: pyo.ConcreteModel, k: int) -> Any:
        before = total[k - 1] if k > 0 else 0.0
        return total[k] == before + m.data.weights[k] * flow[k]

    m.add_component(f"{name}_adds_up", pyo.Constraint(m.NODES, rule=adds_up, doc="the total grows by weight x flow"))
    return total[m.NODES.last()]


def salvage(m: pyo.ConcreteModel) -> Any:
    """Return what the efficiency left at the end of a finite horizon is worth today."""
    instance = m.data.instance
    if instance.horizon_length is None or instance.salvage_values is None:
        return 0.0
    discount = math.exp(-m.data.game.discount_rate * instance.horizon_length)
    return discount * sum(instance.salvage_values[j] * m.efficiency_at[j, m.NODES.last()] for j in m.LEVELS)


def add_objective(m: pyo.ConcreteModel, model: Model, bargain: Bargain | None) -> None:
    """Add what the leader, or the owner, maximises."""
    if model is Model.INTEGRATED:
        m.objective = pyo.Objective(
            expr=m.chain_value, sense=pyo.maximize, doc="(22) present value of the chain, money"
        )
    elif bargain is None:
        m.objective = pyo.Objective(
            expr=m.manufacturer_value, sense=pyo.maximize, doc="(5) present value of the leading manufacturer, money"
        )
    else:
        _add_bargain(m, bargain)


def _add_bargain(m: pyo.ConcreteModel, bargain: Bargain) -> None:
    chain = add_running_total(m, "chain_total", m.chain_flow) + salvage(m)
    retailer = m.share * (add_running_total(m, "retail_total", m.retail_flow) + salvage(m))
    m.gains = pyo.Constraint(
        expr=bargain.retailer_weight * (retailer - bargain.retailer_reserve)
        == bargain.manufacturer_weight * (chain - retailer - bargain.manufacturer_reserve),
        doc="the share gives each player its weight of the gain over what it has without contract",
    )
    m.objective = pyo.Objective(expr=m.chain_value, sense=pyo.maximize, doc="(22) present value of the chain, money")
