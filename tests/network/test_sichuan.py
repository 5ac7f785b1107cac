"""Sichuan as a recycler meets it: where things are, a tonne by hand, what the market pays, what binds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from batteryopt.network.data.geography import great_circle_km
from batteryopt.network.data.instance import Network, Sizes
from batteryopt.network.solve import solve
from batteryopt.network.tables import read

SICHUAN = Path(__file__).parents[2] / "data" / "networks" / "sichuan"
ASSETS = Path(__file__).parents[2] / "docs" / "assets"


@pytest.fixture(scope="module")
def sichuan() -> Network:
    return read(SICHUAN)


def earned(network: Network, recipe: str, *, unsold: float = 0.0) -> float:
    """What a tonne through a recipe earns: its outputs at the network's prices, `unsold` where there is no buyer."""
    price = {row.product: float(row.price_per_t) for row in network.markets}  # type: ignore[arg-type]
    found = next(r for type_ in network.types for r in type_.recipes if r.name == recipe)
    sales = sum(tonnes * price.get(product, unsold) for product, tonnes in found.outputs)
    return sales - float(found.cost_per_t) - found.electricity_kwh_per_t * 0.72  # type: ignore[arg-type]


def test_seats_stand_where_they_are(sichuan: Network) -> None:
    # Chengdu to Mianyang is some 125 km by road, 192 by the middles of their areas; Kangding is within a day's drive
    names = [site.name for site in sichuan.sites]
    latitude = [site.latitude_deg for site in sichuan.sites]
    longitude = [site.longitude_deg for site in sichuan.sites]
    km = 1.2 * great_circle_km(latitude, longitude)  # type: ignore[arg-type]
    chengdu = names.index("Chengdu")
    assert km[chengdu, names.index("Mianyang")] == pytest.approx(125.0, rel=0.05)
    assert km[chengdu, names.index("Garze Tibetan Autonomous Prefecture")] < 300.0
    centres = [names.index(c.site) for c in sichuan.candidates if c.type == "centre"]
    assert km[centres].min(axis=0).max() < 600.0  # so that nobody is beyond every lorry


def test_a_tonne_of_lfp_earns_less_than_it_costs(sichuan: Network) -> None:
    # 0.2 t second-life pack at 8,000 = 1,600. Of 0.8 t: cells 0.52 t, of which a fifth is foil, 93 % of it recovered:
    #   0.4 of that copper 0.038688 x 49,100 = 1,899.58, the rest aluminium 0.058032 x 9,000 = 522.29
    #   casings 0.8 x 0.35 x 0.7 = 0.196 x 6,000 = 1,176; black mass 0.26 t at 2,700 for each of its 100 x 0.7 x
    #   6.94 / 157.757 = 3.0794 % lithium = 8,315: 2,161.90
    # work: centre 300 + 0.2 x 4,000 + 0.8 x (850 x 0.65 + 150) = 1,662; outlet 350 + 350,000 / 720 = 836.11
    # That leaves 4,861.66 before freight and facilities, and 5,000 are paid
    sales = 1600 + 0.038688 * 49_100 + 0.058032 * 9000 + 1176 + 0.26 * 8315
    assert earned(sichuan, "dismantle lfp") == pytest.approx(sales - 1662, abs=0.01)
    outlet = sichuan.types_by_name["outlet"].levels[0].variable_cost_per_t
    assert outlet == pytest.approx(350 + 350_000 / 720, abs=0.01)
    assert earned(sichuan, "dismantle lfp") - float(outlet) == pytest.approx(4861.66, abs=0.02)  # type: ignore[arg-type]
    paid = {row.product: row.acquisition_cost_per_t for row in sichuan.returns}
    assert paid == {"lfp_pack": 5000.0, "ncm_pack": 20_000.0}


def test_a_tonne_of_ncm_earns_just_more(sichuan: Network) -> None:
    # copper 0.65 x 0.2 x 0.93 x 0.4 = 0.04836 x 49,100 = 2,374.48, aluminium 0.07254 x 9,000 = 652.86, casings 0.245 x
    # 6,000 = 1,470, black mass 0.325 t: of a tonne 0.7 t powder (96.927 g/mol), 0.76 of its nickel at 32,700 a tonne of
    # hydrate (0.6 x 262.84 / 96.927) and cobalt at 36,300 (0.2 x 281.10 / 96.927), 0.74 of its lithium as carbonate at
    # 75,000 (6.94 / 96.927 x 73.888 / 13.88)
    salts = 0.7 * (0.6 * 262.84 * 32_700 + 0.2 * 281.10 * 36_300) / 96.927
    lithium = 0.7 * 6.94 / 96.927 * 73.888 / 13.88 * 75_000
    black_mass = 0.76 * salts + 0.74 * lithium
    sales = 0.04836 * 49_100 + 0.07254 * 9000 + 1470 + 0.325 * black_mass
    assert earned(sichuan, "dismantle ncm") == pytest.approx(sales - 702.5, abs=1.0)
    assert sales - 702.5 - 836.11 == pytest.approx(20_610, abs=10)


