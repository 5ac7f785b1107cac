"""Rules that say nothing, cannot be kept, or ask for what their quantity does not know."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.policy import Limit, Quantity, Subsidy, SubsidyBase

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork

SHARE_TOLERANCE = 1e-9
"""Shares may add up to so much above 1: 0.1 and 0.9 have no exact binary form."""


def rule_contradictions_of(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield every fault of limits and subsidies that are in order by themselves."""
    for limit in network.policy.limits:
        yield from _never_used(network, limit, is_processed=limit.quantity is Quantity.PROCESSED)
    yield from _limits_against_each_other(network)
    for subsidy in network.policy.subsidies:
        yield from _never_used(network, subsidy, is_processed=subsidy.base is SubsidyBase.PROCESSED)
    yield from _opening_rates(network)


def _never_used(network: UnjudgedNetwork, rule: Limit | Subsidy, *, is_processed: bool) -> Iterator[EntityFault]:
    """Yield a product that no recipe uses: it is never processed, for what is made of others is not counted."""
    if not is_processed or not rule.product or rule.product not in {product.name for product in network.products}:
        return
    types = [type_ for type_ in network.types if rule.type in ("", type_.name)]
    used = {product for type_ in types for recipe in type_.recipes for product, _ in recipe.inputs}
    if rule.product not in used:
        of_type = f" of '{rule.type}'" if rule.type else ""
        problem = f"is '{rule.product}', which no recipe{of_type} uses: processed_t counts what goes in"
        yield fault_in(rule, "product", problem, f"used: {', '.join(sorted(used)) or 'nothing'}")


# ---- limits --------------------------------------------------------------------------------------------------------


def _first_above(network: UnjudgedNetwork, least: Any, most: Any) -> int | None:
    """Return the first period in which a least is above a most; None too where a profile has the wrong length."""
    if (
        least is None
        or most is None
        or any(isinstance(value, tuple) and len(value) != len(network.periods) for value in (least, most))
    ):
        return None
    periods = np.flatnonzero(network.profile(least) > network.profile(most))
    return int(periods[0]) if len(periods) else None


def _limits_against_each_other(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Two hard limits on one thing of which one asks for more than the other allows."""
    for limits in limits_on_one_thing(network).values():
        hard = [limit for limit in limits if limit.penalty is None]
        for one in hard:
            for other in hard:
                if one is not other and _first_above(network, one.least, other.most) is not None:
                    problem = f"asks for more than limit '{other.name}' allows of the same"
                    yield fault_in(one, "least", problem, "expected at most its most; give one of them a penalty")


def limits_on_one_thing(network: UnjudgedNetwork) -> Mapping[tuple[Any, ...], list[Limit]]:
    """Return the limits by what they count: all their fields but name, numbers and penalty."""
    said = {"name", "least", "most", "penalty"}
    fields = [field.name for field in dataclasses.fields(Limit) if field.name not in said]
    found: dict[tuple[Any, ...], list[Limit]] = defaultdict(list)
    for limit in network.policy.limits:
        found[tuple(getattr(limit, field) for field in fields)].append(limit)
    return found


# ---- subsidies -----------------------------------------------------------------------------------------------------


def _opening_rates(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Shares of an opening cost that add up to more than 1 for one candidate: money of nothing."""
    rules = [s for s in network.policy.subsidies if s.base is SubsidyBase.OPENING_COST]
    rules = [s for s in rules if not isinstance(s.rate, tuple) or len(s.rate) == len(network.periods)]
    rules = [s for s in rules if network.profile(s.rate).max(initial=0.0) <= 1]
    told: set[tuple[str, ...]] = set()
    for candidate in network.candidates:
        mine = [s for s in rules if s.type in ("", candidate.type) and _is_in(network, candidate.site, s.group)]
        if not mine:
            continue
        total = np.sum([network.profile(s.rate) for s in mine], axis=0)
        names = tuple(s.name for s in mine)
        if total.max(initial=0.0) > 1 + SHARE_TOLERANCE and names not in told:
            told.add(names)
            said = ", ".join(f"'{name}'" for name in names)
            problem = f"the rates of {said} add up to {total.max():g} for '{candidate.type}' at '{candidate.site}'"
            yield fault_in(mine[-1], "rate", problem, "expected at most 1 of the opening cost in all")


def _is_in(network: UnjudgedNetwork, site: str, group: str) -> bool:
    return site in network.groups_by_name.get(group, ())
