"""Folders of tables: what is read, that a copy is the same, and that every fault is told with its place."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.network.data import instance as nf
from batteryopt.network.tables import read, write

from .everything import everything
from .same import differences

HAND = Path(__file__).parents[2] / "data" / "networks" / "hand"


FAULTS: list[tuple[str, str, str]] = [
    ("candidates.csv", "site,type,standing\nAston,shredder,opne\n", "is the text 'opne'; did you mean 'open'?"),
    ("candidates.csv", "site,type\nAston,shreder\n", "row 2, column type: 'shreder' is not declared; did you mean"),
    ("candidates.csv", "site,type,may_close\nAston,shredder,perhaps\n", "is the text 'perhaps'; expected yes"),
    ("candidates.csv", "site\nAston\n", "candidates.csv, column type: is missing"),
    ("candidates.csv", "site,type,site\nAston,shredder,Bray\n", "candidates.csv, column site: stands twice"),
    ("candidates.csv", "site,type\nAston,shredder\nAston,shredder\n", "candidates.csv row 3: stands twice"),
    ("candidates.csv", "site,type\nAston,shredder,small\n", "row 2: has 3 cells for 2 columns"),
    ("returns.csv", "site,product,tonnes:third\nAston,pack,1\n", "period 'third' is not declared"),
    ("returns.csv", "site,product,tonnes:first\nAston,pack,1\n", "has numbers for some periods only"),
    ("returns.csv", "site:first,product,tonnes\nAston,pack,1\n", "column site:first: has the period 'first'"),
    ("recipe_products.csv", "type,recipe,product,input_t,output_t\nshredder,shred,pack,1,\n"
     "shredder,shred,black_mass,,1.2\n", "1.2 t come out of 1 t"),
    ("storage.csv", "type,product,longest_stay_periods\nshredder,pack,1.5\n", "is the text '1.5'; expected a who"),
    ("comes_back.csv", "site,bought,product,share,lag_periods\nAston,pack,pack,0.5,1\n", "no market at 'Aston'"),
    ("levels.csv", "type,site,level,capacity_t\nshredder,Cove,small,9\n", "'Cove' is no candidate for 'shredder'"),
    ("level_products.csv", "type,level,product,capacity_t\nshredder,smal,pack,9\n", "'smal' is no level of 'shredder'"),
    ("level_products.csv", "type,site,level,product,capacity_t\nshredder,Bray,small,pack,9\n", "of its own at 'Bray'"),
    ("level_products.csv", "type,level,product,capacity_t\nshredder,small,pack,9\nshredder,small,pack,8\n",
     "level_products.csv row 3: stands twice"),
    ("level_products.csv", "type,level,product,capacity_t\nshredder,small,pakc,9\n", "did you mean 'pack'?"),
    ("level_products.csv", "type,level,product,capacity_t\nshredder,small,pack,-9\n", "is -9.0; expected a"),
    ("level_products.csv", "type,level,product,capacity_t\nshredder,small,pack,9\n", "has no capacity of 'pack', and"),
    ("mode_products.csv", "mode,product,cost_per_t\nlory,pack,1\n", "did you mean 'lorry'?"),
    ("types.csv", "type\nshreder\n", "levels.csv row 2, column type: 'shredder' is not declared"),
    ("road_km.csv", "km,Aston,Bray\nBray,0,1\nAston,1,0\n", "its first column does not repeat its first row"),
    ("road_km.csv", "km,Asten,Y\nAsten,0,1\nY,1,0\n", "road_km.csv: has no site 'Aston'; did you mean 'Asten'?"),
    ("products.csv", "", "products.csv: is empty"),
    ("subsidies.csv", "name,base,rate\nhalf,opening_cost,50\n", "rate: is 50; expected a share of the opening cost"),
]  # fmt: skip
"""A file of the hand network, what stands in it instead, and a part of what is said."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the hand network, to be spoilt."""
    return Path(shutil.copytree(HAND, tmp_path / "network"))


