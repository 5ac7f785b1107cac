"""Whether a Hessian is positive semidefinite, every variable in its own unit.

Eigenvalues of a matrix whose entries are 1e6 and 1e-5 say nothing of the second: relative to the largest it is
rounding, and over a box of a thousand it turns the follower's answer round. So a matrix is judged with its diagonal
scaled to 1, which changes no sign, and only what the rounding of its own entries can do is forgiven.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDING = 1e-14
"""Relative error of an entry: some dozens of roundings of the terms that it is summed from."""

Floats = NDArray[np.float64]


def is_positive(matrix: Floats, terms: Floats | None = None, *, tolerance: float = ROUNDING) -> bool:
    """Return whether a symmetric matrix (n, n) has no negative eigenvalue but by rounding.

    Parameters
    ----------
    terms
        Sizes of the terms that the entries were summed from, where these may have cancelled each other; else the
        entries' own.
    tolerance
        Relative error of an entry.
    """
    size = np.abs(matrix) if terms is None else np.maximum(terms, np.abs(matrix))
    diagonal = np.diag(matrix)
    if (2.0 * diagonal >= np.abs(matrix).sum(axis=1) * (1.0 - ROUNDING)).all() and (diagonal >= 0.0).all():
        return True
    # An entry without size (0, of no terms) has no rounding; a diagonal below its rounding is taken as that.
    blur = tolerance * size
    if (diagonal < -np.diag(blur)).any():
        return False
    unit = np.sqrt(np.maximum(diagonal, np.diag(blur)))
    flat = unit == 0.0
    if (np.abs(matrix[flat]) > blur[flat]).any():
        return False
    unit = unit[~flat]
    scaled = matrix[~flat][:, ~flat] / np.outer(unit, unit)
    forgiven = (blur[~flat][:, ~flat] / np.outer(unit, unit)).sum(axis=1).max(initial=0.0)
    return bool(np.linalg.eigvalsh(scaled)[0] >= -forgiven) if len(unit) else True
