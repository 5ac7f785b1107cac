"""Pricing regimes, thresholds and comparative statics: which of the paper's corollaries hold, and which do not."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.games.differential.data.generator import random_pair
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.formula.statics import (
    QUANTITIES,
    STATIC_PARAMETERS,
    PricingRegime,
    acceptable_shares,
    comparative_statics,
    cross_derivative,
    derivative,
    present_values,
    pricing,
)
from batteryopt.games.differential.paper.published import BASE_CASE, SECOND_CASE
from batteryopt.games.differential.solution import Model

from . import reference

BOTH = (Model.INTEGRATED, Model.DECENTRALIZED)
INSTANCES = [BASE_CASE, SECOND_CASE, *(random_pair(seed) for seed in range(10))]


@pytest.mark.parametrize("model", BOTH)
def test_prices_skim_above_the_steady_state_and_penetrate_below_it(model):
    start = np.array([0.0, 30.0])
    found = pricing(model, **{**BASE_CASE.scalars(), "initial_efficiency": start})
    assert found.regime.tolist() == [PricingRegime.PENETRATION, PricingRegime.SKIMMING]
    path = pair_equilibrium(model, **{**BASE_CASE.scalars(), "initial_efficiency": start})
    falls = path.prices(path.efficiency(1.0)) < path.prices(path.efficiency(0.0))
    assert falls.tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_at_the_threshold_of_c0_the_steady_state_is_where_efficiency_starts(model, instance):
    small = {**instance.scalars(), "initial_efficiency": 0.5}
    threshold = float(pricing(model, **small).cost_threshold)
    assert 0 < threshold < instance.efficiency_effect / (instance.price_sensitivity - instance.cross_price_sensitivity)
    at = pair_equilibrium(model, **{**small, "efficiency_unit_cost": threshold})
    assert float(at.steady_efficiency) == pytest.approx(0.5, rel=1e-9)
    below, above = (pricing(model, **{**small, "efficiency_unit_cost": threshold * f}) for f in (0.99, 1.01))
    assert (below.regime.item(), above.regime.item()) == (PricingRegime.PENETRATION, PricingRegime.SKIMMING)


def test_corollary_1_the_base_case_skims_for_every_c0_when_decentralised():
    """m_inf^D at c0 = 0 is 1 * 37 / (8 * 2 * 0.5 * 0.6 - 2) = 37 / 2.8 = 13.2, below m0 = 15."""
    found = pricing(Model.DECENTRALIZED, **BASE_CASE.scalars())
    assert float(found.largest_steady_efficiency) == pytest.approx(37 / 2.8, rel=1e-12)
    assert float(found.cost_threshold) < 0
    # Integrated: 37 / (4 * 2 * 0.5 * 0.6 - 2) = 37 / 0.4 = 92.5, above 15: there is a threshold.
    found = pricing(Model.INTEGRATED, **BASE_CASE.scalars())
    assert float(found.largest_steady_efficiency) == pytest.approx(92.5, rel=1e-12)
    assert 0 < float(found.cost_threshold) < 1


def test_a_model_may_be_given_by_name():
    for model in BOTH:
        by_name, by_model = (pricing(m, **BASE_CASE.scalars()) for m in (str(model.value), model))
        assert by_name.cost_threshold == by_model.cost_threshold
    assert pricing("integrated", **BASE_CASE.scalars()).cost_threshold > 0
    assert pricing("decentralized", **BASE_CASE.scalars()).cost_threshold < 0


def test_without_a_steady_state_at_c0_zero_the_largest_one_is_infinite():
    # 4 k b eta (eta + rho) = 2 * 0.9 * 0.6 * ... = 1.08 < 2 mu^2 phi^2 = 2 at k = 0.9
    found = pricing(Model.INTEGRATED, **{**BASE_CASE.scalars(), "innovation_cost": 0.9})
    assert np.isinf(found.largest_steady_efficiency)


def test_acceptable_shares_of_the_base_case_and_of_arrays():
    assert acceptable_shares(**BASE_CASE.scalars()) == pytest.approx(reference.SHARES, abs=1e-10)
    low, high = acceptable_shares(**{**BASE_CASE.scalars(), "credit_price": np.linspace(1.0, 7.0, 5)})
    assert low.shape == high.shape == (5,)
    assert np.all((low > 0) & (low < high) & (high < 1))


def test_present_values_by_name():
    values = present_values(**BASE_CASE.scalars())
    assert float(values["integrated"]) == pytest.approx(reference.J_CHAIN, abs=1e-9)
    assert float(values["manufacturer"] + values["retailer"]) == pytest.approx(
        float(values["decentralized"]), rel=1e-14
    )


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("key", STATIC_PARAMETERS)
def test_exact_derivatives_against_differences(model, key):
    scalars = BASE_CASE.scalars()
    step = 1e-6 * max(1.0, scalars[key])
    for name, quantity in QUANTITIES.items():
        ends = [
            float(quantity(pair_equilibrium(model, **{**scalars, key: scalars[key] + sign * step}))) for sign in (1, -1)
        ]
        slope = float(derivative(model, name, key, **scalars))
        assert slope == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("model", BOTH)
@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_corollary_3_holds_for_steady_states(model, instance):
    table = comparative_statics(instance, model)
    levels = ["steady_efficiency", "steady_innovation", "steady_price_1", "steady_price_2"]
    assert (table.loc[["innovation_effectiveness", "efficiency_effect"], levels] > 0).all(axis=None)
    assert (table.loc["efficiency_unit_cost", levels] < 0).all()


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_credits_raise_efficiency_innovation_and_every_player_s_value(instance):
    for model in BOTH:
        columns = ["steady_efficiency", "steady_innovation", "present_value_supply_chain", "present_value_manufacturer"]
        columns += ["present_value_retailer"] if model is Model.DECENTRALIZED else []
        if instance.credits_per_vehicle > 0:
            assert (comparative_statics(instance, model, ["credit_price"]).loc["credit_price", columns] > 0).all()


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_proposition_5_prices_are_supermodular_and_innovation_is_submodular_against_the_print(instance):
    scalars = instance.scalars() | {"credit_price": max(instance.credit_price, 0.1)}
    for price in ("steady_price_1", "steady_price_2"):
        keys = ("credits_per_vehicle", "innovation_effectiveness")
        assert cross_derivative(Model.INTEGRATED, price, keys, **scalars) > 0
    assert cross_derivative(Model.INTEGRATED, "steady_innovation", ("credit_price", "innovation_cost"), **scalars) < 0


def test_the_mixed_derivative_of_innovation_by_hand():
    """g_inf = eta mu f A/(4 k b eta (eta + rho) - 2 mu^2 f^2), A = 38 - (3 - 2 h theta): dA/dh = 2 theta = 0.4.

    Base case: f = 0.5, denominator 1.2 k - 0.5; d/dk (0.5 * 0.5 * 0.4 / (1.2 k - 0.5)) = -0.1 * 1.2 / 1.9^2.
    """
    found = cross_derivative(
        Model.INTEGRATED, "steady_innovation", ("credit_price", "innovation_cost"), **BASE_CASE.scalars()
    )
    assert float(found) == pytest.approx(-0.12 / 1.9**2, rel=1e-7)


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_corollary_4_with_the_signs_put_right(instance):
    (s1, s2), (c1, c2) = instance.market_size, instance.unit_cost
    total = instance.price_sensitivity + instance.cross_price_sensitivity
    for model, factor in ((Model.DECENTRALIZED, 3.0), (Model.INTEGRATED, 1.0)):
        found = pair_equilibrium(model, **instance.scalars())
        first, second = found.prices(found.steady_efficiency)
        assert (first > second) == (c1 - c2 > -factor * (s1 - s2) / total)


@pytest.mark.parametrize("instance", INSTANCES, ids=lambda i: i.name)
def test_corollary_5_integration_gives_more_innovation_efficiency_and_profit(instance):
    together, apart = (pair_equilibrium(model, **instance.scalars()) for model in BOTH)
    assert together.steady_efficiency > apart.steady_efficiency
    assert together.innovation(together.steady_efficiency) > apart.innovation(apart.steady_efficiency)
    start = instance.initial_efficiency
    assert together.leader(start) > apart.supply_chain(start)
