"""What is decided on the way of things through a network, and what the decisions sum to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from batteryopt.network.data.instance import Market, Mode, Network, Profile, Recipe, Standing, Storage
from tests.network.second_route.careers import Place
from tests.network.second_route.program import Linear, Program, total
from tests.network.second_route.ways import lanes_of

Where = tuple[str, str, int]
"""Site, product, period."""


class Decisions:
    """The decisions of a network in a program, and what they mean; `places` are its facilities by site and type."""

    def __init__(self, network: Network) -> None:
        self.network, self.program = network, Program()
        self.periods = range(len(network.periods))
        open_to_any = (c for c in network.candidates if c.standing is not Standing.CLOSED)
        self.places = {(c.site, c.type): Place(self.program, network, c) for c in open_to_any}
        self.lanes = {mode.name: lanes_of(network, mode) for mode in network.modes}
        self.entering, self.moving = self._masses()
        self._decide()

    def number(self, value: Profile, t: int) -> float:
        """Return a profile's number in a period."""
        return float(self.network.profile(value)[t])

    # ---- what masses cannot exceed

    def _masses(self) -> tuple[float, float]:
        """Return what ever enters the network, and what can be of a product at a site in a period.

        Recipes make no mass and of a tonne sold no more than a tonne comes back, so that nothing that is stored or
        disposed of is more than returns, first stocks and reagents together. Within one period what is sold may come
        back and be sold again: of what enters or is made, and the largest share of it, and again the share of that.
        """
        network, places = self.network, list(self.places.values())
        works = [
            (recipe, place.levels[-1].capacity_t / recipe.capacity_use)
            for place in places
            for recipe in place.kind.recipes
        ]
        periods = len(network.periods)
        returned = sum(float(network.profile(row.tonnes).sum()) for row in network.returns)
        stocked = sum(store.initial_t for kind in network.types for store in kind.storage)
        entering = returned + stocked + periods * sum(recipe.reagents_t * tonnes for recipe, tonnes in works)
        made = sum(tonnes * share for recipe, tonnes in works for _, share in recipe.outputs)
        at_once = max((_share_at_once(market) for market in network.markets), default=0.0)
        assert at_once < 1, "what is sold comes back whole at once: this has no bound here"
        return entering, (entering + made) / (1 - at_once)

    def _trips_at_most(self, mode: Mode) -> float:
        """Return how many trips may be worth their price on a lane: for all that moves, and for all visits."""
        visits = max((rule.visits or 0.0 for rule in self.network.policy.coverage), default=0.0)
        return math.ceil(self.moving * len(self.network.products) / (mode.trip_capacity_t or math.inf)) + math.ceil(
            visits
        )

    # ---- decisions

    def _decide(self) -> None:
        program, network = self.program, self.network
        for t in self.periods:
            for place in self.places.values():
                for recipe in place.kind.recipes:
                    for stretch in place.stretches(t):
                        program.decide("processed", place.site, place.type, recipe.name, stretch, t)
                for product in self._stored_products(place):
                    program.decide("stock", place.site, place.type, product, t)
            for mode in network.modes:
                for origin, destination in self.lanes[mode.name]:
                    for product in self.carried(mode):
                        program.decide("shipped", origin, destination, mode.name, product, t)
                    if mode.whole_trips:
                        program.decide("trips", origin, destination, mode.name, t, is_whole=True)
            for market in network.markets:
                program.decide("sold", market.site, market.product, t)
            for way in network.disposals:
                if not way.type or (way.site, way.type) in self.places:
                    program.decide("disposed", way.site, way.product, way.type, t)
            for site in network.sites:
                for product in network.products:
                    if product.uncollected_cost_per_t is not None:
                        program.decide("uncollected", site.name, product.name, t)

    def carried(self, mode: Mode) -> list[str]:
        """Return what a mode may carry."""
        names = [product.name for product in self.network.products]
        return names if mode.products is None else [name for name in names if name in mode.products]

    def store_of(self, place: Place, product: str) -> Storage | None:
        """Return the storage row of a product at a facility: the row of its site, else the row of all sites."""
        rows = [row for row in place.kind.storage if row.product == product]
        return next(
            (row for site in (place.site, "") for row in rows if row.site == site),
            None,
        )

    def _stored_products(self, place: Place) -> list[str]:
        return [product.name for product in self.network.products if self.store_of(place, product.name)]

    # ---- sums

    def worked(self, place: Place, recipe: Recipe, t: int) -> Linear:
        """Return tonnes processed by a recipe."""
        decided = self.program.decided
        keys = (("processed", place.site, place.type, recipe.name, stretch, t) for stretch in place.stretches(t))
        return total(decided(*key) for key in keys)

    def used(self, place: Place, product: str, t: int) -> Linear:
        """Return tonnes of a product that a facility's recipes take."""
        return total(
            self.worked(place, recipe, t) * tonnes
            for recipe in place.kind.recipes
            for name, tonnes in recipe.inputs
            if name == product
        )

    def made(self, place: Place, product: str, t: int) -> Linear:
        """Return tonnes of a product that a facility's recipes give."""
        return total(
            self.worked(place, recipe, t) * tonnes
            for recipe in place.kind.recipes
            for name, tonnes in recipe.outputs
            if name == product
        )

    def stock(self, place: Place, product: str, t: int) -> Linear:
        """Return tonnes in stock at a period's end; before the first, what is there to begin with."""
        if t < 0:
            store = self.store_of(place, product)
            return Linear(constant=store.initial_t if store and store.site else 0.0)
        return self.program.decided("stock", place.site, place.type, product, t)

    def sold(self, site: str, product: str, t: int) -> Linear:
        """Return tonnes sold."""
        return self.program.decided("sold", site, product, t)

    def disposed(self, site: str, product: str, t: int) -> Linear:
        """Return tonnes disposed of at a site, in whatever way."""
        ways = (way for way in self.network.disposals if (way.site, way.product) == (site, product))
        return total(self.program.decided("disposed", site, product, way.type, t) for way in ways)

    def sent(self, site: str, product: str, t: int, mode: str = "") -> Linear:
        """Return tonnes that lanes take from a site."""
        return total(
            x for (o, _, m, p, n), x in self._shipped(t) if (o, p, n) == (site, product, t) and mode in ("", m)
        )

    def received(self, site: str, product: str, t: int, mode: str = "") -> Linear:
        """Return tonnes that lanes bring to a site."""
        return total(
            x for (_, d, m, p, n), x in self._shipped(t) if (d, p, n) == (site, product, t) and mode in ("", m)
        )

    def _shipped(self, t: int) -> Iterator[tuple[tuple[str, str, str, str, int], Linear]]:
        for mode in self.network.modes:
            for origin, destination in self.lanes[mode.name]:
                for product in self.carried(mode):
                    key = (origin, destination, mode.name, product, t)
                    yield key, self.program.decided("shipped", *key)

    def returned(self, site: str, product: str, t: int) -> Linear:
        """Return tonnes that return from owners, and what comes back from markets."""
        rows = (row for row in self.network.returns if (row.site, row.product) == (site, product))
        return total([*(self.number(row.tonnes, t) for row in rows), self._came_back(site, product, t)])

    def _came_back(self, site: str, product: str, t: int) -> Linear:
        return total(
            self.sold(site, market.product, t - back.lag_periods) * back.share
            for market in self.network.markets
            for back in market.comes_back
            if market.site == site and back.product == product and t >= back.lag_periods
        )

    def uncollected(self, site: str, product: str, t: int) -> Linear:
        """Return tonnes left where they fell."""
        return self.program.decided("uncollected", site, product, t)

    def collected(self, site: str, product: str, t: int) -> Linear:
        """Return what returned or came back and was not left."""
        return self.returned(site, product, t) - self.uncollected(site, product, t)

    def load(self, mode: Mode, origin: str, destination: str, t: int) -> Linear:
        """Return tonnes of all products on a lane by a mode."""
        keys = ((origin, destination, mode.name, product, t) for product in self.carried(mode))
        return total(self.program.decided("shipped", *key) for key in keys)

    def trips(self, mode: Mode, origin: str, destination: str, t: int) -> Linear:
        """Return trips on a lane: whole ones are decided, others are as many as the load needs."""
        if mode.trip_capacity_t is None:
            return Linear()
        if mode.whole_trips:
            return self.program.decided("trips", origin, destination, mode.name, t)
        return self.load(mode, origin, destination, t) * (1 / mode.trip_capacity_t)

    def at(self, site: str) -> list[Place]:
        """Return the facilities of a site."""
        return [place for place in self.places.values() if place.site == site]

    def missing(self, market: Market, t: int) -> Linear:
        """Return what a market misses of its least."""
        return self.number(market.least_t or 0.0, t) - self.sold(market.site, market.product, t)


def _share_at_once(market: Market) -> float:
    return sum(back.share for back in market.comes_back if back.lag_periods == 0)
