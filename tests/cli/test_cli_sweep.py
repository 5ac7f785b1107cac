"""The command `sweep`: all its faults at once, its files, its exit status, Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.sweep import Axis, sweep
from tests.command_line import TABLE_2, changed, invoke, started

NEWLINE = b"\n"


def sweep_command(out, *words):
    return ("sweep", TABLE_2, "--vary", "usable_share=0.3:0.7:5", "--model", "contract", "--out", out, *words)


@pytest.mark.parametrize(("ending", "read"), [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_the_command_writes_the_table(tmp_path, ending, read):
    out = tmp_path / f"table{ending}"
    found = invoke(*sweep_command(out))
    assert found.exit_code == 0, found.output
    assert found.stdout == ""
    assert "5 rows (5 by closed-form)" in found.stderr
    expected = sweep(TABLE_2_INSTANCE, [Axis.evenly("usable_share", 0.3, 0.7, 5)], models=("contract",))
    pd.testing.assert_frame_equal(read(out), expected, check_dtype=False, check_exact=True)
    assert sorted(tmp_path.iterdir()) == [out]


def test_a_sweep_has_the_gravest_status_of_its_rows(tmp_path):
    """The retailer earns (30 - 10)^2 / 4 = 100 at the given w: asked for 150, there is no point."""
    out = tmp_path / "x.csv"
    found = invoke(
        *("sweep", TABLE_2, "--vary", "reservation_profit_retailer=50:150:2", "--model", "decentralized", "--out", out)
    )
    assert found.exit_code == 3
    assert list(pd.read_csv(out)["stop_reason"]) == ["converged", "infeasible"]
    assert "decentralized: no answer at 1 points (infeasible)" in found.stderr


def test_a_picture_of_nothing_is_not_drawn(tmp_path):
    words = ("--vary", "reservation_profit_retailer=150:160:2", "--model", "decentralized", "--out", tmp_path / "x.csv")
    found = invoke("sweep", TABLE_2, *words, "--plot", tmp_path / "x.png")
    assert found.exit_code == 3
    assert "no point has an answer" in found.stderr
    assert not (tmp_path / "x.png").exists()


def test_everything_wrong_with_a_sweep_comes_at_once(tmp_path):
    path = changed(tmp_path, ("usable_share = 0.6", "usable_share = 6"))
    found = invoke(
        *("sweep", path, "--vary", "testing_cost=1:2", "--vary", "x", "--jobs", 0, "--model", "centralised"),
        *("--out", tmp_path / "nowhere" / "x.txt", "--plot", tmp_path / "x.gif"),
    )
    assert found.exit_code == 2
    for words in (
        "parameters.usable_share: is 6",
        "--vary: 'testing_cost=1:2' cannot be used",
        "--vary: 'x' cannot be used",
        "--jobs: is 0",
        "--model: 'centralised' is no model",
        "x.txt' has no ending we write",
        "--out: there is no folder",
        "x.gif' has no ending we draw",
    ):
        assert words in found.stderr
    assert sorted(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("option", "file", "library"), [("--out", "x.parquet", "pyarrow"), ("--plot", "x.png", "mat")])
def test_a_missing_extra_is_told_before_anything_runs(tmp_path, monkeypatch, option, file, library):
    import importlib.util

    original = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name.startswith(library) else original(name))
    words = sweep_command(tmp_path / "x.csv")[:-2] if option == "--out" else sweep_command(tmp_path / "x.csv")
    found = invoke(*words, option, tmp_path / file)
    assert found.exit_code == 2
    assert "pip install 'batteryopt[" in found.stderr


def test_a_picture_shows_one_or_two_keys(tmp_path):
    more = ("--vary", "testing_cost=1:2:2", "--vary", "scrap_value=1:2:2", "--plot", tmp_path / "x.png")
    assert "3 keys vary" in invoke(*sweep_command(tmp_path / "x.csv"), *more).stderr


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(tmp_path, jobs):
    out = tmp_path / "x.csv"
    journal = Path(f"{out}.journal")
    words = [*map(str, sweep_command(out, "--route", "optimizer", "--jobs", jobs))]
    words[words.index("usable_share=0.3:0.7:5")] = "usable_share=0.3:0.7:8"
    with started(*words, stderr=subprocess.PIPE, start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and (not journal.exists() or journal.read_bytes().count(NEWLINE) < 3):
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 4, said
    assert "Traceback" not in said
    assert "the same command goes on" in said
    kept = journal.read_bytes()
    assert kept.count(NEWLINE) >= 3
    assert not out.exists()
    found = invoke(*words)
    assert found.exit_code == 0
    assert f"sweep: {kept.count(NEWLINE) - 1} of 8" in found.stderr
    assert list(pd.read_csv(out)["usable_share"]) == pytest.approx(np.linspace(0.3, 0.7, 8))
    assert not journal.exists()
