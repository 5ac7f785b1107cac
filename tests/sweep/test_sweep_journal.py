"""An interrupt loses nothing: what a sweep has done is on disk, and only the same sweep takes it up."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from batteryopt.games.coordination.paper.published import TABLE_2_INSTANCE
from batteryopt.ground.errors import InvalidInput
from batteryopt.sweep import Axis, sweep
from batteryopt.sweep import sweep_run as running

TWO_MODELS = ("centralized", "contract")


def shares(count=5):
    return [Axis.evenly("usable_share", 0.3, 0.7, count)]


def interrupted_after(count, journal):
    """Run a sweep of five points that Ctrl-C ends after so many."""

    def stop(done):
        if done == count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS, journal=journal, on_progress=stop)


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path, monkeypatch):
    journal, solved = tmp_path / "x.journal", []
    interrupted_after(3, journal)
    original = running.solve_point
    monkeypatch.setattr(running, "solve_point", lambda *given: solved.append(1) or original(*given))
    resumed = sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS, journal=journal)
    assert len(solved) == 2
    pd.testing.assert_frame_equal(resumed, sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS))


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_line_that_was_half_written_is_solved_again(tmp_path, cut):
    journal = tmp_path / "x.journal"
    interrupted_after(3, journal)
    content = journal.read_bytes()
    journal.write_bytes(content[:-cut])
    resumed = sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS, journal=journal)
    pd.testing.assert_frame_equal(resumed, sweep(TABLE_2_INSTANCE, shares(), models=TWO_MODELS))
    assert [json.loads(line) for line in journal.read_bytes().splitlines()][3]["point"] == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"models": ("centralized",)}, "models"),
        ({"axes": shares(6)}, "vary"),
        ({"route": "closed-form"}, "route"),
        ({"instance": TABLE_2_INSTANCE.replace(testing_cost=0.6)}, "instance"),
        ({"gap": 1e-3}, "options"),
    ],
)
def test_another_sweep_does_not_take_over_a_journal(tmp_path, changes, field):
    journal = tmp_path / "x.journal"
    interrupted_after(2, journal)
    kept = journal.read_bytes()
    words = {"instance": TABLE_2_INSTANCE, "axes": shares(), "models": TWO_MODELS, **changes}
    with pytest.raises(InvalidInput, match=f"{field}: was .* and is now .*--restart"):
        sweep(words.pop("instance"), words.pop("axes"), journal=journal, **words)
    assert journal.read_bytes() == kept


def test_restart_forgets(tmp_path):
    journal = tmp_path / "x.journal"
    interrupted_after(2, journal)
    frame = sweep(TABLE_2_INSTANCE, shares(2), models=TWO_MODELS, journal=journal, restart=True)
    assert len(frame) == 4


@pytest.mark.parametrize("content", [b"no journal\n", b"[]\n", b'{"a": 1}\n{"b": 2}\n', b"\xff\xfe\n"])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path, content):
    journal = tmp_path / "x.journal"
    journal.write_bytes(content)
    with pytest.raises(InvalidInput, match="is no journal of a sweep"):
        sweep(TABLE_2_INSTANCE, shares(), journal=journal)
    assert journal.read_bytes() == content
