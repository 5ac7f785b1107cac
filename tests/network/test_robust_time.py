"""Plans for the worst within a time limit, and what is told of them on the way: by fake clocks and by counting."""

from __future__ import annotations

import pytest

from batteryopt.ground.interrupt import catching_interrupt
from batteryopt.network.data.instance import Limit, Quantity
from batteryopt.network.robust import solve_robust as whole
from batteryopt.network.robust.clock import LEAST_SECONDS, MOST_KEPT, Clock
from batteryopt.network.robust.deviations import moves_of
from batteryopt.network.robust.robust_search import RobustSearch
from batteryopt.solvers.contract.adapter import Options, Progress
from batteryopt.solvers.contract.best_told import BestTold
from batteryopt.solvers.highs import highs_arrays
from batteryopt.solvers.highs.highs_growing import GrowingProgram
from tests.network.line import level, line, lorry, plant, returns, rules
from tests.network.test_robust import many_towns

SIZES = plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450)))


class FakeTime:
    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


class WholeGrant(Clock):
    """A clock of which every step takes all that it is granted."""

    def __init__(self, limit):
        self.fake, self.granted = FakeTime(), 0
        super().__init__(limit, self.fake)

    def grant(self, part=1.0, *, but=""):
        seconds = super().grant(part, but=but)
        self.fake.seconds += seconds
        self.granted += 1
        return seconds


# ---- the clock -------------------------------------------------------------------------------------------------------


def test_what_is_kept_for_the_end_is_left_alone_until_then():
    now = FakeTime()
    clock = Clock(100.0, now)
    clock.expect("proof", 2.0, 10)
    clock.expect("checks", 3.0, 4)
    assert clock.left() == 100 - 20 - 12
    assert clock.grant(0.5) == 34.0
    now.seconds = 68.0
    assert clock.is_over()
    with pytest.raises(TimeoutError):
        clock.grant()
    assert clock.grant(but="proof") == 20.0
    now.seconds = 88.0
    assert clock.is_over("proof")
    clock.expect("proof", 0.0, 0)  # it is done, or given up
    assert clock.grant(but="checks") == 12.0
    clock.expect("checks", None, 2)
    assert clock.left() == 100 - 88 - 6


def test_what_is_kept_leaves_some_time_to_find_a_plan():
    clock = Clock(10.0, FakeTime())
    clock.expect("checks", 50.0, 10)
    assert clock.left() == pytest.approx((1.0 - MOST_KEPT) * 10.0)


def test_without_a_limit_nothing_is_over():
    clock = Clock(None, FakeTime())
    clock.expect("checks", 50.0, 10)
    assert not clock.is_over()
    assert clock.grant() is None


# ---- every step asks it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1.0, 3.0, 30.0, 1000.0])
def test_steps_that_take_all_they_are_granted_end_within_the_limit(limit):
    """Had a step begun that asks for more than is left, or none of what is kept been left alone, it would be late."""
    network = many_towns(4, 3)
    with catching_interrupt() as flag:
        clock = WholeGrant(limit)
        options = Options(relative_gap=0.0, threads=1)
        search = RobustSearch(
            network, moves_of(network), 2, options, flag, clock, announce=lambda _: None, on_progress=None
        )
        found = search.go()
        whole._answer(network, search, found, options, flag)
    assert clock.granted
    assert clock.spent() <= limit + LEAST_SECONDS


@pytest.fixture
def limits(monkeypatch):
    """Return the seconds that solvers were given from here on, None where it was as long as they like."""
    given = []
    run, solve = highs_arrays.run, GrowingProgram.solve

    def noted(program, options, *rest, **more):
        given.append(options.time_limit)
        return run(program, options, *rest, **more)

    def grown(self, seconds=None):
        given.append(seconds)
        return solve(self, seconds)

    monkeypatch.setattr(highs_arrays, "run", noted)
    monkeypatch.setattr(GrowingProgram, "solve", grown)
    return given


@pytest.mark.parametrize(
    "network",
    [
        many_towns(4, 1),
        line(types=SIZES, returns=returns(more_t=30.0, less_t=30.0)),
        line(
            modes=(lorry(cost_per_t_km=0.0, trip_capacity_t=7.0, whole_trips=True, cost_per_trip=5.0),),
            returns=returns(less_t=30.0),
        ),
        line(
            returns=returns(tonnes=90, less_t=10.0),
            policy=rules(limits=(Limit(name="work", quantity=Quantity.PROCESSED, least=85),)),
        ),
    ],
    ids=["towns", "sizes", "whole trips", "impossible"],
)
def test_no_solver_is_begun_without_a_limit(limits, network):
    """The proof, the plan in each future and futures by chance had been: 15 s took 27."""
    whole.solve_robust(network, budget=2, gap=0, time_limit=1000.0)
    assert limits
    assert all(seconds is not None and seconds <= 1000.0 for seconds in limits)


# ---- what is told ----------------------------------------------------------------------------------------------------


def test_what_was_told_is_never_taken_back():
    told = []
    listener = BestTold(told.append)
    for objective, bound in ((None, 50.9), (None, 112.3), (None, 50.9), (700.0, None), (120.0, 113.0), (130.0, 90.0)):
        listener(Progress(seconds=0.0, objective=objective, bound=bound))
    assert [p.bound for p in told] == [50.9, 112.3, 112.3, 112.3, 113.0, 113.0]
    assert [p.objective for p in told] == [None, None, None, 700.0, 120.0, 120.0]


@pytest.mark.parametrize("seed", range(3))
def test_bounds_of_a_plan_for_the_worst_never_fall(seed):
    told = []
    found = whole.solve_robust(many_towns(4, seed), budget=2, gap=0, on_progress=told.append)
    bounds = [p.bound for p in told if p.bound is not None]
    values = [p.objective for p in told if p.objective is not None]
    assert len(bounds) > 1
    assert bounds == sorted(bounds)
    assert values == sorted(values, reverse=True)
    assert bounds[-1] <= found.most + 1e-6
