"""Named changes to a network, as a table keeps them: what a planner asks "what if" about, one row a change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from batteryopt.network.data.entity import Entity
from batteryopt.network.data.fields import OwnName
from batteryopt.tables.changes import How


@dataclass(frozen=True, kw_only=True)
class NamedChange(Entity):
    """One change of a what-if; those of one name are made together, in the order of their rows.

    Attributes
    ----------
    name
        Of the what-if; that of a scenario says what is different in it.
    key
        What is changed: a setting (discount_rate, policy.carbon_price_per_t) or a column of a table, of all rows or of
        those that match: returns.tonnes, markets[product=black_mass].price_per_t.
    change
        Whether the value is put there, multiplies what is there, or is added to it.
    value
        As it would be typed there; times and plus take a number.
    """

    KEY: ClassVar[tuple[str, ...]] = ("name", "key", "change")

    name: OwnName
    key: OwnName
    change: How
    value: OwnName

    def __post_init__(self) -> None:
        if isinstance(self.value, int | float) and not isinstance(self.value, bool):
            object.__setattr__(self, "value", repr(self.value))
        super().__post_init__()
