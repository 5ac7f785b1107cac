"""What a plan costs, emits and risks, computed from its tables and the instance alone, term by term.

This is the second opinion on the model's objective: it knows levels and capacities where the model has steps and
variables, and takes nothing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.ground.mass_units import KG_PER_T
from batteryopt.network.data.flows import Profile
from batteryopt.network.plan import chain, rules
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.readable import Plan

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]

END = "end"
"""Row of the ledger for what is left at the end of the plan."""


def cost_terms(solution: Plan) -> pd.DataFrame:
    """Return cost terms (columns) by period and `END` (rows), discounted."""
    network = solution.network
    terms: Mapping[str, Callable[[Plan], Floats]] = {
        "acquisition": acquisition,
        "opening": chain.opening,
        "closing": closing,
        "fixed": fixed,
        "variable": variable,
        "transport": transport,
        "holding": holding,
        "disposal": disposal,
        "uncollected": uncollected,
        "carbon": carbon,
        "penalties": rules.penalties,
        "revenue": revenue,
        "subsidy": lambda s: -rules.subsidies(s),
    }
    table = pd.DataFrame({name: term(solution) * network.discount_factors for name, term in terms.items()})
    table.index = pd.Index([period.name for period in network.periods], name="period")
    table["salvage"] = 0.0
    table.loc[END] = 0.0
    table.loc[END, "salvage"] = -salvage(solution) * network.discount_factor_at_end
    return table


def by_period(network: Network, table: pd.DataFrame, values: npt.ArrayLike) -> Floats:
    """Return sums of a table's values by period (T)."""
    sums = np.zeros(len(network.periods))
    np.add.at(sums, table["period"].map(network.period_index).to_numpy(dtype=int), np.asarray(values, dtype=float))
    return sums


def at_period(network: Network, value: Profile, period: str) -> float:
    """Return a profile's number in a period."""
    return float(network.profile(value)[network.period_index[period]])


# ---- facilities ----------------------------------------------------------------------------------------------------


def closing(solution: Plan) -> Floats:
    """Return the cost of closing (T)."""
    return sum((career.closings() for career in solution.careers.values()), chain.nothing(solution))


def fixed(solution: Plan) -> Floats:
    """Return the fixed cost of what stands (T)."""
    costs = (c.over_time("fixed_cost") * c.candidate.fixed_cost_factor for c in solution.careers.values())
    return sum(costs, chain.nothing(solution))


def salvage(solution: Plan) -> float:
    """Return what investments are worth at the end of the plan, not yet discounted."""
    return sum(career.worth_at_the_end() for career in solution.careers.values())


def variable(solution: Plan) -> Floats:
    """Return the cost of processing (T): level, recipe and electricity."""
    network = solution.network
    recipes = chain.recipes_by_name(network)
    levels = {key: career.over_time("variable_cost_per_t") for key, career in solution.careers.items()}
    prices = {site.name: network.profile(site.electricity_price_per_kwh) for site in network.sites}
    costs = []
    for row in records(solution.processed):
        recipe, period = recipes[row.type, row.recipe], network.period_index[row.period]
        work = levels[row.site, row.type][period] + float(network.profile(recipe.cost_per_t)[period])
        factor = solution.careers[row.site, row.type].candidate.variable_cost_factor
        costs.append(row.tonnes * (work * factor + recipe.electricity_kwh_per_t * prices[row.site][period]))
    return by_period(network, solution.processed, costs)


# ---- flows ---------------------------------------------------------------------------------------------------------


def transport(solution: Plan) -> Floats:
    """Return freight, loading, tolls and trips (T)."""
    network = solution.network
    return sum((by_period(network, t, t["cost"]) for t in _travel(solution)), chain.nothing(solution))


