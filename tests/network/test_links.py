"""What links of flows to open facilities are worth: bounds of the relaxation, by arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.instance import Candidate, FacilityType, Level, Network, Product, Recipe
from batteryopt.network.solve import solve

from .echelon import echelon


@pytest.fixture
def two_towns() -> Network:
    """Packs of two towns, 10 and 90 t, are checked where they fall; what is made of them goes to a centre.

    A centre costs 100 and takes all 100 t; the towns are 10 km apart at 1 a t-km.
    """
    base = echelon(np.array([[0.0, 10], [10, 0]]), [10, 90], [1, 1])
    outlet = FacilityType(
        name="outlet",
        recipes=(Recipe(name="check", inputs=(("pack", 1),), outputs=(("part", 1),)),),
        levels=(Level(name="one", capacity_t=100.0),),
    )
    centre = FacilityType(
        name="centre",
        recipes=(Recipe(name="take", inputs=(("part", 1),), outputs=()),),
        levels=(Level(name="one", capacity_t=100.0, opening_cost=100.0),),
    )
    (road,) = base.modes
    return dataclasses.replace(
        base,
        products=(Product(name="pack"), Product(name="part")),
        types=(outlet, centre),
        candidates=tuple(Candidate(site=s.name, type=t) for s in base.sites for t in ("outlet", "centre")),
        modes=(dataclasses.replace(road, products=("part",)),),
    )


def test_what_a_town_makes_itself_needs_a_centre_there_too(two_towns: Network) -> None:
    """Two centres cost 200, one at the large town 100 and 10 t x 10 km; so does any mixture, if each town's own counts.

    Without links a tenth of a centre takes the small town's 10 t, nine tenths the large one's: 100.
    """
    tight, usual = (solve(two_towns, gap=0.0, is_tight=is_tight) for is_tight in (True, False))
    assert tight.objective == pytest.approx(200)
    assert usual.objective == pytest.approx(200)
    assert tight.root_bound == pytest.approx(200)
    assert usual.root_bound == pytest.approx(100)


def test_a_town_alone_needs_no_mode(two_towns: Network) -> None:
    """Ten tonnes are checked and taken where they fall: one centre, 100."""
    alone = dataclasses.replace(
        two_towns,
        sites=two_towns.sites[:1],
        returns=two_towns.returns[:1],
        candidates=two_towns.candidates[:2],
        modes=(),
        distances={},
    )
    assert solve(alone, gap=0.0).objective == pytest.approx(100)
