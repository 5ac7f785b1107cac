"""Service: how much of the returns is collected, and how many zones have a facility near."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from batteryopt.network.data.geography import table_km
from batteryopt.network.data.policy import CollectionTarget, Coverage, Sharing
from batteryopt.network.formulation.algebra import Floats, Index, Terms, index
from batteryopt.network.formulation.balances import came_back
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.reach import LARGEST_BOUND
from batteryopt.network.formulation.steps import first_step


def add_service(b: Draft) -> None:
    """Add collection targets and coverage."""
    enough_is_collected(b)
    zones_are_covered(b)


class Scope:
    """Sites of a rule and the places it speaks of: each of them, or all together (code "all", after the sites)."""

    def __init__(self, b: Draft, group: str, sharing: Sharing) -> None:
        codes = b.sets.codes["site"]
        self.all = len(codes)
        self.sites = np.array([codes[name] for name in b.network.groups_by_name[group]], dtype=np.int64)
        self.is_each = sharing is Sharing.EACH
        self.mask = np.zeros(self.all, dtype=bool)
        self.mask[self.sites] = True

    @property
    def places(self) -> Ints:
        """Codes of the places."""
        return self.sites if self.is_each else np.array([self.all], dtype=np.int64)

    def of(self, terms: Terms, site: str = "site", **rule: int) -> Terms:
        """Return the terms that belong to the rule, by rule and place (and the columns they have)."""
        mine = terms.where(self.mask[terms[site]])
        return mine.with_columns(**rule, place=mine[site] if self.is_each else self.all)

    def summed(self, by_site: Floats) -> Floats:
        """Return numbers (sites, T) by place (places, T)."""
        return by_site[self.sites] if self.is_each else by_site[self.sites].sum(axis=0, keepdims=True)


def stacked(kind: str, places: Sequence[Ints], periods: int) -> Index:
    """Return the index of the rules of a kind, the places of each, and all periods."""
    none = np.zeros(0, dtype=np.int64)
    rule = np.concatenate([none, *(np.full(len(of_rule), r) for r, of_rule in enumerate(places))])
    return index((kind, "place"), **{kind: rule}, place=np.concatenate([none, *places])).over("period", periods)


# ---- collection ----------------------------------------------------------------------------------------------------


def enough_is_collected(b: Draft) -> None:
    """State collected + short >= share x (returns + came back), that is uncollected <= (1 - share) x ... + short."""
    targets = b.network.policy.collection_targets
    scopes = [Scope(b, rule.group, rule.sharing) for rule in targets]
    TARGETS = stacked("target", [s.places for s in scopes], b.sets.T)
    returns = [s.summed(_returns_of(b, rule)) for rule, s in zip(targets, scopes, strict=True)]
    shares = b.sets.profiles(targets, "share")
    required = np.concatenate([np.zeros(0), *(m.ravel() * np.resize(shares[r], m.size) for r, m in enumerate(returns))])
    tonnes = np.concatenate([np.zeros(0), *(m.ravel() for m in returns)])
    # no less than nothing is collected: what is missing is the share of all that returns at most, come back included
    back = [s.summed(_most_back(b, rule)) * shares[r] for r, (rule, s) in enumerate(zip(targets, scopes, strict=True))]
    most = required + np.concatenate([np.zeros(0), *(m.ravel() for m in back)])
    short = add_shortfall(b, "short_of_collection", TARGETS, targets, np.where(most < LARGEST_BOUND, most, np.inf))
    terms: list[Terms] = [short]
    for r, (rule, scope) in enumerate(zip(targets, scopes, strict=True)):
        terms.append(scope.of(-_of_products(b, b.m["uncollected"], rule), target=r).only(*TARGETS.keys))
        again = _of_products(b, came_back(b), rule)
        terms.append(scope.of(again * (1 - shares[r][again["period"]]), target=r).only(*TARGETS.keys))
    b.m.require(
        "enough_is_collected",
        over=TARGETS,
        terms=terms,
        at_least=required - tonnes,
        doc="the collection target is met, or what is short is paid for",
    )


def _returns_of(b: Draft, rule: CollectionTarget) -> Floats:
    """Return returns of a target's products (sites, T)."""
    return np.asarray(b.reach.returns[:, _products(b, rule)].sum(axis=1), dtype=float)


def _most_back(b: Draft, rule: CollectionTarget) -> Floats:
    """Return the most of a target's products that can come back from markets (sites, T)."""
    return np.asarray(b.reach.came_back[:, _products(b, rule)].sum(axis=1), dtype=float)


def _products(b: Draft, rule: CollectionTarget) -> list[int]:
    return [b.sets.codes["product"][name] for name in rule.products or b.sets.codes["product"]]


def _of_products(b: Draft, terms: Terms, rule: CollectionTarget) -> Terms:
    return terms.where(np.isin(terms["product"], _products(b, rule)))


def add_shortfall(
    b: Draft, name: str, over: Index, rules: Sequence[CollectionTarget] | Sequence[Coverage], most: Floats
) -> Terms:
    """Add what is missing from soft rules, and its penalty; `most` is all that can be missing."""
    penalties = np.array([np.nan if r.penalty_per_t is None else r.penalty_per_t for r in rules], dtype=float)
    price = penalties[over[over.keys[0]]] if len(over) else np.zeros(0)
    is_soft = ~np.isnan(price) & (most > 0)
    short = b.m.variables(name, over.where(is_soft), upper=most[is_soft], doc="tonnes short of the rule")
    b.pay("penalties", short, price[is_soft])
    return short.only(*over.keys)


