"""Processes that may use little memory: an answer, or words, and never a wait for what does not come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import pytest

from batteryopt.ground import scarce_memory
from batteryopt.ground.interrupt import InterruptFlag, run_interruptibly
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.search import search as searching
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from batteryopt.solvers.contract.adapter import Options
from tests.command_line import ROOT, TABLE_2, run

HAND = ROOT / "data" / "networks" / "hand"
limited = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="addresses are limited on Linux only")


def ended(megabytes: int, *words: object) -> tuple[subprocess.CompletedProcess[str], float, float]:
    """Run a command that may use so many megabytes of addresses; with its seconds outside and inside the kernel."""
    import resource

    little = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes << 20}, {megabytes << 20}))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = run(*words, first=little, timeout=300, env={**os.environ, "PYTHONPATH": str(ROOT)})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def complaints(megabytes: int, *words: object) -> list[str]:
    """Return what should not have happened: anything but an answer, or words about memory."""
    found, outside, inside = ended(megabytes, *words)
    said = found.stderr
    wrong = [] if found.returncode in (0, 1, 4) else [f"status {found.returncode}"]
    wrong += [f"says {word}" for word in ("Traceback", "fault of batteryopt", "install") if word in said]
    if found.returncode == 1 and "memory ran out" not in said:
        wrong.append("does not say that memory ran out")
    if found.returncode == 0 and not found.stdout:
        wrong.append("has no answer")
    if inside > max(outside, 3.0):  # asks the system for memory instead of working; starting alone may take a second
        wrong.append(f"{inside:.1f} s in the kernel, {outside:.1f} s outside")
    return [*wrong, f"at {megabytes} MB: {said[-600:]}"] if wrong else []


@limited
@pytest.mark.parametrize("megabytes", [40, pytest.param(620, marks=pytest.mark.slow)])
def test_little_memory_is_told_or_enough(megabytes):
    assert not complaints(megabytes, "solve", HAND, "--time-limit", 20)


@limited
@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [60, 120, 200, 300, 400, 480, 540, 580, 600, 660, 700, 800, 1200])
@pytest.mark.parametrize("instance", [HAND, TABLE_2], ids=["network", "game"])
def test_no_amount_of_memory_ends_otherwise_than_in_words(megabytes, instance):
    assert not complaints(megabytes, "solve", instance, "--time-limit", 20)


def test_a_thread_that_cannot_be_started_is_told_and_not_waited_for(monkeypatch):
    def full(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", full)
    with pytest.raises(MemoryError, match="can't start new thread"):
        run_interruptibly(lambda: None, InterruptFlag(is_live=True))


def test_a_solver_does_not_begin_where_it_would_end_the_process(monkeypatch):
    monkeypatch.setattr(scarce_memory, "left", lambda: 5 << 20)
    with pytest.raises(MemoryError, match="5 MB are left"):
        run_interruptibly(lambda: None, InterruptFlag())


@pytest.mark.parametrize("small", [0, 10**9], ids=["searched in phases", "one tree"])
def test_a_tree_that_finds_no_memory_costs_neither_plan_nor_bound(monkeypatch, small):
    """Of a network that is searched in phases, the plan of the phases before the tree is kept."""
    monkeypatch.setattr(searching, "TINY", small)
    monkeypatch.setattr(searching, "SMALL", small)
    monkeypatch.setattr(searching, "_solved", lambda *_rest: (_ for _ in ()).throw(MemoryError))
    monkeypatch.setattr(Options, "is_near_enough", lambda *_values: False)  # or the phases would prove it by themselves
    found = solve(read(HAND))
    assert found.run.stop_reason is StopReason.MEMORY_LIMIT
    assert found.run.stop_reason.is_limit
    assert found.run.bound is not None
    assert (found.solution is not None) == (small == 0)
    if small == 0:
        assert found.run.point_status is PointStatus.FEASIBLE
        assert found.certificate.passed
    else:
        assert "memory" in found.reason
    json.dumps(found.to_json())


def test_a_library_that_does_not_fit_is_a_want_of_memory_and_a_missing_one_is_not():
    assert scarce_memory.is_want_of_memory(ImportError("_core.so: failed to map segment from shared object"))
    assert scarce_memory.is_want_of_memory(OSError(12, "Cannot allocate memory"))
    assert not scarce_memory.is_want_of_memory(ImportError("undefined symbol: f"))


def test_an_error_that_lost_its_exception_is_a_want_of_memory_only_where_memory_is_limited(monkeypatch):
    lost = SystemError("error return without exception set")
    monkeypatch.setattr(scarce_memory, "limit", lambda: 40 << 20)
    assert scarce_memory.is_want_of_memory(lost)
    assert not scarce_memory.is_want_of_memory(SystemError("bad call flags"))
    monkeypatch.setattr(scarce_memory, "limit", lambda: None)
    assert not scarce_memory.is_want_of_memory(lost)
