"""The numerical route: against formulas where there are any, against problems solved by hand where there are none."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.data.instance import read
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.judge.check import agreement, certify
from batteryopt.games.differential.model import optimizer, refinement
from batteryopt.games.differential.model.build import build
from batteryopt.games.differential.model.discrete import OptimizerOptions, solve_discrete
from batteryopt.games.differential.model.mesh import first_grid, halved
from batteryopt.games.differential.model.optimizer import FoundPaths, fitted_decay_rate
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model, PresentValue, Solution
from batteryopt.ground.certificate import Certificate
from batteryopt.ground.errors import UnsupportedModel
from batteryopt.ground.status import PointStatus, StopReason

from . import reference
from .test_instance import DATA

BOTH = (Model.INTEGRATED, Model.DECENTRALIZED)
COARSE = OptimizerOptions(mesh_tolerance=1e-4)


@cache
def found(model: Model) -> FoundPaths:
    return optimizer.solve(BASE_CASE, model)


def largest(one, other) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


def path_errors(ours: Solution, exact: Solution) -> float:
    """Return the largest relative error of any path at any reported time and at infinity."""
    times = np.append(ours.report_times(), np.inf)
    one, other = ours.trajectory.at(times), exact.trajectory.at(times)
    errors = [largest(getattr(one, path), getattr(other, path)) for path in ("efficiency", "innovation", "prices")]
    if other.wholesale_prices is not None:
        errors.append(largest(one.wholesale_prices, other.wholesale_prices))
    return max(errors)


# --- the base case, to the accuracy that was asked for ----------------------------------------------------------------


@pytest.mark.parametrize("model", BOTH)
def test_the_base_case_against_the_formula(model):
    ours, exact = found(model).solution, closed_form.solve(BASE_CASE, model)
    assert ours.present_value.supply_chain == pytest.approx(exact.present_value.supply_chain, rel=1e-6)
    assert ours.present_value.manufacturer == pytest.approx(exact.present_value.manufacturer, rel=1e-6)
    assert ours.present_value.retailers == pytest.approx(exact.present_value.retailers, rel=1e-6)
    assert path_errors(ours, exact) < 1e-5
    assert ours.decay_rate == pytest.approx(exact.decay_rate, rel=1e-5)
    assert found(model).certificate.passed
    assert found(model).run.point_status is PointStatus.LOCALLY_OPTIMAL


def test_the_base_case_against_the_reference_numbers():
    together, apart = (found(model).solution.present_value for model in BOTH)
    assert together.supply_chain == pytest.approx(reference.J_CHAIN, rel=1e-6)
    assert apart.manufacturer == pytest.approx(reference.J_MANUFACTURER, rel=1e-6)
    assert apart.retailer == pytest.approx(reference.J_RETAILER, rel=1e-6)


@pytest.fixture(scope="module")
def contract() -> FoundPaths:
    return optimizer.solve(BASE_CASE, Model.CONTRACT, COARSE, decentralized=found(Model.DECENTRALIZED).solution)


def test_the_share_as_a_decision_gives_both_the_same_gain_and_its_range_is_the_formula_s(contract):
    solution = contract.solution
    assert solution.share_range == pytest.approx(reference.SHARES, rel=1e-6)
    assert solution.share == pytest.approx(sum(reference.SHARES) / 2, rel=1e-6)
    value = solution.present_value
    gains = value.retailer - reference.J_RETAILER, value.manufacturer - reference.J_MANUFACTURER
    assert gains[0] == pytest.approx(gains[1], rel=1e-6)
    assert path_errors(solution, closed_form.solve(BASE_CASE, Model.CONTRACT)) < 1e-4
    assert certify(solution)["contract-terms"].passed


@pytest.mark.slow
def test_the_contract_of_the_base_case_to_full_accuracy():
    found = optimizer.solve(BASE_CASE, Model.CONTRACT)
    assert agreement(found.solution, closed_form.solve(BASE_CASE, Model.CONTRACT)).passed
    assert (found.certificate + certify(found.solution)).passed


def test_the_share_as_a_parameter_coordinates_though_the_manufacturer_maximises_for_itself():
    """At any share: nobody maximises the chain's value here, and it is the integrated one all the same."""
    grid = first_grid(BASE_CASE, 4)
    for share in (0.2, 0.7):
        m = build(BASE_CASE, Model.CONTRACT, grid, share=share)
        discrete = solve_discrete(m, Model.CONTRACT, OptimizerOptions())
        solution = Solution(
            instance=BASE_CASE, model=Model.CONTRACT, trajectory=discrete.trajectory, share=discrete.share
        )
        assert solution.present_value.supply_chain == pytest.approx(reference.J_CHAIN, rel=1e-6)
        assert solution.present_value.retailer == pytest.approx(share * reference.J_CHAIN, rel=1e-6)


