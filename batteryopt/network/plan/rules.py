"""What a plan misses of each rule, and what that costs; what subsidies it earns. From tables and instance alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from batteryopt.network.data.geography import table_km
from batteryopt.network.data.policy import CollectionTarget, Coverage, Limit, Quantity, Sharing, Subsidy, SubsidyBase
from batteryopt.network.plan import chain
from batteryopt.network.plan.careers import records
from batteryopt.network.plan.readable import Breach, Plan

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

Floats = npt.NDArray[np.float64]

ALL = "all"
"""Place of a rule on a group together, and period of one over the whole plan."""
ENOUGH_VISITS = 1e-6
"""Relative; what visits, of which rounds are counted in parts, may lack and still cover."""
MARKET_RULE = "market "
"""How rules of markets begin: what is paid for missing them, buyers receive."""


def breaches(solution: Plan) -> list[Breach]:
    """Return every rule that is missed by more than nothing, soft and hard ones."""
    checks: Iterable[Iterator[Breach]] = (
        _markets(solution),
        *(_target(solution, rule) for rule in solution.network.policy.collection_targets),
        *(_coverage(solution, rule) for rule in solution.network.policy.coverage),
        *(_limit(solution, rule) for rule in solution.network.policy.limits),
        _emission_caps(solution),
        _budget(solution),
    )
    return [breach for check in checks for breach in check if breach.amount > 0]


def penalties(solution: Plan) -> Floats:
    """Return what missed soft rules cost (T), undiscounted; a rule over the whole plan is paid for in the last."""
    index = solution.network.period_index
    cost = np.zeros(len(index))
    for breach in solution.breaches:
        if breach.penalty is not None:
            cost[index.get(breach.period, len(index) - 1)] += breach.amount * breach.penalty
    return cost


def places(network: Network, group: str, sharing: Sharing) -> list[tuple[str, tuple[str, ...]]]:
    """Return (place, its sites): each site of the group, or the group together."""
    sites = network.groups_by_name[group]
    return [(site, (site,)) for site in sites] if sharing is Sharing.EACH else [(group or ALL, sites)]


def _markets(solution: Plan) -> Iterator[Breach]:
    network = solution.network
    sold = solution.sold.groupby(["site", "product", "period"])["tonnes"].sum().to_dict()
    for market in network.markets:
        if market.least_t is None:
            continue
        for name, least in zip(network.period_index, network.profile(market.least_t).tolist(), strict=True):
            missing = least - sold.get((market.site, market.product, name), 0.0)
            rule = f"{MARKET_RULE}{market.product}"
            yield _breach(rule, market.site, name, missing, "t", market.shortfall_penalty_per_t)


def _breach(rule: str, place: str, period: str, amount: float, unit: str, penalty: float | None) -> Breach:
    return Breach(rule=rule, place=place, period=period, amount=float(amount), unit=unit, penalty=penalty)


def _target(solution: Plan, rule: CollectionTarget) -> Iterator[Breach]:
    network = solution.network
    table = solution.collected_t
    if rule.products:
        table = table[table["product"].isin(rule.products)]
    for place, sites in places(network, rule.group, rule.sharing):
        mine = table[table["site"].isin(sites)].groupby("period")[["returned", "collected"]].sum()
        for name, share in zip(network.period_index, network.profile(rule.share).tolist(), strict=True):
            if name in mine.index:
                returned, collected = mine.loc[name, "returned"], mine.loc[name, "collected"]
                yield _breach(f"target {rule.name}", place, name, share * returned - collected, "t", rule.penalty_per_t)


# ---- coverage ------------------------------------------------------------------------------------------------------


def covered(solution: Plan, rule: Coverage) -> pd.DataFrame:
    """Return zones (rows) by period: 1 where a facility of the rule's types is near, or visits suffice."""
    network = solution.network
    names = [site.name for site in network.sites]
    km = np.nan_to_num(table_km(network, rule.distance) * rule.detour_factor, nan=np.inf)
    np.fill_diagonal(km, 0.0)
    near = km <= rule.radius_km
    position = {name: i for i, name in enumerate(names)}
    service = np.zeros((len(names), len(network.periods)))
    standing = solution.facilities[solution.facilities["type"].isin(rule.types)]
    for row in records(standing):
        service[near[:, position[row.site]], network.period_index[row.period]] = 1.0
    if rule.visits is not None:
        mobile = [mode.name for mode in network.modes if mode.is_mobile]
        rounds = solution.trips[solution.trips["mode"].isin(mobile)]
        visits = np.zeros_like(service)
        for row in records(rounds):
            visits[position[row.origin], network.period_index[row.period]] += row.trips
        visits += _visits_of_rounds(solution)
        service[visits >= rule.visits * (1 - ENOUGH_VISITS)] = 1.0
    return pd.DataFrame(service, index=pd.Index(names, name="site"), columns=list(network.period_index))


