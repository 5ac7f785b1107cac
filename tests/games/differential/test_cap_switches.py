"""Caps on innovation: when it leaves its limits, by hand, and elements that meet there."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from batteryopt.games.differential.data.general import GeneralDifferentialGame
from batteryopt.games.differential.judge.check import certify
from batteryopt.games.differential.model.cap_switches import CapStanding, Kinks, WantedInnovation
from batteryopt.games.differential.model.cuts import CutGrid
from batteryopt.games.differential.model.discrete import Discrete, OptimizerOptions
from batteryopt.games.differential.model.mesh import MeshError
from batteryopt.games.differential.model.optimizer import solve
from batteryopt.games.differential.model.refinement import within_caps
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.path.time_grid import FiniteGrid
from batteryopt.games.differential.solution import Model
from batteryopt.ground.status import PointStatus, StopReason

RATE, DECAY, END, SALVAGE, EFFECT, COST = 0.1, 0.4, 6.0, 5.0, 1.2, 2.0


def by_salvage_alone(**changes) -> GeneralDifferentialGame:
    """Return a game in which efficiency is worth something at the end only.

    Each unit of it brings Phi = 0.8 vehicles and costs C0 = 0.4, and B C0 = 2 * 0.4 = Phi: margin and demand stay.
    """
    given = {
        "name": "salvage alone",
        "source": "made by hand",
        "market_size": (20.0,),
        "price_effect": ((2.0,),),
        "efficiency_effect": ((0.8,),),
        "unit_cost": (2.0,),
        "efficiency_unit_cost": ((0.4,),),
        "innovation_effectiveness": ((EFFECT,),),
        "efficiency_decay": ((DECAY,),),
        "innovation_cost": ((COST,),),
        "discount_rate": RATE,
        "credit_price": 0.0,
        "credits_per_vehicle": (0.0,),
        "initial_efficiency": (1.0,),
        "horizon_length": END,
        "salvage_values": (SALVAGE,),
    }
    return GeneralDifferentialGame(**{**given, **changes})


def free_innovation(time: float) -> float:
    """Return ``mu lambda / (2 k)`` with ``lambda = salvage exp(-(rho + eta)(T - t))``."""
    return EFFECT * SALVAGE / (2.0 * COST) * math.exp(-(RATE + DECAY) * (END - time))


def reaches(cap: float) -> float:
    """Return when free innovation reaches a cap: T - ln(mu salvage/(2 k cap))/(rho + eta)."""
    return END - math.log(EFFECT * SALVAGE / (2.0 * COST * cap)) / (RATE + DECAY)


def value_by_hand(cap: float) -> float:
    """Return the chain's value: margin 4 and demand 8 for ever, what innovation costs, the efficiency left at the end.

    p = (20/2 + 2)/2 = 6 at efficiency 0, so that the margin is 6 - 2 = 4, and demand 20 - 2 * 6 = 8.
    """
    turn, pace = reaches(cap), RATE + DECAY
    first, kept = free_innovation(0.0), math.exp(-RATE * END)
    flow = 32.0 * (1.0 - kept) / RATE
    # int exp(-rho t) k g^2, g = first exp(pace t) before the turn and the cap after it.
    rising = COST * first**2 * math.expm1((2.0 * pace - RATE) * turn) / (2.0 * pace - RATE)
    level = COST * cap**2 * (math.exp(-RATE * turn) - kept) / RATE
    # m(T) = m0 exp(-eta T) + int mu g exp(-eta (T - t))
    built = EFFECT * first * math.exp(-DECAY * END) * math.expm1((pace + DECAY) * turn) / (pace + DECAY)
    built += EFFECT * cap * (1.0 - math.exp(-DECAY * (END - turn))) / DECAY
    return flow - rising - level + kept * SALVAGE * (math.exp(-DECAY * END) + built)


@pytest.mark.parametrize("cap", [0.3, 0.7, 1.3])
def test_elements_meet_where_innovation_reaches_its_cap(cap):
    found = solve(by_salvage_alone(innovation_caps=(cap,)), Model.INTEGRATED)
    path = found.solution.trajectory
    assert np.abs(path.grid.breaks - reaches(cap)).min() < 3e-7  # g' = g/2: 1e-7 of innovation
    expected = np.minimum([free_innovation(t) for t in path.grid.times.ravel()], cap)
    assert path.innovation.ravel() == pytest.approx(expected, rel=1e-6)
    assert found.solution.objective == pytest.approx(value_by_hand(cap), rel=1e-9)
    certificate = found.certificate + certify(found.solution)
    assert certificate.passed, str(certificate)
    assert certificate["mesh-error"].tolerance == certificate["present-value-supply-chain"].tolerance == 1e-6


def test_a_cap_that_is_never_reached_changes_nothing():
    """Innovation ends at 1.2 * 5/4 = 1.5."""
    free, capped = (solve(by_salvage_alone(**caps), Model.INTEGRATED) for caps in ({}, {"innovation_caps": (1.51,)}))
    assert capped.solution.objective == pytest.approx(free.solution.objective, rel=1e-9)


def test_the_shadow_price_tells_when_from_a_path_with_a_blurred_kink():
    """Four elements, and no second round."""
    game = by_salvage_alone(innovation_caps=(0.9,))
    coarse = solve(game, Model.INTEGRATED, OptimizerOptions(rounds=0)).solution.trajectory
    assert np.abs(coarse.grid.breaks - reaches(0.9)).min() > 0.05
    wanted = WantedInnovation.by(game, Model.INTEGRATED, coarse, 1e-5)
    assert wanted.kinks().times == pytest.approx([reaches(0.9)], abs=1e-6)
    slope = (RATE + DECAY) * 0.9  # d/dt of free innovation, where it is the cap
    assert wanted.kinks().steepness == pytest.approx([slope / 0.9], rel=1e-3)
    before, after = FiniteGrid(discount_rate=RATE, ends=(0.0, reaches(0.9), END), degree=3), coarse.grid
    assert wanted.limits_on(before).tolist() == [[CapStanding.NONE], [CapStanding.CAP]]
    assert CapStanding.BOX in wanted.limits_on(after)  # the kink is inside


def test_a_path_that_is_far_from_the_best_tells_nothing():
    game = by_salvage_alone(innovation_caps=(0.7,))
    path = solve(game, Model.INTEGRATED, OptimizerOptions(rounds=0)).solution.trajectory
    wrong = path.__class__(**{**vars(path), "innovation": 0.7 - path.innovation})
    assert WantedInnovation.by(game, Model.INTEGRATED, wrong, 1e-5) is None
    assert WantedInnovation.by(by_salvage_alone(), Model.INTEGRATED, path, 1e-5) is None
    with_prices = game.replace(price_caps=(5.0,))
    assert WantedInnovation.by(game, Model.INTEGRATED, path, 1e-5) is not None
    assert WantedInnovation.by(with_prices, Model.INTEGRATED, path, 1e-5) is None  # lambda would be another


def test_caps_on_innovation_and_on_prices_together():
    """At a price cap of 5.5 a unit more of efficiency still brings Phi = 0.8 vehicles, and costs C0 = 0.4 on each sold.

    By the definitions: D = 20 + 0.8 m - 11, a margin of 5.5 - 2 - 0.4 m, and so a flow of (9 + 0.8 m)(3.5 - 0.4 m),
    with the slope 0.8 * 3.5 - 0.4 * 9 - 0.64 m = -0.8 - 0.64 m: innovation is worth less than without the cap, where
    the slope is 0, and comes to its own cap later.
    """
    free = solve(by_salvage_alone(innovation_caps=(0.7,)), Model.INTEGRATED).solution.trajectory
    capped = solve(by_salvage_alone(innovation_caps=(0.7,), price_caps=(5.5,)), Model.INTEGRATED)
    path = capped.solution.trajectory
    times = np.linspace(0.0, END, 400)
    before, after = (p.at(times).innovation[:, 0] for p in (free, path))
    assert times[np.argmax(after > 0.7 - 1e-4)] > times[np.argmax(before > 0.7 - 1e-4)]
    assert (capped.certificate + certify(capped.solution)).passed


def test_kinks_are_in_place_by_what_it_changes():
    kinks = Kinks(times=(1.0, 2.0), steepness=(10.0, 1e-3))
    assert kinks.are_at((1.0 + 1e-9, 2.0 + 1e-5), 2e-8)
    assert not kinks.are_at((1.0 + 1e-8, 2.0), 2e-8)
    assert not kinks.are_at((1.0,), 1.0)


class _Told:
    """Stands in for what the shadow price says."""

    def __init__(self, *times: float) -> None:
        self.times = times

    def kinks(self) -> Kinks:
        return Kinks(times=self.times, steepness=(1.0,) * len(self.times))

    def limits_on(self, grid):
        return np.zeros((grid.elements, 1), dtype=int)


def test_a_kink_is_cut_at_and_leaves_no_sliver():
    grid = FiniteGrid(discount_rate=0.1, ends=(0.0, 1.0, 2.0, 3.0), degree=3)
    nothing = MeshError(by_element=np.zeros(3), tail=0.0)
    cut = CutGrid(grid=grid).finer(nothing, _Told(1.5, 2.05), 1e-6, tail_tolerance=1.0)
    assert cut.grid.ends == (0.0, 1.0, 1.5, 2.05, 3.0)  # 2.0 gave way
    kept = CutGrid(grid=grid, fixed=(2.0,)).finer(nothing, _Told(2.05), 1e-6, tail_tolerance=1.0)
    assert kept.grid.ends == (0.0, 1.0, 2.0, 2.05, 3.0)  # the data have a kink there
    moved = cut.finer(MeshError(by_element=np.zeros(4), tail=0.0), _Told(1.6, 2.05), 1e-6, tail_tolerance=1.0)
    assert moved.grid.ends == (0.0, 1.0, 1.6, 2.05, 3.0)
    still = moved.finer(MeshError(by_element=np.zeros(4), tail=0.0), _Told(1.6, 2.05), 1e-6, tail_tolerance=1.0)
    assert still is moved
    halved = moved.finer(MeshError(by_element=np.array([0, 1, 0, 0]), tail=0.0), _Told(1.6, 2.05), 1e-6)
    assert halved.grid.ends == pytest.approx((0.0, 1.0, 1.3, 1.6, 2.05, 3.0))


def test_what_comes_to_a_limit_at_the_end_alone_has_no_kink():
    """Without salvage innovation falls to 0 at the end of the horizon, and not before."""
    game = by_salvage_alone(innovation_caps=(5.0,), salvage_values=None, efficiency_effect=((1.4,),))
    found = solve(game, Model.INTEGRATED)
    certificate = found.certificate + certify(found.solution)
    assert certificate.passed, str(certificate)
    assert found.solution.trajectory.end.innovation[0] == pytest.approx([0.0], abs=1e-6)


def test_innovation_is_put_back_between_its_limits():
    """By 1e-7 of its cap after a search that ended, by 1e-4 after one that a limit stopped, and by 1 % never."""
    game = by_salvage_alone(innovation_caps=(0.7,))
    path = solve(game, Model.INTEGRATED, OptimizerOptions(rounds=0)).solution.trajectory
    found = Discrete(
        trajectory=path, solver="none", stop_reason=StopReason.CONVERGED, point_status=PointStatus.FEASIBLE
    )
    for factor, reason, is_kept in (
        (1e-7, StopReason.CONVERGED, True),
        (1e-4, StopReason.CONVERGED, False),
        (1e-4, StopReason.TIME_LIMIT, True),
        (1e-2, StopReason.TIME_LIMIT, False),
    ):
        over = dataclasses.replace(path, innovation=np.minimum(path.innovation, 0.7) * (1.0 + factor))
        back = within_caps(game, dataclasses.replace(found, trajectory=over, stop_reason=reason))
        assert (back.trajectory.innovation.max() <= 0.7) == is_kept


@pytest.mark.parametrize(("cap", "budget"), [(4.5, 380.0), (4.0, 250.0)])
def test_a_budget_and_a_cap_together(cap, budget):
    """Innovation at its cap says nothing of the budget's price, neither to the search nor to the judge."""
    found = solve(BASE_CASE.replace(innovation_caps=(cap,), innovation_budget=budget), Model.INTEGRATED)
    certificate = found.certificate + certify(found.solution)
    assert certificate.passed, str(certificate)
    path = found.solution.trajectory
    spent = path.integral(BASE_CASE.innovation_cost * path.innovation[..., 0] ** 2)
    assert spent <= budget * (1 + 1e-9)
