"""The timed run of the formulas works, at a size that takes no time."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from batteryopt.games.coordination.formula.closed_form import FORMULAS

PATH = Path(__file__).parents[3] / "benchmarks" / "coordination_closed_form.py"


def test_it_times_every_model_and_most_instances_are_interior(monkeypatch):
    spec = importlib.util.spec_from_file_location("coordination_closed_form", PATH)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    small = benchmark.parameters(count=2000)
    monkeypatch.setattr(benchmark, "parameters", lambda: small)
    figures = benchmark.run()
    assert {f"{model.value}, seconds" for model in FORMULAS} < figures.keys()
    shares = [value for name, value in figures.items() if "share" in name]
    assert np.min(shares) > 0.5
    assert np.max(shares) < 1.0
