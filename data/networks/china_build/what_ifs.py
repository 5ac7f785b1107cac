"""Named what-ifs of the networks: purchase prices, policy, prices of what is sold, age from the middle of the year.

They change the networks where these are kindest: there owners are paid nothing, so that nearly all is collected.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.instance import NamedChange, Sizes
from batteryopt.tables.changes import How
from china_build import chain
from china_build import figures as f
from china_build.returns import LFP, NCM, retired_t

Floats = npt.NDArray[np.float64]

BOUGHT, NO_TARGET, LITHIUM, SECOND_LIFE = (
    "packs bought",
    "bought without target",
    "bought with lithium halved",
    "bought with second life halved",
)
MID_YEAR, BELIEVABLE = "sales over the year", "bought and sales over the year"
STEPS = "capacity in steps"


def what_ifs(table: pd.DataFrame, years: tuple[int, ...], tonnes: dict[str, Floats]) -> tuple[NamedChange, ...]:
    """Return the changes of a network whose cities are in a table, with what returns there (cities, years)."""
    found: list[NamedChange] = []
    for name in (BOUGHT, NO_TARGET, LITHIUM, SECOND_LIFE, BELIEVABLE):
        found += _bought(name)
    found.append(_change(NO_TARGET, "collection_targets.penalty_per_t", How.SET, 0))
    found.append(_change(LITHIUM, f"markets[product={chain.LITHIUM}].price_per_t", How.TIMES, 0.5))
    dearer = f"markets[product={chain.SECOND_LIFE}].price_per_t"
    found.append(_change(SECOND_LIFE, dearer, How.SET, f.SECOND_LIFE_DEARER))
    for name in (MID_YEAR, BELIEVABLE):
        found += _mid_year(name, table, years, tonnes)
    found += [
        _change(STEPS, f"types[type={name}].sizes", How.SET, Sizes.LEVELS) for name in (chain.CENTRE, chain.PLANT)
    ]
    return tuple(found)


def _bought(name: str) -> Iterator[NamedChange]:
    for chemistry, price in ((LFP, f.BOUGHT_LFP), (NCM, f.BOUGHT_NCM)):
        yield _change(name, f"returns[product={chain.pack(chemistry)}].acquisition_cost_per_t", How.SET, price)


def _mid_year(
    name: str, table: pd.DataFrame, years: tuple[int, ...], tonnes: dict[str, Floats]
) -> Iterator[NamedChange]:
    """Yield one factor a chemistry and year: all that returns with ages from mid-year over all that does without."""
    for chemistry, known in tonnes.items():
        for year, column in zip(years, known.T, strict=True):
            later = retired_t(table, year, chemistry, first_age_years=f.SALES_IN_THE_MIDDLE)
            key = f"returns[product={chain.pack(chemistry)}].tonnes:{year}"
            yield _change(name, key, How.TIMES, round(float(later.sum() / column.sum()), 4))


def _change(name: str, key: str, how: How, value: float | str) -> NamedChange:
    return NamedChange(name=name, key=key, change=how, value=value if isinstance(value, str) else f"{value:g}")
