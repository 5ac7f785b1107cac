"""The game as Pyomo models: Radau collocation of the efficiency dynamics, followers at every collocation point.

`build` returns one of three models on a grid. The integrated game is an optimal control problem. The decentralised
game and the contract are bilevel ones: the retailers at each collocation point are `bilevel.Follower` blocks, so that
their optimality conditions hold at every point and no best response is substituted. Nothing here has seen a formula
for the solution.

Position on the time axis is counted in elements (see `grid`), and ``dm/dx`` times the grid's ``speed = dx/dt`` is
``dm/dt``. That keeps the last element of an infinite horizon, on which t runs to infinity and the speed to zero, as
well conditioned as the first. ``BODY`` holds the elements with Radau's nodes; the element that reaches to infinity is
a continuous set of its own, ``TAIL``, with Gauss's nodes. ``efficiency_at`` and ``slope_at`` run over the nodes of
both in order of time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pyomo.environ as pyo
from pyomo import dae

from batteryopt import bilevel
from batteryopt.differential_game.grid import Grid
from batteryopt.differential_game.instance import Instance
from batteryopt.differential_game.matrices import GameMatrices
from batteryopt.differential_game.quadrature import FloatArray, Rule
from batteryopt.differential_game.solution import Model

LEAST_SHARE = 1e-3
"""A share that is a decision keeps this far from 0 and 1, where one of the players would have nothing to decide on."""


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


def build(
    instance: Instance,
    model: Model,
    grid: Grid,
    *,
    share: float | None = None,
    bargain: Bargain | None = None,
) -> pyo.ConcreteModel:
    """Return the discretised model.

    Parameters
    ----------
    grid
        Elements and nodes; their number is the size of the model.
    share
        The contract's share as a parameter; a contract takes this or a `bargain`.
    bargain
        Makes the share a decision.

    Raises
    ------
    ValueError
        If a contract has neither share nor bargain, or both.
    """
    if model is Model.CONTRACT and (share is None) == (bargain is None):
        raise ValueError("a contract takes either a share, as a parameter, or a bargain that decides it")
    m = pyo.ConcreteModel(name=f"{model} game")
    m.data = ModelData.of(instance, grid)
    add_time(m)
    add_dynamics(m)
    if model is Model.INTEGRATED:
        add_owner(m)
    elif model is Model.DECENTRALIZED:
        add_wholesale_prices(m)
        add_retailers(m)
        add_manufacturer_margins(m)
    else:
        add_share(m, share)
        add_wholesale_prices(m)
        add_retailers(m, takes_credits=True)
        add_contract_terms(m)
    add_values(m, model)
    add_objective(m, model, bargain)
    return m


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelData:
    """What the equations read: the instance in arrays, and the grid's nodes in order of time (k)."""

    instance: Instance
    game: GameMatrices
    grid: Grid
    credit_income: FloatArray
    """h(t) theta (k, n)."""
    weights: FloatArray
    """Weights that sum node values to a present value (k)."""
    speeds: FloatArray
    """dx/dt (k)."""

    @classmethod
    def of(cls, instance: Instance, grid: Grid) -> ModelData:
        """Return the data of an instance on a grid."""
        game = instance.matrices()
        credit_price = instance.credit_price_at(grid.times.ravel(), game.credit_price)
        return cls(
            instance=instance,
            game=game,
            grid=grid,
            credit_income=credit_price[:, None] * game.credits_per_vehicle,
            weights=grid.discounted_weights.ravel(),
            speeds=grid.speeds.ravel(),
        )


# --- state ------------------------------------------------------------------------------------------------------------


def add_time(m: pyo.ConcreteModel) -> None:
    """Add the sets: vehicles, efficiency levels, innovation efforts, retailers, and the collocation points."""
    game, grid = m.data.game, m.data.grid
    m.VEHICLES = pyo.RangeSet(0, game.vehicles - 1)
    m.LEVELS = pyo.RangeSet(0, game.states - 1)
    m.EFFORTS = pyo.RangeSet(0, game.efforts - 1)
    m.RETAILERS = pyo.RangeSet(0, len(game.retailers) - 1)
    m.NODES = pyo.RangeSet(0, grid.elements * grid.degree - 1)
    is_unbounded = grid.last_rule is Rule.GAUSS
    m.BODY = dae.ContinuousSet(initialize=range(grid.elements + 1 - is_unbounded))
    if is_unbounded:
        m.TAIL = dae.ContinuousSet(initialize=(0, 1))


