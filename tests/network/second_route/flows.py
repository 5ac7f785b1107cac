"""What flows: the balance of every site, product and period, and what facilities, lanes, markets and disposals take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from batteryopt.network.data.instance import Mode, Network, Sizes
from tests.network.second_route.careers import Place
from tests.network.second_route.decisions import Decisions
from tests.network.second_route.program import Linear, total

Where = tuple[str, str, int]
"""Site, product, period."""


class Flows(Decisions):
    """The decisions of a network with all rows that hold whatever the rules are."""

    def __init__(self, network: Network) -> None:
        super().__init__(network)
        for t in self.periods:
            for place in self.places.values():
                self._work(place, t)
                self._store(place, t)
            self._travel(t)
            self._sell_and_dispose(t)
            for site in network.sites:
                for product in network.products:
                    self._balance((site.name, product.name, t))
                    self._keep_together((site.name, product.name, t))
        self._leave_in_time()

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

    def _keep_together(self, where: Where) -> None:
        """One destination a place, itself one of them; and one for each mode that says so."""
        site, product, t = where
        network, rows = self.network, self.network.returns
        back = ((market.site, row.product) for market in network.markets for row in market.comes_back)
        comes_back = {*back, *((row.site, row.product) for row in rows)}
        says_so = any(row.single_source for row in rows if (row.site, row.product) == (site, product))
        carrying = [mode for mode in network.modes if product in self.carried(mode)]
        if says_so or (network.policy.single_source and (site, product) in comes_back):
            here = [self.sold(*where), self.disposed(*where), *(self.used(p, product, t) for p in self.at(site))]
            loads = self._loads_by_destination(carrying, where)
            self._one_of(f"{where}", [*loads, total(here) - self.received(*where)])
        for mode in carrying:
            if mode.single_source:
                self._one_of(f"{where} by {mode.name}", self._loads_by_destination([mode], where))

    def _loads_by_destination(self, modes: list[Mode], where: Where) -> list[Linear]:
        site, product, t = where
        loads: dict[str, list[Linear]] = defaultdict(list)
        for mode in modes:
            for origin, destination in self.lanes[mode.name]:
                if origin == site:
                    load = self.program.decided("shipped", origin, destination, mode.name, product, t)
                    loads[destination].append(load)
        return [total(parts) for parts in loads.values()]

    def _one_of(self, name: str, loads: list[Linear]) -> None:
        """No more than one of several loads is more than nothing."""
        answers = []
        for position, load in enumerate(loads):
            answer = self.program.answer(f"{name}: {position}", partial(_is_load, load))
            self.program.only_if(f"kept together: {name}, {position}", load, answer, most=self.moving)
            answers.append(answer)
        self.program.at_most_zero(f"one destination: {name}", total(answers) - 1.0)

    def _work(self, place: Place, t: int) -> None:
        """Capacity and least throughput, tonnes times capacity use; a tonne is processed at the level that stands."""
        name = f"{place.site}/{place.type} in {t}"
        for stretch in place.stretches(t):
            load = total(
                self.program.decided("processed", place.site, place.type, recipe.name, stretch, t) * recipe.capacity_use
                for recipe in place.kind.recipes
            )
            self.program.at_most_zero(f"capacity of {name}", load - place.size_on(t, stretch))
        for product in sorted({row.product for level in place.levels for row in level.by_product}):
            too_much = self.used(place, product, t) - place.capacity_of(product, t)
            self.program.at_most_zero(f"capacity of {name} for {product}", too_much)
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


def _is_load(load: Linear, values: Sequence[float]) -> bool:
    """Return whether a load is more than what a solver leaves of nothing."""
    return load.at(values) > 1e-6
