"""The second route: a network in, its least cost and every cost term out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from batteryopt.network.data.instance import Network
from batteryopt.network.plan.solution import COLUMNS, Solution
from tests.network.second_route.careers import Place
from tests.network.second_route.flows import Flows
from tests.network.second_route.program import Linear, Outcome, total
from tests.network.second_route.rules import Owed, Rules
from tests.network.second_route.ways import rate, toll

TOLERANCE = 1e-6
"""Of rows that a plan of somebody else is held to, relative to the size of what they compare."""


@dataclass(frozen=True)
class Judgement:
    """What the second route says of a plan: its cost terms, and which rows it breaks."""

    terms: dict[str, float]
    misses: list[str]


class SecondRoute:
    """A network's program and its cost terms, each a sum over the program's variables, discounted."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.flows = Flows(network)
        self.rules = Rules(self.flows)
        self.terms = self._terms()
        self.cost = total(self.terms.values())

    def solve(self, *, seconds: float = 3.0) -> Outcome:
        """Return the least cost."""
        return self.flows.program.solve(self.cost, seconds=seconds)

    def terms_at(self, values: Sequence[float]) -> dict[str, float]:
        """Return the cost terms of a point."""
        return {name: term.at(values) for name, term in self.terms.items()}

    def judge(self, plan: Solution) -> Judgement:
        """Return the cost terms of a plan by the formulas here, and what it breaks."""
        decided, foreign = self._decisions(plan)
        values = self.flows.program.completed(decided)
        return Judgement(self.terms_at(values), foreign + self.flows.program.misses(values, TOLERANCE))

    # ---- money

    def _terms(self) -> dict[str, Linear]:
        flows, rules = self.flows, self.rules
        places = flows.places.values()
        years = np.cumsum([0.0, *(period.years for period in self.network.periods)])
        factors = [(1.0 + self.network.discount_rate) ** -float(year) for year in years]

        def over_time(worth_at: Any) -> Linear:
            return total(worth_at(t) * factors[t] for t in flows.periods)

        def owed(rows: Sequence[Owed]) -> Linear:
            return total(money * factors[t] for t, money in rows)

        return {
            "acquisition": over_time(self._acquisition),
            "opening": over_time(lambda t: total(place.invested(t) for place in places)),
            "closing": over_time(lambda t: total(place.closing_cost(t) for place in places)),
            "fixed": over_time(
                lambda t: total(p.figure("fixed_cost", t) * p.candidate.fixed_cost_factor for p in places)
            ),
            "variable": over_time(lambda t: total(self._work(place, t) for place in places)),
            "transport": over_time(self._transport),
            "holding": over_time(lambda t: total(self._holding(place, t) for place in places)),
            "disposal": over_time(self._disposal),
            "uncollected": over_time(self._uncollected),
            "carbon": over_time(lambda t: rules.emitted_t(t) * flows.number(self.network.policy.carbon_price_per_t, t)),
            "penalties": owed(rules.penalties),
            "revenue": over_time(self._revenue) * -1.0,
            "subsidy": owed(rules.subsidies) * -1.0,
            "salvage": total(place.worth(rules.owners_shares(place)) for place in places) * -factors[-1],
        }

    def _acquisition(self, t: int) -> Linear:
        rows = self.network.returns
        return total(
            self.flows.collected(row.site, row.product, t) * self.flows.number(row.acquisition_cost_per_t, t)
            for row in rows
        )

    def _work(self, place: Place, t: int) -> Linear:
        """Level and recipe times the place's factor, and electricity at the site's price."""
        flows, terms = self.flows, []
        factor = place.candidate.variable_cost_factor
        (price,) = (flows.number(s.electricity_price_per_kwh, t) for s in self.network.sites if s.name == place.site)
        for recipe in place.kind.recipes:
            for stretch in place.stretches(t):
                tonnes = flows.program.decided("processed", place.site, place.type, recipe.name, stretch, t)
                level = flows.number(place.levels[stretch[0]].variable_cost_per_t, t)
                own = level + flows.number(recipe.cost_per_t, t)
                terms.append(tonnes * (own * factor + recipe.electricity_kwh_per_t * price))
        return total(terms)

    def _transport(self, t: int) -> Linear:
        flows, network, terms = self.flows, self.network, []
        for mode in network.modes:
            for (origin, destination), km in flows.lanes[mode.name].items():
                extra = toll(network, mode, origin, destination, t)
                for product in flows.carried(mode):
                    freight = rate(network, mode, "cost_per_t_km", product, t) * km
                    loading = rate(network, mode, "cost_per_t", product, t)
                    tonnes = flows.program.decided("shipped", origin, destination, mode.name, product, t)
                    terms.append(tonnes * (freight + loading + extra))
                a_trip = flows.number(mode.cost_per_trip, t) + flows.number(mode.cost_per_trip_km, t) * km
                terms.append(flows.trips(mode, origin, destination, t) * a_trip)
        return total(terms)

    def _holding(self, place: Place, t: int) -> Linear:
        terms = []
        for product in (product.name for product in self.network.products):
            store = self.flows.store_of(place, product)
            if store is not None:
                price = self.flows.number(store.holding_cost_per_t, t) * place.candidate.holding_cost_factor
                terms.append(self.flows.stock(place, product, t) * price)
        return total(terms)

    def _disposal(self, t: int) -> Linear:
        return total(
            self.flows.program.decided("disposed", way.site, way.product, way.type, t)
            * self.flows.number(way.cost_per_t, t)
            for way in self.network.disposals
        )

    def _uncollected(self, t: int) -> Linear:
        prices = {p.name: p.uncollected_cost_per_t for p in self.network.products}
        return total(
            self.flows.uncollected(site.name, product, t) * self.flows.number(price, t)
            for site in self.network.sites
            for product, price in prices.items()
            if price is not None
        )

    def _revenue(self, t: int) -> Linear:
        markets = self.network.markets
        return total(self.flows.sold(m.site, m.product, t) * self.flows.number(m.price_per_t, t) for m in markets)

    # ---- plans of others

    def _decisions(self, plan: Solution) -> tuple[dict[Hashable, float], list[str]]:
        """Return a plan's decisions in the program's words, and those for which it has none."""
        index = {name: t for t, name in enumerate(period.name for period in self.network.periods)}
        decided, foreign = _careers_of(self, plan, index)
        courses = {key[1:3]: key[3] for key in decided if isinstance(key, tuple) and key[0] == "career"}
        for table in ("processed", "shipped", "trips", "stock", "sold", "disposed", "uncollected"):
            *columns, _, amount = COLUMNS[table]
            for row in getattr(plan, table).to_dict(orient="records"):
                t = index[row["period"]]
                names = [row[column] for column in columns]
                if table == "processed":
                    course = courses.get((row["site"], row["type"]))
                    names.append(course[t] if course else None)
                key = (table, *names, t)
                if key in self.flows.program.decisions:
                    decided[key] = decided.get(key, 0.0) + float(row[amount])
                elif abs(row[amount]) > TOLERANCE:
                    foreign.append(f"no such decision: {key} = {row[amount]}")
        return decided, foreign

    def plan_of(self, outcome: Outcome) -> Solution:
        """Return the plan of an outcome in the package's tables, so that its check and its ledger may judge it."""
        program, names = self.flows.program, [period.name for period in self.network.periods]
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        for key, position in program.decisions.items():
            assert isinstance(key, tuple)
            table, *words, t = key
            value = outcome.values[position]
            if table in COLUMNS and abs(value) > 1e-9:
                if table == "processed":
                    words.pop()
                value = float(round(value)) if table == "trips" else value
                rows[table].append((*words, names[t], value))
        for place in self.flows.places.values():
            rows["facilities"] += _standing(place, outcome.values, names)
        tables = {name: pd.DataFrame(found, columns=list(COLUMNS[name])) for name, found in rows.items()}
        keys = ["site", "type", "recipe", "period"]  # a facility on the border of two stretches has a row of each
        tables["processed"] = tables["processed"].groupby(keys, as_index=False, sort=False)["tonnes"].sum()
        return Solution.of(self.network, **tables)


