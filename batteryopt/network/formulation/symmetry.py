"""Sites that nobody can tell apart are opened in their order, so that a search does not try each of them.

Exchanging two such sites in a plan gives a plan that is as good by every objective. Where something tells them apart
after all (facilities that are kept, a rule that a user adds) the order would be wrong: it is a choice, and left out.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Hashable

import numpy as np

from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Claim, index
from batteryopt.network.formulation.draft import Draft


def order_equal_sites(b: Draft) -> None:
    """State is_open summed over the plan: no less at a site than at its twin that comes later in the table."""
    pairs = [pair for twins in equal_sites(b.network) for pair in itertools.pairwise(twins)]
    codes, facilities = b.sets.codes["site"], b.sets.FACILITIES
    # of the same type at both sites, whatever the order in which their candidates stand in the table
    in_order = np.lexsort((facilities["type"], facilities["site"]))[::-1]
    first = dict(zip(facilities["site"][in_order].tolist(), in_order.tolist(), strict=True))
    rows = [(first[codes[one]], first[codes[two]]) for one, two in pairs if codes[one] in first]
    before, after = np.array(rows, dtype=np.int64).reshape(-1, 2).T
    TWINS = index(
        ("site", "type"), site=facilities["site"][after], type=facilities["type"][after], before=before, after=after
    )
    standing = b.m["is_open"]
    standing = standing.where(standing["step"] == 0).only("facility")
    b.m.require(
        "twins_open_in_order",
        over=TWINS,
        terms=[-standing.renamed(facility="before"), standing.renamed(facility="after")],
        at_most=0.0,
        claim=Claim.CHOICE,
        doc="of two equal sites the first opens first",
    )


def equal_sites(network: Network) -> list[list[str]]:
    """Return groups of two or more sites that differ in nothing but their names.

    They have candidates and no returns, markets, disposals, lanes, stores of their own or group that not all share.
    """
    named = {row.site for table in (network.returns, network.markets, network.disposals) for row in table}
    named |= {site for lane in network.lanes for site in (lane.origin, lane.destination)}
    named |= {row.site for type_ in network.types for row in type_.storage}
    groups: dict[Hashable, list[str]] = defaultdict(list)
    memberships = _memberships(network)
    candidates = defaultdict(list)
    for candidate in network.candidates:
        candidates[candidate.site].append(repr(dataclasses.replace(candidate, site="")))
    for position, site in enumerate(network.sites):
        if site.name in named or site.name not in candidates:
            continue
        description = repr(dataclasses.replace(site, name=""))
        facilities = tuple(sorted(candidates[site.name]))
        groups[description, facilities, memberships[site.name], _way_home(network, position)].append(site.name)
    return [twins for twins in groups.values() if len(twins) > 1 and _are_alike(network, twins)]


def _memberships(network: Network) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for group in network.groups:
        for site in group.sites:
            found[site].append(group.name)
    return {site.name: tuple(found[site.name]) for site in network.sites}


def _way_home(network: Network, position: int) -> tuple[float, ...]:
    """Return sums of distances, by which sites with different distances are told apart quickly."""
    return tuple(float(np.nansum(matrix[position])) for matrix in network.distances.values())


def _are_alike(network: Network, twins: list[str]) -> bool:
    """Return whether every distance matrix has the same numbers for all of them, among themselves too."""
    position = {site.name: i for i, site in enumerate(network.sites)}
    rows = np.array([position[name] for name in twins])
    others = np.setdiff1d(np.arange(len(network.sites)), rows)
    for matrix in network.distances.values():
        to_others, from_others = matrix[np.ix_(rows, others)], matrix[np.ix_(others, rows)].T
        among = matrix[np.ix_(rows, rows)][~np.eye(len(rows), dtype=bool)]
        same = (np.array_equal(t, t[:1].repeat(len(rows), 0), equal_nan=True) for t in (to_others, from_others))
        if not all(same) or not np.array_equal(among, np.full_like(among, among[0]), equal_nan=True):
            return False
    return True
