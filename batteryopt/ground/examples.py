"""Instances that come with batteryopt, in a clone and in a wheel."""

from __future__ import annotations

from pathlib import Path

from batteryopt.ground.errors import Fault, InvalidInput

PACKAGE = Path(__file__).parents[1]
PLACES = (PACKAGE / "data", PACKAGE.parent / "data")
"""Where a wheel has them (``setup.py`` copies them there), and where a clone has them."""
GAME = "coordination/table2.toml"
PROVINCE = "networks/china-province"


def example(name: str) -> Path:
    """Return the file or folder of an example.

    Parameters
    ----------
    name
        Its path in ``data/``: `GAME` and `PROVINCE` come with every installation.

    Raises
    ------
    InvalidInput
        If this installation does not have it.
    """
    for place in PLACES:
        if (place / name).exists():
            return place / name
    fault = Fault(
        place=name,
        problem="does not come with this installation",
        remedy=f"install batteryopt anew, or from a clone, which has it as data/{name}",
    )
    raise InvalidInput("examples", [fault])
