"""Radau's and Gauss's quadrature on [0, 1], and interpolation through their nodes."""

from __future__ import annotations

import enum
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import roots_jacobi, roots_legendre

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]


class Rule(enum.Enum):
    """Where the nodes of an element stand."""

    RADAU = "radau"
    """The right end is a node: exact up to degree 2n - 2, stable for stiff dynamics."""
    GAUSS = "gauss"
    """All nodes inside: exact up to degree 2n - 1."""


@cache
def nodes(rule: Rule, degree: int) -> FloatArray:
    """Return the `degree` nodes in [0, 1], rising.

    Radau's inner nodes are the roots of the Jacobi polynomial P^(1,0) of degree one less, moved from [-1, 1]; Gauss's
    are the roots of Legendre's polynomial.
    """
    if rule is Rule.GAUSS:
        return _frozen(np.sort((roots_legendre(degree)[0] + 1.0) / 2.0))
    inner = (roots_jacobi(degree - 1, 1.0, 0.0)[0] + 1.0) / 2.0 if degree > 1 else np.empty(0)
    return _frozen(np.append(np.sort(inner), 1.0))


@cache
def weights(rule: Rule, degree: int) -> FloatArray:
    """Return the weights with which the nodes integrate every polynomial through them exactly."""
    basis = np.polynomial.legendre.legvander(2.0 * nodes(rule, degree) - 1.0, degree - 1)
    integrals = np.zeros(degree)
    integrals[0] = 1.0  # all Legendre polynomials but the constant integrate to zero
    return _frozen(np.linalg.solve(basis.T, integrals))


def interpolation_matrix(rule: Rule, degree: int, targets: FloatArray, *, with_start: bool) -> FloatArray:
    """Return the matrix from values at the nodes, the start 0 first if it is there, to values at `targets` in [0, 1].

    The barycentric formula: one division a node, and exact at the nodes themselves.
    """
    points, importance = _barycentric(rule, degree, with_start)
    distance = targets[:, None] - points
    row, column = np.nonzero(distance == 0.0)
    distance[row, column] = 1.0
    matrix: FloatArray = importance / distance
    matrix /= matrix.sum(axis=1, keepdims=True)
    matrix[row] = 0.0
    matrix[row, column] = 1.0
    return matrix


@cache
def _barycentric(rule: Rule, degree: int, with_start: bool) -> tuple[FloatArray, FloatArray]:
    points = _points(rule, degree, with_start)
    distances = points[:, None] - points + np.eye(len(points))
    return points, _frozen(1.0 / distances.prod(axis=1))


def _points(rule: Rule, degree: int, with_start: bool) -> FloatArray:
    inside = nodes(rule, degree)
    return np.append(0.0, inside) if with_start else inside


@cache
def _to_legendre(rule: Rule, degree: int, with_start: bool) -> FloatArray:
    points = _points(rule, degree, with_start)
    return _frozen(np.linalg.inv(np.polynomial.legendre.legvander(2.0 * points - 1.0, len(points) - 1)))


@cache
def differentiation_matrix(rule: Rule, degree: int) -> FloatArray:
    """Return the matrix from values at the start 0 and the nodes to the polynomial's slopes at the nodes."""
    slopes = [
        np.polynomial.legendre.legval(2.0 * nodes(rule, degree) - 1.0, 2.0 * np.polynomial.legendre.legder(unit))
        for unit in np.eye(degree + 1)
    ]
    return _frozen(np.column_stack(slopes) @ _to_legendre(rule, degree, True))


def legendre_coefficients(rule: Rule, values: FloatArray, degree: int, *, with_start: bool) -> FloatArray:
    """Return the Legendre coefficients of polynomials given at the nodes (axis 0), the start 0 first if it is there."""
    return np.tensordot(_to_legendre(rule, degree, with_start), values, axes=1)


def _frozen(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
