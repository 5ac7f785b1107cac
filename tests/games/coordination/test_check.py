"""The check passes right answers, binding constraints included, and fails wrong ones, for the reason they are wrong."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import brentq, minimize

from batteryopt.games.coordination.answer import contract_region
from batteryopt.games.coordination.data.generator import Binding, binding_instance, random_instance, random_network
from batteryopt.games.coordination.data.instance import as_network
from batteryopt.games.coordination.formula.closed_form import solve
from batteryopt.games.coordination.judge.check import agreement, certify, everyone_gains
from batteryopt.games.coordination.judge.pareto import ParetoRegion
from batteryopt.games.coordination.paper.contradicted import FAULTS
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Solution, as_array

from .test_instance import small_network

FOLLOWERS = {
    "stationarity-retailer",
    "best-response-retailer",
    "stationarity-echelon-enterprise",
    "best-response-echelon-enterprise",
}
LEADER = {"stationarity-manufacturer", "best-response-manufacturer"}
CHAIN = {"stationarity-supply-chain", "best-response-supply-chain"}
SOUND = {"feasible", "profits-sum-to-chain"}


def failures(solution: Solution) -> set[str]:
    return {check.name for check in certify(solution).failures}


def assert_passes(solution: Solution) -> None:
    certificate = certify(solution)
    assert certificate.passed, str(certificate)


@pytest.mark.parametrize("seed", range(40))
def test_formulas_pass(seed):
    instance = random_instance(seed).replace(reservation_profit_echelon=0.3)
    for model in Model:
        assert_passes(solve(instance, model))


@pytest.mark.parametrize("size", [(1, 3), (2, 2), (6, 4), (30, 12)])
@pytest.mark.parametrize("rivalry", [True, False])
def test_formulas_of_networks_pass(size, rivalry):
    network = random_network(2, *size, rivalry=rivalry)
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE, Model.CONTRACT):
        try:
            assert_passes(solve(network, model))
        except NoCoordinatingContract:
            assert rivalry


def test_each_model_has_its_checks():
    names = {model: {c.name for c in certify(solve(TABLE_2_INSTANCE, model))} for model in list(Model)[:4]}
    assert names[Model.CENTRALIZED] == SOUND | CHAIN
    assert names[Model.DECENTRALIZED] == names[Model.DECENTRALIZED_WHOLESALE] == SOUND | FOLLOWERS | LEADER
    assert names[Model.CONTRACT] == SOUND | FOLLOWERS | LEADER | CHAIN


def test_a_large_network_passes():
    network = random_network(0, 1000, 100, rivalry=False)
    for model in (Model.CENTRALIZED, Model.DECENTRALIZED, Model.CONTRACT):
        assert_passes(solve(network, model))


# --- wrong answers ---------------------------------------------------------------------------------------------------


def changed(solution: Solution, name: str, factor: float) -> Solution:
    value = getattr(solution, name)
    items = tuple(v * factor if i == 0 else v for i, v in enumerate(as_array(value)))
    return replace(solution, **{name: items[0] if isinstance(value, float) else items})


INSTANCES = [TABLE_2_INSTANCE.replace(production_cost=2.0, reservation_profit_echelon=5.0), small_network()]


@pytest.mark.parametrize("instance", INSTANCES, ids=["paper", "network"])
@pytest.mark.parametrize("factor", [0.99, 1.01])
@pytest.mark.parametrize(
    ("model", "name", "expected"),
    [
        (Model.CENTRALIZED, "retail_price", CHAIN),
        (Model.CENTRALIZED, "recycling_service", CHAIN),
        (Model.CENTRALIZED, "sales_effort", CHAIN),
        (Model.DECENTRALIZED, "retail_price", {"stationarity-retailer", "best-response-retailer"}),
        (Model.DECENTRALIZED, "sales_effort", {"stationarity-echelon-enterprise", "best-response-echelon-enterprise"}),
        (Model.DECENTRALIZED, "recycling_service", LEADER),
        (Model.DECENTRALIZED_WHOLESALE, "recycling_service", LEADER),
    ],
)
def test_a_decision_that_is_off_by_a_percent_fails(instance, model, name, factor, expected):
    assert failures(changed(solve(instance, model), name, factor)) >= expected


@pytest.mark.parametrize("model", [Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE])
def test_a_small_error_is_found_by_the_first_order_conditions(model):
    """Off by 1e-4: the gain is only of the order of 1e-8, the gradient is not."""
    wrong = changed(solve(TABLE_2_INSTANCE, model), "recycling_service", 1 + 1e-4)
    assert "stationarity-manufacturer" in failures(wrong)


def test_a_wrong_wholesale_price_with_right_answers_to_it_fails_for_the_leader_alone():
    """w = 14 instead of 15: the retailer answers p = 22 as it should; the manufacturer could gain."""
    right = solve(TABLE_2_INSTANCE, Model.DECENTRALIZED_WHOLESALE)
    assert failures(replace(right, wholesale_price=14.0, retail_price=22.0)) == LEADER


def test_a_leader_that_ignores_the_answers_fails_in_a_network():
    """Wholesale prices as if retailers' prices were fixed would be unbounded; half of them too low is a wrong lead."""
    right = solve(small_network(), Model.DECENTRALIZED_WHOLESALE)
    given = solve(small_network(wholesale_price=np.multiply(right.wholesale_price, 0.97)), Model.DECENTRALIZED)
    wrong = replace(right, wholesale_price=given.wholesale_price, retail_price=given.retail_price)
    assert failures(wrong) == LEADER


