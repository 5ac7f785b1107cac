"""Radau's quadrature on [0, 1], its right end included, and interpolation through its nodes."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import roots_jacobi

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]


@cache
def nodes(degree: int) -> FloatArray:
    """Return the `degree` Radau nodes in (0, 1]; the last one is 1.

    The inner nodes are the roots of the Jacobi polynomial P^(1,0) of degree one less, moved from [-1, 1] to [0, 1].
    """
    inner = (roots_jacobi(degree - 1, 1.0, 0.0)[0] + 1.0) / 2.0 if degree > 1 else np.empty(0)
    return _frozen(np.append(np.sort(inner), 1.0))


@cache
def weights(degree: int) -> FloatArray:
    """Return the quadrature weights at the nodes: exact for polynomials of degree ``2 * degree - 2``."""
    return _frozen(quadrature_weights(nodes(degree)))


def quadrature_weights(points: FloatArray) -> FloatArray:
    """Return the weights with which these points of [0, 1] integrate every polynomial through them exactly."""
    degree = len(points)
    basis = np.polynomial.legendre.legvander(2.0 * points - 1.0, degree - 1)
    legendre_moments = np.zeros(degree)
    legendre_moments[0] = 1.0  # all Legendre polynomials but the constant integrate to zero
    return np.linalg.solve(basis.T, legendre_moments)


def interpolation_matrix(degree: int, targets: FloatArray, *, with_start: bool) -> FloatArray:
    """Return the matrix from values at the nodes, the start 0 first if it is there, to values at `targets` in [0, 1].

    The barycentric formula: one division a node, and exact at the nodes themselves.
    """
    points, importance = _barycentric(degree, with_start)
    distance = targets[:, None] - points
    hits = distance == 0.0
    terms = importance / np.where(hits, 1.0, distance)
    matrix: FloatArray = terms / terms.sum(axis=1, keepdims=True)
    is_hit = hits.any(axis=1)
    matrix[is_hit] = hits[is_hit]
    return matrix


@cache
def _barycentric(degree: int, with_start: bool) -> tuple[FloatArray, FloatArray]:
    points = np.append(0.0, nodes(degree)) if with_start else nodes(degree)
    distances = points[:, None] - points + np.eye(len(points))
    return points, _frozen(1.0 / distances.prod(axis=1))


@cache
def _to_legendre(degree: int, with_start: bool) -> FloatArray:
    points = np.append(0.0, nodes(degree)) if with_start else nodes(degree)
    return _frozen(np.linalg.inv(np.polynomial.legendre.legvander(2.0 * points - 1.0, len(points) - 1)))


def legendre_coefficients(values: FloatArray, degree: int, *, with_start: bool) -> FloatArray:
    """Return the Legendre coefficients of polynomials given at the nodes (axis 0), the start 0 first if it is there."""
    return np.tensordot(_to_legendre(degree, with_start), values, axes=1)


def _frozen(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
