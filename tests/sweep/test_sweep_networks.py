"""Sweeps over networks: every point against a solve of an edited network, warm and cold, in one process and in many."""

from __future__ import annotations

import itertools
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.solve import solve
from batteryopt.network.tables import read, write
from batteryopt.network.tables.example import example
from batteryopt.sweep import Axis, sweep
from tests.command_line import ROOT, invoke
from tests.network.small import small_network


def cost(tonnes: float, price: float) -> float:
    """The plant works on all, or all stays for 100 a tonne; 10 km and 20 km at 0.1, half becomes mass."""
    work = 1000 + 10 + tonnes * (1 + 10 * 0.1) + tonnes / 2 * 20 * 0.1 - tonnes / 2 * price
    return min(work, 100 * tonnes)


@pytest.fixture
def place(tmp_path):
    return small_network(tmp_path / "network")


def test_every_point_costs_what_it_costs_by_hand(place, tmp_path):
    out = tmp_path / "table.csv"
    found = invoke(
        *("sweep", place, "--vary", "returns.tonnes*=0.05:1:4", "--vary", "markets.price_per_t=0:60:3"),
        *("--gap", 0, "--out", out),
    )
    assert found.exit_code == 0, found.stderr
    table = pd.read_csv(out)
    expected = [cost(100 * t, p) for t, p in itertools.product(np.linspace(0.05, 1, 4), (0, 30, 60))]
    np.testing.assert_allclose(table["objective"], expected, rtol=1e-7)
    for column in ("returns.tonnes", "markets.price_per_t", "bound", "gap", "stop_reason", "point_status", "plan"):
        assert column in table
    terms = [column for column in table if column.startswith("cost_terms.")]
    np.testing.assert_allclose(table[terms].sum(axis=1), table["objective"], rtol=1e-9)
    assert set(table["kpis.collected_t"].round(6)) >= {100.0}
    stands = table["kpis.collected_t"] > 1e-6
    assert set(table["plan"][stands]) == {"B plant (s from 1)"}
    assert table["plan"][~stands].isna().all()
    assert not [column for column in table if column.startswith("_")]
    assert not [column for column in table if table[column].astype(str).str.startswith("{").any()]


def test_warm_and_cold_and_single_solves_agree(place):
    axes = [Axis.parse("levels.opening_cost*=0.5:1.5:3"), Axis.parse("policy.carbon_price_per_t=0:100:3")]
    network = read(place)
    warm, cold = sweep(network, axes, gap=0.0), sweep(network, axes, is_warm=False, gap=0.0)
    np.testing.assert_allclose(warm["objective"], cold["objective"], rtol=1e-9)
    for row in warm.to_dict(orient="records"):
        edited = network.changed(
            {
                "levels.opening_cost": 1000 * row["levels.opening_cost"],
                "policy.carbon_price_per_t": row["policy.carbon_price_per_t"],
            }
        )
        assert solve(edited, gap=0).objective == pytest.approx(row["objective"], rel=1e-9)


def edited(place: Path, folder: Path, factor: float, carbon_price: float) -> Path:
    """Return a copy of a network whose tables were edited as with a spreadsheet: returns times a factor, a price."""
    shutil.copytree(place, folder)
    returns = pd.read_csv(folder / "returns.csv", comment="#")
    tonnes = [column for column in returns if column.startswith("tonnes")]
    returns[tonnes] *= factor
    returns.to_csv(folder / "returns.csv", index=False)
    text = (folder / "network.toml").read_text(encoding="utf-8")
    changed, count = re.subn(r"^carbon_price_per_t = .*$", f"carbon_price_per_t = {carbon_price}", text, flags=re.M)
    assert count == 1
    (folder / "network.toml").write_text(changed, encoding="utf-8")
    return folder


