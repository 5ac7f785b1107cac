"""One-echelon networks for tests: towns on a plane, a line or a tree, each a zone and a candidate."""

from __future__ import annotations

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


def echelon(km, tonnes, opening, *, cost_per_t_km=1.0, uncollected=None, variable=0.0) -> Network:
    """Return the network with distances ``km`` (n, n), returns and opening costs (n)."""
    names = [f"town{i}" for i in range(len(tonnes))]
    level = Level(
        name="one", capacity_t=max(1.0, float(np.sum(tonnes))), opening_cost=1.0, variable_cost_per_t=variable
    )
    return Network(
        name="echelon",
        periods=(Period(name="now"),),
        products=(Product(name="pack", uncollected_cost_per_t=uncollected),),
        sites=tuple(Site(name=name) for name in names),
        returns=tuple(Return(site=n, product="pack", tonnes=float(t)) for n, t in zip(names, tonnes, strict=True)),
        types=(
            FacilityType(
                name="point", recipes=(Recipe(name="take", inputs=(("pack", 1),), outputs=()),), levels=(level,)
            ),
        ),
        candidates=tuple(
            Candidate(site=n, type="point", opening_cost_factor=float(f)) for n, f in zip(names, opening, strict=True)
        ),
        modes=(Mode(name="road", distance="km", cost_per_t_km=cost_per_t_km),),
        distances={"km": np.asarray(km, dtype=float)},
    )
