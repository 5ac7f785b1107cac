"""Each equation of the Pyomo models against its arithmetic, written out; and the collocation against calculus."""

from __future__ import annotations

import math

import numpy as np
import pyomo.environ as pyo
import pytest

from batteryopt import bilevel
from batteryopt.games.differential.data.instance import read
from batteryopt.games.differential.model.build import Bargain, build
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.quadrature import Rule, nodes
from batteryopt.games.differential.path.time_grid import FiniteGrid, InfiniteGrid
from batteryopt.games.differential.solution import Model

from .test_instance import DATA

GRID = InfiniteGrid(discount_rate=0.1, levels=(1.0, 0.5, 0.0), degree=3)
BARGAIN = Bargain(manufacturer_reserve=1.0, retailer_reserve=2.0, retailer_weight=3.0, manufacturer_weight=4.0)


def filled(model: Model, instance=BASE_CASE, grid=GRID, **terms):
    """Return a model with m = 15, g = 3, p = (20, 21), w = (12, 13) at every node."""
    m = build(instance, model, grid, **terms)
    for k in m.NODES:
        m.efficiency_at[0, k].set_value(15.0)
        m.innovation[0, k].set_value(3.0, skip_validation=True)
        for i in m.VEHICLES:
            m.price[i, k].set_value(20.0 + i, skip_validation=True)
            if hasattr(m, "wholesale_price"):
                m.wholesale_price[i, k].set_value(12.0 + i)
            m.sales[i, k].set_value(5.0 + i)
    return m


# --- dynamics ---------------------------------------------------------------------------------------------------------


def test_dynamics_are_speed_times_slope_equals_mu_g_minus_eta_m():
    m = filled(Model.INTEGRATED)
    m.slope_at[0, 2].set_value(2.0)
    # The third node ends the first element, where s = 0.5: rho s / width = 0.1 * 0.5 / 0.5 = 0.1.
    # 0.1 * 2 - (1 * 3 - 0.5 * 15) = 0.2 + 4.5
    assert pyo.value(m.dynamics[0, 2].body) - pyo.value(m.dynamics[0, 2].upper) == pytest.approx(4.7)


@pytest.mark.parametrize(
    "grid", [GRID, FiniteGrid(discount_rate=0.1, ends=(0.0, 2.0, 5.0), degree=3)], ids=["infinite", "finite"]
)
def test_collocation_differentiates_cubics_exactly_and_the_tail_continues_the_body(grid):
    """m = 15 + x^3 in every element's own coordinate: slopes 3 x^2 at the nodes, and all collocation equations hold."""
    m = build(
        BASE_CASE if isinstance(grid, InfiniteGrid) else BASE_CASE.replace(horizon_length=5.0), Model.INTEGRATED, grid
    )
    for e in range(grid.elements):
        rule = grid.last_rule if e == grid.elements - 1 else Rule.RADAU
        start = 15.0 + e
        for i, x in enumerate(nodes(rule, 3)):
            m.efficiency_at[0, 3 * e + i].set_value(start + x**3)
            m.slope_at[0, 3 * e + i].set_value(3 * x**2)
    if hasattr(m, "TAIL"):
        m.tail_efficiency[0, 0].set_value(16.0)
        m.tail_efficiency[0, 1].set_value(17.0)
    equations = [c for c in m.component_data_objects(pyo.Constraint) if "disc_eq" in c.name or "cont" in c.name]
    assert len(equations) >= 6
    for equation in equations:
        assert pyo.value(equation.body) == pytest.approx(pyo.value(equation.upper), abs=1e-12)


def test_efficiency_starts_at_m0_and_nowhere_else_is_fixed():
    m = build(BASE_CASE, Model.INTEGRATED, GRID)
    assert m.efficiency[0, 0].fixed
    assert m.efficiency[0, 0].value == 15.0
    assert not any(m.efficiency_at[0, k].fixed for k in m.NODES)


def test_no_node_of_an_infinite_horizon_lies_at_infinity():
    m = build(BASE_CASE, Model.INTEGRATED, GRID)
    assert min(m.data.speeds) > 0
    assert sum(m.data.weights) == pytest.approx(10.0)  # 1 / rho


# --- economics --------------------------------------------------------------------------------------------------------


def test_demand_is_alpha_plus_phi_m_minus_b_p():
    m = filled(Model.INTEGRATED)
    # 20 + 15 - 2 * 20 + 21 = 16 and 18 + 15 - 2 * 21 + 20 = 11
    assert pyo.value(m.demand[0, 1]) == pytest.approx(16.0)
    assert pyo.value(m.demand[1, 1]) == pytest.approx(11.0)
    constraint = m.sales_meet_demand[0, 1]
    assert abs(pyo.value(constraint.body) - pyo.value(constraint.upper)) == pytest.approx(11.0)  # sales 5


