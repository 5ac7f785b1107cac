"""Whole sizes that cover a need: every inequality that the counts of them, and what may be short, keep.

The set is ``{(m, s): sizes . m + s >= need, m whole, s >= 0}``: so many facilities of each size, and a mass that goes
another way. A relaxation takes 1.385 of a size; the convex hull of the set does not. Its facets are found by Qhull,
which is not believed: with coefficients >= 0 a cut is valid if the least points of the set keep it, and these are
finitely many and asked one by one.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from batteryopt.network.formulation.algebra import Floats

MOST_POINTS = 1_000
"""Counts that are looked at one by one; of more the facets by rounding alone are taken."""
MOST_FACETS = 12
"""Facets of one set that are kept, the deepest."""
SHALLOWEST = 0.01
"""Part of the sizes that a cut takes off a relaxation at least: where hundreds of them stand rounding is no matter."""
STEEPEST = 200.0
"""Largest coefficient of a need's whole mass: beyond, a cut turns on masses within the solver's tolerance."""
NONE = 1e-9


def cover_cuts(sizes: Floats, need: float) -> Floats:
    """Return cuts ``a . m + b s / need >= 1``: rows (a, b), each valid for all whole m >= 0 and s >= 0 that cover.

    Parameters
    ----------
    sizes
        Different ones, above zero (d).
    need
        Above zero.
    """
    sizes = np.asarray(sizes, dtype=float)
    parts = np.minimum(sizes / need, 1.0)  # a larger size covers the need as well, no better
    most = np.ceil(1.0 / parts - NONE).astype(int)
    if len(parts) == 1 or np.prod(most + 1.0) > MOST_POINTS:  # of one size rounding is all there is
        return _worth_it(_rounded(parts), sizes / need)
    points = least_points(parts, most)
    return _worth_it(_valid(_facets(points), points), sizes / need)


def least_points(parts: Floats, most: np.typing.NDArray[np.int_]) -> Floats:
    """Return the points (m, s) that no other one lies below (n, d + 1)."""
    m = np.array(list(itertools.product(*(range(count + 1) for count in most.tolist()))), dtype=float)
    points = np.column_stack([m, np.maximum(0.0, 1.0 - m @ parts)])
    covers = points[:, -1] == 0.0
    needless = np.zeros(len(points), dtype=bool)  # one less of a size would do as well
    for size, part in enumerate(parts):
        needless |= covers & (m[:, size] > 0) & (m @ parts - part >= 1.0)
    return np.asarray(points[~needless])


def _facets(points: Floats) -> Floats:
    """Return the inequalities that Qhull finds below the points and all above them, scaled to a right side of 1."""
    far = 10.0 * (1.0 + points.max())
    above = [points + far * unit for unit in np.eye(points.shape[1])]
    try:
        hull = ConvexHull(np.concatenate([points, *above]))
    except QhullError:
        return np.zeros((0, points.shape[1]))
    normals, offsets = -hull.equations[:, :-1], hull.equations[:, -1]
    lower = (normals >= -NONE).all(axis=1) & (offsets > NONE)
    return np.unique(np.round(normals[lower] / offsets[lower, None], 12), axis=0)


def _valid(cuts: Floats, points: Floats) -> Floats:
    """Return the cuts with coefficients >= 0 and scaled so that every least point keeps them.

    What is whole and covers lies above a least point in every coordinate, so that the cuts hold there too.
    """
    cuts = np.maximum(cuts, 0.0)
    least = (cuts @ points.T).min(axis=1) if len(cuts) else np.zeros(0)
    return np.asarray(cuts[least > NONE] / least[least > NONE, None])


def _rounded(parts: Floats) -> Floats:
    """Return mixed-integer rounding cuts, one for each size as the divisor.

    With d the divisor and f the part of 1/d beyond whole ones: ``sum (floor(p/d) + min(1, frac(p/d) / f)) m + s / (d f)
    >= ceil(1/d)`` (Nemhauser and Wolsey, Integer and Combinatorial Optimization, II.1.6).
    """
    found = []
    for divisor in np.unique(parts):
        whole, beyond = np.floor(1.0 / divisor + NONE), 1.0 / divisor - np.floor(1.0 / divisor + NONE)
        if beyond <= NONE:  # the divisor is a whole part of the need
            found.append(np.append(np.ceil(parts / divisor - NONE), 1.0 / divisor) / whole)
            continue
        ratio = parts / divisor
        a = np.floor(ratio) + np.minimum(1.0, (ratio - np.floor(ratio)) / beyond)
        found.append(np.append(a, 1.0 / (divisor * beyond)) / (whole + 1.0))
    return np.array(found).reshape(-1, len(parts) + 1)


def _worth_it(cuts: Floats, parts: Floats) -> Floats:
    """Return the cuts that take a fair part of a relaxation's sizes off and turn on no sliver of mass, deepest first.

    Where fractions of one size alone cover the need, a cut takes off what its coefficients lack of that size's part.
    """
    depth = 1.0 - (cuts[:, :-1] / parts).min(axis=1)
    keep = (depth >= SHALLOWEST) & (cuts[:, -1] <= STEEPEST)
    return np.asarray(cuts[keep][np.argsort(-depth[keep], kind="stable")[:MOST_FACETS]], dtype=float)
