"""Cuts over all facilities of a type, or those of a region: whole sizes must cover what they have to process.

Summed over sites, the balances say what a region has to process: what returns there, less what is sold, disposed of,
left, stored or sent out of it. Products that become an input of the type elsewhere count with what is made of a tonne
of them, so that a need for packs is one for the modules in them. Whatever weights products have the sum is true; what
it holds with a minus (brought in, made, in stock before) may be left out of a "no less than", for it is not negative.
What then stands beside the sizes is a mass that goes another way, and `covers` has the cuts of that set.

What is left where it returned goes another way, too, and often costs nothing: where a rule of collection says how much
of it may be, that much less is needed, and beside the sizes stands what the rule is short of, which costs a penalty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from batteryopt.network.formulation.algebra import Bools, Claim, Floats, Terms, index, plus
from batteryopt.network.formulation.balances import by_site, came_back, nodes, own_at
from batteryopt.network.formulation.covers import cover_cuts
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.may_be_left import MayBeLeft
from batteryopt.network.formulation.processing import made, used
from batteryopt.network.formulation.product_capacity import steps_of_products
from batteryopt.network.formulation.steps import level_figures

MOST_FLOWS_FOR_REGIONS = 60_000
"""Beyond so many flows the cuts are over all sites only: what leaves a region would fill the memory."""
MOST_SETS = 300
"""Sets that are looked at: regions, times types and periods."""
ROUNDING = 1e-12
"""A sum that is smaller than this share of what it sums is none."""
EVERYWHERE = "everywhere"


def add_totals(b: Draft) -> None:
    """Add the cuts of each type, region and period."""
    regions = _regions(b)
    rows = [cut for type_ in range(len(b.network.types)) for cut in _cuts_of_type(b, type_, regions)]
    _require(b, rows, regions)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cut:
    """A row ``variable . coefficient >= 1``, with the codes of its name."""

    type_: int
    region: int
    period: int
    facet: int
    variable: Ints
    coefficient: Floats


def _require(b: Draft, rows: Sequence[_Cut], regions: Sequence[Bools]) -> None:
    facets = max((cut.facet for cut in rows), default=0) + 1
    b.m.labels = {
        **b.m.labels,
        "region": [EVERYWHERE, *(f"region {n}" for n in range(1, len(regions)))],
        "facet": [str(n + 1) for n in range(facets)],
    }
    keys = ("type", "region", "period", "facet")
    COVERS = index(
        keys,
        type=[cut.type_ for cut in rows],
        region=[cut.region for cut in rows],
        period=[cut.period for cut in rows],
        facet=[cut.facet for cut in rows],
        row=np.arange(len(rows)),
    )
    lengths = [len(cut.variable) for cut in rows]
    entries = Terms(
        columns={"row": np.repeat(np.arange(len(rows)), lengths)},
        variable=np.concatenate([np.zeros(0, dtype=np.int64), *(cut.variable for cut in rows)]),
        coefficient=np.concatenate([np.zeros(0), *(cut.coefficient for cut in rows)]),
    )
    b.m.require(
        "whole_sizes_cover_the_need",
        over=COVERS,
        terms=[entries],
        at_least=1.0,
        claim=Claim.CONSEQUENCE,
        doc="whole facilities cover what a region has to process",
    )


# ---- what must be processed ----------------------------------------------------------------------------------------


def weights_for(b: Draft, type_: int, line: int | None = None) -> Floats:
    """Return the capacity of a type that a tonne of each product takes when it, or what is made of it, gets there.

    A recipe's inputs share what it takes; of a product that other types work on counts the most that may become of it.
    Any weights give true rows; these give the sharpest.

    Parameters
    ----------
    line
        A product: the weights are for its own capacity, of which no other input of the type takes anything.
    """
    weights = np.zeros(len(b.network.products))
    recipes = [(t, r) for t, kind in enumerate(b.network.types) for r in kind.recipes]
    code = b.sets.codes["product"]
    own: dict[int, float] = {}
    for t, recipe in recipes:
        if t == type_:
            share = recipe.capacity_use / sum(tonnes for _, tonnes in recipe.inputs)
            for product, _ in recipe.inputs:
                own[code[product]] = min(share, own.get(code[product], np.inf))
    if line is not None:
        own = {product: float(product == line) for product in own}
    for place, weight in own.items():
        weights[place] = weight
    for _ in b.network.products:  # a chain of n products settles in n rounds, and any number of them is valid
        for t, recipe in recipes:
            if t != type_:
                worth = sum(tonnes * weights[code[p]] for p, tonnes in recipe.outputs)
                worth /= sum(tonnes for _, tonnes in recipe.inputs)
                for product, _ in recipe.inputs:
                    if code[product] not in own:
                        weights[code[product]] = max(weights[code[product]], worth)
    return weights


def _cuts_of_type(b: Draft, type_: int, regions: Sequence[Bools]) -> Iterator[_Cut]:
    parts = list(_parts(b, type_))
    for period in range(b.sets.T):
        for code, region in enumerate(regions):
            facets = (facet for sums in parts for facet in sums.cuts(region, period))
            for facet, (variable, coefficient) in enumerate(facets):
                yield _Cut(
                    type_=type_, region=code, period=period, facet=facet, variable=variable, coefficient=coefficient
                )


def _parts(b: Draft, type_: int) -> Iterator[_Sums]:
    """Yield the sums for a type's capacity in all, and for those of single products."""
    lines = [(None, b.sets.by_step("capacity_t")), *steps_of_products(b, type_)]
    for line, steps in lines:
        weights = weights_for(b, type_, line)
        if weights.any():
            yield _Sums(b, type_, weights, steps, is_stated=line is not None)


