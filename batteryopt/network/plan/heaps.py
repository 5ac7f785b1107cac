"""Heaps of a plan: what leaves each, what that costs by what it is for, and where it goes from there.

What is at a site is one heap: what leaves it is taken from the heap evenly. So the cost that a tonne of a product at a
site in a period still has before it, ``c``, is that of what happens to it there and then, plus the shares of it that go
on, times the cost that they have before them: ``c = direct + onward c``, a sparse linear system. A recipe's costs are
borne by its inputs by their mass, and each input goes on as all of the outputs, by its share of that mass: so joint
products need no rule of their own, for nothing is ever divided among outputs. Costs that no returned tonne caused are
in none of it: idle facilities, stock from before the plan, penalties, subsidies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, identity
from scipy.sparse.linalg import splu

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.plan import haulage
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.chain import recipes_by_name

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

Floats = npt.NDArray[np.float64]
Node = tuple[str, str, int]
"""A heap: site, product, period."""

PRESENT, PLAIN, EMISSION = 0, 1, 2
"""Columns of what is carried: discounted money, money of its period, t CO2e."""


@dataclass(frozen=True, order=True)
class Item:
    """What money is spent on or comes from.

    Attributes
    ----------
    step
        Where on the way: "revenue", "purchase", "transport", "processing", "facilities", "storage", "disposal",
        "carbon", "left behind".
    of
        The product that is sold, bought, carried, stored or disposed of, or the type that works or stands.
    """

    step: str
    of: str = ""


CARBON = Item("carbon")


class Heaps:
    """The linear system: what leaves each heap, with what it costs and where it goes."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.network = solution.network
        self.discount = self.network.discount_factors
        self.price = self.network.profile(self.network.policy.carbon_price_per_t)
        self.leaving: dict[Node, float] = defaultdict(float)
        self.direct: dict[tuple[Node, Item], Floats] = defaultdict(lambda: np.zeros(3))
        self.onward: dict[tuple[Node, Node], float] = defaultdict(float)
        self.harm: dict[str, float] = defaultdict(float)
        self.returned, self.uncollected = self._returns()
        self._ship()
        self._process()
        self._keep()
        self._let_go()

    @property
    def items(self) -> list[Item]:
        """What is paid for in this plan, in order."""
        return sorted({item for _, item in self.direct})

    def solve(self) -> dict[Node, Floats]:
        """Return what each tonne in a heap has before it, by item as `items` has them (items, 3)."""
        column = {item: i for i, item in enumerate(self.items)}
        nodes = list(dict.fromkeys([*self.leaving, *(to for _, to in self.onward)]))
        if not nodes:
            return {}
        position = {node: i for i, node in enumerate(nodes)}
        mass = np.array([self.leaving.get(node, 0.0) for node in nodes])
        safe = np.where(mass > 0, mass, 1.0)
        entries = [(position[a], position[b], t / safe[position[a]]) for (a, b), t in self.onward.items()]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        onward = csc_array((values, (rows, columns)), shape=(len(nodes), len(nodes)))
        direct = np.zeros((len(nodes), len(column), 3))
        for (node, item), paid in self.direct.items():
            if node in position:
                direct[position[node], column[item]] += paid / safe[position[node]]
        before = splu(csc_array(identity(len(nodes), format="csc") - onward)).solve(direct.reshape(len(nodes), -1))
        return dict(zip(nodes, before.reshape(direct.shape), strict=True))

    def _pay(self, node: Node, item: Item, cost: float, emission_kg: float = 0.0) -> None:
        """Charge a heap with money of its period and emissions, and with the price of these."""
        emission_t = emission_kg / KG_PER_T
        discount = float(self.discount[node[2]])
        self.direct[node, item] += (cost * discount, cost, emission_t)
        if emission_t:
            price = emission_t * float(self.price[node[2]])
            self.direct[node, CARBON] += (price * discount, price, 0.0)

    def _returns(self) -> tuple[dict[Node, float], Mapping[Node, float]]:
        """Return what returns and what of it stays, by heap; owners are paid for what is collected."""
        period = self.network.period_index
        paid = {(r.site, r.product): self.network.profile(r.acquisition_cost_per_t) for r in self.network.returns}
        harm = {p.name: self.network.profile(p.uncollected_cost_per_t or 0.0) for p in self.network.products}
        returned: dict[Node, float] = {}
        left: dict[Node, float] = {}
        for row in records(self.solution.collected_t):
            node = (row.site, row.product, period[row.period])
            returned[node], left[node] = float(row.returned), float(row.returned - row.collected)
            if (row.site, row.product) in paid:
                self._pay(
                    node, Item("purchase", row.product), row.collected * float(paid[row.site, row.product][node[2]])
                )
            cost = left[node] * float(harm[row.product][node[2]])
            self.leaving[node] += left[node]
            self._pay(node, Item("left behind", row.product), cost)
            self.harm[row.site] += cost * float(self.discount[node[2]])
        return returned, left

    def _ship(self) -> None:
        """Charge loads with their freight and their share of trips."""
        table = haulage.shipments(self.solution)
        keys = ["origin", "destination", "mode", "period"]
        together = table.groupby(keys)["tonnes"].sum()
        trips = haulage.journeys(self.solution).groupby(keys)[["cost", "emission_kg"]].sum()
        per_tonne = trips.div(together.astype(float), axis=0).dropna().to_dict(orient="index")
        for row in records(table):
            t = self.network.period_index[row.period]
            start, end = (row.origin, row.product, t), (row.destination, row.product, t)
            trip = per_tonne.get((row.origin, row.destination, row.mode, row.period), {"cost": 0.0, "emission_kg": 0.0})
            cost = row.cost + row.tonnes * trip["cost"]
            kg = row.emission_kg + row.tonnes * trip["emission_kg"]
            self._pay(start, Item("transport", row.product), cost, kg)
            self.leaving[start] += row.tonnes
            self.onward[start, end] += row.tonnes

    def _process(self) -> None:
        """Charge what is used with the work, its share of the facility, and pass it on as what is made."""
        recipes = recipes_by_name(self.network)
        sites = {site.name: site for site in self.network.sites}
        shares = self._facility_shares()
        for row in records(self.solution.processed):
            t, recipe = self.network.period_index[row.period], recipes[row.type, row.recipe]
            site, career = sites[row.site], self.solution.careers[row.site, row.type]
            work = career.over_time("variable_cost_per_t")[t] + self.network.profile(recipe.cost_per_t)[t]
            power = recipe.electricity_kwh_per_t * self.network.profile(site.electricity_price_per_kwh)[t]
            kg = self.network.profile(recipe.emission_kg_per_t)[t]
            kg += recipe.electricity_kwh_per_t * self.network.profile(site.electricity_kg_per_kwh)[t]
            capital = shares[row.site, row.type] * row.tonnes * recipe.capacity_use
            used = sum(tonnes for _, tonnes in recipe.inputs)
            for product, tonnes in recipe.inputs:
                node, part = (row.site, product, t), tonnes / used
                cost = row.tonnes * (work * career.candidate.variable_cost_factor + power)
                self._pay(node, Item("processing", row.type), float(cost) * part, float(row.tonnes * kg) * part)
                self.direct[node, Item("facilities", row.type)] += capital[:3] * part
                self.direct[node, CARBON] += (capital[3] * part, capital[4] * part, 0.0)
                self.leaving[node] += row.tonnes * tonnes
                for made, out in recipe.outputs:
                    self.onward[node, (row.site, made, t)] += row.tonnes * out * part

    def _facility_shares(self) -> dict[tuple[str, str], Floats]:
        """Return what a facility costs and emits by itself over the plan, for each tonne of capacity used."""
        recipes = recipes_by_name(self.network)
        used: dict[tuple[str, str], float] = defaultdict(float)
        for row in records(self.solution.processed):
            used[row.site, row.type] += row.tonnes * recipes[row.type, row.recipe].capacity_use
        return {key: self.facility_total(*key) / tonnes for key, tonnes in used.items() if tonnes > 0}

    def facility_total(self, site: str, type_: str) -> Floats:
        """Return what a facility costs and emits by itself over the plan: the three columns, then both of carbon."""
        career = self.solution.careers[site, type_]
        fixed = career.over_time("fixed_cost") * career.candidate.fixed_cost_factor
        costs = career.investments() + career.closings() + fixed
        worth, later = career.worth_at_the_end(), self.network.discount_factor_at_end
        tonnes = career.over_time("emission_kg") / KG_PER_T
        carbon = tonnes * self.price
        present, plain = costs @ self.discount - worth * later, costs.sum() - worth
        return np.array([present, plain, tonnes.sum(), carbon @ self.discount, carbon.sum()])

    def _keep(self) -> None:
        """Pass stock on to the next period, at its holding cost."""
        stores = {(t.name, s.product, s.site): s for t in self.network.types for s in t.storage}
        for row in records(self.solution.stock):
            t = self.network.period_index[row.period]
            store = stores.get((row.type, row.product, row.site)) or stores.get((row.type, row.product, ""))
            factor = self.solution.careers[row.site, row.type].candidate.holding_cost_factor
            price = self.network.profile(store.holding_cost_per_t)[t] if store else 0.0
            node = (row.site, row.product, t)
            self._pay(node, Item("storage", row.product), float(row.tonnes * price * factor))
            self.leaving[node] += row.tonnes
            if t + 1 < len(self.network.periods):
                self.onward[node, (row.site, row.product, t + 1)] += row.tonnes

    def _let_go(self) -> None:
        """Charge what is sold and what is disposed of."""
        for row in records(self.solution.sold):
            market = next(m for m in self.network.markets if (m.site, m.product) == (row.site, row.product))
            self._leave(row, "revenue", -self._at(market.price_per_t, row), self._at(market.emission_kg_per_t, row))
        for row in records(self.solution.disposed):
            disposal = next(
                d for d in self.network.disposals if (d.site, d.product, d.type) == (row.site, row.product, row.type)
            )
            self._leave(row, "disposal", self._at(disposal.cost_per_t, row), self._at(disposal.emission_kg_per_t, row))

    def _leave(self, row: object, step: str, cost_per_t: float, kg_per_t: float) -> None:
        site, product, period, tonnes = (getattr(row, name) for name in ("site", "product", "period", "tonnes"))
        node = (site, product, self.network.period_index[period])
        self._pay(node, Item(step, product), float(tonnes * cost_per_t), float(tonnes * kg_per_t))
        self.leaving[node] += tonnes

    def _at(self, value: float | tuple[float, ...], row: object) -> float:
        return float(self.network.profile(value)[self.network.period_index[getattr(row, "period")]])  # noqa: B009