def test_a_contract_with_several_retailers_is_refused():
    with pytest.raises(UnsupportedModel, match="one retailer"):
        optimizer.solve(read(DATA / "general.toml"), Model.CONTRACT)


def test_a_time_limit_keeps_the_best_point_and_claims_less(monkeypatch):
    """Time is over once the first round is done; how fast the machine is does not matter, for no solver is stopped."""
    monkeypatch.setattr(refinement, "seconds_left", lambda _: None)
    stopped = optimizer.solve(BASE_CASE, Model.INTEGRATED, OptimizerOptions(degree=2, time_limit=1e-3))
    assert stopped.run.stop_reason is StopReason.TIME_LIMIT
    assert stopped.run.point_status is PointStatus.FEASIBLE
    assert stopped.solution.objective == pytest.approx(reference.J_CHAIN, rel=1e-3)


def test_a_limit_on_the_contract_s_grid_is_said_of_the_contract(monkeypatch):
    """The share is decided on the grid that there was: an answer that a limit stopped, held to less, and certified."""
    real = optimizer.solve_refined

    def stopped(instance, model, options, **terms):
        last, error = real(instance, model, dataclasses.replace(options, rounds=0), **terms)
        return refinement.stopped(last, StopReason.TIME_LIMIT), error

    monkeypatch.setattr(optimizer, "solve_refined", stopped)
    found = optimizer.solve(BASE_CASE, Model.CONTRACT, decentralized=closed_form.solve(BASE_CASE, Model.DECENTRALIZED))
    assert found.run.stop_reason is StopReason.TIME_LIMIT
    assert found.run.point_status is PointStatus.FEASIBLE
    assert found.certificate["mesh-error"].residual > refinement.MESH_TOLERANCE
    assert (found.certificate + certify(found.solution, is_stopped=True)).passed


def test_a_contract_whose_time_is_over_is_an_answer_without_its_range(monkeypatch):
    """The share is decided, for there is no contract without; the ends of its range wait for another time."""
    monkeypatch.setattr(optimizer, "_remaining", lambda options, _: dataclasses.replace(options, time_limit=None))
    apart = closed_form.solve(BASE_CASE, Model.DECENTRALIZED)
    options = OptimizerOptions(time_limit=1e-3, rounds=0)
    found = optimizer.solve(BASE_CASE, Model.CONTRACT, options, decentralized=apart)
    assert found.run.stop_reason is StopReason.TIME_LIMIT
    assert found.run.point_status is PointStatus.FEASIBLE
    assert found.solution.share_range is None
    assert found.solution.share == pytest.approx(sum(reference.SHARES) / 2, rel=1e-5)


def test_that_no_share_gives_both_the_same_gain_is_said_with_what_they_have_without():
    """Without contract they are said to have what markets of 60 and 56 give, so much that the share would be negative.

    Equal gains: ``share J - R = (1 - share) J - M``, so that share = 1/2 - (M - R) / (2 J).
    """
    apart = closed_form.solve(BASE_CASE.replace(market_size=(60.0, 56.0)), Model.DECENTRALIZED)
    assert apart.present_value.manufacturer - apart.present_value.retailer > reference.J_CHAIN
    found = optimizer.solve(BASE_CASE, Model.CONTRACT, OptimizerOptions(degree=3, rounds=0), decentralized=apart)
    assert found.solution is None
    assert found.run.stop_reason is StopReason.INFEASIBLE
    for number in (apart.present_value.manufacturer, apart.present_value.retailer):
        assert f"{number:.8g}" in found.reason
    assert "share 2372." in found.reason  # J_CHAIN, on a coarse grid


