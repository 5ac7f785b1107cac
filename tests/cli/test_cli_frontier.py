"""The command `frontier`, as users type it."""

import json

import pandas as pd
import pytest

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network import tables
from batteryopt.network.plan.answer import NetworkAnswer
from batteryopt.network.studies import frontier_search
from batteryopt.report import saved as output
from batteryopt.report.saved import save
from batteryopt.solvers.contract.provenance import Route, Run
from tests.command_line import TABLE_2, invoke
from tests.network.compromise import POINTS, chain_of_choice


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compromise") / "network"
    tables.write(chain_of_choice(), folder)
    return folder


def test_every_point_is_saved_with_its_plan(network, tmp_path):
    words = ("frontier", network, "--between", "cost:collection", "--gap", 0, "--out", tmp_path, "--json")
    done = invoke(*words, "--points", 5)
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    found = document["frontier"]
    assert found["objectives"] == ["cost", "collection"]
    assert [point["cost"] for point in found["points"]] == pytest.approx([cost for cost, _ in POINTS], rel=1e-4)
    saved = json.loads((tmp_path / "result.json").read_text())
    assert saved["frontier"] == found
    assert saved["options"] == {"between": "cost:collection", "points": 5, "gap": 0.0}
    for point in found["points"]:
        plan = json.loads((tmp_path / point["folder"] / "result.json").read_text())
        assert plan["models"]["design"]["objective"] == pytest.approx(point["cost"])
        assert (tmp_path / point["folder"] / "flows.csv").is_file()
    assert pd.read_csv(tmp_path / "frontier.csv")["collection"].tolist() == pytest.approx(
        [tonnes for _, tonnes in POINTS], rel=1e-4
    )
    assert invoke(*words, "--points", 2).exit_code == 0
    assert sorted(path.name for path in (tmp_path / "points").iterdir()) == ["1", "2"]


def test_it_prints_a_row_a_point_and_says_whether_there_are_others(network):
    """Up to 15 t every tonne more is a compromise; two plans are all where a plan may not leave anything."""
    done = invoke("frontier", network, "--between", "cost:collection", "--gap", 0, "--points", 5)
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines() if "converged" in line] == ["1", "2", "3", "4", "5"]
    assert "there may be other compromises" in done.stdout


def test_a_gap_in_money_stops_it_and_is_refused_where_there_is_no_money(network):
    words = ("frontier", network, "--gap-money", 60, "--points", 2)
    done = invoke(*words, "--between", "cost:collection", "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)["frontier"]
    assert found["gap_money"] == 60
    assert all(point["is_proven"] and point["gap_money"] <= 60 for point in found["points"])
    refused = invoke(*words, "--between", "emissions:collection")
    assert refused.exit_code == 2
    assert "--gap-money" in refused.stderr


def test_points_are_saved_as_they_are_found_and_ctrl_c_keeps_them(network, tmp_path, monkeypatch):
    saved = []

    def noting(result, _instance, folder, **_):
        save(result, _instance, folder, **_)
        saved.append(json.loads((tmp_path / "result.json").read_text())["frontier"])
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(output, "save", noting)
    done = invoke(
        *("frontier", network, "--between", "cost:collection", "--gap", 0, "--points", 5, "--out", tmp_path),
    )
    assert done.exit_code == 4
    assert [(found["sought"], len(found["points"])) for found in saved] == [(1, 1), (2, 2), (2, 2)]
    assert {found["stop_reason"] for found in saved} == {"interrupted"}
    assert [point["cost"] for point in saved[-1]["points"]] == pytest.approx([400, 500], rel=1e-4)
    assert "3 of 5 points are missing: stopped before them (interrupted)" in done.stdout


def test_a_frontier_without_any_plan_leaves_an_older_one_alone(network, tmp_path, monkeypatch):
    words = ("frontier", network, "--between", "cost:collection", "--points", 2, "--out", tmp_path)
    assert invoke(*words).exit_code == 0
    before = (tmp_path / "result.json").read_bytes()

    def nothing_in_time(network, m, weights, *_, **__):
        run = Run(
            route=Route.OPTIMIZER, solver="none", stop_reason=StopReason.TIME_LIMIT, point_status=PointStatus.NONE
        )
        return NetworkAnswer(
            network=network, objective_kind=weights, solution=None, run=run, reason="no plan in time"
        ), None

    monkeypatch.setattr(frontier_search, "answer_with_point", nothing_in_time)
    done = invoke(*words)
    assert done.exit_code == 4
    assert "no plan in time" in done.stdout
    assert "keeps the older result" in done.stderr
    assert (tmp_path / "result.json").read_bytes() == before


def test_a_limit_has_its_exit_status_and_saves_all_the_same(network, tmp_path):
    done = invoke("frontier", network, "--between", "cost:collection", "--time-limit", 0.001, "--out", tmp_path)
    assert done.exit_code == 4
    assert json.loads((tmp_path / "result.json").read_text())["frontier"]["stop_reason"] == "time-limit"


def test_what_is_wrong_is_refused_with_a_remedy(network):
    game = invoke("frontier", TABLE_2)
    assert game.exit_code == 2
    assert "kind 'coordination'" in game.stderr
    words = invoke("frontier", network, "--between", "cost")
    assert words.exit_code == 2
    assert "cost:emissions" in words.stderr
    both = invoke("frontier", network, "--between", "cost:emission", "--points", 1)
    assert both.exit_code == 2
    assert "did you mean 'emissions'?" in both.stderr
    assert "--points" in both.stderr
