"""What a careful colleague would ask about a network that is in order: rows that can never matter, and no way out.

Remarks are no faults: the network is solved as it stands. Each is told with its row, as faults are.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.facilities import Standing
from batteryopt.network.data.flows import GREAT_CIRCLE, Mode
from batteryopt.network.data.foresight import takers, ways_of
from batteryopt.network.data.odd_numbers import magnitudes_of
from batteryopt.network.data.policy import CollectionTarget, Coverage, Limit, Subsidy
from batteryopt.network.data.rule_contradictions import limits_on_one_thing

if TYPE_CHECKING:
    from batteryopt.network.data.instance import Network

SHOWN = 5
"""Places named in one remark before the rest are counted."""


def remarks_of(network: Network) -> list[EntityFault]:
    """Return what is to be asked about a network: by row, and nothing that is a fault."""
    checks: tuple[Callable[[Network], Iterator[EntityFault]], ...]
    checks = (_second_life, _targets, _penalties, _ways, _candidates, _unused, _rules, _groups, _futures, _stranded)
    return _alike_once([remark for check in (*checks, magnitudes_of) for remark in check(network)])


def _alike_once(remarks: list[EntityFault]) -> list[EntityFault]:
    """Return remarks, those that say the same of several rows once, at the first of them."""
    alike: dict[tuple[str, ...], list[EntityFault]] = defaultdict(list)
    for remark in remarks:
        alike[type(remark.entity).__name__, remark.field, remark.problem, remark.remedy].append(remark)
    return [
        first
        if not more
        else dataclasses.replace(first, problem=f"{first.problem} ({len(more)} more rows say the same)")
        for first, *more in alike.values()
    ]


def returned(network: Network) -> set[tuple[str, str]]:
    """Return (site, product) of what ever returns or comes back."""
    found = {(r.site, r.product) for r in network.returns if np.any(network.profile(r.tonnes) > 0)}
    back = {(m.site, b.product) for m in network.markets for b in m.comes_back if b.lag_periods < len(network.periods)}
    return found | back


def _second_life(network: Network) -> Iterator[EntityFault]:
    for market in network.markets:
        for back in market.comes_back:
            if back.lag_periods >= len(network.periods):
                problem = f"is {back.lag_periods}, and there are {len(network.periods)} periods: nothing comes back"
                yield fault_in(back, "lag_periods", problem, "what returns after the last period is not modelled")
        total = sum(back.share for back in market.comes_back)
        if total > 1 + 1e-9:
            problem = f"all products that come back of '{market.product}' add up to {total:g} t a tonne bought"
            yield fault_in(market.comes_back[-1], "share", problem, "expected at most 1, unless mass is added in use")


def _targets(network: Network) -> Iterator[EntityFault]:
    known = returned(network)
    for rule in network.policy.collection_targets:
        sites = network.groups_by_name[rule.group]
        products = rule.products or [product.name for product in network.products]
        if not any((site, product) in known for site in sites for product in products):
            problem = f"asks for {', '.join(rule.products) or 'batteries'}, of which nothing returns there"
            yield fault_in(rule, "products", problem, "it is met by doing nothing; check products and group")
    rules: tuple[CollectionTarget | Coverage, ...] = (*network.policy.collection_targets, *network.policy.coverage)
    for asked in rules:
        if not np.any(network.profile(asked.share) > 0):
            yield fault_in(asked, "share", "is 0 in every period", "it asks for nothing")


def _penalties(network: Network) -> Iterator[EntityFault]:
    policy = network.policy
    for market in network.markets:
        if market.shortfall_penalty_per_t is not None and market.least_t is None:
            problem = f"is {market.shortfall_penalty_per_t:g}, and there is no least_t"
            yield fault_in(market, "shortfall_penalty_per_t", problem, "nothing can fall short; give a least_t")
    caps = policy.emission_cap_t is not None or policy.emission_cap_total_t is not None
    if policy.emission_penalty_per_t is not None and not caps:
        yield fault_in(policy, "emission_penalty_per_t", "is given, and there is no cap", "give an emission_cap_t")
    if policy.budget_penalty is not None and policy.budget is None:
        yield fault_in(policy, "budget_penalty", "is given, and there is no budget", "give a budget")
    if policy.budget_carries_over and policy.budget is None:
        yield fault_in(policy, "budget_carries_over", "is true, and there is no budget", "give a budget")


def _ways(network: Network) -> Iterator[EntityFault]:
    travelled: tuple[Mode | Coverage, ...] = (*network.modes, *network.policy.coverage)
    for rule in travelled:
        if rule.detour_factor != 1 and rule.distance != GREAT_CIRCLE:
            problem = f"is {rule.detour_factor:g}, and multiplies the distances of table '{rule.distance}'"
            remedy = "leave it out where the table has lengths of roads already"
            yield fault_in(rule, "detour_factor", problem, remedy)
    for mode in network.modes:
        if mode.trip_capacity_t is not None and not _counts_trips(mode):
            problem = f"is {mode.trip_capacity_t:g}, and no trip costs, emits or has an end"
            yield fault_in(
                mode, "trip_capacity_t", problem, "trips have no effect; give cost_per_trip, or leave it out"
            )
    for lane in network.lanes:
        if not lane.is_allowed and (lane.distance_km is not None or lane.most_t is not None or lane.extra_cost_per_t):
            yield fault_in(lane, "is_allowed", "is no, and the row has numbers", "they have no effect on a closed lane")


def _counts_trips(mode: Mode) -> bool:
    """Whether it matters how many trips a mode makes."""
    paid = (mode.cost_per_trip, mode.cost_per_trip_km, mode.emission_kg_per_trip_km)
    return mode.is_mobile or mode.whole_trips or mode.trips_per_depot is not None or bool(np.any(np.hstack(paid)))


def _candidates(network: Network) -> Iterator[EntityFault]:
    for candidate in network.candidates:
        standing = candidate.standing
        useless = {
            "forced_from": standing is not Standing.FORCED,
            "capacity_t": standing is not Standing.EXISTING,
            "level": standing in (Standing.OPEN, Standing.CLOSED),
            "earliest": standing is Standing.CLOSED,
        }
        for field, is_useless in useless.items():
            value = getattr(candidate, field)
            if is_useless and value not in ("", None):
                yield fault_in(candidate, field, f"is '{value}', and it is {standing.value}", "it has no effect")


def _unused(network: Network) -> Iterator[EntityFault]:
    placed = {candidate.type for candidate in network.candidates}
    for type_ in network.types:
        if type_.name not in placed:
            yield fault_in(type_, "name", "has no candidate", "it can stand nowhere; add rows to candidates")
        handled = {p for recipe in type_.recipes for p, _ in (*recipe.inputs, *recipe.outputs)}
        for store in type_.storage:
            if store.product not in handled:
                problem = f"is '{store.product}', which no recipe of '{type_.name}' takes or makes"
                yield fault_in(store, "product", problem, "none of it is ever stored there")
    used = {p for t in network.types for r in t.recipes for p, _ in r.inputs}
    made = {p for t in network.types if t.name in placed for r in t.recipes for p, _ in r.outputs}
    there = made | {product for _, product in returned(network)}
    there |= {row.product for type_ in network.types for row in type_.storage if row.initial_t}
    wanted = {market.product for market in network.markets} | {disposal.product for disposal in network.disposals}
    for product in network.products:
        if product.name not in there | used | wanted:
            yield fault_in(product, "name", "is named nowhere else", "nothing makes it, uses it or buys it")
        elif product.name not in there:
            yield fault_in(product, "name", "never exists", "nothing returns or makes it, and no stock of it is there")


def _rules(network: Network) -> Iterator[EntityFault]:
    """Yield rules on what cannot be there, and limits of which another is tighter."""
    sold, disposed = {m.product for m in network.markets}, {d.product for d in network.disposals}
    stored = {row.product for type_ in network.types for row in type_.storage}
    brought = {product for _, product in returned(network)}
    where = {"sold_t": sold, "disposed_t": disposed, "stored_t": stored, "collected_t": brought}
    counted: list[tuple[object, str]] = [(rule, rule.quantity.value) for rule in network.policy.limits]
    counted += [(rule, rule.base.value) for rule in network.policy.subsidies]
    for rule, quantity in counted:
        product = getattr(rule, "product", "")
        if product and quantity in where and product not in where[quantity]:
            yield fault_in(rule, "product", f"is '{product}', whose {quantity} is always 0", "the row has no effect")
    no_effect = "the row has no effect"
    policy = network.policy
    tables: tuple[tuple[CollectionTarget | Coverage | Limit | Subsidy, ...], ...]
    tables = (policy.collection_targets, policy.coverage, policy.limits, policy.subsidies)
    for table in tables:
        for name, count in Counter(one.name for one in table).items():
            if count > 1:
                last = [one for one in table if one.name == name][-1]
                problem = f"'{name}' is the name of {count} rules"
                yield fault_in(last, "name", problem, "all of them count, and reports cannot tell them apart")
    modes = {mode.name: mode for mode in network.modes}
    for limit in network.policy.limits:
        carried = modes[limit.mode].products if limit.mode else None
        if limit.product and carried is not None and limit.product not in carried:
            yield fault_in(limit, "product", f"is '{limit.product}', which '{limit.mode}' never carries", no_effect)
    for limits in limits_on_one_thing(network).values():
        for side in ("least", "most"):
            hard = [limit for limit in limits if limit.penalty is None and getattr(limit, side) is not None]
            if len(hard) > 1:
                names = " and ".join(f"'{limit.name}'" for limit in hard)
                yield fault_in(hard[-1], side, f"{names} limit the same", "only the tighter of them counts")


def _groups(network: Network) -> Iterator[EntityFault]:
    regions = {site.region for site in network.sites if site.region}
    for group in network.groups:
        members = {site.name for site in network.sites if site.region == group.name}
        if group.name in regions and members != set(group.sites):
            problem = f"is the name of a region too, of {len(members)} sites"
            yield fault_in(group, "name", problem, f"the group's {len(group.sites)} sites are meant in rules")


def _futures(network: Network) -> Iterator[EntityFault]:
    named = {row.scenario for row in network.returns} | {market.scenario for market in network.markets}
    named |= {row.name for row in network.changes}
    for scenario in network.scenarios:
        if len(network.scenarios) > 1 and scenario.name not in named:
            yield fault_in(
                scenario, "name", "has no row and no change of its own", "it is the rows of all scenarios alone"
            )


def _stranded(network: Network) -> Iterator[EntityFault]:
    """Yield what can go nowhere: returns that stay where they fell, products that no mode carries on."""
    taken = takers(network)
    position = {site.name: i for i, site in enumerate(network.sites)}
    reach: dict[str, set[str]] = {}
    for product, sites in taken.items():
        arrives = np.any(ways_of(network, product)[:, [position[site] for site in sites]], axis=1).tolist()
        reach[product] = sites | {site for site, i in position.items() if arrives[i]}
    left = [row for row in network.returns if np.any(network.profile(row.tonnes) > 0)]
    left = [row for row in left if row.site not in reach.get(row.product, ())]
    for row in left[:SHOWN]:
        problem = f"'{row.product}' that returns at '{row.site}' can reach nobody who takes it"
        more = f" ({len(left) - SHOWN} more rows like it)" if len(left) > SHOWN and row is left[SHOWN - 1] else ""
        yield fault_in(row, "site", problem + more, "it stays uncollected for certain; check longest_km and lanes")
    for type_ in network.types:
        places = [candidate.site for candidate in network.candidates if candidate.type == type_.name]
        for recipe, product in ((r, made) for r in type_.recipes for made, _ in r.outputs):
            stuck = [site for site in places if site not in reach.get(product, ())]
            if stuck and product in taken:
                problem = f"'{product}' made at {_several(stuck)} can reach nobody who takes it"
                remedy = "the recipe cannot run there; check which modes carry it, and how far"
                yield fault_in(recipe, "outputs", problem, remedy)


def _several(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more sites" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more