def test_the_range_of_shares_is_held_against_what_it_says():
    """A manufacturer that has 1 % of the chain's value more without contract: the range is off by that at one end."""
    found = optimizer.solve(BASE_CASE, Model.CONTRACT, OptimizerOptions(rounds=0))
    assert found.certificate["share-range"].passed
    whole = found.solution.present_value.supply_chain
    low, high = found.solution.share_range
    reserves = PresentValue(
        manufacturer=(1.0 - high + 0.01) * whole, retailers=(low * whole,), supply_chain=(1.01 - high + low) * whole
    )
    wrong = optimizer._with_range_held(dataclasses.replace(found, certificate=Certificate()), reserves)
    assert wrong.certificate["share-range"].residual == pytest.approx(0.01, rel=1e-4)
    assert not wrong.certificate.passed


def test_ctrl_c_while_the_range_is_sought_keeps_the_contract(monkeypatch):
    real, weights_seen = optimizer._solve_bargain, []

    def interrupted(instance, start, reserves, weights, options, **terms):
        weights_seen.append(weights)
        if weights == (0.0, 1.0):
            raise KeyboardInterrupt
        return real(instance, start, reserves, weights, options, **terms)

    monkeypatch.setattr(optimizer, "_solve_bargain", interrupted)
    apart = closed_form.solve(BASE_CASE, Model.DECENTRALIZED)
    found = optimizer.solve(BASE_CASE, Model.CONTRACT, OptimizerOptions(rounds=0), decentralized=apart)
    assert weights_seen == [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0)]
    assert found.run.stop_reason is StopReason.INTERRUPTED
    assert found.solution.share_range is None
    assert found.solution.share == pytest.approx(sum(reference.SHARES) / 2, rel=1e-5)


def test_ctrl_c_in_a_later_round_keeps_the_last_one(monkeypatch):
    rounds = []

    def interrupted(*arguments, **terms):
        rounds.append(arguments)
        if len(rounds) == 2:
            raise KeyboardInterrupt
        return build(*arguments, **terms)

    monkeypatch.setattr(refinement, "build", interrupted)
    kept = optimizer.solve(BASE_CASE, Model.INTEGRATED, OptimizerOptions(degree=3))
    assert kept.run.stop_reason is StopReason.INTERRUPTED
    assert kept.run.point_status is PointStatus.FEASIBLE
    assert kept.solution.objective == pytest.approx(reference.J_CHAIN, rel=1e-6)
    rounds[:] = [None]
    with pytest.raises(KeyboardInterrupt):
        optimizer.solve(BASE_CASE, Model.INTEGRATED, OptimizerOptions(degree=3))


# --- convergence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("degree", "order"), [(2, 3), (3, 5)])
def test_the_order_of_convergence_is_radau_s_two_degree_minus_one(degree, order):
    """Present value and efficiency at the elements' ends, over three halvings of every element."""
    grid, errors = first_grid(BASE_CASE, degree), []
    for _ in range(4):
        m = build(BASE_CASE, Model.INTEGRATED, grid)
        trajectory = solve_discrete(m, Model.INTEGRATED, OptimizerOptions()).trajectory
        solution = Solution(instance=BASE_CASE, model=Model.INTEGRATED, trajectory=trajectory)
        ends = grid.breaks[1:-1]
        exact = reference.STEADY_INTEGRATED + (15 - reference.STEADY_INTEGRATED) * np.exp(
            -reference.DECAY_INTEGRATED * ends
        )
        errors.append(
            [abs(solution.objective / reference.J_CHAIN - 1), largest(trajectory.at(ends).efficiency[:, 0], exact)]
        )
        grid = halved(grid)
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    resolved = np.array(errors[1:]) > 1e-9  # below, the reference numbers' own digits end
    assert resolved.sum() >= 3
    assert np.all(orders[resolved] > order - 1.0)


