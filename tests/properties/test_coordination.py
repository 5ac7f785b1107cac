"""What holds of the coordination game whatever its parameters."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from batteryopt.games.coordination.answer import contract_region
from batteryopt.games.coordination.data.generator import random_network, scaled
from batteryopt.games.coordination.data.instance import CoordinationInstance, as_network
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.formula.closed_form import FORMULAS, solve
from batteryopt.games.coordination.formula.equilibrium import Parameters
from batteryopt.games.coordination.judge.check import certify
from batteryopt.games.coordination.solution import Model, NoCoordinatingContract, Solution, as_array
from batteryopt.ground.errors import FormulaDoesNotApply
from batteryopt.tables.toml_input import from_table
from batteryopt.tables.toml_output import to_toml


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Return numbers that are read: 0, or of a size that an instance may have."""
    least = CoordinationInstance.smallest
    return st.floats(low, high, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) >= least)


INSTANCES = st.builds(
    CoordinationInstance,
    market_size=amounts(5, 500),
    wholesale_price=amounts(0, 300),
    transfer_price=amounts(-3, 20),
    testing_cost=amounts(0, 10),
    scrap_value=amounts(-5, 15),
    usable_share=amounts(0.05, 0.95),
    voluntary_returns=amounts(0, 50),
    residual_value=amounts(0, 10),
    service_response=amounts(0, 3),
    echelon_market_size=amounts(0, 100),
    production_cost=amounts(0, 50),
    reservation_profit_echelon=st.none() | amounts(-5, 5),
)
NETWORKS = st.builds(
    random_network,
    st.integers(0, 10**6),
    st.integers(1, 6),
    st.integers(1, 5),
    neighbours=st.integers(0, 3),
    rivalry=st.booleans(),
)
MODELS = st.sampled_from(list(Model))


def by_formula(instance: CoordinationInstance | CoordinationNetwork, model: Model) -> Solution:
    """Return the formula's solution; examples outside its assumptions are none."""
    try:
        return solve(instance, model)
    except (FormulaDoesNotApply, NoCoordinatingContract):
        assume(False)
        raise


@settings(max_examples=200)
@given(INSTANCES, MODELS)
def test_every_formula_s_answer_is_certified(instance, model):
    solution = by_formula(instance, model)
    certificate = certify(solution)
    assert certificate.passed, str(certificate)


@settings(max_examples=60)
@given(NETWORKS, MODELS)
def test_every_network_s_answer_is_certified(network, model):
    certificate = certify(by_formula(network, model))
    assert certificate.passed, str(certificate)


@given(INSTANCES, amounts(-500, 500), amounts(-50, 50), amounts(-50, 50), amounts(0, 1))
def test_profits_sum_to_the_chain_s_for_any_decisions(instance, price, service, effort, share):
    for one in (instance, as_network(instance)):
        decisions = {"retail_price": price, "recycling_service": service, "sales_effort": effort}
        solution = Solution(instance=one, model=Model.CONTRACT, **decisions, cost_share=share)
        profits = solution.profits
        members = [profits.manufacturer, profits.retailer, profits.echelon_enterprise]
        assert profits.supply_chain == pytest.approx(sum(members), rel=1e-9, abs=1e-9 * (1 + max(map(abs, members))))


@settings(max_examples=200)
@given(INSTANCES, st.sampled_from([m for m in Model if m is not Model.CENTRALIZED]))
def test_one_owner_s_chain_never_earns_less(instance, model):
    best, other = by_formula(instance, Model.CENTRALIZED), by_formula(instance, model)
    assert other.profits.supply_chain <= best.objective + 1e-9 * (1 + abs(best.objective))


@given(INSTANCES)
def test_a_leader_with_one_more_decision_never_earns_less(instance):
    given_price = by_formula(instance, Model.DECENTRALIZED)
    own_price = by_formula(instance, Model.DECENTRALIZED_WHOLESALE)
    assert own_price.objective >= given_price.objective - 1e-9 * (1 + abs(given_price.objective))


@settings(max_examples=200)
@given(INSTANCES)
def test_the_contract_reaches_one_owner_s_decisions_and_everyone_can_gain(instance):
    contract, best = by_formula(instance, Model.CONTRACT), by_formula(instance, Model.CENTRALIZED)
    assert contract.decisions() == pytest.approx(best.decisions(), rel=1e-12)
    assert 0 < contract.cost_share < 1
    before = by_formula(instance, Model.DECENTRALIZED)
    region = contract_region(contract, before)
    assume(region is not None)
    now, then, size = contract.profits, before.profits, 1e-9 * (1 + abs(best.objective))
    (k1, k2), (k1_all, _), (_, k2_all) = region.corners
    assert now.manufacturer + k1 == pytest.approx(then.manufacturer, abs=size)
    assert now.echelon_enterprise + k2 == pytest.approx(then.echelon_enterprise, abs=size)
    assert now.retailer - k1_all - k2 == pytest.approx(then.retailer, abs=size)
    assert now.retailer - k1 - k2_all == pytest.approx(then.retailer, abs=size)


