"""Sensitivity: every number against arithmetic, with the plan kept and free; a threshold by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from batteryopt.network.studies.levers import levers_of
from tests.command_line import invoke

from .everything import everything
from .small import small_network


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """100 t at A, a plant of 100 t at B for 1,310 - 1,000 of mass sold = 310; a tenth more and less of everything."""
    folder = tmp_path_factory.mktemp("sensitivity")
    place = small_network(folder / "network")
    found = invoke(
        *("sensitivity", place, "--gap", 0, "--out", folder / "out", "--threshold", "levels.opening_cost=1000:20000")
    )
    assert found.exit_code == 0, found.stderr
    return folder / "out"


def test_differences_by_hand(out):
    table = pd.read_csv(out / "sensitivity.csv").set_index(["key", "factor", "plan"])["cost_difference"]
    by_hand = {
        "markets[product=mass].price_per_t": -100,  # 50 t x 20
        "levels[type=plant].opening_cost": 100,
        "levels[type=plant].fixed_cost": 1,
        "levels[type=plant].variable_cost_per_t": 10,
        "modes[mode=lorry].cost_per_t_km": 20,
        "recipe_products[type=plant,recipe=r,product=mass].output_t": -100 + 10,
    }
    for key, difference in by_hand.items():
        for plan in ("plan kept", "plan free"):
            assert table[key, 1.1, plan] == pytest.approx(difference), key
            assert table[key, 0.9, plan] == pytest.approx(-difference), key
    # 10 t more than the plant can take stay for 100 each; 10 t less save 4 each and sell 5 t less at 20 (and 2 freight)
    assert table["returns[product=pack].tonnes", 1.1, "plan kept"] == pytest.approx(1000)
    assert table["returns[product=pack].tonnes", 0.9, "plan kept"] == pytest.approx(-10 * (1 + 1) - 5 * 2 + 5 * 20)


def test_one_more_of_a_capacity_is_worth_nothing_where_it_does_not_bind(out):
    values = pd.read_csv(out / "values.csv").set_index("lever")
    assert values.loc["capacity of plant", "value_per_unit"] == pytest.approx(0, abs=1e-9)


def test_the_threshold_is_where_leaving_all_costs_the_same(out):
    """310 - 1,000 + opening = 10,000 where the opening costs 10,690; twelve halvings of 19,000 are 4.64."""
    row = pd.read_csv(out / "thresholds.csv").iloc[0]
    assert row["from"] <= 10_690 <= row["to"]
    assert row["to"] - row["from"] == pytest.approx(19_000 / 2**12)
    assert row["before"] == "B plant"
    assert row["after"] == "nothing"


def test_the_page_has_both_tornados(out):
    text = (out / "page.html").read_text()
    assert "Cost, plan kept" in text
    assert "Cost, plan free" in text
    assert "not what a plan made anew would gain" in text


def test_the_command_prints_what_it_found(tmp_path):
    """50 t x 20 of a tenth of the price; 10 t of capacity less leave 10 t for 1,000 and lose 5 t of mass for 70."""
    place = small_network(tmp_path / "network")
    found = invoke(*("sensitivity", place, "--gap", 0, "--out", tmp_path / "out"))
    lines = [line.split() for line in found.stdout.splitlines()]
    assert ["market", "price", "per", "100.0", "\N{MINUS SIGN}100.0", "0.0", "0.0"] in lines
    assert ["level", "capacity", "t:", "1,070", "0", "\N{MINUS SIGN}10.0", "0.0"] in lines
    assert "nan" not in found.stdout


def test_last_digits_are_no_difference(out):
    """Two solves that differ by rounding tell no difference, and a rate's axis is in points."""
    table = pd.read_csv(out / "sensitivity.csv")
    moved = table.loc[table["collection_rate_difference"] != 0, "collection_rate_difference"]
    assert (moved.abs() > 1e-9).all()
    assert "percentage points" in (out / "page.html").read_text()


def test_every_lever_is_a_key_that_can_be_changed():
    from batteryopt import times

    network = everything()
    levers = list(levers_of(network))
    assert len({lever.key for lever in levers}) == len(levers) > 20
    for lever in levers:
        network.changed({lever.key: times(1.0)})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--share", 2), "--share: is 2"),
        (("--threshold", "returns.tonnes"), "--threshold: 'returns.tonnes' cannot be used"),
        (("--threshold", "returns.tones=1:2"), "'tones' is no column of returns"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, words, said):
    place = small_network(tmp_path / "network")
    found = invoke("sensitivity", place, *words, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_game_is_refused(tmp_path):
    from tests.command_line import TABLE_2

    found = invoke("sensitivity", TABLE_2, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "is no network" in found.stderr
