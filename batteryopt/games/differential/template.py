"""A commented instance to start from."""

from __future__ import annotations

from pathlib import Path

from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.ground.files import write_atomically
from batteryopt.tables.toml_output import to_toml

HEADER = """\
# An instance of the differential game. A manufacturer makes two vehicles and builds up their energy efficiency m by
# green innovation g, m' = mu g - eta m; it earns credits for every vehicle, and sells through a retailer who sets the
# retail prices. The general form, with any number of vehicles, efficiency levels and retailers, has matrices in place
# of numbers; it is announced by the key price_effect.
#
#   batteryopt check FILE                                        is everything in order?
#   batteryopt solve FILE                                        every model, by formula and by optimiser
#   batteryopt sweep FILE --vary credit_price=1:7:25 --out sweep.csv
#
# The numbers below are an example in no real currency: put yours in their place. Time is in months, money and
# quantities may be in any units as long as they are the same throughout. Keys without a value are not asked for: remove
# the # and give a number or a list. What stands under [horizon] and [constraints] only the optimiser can carry
# (--route optimizer). A credit price that changes may come from a table:
#   credit_price_file = "credit-prices.csv"     with the columns time and credit_price, beside this file

"""


def write_template(path: Path) -> None:
    """Write the example instance, every key with its meaning and unit, as a TOML file."""
    example = BASE_CASE.replace(name=path.stem, source="say here where your numbers come from")
    write_atomically(path, HEADER + to_toml(example))
