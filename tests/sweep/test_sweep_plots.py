"""The picture of a sweep shows its table."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.report.sweep_panels import contract_spans, lines_of, maps_of
from batteryopt.sweep import Axis, sweep
from batteryopt.tables.toml_output import write
from tests.command_line import TABLE_2, invoke


@pytest.fixture(scope="module")
def line_frame():
    """Ends in w_t = 9, where the manufacturer alone gives more service than the chain: no contract."""
    models = ("centralized", "decentralized", "contract")
    return sweep(TABLE_2_INSTANCE, [Axis.evenly("transfer_price", 1, 9, 5)], models=models)


def test_the_contract_is_shaded_where_it_exists(line_frame):
    """x = 0 at beta G = e_r, that is 0.48 + 0.6 w_t = 4.158 / 1.1764 / 0.7: w_t = 7.6, between the points 7 and 9."""
    assert contract_spans(line_frame, "transfer_price") == [(1.0, 8.0)]
    none = line_frame[line_frame["model"] != "contract"]
    assert contract_spans(none, "transfer_price") == []


def test_separate_regions_are_shaded_separately():
    frame = pd.DataFrame({"k": [0.0, 1, 2, 3, 4], "model": "contract", "objective": [1.0, None, None, 2.0, 3.0]})
    assert contract_spans(frame, "k") == [(0.0, 0.5), (2.5, 4.0)]


def test_lines_have_gaps_where_there_is_no_answer(line_frame):
    panels = {panel.title: panel.lines for panel in lines_of(line_frame, "transfer_price", ["profits.retailer"])}
    retailer = panels["profits: retailer"]
    assert set(retailer) == {"decentralized", "contract"}  # one owner's chain has no retailer's profit
    assert np.isnan(retailer["contract"][-1])
    assert retailer["contract"][:-1] == pytest.approx(225)
    assert retailer["decentralized"] == pytest.approx(100)


def test_maps_have_a_cell_a_point():
    axes = [Axis.evenly("transfer_price", 1, 9, 3), Axis.evenly("usable_share", 0.5, 0.6, 2)]
    frame = sweep(TABLE_2_INSTANCE, axes, models=("decentralized", "contract"))
    keys = ["transfer_price", "usable_share"]
    maps = {panel.title: panel.values for panel in maps_of(frame, keys, ["profits.supply_chain", "terms.cost_share"])}
    gain, share = maps["gain of the chain by the contract"], maps["terms: cost share (contract)"]
    assert gain.shape == share.shape == (2, 3)
    cells = frame.set_index(["model", *keys])["profits.supply_chain"]
    assert gain[1, 0] == cells["contract", 1, 0.6] - cells["decentralized", 1, 0.6]
    assert np.isnan(share[1, 2])


@pytest.mark.parametrize("more", [(), ("--vary", "transfer_price=1:9:3")])
def test_pictures_are_written(tmp_path, more):
    words = ("sweep", TABLE_2, "--vary", "usable_share=0.3:0.7:3", *more, "--route", "closed-form")
    for name in ("x.png", "x.html"):
        found = invoke(*words, "--out", tmp_path / "x.csv", "--plot", tmp_path / name)
        assert found.exit_code == 0, found.output
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    assert "usable_share" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", page)  # opens without a network


def test_a_network_can_be_drawn(tmp_path):
    path = tmp_path / "network.toml"
    write(random_network(0, 3, 2, rivalry=False), path)
    words = ("sweep", path, "--vary", "market_size.0=30:60:3", "--route", "closed-form", "--out", tmp_path / "x.csv")
    found = invoke(*words, "--plot", tmp_path / "x.png")
    assert found.exit_code == 0, found.output
    assert (tmp_path / "x.png").stat().st_size > 10_000
