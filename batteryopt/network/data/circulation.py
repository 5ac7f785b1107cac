"""Chains that feed themselves: recipes and second life in the same period that make all that they use.

Nothing would hold such a chain to what returns: tonnes would go round in it, and earn on every round, though no battery
ever came. With x how often each way is gone and A what each brings (outputs minus inputs), a chain feeds itself where
some x >= 0, x != 0, has A x >= 0. That is asked as a linear program: among x that sum up to 1, the least that is
missing, sum of max(-A x, 0). Where it is nothing, a vertex with few ways is at hand, and names the loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linprog

from batteryopt.network.data.entity_faults import EntityFault, fault_in

if TYPE_CHECKING:
    from batteryopt.network.data.facilities import FacilityType, Recipe
    from batteryopt.network.data.flows import ComesBack
    from batteryopt.network.data.unjudged import UnjudgedNetwork

LEAST_LOSS = 1e-6
"""A loop that loses less than this share of a tonne a round goes round a million times: it is as good as without loss.
Well above what a linear program leaves of nothing (1e-7 at its default tolerances)."""


@dataclass(frozen=True, kw_only=True)
class _Way:
    """Something that turns products into products within a period.

    Attributes
    ----------
    entity, field
        What a fault is told of.
    words
        For people.
    brings
        Tonnes of each product it makes; negative: that it uses.
    """

    entity: Recipe | ComesBack
    field: str
    words: str
    brings: dict[str, float]


def loops_of(network: UnjudgedNetwork) -> Iterator[EntityFault]:
    """Yield one fault where a chain feeds itself: it names what goes round."""
    ways = list(_ways(network))
    loop = _loop(ways, [product.name for product in network.products]) if ways and network.products else []
    if loop:
        *rest, last = loop
        words = " and ".join([", ".join(way.words for way in rest), last.words] if rest else [last.words])
        problem = f"feeds itself: {words} make all that they use, so that tonnes go round without end"
        remedy = "let something be lost on the way, or let it come back a period later (lag_periods 1)"
        yield fault_in(last.entity, last.field, problem, remedy)


def _ways(network: UnjudgedNetwork) -> Iterator[_Way]:
    known = {product.name for product in network.products}
    for type_ in network.types:
        for recipe in type_.recipes if _may_work(network, type_) else ():
            brings = dict.fromkeys(known, 0.0)
            for product, tonnes in recipe.outputs:
                if product in known:
                    brings[product] += tonnes
            for product, tonnes in recipe.inputs:
                if product in known:
                    brings[product] -= tonnes
            yield _Way(entity=recipe, field="outputs", words=f"recipe '{recipe.name}' of '{type_.name}'", brings=brings)
    for market in network.markets:
        at_once = [back for back in market.comes_back if back.lag_periods == 0 and back.share > 0]
        if at_once and market.product in known and all(back.product in known for back in at_once):
            brings = dict.fromkeys(known, 0.0)
            brings[market.product] -= 1.0
            for back in at_once:
                brings[back.product] += back.share
            words = f"'{market.product}' sold at '{market.site}', which comes back in the same period,"
            yield _Way(entity=at_once[0], field="lag_periods", words=words, brings=brings)


def _may_work(network: UnjudgedNetwork, type_: FacilityType) -> bool:
    """Whether a type has a place and any capacity: one of 0 t is there for its stock, and its recipe never runs."""
    mine = [candidate for candidate in network.candidates if candidate.type == type_.name]
    return any(level.capacity_t > 0 for candidate in mine for level in candidate.levels or type_.levels)


def _loop(ways: Sequence[_Way], products: Sequence[str]) -> list[_Way]:
    """Return ways that together make all that they use; none where there are none."""
    brings = np.array([[way.brings[product] for way in ways] for product in products], dtype=float)
    count, size = len(ways), len(products)
    if not np.isfinite(brings).all() or not (brings > 0).any():
        return []
    used = -np.minimum(brings, 0.0).sum(axis=0)
    brings = brings / np.where(used > 0, used, 1.0)  # so that a loss is a share of what is used
    cost = np.concatenate([np.zeros(count), np.ones(size)])
    once = np.concatenate([np.ones(count), np.zeros(size)])[None, :]
    # what a product lacks: missing >= -A x
    lacking = np.hstack([-brings, -np.eye(size)])
    answer = linprog(cost, A_ub=lacking, b_ub=np.zeros(size), A_eq=once, b_eq=[1.0], method="highs-ds")
    if answer.x is None or float(cost @ answer.x) > LEAST_LOSS:
        return []
    return [way for way, often in zip(ways, answer.x[:count], strict=True) if often > LEAST_LOSS]
