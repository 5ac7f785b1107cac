"""The network's normal form: what CSV tables, importers and generators all become, and what the model is built from.

A node is a `Site`, and every site, product and period has one balance::

    returns + came back + received + made + stock before = sent + used + sold + disposed + uncollected + stock after

A chain (pack -> collected pack -> tested pack -> second-life pack or scrap -> black mass -> metals) is data: it is in
the recipes of the facility types. Nothing is passed on without being worked on or stored: what a site sends is its own
(returned, come back, made or from stock), and what it receives an open facility, a market or a disposal takes there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from batteryopt.ground.errors import Fault, InvalidInput, nearest
from batteryopt.ground.named import named
from batteryopt.network.data.entity import refuse_other_parts
from batteryopt.network.data.entity_faults import EntityFault, InvalidNetwork, fault_in
from batteryopt.network.data.facilities import (
    Candidate,
    FacilityType,
    Level,
    LevelProduct,
    Recipe,
    Sizes,
    Standing,
    Storage,
)
from batteryopt.network.data.faults import faults_of
from batteryopt.network.data.fields import is_finite
from batteryopt.network.data.flows import (
    GREAT_CIRCLE,
    ComesBack,
    Disposal,
    Lane,
    Market,
    Mode,
    ModeProduct,
    Period,
    Product,
    Profile,
    Return,
    Scenario,
    Site,
)
from batteryopt.network.data.policy import (
    CollectionTarget,
    Coverage,
    Group,
    Limit,
    Policy,
    Quantity,
    Sharing,
    Subsidy,
    SubsidyBase,
)
from batteryopt.network.data.unjudged import UnjudgedNetwork
from batteryopt.network.data.what_ifs import NamedChange
from batteryopt.tables.changes import Changes, changes_of
from batteryopt.tables.input_faults import show

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
RowT = TypeVar("RowT", Return, Market)

__all__ = [
    "GREAT_CIRCLE",
    "Candidate",
    "CollectionTarget",
    "ComesBack",
    "Coverage",
    "Disposal",
    "FacilityType",
    "Group",
    "InvalidNetwork",
    "Lane",
    "Level",
    "LevelProduct",
    "Limit",
    "Market",
    "Mode",
    "ModeProduct",
    "NamedChange",
    "Network",
    "Period",
    "Policy",
    "Product",
    "Profile",
    "Quantity",
    "Recipe",
    "Return",
    "Scenario",
    "Sharing",
    "Site",
    "Sizes",
    "Standing",
    "Storage",
    "Subsidy",
    "SubsidyBase",
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Network(UnjudgedNetwork):
    """An instance: sites, what returns there, what may stand there, what may travel, and the rules.

    Attributes
    ----------
    name
        For titles.
    currency
        Of every price and cost; three letters by custom.
    discount_rate
        A year; the first period is not discounted.
    distances
        Matrices (sites, sites) in km by name, in the order of ``sites``; NaN where there is no way.
    scenarios
        Empty: one future. Rows with a scenario's name belong to it, rows without to all.
    changes
        Named what-ifs: `what_if` makes their changes.
    source
        Where the data come from.

    Raises
    ------
    InvalidNetwork
        With every fault at once: names that are not declared, numbers out of range, profiles of the wrong length.
    """

    kind: ClassVar[str] = "network"

    def __post_init__(self) -> None:
        refuse_other_parts(self, str(self.name))
        faults = [*_odd_settings(self)] or faults_of(self)
        if faults:
            raise InvalidNetwork(self.name, faults)

    def __repr__(self) -> str:
        counts = (len(self.sites), len(self.products), len(self.candidates), len(self.modes), len(self.periods))
        words = ("sites", "products", "candidates", "modes", "periods")
        return f"Network {self.name!r}: " + ", ".join(f"{n} {word}" for n, word in zip(counts, words, strict=True))

    @classmethod
    def from_frames(
        cls,
        frames: Mapping[str, pd.DataFrame],
        *,
        distances: Mapping[str, pd.DataFrame] | None = None,
        **settings: Any,
    ) -> Network:
        """Return the network that tables say, each a DataFrame with the columns of its CSV file.

        Parameters
        ----------
        frames
            By the table's name: ``returns``, ``markets`` ...
        distances
            Matrices in km by name, with the names of sites on both sides.
        settings
            As in ``network.toml``: ``name``, ``currency``, ``periods``, ``discount_rate``, ``policy`` ...

        Raises
        ------
        InvalidInput
            With every fault at once, each with its table, row and column.
        """
        found: Network = _frames("read_frames")(frames, distances or {}, settings)
        return found

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table that has rows as a DataFrame, with the columns of its CSV file."""
        found: dict[str, pd.DataFrame] = _frames("frames_of")(self)
        return found

    def settings(self) -> dict[str, Any]:
        """Return all that stands in no table: with it and `tables`, `from_frames` gives the network again."""
        found: dict[str, Any] = _frames("settings_of_frames")(self)
        return found

    def replace(self, **changes: Any) -> Network:
        """Return a validated copy with some fields changed, those of its policy among them.

        A table may be given as a DataFrame: ``network.replace(returns=frame, discount_rate=0.03)``.

        Raises
        ------
        InvalidInput
            If a field is unknown, or with every fault of the changed network.
        """
        found: Network = _frames("with_changes")(self, changes)
        return found

    def changed(self, changes: Changes) -> Network:
        """Return a validated copy with some numbers changed.

        Parameters
        ----------
        changes
            By key, the new value or what `batteryopt.times` and `batteryopt.plus` give. A key is a setting
            (``discount_rate``, ``policy.carbon_price_per_t``) or a column of a table, all rows or those that match:
            ``returns.tonnes``, ``markets[product=black_mass].price_per_t``; ``:2027`` behind it means one period.

        Raises
        ------
        InvalidInput
            With every fault: keys that name nothing or no row, and values out of range.
        """
        found: Network = named("batteryopt.network.tables.changed:changed")(self, changes_of(changes))
        return found

    @property
    def what_ifs(self) -> tuple[str, ...]:
        """The names of the what-ifs in the table ``changes``."""
        return tuple(dict.fromkeys(row.name for row in self.changes))

    def what_if(self, name: str) -> Network:
        """Return a validated copy with the changes of a what-if of the table ``changes``, or raise `InvalidInput`."""
        changes = named("batteryopt.network.tables.changed:changes_called")(self, name)
        found: Network = named("batteryopt.network.tables.changed:changed")(self, changes)
        return found

    def in_scenario(self, name: str) -> Network:
        """Return the instance of one scenario: its rows without those of the others, with the changes of its name.

        Where a site and product have a row of the scenario beside one of all scenarios, the scenario's holds. Then the
        rows of the table ``changes`` that have the scenario's name are made, in their order.

        Raises
        ------
        InvalidInput
            If there is no such scenario.
        """
        names = [scenario.name for scenario in self.scenarios]
        if name not in names:
            remedy = nearest(name, names) if names else "leave it out: this network has one future"
            raise InvalidInput(self.name, [Fault(place="scenario", problem=f"'{name}' is unknown", remedy=remedy)])
        returns, markets = of_scenario(self.returns, name), of_scenario(self.markets, name)
        what_ifs = tuple(row for row in self.changes if row.name not in names)
        one = dataclasses.replace(self, returns=returns, markets=markets, scenarios=(), changes=what_ifs)
        if name not in self.what_ifs:
            return one
        changes = named("batteryopt.network.tables.changed:changes_called")(self, name)
        found: Network = named("batteryopt.network.tables.changed:changed")(one, changes)
        return found

    @property
    def only_future(self) -> Network:
        """The network with its one scenario taken for what will come; itself where there are none or several."""
        return self.in_scenario(self.scenarios[0].name) if len(self.scenarios) == 1 else self