def _visits_of_rounds(solution: Plan) -> Floats:
    """Return visits by rounds (sites, T): as often as they go, times what they take of what returns there."""
    network = solution.network
    visits = {mode.name: mode.visits_per_period for mode in network.modes if mode.visits_per_period is not None}
    products = {row.product for row in network.returns}
    position = {site.name: i for i, site in enumerate(network.sites)}
    weight = returned_by_site(network).to_numpy()
    found = np.zeros_like(weight)
    for row in records(solution.shipped[solution.shipped["mode"].isin(visits)]):
        at = position[row.origin], network.period_index[row.period]
        if row.product in products and weight[at] > 0:
            found[at] += visits[row.mode] * row.tonnes / weight[at]
    return found


def _coverage(solution: Plan, rule: Coverage) -> Iterator[Breach]:
    network = solution.network
    service = covered(solution, rule)
    weight = returned_by_site(network)
    for place, sites in places(network, rule.group, rule.sharing):
        mine = weight.loc[list(sites)]
        served = (mine * service.loc[list(sites)]).sum()
        for name, share in zip(network.period_index, network.profile(rule.share).tolist(), strict=True):
            asked = float(share > 0) if rule.sharing is Sharing.EACH else share
            missing = asked * float(mine[name].sum()) - float(served[name])
            yield _breach(f"coverage {rule.name}", place, name, missing, "t", rule.penalty_per_t)


def returned_by_site(network: Network) -> pd.DataFrame:
    """Return tonnes returned to begin with, by site (rows) and period (columns)."""
    names = [site.name for site in network.sites]
    position = {name: i for i, name in enumerate(names)}
    mass = np.zeros((len(names), len(network.periods)))
    for row in network.returns:
        mass[position[row.site]] += network.profile(row.tonnes)
    return pd.DataFrame(mass, index=pd.Index(names, name="site"), columns=list(network.period_index))


# ---- limits --------------------------------------------------------------------------------------------------------


def _limit(solution: Plan, rule: Limit) -> Iterator[Breach]:
    network = solution.network
    table = counted(solution, rule)
    for place, sites in places(network, rule.group, rule.sharing):
        mine = table[table["site"].isin(sites)].groupby("period")["amount"].sum().to_dict()
        amounts = {name: float(mine.get(name, 0.0)) for name in network.period_index}
        if rule.over_all_periods:
            amounts = {ALL: sum(amounts.values())}
        for t, (name, amount) in enumerate(amounts.items()):
            if rule.least is not None:
                missing = float(network.profile(rule.least)[t]) - amount
                yield _breach(f"limit {rule.name} (least)", place, name, missing, _unit(rule), rule.penalty)
            if rule.most is not None:
                beyond = amount - float(network.profile(rule.most)[t])
                yield _breach(f"limit {rule.name} (most)", place, name, beyond, _unit(rule), rule.penalty)


def _unit(rule: Limit) -> str:
    return "facilities" if rule.quantity in (Quantity.FACILITIES, Quantity.OPENINGS) else "t"


def counted(solution: Plan, rule: Limit) -> pd.DataFrame:
    """Return what a limit counts as (site, period, amount), narrowed to its type, product and mode."""
    table = _quantity(solution, rule)
    for kind in ("type", "product", "mode"):
        name = getattr(rule, kind)
        if name:
            table = table[table[kind] == name]
    return table


def _quantity(solution: Plan, rule: Limit) -> pd.DataFrame:
    tonnes = {"tonnes": "amount"}
    if rule.quantity is Quantity.FACILITIES:
        return solution.facilities.assign(amount=1.0)
    if rule.quantity is Quantity.OPENINGS:
        return openings(solution).assign(amount=1.0)
    if rule.quantity is Quantity.CAPACITY:
        return solution.facilities.rename(columns={"capacity_t": "amount"})
    if rule.quantity is Quantity.PROCESSED:
        return inputs_used(solution) if rule.product else solution.processed.rename(columns=tonnes)
    if rule.quantity is Quantity.COLLECTED:
        return solution.collected_t.rename(columns={"collected": "amount"})
    if rule.quantity in (Quantity.RECEIVED, Quantity.SENT):
        end = "destination" if rule.quantity is Quantity.RECEIVED else "origin"
        return solution.shipped.rename(columns={**tonnes, end: "site"})
    tables = {Quantity.SOLD: solution.sold, Quantity.DISPOSED: solution.disposed, Quantity.STORED: solution.stock}
    return tables[rule.quantity].rename(columns=tonnes)


