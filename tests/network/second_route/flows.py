"""What flows: the balance of every site, product and period, and what facilities, lanes, markets and disposals take."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from batteryopt.network.instance import Market, Mode, Network, Profile, Recipe, Sizes, Standing, Storage
from tests.network.second_route.careers import Place
from tests.network.second_route.program import Linear, Program, total
from tests.network.second_route.ways import lanes_of

Where = tuple[str, str, int]
"""Site, product, period."""


class Flows:
    """The decisions of a network in a program, and what they mean; `places` are its facilities by site and type."""

    def __init__(self, network: Network) -> None:
        self.network, self.program = network, Program()
        self.periods = range(len(network.periods))
        open_to_any = (c for c in network.candidates if c.standing is not Standing.CLOSED)
        self.places = {(c.site, c.type): Place(self.program, network, c) for c in open_to_any}
        self.lanes = {mode.name: lanes_of(network, mode) for mode in network.modes}
        self.entering, self.moving = self._masses()
        self._decide()
        for t in self.periods:
            for place in self.places.values():
                self._work(place, t)
                self._store(place, t)
            self._travel(t)
            self._sell_and_dispose(t)
            for site in network.sites:
                for product in network.products:
                    self._balance((site.name, product.name, t))
        self._leave_in_time()

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

    # ---- rows

    def _balance(self, where: Where) -> None:
        site, product, t = where
        here = self.at(site)
        own = total(
            [
                self.returned(*where),
                *(self.made(place, product, t) for place in here),
                *(self.stock(place, product, t - 1) for place in here),
            ]
        )
        leaving = self.sent(*where) + self.uncollected(*where)
        taken = total(
            [
                self.sold(*where),
                self.disposed(*where),
                *(self.used(place, product, t) for place in here),
                *(self.stock(place, product, t) for place in here),
            ]
        )
        self.program.zero(f"balance of {where}", own + self.received(*where) - leaving - taken)
        self.program.at_most_zero(f"nothing is passed on at {where}", leaving - own)
        self.program.at_most_zero(f"left at {where} is returned", self.uncollected(*where) - self.returned(*where))

    def _work(self, place: Place, t: int) -> None:
        """Capacity and least throughput, tonnes times capacity use; a tonne is processed at the level that stands."""
        name = f"{place.site}/{place.type} in {t}"
        for stretch in place.stretches(t):
            load = total(
                self.program.decided("processed", place.site, place.type, recipe.name, stretch, t) * recipe.capacity_use
                for recipe in place.kind.recipes
            )
            self.program.at_most_zero(f"capacity of {name}", load - place.size_on(t, stretch))
        loads = (self.worked(place, recipe, t) * recipe.capacity_use for recipe in place.kind.recipes)
        self.program.at_most_zero(f"least of {name}", place.figure("least_t", t) - total(loads))

    def _store(self, place: Place, t: int) -> None:
        name = f"{place.site}/{place.type} in {t}"
        stocks = {product: self.stock(place, product, t) for product in self._stored_products(place)}
        for product, stock in stocks.items():
            store = self.store_of(place, product)
            stands = place.is_open(t)
            self.program.only_if(f"stock of {product} stands somewhere: {name}", stock, stands, most=self.entering)
            if store is not None and store.limit_t is not None:
                self.program.at_most_zero(f"stock of {product} is safe: {name}", stock - store.limit_t)
            if t == self.periods[-1] and not self.network.policy.final_stock_is_free:
                self.program.zero(f"nothing of {product} stays: {name}", stock)
        limits = [level.storage_limit_t for level in place.levels]
        if place.kind.sizes is Sizes.BETWEEN:
            if None not in limits:
                self.program.at_most_zero(f"stock: {name}", total(stocks.values()) - place.figure("storage_limit_t", t))
            return
        for position, limit in enumerate(limits):
            if limit is not None:
                stands_not = 1.0 - place.is_on(t, (position, position))
                over = total([*stocks.values(), -limit])
                self.program.only_if(f"level's stock: {name}", over, stands_not, most=self.entering)

    def _leave_in_time(self) -> None:
        """First in, first out: what is in stock has left its site when its longest stay is over."""
        together: dict[tuple[str, str], list[tuple[int, Place]]] = defaultdict(list)
        for place in self.places.values():
            for product in self._stored_products(place):
                store = self.store_of(place, product)
                if store is not None and store.longest_stay_periods is not None:
                    together[place.site, product].append((store.longest_stay_periods, place))
        for (site, product), rows in together.items():
            for stay in {stay for stay, _ in rows}:
                for t in range(len(self.periods) - stay):
                    stocks = total(self.stock(place, product, t) for longest, place in rows if longest <= stay)
                    gone = total(self._gone(site, product, n) for n in range(t + 1, t + 1 + stay))
                    self.program.at_most_zero(f"{product} leaves {site} {stay} after {t}", stocks - gone)

    def _gone(self, site: str, product: str, t: int) -> Linear:
        used = (self.used(place, product, t) for place in self.at(site))
        ends = (self.sold(site, product, t), self.disposed(site, product, t))
        return total([self.sent(site, product, t), *ends, *used])

    def _travel(self, t: int) -> None:
        program = self.program
        for mode in self.network.modes:
            ended: dict[str, list[Linear]] = defaultdict(list)
            for origin, destination in self.lanes[mode.name]:
                made = self.trips(mode, origin, destination, t)
                name = f"{origin}->{destination} by {mode.name} in {t}"
                if mode.whole_trips and mode.trip_capacity_t is not None:
                    load = self.load(mode, origin, destination, t)
                    program.at_most_zero(f"trips carry the load: {name}", load - made * mode.trip_capacity_t)
                if mode.is_mobile:
                    depots = self._depots(mode, destination, t)
                    program.only_if(f"a depot is open: {name}", made, depots, most=self._trips_at_most(mode))
                ended[destination].append(made)
            if mode.trips_per_depot is not None:
                for depot, trips in ended.items():
                    program.at_most_zero(
                        f"vehicles of {mode.name} at {depot} in {t}", total(trips) - mode.trips_per_depot
                    )
        for lane in self.network.lanes:
            if lane.most_t is not None:
                modes = [mode for mode in self.network.modes if lane.mode in ("", mode.name)]
                load = total(self.load(mode, lane.origin, lane.destination, t) for mode in modes)
                program.at_most_zero(f"{lane.origin}->{lane.destination} in {t}", load - self.number(lane.most_t, t))

    def _depots(self, mode: Mode, site: str, t: int) -> Linear:
        """Return how many facilities are open at a depot that have a recipe that uses what the mode may carry."""
        carried = set(self.carried(mode))
        takers = (
            place
            for place in self.at(site)
            if any(product in carried for recipe in place.kind.recipes for product, _ in recipe.inputs)
        )
        return total(place.is_open(t) for place in takers)

    def _sell_and_dispose(self, t: int) -> None:
        for market in self.network.markets:
            if market.most_t is not None:
                over = self.sold(market.site, market.product, t) - self.number(market.most_t, t)
                self.program.at_most_zero(f"most of market {market.site}/{market.product} in {t}", over)
        for way in self.network.disposals:
            gone = self.program.decided("disposed", way.site, way.product, way.type, t)
            name = f"disposal {way.site}/{way.product}/{way.type} in {t}"
            if way.most_t is not None:
                self.program.at_most_zero(f"most of {name}", gone - self.number(way.most_t, t))
            if way.type and (way.site, way.type) in self.places:
                stands = self.places[way.site, way.type].is_open(t)
                self.program.only_if(f"facility of {name}", gone, stands, most=self.entering)

    def missing(self, market: Market, t: int) -> Linear:
        """Return what a market misses of its least."""
        return self.number(market.least_t or 0.0, t) - self.sold(market.site, market.product, t)


def _share_at_once(market: Market) -> float:
    return sum(back.share for back in market.comes_back if back.lag_periods == 0)
