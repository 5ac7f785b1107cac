"""What links of flows to open facilities are worth: bounds of the relaxation, by arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from batteryopt.network.data.instance import Candidate, FacilityType, Level, Network, Product, Recipe, Return
from batteryopt.network.formulation.build import build
from batteryopt.network.solve import solve

from .echelon import echelon
from .test_equations import rows_of


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


@pytest.fixture
def two_kinds(two_towns: Network) -> Network:
    """As many dear packs return in each town, which nobody would buy: parts could be made of them all the same."""
    outlet, centre = two_towns.types
    dear = Recipe(name="check dear", inputs=(("dear", 1),), outputs=(("part", 1),))
    outlet = dataclasses.replace(
        outlet, recipes=(*outlet.recipes, dear), levels=(Level(name="one", capacity_t=1000.0),)
    )
    returns = tuple(
        Return(site=row.site, product="dear", tonnes=row.tonnes, acquisition_cost_per_t=1000.0)
        for row in two_towns.returns
    )
    return dataclasses.replace(
        two_towns,
        products=(*two_towns.products, Product(name="dear", uncollected_cost_per_t=0.0)),
        returns=two_towns.returns + returns,
        types=(outlet, centre),
    )


def test_each_recipe_has_a_link_of_its_own(two_kinds: Network) -> None:
    """The cheap packs alone fill whole links, so that both centres, 200, are what the relaxation has to pay.

    With links for all that could be made, half a centre would take the small town's 10 t of 20.
    """
    answer = solve(two_kinds, gap=0.0)
    assert answer.objective == pytest.approx(200)
    assert answer.root_bound == pytest.approx(200)


def test_rows_of_what_one_recipe_makes(two_kinds: Network) -> None:
    rows = rows_of(build(two_kinds))
    small, large = (site.name for site in two_kinds.sites)
    (period,) = (period.name for period in two_kinds.periods)
    assert rows[f"what_one_recipe_sends_needs_a_taker[{small},{large},part,{period},outlet,check]"] == (
        {
            f"shipped[{small},{large},road,part,{period}]": 1,
            f"processed[{small},outlet,check dear,{period}]": -1,
            f"is_open[{large},centre,one,{period}]": -10,
        },
        -np.inf,
        0,
    )
    assert rows[f"what_one_recipe_keeps_needs_a_taker[{large},part,{period},outlet,check dear]"] == (
        {
            f"processed[{large},outlet,check dear,{period}]": 1,
            f"shipped[{large},{small},road,part,{period}]": -1,
            f"is_open[{large},centre,one,{period}]": -90,
        },
        -np.inf,
        0,
    )
