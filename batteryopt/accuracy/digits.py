"""Arithmetic in fifty digits, and sparse linear systems solved to all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from mpmath import MPContext  # type: ignore[import-untyped]
from scipy.sparse.linalg import splu

from batteryopt.ground.errors import BatteryOptError

DIGITS = 50
FIFTY = MPContext()
FIFTY.dps = DIGITS
ROUNDS = 60
"""Most corrections of a linear system; each wins the digits that doubles have left over the condition number."""
SETTLED = 1e-35
"""A relative residual so small counts as solved."""

Number: TypeAlias = Any
"""A number of fifty digits; mpmath has no types."""


class NoReference(BatteryOptError):
    """A reference could not be derived: a fault of a family, never of a solver."""


def exact(value: float | str | Number) -> Number:
    """Return a number as it is: a double keeps its binary value, a string its decimal one."""
    return FIFTY.mpf(value)


def exacts(values: Iterable[Any]) -> list[Number]:
    """Return numbers as they are."""
    return [FIFTY.mpf(float(value)) for value in values]


class DigitMatrix:
    """A sparse matrix whose products are taken in fifty digits."""

    def __init__(self, matrix: Any) -> None:
        rows = sp.csr_array(matrix)
        self.shape: tuple[int, int] = rows.shape
        starts = rows.indptr.tolist()
        entries = list(zip(rows.indices.tolist(), exacts(rows.data), strict=True))
        self._rows = [entries[a:b] for a, b in itertools.pairwise(starts)]

    def times(self, x: Sequence[Number]) -> list[Number]:
        """Return the product with a vector."""
        return [FIFTY.fdot((value, x[j]) for j, value in row) for row in self._rows]

    def sizes(self, x: Sequence[Number]) -> list[Number]:
        """Return the sums of the terms' sizes, a row each."""
        return [FIFTY.fsum((abs(value * x[j]) for j, value in row)) for row in self._rows]


def solve_linear(matrix: Any, right: Sequence[Number]) -> list[Number]:
    """Solve a square sparse system of doubles in fifty digits.

    Factorised once in double precision; each correction then takes its residual in fifty digits. That converges as
    long as the condition number is well below 1e16, and is seen to.

    Raises
    ------
    NoReference
        If it does not.
    """
    rows = DigitMatrix(matrix)
    scale = _equilibrated(sp.csc_array(matrix))
    factors = splu(sp.csc_matrix(scale[0]))
    x: list[Number] = [FIFTY.mpf(0)] * len(right)
    for _ in range(ROUNDS):
        residual = [s * (b - a) for a, b, s in zip(rows.times(x), right, scale[1], strict=True)]
        sizes = [s * max(abs(b), size) for b, size, s in zip(right, rows.sizes(x), scale[1], strict=True)]
        largest = max(map(abs, residual))
        if largest <= SETTLED * max(sizes):
            return x
        small = np.array([float(r / largest) for r in residual])
        step = factors.solve(small)
        x = [a + largest * FIFTY.mpf(d) * FIFTY.mpf(s) for a, d, s in zip(x, step.tolist(), scale[2], strict=True)]
    raise NoReference("a linear system is too ill-conditioned to be solved from doubles in fifty digits")


def _equilibrated(matrix: Any) -> tuple[Any, list[float], list[float]]:
    """Return the matrix with rows and columns of like size, and the powers of two that made it so."""
    size = matrix.shape[0]
    left, right = np.ones(size), np.ones(size)
    scaled = matrix
    for _ in range(6):
        by_row = _powers(abs(scaled).max(axis=1).toarray().ravel())
        scaled = sp.diags_array(by_row) @ scaled
        by_column = _powers(abs(scaled).max(axis=0).toarray().ravel())
        scaled = scaled @ sp.diags_array(by_column)
        left, right = left * by_row, right * by_column
    return scaled, left.tolist(), right.tolist()


def _powers(largest: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.exp2(-np.round(np.where(largest > 0, np.log2(largest), 0.0) / 2))
