"""Names of sheets, which spreadsheets are strict about; and units, which stand in the names of columns."""

from __future__ import annotations

import importlib.util

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.unit_words import unit_of
from batteryopt.tables.spreadsheet import is_workbook, refuse_others, sheet_name


@pytest.mark.parametrize(
    ("text", "taken", "name"),
    [
        ("road", [], "road"),
        ("Road", ["road"], "Road 2"),
        ("a/b:c[d]*?\\", [], "a b c d"),
        ("x" * 40, ["x" * 31], "x" * 29 + " 2"),
        ("''", [], "sheet"),
    ],
)
def test_sheet_name(text, taken, name):
    assert sheet_name(text, taken) == name


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("capacity_t", "t"),
        ("tonnes", "t"),
        ("cost_per_t_km", "EUR per t km"),
        ("emission_kg_per_kwh", "kg CO2e per kWh"),
        ("emissions_t", "t CO2e"),
        ("electricity_kwh_per_t", "kWh per t"),
        ("cost_per_collected_t", "EUR per t"),
        ("opening_cost", "EUR"),
        ("latitude_deg", "degrees"),
        ("site", ""),
        ("detour_factor", ""),
    ],
)
def test_units_stand_in_names(name, unit):
    assert unit_of(name, "EUR") == unit


def test_money_without_a_currency_is_money():
    assert unit_of("fixed_cost") == "money"


def test_a_folder_may_be_called_like_a_workbook(tmp_path):
    (tmp_path / "folder.xlsx").mkdir()
    assert not is_workbook(tmp_path / "folder.xlsx")
    assert is_workbook(tmp_path / "BOOK.XLSX")


def test_without_openpyxl_the_extra_is_named(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openpyxl" else find(name))
    with pytest.raises(InvalidInput, match=r"pip install 'batteryopt\[excel\]'"):
        refuse_others("mine.xlsx")
