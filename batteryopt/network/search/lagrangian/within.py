"""A structure within bounds of sizes: what a branch of a tree leaves open."""

from __future__ import annotations

import dataclasses

import numpy as np

from batteryopt.network.formulation.algebra import Bools, Floats
from batteryopt.network.search.lagrangian.priced_careers import Careers
from batteryopt.network.search.lagrangian.structure import Items, Structure
from batteryopt.network.search.lagrangian.worth import SizeBounds


def within(s: Structure, sizes: SizeBounds) -> Structure:
    """Return the structure whose facilities have sizes within bounds, without the items that only others would take.

    Pools and nodes are as before, so that prices of the one are prices of the other.
    """
    pools = s.pools
    may_stand = sizes.upper.max(axis=1, initial=0.0) > 0.5
    keep = (pools.facility < 0) | may_stand[pools.facility, pools.period]
    return dataclasses.replace(s, items=_chosen(s.items, keep[s.items.pool]), careers=_bounded(s.careers, sizes))


def _chosen(items: Items, keep: Bools) -> Items:
    if keep.all():
        return items
    return Items(**{field.name: getattr(items, field.name)[keep] for field in dataclasses.fields(items)})


def _bounded(careers: Careers, sizes: SizeBounds) -> Careers:
    """Return careers in which levels out of bounds cost infinitely much; what steps cost is the same."""
    must, most = _steps(sizes.lower > 0.5), _steps(sizes.upper < 0.5)
    is_out = (must < must[:, :, -1:]) | (most > 0)
    standing = np.array(careers.standing)
    standing[:, :, :-1][is_out] = np.inf
    standing[:, :, -1][is_out[:, :, 0]] = np.inf  # closed for good is no size either
    bounded = dataclasses.replace(careers, standing=standing)
    bounded.__dict__["steps"] = careers.steps  # of these bounds nothing is: not to be found again in every branch
    return bounded


def _steps(marked: Bools) -> Floats:
    """Return how many of the steps up to a level are marked (F, T, levels)."""
    F, L, T = marked.shape
    found = np.zeros((F, T, L + 1))
    found[:, :, 1:] = np.cumsum(marked, axis=1).transpose(0, 2, 1)
    return found
