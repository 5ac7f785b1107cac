"""What a city's batteries cost and emit on their whole way: every cost of a plan, carried back to where it began.

What is at a site is one heap: what leaves it is taken from the heap evenly. So the cost that a tonne of a product at a
site in a period still has before it, ``c``, is that of what happens to it there and then, plus the shares of it that go
on, times the cost that they have before them: ``c = direct + onward c``, a sparse linear system. Summed over all that
returns it gives every cost back, save those that no returned tonne caused (idle facilities, stock from before the plan,
penalties, subsidies).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_array, identity
from scipy.sparse.linalg import splu

from batteryopt.network.plan import haulage
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.chain import recipes_by_name

if TYPE_CHECKING:
    from batteryopt.network.plan.solution import Solution

Floats = npt.NDArray[np.float64]
Node = tuple[str, str, int]
"""A heap: site, product, period."""

COST, EMISSION, CARBON = 0, 1, 2
"""Columns of what is carried: discounted money without carbon, t CO2e, discounted money for carbon."""
KG_PER_T = 1000.0


def by_city(solution: Solution) -> pd.DataFrame:
    """Return tonnes, cost and emission by city, over all periods.

    Returns
    -------
    pd.DataFrame
        One row a site with returns: ``returned_t``, ``collected_t``, ``collection_rate``, ``net_present_cost`` and
        ``emission_t`` of its batteries on their whole way, and both for each tonne collected.
    """
    heaps = _Heaps(solution)
    before = heaps.solve()
    rows = []
    for (site, product, period), tonnes in heaps.returned.items():
        left = heaps.uncollected[site, product, period]
        carried = before.get((site, product, period), np.zeros(3)) * tonnes
        rows.append((site, tonnes, tonnes - left, carried[COST] + carried[CARBON], carried[EMISSION]))
    columns = ["site", "returned_t", "collected_t", "net_present_cost", "emission_t"]
    table = pd.DataFrame(rows, columns=columns).groupby("site", sort=False, as_index=False).sum()
    collected = table["collected_t"].where(table["collected_t"] > 0)
    harm = table["site"].map(heaps.harm).fillna(0.0)
    return table.assign(
        collection_rate=table["collected_t"] / table["returned_t"].where(table["returned_t"] > 0),
        cost_per_collected_t=(table["net_present_cost"] - harm) / collected,
        emission_kg_per_collected_t=table["emission_t"] * KG_PER_T / collected,
    )


class _Heaps:
    """The linear system: what leaves each heap, with what it costs and where it goes."""

    def __init__(self, solution: Solution) -> None:
        self.solution = solution
        self.network = solution.network
        self.discount = self.network.discount_factors
        self.price = self.network.profile(self.network.policy.carbon_price_per_t)
        self.leaving: dict[Node, float] = defaultdict(float)
        self.direct: dict[Node, Floats] = defaultdict(lambda: np.zeros(3))
        self.onward: dict[tuple[Node, Node], float] = defaultdict(float)
        self.harm: dict[str, float] = defaultdict(float)
        self.returned, self.uncollected = self._returns()
        self._ship()
        self._process()
        self._keep()
        self._let_go()

    def solve(self) -> dict[Node, Floats]:
        """Return what each tonne in a heap has before it."""
        nodes = list(dict.fromkeys([*self.leaving, *(to for _, to in self.onward)]))
        if not nodes:
            return {}
        position = {node: i for i, node in enumerate(nodes)}
        mass = np.array([self.leaving.get(node, 0.0) for node in nodes])
        safe = np.where(mass > 0, mass, 1.0)
        entries = [(position[a], position[b], t / safe[position[a]]) for (a, b), t in self.onward.items()]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        onward = csc_array((values, (rows, columns)), shape=(len(nodes), len(nodes)))
        direct = np.array([self.direct[node] for node in nodes]) / safe[:, None]
        before = splu(csc_array(identity(len(nodes), format="csc") - onward)).solve(direct)
        return dict(zip(nodes, before, strict=True))

    def _pay(self, node: Node, cost: float, emission_kg: float = 0.0) -> None:
        t = node[2]
        tonnes = emission_kg / KG_PER_T
        self.direct[node] += (cost * self.discount[t], tonnes, tonnes * self.price[t] * self.discount[t])

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
                self._pay(node, row.collected * float(paid[row.site, row.product][node[2]]))
            cost = left[node] * float(harm[row.product][node[2]])
            self.leaving[node] += left[node]
            self._pay(node, cost)
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
            self._pay(start, row.cost + row.tonnes * trip["cost"], row.emission_kg + row.tonnes * trip["emission_kg"])
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
                self._pay(node, float(cost) * part, float(row.tonnes * kg) * part)
                self.direct[node] += capital * part
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
        """Return what a facility costs and emits by itself over the plan."""
        career = self.solution.careers[site, type_]
        fixed = career.over_time("fixed_cost") * career.candidate.fixed_cost_factor
        costs = (career.investments() + career.closings() + fixed) @ self.discount
        years = sum(period.years for period in self.network.periods)
        worth = career.worth_at_the_end() * (1.0 + self.network.discount_rate) ** -years
        tonnes = career.over_time("emission_kg") / KG_PER_T
        return np.array([costs - worth, tonnes.sum(), (tonnes * self.price) @ self.discount])

    def _keep(self) -> None:
        """Pass stock on to the next period, at its holding cost."""
        stores = {(t.name, s.product, s.site): s for t in self.network.types for s in t.storage}
        for row in records(self.solution.stock):
            t = self.network.period_index[row.period]
            store = stores.get((row.type, row.product, row.site)) or stores.get((row.type, row.product, ""))
            factor = self.solution.careers[row.site, row.type].candidate.holding_cost_factor
            price = self.network.profile(store.holding_cost_per_t)[t] if store else 0.0
            node = (row.site, row.product, t)
            self._pay(node, float(row.tonnes * price * factor))
            self.leaving[node] += row.tonnes
            if t + 1 < len(self.network.periods):
                self.onward[node, (row.site, row.product, t + 1)] += row.tonnes

    def _let_go(self) -> None:
        """Charge what is sold and what is disposed of."""
        for row in records(self.solution.sold):
            market = next(m for m in self.network.markets if (m.site, m.product) == (row.site, row.product))
            self._leave(row, -self._at(market.price_per_t, row), self._at(market.emission_kg_per_t, row))
        for row in records(self.solution.disposed):
            disposal = next(
                d for d in self.network.disposals if (d.site, d.product, d.type) == (row.site, row.product, row.type)
            )
            self._leave(row, self._at(disposal.cost_per_t, row), self._at(disposal.emission_kg_per_t, row))

    def _leave(self, row: object, cost_per_t: float, kg_per_t: float) -> None:
        site, product, period, tonnes = (getattr(row, name) for name in ("site", "product", "period", "tonnes"))
        node = (site, product, self.network.period_index[period])
        self._pay(node, float(tonnes * cost_per_t), float(tonnes * kg_per_t))
        self.leaving[node] += tonnes

    def _at(self, value: float | tuple[float, ...], row: object) -> float:
        return float(self.network.profile(value)[self.network.period_index[getattr(row, "period")]])  # noqa: B009
