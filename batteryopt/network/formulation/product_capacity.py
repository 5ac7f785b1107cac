"""Capacities of single products: how much of one the size that stands takes, beside what it takes in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Floats, Index, index
from batteryopt.network.formulation.draft import Draft
from batteryopt.network.formulation.matching import Ints
from batteryopt.network.formulation.processing import used
from batteryopt.network.formulation.steps import is_between


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductSteps:
    """What each step of size adds to the capacity of a product.

    Attributes
    ----------
    LIMITED
        Facilities and the products that they have a capacity of: keys site, type, product.
    row, step
        Of LIMITED, and of size, a step each (n).
    tonnes, level
        What the step adds, and the capacity with it (n).
    """

    LIMITED: Index
    row: Ints
    step: Ints
    tonnes: Floats
    level: Floats


def product_steps(b: Draft) -> ProductSteps:
    """Return the capacities of products of all facilities, in steps."""
    code = b.sets.codes["product"]
    pairs: list[tuple[int, int]] = []
    rows: list[tuple[int, int, float, float]] = []
    for facility in range(len(b.sets.candidates)):
        levels = b.sets.levels(facility)
        for name in (part.product for part in levels[0].by_product):
            capacities = [size.capacity_of(name) or 0.0 for size in levels]
            added = np.diff(capacities, prepend=0.0).tolist()
            rows += [(len(pairs), step, *of) for step, of in enumerate(zip(added, capacities, strict=True))]
            pairs.append((facility, code[name]))
    facilities, products = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    place = {key: b.sets.FACILITIES[key][facilities] for key in ("site", "type")}
    row, step, tonnes, level = np.array(rows, dtype=float).reshape(-1, 4).T
    return ProductSteps(
        LIMITED=index(("site", "type", "product"), **place, product=products, facility=facilities),
        row=row.astype(np.int64),
        step=step.astype(np.int64),
        tonnes=tonnes,
        level=level,
    )


def product_capacity_is_kept(b: Draft) -> None:
    """State sum of what recipes use of a product <= its capacity at what stands; tight: cut to what can be there."""
    steps = product_steps(b)
    LIMITED, row = steps.LIMITED, steps.row
    if not len(LIMITED):
        return
    facility, product = LIMITED["facility"][row], LIMITED["product"][row]
    T = b.sets.T
    added = np.repeat(steps.tonnes[:, None], T, axis=1)
    if b.is_tight:
        whole, most = steps.level[:, None], _most_used(b)[facility, product]
        cut = np.minimum(whole, most) - np.minimum(whole - added, most)
        added = np.where(is_between(b)[facility, None], added, cut)
    table = {name: np.repeat(codes, T) for name, codes in (("facility", facility), ("product", product))}
    table |= {"step": np.repeat(steps.step, T), "period": np.tile(np.arange(T), len(row))}
    standing = b.m["is_open"].only("facility", "step", "period").through(table, added.ravel())
    b.m.require(
        "product_capacity_is_kept",
        over=b.each_period(LIMITED),
        terms=[used(b).only("facility", "product", "period"), -standing.only("facility", "product", "period")],
        at_most=0.0,
        doc="no more of a product is used than what stands takes of it",
    )


def steps_of_products(b: Draft, type_: int) -> Iterator[tuple[int, Floats]]:
    """Yield products of which every facility of a type has a capacity, and what each step of size adds (steps, T)."""
    of_type = b.sets.FACILITIES["facility"][b.sets.FACILITIES["type"] == type_]
    steps = product_steps(b)
    LIMITED, row = steps.LIMITED, steps.row
    firsts = np.searchsorted(b.sets.STEPS["facility"], LIMITED["facility"][row])
    for product in np.unique(LIMITED["product"][LIMITED["type"] == type_]).tolist():
        mine = (LIMITED["product"] == product) & (LIMITED["type"] == type_)
        if mine.sum() == len(of_type):
            added, chosen = np.zeros(len(b.sets.STEPS)), mine[row]
            added[firsts[chosen] + steps.step[chosen]] = steps.tonnes[chosen]
            yield product, np.repeat(added[:, None], b.sets.T, axis=1)


def _most_used(b: Draft) -> Floats:
    """Return how much of each product could ever be used (facilities, products, T)."""
    most = np.zeros((len(b.sets.candidates), len(b.network.products), b.sets.T))
    code = b.sets.codes["product"]
    for row, recipe in enumerate(b.sets.recipes):
        for product, tonnes in recipe.inputs:
            most[b.sets.RECIPES["facility"][row], code[product]] += tonnes * b.reach.processed[row]
    return most
