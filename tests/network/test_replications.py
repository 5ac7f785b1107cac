"""Replications of a sample of futures: intervals by hand, and on a network whose true optimum is known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import CollectionTarget, NamedChange, Scenario
from batteryopt.network.draws.made_futures import drawn_futures, without_futures
from batteryopt.network.draws.recipe import FuturesRecipe, recipe_at
from batteryopt.network.futures.future import futures_of
from batteryopt.network.futures.joint_words import of_the_sample
from batteryopt.network.futures.replications import mean_and_room, resampling
from batteryopt.network.futures.solve_futures import solve_futures
from batteryopt.tables.changes import How
from tests.command_line import invoke
from tests.network.line import level, line, plant, rules

UP_OR_DOWN = {
    "scenarios": (Scenario(name="a", probability=0.5), Scenario(name="b", probability=0.5)),
    "changes": (
        NamedChange(name="a", key="returns.tonnes", change=How.SET, value="6"),
        NamedChange(name="b", key="returns.tonnes", change=How.SET, value="90"),
    ),
}
"""6 t or 90 t, as in `tests/network/test_futures.py`: with the plant 218 or -1210, without it 60 or 900."""


def test_the_interval_of_a_mean_by_hand():
    """Of 1, 2, 3, 4, 5: mean 3, spread sqrt(2.5); t is 2.1318 to one side and 2.7764 to both, with 4 degrees."""
    mean, room = mean_and_room([1, 2, 3, 4, 5], sides=1)
    assert (mean, room) == pytest.approx((3.0, 2.1318 * math.sqrt(2.5 / 5)), rel=1e-4)
    assert mean_and_room([1, 2, 3, 4, 5], sides=2)[1] == pytest.approx(2.7764 * math.sqrt(2.5 / 5), rel=1e-4)


def test_samples_are_drawn_by_their_probabilities():
    futures = futures_of(line(**UP_OR_DOWN))
    uneven = [dataclasses.replace(f, probability=p) for f, p in zip(futures, (0.2, 0.8), strict=True)]
    draw = resampling(uneven, 10, seed=1)
    shares = [{f.name: f.probability for f in draw(number)} for number in range(400)]
    assert all(sum(row.values()) == pytest.approx(1.0) for row in shares)
    mean = np.mean([row.get("a", 0.0) for row in shares])
    assert mean == pytest.approx(0.2, abs=4 * math.sqrt(0.16 / 4000))
    assert [f.name for f in draw(3)] == [f.name for f in draw(3)]


def test_replications_hold_the_truth():
    """True optimum: the plant, (218 - 1210) / 2 = -496. Of one future alone it is 60 or -1210, in the mean -575.

    Samples of two: both a (1 in 4) 60, both b -1210, else -496: in the mean -535.5, below the truth.
    """
    found = solve_futures(line(**UP_OR_DOWN), gap=0, replications=20, seed=1)
    sampled = found.sampled
    assert (sampled.replications, sampled.futures) == (20, 2)
    assert sampled.optimum[0] <= -496 <= sampled.optimum[1]
    assert sampled.plan[0] <= -496 <= sampled.plan[1]
    assert 0 <= sampled.gap_mean <= sampled.gap_at_most
    # in samples of two a's alone the plan costs 158 more than the best there: a quarter of them, in the mean 39.5
    assert sampled.gap_mean == pytest.approx(158 / 4, abs=4 * 158 * math.sqrt(3 / 16 / 20))
    document = found.to_json()["sampling"]
    assert document["drawn_from"] == "the table of futures, with replacement"
    again = solve_futures(line(**UP_OR_DOWN), gap=0, replications=20, seed=1)
    assert again.sampled == sampled
    other = solve_futures(line(**UP_OR_DOWN), gap=0, replications=20, seed=2)
    assert other.sampled != sampled


def test_equal_futures_leave_no_doubt():
    three = tuple(Scenario(name=name) for name in "abc")
    sampled = solve_futures(line(scenarios=three), gap=0, replications=2).sampled
    assert (*sampled.optimum, *sampled.plan) == pytest.approx((-700,) * 4)
    assert sampled.gap_at_most == pytest.approx(0, abs=1e-6)


def test_a_plan_that_breaks_a_hard_rule_in_a_sample_has_no_true_cost():
    """All must be collected, and the plant takes 100 t: with 90 t it can, with 120 t (a third, not planned for) not."""
    network = line(policy=rules(collection_targets=(CollectionTarget(name="all", share=1.0),)), **UP_OR_DOWN)
    third = NamedChange(name="c", key="returns.tonnes", change=How.SET, value="120")
    wide = dataclasses.replace(
        network,
        scenarios=tuple(Scenario(name=name) for name in "abc"),
        changes=(*network.changes, third),
        types=plant(levels=(level(), level(name="L", capacity_t=200, opening_cost=1000))),
    )
    narrow = dataclasses.replace(wide, scenarios=tuple(Scenario(name=name) for name in "ab"))
    draw = resampling(futures_of(wide), 3, seed=1)
    sampled = solve_futures(narrow, gap=0, replications=6, draw=draw).sampled
    assert sampled.plan is None
    assert 0 < sampled.broken <= 6
    assert "cannot keep the hard rules" in of_the_sample(sampled.to_json(), str)


def test_without_its_futures_a_network_is_as_before():
    recipe = FuturesRecipe(sources=("returns", "disruptions"), chance=0.5)
    made = drawn_futures(line(), recipe.samplers(), count=3, seed=1)
    base = without_futures(made.network)
    assert (base.scenarios, base.changes, base.returns) == ((), (), line().returns)
    again = drawn_futures(base, recipe.samplers(), count=3, seed=1)
    assert again.network.changes == made.network.changes
    assert again.network.groups == made.network.groups


def test_a_recipe_is_kept_and_read(tmp_path):
    recipe = FuturesRecipe(sources=("prices",), price_bands={"metal": 0.2}, types=("plant",))
    (tmp_path / "futures.json").write_text(recipe.to_json(count=3), encoding="utf-8")
    assert recipe_at(tmp_path) == recipe
    (tmp_path / "futures.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InvalidInput, match="does not say how futures were drawn"):
        recipe_at(tmp_path)
    assert recipe_at(tmp_path / "elsewhere.xlsx") is None


@pytest.mark.parametrize(
    ("options", "told"),
    [({"replications": 1}, "is 1"), ({"replications": 5, "risk": "worst"}, "is given beside --risk")],
)
def test_what_is_wrong_is_told(options, told):
    with pytest.raises(InvalidInput, match=told):
        solve_futures(line(**UP_OR_DOWN), **options)


def test_on_the_command_line_they_are_drawn_by_the_recipe(tmp_path):
    network, out = tmp_path / "hand", tmp_path / "out"
    invoke("export", "data/networks/hand", "--out", network)
    invoke("futures", network, "--from", "prices", "--count", 3, "--out", tmp_path / "drawn")
    words = ("solve", tmp_path / "drawn", "--model", "stochastic", "--replications", 2, "--seed", 4, "--out", out)
    found = invoke(*words)
    assert found.exit_code == 0, found.output
    assert "The futures are a sample" in " ".join(found.stdout.split())
    assert "the law of the futures" in " ".join(found.stdout.split())
    page = invoke("report", out, "--out", tmp_path / "page.html")
    assert page.exit_code == 0, page.output
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "--model stochastic --replications 2 --seed 4" in text
