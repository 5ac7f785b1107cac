"""What an instance accepts, and how each broken assumption is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from batteryopt.games.differential.data.assumptions import has_steady_state
from batteryopt.games.differential.data.credit_prices import read_credit_prices
from batteryopt.games.differential.data.general import GeneralDifferentialGame, vehicles_from_matrices
from batteryopt.games.differential.data.generator import random_general, random_pair
from batteryopt.games.differential.data.instance import DifferentialGameInstance, read
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.ground.errors import InvalidInput
from batteryopt.tables.toml_output import to_toml, write

DATA = Path(__file__).parents[3] / "data" / "differential_game"


def faults_of(**changes) -> dict[str, str]:
    """Return place and text of every fault of the base case with some values changed."""
    with pytest.raises(InvalidInput) as caught:
        BASE_CASE.replace(**changes)
    return {fault.place: str(fault) for fault in caught.value.faults}


def test_the_base_case_s_file_is_the_base_case():
    assert read(DATA / "base.toml") == BASE_CASE


@pytest.mark.parametrize("name", ["base", "general", "credit-prices"])
def test_every_file_under_data_is_valid_says_its_source_and_reads_back_to_itself(name, tmp_path):
    instance = read(DATA / f"{name}.toml")
    assert instance.source != "not given"
    write(instance, tmp_path / "copy.toml")
    assert read(tmp_path / "copy.toml") == instance


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        # phi / (beta - gamma) = 1
        ({"efficiency_unit_cost": 1.0}, "efficiency_unit_cost", ["0 < c0 < phi/(beta - gamma)", "below 1"]),
        ({"efficiency_unit_cost": 0.0}, "efficiency_unit_cost", ["is 0", "above 0"]),
        # 1 + 2 - 2 * 5 * 0.3 = 0 and (20 + 18) / 1 = 38
        ({"credits_per_vehicle": 0.3}, "unit_cost", ["0 < c1 + c2 - 2 h theta", "= 0 at", "below 38"]),
        ({"unit_cost": (20.0, 21.0)}, "unit_cost", ["= 39 at", "below 38"]),
        ({"cross_price_sensitivity": 2.0}, "cross_price_sensitivity", ["beta > gamma", "below 2"]),
        # 2 mu^2 f^2 / (b (2 eta + rho)^2) = 0.5 / 1.21 = 0.413; 2 mu^2 f^2 / (4 b eta (eta + rho)) = 0.5 / 1.2 = 0.4167
        ({"innovation_cost": 0.4}, "innovation_cost", ["xi_2 (integrated) is not real", "above 0.416667"]),
        ({"innovation_cost": 0.415}, "innovation_cost", ["Q > 0 fails, though xi_2", "above 0.416667"]),
        ({"market_size": (20.0, 0.0)}, "market_size[1]", ["is 0.0", "above 0"]),
        ({"discount_rate": 0.0}, "discount_rate", ["above 0"]),
    ],
)
def test_a_broken_assumption_is_named_with_its_value_and_its_limit(changes, place, words):
    faults = faults_of(**changes)
    assert list(faults) == [place]
    assert all(word in faults[place] for word in words), faults


def test_two_broken_assumptions_come_together():
    faults = faults_of(efficiency_unit_cost=1.5, unit_cost=(0.5, 1.0))
    assert set(faults) == {"efficiency_unit_cost", "unit_cost"}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"price_caps": (20.0,)}, "price_caps"),
        ({"innovation_caps": (1.0, 2.0)}, "innovation_caps"),
        ({"salvage_values": (3.0,)}, "salvage_values"),
        ({"credit_price_times": (0.0, 1.0)}, "credit_price_values"),
        ({"credit_price_times": (0.0, 1.0), "credit_price_values": (1.0,)}, "credit_price_values"),
        ({"credit_price_times": (1.0, 0.5), "credit_price_values": (1.0, 2.0)}, "credit_price_times"),
        ({"credit_price_times": (0.0, 1.0), "credit_price_values": (1.0, -2.0)}, "credit_price_values[1]"),
        ({"share": 1.0}, "share"),
        ({"innovation_budget": 0.0}, "innovation_budget"),
        ({"horizon_length": -1.0}, "horizon_length"),
    ],
)
def test_a_wrong_optional_key_is_named(changes, place):
    assert place in faults_of(**changes)


def test_a_credit_price_that_would_break_the_assumption_later_is_refused():
    # 3 - 2 * 8 * 0.2 = -0.2
    faults = faults_of(credit_price_times=(0.0, 5.0), credit_price_values=(5.0, 8.0))
    assert "at the credit price 8" in faults["unit_cost"]


def test_a_path_of_credit_prices_is_read_from_its_table_and_held_after_the_last_time():
    instance = read(DATA / "credit-prices.toml")
    assert instance.credit_price_times == (0.0, 6.0, 24.0)
    # Between 6 and 24 months it rises from 2 to 6: at 15 months it is 4.
    found = instance.credit_price_at(np.array([0.0, 3.0, 15.0, 24.0, 100.0, np.inf]), constant=7.0)
    assert found == pytest.approx([5.0, 3.5, 4.0, 6.0, 6.0, 6.0])


def test_a_faulty_table_of_credit_prices_names_its_cells(tmp_path):
    text = to_toml(BASE_CASE).replace("[horizon]", '[horizon]\ncredit_price_file = "h.csv"')
    (tmp_path / "game.toml").write_text(text)
    (tmp_path / "h.csv").write_text("time,credit_price\n0,5\nsoon,6\n2,much\n")
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "game.toml")
    assert [fault.place for fault in caught.value.faults] == ["row 3, time", "row 4, credit_price"]
    (tmp_path / "h.csv").write_text("time,price\n0,5\n")
    with pytest.raises(InvalidInput, match="no column credit_price"):
        read(tmp_path / "game.toml")
    (tmp_path / "h.csv").unlink()
    with pytest.raises(InvalidInput, match=r"cannot be read \(there is no such file\); horizon.credit_price_file"):
        read(tmp_path / "game.toml")


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("credit_price_file = 5", "horizon.credit_price_file", "is 5"),
        (
            'credit_price_file = "h.csv"\ncredit_price_times = [0.0]',
            "horizon.credit_price_times",
            "credit_price_file too",
        ),
    ],
)
def test_a_file_of_credit_prices_is_named_by_a_text_and_nothing_else_says_the_same(tmp_path, line, place, words):
    (tmp_path / "game.toml").write_text(to_toml(BASE_CASE).replace("[horizon]", f"[horizon]\n{line}"))
    (tmp_path / "h.csv").write_text("time,credit_price\n0,5\n")
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path / "game.toml")
    (fault,) = caught.value.faults
    assert fault.place == place
    assert words in fault.problem


def test_a_table_with_semicolons_is_told_what_it_is(tmp_path):
    (tmp_path / "h.csv").write_text("time;credit_price\n0;5\n")
    with pytest.raises(InvalidInput, match=r"is 'time;credit_price': no column time and no column .*commas"):
        read_credit_prices(tmp_path / "h.csv")


def test_beyond_the_formula_is_said_by_name():
    assert BASE_CASE.beyond_formula() == ()
    instance = BASE_CASE.replace(price_caps=(20.0, 20.0), horizon_length=5.0)
    assert [name.split(" (")[0] for name in instance.beyond_formula()] == ["a finite horizon", "price caps"]


GENERAL = vehicles_from_matrices(BASE_CASE.matrices())


def test_the_general_form_of_two_vehicles_has_the_same_matrices():
    ours, theirs = GENERAL.matrices(), BASE_CASE.matrices()
    assert np.array_equal(ours.price_effect, [[2, -1], [-1, 2]])
    assert np.array_equal(ours.efficiency_effect, theirs.efficiency_effect)
    assert ours.retailers == ((0, 1),)


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"price_effect": ((1, -2), (-2, 1))}, "price_effect", ["not positive definite", "-1"]),
        ({"price_effect": ((2, -1), (-0.5, 2))}, "price_effect", ["not symmetric"]),
        ({"innovation_cost": ((0.4,),)}, "innovation_cost", ["no stabilising solution", "integrated"]),
        ({"innovation_cost": ((0.415,),)}, "innovation_cost", ["no steady state", "rho/2 = 0.05"]),
        ({"efficiency_decay": ((-0.1,),)}, "efficiency_decay", ["real part -0.1"]),
        ({"unit_cost": (1.0,)}, "unit_cost", ["1 items for 2 vehicles"]),
        ({"efficiency_effect": ((1.0,), (1.0, 2.0))}, "efficiency_effect[1]", ["2 items", "expected 1"]),
        ({"retailers": ((0,), (0, 1))}, "retailers", ["exactly one retailer"]),
        ({"retailers": ((0, 1), ())}, "retailers", ["no retailer without a vehicle"]),
    ],
)
def test_a_broken_matrix_is_named(changes, place, words):
    with pytest.raises(InvalidInput) as caught:
        GENERAL.replace(**changes)
    (fault,) = caught.value.faults
    assert fault.place == place
    assert all(word in str(fault) for word in words), str(fault)


def test_the_matrix_condition_is_the_scalar_one():
    """At k = 5/12 the decay rate of the integrated base case is zero: the conditions change sides together."""
    for cost in (0.40, 0.4166, 0.4167, 0.5):
        game = BASE_CASE.replace(innovation_cost=1.0).matrices()
        is_steady = has_steady_state(type(game)(**{**vars(game), "innovation_cost": np.array([[cost]])}))
        assert is_steady == (cost > 5 / 12)


@pytest.mark.parametrize("seed", range(20))
def test_random_instances_are_valid_repeatable_and_round_trip(seed, tmp_path):
    for instance in (
        random_pair(seed),
        random_general(seed, vehicles=2 + seed % 4, states=1 + seed % 3, retailers=1 + seed % 2),
    ):
        write(instance, tmp_path / "i.toml")
        assert read(tmp_path / "i.toml") == instance
    assert random_pair(seed) == random_pair(seed)
    assert isinstance(random_pair(seed), DifferentialGameInstance)
    assert isinstance(random_general(seed, vehicles=2, states=1), GeneralDifferentialGame)


def test_more_retailers_than_vehicles_cannot_be_drawn():
    with pytest.raises(ValueError, match="2 vehicles cannot be dealt to 3 retailers"):
        random_general(0, vehicles=2, states=1, retailers=3)