def test_the_contract_as_the_paper_prints_it_fails():
    right = solve(TABLE_2_INSTANCE, Model.CONTRACT)
    effort = FAULTS[1].as_printed
    from batteryopt.games.coordination.formula.equilibrium import Parameters

    wrong = replace(right, sales_effort=effort(Parameters.of(TABLE_2_INSTANCE)))
    assert failures(wrong) >= CHAIN | {"best-response-echelon-enterprise"}
    assert "feasible" in failures(replace(right, cost_share=1.392))


def test_a_contract_with_other_terms_does_not_coordinate():
    """x = 0.5 with everyone's answers to it: all players are at their best, the chain is not."""
    right = solve(TABLE_2_INSTANCE, Model.CONTRACT)
    service = 0.7 * 1.98 / 0.5
    other = replace(right, cost_share=0.5, recycling_service=service, sales_effort=0.6 * (9 + 0.7 * service))
    assert failures(other) == CHAIN


def test_one_enterprise_of_many_that_could_do_better_is_found():
    network = random_network(0, 5, 8)
    right = solve(network, Model.DECENTRALIZED)
    wrong = replace(right, sales_effort=(*right.sales_effort[:-1], 1.05 * right.sales_effort[-1]))
    assert failures(wrong) >= {"best-response-echelon-enterprise"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recycling_service": -1.0}, "recycling service"),
        ({"sales_effort": -1.0}, "sales effort"),
        ({"retail_price": 31.0}, "demand"),
        ({"retail_price": -1.0}, "retail price"),
    ],
)
def test_infeasible_decisions(changes, words):
    check = certify(replace(solve(TABLE_2_INSTANCE, Model.DECENTRALIZED), **changes))["feasible"]
    assert not check.passed
    assert words in check.detail


@pytest.mark.parametrize("player", ["manufacturer", "retailer", "echelon"])
def test_a_reservation_profit_that_is_not_reached(player):
    asking = TABLE_2_INSTANCE.replace(**{f"reservation_profit_{player}": 200.0})
    found = solve(TABLE_2_INSTANCE, Model.DECENTRALIZED)
    assert "feasible" in failures(replace(found, instance=asking))
    assert "feasible" not in failures(replace(solve(TABLE_2_INSTANCE, Model.CENTRALIZED), instance=asking))


def test_a_transfer_price_left_lower_than_it_could_be():
    """The enterprise is left with more than its reservation profit: the manufacturer gains by asking more."""
    instance = TABLE_2_INSTANCE.replace(reservation_profit_echelon=20.0)
    right = solve(instance, Model.DECENTRALIZED_TRANSFER)
    assert_passes(right)
    assert failures(replace(right, transfer_price=right.transfer_price - 0.1)) == LEADER


