"""The registry of benchmarks: what is there, what is refused, and the file that a release keeps."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.solvers.contract.provenance import versions

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import registry


@pytest.fixture
def _two_made_up(monkeypatch):
    modules = {
        "benchmarks.quick": SimpleNamespace(run=lambda: {"seconds": 0.5}),
        "benchmarks.slow": SimpleNamespace(run=lambda: {"seconds": float("inf")}),
    }
    monkeypatch.setattr(registry, "known", lambda: {"quick": "A quick one.", "slow": "A slow one."})
    monkeypatch.setattr(registry.importlib, "import_module", modules.__getitem__)


def test_every_module_with_a_run_is_a_benchmark():
    assert {"coordination_closed_form", "coordination_network"} <= set(registry.known())
    assert all(registry.known().values())


@pytest.mark.usefixtures("_two_made_up")
def test_results_are_kept_beside_each_other(tmp_path):
    told = []
    first = registry.run(["quick"], told.append, tmp_path / "results")
    assert registry.run(["slow"], told.append, tmp_path / "results") == first
    assert first.name == f"{versions()['batteryopt']}.json"
    kept = json.loads(first.read_text(encoding="utf-8"))
    assert kept["quick"]["figures"] == {"seconds": 0.5}
    assert kept["slow"]["figures"] == {"seconds": None}  # infinity is no JSON
    assert {"when", "machine", "versions", "seconds_in_all"} <= set(kept["quick"])
    assert told[0] == "quick: A quick one."


@pytest.mark.usefixtures("_two_made_up")
def test_an_unknown_name_runs_nothing(tmp_path):
    with pytest.raises(InvalidInput, match="did you mean 'quick'"):
        registry.run(["quick", "quik"], lambda _: pytest.fail("something ran"), tmp_path / "results")
    assert not (tmp_path / "results").exists()