def test_refinement_cuts_where_the_path_bends():
    """With innovation capped at 5.05, it starts at the cap and leaves it after some time: elements meet there."""
    instance = BASE_CASE.replace(innovation_caps=(5.05,))
    solution = optimizer.solve(instance, Model.INTEGRATED).solution
    times = np.linspace(0.0, 20.0, 4001)
    innovation = solution.trajectory.at(times).innovation[:, 0]
    leaves = times[np.argmax(innovation < 5.05 - 1e-6)]
    assert 0.2 < leaves < 5.0
    assert np.abs(solution.trajectory.grid.breaks - leaves).min() < 0.01  # the samples are 0.005 apart
    assert solution.trajectory.grid.elements < 25


@pytest.mark.parametrize("share_of_room", [pytest.param(1.02, marks=pytest.mark.slow), 1.1])
def test_cheap_innovation_is_no_trouble(share_of_room):
    """Innovation 2 or 10 % dearer than where the steady state runs off (k = 5/12): neither unbounded nor wrong.

    A Radau node at t = infinity would make this game unbounded on every grid.
    """
    instance = BASE_CASE.replace(innovation_cost=5 / 12 * share_of_room)
    ours = optimizer.solve(instance, Model.INTEGRATED)
    exact = closed_form.solve(instance, Model.INTEGRATED)
    assert ours.certificate.passed
    assert ours.solution.objective == pytest.approx(exact.objective, rel=1e-6)
    times = ours.solution.report_times()
    assert largest(ours.solution.trajectory.at(times).efficiency, exact.trajectory.at(times).efficiency) < 1e-5


def test_a_decay_rate_is_fitted_only_to_a_path_that_has_one():
    assert fitted_decay_rate(found(Model.INTEGRATED).solution.trajectory) == pytest.approx(
        (reference.DECAY_INTEGRATED,), rel=1e-6
    )
    capped = optimizer.solve(BASE_CASE.replace(innovation_caps=(5.05,)), Model.INTEGRATED, COARSE)
    assert capped.solution.decay_rate is None
    general = optimizer.solve(random_general(1, vehicles=2, states=2), Model.INTEGRATED, COARSE)
    assert general.solution.decay_rate is None


# --- random instances -------------------------------------------------------------------------------------------------


def assert_close_to_formula(instance, model, tolerance=1e-4):
    ours, exact = optimizer.solve(instance, model), closed_form.solve(instance, model)
    assert ours.solution.present_value.supply_chain == pytest.approx(exact.present_value.supply_chain, rel=tolerance)
    assert ours.solution.present_value.manufacturer == pytest.approx(exact.present_value.manufacturer, rel=tolerance)
    assert ours.solution.present_value.retailers == pytest.approx(exact.present_value.retailers, rel=tolerance)
    assert path_errors(ours.solution, exact) < tolerance
    assert ours.certificate.passed


@pytest.mark.parametrize("seed", range(3))
def test_random_pairs_integrated(seed):
    assert_close_to_formula(random_pair(seed), Model.INTEGRATED)


def test_two_retailers_who_compete():
    """On a coarse grid, which is good for four digits."""
    instance = random_general(4, vehicles=2, states=1, retailers=2)
    ours = optimizer.solve(instance, Model.DECENTRALIZED, OptimizerOptions(mesh_tolerance=1e-4, rounds=1)).solution
    exact = closed_form.solve(instance, Model.DECENTRALIZED)
    assert ours.present_value.retailers == pytest.approx(exact.present_value.retailers, rel=1e-6)
    assert path_errors(ours, exact) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
@pytest.mark.parametrize("model", BOTH)
def test_many_random_pairs(seed, model):
    assert_close_to_formula(random_pair(seed), model)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 220))
@pytest.mark.parametrize("model", BOTH)
def test_many_random_games_of_several_vehicles_levels_and_retailers(seed, model):
    sizes = {"vehicles": 2 + seed % 5, "states": 1 + seed % 3, "retailers": 1 + seed % 2}
    assert_close_to_formula(random_general(seed, **sizes), model)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 308))
def test_random_contracts(seed):
    instance = random_pair(seed)
    ours, exact = (solve(instance, Model.CONTRACT) for solve in (optimizer.solve, closed_form.solve))
    assert ours.solution.share_range == pytest.approx(exact.share_range, rel=1e-4)
    assert path_errors(ours.solution, exact) < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "model"), [(400, Model.INTEGRATED), (401, Model.INTEGRATED), (400, Model.DECENTRALIZED)]
)
def test_twenty_vehicles_with_five_efficiency_levels(seed, model):
    assert_close_to_formula(random_general(seed, vehicles=20, states=5, retailers=2), model)


