"""Sweeps: the grid is validated before anything runs, and the table has a row a point and model."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from batteryopt.games.coordination.data.generator import random_network
from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.ground.errors import InvalidInput
from batteryopt.sweep import Axis, grid_of, sweep
from batteryopt.sweep import sweep_run as running

TWO_MODELS = ("centralized", "contract")


def shares(count=5):
    return [Axis.evenly("usable_share", 0.3, 0.7, count)]


# --- the grid ---------------------------------------------------------------------------------------------------------


def test_an_axis_has_both_ends():
    axis = Axis.parse("usable_share=0.3:0.9:4")
    assert axis.key == "usable_share"
    assert axis.values == pytest.approx((0.3, 0.5, 0.7, 0.9))
    assert Axis.parse("w=-1:-1:1").values == (-1.0,)
    assert Axis.parse("w=1e-3:2E3:2").values == (1e-3, 2e3)


@pytest.mark.parametrize(
    "text",
    [
        *("", "w", "w=1", "w=1:2", "w=1:2:3:4", "=1:2:3", "w=a:2:3"),
        *("w=1:2:2.5", "w=1:2:0", "w=1:2:-1", "w=1:2:1", "w=nan:2:3", "w=1:inf:3"),
    ],
)
def test_an_unclear_axis_is_refused(text):
    with pytest.raises(InvalidInput, match="--vary"):
        Axis.parse(text)


def test_the_last_axis_runs_fastest():
    grid = grid_of(TABLE_2_INSTANCE, [Axis.evenly("market_size", 10, 20, 2), Axis.evenly("usable_share", 0.2, 0.4, 2)])
    assert grid.points == [
        {"market_size": a, "usable_share": t} for a, t in ((10, 0.2), (10, 0.4), (20, 0.2), (20, 0.4))
    ]
    assert [(i.market_size, i.usable_share) for i in grid.instances] == [(10, 0.2), (10, 0.4), (20, 0.2), (20, 0.4)]
    assert all(i.wholesale_price == 10 for i in grid.instances)


def test_constraints_that_are_not_set_can_vary():
    grid = grid_of(TABLE_2_INSTANCE, [Axis.evenly("constraints.reservation_profit_retailer", 0, 50, 3)])
    assert [i.reservation_profit_retailer for i in grid.instances] == [0, 25, 50]
    assert grid.axes[0].key == "reservation_profit_retailer"


def test_an_item_of_a_list_can_vary():
    network = random_network(0, 3, 2)
    grid = grid_of(network, [Axis.evenly("parameters.market_size.1", 30, 40, 2)])
    first, second, third = network.market_size
    assert [i.market_size for i in grid.instances] == [(first, 30.0, third), (first, 40.0, third)]
    assert second not in (30.0, 40.0)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("usable_shares", "did you mean 'usable_share'?"),
        ("sign_constraints", "is no key with a number"),
        ("name", "is no key with a number"),
        ("usable_share.0", "usable_share is no list"),
    ],
)
def test_a_key_that_cannot_vary_is_refused(key, words):
    with pytest.raises(InvalidInput, match=re.escape(words)):
        grid_of(TABLE_2_INSTANCE, [Axis.evenly(key, 0.2, 0.4, 2)])


def test_a_list_needs_an_item():
    for key in ("market_size", "market_size.3", "market_size.x", "market_size.-1"):
        with pytest.raises(InvalidInput, match=r"name an item: market_size\.0 to market_size\.2"):
            grid_of(random_network(0, 3, 2), [Axis.evenly(key, 30, 40, 2)])


def test_a_key_varies_once():
    with pytest.raises(InvalidInput, match="varied twice"):
        grid_of(TABLE_2_INSTANCE, [*shares(), Axis.evenly("parameters.usable_share", 0.1, 0.2, 2)])


def test_all_impossible_values_are_named_before_anything_runs(monkeypatch):
    monkeypatch.setattr(running, "solve_point", lambda *_: pytest.fail("something was solved"))
    with pytest.raises(InvalidInput) as refused:
        sweep(TABLE_2_INSTANCE, [Axis.evenly("usable_share", 0.8, 1.2, 5), Axis.evenly("market_size", -1, 1, 3)])
    words = str(refused.value)
    assert "usable_share: 1, 1.1, 1.2 cannot be; expected a value below 1" in words
    assert "market_size: -1, 0 cannot be; expected a value above 0" in words


def test_impossible_combinations_are_named():
    """With sigma = 0.9 and min k = 1, 2 sigma < min k fails; with k = 2 it holds."""
    network = random_network(0, 2, 2).replace(effort_cost=(2.0, 2.0), effort_rivalry=0.4)
    axes = [Axis.evenly("effort_cost.0", 1, 2, 2), Axis.evenly("effort_rivalry", 0.4, 0.9, 2)]
    with pytest.raises(InvalidInput) as refused:
        grid_of(network, axes)
    assert "effort_cost.0 = 1, effort_rivalry = 0.9" in str(refused.value)
    assert "effort_rivalry = 0.4)" not in str(refused.value)


# --- the table --------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_point_and_model():
    """G = 1.2 (1 - theta) + 2.5 theta and F = 1.2 (1 - theta) + 14.5 theta; the contract's x is 1 - 0.7 G / e_r."""
    frame = sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS)
    assert list(frame["model"]) == list(TWO_MODELS) * 5
    assert list(frame["usable_share"].unique()) == pytest.approx([0.3, 0.4, 0.5, 0.6, 0.7])
    assert set(frame["route"]) == {"closed-form"}
    assert frame["certified"].all()
    theta = frame["usable_share"]
    own, chain = 1.2 * (1 - theta) + 2.5 * theta, 1.2 * (1 - theta) + 14.5 * theta
    service = 0.7 * (chain - theta**2 * 9) / (1 + 0.49 * theta**2)
    np.testing.assert_allclose(frame["decisions.recycling_service"], service, rtol=1e-12)
    contract = frame["model"] == "contract"
    np.testing.assert_allclose(frame["terms.cost_share"][contract], (1 - 0.7 * own / service)[contract], rtol=1e-12)
    assert frame["terms.cost_share"][~contract].isna().all()