def faults(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(folder)
    return [str(fault) for fault in caught.value.faults]


def test_cells_between_semicolons_are_told(folder: Path) -> None:
    """As spreadsheets save CSV where the comma is in numbers."""
    (folder / "markets.csv").write_text("site;product;price_per_t\nCove;black_mass;300,5\n")
    semicolon, number = faults(folder)
    assert semicolon.startswith("markets.csv: has a semicolon between its cells; save the table with commas")
    assert number.startswith("markets.csv row 2, column price_per_t: is the text '300,5'; expected a number")


def test_degrees_that_there_are_not_are_told_where_great_circles_are_drawn(folder: Path) -> None:
    places = "site,latitude_deg,longitude_deg\nAston,50,1\nBray,152.5,2\nCove,51,-181\n"
    (folder / "sites.csv").write_text(places)
    read(folder)  # all ways are in a table of distances
    modes = folder / "modes.csv"
    modes.write_text(modes.read_text() + "drone" + "," * modes.read_text().splitlines()[-1].count(",") + "\n")
    assert faults(folder) == [
        "sites.csv row 3, column latitude_deg: is 152.5; expected degrees from -90 to 90",
        "sites.csv row 4, column longitude_deg: is -181; expected degrees from -180 to 180",
    ]


def test_what_follows_from_a_fault_is_not_told_again(folder: Path) -> None:
    """A cell that is no number, a period that is unknown, a table that is gone: one fault each, not one a row."""
    returns = folder / "returns.csv"
    returns.write_text("site,product,tonnes:first,tonnes:second\nAston,pack,many,1\nBray,pack,1,1\n")
    assert [fault.split(":")[0] for fault in faults(folder)] == ["returns.csv row 2, column tonnes"]
    returns.write_text("site,product,tonnes:first,tonnes:secnd\nAston,pack,1,1\nBray,pack,1,1\n")
    [unknown] = faults(folder)
    assert "period 'secnd' is not declared; did you mean 'second'?" in unknown
    returns.write_text("site,product,tonnes\nAston,pack,1\nBray,pack,1\n")
    (folder / "sites.csv").unlink()
    gone = [fault for fault in faults(folder) if "road_km" not in fault]
    assert gone == ["sites.csv: is empty, or not there; at least one is needed"]


def rich_network() -> nf.Network:
    """A network that uses every table and most columns, profiles that vary among them."""
    line = nf.LevelProduct(product="pack", capacity_t=1 / 3)
    level = nf.Level(name="S", capacity_t=10.0, opening_cost=(5.0, 4.0), storage_limit_t=3.5, by_product=(line,))
    large = replace(level, name="L", capacity_t=1e6 / 7, opening_cost=5.0, fixed_cost=1e-9, storage_limit_t=7.25)
    outlet = nf.FacilityType(
        name="outlet",
        recipes=(
            nf.Recipe(name="sort", inputs=(("pack", 1.0),), outputs=(("sorted", 1 / 3), ("dust", 0.1)), cost_per_t=0.1),
            nf.Recipe(name="wash", inputs=(("sorted", 0.5), ("pack", 0.5)), outputs=(("dust", 1.0),), capacity_use=2.0),
        ),
        levels=(level, large),
        sizes=nf.Sizes.BETWEEN,
        storage=(nf.Storage(product="sorted", limit_t=2.0, longest_stay_periods=1, holding_cost_per_t=(0.0, 0.2)),),
        life_periods=10.0,
        new_may_close=True,
    )
    km = np.array([[0.0, 12.345678901234567, np.nan], [1.0, 0.0, 2.0], [3.0, 4.0, 0.0]])
    return nf.Network(
        name='Rich, with a "quote" and ü',
        currency="CNY",
        discount_rate=0.06,
        periods=(nf.Period(name="2025"), nf.Period(name="2026", years=2.5)),
        products=(
            nf.Product(name="pack", uncollected_cost_per_t=(1.0, 2.0)),
            nf.Product(name="sorted"),
            nf.Product(name="dust", hazard=0.0),
        ),
        sites=(
            nf.Site(name="A, west", latitude_deg=30.1, longitude_deg=-100.0, region="west", people_per_km=7.0),
            nf.Site(name="B", latitude_deg=31.0, longitude_deg=101.0, electricity_price_per_kwh=(0.7, 0.8)),
            nf.Site(name="北京", latitude_deg=40.2, longitude_deg=116.5),
        ),
        returns=(
            nf.Return(site="A, west", product="pack", tonnes=(1.5, 2.5)),
            nf.Return(site="B", product="pack", tonnes=3.0, acquisition_cost_per_t=9.0, scenario="high"),
        ),
        types=(outlet,),
        candidates=(
            nf.Candidate(site="A, west", type="outlet", standing=nf.Standing.EXISTING, capacity_t=12.0),
            nf.Candidate(site="B", type="outlet", earliest="2026", levels=(replace(level, capacity_t=11.0),)),
        ),
        markets=(
            nf.Market(
                site="B",
                product="sorted",
                price_per_t=(100.0, 90.0),
                least_t=0.0,
                shortfall_penalty_per_t=5.0,
                comes_back=(nf.ComesBack(product="pack", share=0.9, lag_periods=1),),
            ),
            nf.Market(site="B", product="dust", most_t=(4.0, 5.0), scenario="high"),
        ),
        disposals=(nf.Disposal(site="B", product="dust", cost_per_t=-1.0, type="outlet"),),
        modes=(
            nf.Mode(name="road", products=("pack", "dust"), cost_per_t_km=(1.0, 1.5), distance="road_km"),
            nf.Mode(
                name="round",
                is_mobile=True,
                whole_trips=True,
                trip_capacity_t=5.0,
                by_product=(nf.ModeProduct(product="pack", cost_per_t=3.0),),
            ),
        ),
        lanes=(
            nf.Lane(origin="A, west", destination="B", mode="road", distance_km=50.0, extra_cost_per_t=(0.0, 1.0)),
            nf.Lane(origin="B", destination="A, west", is_allowed=False),
        ),
        distances={"road_km": km},
        groups=(nf.Group(name="both", sites=("A, west", "B")),),
        policy=nf.Policy(
            collection_targets=(nf.CollectionTarget(name="t", share=(0.1, 0.2), products=("pack",), group="both"),),
            coverage=(nf.Coverage(name="c", radius_km=100.0, types=("outlet",), sharing=nf.Sharing.EACH, visits=12.0),),
            limits=(nf.Limit(name="l", quantity=nf.Quantity.SOLD, product="dust", most=(1.0, 2.0), penalty=3.0),),
            subsidies=(nf.Subsidy(name="s", base=nf.SubsidyBase.COLLECTED, rate=0.5, most=100.0),),
            carbon_price_per_t=(73.0, 80.0),
            budget=1e7,
            budget_carries_over=True,
        ),
        scenarios=(nf.Scenario(name="low", probability=0.25), nf.Scenario(name="high", probability=0.75)),
        source="made up",
    )


def test_the_hand_network_is_what_its_tables_say() -> None:
    network = read(HAND)
    assert [site.name for site in network.sites] == ["Aston", "Bray", "Cove"]
    assert network.returns == (
        nf.Return(site="Aston", product="pack", tonnes=100.0),
        nf.Return(site="Bray", product="pack", tonnes=60.0),
    )
    assert network.types[0].recipes[0].outputs == (("black_mass", 0.4),)
    assert [level.opening_cost for level in network.types[0].levels] == [5000.0, 8000.0]
    assert network.distances["road"][0, 2] == 200.0
    assert network.discount_factors.tolist() == [1.0, 0.8]


def test_a_copy_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    network = rich_network()
    write(network, tmp_path / "copy")
    assert differences(read(tmp_path / "copy"), network) == []


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    write(rich_network(), tmp_path / "one")
    write(read(tmp_path / "one"), tmp_path / "two")
    one, two = ({f.name: f.read_bytes() for f in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_a_network_with_every_part_of_the_model_survives_its_tables(tmp_path: Path) -> None:
    write(everything(), tmp_path)
    assert differences(read(tmp_path), everything()) == []


@pytest.mark.parametrize("name", ["#1", " pack", "pack; old", "pack\nold"])
def test_a_name_that_no_table_gives_back_is_refused(tmp_path: Path, name: str) -> None:
    network = rich_network()
    with pytest.raises(InvalidInput, match="fits no table"):
        write(replace(network, groups=(nf.Group(name=name, sites=("B",)),), policy=nf.Policy()), tmp_path)


def test_only_columns_that_differ_are_written(tmp_path: Path) -> None:
    write(read(HAND), tmp_path / "copy")
    assert (tmp_path / "copy" / "modes.csv").read_text().splitlines()[0] == "mode,cost_per_t_km,distance"
    assert not (tmp_path / "copy" / "lanes.csv").exists()


def test_a_table_of_an_older_network_does_not_stay_behind(tmp_path: Path) -> None:
    write(rich_network(), tmp_path)
    write(read(HAND), tmp_path)
    assert not (tmp_path / "lanes.csv").exists()
    assert differences(read(tmp_path), read(HAND)) == []


def test_the_toml_file_itself_may_be_named(folder: Path) -> None:
    assert differences(read(folder / "network.toml"), read(folder)) == []


def test_a_column_of_one_period_speaks_before_the_column_of_all(folder: Path) -> None:
    (folder / "returns.csv").write_text("site,product,tonnes,tonnes:second\nAston,pack,100,90\nBray,pack,60,\n")
    assert [row.tonnes for row in read(folder).returns] == [(100.0, 90.0), 60.0]


def test_comments_blank_lines_and_a_byte_order_mark_are_no_rows(folder: Path) -> None:
    text = "\ufeffsite,product,tonnes\n# packs a period\n\nAston,pack,100\n"
    (folder / "returns.csv").write_text(text, encoding="utf-8")
    assert read(folder).returns == (nf.Return(site="Aston", product="pack", tonnes=100.0),)


def test_all_faults_are_told_at_once_each_with_its_place(folder: Path) -> None:
    (folder / "returns.csv").write_text("site,product,tonnes\nAston,pack,many\nBrey,pack,60\nBray,pck,-5\n,pack,1\n")
    (folder / "levels.csv").write_text(
        "type,level,capacity_t,opening_costs\nshredder,small,90,5\nshredder,large,90,8\n"
    )
    (folder / "lane.csv").write_text("origin\n")
    found = "\n".join(faults(folder))
    assert "returns.csv row 2, column tonnes: is the text 'many'; expected a number" in found
    assert "returns.csv row 3, column site: 'Brey' is not declared; did you mean 'Bray'?" in found
    assert "returns.csv row 4, column product: 'pck' is not declared; did you mean 'pack'?" in found
    assert "returns.csv row 4, column tonnes: is -5.0; expected a finite number of at least 0" in found
    assert "returns.csv row 5, column site: is empty" in found
    assert "levels.csv, column opening_costs: unknown column; did you mean 'opening_cost'?" in found
    assert "levels.csv row 3, column capacity_t: is 90; expected more than 'small' has" in found
    assert "lane.csv: unknown table; did you mean 'lanes'?" in found
    assert len(found.splitlines()) == 8


def test_faults_of_the_toml_file_are_told_with_the_tables(folder: Path) -> None:
    text = 'kind = "network"\nperiods = ["first", "second"]\ncurency = "EUR"\ndiscount_rate = "high"\n'
    text += '[policy]\nbudget = [1.0]\ncarbon_price = 5\n[distances]\nroad = "rode_km.csv"\n'
    (folder / "network.toml").write_text(text)
    found = "\n".join(faults(folder))
    assert "network.toml, curency: unknown key; did you mean 'currency'?" in found
    assert "network.toml, discount_rate: is the text 'high'" in found
    assert "network.toml, policy.budget: is a list of 1; expected a number, or a list of 2, one a period" in found
    assert "network.toml, policy.carbon_price: unknown key; did you mean 'carbon_price_per_t'?" in found
    assert "rode_km.csv: there is no such file" in found


@pytest.mark.parametrize(("file", "text", "expected"), FAULTS)
def test_each_kind_of_fault_is_told(folder: Path, file: str, text: str, expected: str) -> None:
    (folder / file).write_text(text)
    assert expected in "\n".join(faults(folder))


def test_a_table_that_is_not_utf_8_is_told(folder: Path) -> None:
    (folder / "sites.csv").write_bytes("site\nMünchen\n".encode("latin-1"))
    assert "sites.csv: is not UTF-8 text (byte 6)" in "\n".join(faults(folder))


def test_a_table_that_cannot_be_read_does_not_make_a_fault_of_every_name_in_it(folder: Path) -> None:
    (folder / "products.csv").write_text("")
    (folder / "road_km.csv").unlink()
    assert [fault.split(";")[0] for fault in faults(folder)] == [
        "products.csv: is empty",
        "road_km.csv: there is no such file",
    ]


def test_a_folder_that_is_none_and_a_game_are_told(tmp_path: Path) -> None:
    assert faults(tmp_path / "nowhere")[0].startswith("folder: there is no such folder")
    (tmp_path / "network.toml").write_text('kind = "coordination"\n')
    assert faults(tmp_path) == ["kind: is 'coordination'; expected kind = \"network\""]


def test_provenance_may_lie_beside_the_tables(folder: Path) -> None:
    (folder / "provenance.csv").write_text("figure,value\nprice,300\n")
    assert read(folder).name == "Two cities and a smelter"


def test_a_matrix_may_have_more_sites_in_another_order_and_holes(folder: Path) -> None:
    (folder / "road_km.csv").write_text(
        "km,Cove,Dale,Bray,Aston\nCove,0,9,150,\nDale,9,0,9,9\nBray,1,9,0,2\nAston,3,9,4,0\n"
    )
    km = read(folder).distances["road"]
    assert km[0].tolist() == [0, 4, 3]
    assert km[2, 1] == 150
    assert np.isnan(km[2, 0])
