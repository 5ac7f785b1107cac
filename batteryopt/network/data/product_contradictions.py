"""What in the capacities of single products does not go together with the recipes and with the other sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from batteryopt.ground.errors import nearest
from batteryopt.network.data.entity_faults import EntityFault, fault_in
from batteryopt.network.data.facilities import FacilityType, Level, LevelProduct

if TYPE_CHECKING:
    from batteryopt.network.data.unjudged import UnjudgedNetwork


def contradictions_of_products(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield capacities of products that nothing uses, and sizes that lack one or have less than a smaller size."""
    for type_ in network.types:
        yield from _of_sizes(type_.levels, type_)
    for candidate in network.candidates:
        if candidate.type in network.types_by_name:
            yield from _of_sizes(candidate.levels, network.types_by_name[candidate.type])


def _of_sizes(levels: Sequence[Level], type_: FacilityType) -> Iterator[EntityFault]:
    """Yield the faults of levels that stand beside each other, the smallest first."""
    used = list(dict.fromkeys(product for recipe in type_.recipes for product, _ in recipe.inputs))
    limited = dict.fromkeys(row.product for level in levels for row in level.by_product)
    for level in levels:
        for row in level.by_product:
            if row.product not in used:
                yield _is_not_used(row, type_, used)
        mine = {row.product for row in level.by_product}
        for product in (product for product in limited if product in used and product not in mine):
            problem = f"has no capacity of '{product}', and another size of '{type_.name}' has one"
            yield fault_in(level, "name", problem, "give it one in every size, or in none")
    for small, large in itertools.pairwise(levels):
        yield from _smaller_though_larger(small, large)


def _is_not_used(row: LevelProduct, type_: FacilityType, used: Sequence[str]) -> EntityFault:
    problem = f"'{row.product}' is used by no recipe of '{type_.name}'"
    return fault_in(row, "product", problem, nearest(row.product, used))


def _smaller_though_larger(small: Level, large: Level) -> Iterator[EntityFault]:
    """Yield products of which a larger size takes less: what is raised would have to give up work."""
    for row in large.by_product:
        before = small.capacity_of(row.product)
        if before is not None and row.capacity_t < before:
            problem = f"is {row.capacity_t:g}, and the smaller size '{small.name}' has {before:g}"
            yield fault_in(row, "capacity_t", problem, "expected no less than the smaller size has")
