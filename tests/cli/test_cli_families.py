"""Every family on the command line: a new instance can be checked and solved, and its JSON has the promised keys."""

from __future__ import annotations

import json
import shutil

import pandas as pd
import pytest

from batteryopt.cli.commands import Paper
from batteryopt.families import FAMILIES, family_of, read, solve
from batteryopt.ground.errors import InvalidInput
from tests.command_line import ROOT, invoke

HAND = ROOT / "data" / "networks" / "hand"


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_new_instance_is_in_order(tmp_path, kind):
    path = tmp_path / "mine"
    assert invoke("new", kind, path).exit_code == 0
    assert invoke("new", kind, path).exit_code == 2
    found = invoke("check", path, "--json")
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["kind"] == kind
    assert document["models"] == list(FAMILIES[kind].models_of(read(path)))
    assert read(path).name


def test_check_names_a_plan_for_all_futures_where_there_are_some(tmp_path):
    """What `check` names can be solved: a plan for all of one future is refused."""
    folder = tmp_path / "mine"
    shutil.copytree(HAND, folder)
    assert json.loads(invoke("check", folder, "--json").stdout)["models"] == ["design"]
    assert invoke("solve", folder, "--model", "stochastic").exit_code == 2
    (folder / "scenarios.csv").write_text("scenario,probability\nlow,0.5\nhigh,0.5\n", encoding="utf-8")
    assert json.loads(invoke("check", folder, "--json").stdout)["models"] == ["design", "stochastic"]


def test_every_paper_of_a_family_can_be_reproduced():
    assert {paper.value for paper in Paper} == {"all", *(kind for kind, one in FAMILIES.items() if one.reproduce)}


@pytest.mark.parametrize("kind", [kind for kind, family in FAMILIES.items() if kind != "network"])
def test_games_are_solved_by_formula_alone(tmp_path, kind):
    path = tmp_path / "mine.toml"
    invoke("new", kind, path)
    found = invoke("solve", path, "--route", "closed-form", "--json")
    assert found.exit_code == 0, found.output
    models = json.loads(found.stdout)["models"]
    assert "contract" in models
    assert all(answer["point_status"] == "optimal" for answer in models.values())
    assert invoke("solve", path, "--route", "closed-form").stdout.startswith(f"mine ({kind})")


def test_that_several_retailers_have_no_contract_is_an_answer():
    found = invoke("solve", ROOT / "data" / "differential_game" / "general.toml", "--route", "closed-form", "--json")
    assert found.exit_code == 0, found.output
    contract = json.loads(found.stdout)["models"]["contract"]
    assert contract["objective"] is None
    assert contract["reason"].startswith("the contract is defined for one retailer")


def test_a_sweep_of_the_differential_game(tmp_path):
    path, out = tmp_path / "mine.toml", tmp_path / "x.csv"
    invoke("new", "differential-game", path)
    words = ("--vary", "credit_price=0.5:1.5:3", "--route", "closed-form", "--out", out, "--plot", tmp_path / "x.png")
    found = invoke("sweep", path, *words)
    assert found.exit_code == 0, found.output
    frame = pd.read_csv(out)
    assert list(frame["model"].unique()) == ["integrated", "decentralized", "contract"]
    assert {"present_value.supply_chain", "steady_state.efficiency", "share_range.0"} <= set(frame)
    assert not [column for column in frame if column.startswith("trajectory")]


def test_a_network_is_solved_and_saved(tmp_path):
    """The optimum of this network, -7,640, is derived by hand in its README."""
    found = invoke("solve", HAND, "--gap", 0, "--json", "--out", tmp_path)
    assert found.exit_code == 0, found.output
    design = json.loads(found.stdout)["models"]["design"]
    assert design["objective"] == pytest.approx(-7640, abs=1e-6)
    assert sum(design["cost_terms"].values()) == pytest.approx(design["objective"], abs=1e-6)
    assert {"site", "type", "level", "period"} <= set(design["open_facilities"][0])
    assert design["kpis"]
    assert (tmp_path / "instance" / "network.toml").read_bytes() == (HAND / "network.toml").read_bytes()
    assert pd.read_csv(tmp_path / "flows.csv")["tonnes"].sum() > 0
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["models"]["design"] == design


def test_a_network_has_a_page_for_planners():
    found = invoke("solve", HAND / "network.toml")
    assert found.exit_code == 0
    assert "What stands" in found.stdout
    assert "optimal" in found.stdout


def test_what_a_network_cannot_have_is_refused(tmp_path):
    assert "has no closed form" in invoke("solve", HAND, "--route", "closed-form").stderr
    refused = invoke("solve", HAND, "--solver", "scip", "--model", "plan")
    assert refused.exit_code == 2
    assert "'plan' is no model of kind 'network'" in refused.stderr
    refused = invoke("solve", HAND, "--solver", "ipopt")  # which takes no whole numbers
    assert refused.exit_code == 2
    assert "no support for integer" in refused.stderr
    swept = invoke("sweep", HAND, "--vary", "gap=0:1:2", "--out", tmp_path / "x.csv")
    assert swept.exit_code == 2
    assert "gap: is neither a setting nor a column of a table" in swept.stderr
    inside = invoke("solve", HAND, "--out", HAND / "results")
    assert inside.exit_code == 2
    assert "inside the instance's own folder" in inside.stderr


def test_a_relog_case_becomes_a_network(tmp_path):
    case, out = tmp_path / "case.json", tmp_path / "network"
    case.write_text(json.dumps(_relog_case()))
    found = invoke("import", "relog", case, "--out", out, "--json")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["network"] == str(out)
    assert invoke("check", out).exit_code == 0
    assert invoke("import", "relog", case, "--out", out).exit_code == 2
    assert invoke("import", "relog", case, "--out", out, "--force").exit_code == 0
    missing = invoke("import", "relog", tmp_path / "nothing.json", "--out", tmp_path / "other")
    assert missing.exit_code == 2
    assert "Traceback" not in missing.output
    assert not (tmp_path / "other").exists()


def _relog_case():
    """One place that has 100 tonnes, one place where they may be recycled."""
    size = {
        "opening cost ($)": [500.0],
        "fixed operating cost ($)": [30.0],
        "variable operating cost ($/tonne)": [30.0],
    }
    place = {"latitude (deg)": 0.0, "longitude (deg)": 0.0}
    return {
        "parameters": {"time horizon (years)": 1},
        "products": {
            "P1": {
                "transportation cost ($/km/tonne)": [0.015],
                "initial amounts": {"C1": {**place, "amount (tonne)": [100.0]}},
            }
        },
        "plants": {"F1": {"input": "P1", "locations": {"L1": {**place, "capacities (tonne)": {"250.0": size}}}}},
    }


def test_families_are_found_by_kind():
    assert family_of("coordination") is FAMILIES["coordination"]
    with pytest.raises(InvalidInput, match="did you mean 'network'"):
        family_of("netwrok")


def test_the_library_takes_any_kind():
    result = solve(read(ROOT / "data" / "coordination" / "table2.toml"), ["centralized"], route="closed-form")
    assert result["centralized"].certificate.passed
