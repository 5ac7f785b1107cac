"""Location-routing: published instances, bounds and certificates of rounds, and what is refused."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.rounds import vehicle_routing
from batteryopt.network.rounds.depot_sets import LocationRouting
from batteryopt.network.rounds.location_routing import locate_rounds
from batteryopt.network.rounds.prodhon_file import read_prodhon
from batteryopt.network.rounds.round_bounds import bound_of, fewest_rounds
from batteryopt.network.rounds.round_judge import check_rounds
from batteryopt.network.rounds.round_problem import RoundPlan, RoundProblem, RoundVehicle, VehicleRound
from batteryopt.network.rounds.route_partition import proven_rounds
from batteryopt.network.rounds.vehicle_routing import RoundEffort, plan_rounds
from batteryopt.network.solve import solve
from batteryopt.network.tables import read
from tests.command_line import invoke

TWENTY = """
20 5  6 7 19 44 37 23 35 6 5 8
20 35 8 31 29 43 18 39 19 47 31 24 38 50 33 21 2 27 1 12 26 20 20 33 15 46 20 26 17 19 15 12 5 30 13 40 38 5 9 40
70  140 140 140 140 140
17 18 13 19 12 18 13 13 17 20 16 18 15 11 18 16 15 15 15 16
10841 11961 6091 7570 7497  1000  0
"""
"""Instance 20-5-1 (Prins, Prodhon, Wolfler Calvo 2006): best known, and proven by others, 54,793."""


@pytest.fixture
def twenty(tmp_path):
    path = tmp_path / "20-5-1.dat"
    path.write_text(TWENTY, encoding="ascii")
    return read_prodhon(path)


def square(**changes) -> RoundProblem:
    """Return a depot in the middle of a square of 6 km by 8 km, with a tonne at each corner; a vehicle holds two."""
    points = np.array([[0.0, 0], [3, 4], [3, -4], [-3, -4], [-3, 4]])
    km = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    vehicle = RoundVehicle(capacity_t=2.0, cost_per_round=7.0, cost_per_km=2.0)
    base = {
        "name": "square",
        "depots": ("home",),
        "places": ("ne", "se", "sw", "nw"),
        "km": km,
        "hours": km / 10,
        "load_t": np.ones(4),
        "slots": np.zeros(4),
        "vehicle": vehicle,
        "depot_capacity_t": np.full(1, np.inf),
        "vehicles": np.full(1, np.inf),
    }
    return RoundProblem(**(base | changes))


def by_hand(problem: RoundProblem) -> float:
    """Return the least cost over all ways to part and order the places: there are few."""
    best = np.inf
    for order in itertools.permutations(range(len(problem.places))):
        for cuts in itertools.product((False, True), repeat=len(order) - 1):
            parts, begin = [], 0
            for at, cut in enumerate((*cuts, True), 1):
                if cut:
                    parts.append(order[begin:at])
                    begin = at
            plan = RoundPlan(problem=problem, rounds=tuple(VehicleRound(depot=0, stops=part) for part in parts))
            if check_rounds(plan, cost=plan.cost).passed:
                best = min(best, plan.cost)
    return best


def test_two_rounds_along_the_short_sides():
    """Each round: 5 km out, 6 km along a short side, 5 km home: 16 km for 32, and 7 for the vehicle; 78 in all."""
    found = proven_rounds(square())
    assert found.cost == pytest.approx(78)
    assert found.bound == pytest.approx(78)
    assert {frozenset(each.stops) for each in found.plan.rounds} == {frozenset({0, 3}), frozenset({1, 2})}
    assert by_hand(square()) == pytest.approx(78)


def test_bounds_by_hand():
    """Two rounds at least.

    By loads: 2 x 7 for vehicles, and half of 2 x 10 a place for four places, 40: 54. By a forest: every corner is 5 km
    from the depot and farther from the next, 20 km; two ways home of 5 km: 30 km for 60, 74 in all.
    """
    problem = square()
    assert fewest_rounds(problem) == 2
    bound = bound_of(problem)
    assert bound.value == pytest.approx(14 + 2 * (20 + 10), rel=1e-9)
    assert "forest" in bound.rests_on


@pytest.mark.parametrize(
    "vehicle",
    [
        RoundVehicle(capacity_t=2.5, cost_per_round=3, cost_per_km=1, cost_per_hour=4, stop_hours=0.25),
        RoundVehicle(capacity_t=9, slots=2, cost_per_round=1, cost_per_km=1),
        RoundVehicle(capacity_t=9, most_stops=3, cost_per_round=50, cost_per_km=1),
        RoundVehicle(capacity_t=9, shift_hours=2.4, stop_hours=0.1, cost_per_round=9, cost_per_km=1),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_small_problems_by_all_ways(vehicle, seed):
    """Five places at random: the partition's optimum is the best of all orders and cuts; every bound is below it."""
    random = np.random.default_rng(seed)
    points = random.uniform(0, 10, (6, 2)).round(1)
    points[0] = 5.0
    km = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    km *= random.uniform(1.0, 1.2, km.shape)  # the way back is not as long as the way there
    loads = random.uniform(0.5, 1.2, 5).round(2)
    problem = square(places=tuple("abcde"), km=km, hours=km / 10, load_t=loads, slots=np.ones(5), vehicle=vehicle)
    best = by_hand(problem)
    found = proven_rounds(problem)
    assert found.cost == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    assert check_rounds(found.plan, cost=best, bound=found.bound).passed
    assert bound_of(problem).value <= best * (1 + 1e-9)


