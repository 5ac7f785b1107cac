"""Solving: the hand-made optimum, objectives, limits, kept facilities, infeasibility with its place."""

from __future__ import annotations

import dataclasses
import signal
from pathlib import Path

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import CollectionTarget, Limit, Market, Policy, Quantity, Scenario, Sharing
from batteryopt.network.data.objective import Objective
from batteryopt.network.search import search as search_module
from batteryopt.network.solve import solve
from batteryopt.network.studies.lexicographic import lexicographic
from batteryopt.network.tables import read
from tests.network.compromise import chain_of_choice
from tests.network.echelon import echelon
from tests.network.everything import everything

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


@pytest.fixture(scope="module")
def hand():
    return read(HAND)


def test_hand_made_optimum(hand):
    """Derived term by term in the README of the data."""
    answer = solve(hand, gap=0.0)
    terms = answer.solution.cost_terms
    assert answer.objective == pytest.approx(-7640)
    assert {name: terms[name] for name in ("opening", "fixed", "variable", "transport", "revenue")} == pytest.approx(
        {"opening": 10000, "fixed": 3600, "variable": 2880, "transport": 10440, "revenue": -34560}
    )
    assert answer.run.bound == pytest.approx(-7640)
    assert answer.certificate.passed
    assert set(zip(*(answer.solution.facilities[c] for c in ("site", "level", "period")), strict=True)) == {
        (site, "small", period) for site in ("Aston", "Bray") for period in hand.period_index
    }


def test_json_keys(hand):
    body = solve(hand, gap=0.0).to_json()
    assert sum(body["cost_terms"].values()) == pytest.approx(body["objective"])
    assert body["open_facilities"][0].keys() == {"site", "type", "level", "period"}
    assert {"route", "solver", "stop_reason", "point_status", "bound", "gap", "seconds", "kpis"} <= body.keys()
    assert body["route"] == "optimizer"
    assert body["gap"] == pytest.approx(0.0, abs=1e-9)


def test_facilities_kept(hand):
    """One large shredder in Aston: 29,924 before revenue of 34,560, by the README's table."""
    plan = solve(hand, gap=0.0).solution
    facilities = plan.facilities.iloc[:2].assign(
        site="Aston", level="large", period=list(hand.period_index), capacity_t=_capacity(hand, "large")
    )
    kept = dataclasses.replace(plan, facilities=facilities)
    answer = solve(hand, gap=0.0, facilities=kept)
    assert answer.objective == pytest.approx(29924 - 34560)
    assert set(answer.solution.facilities["site"]) == {"Aston"}


def _capacity(network, level):
    return next(v.capacity_t for v in network.types[0].levels if v.name == level)


def test_the_whole_search_finds_what_the_tree_finds(monkeypatch):
    """Relaxation, dive and searches around the plan, forced on a network that a tree would do."""
    network = everything()
    exact = solve(network, gap=0.0)
    for size in ("TINY", "SMALL"):
        monkeypatch.setattr(search_module, size, 0)
    told = []
    found = solve(network, gap=1e-6, on_progress=told.append)
    assert found.objective == pytest.approx(exact.objective, rel=1e-5)
    assert found.run.bound <= exact.objective + 1e-6 * abs(exact.objective)
    assert found.certificate.passed
    plans = [p.objective for p in told if p.objective is not None]
    assert plans[0] >= plans[-1] - 1e-6 * abs(plans[-1])


def test_a_limit_keeps_plan_and_bound(monkeypatch):
    """No time for the tree: the dive's plan comes back with the relaxation's bound, and no claim of optimality."""
    stop_searching_early(monkeypatch)
    monkeypatch.setattr(search_module, "ENOUGH_FOR_A_LARGE_TREE", 1.0)
    network = scattered_towns()
    found = solve(network, gap=0.0, time_limit=20)
    exact = solve_exactly(monkeypatch, network)
    assert found.run.point_status == "feasible"
    assert found.run.bound <= exact.objective <= found.objective + 1e-6 * abs(found.objective)
    assert found.certificate.passed


@pytest.mark.parametrize("limit", [None, 600.0])
def test_a_large_tree_is_begun_where_searches_are_at_their_end_and_time_is_not(monkeypatch, limit):
    stop_searching_early(monkeypatch)
    network = scattered_towns()
    found = solve(network, gap=0.0, time_limit=limit)
    assert found.run.stop_reason == "converged"
    assert found.objective == pytest.approx(solve_exactly(monkeypatch, network).objective)


