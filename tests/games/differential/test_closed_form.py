"""Formulas and matrix equations: reference numbers, each other, and the equations that they claim to solve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from batteryopt.games.differential.data.general import vehicles_from_matrices
from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.data.instance import read
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.formula.pair_formulas import pair_equilibrium
from batteryopt.games.differential.formula.riccati import matrix_equilibrium
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model, demands, flows
from batteryopt.ground.errors import FormulaDoesNotApply, UnsupportedModel

from . import reference
from .test_instance import DATA

TO_TEN_DECIMALS = {"abs": 1e-9, "rel": 1e-10}


def coefficients(value) -> tuple[float, float, float]:
    return float(value.first), float(value.second), float(value.third)


# --- reference numbers ------------------------------------------------------------------------------------------------


def test_value_coefficients_of_the_base_case():
    together = pair_equilibrium(Model.INTEGRATED, **BASE_CASE.scalars())
    apart = pair_equilibrium(Model.DECENTRALIZED, **BASE_CASE.scalars())
    assert coefficients(together.leader) == pytest.approx(reference.CHAIN, abs=1e-10)
    assert coefficients(apart.leader) == pytest.approx(reference.MANUFACTURER, abs=1e-10)
    assert coefficients(apart.retailer) == pytest.approx(reference.RETAILER, abs=1e-10)


def test_present_values_rates_and_steady_states_of_the_base_case():
    together = closed_form.solve(BASE_CASE, Model.INTEGRATED)
    apart = closed_form.solve(BASE_CASE, Model.DECENTRALIZED)
    assert together.present_value.supply_chain == pytest.approx(reference.J_CHAIN, **TO_TEN_DECIMALS)
    assert apart.present_value.manufacturer == pytest.approx(reference.J_MANUFACTURER, **TO_TEN_DECIMALS)
    assert apart.present_value.retailer == pytest.approx(reference.J_RETAILER, **TO_TEN_DECIMALS)
    assert together.decay_rate == pytest.approx((reference.DECAY_INTEGRATED,), abs=1e-10)
    assert apart.decay_rate == pytest.approx((reference.DECAY_DECENTRALIZED,), abs=1e-10)
    assert together.steady_state.efficiency[0, 0] == pytest.approx(reference.STEADY_INTEGRATED, abs=1e-10)
    assert apart.steady_state.efficiency[0, 0] == pytest.approx(reference.STEADY_DECENTRALIZED, abs=1e-10)


def test_the_contract_of_the_base_case_coordinates_and_both_accept():
    contract = closed_form.solve(BASE_CASE, Model.CONTRACT)
    assert contract.share_range == pytest.approx(reference.SHARES, abs=1e-10)
    assert contract.share == pytest.approx(sum(reference.SHARES) / 2, abs=1e-10)
    value = contract.present_value
    assert value.supply_chain == pytest.approx(reference.J_CHAIN, **TO_TEN_DECIMALS)
    assert value.retailer == pytest.approx(contract.share * reference.J_CHAIN, rel=1e-9)
    assert value.retailer - reference.J_RETAILER == pytest.approx(
        value.manufacturer - reference.J_MANUFACTURER, abs=1e-7
    )
    # w_1 at t = 0 is delta (1 + 0.5 * 15) = 8.5 delta, w_2 is 9.5 delta.
    assert contract.trajectory.at(np.zeros(1)).wholesale_prices[0] == pytest.approx(
        contract.share * np.array([8.5, 9.5]), rel=1e-9
    )


def test_a_share_may_be_given_by_the_instance_or_the_caller():
    assert closed_form.solve(BASE_CASE.replace(share=0.3), Model.CONTRACT).share == 0.3
    assert closed_form.solve(BASE_CASE, Model.CONTRACT, share=0.45).share == 0.45


def test_integrated_prices_at_three_months_are_the_printed_ones():
    prices = closed_form.solve(BASE_CASE, Model.INTEGRATED).trajectory.at(np.array([3.0])).prices[0]
    assert prices.round(2).tolist() == [18.02, 18.19]


def test_arrays_of_parameters_broadcast_and_give_what_numbers_give():
    many = BASE_CASE.scalars() | {
        "credit_price": np.array([[4.0], [5.0], [6.0]]),
        "credits_per_vehicle": np.array([0.1, 0.2]),
    }
    for model in (Model.INTEGRATED, Model.DECENTRALIZED):
        table = pair_equilibrium(model, **many)
        assert table.decay_rate.shape == table.leader.first.shape == (3, 2)
        assert table.prices(table.steady_efficiency).shape == (3, 2, 2)
        one = pair_equilibrium(model, **{**many, "credit_price": 6.0, "credits_per_vehicle": 0.1})
        assert table.leader(3.0)[2, 0] == pytest.approx(float(one.leader(3.0)), rel=1e-14)
        assert table.prices(3.0)[2, 0] == pytest.approx(one.prices(3.0), rel=1e-14)
    assert pair_equilibrium(Model.DECENTRALIZED, **many).wholesale_prices(3.0).shape == (3, 2, 2)


# --- formula against matrix equations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(Model))
@pytest.mark.parametrize("instance", [BASE_CASE, *(random_pair(seed) for seed in range(15))], ids=lambda i: i.name)
def test_two_vehicles_by_formula_and_by_riccati_equation(instance, model):
    general = vehicles_from_matrices(instance.matrices())
    formula, matrices = closed_form.solve(instance, model, share=None), closed_form.solve(general, model)
    ours, theirs = formula.present_value, matrices.present_value
    assert ours.supply_chain == pytest.approx(theirs.supply_chain, rel=1e-10)
    assert ours.manufacturer == pytest.approx(theirs.manufacturer, rel=1e-10)
    assert ours.retailers == pytest.approx(theirs.retailers, rel=1e-10)
    assert formula.decay_rate == pytest.approx(matrices.decay_rate, rel=1e-10)
    times = np.array([0.0, 0.5, 3.0, 40.0, np.inf])
    one, other = formula.trajectory.at(times), matrices.trajectory.at(times)
    for path in ("efficiency", "innovation", "prices"):
        assert getattr(one, path) == pytest.approx(getattr(other, path), rel=1e-10)
    if model is Model.DECENTRALIZED:
        assert one.wholesale_prices == pytest.approx(other.wholesale_prices, rel=1e-10)
    scalar = pair_equilibrium(model, **instance.scalars())
    found = matrix_equilibrium(instance.matrices(), model)
    assert float(found.leader.P[0, 0]) == pytest.approx(float(scalar.leader.first), rel=1e-10)
    assert float(found.leader.q[0]) == pytest.approx(float(scalar.leader.second), rel=1e-10)
    assert found.leader.r == pytest.approx(float(scalar.leader.third), rel=1e-10)


# --- the equations of the general form --------------------------------------------------------------------------------

GENERAL = [
    random_general(seed, vehicles=n, states=s, retailers=r)
    for seed, (n, s, r) in enumerate([(1, 1, 1), (3, 2, 1), (4, 4, 2), (5, 2, 3), (6, 3, 6), (20, 5, 4)])
]


@pytest.mark.parametrize("instance", GENERAL, ids=lambda i: i.name)
@pytest.mark.parametrize("model", [Model.INTEGRATED, Model.DECENTRALIZED])
def test_values_solve_the_hjb_equation_at_any_efficiency(instance, model):
    """``rho V = flow + V'(m) (M g - E m)`` for the leader and each retailer, flows recomputed from prices alone."""
    game, found = instance.matrices(), matrix_equilibrium(instance.matrices(), model)
    draw = np.random.default_rng(0)
    for m in draw.uniform(0.0, 20.0, size=(3, game.states)):
        here = closed_form.exact(instance, model)
        point = moments_of(here, m)
        growth = game.innovation_effectiveness @ point.innovation[0] - game.efficiency_decay @ m
        flow = flows(instance, point, None)
        for value, earned in zip(
            (found.leader, *found.retailers), (flow.manufacturer[0], *flow.retailers[0]), strict=False
        ):
            slope = 2 * value.P @ m + value.q
            assert game.discount_rate * value(m) == pytest.approx(earned + slope @ growth, rel=1e-9, abs=1e-7)


