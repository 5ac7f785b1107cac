"""Networks that contradict themselves: refused with place, value and remedy, before anything is solved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from batteryopt.network.data.policy import NARROWED_BY, SUBSIDY_NARROWED_BY, Quantity, SubsidyBase
from batteryopt.network.solve import solve
from batteryopt.network.tables import read

from .small import SECOND_LIFE, TABLES, TWO_PERIODS, TWO_SIZES, faults_at, small_network

PROFILE_SIZES = "type,level,capacity_t,opening_cost:a,opening_cost:b\nplant,s,100,500,500\nplant,L,200,900,400\n"

REFUSED: list[tuple[str, Mapping[str, str], str]] = [
    # a row that stands twice
    ("comes_back", SECOND_LIFE | TWO_PERIODS | {"comes_back.csv": "site,bought,product,share,lag_periods\n"
     "M,second,pack,0.3,1\nM,second,pack,0.3,1\n"},
     "comes_back.csv row 3: stands twice: row 2 has the same site 'M', bought 'second', product 'pack', lag_periods 1;"
     " keep one of the two rows"),
    ("mode_products", {"mode_products.csv": "mode,product,cost_per_t_km\nlorry,mass,0.2\nlorry,mass,2\n"},
     "mode_products.csv row 3: stands twice: row 2 has the same mode 'lorry', product 'mass'"),
    ("recipes", {"recipes.csv": "type,recipe,cost_per_t\nplant,r,1\nplant,r,50\n"},
     "recipes.csv row 3: stands twice: row 2 has the same type 'plant', recipe 'r'"),
    ("recipe_products", {"recipe_products.csv": TABLES["recipe_products.csv"] + "plant,r,mass,,0.5\n"},
     "recipe_products.csv row 4: stands twice: row 3 has the same type 'plant', recipe 'r', product 'mass'"),
    ("subsidies", {"subsidies.csv": "name,base,rate\ns,processed_t,2\ns,processed_t,2\n"},
     "subsidies.csv row 3: stands twice: row 2 says the same; keep one of the two rows"),
    ("limits", {"limits.csv": "name,quantity,most\nl,sold_t,2\nl,sold_t,2\n"}, "limits.csv row 3: stands twice"),
    ("targets", {"collection_targets.csv": "name,share\nt,0.2\nt,0.2\n"}, "collection_targets.csv row 3: stands twice"),
    ("coverage", {"coverage.csv": "name,radius_km,types,distance\nc,9,plant,km\nc,9,plant,km\n"},
     "coverage.csv row 3: stands twice"),
    ("lanes", {"lanes.csv": "origin,destination,mode\nA,B,\nA,B,lorry\nA,B,\n"},
     "lanes.csv row 4: stands twice: row 2 has the same origin 'A', destination 'B'"),
    ("storage", {"storage.csv": "type,product\nplant,pack\nplant,pack\n"}, "storage.csv row 3: stands twice"),
    ("levels", {"levels.csv": TABLES["levels.csv"] + "plant,s,200,2000,10,1\n"},
     "levels.csv row 3: stands twice: row 2 has the same type 'plant', level 's'"),
    ("disposals", {"disposals.csv": "site,product\nB,mass\nB,mass\n"}, "disposals.csv row 3: stands twice"),
    ("groups", {"groups.csv": "group,site\ng,A\ng,A\n"}, "groups.csv row 3: stands twice: row 2 has the same group"),
    ("scenarios", {"scenarios.csv": "scenario\nlow\nlow\n"}, "scenarios.csv row 3: stands twice"),
    ("types", {"types.csv": "type\nplant\nplant\n"}, "types.csv row 3: stands twice"),
    ("names in one cell", {"modes.csv": "mode,distance,products\nlorry,km,pack;mass;pack\n"},
     "modes.csv row 2, column products: 'pack' stands twice; name it once"),
    # numbers
    ("detour factor", {"modes.csv": "mode,distance,detour_factor\nlorry,km,0\n"},
     "modes.csv row 2, column detour_factor: is 0.0; expected a finite number above 0"),
    ("discount rate", {"network.toml": "discount_rate = 5\n" + TABLES["network.toml"]},
     "network.toml, discount_rate: is 5; expected a rate a year above -1 and below 1 (0.05 is 5 %)"),
    ("probabilities", {"scenarios.csv": "scenario,probability\nlo,0.5\nhi,0.7\n"},
     "scenarios.csv row 3, column probability: the probabilities add up to 1.2; expected 1 in all"),
    ("one probability", {"scenarios.csv": "scenario,probability\nlo,0.5\nhi,\n"},
     "scenarios.csv row 3, column probability: is missing; give every scenario one, or none"),
    # facilities
    ("forced above largest", TWO_SIZES | {"candidates.csv": "site,type,standing,level,largest_level\n"
     "B,plant,forced,L,s\n"}, "candidates.csv row 2, column level: is 'L' (200 t), above largest_level 's' (100 t)"),
    ("standing above largest", TWO_SIZES | {"types.csv": "type,sizes\nplant,between\n", "candidates.csv":
     "site,type,standing,capacity_t,largest_level\nB,plant,existing,150,s\n"},
     "candidates.csv row 2, column capacity_t: is 150; expected at most 100"),
    ("forced before earliest", TWO_PERIODS | {"candidates.csv": "site,type,standing,forced_from,earliest\n"
     "B,plant,forced,a,b\n"}, "candidates.csv row 2, column forced_from: is 'a', before earliest 'b'"),
    ("forced from the first", TWO_PERIODS | {"candidates.csv": "site,type,standing,earliest\nB,plant,forced,b\n"},
     "candidates.csv row 2, column earliest: is 'b', and it must stand from the first period on; give forced_from"),
    ("larger and cheaper", {"levels.csv": "type,level,capacity_t,opening_cost\nplant,s,100,1000\nplant,L,200,400\n"},
     "levels.csv row 3, column opening_cost: is 400, less than the 1000 of the smaller 's'"),
    ("larger and cheaper in one period", TWO_PERIODS | {"levels.csv": PROFILE_SIZES},
     "levels.csv row 3, column opening_cost:b: is 400, less than the 500 of the smaller 's'"),
    ("a limit and none", {"types.csv": "type,sizes\nplant,between\n",
     "levels.csv": "type,level,capacity_t,storage_limit_t\nplant,s,100,5\nplant,L,200,\n"},
     "levels.csv row 3, column storage_limit_t: is not given, and that of 's' is 5; expected a limit at all levels"),
    # ways
    ("trip costs", {"modes.csv": "mode,distance,cost_per_trip,cost_per_trip_km\nlorry,km,5,2\n"},
     "modes.csv row 2, column trip_capacity_t: is missing; expected the load of a vehicle, for cost_per_trip, cost_p"),
    ("shortest above longest", {"modes.csv": "mode,distance,shortest_km,longest_km\nlorry,km,50,20\n"},
     "modes.csv row 2, column shortest_km: is 50; expected at most longest_km, 20"),
    ("a lane to itself", {"lanes.csv": "origin,destination,extra_cost_per_t\nA,A,5\n"},
     "lanes.csv row 2, column destination: is 'A', where the lane begins; leave the row out"),
    # second life
    ("more than was bought", SECOND_LIFE | TWO_PERIODS | {"comes_back.csv": "site,bought,product,share,lag_periods\n"
     "M,second,pack,0.7,1\nM,second,pack,0.7,2\n"}, "comes_back.csv row 3, column share: 1.4 t of 'pack' in all come"),
    ("a loop through a market", SECOND_LIFE | {"comes_back.csv": "site,bought,product,share,lag_periods\n"
     "M,second,pack,1,0\n"}, "comes_back.csv row 2, column lag_periods: feeds itself: recipe 'r' of 'plant' and "
     "'second' sold at 'M', which comes back in the same period, make all that they use"),
    ("a loop of recipes", {"recipe_products.csv": TABLES["recipe_products.csv"] +
     "plant,there,pack,1,\nplant,there,mass,,1\nplant,back,mass,1,\nplant,back,pack,,1\n", "recipes.csv":
     "type,recipe\nplant,r\nplant,there\nplant,back\n"}, "feeds itself: recipe 'there' of 'plant' and recipe 'back'"),
    # rules
    ("least above most", {"limits.csv": "name,quantity,least,most\nl,sold_t,5,1\n"},
     "limits.csv row 2, column least: is 5; expected at most most, 1"),
    ("least above another's most", {"limits.csv": "name,quantity,least,most\nlow,sold_t,5,\nhigh,sold_t,,1\n"},
     "limits.csv row 2, column least: asks for more than limit 'high' allows of the same"),
    ("no side", {"limits.csv": "name,quantity\nl,sold_t\n"}, "limits.csv row 2, column most: is missing, and so is l"),
    ("periods of a sum", TWO_PERIODS | {"limits.csv":
     "name,quantity,most:a,most:b,over_all_periods\nl,sold_t,5,6,yes\n"},
     "limits.csv row 2, column most:a: differs from period to period, and over_all_periods counts all together"),
    ("a limit on what is made", {"limits.csv": "name,quantity,product,most\nl,processed_t,mass,1\n"},
     "limits.csv row 2, column product: is 'mass', which no recipe uses: processed_t counts what goes in; used: pack"),
    ("a subsidy on what is made", {"subsidies.csv": "name,base,product,rate\ns,processed_t,mass,2\n"},
     "subsidies.csv row 2, column product: is 'mass', which no recipe uses"),
    ("rates above 1", {"subsidies.csv": "name,base,rate\ns,opening_cost,0.6\ns2,opening_cost,0.6\n"},
     "subsidies.csv row 3, column rate: the rates of 's', 's2' add up to 1.2 for 'plant' at 'B'; expected at most 1"),
]  # fmt: skip
"""What is wrong, the files that say so, and the beginning or a part of what a reader is told."""


@pytest.mark.parametrize(("changes", "said"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_contradiction_is_told_with_its_place(tmp_path: Path, changes: Mapping[str, str], said: str) -> None:
    (found,) = faults_at(tmp_path, changes)
    assert said in found


def test_the_network_that_is_spoilt_here_is_in_order(tmp_path: Path) -> None:
    read(small_network(tmp_path))
    read(small_network(tmp_path, TWO_SIZES | TWO_PERIODS))


NAMES = {"type": "plant", "product": "pack", "mode": "lorry"}


@pytest.mark.parametrize("field", NAMES)
@pytest.mark.parametrize("quantity", Quantity)
def test_a_limit_is_narrowed_by_what_its_quantity_knows(tmp_path: Path, quantity: Quantity, field: str) -> None:
    """Whatever passes is solved, and what the quantity has not is refused with what it has."""
    rows = f"name,quantity,{field},most\nl,{quantity.value},{NAMES[field]},1000\n"
    if field in NARROWED_BY[quantity]:
        found = solve(read(small_network(tmp_path, {"limits.csv": rows})), gap=0)
        assert found.certificate.passed
        return
    (fault,) = faults_at(tmp_path, {"limits.csv": rows})
    assert f"column {field}: is '{NAMES[field]}', and {quantity.value} has no {field}; leave it empty" in fault
    assert all(word in fault for word in NARROWED_BY[quantity])


@pytest.mark.parametrize("field", ["type", "product"])
@pytest.mark.parametrize("base", SubsidyBase)
def test_a_subsidy_is_narrowed_by_what_its_base_knows(tmp_path: Path, base: SubsidyBase, field: str) -> None:
    rows = f"name,base,{field},rate\ns,{base.value},{NAMES[field]},0.5\n"
    if field in SUBSIDY_NARROWED_BY[base]:
        assert solve(read(small_network(tmp_path, {"subsidies.csv": rows})), gap=0).certificate.passed
        return
    (fault,) = faults_at(tmp_path, {"subsidies.csv": rows})
    assert f"column {field}: is '{NAMES[field]}', and {base.value} has no {field}" in fault


def test_a_loop_that_loses_something_is_no_fault(tmp_path: Path) -> None:
    """A share of 0.99 at once, and a share of 1 a period later, both come to an end."""
    head = "site,bought,product,share,lag_periods\n"
    read(small_network(tmp_path / "at-once", SECOND_LIFE | {"comes_back.csv": head + "M,second,pack,0.99,0\n"}))
    later = SECOND_LIFE | TWO_PERIODS | {"comes_back.csv": head + "M,second,pack,1,1\n"}
    read(small_network(tmp_path / "later", later))


def test_one_future_is_planned_for(tmp_path: Path) -> None:
    """The plant earns 0.5 x 100 x 20 = 1000 and costs 1000 + 10 + 100 x 1, with freight 100 x 10 x 0.1 + 50 x 20 x 0.1
    = 200: 310 in all, beside 100 x 100 for leaving the packs."""
    found = solve(read(small_network(tmp_path, {"scenarios.csv": "scenario,probability\nbase,1\n"})), gap=0)
    assert found.objective == pytest.approx(310)


def test_scenarios_without_probabilities_are_equally_likely_and_no_fault(tmp_path: Path) -> None:
    network = read(small_network(tmp_path, {"scenarios.csv": "scenario\nlow\nhigh\n"}))
    assert [scenario.probability for scenario in network.scenarios] == [None, None]


def test_a_row_of_a_scenario_holds_instead_of_the_row_of_all(tmp_path: Path) -> None:
    rows = "site,product,tonnes,scenario\nA,pack,100,\nA,pack,40,low\nB,pack,7,\n"
    network = read(small_network(tmp_path, {"scenarios.csv": "scenario\nlow\nhigh\n", "returns.csv": rows}))
    assert [(r.site, r.tonnes) for r in network.in_scenario("low").returns] == [("A", 40), ("B", 7)]
    assert [(r.site, r.tonnes) for r in network.in_scenario("high").returns] == [("A", 100), ("B", 7)]


def test_places_with_levels_of_their_own_need_none_of_the_type(tmp_path: Path) -> None:
    """In any order."""
    rows = "type,site,level,capacity_t\nplant,B,L,200\nplant,B,s,50\n"
    network = read(small_network(tmp_path / "own", {"levels.csv": rows}))
    assert [level.name for level in network.levels_of(network.candidates[0])] == ["s", "L"]
    both = {"levels.csv": rows, "candidates.csv": "site,type\nB,plant\nM,plant\n"}
    (fault,) = faults_at(tmp_path / "one", both)
    assert (
        "there is none; a facility type needs at least one level, or every candidate of it levels of its own" in fault
    )
