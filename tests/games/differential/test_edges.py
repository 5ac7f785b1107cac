"""The differential game at its edges: price caps, and months that are discounted fast."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.judge import check
from batteryopt.games.differential.model.discrete import OptimizerOptions
from batteryopt.games.differential.model.mesh import first_grid
from batteryopt.games.differential.model.optimizer import solve as optimise
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.time_grid import InfiniteGrid
from batteryopt.games.differential.solution import Model
from batteryopt.games.differential.solve import by_formula, solve
from batteryopt.ground.status import PointStatus, StopReason

COARSE = OptimizerOptions(rounds=0)


def one_vehicle(**changes) -> GeneralDifferentialGame:
    """Return a game of one vehicle over 6.33 months, whose retail price may be capped."""
    given = {
        "name": "cap",
        "source": "made by hand",
        "market_size": (23.11,),
        "price_effect": ((0.78,),),
        "efficiency_effect": ((0.18,),),
        "unit_cost": (1.31,),
        "efficiency_unit_cost": ((0.17,),),
        "innovation_effectiveness": ((0.25,),),
        "efficiency_decay": ((0.87,),),
        "innovation_cost": ((3.24,),),
        "discount_rate": 0.1,
        "credit_price": 3.79,
        "credits_per_vehicle": (0.18,),
        "initial_efficiency": (0.0,),
        "horizon_length": 6.33,
    }
    return GeneralDifferentialGame(**{**given, **changes})


def at_the_cap(cap: float) -> float:
    """Return what the manufacturer earns with the wholesale price at the cap for ever, and no innovation.

    Cap 23.58: D = 23.11 - 0.78 * 23.58 = 4.7176 a month, each bringing 23.58 - 1.31 + 3.79 * 0.18 = 22.9522, for
    (1 - exp(-0.633))/0.1 = 4.690 months: 507.8. In the middle, D = 5.65 and the margin 14.5.
    """
    demand, margin = 23.11 - 0.78 * cap, cap - 1.31 + 3.79 * 0.18
    return demand * margin * (1.0 - math.exp(-0.1 * 6.33)) / 0.1


@pytest.mark.parametrize("cap", [23.58, 24.70])
def test_a_plan_that_stays_at_the_cap_is_found(cap):
    """Innovation adds little: efficiency costs nearly what it brings."""
    found = optimise(one_vehicle(price_caps=(cap,)), Model.DECENTRALIZED, COARSE)
    assert found.solution.objective >= at_the_cap(cap)
    assert found.solution.objective == pytest.approx(at_the_cap(cap), rel=1e-3)
    assert found.run.point_status is PointStatus.LOCALLY_OPTIMAL  # nothing proves more
    assert found.solution.trajectory.wholesale_prices == pytest.approx(np.full((5, 5, 1), cap), rel=1e-6)


def test_the_judge_finds_that_a_plan_in_the_middle_is_not_the_best_under_a_cap():
    """It earns 384.6; the plan at the cap 507.8, 32 % more."""
    free = optimise(one_vehicle(), Model.DECENTRALIZED, COARSE).solution
    assert check.certify(free, is_stopped=True)["leader-deviation"].passed
    capped = dataclasses.replace(free, instance=one_vehicle(price_caps=(23.58,)))
    gain = check.certify(capped, is_stopped=True)["leader-deviation"]
    assert not gain.passed
    assert gain.residual == pytest.approx(at_the_cap(23.58) / free.objective - 1.0, rel=0.01)


@pytest.mark.parametrize("rate", [2.5, 3.0, 10.0])
@pytest.mark.parametrize("model", [Model.INTEGRATED, Model.DECENTRALIZED])
def test_formulas_pass_where_months_are_discounted_fast(rate, model):
    answer = solve(BASE_CASE.replace(discount_rate=rate), [model], route="closed-form")[model]
    assert answer.certificate.passed, str(answer.certificate)


@pytest.mark.parametrize("kind", ["fast", "capped"])
def test_what_is_wrong_by_a_little_still_fails(kind):
    """A hundredth of innovation for a while, while money counts: 1 % is seen on a chart, and by no tolerance let pass.

    "fast": the discount rate is 5, and the bump stands around t = 0.6, where today's worth is exp(-3) = 5 %. "capped":
    innovation has a cap, so that mesh and maximum condition are judged with the wider tolerances.
    """
    extras = {"discount_rate": 5.0} if kind == "fast" else {"innovation_caps": (3.0,)}
    right = optimise(BASE_CASE.replace(**extras), Model.INTEGRATED).solution
    assert check.certify(right).passed, str(check.certify(right))
    path = right.trajectory
    centre, width = (0.6, 0.3) if kind == "fast" else (12.0, 4.0)
    bump = 0.01 * np.exp(-(((path.grid.times - centre) / width) ** 2))[..., None]
    wrong = dataclasses.replace(right, trajectory=dataclasses.replace(path, innovation=path.innovation * (1.0 - bump)))
    names = {failure.name for failure in check.certify(wrong).failures}
    assert {"efficiency-follows-innovation", "maximum-condition"} <= names


def test_fast_discounting_takes_no_more_nodes_than_slow():
    """Elements are as long as the discount rate asks for, until 1e-8 of today's worth is left: ln(1e8)/2.5 = 7.4."""
    for rate in (2.5, 10.0, 100.0):
        grid = first_grid(BASE_CASE.replace(discount_rate=rate))
        assert grid.elements <= 10
        assert grid.elements * grid.degree <= 100
        assert math.exp(-rate * grid.breaks[-2]) == pytest.approx(1e-8)
    finite = first_grid(BASE_CASE.replace(discount_rate=10.0, horizon_length=1000.0))
    assert finite.breaks[-1] == 1000.0
    assert finite.elements <= 60
    early = finite.breaks[finite.breaks < 1.0]
    assert np.diff(early).max() <= 0.25 + 1e-12


