"""Definiteness is judged in every variable's own unit, and only rounding is forgiven."""

from __future__ import annotations

import numpy as np
import pytest

from batteryopt.bilevel.proof.definiteness import is_positive


@pytest.mark.parametrize("large", [1.0, 1e6, 1e12])
def test_a_small_negative_curvature_is_one_beside_any_other(large: float):
    assert is_positive(np.diag([large, 1e-5]))
    assert not is_positive(np.diag([large, -1e-5]))


def test_a_flat_direction_may_meet_no_other():
    """y^2 + 2 b y z has the determinant -b^2."""
    assert is_positive(np.array([[2.0, 0.0], [0.0, 0.0]]))
    assert not is_positive(np.array([[2.0, 1e-6], [1e-6, 0.0]]))


def test_scaling_variables_changes_no_answer():
    """(y - z)^2 + s (y^2 + z^2) - 1e-6 y z with y and z in any units: the smaller eigenvalue is 2 s -+ 1e-6."""
    units = np.diag([1e5, 1e-4])
    for s, expected in ((1e-6, True), (-1e-6, False)):
        matrix = np.array([[2 + 2 * s, -2 - 1e-6], [-2 - 1e-6, 2 + 2 * s]])
        assert is_positive(matrix) is expected
        assert is_positive(units @ matrix @ units) is expected


def test_squares_of_sums_are_positive_however_they_are_rounded():
    """(a'y)^2 has rank one, and its other eigenvalues are zero but for rounding."""
    draw = np.random.default_rng(0)
    for _ in range(200):
        a = draw.uniform(-3, 3, 4) * 10.0 ** draw.integers(-4, 5, 4)
        assert is_positive(2 * np.outer(a, a))


def test_what_cancels_in_the_sum_is_rounding():
    """0.1 + 0.2 - 0.3 is 5.6e-17; with the other sign it is a negative curvature of the same terms, and none."""
    left = 0.3 - (0.1 + 0.2)
    assert left < 0
    assert not is_positive(np.array([[left]]))
    assert is_positive(np.array([[left]]), np.array([[0.6]]))
