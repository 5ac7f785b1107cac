"""Random small networks with everything that a network may have, in random combinations, each the same for its seed.

Money is in tens and hundreds, masses in tens of tonnes, so that both routes solve one in about a second; `scaled`
in `tests/network/changes.py` makes them tiny or large. Some are refused when they are made: the caller counts them.
"""

from __future__ import annotations

import random
from typing import Any, TypeVar

import numpy as np

from batteryopt.network.instance import (
    GREAT_CIRCLE,
    Candidate,
    ComesBack,
    Disposal,
    FacilityType,
    Group,
    Lane,
    Level,
    Market,
    Mode,
    ModeProduct,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
    Sizes,
    Standing,
    Storage,
)
from tests.network.random_policy import random_policy

T = TypeVar("T")


class Draw:
    """Random choices of one network, and how often its features come at all."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.periods = self.random.choice((1, 2, 2, 3, 3))
        self.sites = [f"s{i}" for i in range(self.random.choice((2, 3, 3, 4)))]
        self.density = self.random.choice((0.15, 0.3, 0.5))
        self.costs_nothing = self.chance(0.07)

    def chance(self, probability: float) -> bool:
        """Return yes with a probability."""
        return self.random.random() < probability

    def maybe(self) -> bool:
        """Return whether a feature comes; in some networks most do, in some few."""
        return self.chance(self.density)

    def one(self, *choices: T) -> T:
        """Return one of some things."""
        return self.random.choice(choices)

    def some(self, choices: list[T]) -> tuple[T, ...]:
        """Return at least one of some things, in their order."""
        chosen = [choice for choice in choices if self.chance(0.6)]
        return tuple(chosen or [self.random.choice(choices)])

    def number(self, low: float, high: float) -> float:
        """Return a round number."""
        return round(self.random.uniform(low, high), self.one(0, 1))

    def profile(self, low: float, high: float) -> float | tuple[float, ...]:
        """Return one number, or one a period."""
        if self.chance(0.6):
            return self.number(low, high)
        return tuple(self.number(low, high) for _ in range(self.periods))

    def money(self, low: float, high: float) -> float | tuple[float, ...]:
        """Return a cost; in some networks nothing costs anything."""
        return 0.0 if self.costs_nothing or self.chance(0.1) else self.profile(low, high)

    def factor(self) -> float:
        """Return a factor of a place, mostly 1."""
        return self.one(0.5, 0.8, 1.25, 2.0) if self.maybe() else 1.0


def random_network(seed: int) -> Network:
    """Return the network of a seed.

    Raises
    ------
    InvalidNetwork
        If what was drawn does not go together.
    """
    d = Draw(seed)
    chain = d.one("short", "long", "long", "split")
    products = _products(d, chain)
    names = [product.name for product in products]
    types = _types(d, chain)
    candidates = _candidates(d, types)
    types = tuple(_with_initial_stock(d, kind, candidates) for kind in types)
    modes = _modes(d, names)
    groups = (Group(name="some", sites=d.some(d.sites)),) if d.maybe() else ()
    return Network(
        name=f"random {seed}",
        currency="EUR",
        discount_rate=d.one(0.0, 0.05, 0.25),
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


# ---- facilities ----------------------------------------------------------------------------------------------------


def _types(d: Draw, chain: str) -> tuple[FacilityType, ...]:
    if chain == "short":
        kinds = {"plant": [("melt", (("pack", 1.0),), "metal", "")]}
    elif chain == "long":
        kinds = {
            "outlet": [("check", (("pack", 1.0),), "checked", "")],
            "plant": [
                ("melt", (("checked", 1.0),), "metal", ""),
                ("mix", (("pack", 0.5), ("checked", 0.5)), "metal", ""),
            ],
        }
    else:
        kinds = {
            "outlet": [("sort", (("pack", 1.0),), "checked", "scrap")],
            "plant": [
                ("melt", (("scrap", 1.0),), "metal", ""),
                ("join", (("checked", 0.3), ("scrap", 0.7)), "metal", "scrap"),
            ],
        }
    return tuple(_type(d, name, recipes) for name, recipes in kinds.items())


def _type(d: Draw, name: str, recipes: list[tuple[str, tuple[tuple[str, float], ...], str, str]]) -> FacilityType:
    sizes = d.one(Sizes.LEVELS, Sizes.LEVELS, Sizes.BETWEEN)
    used = sorted({product for _, inputs, *_ in recipes for product, _ in inputs})
    made = sorted({row[2] for row in recipes})
    return FacilityType(
        name=name,
        recipes=tuple(_recipe(d, *row) for row in recipes[: d.one(1, 2, 2)]),
        levels=_levels(d, sizes),
        sizes=sizes,
        storage=_storage(d, d.some([*used, *made])) if d.maybe() and d.periods > 1 else (),
        life_periods=d.one(1.0, 2.0, 4.0, 10.0) if d.maybe() else None,
        new_may_close=d.maybe(),
        refunds_shrinking=sizes is Sizes.BETWEEN and d.chance(0.5),
    )


def _recipe(d: Draw, name: str, inputs: tuple[tuple[str, float], ...], first: str, second: str) -> Recipe:
    share = d.one(0.3, 0.5, 0.8, 0.95)
    outputs = ((first, share),)
    if second:
        part = d.one(0.1, 0.25, 0.5)
        outputs = ((first, round(share * (1 - part), 4)), (second, round(share * part * 0.9, 4)))
    return Recipe(
        name=name,
        inputs=inputs,
        outputs=outputs,
        reagents_t=d.one(0.1, 0.5) if d.maybe() else 0.0,
        cost_per_t=d.money(0, 12) if d.maybe() else 0.0,
        electricity_kwh_per_t=d.number(0, 30) if d.maybe() else 0.0,
        emission_kg_per_t=d.profile(0, 300) if d.maybe() else 0.0,
        capacity_use=d.one(0.5, 2.0, 3.0) if d.maybe() else 1.0,
    )


def _levels(d: Draw, sizes: Sizes) -> tuple[Level, ...]:
    """Sizes in growing order; opening costs grow with them in every period."""
    capacity, opening, levels = 0.0, 0.0, []
    growth = tuple(d.one(1.0, 0.8, 1.3) for _ in range(d.periods)) if d.maybe() else (1.0,) * d.periods
    variable = d.money(0, 9)
    limits = d.maybe()
    for name in ("S", "M", "L")[: d.one(1, 2, 2, 3)]:
        capacity += d.number(10, 70)
        opening += 0.0 if d.costs_nothing else d.number(0, 900)
        levels.append(
            Level(
                name=name,
                capacity_t=capacity,
                least_t=round(capacity * d.one(0.1, 0.4), 2) if d.maybe() else 0.0,
                opening_cost=tuple(round(opening * g, 4) for g in growth) if d.chance(0.4) else opening,
                fixed_cost=d.money(0, 90),
                variable_cost_per_t=variable if sizes is Sizes.BETWEEN or d.chance(0.5) else d.money(0, 9),
                storage_limit_t=d.number(0, 40) if limits and (sizes is Sizes.BETWEEN or d.chance(0.7)) else None,
                closing_cost=d.money(-40, 80) if d.maybe() else 0.0,
                emission_kg=d.profile(0, 900) if d.maybe() else 0.0,
            )
        )
    return tuple(levels)


def _storage(d: Draw, products: tuple[str, ...]) -> tuple[Storage, ...]:
    rows = [_store(d, product, "") for product in products]
    if d.maybe():
        rows.append(_store(d, products[0], d.one(*d.sites)))
    return tuple(rows)


def _store(d: Draw, product: str, site: str) -> Storage:
    return Storage(
        product=product,
        site=site,
        holding_cost_per_t=d.money(0, 3),
        limit_t=d.number(0, 40) if d.maybe() else None,
        longest_stay_periods=d.one(0, 1, 1, 2) if d.maybe() else None,
    )


def _candidates(d: Draw, types: tuple[FacilityType, ...]) -> tuple[Candidate, ...]:
    rows = []
    for kind in types:
        for site in d.some(d.sites):
            rows.append(_candidate(d, kind, site))
    if d.maybe() and len(d.sites) > 1:  # twins: two plants that nothing tells apart but their place
        last = rows[-1]
        others = [site for site in d.sites if all((site, last.type) != (row.site, row.type) for row in rows)]
        rows += [Candidate(site=site, type=last.type) for site in others[:1]]
    return tuple(rows)


def _candidate(d: Draw, kind: FacilityType, site: str) -> Candidate:
    standing = d.one(*[Standing.OPEN] * 5, *[Standing.EXISTING] * 3, Standing.FORCED, Standing.CLOSED)
    names = [level.name for level in kind.levels]
    largest = d.one(*range(len(names))) if d.maybe() else len(names) - 1
    has_level = standing in (Standing.EXISTING, Standing.FORCED) and d.chance(0.6)
    level = names[d.one(*range(largest + 1))] if has_level else ""
    between = standing is Standing.EXISTING and kind.sizes is Sizes.BETWEEN and d.chance(0.5)
    capacity = round(d.random.uniform(kind.levels[0].capacity_t, kind.levels[largest].capacity_t), 1)
    # a place has levels of its own where it may, with the same names
    own = kind.levels if not (d.chance(0.1) and not between) else tuple(_dearer(level) for level in kind.levels)
    return Candidate(
        site=site,
        type=kind.name,
        standing=standing,
        level=level,
        capacity_t=min(capacity, kind.levels[largest].capacity_t) if between else None,
        forced_from=f"p{d.one(*range(d.periods)) + 1}" if standing is Standing.FORCED and d.chance(0.5) else "",
        earliest=f"p{d.one(*range(d.periods)) + 1}" if standing is not Standing.FORCED and d.maybe() else "",
        largest_level=names[largest] if largest < len(names) - 1 else "",
        may_close=d.chance(0.7),
        opening_cost_factor=d.factor(),
        fixed_cost_factor=d.factor(),
        variable_cost_factor=d.factor(),
        holding_cost_factor=d.factor(),
        levels=() if own is kind.levels else own,
    )


def _dearer(level: Level) -> Level:
    return Level(name=level.name, capacity_t=level.capacity_t + 3, opening_cost=level.capacity_t * 7, fixed_cost=11)


def _with_initial_stock(d: Draw, kind: FacilityType, candidates: tuple[Candidate, ...]) -> FacilityType:
    """Give an existing facility something in stock, where it may store."""
    existing = [c.site for c in candidates if c.type == kind.name and c.standing is Standing.EXISTING]
    if not kind.storage or not existing or not d.chance(0.6):
        return kind
    product = kind.storage[0].product
    others = tuple(row for row in kind.storage if (row.product, row.site) != (product, existing[0]))
    row = Storage(
        product=product,
        site=existing[0],
        holding_cost_per_t=d.money(0, 3),
        initial_t=d.number(0, 20),
        longest_stay_periods=d.one(None, None, 1, 2),
    )
    fields = {name: getattr(kind, name) for name in kind.__dataclass_fields__ if name != "storage"}
    return FacilityType(**fields, storage=(*others, row))


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
        least = tuple(d.number(0, 20 if most is None else min(most, 20)) for _ in range(d.periods))
        least = least if d.chance(0.5) else min(least)
    back: list[ComesBack] = []
    if d.chance(0.2 + d.density / 2):
        lags = d.some([0, 1, 2])
        shares = [d.one(0.2, 0.5, 0.8), d.one(0.1, 0.2), 0.0]
        back = [
            ComesBack(product="pack", share=share, lag_periods=lag)
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