class _Sums:
    """Weighted balances and sizes of a type, ready to be summed over any sites in a period.

    Parameters
    ----------
    steps
        What each step of size adds (steps, T).
    is_stated
        Whether the sum itself is a row as well: it cuts nothing off, and trees find cuts in it that they would not
        find in hundreds of balances.
    """

    def __init__(self, b: Draft, type_: int, weights: Floats, steps: Floats, *, is_stated: bool) -> None:
        self.weights, self.is_stated = weights, is_stated
        NODES = nodes(b)
        self.need = np.zeros((len(b.sets.codes["site"]), b.sets.T))
        np.add.at(self.need, (NODES["site"], NODES["period"]), own_at(b, NODES) * weights[NODES["product"]])
        ends = plus(*(by_site(b.m[name]) for name in ("sold", "disposed", "stock")))
        self.left = self._weighted(by_site(b.m["uncollected"]))
        back = came_back(b)
        self.rules = [MayBeLeft(b, number, weights, back) for number in range(len(b.network.policy.collection_targets))]
        other = b.m["processed"]["type"] != type_
        worked = plus(by_site(used(b)), -by_site(made(b)))
        worked = _merged(self._weighted(worked))
        self.beside = plus(
            self._weighted(ends), worked.where(np.isin(worked.variable, b.m["processed"].variable[other]))
        )
        shipped = b.m["shipped"]
        self.sent = self._weighted(shipped).only("origin", "destination", "period")
        self.sizes = _Sizes(b, type_, steps)

    def _weighted(self, terms: Terms) -> Terms:
        weighted = terms * self.weights[terms["product"]]
        return weighted.where(weighted.coefficient != 0)

    def cuts(self, region: Bools, period: int) -> Iterator[tuple[Ints, Floats]]:
        """Yield the columns and coefficients of the cuts of a region and period, ``columns . coefficients >= 1``."""
        counts = self.sizes.at(region, period)
        need = float(self.need[region, period].sum()) - counts.standing
        if need <= 0 or not len(counts.variable):
            return
        other = plus(self._leaving(region, period), counts.shares.only("period"))
        left = self.left.where((self.left["period"] == period) & region[self.left["site"]])
        yield from self._covering(counts, need, plus(other, left.only("period")))
        for rule in self.rules:
            if rule.speaks_of(left).any():
                spoken = plus(other, left.where(~rule.speaks_of(left)).only("period"), rule.beside(region, period))
                yield from self._covering(counts, need - rule.allowed(region, period), spoken)

    def _covering(self, counts: _Counts, need: float, beside: Terms) -> Iterator[tuple[Ints, Floats]]:
        """Yield the cuts of ``sizes . counts + beside >= need``, and that row itself where no other states it."""
        if need <= 0:
            return
        stated = np.append(np.minimum(counts.sizes / need, 1.0), 1.0)
        for cut in [*([stated] if self.is_stated else []), *cover_cuts(counts.sizes, need)]:
            yield (
                np.concatenate([counts.variable, beside.variable]),
                np.concatenate([counts.coefficients(cut[:-1]), beside.coefficient * cut[-1] / need]),
            )

    def _leaving(self, region: Bools, period: int) -> Terms:
        """Return the masses that go another way than through the type in the region."""
        beside = self.beside.where((self.beside["period"] == period) & region[self.beside["site"]]).only("period")
        if region.all():
            return beside
        sent = self.sent
        out = (sent["period"] == period) & region[sent["origin"]] & ~region[sent["destination"]]
        return plus(beside, sent.where(out).only("period"))


