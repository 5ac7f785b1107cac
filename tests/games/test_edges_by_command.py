"""The games' edges as a stranger meets them: small instances, typed at the command line."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import TABLE_2, invoke

BASE = TABLE_2.parents[1] / "differential_game" / "base.toml"

CAPPED = """
kind = "differential-game"
name = "one vehicle with a price cap"
source = "made by hand"
[parameters]
market_size = [23.11]
price_effect = [[0.78]]
efficiency_effect = [[0.18]]
unit_cost = [1.31]
efficiency_unit_cost = [[0.17]]
innovation_effectiveness = [[0.25]]
efficiency_decay = [[0.87]]
innovation_cost = [[3.24]]
discount_rate = 0.1
credit_price = 3.79
credits_per_vehicle = [0.18]
initial_efficiency = [0.0]
[horizon]
horizon_length = 6.33
[constraints]
price_caps = [{cap}]
"""

REGIONS = """
kind = "coordination"
name = "regions"
source = "made by hand"
[parameters]
market_size = {sizes}
wholesale_price = {wholesale}
service_response = {response}
voluntary_returns = [8.0, 8.0]
residual_value = [1.0, 1.0]
testing_cost = [0.5, 0.7]
effort_rivalry = 0.2
transfer_price = 2.5
scrap_value = 1.2
usable_share = 0.6
echelon_market_size = 35.0
production_cost = {cost}
"""


def regions(folder: Path, *, sizes="[100.0, 30.0]", wholesale="[50.0, 10.0]", response="[0.7, 0.7]", cost=0.0) -> Path:
    path = folder / "regions.toml"
    path.write_text(REGIONS.format(sizes=sizes, wholesale=wholesale, response=response, cost=cost))
    return path


def answer(status: int, *words: Any) -> dict[str, Any]:
    result = invoke("solve", *words, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)["models"]


def is_certified(model: dict[str, Any]) -> bool:
    return bool(model["certificate"]) and all(check["passed"] for check in model["certificate"])


@pytest.mark.slow
@pytest.mark.parametrize(("cap", "at_the_cap"), [(23.58, 507.834), (24.70, 433.986)])
def test_a_price_cap(tmp_path, cap, at_the_cap):
    """Without innovation, (23.11 - 0.78 cap)(cap - 1.31 + 3.79 * 0.18)(1 - exp(-0.633))/0.1; that adds 0.04 %.

    Cap 23.58: 4.7176 * 22.9522 * 4.690021 = 507.834. Cap 24.70: 3.844 * 24.0722 * 4.690021 = 433.986.
    """
    path = tmp_path / "cap.toml"
    path.write_text(CAPPED.format(cap=cap))
    model = answer(0, path, "--model", "decentralized")["decentralized"]
    assert model["point_status"] == "locally-optimal"
    assert at_the_cap <= model["objective"] <= 1.001 * at_the_cap
    assert model["present_value"]["retailer"] == pytest.approx(0.0, abs=1e-3)
    assert is_certified(model)


@pytest.mark.parametrize("rate", [2.5, 10])
def test_a_large_discount_rate(rate):
    words = (BASE, "--set", f"discount_rate={rate}", "--model", "integrated")
    by_formula = answer(0, *words, "--route", "closed-form")["integrated"]
    by_search = answer(0, *words, "--route", "optimizer")["integrated"]
    assert is_certified(by_formula)
    assert is_certified(by_search)
    assert by_search["objective"] == pytest.approx(by_formula["objective"], rel=1e-9)
    assert by_search["steady_state"] is None  # nothing determines it


def test_a_region_without_response(tmp_path):
    """e_r = beta G = 0.7 (0.6 * 2.5 + 0.4 * 1.2) = 1.386 beside none at all."""
    models = answer(0, regions(tmp_path, response="[0.7, 0.0]"), "--route", "optimizer", "--model", "decentralized")
    assert models["decentralized"]["decisions"]["recycling_service"] == [pytest.approx(1.386), 0.0]
    assert is_certified(models["decentralized"])


def test_a_market_of_a_hundred_thousand_beside_one_of_thirty(tmp_path):
    path = regions(tmp_path, sizes="[1e5, 30.0]", wholesale="[5e4, 10.0]")
    model = answer(0, path, "--model", "contract", "--route", "optimizer")["contract"]
    assert model["terms"] is None
    assert "no contract coordinates" in model["reason"]


def test_a_transfer_price_without_limit(tmp_path):
    """Each unit of it brings theta times the batteries that come back by themselves, 0.6 * 18 = 10.8."""
    begin = time.perf_counter()
    model = answer(3, regions(tmp_path), "--model", "decentralized-transfer", "--route", "optimizer")
    assert time.perf_counter() - begin < 20.0  # it took a minute to end at -8.6e17
    assert model["decentralized-transfer"]["stop_reason"] == "unbounded"
    assert model["decentralized-transfer"]["point_status"] == "none"
    assert "earns the manufacturer 10.8 more" in model["decentralized-transfer"]["reason"]


def test_a_wholesale_price_that_is_not_unique(tmp_path):
    path = regions(tmp_path, sizes="[100.0, 10.0]", wholesale="[50.0, 5.0]", cost=20.0)
    model = answer(0, path, "--model", "decentralized-wholesale")["decentralized-wholesale"]
    assert model["remarks"] == ["nothing is sold in region 1: any wholesale price from 10 on would do as well"]


@pytest.mark.parametrize("instance", [TABLE_2, BASE])
def test_a_time_limit_is_for_all_models_together(instance):
    models = answer(4, instance, "--route", "optimizer", "--time-limit", "1e-9")
    assert len(models) >= 3
    assert {model["stop_reason"] for model in models.values()} == {"time-limit"}