def stop_searching_early(monkeypatch):
    """Have any problem count as large, and a single search around the plan as a full pass."""
    for size in ("TINY", "SMALL"):
        monkeypatch.setattr(search_module, size, 0)
    monkeypatch.setattr(search_module, "LARGE", 0)
    monkeypatch.setattr(search_module, "PASS", 1)


def scattered_towns():
    generator = np.random.default_rng(1)
    x = generator.uniform(0, 100, (12, 2))
    km = np.linalg.norm(x[:, None] - x, axis=2)
    return with_capacity(echelon(km, generator.uniform(1, 9, 12), generator.uniform(50, 200, 12)), 12.0)


def with_capacity(network, tonnes):
    (type_,) = network.types
    level = dataclasses.replace(type_.levels[0], capacity_t=tonnes)
    return dataclasses.replace(network, types=(dataclasses.replace(type_, levels=(level,)),))


def solve_exactly(monkeypatch, network):
    monkeypatch.setattr(search_module, "TINY", 10**6)
    return solve(network, gap=0.0)


# ---- objectives ----------------------------------------------------------------------------------------------------


def test_objectives_one_by_one():
    """Cheapest: open the first, and carry the second's 10 t for 500 or leave them for 300: 100 + 300 = 400.

    Most collected: all 20 t.
    """
    network = chain_of_choice()
    assert solve(network, gap=0.0).objective == pytest.approx(400)
    most = solve(network, objective=Objective.COLLECTION, gap=0.0)
    assert most.objective == pytest.approx(20)
    assert most.run.bound == pytest.approx(20)
    assert most.certificate.passed


def test_lexicographic():
    """With all 20 t collected the cheapest is both points open: 100 + 400, dearer by carrying: 100 + 500."""
    collection, cost = lexicographic(chain_of_choice(), [Objective.COLLECTION, Objective.COST], gap=0.0)
    assert collection.objective == pytest.approx(20, rel=1e-5)
    assert cost.objective == pytest.approx(500, rel=1e-4)


def test_weights():
    """Cost and 30 money for each tonne collected: leaving a tonne costs 60, so that everything is collected."""
    weights = {Objective.COST: 1.0, Objective.COLLECTION: 30.0}
    answer = solve(chain_of_choice(), objective=weights, gap=0.0)
    assert answer.objective == pytest.approx(500 - 30 * 20)
    assert answer.solution.net_present_cost == pytest.approx(500)


def test_risk_and_emissions_of_doing_nothing():
    """With no target nothing need move: no risk, and no emissions."""
    network = chain_of_choice()
    assert solve(network, objective=Objective.RISK, gap=0.0).objective == pytest.approx(0)
    assert solve(network, objective=Objective.EMISSIONS, gap=0.0).objective == pytest.approx(0)


# ---- infeasible ----------------------------------------------------------------------------------------------------


def test_infeasible_says_where_and_by_how_much():
    """20 t must be collected by one point that takes 12 t: 8 t are too much, in one of three ways to see it."""
    km = np.array([[0.0, 50], [50, 0]])
    network = with_capacity(echelon(km, [10, 10], [100, 400]), 12.0)
    rule = Limit(name="one", quantity=Quantity.FACILITIES, most=1)
    answer = solve(dataclasses.replace(network, policy=Policy(limits=(rule,))), gap=0.0)
    assert answer.solution is None
    assert answer.run.stop_reason == "infeasible"
    assert answer.reason is not None
    tonnes = sum(c.amount for c in answer.conflicts if c.unit.startswith("t "))
    points = sum(c.amount for c in answer.conflicts if c.rule == "limits are kept")
    assert tonnes == pytest.approx(8) or points == pytest.approx(1)
    assert all(conflict.place for conflict in answer.conflicts)


def test_infeasible_target_names_the_zone():
    """A town with no way out and no candidate must be collected by half: 5 of its 10 t are short."""
    km = np.array([[0.0, np.nan], [np.nan, 0]])
    network = echelon(km, [10, 10], [100, 400], uncollected=1.0)
    target = CollectionTarget(name="half", share=0.5, sharing=Sharing.EACH)
    network = dataclasses.replace(
        network, candidates=network.candidates[:1], policy=Policy(collection_targets=(target,))
    )
    (conflict,) = solve(network, gap=0.0).conflicts
    assert (conflict.rule, conflict.place, conflict.period) == ("enough is collected", "half/town1", "now")
    assert conflict.amount == pytest.approx(5)