def test_unit_cost_and_innovation_cost():
    m = filled(Model.INTEGRATED)
    # 1 + 0.5 * 15, 2 + 0.5 * 15 and 2 * 3^2
    assert [pyo.value(m.unit_cost[i, 0]) for i in (0, 1)] == pytest.approx([8.5, 9.5])
    assert pyo.value(m.innovation_cost[0]) == pytest.approx(18.0)


def test_the_chain_s_flow_and_its_present_value():
    m = filled(Model.INTEGRATED)
    # (20 + 1 - 8.5) * 5 + (21 + 1 - 9.5) * 6 - 18 = 62.5 + 75 - 18 = 119.5, for ever: 1195
    assert pyo.value(m.chain_flow[0]) == pytest.approx(119.5)
    assert pyo.value(m.objective) == pytest.approx(1195.0)


def test_the_players_flows_when_decentralised():
    m = filled(Model.DECENTRALIZED)
    # Retailer (20 - 12) * 5 + (21 - 13) * 6 = 88, manufacturer (12 + 1 - 8.5) * 5 + (13 + 1 - 9.5) * 6 - 18 = 31.5
    assert pyo.value(m.retail_flow[0]) == pytest.approx(88.0)
    assert pyo.value(m.retailer_value) == pytest.approx(880.0)
    assert pyo.value(m.objective) == pytest.approx(315.0)


def test_the_players_values_under_a_contract():
    m = filled(Model.CONTRACT, share=0.4)
    # Per unit of the share: (20 + 1 - 12) * 5 + (21 + 1 - 13) * 6 - 18 = 81
    assert pyo.value(m.retail_flow[0]) == pytest.approx(81.0)
    assert pyo.value(m.retailer_value) == pytest.approx(0.4 * 810.0)
    assert pyo.value(m.manufacturer_value) == pytest.approx(1195.0 - 324.0)
    # w / delta = unit cost: 12 against 8.5
    terms = m.terms[0, 0]
    assert pyo.value(terms.body) - pyo.value(terms.upper) == pytest.approx(12.0 - 8.5)


def test_a_bargain_weighs_the_gains():
    m = filled(Model.CONTRACT, bargain=BARGAIN)
    m.share.set_value(0.5)
    m.chain_total[m.NODES.last()].set_value(1195.0)
    m.retail_total[m.NODES.last()].set_value(810.0)
    # 3 (405 - 2) - 4 (1195 - 405 - 1) = 1209 - 3156
    assert pyo.value(m.gains.body) - pyo.value(m.gains.upper) == pytest.approx(1209.0 - 3156.0)
    # The running total's second row: total_1 - total_0 = weight * flow
    m.chain_total[0].set_value(7.0)
    m.chain_total[1].set_value(10.0)
    row = m.chain_total_adds_up[1]
    assert pyo.value(row.body) - pyo.value(row.upper) == pytest.approx(10.0 - 7.0 - m.data.weights[1] * 119.5)


def test_the_follower_at_every_node_earns_the_retailer_s_flow():
    m = filled(Model.DECENTRALIZED)
    assert m.retailer.ctype is bilevel.Follower
    assert len(m.retailer) == 6
    # With demands 16 and 11: (20 - 12) * 16 + (21 - 13) * 11 = 216
    assert pyo.value(m.retailer[0, 3].profit) == pytest.approx(216.0)


def test_each_retailer_owns_the_prices_of_its_vehicles():
    m = build(read(DATA / "general.toml"), Model.DECENTRALIZED, GRID)
    assert sorted(m.retailer[0, 0].price) == [0, 1]
    assert sorted(m.retailer[1, 0].price) == [2]
    assert m.price[2, 4] is m.retailer[1, 4].price[2]


def test_salvage_is_worth_its_discounted_value_to_its_owners():
    instance = BASE_CASE.replace(horizon_length=5.0, salvage_values=(20.0,))
    grid = FiniteGrid(discount_rate=0.1, ends=(0.0, 5.0), degree=3)
    m = filled(Model.CONTRACT, instance, grid, share=0.4)
    salvage = math.exp(-0.5) * 20.0 * 15.0
    m_without = filled(Model.CONTRACT, instance.replace(salvage_values=None), grid, share=0.4)
    assert pyo.value(m.chain_value) - pyo.value(m_without.chain_value) == pytest.approx(salvage)
    assert pyo.value(m.retailer_value) - pyo.value(m_without.retailer_value) == pytest.approx(0.4 * salvage)


# --- constraints ------------------------------------------------------------------------------------------------------