def _travel(solution: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    return solution.shipments, solution.journeys


# ---- the rest ------------------------------------------------------------------------------------------------------


def holding(solution: Plan) -> Floats:
    """Return the cost of stock (T)."""
    network = solution.network
    factors = {(c.site, c.type): c.holding_cost_factor for c in network.candidates}
    costs = []
    for row in records(solution.stock):
        store = chain.store_of(network, row.site, row.type, row.product)
        price = at_period(network, store.holding_cost_per_t, row.period) if store else 0.0
        costs.append(row.tonnes * price * factors[row.site, row.type])
    return by_period(network, solution.stock, costs)


def revenue(solution: Plan) -> Floats:
    """Return what markets pay, with a minus (T)."""
    prices = {(m.site, m.product): m.price_per_t for m in solution.network.markets}
    return -_by_price(solution, solution.sold, ("site", "product"), prices)


def disposal(solution: Plan) -> Floats:
    """Return the cost of disposal (T)."""
    prices = {(d.site, d.product, d.type): d.cost_per_t for d in solution.network.disposals}
    return _by_price(solution, solution.disposed, ("site", "product", "type"), prices)


def uncollected(solution: Plan) -> Floats:
    """Return the cost of what nobody collects (T)."""
    prices = {(p.name,): p.uncollected_cost_per_t or 0.0 for p in solution.network.products}
    return _by_price(solution, solution.uncollected, ("product",), prices)


def acquisition(solution: Plan) -> Floats:
    """Return what owners are paid for what is collected (T)."""
    prices: dict[tuple[str, ...], Profile] = {}
    for row in solution.network.returns:
        prices[row.site, row.product] = row.acquisition_cost_per_t
    table = chain.collected(solution).assign(tonnes=lambda t: t["collected"])
    return _by_price(solution, table, ("site", "product"), prices)


def _by_price(solution: Plan, table: pd.DataFrame, keys: tuple[str, ...], prices: Mapping[Any, Profile]) -> Floats:
    rows = zip(*(table[key] for key in keys), strict=True)
    pairs = zip(rows, table["period"], table["tonnes"], strict=True)
    network = solution.network
    costs = [tonnes * at_period(network, prices.get(key, 0.0), period) for key, period, tonnes in pairs]
    return by_period(network, table, costs)


def emissions(solution: Plan) -> pd.DataFrame:
    """Return emissions by source (columns) and period (rows), t CO2e."""
    network = solution.network
    sold = {(m.site, m.product): m.emission_kg_per_t for m in network.markets}
    gone = {(d.site, d.product, d.type): d.emission_kg_per_t for d in network.disposals}
    table = {
        "transport": sum((by_period(network, t, t["emission_kg"]) for t in _travel(solution)), chain.nothing(solution)),
        "processing": _processing_emissions(solution),
        "facilities": _facility_emissions(solution),
        "disposal": _by_price(solution, solution.disposed, ("site", "product", "type"), gone),
        "markets": _by_price(solution, solution.sold, ("site", "product"), sold),
    }
    periods = pd.Index([period.name for period in network.periods], name="period")
    return pd.DataFrame(table, index=periods) / KG_PER_T


def _processing_emissions(solution: Plan) -> Floats:
    network, recipes = solution.network, chain.recipes_by_name(solution.network)
    grids = {site.name: site.electricity_kg_per_kwh for site in network.sites}
    kg = []
    for row in records(solution.processed):
        recipe = recipes[row.type, row.recipe]
        power = recipe.electricity_kwh_per_t * at_period(network, grids[row.site], row.period)
        kg.append(row.tonnes * (at_period(network, recipe.emission_kg_per_t, row.period) + power))
    return by_period(network, solution.processed, kg)


def _facility_emissions(solution: Plan) -> Floats:
    return sum((career.over_time("emission_kg") for career in solution.careers.values()), chain.nothing(solution))


def carbon(solution: Plan) -> Floats:
    """Return the price of all emissions (T)."""
    price = solution.network.profile(solution.network.policy.carbon_price_per_t)
    return np.asarray(price * solution.emissions_t.sum(axis=1).to_numpy(), dtype=float)
