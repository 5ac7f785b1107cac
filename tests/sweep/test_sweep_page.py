"""The page of a sweep: what it names, and that a point that is not proven is a band and never a point alone."""

from __future__ import annotations

import json
import re

import pandas as pd

from batteryopt.sweep.sweep_page import Swept, sections
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
    assert "Varied: returns.tonnes, times: 3 values from 0.1 to 1.2." in text
    assert "What stands where along the sweep" in text
    assert '<meta name="viewport"' in text
    first, *_ = charts_of(text)
    objectives = pd.read_csv(tmp_path / "x.csv")["objective"]
    assert [round(v) for v in first["data"][-1]["y"]] == [round(v) for v in objectives]
    assert all("returns.tonnes" in words for words in first["data"][-1]["text"])


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


def test_a_page_needs_its_ending(tmp_path):
    words = ("--vary", "usable_share=0.3:0.7:2", "--out", tmp_path / "x.csv", "--report", tmp_path / "x.pdf")
    found = invoke("sweep", TABLE_2, *words)
    assert found.exit_code == 2
    assert "--report: " in found.stderr
