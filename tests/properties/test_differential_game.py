"""What must hold for every differential game: scaling, permutation, order of profits, and both routes alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.games.differential.data.general import vehicles_from_matrices
from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.formula.statics import acceptable_shares
from batteryopt.games.differential.judge.check import certify
from batteryopt.games.differential.model import optimizer
from batteryopt.games.differential.model.discrete import OptimizerOptions
from batteryopt.games.differential.solution import Model

SEEDS = st.integers(0, 10_000)
SIZES = st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3)).filter(lambda size: size[0] >= size[2])
BOTH = (Model.INTEGRATED, Model.DECENTRALIZED)
TIMES = np.array([0.0, 0.7, 4.0, np.inf])


def general(seed: int, size: tuple[int, int, int]):
    vehicles, states, retailers = size
    return random_general(seed, vehicles=vehicles, states=states, retailers=retailers)


@settings(max_examples=8)
@given(SEEDS, SIZES)
def test_one_owner_earns_more_than_independent_players_and_their_profits_sum_to_the_chain_s(seed, size):
    instance = general(seed, size)
    together, apart = (closed_form.solve(instance, model).present_value for model in BOTH)
    assert together.supply_chain > apart.supply_chain
    assert apart.supply_chain == pytest.approx(apart.manufacturer + sum(apart.retailers), rel=1e-12)
    assert apart.manufacturer > 0
    assert all(value > 0 for value in apart.retailers)


@settings(max_examples=8)
@given(SEEDS, SIZES)
def test_demands_are_positive_as_the_generator_promises(seed, size):
    for model in BOTH:
        assert closed_form.solve(general(seed, size), model).remarks == ()


@settings(max_examples=30)
@given(SEEDS, st.floats(0.01, 100.0))
def test_in_another_currency_prices_and_profits_are_multiplied_and_nothing_else(seed, rate):
    """Money times rate: costs, prices and k times rate, price sensitivities divided by it."""
    instance = random_pair(seed)
    other = instance.replace(
        price_sensitivity=instance.price_sensitivity / rate,
        cross_price_sensitivity=instance.cross_price_sensitivity / rate,
        unit_cost=tuple(rate * cost for cost in instance.unit_cost),
        efficiency_unit_cost=rate * instance.efficiency_unit_cost,
        innovation_cost=rate * instance.innovation_cost,
        credit_price=rate * instance.credit_price,
    )
    for model in BOTH:
        ours, theirs = closed_form.solve(instance, model), closed_form.solve(other, model)
        assert theirs.objective == pytest.approx(rate * ours.objective, rel=1e-8)
        one, two = ours.trajectory.at(TIMES), theirs.trajectory.at(TIMES)
        assert two.efficiency == pytest.approx(one.efficiency, rel=1e-8)
        assert two.innovation == pytest.approx(one.innovation, rel=1e-8)
        assert two.prices == pytest.approx(rate * one.prices, rel=1e-8)


@settings(max_examples=30)
@given(SEEDS, st.floats(0.05, 20.0))
def test_in_another_unit_of_time_rates_are_multiplied_and_prices_stay(seed, pace):
    """One new unit is `pace` old ones: flows and rates times pace, present values stay."""
    instance = random_pair(seed)
    other = instance.replace(
        market_size=tuple(pace * size for size in instance.market_size),
        price_sensitivity=pace * instance.price_sensitivity,
        cross_price_sensitivity=pace * instance.cross_price_sensitivity,
        efficiency_effect=pace * instance.efficiency_effect,
        efficiency_decay=pace * instance.efficiency_decay,
        innovation_effectiveness=pace * instance.innovation_effectiveness,
        innovation_cost=pace * instance.innovation_cost,
        discount_rate=pace * instance.discount_rate,
    )
    for model in BOTH:
        ours, theirs = closed_form.solve(instance, model), closed_form.solve(other, model)
        assert theirs.objective == pytest.approx(ours.objective, rel=1e-8)
        assert theirs.decay_rate == pytest.approx([pace * rate for rate in ours.decay_rate], rel=1e-8)
        assert theirs.trajectory.at(TIMES / pace).prices == pytest.approx(ours.trajectory.at(TIMES).prices, rel=1e-8)


@settings(max_examples=8)
@given(SEEDS, st.integers(2, 6), st.integers(1, 3))
def test_vehicles_may_be_listed_in_any_order(seed, vehicles, states):
    instance = general(seed, (vehicles, states, min(2, vehicles)))
    game, order = instance.matrices(), np.random.default_rng(seed).permutation(vehicles)
    places = {int(old): new for new, old in enumerate(order)}
    shuffled = vehicles_from_matrices(
        replace(
            game,
            market_size=game.market_size[order],
            price_effect=game.price_effect[np.ix_(order, order)],
            efficiency_effect=game.efficiency_effect[order],
            unit_cost=game.unit_cost[order],
            efficiency_unit_cost=game.efficiency_unit_cost[order],
            credits_per_vehicle=game.credits_per_vehicle[order],
            retailers=tuple(tuple(places[v] for v in sold) for sold in game.retailers),
        )
    )
    ours, theirs = (closed_form.solve(i, Model.DECENTRALIZED) for i in (instance, shuffled))
    assert theirs.present_value.retailers == pytest.approx(ours.present_value.retailers, rel=1e-8)
    assert theirs.trajectory.at(TIMES).prices == pytest.approx(ours.trajectory.at(TIMES).prices[:, order], rel=1e-8)


@given(SEEDS)
def test_there_is_always_a_share_that_both_accept(seed):
    low, high = acceptable_shares(**random_pair(seed).scalars())
    assert 0 < low < high < 1


@given(SEEDS, st.floats(0.05, 0.95))
def test_a_contract_divides_the_chain_s_value_by_its_share(seed, share):
    solution = closed_form.solve(random_pair(seed), Model.CONTRACT, share=share)
    assert solution.present_value.retailer == pytest.approx(share * solution.present_value.supply_chain, rel=1e-9)


@settings(max_examples=5)
@given(SEEDS, SIZES, st.sampled_from(BOTH))
def test_the_judge_passes_every_formula(seed, size, model):
    assert certify(closed_form.solve(general(seed, size), model)).passed


@settings(max_examples=3)
@given(SEEDS)
def test_a_looser_constraint_never_costs_the_owner_anything(seed):
    instance, coarse = random_pair(seed), OptimizerOptions(mesh_tolerance=1e-4, rounds=2)
    free = closed_form.solve(instance, Model.INTEGRATED)
    highest = free.trajectory.innovation.max()
    values = [
        optimizer.solve(
            instance.replace(innovation_caps=(part * highest,)), Model.INTEGRATED, coarse
        ).solution.objective
        for part in (0.5, 0.8, 1.5)
    ]
    slack = 1e-7 * abs(free.objective)
    assert values[0] <= values[1] + slack <= values[2] + 2 * slack <= free.objective + 3 * slack
    assert values[2] == pytest.approx(free.objective, rel=1e-6)
