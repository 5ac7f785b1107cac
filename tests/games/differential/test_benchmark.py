"""The timed comparison works, at a size that takes little time: CasADi's transcription agrees, the order is Radau's."""

from __future__ import annotations

import pytest

from batteryopt.games.differential.model.mesh import first_grid
from batteryopt.games.differential.paper.published import BASE_CASE
from batteryopt.games.differential.solution import Model
from benchmarks import differential_game as benchmark
from benchmarks import differential_game_accuracy as accuracy

from . import reference


@pytest.mark.parametrize(
    ("model", "value"), [(Model.INTEGRATED, reference.J_CHAIN), (Model.DECENTRALIZED, reference.J_MANUFACTURER)]
)
def test_both_sides_solve_the_same_transcription(model, value, monkeypatch):
    monkeypatch.setattr(benchmark, "REPEATS", 1)
    grid = first_grid(BASE_CASE, 4)
    figures = benchmark.side_by_side(model, grid)
    assert len(figures) == 5
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


def test_the_worst_errors_are_those_of_the_worst_game(monkeypatch):
    """Two pairs by formula and Riccati equation, and one by optimiser, instead of hundreds."""
    real = accuracy.against_formula
    for name, seeds in (
        ("RICCATI", range(2)),
        ("PAIR", range(100, 101)),
        ("GENERAL", ()),
        ("LARGE", ()),
        ("CONTRACT", ()),
    ):
        monkeypatch.setattr(accuracy, f"{name}_SEEDS", seeds)
    monkeypatch.setattr(accuracy, "BOTH", (Model.INTEGRATED,))
    monkeypatch.setattr(accuracy, "against_formula", lambda game, model: real(game, model) if game != BASE_CASE else {})
    found = [group for group in accuracy.groups() if group[1] and group[1][0]]
    monkeypatch.setattr(accuracy, "groups", lambda: iter(found))
    figures = accuracy.run()
    assert figures["formula against Riccati: games"] == 2
    assert figures["optimiser, random pairs: games"] == 1
    errors = {name: number for name, number in figures.items() if "games" not in name}
    assert max(number for name, number in errors.items() if "Riccati" in name) < 1e-10
    assert errors["optimiser, random pairs: present values"] < 1e-6
    assert errors["optimiser, random pairs: paths"] < 1e-4
    assert figures["formula against Riccati: paths"] == max(errors["paths"] for errors in found[0][1])


def test_a_game_without_a_certified_answer_is_not_lost_among_the_others(monkeypatch):
    groups = [("games", [{"paths": 1e-9}, {"paths": float("nan")}, {"paths": 1e-8}])]
    monkeypatch.setattr(accuracy, "groups", lambda: iter(groups))
    assert accuracy.run()["games: paths"] != accuracy.run()["games: paths"]  # nan
