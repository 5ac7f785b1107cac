"""Rounds to 60 villages around 16 cities: turns until sites and rounds agree, beside trips there and back.

The cities are those of `benchmarks.location.lumpy`; every village sends its packs by vans from a hub, 104 times a
period of two years. There and back is the same network with vans that hold one stop a round. Figures are of plans with
their rounds planned: what they cost in all, how far estimate and rounds are apart turn by turn, and seconds.
"""

from __future__ import annotations

import dataclasses
import os
import time

import numpy as np

from batteryopt.network.data.instance import Mode, Network, Return, Site
from batteryopt.network.rounds.rounds_agreement import AgreedRounds, solve_with_rounds
from batteryopt.network.rounds.vehicle_routing import RoundEffort
from batteryopt.network.solve import solve
from benchmarks.location.lumpy import GROWTH, lumpy

GAP, SECONDS = 0.02, 150.0
"""Of the net cost, which is small beside the money that moves; and of all turns together."""
VAN = Mode(
    name="van",
    products=("pack",),
    detour_factor=1.3,
    trip_capacity_t=3.5,
    visits_per_period=104,
    shift_hours=8.5,
    speed_km_per_hour=60,
    stop_minutes=25,
    cost_per_trip=140.0,
    cost_per_trip_km=0.75,
    cost_per_hour=34.0,
    emission_kg_per_trip_km=0.45,
)


def villages(count: int = 60, *, seed: int = 5, **of_vans: object) -> Network:
    """Return 16 cities with villages around them, each 8 to 60 km from one."""
    base = lumpy(16, 11)
    random = np.random.default_rng(seed)
    cities = [site for site in base.sites if site.name.startswith("City")]
    places, returns = [], []
    for number in range(count):
        city = cities[int(random.integers(len(cities)))]
        angle, km = random.uniform(0, 2 * np.pi), random.uniform(8, 60)
        latitude = float(city.latitude_deg or 0.0) + km / 111.2 * np.sin(angle)
        stretch = 111.2 * np.cos(np.radians(latitude))
        longitude = float(city.longitude_deg or 0.0) + km / stretch * np.cos(angle)
        name = f"Village {number + 1}"
        places.append(Site(name=name, latitude_deg=round(latitude, 3), longitude_deg=round(longitude, 3)))
        tonnes = round(float(random.uniform(20, 75)), 1)
        returns.append(Return(site=name, product="pack", tonnes=tuple(round(tonnes * g, 1) for g in GROWTH)))
    wider = {name: np.pad(km, ((0, count), (0, count)), constant_values=np.nan) for name, km in base.distances.items()}
    for km in wider.values():
        np.fill_diagonal(km, 0.0)
    return dataclasses.replace(
        base,
        name=f"16 cities and {count} villages",
        sites=(*base.sites, *places),
        returns=(*base.returns, *returns),
        modes=(*base.modes, dataclasses.replace(VAN, **of_vans)),
        distances=wider,
    )


def run() -> dict[str, float]:
    """Return what rounds and trips there and back cost in all, disagreements turn by turn, and seconds."""
    effort = RoundEffort(iterations=int(os.environ.get("BATTERYOPT_ITERATIONS", "2000")))
    options = {"gap": GAP, "time_limit": SECONDS, "threads": 1, "announce": print}
    began = time.monotonic()
    by_rounds = solve_with_rounds(villages(), solve, effort=effort, **options)
    seconds = time.monotonic() - began
    direct = solve_with_rounds(villages(most_stops=1), solve, effort=effort, **options)
    assert by_rounds.best is not None
    assert direct.best is not None
    for each in (by_rounds.best, direct.best):
        if not (each.rounds.certificate.passed and each.answer.certificate.passed):
            raise AssertionError("a certificate failed")
    figures = by_rounds.best.rounds.to_json()
    cost, other = _carrying(by_rounds), _carrying(direct)
    return {
        **{f"turn {n}: % apart": 100 * turn.disagreement for n, turn in enumerate(by_rounds.turns, 1)},
        "turns": len(by_rounds.turns),
        "seconds": seconds,
        "in all": by_rounds.best.total,
        "in all, there and back": direct.best.total,
        "saved": direct.best.total - by_rounds.best.total,
        "cost of rounds": cost,
        "cost of going there and back": other,
        "% that rounds are cheaper": 100 * (1 - cost / other),
        "% above the bound of rounds": 100 * figures["gap"],
        "km": figures["km"],
        "load factor": figures["load_factor"],
    }


def _carrying(agreed: AgreedRounds) -> float:
    assert agreed.best is not None
    return agreed.best.cost


if __name__ == "__main__":
    for key, value in run().items():
        print(f"{key:<60}{value:>16.3f}")