# ---- coverage ------------------------------------------------------------------------------------------------------


def zones_are_covered(b: Draft) -> None:
    """State that a zone is covered only if a facility stands near it or a mobile station visits it often enough."""
    rules = b.network.policy.coverage
    weight = b.reach.returns.sum(axis=1)
    ZONES = _zones(b, rules, weight)
    mass = weight[ZONES["place"], ZONES["period"]]
    with_visits = np.array([rule.visits is not None for rule in rules], dtype=bool)
    is_integer = with_visits[ZONES["coverage"]] if len(rules) else np.zeros(0, dtype=bool)
    covered = b.m.variables(
        "is_covered", ZONES, upper=1.0, is_integer=is_integer, doc="1 where a zone has service near"
    )
    needs_some = np.array([rule.visits != 0 for rule in rules], dtype=bool)  # no visit at all is always made
    b.m.require(
        "covered_has_service_near",
        over=ZONES.where(needs_some[ZONES["coverage"]]) if len(rules) else ZONES,
        terms=[covered, *(-terms for terms in _service(b, rules))],
        at_most=0.0,
        doc="a zone is covered by a facility near it, or by visits",
    )
    _enough_is_covered(b, rules, weight, covered * mass)


def _zones(b: Draft, rules: Sequence[Coverage], weight: Floats) -> Index:
    """Return zones with returns, by rule and period where the rule asks for something; the column place is a site."""
    scopes = [Scope(b, rule.group, rule.sharing) for rule in rules]
    ZONES = stacked("coverage", [s.sites for s in scopes], b.sets.T)
    shares = b.sets.profiles(rules, "share")
    asks = shares[ZONES["coverage"], ZONES["period"]] > 0 if len(rules) else np.zeros(0, dtype=bool)
    return ZONES.where(asks & (weight[ZONES["place"], ZONES["period"]] > 0))


def _service(b: Draft, rules: Sequence[Coverage]) -> list[Terms]:
    """Return facilities near each zone, and visits as a share of the visits that cover."""
    standing, trips = first_step(b), b.m["trips"]
    is_mobile = np.array([mode.is_mobile for mode in b.network.modes], dtype=bool)
    found = []
    for r, rule in enumerate(rules):
        km = np.nan_to_num(table_km(b.network, rule.distance) * rule.detour_factor, nan=np.inf)
        np.fill_diagonal(km, 0.0)
        zone, site = np.nonzero(km <= rule.radius_km)
        types = [b.sets.codes["type"][name] for name in rule.types]
        mine = standing.where(np.isin(standing["type"], types)).only("site", "period")
        near = mine.through({"site": site, "place": zone}, np.ones(len(zone)))
        found.append(near.only("place", "period").with_columns(coverage=r))
        if rule.visits:
            visits = trips.where(is_mobile[trips["mode"]]).renamed(origin="place") * (1.0 / rule.visits)
            found.append(visits.only("place", "period").with_columns(coverage=r))
            found.append((_visits_of_rounds(b) * (1.0 / rule.visits)).with_columns(coverage=r))
    return found


def _visits_of_rounds(b: Draft) -> Terms:
    """Return visits of vehicles that make rounds, by place and period: the share that they take of what returns there.

    Whether they come at all would be a question of its own, and a kilogram would answer it; who leaves half of the
    packs where they are has covered half a zone.
    """
    shipped, visits = b.m["shipped"], np.array([mode.visits_per_period or 0.0 for mode in b.network.modes])
    back = {row.product for row in b.network.returns}
    is_back = np.array([product.name in back for product in b.network.products], dtype=bool)
    mine = shipped.where((visits[shipped["mode"]] > 0) & is_back[shipped["product"]])
    weight = b.reach.returns.sum(axis=1)[mine["origin"], mine["period"]]
    share = np.divide(visits[mine["mode"]], weight, out=np.zeros(len(weight)), where=weight > 0)
    counted: Terms = (mine * share).renamed(origin="place")
    return counted.only("place", "period")


def _enough_is_covered(b: Draft, rules: Sequence[Coverage], weight: Floats, covered: Terms) -> None:
    """State sum of weight x is_covered + short >= share x weight; with "each", every zone's own weight."""
    scopes = [Scope(b, rule.group, rule.sharing) for rule in rules]
    COVERAGE = stacked("coverage", [s.places for s in scopes], b.sets.T)
    shares = b.sets.profiles(rules, "share")
    asked = [np.where(s.is_each, shares[r] > 0, shares[r]) * s.summed(weight) for r, s in enumerate(scopes)]
    required = np.concatenate([np.zeros(0), *(rows.ravel() for rows in asked)])
    # no less than nothing is covered: no more can be missing than is asked for
    short = add_shortfall(b, "short_of_coverage", COVERAGE, rules, required)
    parts = [s.of(covered.where(covered["coverage"] == r), "place", coverage=r) for r, s in enumerate(scopes)]
    b.m.require(
        "enough_is_covered",
        over=COVERAGE,
        terms=[short, *(part.only(*COVERAGE.keys) for part in parts)],
        at_least=required,
        doc="enough of the zones' weight is covered, or what is short is paid for",
    )
