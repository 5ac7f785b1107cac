"""Futures by mpi-sppy: the same plan as the extensive form, with a bound of its own; what is missing told in words."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from batteryopt.ground.errors import InvalidInput, SolverUnavailable
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.cluster import engine
from batteryopt.network.cluster.engine import solve_by_hedging
from batteryopt.network.cluster.hedging import BEST_SO_FAR, BOUNDS, FIRST_STAGE
from batteryopt.network.futures.solve_futures import solve_futures
from tests.command_line import invoke
from tests.network.line import METAL, PACK, level, line, plant
from tests.network.test_futures import TWO, futures


def _needs_ranks():
    pytest.importorskip("mpisppy")
    try:
        engine.mpiexec()
    except SolverUnavailable as missing:
        pytest.skip(str(missing))


@pytest.mark.slow
def test_two_futures_by_three_ranks():
    """As in `test_futures.py`: open for all, (218 - 1210) / 2 = -496."""
    _needs_ranks()
    found = solve_by_hedging(line(**TWO), gap=1e-3, time_limit=120)
    assert found.certificate.passed, found.certificate
    assert found.objective == pytest.approx(-496)
    assert found.run.point_status is PointStatus.OPTIMAL
    assert found.run.bound <= -496 * (1 - 1e-9) + 1e-6
    assert found.run.solver.startswith("mpi-sppy ")
    assert [row["site"] for row in found.to_json()["first_stage"]] == ["Birch"]


@pytest.mark.slow
def test_ranks_leave_plans_as_they_find_them(monkeypatch):
    """So that what ends them, a time limit or Ctrl-C, loses none: Birch is opened in both of the best there is."""
    _needs_ranks()
    left = {}

    def looked(folder):
        left.update({path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")})
        return read_first_stage(folder)

    read_first_stage = engine._first_stage
    monkeypatch.setattr(engine, "_first_stage", looked)
    solve_by_hedging(line(**TWO), gap=1e-3, time_limit=120)
    assert json.loads(left[BEST_SO_FAR]) == pytest.approx(json.loads(left[FIRST_STAGE]), abs=1e-6)
    assert json.loads(left[BOUNDS])["inner"] == pytest.approx(-496)


@pytest.mark.slow
def test_it_agrees_with_the_extensive_form_where_sizes_differ():
    """S is best for the mean, L for all (-295): see `test_what_planning_for_the_mean_costs`."""
    _needs_ranks()
    both = futures([0.75, 0.25], [("a", "returns.tonnes", "set", "30"), ("b", "returns.tonnes", "set", "90")])
    network = line(types=plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450))), **both)
    found, whole = solve_by_hedging(network, gap=1e-3, time_limit=120), solve_futures(network, gap=0)
    assert found.objective == pytest.approx(whole.objective) == pytest.approx(-295)
    assert found.first_stage["level"].tolist() == ["L"]


READS_WHILE_THE_OTHER_WORKS = """
import sys, time
from pathlib import Path
import numpy as np
from mpi4py import MPI
from batteryopt.network.cluster.hedging import answering
world, place = MPI.COMM_WORLD, Path(sys.argv[1])
window = MPI.Win.Allocate(8, 8, comm=world)
with answering():
    world.Barrier()
    if world.Get_rank():
        window.Lock(0, MPI.LOCK_SHARED)
        window.Get(np.zeros(1), 0)
        window.Unlock(0)
        (place / "read").touch()
    else:
        until = time.monotonic() + 60.0
        while time.monotonic() < until and not (place / "read").exists():
            time.sleep(0.05)  # works, without a word to MPI
        (place / "done").write_text("while it worked" if (place / "read").exists() else "afterwards")
world.Barrier()
window.Free()
"""


def test_a_rank_that_solves_answers_others(tmp_path):
    """Else hub and spokes solve in turn: a rank that reads another's memory waits until that one calls MPI."""
    _needs_ranks()
    words = [engine.mpiexec(), "-n", "2", sys.executable, "-c", READS_WHILE_THE_OTHER_WORKS, str(tmp_path)]
    where = {**os.environ, "PYTHONPATH": str(Path(engine.__file__).parents[3])}
    subprocess.run(words, env=where, check=True, timeout=240)
    assert (tmp_path / "done").read_text() == "while it worked"


