"""Few futures that stand for many: forward selection, and how far it moves the distribution.

Source: Heitsch, H., Römisch, W. (2003), Scenario reduction algorithms in stochastic programming, Computational
Optimization and Applications 24, 187-206: the fast forward selection, and the optimal redistribution of
probabilities, each deleted one's to the nearest that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Reduced:
    """Which of many stand for all.

    Attributes
    ----------
    kept
        Positions of those kept, in growing order (K).
    probabilities
        Theirs, with what those left out had (K).
    stands_for
        Position of the one kept for each of all (N).
    distance
        Least cost of moving the probabilities of all to those kept: the Kantorovich distance of the two
        distributions. What changes by at most L where a future changes by 1 has an expectation that is off by at most
        L times this.
    distance_of_one
        The same if one alone were kept: what is left of it says how much the reduction loses.
    """

    kept: Ints
    probabilities: Floats
    stands_for: Ints
    distance: float
    distance_of_one: float


def distances_between(coordinates: Floats) -> Floats:
    """Return the Euclidean distances between rows (N, N)."""
    squares = np.square(coordinates).sum(axis=1)
    between = squares[:, None] + squares[None, :] - 2.0 * coordinates @ coordinates.T
    found = np.sqrt(np.maximum(between, 0.0))
    np.fill_diagonal(found, 0.0)
    return np.asarray(found, dtype=float)


def forward_selection(between: Floats, probabilities: Floats, count: int) -> Reduced:
    """Return the futures that stand for all: one after the other, each time the one that leaves the least distance.

    Parameters
    ----------
    between
        Distances of all pairs (N, N).
    probabilities
        Of all (N).
    count
        How many are kept; all of them where there are no more.
    """
    size = len(probabilities)
    nearest = np.full(size, np.inf)  # of each to the nearest kept so far
    kept: list[int] = []
    ones: list[float] = []
    for _ in range(min(count, size)):
        left = probabilities @ np.minimum(between, nearest[:, None])
        left[kept] = np.inf
        kept.append(int(np.argmin(left)))
        ones.append(float(left[kept[-1]]))
        nearest = np.minimum(nearest, between[:, kept[-1]])
    order = np.array(sorted(kept), dtype=np.int64)
    stands_for = order[np.argmin(between[:, order], axis=1)]
    stands_for[order] = order  # of twins each stands for itself
    shares = np.array([probabilities[stands_for == position].sum() for position in order.tolist()])
    distance = float(probabilities @ between[np.arange(size), stands_for])
    return Reduced(kept=order, probabilities=shares, stands_for=stands_for, distance=distance, distance_of_one=ones[0])
