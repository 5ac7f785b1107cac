"""How much of each product can be at each site at most: what makes links tight, bounds finite and idle lanes vanish.

Masses are found from above: at first a site may have all that its capacities could ever make; then, again and again,
no more arrives than lanes can bring, no more is processed than arrives, and no more is made than is processed. Any
number of rounds gives valid bounds, so that chains with a loop do no harm; a chain of n products settles in n rounds,
once for each period where something comes back from markets in a later one.

All bounds follow from balances, capacities and limits alone: every plan that keeps those keeps these, whatever else it
is to keep or to be best in.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats, Index
from batteryopt.network.formulation.matching import Ints, sorted_distinct
from batteryopt.network.formulation.sets import Arcs, Sets, make_arcs

PLENTY = 1e18
"""Tonnes that stand for any amount until a smaller bound is found."""
ROUNDS_OF_A_LOOP = 500_000
"""Rounds that a loop may take to lose what is too much, times the number of bounds: a moment's work."""
LARGEST_BOUND = 1e17
"""Larger ones are no bounds: what is left of `PLENTY` after some rounds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reach:
    """Upper bounds of masses, tonnes a period.

    Attributes
    ----------
    arcs
        The ways that exist.
    returns
        What returns (sites, products, T).
    came_back
        What may come back from markets (sites, products, T).
    own
        What a site may have of its own: returned, come back, made, in stock before (sites, products, T).
    available
        Its own and what lanes may bring (sites, products, T).
    intake
        What facilities, markets, disposals and stores may take there (sites, products, T).
    processed
        By recipe (rows of RECIPES, T).
    stock
        By row of STORES (T).
    """

    sets: Sets
    arcs: Arcs
    returns: Floats
    came_back: Floats
    own: Floats
    available: Floats
    intake: Floats
    processed: Floats
    stock: Floats

    @cached_property
    def free_takers(self) -> Bools:
        """Where a product is taken without any facility: by a market or an unconditional disposal (sites, products)."""
        sets = self.sets
        free = np.zeros(self.own.shape[:2], dtype=bool)
        free[sets.MARKETS["site"], sets.MARKETS["product"]] = True
        is_free = sets.DISPOSALS["disposal_type"] == 0
        free[sets.DISPOSALS["site"][is_free], sets.DISPOSALS["product"][is_free]] = True
        return free

    def at(self, masses: Floats, over: Index, site: str = "site") -> Floats:
        """Return masses (sites, products, T) at the rows of an index that has site, product and period."""
        return np.asarray(masses[over[site], over["product"], over["period"]], dtype=float)


def make_reach(sets: Sets) -> Reach:
    """Return the mass bounds of an instance."""
    shape = (len(sets.codes["site"]), len(sets.codes["product"]), sets.T)
    rounds = _Rounds(sets, shape)
    rounds.settle()
    return rounds.result()


def fresh_reach(reach: Reach) -> Reach:
    """Return the mass bounds of what is fresh in each period: as if nothing had been stored in the periods before."""
    if not len(reach.sets.stores):
        return reach
    rounds = _Rounds(reach.sets, reach.own.shape)
    rounds.has_stock, rounds.most_back = False, reach.came_back
    rounds.settle()
    return rounds.result()


def _is_enough(before: Floats, after: Floats) -> bool:
    """Return whether a loop that loses something in each turn has brought bounds near where they end."""
    return bool(np.all(before - after <= 1e-3 * before))


class _Rounds:
    """The bounds while they fall."""

    def __init__(self, sets: Sets, shape: tuple[int, int, int]) -> None:
        self.sets = sets
        self.shape = shape
        self.returns = returned(sets)
        self.capacity = _facility_capacity(sets)
        self.store_limits = _store_limits(sets)
        self.initial = np.array([row.initial_t for row in sets.stores], dtype=float)
        self.most_sold = sets.profiles(sets.network.markets, "most_t")
        self.inputs = _triples(sets, "inputs")
        self.outputs = _triples(sets, "outputs")
        self.sources, self.takers = self._structure()
        self.arcs = make_arcs(sets, self.sources, self.takers)
        self.neighbours = self._neighbours()
        self.own = np.where(self.sources[..., None], PLENTY, 0.0) + np.zeros(shape)
        self.total = np.full(shape[1:], PLENTY)
        use = np.array([recipe.capacity_use for recipe in sets.recipes], dtype=float)
        self.processed = self.capacity[sets.RECIPES["facility"]] / use[:, None]
        np.minimum.at(self.processed, self.inputs[0], _product_capacity(sets, self.inputs))
        self.stock = np.minimum(self.store_limits, PLENTY)
        self.came_back = np.zeros(shape)
        self.available = self.own
        self.has_stock = True
        self.most_back: Floats | None = None

    def _structure(self) -> tuple[Bools, Bools]:
        """Return where a product may come from and where something takes it (sites, products)."""
        sets = self.sets
        sources: Bools = np.array(self.returns.any(axis=2))
        takers = np.zeros(self.shape[:2], dtype=bool)
        for (rows, products, _), mask in ((self.outputs, sources), (self.inputs, takers)):
            mask[sets.RECIPES["site"][rows], products] = True
        for table, mask in ((sets.ZONES, sources), (sets.STORES, sources), (sets.STORES, takers)):
            mask[table["site"], table["product"]] = True
        for table in (sets.MARKETS, sets.DISPOSALS):
            takers[table["site"], table["product"]] = True
        return sources, takers

    def _neighbours(self) -> list[tuple[Ints, Ints]]:
        """Return (origins, destinations) by product, each pair once whatever the modes."""
        size = self.shape[0]
        found = []
        for product in range(self.shape[1]):
            mine = self.arcs.index["product"] == product
            ways = self.arcs.index["origin"][mine] * size + self.arcs.index["destination"][mine]
            origin, destination = np.divmod(sorted_distinct(ways), size)
            found.append((origin, destination))
        return found

    def settle(self) -> None:
        """Do rounds until the bounds stand, or nearly do in a loop that loses something in each turn."""
        lives = self.shape[2] + 1 if any(market.comes_back for market in self.sets.network.markets) else 1
        settled = self.shape[1] * lives + 3
        for turn in range(settled + ROUNDS_OF_A_LOOP // max(1, self.own.size)):
            before = self.own.copy()
            self.tighten()
            if np.array_equal(before, self.own) or (turn >= settled and _is_enough(before, self.own)):
                break

    def tighten(self) -> None:
        """Do one round."""
        received = np.zeros(self.shape)
        for product, (origins, destinations) in enumerate(self.neighbours):
            for period in range(self.shape[2]):
                arriving = self.own[origins, product, period]
                received[:, product, period] = np.bincount(destinations, weights=arriving, minlength=self.shape[0])
        received = np.minimum(received, self.total)
        self.available = np.minimum(self.own + received, self.total)
        self._process()
        self.came_back = self._coming_back() if self.most_back is None else self.most_back
        made = self._made()
        arrivals = self.returns + self.came_back + made + received
        before = self._stock_before(arrivals)
        self.own = np.minimum(self.own, self.returns + self.came_back + made + before)
        supply = self.returns.sum(axis=0) + self.came_back.sum(axis=0) + before.sum(axis=0)
        self.total = np.minimum(self.total, supply + np.minimum(made.sum(axis=0), self._made_in_total()))

    def _process(self) -> None:
        """No more is processed than the scarcest input allows."""
        rows, products, tonnes = self.inputs
        allowed = self.available[self.sets.RECIPES["site"][rows], products] / tonnes[:, None]
        np.minimum.at(self.processed, rows, allowed)

    def _made(self) -> Floats:
        rows, products, tonnes = self.outputs
        made = np.zeros(self.shape)
        np.add.at(made, (self.sets.RECIPES["site"][rows], products), self.processed[rows] * tonnes[:, None])
        return made

    def _made_in_total(self) -> Floats:
        """Return what all facilities together can make (products, T): a tonne of input is processed only once."""
        made = np.zeros(self.shape[1:])
        for table, product, tonnes in _recipe_outputs(self.sets):
            needed = [self.total[p] / t for p, t in zip(*_inputs_of(self.sets, table), strict=True)]
            made[product] += tonnes * np.min(needed, axis=0)
        return made

    def _coming_back(self) -> Floats:
        sets, codes = self.sets, self.sets.codes
        back = np.zeros(self.shape)
        sold = np.minimum(self.most_sold, self.available[sets.MARKETS["site"], sets.MARKETS["product"]])
        for row, market in enumerate(sets.network.markets):
            for part in market.comes_back:
                lag = min(part.lag_periods, sets.T)
                place = codes["site"][market.site], codes["product"][part.product]
                back[place][lag:] += part.share * sold[row, : sets.T - lag]
        return back

    def _stock_before(self, arrivals: Floats) -> Floats:
        """Return what may be in stock at the beginning of each period, and bound each store by all that ever came.

        Stores of a site may take over from each other, so that what came, and was there at first, is the site's.
        """
        STORES = self.sets.STORES
        came = np.cumsum(arrivals, axis=2)
        np.add.at(came, (STORES["site"], STORES["product"]), self.initial[:, None])
        self.stock = np.minimum(self.stock, came[STORES["site"], STORES["product"]])
        before = np.zeros(self.shape)
        shifted = np.concatenate([self.initial[:, None], self.stock[:, :-1] * self.has_stock], axis=1)
        np.add.at(before, (STORES["site"], STORES["product"]), shifted)
        return before

    def result(self) -> Reach:
        """Return the bounds as they are, with what sites may take."""
        return Reach(
            sets=self.sets,
            arcs=self.arcs,
            returns=self.returns,
            came_back=self.came_back,
            own=self.own,
            available=self.available,
            intake=np.minimum(self._intake(), self.available),
            processed=self.processed,
            stock=self.stock,
        )

    def _intake(self) -> Floats:
        sets = self.sets
        intake = np.zeros(self.shape)
        rows, products, tonnes = self.inputs
        np.add.at(intake, (sets.RECIPES["site"][rows], products), self.processed[rows] * tonnes[:, None])
        np.add.at(intake, (sets.STORES["site"], sets.STORES["product"]), self.stock)
        np.add.at(intake, (sets.MARKETS["site"], sets.MARKETS["product"]), np.minimum(self.most_sold, PLENTY))
        most = np.minimum(sets.profiles(sets.network.disposals, "most_t"), PLENTY)
        np.add.at(intake, (sets.DISPOSALS["site"], sets.DISPOSALS["product"]), most)
        return intake


def returned(sets: Sets) -> Floats:
    """Return what comes back at zones (sites, products, T), in tonnes."""
    mass = np.zeros((len(sets.codes["site"]), len(sets.codes["product"]), sets.T))
    site = [sets.codes["site"][row.site] for row in sets.network.returns]
    product = [sets.codes["product"][row.product] for row in sets.network.returns]
    np.add.at(mass, (site, product), sets.profiles(sets.network.returns, "tonnes"))
    return mass


def _facility_capacity(sets: Sets) -> Floats:
    """Return the largest capacity that each facility may have (facilities, T)."""
    largest = [sets.levels(f)[-1].capacity_t for f in range(len(sets.candidates))]
    return np.repeat(np.array(largest, dtype=float)[:, None], sets.T, axis=1)


def _product_capacity(sets: Sets, inputs: tuple[Ints, Ints, Floats]) -> Floats:
    """Return what the capacity of each input allows its recipe to process (rows of `inputs`, T), or infinity."""
    rows, products, tonnes = inputs
    names = sets.labels["product"]
    facilities = sets.RECIPES["facility"][rows].tolist()
    largest = (sets.levels(f)[-1].capacity_of(names[p]) for f, p in zip(facilities, products.tolist(), strict=True))
    most = np.array([np.inf if tonnes is None else tonnes for tonnes in largest], dtype=float)
    return np.repeat((most / tonnes)[:, None], sets.T, axis=1)


def _store_limits(sets: Sets) -> Floats:
    """Return the largest stock that each row of STORES allows (rows, T), infinite where there is no limit."""
    limits = []
    for facility, row in zip(sets.STORES["facility"].tolist(), sets.stores, strict=True):
        by_level = [np.inf if v.storage_limit_t is None else v.storage_limit_t for v in sets.levels(facility)]
        limits.append(min(np.inf if row.limit_t is None else row.limit_t, max(by_level)))
    return np.repeat(np.array(limits, dtype=float)[:, None], sets.T, axis=1)


def _triples(sets: Sets, side: str) -> tuple[Ints, Ints, Floats]:
    """Return (row of RECIPES, product, tonnes) for one side of all recipes."""
    triples = [
        (row, sets.codes["product"][product], tonnes)
        for row, recipe in enumerate(sets.recipes)
        for product, tonnes in getattr(recipe, side)
    ]
    rows, products = np.array([t[:2] for t in triples], dtype=np.int64).reshape(-1, 2).T
    return rows, products, np.array([t[2] for t in triples], dtype=float)


def _recipe_outputs(sets: Sets) -> list[tuple[tuple[int, int], int, float]]:
    """Return ((type, recipe), product, tonnes) for every output of every recipe."""
    table, tonnes = sets.outputs
    keys = zip(table["type"].tolist(), table["recipe"].tolist(), strict=True)
    return list(zip(keys, table["product"].tolist(), tonnes.tolist(), strict=True))


def _inputs_of(sets: Sets, recipe: tuple[int, int]) -> tuple[list[int], list[float]]:
    table, tonnes = sets.inputs
    mine = (table["type"] == recipe[0]) & (table["recipe"] == recipe[1])
    return table["product"][mine].tolist(), tonnes[mine].tolist()
