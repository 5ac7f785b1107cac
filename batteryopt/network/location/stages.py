"""What the networks of published location problems have in common: stages of sites, each served from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.location.numbers import Floats

TABLE = "unit-cost"
"""The distance table that holds costs a unit; the one mode takes 1 for each of its kilometres."""


@dataclass(frozen=True, kw_only=True)
class Echelon:
    """Sites of one stage.

    Attributes
    ----------
    product
        What it takes.
    unit_costs
        Of bringing a unit here (sites of the stage before, sites).
    """

    type: str
    product: str
    sites: Sequence[str]
    capacity: Floats
    opening_cost: Floats
    unit_costs: Floats

    def facilities(self, makes: str | None) -> FacilityType:
        """Return its type; its sizes stand with the candidates."""
        outputs = () if makes is None else ((makes, 1.0),)
        recipe = Recipe(name="serve", inputs=((self.product, 1.0),), outputs=outputs)
        return FacilityType(name=self.type, recipes=(recipe,), levels=())

    def candidates(self) -> tuple[Candidate, ...]:
        """Return a candidate a site, each with its own capacity and cost."""
        figures = zip(self.sites, self.capacity.tolist(), self.opening_cost.tolist(), strict=True)
        return tuple(
            Candidate(site=site, type=self.type, levels=(Level(name="built", capacity_t=capacity, opening_cost=cost),))
            for site, capacity, cost in figures
        )


def network_of(name: str, source: str, zones: Sequence[str], demand: Floats, stages: Sequence[Echelon]) -> Network:
    """Return the network in which goods run from zones through the stages, turned round where the problem serves."""
    sites = [*zones, *(site for stage in stages for site in stage.sites)]
    following = [stage.product for stage in stages[1:]]
    returns = zip(zones, demand.tolist(), strict=True)
    return Network(
        name=name,
        currency="EUR",
        periods=(Period(name="1"),),
        products=tuple(Product(name=stage.product) for stage in stages),
        sites=tuple(Site(name=site) for site in sites),
        returns=tuple(Return(site=z, product=stages[0].product, tonnes=t) for z, t in returns if t > 0),
        types=tuple(stage.facilities(makes) for stage, makes in zip(stages, [*following, None], strict=True)),
        candidates=tuple(candidate for stage in stages for candidate in stage.candidates()),
        modes=(Mode(name="way", distance=TABLE, cost_per_t_km=1.0),),
        distances={TABLE: _table(len(zones), stages, len(sites))},
        source=source,
    )


def _table(zones: int, stages: Sequence[Echelon], size: int) -> Floats:
    """Return costs a unit from each stage to the next; NaN, no way, elsewhere."""
    table = np.full((size, size), np.nan)
    np.fill_diagonal(table, 0.0)
    first, count = 0, zones
    for stage in stages:
        begin = first + count
        table[first:begin, begin : begin + len(stage.sites)] = stage.unit_costs
        first, count = begin, len(stage.sites)
    return table
