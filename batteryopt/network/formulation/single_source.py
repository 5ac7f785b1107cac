"""One facility a place: what leaves a site of a product in a period goes to one destination, or stays there.

Binaries say where it goes. A lane's load is bound by the least of what its origin can have and its destination take, so
that the relaxation knows a facility that stands only in part, or that is too small for the whole of a place.
"""

from __future__ import annotations

import numpy as np

from batteryopt.network.data.magnitude import beyond_any_load
from batteryopt.network.formulation.algebra import Bools, Floats, Index, Terms, index
from batteryopt.network.formulation.balances import by_site, received, scaled
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.processing import used


def add_single_source(b: Draft) -> None:
    """Add where goods go, and that they go nowhere else: for returns that say so, and for modes that do."""
    mask = _places(b)
    if mask.any():
        _each_place_has_one(b, mask)
    modes = np.array([mode.single_source for mode in b.network.modes], dtype=bool)
    if modes.any():
        _each_mode_has_one(b, modes)


def _places(b: Draft) -> Bools:
    """Return the places whose goods are kept together (sites, products)."""
    mask = np.zeros((len(b.sets.codes["site"]), len(b.sets.codes["product"])), dtype=bool)
    for row in b.network.returns:
        mask[b.sets.codes["site"][row.site], b.sets.codes["product"][row.product]] |= row.single_source
    if b.network.policy.single_source:
        mask[b.sets.ZONES["site"], b.sets.ZONES["product"]] = True
    return mask


def _each_place_has_one(b: Draft, mask: Bools) -> None:
    shipped = b.m["shipped"]
    mine = shipped.where(mask[shipped["origin"], shipped["product"]])
    goes_to = _goes_to(b, "goes_to", mine, ("origin", "destination", "product", "period"))
    PLACES = _distinct(goes_to.renamed(origin="site"), ("site", "product", "period"))
    stays = _stays(b, PLACES)
    b.m.require(
        "one_destination",
        over=PLACES,
        terms=[goes_to.renamed(origin="site").only(*PLACES.keys), stays],
        at_most=1.0,
        doc="what leaves a place goes to one destination, the place itself where something there takes it",
    )


def _stays(b: Draft, PLACES: Index) -> Terms:
    """Add whether a place is its own destination, and that nothing of its own is taken there where it is not.

    State used + sold + disposed - received <= most x stays: what is received may be taken whatever its own goods do.
    """
    taken = [by_site(terms) for terms in (used(b), b.m["sold"], b.m["disposed"])]
    is_taken = np.zeros(b.reach.own.shape, dtype=bool)
    for terms in taken:
        is_taken[terms["site"], terms["product"], terms["period"]] = True
    HERE = PLACES.where(is_taken[PLACES["site"], PLACES["product"], PLACES["period"]])
    stays = b.m.variables("stays", HERE, upper=1.0, is_integer=True, doc="whether a place's goods are taken there")
    # what is taken there and was not received is at most what the site has of its own
    most = _most(b, b.reach.at(b.reach.own, HERE), b.reach.at(b.reach.intake, HERE))
    b.m.require(
        "is_taken_here_only_if_it_stays",
        over=HERE,
        terms=[*taken, -received(b), -scaled(stays, HERE, most)],
        at_most=0.0,
        doc="a place's own goods are taken there only if they go nowhere else",
    )
    return stays


def _each_mode_has_one(b: Draft, modes: Bools) -> None:
    shipped = b.m["shipped"]
    mine = shipped.where(modes[shipped["mode"]])
    goes_to = _goes_to(b, "goes_to_by_mode", mine, ("origin", "destination", "mode", "product", "period"))
    PLACES = _distinct(goes_to, ("origin", "mode", "product", "period"))
    b.m.require(
        "one_destination_by_mode",
        over=PLACES,
        terms=[goes_to.only(*PLACES.keys)],
        at_most=1.0,
        doc="what a mode takes from a place goes to one destination",
    )


def _goes_to(b: Draft, name: str, mine: Terms, keys: tuple[str, ...]) -> Terms:
    """Add whether goods go to a destination, and that they travel only there: load <= most x goes_to."""
    WAYS = _distinct(mine, keys)
    own, intake = b.reach.at(b.reach.own, WAYS, "origin"), b.reach.at(b.reach.intake, WAYS, "destination")
    goes_to = b.m.variables(name, WAYS, upper=1.0, is_integer=True, doc="whether a place's goods go to a destination")
    b.m.require(
        {"goes_to": "goes_only_there", "goes_to_by_mode": "goes_only_there_by_mode"}[name],
        over=WAYS,
        terms=[mine.only(*keys), -scaled(goes_to, WAYS, _most(b, own, intake))],
        at_most=0.0,
        doc="goods travel only to the destination that is theirs",
    )
    return goes_to


def _most(b: Draft, own: Floats, intake: Floats) -> Floats:
    return np.minimum(np.minimum(own, intake), beyond_any_load(b.network))


def _distinct(terms: Terms, keys: tuple[str, ...]) -> Index:
    """Return each combination of keys that occurs in terms once."""
    rows: Ints = np.unique(np.stack([terms[key] for key in keys], axis=1), axis=0)
    return index(keys, **dict(zip(keys, rows.reshape(-1, len(keys)).T, strict=True)))
