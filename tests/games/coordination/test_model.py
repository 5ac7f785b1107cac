"""Each equation of the Pyomo model, its coefficients by hand, on a network of two regions and two enterprises."""

from __future__ import annotations

import pyomo.environ as pyo
import pytest

from batteryopt.bilevel import Follower
from batteryopt.games.coordination.model.build import build, solution_of
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model

from .everything import two_by_two

NETWORK = two_by_two()
POINT = {"p": (12.0, 9.0), "e_r": (2.0, 1.0), "e_n": (1.5, 0.5)}
# Quantities at POINT, w = (10, 8), w_t = 2, x = 0:
#   Q_0 = 30 - 12 + 0.2*9 = 19.8;  Q_1 = 20 - 9 + 0.1*12 = 12.2
#   C_0 = 6 + 0.5*2 = 7;  C_1 = 3 + 0.4*1 = 3.4;  U = 0.6 * 10.4 = 6.24
#   e_mean = 1;  u_0 = 0.75*6.24 + 0.6*0.5 = 4.98;  u_1 = 0.25*6.24 - 0.6*0.5 = 1.26
#   p_0 = 15 - 6.24 + 1.5 = 10.26;  p_1 = 15 - 6.24 + 0.5 = 9.26
DEMAND = (19.8, 12.2)
USABLE = 6.24
QUANTITY = (4.98, 1.26)


def at_point(which: Model) -> pyo.ConcreteModel:
    m = build(NETWORK, which)
    for r in (0, 1):
        m.retail_price[r].set_value(POINT["p"][r])
        m.recycling_service[r].set_value(POINT["e_r"][r])
    for n in (0, 1):
        m.sales_effort[n].set_value(POINT["e_n"][n])
    m.usable.set_value(USABLE)
    if which is not Model.CENTRALIZED:
        m.total_effort.set_value(2.0)
        m.rivals_effort[0].set_value(0.5)
        m.rivals_effort[1].set_value(1.5)
    return m


def test_demand():
    m = at_point(Model.DECENTRALIZED)
    for r in (0, 1):
        assert pyo.value(m.retailer[r].demand_is_nonnegative.body) == pytest.approx(DEMAND[r])


def test_usable_is():
    # U - 0.6 (6 + 0.5 e_0 + 3 + 0.4 e_1) = 0
    m = at_point(Model.CENTRALIZED)
    assert pyo.value(m.usable_is.body) == pytest.approx(0.0)
    m.recycling_service[0].set_value(3.0)  # one unit more: U falls short by 0.6 * 0.5
    assert pyo.value(m.usable_is.body) - m.usable_is.upper() == pytest.approx(-0.3)


def test_total_and_rivals_effort():
    m = at_point(Model.DECENTRALIZED)
    assert pyo.value(m.total_effort_is.body) == pytest.approx(0.0)
    for n in (0, 1):
        assert pyo.value(m.rivals_effort_is[n].body) == pytest.approx(0.0)


def test_retailer_profit():
    # (12 - 10) 19.8 = 39.6;  (9 - 8) 12.2 = 12.2
    m = at_point(Model.DECENTRALIZED)
    assert pyo.value(m.retailer[0].profit) == pytest.approx(39.6)
    assert pyo.value(m.retailer[1].profit) == pytest.approx(12.2)
    assert m.retailer[0].profit.sense == pyo.maximize


def test_enterprise_profit():
    # (10.26 - 2 - 0.5) 4.98 - 2/2 * 1.5^2 = 38.6448 - 2.25 = 36.3948
    # (9.26 - 2 - 1) 1.26 - 4/2 * 0.5^2 = 7.8876 - 0.5 = 7.3876
    m = at_point(Model.DECENTRALIZED)
    assert pyo.value(m.enterprise[0].profit) == pytest.approx(36.3948)
    assert pyo.value(m.enterprise[1].profit) == pytest.approx(7.3876)
    for n in (0, 1):
        assert pyo.value(m.enterprise[n].quantity_is_nonnegative.body) == pytest.approx(QUANTITY[n])


def test_manufacturer_profit():
    # (10 - 2) 19.8 + (8 - 2) 12.2 + 2*6.24 + 1.5*0.4*10.4 - (2^2 + 1^2)/2 = 158.4 + 73.2 + 12.48 + 6.24 - 2.5
    assert pyo.value(at_point(Model.DECENTRALIZED).objective) == pytest.approx(247.82)