def test_bounds_use_detours():
    """A way that is dearer than a detour proves nothing: by c it is 3 km from a to b, which by itself are 100 apart."""
    km = np.array([[0.0, 1, 1, 1], [1, 0, 100, 1.5], [1, 100, 0, 1.5], [1, 1.5, 1.5, 0]])
    vehicle = RoundVehicle(capacity_t=9.0)
    changes = {"places": ("a", "b", "c"), "km": km, "hours": km, "load_t": np.ones(3), "slots": np.zeros(3)}
    problem = square(**changes, vehicle=vehicle)
    # a round to each costs 2, and one through all 1 + 1.5 + 1.5 + 1 = 5: less than three of them
    assert proven_rounds(problem).cost == pytest.approx(5)
    assert bound_of(problem).value <= 5


def test_the_judge_sees_every_fault():
    problem = square(
        vehicle=RoundVehicle(capacity_t=2.0, slots=1, most_stops=2, shift_hours=2.0, stop_hours=0.25),
        slots=np.array([1.0, 1, 0, 0]),
        depot_capacity_t=np.full(1, 3.0),
        vehicles=np.full(1, 2.0),
    )

    def failing(*stops, cost=None):
        plan = RoundPlan(problem=problem, rounds=tuple(VehicleRound(depot=0, stops=each) for each in stops))
        return {check.name for check in check_rounds(plan, cost=plan.cost if cost is None else cost).failures}

    # 5 + 6 + 5 km and two stops take 2.1 h of a shift of 2; all of 4 t are more than the depot's 3
    assert failing((0, 3), (1, 2)) == {"shifts-are-long-enough", "depots-have-room"}
    assert "every-place-is-visited-once" in failing((0,), (1,))
    assert "every-place-is-visited-once" in failing((0,), (0, 1), (2, 3))
    assert "slots-are-enough" in failing((0, 1), (2, 3))
    assert {"vehicles-carry-it", "no-round-has-too-many-stops"} <= failing((0, 1, 2), (3,))
    assert "depots-have-the-vehicles" in failing((0,), (1,), (2, 3))
    assert "no-round-is-empty" in failing((), (0,))
    assert "cost-recomputed" in failing((0, 3), (1, 2), cost=10.0)


def test_a_bound_above_the_cost_is_seen():
    plan = proven_rounds(square()).plan
    assert not check_rounds(plan, cost=78, bound=78.1)["bound"].passed
    assert check_rounds(plan, cost=78, bound=78.0)["bound"].passed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"load_t": np.array([1.0, 1, 3, 1])}, "sw: has 3 t, and a vehicle 2 t; visit more often"),
        ({"vehicles": np.zeros(1)}, "depots: have no vehicle"),
        ({"vehicle": RoundVehicle(capacity_t=2.0, shift_hours=0.9)}, "ne: is 1 h away and back, a shift has 0.9 h"),
        ({"vehicle": RoundVehicle(capacity_t=2.0, slots=0.5), "slots": np.ones(4)}, "ne: needs 1 slots of 0.5"),
    ],
)
def test_what_no_round_can_serve_is_told(changes, words):
    with pytest.raises(InvalidInput) as caught:
        square(**changes)
    assert any(str(fault).startswith(words) for fault in caught.value.faults)


def test_pyvrp_plans_and_the_partition_agrees():
    pytest.importorskip("pyvrp")
    plan = plan_rounds(square(), RoundEffort(iterations=200))
    assert plan.cost == pytest.approx(78)
    again = plan_rounds(square(), RoundEffort(iterations=1), start=plan)
    assert again.cost == pytest.approx(78)


