"""A country like Germany, made with a seed: cities collect and test, a few plants of 5 or 20 kt that are bought whole.

Two echelons (a hub in each city, plants on some sites), two sizes each, three years of growing returns, lorry and rail,
plants that are worth nearly what they cost when the plan ends, and metals that pay for nearly all of it: the net cost
is small beside the money that moves, and the relaxation buys fractions of plants.
"""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.geography import great_circle_km
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

YEARS = ("2027", "2029", "2031")
GROWTH = (1.0, 1.6, 2.4)
"""Returns of the years, as multiples of the first."""
FIRST_T_PER_CITY = 1150.0
"""Mean returns of a city in the first year, t."""


def lumpy(cities: int, plots: int, *, seed: int = 0, black_mass_price: float = 2650.0) -> Network:
    """Return the network of so many cities, each with a candidate hub, and so many sites for plants.

    Parameters
    ----------
    plots
        Sites where a plant may stand: the largest cities, in turn with sites of their own between the cities.
    black_mass_price
        EUR a tonne: what the balance of costs and revenues is set by.
    """
    generator = np.random.default_rng(seed)
    own = plots // 3
    latitude = generator.uniform(47.8, 54.4, cities + own).round(3)
    longitude = generator.uniform(6.5, 14.2, cities + own).round(3)
    share = generator.pareto(2.2, cities) + 0.35
    tonnes = (share / share.mean() * FIRST_T_PER_CITY).round(1)
    names = [f"City {i + 1}" for i in range(cities)] + [f"Plot {i + 1}" for i in range(own)]
    largest = np.argsort(-tonnes)[: plots - own].tolist()
    places = [*(names[i] for i in largest), *names[cities:]]
    land = generator.uniform(0.85, 1.2, cities + len(places)).round(3)
    road, rail = _kilometres(latitude, longitude, generator)
    return Network(
        name=f"{cities} cities",
        currency="EUR",
        discount_rate=0.05,
        periods=tuple(Period(name=year, years=2.0) for year in YEARS),
        products=(
            Product(name="pack", uncollected_cost_per_t=1500.0),
            Product(name="module", hazard=0.7),
            Product(name="black_mass", hazard=0.1),
        ),
        sites=tuple(
            Site(name=n, latitude_deg=float(x), longitude_deg=float(y))
            for n, x, y in zip(names, latitude, longitude, strict=True)
        ),
        returns=tuple(
            Return(site=names[i], product="pack", tonnes=tuple(round(float(tonnes[i]) * g, 1) for g in GROWTH))
            for i in range(cities)
        ),
        types=(_hub(), _plant()),
        candidates=(
            *(Candidate(site=names[i], type="hub", opening_cost_factor=float(land[i])) for i in range(cities)),
            *(
                Candidate(site=name, type="plant", opening_cost_factor=float(f), fixed_cost_factor=float(f))
                for name, f in zip(places, land[cities:], strict=True)
            ),
        ),
        markets=tuple(Market(site=name, product="black_mass", price_per_t=black_mass_price) for name in places),
        modes=(
            Mode(name="lorry", products=("pack", "module"), distance="road", cost_per_t_km=0.32, cost_per_t=12.0),
            Mode(name="rail", products=("module",), distance="rail", cost_per_t_km=0.11, cost_per_t=48.0),
        ),
        distances={"road": road, "rail": rail},
        source=f"made by benchmarks.location.lumpy({cities}, {plots}, seed={seed})",
    )


def _hub() -> FacilityType:
    return FacilityType(
        name="hub",
        recipes=(Recipe(name="dismantle", inputs=(("pack", 1.0),), outputs=(("module", 0.62),), cost_per_t=140.0),),
        levels=(
            Level(name="1.5 kt", capacity_t=1500.0, opening_cost=1.1e6, fixed_cost=0.21e6),
            Level(name="6 kt", capacity_t=6000.0, opening_cost=2.9e6, fixed_cost=0.52e6),
        ),
        life_periods=8.0,
    )


def _plant() -> FacilityType:
    return FacilityType(
        name="plant",
        recipes=(Recipe(name="shred", inputs=(("module", 1.0),), outputs=(("black_mass", 0.55),), cost_per_t=310.0),),
        levels=(
            Level(name="5 kt", capacity_t=5000.0, opening_cost=15e6, fixed_cost=1.5e6),
            Level(name="20 kt", capacity_t=20000.0, opening_cost=36e6, fixed_cost=3.4e6),
        ),
        life_periods=12.0,
    )


def _kilometres(
    latitude: np.ndarray, longitude: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return road and rail distances: detours of their own; a table each, so that nobody needs coordinates."""
    km = great_circle_km(latitude, longitude)
    detour = generator.uniform(1.15, 1.45, km.shape)
    rail = generator.uniform(1.2, 1.7, km.shape)
    return (km * (detour + detour.T) / 2).round(1), (km * (rail + rail.T) / 2).round(1)