def _merged(terms: Terms) -> Terms:
    """Return terms with one coefficient a variable, without those that are negative: the sum is no less then."""
    variables, first, inverse = np.unique(terms.variable, return_index=True, return_inverse=True)
    sums = np.bincount(inverse, weights=terms.coefficient, minlength=len(variables)).astype(float)
    largest = np.bincount(inverse, weights=np.abs(terms.coefficient), minlength=len(variables))
    columns = {name: terms[name][first] for name in ("site", "period")}
    return Terms(columns=columns, variable=variables, coefficient=sums).where(sums > ROUNDING * largest)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Counts:
    """Whole sizes in a region: counts of facilities by size, as columns of the model.

    Attributes
    ----------
    standing
        Capacity that stands for certain.
    sizes
        Different capacities that a facility adds to that (d).
    variable, kind, below
        Columns (n), each a step up; which size its facility then has, and which it had, -1 for none.
    shares
        Steps that may stand in part.
    """

    standing: float
    sizes: Floats
    variable: Ints
    kind: Ints
    below: Ints
    shares: Terms

    def coefficients(self, by_size: Floats) -> Floats:
        """Return the columns' coefficients where a facility of each size counts so much (n)."""
        return np.asarray(by_size[self.kind] - np.where(self.below >= 0, by_size[self.below], 0.0), dtype=float)


class _Sizes:
    """What the facilities of a type can process: whole sizes, and shares of steps between them."""

    def __init__(self, b: Draft, type_: int, steps: Floats) -> None:
        family = b.m.families["is_open"]
        self.level = level_figures(steps, b.sets.STEPS["step"]).ravel()
        self.mine = (family.index["type"] == type_) & (family.upper > 0)
        self.stands = family.is_integer & (family.lower > 0)
        self.is_integer, self.index = family.is_integer, family.index
        self.shares = (family.terms * steps.ravel()).where(self.mine & ~family.is_integer)
        self.first = family.first

    def at(self, region: Bools, period: int) -> _Counts:
        """Return the counts of a region and period."""
        here = self.mine & (self.index["period"] == period) & region[self.index["site"]]
        sure = np.flatnonzero(here & self.stands)
        certain = np.zeros(int(self.index["facility"].max(initial=0)) + 1)
        np.maximum.at(certain, self.index["facility"][sure], self.level[sure])
        rows = np.flatnonzero(here & self.is_integer & ~self.stands)
        added = self.level[rows] - certain[self.index["facility"][rows]]
        rows, added = rows[added > 0], added[added > 0]
        sizes, kind = np.unique(added, return_inverse=True)
        follows = np.append(False, self.index["facility"][rows][1:] == self.index["facility"][rows][:-1])
        shares = self.shares.where((self.shares["period"] == period) & region[self.shares["site"]])
        return _Counts(
            standing=float(certain.sum()),
            sizes=sizes,
            variable=self.first + rows,
            kind=kind,
            below=np.where(follows, np.roll(kind, 1), -1) if len(rows) else kind,
            shares=shares,
        )


# ---- regions -------------------------------------------------------------------------------------------------------


def _regions(b: Draft) -> list[Bools]:
    """Return masks of sites: all of them, and groups of sites that are near each other, one within the other."""
    count = len(b.sets.codes["site"])
    everywhere = [np.ones(count, dtype=bool)]
    if len(b.m.families["shipped"]) > MOST_FLOWS_FOR_REGIONS:
        return everywhere
    most = MOST_SETS // (len(b.network.types) * b.sets.T)
    matters = np.isin(np.arange(count), [*b.sets.FACILITIES["site"].tolist(), *b.sets.ZONES["site"].tolist()])
    parts = [group for group in nested_groups(_distances(b)) if (matters & ~group).any()]
    return everywhere + parts[:most]


def _distances(b: Draft) -> Floats:
    """Return the shortest way of any mode and product between two sites, in either direction (sites, sites)."""
    count = len(b.sets.codes["site"])
    km = np.full((count, count), np.inf)
    arcs = b.reach.arcs
    np.minimum.at(km, (arcs.index["origin"], arcs.index["destination"]), arcs.km)
    return np.asarray(np.minimum(km, km.T), dtype=float)


def nested_groups(km: Floats) -> list[Bools]:
    """Return groups of sites that average linkage finds, the largest first; no group has one site, or all."""
    count = len(km)
    if count < 3:
        return []
    known = km[np.isfinite(km)]
    far = 2.0 * float(known.max(initial=0.0)) + 1.0
    apart = np.where(np.isfinite(km), km, far)
    np.fill_diagonal(apart, 0.0)
    groups = [np.arange(count) == site for site in range(count)]
    for one, other, _, _ in linkage(squareform(apart, checks=False), "average"):
        groups.append(groups[int(one)] | groups[int(other)])
    return sorted(groups[count:-1], key=lambda group: -int(group.sum()))
