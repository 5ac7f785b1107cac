"""The page of a sweep: what it names, and that a point that is not proven is a band and never a point alone."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from batteryopt.sweep.sweep_grid import Axis, key_in_words
from batteryopt.sweep.sweep_page import sections
from batteryopt.sweep.sweep_plans import plan_parts
from batteryopt.sweep.swept import Swept
from batteryopt.tables.changes import How
from tests.command_line import ROOT, TABLE_2, invoke

HAND = ROOT / "data" / "networks" / "hand"


def charts_of(text):
    found = re.findall(r'<script type="application/json">(.*?)</script>', text, flags=re.DOTALL)
    return [json.loads(part) for part in found]


def test_the_page_says_what_was_varied_and_shows_the_plans_that_change(tmp_path):
    page = tmp_path / "x.html"
    found = invoke(
        *("sweep", HAND, "--vary", "returns.tonnes*=0.1:1.2:3", "--out", tmp_path / "x.csv", "--report", page),
    )
    assert found.exit_code == 0, found.stderr
    text = page.read_text()
    assert "Varied: Returns: tonnes, times: 3 values from 0.1 to 1.2." in text
    assert "What stands where along the sweep" in text
    assert '<meta name="viewport"' in text
    first, *_ = charts_of(text)
    objectives = pd.read_csv(tmp_path / "x.csv")["objective"]
    assert [round(v) for v in first["data"][-1]["y"]] == [round(v) for v in objectives]
    assert all("Returns: tonnes" in words for words in first["data"][-1]["text"])


def test_two_keys_of_a_game_are_maps_with_names(tmp_path):
    page = tmp_path / "x.html"
    words = ("--vary", "usable_share=0.3:0.7:2", "--vary", "testing_cost=1:2:2", "--model", "centralized")
    found = invoke("sweep", TABLE_2, *words, "--out", tmp_path / "x.csv", "--report", page)
    assert found.exit_code == 0, found.stderr
    first, *_ = charts_of(page.read_text())
    assert first["data"][0]["type"] == "heatmap"
    assert "usable" in first["layout"]["xaxis"]["title"]["text"]
    assert len(first["data"][0]["text"]) == 2


def test_what_is_not_proven_has_a_band_down_to_its_bound():
    frame = pd.DataFrame(
        {
            "k": [1.0, 2.0],
            "model": ["design"] * 2,
            "stop_reason": ["converged", "time-limit"],
            "point_status": ["optimal", "feasible"],
            "objective": [10.0, 20.0],
            "bound": [10.0, 15.0],
            "gap": [0.0, 0.25],
            "reason": [None, None],
        }
    )
    found = sections(Swept(frame=frame, title="t", kind="network", labels={"k": "k"}, drawn=("objective",)))
    lower, upper, points = charts_of("".join(found[1].blocks))[0]["data"]
    assert lower["y"] == [10, 15]
    assert upper["fill"] == "tonexty"
    assert points["marker"]["symbol"] == ["circle", "circle-open"]


def test_a_point_within_the_gap_that_was_asked_for_is_no_hollow_one():
    """At a gap of 1 % that was asked for and reached, the band says how far; at one not reached, the point does too."""
    frame = pd.DataFrame(
        {
            "k": [1.0, 1.0, 2.0, 2.0],
            "l": [1.0, 2.0, 1.0, 2.0],
            "model": ["design"] * 4,
            "stop_reason": ["converged"] * 3 + ["time-limit"],
            "point_status": ["optimal"] * 3 + ["feasible"],
            "objective": [10.0, 11.0, 12.0, 13.0],
            "bound": [9.9, 10.9, 11.9, 11.0],
            "gap": [0.01, 0.009, 0.008, 0.15],
            "kpis.collection_rate": [0.5, 0.625, 0.75, 1.0],
            "kpis.facilities_at_the_end": [21.0] * 4,
            "plan": ["A p (s from 1); B p (s from 1)", "A p (s from 1)", "C p (s from 1); A p (s from 1)", ""],
            "reason": [None] * 4,
        }
    )
    drawn = ("objective", "kpis.collection_rate", "kpis.facilities_at_the_end")
    labels = {"k": "k", "l": "l"}
    parts = sections(Swept(frame=frame, title="t", kind="network", labels=labels, drawn=drawn))
    text = "".join(parts[1].blocks)
    objective, rate = charts_of(text)
    assert (objective["data"][1]["x"], objective["data"][1]["y"]) == ([2.0], [2.0])
    assert rate["data"][0]["z"] == [[50.0, 75.0], [62.5, 100.0]]
    assert "Collection rate (%)" in text
    assert "Facilities at the end 21." in text


@pytest.mark.parametrize(
    ("key", "how", "words"),
    [
        ("policy.carbon_price_per_t", How.SET, "Carbon price (EUR per t)"),
        ("returns.tonnes", How.TIMES, "Returns: tonnes"),
        ("returns.tonnes:2027", How.PLUS, "Returns, 2027: tonnes (t)"),
        ("markets[product=black_mass].price_per_t", How.SET, "Markets, product=black_mass: price (EUR per t)"),
        (
            "candidates[site=St. Gallen].opening_cost_factor",
            How.SET,
            "Candidates, site=St. Gallen: opening cost factor",
        ),
        ("discount_rate", How.SET, "Discount rate"),
    ],
)
def test_keys_of_a_network_read_as_words(key, how, words):
    assert key_in_words(key, Axis(key=key, values=(1.0,), how=how), "EUR") == words


def test_what_all_plans_have_is_said_once():
    common, own = plan_parts(["A p (s from 1); B p (s from 2)", "B p (s from 2); C p (s from 1)"])
    assert common == ["B p (s from 2)"]
    assert list(own.values()) == [["A p (s from 1)"], ["C p (s from 1)"]]
    assert plan_parts([]) == ([], {})
    assert plan_parts(["A p (s from 1)", ""])[0] == []


def test_a_page_needs_its_ending(tmp_path):
    words = ("--vary", "usable_share=0.3:0.7:2", "--out", tmp_path / "x.csv", "--report", tmp_path / "x.pdf")
    found = invoke("sweep", TABLE_2, *words)
    assert found.exit_code == 2
    assert "--report: " in found.stderr