def _odd_settings(network: Network) -> Iterator[EntityFault]:
    """Yield settings that are nothing of the kind that they should be."""
    for name in ("name", "currency", "source"):
        value = getattr(network, name)
        if not isinstance(value, str):
            yield fault_in(network, name, f"is {show(value)}", "expected a text")
    rate = network.discount_rate
    if not isinstance(rate, int | float) or isinstance(rate, bool) or not is_finite(rate):
        yield fault_in(network, "discount_rate", f"is {show(rate)}", "expected a rate a year (0.05 is 5 %)")
    tables = network.distances
    if not isinstance(tables, Mapping) or not all(isinstance(table, np.ndarray) for table in tables.values()):
        yield fault_in(network, "distances", f"is {show(tables)}", "expected matrices in km by name")


def _frames(name: str) -> Callable[..., Any]:
    """Return a function of the tables' room, which stands above: the arrow is turned round by name."""
    found: Callable[..., Any] = named(f"batteryopt.network.tables.frames:{name}")
    return found


def of_scenario(rows: Iterable[RowT], name: str) -> tuple[RowT, ...]:
    """Return the rows that hold in a scenario: its own, and those of all that it has no row instead of."""
    rows = tuple(rows)
    own = {(row.site, row.product) for row in rows if row.scenario == name}
    mine = (r for r in rows if r.scenario == name or (not r.scenario and (r.site, r.product) not in own))
    return tuple(dataclasses.replace(row, scenario="") for row in mine)
