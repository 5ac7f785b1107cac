"""Columns that equalities define, put into the other rows: the same optimum, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.compile.eliminated import without_columns
from batteryopt.solvers.highs.highs_arrays import solve_arrays


def _program(c, A, row_lower, row_upper, lower, upper, integer=()) -> QuadraticProgram:
    n = len(c)
    return QuadraticProgram(
        c=np.array(c, dtype=float),
        Q=sp.csc_array((n, n)),
        A=sp.csr_array(np.array(A, dtype=float)),
        row_lower=np.array(row_lower, dtype=float),
        row_upper=np.array(row_upper, dtype=float),
        lower=np.array(lower, dtype=float),
        upper=np.array(upper, dtype=float),
        is_integer=np.isin(np.arange(n), integer),
    )


def test_slack_becomes_the_two_sides_of_its_row() -> None:
    # min -x - 2 s with x / 2 + s = 3, s in [1, 2], x in [0, 3], s + x >= 0: s = 3 - x / 2, so that the objective is -6
    # whatever x is, and x lies in [2, 4] by the bounds of s.
    program = _program([-1, -2], [[0.5, 1], [1, 1]], [3, 0], [3, np.inf], [0, 1], [3, 2])
    left = without_columns(program, [1])
    assert left.kept.tolist() == [0]
    assert left.program.c.tolist() == [0.0]
    assert left.program.c0 == -6.0
    # s = 3 - x/2 within [1, 2] reads -2 <= -x/2 <= -1; x + s >= 0 reads x/2 >= -3.
    assert left.program.A.toarray().tolist() == [[-0.5], [0.5]]
    assert left.program.row_lower.tolist() == [-2.0, -3.0]
    assert left.program.row_upper.tolist() == [-1.0, np.inf]
    assert left.whole(np.array([2.0])).tolist() == [2.0, 2.0]


def test_a_column_that_would_rescale_its_row_stays() -> None:
    # x + 20 s = 30: s by x would be a row of a twentieth, in which a tolerance of 1e-9 is one of 2e-8.
    program = _program([1, 1], [[1, 20]], [30], [30], [0, 0], [8, 1])
    assert without_columns(program, [1]).kept.tolist() == [0, 1]


def test_two_columns_of_one_row_do_not_both_go() -> None:
    program = _program([1, 1], [[1, 1]], [1], [1], [0, 0], [1, 1])
    assert len(without_columns(program, [0, 1]).kept) == 1


@pytest.mark.parametrize("column", [0, 1])
def test_column_without_an_equality_of_its_own_stays(column: int) -> None:
    program = _program([1, 1], [[1, 1]], [1], [2], [0, 0], [1, 1], integer=(1,))
    assert without_columns(program, [column]).kept.tolist() == [0, 1]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_optimum_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, defined, rows = int(rng.integers(2, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    # Columns x (n, some integer) and s (defined): G x + diag(d) s = g, and more rows over both.
    G, d = rng.integers(-3, 4, (defined, n)), rng.choice([-1, 1], defined)
    inside = rng.integers(0, 4, n)
    s = rng.integers(-5, 6, defined)
    more = rng.integers(-2, 3, (rows, n + defined))
    point = np.concatenate([inside, s])
    A = np.vstack([np.hstack([G, np.diag(d)]), more])
    activity = A @ point
    lower = np.concatenate([activity[:defined], activity[defined:] - rng.integers(0, 4, rows)])
    upper = np.concatenate([activity[:defined], np.full(rows, np.inf)])
    program = _program(
        rng.integers(-5, 6, n + defined),
        A,
        lower,
        upper,
        np.concatenate([np.zeros(n), s - rng.integers(0, 5, defined)]),
        np.concatenate([np.full(n, 5.0), s + rng.integers(0, 5, defined)]),
        integer=np.flatnonzero(rng.random(n) < 0.5),
    )
    left = without_columns(program, range(n, n + defined))
    assert len(left.kept) == n
    whole, reduced = solve_arrays(program), solve_arrays(left.program)
    assert whole.x is not None
    assert reduced.x is not None
    back = left.whole(reduced.x)
    assert program.violation(back) <= 1e-6
    assert program.objective(back) == pytest.approx(left.program.objective(reduced.x), abs=1e-6)
    assert program.objective(back) == pytest.approx(program.objective(whole.x), abs=1e-5)
