"""What can be wrong between the fields of a network: lengths, cross-price effects, profits without a maximum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from batteryopt.ground.errors import Fault

FloatArray: TypeAlias = NDArray[np.float64]


def cross_price_matrix(entries: tuple[tuple[int, int, float], ...], size: int) -> sp.csr_array:
    """Return Gamma, sparse, from its entries [r, s, gamma]."""
    rows, columns, effects = zip(*entries, strict=True) if entries else ((), (), ())
    return sp.csr_array((np.array(effects, dtype=float), (rows, columns)), shape=(size, size))


def length_faults(values: Mapping[str, Any], leading: str, keys: tuple[str, ...]) -> Iterator[Fault]:
    """Yield a fault for every list whose length differs from the leading one's; optional lists may be absent."""
    if leading not in values:
        return
    expected = len(values[leading])
    for key in keys:
        given = values.get(key)
        may_be_empty = key in ("effort_cost", "share_weight")
        if given is None or (may_be_empty and not given) or len(given) == expected:
            continue
        yield Fault(
            place=key,
            problem=f"is a list of {len(given)}",
            remedy=f"expected as many items as in {leading}: {expected}",
        )


def cross_price_faults(entries: tuple[tuple[int, int, float], ...], size: int) -> Iterator[Fault]:
    """Yield a fault for every effect that names no pair of regions or names one twice, and for too large sums."""
    seen: set[tuple[int, int]] = set()
    for position, (row, column, _) in enumerate(entries):
        place = f"cross_price_effect[{position}]"
        if max(row, column) >= size:
            problem, remedy = f"names region {max(row, column)}", f"expected regions 0 to {size - 1}"
            yield Fault(place=place, problem=problem, remedy=remedy)
        elif row == column:
            yield Fault(place=place, problem=f"is an effect of region {row} on itself", remedy="it is 1 by definition")
        elif (row, column) in seen:
            yield Fault(place=place, problem=f"gives [{row}, {column}] again", remedy="give each pair once")
        seen.add((row, column))
    inside = tuple(entry for entry in entries if max(entry[:2]) < size)
    yield from _dominance_faults(cross_price_matrix(inside, size))


def _dominance_faults(gamma: sp.csr_array) -> Iterator[Fault]:
    for axis, words in ((1, "gained by region"), (0, "gained elsewhere from region")):
        sums = np.asarray(gamma.sum(axis=axis)).ravel()
        worst = int(sums.argmax())
        if sums[worst] >= 1:
            problem = f"effects {words} {worst} sum to {sums[worst]:g}"
            yield Fault(
                place="cross_price_effect", problem=problem, remedy="expected less than 1, the own-price effect"
            )


def concavity_faults(values: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield a fault where efforts (condition 2) or services and efforts (condition 3) have no best level."""
    needed = {"testing_cost", "effort_cost", "share_weight", "effort_rivalry", "usable_share", "service_response"}
    count = len(values.get("testing_cost", ()))
    costs, weights = (np.asarray(values.get(key) or (1.0,) * count) for key in ("effort_cost", "share_weight"))
    if not needed <= values.keys() or not len(costs) == len(weights) == count:
        return
    sigma = values["effort_rivalry"]
    if 2 * sigma >= costs.min():
        problem = f"is {sigma:g}, half the smallest effort_cost ({costs.min():g}) or more"
        remedy = "expected less than half of it: otherwise effort that pays for itself has no end"
        yield Fault(place="effort_rivalry", problem=problem, remedy=remedy)
        return
    margin = _service_curvature(costs, weights / weights.sum(), values)
    if margin <= 0:
        problem = f"make the chain's profit convex: 1 + theta^2 |beta|^2 (2 - q) = {margin:g}"
        remedy = "expected a positive number: raise effort_cost or lower service_response"
        yield Fault(place="effort_cost", problem=problem, remedy=remedy)


def _service_curvature(costs: FloatArray, shares: FloatArray, values: Mapping[str, Any]) -> float:
    """Return ``1 + theta^2 |beta|^2 (2 - q)`` of condition 3, the inverse by Sherman and Morrison."""
    sigma, count = values["effort_rivalry"], len(costs)
    diagonal = costs - 2 * sigma
    by_ones, by_shares = 1 / diagonal, shares / diagonal
    q = shares @ by_shares - (2 * sigma / count) * by_shares.sum() ** 2 / (1 + (2 * sigma / count) * by_ones.sum())
    beta = np.asarray(values["service_response"])
    return float(1 + values["usable_share"] ** 2 * (beta @ beta) * (2 - q))