def moments_of(exact, m):
    from batteryopt.games.differential.path.trajectory import Moments

    efficiency = m[None, :]
    return Moments(
        times=np.zeros(1),
        efficiency=efficiency,
        innovation=exact.innovation(efficiency),
        prices=exact.prices(efficiency),
        wholesale_prices=exact.wholesale_prices(efficiency, None),
    )


@pytest.mark.parametrize("instance", GENERAL[1:], ids=lambda i: i.name)
def test_no_retailer_gains_by_another_price_and_the_leader_by_no_other_wholesale_price(instance):
    """Static optimality at m0, found by a general minimiser that knows only profits."""
    game = instance.matrices()
    point = moments_of(closed_form.exact(instance, Model.DECENTRALIZED), game.initial_efficiency)
    base, own = point.prices[0], game.own_price_effect()
    reach = game.market_size + game.efficiency_effect @ game.initial_efficiency

    def earned_by(sold, prices):
        return ((prices - point.wholesale_prices[0]) * (reach - game.price_effect @ prices))[list(sold)].sum()

    def loss(sold, theirs):
        prices = base.copy()
        prices[list(sold)] = theirs
        return -earned_by(sold, prices)

    for sold in game.retailers:
        best = minimize(lambda theirs, sold=sold: loss(sold, theirs), base[list(sold)] + 0.5, tol=1e-12)
        assert -best.fun == pytest.approx(earned_by(sold, base), rel=1e-8)

    net_cost = game.unit_cost + game.efficiency_unit_cost @ game.initial_efficiency
    net_cost = net_cost - game.credit_price * game.credits_per_vehicle

    def leader_loss(w):
        prices = np.linalg.solve(game.price_effect + own, reach + own @ w)
        return -(w - net_cost) @ (reach - game.price_effect @ prices)

    best = minimize(leader_loss, point.wholesale_prices[0] + 0.5, tol=1e-12)
    assert -best.fun == pytest.approx(-leader_loss(point.wholesale_prices[0]), rel=1e-8)


