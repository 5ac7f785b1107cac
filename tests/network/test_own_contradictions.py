"""What in one entity does not go together is refused when it is made, not when a network is made of it."""

from __future__ import annotations

import dataclasses

import pytest

from batteryopt.network.data.entity_faults import InvalidNetwork
from batteryopt.network.data.facilities import FacilityType, Level, Recipe
from batteryopt.network.data.flows import ComesBack, Lane, Market, Mode
from batteryopt.network.data.policy import Limit, Subsidy

RECIPE = Recipe(name="r", inputs=(("pack", 1.0),), outputs=(("mass", 0.5),))
SMALL = Level(name="s", capacity_t=100, opening_cost=500)
CHEAP = Level(name="L", capacity_t=200, opening_cost=1)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Recipe, {"inputs": (("pack", 1.0),), "outputs": (("mass", 1.2),)}, "1.2 t come out of 1 t"),
        (Recipe, {"inputs": (), "outputs": ()}, "at least one input"),
        (Recipe, {"inputs": (("pack", -1.0),), "outputs": ()}, "expected a number above 0"),
        (Level, {"capacity_t": 5, "least_t": 6}, "expected at most capacity_t 5"),
        (FacilityType, {"recipes": (), "levels": (SMALL,)}, "at least one recipe"),
        (
            FacilityType,
            {
                "recipes": (RECIPE,),
                "levels": (dataclasses.replace(SMALL, name="L", capacity_t=200, opening_cost=1), SMALL),
            },
            "less than the 500 of the smaller 's'",
        ),
        (Market, {"site": "M", "product": "mass", "least_t": 5, "most_t": 4}, "expected at most most_t, 4"),
        (Market, {"site": "M", "product": "mass", "least_t": 5, "most_t": (6, 4)}, "expected at most most_t, 4"),
        (
            Market,
            {
                "site": "M",
                "product": "mass",
                "comes_back": [ComesBack(product="old", share=0.6, lag_periods=lag) for lag in (1, 2)],
            },
            "1.2 t of 'old' in all",
        ),
        (Mode, {"shortest_km": 5, "longest_km": 4}, "expected at most longest_km, 4"),
        (Mode, {"cost_per_trip": (0, 3)}, "expected the load of a vehicle, for cost_per_trip"),
        (Lane, {"origin": "A", "destination": "A"}, "where the lane begins"),
        (Limit, {"quantity": "facilities"}, "a limit needs a least, a most, or both"),
        (Limit, {"quantity": "facilities", "least": (1, 3), "most": 2}, "is 3; expected at most most, 2"),
        (Limit, {"quantity": "facilities", "most": 2, "product": "pack"}, "facilities has no product"),
        (Limit, {"quantity": "sold_t", "most": (1, 2), "over_all_periods": True}, "expected one number"),
        (Subsidy, {"base": "opening_cost", "rate": (0.5, 1.5)}, "is 1.5; expected a share of the opening cost"),
        (Subsidy, {"base": "collected_t", "rate": 5, "type": "plant"}, "collected_t has no type"),
    ],
)
def test_an_entity_that_contradicts_itself_is_not_made(kind, fields, words):
    named = {"name": "x"} if "name" in {field.name for field in dataclasses.fields(kind)} else {}
    with pytest.raises(InvalidNetwork) as refused:
        kind(**named, **fields)
    assert words in str(refused.value)


def test_what_may_be_together_is_made():
    """A subsidy a tonne is no share; a profile of zeros asks for no vehicle; levels stand in any order."""
    assert Subsidy(name="x", base="collected_t", rate=5).rate == 5
    assert Mode(name="x", cost_per_trip=(0, 0)).trip_capacity_t is None
    large = Level(name="L", capacity_t=200, opening_cost=900)
    assert FacilityType(name="x", recipes=(RECIPE,), levels=(large, SMALL)).levels == (SMALL, large)
