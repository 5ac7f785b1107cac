"""What `check` says of networks that are in order: what was understood, and what a careful colleague would ask."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from batteryopt.network.data.remarks import remarks_of
from batteryopt.network.tables.example import example
from batteryopt.network.tables.reader import read_with_remarks
from tests.command_line import invoke

from .small import SECOND_LIFE, TABLES, small_network

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"
PLACES = "site,latitude_deg,longitude_deg\nA,{}\nB,52,14\nM,53,13\n"

REMARKS: list[tuple[str, Mapping[str, str], str]] = [
    ("after the horizon", SECOND_LIFE | {"comes_back.csv": "site,bought,product,share,lag_periods\n"
     "M,second,pack,0.5,1\n"},
     "comes_back.csv row 2, column lag_periods: is 1, and there are 1 periods: nothing comes back"),
    ("nothing returns", {"collection_targets.csv": "name,share,products\nt,0.5,mass\n"},
     "collection_targets.csv row 2, column products: asks for mass, of which nothing returns there"),
    ("a penalty alone", {"markets.csv": "site,product,price_per_t,shortfall_penalty_per_t\nM,mass,20,5\n"},
     "markets.csv row 2, column shortfall_penalty_per_t: is 5, and there is no least_t"),
    ("a penalty without a budget", {"network.toml": TABLES["network.toml"] + "[policy]\nbudget_penalty = 2\n"},
     "network.toml, policy.budget_penalty: is given, and there is no budget; give a budget"),
    ("a detour on roads", {"modes.csv": "mode,distance,cost_per_t_km,detour_factor\nlorry,km,0.1,1.3\n"},
     "modes.csv row 2, column detour_factor: is 1.3, and multiplies the distances of table 'km'"),
    ("a level of what may be opened", {"candidates.csv": "site,type,level\nB,plant,s\n"},
     "candidates.csv row 2, column level: is 's', and it is open; it has no effect"),
    ("a product of no use", {"products.csv": "product,uncollected_cost_per_t\npack,100\nmass,\ngold,\n"},
     "products.csv row 4, column product: is named nowhere else"),
    ("a limit on what nobody buys", {"limits.csv": "name,quantity,product,most\nl,sold_t,pack,5\n"},
     "limits.csv row 2, column product: is 'pack', whose sold_t is always 0"),
    ("two limits on one thing", {"limits.csv": "name,quantity,most\none,sold_t,50\ntwo,sold_t,60\n"},
     "limits.csv row 3, column most: 'one' and 'two' limit the same; only the tighter of them counts"),
    ("two rules of one name", {"subsidies.csv": "name,base,rate\ns,processed_t,2\ns,processed_t,3\n"},
     "subsidies.csv row 3, column name: 's' is the name of 2 rules; all of them count"),
    ("out of reach", {"modes.csv": "mode,distance,longest_km\nlorry,km,25\nfar,km,\n", "lanes.csv":
     "origin,destination,is_allowed\nA,B,no\nA,M,no\n"},
     "returns.csv row 2, column site: 'pack' that returns at 'A' can reach nobody who takes it"),
    ("no mode carries it on", {"modes.csv": "mode,distance,products\nlorry,km,pack\n"},
     "recipes.csv row 2: 'mass' made at 'B' can reach nobody who takes it; the recipe cannot run there"),
    ("degrees exchanged", {"sites.csv": PLACES.format("13,52")},
     "sites.csv row 2, column latitude_deg: is 13: "),
    ("no latitude", {"sites.csv": PLACES.format("113,52")}, "is 113, and no latitude is above 90; latitude_deg 52 and"),
    ("kilogrammes", {"returns.csv": "site,product,tonnes\nA,pack,900000\n", "levels.csv": "type,level,capacity_t\n"
     "plant,s,900000\n"}, "returns.csv row 2, column tonnes: is 900,000 t in a period at one site; if kilogrammes are"),
    ("5 for 5,000", {"returns.csv": "site,product,tonnes\nA,pack,5000\n", "levels.csv": "type,level,capacity_t\n"
     "plant,s,5\n"}, "levels.csv row 2, column capacity_t: of all candidates for 'plant' can be 5 t, beside 5,000 t"),
    ("5 for 5,000 beside another level", {"levels.csv": "type,level,capacity_t,opening_cost\n"
     "plant,s,5,800\nplant,L,10000,1000\n"},
     "levels.csv row 2, column capacity_t: is 5 t for 800, and 'L' has 10,000 t for 1,000; check the unit"),
    ("a rate of 50 %", {"network.toml": "discount_rate = 0.5\n" + TABLES["network.toml"]},
     "network.toml, discount_rate: is 0.5, taken as 50% a year; 0.05 is 5 %"),
    ("thousands", {"markets.csv": "site,product,price_per_t\nM,mass,3.330\n"},
     "markets.csv row 2, column price_per_t: is '3.330', taken as 3.33; write 3330 if the point separates thousands"),
    ("thousands in a column", {"returns.csv": "site,product,tonnes\nA,pack,1.234\nB,pack,2.345\n"},
     "returns.csv row 2, column tonnes: is '1.234', taken as 1.234 (and 1 more in the column)"),
    ("one price in thousands", {"markets.csv": "site,product,price_per_t\nM,mass,20000\nA,mass,20\nB,mass,21\n"},
     "markets.csv row 2, column price_per_t: is 20,000, and all others are at most 21; check the unit"),
    ("one price in cents", {"markets.csv": "site,product,price_per_t\nM,mass,0.02\nA,mass,20\nB,mass,21\n"},
     "markets.csv row 2, column price_per_t: is 0.02, and all others are at least 20; check the unit"),
    ("a sign that is missing", {"sites.csv": "site,latitude_deg,longitude_deg\nA,52,13\nB,52,14\nM,53,13\nN,52,-13\n",
     "km.csv": "km,A,B,M,N\nA,0,10,30,9\nB,10,0,20,9\nM,30,20,0,9\nN,9,9,9,0\n"},
     "sites.csv row 5, column latitude_deg: is 52 and longitude_deg -13: 1,7"),
    ("trips that cost nothing", {"modes.csv": "mode,distance,cost_per_t_km,trip_capacity_t\nlorry,km,0.1,20\n"},
     "modes.csv row 2, column trip_capacity_t: is 20, and no trip costs, emits or has an end"),
    ("a store of what never comes", {"products.csv": "product,uncollected_cost_per_t\npack,100\nmass,\ngold,\n",
     "markets.csv": "site,product,price_per_t\nM,mass,20\nM,gold,20\n",
     "storage.csv": "type,product,limit_t\nplant,gold,5\n"},
     "storage.csv row 2, column product: is 'gold', which no recipe of 'plant' takes or makes"),
    ("a future without rows", {"scenarios.csv": "scenario\nlow\nhigh\n", "returns.csv":
     "site,product,tonnes,scenario\nA,pack,100,\nA,pack,40,low\n"}, "scenarios.csv row 3, column scenario: has no row"),
]  # fmt: skip
"""What looks odd, the files that say so, and what is asked about it, with its row."""


@pytest.mark.parametrize(("changes", "said"), [case[1:] for case in REMARKS], ids=[case[0] for case in REMARKS])
def test_what_looks_odd_is_asked_with_its_row(tmp_path: Path, changes: Mapping[str, str], said: str) -> None:
    _, remarks = read_with_remarks(small_network(tmp_path, changes))
    assert [remark for remark in map(str, remarks) if said in remark]


def test_nothing_is_asked_about_what_is_in_order(tmp_path: Path) -> None:
    assert read_with_remarks(small_network(tmp_path))[1] == []
    assert read_with_remarks(HAND)[1] == []
    assert remarks_of(example()) == []


def test_check_shows_what_was_understood() -> None:
    """100 t and 60 t return in each of two periods of one year."""
    found = invoke("check", HAND)
    assert found.exit_code == 0
    words = re.sub(r" +", " ", found.stdout)
    for line in ("sites 3, 2 with returns", "candidates 2 open", "pack returns 160 t a year", "price 300"):
        assert line in words
    document = json.loads(invoke("check", HAND, "--json").stdout)
    assert document["valid"] is True
    assert document["returns_t_per_year"] == {"pack": 160}
    assert document["candidates"] == {"open": 2}
    assert document["remarks"] == []
    assert len(document["largest_numbers"]) == 10
    of_levels = [each["place"] for each in document["largest_numbers"] if "Level" in each["place"]]
    assert of_levels
    assert all(re.match(r"\w+: Level \w+, ", place) for place in of_levels)  # the type's name, and the level's


def test_strict_turns_remarks_into_status_2(tmp_path: Path) -> None:
    folder = small_network(tmp_path, {"markets.csv": "site,product,price_per_t\nM,mass,3.330\n"})
    plain, strict = invoke("check", folder), invoke("check", folder, "--strict")
    assert (plain.exit_code, strict.exit_code) == (0, 2)
    assert "1 remark:" in plain.stdout
    assert "taken as 3.33" in strict.stdout
    assert invoke("check", HAND, "--strict").exit_code == 0
