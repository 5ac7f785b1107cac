"""Workbooks on the command line: a new one, checked, solved, kept with its result, turned into a folder and back."""

from __future__ import annotations

import json
import shutil

import pytest

from batteryopt import read
from batteryopt.report.results import load
from tests.command_line import ROOT, TABLE_2, invoke

HAND = ROOT / "data" / "networks" / "hand"


@pytest.fixture(scope="module")
def hand(tmp_path_factory):
    path = tmp_path_factory.mktemp("workbook") / "hand.xlsx"
    assert invoke("export", HAND, "--out", path).exit_code == 0
    return path


def test_a_new_workbook_is_in_order(tmp_path):
    path = tmp_path / "mine.xlsx"
    assert invoke("new", "network", path).exit_code == 0
    assert "batteryopt check" in invoke("new", "network", path, "--force").stderr
    found = invoke("check", path, "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert [document[key] for key in ("kind", "instance", "valid", "models")] == [
        "network", "my network", True, ["design"],
    ]  # fmt: skip
    assert document["remarks"] == []


def test_a_game_is_no_workbook(tmp_path):
    found = invoke("new", "coordination", tmp_path / "game.xlsx")
    assert found.exit_code == 2
    assert "a coordination instance is no workbook; give a path that ends with .toml" in found.stderr
    assert not (tmp_path / "game.xlsx").exists()
    found = invoke("export", TABLE_2, "--out", tmp_path / "game.xlsx")
    assert found.exit_code == 2
    assert "only networks have tables" in found.stderr


def test_a_workbook_is_solved_and_kept_with_its_result(hand, tmp_path):
    """The optimum, -7,640, is derived by hand in the network's README."""
    out = tmp_path / "result"
    assert invoke("solve", HAND, "--out", out).exit_code == 0
    assert (out / "instance").is_dir()
    found = invoke("solve", hand, "--gap", 0, "--json", "--out", out)
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["models"]["design"]["objective"] == pytest.approx(-7640, abs=1e-6)
    assert (out / "instance.xlsx").read_bytes() == hand.read_bytes()
    assert not (out / "instance").exists()  # the copy of another result does not stay behind
    assert load(out).instance.name == "Two cities and a smelter"
    assert "instance.xlsx" in str(load(out).instance_path)


def test_export_there_and_back(hand, tmp_path):
    found = invoke("export", hand, "--out", tmp_path / "folder")
    assert found.exit_code == 0, found.output
    assert found.stdout == ""
    assert read(tmp_path / "folder").returns == read(HAND).returns
    again = invoke("export", hand, "--out", tmp_path / "folder")
    assert again.exit_code == 2
    assert "there is one already; --overwrite (or --force) replaces it" in again.stderr
    assert invoke("export", hand, "--out", tmp_path / "folder", "--force").exit_code == 0
    assert invoke("export", hand, "--out", hand, "--force").exit_code == 2
    assert "README.md" in invoke("export", HAND, "--out", tmp_path / "hand.xlsx").stderr


def test_a_broken_instance_is_not_exported(tmp_path):
    folder = shutil.copytree(HAND, tmp_path / "broken")
    (folder / "returns.csv").write_text("site,product,tonnes\nAston,pack,many\n")
    found = invoke("export", folder, "--out", tmp_path / "broken.xlsx")
    assert found.exit_code == 2
    assert "returns.csv row 2, column tonnes: is the text 'many'" in found.stderr
    assert not (tmp_path / "broken.xlsx").exists()


def test_a_workbook_elsewhere_than_in_a_folder_is_told(hand, tmp_path):
    assert invoke("export", hand, "--out", tmp_path / "nowhere" / "hand.xlsx").exit_code == 2
    found = invoke("export", hand, "--out", tmp_path / "hand.ods")
    assert "is a spreadsheet of kind .ods" in found.stderr
    swept = invoke("sweep", hand, "--vary", "gap=0:1:2", "--out", tmp_path / "x.csv")
    assert "gap: is neither a setting nor a column of a table" in swept.stderr