def test_who_keeps_which_constraint():
    instance = BASE_CASE.replace(
        nonnegative_demands=True,
        nonnegative_margins=True,
        price_caps=(19.0, 18.0),
        innovation_caps=(3.0,),
        innovation_budget=40.0,
    )
    m = filled(Model.INTEGRATED, instance)
    assert m.price[1, 0].ub == 18.0
    assert m.innovation[0, 0].bounds == (0.0, 3.0)
    # 20 + 1 - 8.5 = 12.5 of margin, 16 of demand
    assert pyo.value(m.margin_is_not_negative[0, 0].slack()) == pytest.approx(12.5)
    assert pyo.value(m.demand_is_not_negative[0, 0].slack()) == pytest.approx(16.0)
    m.innovation_total[m.NODES.last()].set_value(30.0)
    assert pyo.value(m.budget.slack()) == pytest.approx(10.0)
    m = filled(Model.DECENTRALIZED, instance)
    follower = m.retailer[0, 0]
    assert follower.price[0].ub == 19.0
    assert pyo.value(follower.margin_is_not_negative[0].slack()) == pytest.approx(8.0)  # 20 - 12
    assert pyo.value(follower.demand_is_not_negative[0].slack()) == pytest.approx(16.0)
    assert pyo.value(m.margin_is_not_negative[0, 0].slack()) == pytest.approx(4.5)  # 12 + 1 - 8.5


def test_a_capped_retailer_need_not_sell_at_a_loss():
    m = build(BASE_CASE.replace(price_caps=(19.0, 19.0)), Model.DECENTRALIZED, GRID)
    assert hasattr(m.retailer[0, 0], "margin_is_not_negative")
    assert not hasattr(build(BASE_CASE, Model.DECENTRALIZED, GRID).retailer[0, 0], "margin_is_not_negative")


def test_a_leader_keeps_demands_where_retailers_would_only_where_nothing_else_limits_prices():
    instance = BASE_CASE.replace(nonnegative_demands=True)
    m = filled(Model.DECENTRALIZED, instance)
    assert pyo.value(m.demand_is_not_negative[0, 0].slack()) == pytest.approx(16.0)
    assert not hasattr(m.retailer[0, 0], "demand_is_not_negative")
    for others in ({"nonnegative_margins": True}, {"price_caps": (19.0, 18.0)}):
        m = build(instance.replace(**others), Model.DECENTRALIZED, GRID)
        assert hasattr(m.retailer[0, 0], "demand_is_not_negative")
        assert not hasattr(m, "demand_is_not_negative")
    contract = build(instance, Model.CONTRACT, GRID, share=0.4)  # which charges what its terms say
    assert hasattr(contract.retailer[0, 0], "demand_is_not_negative")


def test_a_changing_credit_price_is_read_at_every_node():
    instance = BASE_CASE.replace(credit_price_times=(0.0, 10.0), credit_price_values=(5.0, 0.0))
    m = build(instance, Model.INTEGRATED, GRID)
    times = GRID.times.ravel()
    expected = 0.2 * np.maximum(5.0 - 0.5 * times, 0.0)
    assert m.data.credit_income[:, 0] == pytest.approx(expected)


def test_a_contract_takes_a_share_or_a_bargain():
    with pytest.raises(ValueError, match="either a share"):
        build(BASE_CASE, Model.CONTRACT, GRID)
    with pytest.raises(ValueError, match="either a share"):
        build(BASE_CASE, Model.CONTRACT, GRID, share=0.5, bargain=BARGAIN)


TESTED = {
    "dynamics", "tail_continues_body", "sales_meet_demand", "terms", "gains", "chain_total_adds_up",
    "retail_total_adds_up", "innovation_total_adds_up", "budget", "demand_is_not_negative", "margin_is_not_negative",
    "slope_disc_eq", "tail_slope_disc_eq", "tail_efficiency_tail_cont_eq", "tail_efficiency_TAIL_cont_eq",
}  # fmt: skip
"""The constraints with a test above; the running totals are one function."""


def test_every_constraint_of_every_model_has_a_test():
    instance = BASE_CASE.replace(
        nonnegative_demands=True, nonnegative_margins=True, price_caps=(19.0, 18.0), innovation_budget=40.0
    )
    found = set()
    for model, terms in ((Model.INTEGRATED, {}), (Model.DECENTRALIZED, {}), (Model.CONTRACT, {"bargain": BARGAIN})):
        m = build(instance, model, GRID, **terms)
        found |= {c.local_name for c in m.component_objects(pyo.Constraint, descend_into=(pyo.Block, bilevel.Follower))}
    assert found - {"followers_need_bilevel_solve"} <= TESTED