def add_dynamics(m: pyo.ConcreteModel) -> None:
    """Let efficiency follow ``m' = M g - E m`` from m0 (1)."""
    game = m.data.game
    m.innovation = pyo.Var(m.EFFORTS, m.NODES, bounds=_innovation_bounds, initialize=0.0)
    _add_body(m)
    states, slopes = _by_node(m, m.efficiency, m.slope, m.BODY)
    if hasattr(m, "TAIL"):
        _add_tail(m)
        later = _by_node(m, m.tail_efficiency, m.tail_slope, m.TAIL)
        states, slopes = [*states, *later[0]], [*slopes, *later[1]]
    m.efficiency_at = pyo.Reference({(j, k): states[k][j] for k in m.NODES for j in m.LEVELS})
    m.slope_at = pyo.Reference({(j, k): slopes[k][j] for k in m.NODES for j in m.LEVELS})

    def dynamics(m: pyo.ConcreteModel, j: int, k: int) -> Any:
        built = sum(game.innovation_effectiveness[j, a] * m.innovation[a, k] for a in m.EFFORTS)
        decayed = sum(game.efficiency_decay[j, other] * m.efficiency_at[other, k] for other in m.LEVELS)
        return m.data.speeds[k] * m.slope_at[j, k] == built - decayed

    m.dynamics = pyo.Constraint(m.LEVELS, m.NODES, rule=dynamics, doc="(1) m' = M g - E m")
    _add_unit_cost(m)


def _add_body(m: pyo.ConcreteModel) -> None:
    """Add efficiency on the elements with Radau's nodes, from m0."""
    start = m.data.game.initial_efficiency
    m.efficiency = pyo.Var(m.LEVELS, m.BODY, initialize=lambda _, j, __: start[j])
    m.slope = dae.DerivativeVar(m.efficiency, wrt=m.BODY, initialize=0.0)
    _collocate(m, m.BODY, "LAGRANGE-RADAU")
    for j in m.LEVELS:
        m.efficiency[j, 0].fix(start[j])


def _add_tail(m: pyo.ConcreteModel) -> None:
    """Add efficiency on the element that reaches to infinity, with Gauss's nodes, from where the body ends."""
    start = m.data.game.initial_efficiency
    m.tail_efficiency = pyo.Var(m.LEVELS, m.TAIL, initialize=lambda _, j, __: start[j])
    m.tail_slope = dae.DerivativeVar(m.tail_efficiency, wrt=m.TAIL, initialize=0.0)
    _collocate(m, m.TAIL, "LAGRANGE-LEGENDRE")
    m.tail_continues_body = pyo.Constraint(
        m.LEVELS, rule=lambda m, j: m.tail_efficiency[j, 0] == m.efficiency[j, m.BODY.last()]
    )


def _collocate(m: pyo.ConcreteModel, axis: Any, scheme: str) -> None:
    pyo.TransformationFactory("dae.collocation").apply_to(
        m, wrt=axis, nfe=len(axis) - 1, ncp=m.data.grid.degree, scheme=scheme
    )


def _by_node(m: pyo.ConcreteModel, state: Any, slope: Any, axis: Any) -> tuple[list[Any], list[Any]]:
    """Return the variables at the collocation points of a discretised axis, a list over levels a point."""
    points = sorted(axis)[1:]
    if state is not m.efficiency:
        points = points[:-1]  # with Gauss's nodes the end is not one of them
    return [[state[j, x] for j in m.LEVELS] for x in points], [[slope[j, x] for j in m.LEVELS] for x in points]


def _innovation_bounds(m: pyo.ConcreteModel, a: int, k: int) -> tuple[float | None, float | None]:  # noqa: ARG001
    caps = m.data.instance.innovation_caps
    return (None, None) if caps is None else (0.0, caps[a])


def _add_unit_cost(m: pyo.ConcreteModel) -> None:
    game = m.data.game
    m.unit_cost = pyo.Expression(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: (
            game.unit_cost[i] + sum(game.efficiency_unit_cost[i, j] * m.efficiency_at[j, k] for j in m.LEVELS)
        ),
        doc="(3) C_i = c_i + C0 m",
    )
    m.innovation_cost = pyo.Expression(
        m.NODES,
        rule=lambda m, k: sum(
            game.innovation_cost[a, b] * m.innovation[a, k] * m.innovation[b, k] for a in m.EFFORTS for b in m.EFFORTS
        ),
        doc="(4) g' K g",
    )


