"""A plan as tables and on the screen: figures derived by hand, and sums that must give every cost back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.data import geography
from batteryopt.network.data.facilities import Recipe, Standing
from batteryopt.network.data.fields import specs_of
from batteryopt.network.data.flows import GREAT_CIRCLE
from batteryopt.network.data.geography import nearest_among, table_km
from batteryopt.network.data.instance import CollectionTarget, Network, Policy
from batteryopt.network.data.objective import Objective
from batteryopt.network.plan.answer import NetworkAnswer, NetworkResult
from batteryopt.network.plan.attribution import by_city
from batteryopt.network.plan.output import coverage, tables, utilisation
from batteryopt.network.plan.solution import Solution
from batteryopt.network.plan.summary import money, summary, use_of
from batteryopt.network.tables import read, write
from batteryopt.network.tables.example import example
from batteryopt.report.saved import save
from batteryopt.solvers.contract.provenance import Route, Run

from .echelon import echelon
from .everything import everything
from .optimum import best_plan

DATA = Path(__file__).parents[2] / "data" / "networks"


@pytest.fixture(scope="module")
def hand_plan() -> Solution:
    """The optimum of the hand network, as its README derives it: a small shredder in both cities."""
    network = read(DATA / "hand")
    each = [
        (site, tonnes, period) for site, tonnes in (("Aston", 100.0), ("Bray", 60.0)) for period in ("first", "second")
    ]
    return Solution.of(
        network,
        facilities=pd.DataFrame(
            [(site, "shredder", "small", period, 100.0) for site, _, period in each],
            columns=["site", "type", "level", "period", "capacity_t"],
        ),
        processed=pd.DataFrame(
            [(site, "shredder", "shred", period, tonnes) for site, tonnes, period in each],
            columns=["site", "type", "recipe", "period", "tonnes"],
        ),
        shipped=pd.DataFrame(
            [(site, "Cove", "lorry", "black_mass", period, 0.4 * tonnes) for site, tonnes, period in each],
            columns=["origin", "destination", "mode", "product", "period", "tonnes"],
        ),
        sold=pd.DataFrame(
            [("Cove", "black_mass", period, 64.0) for period in ("first", "second")],
            columns=["site", "product", "period", "tonnes"],
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def rich_plan() -> Solution:
    """The best plan of a network with everything in it but rules that pay or fine."""
    return best_plan(example())


def test_the_hand_plan_costs_what_its_readme_says(hand_plan: Solution) -> None:
    assert hand_plan.net_present_cost == pytest.approx(-7640.0, rel=1e-12)


def test_each_city_bears_what_its_batteries_cost_on_their_whole_way(hand_plan: Solution) -> None:
    # 1.8 times a period: Aston 1,000 fixed + 100 x 10 + 40 t x 200 km x 0.5 - 40 x 300, and 5,000 to open;
    # Bray 1,000 + 60 x 10 + 24 x 150 x 0.5 - 24 x 300, and 5,000. The smelter pays each for its own black mass.
    table = by_city(hand_plan).set_index("site")
    aston, bray = 5000 + 1.8 * (1000 + 1000 + 4000 - 12000), 5000 + 1.8 * (1000 + 600 + 1800 - 7200)
    assert table.loc["Aston", "net_present_cost"] == pytest.approx(aston, rel=1e-12)
    assert table.loc["Bray", "net_present_cost"] == pytest.approx(bray, rel=1e-12)
    assert aston + bray == pytest.approx(-7640.0)
    assert table.loc["Aston", "cost_per_collected_t"] == pytest.approx(aston / 200)
    assert table.loc["Bray", "collection_rate"] == 1.0


def test_cities_share_a_plant_by_what_they_send_to_it(hand_plan: Solution) -> None:
    # all packs to a large shredder in Aston: 8,000 + 1.8 x (1,500 + 1,280 + 6,400 - 19,200), of which Bray has 60/160,
    # and Bray alone pays 1.8 x 60 x 100 x 0.5 for the way
    network, periods = hand_plan.network, ("first", "second")
    plan = Solution.of(
        network,
        facilities=pd.DataFrame(
            [("Aston", "shredder", "large", p, 200.0) for p in periods],
            columns=["site", "type", "level", "period", "capacity_t"],
        ),
        processed=pd.DataFrame(
            [("Aston", "shredder", "shred", p, 160.0) for p in periods],
            columns=["site", "type", "recipe", "period", "tonnes"],
        ),
        shipped=pd.DataFrame(
            [("Bray", "Aston", "lorry", "pack", p, 60.0) for p in periods]
            + [("Aston", "Cove", "lorry", "black_mass", p, 64.0) for p in periods],
            columns=["origin", "destination", "mode", "product", "period", "tonnes"],
        ),
        sold=hand_plan.sold,
    )
    table = by_city(plan).set_index("site")["net_present_cost"]
    shared = 8000 + 1.8 * (1500 + 1280 + 6400 - 19200)
    assert table["Bray"] == pytest.approx(shared * 60 / 160 + 1.8 * 3000, rel=1e-12)
    assert table["Aston"] == pytest.approx(shared * 100 / 160, rel=1e-12)


@pytest.fixture(scope="module")
def whole_plan() -> Solution:
    """The best plan with every column in use, but for what no city's returns made.

    That is stock from before, and the facility that must stand at Cedar: with packs that go whole, it stands idle.
    """
    network = everything()
    types = tuple(
        dataclasses.replace(kind, storage=tuple(dataclasses.replace(store, initial_t=0.0) for store in kind.storage))
        for kind in network.types
    )
    candidates = tuple(
        dataclasses.replace(candidate, standing=Standing.OPEN, forced_from="")
        if candidate.standing is Standing.FORCED
        else candidate
        for candidate in network.candidates
    )
    return best_plan(network.replace(types=types, candidates=candidates))


@pytest.mark.parametrize("name", ["rich_plan", "whole_plan"])
def test_what_cities_bear_is_the_whole_cost_and_emission(name: str, request: pytest.FixtureRequest) -> None:
    plan: Solution = request.getfixturevalue(name)
    cities = by_city(plan)
    terms = plan.cost_terms
    assert terms["carbon"] != 0
    assert terms["transport"] > 0
    shared = plan.net_present_cost - terms["penalties"] - terms["subsidy"]
    assert cities["net_present_cost"].sum() == pytest.approx(shared, rel=1e-9)
    assert cities["emission_t"].sum() == pytest.approx(float(plan.emissions_t.to_numpy().sum()), rel=1e-9)
    assert cities["collected_t"].sum() == pytest.approx(plan.kpis["collected_t"])


COSTS_OF_RECIPES = [spec.name for spec in specs_of(Recipe) if spec.limits and "_per_t" in spec.name]


@pytest.mark.parametrize("column", COSTS_OF_RECIPES)
def test_what_recipes_cost_or_emit_more_cities_bear(rich_plan: Solution, column: str) -> None:
    """Whatever column of recipes it is, also one that is new: the plan stays, and what it costs more is all carried."""
    network = rich_plan.network
    sites = tuple(dataclasses.replace(site, electricity_price_per_kwh=0.5) for site in network.sites)
    network = dataclasses.replace(network, sites=sites)
    plan = dataclasses.replace(rich_plan, network=network)
    types = tuple(
        dataclasses.replace(kind, recipes=tuple(_dearer(recipe, column) for recipe in kind.recipes))
        for kind in network.types
    )
    dearer = dataclasses.replace(plan, network=dataclasses.replace(network, types=types))
    more = dearer.net_present_cost - plan.net_present_cost
    borne = by_city(dearer)["net_present_cost"].sum() - by_city(plan)["net_present_cost"].sum()
    assert more > 1.0
    assert borne == pytest.approx(more, rel=1e-9)


def _dearer(recipe: Recipe, column: str) -> Recipe:
    values = getattr(recipe, column)
    more = tuple(value + 5.0 for value in values) if isinstance(values, tuple) else values + 5.0
    return dataclasses.replace(recipe, **{column: more})


def test_what_is_not_collected_is_its_citys_harm_but_no_part_of_the_cost_a_tonne(hand_plan: Solution) -> None:
    network = example()
    plan = Solution.of(
        network,
        uncollected=pd.DataFrame(
            [(r.site, r.product, p.name, float(network.profile(r.tonnes)[t]))
             for r in network.returns for t, p in enumerate(network.periods)],
            columns=["site", "product", "period", "tonnes"],
        ),
    )  # fmt: skip
    table = by_city(plan).set_index("site")
    # Southtown: 30, 45 and 60 t at 500 EUR, 5 % a year
    assert table.loc["Southtown", "net_present_cost"] == pytest.approx(500 * (30 + 45 / 1.05 + 60 / 1.05**2))
    assert np.isnan(table.loc["Southtown", "cost_per_collected_t"])


def test_utilisation_is_use_over_capacity(hand_plan: Solution) -> None:
    table = utilisation(hand_plan).set_index(["site", "period"])
    assert table.loc[("Bray", "first"), "used_t"] == 60.0
    assert table.loc[("Bray", "first"), "utilisation"] == pytest.approx(0.6)
    assert table.loc[("Aston", "second"), "utilisation"] == pytest.approx(1.0)


def test_coverage_counts_returns_by_the_distance_to_the_nearest_taker(hand_plan: Solution) -> None:
    both = coverage(hand_plan)
    assert both["band_km"].tolist() == ["0", "0"]
    only_aston = hand_plan.facilities[hand_plan.facilities["site"] == "Aston"]
    table = coverage(Solution.of(hand_plan.network, facilities=only_aston)).set_index(["period", "band_km"])
    assert table.loc[("first", "0"), "returned_t"] == 100.0
    assert table.loc[("first", "100"), "share_of_returns"] == pytest.approx(60 / 160)  # Bray is 100 km away


def test_without_any_facility_everything_is_far(hand_plan: Solution) -> None:
    table = coverage(Solution.of(hand_plan.network))
    assert table["band_km"].tolist() == [">400", ">400"]


def test_every_table_is_written_and_reads_back(rich_plan: Solution, tmp_path: Path) -> None:
    write(rich_plan.network, tmp_path / "network")
    (tmp_path / "plan").mkdir()
    names = save(as_result(rich_plan), tmp_path / "network", tmp_path / "plan")
    assert {f"{name}.csv" for name in tables(rich_plan)} < set(names)
    flows = pd.read_csv(tmp_path / "plan" / "flows.csv")
    assert flows["tonnes"].sum() == pytest.approx(float(rich_plan.shipped["tonnes"].sum()), rel=1e-12)
    money_table = pd.read_csv(tmp_path / "plan" / "cost_terms.csv").drop(columns="period")
    # an entry is written to 12 digits, off by 5e-12 of itself at most; all entries are ten times the total at most
    assert money_table.to_numpy().sum() == pytest.approx(rich_plan.net_present_cost, rel=5e-11)
    assert not list((tmp_path / "plan").glob(".*"))


def test_a_result_without_a_plan_leaves_none_of_an_older_one(hand_plan: Solution, tmp_path: Path) -> None:
    """What `--keep`, or a spreadsheet, would read there is the answer to another question."""
    save(as_result(hand_plan), DATA / "hand", tmp_path)
    (tmp_path / "notes.csv").write_text("mine\n")
    assert (tmp_path / "facilities.csv").exists()
    full = as_result(hand_plan)
    nothing = dataclasses.replace(full, answer=dataclasses.replace(full.answer, solution=None))
    assert not save(nothing, DATA / "hand", tmp_path)  # a plan is better than none, and stays unasked
    assert (tmp_path / "facilities.csv").exists()
    assert save(nothing, DATA / "hand", tmp_path, overwrite=True)
    assert sorted(place.name for place in tmp_path.glob("*.csv")) == ["certificates.csv", "notes.csv"]


def test_the_names_of_all_tables_are_known_without_a_plan(rich_plan: Solution) -> None:
    assert tuple(tables(rich_plan)) == as_result(rich_plan).table_names


def as_result(plan: Solution) -> NetworkResult:
    found = {"stop_reason": StopReason.CONVERGED, "point_status": PointStatus.FEASIBLE}
    run = Run(route=Route.OPTIMIZER, solver="scipy", **found)
    answer = NetworkAnswer(network=plan.network, objective_kind={Objective.COST: 1.0}, solution=plan, run=run)
    return NetworkResult(instance=plan.network, answer=answer)


def text_of(network_plan: Solution, **about: Any) -> str:
    console = Console(width=120, record=True, file=None, force_terminal=False)
    with console.capture() as captured:
        console.print(summary(network_plan, **about))
    return captured.get()


def test_the_summary_says_what_a_planner_asks_first(hand_plan: Solution) -> None:
    text = text_of(hand_plan)
    assert "Net present cost -7,640.00 EUR" in text
    assert "320 t collected, 100% of what returns" in text
    assert "Aston (100 t)" in text
    assert "160 (80%)" in text  # both shredders, of 100 t each, get 100 and 60 t
    assert "shredder" in text
    assert "Served worst" not in text  # everything is collected
    assert "lorry" in text


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({Objective.COST: 1.0}, "; no plan can be better by more than 2.00 EUR, 0.00% of the money that moves"),
        ({Objective.EMISSIONS: 1.0}, "; best in emissions, where no plan can be better by more than 2 t CO2e"),
        ({Objective.COST: 1.0, Objective.RISK: 3.0}, "; best in cost and risk, weighted, to within 2"),
    ],
)
def test_the_summary_says_what_the_bound_is_of(hand_plan: Solution, objective, words: str) -> None:
    text = text_of(hand_plan, objective=objective, value=5.0, bound=3.0)
    assert f"Net present cost -7,640.00 EUR{words}\n" in text


@pytest.mark.parametrize(
    ("used", "capacity", "words"), [(160, 200, "160 (80%)"), (5, 3000, "5 (<1%)"), (0, 3000, "0 (0%)")]
)
def test_room_for_more_than_ever_comes_is_not_told_as_idle(used: float, capacity: float, words: str) -> None:
    """Outlets that are paid by the tonne have room for all that returns anywhere: 0% of it, in whole per cents."""
    assert use_of(used, capacity) == words


def test_the_summary_tells_no_rounding(hand_plan: Solution) -> None:
    # 4e-9 EUR beside 61,480 that move (the derivation in the network's README) are the rounding of sums
    text = text_of(hand_plan, objective={Objective.COST: 1.0}, value=5.0 + 4e-9, bound=5.0)
    assert "; no plan can be better by more than 0.00 EUR\n" in text


def test_the_summary_names_the_rules_that_are_missed() -> None:
    """Nothing is collected of 10 t, though half should be: 5 t are missed in the one period."""
    target = CollectionTarget(name="half", share=0.5, penalty_per_t=7.0)
    network = dataclasses.replace(
        echelon(np.zeros((1, 1)), [10], [100], uncollected=1.0), policy=Policy(collection_targets=(target,))
    )
    left = pd.DataFrame([("town0", "pack", "now", 10.0)], columns=["site", "product", "period", "tonnes"])
    lines = text_of(Solution.of(network, uncollected=left)).splitlines()
    title = next(i for i, line in enumerate(lines) if "Rules that are missed" in line)
    assert any("half" in line and "now" in line and " 5 t" in line for line in lines[title:])


def test_the_summary_names_who_is_served_worst() -> None:
    network = example()
    nothing = Solution.of(
        network,
        uncollected=pd.DataFrame(
            [("Southtown", "pack", p.name, float(network.profile(network.returns[2].tonnes)[t]))
             for t, p in enumerate(network.periods)],
            columns=["site", "product", "period", "tonnes"],
        ),
    )  # fmt: skip
    text = text_of(nothing)
    assert "Served worst in 2029" in text
    assert "south" in text


@pytest.mark.parametrize(
    ("amount", "text"), [(1.5e9, "1,500.000 million CNY"), (-7640.0, "-7,640.00 CNY"), (0.0, "0.00 CNY")]
)
def test_money_is_in_millions_from_a_million_on(amount: float, text: str) -> None:
    assert money(amount, "CNY") == text


def test_a_plan_with_everything_gives_all_tables() -> None:
    network: Network = example()
    assert set(tables(Solution.of(network))) == {
        *("facilities", "flows", "trips", "processed", "stocks", "sold", "disposed", "collection"),
        *("cost_terms", "emissions", "cities", "coverage"),
        *("cash_flow", "parties", "profit_by_product", "profit_by_place", "break_even", "support"),
    }


def test_the_nearest_place_is_that_of_the_whole_square_whatever_is_looked_at_at_once(hand_plan, monkeypatch):
    network, places = hand_plan.network, np.array([0])
    name = GREAT_CIRCLE if network.sites[0].latitude_deg is not None else network.modes[0].distance
    square = table_km(network, name).copy()
    np.fill_diagonal(square, 0.0)
    expected = np.where(np.isnan(square), np.inf, square)[:, places].min(axis=1)
    monkeypatch.setattr(geography, "CELLS", 2)
    assert np.allclose(nearest_among(network, name, places), expected)
    assert np.isinf(nearest_among(network, name, places[:0])).all()