# --- right answers with binding constraints, by hand -----------------------------------------------------------------


def answered(instance, *, service: float, price: float, model=Model.DECENTRALIZED, **charged) -> Solution:
    """Return the decisions with the enterprise's best effort, theta (S + beta e_r)."""
    returns = instance.voluntary_returns + instance.residual_value + instance.service_response * service
    return Solution(
        instance=instance,
        model=model,
        retail_price=price,
        recycling_service=service,
        sales_effort=instance.usable_share * returns,
        **charged,
    )


def own_revenue(i) -> float:
    return i.transfer_price * i.usable_share + i.scrap_value * (1 - i.usable_share)


@pytest.mark.parametrize("seed", range(8))
def test_no_demand_where_the_wholesale_price_exceeds_the_market(seed):
    i = binding_instance(seed, Binding.DEMAND)
    right = answered(i, service=i.service_response * own_revenue(i), price=i.market_size)
    assert_passes(right)
    assert "best-response-retailer" in failures(replace(right, retail_price=0.99 * i.market_size))


@pytest.mark.parametrize("seed", range(8))
def test_no_service_where_returns_lose_money(seed):
    i = binding_instance(seed, Binding.SERVICE)
    price = (i.market_size + i.wholesale_price) / 2
    assert_passes(answered(i, service=0.0, price=price))
    one_owner = answered(i, service=0.0, price=(i.market_size + i.production_cost) / 2, model=Model.CENTRALIZED)
    assert_passes(one_owner)
    assert failures(answered(i, service=0.5, price=price)) == LEADER


@pytest.mark.parametrize("seed", range(8))
def test_service_raised_until_the_enterprise_takes_part(seed):
    """H U - U^2 / 2 = rho has the smaller root U = H - sqrt(H^2 - 2 rho); then e_r = (U / theta - S) / beta."""
    i = binding_instance(seed, Binding.ECHELON_PARTICIPATION)
    H = i.echelon_market_size - i.testing_cost - i.transfer_price
    U = H - math.sqrt(H**2 - 2 * i.reservation_profit_echelon)
    service = (U / i.usable_share - i.voluntary_returns - i.residual_value) / i.service_response
    price = (i.market_size + i.wholesale_price) / 2
    assert_passes(answered(i, service=service, price=price))
    assert failures(answered(i, service=1.02 * service, price=price)) == LEADER
    assert "feasible" in failures(answered(i, service=0.98 * service, price=price))


@pytest.mark.parametrize("seed", range(8))
def test_a_wholesale_price_lowered_until_the_retailer_takes_part(seed):
    """(a - w)^2 / 4 = rho gives w = a - 2 sqrt(rho)."""
    i = binding_instance(seed, Binding.RETAILER_PARTICIPATION)
    model, service = Model.DECENTRALIZED_WHOLESALE, i.service_response * own_revenue(i)
    w = i.market_size - 2 * math.sqrt(i.reservation_profit_retailer)
    assert_passes(answered(i, service=service, price=(i.market_size + w) / 2, model=model, wholesale_price=w))
    lower = 0.97 * w
    wrong = answered(i, service=service, price=(i.market_size + lower) / 2, model=model, wholesale_price=lower)
    assert failures(wrong) == LEADER


@pytest.mark.parametrize("seed", range(8))
def test_a_wholesale_price_at_its_cap(seed):
    i = binding_instance(seed, Binding.WHOLESALE_CAP)
    w, service = i.wholesale_price_cap, i.service_response * own_revenue(i)
    model, price = Model.DECENTRALIZED_WHOLESALE, (i.market_size + w) / 2
    assert_passes(answered(i, service=service, price=price, model=model, wholesale_price=w))
    above = answered(i, service=service, price=price + 0.5, model=model, wholesale_price=w + 1)
    assert "feasible" in failures(above)