def _standing(place: Place, values: Sequence[float], names: Sequence[str]) -> list[tuple[Any, ...]]:
    found = []
    for t, name in enumerate(names):
        if place.is_open(t).at(values) > 0.5:
            size = place.size(t).at(values)
            level = next((lv for lv in place.levels if lv.capacity_t >= size * (1 - 1e-9) - 1e-9), place.levels[-1])
            found.append((place.site, place.type, level.name, name, size))
    return found


def _careers_of(route: SecondRoute, plan: Solution, index: dict[str, int]) -> tuple[dict[Hashable, float], list[str]]:
    """Return which career each facility takes in a plan, with its sizes; and those that no career allows."""
    sizes: dict[tuple[str, str], list[float | None]] = {key: [None] * len(index) for key in route.flows.places}
    foreign: list[str] = []
    for row in plan.facilities.to_dict(orient="records"):
        key = (row["site"], row["type"])
        if key in sizes:
            sizes[key][index[row["period"]]] = float(row["capacity_t"])
        else:
            foreign.append(f"nothing may stand: {key}")
    decided: dict[Hashable, float] = {}
    for key, place in route.flows.places.items():
        course = _course_of(place, sizes[key])
        if ("career", *key, course) not in route.flows.program.decisions:
            foreign.append(f"no such career: {key} {sizes[key]}")
            continue
        decided["career", *key, course] = 1.0
        for t, size in enumerate(sizes[key]):
            if ("size", *key, course, t) in route.flows.program.decisions and size is not None:
                decided["size", *key, course, t] = size
    return decided, foreign


def _course_of(place: Place, sizes: Sequence[float | None]) -> Any:
    """Return the stretches in which sizes lie; on a level the stretch below it, unless it is the smallest."""
    stretches = sorted({stretch for career in place.careers for stretch in career.course if stretch is not None})
    course: list[Any] = []
    for size in sizes:
        mine = None
        if size is not None:
            for low, high in stretches:
                slack = TOLERANCE * max(1.0, place.levels[high].capacity_t)
                if place.levels[low].capacity_t - slack <= size <= place.levels[high].capacity_t + slack:
                    mine = (low, high)
                    break
        course.append(mine)
    return tuple(course)
