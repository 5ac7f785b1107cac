"""A commented instance to start from."""

from __future__ import annotations

from pathlib import Path

from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.ground.files import write_atomically
from batteryopt.tables.toml_output import to_toml

HEADER = """\
# An instance of the coordination game. A manufacturer sells vehicles through a retailer at the wholesale price w, and
# offers a recycling service that brings batteries back. The usable ones go to an echelon-use enterprise at the transfer
# price w_t, which sells them for a second life; the others are scrapped.
#
#   batteryopt check FILE                                        is everything in order?
#   batteryopt solve FILE                                        every model, by formula and by optimiser
#   batteryopt sweep FILE --vary usable_share=0.3:0.9:25 --out sweep.csv --plot sweep.html
#
# The numbers below are an example in no real currency: put yours in their place. Money and quantities may be in any
# units as long as they are the same throughout. Keys without a value, at the end, are constraints that are not asked
# for: remove the # and give a number.

"""


def write_template(path: Path) -> None:
    """Write the example instance, every key with its meaning and unit, as a TOML file."""
    example = TABLE_2_INSTANCE.replace(name=path.stem, source="say here where your numbers come from")
    write_atomically(path, HEADER + to_toml(example))