@pytest.mark.parametrize("w", [30.0, 35.0])
def test_a_market_too_small_for_any_sale(w):
    """c = 40 > a = 30: every wholesale price from a on sells nothing, and selling would lose money."""
    i = TABLE_2_INSTANCE.replace(production_cost=40.0)
    model = Model.DECENTRALIZED_WHOLESALE
    assert_passes(answered(i, service=0.7 * 1.98, price=30.0, model=model, wholesale_price=w))
    sold = answered(i, service=0.7 * 1.98, price=29.0, model=model, wholesale_price=28.0)
    assert failures(sold) == LEADER


def test_cap_and_participation_that_bind_together():
    """The transfer price at its cap of 9, the enterprise at its reservation profit, and the service between the two.

    H = 15 - 0.5 - 9 = 5.5. Capped alone: e_r = 0.7 (0.48 + 5.4) = 4.116, U = 7.12872, profit 13.80; at the service of
    one owner: e_r = 3.5345, U = 6.8845, profit 14.16. At rho = 14: U = 5.5 + sqrt(5.5^2 - 28) = 7.0, e_r in between.
    """
    i = TABLE_2_INSTANCE.replace(reservation_profit_echelon=14.0, transfer_price_cap=9.0)
    service = (7.0 / 0.6 - 9) / 0.7
    right = answered(i, service=service, price=20.0, model=Model.DECENTRALIZED_TRANSFER, transfer_price=9.0)
    assert right.profits.echelon_enterprise == pytest.approx(14.0)
    assert_passes(right)
    less = answered(i, service=0.98 * service, price=20.0, model=Model.DECENTRALIZED_TRANSFER, transfer_price=9.0)
    assert failures(less) == LEADER


def test_a_region_without_demand():
    """w_1 = 60 in the small network: Q_1 = 0, so p_1 = 20 + 0.1 p_0 and 2 p_0 = 30 + 10 + 0.2 p_1: p_0 = 44 / 1.98."""
    network = small_network(wholesale_price=[10, 60])
    interior = solve(small_network(), Model.DECENTRALIZED)
    p_0 = 44 / 1.98
    right = replace(interior, instance=network, wholesale_price=None, retail_price=(p_0, 20 + 0.1 * p_0))
    assert right.outcome.demand[1] == pytest.approx(0, abs=1e-12)
    assert_passes(right)


def test_an_enterprise_that_makes_no_effort():
    """c_2 = 60: e_2 = 0; 3/4 U + 0.1 e_1 + 0.1 (30 - U + e_1 - 2.5 - 0.5) = e_1 gives e_1 = (0.65 U + 2.7) / 0.8."""
    network = small_network(testing_cost=[0.5, 60.0])
    interior = solve(small_network(), Model.DECENTRALIZED)
    effort = (0.65 * interior.outcome.usable + 2.7) / 0.8
    right = replace(interior, instance=network, sales_effort=(effort, 0.0))
    assert right.outcome.quantity.min() > 0
    assert_passes(right)
    one_more = replace(right, sales_effort=(effort, 0.2))
    assert failures(one_more) >= {"best-response-echelon-enterprise", "stationarity-echelon-enterprise"}


def test_an_enterprise_s_participation_in_a_network():
    """The manufacturer raises the supply at least cost, e_r = beta t, until enterprise 0 earns what it asks for."""
    base = small_network(echelon_market_size=60.0)
    interior = solve(base, Model.DECENTRALIZED)

    def at(t: float) -> Solution:
        g, s = base, base.shares
        e_r = t * np.asarray(g.service_response)
        U = g.usable_share * (g.own_returns.sum() + np.asarray(g.service_response) @ e_r)
        h = g.echelon_market_size - g.transfer_price - np.asarray(g.testing_cost)
        own = np.diag(g.effort_costs - 0.2 * 1.5) + 0.2 / 2
        efforts = np.linalg.solve(own, (s - 0.1) * U + 0.1 * h)
        return replace(interior, recycling_service=tuple(e_r), sales_effort=tuple(efforts))

    asked = at(3 * base.revenue_per_return).outcome.enterprises[0]
    t = brentq(lambda t: at(t).outcome.enterprises[0] - asked, 0, 10 * base.revenue_per_return, xtol=1e-14)
    network = base.replace(reservation_profit_echelon=[asked, 0.0])
    assert asked > interior.outcome.enterprises[0]
    assert_passes(replace(at(t), instance=network))
    assert failures(replace(at(1.01 * t), instance=network)) >= {"stationarity-manufacturer"}