def test_vehicles_that_share_nothing_are_monopolies_each():
    """Two vehicles without cross effects and with a level each: two problems of one vehicle, solved by hand."""
    instance = vehicles_from_matrices(
        type(BASE_CASE.matrices())(
            market_size=np.array([20.0, 12.0]),
            price_effect=np.diag([2.0, 1.0]),
            efficiency_effect=np.diag([1.0, 0.8]),
            unit_cost=np.array([2.0, 3.0]),
            efficiency_unit_cost=np.diag([0.25, 0.3]),
            credits_per_vehicle=np.array([0.5, 0.2]),
            credit_price=2.0,
            innovation_effectiveness=np.diag([1.0, 0.5]),
            efficiency_decay=np.diag([0.5, 0.4]),
            innovation_cost=np.diag([2.0, 3.0]),
            discount_rate=0.1,
            initial_efficiency=np.array([3.0, 1.0]),
            retailers=((0,), (1,)),
        )
    )
    # y = alpha - beta (c - h theta) + (phi - beta c0) m: 18 + 0.5 m and 9.4 + 0.5 m; the owner earns y^2 / (4 beta).
    first = reference.ScalarProblem(f2=0.25 / 8, f1=2 * 18 * 0.5 / 8, f0=18**2 / 8, k=2.0, mu=1.0, eta=0.5)
    second = reference.ScalarProblem(f2=0.25 / 4, f1=2 * 9.4 * 0.5 / 4, f0=9.4**2 / 4, k=3.0, mu=0.5, eta=0.4)
    together = closed_form.solve(instance, Model.INTEGRATED)
    assert together.objective == pytest.approx(first.at(3.0) + second.at(1.0), rel=1e-10)
    assert together.steady_state.efficiency[0] == pytest.approx([first.steady, second.steady], rel=1e-10)
    # Decentralised, the manufacturer earns half of that flow.
    half = [
        reference.ScalarProblem(f2=p.f2 / 2, f1=p.f1 / 2, f0=p.f0 / 2, k=p.k, mu=p.mu, eta=p.eta)
        for p in (first, second)
    ]
    apart = closed_form.solve(instance, Model.DECENTRALIZED)
    assert apart.objective == pytest.approx(half[0].at(3.0) + half[1].at(1.0), rel=1e-10)


def test_competition_among_retailers_helps_the_manufacturer_and_the_chain():
    one = read(DATA / "general.toml").replace(retailers=((0, 1, 2),))
    three = one.replace(retailers=((0,), (1,), (2,)))
    together, apart = (closed_form.solve(i, Model.DECENTRALIZED).present_value for i in (one, three))
    assert apart.manufacturer > together.manufacturer
    assert apart.supply_chain > together.supply_chain
    assert apart.retailer < together.retailer


# --- where no formula applies -----------------------------------------------------------------------------------------


def test_what_no_formula_covers_is_named_all_at_once():
    instance = BASE_CASE.replace(price_caps=(20.0, 20.0), innovation_budget=10.0)
    with pytest.raises(FormulaDoesNotApply) as caught:
        closed_form.solve(instance, Model.INTEGRATED)
    assert len(caught.value.conditions) == 2
    assert "price caps" in str(caught.value)


def test_a_contract_with_several_retailers_is_refused():
    with pytest.raises(UnsupportedModel, match="competition of several"):
        closed_form.solve(read(DATA / "general.toml"), Model.CONTRACT)


def test_demands_of_a_solution_are_the_formula_s():
    solution = closed_form.solve(BASE_CASE, Model.DECENTRALIZED)
    at = solution.trajectory.at(np.array([3.0]))
    formula = pair_equilibrium(Model.DECENTRALIZED, **BASE_CASE.scalars()).demands(at.efficiency[0, 0])
    assert demands(solution.game, at)[0] == pytest.approx(formula, rel=1e-10)
