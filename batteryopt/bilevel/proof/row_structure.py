"""Upper bounds of multipliers from the structure of a linear follower's rows.

All of these bound *some* optimal multipliers: those at a vertex of the optimal dual face at which their sum over the
rows in question is smallest. They are no bounds where something else chooses among multipliers.

Packing and covering rows. Let every variable j of row k have the sign of its coefficient B_kj in all other rows of
several variables too, and be in no equality. Take optimal multipliers. As long as u_k is positive, and every such
variable has a positive multiplier on a bound that pulls the other way, all of these can be lowered together:
stationarity stays, and what was tight is tight. So u_k can be taken as zero, or some variable j has no such pull left.
Then its stationarity has terms of one sign only beside the objective's, and |B_kj| u_k is at most what the objective
pulls: u_k <= max_j force_j / |B_kj|. What pulls the other way is bounded by the sum of these. A knapsack, a box and a
covering problem are of this kind.

Network rows (every own variable in at most two of them, with +1 and -1) are totally unimodular, and stay so with rows
of single variables beside them: at a vertex every multiplier is a sum of forces, each taken at most once, with signs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from batteryopt.bilevel.problem.gradients import constant_gradients
from batteryopt.bilevel.problem.normal_form import FollowerProblem

Floats = NDArray[np.float64]
PACKING, REDUCED, NETWORK = "packing and covering rows", "reduced costs of such rows", "a network's rows"


def structural_limits(follower: FollowerProblem, forces: Floats) -> dict[int, tuple[float, str]]:
    """Return limits of some optimal multipliers by position of the inequality, each with its reason.

    Parameters
    ----------
    forces
        Range of the objective's gradient over the box of all data, shape (variables, 2).
    """
    gradients = constant_gradients(follower)
    if gradients is None or not follower.objective.is_affine:
        return {}
    rows, equalities = gradients
    found = _packing(rows, equalities, forces)
    if _is_network(rows, equalities):
        largest = float(np.abs(forces).max(axis=1, initial=0.0).sum())
        found.update({k: (largest, NETWORK) for k in range(len(rows)) if k not in found or found[k][0] > largest})
    return {k: limit for k, limit in found.items() if np.isfinite(limit[0])}


def _packing(rows: Floats, equalities: Floats, forces: Floats) -> dict[int, tuple[float, str]]:
    """Bound multipliers of packing and covering rows, and then of the bounds that pull the other way."""
    several = rows[(rows != 0).sum(axis=1) > 1]
    is_free = (equalities == 0).all(axis=0)
    # Whether a variable may stand in a packing row, by the sign of its coefficient there.
    fits = {1.0: is_free & (several >= 0).all(axis=0), -1.0: is_free & (several <= 0).all(axis=0)}
    # What the objective pulls against a row with that sign; a follower minimises force' y.
    pull = {1.0: np.maximum(0.0, -forces[:, 0]), -1.0: np.maximum(0.0, forces[:, 1])}
    limits: dict[int, tuple[float, str]] = {}
    for k, row in enumerate(rows):
        used = np.flatnonzero(row)
        signs = np.sign(row[used])
        if all(fits[s][j] for s, j in zip(signs, used, strict=True)):
            most = max((pull[s][j] / abs(row[j]) for s, j in zip(signs, used, strict=True)), default=0.0)
            limits[k] = (float(most), PACKING)  # a row whose coefficients vanish has a multiplier that does nothing
    for k in map(int, np.flatnonzero((rows != 0).sum(axis=1) == 1)):
        if k in limits:
            continue
        j = int(np.flatnonzero(rows[k])[0])
        sign = -float(np.sign(rows[k, j]))  # that of the rows which this bound pulls against
        against = [int(i) for i in np.flatnonzero(rows[:, j] * sign > 0)]
        if fits[sign][j] and all(i in limits for i in against):
            force = forces[j, 1] if sign > 0 else -forces[j, 0]
            most = force + sum(abs(rows[i, j]) * limits[i][0] for i in against)
            limits[k] = (max(0.0, float(most)) / abs(float(rows[k, j])), REDUCED)
    return limits


def _is_network(rows: Floats, equalities: Floats) -> bool:
    count = (rows != 0).sum(axis=1)
    stacked, singles = np.vstack([rows[count > 1], equalities]), rows[count == 1]
    if not np.isin(stacked, (-1.0, 0.0, 1.0)).all() or not np.isin(singles, (-1.0, 0.0, 1.0)).all():
        return False
    return bool(((stacked > 0).sum(axis=0) <= 1).all() and ((stacked < 0).sum(axis=0) <= 1).all())