def add_demand(m: pyo.ConcreteModel) -> None:
    """Let demand follow ``D = alpha + Phi m - B p`` (2), `m.price` being given."""
    game = m.data.game

    def demand(m: pyo.ConcreteModel, i: int, k: int) -> Any:
        pulled = sum(game.efficiency_effect[i, j] * m.efficiency_at[j, k] for j in m.LEVELS)
        return game.market_size[i] + pulled - sum(game.price_effect[i, v] * m.price[v, k] for v in m.VEHICLES)

    m.demand = pyo.Expression(m.VEHICLES, m.NODES, rule=demand, doc="(2) D = alpha + Phi m - B p")
    # The same number as a variable of the leader: it keeps the second derivatives of the values sparse.
    m.sales = pyo.Var(m.VEHICLES, m.NODES, initialize=0.0)
    m.sales_meet_demand = pyo.Constraint(m.VEHICLES, m.NODES, rule=lambda m, i, k: m.sales[i, k] == m.demand[i, k])


# --- one owner --------------------------------------------------------------------------------------------------------


def add_owner(m: pyo.ConcreteModel) -> None:
    """Add retail prices of an owner, and the constraints it keeps (22)."""
    extras = m.data.instance
    m.price = pyo.Var(m.VEHICLES, m.NODES, bounds=lambda m, i, _: (None, _price_cap(m, i)), initialize=0.0)
    add_demand(m)
    if extras.nonnegative_demands:
        m.demand_is_not_negative = pyo.Constraint(m.VEHICLES, m.NODES, rule=lambda m, i, k: m.demand[i, k] >= 0)
    if extras.nonnegative_margins:
        m.margin_is_not_negative = pyo.Constraint(
            m.VEHICLES, m.NODES, rule=lambda m, i, k: m.price[i, k] + m.data.credit_income[k, i] >= m.unit_cost[i, k]
        )


def _price_cap(m: pyo.ConcreteModel, vehicle: int) -> float | None:
    caps = m.data.instance.price_caps
    return None if caps is None else caps[vehicle]


# --- leader and followers ---------------------------------------------------------------------------------------------


def add_wholesale_prices(m: pyo.ConcreteModel) -> None:
    """Add wholesale prices, the leader's; in a contract ``w / delta``, the price per unit of the share."""
    m.wholesale_price = pyo.Var(m.VEHICLES, m.NODES, initialize=0.0)


def add_retailers(m: pyo.ConcreteModel, *, takes_credits: bool = False) -> None:
    """Add one follower a retailer and collocation point: it earns ``p - w`` on its vehicles.

    In a contract it earns delta times ``p + h theta - w/delta``, and what it maximises is written per unit of delta:
    a positive factor of the leader's changes no answer. Its part of the innovation cost is data to it and is left
    to `add_values`.
    """
    m.retailer = bilevel.Follower(m.RETAILERS, m.NODES, rule=_retail_prices)
    m.price = pyo.Reference({(i, k): m.retailer[r, k].price[i] for r, k, i in _sales(m)})
    add_demand(m)
    m.retail_margin = pyo.Expression(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: (
            m.price[i, k] + (m.data.credit_income[k, i] if takes_credits else 0.0) - m.wholesale_price[i, k]
        ),
        doc="what a retailer keeps of a sale (per unit of its share, in a contract)",
    )
    for r in m.RETAILERS:
        for k in m.NODES:
            _add_retailer_problem(m, m.retailer[r, k], r, k)


def _retail_prices(follower: Any, r: int, k: int) -> None:  # noqa: ARG001
    m = follower.model()
    follower.SOLD = pyo.Set(initialize=m.data.game.retailers[r])
    follower.price = pyo.Var(follower.SOLD, bounds=lambda b, i: (None, _price_cap(b.model(), i)), initialize=0.0)


def _sales(m: pyo.ConcreteModel) -> list[tuple[int, int, int]]:
    """Return (retailer, node, vehicle) for every price."""
    return [(r, k, i) for r, sold in enumerate(m.data.game.retailers) for k in m.NODES for i in sold]


def _add_retailer_problem(m: pyo.ConcreteModel, follower: Any, r: int, k: int) -> None:
    """Add a retailer's objective at one point, and the constraints that it keeps."""
    sold, extras = m.data.game.retailers[r], m.data.instance
    follower.profit = pyo.Objective(expr=sum(m.retail_margin[i, k] * m.demand[i, k] for i in sold), sense=pyo.maximize)
    if extras.nonnegative_demands:
        follower.demand_is_not_negative = pyo.Constraint(follower.SOLD, rule=lambda _, i: m.demand[i, k] >= 0)
    if extras.retailers_keep_margins:
        follower.margin_is_not_negative = pyo.Constraint(follower.SOLD, rule=lambda _, i: m.retail_margin[i, k] >= 0)


