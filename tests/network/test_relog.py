"""RELOG's cases cost here what its repository records, and what its own formulation costs when SciPy solves it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import Sizes
from batteryopt.network.relog import Imported, import_relog
from batteryopt.network.relog.chord import chord_km
from batteryopt.network.tables import read, write

from . import relog_cases as cases
from . import relog_random as random_cases
from . import relog_reference as reference
from .optimum import least_cost, least_cost_by_term
from .same import differences

Case = dict[str, Any]


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., Imported]:
    def from_case(case: Case, **options: Any) -> Imported:
        path = tmp_path / "case.json"
        path.write_text(json.dumps(case))
        return import_relog(path, **options)

    return from_case


@pytest.mark.parametrize(
    ("case", "version", "recorded"),
    [
        (cases.s1, "0.5.2", cases.S1_RECORDED_COST),
        (cases.storage, "0.5.2", cases.STORAGE_RECORDED_COST),
        (cases.lead_acid, "0.1.0", cases.LEAD_ACID_RECORDED_COST),
        (cases.boats, None, cases.BOATS_RECORDED_COST),
    ],
)
def test_a_recorded_case_costs_what_relog_recorded(
    imported: Callable[..., Imported], case: Callable[[], Case], version: str | None, recorded: float
) -> None:
    assert least_cost(imported(case(), version=version).network) == pytest.approx(recorded, rel=1e-9)


@pytest.mark.parametrize(
    ("cost", "recorded"),
    [
        (lambda: reference.cost_of_plants_case(cases.s1(), 2), cases.S1_RECORDED_COST),
        (lambda: reference.cost_of_plants_case(cases.storage(), 2), cases.STORAGE_RECORDED_COST),
        (lambda: reference.cost_of_plants_case(cases.lead_acid(), 2), cases.LEAD_ACID_RECORDED_COST),
        pytest.param(
            lambda: reference.cost_of_centers_case(cases.boats()), cases.BOATS_RECORDED_COST, marks=pytest.mark.slow
        ),
    ],
)
def test_the_second_route_itself_gives_the_recorded_costs(cost: Callable[[], float], recorded: float) -> None:
    assert cost() == pytest.approx(recorded, rel=1e-9)


def test_storage_and_variable_costs_are_those_of_relogs_own_test(imported: Callable[..., Imported]) -> None:
    terms = least_cost_by_term(imported(cases.storage()).network)
    assert terms["variable"] == pytest.approx(500.0 + 0.0 + 100.0)
    assert terms["holding"] == pytest.approx(100.0 + 75.0)


def test_an_existing_plant_acquisition_and_disposal_at_centres(imported: Callable[..., Imported]) -> None:
    case = cases.s1_of_version_0_7()
    assert least_cost(imported(case).network) == pytest.approx(reference.cost_of_plants_case(case, 3), rel=1e-9)


def test_sources_sales_returns_of_what_was_sold_and_collection_costs(imported: Callable[..., Imported]) -> None:
    case = cases.simple()
    expected = reference.cost_of_centers_case(case)
    assert least_cost(imported(case).network) == pytest.approx(expected, rel=1e-9)


def one_plant(**changes: Any) -> Case:
    """A case of the 0.8 version: a source of ore, a plant, and disposal of what it makes."""
    plant = {
        "latitude (deg)": 0.0,
        "longitude (deg)": 1.0,
        "input mix (%)": {"ore": 100},
        "output (tonne)": {"metal": 1.0},
        "processing emissions (tonne)": {"CO2": 2.0, "SO2": 0.5},
        "storage cost ($/tonne)": {"ore": 1.0},
        "storage limit (tonne)": {"ore": 0.0},
        "disposal cost ($/tonne)": {"metal": 0.0},
        "disposal limit (tonne)": {"metal": None},
        "capacities": [
            {"size (tonne)": 10, "opening cost ($)": 100, "fixed operating cost ($)": 5}
            | {"variable operating cost ($/tonne)": 3}
            | changes.pop("small", {}),
            {"size (tonne)": 110, "opening cost ($)": 1100, "fixed operating cost ($)": 205}
            | {"variable operating cost ($/tonne)": 3}
            | changes.pop("large", {}),
        ],
        "initial capacity (tonne)": 0,
    }  # fmt: skip
    source = {
        "latitude (deg)": 0.0,
        "longitude (deg)": 0.0,
        "input": None,
        "outputs": ["ore"],
        "fixed output (tonne)": {"ore": changes.pop("ore", [110, 20, 10])},
        "variable output (tonne/tonne)": {"ore": 0},
        "revenue ($/tonne)": None,
        "collection cost ($/tonne)": {"ore": 1.0},
        "operating cost ($)": 7.0,
        "disposal limit (tonne)": {"ore": 0},
        "disposal cost ($/tonne)": {"ore": 0},
    }
    freight = {"transportation cost ($/km/tonne)": 0.01, "transportation emissions (tonne/km/tonne)": {"SO2": 0.001}}
    return {
        "parameters": {"time horizon (years)": 3, "building period (years)": changes.pop("building", [1])},
        "products": {"ore": freight, "metal": freight},
        "centers": {"mine": source},
        "plants": {"works": plant | changes},
    }


def test_a_plant_that_shrinks_is_paid_back_as_in_relog(imported: Callable[..., Imported]) -> None:
    case = one_plant()
    refunded = reference.cost_of_centers_case(case)
    assert refunded < reference.cost_of_centers_case(case, refund=False) - 1.0
    assert least_cost(imported(case).network) == pytest.approx(refunded, rel=1e-9)


def test_a_plant_that_exists_may_shrink_too(imported: Callable[..., Imported]) -> None:
    case = one_plant(**{"initial capacity (tonne)": 60, "ore": [50, 20, 10]})
    assert least_cost(imported(case).network) == pytest.approx(reference.cost_of_centers_case(case), rel=1e-9)


def test_a_plant_stores_before_it_is_open_as_in_relog(imported: Callable[..., Imported]) -> None:
    case = one_plant(building=[2], ore=[30, 30, 0], **{"storage limit (tonne)": {"ore": 50.0}})
    assert least_cost(imported(case).network) == pytest.approx(reference.cost_of_centers_case(case), rel=1e-9)
    with pytest.raises(AssertionError, match="infeasible"):
        reference.cost_of_centers_case(case, closed_sites_store=False)


def test_variable_cost_is_charged_on_receipt_as_in_relog(imported: Callable[..., Imported]) -> None:
    rising = {"variable operating cost ($/tonne)": [3.0, 50.0, 1.0]}
    storage = {"ore": 50.0}
    case = one_plant(small=rising, large=rising, ore=[60, 60, 0], **{"storage limit (tonne)": storage})
    found = imported(case)
    assert least_cost(found.network) == pytest.approx(reference.cost_of_centers_case(case), rel=1e-9)
    assert any("charges the variable operating cost when a plant receives" in each for each in found.differences)


def test_penalties_on_gases_are_part_of_the_total(imported: Callable[..., Imported]) -> None:
    case = one_plant(ore=[10, 10, 10])
    plain = least_cost(imported(case).network)
    case["emissions"] = {
        "CO2": {"penalty ($/tonne)": 4.0, "limit (tonne)": None},
        "SO2": {"penalty ($/tonne)": [10.0, 10.0, 10.0], "limit (tonne)": None},
    }
    degree = 111.319  # km of chord between longitudes 0 and 1 at the equator: 2 x 6378.137 x sin(0.5 degrees)
    added = 30 * (2.0 * 4.0 + 0.5 * 10.0 + degree * 0.001 * 10.0)
    assert least_cost(imported(case).network) == pytest.approx(plain + added, rel=1e-6)


def test_a_cap_on_carbon_holds(imported: Callable[..., Imported]) -> None:
    case = one_plant(ore=[10, 10, 10])
    case["emissions"] = {"CO2": {"penalty ($/tonne)": 0.0, "limit (tonne)": [20.0, 20.0, 20.0]}}
    assert imported(case).network.policy.emission_cap_t == 20.0
    assert least_cost(imported(case).network) == pytest.approx(least_cost(imported(one_plant(ore=[10] * 3)).network))
    case["emissions"]["CO2"]["limit (tonne)"] = 19.9
    with pytest.raises(AssertionError, match="infeasible"):
        least_cost(imported(case).network)


@pytest.mark.parametrize("seed", range(12))
def test_random_cases_cost_what_relogs_formulation_says(imported: Callable[..., Imported], seed: int) -> None:
    for case, cost in (
        (random_cases.plants_case(seed), lambda case: reference.cost_of_plants_case(case, 3)),
        (random_cases.centers_case(seed), reference.cost_of_centers_case),
    ):
        assert least_cost(imported(case).network) == pytest.approx(cost(case), rel=1e-9, abs=1e-6)


# ---- distances -----------------------------------------------------------------------------------------------------


def test_distances_are_those_that_relog_recorded() -> None:
    places = {name: point[:2] for name, point in cases.SITES_OF_S1.items()}
    places |= {"L1": (0.0, 0.0), "L2": (0.5, 0.5), "L4": (0.75, 0.2), "L5": (100.0, 100.0), "L6": (50.0, 50.0)}
    names = list(places)
    km = chord_km(*np.array(list(places.values())).T, digits=2)
    for (one, other), recorded in cases.S1_RECORDED_DISTANCES_KM.items():
        assert km[names.index(one), names.index(other)] == recorded


def test_distances_after_0_5_2_have_three_digits() -> None:
    # from transportation.csv of the boat example: Chicago and Phoenix to Dallas
    cities = np.array([cases.CITIES[city] for city in ("Chicago", "Phoenix", "Dallas")])
    assert chord_km(*cities.T, digits=3)[:2, 2].tolist() == [1293.093, 1423.57]


@pytest.mark.parametrize(
    ("version", "km"), [("0.5.2", 1017.44), ("0.4", 1017.44), ("0.5.3", 1017.442), (None, 1017.442)]
)
def test_the_release_decides_how_distances_are_rounded(
    imported: Callable[..., Imported], version: str | None, km: float
) -> None:
    network = imported(cases.s1(), version=version).network
    position = {site.name: i for i, site in enumerate(network.sites)}
    assert network.distances["P1_km"][position["C1"], position["L2"]] == km


def test_keys_with_capitals_are_of_the_oldest_releases(imported: Callable[..., Imported]) -> None:
    case = cases.s1()
    product = {key.capitalize(): value for key, value in case["products"]["P1"].items()}
    old = {key.capitalize(): value for key, value in case.items()}
    old["Products"] = case["products"] | {"P1": product}
    found = imported(old)
    assert "rounded to 2 decimals" in found.differences[0]
    assert differences(found.network, imported(case, version="0.5.2").network) == []


def test_there_are_ways_only_where_relog_has_edges(imported: Callable[..., Imported]) -> None:
    network = imported(cases.s1()).network
    names = [site.name for site in network.sites]
    ways = {(names[i], names[j]) for i, j in zip(*np.nonzero(np.isfinite(network.distances["P2_km"])), strict=True)}
    assert ways == {("L1", "L3"), ("L1", "L4"), ("L2", "L3"), ("L2", "L4")}


def test_driving_distances_are_told_and_may_be_approached(imported: Callable[..., Imported]) -> None:
    case = cases.simple()
    case["parameters"]["distance metric"] = "driving"
    found = imported(case, detour_factor=1.3)
    assert any("straight lines times 1.3" in each for each in found.differences)
    assert {mode.detour_factor for mode in found.network.modes} == {1.3}


# ---- reading -------------------------------------------------------------------------------------------------------


def test_what_is_not_kept_is_told(imported: Callable[..., Imported]) -> None:
    told = "\n".join(imported(cases.s1_of_version_0_7()).differences)
    for part in ("CH4 are not kept", "energy use", "acquisition cost", "nothing is discounted"):
        assert part in told


def test_an_imported_case_survives_its_tables(imported: Callable[..., Imported], tmp_path: Path) -> None:
    network = imported(cases.simple()).network
    write(network, tmp_path / "tables")
    assert differences(read(tmp_path / "tables"), network) == []


def test_plants_of_two_kinds_at_one_place_are_two_sites(imported: Callable[..., Imported]) -> None:
    network = imported(cases.lead_acid()).network
    names = [site.name for site in network.sites]
    assert len(set(names)) == len(names) == 4 + 10
    assert "Milwaukee" in names
    assert "Lead Recycling Plant (Milwaukee)" in names


def test_a_plant_with_one_size_has_no_slope(imported: Callable[..., Imported]) -> None:
    network = imported(cases.storage()).network
    plant = network.types_by_name["mega plant"]
    assert plant.sizes is Sizes.BETWEEN
    assert [level.capacity_t for level in plant.levels] == [100.0]


def test_every_fault_of_a_case_is_told_with_its_path(imported: Callable[..., Imported]) -> None:
    case = cases.s1()
    case["parameters"]["time horizon (years)"] = "two"
    del case["products"]["P2"]["transportation cost ($/km/tonne)"]
    case["plants"]["F1"]["locations"]["L1"]["latitude (deg)"] = "north"
    case["plants"]["F2"]["locations"]["L3"]["capacities (tonne)"]["2000"] = {"opening cost ($)": 1.0}
    with pytest.raises(InvalidInput) as caught:
        imported(case)
    told = str(caught.value)
    assert "parameters/time horizon (years): is the text 'two'" in told
    assert "products/P2/transportation cost ($/km/tonne): is missing" in told
    assert "plants/F1/locations/L1/latitude (deg): is the text 'north'" in told
    assert "plants/F2/locations/L3/capacities (tonne)/2000/fixed operating cost ($): is missing" in told


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda case: case["plants"]["works"]["input mix (%)"].update(ore=[100, 90, 90]), "differs from year to year"),
        (lambda case: case["products"]["ore"].update(components=["a", "b"]), "has components"),
        (lambda case: case["plants"]["works"].update(location="us-state:IL"), "looks such places up"),
        (
            lambda case: case["plants"]["works"]["capacities"].append({"size (tonne)": 9}),
            "RELOG allows one or two sizes",
        ),
        (lambda case: case["plants"]["works"].update(capacities=[]), "has 0 sizes"),
        (lambda case: case.update(emissions={"SO2": {"limit (tonne)": 1.0}}), "SO2 has a limit"),
        (lambda case: case["products"].pop("metal"), "'metal' is not declared"),
        (lambda case: case["centers"]["mine"]["fixed output (tonne)"].update(ore=[1, 2]), "or a list of 3 numbers"),
        (lambda case: case["parameters"].update({"building period (years)": "all"}), "expected a list of years"),
        (lambda case: case.update(plants=[]), "plants: is a list of 0; expected an object"),
    ],
)
def test_what_a_network_cannot_say_is_told(
    imported: Callable[..., Imported], spoil: Callable[[Case], object], expected: str
) -> None:
    case = one_plant()
    spoil(case)
    with pytest.raises(InvalidInput) as caught:
        imported(case)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"{", "is not JSON"), (b"[1]", "is a list of 1; expected an object"), (b"\xff", "is not JSON")],
)
def test_a_file_that_is_no_case_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "case.json").write_bytes(content)
    with pytest.raises(InvalidInput, match=expected):
        import_relog(tmp_path / "case.json")


def test_a_missing_file_and_a_strange_version_are_told(imported: Callable[..., Imported], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no such file"):
        import_relog(tmp_path / "nowhere.json")
    with pytest.raises(InvalidInput, match="version: is the text 'new'"):
        imported(cases.storage(), version="new")
