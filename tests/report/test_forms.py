"""Every form of an instance has its page: many regions, many vehicles, binding constraints, plans that do not exist."""

import dataclasses

import pytest

from batteryopt.games.coordination import solve as coordination
from batteryopt.games.coordination.data import generator as coordination_games
from batteryopt.games.coordination.view.sections import charts, sections
from batteryopt.games.differential import solve as differential_game
from batteryopt.games.differential.data import generator as differential_games
from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.network.plan.answer import NetworkAnswer, NetworkResult
from batteryopt.network.plan.readable import Breach
from batteryopt.report.write import write, write_exports
from batteryopt.solvers.contract.provenance import Route, Run
from tests.report.conftest import save_game


def page_of(result, tmp_path) -> str:
    write(result, tmp_path / "page.html")
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_regions_show_ranges(tmp_path):
    game = coordination_games.random_network(1, regions=3, enterprises=2)
    text = page_of(coordination.solve(game, route="closed-form"), tmp_path)
    assert "Decisions and profits" in text
    assert " to " in text


def test_many_vehicles_have_a_path_each(tmp_path):
    game = differential_games.random_general(1, vehicles=3, states=2)
    saved = save_game(differential_game.solve(game, route="closed-form"), tmp_path / "saved")
    names = {file.name for file in write_exports([saved.folder], tmp_path / "out", formats=("svg",))}
    assert {"path-prices-3.svg", "path-efficiency-2.svg"} <= names
    assert "path-prices-4.svg" not in names
    assert "phase-line.svg" not in names


@pytest.mark.parametrize("binding", list(coordination_games.Binding))
def test_where_formulas_do_not_apply_nothing_empty_is_drawn(binding, tmp_path):
    game = coordination_games.binding_instance(3, binding)
    saved = save_game(coordination.solve(game, route="closed-form"), tmp_path)
    is_solved = saved.models["decentralized"]["objective"] is not None
    names = [spec["name"] for spec in charts(saved)]
    assert ("tornado" in names) == is_solved
    assert ("profits" in names) == any(answer["objective"] is not None for answer in saved.models.values())
    assert ("The formulas do not apply here" in "".join(sections(saved)[-3].blocks)) == (not is_solved)


def test_a_network_without_a_plan_says_what_conflicts(hand_result, tmp_path):
    breach = Breach(rule="target all", place="Bray", period="first", amount=12.5, unit="t", penalty=None)
    run = Run(
        route=Route.OPTIMIZER,
        solver="highs 1",
        stop_reason=StopReason.INFEASIBLE,
        point_status=PointStatus.NONE,
    )
    answer = NetworkAnswer(
        network=hand_result.instance,
        objective_kind=hand_result.answer.objective_kind,
        solution=None,
        run=run,
        conflicts=(breach,),
        reason="no plan meets all rules",
    )
    text = page_of(NetworkResult(instance=hand_result.instance, answer=answer), tmp_path)
    assert "No answer: no plan meets all rules." in text
    assert "target all" in text
    assert "12.5" in text


def test_a_network_without_coordinates_has_no_map(hand_result, tmp_path):
    sites = tuple(
        dataclasses.replace(site, latitude_deg=None, longitude_deg=None) for site in hand_result.instance.sites
    )
    network = dataclasses.replace(hand_result.instance, sites=sites)
    text = page_of(NetworkResult(instance=network, answer=hand_result.answer), tmp_path)
    assert "Some sites have no coordinates" in text
    assert 'data-control="period"' not in text
