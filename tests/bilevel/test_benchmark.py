"""The benchmark's references, where they can be worked out, and its table."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import bilevel as benchmark
from benchmarks import bilevel_scale as scale


def test_oligopoly_reference_by_hand(monkeypatch: pytest.MonkeyPatch):
    """One firm at cost 40 without a capacity that binds: y = (60 - x)/2, price 70 - x/2, profit x (50 - x/2): 1250.

    That is at x = 50, y = 5; below x = 60 the firm is in the market.
    """
    monkeypatch.setattr(benchmark, "market_of", lambda n: (np.array([40.0]), np.array([100.0])))
    assert benchmark.oligopoly_reference(1) == pytest.approx(1250)


def test_tolls_reference_by_hand(monkeypatch: pytest.MonkeyPatch):
    """One user of demand 2 with roads at 10, 12 and 20 or 30 without toll: 2 (30 - 10) = 40."""
    monkeypatch.setattr(benchmark, "_users", lambda n: (np.array([[10.0, 12.0, 20.0]]), [30.0], [2.0]))
    assert benchmark.tolls_reference(1) == pytest.approx(40)


@pytest.mark.parametrize("way", ["auto", "products, Ipopt", "core.kkt + mpec, SCIP"])
def test_ways_find_a_small_one(way: str):
    case = benchmark.Case(
        family="tolls", name="2", build=lambda: benchmark.tolls(2), reference=benchmark.tolls_reference(2), options={}
    )
    assert benchmark.attempt(way, case).is_right(case.reference)


def test_a_way_that_fails_is_no_answer():
    case = benchmark.Case(family="tolls", name="2", build=lambda: benchmark.tolls(2), reference=1.0, options={})
    found = benchmark.attempt("M = 1e4, HiGHS", case)
    assert found.objective is None
    assert not found.is_claimed


def test_the_table_marks_what_is_not_right():
    row = {"cases": 2, "right": 1, "wrong": 1, "seconds": {"2": 0.5, "4": 1.25}, "missed": ["4"]}
    text = benchmark.table({"tolls": {"auto": row}})
    assert "| auto | 1/2 | 1 | 0.50 | 1.25 (no) |" in text


@pytest.mark.parametrize(
    ("family", "size"), [("linear", (6, 1)), ("paths", (2, 1)), ("knapsack", (5, 1)), ("bidder", (6, 1, 1))]
)
def test_both_ways_agree_on_a_small_case_of_every_family(family: str, size: tuple[int, ...]):
    hand, engine = scale.both(family, size, 20.0)
    assert hand.is_proven
    assert engine.objective == pytest.approx(hand.objective, rel=1e-3, abs=1e-3)
