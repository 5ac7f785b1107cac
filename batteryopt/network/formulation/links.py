"""Cuts that tie flows to open facilities, lane by lane: what makes the relaxation tight.

Balances and capacities already forbid flow to where nothing stands, but weakly: a fraction of a facility would do for
a small flow. Each lane alone says more: what one site sends cannot exceed what it can have, times whether something
stands that takes it.
"""

from __future__ import annotations

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Claim, Index, Terms, index
from batteryopt.network.formulation.balances import by_site, nodes, own_at, own_terms, scaled, sent
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import is_rising, sorted_distinct
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.steps import first_step


def add_links(b: Draft) -> None:
    """Add all kinds of links."""
    taker = takers(b)
    what_is_sent_needs_a_taker(b, taker)
    what_is_kept_needs_a_taker(b, taker)
    what_is_made_needs_a_taker(b, taker)


def takers(b: Draft) -> Terms:
    """Return whether a facility stands that takes a product: by site, product and period, each facility once."""
    standing = first_step(b).only("facility", "site", "period")
    pairs = [np.stack([b.sets.STORES["facility"], b.sets.STORES["product"]], axis=1)]
    table, _ = b.sets.inputs
    facilities, kinds = b.sets.FACILITIES, np.stack([table["type"], table["product"]], axis=1)
    for type_, product in np.unique(kinds, axis=0).tolist():
        of_type = facilities["facility"][facilities["type"] == type_]
        pairs.append(np.stack([of_type, np.full_like(of_type, product)], axis=1))
    disposals = b.sets.DISPOSALS
    for site, product, kind in zip(*(disposals[k].tolist() for k in disposals.keys), strict=True):
        mine = (facilities["site"] == site) & (facilities["type"] == kind - 1)
        pairs.append(np.stack([facilities["facility"][mine], np.full(mine.sum(), product)], axis=1))
    facility, product = np.unique(np.concatenate(pairs), axis=0).reshape(-1, 2).T
    found = standing.through({"facility": facility, "product": product}, np.ones(len(facility)))
    return found.only("site", "product", "period")


def what_is_sent_needs_a_taker(b: Draft, taker: Terms) -> None:
    """State sum of shipped over modes <= (what the origin can have) x (something stands that takes it)."""
    shipped = b.m["shipped"]
    mine = shipped.where(~b.reach.free_takers[shipped["destination"], shipped["product"]])
    keys = ("origin", "destination", "product", "period")
    LINKS = distinct(mine, keys)
    most = np.minimum(b.reach.at(b.reach.own, LINKS, "origin"), b.reach.at(b.reach.intake, LINKS, "destination"))
    is_bounded = most < LARGEST_BOUND
    LINKS = LINKS.where(is_bounded)
    b.m.require(
        "what_is_sent_needs_a_taker",
        over=LINKS,
        terms=[mine.only(*keys), -scaled(taker.renamed(site="destination"), LINKS, most[is_bounded])],
        at_most=0.0,
        claim=Claim.CONSEQUENCE,
        doc="a lane is used only towards something that takes the load",
    )


def distinct(terms: Terms, keys: tuple[str, ...]) -> Index:
    """Return the index of all combinations of keys that occur in terms."""
    sizes = [int(terms[key].max(initial=0)) + 1 for key in keys]
    code = np.zeros(len(terms), dtype=np.int64)
    for key, size in zip(keys, sizes, strict=True):
        code *= size
        code += terms[key]
    if is_rising(code):  # row for row the terms themselves
        return Index(keys=keys, columns={key: terms[key] for key in keys})
    code = sorted_distinct(code)
    columns = {}
    for key, size in zip(reversed(keys), reversed(sizes), strict=True):
        code, columns[key] = np.divmod(code, size)
    return index(keys, **columns)


def what_is_kept_needs_a_taker(b: Draft, taker: Terms) -> None:
    """State sent + uncollected >= returns x (1 - something stands that takes it), at zones that may also take."""
    ZONES = b.each_period(b.sets.ZONES)
    own = own_at(b, ZONES)
    is_taken = where_taken(b, taker)[ZONES["site"], ZONES["product"], ZONES["period"]]
    keep = (b.reach.at(b.reach.returns, ZONES) > 0) & is_taken & ~b.reach.free_takers[ZONES["site"], ZONES["product"]]
    KEPT = ZONES.where(keep)
    own = b.reach.at(b.reach.returns, KEPT)
    b.m.require(
        "what_is_kept_needs_a_taker",
        over=KEPT,
        terms=[sent(b), b.m["uncollected"], scaled(taker, KEPT, own)],
        at_least=own,
        claim=Claim.CONSEQUENCE,
        doc="what returns at a site is sent away or left, unless something stands there that takes it",
    )


def what_is_made_needs_a_taker(b: Draft, taker: Terms) -> None:
    """State own - sent - sold - disposed - left <= (what can be own and taken) x (something stands that takes it).

    Own is what is made there, comes back, returns or was in stock: the lane from a site to itself, as it were. By the
    balance the left side is what is used and stored less what is received, nothing at all where nothing stands.
    """
    NODES = nodes(b)
    most = np.minimum(b.reach.at(b.reach.own, NODES), b.reach.at(b.reach.intake, NODES))
    is_taken = where_taken(b, taker)[NODES["site"], NODES["product"], NODES["period"]]
    is_more_than_returns = b.reach.at(b.reach.own, NODES) > b.reach.at(b.reach.returns, NODES)
    keep = is_taken & is_more_than_returns & (most > 0) & (most < LARGEST_BOUND)
    MADE, most = NODES.where(keep), most[keep]
    leaving = [sent(b), *(by_site(b.m[name]) for name in ("sold", "disposed", "uncollected"))]
    b.m.require(
        "what_is_made_needs_a_taker",
        over=MADE,
        terms=[*own_terms(b), *(-terms for terms in leaving), -scaled(taker, MADE, most)],
        at_most=-own_at(b, MADE),
        claim=Claim.CONSEQUENCE,
        doc="what a site has of its own leaves it, unless something stands there that takes it",
    )


def where_taken(b: Draft, taker: Terms) -> Bools:
    """Return where something may stand that takes a product (sites, products, T)."""
    mask = np.zeros(b.reach.own.shape, dtype=bool)
    mask[taker["site"], taker["product"], taker["period"]] = True
    return mask
