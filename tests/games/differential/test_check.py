"""The judge: it passes what is right, and each wrong in its own way fails the check that is about it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.linalg import expm

from batteryopt.games.differential.data.generator import random_general
from batteryopt.games.differential.data.instance import read
from batteryopt.games.differential.formula import closed_form
from batteryopt.games.differential.judge.check import agreement, certify
from batteryopt.games.differential.judge.responses import minimise
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model, Solution

from .test_instance import DATA


@cache
def solved(model: Model) -> Solution:
    return closed_form.solve(BASE_CASE, model)


def failures(solution: Solution) -> set[str]:
    return {check.name for check in certify(solution).failures}


def with_paths(solution: Solution, **paths) -> Solution:
    return replace(solution, trajectory=replace(solution.trajectory, **paths))


@pytest.mark.parametrize("model", list(Model))
def test_exact_solutions_pass_with_room_to_spare(model):
    certificate = certify(solved(model))
    assert certificate.passed
    assert all(check.residual <= 1e-2 * check.tolerance for check in certificate)


def test_the_checks_of_each_model_by_name():
    names = {model: {check.name for check in certify(solved(model))} for model in Model}
    common = {"efficiency-follows-innovation", "maximum-condition", "hjb", "leader-deviation"}
    assert names[Model.INTEGRATED] == common | {"present-value-supply-chain"}
    players = {"present-value-manufacturer", "present-value-retailer", "best-response-retailer"}
    assert names[Model.DECENTRALIZED] == common | players
    assert names[Model.CONTRACT] == common | players | {"contract-terms"}


@pytest.mark.parametrize(
    "instance",
    [random_general(2, vehicles=4, states=2, retailers=2), read(DATA / "general.toml")],
    ids=lambda i: i.name,
)
def test_other_exact_solutions_pass_several_retailers_included(instance):
    certificate = certify(closed_form.solve(instance, Model.DECENTRALIZED))
    assert certificate.passed
    assert len([c for c in certificate if c.name.startswith("best-response")]) == len(instance.matrices().retailers)


def test_a_retail_price_off_by_a_thousandth_at_one_node_is_no_best_response():
    prices = solved(Model.DECENTRALIZED).trajectory.prices.copy()
    prices[3, 2, 0] *= 1.001
    assert "best-response-retailer" in failures(with_paths(solved(Model.DECENTRALIZED), prices=prices))


def test_innovation_that_does_not_lead_to_the_reported_efficiency_is_seen():
    solution = solved(Model.INTEGRATED)
    found = failures(with_paths(solution, innovation=1.001 * solution.trajectory.innovation))
    assert "efficiency-follows-innovation" in found
    assert "present-value-supply-chain" in found


def lazier(solution: Solution, part: float) -> Solution:
    """Return a consistent plan with less innovation: ``g' = part g``, the efficiency that follows, best prices.

    With g affine in exp(-Q t), m' = g - eta m has an exact solution.
    """
    trajectory, rate = solution.trajectory, solution.decay_rate[0]
    decay = BASE_CASE.efficiency_decay
    end, start = part * trajectory.end.innovation[0, 0], part * trajectory.at(np.zeros(1)).innovation[0, 0]
    swing, times = (start - end) / (decay - rate), trajectory.grid.times

    def level(t):
        return end / decay + swing * np.exp(-rate * t) + (15.0 - end / decay - swing) * np.exp(-decay * t)

    m = level(times)[..., None]
    exact = closed_form.exact(BASE_CASE, solution.model)
    flat = m.reshape(-1, 1)
    wholesale = exact.wholesale_prices(flat, None)
    shape = trajectory.prices.shape
    return with_paths(
        solution,
        efficiency=m,
        innovation=part * trajectory.innovation,
        prices=exact.prices(flat).reshape(shape),
        wholesale_prices=None if wholesale is None else wholesale.reshape(shape),
    )


@pytest.mark.parametrize("model", [Model.INTEGRATED, Model.DECENTRALIZED])
def test_a_consistent_plan_with_too_little_innovation_fails_only_the_checks_of_optimality(model):
    assert failures(lazier(solved(model), 0.97)) == {"maximum-condition", "hjb", "leader-deviation"}
    assert failures(lazier(solved(model), 1.0)) == set()


def test_wholesale_prices_too_high_with_the_right_answer_of_the_retailer_are_the_leader_s_mistake():
    solution, game = solved(Model.DECENTRALIZED), BASE_CASE.matrices()
    wholesale = 1.01 * solution.trajectory.wholesale_prices
    reach = game.market_size + solution.trajectory.efficiency @ game.efficiency_effect.T
    prices = (np.linalg.solve(game.price_effect, reach.reshape(-1, 2).T).T.reshape(reach.shape) + wholesale) / 2
    found = failures(with_paths(solution, wholesale_prices=wholesale, prices=prices))
    assert "leader-deviation" in found
    assert "best-response-retailer" not in found


def test_a_contract_that_charges_something_else_is_seen():
    solution = solved(Model.CONTRACT)
    wrong = with_paths(solution, wholesale_prices=1.001 * solution.trajectory.wholesale_prices)
    assert "contract-terms" in failures(wrong)


def test_a_violated_constraint_is_seen():
    """The base case's own solution, claimed for instances with constraints that it breaks."""
    for changes in (
        {"price_caps": (18.0, 18.0)},
        {"innovation_caps": (4.0,)},
        {"innovation_budget": 100.0},
    ):
        claimed = replace(solved(Model.INTEGRATED), instance=BASE_CASE.replace(**changes))
        assert "constraints" in failures(claimed)
    lavish = replace(solved(Model.INTEGRATED), instance=BASE_CASE.replace(innovation_budget=1000.0))
    assert "constraints" not in failures(lavish)