def test_auto_takes_the_optimiser_where_the_formula_does_not_apply():
    """At w = 40 > a = 30 no vehicle is sold, p = a: the interior formula would have p = (a + w)/2 = 35."""
    frame = sweep(TABLE_2_INSTANCE, [Axis.evenly("wholesale_price", 20, 40, 2)], models=("decentralized",))
    assert list(frame["route"]) == ["closed-form", "optimizer"]
    assert list(frame["decisions.retail_price"]) == pytest.approx([25, 30], abs=1e-6)
    alone = sweep(
        TABLE_2_INSTANCE, [Axis.evenly("wholesale_price", 40, 40, 1)], models=("decentralized",), route="closed-form"
    )
    assert alone["objective"].isna().all()
    assert "does not apply" in alone["reason"][0]


def test_that_no_contract_exists_needs_no_optimiser():
    frame = sweep(TABLE_2_INSTANCE, [Axis.evenly("transfer_price", 9, 9, 1)], models=("contract",))
    assert list(frame["route"]) == ["closed-form"]
    assert frame["point_status"][0] == "none"
    assert frame["reason"][0].startswith("no contract coordinates")


def test_both_routes_are_two_rows_that_agree():
    frame = sweep(TABLE_2_INSTANCE, shares(2), models=("decentralized",), route="both")
    assert list(frame["route"]) == ["optimizer", "closed-form"] * 2
    profits = frame.pivot_table(index="usable_share", columns="route", values="profits.manufacturer")
    np.testing.assert_allclose(profits["optimizer"], profits["closed-form"], rtol=1e-6)


def test_lists_have_a_column_an_item():
    frame = sweep(random_network(0, 3, 2), [Axis.evenly("scrap_value", 1, 2, 2)], models=("decentralized",))
    assert {"decisions.retail_price.0", "decisions.retail_price.2", "decisions.sales_effort.1"} <= set(frame)
    assert "decisions.retail_price.3" not in frame


def test_several_processes_give_the_same_table():
    axes, models = shares(3), ("decentralized",)
    one = sweep(TABLE_2_INSTANCE, axes, models=models)
    pd.testing.assert_frame_equal(sweep(TABLE_2_INSTANCE, axes, models=models, jobs=2), one)