def add_manufacturer_margins(m: pyo.ConcreteModel) -> None:
    """Keep the manufacturer's own margins from being negative, where that is asked for."""
    if m.data.instance.nonnegative_margins:
        m.margin_is_not_negative = pyo.Constraint(
            m.VEHICLES,
            m.NODES,
            rule=lambda m, i, k: m.wholesale_price[i, k] + m.data.credit_income[k, i] >= m.unit_cost[i, k],
        )


def add_share(m: pyo.ConcreteModel, share: float | None) -> None:
    """Add the retailer's share delta of revenue, credit income and innovation cost, between 0 and 1."""
    m.share = pyo.Var(bounds=(LEAST_SHARE, 1.0 - LEAST_SHARE), initialize=0.5)
    if share is not None:
        m.share.fix(share)


def add_contract_terms(m: pyo.ConcreteModel) -> None:
    """Charge the share of the unit cost, ``w_i = delta (c_i + C0 m)`` (Proposition 6), per unit of the share."""
    m.terms = pyo.Constraint(
        m.VEHICLES,
        m.NODES,
        rule=lambda m, i, k: m.wholesale_price[i, k] == m.unit_cost[i, k],
        doc="Proposition 6: w_i / delta = C_i",
    )


# --- values and objective ---------------------------------------------------------------------------------------------


def add_values(m: pyo.ConcreteModel, model: Model) -> None:
    """Add the money flows of the players at every node, and the innovation budget."""
    margin = {
        (i, k): m.price[i, k] + m.data.credit_income[k, i] - m.unit_cost[i, k] for i in m.VEHICLES for k in m.NODES
    }
    m.chain_flow = pyo.Expression(
        m.NODES,
        rule=lambda m, k: sum(margin[i, k] * m.sales[i, k] for i in m.VEHICLES) - m.innovation_cost[k],
        doc="(22): both players together",
    )
    m.chain_value = pyo.Expression(expr=present_value(m, m.chain_flow) + salvage(m))
    budget = m.data.instance.innovation_budget
    if budget is not None:
        m.budget = pyo.Constraint(expr=add_running_total(m, "innovation_total", m.innovation_cost) <= budget)
    if model is Model.INTEGRATED:
        return
    is_contract = model is Model.CONTRACT
    m.retail_flow = pyo.Expression(
        m.NODES,
        rule=lambda m, k: (
            sum(m.retail_margin[i, k] * m.sales[i, k] for i in m.VEHICLES)
            - (m.innovation_cost[k] if is_contract else 0.0)
        ),
        doc="(6); in the contract (35), per unit of the share",
    )
    kept = m.share if is_contract else 1.0
    m.retailer_value = pyo.Expression(
        expr=kept * (present_value(m, m.retail_flow) + (salvage(m) if is_contract else 0.0))
    )
    m.manufacturer_value = pyo.Expression(expr=m.chain_value - m.retailer_value, doc="(5), in the contract (35)")


def present_value(m: pyo.ConcreteModel, flow: Any) -> Any:
    """Return the present value of a flow given at the nodes, by the weights of the collocation itself."""
    return sum(m.data.weights[k] * flow[k] for k in m.NODES)


def add_running_total(m: pyo.ConcreteModel, name: str, flow: Any) -> Any:
    """Add the running present value of a flow as variables and return the last one, for use in a constraint.

    It is `present_value` again, but a constraint on it has few variables a row: one dense row over all nodes would
    cost the solver more than all the rest.
    """
    total = pyo.Var(m.NODES, initialize=0.0)
    m.add_component(name, total)

    def adds_up(m: pyo.ConcreteModel, k: int) -> Any:
        before = total[k - 1] if k > 0 else 0.0
        return total[k] == before + m.data.weights[k] * flow[k]

    m.add_component(f"{name}_adds_up", pyo.Constraint(m.NODES, rule=adds_up))
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
        m.objective = pyo.Objective(expr=m.chain_value, sense=pyo.maximize)
    elif bargain is None:
        m.objective = pyo.Objective(expr=m.manufacturer_value, sense=pyo.maximize)
    else:
        _add_bargain(m, bargain)


def _add_bargain(m: pyo.ConcreteModel, bargain: Bargain) -> None:
    chain = add_running_total(m, "chain_total", m.chain_flow) + salvage(m)
    retailer = m.share * (add_running_total(m, "retail_total", m.retail_flow) + salvage(m))
    m.gains = pyo.Constraint(
        expr=bargain.retailer_weight * (retailer - bargain.retailer_reserve)
        == bargain.manufacturer_weight * (chain - retailer - bargain.manufacturer_reserve)
    )
    m.objective = pyo.Objective(expr=m.chain_value, sense=pyo.maximize)
