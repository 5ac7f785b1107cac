"""Ctrl-C during plans for several futures: the best plan with its bound comes back, judged like any other."""

from __future__ import annotations

import signal

import pytest

from batteryopt.ground.interrupt import InterruptFlag, catching_interrupt, winding_up
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.cluster.engine import _first_stage
from batteryopt.network.cluster.hedging import BEST_SO_FAR, FIRST_STAGE
from batteryopt.network.futures import found_by_cuts
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.network.robust.solve_robust import solve_robust
from tests.network.line import level, line, plant, returns
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
