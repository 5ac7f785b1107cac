"""Networks from Python: DataFrames in and out, copies with changes, names that only look alike, a short repr."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import batteryopt
from batteryopt.ground.errors import InvalidInput, nearest
from batteryopt.network.data.instance import Network
from batteryopt.network.tables import read
from batteryopt.network.tables.example import example

from .everything import everything
from .same import differences
from .small import faults_at, small_network

DATA = Path(__file__).parents[2] / "data"
HAND = DATA / "networks" / "hand"


@pytest.mark.parametrize("network", [example(), everything(), read(HAND)], ids=["example", "everything", "hand"])
def test_tables_give_the_network_again(network: Network) -> None:
    again = Network.from_frames(network.tables(), **network.settings())
    assert differences(again, network) == []


def test_a_fault_of_a_frame_is_told_with_its_place() -> None:
    network = read(HAND)
    frames = network.tables()
    frames["returns"] = pd.DataFrame({"site": ["Aston", "Brey"], "product": "pack", "tonnes": [100, -5]})
    frames["lane"] = pd.DataFrame()
    with pytest.raises(InvalidInput) as caught:
        Network.from_frames(frames, **network.settings())
    said = [str(fault) for fault in caught.value.faults]
    assert "frame lane: unknown table; did you mean 'lanes'?" in said
    assert "frame returns row 1, column site: 'Brey' is not declared; did you mean 'Bray'?" in said
    assert any(line.startswith("frame returns row 1, column tonnes: is -5") for line in said)


def test_a_copy_has_what_was_changed() -> None:
    network = read(HAND)
    returns = pd.DataFrame({"site": ["Aston"], "product": ["pack"], "tonnes": [80.0]})
    changed = network.replace(returns=returns, discount_rate=0.03, carbon_price_per_t=50.0)
    assert [row.tonnes for row in changed.returns] == [80.0]
    assert (changed.discount_rate, changed.policy.carbon_price_per_t) == (0.03, 50.0)
    assert network.discount_rate == 0.25
    assert differences(network.replace(), network) == []
    with pytest.raises(InvalidInput, match="discount_rat: unknown field; did you mean 'discount_rate'"):
        network.replace(discount_rat=0.03)
    with pytest.raises(InvalidInput, match="discount_rate: is 5; expected a rate"):
        network.replace(discount_rate=5)


def test_a_network_is_shown_in_a_line() -> None:
    assert len(repr(read(HAND))) < 120
    assert "3 sites" in repr(read(HAND))


@pytest.mark.parametrize("instance", ["coordination/table2.toml", "networks/hand"])
def test_a_misspelt_model_is_told_with_the_right_name(instance: str) -> None:
    game = batteryopt.read(DATA / instance)
    word, right = ("contarct", "contract") if instance.endswith("toml") else ("desing", "design")
    with pytest.raises(InvalidInput, match=f"'{word}' is no model of kind .*; did you mean '{right}'"):
        batteryopt.solve(game, [word])


def test_names_that_only_look_alike_are_told_as_that(tmp_path: Path) -> None:
    """A joiner of no width; an e with an accent in one character and in two."""
    (found,) = faults_at(tmp_path / "one", {"returns.csv": "site,product,tonnes\nA\u200b,pack,100\n"})
    assert "'A' is known, and differs only by characters that cannot be seen: U+200B; type the name anew" in found
    sites = "site\nA\nB\nM\nOrl\u00e9ans\nOrle\u0301ans\n"
    km = "km,A,B,M,Orl\u00e9ans,Orle\u0301ans\n"
    km += "".join(f"{name},1,1,1,1,1\n" for name in ("A", "B", "M", "Orl\u00e9ans", "Orle\u0301ans"))
    (found,) = faults_at(tmp_path / "two", {"sites.csv": sites, "km.csv": km})
    assert "sites.csv row 6, column site: 'Orle\u0301ans' looks like 'Orl\u00e9ans'" in found
    assert nearest("Koln", ["Köln"]) == "did you mean 'Köln'?"
    read(small_network(tmp_path / "three"))
