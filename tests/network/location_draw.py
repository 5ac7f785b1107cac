"""Random location networks of one or two stages, several periods and levels, with what prices have to see in them."""

from __future__ import annotations

import random

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    Market,
    Mode,
    Network,
    Period,
    Product,
    Recipe,
    Return,
    Site,
    Standing,
    Storage,
)


def drawn(
    seed: int,
    *,
    sites: int = 5,
    zones: int = 8,
    stages: int | None = None,
    levels: int | None = None,
    periods: int | None = None,
) -> Network:
    """Return the network of a seed; what is not said is drawn too."""
    r = random.Random(seed)
    stages, levels, periods = stages or r.choice((1, 2)), levels or r.choice((1, 2, 3)), periods or r.choice((1, 2, 3))
    names = [f"s{i}" for i in range(sites)]
    demand = {f"z{i}": tuple(float(r.randint(5, 35)) for _ in range(periods)) for i in range(zones)}
    most = sum(max(profile) for profile in demand.values())
    per_site = 2.5 * most / sites
    places = [*demand, *names, "m"]
    points = {place: (r.random(), r.random()) for place in places}
    km = np.array([[np.hypot(a[0] - b[0], a[1] - b[1]) * 100 for b in points.values()] for a in points.values()])
    may_be_left, is_plain = r.random() < 0.5, stages == 1 and levels == 1 and periods == 1
    products = ["pack", "mass"] if stages == 2 else ["pack"]
    kinds = ["centre", "plant"] if stages == 2 else ["centre"]
    gives = {"centre": (("mass", 0.8),) if stages == 2 else (), "plant": ()}
    takes = {"centre": "pack", "plant": "mass"}
    types = []
    for kind in kinds:
        sizes = tuple(
            Level(
                name=f"L{k}",
                capacity_t=round(per_site * (0.6 + 0.7 * k)),
                opening_cost=round(r.uniform(600, 900) * (1 + 0.6 * k)),
                fixed_cost=0.0 if is_plain else round(r.uniform(20, 60) * (1 + 0.5 * k)),
                variable_cost_per_t=1.0 if is_plain or seed % 3 else 4.0 - k,
            )
            for k in range(levels)
        )
        recipe = Recipe(name="r", inputs=((takes[kind], 1.0),), outputs=gives[kind], capacity_use=r.choice((1.0, 1.25)))
        types.append(
            FacilityType(
                name=kind,
                recipes=(recipe,),
                levels=sizes,
                life_periods=None if is_plain or r.random() < 0.5 else 5,
                new_may_close=not is_plain and r.random() < 0.5,
                storage=(Storage(product=takes[kind], holding_cost_per_t=0.5, limit_t=15.0),)
                if periods > 1 and r.random() < 0.4
                else (),
            )
        )
    candidates = []
    for name in names:
        for kind in kinds:
            standing = Standing.EXISTING if not is_plain and r.random() < 0.15 else Standing.OPEN
            candidates.append(
                Candidate(
                    site=name,
                    type=kind,
                    standing=standing,
                    opening_cost_factor=round(r.uniform(0.8, 1.3), 2),
                    largest_level="L0" if levels > 1 and r.random() < 0.2 else "",
                )
            )
    markets = (Market(site="m", product=products[-1], price_per_t=3.0, most_t=20.0),) if r.random() < 0.3 else ()
    return Network(
        name=f"location {seed}",
        currency="EUR",
        discount_rate=0.05,
        periods=tuple(Period(name=str(t)) for t in range(periods)),
        products=tuple(
            Product(name=name, uncollected_cost_per_t=60.0 if name == "pack" and may_be_left else None)
            for name in products
        ),
        sites=tuple(Site(name=place) for place in places),
        returns=tuple(Return(site=zone, product="pack", tonnes=tonnes) for zone, tonnes in demand.items()),
        types=tuple(types),
        candidates=tuple(candidates),
        markets=() if is_plain else markets,
        modes=(Mode(name="lorry", distance="km", cost_per_t_km=0.2),),
        distances={"km": km},
    )
