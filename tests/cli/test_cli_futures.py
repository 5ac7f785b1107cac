"""Futures drawn on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import batteryopt
from tests.command_line import invoke

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


def test_futures_are_drawn_reduced_and_written(tmp_path):
    out = tmp_path / "with futures"
    words = ("futures", HAND, "--from", "returns", "--from", "prices", "--count", 20, "--seed", 3, "--reduce", 4)
    found = invoke(*words, "--out", out, "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert (document["drawn"], document["kept"], document["from"]) == (20, 4, ["returns", "prices"])
    assert 0 < document["distance"] < document["distance_of_one"]
    assert sum(row["probability"] for row in document["scenarios"].values()) == pytest.approx(1.0)
    network = batteryopt.read(out)
    assert [scenario.name for scenario in network.scenarios] == list(document["scenarios"])
    again = invoke(*words, "--out", out)
    assert again.exit_code == 2
    assert "there is one already" in again.stderr
    assert invoke(*words, "--out", out, "--overwrite").exit_code == 0
    assert batteryopt.read(out).changes == network.changes


def test_without_a_place_they_go_beside_the_network(tmp_path):
    invoke("export", HAND, "--out", tmp_path / "mine")
    before = sorted(path.name for path in (tmp_path / "mine").iterdir())
    found = invoke("futures", tmp_path / "mine", "--from", "disruptions", "--count", 3)
    assert found.exit_code == 0, found.output
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == before
    assert len(batteryopt.read(tmp_path / "mine-futures").scenarios) == 3
    assert "--model stochastic" in found.stderr


def test_a_workbook_gets_its_futures_as_sheets(tmp_path):
    pytest.importorskip("openpyxl")
    out = tmp_path / "book.xlsx"
    found = invoke("futures", HAND, "--from", "prices", "--count", 2, "--out", out)
    assert found.exit_code == 0, found.output
    assert len(batteryopt.read(out).scenarios) == 2


@pytest.mark.parametrize("ending", ["html", "png", "svg"])
def test_the_fan_is_drawn(tmp_path, ending):
    pytest.importorskip("plotly" if ending == "html" else "matplotlib")
    plot = tmp_path / f"fan.{ending}"
    words = ("--from", "returns", "--count", 9, "--reduce", 3, "--out", tmp_path / "out", "--plot", plot)
    found = invoke("futures", HAND, *words)
    assert found.exit_code == 0, found.output
    assert plot.stat().st_size > 1000
    if ending == "html":
        text = plot.read_text(encoding="utf-8")
        assert "kept" in text
        assert '"name":"base"' in text


def test_returns_may_come_from_registrations(tmp_path):
    network = tmp_path / "mine"
    invoke("export", HAND, "--out", network)
    table = tmp_path / "registrations.csv"
    table.write_text("site,2020,2021\nHafen,1000,2000\n", encoding="utf-8")
    words = ("--registrations", table, "--kg-per-pack", 300)
    found = invoke("futures", network, "--from", "returns", "--count", 3, *words)
    assert found.exit_code == 2
    assert "is not named by a year" in found.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "weather"], "--from: 'weather' is unknown"),
        (["--from", "prices", "--price-band", "gold=0.2"], "no market has a price of 'gold'"),
        (["--from", "prices", "--price-band", "wide"], "--price-band: is 'wide'"),
        (["--from", "returns", "--returns-band", "-1"], "--returns-band: is -1"),
        (["--from", "prices", "--correlation", "1"], "--correlation: is 1"),
        (["--from", "disruptions", "--chance", "2"], "--chance: is 2"),
        (["--from", "disruptions", "--lasts", "0"], "--lasts: is 0"),
        (["--from", "disruptions", "--type", "pland"], "--type: 'pland' is unknown"),
        (["--from", "returns", "--count", "0"], "--count: is 0"),
        (["--from", "returns", "--plot", "fan.gif"], "--plot: 'fan.gif' has no ending we draw"),
        (["--from", "returns", "--registrations", "none.csv", "--kg-per-pack", "1"], "none.csv"),
    ],
)
def test_what_is_wrong_is_said_in_words(tmp_path, words, said):
    found = invoke("futures", HAND, *words, "--out", tmp_path / "out")
    assert found.exit_code == 2, found.output
    assert said in found.stderr
    assert not (tmp_path / "out").exists()