@pytest.mark.parametrize("left", [None, [0.0]], ids=["nothing", "nothing opens"])
def test_where_ranks_bring_no_plan_one_is_sought_without_them(left, monkeypatch):
    """The time may be too short for them, and what they open may keep no rules: the best plan with its bound comes."""
    monkeypatch.setattr(engine, "mpiexec", lambda: "mpiexec")
    monkeypatch.setattr(engine.importlib.metadata, "version", lambda _: "1")

    def ended(_command, folder, _limit, _flag):
        if left is not None:
            (folder / BEST_SO_FAR).write_text(json.dumps(left), encoding="utf-8")
        return StopReason.TIME_LIMIT

    monkeypatch.setattr(engine, "_ran", ended)
    must = (dataclasses.replace(PACK, uncollected_cost_per_t=None), METAL)
    found = solve_by_hedging(line(products=must, **TWO), gap=0)
    assert found.objective == pytest.approx(-496)
    assert found.run.bound == pytest.approx(-496)
    assert found.certificate.passed, found.certificate
    assert found.run.point_status is PointStatus.OPTIMAL
    assert "brought back no plan" in found.run.solver


def test_the_plan_for_the_mean_is_taken_where_it_is_cheaper(monkeypatch):
    """Ranks that open nothing leave 480; to open for the mean of 48 t costs -496 in both, the best there is."""
    monkeypatch.setattr(engine, "mpiexec", lambda: "mpiexec")
    monkeypatch.setattr(engine.importlib.metadata, "version", lambda _: "1")

    def ended(_command, folder, _limit, _flag):
        (folder / BEST_SO_FAR).write_text(json.dumps([0.0]), encoding="utf-8")
        (folder / BOUNDS).write_text(json.dumps({"inner": 480.0, "outer": -500.0}), encoding="utf-8")
        return StopReason.TIME_LIMIT

    monkeypatch.setattr(engine, "_ran", ended)
    found = solve_by_hedging(line(**TWO), gap=0)
    assert found.objective == pytest.approx(-496)
    assert found.vss.value == pytest.approx(0.0, abs=1e-9)
    assert found.run.bound == pytest.approx(-500)
    assert found.run.solver == "mpi-sppy 1 (3 ranks); the plan for the mean is cheaper than theirs"


def test_the_plan_of_the_mean_is_tried_beside_facilities_that_were_brought_back():
    """S is best for the mean, and costs more than L in both: what the ranks do not say is found here."""
    both = futures([0.75, 0.25], [("a", "returns.tonnes", "set", "30"), ("b", "returns.tonnes", "set", "90")])
    network = line(types=plant(levels=(level(capacity_t=40), level(name="L", opening_cost=450))), **both)
    whole = solve_futures(network, gap=0)
    kept = solve_futures(network, facilities=whole.solution[0], beside_the_mean=True, gap=0)
    assert kept.mean_future == pytest.approx(whole.mean_future)
    assert kept.mean_value.value == pytest.approx(whole.mean_value.value)
    assert kept.certificate.passed, kept.certificate
    assert solve_futures(network, facilities=whole.solution[0], gap=0).mean_value is None


def test_what_is_missing_is_told_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setattr(engine, "_has", lambda _: False)
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)
    monkeypatch.setattr(engine.sys, "executable", "/nowhere/python")
    with pytest.raises(SolverUnavailable, match=r"mpiexec and mpi-sppy and mpi4py .* pip install 'batteryopt\[mpi\]'"):
        solve_by_hedging(line(**TWO))


@pytest.mark.parametrize("ranks", [1, 4])
def test_ranks_are_shared_out_in_three(ranks):
    with pytest.raises(InvalidInput, match="--ranks: is"):
        solve_by_hedging(line(**TWO), ranks=ranks)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ranks", "3"], "--ranks: is for several processes"),
        (["--engine", "mpisppy"], "did you mean 'mpi-sppy'?"),
        (["--engine", "mpi-sppy", "--risk", "worst"], "--risk: is given beside --engine mpi-sppy"),
    ],
)
def test_options_that_do_not_go_together(tmp_path, words, said):
    invoke("futures", "data/networks/hand", "--from", "prices", "--count", 2, "--out", tmp_path / "n")
    found = invoke("solve", tmp_path / "n", "--model", "stochastic", *words)
    assert found.exit_code == 2, found.output
    assert said in found.stderr
