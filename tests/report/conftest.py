"""A small result of each family, saved as the command line saves it."""

import dataclasses
import json
from pathlib import Path

import pytest

from batteryopt.games.coordination import solve as coordination
from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.differential import solve as differential_game
from batteryopt.games.differential.data.instance import DifferentialGameInstance
from batteryopt.network import tables
from batteryopt.network.plan.answer import NetworkResult
from batteryopt.network.solve import solve as solve_network
from batteryopt.network.studies.compromises import solve_frontier
from batteryopt.report.results import Saved, load
from batteryopt.report.saved import json_text, save
from batteryopt.tables.toml_output import write
from tests.network.compromise import chain_of_choice

HAND = Path(__file__).parents[2] / "data/networks/hand"
PLACES = ((45.2, 5.7), (46.1, 6.2), (44.5, 7.0))
GAME = CoordinationInstance(
    name="A <game> & its parts",
    source="made up",
    market_size=30,
    wholesale_price=10,
    transfer_price=2.5,
    testing_cost=0.5,
    scrap_value=1.2,
    usable_share=0.6,
    voluntary_returns=8,
    residual_value=1,
    service_response=0.7,
    echelon_market_size=15,
)
RETAILERS = CoordinationNetwork(
    name="Two regions and two enterprises",
    source="made up",
    market_size=(30, 24),
    wholesale_price=(10, 9),
    cross_price_effect=((0, 1, 0.1), (1, 0, 0.1)),
    service_response=(0.7, 0.5),
    voluntary_returns=(4, 3),
    residual_value=(1, 1),
    testing_cost=(0.5, 0.7),
    transfer_price=2.5,
    scrap_value=1.2,
    usable_share=0.6,
    echelon_market_size=20,
)
PATHS = DifferentialGameInstance(
    name="Two vehicles",
    source="made up",
    market_size=(20.0, 15.0),
    price_sensitivity=2,
    cross_price_sensitivity=1,
    efficiency_effect=1,
    innovation_effectiveness=1,
    efficiency_decay=0.5,
    unit_cost=(1.0, 2.0),
    efficiency_unit_cost=0.5,
    innovation_cost=2,
    discount_rate=0.1,
    credit_price=5,
    credits_per_vehicle=0.2,
    initial_efficiency=15,
)


def save_game(result, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result.json").write_text(json_text(result.to_json()), encoding="utf-8")
    write(result.instance, folder / "instance.toml")
    return load(folder)


@pytest.fixture(scope="session")
def coordination_game(tmp_path_factory) -> Saved:
    result = coordination.solve(GAME, route="closed-form")
    return save_game(result, tmp_path_factory.mktemp("saved") / "coordination")


@pytest.fixture(scope="session")
def retailers_game(tmp_path_factory) -> Saved:
    result = coordination.solve(RETAILERS, route="closed-form")
    return save_game(result, tmp_path_factory.mktemp("saved") / "retailers")


@pytest.fixture(scope="session")
def paths_game(tmp_path_factory) -> Saved:
    result = differential_game.solve(PATHS, route="closed-form")
    return save_game(result, tmp_path_factory.mktemp("saved") / "paths")


def _hand_plan():
    """Solve the network that is solved by hand in its README, its places put on the map."""
    network = tables.read(HAND)
    places = zip(network.sites, PLACES, strict=True)
    sites = tuple(dataclasses.replace(site, latitude_deg=north, longitude_deg=east) for site, (north, east) in places)
    network = dataclasses.replace(network, sites=sites)
    return network, solve_network(network)


@pytest.fixture(scope="session")
def hand_result() -> NetworkResult:
    network, answer = _hand_plan()
    return NetworkResult(instance=network, answer=answer)


@pytest.fixture(scope="session")
def plan(tmp_path_factory, hand_result) -> Saved:
    place = tmp_path_factory.mktemp("saved")
    tables.write(hand_result.instance, place / "network")
    (place / "plan").mkdir()
    save(hand_result, place / "network", place / "plan")
    return load(place / "plan")


@pytest.fixture(scope="session")
def other_plan(tmp_path_factory, plan) -> Saved:
    """The same plan without Bray, and with a centre at Cove: what is compared, not a real plan."""
    import shutil

    folder = tmp_path_factory.mktemp("saved") / "other"
    shutil.copytree(plan.folder, folder)
    document = json.loads((folder / "result.json").read_text())
    design = document["models"]["design"]
    design["open_facilities"] = [row for row in design["open_facilities"] if row["site"] != "Bray"]
    design["open_facilities"].append({"site": "Cove", "type": "shredder", "level": "small", "period": "second"})
    (folder / "result.json").write_text(json.dumps(document))
    return load(folder)


@pytest.fixture(scope="session")
def compromises(tmp_path_factory) -> Saved:
    """A frontier with the plans of its three points."""
    place = tmp_path_factory.mktemp("compromises")
    tables.write(chain_of_choice(), place / "network")
    (place / "result").mkdir()
    result = solve_frontier(chain_of_choice(), "cost", "collection", points=5, gap=0.0)
    save(result, place / "network", place / "result", options={"between": "cost:collection", "points": 5, "gap": 0.0})
    return load(place / "result")
