"""What ledger, rules and haulage read of a plan: its tables, and what each of them has made of these for the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.plan.careers import Career


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A rule that a plan does not meet.

    Attributes
    ----------
    rule
        What kind of rule and its name.
    place, period
        Where and when; `ALL` for a group together or the whole plan.
    amount, unit
        By how much.
    penalty
        Price of a unit; None: the rule had to hold.
    """

    rule: str
    place: str
    period: str
    amount: float
    unit: str
    penalty: float | None


class Plan(Protocol):
    """A plan as it can be read: `solution.Solution` is one, and brings the rest of what follows from its tables."""

    @property
    def network(self) -> Network:
        """The instance."""

    @property
    def facilities(self) -> pd.DataFrame:
        """What stands, by period."""

    @property
    def processed(self) -> pd.DataFrame:
        """Tonnes by recipe."""

    @property
    def shipped(self) -> pd.DataFrame:
        """Tonnes by lane, mode and product."""

    @property
    def trips(self) -> pd.DataFrame:
        """Whole trips."""

    @property
    def stock(self) -> pd.DataFrame:
        """Tonnes at the end of each period."""

    @property
    def sold(self) -> pd.DataFrame:
        """Tonnes that markets buy."""

    @property
    def disposed(self) -> pd.DataFrame:
        """Tonnes that are disposed of."""

    @property
    def uncollected(self) -> pd.DataFrame:
        """Tonnes that nobody collects."""

    @property
    def careers(self) -> dict[tuple[str, str], Career]:
        """What becomes of each facility, by site and type."""

    @property
    def shipments(self) -> pd.DataFrame:
        """What travels, with cost and emission."""

    @property
    def journeys(self) -> pd.DataFrame:
        """Trips, with cost and emission."""

    @property
    def collected_t(self) -> pd.DataFrame:
        """Tonnes returned and collected."""

    @property
    def emissions_t(self) -> pd.DataFrame:
        """Emissions by source and period."""

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Every rule that is missed."""
