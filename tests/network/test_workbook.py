"""A network as one workbook: what is written, that it reads back, and that every fault is told with sheet and cell."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import batteryopt
from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data import instance as nf
from batteryopt.network.family import solve
from batteryopt.network.tables import export, read, write, write_workbook
from batteryopt.network.tables import workbook_writer as writing
from batteryopt.network.tables.example import example
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.template import write_template

from .everything import everything
from .same import differences
from .test_tables import FAULTS, HAND, rich_network

PROVINCE = HAND.parent / "china-province"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hand network as a workbook."""
    path = tmp_path_factory.mktemp("written") / "hand.xlsx"
    export(HAND, path)
    return path


@pytest.fixture
def workbook(written: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copy(written, tmp_path))


def change(path: Path, how: Callable[[Any], object]) -> Path:
    """Open a workbook, change it as a user would, and save it."""
    book = openpyxl.load_workbook(path)
    how(book)
    book.save(path)
    return path


def column_of(sheet: Any, name: str) -> int:
    """Return the number of a column by its heading."""
    return [cell.value for cell in sheet[1]].index(name) + 1


def setting(book: Any, key: str) -> Any:
    """Return the cell of a setting's (first) value."""
    return next(row[2] for row in book["network"].iter_rows() if row[0].value == key)


