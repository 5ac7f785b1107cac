"""Random small networks with everything that a network may have, in random combinations, each the same for its seed.

Money is in tens and hundreds, masses in tens of tonnes, so that both routes solve one in about a second; `scaled`
in `tests/network/changes.py` makes them tiny or large. Some are refused when they are made: the caller counts them.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from typing import Any

import numpy as np

from batteryopt.network.data.instance import (
    GREAT_CIRCLE,
    ComesBack,
    Disposal,
    FacilityType,
    Group,
    Lane,
    Level,
    LevelProduct,
    Market,
    Mode,
    ModeProduct,
    Network,
    Period,
    Product,
    Return,
    Site,
)
from tests.network.draw import Draw
from tests.network.random_facilities import random_candidates, random_types, with_initial_stock
from tests.network.random_policy import random_policy


def random_network(seed: int) -> Network:
    """Return the network of a seed; in some, drawn apart from the rest, goods are kept together, or sizes have lines.

    Raises
    ------
    InvalidNetwork
        If what was drawn does not go together.
    """
    together = _kept_together(_drawn(Draw(seed)), random.Random(f"together {seed}"))
    return _with_lines(together, random.Random(f"lines {seed}"))


def _with_lines(network: Network, own: random.Random) -> Network:
    """Return the network, one in four with capacities of single products: shares of what each size takes in all."""
    if own.random() > 0.25:
        return network
    types, shares = [], {}
    for kind in network.types:
        inputs = sorted({product for recipe in kind.recipes for product, _ in recipe.inputs})
        shares[kind.name] = {product: round(own.uniform(0.1, 1.1), 2) for product in inputs if own.random() < 0.6}
        types.append(dataclasses.replace(kind, levels=_lines(kind.levels, shares[kind.name])))
    places = tuple(dataclasses.replace(c, levels=_lines(c.levels, shares[c.type])) for c in network.candidates)
    return dataclasses.replace(network, types=tuple(types), candidates=places)


def _lines(levels: tuple[Level, ...], shares: Mapping[str, float]) -> tuple[Level, ...]:
    def of(level: Level) -> tuple[LevelProduct, ...]:
        return tuple(LevelProduct(product=p, capacity_t=level.capacity_t * share) for p, share in shares.items())

    return tuple(dataclasses.replace(level, by_product=of(level)) for level in levels)


def _kept_together(network: Network, own: random.Random) -> Network:
    """Return the network, one in four with single destinations: of some returns, some modes or all returns."""
    if own.random() > 0.25:
        return network
    returns = tuple(dataclasses.replace(row, single_source=own.random() < 0.5) for row in network.returns)
    modes = tuple(dataclasses.replace(mode, single_source=own.random() < 0.3) for mode in network.modes)
    policy = dataclasses.replace(network.policy, single_source=own.random() < 0.3)
    return dataclasses.replace(network, returns=returns, modes=modes, policy=policy)


def _drawn(d: Draw) -> Network:
    chain = d.one("short", "long", "long", "split")
    products = _products(d, chain)
    names = [product.name for product in products]
    types = random_types(d, chain)
    candidates = random_candidates(d, types)
    types = tuple(with_initial_stock(d, kind, candidates) for kind in types)
    modes = _modes(d, names)
    groups = (Group(name="some", sites=d.some(d.sites)),) if d.maybe() else ()
    return Network(
        name=f"random {d.seed}",
        currency="EUR",
        discount_rate=d.one(0.0, 0.0, 0.05, 0.05, 0.25, 0.25, -0.05),
        periods=tuple(Period(name=f"p{t + 1}", years=d.one(1.0, 1.0, 2.0)) for t in range(d.periods)),
        products=products,
        sites=_sites(d),
        returns=_returns(d, names),
        types=types,
        candidates=candidates,
        markets=_markets(d, names),
        disposals=_disposals(d, names, types),
        modes=modes,
        lanes=_lanes(d, modes),
        distances={"road": _distances(d)},
        groups=groups,
        policy=random_policy(d, types, names, modes, [group.name for group in groups]),
        source="drawn at random",
    )


def _products(d: Draw, chain: str) -> tuple[Product, ...]:
    names = {
        "short": ["pack", "metal"],
        "long": ["pack", "checked", "metal"],
        "split": ["pack", "checked", "scrap", "metal"],
    }[chain]
    return tuple(Product(name=name, uncollected_cost_per_t=_leaving(d, name)) for name in names)


def _leaving(d: Draw, name: str) -> Any:
    if name == "pack":
        return d.profile(0, 60) if d.chance(0.85) else None
    return d.number(0, 30) if d.chance(0.1) else None


def _sites(d: Draw) -> tuple[Site, ...]:
    return tuple(
        Site(
            name=name,
            latitude_deg=round(50 + d.random.uniform(0, 0.6), 3),
            longitude_deg=round(10 + d.random.uniform(0, 0.9), 3),
            region=d.one("", "north", "south"),
            electricity_price_per_kwh=d.profile(0, 0.4) if d.maybe() else 0.0,
            electricity_kg_per_kwh=d.profile(0, 2) if d.maybe() else 0.0,
        )
        for name in d.sites
    )


def _returns(d: Draw, names: list[str]) -> tuple[Return, ...]:
    zones = d.some(d.sites)
    rows = [_return(d, site, "pack", 80) for site in zones]
    if d.maybe():
        rows.append(_return(d, d.one(*d.sites), names[1], 30))
    return tuple(rows)


def _return(d: Draw, site: str, product: str, most: float) -> Return:
    price = d.profile(-3, 8) if d.maybe() else 0.0
    return Return(site=site, product=product, tonnes=d.profile(0, most), acquisition_cost_per_t=price)


# ---- ends and ways -------------------------------------------------------------------------------------------------


def _markets(d: Draw, names: list[str]) -> tuple[Market, ...]:
    rows = []
    for product in names[1:]:
        for site in d.some(d.sites) if product == names[-1] or d.maybe() else ():
            rows.append(_market(d, site, product))
    return tuple(rows)


def _market(d: Draw, site: str, product: str) -> Market:
    most = d.number(5, 90) if d.maybe() else None
    least = None
    if d.maybe():
        least = tuple(min(d.number(0, 20), 20 if most is None else most) for _ in range(d.periods))
        least = least if d.chance(0.5) else min(least)
    back: list[ComesBack] = []
    if d.chance(0.2 + d.density / 2):
        lags = d.some([0, 1, 2])
        shares = [d.one(0.2, 0.5, 0.8), d.one(0.1, 0.2), 0.0]
        back = [
            ComesBack(product=d.one("pack", "pack", product), share=share, lag_periods=lag)
            for lag, share in zip(lags, shares, strict=False)
            if share
        ]
    return Market(
        site=site,
        product=product,
        price_per_t=d.profile(-10, 80) if d.chance(0.8) else d.profile(40, 250),
        most_t=most,
        least_t=least,
        shortfall_penalty_per_t=d.number(0, 90) if d.chance(0.8) else None,
        emission_kg_per_t=d.profile(-400, 50) if d.maybe() else 0.0,
        comes_back=tuple(back),
    )


def _disposals(d: Draw, names: list[str], types: tuple[FacilityType, ...]) -> tuple[Disposal, ...]:
    rows: dict[tuple[str, str, str], Disposal] = {}
    for product in names:
        if d.chance(0.75 if product != "pack" else 0.15):
            kind = d.one("", "", *(kind.name for kind in types))
            for site in d.some(d.sites):
                rows[site, product, kind] = _disposal(d, site, product, kind)
                if d.chance(0.2):
                    rows[site, product, ""] = _disposal(d, site, product, "")
    return tuple(rows.values())


def _disposal(d: Draw, site: str, product: str, kind: str) -> Disposal:
    return Disposal(
        site=site,
        product=product,
        cost_per_t=d.profile(-4, 30),
        most_t=d.profile(3, 40) if d.maybe() else None,
        emission_kg_per_t=d.profile(0, 200) if d.maybe() else 0.0,
        type=kind,
    )


def _modes(d: Draw, names: list[str]) -> tuple[Mode, ...]:
    return tuple(_mode(d, name, names) for name in ("lorry", "rail", "round")[: d.one(1, 2, 2, 3)])


def _mode(d: Draw, name: str, names: list[str]) -> Mode:
    counts_trips = name == "round" or d.maybe()
    whole = counts_trips and (d.chance(0.5) or name == "round")
    return Mode(
        name=name,
        products=None if name == "lorry" and d.chance(0.7) else d.some(names),
        cost_per_t_km=d.money(0, 1) if d.chance(0.8) else 0.0,
        cost_per_t=d.money(0, 5) if d.maybe() else 0.0,
        emission_kg_per_t_km=d.profile(0, 3) if d.maybe() else 0.0,
        by_product=_by_product(d, names) if d.maybe() else (),
        distance=d.one("road", "road", GREAT_CIRCLE),
        detour_factor=d.one(1.0, 1.2, 1.5),
        shortest_km=d.number(0, 25) if d.maybe() else 0.0,
        longest_km=d.number(25, 90) if d.maybe() else None,
        trip_capacity_t=d.number(4, 25) + 1 if counts_trips else None,
        whole_trips=whole,
        cost_per_trip=d.money(0, 30) if counts_trips else 0.0,
        cost_per_trip_km=d.money(0, 1) if counts_trips else 0.0,
        emission_kg_per_trip_km=d.profile(0, 5) if counts_trips and d.maybe() else 0.0,
        trips_per_depot=d.one(0.0, 2.0, 5.0, 9.0, 9.0, 2.5) if counts_trips and d.maybe() else None,
        is_mobile=name == "round" or (whole and d.maybe()),
    )


def _by_product(d: Draw, names: list[str]) -> tuple[ModeProduct, ...]:
    return tuple(
        ModeProduct(
            product=product,
            cost_per_t_km=d.money(0, 1) if d.chance(0.6) else None,
            cost_per_t=d.money(0, 5) if d.chance(0.4) else None,
            emission_kg_per_t_km=d.profile(0, 3) if d.chance(0.4) else None,
        )
        for product in d.some(names)
    )


def _distances(d: Draw) -> Any:
    size = len(d.sites)
    km = np.array([[d.number(5, 80) for _ in range(size)] for _ in range(size)])
    if d.chance(0.5):
        km = np.minimum(km, km.T)
    for i in range(size):
        for j in range(size):
            if i != j and d.chance(0.1):
                km[i, j] = np.nan
    np.fill_diagonal(km, 0.0)
    return km


def _lanes(d: Draw, modes: tuple[Mode, ...]) -> tuple[Lane, ...]:
    rows: dict[tuple[str, str, str], Lane] = {}
    for _ in range(d.one(0, 0, 1, 2, 3)):
        origin, destination = d.random.sample(d.sites, 2)
        for mode in {"", d.one("", *(mode.name for mode in modes))}:
            rows[origin, destination, mode] = Lane(
                origin=origin,
                destination=destination,
                mode=mode,
                is_allowed=d.chance(0.75),
                distance_km=d.number(3, 60) if d.chance(0.4) else None,
                extra_cost_per_t=d.profile(0, 6) if d.chance(0.4) else 0.0,
                most_t=d.profile(0, 40) if d.chance(0.4) else None,
            )
    return tuple(rows[key] for key in sorted(rows))
