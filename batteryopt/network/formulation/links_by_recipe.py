"""Links of what one recipe makes, where a site makes a product in several ways.

A lane's link counts all that its origin can have. Where most of that is never made (packs that others buy dearer,
beside those under contract) a quarter of a facility would do for all that is. So each recipe has a link of its own.
Let ``U`` be the most that it makes of the product at the site. Towards a place where nothing stands that takes the
product, the lane carries nothing; else it carries no more than the site has of its own, of which the recipe made ``U``
at most. Either way it carries no more than the rest of what is own, plus ``U`` if something stands there: the flow
cover inequality of a node with one of its sources in the cover (M. Padberg, T. Van Roy and L. Wolsey, Operations
Research 33, 1985). What stays is a lane from the site to itself.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.formulation.algebra import Claim, Floats, Index, Terms
from batteryopt.network.formulation.balances import by_site, came_back, own_at, scaled, sent
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.links import distinct, takers, where_taken
from batteryopt.network.formulation.matching import match
from batteryopt.network.formulation.processing import made
from batteryopt.network.formulation.reach import LARGEST_BOUND

NODE = ("site", "product", "period")
SOURCE = (*NODE, "facility", "type", "recipe")
NONE = 1e-9


def add_links_by_recipe(b: Draft) -> None:
    """Add the links of each recipe that is not the only one to make a product at a site."""
    sources = made(b)
    sources, most = _of_several(sources, _most_made(b, sources))
    if not len(sources):
        return
    taker = takers(b)
    _sends(b, taker, sources, most)
    _keeps(b, taker, sources, most)


def _most_made(b: Draft, sources: Terms) -> Floats:
    """Return the most that each source makes (n)."""
    return np.asarray(
        b.reach.processed.ravel()[sources.variable - b.m.families["processed"].first] * sources.coefficient
    )


def _of_several(sources: Terms, most: Floats) -> tuple[Terms, Floats]:
    """Return the sources that are not the only ones of their product at a site in a period."""
    keep = most > 0
    sources, most = sources.where(keep), most[keep]
    code = np.unique(np.stack([sources[key] for key in NODE]), axis=1, return_inverse=True)[1].ravel()
    several = np.bincount(code)[code] > 1 if len(code) else keep[:0]
    return sources.where(several), most[several]


def _sends(b: Draft, taker: Terms, sources: Terms, most: Floats) -> None:
    """State what a lane carries <= all that the origin has but what one recipe makes + its most x (a taker stands)."""
    shipped = b.m["shipped"]
    lane = ("origin", "destination", "product", "period")
    mine = shipped.where(~b.reach.free_takers[shipped["destination"], shipped["product"]]).only(*lane)
    LANES = distinct(mine, lane)
    of_lane, of_source = match(
        LANES.columns, sources.renamed(site="origin").only("origin", "product", "period").columns
    )
    own, intake = b.reach.at(b.reach.own, LANES, "origin"), b.reach.at(b.reach.intake, LANES, "destination")
    limit = np.minimum(most[of_source], intake[of_lane])
    # a link that is no tighter than that of the lane says nothing new
    useful = limit < np.minimum(np.minimum(own, intake)[of_lane] * (1 - NONE), LARGEST_BOUND)
    if not useful.any():
        return
    of_lane, of_source, limit = of_lane[useful], of_source[useful], limit[useful]
    columns = {key: codes[of_lane] for key, codes in LANES.columns.items()}
    columns |= {key: sources[key][of_source] for key in ("facility", "type", "recipe")}
    keys = (*lane, "type", "recipe")
    LINKS = Index(keys=keys, columns=columns | {"site": columns["origin"], "at": np.arange(len(limit))})
    b.m.require(
        "what_one_recipe_sends_needs_a_taker",
        over=LINKS,
        terms=[
            mine,
            -_others(LINKS, sources),
            *(-terms for terms in _own_unmade(b)),
            -scaled(taker.renamed(site="destination"), LINKS, limit),
        ],
        at_most=own_at(b, LINKS),
        claim=Claim.CONSEQUENCE,
        doc="beyond what else a site has, a lane carries one recipe's share only towards something that takes it",
    )


def _others(LINKS: Index, sources: Terms) -> Terms:
    """Return what all other recipes make at the rows of an index that name one of them."""
    row, source = match({key: LINKS[key] for key in NODE}, sources.only(*NODE).columns)
    is_other = (sources["facility"][source] != LINKS["facility"][row]) | (
        sources["recipe"][source] != LINKS["recipe"][row]
    )
    found = sources.take(source[is_other])
    return dataclasses.replace(found, columns={"at": row[is_other]})


def _own_unmade(b: Draft) -> tuple[Terms, Terms]:
    """Return what a site has of its own that was not made in the period."""
    return came_back(b), by_site(b.m["stock"].moved(period=1))


def _keeps(b: Draft, taker: Terms, sources: Terms, most: Floats) -> None:
    """State what one recipe makes <= what leaves the site + its most x (something stands there that takes it)."""
    place = tuple(sources[key] for key in NODE)
    mine = where_taken(b, taker)[place]
    limit = np.minimum(most, b.reach.intake[place])
    useful = mine & (limit < np.minimum(np.minimum(b.reach.own, b.reach.intake)[place] * (1 - NONE), LARGEST_BOUND))
    if not useful.any():
        return
    kept, limit = sources.where(useful), limit[useful]
    KEPT = Index(keys=(*NODE, "type", "recipe"), columns={key: kept[key] for key in SOURCE})
    leaving = [sent(b), *(by_site(b.m[name]) for name in ("sold", "disposed", "uncollected"))]
    b.m.require(
        "what_one_recipe_keeps_needs_a_taker",
        over=KEPT,
        terms=[sources.only(*SOURCE), *(-terms for terms in leaving), -scaled(taker, KEPT, limit)],
        at_most=0.0,
        claim=Claim.CONSEQUENCE,
        doc="what one recipe makes leaves the site, unless something stands there that takes it",
    )
