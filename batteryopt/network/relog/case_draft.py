"""A network under construction from a case: sites with unique names, and the edges that RELOG has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    Disposal,
    FacilityType,
    Floats,
    Group,
    Lane,
    Level,
    Limit,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Product,
    Profile,
    Quantity,
    Recipe,
    Return,
    Site,
    Sizes,
    Standing,
    Storage,
)
from batteryopt.network.relog.chord import chord_km

YARD = "yard of "
"""Begins the names of the types that hold a plant's stock, so that it may store before it opens, as in RELOG."""


@dataclass(kw_only=True)
class CaseDraft:
    """What has been found in a case so far.

    Attributes
    ----------
    digits
        Decimals of a kilometre that distances are rounded to.
    makers, takers
        Sites that send a product, sites that receive it: RELOG has an edge from each to each.
    differences
        What the user must know.
    """

    years: int
    digits: int
    detour_factor: float
    building_years: tuple[int, ...]
    products: list[Product] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    types: list[FacilityType] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    markets: list[Market] = field(default_factory=list)
    disposals: list[Disposal] = field(default_factory=list)
    modes: dict[str, Mode] = field(default_factory=dict)
    lanes: list[Lane] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    carbon_price_per_t: Profile = 0.0
    emission_cap_t: Profile | None = None
    makers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    takers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    differences: list[str] = field(default_factory=list)

    def add_site(self, name: str, other_name: str, point: tuple[float, float]) -> str:
        """Add a place of its own for a centre or a plant, and return the name that it got."""
        taken = {site.name for site in self.sites}
        candidates = [name, other_name, *(f"{other_name} {i}" for i in range(2, len(taken) + 3))]
        name = next(each for each in candidates if each not in taken)
        self.sites.append(Site(name=name, latitude_deg=point[0], longitude_deg=point[1]))
        return name

    def add_plant_type(self, name: str, recipe: Recipe, levels: tuple[Level, ...], *, refunds: bool) -> None:
        """Add a kind of plant whose size may lie anywhere between its two capacities."""
        if name not in {type_.name for type_ in self.types}:
            self.types.append(
                FacilityType(
                    name=name, recipes=(recipe,), levels=levels, sizes=Sizes.BETWEEN, refunds_shrinking=refunds
                )
            )

    def add_plant(self, site: str, type_: str, levels: tuple[Level, ...], initial_t: float) -> None:
        """Add a plant to be, or one that stands already and never closes."""
        shared = next(each.levels for each in self.types if each.name == type_)
        self.candidates.append(
            Candidate(
                site=site,
                type=type_,
                standing=Standing.EXISTING if initial_t > 0 else Standing.OPEN,
                capacity_t=max(initial_t, levels[0].capacity_t) if initial_t > 0 else None,
                may_close=False,
                levels=() if levels == shared else levels,
            )
        )

    def add_yard(self, site: str, type_: str, stores: Iterable[Storage]) -> None:
        """Let a plant's inputs be stored at its site, whether the plant is open or not."""
        name = YARD + type_
        stores = tuple(stores)
        position = next((i for i, each in enumerate(self.types) if each.name == name), None)
        if position is None:
            self.types.append(idle_type(name, stores[0].product, storage=stores))
        else:
            yard = self.types[position]
            self.types[position] = idle_type(name, stores[0].product, storage=(*yard.storage, *stores))
        self.candidates.append(Candidate(site=site, type=name, standing=Standing.EXISTING, may_close=False))

    def network(self, name: str, source: str) -> Network:
        """Return the finished network."""
        self._limit_openings()
        return Network(
            name=name,
            source=source,
            currency="USD",
            periods=tuple(Period(name=str(year)) for year in range(1, self.years + 1)),
            products=tuple(self.products),
            sites=tuple(self.sites),
            returns=tuple(self.returns),
            types=tuple(self.types),
            candidates=tuple(self.candidates),
            markets=tuple(self.markets),
            disposals=tuple(self.disposals),
            modes=tuple(self.modes.values()),
            lanes=tuple(self.lanes),
            distances=self._distances(),
            groups=tuple(self.groups),
            policy=Policy(
                limits=tuple(self.limits),
                carbon_price_per_t=self.carbon_price_per_t,
                emission_cap_t=self.emission_cap_t,
            ),
        )

    def _limit_openings(self) -> None:
        if set(self.building_years) >= set(range(1, self.years + 1)):
            return
        plants = float(len(self.candidates))
        most = tuple(plants if year in self.building_years else 0.0 for year in range(1, self.years + 1))
        self.limits.append(Limit(name="building period", quantity=Quantity.OPENINGS, most=most))

    def _distances(self) -> dict[str, Floats]:
        """Return a matrix a product, with a way only where RELOG has an edge for it."""
        latitude = np.array([site.latitude_deg for site in self.sites], dtype=float)
        longitude = np.array([site.longitude_deg for site in self.sites], dtype=float)
        km = chord_km(latitude, longitude, self.digits)
        position = {site.name: i for i, site in enumerate(self.sites)}
        matrices = {}
        for mode in self.modes.values():
            (product,) = mode.products or ("",)
            edges = np.ix_(
                [position[site] for site in self.makers[product]], [position[site] for site in self.takers[product]]
            )
            matrix = np.full_like(km, np.nan)
            matrix[edges] = km[edges]
            np.fill_diagonal(matrix, np.nan)
            matrices[mode.distance] = matrix
        return matrices


def idle_type(name: str, product: str, storage: tuple[Storage, ...] = ()) -> FacilityType:
    """Return a facility type that processes nothing: it is there for its stock or for its fixed cost."""
    recipe = Recipe(name="none", inputs=((product, 1.0),), outputs=((product, 1.0),))
    return FacilityType(name=name, recipes=(recipe,), levels=(Level(name="0", capacity_t=0.0),), storage=storage)


def mode_name(product: str) -> str:
    """Return the name of the mode that carries a product: RELOG has a freight rate a product."""
    return f"transport of {product}"
