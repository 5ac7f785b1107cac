"""What must hold of rounds of vehicles, estimated or planned, whatever the places, loads and prices."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.network.data.instance import Mode, Network
from batteryopt.network.rounds.round_bounds import bound_of
from batteryopt.network.rounds.round_tasks import tasks_of
from batteryopt.network.rounds.route_partition import proven_rounds
from batteryopt.network.rounds.vehicle_routing import alone
from batteryopt.network.solve import solve
from tests.network.echelon import echelon

FEW = settings(max_examples=4, deadline=None)
VISITS, CAPACITY_T = 4.0, 3.0

whole, loads_t = st.integers(0, 20), st.integers(0, 12)


def lorry(**changes) -> Mode:
    """Return a mode of rounds with room for whatever a town has at a visit."""
    base = {
        "name": "round",
        "distance": "km",
        "trip_capacity_t": CAPACITY_T,
        "visits_per_period": VISITS,
        "speed_km_per_hour": 10.0,
        "cost_per_trip": 5.0,
        "cost_per_trip_km": 0.5,
        "cost_per_hour": 2.0,
        "stop_minutes": 6.0,
    }
    return Mode(**(base | changes))


@st.composite
def villages(draw, tonnes=loads_t) -> Network:
    """Three to six villages on a grid that a lorry collects from; depots may stand in two of them."""
    count = draw(st.integers(3, 6))
    x, y = (np.array(draw(st.lists(whole, min_size=count, max_size=count)), dtype=float) for _ in range(2))
    km = abs(np.subtract.outer(x, x)) + abs(np.subtract.outer(y, y))
    loads = draw(st.lists(tonnes, min_size=count, max_size=count))
    opening = draw(st.lists(st.integers(1, 200), min_size=count, max_size=count))
    network = echelon(km, loads, opening)
    mode = lorry(cost_per_trip=float(draw(whole)), cost_per_hour=float(draw(st.integers(0, 3))))
    return network.replace(candidates=network.candidates[:2], modes=(mode,))


def with_lorry(network: Network, **changes) -> Network:
    """Return a network whose lorry is another."""
    return network.replace(modes=(dataclasses.replace(network.modes[0], **changes),))


def cost(network: Network) -> float:
    answer = solve(network, gap=0.0)
    assert answer.certificate.passed, str(answer.certificate)
    assert answer.objective is not None
    return answer.objective


@given(villages(tonnes=st.sampled_from((0, int(VISITS * CAPACITY_T)))))
@FEW
def test_a_lorry_that_one_place_fills_goes_there_and_back(network):
    """Each town has nothing or a full lorry at every visit: a tonne costs a third of the way there and back."""
    mode = network.modes[0]
    a_km = 2 * (mode.cost_per_trip_km + mode.cost_per_hour / 10.0) / CAPACITY_T
    a_tonne = (mode.cost_per_trip + 0.1 * mode.cost_per_hour) / CAPACITY_T
    plain = network.replace(modes=(Mode(name="road", distance="km", cost_per_t_km=a_km, cost_per_t=a_tonne),))
    assert cost(network) == pytest.approx(cost(plain), rel=1e-6, abs=1e-6)


@given(villages(), st.randoms(use_true_random=False))
@FEW
def test_the_order_of_villages_does_not_matter(network, random):
    order = list(range(len(network.sites)))
    random.shuffle(order)
    shuffled = network.replace(
        sites=tuple(network.sites[i] for i in order), distances={"km": network.distances["km"][np.ix_(order, order)]}
    )
    assert cost(shuffled) == pytest.approx(cost(network), rel=1e-6, abs=1e-6)


@given(villages(), st.sampled_from(({"trip_capacity_t": 5.0}, {"cost_per_trip_km": 0.4}, {"round_factor": 0.9})))
@FEW
def test_a_better_lorry_never_costs_more(network, better):
    """More room, cheaper kilometres, a lower estimate; and a lorry that may stop once only is none that is better."""
    usual = cost(network)
    slack = 1e-6 * max(1.0, usual)
    assert cost(with_lorry(network, **better)) <= usual + slack
    assert usual <= cost(with_lorry(network, most_stops=1.0)) + slack


@given(villages(), st.floats(0.1, 50))
@FEW
def test_planned_rounds_keep_their_place_between_bound_and_there_and_back(network, money):
    """Of the plan's own tasks, all rounds listed; money has no unit; a larger lorry is none that costs more."""
    answer = solve(network, gap=0.0)
    for task in tasks_of(network, answer.solution.shipped):
        problem, vehicle = task.problem, task.problem.vehicle
        best = proven_rounds(problem).cost
        assert bound_of(problem).value <= best * (1 + 1e-9)
        assert best <= alone(problem).cost * (1 + 1e-9)
        dearer = dataclasses.replace(
            vehicle,
            cost_per_round=money * vehicle.cost_per_round,
            cost_per_km=money * vehicle.cost_per_km,
            cost_per_hour=money * vehicle.cost_per_hour,
        )
        assert proven_rounds(dataclasses.replace(problem, vehicle=dearer)).cost == pytest.approx(money * best)
        larger = dataclasses.replace(vehicle, capacity_t=vehicle.capacity_t + 1)
        assert proven_rounds(dataclasses.replace(problem, vehicle=larger)).cost <= best * (1 + 1e-9)
