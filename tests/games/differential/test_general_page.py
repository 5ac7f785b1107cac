"""The page of a game in matrices: each retailer's value, every rate, the regime, and what the credit price changes."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.games.differential.data.generator import random_general
from batteryopt.games.differential.solve import solve
from batteryopt.games.differential.view import general_credits, sections
from tests.report.conftest import save_game

from . import second_route


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    game = random_general(3, vehicles=3, states=2, retailers=2)
    found = solve(game, ["integrated", "decentralized"], route="closed-form")
    return save_game(found, tmp_path_factory.mktemp("general"))


def test_each_retailer_has_a_line_and_they_sum_to_the_line_above(saved):
    rows = {row[0]: row[1:] for row in sections.tables(saved)["present-values"].rows}
    assert rows["Retailer 1"][0] is None  # one owner decides
    assert rows["Retailer 1"][1] + rows["Retailer 2"][1] == pytest.approx(rows["Retailers together"][1])


def test_every_level_has_its_rate_and_every_model_its_regime(saved):
    tables = sections.tables(saved)
    names = [row[0] for row in tables["steady-state"].rows]
    assert [name for name in names if name.startswith("Decay")] == [
        "Decay rate, 1 (1/month)",
        "Decay rate, 2 (1/month)",
    ]
    assert set(tables["pricing"].rows[0][1:]) <= {"skimming", "penetration", "constant", "mixed"}


def test_the_curves_over_the_credit_price_are_the_second_route_s(saved):
    """At twice the credit price, where the curves end."""
    game = saved.instance
    (drawn,) = general_credits.charts(game)
    ends = {trace["name"]: trace["y"][-1] for trace in drawn["data"]}
    dear = game.replace(credit_price=2.0 * game.credit_price)
    assert ends["Chain, integrated"] == pytest.approx(second_route.values(dear, is_led=False)[0], rel=1e-4)
    manufacturer, *retailers = second_route.values(dear, is_led=True)
    assert ends["Manufacturer, decentralised"] == pytest.approx(manufacturer, rel=1e-4)
    assert ends["Retailer 2, decentralised"] == pytest.approx(retailers[1], rel=1e-4)
    assert ends["Chain, decentralised"] == pytest.approx(np.sum([manufacturer, *retailers]), rel=1e-4)
