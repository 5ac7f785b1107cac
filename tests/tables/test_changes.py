"""Changes to games and their notation: names with any sign in them, numbers, lists, and what is wrong."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from batteryopt import InvalidInput, put, read, times
from batteryopt.sweep import Axis, sweep
from batteryopt.tables.changes import Change, How
from batteryopt.tables.toml_changes import changed
from tests.command_line import ROOT, TABLE_2, invoke

BASE = ROOT / "data" / "differential_game" / "base.toml"


@pytest.mark.parametrize(
    ("text", "key", "how", "value"),
    [
        ("a=1", "a", How.SET, "1"),
        ("a*=1.2", "a", How.TIMES, "1.2"),
        ("a += -3", "a", How.PLUS, "-3"),
        ("t[x=1].c=2", "t[x=1].c", How.SET, "2"),
        ("t[x=1,y=A*].c*=2", "t[x=1,y=A*].c", How.TIMES, "2"),
        ("t[x='a]=b'].c=2", "t[x='a]=b'].c", How.SET, "2"),
        ("source=a=b", "source", How.SET, "a=b"),
    ],
)
def test_the_notation(text, key, how, value):
    assert Change.parse(text) == Change(key=key, how=how, value=value)


@pytest.mark.parametrize("text", ["", "a", "=1", "t[x=1]", "*=2"])
def test_what_is_no_change(text):
    with pytest.raises(InvalidInput, match="cannot be used"):
        Change.parse(text)


def test_a_game_with_changes_is_the_game_with_other_numbers():
    game = read(TABLE_2)
    assert game.changed({"usable_share": times(0.5)}).usable_share == game.usable_share * 0.5
    assert game.changed({"parameters.testing_cost": 2.0}) == game.replace(testing_cost=2.0)
    duopoly = read(BASE)
    assert duopoly.changed({"market_size": times(2)}).market_size == tuple(2 * n for n in duopoly.market_size)
    assert duopoly.changed({"market_size.0": put(7.0)}).market_size[0] == 7.0


def test_solve_and_check_take_changes():
    """What the retailer earns is (30 - 10)^2 / 4 = 100 at w = 30 - 20; set does what an edited file does."""
    found = invoke("solve", TABLE_2, "--set", "usable_share*=0.5", "--model", "centralized", "--json")
    assert found.exit_code == 0, found.stderr
    game = read(TABLE_2)
    edited = game.replace(usable_share=game.usable_share * 0.5)
    from batteryopt import solve

    expected = solve(edited, ["centralized"])["centralized"].objective
    document = json.loads(found.stdout)
    assert document["models"]["centralized"]["objective"] == pytest.approx(expected, rel=1e-9)
    assert document["changes"] == ["usable_share*=0.5"]
    assert "changed usable_share*=0.5" in invoke("check", TABLE_2, "--set", "usable_share*=0.5").stdout


def test_the_instance_beside_a_games_result_is_the_changed_one(tmp_path):
    assert invoke("solve", TABLE_2, "--set", "usable_share=0.5", "--out", tmp_path / "out").exit_code == 0
    assert read(tmp_path / "out" / "instance.toml").usable_share == 0.5


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("usable_shar=0.5", "usable_shar: is no key that can be changed; did you mean 'usable_share'?"),
        ("usable_share=6", "usable_share: is 6"),
        ("usable_share=much", "'much' is no finite number"),
        ("usable_share.1=0.5", "usable_share is no list"),
    ],
)
def test_what_is_wrong_with_a_games_change(word, said):
    found = invoke("check", TABLE_2, "--set", word)
    assert found.exit_code == 2
    assert said in found.stderr


def test_games_know_no_what_ifs():
    found = invoke("check", TABLE_2, "--what-if", "x")
    assert found.exit_code == 2
    assert "--what-if: is for networks" in found.stderr


def test_a_list_must_be_named_by_item_where_a_value_is_put():
    with pytest.raises(InvalidInput, match=r"name an item: market_size\.0 to market_size"):
        changed(read(BASE), [Change.parse("market_size=3")])


def test_a_sweep_by_factors_is_the_sweep_of_the_products(tmp_path):
    game = read(TABLE_2)
    factors = sweep(game, [Axis.parse("usable_share*=0.5:1.5:3")], models=["centralized"])
    low, high = 0.5 * game.usable_share, 1.5 * game.usable_share
    values = sweep(game, [Axis.evenly("usable_share", low, high, 3)], models=["centralized"])
    assert list(factors["usable_share"]) == [0.5, 1.0, 1.5]
    pd.testing.assert_frame_equal(factors.drop(columns="usable_share"), values.drop(columns="usable_share"))
    found = invoke(
        *("sweep", TABLE_2, "--set", "testing_cost+=1", "--vary", "usable_share*=0.5:1.5:3"),
        *("--model", "centralized", "--out", tmp_path / "x.csv"),
    )
    assert found.exit_code == 0, found.stderr
    expected = sweep(
        game.changed({"testing_cost": game.testing_cost + 1}),
        [Axis.parse("usable_share*=0.5:1.5:3")],
        models=["centralized"],
    )
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "x.csv"), expected, check_dtype=False, check_exact=True)