def test_a_negative_demand_is_a_remark_and_a_violation_where_it_is_forbidden():
    """y_2 = 6 - 2 (12 - 1) + (1 - 1) + 0.5 m = -16 + 0.5 m: negative below m = 32."""
    instance = BASE_CASE.replace(market_size=(20.0, 6.0), unit_cost=(1.0, 12.0))
    solution = closed_form.solve(instance, Model.INTEGRATED)
    assert any("demand of vehicle 2" in remark for remark in solution.remarks)
    assert solved(Model.INTEGRATED).remarks == ()
    claimed = replace(solution, instance=instance.replace(nonnegative_demands=True))
    assert "constraints" in failures(claimed)


def test_agreement_compares_everything_that_both_routes_give():
    ours = solved(Model.CONTRACT)
    names = {check.name for check in agreement(ours, ours)}
    assert names == {
        f"agreement-{what}"
        for what in (
            "present-value", "efficiency", "innovation", "prices", "wholesale-prices", "steady-state", "share-range",
            "share",
        )
    }  # fmt: skip
    assert agreement(ours, ours).passed
    other = with_paths(ours, prices=1.001 * ours.trajectory.prices)
    assert {c.name for c in agreement(ours, other).failures} >= {"agreement-prices"}
    with pytest.raises(ValueError, match="another question"):
        agreement(ours, solved(Model.INTEGRATED))


def test_the_small_quadratic_programs_of_the_judge_against_enumeration():
    """Every active set of three constraints in two variables, by hand-rolled KKT systems."""
    draw = np.random.default_rng(4)
    for _ in range(40):
        root = draw.normal(size=(2, 2))
        curvature, pull = root @ root.T + 0.1 * np.eye(2), draw.normal(size=2)
        rows, limits = draw.normal(size=(3, 2)), draw.uniform(0.0, 0.5, size=3)  # 0 is feasible
        best = min(
            (0.5 * x @ curvature @ x - pull @ x, tuple(x))
            for x in candidates(curvature, pull, rows, limits)
            if np.all(rows @ x <= limits + 1e-9)
        )
        found = minimise(curvature, pull[None], rows, limits[None])[0]
        assert np.all(rows @ found <= limits + 1e-8)
        assert 0.5 * found @ curvature @ found - pull @ found == pytest.approx(best[0], abs=1e-8)


def candidates(curvature, pull, rows, limits):
    yield np.linalg.solve(curvature, pull)
    for k in range(3):
        system = np.block([[curvature, rows[k : k + 1].T], [rows[k : k + 1], np.zeros((1, 1))]])
        yield np.linalg.solve(system, np.append(pull, limits[k]))[:2]
        for j in range(k):
            yield np.linalg.solve(rows[[j, k]], limits[[j, k]])


def test_simulated_efficiency_of_several_levels_is_the_matrix_exponential_s():
    from batteryopt.games.differential.judge.simulation import simulate

    instance = random_general(2, vehicles=2, states=3)
    found = simulate(closed_form.solve(instance, Model.INTEGRATED))
    from batteryopt.games.differential.formula.riccati import matrix_equilibrium

    equilibrium = matrix_equilibrium(instance.matrices(), Model.INTEGRATED)
    start = instance.matrices().initial_efficiency - equilibrium.steady_efficiency
    for time, m in list(zip(found.times, found.efficiency, strict=True))[::7]:
        expected = equilibrium.steady_efficiency + expm(equilibrium.closed_loop * time) @ start
        assert m == pytest.approx(expected, rel=1e-7)


def test_a_single_price_is_moved_into_what_its_limits_leave():
    """Free at 3, 3, 3 and 1, between 1 and 2, 1 and 4, 3.5 and 4, 1.5 and 2."""
    curvature, pull = np.array([[2.0]]), np.array([[6.0], [6.0], [6.0], [2.0]])
    limits = np.array([[4.0, -1.0], [8.0, -1.0], [8.0, -3.5], [4.0, -1.5]])
    found = minimise(curvature, pull, np.array([[2.0], [-1.0]]), limits)
    assert found.ravel().tolist() == [2.0, 3.0, 3.5, 1.5]
    assert minimise(curvature, pull, np.empty((0, 1)), np.empty((4, 0))).ravel().tolist() == [3.0, 3.0, 3.0, 1.0]
