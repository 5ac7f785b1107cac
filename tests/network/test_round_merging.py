"""Rounds made at prices and chosen anew: held against listing all of them, with depots that are nearly full."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from batteryopt.network.rounds.depot_room import loads_of, overload, vehicles_within_room
from batteryopt.network.rounds.round_choices import RoundPool
from batteryopt.network.rounds.round_judge import check_rounds
from batteryopt.network.rounds.round_merging import merged, merged_in_parts
from batteryopt.network.rounds.round_pricing import cheaper_rounds
from batteryopt.network.rounds.round_problem import RoundPlan, RoundProblem, RoundVehicle, VehicleRound
from batteryopt.network.rounds.route_partition import proven_rounds
from batteryopt.network.rounds.vehicle_routing import RoundEffort, plan_rounds


def two_depots(count: int, seed: int, **changes) -> RoundProblem:
    """Return places at random around two depots whose room is hardly more than all loads."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 20, (2 + count, 2)).round(1)
    km = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    loads = random.integers(1, 4, count).astype(float)
    half = np.ceil(loads.sum() / 2)
    base = {
        "name": "two depots",
        "depots": ("east", "west"),
        "places": tuple(f"place {k}" for k in range(count)),
        "km": km,
        "hours": km / 20,
        "load_t": loads,
        "slots": np.zeros(count),
        "vehicle": RoundVehicle(capacity_t=6.0, cost_per_round=5.0, cost_per_km=1.0),
        "depot_capacity_t": np.full(2, half),
        "vehicles": np.full(2, np.inf),
    }
    return RoundProblem(**(base | changes))


def full_depots(problem: RoundProblem) -> RoundPlan:
    """Return a round for each place, from depots that are filled one after the other, the largest loads first."""
    left, rounds = problem.depot_capacity_t.copy(), []
    for place in np.argsort(-problem.load_t, kind="stable").tolist():
        depot = int(np.argmax(left))
        left[depot] -= problem.load_t[place]
        rounds.append(VehicleRound(depot=depot, stops=(place,)))
    return RoundPlan(problem=problem, rounds=tuple(rounds))


def reduced(problem: RoundProblem, each: VehicleRound, by_place: np.ndarray, by_tonne: float) -> float:
    plan = RoundPlan(problem=problem, rounds=(each,))
    return plan.cost - sum(by_place[stop] + by_tonne * problem.load_t[stop] for stop in each.stops)


@pytest.mark.parametrize("seed", range(4))
def test_rounds_at_prices_by_all_orders(seed):
    """Of five places, the least reduced cost of all orders of all of them is found; each round found is below zero."""
    problem = two_depots(
        5, seed, vehicle=RoundVehicle(capacity_t=6, cost_per_round=5, cost_per_hour=3, stop_hours=0.2, shift_hours=4)
    )
    by_place = np.random.default_rng(seed).uniform(20, 60, 5)
    found = cheaper_rounds(problem, 1, by_place, -0.5, most=100)
    orders = (
        VehicleRound(depot=1, stops=stops)
        for size in range(1, 6)
        for stops in itertools.permutations(range(5), size)
        if problem.load_t[list(stops)].sum() <= 6
    )
    plan = RoundPlan(problem=problem, rounds=())
    values = [reduced(problem, each, by_place, -0.5) for each in orders if plan.hours_of(each) <= 4]
    mine = [reduced(problem, each, by_place, -0.5) for each in found]
    assert mine == sorted(mine)
    assert all(value < 0 for value in mine)
    assert len({frozenset(each.stops) for each in found}) == len(found)
    assert min(values) < 0
    assert mine[0] == pytest.approx(min(values))
    assert all(plan.hours_of(each) <= 4 * (1 + 1e-9) for each in found)


def test_worthless_places_are_left():
    problem = two_depots(5, 0)
    assert cheaper_rounds(problem, 0, np.zeros(5), 0.0, most=10) == []


@pytest.mark.parametrize("seed", range(4))
def test_choosing_anew_is_as_good_as_listing_all(seed):
    """Nine places, depots with at most a tonne to spare: from a round for each place to the proven optimum."""
    problem = two_depots(9, seed)
    begin = full_depots(problem)
    assert not overload(begin).any()
    better = merged(begin, [], penalty=1e4)
    best = proven_rounds(problem)
    assert better.cost == pytest.approx(best.cost)
    assert check_rounds(better, cost=better.cost).passed


