"""The guide "add a family" done: its rooms and one entry in the register are all that commands and doors need.

Best price of a - p batteries that cost c each: p = (a + c) / 2 = (10 + 4) / 2 = 7, profit (10 - 7) (7 - 4) = 9.
"""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

import batteryopt
from batteryopt import solvers
from batteryopt.families import FAMILIES, Family
from tests.command_line import ROOT, invoke

GUIDE = (ROOT / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
ENTRY = re.search(r"^    Family\(.*?^    \)", GUIDE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def path(monkeypatch, tmp_path):
    """A new instance of the family, which is registered as the guide's example has it."""
    family = eval(ENTRY.group().replace("batteryopt.seller", "tests.guide_family"), {"Family": Family})
    monkeypatch.setitem(FAMILIES, "seller", family)
    place = tmp_path / "mine.toml"
    assert invoke("new", "seller", place).exit_code == 0
    return place


def test_an_instance_is_in_order_and_a_wrong_one_is_told(path):
    found = invoke("check", path, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["models"] == ["monopoly"]
    path.write_text(path.read_text(encoding="utf-8").replace("market_size = 10.0", "market_size = -1"))
    wrong = invoke("check", path)
    assert wrong.exit_code == 2
    assert "market_size" in wrong.stderr


def test_both_routes_answer_and_the_page_is_made(path, tmp_path):
    saved = tmp_path / "saved"
    found = invoke("solve", path, "--json", "--out", saved)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    for answers in (document["models"], document["closed_form"]):
        assert answers["monopoly"]["price"] == pytest.approx(7.0, abs=1e-6)
        assert answers["monopoly"]["objective"] == pytest.approx(9.0, abs=1e-6)
        assert answers["monopoly"]["point_status"] == "optimal"
    assert invoke("solve", path).exit_code == 0
    page = tmp_path / "page.html"
    assert invoke("report", saved, "--out", page).exit_code == 0
    assert "Price" in page.read_text(encoding="utf-8")


def test_numbers_are_changed_and_swept(path, tmp_path):
    table = tmp_path / "sweep.csv"
    found = invoke("sweep", path, "--vary", "unit_cost=0:4:3", "--out", table)
    assert found.exit_code == 0, found.output
    assert pd.read_csv(table)["objective"].tolist() == pytest.approx([25.0, 16.0, 9.0], abs=1e-6)  # (10 - c)^2 / 4


def test_the_doors_give_a_model_and_read_it_solved(path):
    model = batteryopt.model(batteryopt.read(path))
    answer = batteryopt.plan_of(model, solvers.get("highs").solve(model))
    assert answer.objective == pytest.approx(9.0, abs=1e-6)
    assert answer.certificate.passed


def test_a_price_that_is_not_the_best_fails(path):
    model = batteryopt.model(batteryopt.read(path))
    model.price.set_value(6.0)
    answer = batteryopt.plan_of(model)
    assert not answer.certificate.passed
