"""What the networks of published location problems have in common: stages of sites, each served from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    LevelProduct,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
)
from batteryopt.network.location.numbers import Floats

TABLE, MODE = "unit-cost", "way"
"""The distance table that holds costs a unit, and the mode that takes 1 for each of its kilometres; of several goods
each has a table and a mode, numbered."""


@dataclass(frozen=True, kw_only=True)
class Echelon:
    """Sites of one stage.

    Attributes
    ----------
    products
        What it takes.
    capacity
        Of each product (sites, products), or of the only one (sites).
    unit_costs
        Of bringing a unit here (products, sites of the stage before, sites), or of the only product without the first.
    """

    type: str
    products: Sequence[str]
    sites: Sequence[str]
    capacity: Floats
    opening_cost: Floats
    unit_costs: Floats

    def facilities(self, makes: Sequence[str] | None) -> FacilityType:
        """Return its type, a recipe a product; its sizes stand with the candidates."""
        words = _numbered("serve", len(self.products))
        recipes = (
            Recipe(name=word, inputs=((product, 1.0),), outputs=() if makes is None else ((makes[n], 1.0),))
            for n, (word, product) in enumerate(zip(words, self.products, strict=True))
        )
        return FacilityType(name=self.type, recipes=tuple(recipes), levels=())

    def candidates(self) -> tuple[Candidate, ...]:
        """Return a candidate a site, each with its own capacity and cost."""
        rows = zip(self.sites, np.atleast_2d(self.capacity.T).T, self.opening_cost.tolist(), strict=True)
        return tuple(
            Candidate(site=site, type=self.type, levels=(self._built(own.tolist(), cost),)) for site, own, cost in rows
        )

    def _built(self, capacities: Sequence[float], cost: float) -> Level:
        """Return the one size of a site: of several products each has its capacity, and all together their sum."""
        pairs = zip(self.products, capacities, strict=True) if len(capacities) > 1 else ()
        own = tuple(LevelProduct(product=product, capacity_t=capacity) for product, capacity in pairs)
        return Level(name="built", capacity_t=sum(capacities), opening_cost=cost, by_product=own)


def network_of(name: str, source: str, zones: Sequence[str], demand: Floats, stages: Sequence[Echelon]) -> Network:
    """Return the network in which goods run from zones through the stages, turned round where the problem serves.

    Parameters
    ----------
    demand
        By product (zones, products), or of the only one (zones).
    """
    sites = [*zones, *(site for stage in stages for site in stage.sites)]
    following = [stage.products for stage in stages[1:]]
    goods = stages[0].products
    returns = (
        Return(site=zone, product=product, tonnes=tonnes)
        for zone, row in zip(zones, np.atleast_2d(demand.T).T.tolist(), strict=True)
        for product, tonnes in zip(goods, row, strict=True)
        if tonnes > 0
    )
    tables = _numbered(TABLE, len(goods))
    return Network(
        name=name,
        currency="EUR",
        periods=(Period(name="1"),),
        products=tuple(Product(name=product) for stage in stages for product in stage.products),
        sites=tuple(Site(name=site) for site in sites),
        returns=tuple(returns),
        types=tuple(stage.facilities(makes) for stage, makes in zip(stages, [*following, None], strict=True)),
        candidates=tuple(candidate for stage in stages for candidate in stage.candidates()),
        modes=_modes(tables, stages),
        distances={table: _table(len(zones), stages, len(sites), n) for n, table in enumerate(tables)},
        source=source,
    )


def _numbered(word: str, count: int) -> list[str]:
    """Return a name for each product; the word itself where there is one."""
    return [word] if count == 1 else [f"{word}{n}" for n in range(1, count + 1)]


def _modes(tables: Sequence[str], stages: Sequence[Echelon]) -> tuple[Mode, ...]:
    names = _numbered(MODE, len(tables))
    carried = [None] if len(tables) == 1 else [tuple(s.products[n] for s in stages) for n in range(len(tables))]
    ways = zip(names, tables, carried, strict=True)
    return tuple(Mode(name=name, distance=table, cost_per_t_km=1.0, products=of) for name, table, of in ways)


def _table(zones: int, stages: Sequence[Echelon], size: int, product: int) -> Floats:
    """Return a product's costs a unit from each stage to the next; NaN, no way, elsewhere."""
    table = np.full((size, size), np.nan)
    np.fill_diagonal(table, 0.0)
    first, count = 0, zones
    for stage in stages:
        begin = first + count
        costs = stage.unit_costs if stage.unit_costs.ndim == 2 else stage.unit_costs[product]
        table[first:begin, begin : begin + len(stage.sites)] = costs
        first, count = begin, len(stage.sites)
    return table
