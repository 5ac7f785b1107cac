"""The registry of benchmarks: what is there, what is refused, and the file that a release keeps."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.solvers.contract.provenance import versions

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import futures, registry


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


def results(path, figures):
    """Write a file of results as a run leaves it, as far as a comparison reads it."""
    path.write_text(json.dumps({"quick": {"when": "now", "figures": figures}}), encoding="utf-8")
    return path


def test_two_files_are_compared_number_by_number(tmp_path):
    """8 s after 4 s are twice as much; what only one file has is shown without a factor, and words not at all."""
    before = results(tmp_path / "a.json", {"seconds": 4.0, "gone": 1, "solver": "highs"})
    after = results(tmp_path / "b.json", {"seconds": 8.0, "new": None, "lines": 3})
    rows = [line.split() for line in registry.compare(before, after)[1:]]
    assert rows == [
        ["quick:", "seconds", "4", "8", "2.00"],
        ["quick:", "gone", "1", "-"],
        ["quick:", "lines", "-", "3"],
    ]


@pytest.mark.parametrize("text", ["", "[1]", '{"quick": {}}', '{"quick": {"figures": 3}}'])
def test_a_file_that_is_none_of_ours_is_named(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"a\.json"):
        registry.compare(path, path)


def test_a_journey_counts_modules_and_ways():
    """Two calls in one module are one visit; to the network, back, and on to the judge are three ways."""
    from benchmarks import journey

    path = journey.Journey()
    for name in ("cli.exits", "network.solve", "cli.exits", "network.judge.check"):
        place = f"{journey.PACKAGE}{name.replace('.', os.sep)}.py"
        frame = SimpleNamespace(f_code=SimpleNamespace(co_filename=place, co_name="f"))
        path.listen(frame, "call", None)
        path.listen(frame, "call", None)
        path.listen(frame, "return", None)
    assert dict(path.figures()) == {
        "modules entered": 3,
        "ways from one of the modules to another": 3,
        "rooms entered": 3,
        "ways from one of the rooms to another": 3,
    }


def test_published_problems_take_part_where_their_files_are(tmp_path, monkeypatch):
    from benchmarks.location.cases import CASES
    from benchmarks.location.published import FOLDER, all_cases, is_published

    monkeypatch.delenv(FOLDER, raising=False)
    assert all_cases() == CASES
    (tmp_path / "capb.txt").write_text("", encoding="utf-8")
    (tmp_path / "PSC1-C5-50.txt").write_text("", encoding="utf-8")
    monkeypatch.setenv(FOLDER, str(tmp_path))
    found = all_cases()[len(CASES) :]
    assert [case.name for case in found] == ["capb-5000", "capb-6000", "capb-7000", "capb-8000", "PSC1-C5-50"]
    assert [case.goal for case in found[-2:]] == ["gap 0.10%", "gap 0.20%"]
    assert all(is_published(case.name) for case in found)
    assert not any(is_published(case.name) for case in CASES)


def test_peers_have_a_multiple_of_our_seconds():
    """Twelve times 5 s are 60; never less than half a minute nor more than 200 s; without patience the case's own."""
    from benchmarks.location.cases import Case

    case = Case(name="a", network=lambda: pytest.fail("nothing is read"), seconds=100.0, gap=1e-3, patience=12.0)
    assert [case.for_peers(ours).seconds for ours in (1.0, 5.0, 50.0)] == [30.0, 60.0, 200.0]
    assert Case(name="a", network=case.network, seconds=100.0).for_peers(5.0).seconds == 100.0


def test_the_table_says_by_how_much_a_peer_is_slower(monkeypatch):
    """100 / 4 = 25 times where the peer has 0.1 % as well; more than that where it has 5 % after 100 s."""
    from benchmarks.location import page

    ours = {"seconds": 6.0, "processor": 4.0, "objective": 1000.0, "bound": 999.5}
    proven = {"seconds": 90.0, "processor": 100.0, "objective": 1000.0, "bound": 999.0, "limit": 120.0}
    strong = "HiGHS on our arrays"
    kept = {
        "capa-8000": {"goal": "gap 0.10%", "limit": 60.0, "contestants": {"batteryopt": ours, strong: proven}},
        "capb-5000": {
            "goal": "gap 0.10%",
            "limit": 60.0,
            "contestants": {"batteryopt": ours, strong: proven | {"bound": 950.0}},
        },
        "capb-6000": {"goal": "gap 0.10%", "limit": 60.0, "contestants": {"batteryopt": ours}},
    }
    monkeypatch.setattr(page, "_kept", lambda _: kept)
    last = [line.rstrip(" |").split("|")[-3:] for line in page.published_table().splitlines()[2:]]
    assert [[cell.strip() for cell in cells] for cells in last[:2]] == [
        ["100", "0.10%", "25.0"],
        ["100", "5.00%", "> 25.0"],
    ]
    rows = [line.split(" | ")[1:4] for line in page.peers_table().splitlines()[2:]]
    assert rows[:2] == [["batteryopt", "60", "6"], [strong, "120", "90"]]


def test_cases_of_futures_can_be_asked_for_by_name():
    """Their names are parted by commas; two had one, and none could ask for them."""
    assert not [name for name in futures.KNOWN if "," in name or name != name.strip()]
