"""A model being written: the instance, its sets and mass bounds, and the formulation that the parts add to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.data.instance import Network
from batteryopt.network.data.round_figures import RoundFigures, round_figures
from batteryopt.network.formulation.algebra import Floats, Formulation, Index, Terms
from batteryopt.network.formulation.reach import Reach
from batteryopt.network.formulation.sets import Sets

COST_TERMS = (
    *("acquisition", "opening", "closing", "fixed", "variable", "transport", "holding", "disposal", "uncollected"),
    *("carbon", "penalties", "revenue", "subsidy", "salvage"),
)
"""Accounts that sum to the net present cost; what is earned stands in them with a minus."""

EMISSIONS, RISK, COLLECTION = "emissions", "risk", "collection"
"""Accounts of the other objectives: t CO2e; tonnes x km x people along a km; tonnes collected."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """What every part of the model is given.

    Attributes
    ----------
    is_tight
        Whether cuts are added and bounds cut to the masses that can be there.
    km
        Length of the lane of each variable, by family.
    """

    network: Network
    sets: Sets
    reach: Reach
    m: Formulation
    is_tight: bool = True
    km: dict[str, Floats] = field(default_factory=dict)

    @cached_property
    def rounds(self) -> dict[int, RoundFigures]:
        """What rounds are expected to take, by mode that makes them."""
        modes = enumerate(self.network.modes)
        return {m: round_figures(self.network, mode) for m, mode in modes if mode.visits_per_period is not None}

    @cached_property
    def discount(self) -> Floats:
        """Value today of money in each period (T)."""
        return self.network.discount_factors

    def each_period(self, over: Index) -> Index:
        """Return an index's rows, once for each period."""
        return over.over("period", self.sets.T)

    def pay(self, account: str, terms: Terms, price: Floats | float = 1.0) -> None:
        """Charge terms (with a period each) times a price, discounted, to a cost term."""
        self.m.charge(account, terms * price * self.discount[terms["period"]])

    def emit(self, terms: Terms, kg: Floats | float) -> None:
        """Count emissions of so many kg CO2e a unit."""
        self.m.charge(EMISSIONS, terms * (np.asarray(kg) / KG_PER_T))