def test_a_retailer_s_participation_in_a_network():
    """Wholesale prices by SciPy's SLSQP over the retailers' linear answer, one retailer asking for more."""
    network = small_network()
    interior = solve(network, Model.DECENTRALIZED_WHOLESALE)
    asked = 1.5 * interior.outcome.retailers[1]
    B, a = np.eye(2) - network.cross_prices.toarray(), np.asarray(network.market_size)

    def prices(w: np.ndarray) -> np.ndarray:
        return np.linalg.solve(np.eye(2) + B, a + w)

    found = minimize(
        lambda w: -(w - 1.0) @ (a - B @ prices(w)),
        interior.wholesale_price,
        constraints={"type": "ineq", "fun": lambda w: ((prices(w) - w) * (a - B @ prices(w)))[1] - asked},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 200},
    )
    w = tuple(found.x)
    demanding = network.replace(reservation_profit_retailer=[0.0, asked])
    right = replace(interior, instance=demanding, wholesale_price=w, retail_price=tuple(prices(found.x)))
    assert right.outcome.retailers[1] == pytest.approx(asked, rel=1e-7)
    assert_passes(right)
    assert "feasible" in failures(replace(interior, instance=demanding))


def test_one_owner_at_the_edge_of_demand():
    """c = 40 > a = 30: one owner sells nothing, p = a."""
    i = TABLE_2_INSTANCE.replace(production_cost=40.0)
    service = solve(TABLE_2_INSTANCE, Model.CENTRALIZED).recycling_service
    right = answered(i, service=service, price=30.0, model=Model.CENTRALIZED)
    assert_passes(right)
    assert failures(replace(right, retail_price=29.0)) == CHAIN
    assert_passes(replace(right, instance=i.replace(sign_constraints=False), retail_price=35.0))


# --- agreement -------------------------------------------------------------------------------------------------------


def test_agreement_measures_every_decision_and_profit():
    one = solve(TABLE_2_INSTANCE, Model.CONTRACT)
    same = agreement(one, one)
    assert same.passed
    assert {c.residual for c in same} == {0.0}
    names = {c.name for c in agreement(one, replace(one, recycling_service=one.recycling_service + 1e-3)).failures}
    assert "agreement-recycling-service" in names
    assert "agreement-retail-price" not in names
    assert {c.name for c in agreement(one, replace(one, cost_share=0.5)).failures} >= {"agreement-cost-share"}
    assert agreement(one, replace(one, retail_price=15 + 1e-8)).passed


def test_agreement_of_networks_and_of_different_questions():
    one = solve(small_network(), Model.DECENTRALIZED)
    off = replace(one, sales_effort=(one.sales_effort[0], one.sales_effort[1] + 0.01))
    assert "agreement-sales-effort" in {c.name for c in agreement(one, off).failures}
    with pytest.raises(ValueError, match="another question"):
        agreement(one, solve(small_network(), Model.CENTRALIZED))
    with pytest.raises(ValueError, match="another question"):
        agreement(solve(TABLE_2_INSTANCE, "centralized"), solve(as_network(TABLE_2_INSTANCE), "centralized"))


def test_everyone_gains_by_the_lump_sums():
    contract, before = solve(TABLE_2_INSTANCE, Model.CONTRACT), solve(TABLE_2_INSTANCE, Model.DECENTRALIZED)
    region = contract_region(contract, before)
    assert everyone_gains(region, contract=contract, before=before).passed
    shifted = ParetoRegion(least_k1=0.0, least_k2=region.least_k2, most_sum=region.most_sum)
    wrong = everyone_gains(shifted, contract=contract, before=before)
    assert {c.name for c in wrong.failures} == {"gains-manufacturer"}
