"""Ctrl-C during plans for several futures: the best plan with its bound comes back, judged like any other."""

from __future__ import annotations

import dataclasses
import itertools
import signal

import pytest

from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt, winding_up
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.cluster.engine import _first_stage
from batteryopt.network.cluster.hedging import BEST_SO_FAR, FIRST_STAGE
from batteryopt.network.formulation.extract import to_solution
from batteryopt.network.formulation.formulate import formulate
from batteryopt.network.futures import found_by_cuts
from batteryopt.network.futures.future import futures_of, mean_future
from batteryopt.network.futures.in_hindsight import WEIGHTS
from batteryopt.network.futures.owed_plan import owed_points
from batteryopt.network.futures.relaxed_by_cuts import RelaxedByCuts
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.robust.solve_robust import solve_robust
from batteryopt.network.solve import solve
from batteryopt.solvers.contract.adapter import Options
from tests.network.line import METAL, PACK, level, line, plant, returns
from tests.network.test_futures import TWO, futures


def at(words):
    """Return an announcer that interrupts, once, where something is begun."""
    heard = []

    def announce(text):
        if words in text and not heard:
            heard.append(text)
            signal.raise_signal(signal.SIGINT)

    return announce


SIZES = plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450)))
FOUR = futures([0.3, 0.3, 0.2, 0.2], [(name, "returns.tonnes", "set", value) for name, value in
                                      (("a", "30"), ("b", "32"), ("c", "90"), ("d", "80"))])  # fmt: skip
WHOLE = -424.2
"""100 t cost 470 in all, a tonne that is worked on -17: -40, -74, -1060 and -890. With 40 t it is -88.2."""


@pytest.mark.parametrize("by_cuts", [False, True], ids=["extensive form", "rows of costs"])
def test_futures_keep_the_plan_of_the_mean(by_cuts, monkeypatch):
    if by_cuts:
        monkeypatch.setattr(found_by_cuts, "CUTS_FROM", 0)
    found = solve_futures(line(types=SIZES, **FOUR), gap=0, announce=at("all futures together"))
    whole = solve_futures(line(types=SIZES, **FOUR), gap=0)
    assert found.run.stop_reason in (StopReason.INTERRUPTED, StopReason.CONVERGED)
    assert found.certificate.passed, found.certificate
    assert found.objective >= whole.objective - 1e-6
    assert found.run.bound <= whole.objective + 1e-6


MOMENTS = ["the mean of the futures", "its plan in all futures", "the future 'a' alone", "the future 'c' alone"]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("by_cuts", [False, True], ids=["extensive form", "rows of costs"])
def test_there_is_a_plan_whenever_it_is_interrupted(by_cuts, moment, monkeypatch):
    """Before a plan was known for all futures, too: plans of the mean, or of single ones, are tried then."""
    if by_cuts:
        monkeypatch.setattr(found_by_cuts, "CUTS_FROM", 0)
    found = solve_futures(line(types=SIZES, **FOUR), gap=0, announce=at(moment))
    assert_a_plan(found)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_rows_keep_a_plan_whenever_they_are_interrupted(number, monkeypatch):
    """At the first, second ... first stage whose rows are taken; the one with whole numbers found by then is tried."""
    monkeypatch.setattr(found_by_cuts, "CUTS_FROM", 0)
    tries, take = itertools.count(1), RelaxedByCuts._try

    def interrupted(self, x):
        if next(tries) == number:
            signal.raise_signal(signal.SIGINT)
        return take(self, x)

    monkeypatch.setattr(RelaxedByCuts, "_try", interrupted)
    assert_a_plan(solve_futures(line(types=SIZES, **FOUR), gap=0))


@pytest.mark.parametrize("order", [1, -1])
def test_what_breaks_a_rule_is_passed_over_after_an_interrupt(order):
    """Packs must be taken: 40 t are too few where 90 t return, 100 t serve all."""
    must = line(types=SIZES, products=(dataclasses.replace(PACK, uncollected_cost_per_t=None), METAL), **FOUR)
    small, large = (solve(must.in_scenario(name), gap=0).solution for name in "ac")
    assert [plan.facilities["capacity_t"].max() for plan in (small, large)] == [40, 100]
    futures = futures_of(must)
    forms = [formulate(future.network, WEIGHTS) for future in futures]
    points = owed_points(forms, [small, large][::order], mean_future(futures), Options())
    plans = [to_solution(m, f.network, x) for m, f, x in zip(forms, futures, points, strict=True)]
    assert [plan.facilities["capacity_t"].max() for plan in plans] == [100] * 4


def assert_a_plan(found):
    assert found.run.stop_reason in (StopReason.INTERRUPTED, StopReason.CONVERGED)
    assert found.certificate.passed, found.certificate
    assert found.objective >= WHOLE - 1e-6
    assert found.run.bound is None or found.run.bound <= WHOLE + 1e-6


def test_replications_that_were_begun_are_left():
    found = solve_futures(line(**TWO), gap=0, replications=4, announce=at("replication 4"))
    assert found.sampled is not None
    assert found.sampled.is_stopped
    assert found.sampled.replications == 3
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.run.stop_reason is StopReason.INTERRUPTED


def test_replications_that_time_ends_say_so():
    found = solve_futures(line(**TWO), gap=0, replications=2000, time_limit=1.5)
    assert found.sampled is None or found.sampled.replications < 2000
    assert found.run.stop_reason is StopReason.TIME_LIMIT
    assert found.run.point_status is PointStatus.OPTIMAL


@pytest.mark.parametrize("moment", ["the worst future for that plan", "round 2: a plan"])
def test_the_plan_for_the_worst_so_far_is_kept(moment):
    network = line(types=SIZES, returns=returns(more_t=30.0, less_t=30.0))
    found = solve_robust(network, budget=1, gap=0, announce=at(moment))
    whole = solve_robust(network, budget=1, gap=0)
    assert found.run.stop_reason in (StopReason.INTERRUPTED, StopReason.CONVERGED)
    assert found.solution is not None
    assert found.certificate.passed, found.certificate
    assert found.run.bound <= whole.run.bound + 1e-6


def test_what_an_interrupt_has_left_is_wound_up():
    with catching_interrupt() as flag:
        flag.is_set = True
        with winding_up() as own:
            assert not own.is_set
            assert InterruptFlag.under_way is own
            signal.raise_signal(signal.SIGINT)
            assert own.is_set
        assert InterruptFlag.under_way is flag


def test_first_stages_that_ended_ranks_have_left(tmp_path):
    """What they leave at their own end comes before what they left on the way."""
    assert _first_stage(tmp_path) is None
    (tmp_path / BEST_SO_FAR).write_text("[0.0, 1.0]", encoding="utf-8")
    assert _first_stage(tmp_path).tolist() == [0.0, 1.0]
    (tmp_path / FIRST_STAGE).write_text("[1.0, 1.0]", encoding="utf-8")
    assert _first_stage(tmp_path).tolist() == [1.0, 1.0]
