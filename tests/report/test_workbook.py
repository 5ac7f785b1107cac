"""Answers as workbooks: opened with openpyxl, their numbers are those of the result's JSON and CSV."""

import json

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from batteryopt.cli import app
from batteryopt.games.coordination import solve as coordination
from batteryopt.games.coordination.data import generator as coordination_games
from batteryopt.ground.errors import InvalidInput
from batteryopt.report import words
from batteryopt.report.results import load
from batteryopt.report.write import write_page
from tests.report.conftest import save_game


def book_of(tmp_path, *saved):
    write_page([one.folder for one in saved], tmp_path / "answer.xlsx")
    return openpyxl.load_workbook(tmp_path / "answer.xlsx")


def rows_of(sheet, first=2):
    """Return headings and rows of a sheet's table, the caption above left out."""
    heads, *rows = sheet.iter_rows(min_row=first, values_only=True)
    return heads, rows


def words_of(sheet):
    return [cell for row in sheet.iter_rows(values_only=True) for cell in row if isinstance(cell, str)]


@pytest.fixture(params=["coordination_game", "paths_game", "plan"])
def saved(request):
    return request.getfixturevalue(request.param)


def test_the_summary_says_what_was_solved_how_sure_it_is_and_how_to_repeat_it(saved, tmp_path):
    sheet = book_of(tmp_path, saved)["Summary"]
    text = words_of(sheet)
    assert text[0] == saved.name
    assert any("made up" in line for line in text)
    assert any(line.endswith("--out answer.xlsx") for line in text)
    for name, answer in saved.models.items():
        assert f"{words.model(name)}: {words.verdict(answer)}" in text
    for name, version in saved.document["versions"].items():
        assert any(f"{name} {version}" in line for line in text)
    heads = next(row for row in sheet.iter_rows() if row[0].value == "Answer")
    shown = [cell.value for cell in heads]
    first = sheet[heads[0].row + 1]
    answer = next(iter(saved.models.values()))
    assert first[shown.index("Objective")].value == pytest.approx(answer["objective"], rel=1e-15)
    assert first[shown.index("Checks passed")].value == sum(check["passed"] for check in answer["certificate"])


def test_every_sheet_but_the_summary_is_a_table_to_work_with(saved, tmp_path):
    book = book_of(tmp_path, saved)
    assert len(book.sheetnames) > 3
    for sheet in book.worksheets[1:]:
        assert sheet.freeze_panes == "B3"
        assert sheet.auto_filter.ref.startswith("A2:")
        assert sheet["A1"].value
        assert all(cell.font.bold and cell.fill.fill_type == "solid" for cell in sheet[2])
        assert all(sheet.column_dimensions[cell.column_letter].width >= 9 for cell in sheet[2])
        for column in sheet.iter_cols(min_row=3):
            numbers = [cell for cell in column if isinstance(cell.value, int | float)]
            assert all(cell.number_format != "General" for cell in numbers)


def test_every_check_is_there_in_words(saved, tmp_path):
    _, rows = rows_of(book_of(tmp_path, saved)["Checks"])
    expected = [
        (words.model(name), words.claim(check["name"]), check["residual"], check["tolerance"])
        for answers in (saved.models, saved.closed_form)
        for name, answer in answers.items()
        for check in answer["certificate"]
    ]
    assert [(row[0], row[3], row[4], row[5]) for row in rows] == expected
    assert {row[2] for row in rows} == {"passed"}


SHEETS = {
    "facilities": "Facilities",
    "flows": "Flows",
    "processed": "Processed",
    "sold": "Sold",
    "collection": "Collection",
    "cost_terms": "Cost by period",
    "emissions": "Emissions",
    "cities": "Cities",
    "coverage": "Coverage",
}


@pytest.mark.parametrize("name", SHEETS)
def test_the_tables_of_a_plan_are_those_beside_the_result(plan, tmp_path, name):
    frame = pd.read_csv(plan.folder / f"{name}.csv", dtype={"period": str, "band_km": str})
    heads, rows = rows_of(book_of(tmp_path, plan)[SHEETS[name]])
    assert len(heads) == len(frame.columns)
    assert len(rows) == len(frame)
    for position, column in enumerate(frame.columns):
        found = [row[position] for row in rows]
        if frame[column].dtype.kind == "f":
            assert found == [None if value != value else value for value in frame[column].tolist()]
        else:
            assert found == frame[column].tolist()


def test_headings_have_units_and_shares_are_in_percent(plan, tmp_path):
    book = book_of(tmp_path, plan)
    heads, _ = rows_of(book["Facilities"])
    assert heads == ("Site", "Type", "Level", "Period", "Capacity (t)", "Used (t)", "Utilisation")
    assert book["Facilities"]["G3"].number_format.startswith("0.0%")
    assert rows_of(book["Flows"])[0][5:] == ("Tonnes", "Distance (km)", "Cost (EUR)", "Emission (kg CO2e)")
    assert rows_of(book["Cost by period"])[0][1].endswith(" (EUR)")
    assert rows_of(book["Emissions"])[0][1].endswith(" (t CO2e)")
    assert rows_of(book["Cities"])[0][6:] == (
        "Cost per collected (EUR per t)",
        "Emission per collected (kg CO2e per t)",
    )


def test_decisions_and_profits_of_a_game(coordination_game, tmp_path):
    heads, rows = rows_of(book_of(tmp_path, coordination_game)["Models"])
    assert heads[1:4] == ("Centralised", "Decentralised", "Contract")
    table = {row[0]: row[1:] for row in rows}
    models = coordination_game.models
    assert table["Retail price (money/vehicle)"] == tuple(
        answer["decisions"]["retail_price"] for answer in models.values()
    )
    assert table["Profit, supply chain (money)"] == tuple(
        answer["profits"]["supply_chain"] for answer in models.values()
    )
    assert table["Profit, retailer (money)"][0] is None


