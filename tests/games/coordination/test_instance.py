"""Instances of both forms: reading, what makes an input wrong, and the one form inside the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from batteryopt.games.coordination.data.generator import Binding, binding_instance, random_instance, random_network
from batteryopt.games.coordination.data.instance import CoordinationInstance, as_network, read
from batteryopt.games.coordination.data.regions import CoordinationNetwork
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.ground.errors import InvalidInput
from batteryopt.tables.toml_output import to_toml, write

TABLE_2_FILE = Path(__file__).parents[3] / "data" / "coordination" / "table2.toml"
PARAMETERS = [name for name, field in CoordinationInstance.model_fields.items() if field.is_required()]


def small_network(**changes: object) -> CoordinationNetwork:
    """Return two regions and two enterprises, with every parameter different."""
    values = {
        "market_size": [30, 20],
        "wholesale_price": [10, 8],
        "cross_price_effect": [[0, 1, 0.2], [1, 0, 0.1]],
        "service_response": [0.7, 0.5],
        "voluntary_returns": [8, 6],
        "residual_value": [1, 2],
        "testing_cost": [0.5, 0.7],
        "effort_cost": [1.0, 1.5],
        "share_weight": [3.0, 1.0],
        "effort_rivalry": 0.2,
        "transfer_price": 2.5,
        "scrap_value": 1.2,
        "usable_share": 0.6,
        "echelon_market_size": 30,
        "production_cost": 1.0,
    }
    return CoordinationNetwork(**{**values, **changes})


def places(caught: pytest.ExceptionInfo[InvalidInput]) -> set[str]:
    return {fault.place for fault in caught.value.faults}


def test_the_file_of_table_2_is_the_instance_in_the_package():
    assert read(TABLE_2_FILE) == TABLE_2_INSTANCE


@pytest.mark.parametrize("instance", [TABLE_2_INSTANCE, small_network(), random_network(3, 7, 4)], ids=lambda i: i.name)
def test_reading_what_was_written_gives_the_same_instance(instance, tmp_path):
    write(instance, tmp_path / "i.toml")
    again = read(tmp_path / "i.toml")
    assert again == instance
    assert type(again) is type(instance)


@pytest.mark.parametrize("key", PARAMETERS)
def test_every_missing_key_is_named(key, tmp_path):
    lines = to_toml(TABLE_2_INSTANCE).splitlines(keepends=True)
    (tmp_path / "i.toml").write_text("".join(line for line in lines if not line.startswith(f"{key} =")))
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "i.toml")
    assert places(caught) == {f"parameters.{key}"}


@pytest.mark.parametrize("key", PARAMETERS)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "ten", True, None, 2e15, -2e15])
def test_every_key_refuses_what_is_no_sane_number(key, bad):
    with pytest.raises(InvalidInput) as caught:
        TABLE_2_INSTANCE.replace(**{key: bad})
    assert places(caught) == {key}


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("market_size", 0.0),
        ("wholesale_price", -1.0),
        ("testing_cost", -1.0),
        ("usable_share", 0.0),
        ("usable_share", 1.0),
        ("voluntary_returns", -1.0),
        ("residual_value", -1.0),
        ("service_response", -0.1),
        ("echelon_market_size", -1.0),
        ("production_cost", -1.0),
        ("wholesale_price_cap", -1.0),
    ],
)
def test_ranges(key, bad):
    with pytest.raises(InvalidInput, match=key):
        TABLE_2_INSTANCE.replace(**{key: bad})


@pytest.mark.parametrize("key", ["scrap_value", "transfer_price", "transfer_price_cap", "reservation_profit_retailer"])
def test_what_may_be_negative(key):
    assert getattr(TABLE_2_INSTANCE.replace(**{key: -5.0}), key) == -5.0


def test_all_faults_of_a_file_at_once(tmp_path):
    text = to_toml(TABLE_2_INSTANCE).replace("usable_share = 0.6", "usable_shar = 0.6")
    (tmp_path / "i.toml").write_text(text.replace("market_size = 30.0", "market_size = -1\nsale = 2"))
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "i.toml")
    assert places(caught) == {f"parameters.{k}" for k in ("usable_share", "usable_shar", "market_size", "sale")}
    assert "did you mean 'usable_share'?" in str(caught.value)


def test_a_list_for_the_market_size_means_the_network_form(tmp_path):
    write(small_network(), tmp_path / "n.toml")
    assert isinstance(read(tmp_path / "n.toml"), CoordinationNetwork)
    mistaken = to_toml(TABLE_2_INSTANCE).replace("service_response = 0.7", "service_response = [0.7]")
    (tmp_path / "s.toml").write_text(mistaken)
    with pytest.raises(InvalidInput) as caught:  # one list by mistake does not turn the file into a network
        read(tmp_path / "s.toml")
    assert places(caught) == {"parameters.service_response"}


def test_a_file_without_any_parameters(tmp_path):
    (tmp_path / "i.toml").write_text('kind = "coordination"\n')
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "i.toml")
    assert places(caught) == {f"parameters.{key}" for key in PARAMETERS}


# --- the network form ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"wholesale_price": [1, 2, 3]}, "wholesale_price", "as in market_size: 2"),
        ({"service_response": [0.5]}, "service_response", "as in market_size: 2"),
        ({"effort_cost": [1.0]}, "effort_cost", "as in testing_cost: 2"),
        ({"share_weight": [1.0, 1.0, 1.0]}, "share_weight", "as in testing_cost: 2"),
        ({"reservation_profit_echelon": [1.0]}, "reservation_profit_echelon", "as in testing_cost: 2"),
        ({"reservation_profit_retailer": [1.0]}, "reservation_profit_retailer", "as in market_size: 2"),
        ({"wholesale_price_cap": [1.0]}, "wholesale_price_cap", "as in market_size: 2"),
        ({"cross_price_effect": [[0, 2, 0.1]]}, "cross_price_effect[0]", "regions 0 to 1"),
        ({"cross_price_effect": [[1, 1, 0.1]]}, "cross_price_effect[0]", "1 by definition"),
        ({"cross_price_effect": [[0, 1, 0.1], [0, 1, 0.1]]}, "cross_price_effect[1]", "each pair once"),
        ({"cross_price_effect": [[0, 1, 1.0]]}, "cross_price_effect", "less than 1"),
        ({"cross_price_effect": [[-1, 1, 0.1]]}, "cross_price_effect[0][0]", "at least 0"),
        ({"cross_price_effect": [[0, 1.5, 0.1]]}, "cross_price_effect[0][1]", "a whole number"),
        ({"share_weight": [1.0, 0.0]}, "share_weight[1]", "above 0"),
        ({"effort_rivalry": 0.5}, "effort_rivalry", "less than half"),
        ({"market_size": [], "wholesale_price": []}, "market_size", "at least 1 item"),
        ({"market_size": [30, float("nan")]}, "market_size[1]", "finite"),
    ],
)
def test_what_is_wrong_with_a_network(changes, place, words):
    with pytest.raises(InvalidInput) as caught:
        small_network(**changes)
    assert any(fault.place == place and words in str(fault) for fault in caught.value.faults), str(caught.value)


def test_rows_and_columns_of_the_cross_price_effects_must_sum_below_one():
    names = {"service_response": [0.5] * 3, "voluntary_returns": [5] * 3, "residual_value": [1] * 3}
    three = {"market_size": [30, 20, 25], "wholesale_price": [5] * 3, **names}
    with pytest.raises(InvalidInput, match="gained by region 0 sum to 1"):
        small_network(**three, cross_price_effect=[[0, 1, 0.5], [0, 2, 0.5]])
    with pytest.raises(InvalidInput, match="gained elsewhere from region 0 sum to 1"):
        small_network(**three, cross_price_effect=[[1, 0, 0.5], [2, 0, 0.5]])


def chain_hessian(costs: list[float], sigma: float, beta: float, theta: float) -> np.ndarray:
    """Return the Hessian of the chain's profit by (e_r, e_1, e_2) for one region and equal shares.

    U = theta beta e_r + const; profit = -U^2 + U (e_1 + e_2) / 2 + sigma sum e_n (e_n - mean) - sum k_n e_n^2 / 2 - ...
    """
    t = theta * beta
    return np.array(
        [
            [-1 - 2 * t**2, t / 2, t / 2],
            [t / 2, sigma - costs[0], -sigma],
            [t / 2, -sigma, sigma - costs[1]],
        ]
    )


def test_a_network_is_refused_exactly_where_the_chain_has_no_best_decision():
    rng = np.random.default_rng(0)
    one_region = {"market_size": [30], "wholesale_price": [5], "voluntary_returns": [8], "residual_value": [1]}
    verdicts = []
    for _ in range(200):
        costs, beta, theta = rng.uniform(0.05, 1, 2).tolist(), rng.uniform(0, 4), rng.uniform(0.1, 0.9)
        sigma = rng.uniform(0, 0.45) * min(costs)
        is_concave = np.linalg.eigvalsh(chain_hessian(costs, sigma, beta, theta)).max() < 0
        values = {"effort_cost": costs, "service_response": [beta], "usable_share": theta, "effort_rivalry": sigma}
        faults = []
        try:
            small_network(**one_region, cross_price_effect=[], share_weight=[], **values)
        except InvalidInput as error:
            faults = [str(fault) for fault in error.faults]
        accepted = not faults
        assert accepted == is_concave
        assert accepted or ("convex" in faults[0] and len(faults) == 1)
        verdicts.append(accepted)
    assert 20 < sum(verdicts) < 180  # both verdicts were met


def test_derived_quantities_of_a_network():
    network = small_network()
    assert (network.regions, network.enterprises) == (2, 2)
    assert network.shares.tolist() == [0.75, 0.25]
    assert network.own_returns.tolist() == [9, 8]
    assert network.revenue_per_return == pytest.approx(2.5 * 0.6 + 1.2 * 0.4)
    assert network.cross_prices.toarray().tolist() == [[0, 0.2], [0.1, 0]]
    assert small_network(effort_cost=[], share_weight=[]).shares.tolist() == [0.5, 0.5]
    assert small_network(effort_cost=[]).effort_costs.tolist() == [1, 1]


def test_the_paper_s_game_is_the_network_with_one_region_and_one_enterprise():
    instance = TABLE_2_INSTANCE.replace(reservation_profit_echelon=1.0, wholesale_price_cap=12.0)
    network = as_network(instance)
    assert (network.regions, network.enterprises) == (1, 1)
    assert network.market_size == (30.0,)
    assert network.reservation_profit_echelon == (1.0,)
    assert network.reservation_profit_retailer is None
    assert network.wholesale_price_cap == (12.0,)
    assert (network.name, network.source) == (instance.name, instance.source)
    assert as_network(network) is network


# --- the generator ---------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_instance():
    assert random_instance(5) == random_instance(5) != random_instance(6)
    assert random_network(5, 4, 3) == random_network(5, 4, 3) != random_network(6, 4, 3)
    assert binding_instance(5, Binding.DEMAND) == binding_instance(5, "demand") != binding_instance(6, "demand")


@pytest.mark.parametrize(("regions", "neighbours", "expected"), [(1, 2, 0), (2, 2, 1), (3, 1, 3), (10, 2, 20)])
def test_regions_on_a_circle_meet_their_neighbours(regions, neighbours, expected):
    network = random_network(0, regions, 1, neighbours=neighbours)
    gamma = network.cross_prices.toarray()
    assert np.count_nonzero(gamma) == 2 * expected
    assert (gamma == gamma.T).all()
    assert gamma.sum(axis=0).max() <= 0.4
