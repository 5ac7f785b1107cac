"""Times, their intervals and profiles; what a tolerance buys: by hand."""

from __future__ import annotations

import contextlib
import json
import math
from pathlib import Path

import pandas as pd
import pytest

from batteryopt.accuracy import contestants, problems, reading, run
from batteryopt.accuracy.accuracy_page import page
from batteryopt.accuracy.accuracy_run import repeated
from batteryopt.accuracy.bought_accuracy import bought
from batteryopt.accuracy.solve_times import (
    SHIFT,
    data_profile,
    interval_of_mean,
    shifted_geometric_mean,
    times_by_class,
)
from tests.command_line import invoke


def rows(**changes: list[object]) -> pd.DataFrame:
    """Two problems by a and b; a is right on both in 0.3 and 1.5 s, b on p only, in 0.3 s of 5; c took p alone."""
    base = {
        "problem": ["p", "q", "p", "q", "p"],
        "class": ["LP"] * 5,
        "contestant": ["a", "a", "b", "b", "c"],
        "tolerance": [1e-6] * 5,
        "time_limit": [5.0] * 5,
        "verdict": ["right", "right", "right", "said-solved-and-was-not", "right"],
        "reference": [1.0] * 5,
        "objective_error": [0.0, 1e-8, 1e-4, float("nan"), 0.0],
        "violation": [0.0] * 5,
        "follower_gain": [float("nan")] * 5,
        "seconds": [0.3, 1.5, 0.3, 0.1, 0.1],
    }
    return pd.DataFrame({**base, **changes})


def test_the_shifted_mean_by_hand():
    """(0.3 + 0.1)(1.5 + 0.1) = 0.64, whose root is 0.8; less 0.1."""
    assert SHIFT == 0.1
    assert shifted_geometric_mean([0.3, 1.5]) == pytest.approx(0.7)
    assert shifted_geometric_mean([2.0, 2.0], shift=10.0) == pytest.approx(2.0)
    assert math.isnan(shifted_geometric_mean([]))


def test_contestants_of_a_class_are_compared_on_the_same_problems():
    """b is charged its limit of 5 on q: (0.4)(5.1) = 2.04; c, which took one problem of two, is left out."""
    table = times_by_class(rows()).set_index("contestant")
    assert list(table.index) == ["a", "b"]
    assert table.loc["a", "seconds"] == pytest.approx(0.7)
    assert table.loc["b", "seconds"] == pytest.approx(math.sqrt(2.04) - 0.1)
    assert list(table["right"]) == [2, 1]
    assert list(table["problems"]) == [2, 2]
    assert (table["low"] <= table["seconds"]).all()
    assert (table["seconds"] <= table["high"]).all()


def test_an_interval_holds_what_can_be_drawn_and_nothing_else():
    assert interval_of_mean([[0.5]] * 4) == pytest.approx((0.5, 0.5))
    low, high = interval_of_mean([[0.3], [1.5]] * 3)
    assert 0.3 < low < 0.7 < high < 1.5
    repeated_times = interval_of_mean([[0.3, 1.5]] * 6)  # the same by repeats: all problems alike, times drawn
    assert 0.3 < repeated_times[0] < 0.7 < repeated_times[1] < 1.5
    assert interval_of_mean([[0.3], [1.5]] * 3) == (low, high)  # the same draws every time


def test_a_data_profile_by_hand():
    assert data_profile(rows()) == {"a": ([0.3, 1.5], [0.5, 1.0]), "b": ([0.3], [0.5]), "c": ([0.1], [1.0])}


def test_what_a_tolerance_buys_by_hand():
    table = bought(rows()).set_index("contestant")
    assert table.loc["a", ["within_1e-06", "within_1e-09"]].tolist() == [1.0, 0.5]
    assert table.loc["b", ["within_1e-03", "within_1e-06"]].tolist() == [0.5, 0.0]
    assert bought(rows(reference=[float("nan"), 1.0, 1.0, 1.0, 1.0])).set_index("contestant").loc["a", "runs"] == 1