def faults(path: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(path)
    return [str(fault) for fault in caught.value.faults]


# ---- there and back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [rich_network, everything, example], ids=lambda made: made.__name__)
def test_a_workbook_reads_back_to_the_last_bit(tmp_path: Path, network: Callable[[], nf.Network]) -> None:
    write_workbook(network(), tmp_path / "copy.xlsx")
    assert differences(read(tmp_path / "copy.xlsx"), network()) == []


@pytest.mark.parametrize("folder", [HAND, PROVINCE], ids=lambda folder: folder.name)
def test_a_folder_goes_to_a_workbook_and_back(tmp_path: Path, folder: Path) -> None:
    left = export(folder, tmp_path / "there.xlsx")
    assert left == ("README.md",)
    assert export(tmp_path / "there.xlsx", tmp_path / "back") == ()
    assert differences(read(tmp_path / "back"), read(folder)) == []
    assert read(tmp_path / "back").name == read(folder).name
    provenance = [
        place / "provenance.csv" for place in (folder, tmp_path / "back") if (place / "provenance.csv").exists()
    ]
    assert len(provenance) == (2 if folder is PROVINCE else 0)
    rows = [list(csv.reader(io.StringIO(file.read_text(encoding="utf-8")))) for file in provenance]
    assert rows[:1] == rows[1:]


def test_a_number_that_needs_seventeen_digits_keeps_them(tmp_path: Path) -> None:
    """A double has up to seventeen significant digits: 0.1 + 0.2 is not 0.3."""
    network = read(HAND)
    network = replace(network, returns=(replace(network.returns[0], tonnes=0.1 + 0.2), *network.returns[1:]))
    write_workbook(network, tmp_path / "copy.xlsx")
    assert read(tmp_path / "copy.xlsx").returns[0].tonnes == 0.1 + 0.2 != 0.3


@pytest.mark.parametrize("name", ["=1+1", "007", "1e3", "TRUE", "2027-01-05", "#N/A", "a 'quoted' name"])
def test_names_that_a_spreadsheet_takes_for_something_else_stay_names(tmp_path: Path, name: str) -> None:
    network = read(HAND)
    network = replace(
        network, policy=nf.Policy(subsidies=(nf.Subsidy(name=name, base=nf.SubsidyBase.COLLECTED, rate=0.0),))
    )
    if name.startswith("#"):
        network = replace(network, policy=nf.Policy(), currency=name)
    write_workbook(network, tmp_path / "copy.xlsx")
    back = read(tmp_path / "copy.xlsx")
    assert name == (back.currency if name.startswith("#") else back.policy.subsidies[0].name)


def test_what_fits_no_workbook_is_refused_and_nothing_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = replace(read(HAND), source="a\x07bell", currency="\x01")
    with pytest.raises(InvalidInput) as caught:
        write_workbook(network, tmp_path / "copy.xlsx")
    assert [fault.place for fault in caught.value.faults] == ["source", "currency"]
    monkeypatch.setattr(writing, "MOST_SITES", 2)
    with pytest.raises(InvalidInput, match=r"'road': has 3 sites.*up to 2; keep this network as a folder"):
        write_workbook(read(HAND), tmp_path / "copy.xlsx")
    assert not (tmp_path / "copy.xlsx").exists()


# ---- what a user finds in it ---------------------------------------------------------------------------------------


def test_every_heading_has_a_note_and_every_reference_a_list(tmp_path: Path) -> None:
    write_template(tmp_path / "mine.xlsx")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx")
    assert book.sheetnames[:3] == ["readme", "network", "products"]
    assert set(TABLES) < set(book.sheetnames)
    for name, table in TABLES.items():
        sheet = book[name]
        heads = {cell.value.partition(":")[0]: cell for cell in sheet[1]}
        assert set(heads) == set(table.by_name)
        assert all(cell.comment.text for cell in heads.values())
        assert sheet.freeze_panes == "B2"
    notes = {cell.value: cell.comment.text for cell in book["levels"][1]}
    assert "Unit: EUR per t." in notes["variable_cost_per_t"]
    assert "Unit: t." in notes["capacity_t"]
    assert "Needed in every row." in notes["capacity_t"]
    assert "This column is of the period 2028." in book["returns"]["D1"].comment.text


def test_lists_offer_what_the_other_sheets_hold(tmp_path: Path) -> None:
    write_template(tmp_path / "mine.xlsx")
    book = openpyxl.load_workbook(tmp_path / "mine.xlsx")
    rules = {str(rule.sqref): rule for rule in book["candidates"].data_validations.dataValidation}
    by_column = {book["candidates"][f"{cells[0]}1"].value: rule.formula1 for cells, rule in rules.items()}
    assert by_column["site"] == "=OFFSET(sites!$A$2,0,0,MAX(COUNTA(sites!$A:$A)-1,1),1)"
    assert by_column["standing"] == '"' + ",".join(standing.value for standing in nf.Standing) + '"'
    assert by_column["may_close"] == '"yes,no"'
    row, periods = re.fullmatch(r"=network!\$C\$(\d+):\$E\$\d+", by_column["earliest"]), book["network"]
    assert row is not None
    assert [periods.cell(int(row[1]), column).value for column in (1, 3, 4, 5)] == ["periods", "2027", "2028", "2029"]
    assert all(rule.errorStyle == "warning" for rule in rules.values() if rule.showErrorMessage)


def test_another_program_may_save_it(tmp_path: Path) -> None:
    """LibreOffice, which keeps fifteen digits of a number, opens and saves the workbook: the same network."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    write_workbook(example(), tmp_path / "book.xlsx")
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "saved")]
    subprocess.run([*command, str(tmp_path / "book.xlsx")], capture_output=True, check=True)
    assert differences(read(tmp_path / "saved/book.xlsx"), example()) == []


def test_a_column_of_ones_own_is_told_how_to_stay(workbook: Path) -> None:
    def note(book: Any) -> None:
        book["returns"]["F1"], book["returns"]["F2"] = "remembered", "ask Bob"

    (fault,) = faults(change(workbook, note))
    assert fault.startswith("sheet returns, cell F1, column remembered: unknown column; known: ")
    assert fault.endswith("; or begin its name with # to have it left out")

    def mark(book: Any) -> None:
        note(book)
        book["returns"]["F1"] = "# remembered"

    assert solved(change(workbook, mark)) == pytest.approx(-7640, abs=1e-6)


# ---- changed, read and solved --------------------------------------------------------------------------------------


def solved(path: Path) -> float:
    answer = solve(batteryopt.read(path), gap=0.0).answer
    assert answer.certificate.passed
    assert answer.objective is not None
    return answer.objective


def test_a_return_doubled(workbook: Path) -> None:
    """Aston returns 200 t instead of 100: of the README's plans, only those with 260 t of capacity remain.

    A period of a large shredder in Aston and a small one in Bray: fixed 1,500 + 1,000, variable 200 x 8 + 60 x 10 =
    2,200, black mass 80 x 200 x 0.5 + 24 x 150 x 0.5 = 9,800; together 14,500. With both opened at once 8,000 + 5,000
    + 14,500 x 1.8 = 39,100. A small one in Aston and a large one in Bray move 100 t for 5,000 a period and cost 18,580;
    two large ones open for 3,000 more and cost 14,880. Revenue: 104 t x 300 x 1.8 = 56,160.
    """
    assert solved(workbook) == pytest.approx(-7640, abs=1e-6)

    def double(book: Any) -> None:
        cell = book["returns"].cell(2, column_of(book["returns"], "tonnes"))
        cell.value *= 2

    assert solved(change(workbook, double)) == pytest.approx(39_100 - 56_160, abs=1e-6)


def test_a_site_added(workbook: Path) -> None:
    """Dale returns 40 t, 50 km from Aston, 80 from Bray, and has no shredder: 200 t in all.

    Two small shredders are full then. A period: fixed 2,000, variable 200 x 10 = 2,000, Dale to Bray 40 x 80 x 0.5 =
    1,600 (Aston is full with its own), black mass 40 x 200 x 0.5 + 40 x 150 x 0.5 = 7,000; together 12,600, and with
    opening 10,000 + 12,600 x 1.8 = 32,680. The others: one large in Aston 8,000 + 15,100 x 1.8 = 35,180; in Bray 8,000
    + 15,700 x 1.8 = 36,260; large in Aston and small in Bray 13,000 + 12,620 x 1.8 = 35,716; small in Aston and large
    in Bray 13,000 + 12,900 x 1.8 = 36,220. Revenue: 80 t x 300 x 1.8 = 43,200.
    """

    def add(book: Any) -> None:
        book["sites"].append(["Dale"])
        book["returns"].append(["Dale", "pack", 40])
        road = book["road"]
        for place, km in (("Aston", 50), ("Bray", 80), ("Cove", 260)):
            there = next(cell.column for cell in road[1] if cell.value == place)
            road.cell(5, there, km)
            road.cell(there, 5, km)
        road.cell(1, 5, "Dale")
        road.cell(5, 1, "Dale")

    assert solved(change(workbook, add)) == pytest.approx(32_680 - 43_200, abs=1e-6)


# ---- faults --------------------------------------------------------------------------------------------------------


def test_all_faults_are_told_at_once_each_with_sheet_and_cell(workbook: Path) -> None:
    def spoil(book: Any) -> None:
        book["returns"]["C2"] = "many"
        book["returns"]["A3"] = "Brey"
        book["returns"].append(["Bray ", "pck", -5])
        book["returns"].append([None, "pack", 1])
        book["returns"].append(["Cove", "pack", "=1+1"])
        book["returns"]["J3"] = "a thought"
        book["levels"]["D1"] = "opening_costs"
        book["levels"]["E2"] = dt.date(2027, 1, 5)
        book["levels"]["E3"] = "#DIV/0!"
        setting(book, "discount_rate").value = "high"
        setting(book, "currency").offset(0, -2).value = "curency"
        setting(book, "policy.budget").value = 1
        setting(book, "policy.budget").offset(0, 1).value = "x"
        book["road"]["C3"] = "near"
        book.create_sheet("lane")["A1"] = "origin"

    found = [fault.split(";")[0] for fault in faults(change(workbook, spoil))]
    assert found == [
        "sheet network, cell C4, curency: unknown key",
        "sheet network, cell C7, discount_rate: is the text 'high'",
        "sheet network, cell D12, policy.budget: has the text 'x' in it",
        "sheet lane: unknown sheet",
        "sheet returns, cell J3: stands in a column without a name",
        "sheet returns, cell C2: is the text 'many'",
        "sheet returns, cell A5: is empty",
        "sheet returns, cell C6: is the formula =1+1 without a value",
        "sheet levels, cell D1, column opening_costs: unknown column",
        "sheet levels, cell E2: is a date or time (2027-01-05)",
        "sheet levels, cell E3: is the error #DIV/0!",
        "sheet road, cell C3: is the text 'near'",
        "sheet returns, cell A3: 'Brey' is not declared",
        "sheet returns, cell B4: 'pck' is not declared",
        "sheet returns, cell C4: is -5.0",
    ]


@pytest.mark.parametrize(("file", "text", "expected"), [case for case in FAULTS if case[1]])
def test_words_are_those_of_the_folder(tmp_path: Path, workbook: Path, file: str, text: str, expected: str) -> None:
    """The same table, once as a CSV file and once as a sheet: only the places differ."""
    folder = Path(shutil.copytree(HAND, tmp_path / "network"))
    (folder / file).write_text(text)
    name = {"road_km": "road"}.get(file[:-4], file[:-4])

    def spoil(book: Any) -> None:
        if name in book.sheetnames:
            del book[name]
        sheet = book.create_sheet(name)
        for row in csv.reader(io.StringIO(text)):
            sheet.append([cell or None for cell in row])

    there, here = (
        [re.sub(r"(\w+)\.csv", r"sheet \1", fault.partition(": ")[2]) for fault in faults(path)]
        for path in (folder, change(workbook, spoil))
    )
    if "cells for" in expected:  # a sheet has no commas: it has a column too many, without a name
        assert here == [
            "stands in a column without a name; name the column, or begin its name with # to have it left out"
        ]
    else:
        assert here == there


def test_a_number_out_of_range_is_told_in_the_cell_of_its_period(workbook: Path) -> None:
    def spoil(book: Any) -> None:
        sheet = book["returns"]
        sheet["D1"], sheet["E1"] = "tonnes:second", "tonnes:first"
        sheet["D2"], sheet["E3"] = -1, -2
        sheet["C3"] = None
        sheet["D3"] = 5

    found = [fault.partition("; ")[0] for fault in faults(change(workbook, spoil))]
    assert found == ["sheet returns, cell D2: is -1.0", "sheet returns, cell E3: is -2.0"]


def test_people_are_met_halfway(workbook: Path) -> None:
    """Blank rows, spaces, numbers as text, TRUE, headings and sheets in capitals, remarks: all as meant."""
    whole = read(workbook)

    def tidy(book: Any) -> None:
        returns = book["returns"]
        returns.insert_rows(3, amount=2)
        returns["A4"] = "# Bray is asked again in March"
        returns["A2"], returns["C2"] = " Aston ", "100.0 "
        returns["K1"], returns["K2"] = "# who said so", "the mayor"
        returns.title = "aside"  # openpyxl thinks that a sheet is in its own way
        returns.title = "Returns"
        book.create_sheet("Sheet1")
        book.create_sheet("#scratch")["A1"] = "12 x 7"
        book["candidates"].cell(2, column_of(book["candidates"], "may_close"), True)
        setting(book, "periods").offset(0, 0).value = "first "

    network = read(change(workbook, tidy))
    assert network.candidates[0].may_close is True
    assert differences(replace(network, candidates=whole.candidates), whole) == []


def with_cached(path: Path, formula: str, value: str) -> Path:
    """Give a formula the value that a spreadsheet would store with it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    count = 0
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            count += content.count(f"<f>{formula}</f><v />".encode()) + content.count(f"<f>{formula}</f><v/>".encode())
            content = re.sub(rb"<f>" + re.escape(formula.encode()) + rb"</f><v ?/>",
                             f"<f>{formula}</f><v>{value}</v>".encode(), content)  # fmt: skip
            archive.writestr(name, content)
    assert count == 1
    return path


def test_the_stored_value_of_a_formula_counts(workbook: Path) -> None:
    path = change(workbook, lambda book: book["returns"].__setitem__("C2", "=50*2"))
    assert read(with_cached(path, "50*2", "150")).returns[0].tonnes == 150


def test_periods_and_years_stand_side_by_side(workbook: Path) -> None:
    def change_it(book: Any) -> None:
        periods, years = setting(book, "periods"), setting(book, "years_per_period")
        periods.value, periods.offset(0, 1).value, periods.offset(0, 2).value = 2027, 2028, 2030
        years.value, years.offset(0, 1).value, years.offset(0, 2).value = 1, 2, 1.5
        carbon = setting(book, "policy.carbon_price_per_t")
        carbon.value, carbon.offset(0, 1).value, carbon.offset(0, 2).value = 10, "20", 30.5
        setting(book, "policy.budget_carries_over").value = "yes"

    network = read(change(workbook, change_it))
    assert [(period.name, period.years) for period in network.periods] == [("2027", 1), ("2028", 2), ("2030", 1.5)]
    assert network.policy.carbon_price_per_t == (10, 20, 30.5)
    assert network.policy.budget_carries_over is True


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (lambda book: book.remove(book["network"]), "file: has no sheet 'network'; a network's workbook has one"),
        (lambda book: book.remove(book["sites"]), "sheet sites: is empty, or not there; at least one is needed"),
        (lambda book: book["network"].delete_rows(1), "sheet network: has no headings; expected a first row with"),
        (lambda book: setting(book, "periods").offset(0, -2).__setattr__("value", None),
         "sheet network, periods: is missing; expected their names side by side, such as 2025 and 2026"),
        (lambda book: book["network"].append(["name", None, "again"]), "cell A18: 'name' stands twice"),
        (lambda book: setting(book, "distances.road").__setattr__("value", "rode"),
         "sheet network, cell C17, distances.road: there is no sheet 'rode'; did you mean 'road'?"),
        (lambda book: setting(book, "distances.road").__setattr__("value", "road.npz"), "road.npz: there is no such f"),
        (lambda book: setting(book, "distances.road").offset(0, -2).__setattr__("value", None),
         "sheet road: unknown sheet; if it holds distances, write distances.road into the sheet 'network'"),
        (lambda book: book["road"].delete_rows(4), "sheet road: cannot be read (its first column does not repeat"),
        (lambda book: book["network"].__setitem__("C2", "=1/0"), "sheet network, cell C2: is the formula =1/0 without"),
    ],
)  # fmt: skip
def test_each_kind_of_fault_of_a_workbook_is_told(workbook: Path, how: Callable[[Any], object], expected: str) -> None:
    assert expected in "\n".join(faults(change(workbook, how)))


def test_distances_may_lie_in_a_file_beside_the_workbook(workbook: Path) -> None:
    shutil.copy(HAND / "road_km.csv", workbook.parent)

    def point_there(book: Any) -> None:
        setting(book, "distances.road").value = "road_km.csv"
        book.remove(book["road"])

    assert np.array_equal(read(change(workbook, point_there)).distances["road"], read(HAND).distances["road"])


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    assert "file: there is no such file; check the path, or make one" in faults(tmp_path / "none.xlsx")[0]
    (tmp_path / "torn.xlsx").write_bytes(b"PK\x03\x04 torn")
    assert "file: is no workbook that can be read" in faults(tmp_path / "torn.xlsx")[0]
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert "file: is no workbook that can be read" in faults(tmp_path / "other.xlsx")[0]
    assert "is a spreadsheet of kind .ods; save it as .xlsx" in faults(tmp_path / "calc.ods")[0]


def test_a_folder_is_written_from_a_workbook_as_from_any_network(workbook: Path, tmp_path: Path) -> None:
    write(read(workbook), tmp_path / "by hand")
    export(workbook, tmp_path / "by export")
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("by hand", "by export"))
    assert one == two