@pytest.mark.parametrize("seed", range(3))
def test_depots_with_too_much_get_no_more_than_their_room(seed):
    """All places come from east, twice what it has room for: in parts, at a price that rises, both keep to theirs."""
    problem = two_depots(10, seed)
    begin = RoundPlan(problem=problem, rounds=tuple(VehicleRound(depot=0, stops=(k,)) for k in range(10)))
    assert overload(begin).any()
    found = merged_in_parts(begin, [], at_once=7)
    assert check_rounds(found, cost=found.cost).passed
    assert found.cost >= proven_rounds(problem).cost * (1 - 1e-9)


def test_in_parts_nothing_gets_worse_and_all_is_kept():
    problem = two_depots(14, 7)
    begin = full_depots(problem)
    plans = [merged_in_parts(begin, [], at_once=7) for _ in range(2)]
    assert plans[0].rounds == plans[1].rounds
    assert plans[0].cost < begin.cost
    assert check_rounds(plans[0], cost=plans[0].cost).passed
    # it goes on from there, and stops at once where no neighbourhood may be looked at
    assert merged_in_parts(begin, [], most=0) is begin
    assert merged_in_parts(plans[0], [], at_once=9).cost <= plans[0].cost


def test_vehicles_of_others_are_not_taken():
    """Each depot has two vehicles: whatever part is chosen anew, no more come from it."""
    problem = two_depots(6, 3, load_t=np.full(6, 2.0), depot_capacity_t=np.full(2, 9.0), vehicles=np.full(2, 2.0))
    begin = RoundPlan(
        problem=problem,
        rounds=(
            VehicleRound(depot=0, stops=(0, 1)),
            VehicleRound(depot=0, stops=(2,)),
            VehicleRound(depot=1, stops=(3, 4)),
            VehicleRound(depot=1, stops=(5,)),
        ),
    )
    found = merged_in_parts(begin, [], at_once=3)
    assert check_rounds(found, cost=found.cost).passed
    assert found.cost <= begin.cost


def test_room_is_shared_out_to_vehicles():
    """East has room for 11 t and rounds of 4 t and 3 t by vehicles of 6 t.

    4 t are left: whichever vehicle is first is filled (2 t or 3 t), the other gets the rest: 6 t and 5 t. West has
    room for 14 t and nothing: vehicles of 6 t, 6 t and 2 t.
    """
    problem = two_depots(
        4, 0, load_t=np.array([3.0, 1.0, 3.0, 1.0]), depot_capacity_t=np.array([11.0, 14.0]), places=tuple("abcd")
    )
    plan = RoundPlan(problem=problem, rounds=(VehicleRound(depot=0, stops=(0, 1)), VehicleRound(depot=0, stops=(2,))))
    seen = set()
    for seed in range(20):
        east, west = vehicles_within_room(plan, np.random.default_rng(seed))
        seen.add(tuple(east.tolist()))
        assert west.tolist() == [6, 6, 2]
    assert seen == {(6, 5), (5, 6)}


def test_planned_within_the_room():
    """PyVRP knows no depots' room; with what vehicles may bring it keeps to it, and places change their depots."""
    pytest.importorskip("pyvrp")
    problem = two_depots(12, 5)
    problem = dataclasses.replace(problem, depot_capacity_t=problem.depot_capacity_t + 2)
    begin = full_depots(problem)
    fleets = vehicles_within_room(begin, np.random.default_rng(1))
    plan = plan_rounds(problem, RoundEffort(iterations=500), start=begin, fleets=fleets)
    assert plan.cost < begin.cost
    assert (loads_of(plan) <= problem.depot_capacity_t).all()
    assert check_rounds(plan, cost=plan.cost).passed


def test_of_the_same_places_the_cheapest_round_is_kept():
    problem = two_depots(5, 1)
    ways = [VehicleRound(depot=0, stops=stops) for stops in itertools.permutations((0, 1, 2))]
    pool = RoundPool(problem, ways)
    plan = RoundPlan(problem=problem, rounds=())
    assert len(pool.rounds) == 1
    assert plan.cost_of(pool.rounds[0]) == pytest.approx(min(map(plan.cost_of, ways)))
    assert pool.add(ways) == 0
    assert pool.add([VehicleRound(depot=1, stops=(0, 1, 2))]) == 1
    assert pool.choices().depot.tolist() == [0, 1]