# --- what no formula covers, solved by hand ---------------------------------------------------------------------------


def test_a_cap_on_innovation_that_always_binds():
    """g = 3 for ever: m = 6 + 9 exp(-0.5 t), and the chain earns y' B^-1 y / 4 - 18.

    With a = (21, 16), f = 0.5: a' B^-1 a = 2066/3, F' B^-1 a = 18.5, F' B^-1 F = 0.5. The discounted integrals of
    1, m and m^2 are 10, 60 + 9/0.6 = 75 and 360 + 2 * 54/0.6 + 81/1.1 = 540 + 81/1.1.
    """
    found = optimizer.solve(BASE_CASE.replace(innovation_caps=(3.0,)), Model.INTEGRATED)
    value = (2066 / 3 * 10 + 2 * 18.5 * 75 + 0.5 * (540 + 81 / 1.1)) / 4 - 180
    assert found.solution.objective == pytest.approx(value, rel=1e-8)
    assert found.solution.trajectory.innovation == pytest.approx(3.0, abs=1e-6)
    assert (found.certificate + certify(found.solution)).passed


def test_price_caps_that_always_bind():
    """p = 12 for both: the flow (12 - c_i^ - 0.5 m)(alpha_i + m - 12), c^ = (0, 1), summed, less 2 g^2.

    (12 - 0.5 m)(8 + m) + (11 - 0.5 m)(6 + m) = -m^2 + (12 - 4 + 11 - 3) m + 96 + 66 = -m^2 + 16 m + 162.
    """
    found = optimizer.solve(BASE_CASE.replace(price_caps=(12.0, 12.0)), Model.INTEGRATED)
    problem = reference.ScalarProblem(f2=-1.0, f1=16.0, f0=162.0)
    assert found.solution.trajectory.prices == pytest.approx(12.0, abs=1e-5)
    assert found.solution.objective == pytest.approx(problem.at(15.0), rel=1e-7)
    assert found.solution.steady_state.efficiency[0, 0] == pytest.approx(problem.steady, rel=1e-5)
    assert (found.certificate + certify(found.solution)).passed


def test_a_demand_that_must_not_be_negative_and_always_would_be():
    """alpha = (20, 6), c = (1, 12): y = (31 + 0.5 m, -16 + 0.5 m), and vehicle 2 is not sold below m = 32.

    With D_2 = 0 the chain earns the most of (B^-1 y)_1 D_1 - (2/3) D_1^2, (B^-1 y)_1 = (2 y_1 + y_2)/3, which is
    (46 + 1.5 m)^2 / 24.
    """
    instance = BASE_CASE.replace(market_size=(20.0, 6.0), unit_cost=(1.0, 12.0), nonnegative_demands=True)
    found = optimizer.solve(instance, Model.INTEGRATED)
    problem = reference.ScalarProblem(f2=2.25 / 24, f1=2 * 46 * 1.5 / 24, f0=46**2 / 24)
    assert found.solution.objective == pytest.approx(problem.at(15.0), rel=1e-7)
    assert found.solution.steady_state.efficiency[0, 0] == pytest.approx(problem.steady, rel=1e-5)
    assert (found.certificate + certify(found.solution)).passed


@pytest.mark.parametrize(("model", "weight"), [(Model.INTEGRATED, 0.25), (Model.DECENTRALIZED, 0.125)])
def test_a_finite_horizon_with_salvage_against_its_riccati_differential_equation(model, weight):
    """V = V1 m^2 + V2 m + V3 backward from V(T) = 20 m; the flow is weight * y' B^-1 y, y = a + 0.5 m (see above)."""
    instance = BASE_CASE.replace(horizon_length=10.0, salvage_values=(20.0,))
    f2, f1, f0 = weight * 0.5, weight * 2 * 18.5, weight * 2066 / 3

    def backward(_, v):
        return [
            f2 + v[0] ** 2 / 2 - v[0] - 0.1 * v[0],
            f1 + v[0] * v[1] / 2 - 0.5 * v[1] - 0.1 * v[1],
            f0 + v[1] ** 2 / 8 - 0.1 * v[2],
        ]

    value = solve_ivp(backward, (0.0, 10.0), [0.0, 20.0, 0.0], rtol=1e-11, atol=1e-11).y[:, -1]
    found = optimizer.solve(instance, model, COARSE)
    assert found.solution.objective == pytest.approx(value @ [225.0, 15.0, 1.0], rel=1e-8)
    assert found.solution.steady_state is None
    if model is Model.INTEGRATED:
        finer = optimizer.solve(instance, model)
        assert (finer.certificate + certify(finer.solution)).passed