def openings(solution: Plan) -> pd.DataFrame:
    """Return facilities in the period in which they open."""
    names = list(solution.network.period_index)
    rows = []
    for key, career in solution.careers.items():
        before = np.array([size is not None for size in career.befores], dtype=bool)
        rows += [(*key, names[t]) for t in np.flatnonzero(career.is_open & ~before)]
    return pd.DataFrame(rows, columns=["site", "type", "period"])


def inputs_used(solution: Plan) -> pd.DataFrame:
    """Return (site, type, product, period, amount) of what recipes use."""
    return _recipe_side(solution, "inputs")


def outputs_made(solution: Plan) -> pd.DataFrame:
    """Return (site, type, product, period, amount) of what recipes make."""
    return _recipe_side(solution, "outputs")


def _recipe_side(solution: Plan, side: str) -> pd.DataFrame:
    recipes = chain.recipes_by_name(solution.network)
    rows = [
        (row.site, row.type, product, row.period, row.tonnes * tonnes)
        for row in records(solution.processed)
        for product, tonnes in getattr(recipes[row.type, row.recipe], side)
    ]
    return pd.DataFrame(rows, columns=["site", "type", "product", "period", "amount"])


# ---- money and emissions -------------------------------------------------------------------------------------------


def _emission_caps(solution: Plan) -> Iterator[Breach]:
    policy, emitted = solution.network.policy, solution.emissions_t.sum(axis=1)
    if policy.emission_cap_t is not None:
        for name, cap in zip(emitted.index, solution.network.profile(policy.emission_cap_t).tolist(), strict=True):
            beyond = float(emitted[name]) - cap
            yield _breach("emission cap", ALL, str(name), beyond, "t CO2e", policy.emission_penalty_per_t)
    if policy.emission_cap_total_t is not None:
        beyond = float(emitted.sum()) - policy.emission_cap_total_t
        yield _breach("emission cap of the plan", ALL, ALL, beyond, "t CO2e", policy.emission_penalty_per_t)


def _budget(solution: Plan) -> Iterator[Breach]:
    """Where a budget carries over, money above it is borrowed once and not again in the next period."""
    network, policy = solution.network, solution.network.policy
    if policy.budget is None:
        return
    left = 0.0
    spent = chain.opening(solution)
    for name, cost, money in zip(network.period_index, spent, network.profile(policy.budget), strict=True):
        beyond = float(cost - money) - left
        yield _breach("budget", ALL, name, max(beyond, 0.0), network.currency, policy.budget_penalty)
        left = max(-beyond, 0.0) if policy.budget_carries_over else 0.0


def subsidies(solution: Plan) -> Floats:
    """Return subsidies earned (T), undiscounted."""
    network = solution.network
    return sum((subsidy(solution, rule) for rule in network.policy.subsidies), np.zeros(len(network.periods)))


def subsidy(solution: Plan, rule: Subsidy) -> Floats:
    """Return what a subsidy pays (T), undiscounted: no more than is in its pot."""
    due = _subsidy_base(solution, rule) * solution.network.profile(rule.rate)
    return due if rule.most is None else np.minimum(due, solution.network.profile(rule.most))


def _subsidy_base(solution: Plan, rule: Subsidy) -> Floats:
    network = solution.network
    sites = set(network.groups_by_name[rule.group])
    if rule.base is SubsidyBase.OPENING_COST:
        chosen = ((key, c) for key, c in solution.careers.items() if key[0] in sites and rule.type in ("", key[1]))
        mine = [career.investments() for _, career in chosen]
        return sum(mine, np.zeros(len(network.periods)))
    # least=0 asks for nothing: what is wanted of the limit is only what it counts
    limit = Limit(name="", quantity=Quantity(rule.base.value), type=rule.type, product=rule.product, least=0.0)
    table = counted(solution, limit)
    mine_of: Mapping[Any, Any] = table[table["site"].isin(sites)].groupby("period")["amount"].sum().to_dict()
    return np.array([float(mine_of.get(name, 0.0)) for name in network.period_index])