def test_three_thirds_fill_a_vehicle():
    pytest.importorskip("pyvrp")
    problem = square(
        places=("a", "b", "c"),
        km=square().km[:4, :4],
        hours=square().km[:4, :4],
        load_t=np.full(3, 0.7),
        slots=np.zeros(3),
        vehicle=RoundVehicle(capacity_t=2.1, cost_per_round=100),
    )
    plan = plan_rounds(problem, RoundEffort(iterations=200))
    assert len(plan.rounds) == 1
    assert check_rounds(plan, cost=plan.cost).passed


@pytest.mark.slow
def test_the_published_instance_is_proven(twenty):
    """The best known value is found by listing all rounds, without PyVRP and knowing only that 55,000 can be had."""
    case = twenty.location_routing()
    found = proven_rounds(case.problem, opening=case.opening, known=55_000.0)
    assert found.cost == 54_793
    assert found.bound == pytest.approx(54_793)
    assert case.cost_of(found.plan) == 54_793
    assert proven_rounds(case.problem, opening=case.opening, known=54_793.0).plan is None


@pytest.mark.slow
def test_the_published_instance_by_pyvrp(twenty):
    pytest.importorskip("pyvrp")
    case = twenty.location_routing()
    found = locate_rounds(case, RoundEffort(iterations=20_000, seed=1))
    assert found.certificate.passed
    assert 54_793 <= found.cost <= 1.01 * 54_793
    assert found.bound.value <= 54_793


@pytest.mark.slow
def test_iterations_repeat_themselves(twenty):
    """No step of the search asks a clock where effort is counted in iterations."""
    pytest.importorskip("pyvrp")
    case = twenty.location_routing()
    one, other = (locate_rounds(case, RoundEffort(iterations=4_000, seed=7)) for _ in range(2))
    assert one.plan.rounds == other.plan.rounds
    assert one.cost == other.cost


def test_depots_with_too_little_room_are_told(twenty):
    pytest.importorskip("pyvrp")
    case = twenty.location_routing()
    small = dataclasses.replace(case.problem, depot_capacity_t=np.full(5, 10.0))
    with pytest.raises(InvalidInput, match="too little room"):
        locate_rounds(LocationRouting(problem=small, opening=case.opening), RoundEffort(iterations=10))


def test_ways_are_rounded_up(twenty):
    """From depot 1 at (6, 7) to customer 1 at (20, 35): 100 x sqrt(14^2 + 28^2) = 3,130.495, which is 3,131."""
    assert twenty.costs[0, 5] == 3_131
    assert twenty.costs[2, 0] == np.ceil(100 * np.hypot(31, 16))


def test_a_file_that_is_cut_is_refused(tmp_path):
    path = tmp_path / "cut.dat"
    path.write_text(TWENTY[:100], encoding="ascii")
    with pytest.raises(InvalidInput, match="ends after"):
        read_prodhon(path)


def test_a_case_becomes_a_network(twenty, tmp_path):
    path = tmp_path / "20-5-1.dat"
    run = invoke("import", "prodhon", str(path), "--out", str(tmp_path / "net"))
    assert run.exit_code == 0, run.stderr
    network = read(tmp_path / "net")
    assert len(network.candidates) == 5
    assert sum(row.tonnes for row in network.returns) == 315
    assert network.modes[0].cost_per_trip == 1000
    answer = solve(network, gap=0.0)
    assert answer.certificate.passed
    assert not answer.solution.shipped.duplicated("origin").any()


def test_what_fits_on_the_planners_grid_fits():
    """Loads that are no round numbers are rounded up: a thousand random ones never exceed what a vehicle holds."""
    random = np.random.default_rng(0)
    for most in (1.0, 3.5, 7 / 3):
        amounts = random.uniform(0, most, 1000)
        whole, room = vehicle_routing._on_grid(amounts, most)
        assert (whole / room >= amounts / most * (1 - 1e-8)).all()
    # those with few decimals are as they are: 19 + 51 fill a vehicle of 70, 0.7 three times one of 2.1
    whole, room = vehicle_routing._on_grid(np.array([19.0, 51.0]), 70.0)
    assert (whole.tolist(), room) == ([19, 51], 70)
    whole, room = vehicle_routing._on_grid(np.array([0.7, 0.7, 0.7]), 2.1)
    assert whole.sum() == room


def test_a_round_for_each_place_where_the_planner_finds_none():
    """Of a shift of an hour, 10 km at 10 km an hour take all: on a grid that is rounded up it is too much."""
    pytest.importorskip("pyvrp")
    problem = square(
        hours=np.where(np.eye(5) > 0, 0.0, square().km * (1 + 3e-10) / 10),
        vehicle=RoundVehicle(capacity_t=2.0, shift_hours=1.0),
    )
    plan = plan_rounds(problem, RoundEffort(iterations=50))
    assert len(plan.rounds) == 4
    assert check_rounds(plan, cost=plan.cost).passed
