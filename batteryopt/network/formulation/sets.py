"""The sets of the model, as tables of codes: facilities, their steps of size and recipes, zones, markets, arcs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batteryopt.network.data.facilities import Candidate, Level, Recipe, Standing, Storage
from batteryopt.network.data.flows import Disposal, Market
from batteryopt.network.data.geography import Ways
from batteryopt.network.data.instance import Network
from batteryopt.network.formulation.algebra import Bools, Floats, Index, index
from batteryopt.network.formulation.matching import Ints

NOTHING: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sets:
    """Everything that variables and rows are indexed by; small letters are numbers of things, T periods.

    Attributes
    ----------
    T
        Number of periods.
    codes
        Code of a name, by kind ("site", "product", "type", "mode", "level", "recipe").
    labels
        Names by index column, for the names of variables and rows.
    candidates
        Those that may stand, in the order of the code "facility".
    FACILITIES
        Keys site and type.
    STEPS
        Steps of size (the step from the level below to a level): keys site, type, level; ``step`` counts from 0.
    RECIPES
        Keys site, type, recipe.
    inputs, outputs
        Tables (type, recipe, product) with the tonnes for each tonne processed.
    STORES
        What may be stored where: keys site, type, product; `stores` has the rows behind.
    ZONES
        Where a product returns: keys site, product.
    MARKETS, DISPOSALS
        In the order of the instance; keys site, product (and type).
    """

    network: Network
    T: int
    codes: Mapping[str, Mapping[str, int]]
    labels: Mapping[str, Sequence[str]]
    candidates: tuple[Candidate, ...]
    FACILITIES: Index
    STEPS: Index
    RECIPES: Index
    recipes: tuple[Recipe, ...]
    inputs: tuple[Mapping[str, Ints], Floats]
    outputs: tuple[Mapping[str, Ints], Floats]
    STORES: Index
    stores: tuple[Storage, ...]
    ZONES: Index
    MARKETS: Index
    DISPOSALS: Index

    def by_step(self, figure: str) -> Floats:
        """Return what a step adds to a figure of its level (steps, T): the difference to the level below."""
        rows = {}
        for levels in self._levels:
            if id(levels) not in rows:  # many candidates share the levels of their type
                values = np.array([self.network.profile(getattr(level, figure)) for level in levels])
                rows[id(levels)] = np.diff(values, axis=0, prepend=0.0)
        return _stacked([rows[id(levels)] for levels in self._levels], self.T)

    @cached_property
    def _levels(self) -> list[tuple[Level, ...]]:
        """The levels of each facility."""
        return [self.network.levels_of(candidate) for candidate in self.candidates]

    def by_facility(self, figure: str) -> Floats:
        """Return a number of each candidate (facilities)."""
        return np.array([getattr(candidate, figure) for candidate in self.candidates], dtype=float)

    def by_site(self, figure: str) -> Floats:
        """Return a figure of each site (sites, T)."""
        return self.profiles(self.network.sites, figure)

    def levels(self, facility: int) -> tuple[Level, ...]:
        """Return the levels of a facility."""
        return self._levels[facility]

    def profiles(self, entities: Sequence[object], figure: str) -> Floats:
        """Return a figure of each entity (entities, T); None becomes infinite."""
        values = [np.inf if (v := getattr(entity, figure)) is None else v for entity in entities]
        if not any(isinstance(v, tuple) for v in values):
            return np.repeat(np.array(values, dtype=float)[:, None], self.T, axis=1)
        return _stacked([self.network.profile(v)[None] for v in values], self.T)


def _stacked(rows: Sequence[Floats], periods: int) -> Floats:
    return np.concatenate([np.zeros((0, periods)), *rows])


def make_sets(network: Network) -> Sets:
    """Return the sets of an instance."""
    candidates = tuple(c for c in network.candidates if c.standing is not Standing.CLOSED)
    codes = _codes(network, candidates)
    facilities = index(
        ("site", "type"),
        site=[codes["site"][c.site] for c in candidates],
        type=[codes["type"][c.type] for c in candidates],
        facility=np.arange(len(candidates)),
    )
    RECIPES, recipes = _recipes(network, candidates, facilities, codes)
    STORES, stores = _stores(network, candidates, facilities, codes)
    return Sets(
        network=network,
        T=len(network.periods),
        codes=codes,
        labels=_labels(network, codes),
        candidates=candidates,
        FACILITIES=facilities,
        STEPS=_steps(network, candidates, facilities, codes),
        RECIPES=RECIPES,
        recipes=recipes,
        inputs=_recipe_table(network, codes, "inputs"),
        outputs=_recipe_table(network, codes, "outputs"),
        STORES=STORES,
        stores=stores,
        ZONES=_zones(network, codes),
        MARKETS=_site_products(network.markets, codes),
        DISPOSALS=_disposals(network, codes),
    )


def _codes(network: Network, candidates: Sequence[Candidate]) -> dict[str, dict[str, int]]:
    levels = [level.name for c in candidates for level in network.levels_of(c)]
    recipes = [recipe.name for type_ in network.types for recipe in type_.recipes]
    tables = {
        "site": [site.name for site in network.sites],
        "product": [product.name for product in network.products],
        "type": [type_.name for type_ in network.types],
        "mode": [mode.name for mode in network.modes],
        "period": [period.name for period in network.periods],
        "level": list(dict.fromkeys(levels)),
        "recipe": list(dict.fromkeys(recipes)),
    }
    return {kind: {name: code for code, name in enumerate(names)} for kind, names in tables.items()}


def _labels(network: Network, codes: Mapping[str, Mapping[str, int]]) -> dict[str, Sequence[str]]:
    names: dict[str, Sequence[str]] = {kind: tuple(table) for kind, table in codes.items()}
    policy = network.policy
    own: dict[str, Sequence[str]] = {
        "origin": names["site"],
        "destination": names["site"],
        "disposal_type": ("any", *names["type"]),
        "target": tuple(rule.name for rule in policy.collection_targets),
        "coverage": tuple(rule.name for rule in policy.coverage),
        "limit": tuple(rule.name for rule in policy.limits),
        "subsidy": tuple(rule.name for rule in policy.subsidies),
        "lane_mode": ("any", *names["mode"]),
        "place": (*names["site"], "all"),
        "stay": [str(periods) for periods in range(len(network.periods) + 1)],
        "when": (*names["period"], "all"),
    }
    return names | {kind: _told_apart(labels) for kind, labels in own.items()}


def _told_apart(labels: Sequence[str]) -> tuple[str, ...]:
    """Return names of which no two are the same: two rules may have one name, and a site may be called "all"."""
    found: dict[str, None] = {}
    for label in labels:
        alike = (label if count == 1 else f"{label} ({count})" for count in itertools.count(1))
        found[next(name for name in alike if name not in found)] = None
    return tuple(found)


def _steps(
    network: Network, candidates: Sequence[Candidate], facilities: Index, codes: Mapping[str, Mapping[str, int]]
) -> Index:
    rows = [
        (facility, step, codes["level"][level.name])
        for facility, candidate in enumerate(candidates)
        for step, level in enumerate(network.levels_of(candidate))
    ]
    facility, step, level = _columns(rows, 3)
    return index(
        ("site", "type", "level"),
        site=facilities["site"][facility],
        type=facilities["type"][facility],
        level=level,
        facility=facility,
        step=step,
    )


def _recipes(
    network: Network, candidates: Sequence[Candidate], facilities: Index, codes: Mapping[str, Mapping[str, int]]
) -> tuple[Index, tuple[Recipe, ...]]:
    rows = [
        (facility, codes["recipe"][recipe.name])
        for facility, candidate in enumerate(candidates)
        for recipe in network.types_by_name[candidate.type].recipes
    ]
    facility, recipe = _columns(rows, 2)
    found = tuple(recipe for c in candidates for recipe in network.types_by_name[c.type].recipes)
    columns = {"site": facilities["site"][facility], "type": facilities["type"][facility]}
    return index(("site", "type", "recipe"), **columns, recipe=recipe, facility=facility), found


def _recipe_table(
    network: Network, codes: Mapping[str, Mapping[str, int]], side: str
) -> tuple[Mapping[str, Ints], Floats]:
    rows = [
        (codes["type"][type_.name], codes["recipe"][recipe.name], codes["product"][product], tonnes)
        for type_ in network.types
        for recipe in type_.recipes
        for product, tonnes in getattr(recipe, side)
    ]
    type_, recipe, product = _columns([row[:3] for row in rows], 3)
    return {"type": type_, "recipe": recipe, "product": product}, np.array([row[3] for row in rows], dtype=float)


def _stores(
    network: Network, candidates: Sequence[Candidate], facilities: Index, codes: Mapping[str, Mapping[str, int]]
) -> tuple[Index, tuple[Storage, ...]]:
    """Return what each facility may store; a row of its site goes before the row of all sites."""
    found: dict[tuple[int, int], Storage] = {}
    for facility, candidate in enumerate(candidates):
        for row in network.types_by_name[candidate.type].storage:
            if row.site == candidate.site or (not row.site and (facility, codes["product"][row.product]) not in found):
                found[facility, codes["product"][row.product]] = row
    owner, product = _columns(list(found), 2)
    columns = {"site": facilities["site"][owner], "type": facilities["type"][owner]}
    STORES = index(("site", "type", "product"), **columns, product=product, facility=owner)
    return STORES, tuple(found.values())


def _zones(network: Network, codes: Mapping[str, Mapping[str, int]]) -> Index:
    """Return where something returns, be it to begin with or from a market."""
    pairs = [(codes["site"][r.site], codes["product"][r.product]) for r in network.returns]
    pairs += [(codes["site"][m.site], codes["product"][b.product]) for m in network.markets for b in m.comes_back]
    site, product = _columns(list(dict.fromkeys(pairs)), 2)
    return index(("site", "product"), site=site, product=product)


def _site_products(rows: Sequence[Market] | Sequence[Disposal], codes: Mapping[str, Mapping[str, int]]) -> Index:
    pairs = [(codes["site"][row.site], codes["product"][row.product]) for row in rows]
    site, product = _columns(pairs, 2)
    return index(("site", "product"), site=site, product=product, row=np.arange(len(pairs)))


def _disposals(network: Network, codes: Mapping[str, Mapping[str, int]]) -> Index:
    """Return the disposals; the key ``disposal_type`` is 0 where none needs to be open, else 1 more than the type."""
    base = _site_products(network.disposals, codes)
    kinds = [codes["type"][d.type] + 1 if d.type else 0 for d in network.disposals]
    return index(("site", "product", "disposal_type"), **base.columns, disposal_type=kinds)


def _columns(rows: Sequence[tuple[int, ...]], count: int) -> tuple[Ints, ...]:
    return tuple(np.array(rows, dtype=np.int64).reshape(-1, count).T)


@dataclass(frozen=True, kw_only=True, eq=False)
class Arcs:
    """Ways that a product may go: keys origin, destination, mode, product; with their length in km."""

    index: Index
    km: Floats


def make_arcs(sets: Sets, sources: Bools, takers: Bools) -> Arcs:
    """Return the arcs from sites that may have a product to sites that may take it (both (sites, products))."""
    network, codes = sets.network, sets.codes
    parts: list[tuple[Ints, ...]] = []
    kinds: list[tuple[int, int]] = []
    lengths = [np.zeros(0)]
    for mode in network.modes:
        ways = Ways(network, mode)
        for product in codes["product"] if mode.products is None else mode.products:
            p = codes["product"][product]
            origin, destination, km = ways.among(np.flatnonzero(sources[:, p]), np.flatnonzero(takers[:, p]))
            parts.append((origin, destination))
            kinds.append((codes["mode"][mode.name], p))
            lengths.append(km)
    counts = [len(origin) for origin, _ in parts]
    mode_codes, product_codes = np.array(kinds, dtype=np.int64).reshape(-1, 2).T
    found = index(
        ("origin", "destination", "mode", "product"),
        origin=np.concatenate([NOTHING, *(origin for origin, _ in parts)]),
        destination=np.concatenate([NOTHING, *(destination for _, destination in parts)]),
        mode=np.repeat(mode_codes, counts),
        product=np.repeat(product_codes, counts),
    )
    return Arcs(index=found, km=np.concatenate(lengths))