def test_the_corners_of_the_pareto_region(coordination_game, tmp_path):
    _, rows = rows_of(book_of(tmp_path, coordination_game)["Pareto region"])
    region = coordination_game.models["contract"]["pareto_region"]
    assert [list(row[1:]) for row in rows[:3]] == region["corners"]
    assert list(rows[3][1:]) == region["nash_bargaining"]


def test_each_region_and_enterprise_has_a_row(tmp_path):
    game = coordination_games.random_network(1, regions=3, enterprises=2)
    saved = save_game(coordination.solve(game, route="closed-form"), tmp_path / "saved")
    heads, rows = rows_of(book_of(tmp_path, saved)["Regions"])
    model = next(iter(saved.models))
    assert heads[:3] == (None, "Number", words.model(model))
    prices = [row[2] for row in rows if row[0].startswith("Retail price")]
    efforts = [row[2] for row in rows if row[0].startswith("Sales effort")]
    assert prices == saved.models[model]["decisions"]["retail_price"]
    assert efforts == saved.models[model]["decisions"]["sales_effort"]
    assert (len(prices), len(efforts)) == (3, 2)


def test_paths_of_a_differential_game(paths_game, tmp_path):
    heads, rows = rows_of(book_of(tmp_path, paths_game)["Paths"])
    for name, answer in paths_game.models.items():
        mine = [row for row in rows if row[0] == words.model(name)]
        path = answer["trajectory"]
        assert [row[1] for row in mine] == path["time"]
        assert [row[heads.index("Efficiency m")] for row in mine] == path["efficiency"]
        second = [row[heads.index("Retail price 2 (money/vehicle)")] for row in mine]
        assert second == [prices[1] for prices in path["prices"]]


def test_present_values_of_a_differential_game(paths_game, tmp_path):
    _, rows = rows_of(book_of(tmp_path, paths_game)["Present values"])
    assert rows[2][1:] == tuple(a["present_value"]["supply_chain"] for a in paths_game.models.values())


def test_formula_and_optimiser_have_sheets_of_their_own(coordination_game, tmp_path):
    document = {**coordination_game.document, "closed_form": coordination_game.document["models"]}
    (tmp_path / "result.json").write_text(json.dumps(document))
    book = book_of(tmp_path, load(tmp_path))
    assert book["Models, by formula"]["A1"].value == "Decisions and profits by model, by formula"
    assert rows_of(book["Models, by formula"]) == rows_of(book["Models"])


def test_several_plans_stand_side_by_side(plan, other_plan, coordination_game, tmp_path):
    book = book_of(tmp_path, plan, other_plan, coordination_game)
    assert book.sheetnames[:3] == ["Side by side", "1 Summary", "1 Cost terms"]
    assert {"2 Summary", "2 Flows", "3 Summary", "3 Models"} <= set(book.sheetnames)
    rows = list(book["Side by side"].iter_rows(values_only=True))
    rate = next(row for row in rows if row[0] == "Collection rate")
    assert rate[1:3] == (plan.models["design"]["kpis"]["collection_rate"],) * 2
    revenue = next(row for row in rows if row[0] == "Revenue")
    assert revenue[1] == pytest.approx(-34_560)  # the plan's README: 64 t x 300 x 1.8
    assert ("other", "Shredder", "1: Cove", "1: Bray") in [row[:4] for row in rows]


def test_a_plan_that_does_not_exist_says_what_conflicts(plan, tmp_path):
    design = {**plan.models["design"], "objective": None, "cost_terms": None, "kpis": None, "open_facilities": None}
    design["conflicts"] = [
        {"rule": "=target", "place": "Bray\x07", "period": "first", "amount": 12.5, "unit": "t", "penalty": None}
    ]
    design |= {
        "certificate": [],
        "point_status": "none",
        "gap": None,
        "bound": None,
        "reason": "no plan meets all rules",
    }
    (tmp_path / "result.json").write_text(json.dumps({**plan.document, "models": {"design": design}}))
    book = book_of(tmp_path, load(tmp_path))
    assert "Plan: No answer: no plan meets all rules." in words_of(book["Summary"])
    _, rows = rows_of(book["Conflicts"])
    assert rows == [("=target", "Bray", "first", 12.5, "t")]
    assert book["Conflicts"]["A3"].data_type == "s"


def test_command_line_and_python_write_the_same_numbers(hand_result, plan, tmp_path):
    found = CliRunner().invoke(app, ["report", str(plan.folder), "--out", str(tmp_path / "cli.xlsx")])
    assert found.exit_code == 0, found.output
    hand_result.report(tmp_path / "python.xlsx")
    one, two = (openpyxl.load_workbook(tmp_path / name) for name in ("cli.xlsx", "python.xlsx"))
    assert one.sheetnames == two.sheetnames
    for name in one.sheetnames[1:]:
        assert rows_of(one[name]) == rows_of(two[name])


def test_what_cannot_be_written_is_refused(plan, tmp_path):
    found = CliRunner().invoke(app, ["report", str(plan.folder), "--out", str(tmp_path / "plan.ods")])
    assert found.exit_code == 2
    assert "is a spreadsheet of kind .ods; save it as .xlsx" in found.stderr
    with pytest.raises(InvalidInput, match="cannot be written"):
        write_page([plan.folder], tmp_path / "nowhere" / "plan.xlsx")
