"""Sweeps on a Dask cluster: the table of one process, whatever dies or is interrupted in between."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from batteryopt.ground.errors import BatteryOptError
from batteryopt.network.tables import read
from batteryopt.sweep import Axis, sweep
from batteryopt.work.parts import all_parts
from tests.command_line import ROOT, invoke, started
from tests.network.small import small_network

distributed = pytest.importorskip("distributed")
AXES = [Axis.parse("returns.tonnes*=0.1:1:6")]


def cluster(workers, **more):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, memory_limit=None, **more
    )


@pytest.mark.slow
def test_the_workers_of_a_scheduler_give_the_same_table(tmp_path):
    place = small_network(tmp_path / "a")
    with cluster(1, processes=False, protocol="tcp") as there:
        found = invoke(
            *("sweep", place, "--vary", "returns.tonnes*=0.1:1:6", "--scheduler", there.scheduler_address),
            *("--threads", 1, "--out", tmp_path / "x.csv"),
        )
    assert found.exit_code == 0, found.stderr
    expected = sweep(read(place), AXES, threads=1)
    expected.to_csv(tmp_path / "expected.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "x.csv"), pd.read_csv(tmp_path / "expected.csv"), rtol=1e-9)


@pytest.mark.parametrize(
    ("address", "said"),
    [("nowhere", "expected an address such as tcp://host:8786, or mpi"), ("tcp://127.0.0.1:9", "cannot be reached")],
)
def test_a_scheduler_that_is_not_there_is_told(tmp_path, monkeypatch, address, said):
    monkeypatch.setattr("batteryopt.work.crews.SECONDS_TO_REACH", 0.5)
    place = small_network(tmp_path / "a")
    found = invoke(
        *("sweep", place, "--vary", "returns.tonnes*=0.1:1:6", "--scheduler", address, "--out", tmp_path / "x.csv")
    )
    assert found.exit_code == 2
    assert said in found.stderr


def squared(part: int) -> list[dict[str, int]]:
    time.sleep(0.002)
    return [{"squared": part * part}]


@pytest.mark.slow
def test_a_killed_worker_and_an_interrupt_change_nothing(tmp_path):
    """2,000 parts on four workers; one is killed, Ctrl-C comes after some more, and the same call goes on."""
    given = {"name": "work", "identity": {}, "journal": tmp_path / "x.journal"}
    with cluster(4, processes=True) as there:
        workers = [worker.pid for worker in there.workers.values()]

        def disturbed(done: int) -> None:
            if done == 300:
                os.kill(workers[0], signal.SIGKILL)
            if done == 900:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            all_parts(squared, range(2000), scheduler=there.scheduler_address, on_progress=disturbed, **given)
        found = all_parts(squared, range(2000), scheduler=there.scheduler_address, **given)
    assert [rows[0]["squared"] for rows in found.values()] == [part * part for part in range(2000)]


@pytest.mark.slow
def test_a_sweep_with_a_killed_worker_is_the_sweep_of_one_process(tmp_path):
    network = read(small_network(tmp_path / "a"))
    axes = [Axis.parse("returns.tonnes*=0.1:1:10"), Axis.parse("markets.price_per_t=0:60:4")]
    expected = sweep(network, axes, threads=1)
    with cluster(4, processes=True) as there:
        workers = [worker.pid for worker in there.workers.values()]

        def disturbed(done: int) -> None:
            if done == 8:
                os.kill(workers[0], signal.SIGKILL)

        found = sweep(network, axes, threads=1, scheduler=there.scheduler_address, on_progress=disturbed)
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.slow
def test_ctrl_c_leaves_a_journal_from_which_the_workers_go_on(tmp_path):
    place, out = small_network(tmp_path / "a"), tmp_path / "x.csv"
    journal = tmp_path / "x.csv.journal"
    with cluster(2, processes=True) as there:
        words = ("sweep", place, "--vary", "returns.tonnes*=0.1:1:60", "--scheduler", there.scheduler_address)
        with started(*words, "--out", out, stderr=subprocess.PIPE) as process:
            patience = time.monotonic() + 120
            while time.monotonic() < patience and (not journal.exists() or journal.read_bytes().count(b"\n") < 4):
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
        assert process.returncode == 4, said
        assert "the same command goes on" in said
        assert "Traceback" not in said
        kept = journal.read_bytes().count(b"\n") - 1
        assert 3 <= kept < 60
        again = invoke(*words, "--out", out)
    assert again.exit_code == 0
    assert f"sweep: {kept} of 60" in again.stderr
    assert len(pd.read_csv(out)) == 60
    assert not journal.exists()


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("mpiexec") is None or importlib.util.find_spec("mpi4py") is None,
    reason="mpiexec or mpi4py is not installed (extra mpi)",
)
def test_mpi_gives_the_same_table(tmp_path):
    place = small_network(tmp_path / "a")
    words = ("sweep", place, "--vary", "returns.tonnes*=0.1:1:6", "--threads", 1, "--scheduler", "mpi")
    command = ["mpiexec", "-n", "3", sys.executable, "-m", "mpi4py.futures", "-m", "batteryopt", *map(str, words)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "x.csv")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    expected = sweep(read(place), AXES, threads=1)
    expected.to_csv(tmp_path / "expected.csv", index=False)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "x.csv"), pd.read_csv(tmp_path / "expected.csv"), rtol=1e-9)


@pytest.mark.parametrize(
    ("threads", "said"), [({}, "had no workers for 0 s"), (OSError("connection lost"), "answers no more")]
)
def test_a_scheduler_that_is_of_no_use_any_more_ends_the_wait_in_words(monkeypatch, threads, said):
    from batteryopt.work import crews

    class Client:
        def nthreads(self):
            if isinstance(threads, OSError):
                raise threads
            return threads

    monkeypatch.setattr(crews, "SECONDS_WITHOUT_WORKERS", 0.0)
    room = crews._Room(Client())
    time.sleep(0.01)
    with pytest.raises(BatteryOptError, match=f"{said}.*the same command goes on"):
        room()
