"""Networks with changes: against the same network read from edited tables; and what is said of wrong changes."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from batteryopt import plus, times
from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import Network
from batteryopt.network.solve import solve
from batteryopt.network.tables import read, write, write_workbook
from batteryopt.network.tables.changed import changed
from batteryopt.network.tables.rows import rows_of, settings_of_network
from batteryopt.network.tables.schema import TABLES as ALL_TABLES
from batteryopt.tables.changes import Change
from tests.command_line import invoke

from .everything import everything
from .small import TABLES, small_network

PLAN_OF_HAND = 1000 + 10 + 100 * 1 + 100 * 10 * 0.1 + 50 * 20 * 0.1 - 50 * 20
"""Opening, standing, working 100 t, carrying them 10 km, carrying 50 t of mass 20 km, selling it: 310, below 10,000 for
leaving them uncollected."""


def same(one: Network, other: Network) -> bool:
    tables = {name: [dict(row) for row in rows] for name, rows in rows_of(one).items()}
    others = {name: [dict(row) for row in rows] for name, rows in rows_of(other).items()}
    return tables == others and settings_of_network(one) == settings_of_network(other)


CASES = {
    "all rows": ("returns.tonnes*=0.5", {"returns.csv": "site,product,tonnes\nA,pack,50\n"}),
    "a row by its names": (
        "markets[site=M,product=mass].price_per_t=30",
        {"markets.csv": "site,product,price_per_t\nM,mass,30\n"},
    ),
    "adding": ("levels[level=s].opening_cost+=-200", {"levels.csv": TABLES["levels.csv"].replace("1000", "800")}),
    "a word": ("candidates[site=B].standing=forced", {"candidates.csv": "site,type,standing\nB,plant,forced\n"}),
    "yields": (
        "recipe_products[product=mass].output_t*=0.8",
        {"recipe_products.csv": TABLES["recipe_products.csv"].replace("0.5", "0.4")},
    ),
    "a setting": ("discount_rate=0.05", {"network.toml": "discount_rate = 0.05\n" + TABLES["network.toml"]}),
    "the policy": (
        "policy.carbon_price_per_t=7",
        {"network.toml": TABLES["network.toml"] + "[policy]\ncarbon_price_per_t = 7\n"},
    ),
    "distances": ("distances.km*=2", {"km.csv": "km,A,B,M\nA,0,20,60\nB,20,0,40\nM,60,40,0\n"}),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_is_what_an_edited_table_would_be(tmp_path, case):
    word, files = CASES[case]
    base, edited = read(small_network(tmp_path / "a")), read(small_network(tmp_path / "b", files))
    found = invoke("check", tmp_path / "a", "--set", word, "--json")
    assert found.exit_code == 0, found.stderr
    assert json.loads(found.stdout)["changes"] == [word]
    network = changed(base, [Change.parse(word)])
    assert same(network, edited)
    assert np.array_equal(network.distances["km"], edited.distances["km"])


def test_set_and_edited_tables_give_one_plan(tmp_path):
    """50 t instead of 100: 1000 + 10 + 50 + 50 + 50 - 500 = 660."""
    place = small_network(tmp_path / "a")
    assert PLAN_OF_HAND == 310
    for words, expected in ((), 310), (("--set", "returns.tonnes*=0.5"), 660), (("--set", "returns.tonnes=50"), 660):
        found = invoke("solve", place, *words, "--gap", 0, "--json")
        assert found.exit_code == 0, found.stderr
        assert json.loads(found.stdout)["models"]["design"]["objective"] == pytest.approx(expected, rel=1e-9)
    edited = read(place).changed({"returns.tonnes": 50})
    assert solve(edited, gap=0).objective == pytest.approx(660, rel=1e-9)


def test_the_instance_beside_a_result_is_the_one_that_was_solved(tmp_path):
    place, out = small_network(tmp_path / "a"), tmp_path / "out"
    found = invoke("solve", place, "--set", "returns.tonnes*=0.5", "--out", out)
    assert found.exit_code == 0, found.stderr
    assert read(out / "instance").returns[0].tonnes == 50
    assert json.loads((out / "result.json").read_text())["changes"] == ["returns.tonnes*=0.5"]
    page = tmp_path / "page.html"
    assert invoke("report", out, "--out", page).exit_code == 0
    assert "Changed first: returns.tonnes*=0.5" in page.read_text()


WHAT_IFS = """name,key,change,value
half price,markets[product=mass].price_per_t,times,0.5
half price,returns.tonnes,plus,20
no plant,candidates[site=B].standing,set,closed
"""


def test_named_what_ifs_are_made_from_a_table(tmp_path):
    """At 10 a tonne of mass 20 t more: 1000 + 10 + 120 + 120 + 120 - 600 = 770, more than a plant of 100 t can; so 20 t
    stay for 100 each: 310 + 500 + 2,000."""
    place = small_network(tmp_path / "a", {"changes.csv": WHAT_IFS})
    network = read(place)
    assert network.what_ifs == ("half price", "no plant")
    assert network.what_if("half price").returns[0].tonnes == 120
    assert network.what_if("half price").markets[0].price_per_t == 10
    found = invoke("solve", place, "--what-if", "half price", "--gap", 0, "--json")
    assert json.loads(found.stdout)["models"]["design"]["objective"] == pytest.approx(2810, rel=1e-9)
    found = invoke("solve", place, "--what-if", "no plant", "--json")  # 100 t at 100 each
    assert json.loads(found.stdout)["models"]["design"]["objective"] == pytest.approx(10_000, rel=1e-9)
    found = invoke("solve", place, "--what-if", "half prise")
    assert found.exit_code == 2
    assert "--what-if: 'half prise' is unknown; did you mean 'half price'?" in found.stderr


def test_what_ifs_survive_folders_workbooks_and_frames(tmp_path):
    network = read(small_network(tmp_path / "a", {"changes.csv": WHAT_IFS}))
    write(network, tmp_path / "b")
    write_workbook(network, tmp_path / "b.xlsx")
    settings = network.settings()
    copies = (
        read(tmp_path / "b"),
        read(tmp_path / "b.xlsx"),
        Network.from_frames(network.tables(), distances=settings.pop("distances"), **settings),
    )
    assert all(copy.changes == network.changes for copy in copies)


def test_a_wrong_what_if_is_told_with_its_row_when_the_network_is_read(tmp_path):
    table = "name,key,change,value\nx,returns.tones,times,2\ny,returns.tonnes,times,-1\n"
    with pytest.raises(InvalidInput) as caught:
        read(small_network(tmp_path, {"changes.csv": table}))
    first, second = map(str, caught.value.faults)
    assert first == "changes.csv row 2, returns.tones: 'tones' is no column of returns; did you mean 'tonnes'?"
    assert second.startswith("changes.csv row 3, returns.tonnes (returns row 2, column tonnes): is -100")


WRONG = {
    "retruns.tonnes=1": "retruns.tonnes: there is no table 'retruns'; did you mean 'returns'?",
    "returns.tones=1": "'tones' is no column of returns; did you mean 'tonnes'?",
    "returns[site=a].tonnes=1": "no row of returns has site 'a'",
    "returns[sight=A].tonnes=1": "'sight' is no column of returns; did you mean 'site'?",
    "returns[site=A,product=mass].tonnes=1": "no row of returns has product 'mass'; known: pack",
    "returns.tonnes*=-1": "returns.tonnes (returns row 2, column tonnes): is -100.0; expected a finite number of at",
    "returns.tonnes=many": "returns.tonnes: cannot be 'many'; expected a number",
    "returns.tonnes*=many": "'many' is no finite number; expected a factor, such as 1.2",
    "returns.site*=2": "site holds a name; put a value there with =",
    "returns.tonnes:2=1": "period '2' is not declared; known: 1",
    "candidates.standing=clsed": "cannot be 'clsed'; expected one of",
    "candidates[site=B].type=plnt": "'plnt' is not declared; did you mean 'plant'?",
    "markets.most_t*=2": "markets.most_t: is empty in all 1 rows that match; put a number there with =",
    "limits.most=3": "the table 'limits' has no rows",
    "policy.carbon_prise_per_t=1": "did you mean 'policy.carbon_price_per_t'?",
    "policy.budget*=2": "policy.budget: is empty; put a number there with =",
    "discount_rate=5": "discount_rate: is 5; expected a rate a year above -1 and below 1",
    "discount_rat=0": "did you mean 'discount_rate'?",
    "distances.kilometres*=2": "there are no distances 'kilometres'; known: km",
    "distances.km=2": "multiply distances by a factor above 0",
    "returns": "--set: 'returns' cannot be used",
    "returns=2": "names a table and none of its columns",
    "returns.tonnes[site=A]=2": "has its brackets behind the column",
}


@pytest.mark.parametrize("word", WRONG)
def test_what_is_wrong_with_a_change_is_told(tmp_path, word):
    place = small_network(tmp_path)
    found = invoke("solve", place, "--set", word, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert WRONG[word] in found.stderr
    assert not (tmp_path / "out").exists()


def test_everything_wrong_with_changes_comes_at_once(tmp_path):
    place = small_network(tmp_path)
    found = invoke("check", place, "--set", "returns.tones=1", "--set", "discount_rat=1", "--set", "returns.tonnes*=2")
    assert found.exit_code == 2
    assert "2 faults" in found.stderr


def test_what_can_be_seen_of_an_impossible_plan_is_refused_as_of_edited_tables(tmp_path):
    """Everything must be collected, and the plant takes 100 t of 150."""
    must = {"products.csv": "product\npack\nmass\n"}
    more = {"returns.csv": "site,product,tonnes\nA,pack,150\n"}
    edited = invoke("check", small_network(tmp_path / "b", must | more))
    found = invoke("check", small_network(tmp_path / "a", must), "--set", "returns.tonnes*=1.5")
    assert found.exit_code == edited.exit_code == 2
    assert found.stderr.splitlines()[1:] == edited.stderr.splitlines()[1:]
    assert "at least 50 t have nowhere to go" in found.stderr


def test_nothing_changes_where_every_number_is_multiplied_by_one():
    """Every table's every column of numbers, of a network that uses every part of the model."""
    network = everything()
    rows = rows_of(network)
    for name, table in ALL_TABLES.items():
        for column in table.columns:
            numbers = [row.get(column.field) for row in rows[name]]
            numbers = [n for n in numbers if isinstance(n, int | float | tuple) and not isinstance(n, bool)]
            if numbers and not any(
                isinstance(part, str) for n in numbers for part in (n if isinstance(n, tuple) else ())
            ):
                assert same(network.changed({f"{name}.{column.name}": times(1)}), network), f"{name}.{column.name}"


def test_one_period_of_a_profile():
    network = everything().changed({"returns[site=Ash].tonnes:2": plus(5), "policy.carbon_price_per_t:3": 9})
    assert network.returns[0].tonnes == (20, 35, 40)
    carbon = everything().profile(everything().policy.carbon_price_per_t)
    assert network.policy.carbon_price_per_t == (carbon[0], carbon[1], 9)


def test_changes_one_after_the_other():
    """(20 + 10) * 2 = 60, not 20 * 2 + 10 = 50."""
    for order, expected in zip(itertools.permutations([("+=", plus(10)), ("*=", times(2))]), (60, 50), strict=True):
        network = everything()
        for _, amount in order:
            network = network.changed({"returns[site=Ash].tonnes:1": amount})
        assert network.returns[0].tonnes[0] == expected
