"""A commented instance to start from."""

from __future__ import annotations

from pathlib import Path

from batteryopt.ground.files import write_atomically
from batteryopt.tables.toml_output import to_toml
from tests.guide_family.data.instance import SellerInstance


def write_template(path: Path) -> None:
    """Write the example, every key with its meaning and unit."""
    example = SellerInstance(name=path.stem, market_size=10.0, unit_cost=4.0)
    write_atomically(path, "# A seller of batteries.\n" + to_toml(example))