def test_refining_leaves_what_reviews_say(sichuan: Network) -> None:
    # SMM, autumn 2025: refiners that buy black mass make -6 to 4 % of sales; before facilities, so a little above
    price = {row.product: float(row.price_per_t) for row in sichuan.markets}  # type: ignore[arg-type]
    for chemistry, least, most in (("ncm", 0.0, 0.06), ("lfp", -0.80, 0.0)):
        recipe = next(r for r in sichuan.types_by_name["plant"].recipes if r.name == f"leach {chemistry}")
        sales = sum(tonnes * price[product] for product, tonnes in recipe.outputs)
        margin = (earned(sichuan, recipe.name) - price[f"{chemistry}_black_mass"]) / sales
        assert least < margin < most, chemistry


def test_centres_have_sizes_that_are_built(sichuan: Network) -> None:
    centre = sichuan.types_by_name["centre"]
    assert centre.sizes is Sizes.LEVELS
    assert [level.capacity_t for level in centre.levels] == [10_000.0, 30_000.0, 100_000.0]


def test_a_second_life_ends_within_the_plan(sichuan: Network) -> None:
    (back,) = {b for row in sichuan.markets for b in row.comes_back}
    assert back.product == "lfp_pack"
    assert back.lag_periods < len(sichuan.periods)


def test_packs_follow_the_growth_that_is_known(sichuan: Network) -> None:
    # against the older network, which lets sales of 2024 and 2025 grow by 6.5 % and packs be new after their first year
    province = read(SICHUAN.parent / "china-province")

    def total(network: Network, period: int) -> float:
        return sum(float(network.profile(row.tonnes)[period]) for row in network.returns)

    assert 1.2 < total(sichuan, 0) / total(province, 0) < 1.5
    assert {site.name for site in sichuan.sites} == {site.name for site in province.sites}


def test_owners_that_get_nothing_are_a_what_if(sichuan: Network) -> None:
    free = sichuan.what_if("owners get nothing")
    assert {row.acquisition_cost_per_t for row in free.returns} == {0.0}
    page = (SICHUAN / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in sichuan.what_ifs)


def test_what_it_alone_has_is_told_with_its_source() -> None:
    with (SICHUAN / "provenance.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["figure"].startswith("sichuan: ")]
    assert len(rows) > 12
    for row in rows:
        assert all(row[name] for name in ("value", "unit", "year", "source", "standing")), row


@pytest.mark.slow
def test_targets_bind(sichuan: Network) -> None:
    answer = solve(sichuan, gap=0.02, time_limit=300.0)
    free = solve(sichuan.what_if("no target"), gap=0.02, time_limit=300.0)
    assert answer.solution is not None
    assert free.solution is not None
    assert all(check.passed for check in answer.certificate)
    assert free.solution.kpis["collection_rate"] < answer.solution.kpis["collection_rate"]
    assert free.solution.net_present_cost < answer.solution.net_present_cost


# ---- the picture in the docs ---------------------------------------------------------------------------------------


def test_the_five_figures_move_the_cost_the_way_they_must() -> None:
    # measured within 2 %: what is paid makes the plan dearer, what is sold cheaper, and no end is on the base's side
    with (ASSETS / "sichuan-sensitivity.csv").open(newline="", encoding="utf-8") as stream:
        rows = {(row["figure"], row["end"]): float(row["cost"]) for row in csv.DictReader(stream)}
    base = rows["as it is", ""]
    figures = {figure for figure, end in rows if end}
    assert len(figures) == 5
    picture = (ASSETS / "sichuan-sensitivity.svg").read_text(encoding="utf-8")
    for figure in figures:
        low, high = rows[figure, "low"], rows[figure, "high"]
        assert (low < base < high) if figure.startswith("paid") else (low > base > high), figure
        assert figure in picture


def test_what_a_pack_costs_more_is_paid_for_what_comes_in(sichuan: Network) -> None:
    # packs at the low price: no plan pays owners more than the difference on all that returns, discounted
    with (ASSETS / "sichuan-sensitivity.csv").open(newline="", encoding="utf-8") as stream:
        rows = {(row["figure"], row["end"]): row for row in csv.DictReader(stream)}
    factors = sichuan.discount_factors
    for product, figure, fall in (("lfp_pack", "LFP", 3000.0), ("ncm_pack", "NCM", 10_000.0)):
        returned = sum(
            float((sichuan.profile(row.tonnes) * factors).sum()) for row in sichuan.returns if row.product == product
        )
        saved = float(rows["as it is", ""]["cost"]) - float(rows[f"paid for {figure} packs, CNY/t", "low"]["cost"])
        assert 0.0 < saved < 1.1 * fall * returned / 1e6
