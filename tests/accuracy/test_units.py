"""All numbers of a game times a millionth or a million: who was right in the author's units is right, and says so."""

from __future__ import annotations

import pytest

from batteryopt.accuracy import AccuracyProblem, contestants, problems
from batteryopt.accuracy.accuracy_run import judge_run
from batteryopt.accuracy.verdicts import ContestVerdict

GAMES = [p for p in problems(["coordination-game", "stackelberg"]) if "times" in p.variant]
METHODS = [f"engine:{name}" for name in ("auto", "sos1", "indicator", "big-m", "branching", "product")]
PATIENCE = 120.0
"""Seconds far beyond what a run takes, so that a busy machine changes no verdict."""


def test_there_are_games_in_both_kinds_of_units() -> None:
    assert {p.variant.rpartition("times-")[2] for p in GAMES} == {"1e-06", "1e+06"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("game", GAMES, ids=lambda p: p.name)
def test_a_global_method_proves_its_answer_in_any_units(game: AccuracyProblem, method: str) -> None:
    (contestant,) = contestants([method])
    row = judge_run(game, game.find_truth(), contestant, 1e-6, PATIENCE)
    assert row["verdict"] in (ContestVerdict.RIGHT, ContestVerdict.REFUSED)
    if row["verdict"] == ContestVerdict.RIGHT:
        assert row["point_status"] == "optimal"
        assert row["objective_error"] < 1e-6
        assert row["bound_excess"] < 1e-6