def test_an_innovation_budget_is_spent_and_no_more():
    """At the optimum innovation is dearer by one factor at all times: k (1 + nu), such that the budget is spent."""
    found = optimizer.solve(BASE_CASE.replace(innovation_budget=50.0), Model.INTEGRATED)
    trajectory = found.solution.trajectory
    assert trajectory.integral(2.0 * trajectory.innovation.ravel() ** 2) == pytest.approx(50.0, rel=1e-6)

    def spent(dearness):
        exact = closed_form.solve(BASE_CASE.replace(innovation_cost=2.0 * dearness), Model.INTEGRATED).trajectory
        return exact.integral(2.0 * exact.innovation.ravel() ** 2), exact

    low, high = 1.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(middle)[0] > 50.0 else (low, middle)
    times = np.array([0.0, 1.0, 5.0, 20.0])
    assert trajectory.at(times).innovation == pytest.approx(spent(low)[1].at(times).innovation, rel=1e-5)
    assert (found.certificate + certify(found.solution)).passed


def test_a_constant_path_of_credit_prices_is_a_constant_credit_price():
    instance = BASE_CASE.replace(credit_price_times=(0.0, 8.0), credit_price_values=(5.0, 5.0))
    assert optimizer.solve(instance, Model.INTEGRATED).solution.objective == pytest.approx(reference.J_CHAIN, rel=1e-9)


def test_a_changing_credit_price_passes_every_check_and_a_richer_path_is_worth_more():
    instance = read(DATA / "credit-prices.toml")
    found = optimizer.solve(instance, Model.INTEGRATED)
    assert (found.certificate + certify(found.solution)).passed
    richer = instance.replace(credit_price_values=(5.0, 3.0, 6.0))
    assert optimizer.solve(richer, Model.INTEGRATED).solution.objective > found.solution.objective


@pytest.mark.slow
def test_a_capped_retailer_is_left_with_nothing_and_the_manufacturer_earns_what_one_owner_would():
    """Below every interior retail price the manufacturer charges the cap: w = p = 12, the owner's problem above."""
    found = optimizer.solve(BASE_CASE.replace(price_caps=(12.0, 12.0)), Model.DECENTRALIZED)
    problem = reference.ScalarProblem(f2=-1.0, f1=16.0, f0=162.0)
    assert found.solution.present_value.manufacturer == pytest.approx(problem.at(15.0), rel=1e-6)
    assert found.solution.present_value.retailer == pytest.approx(0.0, abs=1e-4)
    assert (found.certificate + certify(found.solution)).passed


@pytest.mark.slow
def test_a_demand_that_would_be_negative_when_decentralised_too():
    """D_2 = 0 again; along the first vehicle the manufacturer earns half of what one owner would (see above)."""
    instance = BASE_CASE.replace(market_size=(20.0, 6.0), unit_cost=(1.0, 12.0), nonnegative_demands=True)
    found = optimizer.solve(instance, Model.DECENTRALIZED, OptimizerOptions(rounds=1))
    problem = reference.ScalarProblem(f2=2.25 / 48, f1=2 * 46 * 1.5 / 48, f0=46**2 / 48)
    assert found.solution.present_value.manufacturer == pytest.approx(problem.at(15.0), rel=1e-6)
    assert (found.certificate + certify(found.solution)).passed
    # A margin that must not be negative on a vehicle that nobody buys binds as well, and costs something.
    stricter = optimizer.solve(instance.replace(nonnegative_margins=True), Model.DECENTRALIZED)
    assert stricter.solution.present_value.manufacturer < 0.99 * found.solution.present_value.manufacturer
    assert (stricter.certificate + certify(stricter.solution)).passed
