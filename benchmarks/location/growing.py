"""A country that grows: more places that return packs and more sites for centres and plants, made with a seed.

Two echelons (centres within reach of a collecting lorry, plants anywhere), two sizes of each, three periods of growing
returns. The country stays as large as it is, so that a place has more centres within reach the more there are.
"""

from __future__ import annotations

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
)

GROWTH = (1.0, 1.7, 2.6)
"""Returns of the periods, as multiples of the first."""
FIRST_T = 400_000.0
"""Returns of the whole country in the first period, t."""
REACH_KM = 120.0
"""A collecting lorry goes no farther."""
ZONES_A_SITE, SITES_A_PLANT = 10, 20


def growing(zones: int, *, seed: int = 0) -> Network:
    """Return the network of so many places, a tenth as many sites for centres, and a two-hundredth for plants."""
    generator = np.random.default_rng(seed)
    sites = max(4, zones // ZONES_A_SITE)
    plants = max(2, sites // SITES_A_PLANT)
    places = [*(f"Place {i + 1}" for i in range(zones)), *(f"Site {i + 1}" for i in range(sites))]
    latitude = generator.uniform(47.5, 54.5, zones + sites).round(4)
    longitude = generator.uniform(6.0, 15.0, zones + sites).round(4)
    share = generator.pareto(1.8, zones) + 0.3
    tonnes = share / share.sum() * FIRST_T
    land = generator.uniform(0.85, 1.2, sites + plants).round(3)
    own, where = places[zones:], generator.choice(sites, plants, replace=False).tolist()
    fields = [own[i] for i in where]
    return Network(
        name=f"{zones} places",
        currency="EUR",
        discount_rate=0.05,
        periods=tuple(Period(name=name, years=3.0) for name in ("2027", "2030", "2033")),
        products=(Product(name="pack", uncollected_cost_per_t=1500.0), Product(name="module"), Product(name="mass")),
        sites=tuple(
            Site(name=n, latitude_deg=float(x), longitude_deg=float(y))
            for n, x, y in zip(places, latitude, longitude, strict=True)
        ),
        returns=tuple(
            Return(site=places[i], product="pack", tonnes=tuple(round(float(tonnes[i]) * g, 2) for g in GROWTH))
            for i in range(zones)
        ),
        types=(
            _type("centre", "pack", "module", 0.62, 140.0, sites),
            _type("plant", "module", "mass", 0.55, 310.0, plants),
        ),
        candidates=(
            *(Candidate(site=n, type="centre", opening_cost_factor=float(f)) for n, f in zip(own, land, strict=False)),
            *(
                Candidate(site=n, type="plant", opening_cost_factor=float(f))
                for n, f in zip(fields, land[sites:], strict=True)
            ),
        ),
        markets=tuple(Market(site=name, product="mass", price_per_t=1_500.0) for name in fields),
        modes=(
            Mode(
                name="collecting lorry", products=("pack",), cost_per_t_km=0.9, detour_factor=1.3, longest_km=REACH_KM
            ),
            Mode(name="lorry", products=("module",), cost_per_t_km=0.12, detour_factor=1.3),
        ),
        source=f"made by benchmarks.location.growing({zones}, seed={seed})",
    )


def _type(name: str, taken: str, made: str, share: float, cost: float, count: int) -> FacilityType:
    """Return a kind of which a third of the sites, all at the larger size, would take what returns at last."""
    large = 3.0 * FIRST_T * GROWTH[-1] * (0.62 if name == "plant" else 1.0) / count
    price = (300.0 if name == "centre" else 900.0) * large
    return FacilityType(
        name=name,
        recipes=(Recipe(name="work", inputs=((taken, 1.0),), outputs=((made, share),), cost_per_t=cost),),
        levels=(
            Level(name="small", capacity_t=round(large / 4, 1), opening_cost=0.4 * price, fixed_cost=0.03 * price),
            Level(name="large", capacity_t=round(large, 1), opening_cost=price, fixed_cost=0.06 * price),
        ),
        life_periods=6.0,
    )
