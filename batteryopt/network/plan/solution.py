"""A plan of the network: what stands and what flows, as tables; everything else follows from it and the instance.

The tables hold names and tonnes (or trips), one row for each decision that is not zero. Costs, emissions and what rules
miss are computed from them in `ledger` and `rules`, never taken from a solver.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.plan import chain, haulage, ledger, rules
from batteryopt.network.plan.careers import Career, careers_of
from batteryopt.network.plan.readable import Breach

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "facilities": ("site", "type", "level", "period", "capacity_t"),
    "processed": ("site", "type", "recipe", "period", "tonnes"),
    "shipped": ("origin", "destination", "mode", "product", "period", "tonnes"),
    "trips": ("origin", "destination", "mode", "period", "trips"),
    "stock": ("site", "type", "product", "period", "tonnes"),
    "sold": ("site", "product", "period", "tonnes"),
    "disposed": ("site", "product", "type", "period", "tonnes"),
    "uncollected": ("site", "product", "period", "tonnes"),
}
"""Columns of each table of a solution."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """Decisions of a plan.

    Attributes
    ----------
    facilities
        What stands in each period, at which level; ``capacity_t`` says more where sizes lie between levels (the level
        is then the smallest that is large enough).
    processed
        Tonnes by recipe.
    shipped
        Tonnes by lane, mode and product.
    trips
        Whole trips (and visits of mobile stations) of modes that have them.
    stock
        Tonnes at a period's end, by facility and product.
    sold, disposed, uncollected
        Tonnes that leave the network; ``type`` is empty where disposal needs no facility.
    """

    network: Network
    facilities: pd.DataFrame
    processed: pd.DataFrame
    shipped: pd.DataFrame
    trips: pd.DataFrame
    stock: pd.DataFrame
    sold: pd.DataFrame
    disposed: pd.DataFrame
    uncollected: pd.DataFrame

    def __post_init__(self) -> None:
        for name, columns in COLUMNS.items():
            missing = set(columns) - set(getattr(self, name).columns)
            if missing:
                raise ValueError(f"table '{name}' of a solution lacks the columns {', '.join(sorted(missing))}")

    @classmethod
    def of(cls, network: Network, **tables: pd.DataFrame) -> Solution:
        """Return a solution of some tables; those left out are empty."""
        empty = {name: pd.DataFrame(columns=list(columns)) for name, columns in COLUMNS.items()}
        return cls(network=network, **{**empty, **tables})

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self) if field.name in COLUMNS}

    @cached_property
    def careers(self) -> dict[tuple[str, str], Career]:
        """What becomes of each facility, by site and type."""
        return careers_of(self.network, self.facilities)

    @cached_property
    def shipments(self) -> pd.DataFrame:
        """What travels, with ``km``, ``people_per_km``, ``cost`` and ``emission_kg``; trips are not in them."""
        return haulage.shipments(self)

    @cached_property
    def journeys(self) -> pd.DataFrame:
        """Trips, with ``km``, ``cost`` and ``emission_kg``."""
        return haulage.journeys(self)

    @cached_property
    def breaches(self) -> tuple[Breach, ...]:
        """Every rule that is missed, soft and hard ones."""
        return tuple(rules.breaches(self))

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """Cost terms (columns) by period (rows, then "end" for salvage), discounted, in the network's currency."""
        return ledger.cost_terms(self)

    @cached_property
    def cost_terms(self) -> dict[str, float]:
        """Net present value of each term; what is earned has a minus."""
        return {str(name): float(value) for name, value in self.ledger.sum().items()}

    @property
    def net_present_cost(self) -> float:
        """Sum of all cost terms."""
        return float(sum(self.cost_terms.values()))

    @cached_property
    def emissions_t(self) -> pd.DataFrame:
        """Emissions by source (columns) and period (rows), t CO2e."""
        return ledger.emissions(self)

    @cached_property
    def risk(self) -> float:
        """Tonnes x km x people along a km x hazard, over all shipments."""
        return haulage.risk(self)

    @cached_property
    def collected_t(self) -> pd.DataFrame:
        """Tonnes returned and collected by site, product and period."""
        return chain.collected(self)

    @cached_property
    def kpis(self) -> dict[str, float]:
        """The numbers a planner asks for first."""
        collected, shipped = self.collected_t, self.shipments
        returned = float(collected["returned"].sum())
        gathered = float(collected["collected"].sum())
        tonne_km = float((shipped["tonnes"] * shipped["km"]).sum())
        emissions = float(self.emissions_t.to_numpy().sum())
        return {
            "returned_t": returned,
            "collected_t": gathered,
            "collection_rate": gathered / returned if returned else 1.0,
            "processed_t": float(self.processed["tonnes"].sum()),
            "sold_t": float(self.sold["tonnes"].sum()),
            "disposed_t": float(self.disposed["tonnes"].sum()),
            "tonne_km": tonne_km,
            "emissions_t": emissions,
            "risk": self.risk,
            "cost_per_collected_t": self.net_present_cost / gathered if gathered else 0.0,
            "facilities_at_the_end": float((self.facilities["period"] == self.network.periods[-1].name).sum()),
            "visits": haulage.visits(self),
        }

    def to_json(self) -> dict[str, Any]:
        """Return cost terms, open facilities and figures, as they stand under ``models.design``."""
        columns = ["site", "type", "level", "period"]
        return {
            "cost_terms": self.cost_terms,
            "open_facilities": self.facilities[columns].to_dict(orient="records"),
            "kpis": self.kpis,
            "currency": self.network.currency,
        }