def test_an_axis_that_follows_a_slower_pace_weighs_months_alike():
    """int exp(-rho t) exp(-q t) dt = 1/(rho + q), whatever pace the axis has."""
    levels = tuple(np.append(np.exp(-0.5 * np.arange(0.0, 16.0, 0.25)), 0.0))
    grid = InfiniteGrid(discount_rate=2.5, levels=levels, degree=5, pace=0.5)
    assert np.sum(grid.discounted_weights * np.exp(-0.4 * grid.times)) == pytest.approx(1.0 / 2.9, rel=1e-9)
    assert grid.position(grid.times).ravel() == pytest.approx(np.sort(grid.position(grid.times).ravel()))
    assert grid.breaks[1] == pytest.approx(0.25)


def test_the_element_without_end_may_have_a_pace_of_its_own():
    """At rate 10 and pace 0.5, and so 20 times slower, its last nodes would have no weight at all."""
    levels = tuple(np.append(np.exp(-0.5 * np.arange(0.0, 2.1, 0.25)), 0.0))
    slow = InfiniteGrid(discount_rate=10.0, levels=levels, degree=8, pace=0.5)
    grid = InfiniteGrid(discount_rate=10.0, levels=levels, degree=8, pace=0.5, tail_pace=10.0)
    assert slow.discounted_weights[-1].min() < 1e-30 * slow.discounted_weights[-1].max()
    assert grid.discounted_weights[-1].min() > 1e-2 * grid.discounted_weights[-1].max()
    assert np.array_equal(grid.breaks, slow.breaks)
    assert np.sum(grid.discounted_weights * np.exp(-0.4 * grid.times)) == pytest.approx(1.0 / 10.4, rel=1e-9)
    positions = grid.position(grid.times)
    assert (
        np.floor(positions).ravel().tolist()[:-1] == [e + (d == 7 and e < 8) for e in range(9) for d in range(8)][:-1]
    )  # Radau's last node is the next element's start
    slopes = np.diff(grid.position(np.array([grid.times[-1, 3] - 1e-6, grid.times[-1, 3] + 1e-6]))) / 2e-6
    assert slopes == pytest.approx([grid.speeds[-1, 3]], rel=1e-5)


def test_a_steady_state_is_told_where_it_is_determined():
    """Rate 0.5 is decay's own; at 10, today's worth of month 3 is 1e-13, and efficiency has fallen to exp(-1.5)."""
    known = optimise(BASE_CASE.replace(discount_rate=0.5), Model.INTEGRATED).solution
    exact = by_formula(known.instance, Model.INTEGRATED).solution.steady_state.efficiency
    assert known.steady_state.efficiency == pytest.approx(exact, rel=1e-6)
    unknown = optimise(BASE_CASE.replace(discount_rate=10.0), Model.INTEGRATED).solution
    assert unknown.steady_state is None
    assert "does not determine it" in unknown.remarks[0]


def test_a_time_limit_is_for_all_models_together():
    result = solve(BASE_CASE, route="optimizer", time_limit=1e-9)
    assert {answer.run.stop_reason for answer in result.models.values()} == {StopReason.TIME_LIMIT}
    assert all(answer.solution is None for answer in result.models.values())
