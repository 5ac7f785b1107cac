"""Bounds and plans from a few futures at a time, where the extensive form of all is too large for the time there is.

Futures in a bundle share one first stage, bundles do not: what each bundle costs at least, weighed by its probability,
is a lower bound of what all cost together, and no worse than that of each future alone. Futures that differ most go
into one bundle, for there sharing a first stage costs most. Bundles that are proven are joined to larger ones while
time is left. What a bundle opens is a plan for all futures too, and is tried as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from batteryopt.network.formulation.algebra import Floats

Solved = tuple[float | None, list[Floats]]
"""The proven bound of a bundle's expected cost within it, and its point in each of its futures; empty: none."""
LEAST_SECONDS = 0.5


@dataclass(kw_only=True, eq=False)
class Bundled:
    """What is known of bundles.

    Attributes
    ----------
    probabilities
        Of all futures (N).
    lowest
        A proven lower bound of each future's cost (N).
    """

    probabilities: Floats
    lowest: Floats
    bundles: list[tuple[int, ...]]
    bounds: dict[tuple[int, ...], float]

    @property
    def bound(self) -> float:
        """The best proven lower bound of the expected cost: of each bundle the better of its own and its futures'."""
        return float(sum(self.of(bundle) for bundle in self.bundles))

    def of(self, bundle: tuple[int, ...]) -> float:
        """Return what a bundle adds to the bound, weighed by its probability."""
        at = list(bundle)
        alone = float(self.probabilities[at] @ self.lowest[at])
        own = self.bounds.get(bundle)
        return alone if own is None else max(alone, own * float(self.probabilities[at].sum()))


def paired(costs: Sequence[float]) -> list[tuple[int, ...]]:
    """Return bundles of two: the cheapest future with the dearest, and so on to the middle."""
    order = np.argsort(np.asarray(costs, dtype=float), kind="stable").tolist()
    half = len(order) // 2
    pairs = [tuple(sorted((order[i], order[-1 - i]))) for i in range(half)]
    return [*pairs, *([(order[half],)] if len(order) % 2 else [])]


def joined_bundles(bundles: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return bundles of twice the size: the first with the last, and so on."""
    return [tuple(sorted(part for k in pair for part in bundles[k])) for pair in paired(range(len(bundles)))]


def improve_by_bundles(
    known: Bundled,
    solve: Callable[[tuple[int, ...], float], Solved],
    try_plan: Callable[[Sequence[Floats], tuple[int, ...]], None],
    is_done: Callable[[float], bool],
    deadline: float,
) -> None:
    """Solve bundle after bundle until the time is over or the bound is enough; what is found goes into `known`.

    Parameters
    ----------
    solve
        Solves a bundle in so many seconds.
    try_plan
        Tries what a bundle opens in all futures.
    is_done
        Whether a bound is near enough, or somebody asked for the end.
    """
    while not is_done(known.bound):
        for number, bundle in enumerate(known.bundles):
            left = deadline - time.monotonic()
            if left < LEAST_SECONDS or is_done(known.bound):
                return
            bound, points = solve(bundle, left / (len(known.bundles) - number))
            if bound is not None:
                known.bounds[bundle] = max(bound, known.bounds.get(bundle, -np.inf))
            if points:
                try_plan(points, bundle)
        if len(known.bundles) == 1:
            return
        _keep_what_is_proven(known)


def _keep_what_is_proven(known: Bundled) -> None:
    """Join bundles to larger ones, whose bound is what those before have proven until they are solved themselves."""
    larger = joined_bundles(known.bundles)
    bounds = {}
    for bundle in larger:
        parts = [part for part in known.bundles if set(part) <= set(bundle)]
        share = float(known.probabilities[list(bundle)].sum())
        bounds[bundle] = sum(known.of(part) for part in parts) / share
    known.bundles, known.bounds = larger, bounds