def against_edited_tables(place: Path, tmp_path: Path, gap: float, sampled: slice, many: int = 7) -> None:
    """Sweep carbon price and return volume, many by many; sampled points are what single solves of the tables find."""
    words = (
        *("--vary", f"policy.carbon_price_per_t=0:120:{many}", "--vary", f"returns.tonnes*=0.4:1.6:{many}"),
        *("--gap", gap),
    )
    found = invoke("sweep", place, *words, "--threads", 1, "--out", tmp_path / "x.csv")
    assert found.exit_code == 0, found.stderr
    table = pd.read_csv(tmp_path / "x.csv")
    assert len(table) == many**2
    assert table["certified"].all()
    for number, row in list(table.iterrows())[sampled]:
        alone = read(edited(place, tmp_path / str(number), row["returns.tonnes"], row["policy.carbon_price_per_t"]))
        answer = solve(alone, gap=gap, threads=1)
        room = 1e-9 * row["gross"]
        assert answer.run.bound <= row["objective"] + room  # neither's plan is better than the other's bound
        assert row["bound"] <= answer.objective + room


@pytest.mark.slow
def test_a_map_over_the_template_is_that_of_edited_tables(tmp_path):
    write(example(), tmp_path / "template")
    against_edited_tables(tmp_path / "template", tmp_path, 1e-6, slice(None))


@pytest.mark.slow
def test_a_map_over_a_province_is_that_of_edited_tables(tmp_path):
    # its cheapest plans are millions beside billions that move, so that each point takes some seconds
    against_edited_tables(ROOT / "data" / "networks" / "china-province", tmp_path, 0.1, slice(1, None, 4), many=3)


@pytest.mark.slow
def test_processes_give_the_same_table(place):
    axes = [Axis.parse("returns.tonnes*=0.1:1:10")]
    one, two = sweep(read(place), axes), sweep(read(place), axes, jobs=2)
    pd.testing.assert_frame_equal(one, two)


def test_a_point_without_a_plan_is_a_row_that_says_so(tmp_path):
    place = small_network(tmp_path, {"products.csv": "product\npack\nmass\n"})
    found = invoke("sweep", place, "--vary", "returns.tonnes=90:120:2", "--out", tmp_path / "x.csv")
    assert found.exit_code == 3
    table = pd.read_csv(tmp_path / "x.csv")
    assert list(table["stop_reason"]) == ["converged", "infeasible"]
    assert math.isnan(table["objective"][1])


def test_points_that_were_not_begun_say_so_and_the_same_command_goes_on(place, tmp_path):
    out = tmp_path / "x.csv"
    words = ("sweep", place, "--vary", "returns.tonnes*=0.1:1:4", "--out", out)
    found = invoke(*words, "--time-for-all", 1e-9)
    assert found.exit_code == 4
    assert set(pd.read_csv(out)["reason"]) == {"not begun: the time for all points was over"}
    assert "the same command goes on from there" in found.stderr
    assert invoke(*words).exit_code == 0
    np.testing.assert_allclose(pd.read_csv(out)["objective"], [cost(t, 20) for t in (10, 40, 70, 100)], rtol=2e-4)
    assert not out.with_name("x.csv.journal").exists()


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ("returns.tones=1:2:2", "'tones' is no column of returns; did you mean 'tonnes'?"),
        ("returns[site=Z].tonnes=1:2:2", "no row of returns has site 'Z'"),
        ("returns.tonnes*=-1:1:3", "-1 cannot be (is -100.0)"),
        ("candidates.standing=1:2:2", "standing holds one of a few words; name a column of numbers"),
        ("discount_rate=0:5:2", "5 cannot be"),
    ],
)
def test_what_cannot_be_varied_is_told_before_anything_is_solved(place, tmp_path, vary, said):
    found = invoke("sweep", place, "--vary", vary, "--out", tmp_path / "x.csv")
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (tmp_path / "x.csv").exists()


def test_a_key_that_is_varied_twice_is_refused(place):
    with pytest.raises(InvalidInput, match="is varied twice"):
        sweep(read(place), [Axis.parse("returns.tonnes=1:2:2"), Axis.parse("returns.tonnes*=1:2:2")])