def test_chain_profit():
    # (12-2) 19.8 + (9-2) 12.2 + 6.24 + (10.26-0.5) 4.98 - 2.25 + (9.26-1) 1.26 - 0.5 - 2.5
    #   = 198 + 85.4 + 6.24 + 48.6048 - 2.25 + 10.4076 - 0.5 - 2.5 = 343.4024
    assert pyo.value(at_point(Model.CENTRALIZED).objective) == pytest.approx(343.4024)
    assert pyo.value(at_point(Model.CONTRACT).objective) == pytest.approx(343.4024)


def test_owner_keeps_the_signs():
    m = at_point(Model.CENTRALIZED)
    for r in (0, 1):
        assert pyo.value(m.demand_is_nonnegative[r].body) == pytest.approx(DEMAND[r])
        assert m.retail_price[r].lb == 0
    for n in (0, 1):
        assert pyo.value(m.quantity_is_nonnegative[n].body) == pytest.approx(QUANTITY[n])


def test_manufacturer_under_the_contract():
    # G = 2*0.6 + 1.5*0.4 = 1.8;  1.8 * 10.4 - (1 - x) (2^2 + 1^2)/2 with x = 0.4: 18.72 - 1.5
    m = at_point(Model.CONTRACT)
    m.cost_share.set_value(0.4)
    assert pyo.value(m.manufacturer.profit) == pytest.approx(17.22)


def test_participation():
    m = at_point(Model.DECENTRALIZED)
    assert pyo.value(m.manufacturer_takes_part.body) == pytest.approx(247.82)
    assert m.manufacturer_takes_part.lower() == 7.0
    assert [pyo.value(m.retailer_takes_part[r].body) for r in (0, 1)] == pytest.approx([39.6, 12.2])
    assert [m.retailer_takes_part[r].lower() for r in (0, 1)] == [1.0, 2.0]
    assert [pyo.value(m.enterprise_takes_part[n].body) for n in (0, 1)] == pytest.approx([36.3948, 7.3876])
    assert [m.enterprise_takes_part[n].lower() for n in (0, 1)] == [3.0, 4.0]


def test_every_constraint_and_objective_has_a_test_here():
    """The gate: a new equation without a test of its own fails here."""
    names = set()
    for which in Model:
        m = build(NETWORK, which)
        for block in (m, *m.component_data_objects(Follower)):
            for kind in (pyo.Constraint, pyo.Objective):
                names |= {c.local_name for c in block.component_objects(kind, descend_into=False)}
    tested = {
        "demand_is_nonnegative",
        "usable_is",
        "total_effort_is",
        "rivals_effort_is",
        "profit",
        "objective",
        "quantity_is_nonnegative",
        "manufacturer_takes_part",
        "retailer_takes_part",
        "enterprise_takes_part",
        "followers_need_bilevel_solve",  # the engine's own, tested with the engine
    }
    assert names == tested


@pytest.mark.parametrize("which", list(Model))
def test_what_a_model_decides_is_free_and_the_rest_is_fixed(which: Model):
    m = build(NETWORK, which)
    assert m.wholesale_price[0].fixed == (which not in (Model.CONTRACT, Model.DECENTRALIZED_WHOLESALE))
    assert m.transfer_price.fixed == (which is not Model.DECENTRALIZED_TRANSFER)
    assert m.cost_share.fixed == (which is not Model.CONTRACT)


def test_wholesale_prices_are_bounded_only_where_nothing_is_lost():
    # B = [[1, -0.2], [-0.1, 1]]: B p = (30, 20) at p = (34, 23) / 0.98
    free = build(NETWORK.replace(reservation_profit_retailer=None), Model.DECENTRALIZED_WHOLESALE)
    assert free.wholesale_price[0].ub == pytest.approx(34 / 0.98)
    assert free.wholesale_price[1].ub == pytest.approx(23 / 0.98)
    assert free.wholesale_price[0].lb == 2.0
    assert build(NETWORK, Model.DECENTRALIZED_WHOLESALE).wholesale_price[0].lb is None


def test_the_solution_repeats_the_profits_of_the_model():
    m = at_point(Model.DECENTRALIZED)
    outcome = solution_of(m, NETWORK, Model.DECENTRALIZED).outcome
    assert outcome.manufacturer == pytest.approx(247.82)
    assert outcome.retailers == pytest.approx([39.6, 12.2])
    assert outcome.enterprises == pytest.approx([36.3948, 7.3876])


def test_the_papers_game_is_one_region_and_one_enterprise():
    m = build(TABLE_2_INSTANCE, Model.DECENTRALIZED)
    assert (len(m.REGIONS), len(m.ENTERPRISES)) == (1, 1)
    assert len(list(m.component_data_objects(Follower))) == 2
