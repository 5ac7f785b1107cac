"""What rounds are expected to cost while sites are chosen: arithmetic by hand, in model, ledger and check alike."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data.instance import (
    Candidate,
    Coverage,
    FacilityType,
    Group,
    Lane,
    Level,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.data.round_figures import round_figures
from batteryopt.network.judge.check import check
from batteryopt.network.solve import solve

KM = np.array([[0.0, 10, 10, 60], [10, 0, 4, 60], [10, 4, 0, 60], [60, 60, 60, 0]])
ROUND = Mode(
    name="round",
    distance="road",
    trip_capacity_t=6,
    visits_per_period=10,
    shift_hours=8,
    speed_km_per_hour=20,
    stop_minutes=30,
    cost_per_trip=100,
    cost_per_trip_km=2,
    cost_per_hour=30,
    emission_kg_per_trip_km=0.5,
)


def villages(**changes) -> Network:
    """Return a depot at Home, 10 km from Ash and Birch, which are 4 km apart; Far is 60 km from all."""
    mode = dataclasses.replace(ROUND, **changes)
    return Network(
        name="villages",
        periods=(Period(name="1"),),
        products=(Product(name="pack", uncollected_cost_per_t=1000, slots_per_t=2),),
        sites=tuple(Site(name=name) for name in ("Home", "Ash", "Birch", "Far")),
        returns=(
            Return(site="Ash", product="pack", tonnes=20),
            Return(site="Birch", product="pack", tonnes=10),
            Return(site="Far", product="pack", tonnes=60),
        ),
        types=(
            FacilityType(
                name="depot",
                recipes=(Recipe(name="take", inputs=(("pack", 1),), outputs=()),),
                levels=(Level(name="one", capacity_t=1000),),
            ),
        ),
        candidates=(Candidate(site="Home", type="depot"),),
        modes=(mode,),
        distances={"road": KM, "time": KM / 20},
    )


def test_a_stop_takes_what_it_needs_most_of():
    """Ash: 2 t a visit are a third of the load; a stop and 4 km take 0.7 h of 7 h that are left, a tenth.

    A third of 20 km, and two thirds of the 4 km to Birch: 9.333 km and 0.4667 h, with the stop 0.9667 h. Ten visits of
    20 t: half of that a tonne, 1/6 of a round.
    """
    figures = round_figures(villages(), ROUND)
    assert figures.rounds[1, 0, 0] == pytest.approx(10 / 20 / 3)
    assert figures.km[1, 0, 0] == pytest.approx((20 / 3 + 4 * 2 / 3) / 2)
    assert figures.hours[1, 0, 0] == pytest.approx(((20 / 3 + 4 * 2 / 3) / 20 + 0.5) / 2)
    # Birch has 1 t a visit, a sixth of the load: a tonne is one visit
    assert figures.rounds[2, 0, 0] == pytest.approx(1 / 6)
    assert figures.km[2, 0, 0] == pytest.approx(20 / 6 + 4 * 5 / 6)


def test_a_place_that_fills_a_vehicle_has_a_round_of_its_own():
    """Far has 6 t a visit; 60 km there and back take 6 h, and the stop half an hour: 10 visits of 120 km for 60 t."""
    figures = round_figures(villages(), ROUND)
    assert figures.rounds[3, 0, 0] == pytest.approx(1 / 6)
    assert figures.km[3, 0, 0] == pytest.approx(120 / 6)
    assert figures.hours[3, 0, 0] == pytest.approx(6.5 / 6)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"vehicle_slots": 5}, 4 / 5),  # 2 t a visit are 4 slots
        ({"most_stops": 2}, 1 / 2),
        ({"shift_hours": 2}, 0.7 / 1.0),  # 1 h is left
        ({"trip_capacity_t": 2.0}, 1.0),
    ],
)
def test_load_slots_stops_and_hours_each_may_be_most(changes, part):
    figures = round_figures(villages(**changes), dataclasses.replace(ROUND, **changes))
    assert figures.rounds[1, 0, 0] == pytest.approx(part / 2)


def test_a_table_of_hours_does_as_a_speed():
    by_table = dataclasses.replace(ROUND, speed_km_per_hour=None, hours="time")
    network = villages(speed_km_per_hour=None, hours="time")
    one, other = round_figures(network, by_table), round_figures(villages(), ROUND)
    assert np.allclose(one.hours, other.hours, equal_nan=True)


def test_model_ledger_and_check_agree():
    """Cost of the plan: rounds at 100, km at 2, hours at 30, of each place by hand; every place within reach."""
    network = villages()
    answer = solve(network, gap=0.0)
    assert answer.certificate.passed
    ash = (100 / 3 + 2 * (20 / 3 + 8 / 3) + 30 * ((20 / 3 + 8 / 3) / 20 + 0.5)) * 10
    birch = (100 / 6 + 2 * (20 / 6 + 20 / 6) + 30 * ((20 / 6 + 20 / 6) / 20 + 0.5)) * 10
    far = (100 + 2 * 120 + 30 * 6.5) * 10
    assert answer.objective == pytest.approx(ash + birch + far)
    journeys = answer.solution.journeys
    assert journeys["trips"].sum() == pytest.approx(10 / 3 + 10 / 6 + 10)
    assert (journeys["trips"] * journeys["km"]).sum() == pytest.approx(10 * (28 / 3 + 20 / 3 + 120))
    assert answer.solution.emissions_t.to_numpy().sum() == pytest.approx(0.5 * 10 * (28 / 3 + 20 / 3 + 120) / 1000)


def test_a_lane_has_a_factor_of_its_own():
    network = villages()
    lane = Lane(origin="Far", destination="Home", mode="round", round_factor=1.5)
    plain, dearer = (solve(n, gap=0.0).objective for n in (network, network.replace(lanes=(lane,))))
    assert dearer - plain == pytest.approx(0.5 * (100 + 2 * 120 + 30 * 6.5) * 10)


def test_what_is_out_of_a_shifts_reach_is_left():
    """In 6.4 h nobody is at Far and back, with the stop 6.5 h: its 60 t are left at 1000 each."""
    answer = solve(villages(shift_hours=6.4), gap=0.0)
    assert answer.solution.uncollected["tonnes"].sum() == pytest.approx(60)
    assert answer.certificate.passed


def test_a_place_gets_one_vehicle_a_visit():
    """Ten visits of 6 t carry 60 of 80 t, and with 10 slots 5 t each time, 50."""
    for changes, left in (({}, 20), ({"vehicle_slots": 10}, 30)):
        network = villages(**changes)
        returns = tuple(dataclasses.replace(r, tonnes=80) if r.site == "Far" else r for r in network.returns)
        answer = solve(network.replace(returns=returns), gap=0.0)
        assert answer.solution.uncollected["tonnes"].sum() == pytest.approx(left)
        more = answer.solution.shipped.assign(tonnes=lambda t: t["tonnes"] * 1.5)
        broken = check(dataclasses.replace(answer.solution, shipped=more))
        assert not broken["visits-carry-the-load"].passed


def test_depots_have_so_many_vehicles():
    """Twelve rounds a period: Far alone needs ten, Ash three and a third."""
    answer = solve(villages(trips_per_depot=12), gap=0.0)
    assert answer.certificate.passed
    assert answer.solution.journeys["trips"].sum() == pytest.approx(12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"shift_hours": 1.0}, "the nearest place, 'Ash', is 1.5 h from 'Home' and back"),
        ({"visits_per_period": 0}, "expected a finite number above 0"),
        ({"trips_per_depot": 0}, "a depot has no vehicle for each of 10 visits"),
        ({"speed_km_per_hour": None}, "name a distance table that holds hours"),
        ({"speed_km_per_hour": None, "hours": "clock"}, "clock"),
        ({"trip_capacity_t": None}, "expected the load of a vehicle"),
        ({"whole_trips": True}, "rounds are whole in themselves"),
        ({"most_stops": 0.5}, "expected at least 1"),
        ({"visits_per_period": None}, "is for rounds, and the mode makes none"),
    ],
)
def test_rounds_that_cannot_be_are_refused(changes, words):
    with pytest.raises(InvalidInput) as caught:
        villages(**changes)
    assert any(words in str(fault) for fault in caught.value.faults), [str(f) for f in caught.value.faults]


def test_a_load_larger_than_the_vehicles_is_told():
    network = villages(trip_capacity_t=5)
    with pytest.raises(InvalidInput) as caught:
        network.replace(products=(Product(name="pack"),))
    [fault] = [str(fault) for fault in caught.value.faults]
    assert "is 60, and only 'round' takes it: 10 visits by a vehicle of 5 t" in fault
    assert "at least 12 visits_per_period" in fault


def test_a_place_with_more_than_all_visits_carry_fills_each_vehicle():
    """Far has 240 t, and ten vehicles of 6 t take 60 of them: ten rounds there and back, not a quarter of that.

    A tonne takes a sixth of a round of 120 km and 6.5 h; with four slots a vehicle and two a tonne, a half of one.
    """
    network = villages()
    returns = tuple(dataclasses.replace(row, tonnes=240) if row.site == "Far" else row for row in network.returns)
    network = network.replace(returns=returns)
    figures = round_figures(network, network.modes[0])
    assert figures.rounds[3, 0, 0] == pytest.approx(1 / 6)
    assert figures.km[3, 0, 0] == pytest.approx(120 / 6)
    assert figures.hours[3, 0, 0] == pytest.approx(6.5 / 6)
    assert round_figures(network, dataclasses.replace(ROUND, vehicle_slots=4)).rounds[3, 0, 0] == pytest.approx(1 / 2)
    answer = solve(network, gap=0.0)
    carried = answer.solution.shipped
    assert carried[carried["origin"] == "Far"]["tonnes"].sum() == pytest.approx(60)
    far = (100 + 2 * 120 + 30 * 6.5) * 10
    nearer = solve(villages(), gap=0.0).objective - far
    assert answer.objective == pytest.approx(far + nearer + 180 * 1000)


def covered_by_visits(tonnes_by_round: float, visits: float) -> Network:
    """Return villages where Ash is to be visited so often, and nothing need be collected; its lane has a limit."""
    network = villages()
    rule = Coverage(
        name="ash", radius_km=1, types=("depot",), distance="road", group="ash", visits=visits, penalty_per_t=50
    )
    return network.replace(
        products=(Product(name="pack", uncollected_cost_per_t=1, slots_per_t=2),),
        groups=(Group(name="ash", sites=("Ash",)),),
        lanes=(Lane(origin="Ash", destination="Home", mode="round", most_t=tonnes_by_round),),
        policy=dataclasses.replace(network.policy, coverage=(rule,)),
    )


@pytest.mark.parametrize(
    ("most_t", "visits", "taken", "missing"),
    [(20, 10, 20, 0), (20, 5, 10, 0), (9, 5, 0, 20), (20, 11, 0, 20)],
)
def test_rounds_count_as_visits_by_what_they_take(most_t, visits, taken, missing):
    """Vehicles come ten times for the 20 t of Ash: all of them are ten visits, a half of them five.

    Five visits are what 10 t are worth, and 9 t are not; eleven are never made. Where it is in vain nothing is fetched,
    since leaving a tonne costs 1, and 20 t of weight that are not covered cost 50 each.
    """
    answer = solve(covered_by_visits(most_t, visits), gap=0.0)
    assert answer.certificate.passed
    shipped = answer.solution.shipped
    assert shipped[shipped["origin"] == "Ash"]["tonnes"].sum() == pytest.approx(taken, abs=1e-4)
    assert answer.solution.cost_terms["penalties"] == pytest.approx(50 * missing)
