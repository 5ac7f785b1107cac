"""Problems that fall apart are solved part by part: two games side by side are worth what they are worth alone."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
import pytest
import scipy.sparse as sp

from batteryopt import bilevel
from batteryopt.bilevel.methods import program_search
from batteryopt.solvers.compile.arrays import QuadraticProgram
from batteryopt.solvers.compile.independent import independent_columns, restricted

from .treacherous import LinearGame


def drawn(seed: int) -> LinearGame:
    rng = np.random.default_rng(seed)
    size, rows = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    return LinearGame(
        w0=float(rng.integers(-4, 5)),
        w=rng.integers(-6, 7, size).tolist(),
        top=float(rng.integers(1, 9)),
        c=rng.integers(-6, 7, size).tolist(),
        A=rng.integers(-3, 5, (rows, size)).tolist(),
        b=rng.integers(4, 20, rows).tolist(),
        s=rng.integers(0, 4, rows).tolist(),
        u=rng.integers(1, 9, size).tolist(),
    )


def side_by_side(*games: LinearGame) -> pyo.ConcreteModel:
    model = pyo.ConcreteModel()
    model.part = pyo.Block(range(len(games)))
    gains = []
    for k, game in enumerate(games):
        model.part[k].transfer_attributes_from(game.model())
        model.part[k].gain.deactivate()
        gains.append(model.part[k].gain.expr)
    model.total = pyo.Objective(expr=sum(gains), sense=pyo.maximize)
    return model


@pytest.mark.parametrize("seed", range(8))
def test_value_is_the_sum(seed: int) -> None:
    games = [drawn(3 * seed + k) for k in range(3)]
    optimum = sum(game.optimum() for game in games)
    answer = bilevel.solve(side_by_side(*games), method="milp")
    assert answer.is_optimal
    assert answer.objective == pytest.approx(optimum, rel=1e-6, abs=1e-6)
    assert answer.bound == pytest.approx(optimum, rel=1e-5, abs=1e-5)


def test_pairs_join_what_no_row_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each game is a part of its own, its follower's decisions together with its multipliers."""
    seen = []
    monkeypatch.setattr(
        program_search._ProgramPart,
        "all_of",
        classmethod(lambda cls, w, all_of=program_search._ProgramPart.all_of: _keep(all_of(w), seen)),
    )
    bilevel.solve(side_by_side(drawn(1), drawn(2)), method="milp")
    assert [len(parts) for parts in seen] == [2]


def _keep(parts: list, seen: list) -> list:
    seen.append(parts)
    return parts


def _program(A: list[list[float]]) -> QuadraticProgram:
    n = len(A[0])
    return QuadraticProgram(
        c=np.arange(1.0, n + 1),
        c0=7.0,
        Q=sp.csc_array((n, n)),
        A=sp.csr_array(np.array(A, dtype=float)),
        row_lower=np.zeros(len(A)),
        row_upper=np.ones(len(A)),
        lower=np.zeros(n),
        upper=np.ones(n),
        is_integer=np.zeros(n, dtype=bool),
    )


def test_parts_of_a_program() -> None:
    # Rows join columns 0 and 2, and 1 and 3; no row has column 4.
    program = _program([[1, 0, 1, 0, 0], [0, 1, 0, -1, 0]])
    assert [part.tolist() for part in independent_columns(program)] == [[4], [0, 2], [1, 3]]
    assert [part.tolist() for part in independent_columns(program, [(2, 3)])] == [[4], [0, 1, 2, 3]]
    first = restricted(program, np.array([0, 2]), with_constant=False)
    assert (first.c.tolist(), first.c0, first.A.toarray().tolist()) == ([1.0, 3.0], 0.0, [[1.0, 1.0]])


def test_objectives_of_the_parts_add_up() -> None:
    program = _program([[1, 0, 1, 0, 0], [0, 1, 0, -1, 0]])
    x = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    parts = independent_columns(program)
    values = [restricted(program, p, with_constant=k == 0).objective(x[p]) for k, p in enumerate(parts)]
    assert sum(values) == pytest.approx(program.objective(x), rel=1e-12)
