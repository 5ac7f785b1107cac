"""The network that `new` writes: complete, readable, explained."""

from __future__ import annotations

from pathlib import Path

import pytest

from batteryopt.families import FAMILIES
from batteryopt.ground.errors import InvalidInput
from batteryopt.network.tables import read
from batteryopt.network.tables.example import example
from batteryopt.network.tables.schema import TABLES
from batteryopt.network.tables.template import columns_page, write_template

from .optimum import least_cost
from .same import differences


def test_the_template_reads_back_and_has_a_plan(tmp_path: Path) -> None:
    write_template(tmp_path / "mine")
    network = read(tmp_path / "mine")
    assert differences(network, example()) == []
    assert least_cost(network) < 0  # metal is sold for more than all costs


def test_every_table_opens_with_what_it_holds(tmp_path: Path) -> None:
    write_template(tmp_path)
    for file in tmp_path.glob("*.csv"):
        assert file.read_text().startswith(f"# {TABLES[file.stem].about}\n")


def test_every_column_is_explained() -> None:
    page = columns_page()
    for table in TABLES.values():
        section = page.split(f"## {table.name}.csv")[1].split("\n## ")[0]
        assert all(f"| `{column.name}`" in section for column in table.columns)
    assert "| `carbon_price_per_t`* |" in page


def test_a_network_is_never_overwritten_unasked(tmp_path: Path) -> None:
    network, place = FAMILIES["network"], tmp_path / "mine"
    network.write_template(place)
    table = place / "sites.csv"
    table.write_text(table.read_text() + "Mine,50,10\n")
    with pytest.raises(InvalidInput, match="there is one already"):
        network.write_template(place)
    assert table.read_text().endswith("Mine,50,10\n")
    network.write_template(place, overwrite=True)
    assert "Mine" not in table.read_text()
