"""The frozen instance."""

from __future__ import annotations

import os
from typing import ClassVar

from batteryopt.tables.toml_input import TomlInstance, from_table, load_table, quantity


class SellerInstance(TomlInstance):
    """A seller sets the price p of ``a - p`` batteries that cost him c each."""

    kind: ClassVar[str] = "seller"

    market_size: float = quantity("batteries a that go at price zero", unit="batteries", gt=0)
    unit_cost: float = quantity("cost c of a battery", unit="money/battery", ge=0)


def read(path: str | os.PathLike[str]) -> SellerInstance:
    """Return the instance in a TOML file, or raise `InvalidInput` with all its faults."""
    return from_table(load_table(path), SellerInstance, source=str(path))
