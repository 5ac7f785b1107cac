"""Studies: what-ifs and policies against arithmetic; what is wrong is told; an interrupted study goes on."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from batteryopt.network.studies.policies import TEMPLATES
from batteryopt.network.studies.study import PolicyGrid, StudyPlan, at_equal_collection, run_study
from batteryopt.network.tables import read
from batteryopt.network.tables.changed import what_ifs
from tests.command_line import invoke

from .small import small_network

FILES = {
    "products.csv": "product,uncollected_cost_per_t\npack,10\nmass,\n",
    "markets.csv": "site,product,price_per_t\nM,mass,0\n",
    "changes.csv": "name,key,change,value\ndear,markets.price_per_t,set,20\ndear,returns.tonnes,times,0.5\n",
}
"""Leaving 100 t costs 1,000; the plant 1000 + 10 + 100 + 100 + 100 = 1,310: nothing is collected."""


@pytest.fixture
def place(tmp_path):
    return small_network(tmp_path / "network", FILES)


def studied(place, **more):
    network = read(place)
    plan = StudyPlan(name="t", network=network, what_ifs=what_ifs(network), options={"gap": 0.0}, **more)
    found = run_study(plan)
    return found, found.table.set_index(["variant", "question"])


def test_what_ifs_cost_what_they_cost_by_hand(place):
    """At 20 a tonne of mass and 50 t: 1000 + 10 + 50 + 50 + 50 - 500 = 660, so that leaving them for 500 is less."""
    _, table = studied(place, questions=("cost", "collection", "keep existing"))
    assert table.loc[("base", "cost"), "cost"] == pytest.approx(1000)
    assert table.loc[("dear", "cost"), "cost"] == pytest.approx(500)
    assert table.loc[("dear", "cost"), "cost_difference"] == pytest.approx(-500)
    assert table.loc[("base", "collection"), "objective"] == pytest.approx(100)
    assert table.loc[("base", "collection"), "cost"] == pytest.approx(1310)
    assert table.loc[("base", "keep existing"), "cost"] == pytest.approx(1000)


def test_policies_by_hand(place):
    """A subsidy of more than 3.1 a tonne, or of more than 31 % of the 1,000 for opening, has all collected."""
    grids = (
        PolicyGrid(name="subsidy-collected", rates=(3.0, 4.0)),
        PolicyGrid(name="investment-subsidy", rates=(0.3, 0.4)),
        PolicyGrid(name="deposit-refund", rates=(4.0,)),
        PolicyGrid(name="reward-penalty", rates=(4.0,), target=0.25),
        PolicyGrid(name="subsidy-processed", rates=(5.0,)),
    )
    found, table = studied(place, policies=grids)
    table = table.droplevel("question")
    expected = {  # collected, government money, owner's cost
        "subsidy-collected 3": (0, 0, 1000),
        "subsidy-collected 4": (100, 400, 910),
        "investment-subsidy 0.3": (0, 0, 1000),
        "investment-subsidy 0.4": (100, 400, 910),
        "deposit-refund 4": (100, 0, 910),  # 4 x 100 paid back, 4 x 100 taken from those who bought
        "reward-penalty 4": (100, 300, 1010),  # 4 x (100 - 25)
        "subsidy-processed 5": (100, 500, 810),
    }
    for name, (collected, money, cost) in expected.items():
        row = table.loc[name]
        assert row["kpis.collected_t"] == pytest.approx(collected, abs=1e-6), name
        assert row["government_money"] == pytest.approx(money, abs=1e-6), name
        assert row["cost"] == pytest.approx(cost), name
    assert table.loc["subsidy-collected 4", "government_per_t_more"] == pytest.approx(4)
    assert pd.isna(table.loc["subsidy-collected 3", "government_per_t_more"])
    collected = found.table["kpis.collected_t"].iloc[0] + found.table["collected_more_t"]
    assert set(found.table.loc[collected.round(3) == 0, "collected_more_t"]) == {0.0}  # no solver's rounding
    equal = at_equal_collection(found.table, 2).set_index("collection_rate")
    assert equal.loc[1.0, "subsidy-processed"] == pytest.approx(5)
    assert equal.loc[1.0, "deposit-refund"] == pytest.approx(0, abs=1e-9)


def test_a_carbon_cap_and_a_tax(tmp_path):
    """The lorry emits 0.5 kg a tonne-kilometre: 100 t x 10 km + 50 t x 20 km = 2,000 tkm, 1 t; half is allowed."""
    modes = "mode,distance,cost_per_t_km,emission_kg_per_t_km\nlorry,km,0.1,0.5\n"
    place = small_network(tmp_path / "n", {"modes.csv": modes})
    grids = (PolicyGrid(name="carbon-cap", rates=(0.0, 0.5)), PolicyGrid(name="carbon-tax", rates=(10.0,)))
    _, table = studied_plain(place, grids)
    assert table.loc["base", "kpis.emissions_t"] == pytest.approx(1.0)
    assert table.loc["carbon-cap 0", "kpis.emissions_t"] == pytest.approx(1.0)
    assert table.loc["carbon-cap 0.5", "kpis.emissions_t"] == pytest.approx(0.5)
    assert table.loc["carbon-tax 10", "government_money"] == pytest.approx(-10)


def studied_plain(place, grids):
    plan = StudyPlan(name="t", network=read(place), policies=grids, options={"gap": 0.0})
    found = run_study(plan)
    return found, found.table.set_index("variant")


def test_every_template_changes_a_network(place):
    network = read(place)
    for template in TEMPLATES.values():
        other = template.change(network, 0.5, {"kpis.emissions_t": 1.0})
        assert other.policy != network.policy, template.name


def test_the_command_writes_tables_and_page_and_goes_on_after_an_interrupt(place, tmp_path, monkeypatch):
    file = tmp_path / "study.toml"
    file.write_text(
        'kind = "study"\nnetwork = "network"\nquestions = ["cost"]\ngap = 0.0\n'
        '[what_ifs]\n"half" = ["returns.tonnes*=0.5"]\n[policies]\nsubsidy-collected = [3, 4]\n'
    )
    out = tmp_path / "out"
    words = ("study", file, "--policy", "investment-subsidy=0.4:0.4:1", "--out", out)
    import batteryopt.network.studies.variants as running

    original = running.solve_variant
    solved: list[str] = []

    def interrupted(variant, begin=()):
        if len(solved) == 3:
            raise KeyboardInterrupt
        solved.append(variant.labels["variant"])
        return original(variant, begin)

    monkeypatch.setattr(running, "solve_variant", interrupted)
    assert invoke(*words).exit_code == 4
    assert (tmp_path / "out.journal").exists()
    monkeypatch.setattr(running, "solve_variant", lambda *given: solved.append("again") or original(*given))
    found = invoke(*words)
    assert found.exit_code == 0, found.stderr
    assert solved.count("again") == 4  # the base, and three that were not done
    table = pd.read_csv(out / "study.csv")
    assert list(table["variant"]) == [
        *("base", "dear", "half", "subsidy-collected 3", "subsidy-collected 4", "investment-subsidy 0.4"),
    ]
    text = (out / "page.html").read_text()
    for heading in ("Side by side", "Policies", "How sure is this?"):
        assert f"<h2>{heading}</h2>" in text
    assert json.loads((out / "batteryopt-files.json").read_text())
    assert not (tmp_path / "out.journal").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('questions = ["costs"]', "questions: has the text 'costs'; did you mean 'cost'?"),
        ("gap = -1", "gap: is -1; expected a number of at least 0"),
        ("polices = 1", "polices: unknown key; did you mean 'policies'?"),
        (
            '[policies]\nsubsidy-colected = "0:1:2"',
            "'subsidy-colected' is no policy; did you mean 'subsidy-collected'?",
        ),
        ('[policies]\ncarbon-tax = "0-1"', "policies.carbon-tax: is the text '0-1'; expected START:STOP:COUNT"),
        ('[what_ifs]\nx = ["returns.tonnes"]', "what_ifs.x: 'returns.tonnes' cannot be used"),
        ('[what_ifs]\nx = ["returns.tones=2"]', "x, returns.tones: 'tones' is no column of returns"),
        ('questions = ["cost", "cost"]', "questions: 'cost' stands 2 times; ask it once"),
        ("[policies]\ncarbon-tax = [10, 10]", "policies.carbon-tax: 'carbon-tax 10' stands 2 times"),
        ('[what_ifs]\ndear = ["returns.tonnes*=2"]', "what_ifs.dear: stands in the network's table 'changes', too"),
        ('[what_ifs]\nbase = ["returns.tonnes*=2"]', "the what-if 'base' has the name of the network as it is"),
        (
            '[policies]\ncarbon-tax = [10]\n[what_ifs]\n"carbon-tax 10" = ["returns.tonnes*=2"]',
            "the what-if 'carbon-tax 10' has the name of the policy of policies.carbon-tax",
        ),
    ],
)
def test_what_is_wrong_with_a_study_is_told(place, tmp_path, line, said):
    file = tmp_path / "study.toml"
    file.write_text(f'kind = "study"\nnetwork = "network"\n{line}\n')
    found = invoke("study", file, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_policy_that_is_asked_for_twice_is_told_with_both_places(place, tmp_path):
    """Its second rates would be lost: tables and journal know a policy by its name."""
    file = tmp_path / "study.toml"
    file.write_text('kind = "study"\nnetwork = "network"\n[policies]\ncarbon-tax = [10]\n')
    found = invoke("study", file, "--policy", "carbon-tax=20:30:2", "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "policies.carbon-tax and --policy: the policy 'carbon-tax' stands twice" in found.stderr
    twice = ("--policy", "reward-penalty=1:2:2", "--policy", "reward-penalty=3:4:2")
    found = invoke("study", place, *twice, "--out", tmp_path / "out")
    assert found.exit_code == 2
    assert "--policy: the policy 'reward-penalty' stands twice; give all its rates at once" in found.stderr
    assert not (tmp_path / "out").exists()


def test_at_equal_collection_the_cheapest_rate_counts():
    """Two rates collect all but for a solver's rounding: a tonne more costs 20 / 10, and not 80 / 10."""
    rows = [("", 0.5, 0.0, 0.0), ("carbon-tax", 1.0, 20.0, 10.0), ("carbon-tax", 1.0 + 1e-12, 80.0, 10.0)]
    table = pd.DataFrame(rows, columns=["policy", "kpis.collection_rate", "government_more", "collected_more_t"])
    assert list(at_equal_collection(table, 2)["carbon-tax"]) == pytest.approx([2.0, 2.0])
