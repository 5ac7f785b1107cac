"""Rows that mean the same thing: each entity says in its `KEY` which of its fields tell it from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from batteryopt.ground.errors import looks_like, unseen_difference
from batteryopt.network.data.entity import key_of
from batteryopt.network.data.entity_faults import EntityFault, fault_in

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork

REMEDY = "keep one of the two rows"


def repeats_of(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield everything that stands twice: rows, products on one side of a recipe, names in a list."""
    for rows in tables_of(network):
        yield from _repeated_rows(rows)
        yield from _look_alikes(rows)
    for type_ in network.types:
        for recipe in type_.recipes:
            for side in ("inputs", "outputs"):
                names = [product for product, _ in getattr(recipe, side)]
                yield from _repeated_names(recipe, side, names)
    policy = network.policy
    for entity, field in (
        *((group, "sites") for group in network.groups),
        *((mode, "products") for mode in network.modes),
        *((rule, "products") for rule in policy.collection_targets),
        *((rule, "types") for rule in policy.coverage),
    ):
        yield from _repeated_names(entity, field, getattr(entity, field) or ())


def tables_of(network: UnjudgedNetwork) -> Iterator[Sequence[Any]]:
    """Yield entities that stand beside each other: each table, and each part of one thing."""
    policy = network.policy
    yield from (network.periods, network.products, network.sites, network.returns, network.types, network.candidates)
    yield from (network.markets, network.disposals, network.modes, network.lanes, network.groups, network.scenarios)
    yield network.changes
    yield from (policy.collection_targets, policy.coverage, policy.limits, policy.subsidies)
    for type_ in network.types:
        yield from (type_.recipes, type_.levels, type_.storage)
        yield from (level.by_product for level in type_.levels)
    for candidate in network.candidates:
        yield candidate.levels
        yield from (level.by_product for level in candidate.levels)
    for market in network.markets:
        yield market.comes_back
    for mode in network.modes:
        yield mode.by_product


def _repeated_rows(rows: Sequence[Any]) -> Iterator[EntityFault]:
    seen: set[Any] = set()
    for entity in rows:
        key = tuple(getattr(entity, field) for field in key_of(type(entity)))
        if key in seen:
            yield fault_in(entity, "name", "stands twice", REMEDY)
        seen.add(key)


def _look_alikes(rows: Sequence[Any]) -> Iterator[EntityFault]:
    """Yield names that are not the same, and look it."""
    seen: dict[str, str] = {}
    for entity in rows if rows and rows[0].KEY == ("name",) else ():
        first = seen.setdefault(looks_like(entity.name), entity.name)
        if first != entity.name:
            problem = f"'{entity.name}' looks like '{first}', and differs {unseen_difference(entity.name, first)}"
            yield fault_in(entity, "name", problem, "type one of them anew, or give it another name")


def _repeated_names(entity: Any, field: str, names: Sequence[str]) -> Iterator[EntityFault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield fault_in(entity, field, f"'{name}' stands twice", "name it once")