def test_infeasible_names_the_rule_in_the_way_of_another():
    """Two towns without a way between them must have their 10 t collected, and no point may open.

    Whichever of the two is missed, the other is in its way. The third rule, on what is sold, holds whatever happens:
    it is no part of it.
    """
    km = np.array([[0.0, np.nan], [np.nan, 0]])
    network = with_capacity(echelon(km, [10, 10], [100, 400], uncollected=1.0), 10.0)
    rules = (
        Limit(name="none", quantity=Quantity.FACILITIES, most=0),
        Limit(name="little sold", quantity=Quantity.SOLD, most=1000),
    )
    policy = Policy(collection_targets=(CollectionTarget(name="all", share=1.0),), limits=rules)
    answer = solve(dataclasses.replace(network, policy=policy), gap=0.0)
    amounts = {("enough is collected", "all/all", "now"): 20.0, ("limits are kept", "none/all", "now"): 2.0}
    [missed] = [(c.rule, c.place, c.period) for c in answer.conflicts]
    assert answer.conflicts[0].amount == pytest.approx(amounts[missed])
    rules_opposed = [(o.rule, o.place, o.period) for o in answer.opposed if o.rule != "capacity is kept"]
    assert rules_opposed == [rule for rule in amounts if rule != missed]
    assert {*answer.to_json()["opposed"][0]} == {"rule", "place", "period"}


def test_of_several_futures_one_is_planned_for():
    """10 t return in one town either way, and 30 t in the other in one of the two futures."""
    network = echelon(np.zeros((2, 2)), [10, 30], [100, 100])
    always, perhaps = network.returns
    network = dataclasses.replace(
        network,
        scenarios=(Scenario(name="low"), Scenario(name="high")),
        returns=(always, dataclasses.replace(perhaps, scenario="high")),
    )
    with pytest.raises(InvalidInput, match=r"several futures \(low, high\)"):
        solve(network)
    for name, tonnes in (("low", 10.0), ("high", 40.0)):
        plan = solve(network.in_scenario(name), gap=0.0).solution
        assert plan.kpis["collected_t"] == pytest.approx(tonnes)
    with pytest.raises(InvalidInput, match="did you mean 'high'"):
        network.in_scenario("hihg")


def test_soft_target_becomes_a_number_with_a_place():
    """The same, soft at 7 a tonne: 35 of penalty, and what is missed is named."""
    km = np.array([[0.0, np.nan], [np.nan, 0]])
    network = echelon(km, [10, 10], [100, 400], uncollected=1.0)
    target = CollectionTarget(name="half", share=0.5, sharing=Sharing.EACH, penalty_per_t=7.0)
    network = dataclasses.replace(
        network, candidates=network.candidates[:1], policy=Policy(collection_targets=(target,))
    )
    answer = solve(network, gap=0.0)
    assert answer.solution.cost_terms["penalties"] == pytest.approx(5 * 7 + 5 * 7)
    missed = {breach.place: breach.amount for breach in answer.missed}
    assert missed == pytest.approx({"town0": 5, "town1": 5})


def test_unbounded_prices_are_bounded_by_what_returns():
    """A market that pays for packs takes what returns, no more: 20 t at 5 are earned."""
    km = np.array([[0.0, 50], [50, 0]])
    network = echelon(km, [10, 10], [100, 400], uncollected=0.0)
    markets = tuple(Market(site=f"town{i}", product="pack", price_per_t=5.0) for i in range(2))
    assert solve(dataclasses.replace(network, markets=markets), gap=0.0).objective == pytest.approx(-100)


def test_an_interrupt_keeps_the_best_plan(monkeypatch):
    """Ctrl-C after the first plan: the plan and its bound come back, said to be interrupted."""
    for size in ("TINY", "SMALL"):
        monkeypatch.setattr(search_module, size, 0)
    generator = np.random.default_rng(4)
    x = generator.uniform(0, 100, (40, 2))
    km = np.linalg.norm(x[:, None] - x, axis=2)
    network = with_capacity(echelon(km, generator.uniform(1, 9, 40), generator.uniform(50, 200, 40)), 17.0)

    def interrupt(progress):
        if progress.objective is not None:
            signal.raise_signal(signal.SIGINT)

    answer = solve(network, gap=0.0, on_progress=interrupt_once(interrupt))
    assert answer.run.stop_reason == "interrupted"
    assert answer.run.point_status == "feasible"
    assert answer.run.bound <= answer.objective
    assert answer.certificate.passed


def interrupt_once(listener):
    """Who asks twice does not want to wait: ask only once."""
    asked = []

    def told(progress):
        if not asked and progress.objective is not None:
            asked.append(True)
            listener(progress)

    return told
