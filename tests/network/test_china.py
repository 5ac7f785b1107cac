"""The Chinese networks: returns against figures that do not come from the code, every figure with its standing."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from batteryopt.network.data.instance import Network
from batteryopt.network.tables import read

NETWORKS = Path(__file__).parents[2] / "data" / "networks"
FOLDERS = ("china", "china-capitals", "china-province")


@pytest.fixture(scope="module")
def build() -> Iterator[None]:
    """The scripts that make the networks, importable."""
    sys.path.insert(0, str(NETWORKS))
    yield
    sys.path.remove(str(NETWORKS))


@pytest.fixture(scope="module")
def china() -> Network:
    return read(NETWORKS / "china")


def returned_t(network: Network, period: int, product: str = "") -> float:
    return sum(float(network.profile(row.tonnes)[period]) for row in network.returns if product in ("", row.product))


@pytest.mark.parametrize(
    ("year", "kt"), [(2020, 9.9), (2023, 76.0), (2024, 126.0), (2025, 202.0), (2027, 475.0), (2030, 1280.0)]
)
def test_the_country_retires_what_others_found(build: None, year: int, kt: float) -> None:
    # computed by others from the same registrations; to the digits that they gave
    from china_build.returns import cities, retired_t

    table = cities()
    tonnes = sum(retired_t(table, year, chemistry).sum() for chemistry in ("lfp", "ncm"))
    assert tonnes / 1000 == pytest.approx(kt, rel=0.005)


def test_a_pack_retires_once(build: None) -> None:
    from china_build.returns import retired_share

    assert sum(retired_share(age, 9.0, 3.5) for age in range(1, 60)) == pytest.approx(1.0, abs=1e-12)
    # the ninth year of a life of scale 9: exp(-(8/9)^3.5) - exp(-1)
    assert retired_share(9, 9.0, 3.5) == pytest.approx(math.exp(-((8 / 9) ** 3.5)) - math.exp(-1.0), rel=1e-12)
    assert retired_share(0, 9.0, 3.5) == 0.0


def test_one_city_by_hand(build: None) -> None:
    # Beijing 2017: only vehicles of 2016 (63,009) have reached age 1; masses in kg, scales in years, shape 3.5
    from china_build.returns import cities, retired_t

    def share(scale: float) -> float:
        return 1.0 - math.exp(-((1.0 / scale) ** 3.5))

    kg = 63_009 * (0.543065 * 350 * share(9.0) + 0.166935 * 357 * share(10.5))
    table = cities()
    position = table.index.get_loc(110000)
    assert retired_t(table, 2017, "lfp")[position] == pytest.approx(kg / 1000, rel=1e-12)


def test_sales_over_the_year_are_half_a_year_older(build: None) -> None:
    # Beijing 2016: vehicles sold in that very year (63,009) are half a year old at its end on average
    from china_build.returns import cities, retired_t

    def share(scale: float) -> float:
        return 1.0 - math.exp(-((0.5 / scale) ** 3.5))

    table = cities()
    position = table.index.get_loc(110000)
    kg = 63_009 * (0.543065 * 350 * share(9.0) + 0.166935 * 357 * share(10.5))
    assert retired_t(table, 2016, "lfp", first_age_years=0.5)[position] == pytest.approx(kg / 1000, rel=1e-12)
    assert retired_t(table, 2016, "lfp")[position] == 0.0


def test_half_a_year_stands_for_sales_over_the_year(build: None) -> None:
    # sales on each of 12 mid-months: the mean of twelve ages, not the age of the mean
    from china_build.returns import cities, retired_t

    table = cities()
    months = [retired_t(table, 2027, "lfp", first_age_years=(month + 0.5) / 12).sum() for month in range(12)]
    middle = retired_t(table, 2027, "lfp", first_age_years=0.5).sum()
    assert middle == pytest.approx(float(np.mean(months)), rel=0.01)
    assert middle > 1.2 * retired_t(table, 2027, "lfp").sum()


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_ifs_are_those_that_the_readme_names(folder: str) -> None:
    network = read(NETWORKS / folder)
    page = (NETWORKS / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in network.what_ifs)
    bought = network.what_if("packs bought")
    paid = {row.product: row.acquisition_cost_per_t for row in bought.returns}
    assert paid == {"lfp_pack": 5000.0, "ncm_pack": 20_000.0}
    assert bought.what_ifs == network.what_ifs


def test_the_networks_of_cities_and_capitals_hold_the_same_returns(china: Network) -> None:
    capitals = read(NETWORKS / "china-capitals")
    assert len(china.sites) == 364
    assert len(capitals.sites) == 31
    assert len(china.periods) == len(capitals.periods) == 8
    for period in range(8):
        assert returned_t(china, period) == pytest.approx(returned_t(capitals, period), abs=0.05 * 2 * (364 + 31))
    assert returned_t(china, 0) / 1000 == pytest.approx(202.0, rel=0.005)


def test_the_province_is_part_of_the_country(china: Network) -> None:
    province = read(NETWORKS / "china-province")
    assert len(province.sites) == 21
    inside = {site.name for site in province.sites}
    assert inside == {site.name for site in china.sites if site.region == "Sichuan"}
    position = china.period_index[province.periods[0].name]
    whole = sum(float(china.profile(r.tonnes)[position]) for r in china.returns if r.site in inside)
    assert returned_t(province, 0) == pytest.approx(whole, rel=1e-12)


def test_distances_are_the_networks_own_where_they_can_be_used(china: Network) -> None:
    names = [site.name for site in china.sites]
    beijing, tianjin = names.index("Beijing"), names.index("Tianjin")
    assert china.distances["road_km"][beijing, tianjin] == 171.0  # 171.1 in the source
    assert china.distances["rail_km"][beijing, tianjin] == 187.0  # 186.7


def test_the_island_has_distances_of_its_own(china: Network) -> None:
    # the source leads over the mainland. Haikou 19.9 N 110.4 E, Sanya 18.37 N 109.4 E: 1.53 x 111.2 = 170.1 km north,
    # 1.0 x 111.2 x cos(19.1) = 105.1 km east, 200 km together, and 1.2 times that by road
    names = [site.name for site in china.sites]
    haikou, sanya = names.index("Haikou"), names.index("Sanya")
    assert china.distances["road_km"][haikou, sanya] == pytest.approx(1.2 * 200.0, abs=1.0)


def test_cities_far_from_the_railway_have_no_rail_and_mobile_stations_instead(china: Network) -> None:
    names = [site.name for site in china.sites]
    garze = names.index("Garze Tibetan Autonomous Prefecture")
    assert np.isnan(china.distances["rail_km"][garze, np.arange(364) != garze]).all()
    assert np.isfinite(china.distances["mobile_km"][garze]).all()
    assert np.isnan(china.distances["mobile_km"][names.index("Beijing")]).all()


@pytest.mark.parametrize("folder", FOLDERS)
def test_retired_packs_do_not_go_by_rail(folder: str) -> None:
    rail = next(mode for mode in read(NETWORKS / folder).modes if mode.name == "rail")
    assert rail.products == ("lfp_black_mass", "ncm_black_mass")


def test_recipes_make_what_chemistry_says(china: Network) -> None:
    leach = {recipe.name: dict(recipe.outputs) for recipe in china.types_by_name["plant"].recipes}
    # 0.35 / 0.5 t of LiFePO4 (157.757 g/mol) in a tonne of black mass, 6.94 of it lithium, 98 % of that recovered,
    # 73.888 g of Li2CO3 for 13.88 g of lithium
    expected = 0.7 * 6.94 / 157.757 * 0.98 * 73.888 / 13.88
    assert leach["leach lfp"]["lithium_carbonate"] == pytest.approx(expected, rel=1e-4)
    # LiNi0.6Co0.2Mn0.2O2 is 96.927 g/mol; hydrates of 262.84, 281.10 and 169.01 g/mol; 94 % recovered
    salts = 0.7 * (0.6 * 262.84 + 0.2 * 281.10 + 0.2 * 169.01) / 96.927 * 0.94
    assert leach["leach ncm"]["nickel_cobalt_manganese_salts"] == pytest.approx(salts, rel=1e-4)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_figure_has_a_source_and_a_standing(folder: str) -> None:
    with (NETWORKS / folder / "provenance.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 60
    assert {row["standing"] for row in rows} == {"well sourced", "derived", "assumption"}
    assert all(row["figure"] and row["value"] and row["source"] for row in rows)
    assert len({row["figure"] for row in rows}) == len(rows)


@pytest.mark.parametrize("folder", FOLDERS)
def test_licences_are_told_beside_the_distances(folder: str) -> None:
    text = (NETWORKS / folder / "README.md").read_text()
    assert "OpenStreetMap contributors" in text
    assert "Open Database License" in text


def test_the_folders_are_what_the_scripts_make(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "china_build", "--into", str(tmp_path)], cwd=NETWORKS, check=True, capture_output=True
    )
    for folder in FOLDERS:
        made = {file.name: file.read_bytes() for file in (tmp_path / folder).iterdir() if file.suffix != ".npz"}
        kept = {name: (NETWORKS / folder / name).read_bytes() for name in made}
        assert made == kept, folder
        for matrix in (tmp_path / folder).glob("*.npz"):
            with np.load(matrix) as one, np.load(NETWORKS / folder / matrix.name) as other:
                np.testing.assert_array_equal(one["km"], other["km"])