def test_of_repeated_runs_the_worst_verdict_and_the_median_time_count():
    runs = [
        {"verdict": verdict, "seconds": seconds}
        for verdict, seconds in (("right", 1.0), ("stopped-by-a-limit", 5.0), ("right", 2.0))
    ]
    row = repeated(runs)
    assert (row["verdict"], row["seconds"], json.loads(row["all_seconds"])) == ("stopped-by-a-limit", 2.0, [1, 5, 2])


def test_runs_are_repeated_and_problems_of_several_seeds_solved():
    frame = run(problems(["no-solution"])[:1], contestants(["raw:ipopt"]), tolerances=[1e-6], repeats=3, time_limit=9)
    assert len(json.loads(frame.iloc[0]["all_seconds"])) == 3
    assert frame.iloc[0]["verdict"] == "right"  # a limit in whole seconds is one, though Ipopt takes floats only
    words = ("accuracy", "--quick", "--family", "newsvendor", "--family", "degenerate-lp", "--solver", "raw:highs")
    found = json.loads(invoke(*words, "--seed", 1, "--seed", 2, "--json").stdout)["runs"]
    assert [row["problem"] for row in found] == [
        "klee-minty-3",
        "beale-0-copies",
        "newsvendor-10-1",
        "newsvendor-10-2",
    ]
    assert [row["seed"] for row in found if row["family"] == "newsvendor"] == [1, 2]
    refused = invoke(*words, "--seed", -1, "--size", 0, "--repeats", 0).stderr
    for said in ("--seed: is -1", "--size: is 0", "--repeats: is 0"):
        assert said in refused


def test_larger_problems_come_only_where_they_are_asked_for():
    assert max(case.size for case in problems()) <= 6_000
    sizes = {case.name: case.size for case in problems(["network-flow", "newsvendor"], most_columns=None)}
    assert sizes["transport-250x400-0"] == 100_000
    assert sizes["newsvendor-100000-0"] == 100_001
    assert {case.size for case in problems(["newsvendor"], most_columns=200)} == {11, 101}


def test_a_run_that_ends_early_says_so_and_goes_on(tmp_path):
    """Nothing is begun after 0 seconds; the same command without that limit does what is left, and says nothing."""
    words = ("accuracy", "--quick", "--family", "no-solution", "--solver", "raw:highs", "--out", tmp_path / "out")
    none = invoke(*words, "--total-time", 0)
    assert none.exit_code == 4
    assert "ended early: 0 of 3 problems were judged" in none.stderr
    assert "the same command goes on from there" in none.stderr
    whole = run(problems(["no-solution"]), contestants(["raw:highs"]), tolerances=[1e-6])
    part = whole[whole["problem"] == "linear-infeasible"]
    assert reading(part).startswith("Ended early: 1 of 3 problems were judged.")
    assert "Ended early: 1 of 3 problems were judged." in page(part)
    assert "Ended early" not in reading(whole)
    done = invoke(*words)
    assert done.exit_code == 0
    assert "Ended early" not in done.stdout


def test_an_interrupted_benchmark_leaves_what_it_has(tmp_path):
    """Ctrl-C at the second problem: the runs of the first are saved, and the journal stays to go on from."""
    (tmp_path / "stopping.py").write_text(STOPPING)
    words = ("accuracy", "--quick", "--family", "no-solution", "--contestant", "stopping:Stopping", "--out", "out")
    with contextlib.chdir(tmp_path):
        stopped = invoke(*words)
        assert stopped.exit_code == 4
        assert list(pd.read_csv("out/runs.csv")["problem"]) == ["linear-infeasible"]
        assert "Ended early: 1 of 3 problems were judged." in stopped.stdout
        assert Path("out/runs.journal").exists()
        done = invoke(*words)
        assert done.exit_code == 0, done.output
        assert len(pd.read_csv("out/runs.csv")) == 3
        assert not Path("out/runs.journal").exists()


STOPPING = """
class Stopping:
    name, levels, calls = "stopping", 1, 0

    def solve(self, model, tolerance, time_limit):
        from batteryopt.accuracy import contestants
        Stopping.calls += 1
        if Stopping.calls == 2:
            raise KeyboardInterrupt
        return contestants(["raw:highs"])[0].solve(model, tolerance, time_limit)
"""
