"""HiGHS' active-set code for quadratic programs, where it goes in circles or is stopped on suspicion of it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from batteryopt.ground.status import PointStatus, StopReason
from batteryopt.solvers import Options
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.highs import highs_quadratic
from batteryopt.solvers.highs.highs_arrays import solve_arrays


def root_of_a_small_game() -> QuadraticProgram:
    """Optimality conditions of a follower ``min y1^2 / 4 + y2^2`` in a box, without complementarity, from a fuzzer.

    Columns: multipliers u1, u2, v1, v2, w of the bounds, five slacks and x, y1, y2; leader ``x^2 / 4 + y2^2 / 2``.
    Zero is feasible with all slacks at their right-hand sides, and the least that a sum of squares can be.
    """
    rows = np.zeros((7, 13))
    rows[0, [0, 1, 2, 11]] = 1, 1, -1, 0.5
    rows[1, [3, 4, 12]] = 1, -1, 2
    rows[2, [5, 11]] = 1, 1
    rows[3, [6, 11]] = 1, 1
    rows[4, [7, 11]] = 1, -1
    rows[5, [8, 12]] = 1, 1
    rows[6, [9, 12]] = 1, -1
    right = np.array([0, 0, 1.25, 2, 0, 2, 0])
    return QuadraticProgram(
        c=np.zeros(13),
        Q=sp.csc_array(np.diag([0.0] * 10 + [0.5, 0, 1])),
        A=sp.csr_array(rows),
        row_lower=right,
        row_upper=right,
        lower=np.zeros(13),
        upper=np.array([np.inf] * 10 + [3, 2, 2]),
        is_integer=np.zeros(13, dtype=bool),
    )


def two_squares() -> QuadraticProgram:
    """Min (x - 1)^2 + (y - 2)^2 with x + y <= 2: the nearest point of the line is (1/2, 3/2), at 1/2."""
    return QuadraticProgram(
        c=np.array([-2.0, -4]),
        c0=5.0,
        Q=sp.csc_array(np.diag([2.0, 2])),
        A=sp.csr_array([[1.0, 1]]),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([2.0]),
        lower=np.zeros(2),
        upper=np.full(2, np.inf),
        is_integer=np.zeros(2, dtype=bool),
    )


def test_a_program_on_which_the_code_goes_in_circles_is_solved():
    answer = solve_arrays(root_of_a_small_game(), Options(time_limit=60))
    assert answer.stop_reason is StopReason.CONVERGED
    assert answer.point_status is PointStatus.OPTIMAL
    program = root_of_a_small_game()
    assert program.objective(answer.x) == pytest.approx(0, abs=1e-9)
    assert program.violation(answer.x) <= 1e-9


@pytest.mark.parametrize("share", [highs_quadratic.LIGHT, highs_quadratic.FIRM])
def test_any_regularisation_leads_to_the_exact_optimum(monkeypatch, share):
    monkeypatch.setattr(highs_quadratic, "LIGHT", share)
    answer = solve_arrays(two_squares())
    assert answer.point_status is PointStatus.OPTIMAL
    np.testing.assert_allclose(answer.x, [0.5, 1.5], atol=1e-8)
    assert answer.bound == pytest.approx(0.5, abs=1e-8)


def test_suspicion_alone_costs_no_answer(monkeypatch):
    monkeypatch.setattr(highs_quadratic, "PATIENCE", 0)  # every attempt but the last is stopped at once
    answer = solve_arrays(two_squares())
    assert answer.point_status is PointStatus.OPTIMAL
    np.testing.assert_allclose(answer.x, [0.5, 1.5], atol=1e-8)


def test_a_limit_of_the_caller_is_not_taken_for_a_circle():
    answer = solve_arrays(root_of_a_small_game(), Options(iteration_limit=50))
    assert answer.stop_reason is StopReason.ITERATION_LIMIT
    assert answer.iterations <= 50 * highs_quadratic.ROUNDS[highs_quadratic.LIGHT]