@given(INSTANCES, MODELS, amounts(0.1, 10))
def test_k_times_all_money_and_volumes_gives_k_times_the_decisions_and_k_squared_the_profits(instance, model, k):
    asked = instance.reservation_profit_echelon
    larger = scaled(instance, k).replace(reservation_profit_echelon=None if asked is None else k**2 * asked)
    one, other = by_formula(instance, model), by_formula(larger, model)
    for name, decision in one.decisions().items():
        assert other.decisions()[name] == pytest.approx(k * decision, rel=1e-7, abs=1e-7 * k)
    assert other.profits.supply_chain == pytest.approx(k**2 * one.profits.supply_chain, rel=1e-7, abs=1e-7 * k**2)
    assert other.cost_share == pytest.approx(one.cost_share, rel=1e-6, abs=1e-7)


@given(INSTANCES, amounts(-3, 3))
def test_only_the_manufacturer_s_and_the_enterprise_s_revenue_matter(instance, shift):
    """Moving f, w_t, c_t, m with G and H unchanged moves nobody's profit in the decentralised model."""
    theta = instance.usable_share
    other = instance.replace(
        transfer_price=instance.transfer_price + shift,
        scrap_value=instance.scrap_value - shift * theta / (1 - theta),
        echelon_market_size=instance.echelon_market_size + max(shift, 0),
        testing_cost=instance.testing_cost + max(-shift, 0),
        reservation_profit_echelon=None,
    )
    one = by_formula(instance.replace(reservation_profit_echelon=None), Model.DECENTRALIZED)
    two = by_formula(other, Model.DECENTRALIZED)
    assert list(vars(two.profits).values()) == pytest.approx(list(vars(one.profits).values()), rel=1e-6, abs=1e-6)


@given(INSTANCES, amounts(0, 5))
def test_what_the_enterprise_asks_for_the_manufacturer_pays(instance, more):
    asking = instance.replace(reservation_profit_echelon=1.0)
    one = by_formula(asking, Model.DECENTRALIZED_TRANSFER)
    two = by_formula(asking.replace(reservation_profit_echelon=1.0 + more), Model.DECENTRALIZED_TRANSFER)
    assert one.objective - two.objective == pytest.approx(more, abs=1e-9 * (1 + abs(one.objective)))


@given(st.lists(INSTANCES, min_size=1, max_size=5), MODELS)
def test_arrays_give_what_numbers_give(instances, model):
    each = [Parameters.of(instance) for instance in instances]
    many = FORMULAS[model](Parameters(**{name: np.array([getattr(g, name) for g in each]) for name in vars(each[0])}))
    for position, g in enumerate(each):
        one = FORMULAS[model](g)
        for name in ("p", "e_r", "e_t", "x", "pi_M", "pi_R", "pi_T", "pi_S"):
            value = np.broadcast_to(getattr(many, name), len(each))[position]
            assert value == pytest.approx(getattr(one, name), rel=1e-10, abs=1e-9, nan_ok=True), name


@given(INSTANCES | NETWORKS)
def test_what_is_written_is_read(instance):
    assert from_table(tomllib.loads(to_toml(instance)), type(instance), "memory") == instance


@settings(max_examples=60)
@given(NETWORKS, st.randoms(use_true_random=False), MODELS)
def test_the_order_of_regions_and_enterprises_does_not_matter(network, shuffler, model):
    regions, enterprises = list(range(network.regions)), list(range(network.enterprises))
    shuffler.shuffle(regions)
    shuffler.shuffle(enterprises)
    place = {r: position for position, r in enumerate(regions)}
    by_region = ("market_size", "wholesale_price", "service_response", "voluntary_returns", "residual_value")
    by_enterprise = ("testing_cost", "effort_cost", "share_weight")
    other = network.replace(
        **{name: [getattr(network, name)[r] for r in regions] for name in by_region},
        **{name: [getattr(network, name)[n] for n in enterprises] for name in by_enterprise},
        cross_price_effect=[(place[r], place[s], gamma) for r, s, gamma in network.cross_price_effect],
    )
    one, two = by_formula(network, model), by_formula(other, model)
    assert as_array(two.retail_price) == pytest.approx(as_array(one.retail_price)[regions], rel=1e-10)
    assert as_array(two.recycling_service) == pytest.approx(as_array(one.recycling_service)[regions], rel=1e-10)
    assert as_array(two.sales_effort) == pytest.approx(as_array(one.sales_effort)[enterprises], rel=1e-10)
    assert two.objective == pytest.approx(one.objective, rel=1e-10)


@settings(max_examples=60)
@given(NETWORKS, st.sampled_from([Model.CENTRALIZED, Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE]))
def test_regions_that_nobody_leaves_are_so_many_separate_markets(network, model):
    """Without cross-price effects every region's price is the paper's: (a + c) / 2, (a + w) / 2 or (3 a + c) / 4."""
    apart = by_formula(network.replace(cross_price_effect=()), model)
    a, w, c = np.asarray(network.market_size), np.asarray(network.wholesale_price), network.production_cost
    expected = {
        Model.CENTRALIZED: (a + c) / 2,
        Model.DECENTRALIZED: (a + w) / 2,
        Model.DECENTRALIZED_WHOLESALE: (3 * a + c) / 4,
    }
    assert as_array(apart.retail_price) == pytest.approx(expected[model], rel=1e-12)


@settings(max_examples=60)
@given(NETWORKS)
def test_one_owner_of_a_network_never_earns_less(network):
    best = by_formula(network, Model.CENTRALIZED).objective
    for model in (Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE):
        assert by_formula(network, model).profits.supply_chain <= best * (1 + 1e-12)
