"""The gradients of a follower's rows as matrices, where they are numbers; which of its equalities say nothing new."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from pyomo.common.collections import ComponentMap
from scipy.linalg import qr

from batteryopt.bilevel.problem.normal_form import FollowerProblem, FollowerRow

RANK_TOLERANCE = 1e-10


def constant_gradients(follower: FollowerProblem) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the gradients of inequalities and equalities, (rows, variables) each; None where not all are numbers."""
    inequalities = gradient_matrix(follower, follower.inequalities)
    equalities = gradient_matrix(follower, follower.equalities)
    return None if inequalities is None or equalities is None else (inequalities, equalities)


def gradient_matrix(follower: FollowerProblem, rows: Sequence[FollowerRow]) -> NDArray[np.float64] | None:
    """Return the gradients of rows, shape (rows, variables); None where one is not constant."""
    position: ComponentMap = ComponentMap((v, k) for k, v in enumerate(follower.variables))

    result = np.zeros((len(rows), len(position)))
    for k, row in enumerate(rows):
        if not row.form.is_affine:
            return None
        for variable, coefficient in row.form.linear.items():
            if not isinstance(coefficient, (int, float)):
                return None
            result[k, position[variable]] = coefficient
    return result


_DEPENDENT: WeakKeyDictionary[FollowerProblem, tuple[int, ...]] = WeakKeyDictionary()
"""Found once for each follower: every method asks, and the rows of a network take a second each time."""


def dependent_equalities(follower: FollowerProblem) -> tuple[int, ...]:
    """Return positions of equalities whose gradients depend on the others': their multipliers may be taken as zero."""
    if follower not in _DEPENDENT:
        _DEPENDENT[follower] = _dependent_equalities(follower)
    return _DEPENDENT[follower]


def _dependent_equalities(follower: FollowerProblem) -> tuple[int, ...]:
    matrix = gradient_matrix(follower, follower.equalities)
    if matrix is None or not len(matrix):
        return ()
    _, triangle, order = qr(matrix.T, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > RANK_TOLERANCE * max(1.0, diagonal[0])).sum())
    return tuple(int(k) for k in order[rank:])
