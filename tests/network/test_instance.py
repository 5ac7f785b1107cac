"""The normal form: what it derives, and that everything that contradicts itself is told at once."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data import geography
from batteryopt.network.data.entity import judged_later
from batteryopt.network.data.geography import Ways, great_circle_km, lengths, mode_km, nearest_km, people_on_ways
from batteryopt.network.data.instance import (
    Candidate,
    Coverage,
    InvalidNetwork,
    Level,
    Market,
    Mode,
    Policy,
    Recipe,
    Return,
    Scenario,
    Site,
)
from tests.network.everything import everything


@pytest.fixture
def network():
    return everything()


def faults_of(network, **changes):
    with pytest.raises(InvalidNetwork) as caught:
        dataclasses.replace(network, **changes)
    return {(type(f.entity).__name__, f.field) for f in caught.value.entity_faults}


def test_discounting(network):
    """A quarter a year; the third period begins after two years, whatever its own length."""
    assert network.discount_factors.tolist() == pytest.approx([1, 0.8, 0.64])


def test_groups(network):
    groups = network.groups_by_name
    assert groups[""] == ("Ash", "Birch", "Cedar", "Docks")
    assert groups["west"] == ("Ash", "Birch")
    assert groups["towns"] == ("Ash", "Birch", "Cedar")


def test_levels_of_a_place(network):
    small, forced = network.candidates[0], network.candidates[2]
    assert [level.name for level in network.levels_of(small)] == ["small", "large"]
    assert [level.name for level in network.levels_of(forced)] == ["small"]


def test_profiles(network):
    assert network.profile(2.0).tolist() == [2, 2, 2]
    assert network.profile((1.0, 2.0, 3.0)).tolist() == [1, 2, 3]


def test_one_scenario_at_a_time(network):
    rows = (
        Return(site="Ash", product="pack", tonnes=1.0),
        Return(site="Ash", product="pack", tonnes=2.0, scenario="much"),
        Return(site="Birch", product="pack", tonnes=4.0, scenario="little"),
    )
    both = dataclasses.replace(network, returns=rows, scenarios=(Scenario(name="much"), Scenario(name="little")))
    assert [(row.site, row.tonnes) for row in both.in_scenario("little").returns] == [("Ash", 1.0), ("Birch", 4.0)]


# ---- distances -----------------------------------------------------------------------------------------------------


def test_great_circle():
    """A quarter of the equator, and from there to the pole: each a quarter of 2 pi 6371.0088 km."""
    km = great_circle_km(np.array([0.0, 0.0, 90.0]), np.array([0.0, 90.0, 0.0]))
    quarter = np.pi / 2 * 6371.0088
    assert km[0, 1] == pytest.approx(quarter)
    assert km[0, 2] == pytest.approx(quarter)
    assert km[0, 0] == 0


def test_lanes_of_a_mode(network):
    """The round: 1.2 x 30 km is within 40 km, 1.2 x 40 is not; rail has the one lane that is given."""
    lorry, rail, mobile = (mode_km(network, mode) for mode in network.modes)
    assert mobile[0, 1] == pytest.approx(36)
    assert np.isnan(mobile[1, 3])
    assert np.isnan(lorry[0, 2])  # closed
    assert lorry[2, 0] == 80
    assert np.isnan(lorry[0, 0])
    assert np.argwhere(~np.isnan(rail)).tolist() == [[1, 3]]
    assert rail[1, 3] == 90


def test_lengths_found_in_blocks_or_by_pairs_are_those_of_the_square(network, monkeypatch):
    """However few lengths are looked at at once, and whichever ends are asked for."""
    monkeypatch.setattr(geography, "CELLS", 3)
    some, every = np.array([3, 0, 1]), np.arange(len(network.sites))
    for mode in network.modes:
        km, ways = mode_km(network, mode), Ways(network, mode)
        origin, destination, length = ways.among(some, every)
        rows, columns = np.nonzero(~np.isnan(km[some]))
        assert origin.tolist() == some[rows].tolist()
        assert destination.tolist() == columns.tolist()
        assert length.tolist() == km[origin, destination].tolist() == ways.at(origin, destination).tolist()
        names = [[network.sites[i].name for i in ends] for ends in (origin, destination)]
        assert lengths(network, *names, [mode.name] * len(origin)).tolist() == length.tolist()


def test_the_nearest_other_point_found_in_blocks(monkeypatch):
    """On the equator at 0, 1 and 3 degrees, a degree being 2 pi 6371.0088 / 360 km."""
    monkeypatch.setattr(geography, "CELLS", 4)
    degree = 2 * np.pi * 6371.0088 / 360
    np.testing.assert_allclose(nearest_km(np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 3.0]])), [degree, degree, 2 * degree])


def test_people_along_a_lane(network):
    """The mean of both ends, 10 and 20, one way; 100 where the lane says so."""
    people = people_on_ways(network, network.modes[0], np.array([1, 0]), np.array([0, 1]))
    assert people.tolist() == [15, 100]


# ---- faults --------------------------------------------------------------------------------------------------------


def test_all_faults_at_once(network):
    """A name that is not declared, a number out of range, a profile too short: each with its row and field."""
    with judged_later():
        faulty = Return(site="Ahs", product="pack", tonnes=(-1.0, 2.0))
    found = faults_of(
        network,
        returns=(faulty,),
        candidates=(*network.candidates, Candidate(site="Docks", type="outlet", level="huge")),
    )
    assert found == {("Return", "site"), ("Return", "tonnes"), ("Candidate", "level")}


def test_messages_help(network):
    with pytest.raises(InvalidNetwork, match="Return Ahs/pack, site: 'Ahs' is not declared; did you mean 'Ash'"):
        dataclasses.replace(network, returns=(Return(site="Ahs", product="pack", tonnes=1.0),))


def with_type(network, **changes):
    first, *rest = network.types
    return {"types": (dataclasses.replace(first, **changes), *rest)}


def test_recipes_do_not_make_mass(network):
    with judged_later():
        heavy = Recipe(name="check", inputs=(("pack", 1),), outputs=(("checked", 1.2),))
        changes = with_type(network, recipes=(heavy,))
    assert faults_of(network, **changes) == {("Recipe", "outputs")}
    dataclasses.replace(network, **with_type(network, recipes=(dataclasses.replace(heavy, reagents_t=0.2),)))


def test_levels_grow(network):
    """In any order, but no two of one size."""
    levels = (Level(name="large", capacity_t=60), Level(name="small", capacity_t=25))
    turned = dataclasses.replace(network, **with_type(network, levels=levels))
    assert [level.name for level in turned.levels_of(network.candidates[0])] == ["small", "large"]
    with judged_later():
        levels = (Level(name="small", capacity_t=25), Level(name="large", capacity_t=25, least_t=30))
        changes = with_type(network, levels=levels)
    assert faults_of(network, **changes) == {("Level", "capacity_t"), ("Level", "least_t")}


def test_rows_that_stand_twice(network):
    assert faults_of(network, sites=(*network.sites, network.sites[0]))  # distances do not fit any more either
    assert faults_of(network, candidates=(*network.candidates, network.candidates[0])) == {("Candidate", "name")}


def test_modes_and_markets(network):
    with judged_later():
        van = Mode(name="van", distance="road", is_mobile=True)
        market = Market(site="Ash", product="mass", least_t=5.0, most_t=(9.0, 4.0, 9.0))
    assert faults_of(network, modes=(*network.modes, van)) == {("Mode", "trip_capacity_t"), ("Mode", "whole_trips")}
    assert faults_of(network, markets=(market,)) == {("Market", "least_t")}


def test_coordinates_where_the_great_circle_is_used(network):
    rule = Coverage(name="near", radius_km=10, types=("outlet",))
    found = faults_of(network, policy=Policy(coverage=(rule,)))
    assert found == {("Site", "latitude_deg")}
    placed = tuple(Site(name=s.name, latitude_deg=1.0, longitude_deg=float(i)) for i, s in enumerate(network.sites))
    groups = tuple(dataclasses.replace(group, name="towns") for group in network.groups)
    dataclasses.replace(network, sites=placed, groups=groups, policy=Policy(coverage=(rule,)))


def test_distances_have_the_shape_of_the_sites(network):
    assert faults_of(network, distances={**network.distances, "road": np.zeros((3, 3))}) == {("Network", "distances")}
