"""The coordination game at its edges: answers by hand, and random instances against a second route."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest

from batteryopt.games.coordination import solve as solving
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.judge import check
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.games.coordination.solution import Model
from batteryopt.games.coordination.solve import by_optimizer, solve
from batteryopt.ground.status import PointStatus, StopReason

from . import second_route

BATTERIES = {
    "transfer_price": 2.5,
    "scrap_value": 1.2,
    "usable_share": 0.6,
    "echelon_market_size": 35.0,
    "production_cost": 0.0,
}


def two_markets(**changes) -> CoordinationNetwork:
    """Return a market of 100,000 beside one of 30, two enterprises that take batteries from each other."""
    given = {
        **BATTERIES,
        "name": "one large market",
        "source": "made by hand",
        "market_size": (1e5, 30.0),
        "wholesale_price": (5e4, 10.0),
        "service_response": (0.7, 0.7),
        "voluntary_returns": (8.0, 8.0),
        "residual_value": (1.0, 1.0),
        "testing_cost": (0.5, 0.7),
        "effort_rivalry": 0.2,
    }
    return CoordinationNetwork(**{**given, **changes})


def without_response(**changes) -> CoordinationNetwork:
    """Return three regions, the largest of which brings no battery back for any service."""
    given = {
        "name": "no response",
        "source": "made by hand",
        "market_size": (60.0, 40.0, 900.0),
        "wholesale_price": (20.0, 45.0, 300.0),
        "cross_price_effect": ((0, 1, 0.3), (1, 0, 0.2), (2, 0, 0.1), (0, 2, 0.05)),
        "service_response": (0.8, 0.5, 0.0),
        "voluntary_returns": (5.0, 4.0, 9.0),
        "residual_value": (1.0, 1.0, 2.0),
        "testing_cost": (1.0, 2.0),
        "effort_cost": (1.0, 1.5),
        "share_weight": (2.0, 1.0),
        "transfer_price": 3.0,
        "scrap_value": 1.0,
        "usable_share": 0.6,
        "echelon_market_size": 40.0,
        "reservation_profit_echelon": (5.0, 5.0),
    }
    return CoordinationNetwork(**{**given, **changes})


def test_without_sign_constraints_the_manufacturer_may_sell_below_its_cost():
    """a = 30, c = 50: w = (a + c)/2 = 40, Q = (a - w)/2 = -5, so that vehicles earn (40 - 50)(-5) = 50.

    Batteries earn 1.98 (9 + 0.7 * 1.386) - 1.386^2/2 = 17.82 + 1.920996 - 0.960498 = 18.780498.
    """
    game = TABLE_2_INSTANCE.replace(production_cost=50.0, sign_constraints=False)
    found = by_optimizer(game, Model.DECENTRALIZED_WHOLESALE)
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.objective == pytest.approx(68.780498)
    assert found.solution.wholesale_price == pytest.approx(40.0)


def test_no_contract_coordinates_beside_a_market_that_outweighs_it():
    """Rivalry in effort is touched by no term of the contract: what it costs is 7.3 of 334, and 3e-9 of the chain."""
    found = by_optimizer(two_markets(), Model.CONTRACT)
    assert found.solution is None
    assert "on batteries" in found.reason


def test_a_small_market_is_judged_in_its_own_size():
    """p = (a + w)/2 = 20 in the market of 30; a price that is off by a hundredth is 1e-7 of the larger market."""
    right = solve(two_markets(), ["decentralized"], route="closed-form")["decentralized"].solution
    assert right.retail_price == pytest.approx((75_000.0, 20.0))
    assert check.certify(right).passed
    wrong = dataclasses.replace(right, retail_price=(75_000.0, 20.2))
    assert {c.name for c in check.certify(wrong).failures} >= {"stationarity-retailer", "best-response-retailer"}
    assert not check.agreement(wrong, right)["agreement-retail-price"].passed


@pytest.mark.parametrize("model", [Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE])
def test_a_service_that_brings_nothing_back_is_zero(model):
    """e_r = beta_r G with G = 0.6 * 3 + 0.4 * 1 = 2.2: 0.8 * 2.2, 0.5 * 2.2 and 0."""
    service = by_optimizer(without_response(), model).solution.recycling_service
    assert service == pytest.approx((1.76, 1.1, 0.0))
    assert service[2] == 0.0


def test_under_a_contract_too_a_service_that_no_battery_answers_to_is_zero():
    """Its condition (1 - x) e_r = 0 leaves rounding, 3e-67: that is written as 0."""
    game = without_response(cross_price_effect=(), reservation_profit_echelon=None, share_weight=(), effort_cost=())
    found = by_optimizer(game, Model.CONTRACT)
    assert found.solution.recycling_service[2] == 0.0
    assert min(found.solution.recycling_service[:2]) > 1.0


def test_a_service_that_earns_the_manufacturer_nothing_is_zero():
    """G = 0.6 w_t + 0.4 f = 0 with w_t = 2, f = -3: e_r = 0 in every region, though batteries would come back."""
    game = without_response(transfer_price=2.0, scrap_value=-3.0, reservation_profit_echelon=(1.0, 1.0))
    assert by_optimizer(game, Model.DECENTRALIZED).solution.recycling_service == (0.0, 0.0, 0.0)


def test_decisions_that_no_profit_depends_on_agree_however_far_apart_they_are():
    """A service of 1e-5 that brings nothing back costs 5e-11; in a region with response it brings 6e-6 batteries."""
    right = solve(without_response(), ["decentralized"], route="closed-form")["decentralized"].solution
    idle = dataclasses.replace(right, recycling_service=(1.76, 1.1, 1e-5))
    assert check.agreement(idle, right)["agreement-recycling-service"].passed
    wrong = dataclasses.replace(right, recycling_service=(1.76, 1.1 + 1e-5, 0.0))
    assert not check.agreement(wrong, right)["agreement-recycling-service"].passed


def test_a_transfer_price_without_limit_is_said_to_be_so():
    """Each unit earns theta sum S = 0.6 * 22 = 13.2 more, at no service at all."""
    found = by_optimizer(without_response(reservation_profit_echelon=None), Model.DECENTRALIZED_TRANSFER)
    assert found.run.stop_reason is StopReason.UNBOUNDED
    assert found.solution is None
    assert "earns the manufacturer 13.2 more" in found.reason


def test_a_ray_says_nothing_where_no_battery_ever_comes_back():
    """No returns, no response: the transfer price is paid for nothing, and any will do."""
    nothing = dict.fromkeys(("service_response", "voluntary_returns", "residual_value"), (0.0, 0.0, 0.0))
    found = by_optimizer(without_response(reservation_profit_echelon=None, **nothing), Model.DECENTRALIZED_TRANSFER)
    assert found.run.stop_reason is not StopReason.UNBOUNDED


def test_a_market_that_cannot_be_met_is_infeasible_even_where_another_has_no_limit():
    game = without_response(reservation_profit_echelon=None, reservation_profit_retailer=(0.0, 1e6, 0.0))
    assert by_optimizer(game, Model.DECENTRALIZED_TRANSFER).run.stop_reason is StopReason.INFEASIBLE


def test_the_manufacturer_s_reservation_is_held_against_all_markets_together():
    """It earns 1,250,000,138 in all: 1,250,000,000 + 100 on vehicles, the rest on batteries."""
    enough = by_optimizer(two_markets(reservation_profit_manufacturer=1.25e9 + 100), Model.DECENTRALIZED)
    assert enough.run.point_status is PointStatus.OPTIMAL
    more = by_optimizer(two_markets(reservation_profit_manufacturer=1.25e9 + 200), Model.DECENTRALIZED)
    assert more.run.stop_reason is StopReason.INFEASIBLE
    assert "reservation_profit_manufacturer" in more.reason


def test_a_wholesale_price_that_nothing_determines_is_named():
    """c = 20 > a_2 = 10: nothing is sold there, at any wholesale price from 10 on."""
    game = two_markets(market_size=(100.0, 10.0), wholesale_price=(50.0, 5.0), production_cost=20.0)
    found = by_optimizer(game, Model.DECENTRALIZED_WHOLESALE)
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.to_json()["remarks"] == [
        "nothing is sold in region 1: any wholesale price from 10 on would do as well"
    ]


def test_a_time_limit_is_for_all_models_together():
    """Once it is over, models are not begun: they are told apart from those that were interrupted."""
    begin = time.perf_counter()
    result = solve(without_response(), time_limit=1e-9, route="optimizer")
    assert time.perf_counter() - begin < 5.0  # nothing is built; four models take longer than a second
    for answer in result.models.values():
        assert answer.run.stop_reason is StopReason.TIME_LIMIT
        assert answer.solution is None


def test_a_limit_denies_no_contract(monkeypatch):
    """The contract is solved, and the centralised game that it is held against is not: nothing is known then."""
    real = solving.optimize

    def stopped(instance, model, solver, options):
        late = model is Model.CENTRALIZED
        return real(instance, model, solver, dataclasses.replace(options, time_limit=1e-9) if late else options)

    monkeypatch.setattr(solving, "optimize", stopped)
    answer = by_optimizer(TABLE_2_INSTANCE, Model.CONTRACT)
    assert answer.run.stop_reason is StopReason.TIME_LIMIT
    assert not answer.run.point_status.is_claim
    assert "stopped by a limit" in answer.reason


# --- random instances ------------------------------------------------------------------------------------------------

LIMIT = 15.0
"""Seconds for all models of one instance: a search that needs longer ends short of a proof, and says so."""


def random_edge(seed: int) -> CoordinationNetwork:
    """Return 1 to 6 regions with what goes wrong at edges: sizes apart, ties, zeros, caps, dear vehicles."""
    draw = np.random.default_rng([seed, 11])
    R, N = int(draw.integers(1, 7)), int(draw.integers(1, 4))
    size = 10 ** draw.uniform(1.0, 1.0 + draw.choice([0.5, 4.0]), R)
    if draw.random() < 0.25:  # ties
        size[:] = size[0]
    cost = draw.choice([0.0, draw.uniform(0.1, 0.6), draw.uniform(1.0, 3.0)], p=[0.3, 0.4, 0.3]) * float(size.min())
    pairs = [(r, s) for r in range(R) for s in range(R) if r != s and draw.random() < 0.5]
    scale = 0.8 / max(1, R - 1)
    crossing = tuple((r, s, float(draw.uniform(0.05, 1.0) * scale)) for r, s in pairs)
    response = draw.uniform(0.2, 1.0, R) * (draw.random(R) > 0.25)
    transfer, theta = draw.uniform(0.5, 6.0), draw.uniform(0.2, 0.9)
    scrap = draw.choice(
        [draw.uniform(0.2, 3.0), -draw.uniform(0.2, 3.0), -transfer * theta / (1 - theta)], p=[0.6, 0.25, 0.15]
    )
    return CoordinationNetwork(
        name=f"edge {seed}",
        source="drawn at random",
        market_size=tuple(size),
        wholesale_price=tuple(size * draw.uniform(0.05, 1.3, R)),
        cross_price_effect=crossing,
        service_response=tuple(response),
        voluntary_returns=tuple(draw.uniform(0.0, 10.0, R) * (draw.random(R) > 0.2)),
        residual_value=tuple(draw.uniform(0.0, 2.0, R)),
        testing_cost=tuple(draw.uniform(0.1, 2.0, N)),
        effort_cost=tuple(draw.uniform(1.0, 2.0, N)),
        share_weight=tuple(draw.uniform(0.5, 2.0, N)),
        effort_rivalry=float(draw.choice([0.0, draw.uniform(0.05, 0.4)])),
        transfer_price=float(transfer),
        scrap_value=float(scrap),
        usable_share=float(theta),
        echelon_market_size=float(draw.uniform(5.0, 80.0)),
        production_cost=float(cost),
        sign_constraints=bool(draw.random() < 0.75),
        wholesale_price_cap=tuple(size * draw.uniform(0.3, 1.5, R)) if draw.random() < 0.3 else None,
    )


def judge(seed: int) -> None:
    """Hold both routes, and their certificates, against the second route.

    A search that a limit or its solver's numbers stopped may end short of a proof, but not with a wrong claim.
    """
    game = random_edge(seed)
    models = [Model.CENTRALIZED, Model.DECENTRALIZED, Model.DECENTRALIZED_WHOLESALE, Model.CONTRACT]
    result = solve(game, models, time_limit=LIMIT)
    for answer in result.answers:
        assert not answer.certificate.failures or not answer.run.point_status.is_claim, (seed, answer)
    for model in models[:3]:
        right = getattr(second_route, model.value.replace("-", "_"))(game)
        for answer in (result.models[model], result.closed_form[model]):
            if answer.run.point_status is PointStatus.OPTIMAL:
                assert answer.objective == pytest.approx(right, rel=1e-6, abs=1e-6), (seed, model)
    by_formula, by_search = result.closed_form[Model.CONTRACT], result.models[Model.CONTRACT]
    if by_formula.applies and by_search.run.stop_reason is StopReason.CONVERGED:
        assert (by_formula.solution is None) == (by_search.solution is None), (seed, by_search, by_formula)


def test_a_random_edge_against_a_second_route():
    judge(0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 200))
def test_two_hundred_random_edges_against_a_second_route(seed):
    judge(seed)
