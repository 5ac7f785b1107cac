"""A network of two towns whose every number can be worked out by hand, and ways to change it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from batteryopt.network.data.instance import (
    Candidate,
    FacilityType,
    Level,
    Market,
    Mode,
    Network,
    Period,
    Policy,
    Product,
    Recipe,
    Return,
    Site,
)

LEVEL = Level(name="S", capacity_t=100, opening_cost=300, fixed_cost=20, variable_cost_per_t=2)
RECIPE = Recipe(name="melt", inputs=(("pack", 1),), outputs=(("metal", 0.5),))
PLANT = FacilityType(name="plant", recipes=(RECIPE,), levels=(LEVEL,))
LORRY = Mode(name="lorry", distance="road", cost_per_t_km=0.1)
MARKET = Market(site="Birch", product="metal", price_per_t=40)
PACK = Product(name="pack", uncollected_cost_per_t=10)
METAL = Product(name="metal")
CANDIDATE = Candidate(site="Birch", type="plant")
RETURN = Return(site="Ash", product="pack", tonnes=60)


def line(**changes: Any) -> Network:
    """Return the network, some fields changed: 60 t of packs return in Ash, a plant may stand in Birch, 10 km away.

    Best is to open it: 300 to open, 20 fixed, 60 x 2 to work, 60 x 10 x 0.1 of freight, 30 t of metal sold at 40:
    300 + 20 + 120 + 60 - 1200 = -700. To leave everything would cost 600.
    """
    base = Network(
        name="line",
        periods=(Period(name="1"),),
        products=(PACK, METAL),
        sites=(Site(name="Ash"), Site(name="Birch")),
        returns=(RETURN,),
        types=(PLANT,),
        candidates=(CANDIDATE,),
        markets=(MARKET,),
        modes=(LORRY,),
        distances={"road": np.array([[0.0, 10.0], [12.0, 0.0]])},
    )
    return dataclasses.replace(base, **changes)


def periods(count: int) -> tuple[Period, ...]:
    """Return periods of a year."""
    return tuple(Period(name=str(t + 1)) for t in range(count))


def rules(**fields: Any) -> Policy:
    """Return a policy."""
    return Policy(**fields)


def plant(**changes: Any) -> tuple[FacilityType, ...]:
    """Return the plant, some fields changed."""
    return (dataclasses.replace(PLANT, **changes),)


def level(**changes: Any) -> Level:
    """Return its level, some fields changed."""
    return dataclasses.replace(LEVEL, **changes)


def recipe(**changes: Any) -> Recipe:
    """Return its recipe, some fields changed."""
    return dataclasses.replace(RECIPE, **changes)


def lorry(**changes: Any) -> Mode:
    """Return the lorry, some fields changed."""
    return dataclasses.replace(LORRY, **changes)


def market(**changes: Any) -> tuple[Market, ...]:
    """Return the market, some fields changed."""
    return (dataclasses.replace(MARKET, **changes),)


def candidate(**changes: Any) -> tuple[Candidate, ...]:
    """Return the candidate, some fields changed."""
    return (dataclasses.replace(CANDIDATE, **changes),)


def returns(**changes: Any) -> tuple[Return, ...]:
    """Return what returns, some fields changed."""
    return (dataclasses.replace(RETURN, **changes),)
