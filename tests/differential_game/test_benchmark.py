"""The timed comparison works, at a size that takes little time: CasADi's transcription agrees, the order is Radau's."""

from __future__ import annotations

import pytest

from batteryopt.differential_game.mesh import first_grid
from batteryopt.differential_game.published import BASE_CASE
from batteryopt.differential_game.solution import Model
from benchmarks import differential_game as benchmark

from . import reference


@pytest.mark.parametrize(
    ("model", "value"), [(Model.INTEGRATED, reference.J_CHAIN), (Model.DECENTRALIZED, reference.J_MANUFACTURER)]
)
def test_both_sides_solve_the_same_transcription(model, value):
    grid = first_grid(BASE_CASE, 4)
    figures = benchmark.side_by_side(model, grid)
    assert len(figures) == 4
    (difference,) = (number for name, number in figures.items() if "difference" in name)
    assert difference < 1e-10
    assert benchmark.in_casadi(model, grid)[0] == pytest.approx(value, rel=1e-6)


def test_the_table_shows_the_order(monkeypatch):
    monkeypatch.setattr(benchmark, "TABLE_DEGREES", (3,))
    monkeypatch.setattr(benchmark, "TABLE_HALVINGS", 3)
    table = benchmark.convergence_table()
    orders = [number for name, number in table.items() if "ends, order" in name]
    assert len(orders) == 2
    assert all(4.0 < order < 6.0 for order in orders)
