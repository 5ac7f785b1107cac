"""Solves that can be interrupted run in a thread of their own, SCIP's all in the same one: the 64th would crash it."""

from __future__ import annotations

import threading

import pyomo.environ as pyo
import pytest

from batteryopt import solvers
from batteryopt.ground.interrupt import InterruptFlag, run_interruptibly
from batteryopt.solvers import Options


def test_shared_work_is_done_in_one_thread_beside_the_main_one():
    seen: list[int] = []
    flag = InterruptFlag(is_live=True)

    for _ in range(100):
        run_interruptibly(lambda: seen.append(threading.get_ident()), flag, in_shared_thread=True)

    assert len(seen) == 100
    assert len(set(seen)) == 1
    assert seen[0] != threading.get_ident()


def test_other_work_gets_a_thread_that_ends_with_it():
    seen: list[threading.Thread] = []

    run_interruptibly(lambda: seen.append(threading.current_thread()), InterruptFlag(is_live=True))
    seen[0].join(10)

    assert seen[0] is not threading.main_thread()
    assert not seen[0].is_alive()


@pytest.mark.slow
def test_seventy_nonlinear_solves_in_one_process():
    model = pyo.ConcreteModel()
    model.x = pyo.Var(bounds=(-2, 2))
    model.y = pyo.Var(bounds=(-2, 2))
    model.cost = pyo.Objective(expr=(model.x - 1) ** 4 + pyo.exp(model.y) + model.x * model.y**2)

    objectives = {round(solvers.get("scip").solve(model, Options()).objective, 4) for _ in range(70)}

    assert len(objectives) == 1


def test_an_error_reaches_the_caller_and_leaves_the_thread_at_work():
    flag = InterruptFlag(is_live=True)
    seen: list[int] = []

    with pytest.raises(ZeroDivisionError):
        run_interruptibly(lambda: 1 / 0, flag, in_shared_thread=True)
    run_interruptibly(lambda: seen.append(1), flag, in_shared_thread=True)

    assert seen == [1]


def test_stop_is_called_while_work_goes_on_after_an_interrupt():
    flag = InterruptFlag(is_live=True)
    flag.is_set = True
    stopped = threading.Event()

    run_interruptibly(lambda: stopped.wait(10), flag, stop=stopped.set)

    assert stopped.is_set()


def test_a_worker_left_behind_is_not_waited_for():
    """Ctrl-C twice raises in the main thread while the solver goes on; the next solve does not queue behind it."""
    flag = InterruptFlag(is_live=True)
    flag.is_set = True
    release = threading.Event()
    seen: list[int] = []

    def give_up() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_interruptibly(lambda: release.wait(30), flag, stop=give_up, in_shared_thread=True)
    run_interruptibly(lambda: seen.append(1), InterruptFlag(is_live=True), in_shared_thread=True)
    release.set()

    assert seen == [1]


def test_outside_the_main_thread_work_is_done_on_the_spot():
    seen: list[int] = []

    run_interruptibly(lambda: seen.append(threading.get_ident()), InterruptFlag(is_live=False))

    assert seen == [threading.get_ident()]
