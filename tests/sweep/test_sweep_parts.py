"""Work in parts: all of it in order, whatever was done before, and words for a process that died."""

from __future__ import annotations

import os

import pytest

from batteryopt.ground.errors import BatteryOptError
from batteryopt.sweep.parts import all_parts


def doubled(part: int) -> list[dict[str, int]]:
    return [{"twice": 2 * part}]


def dying(_part: int) -> list[dict[str, int]]:
    os._exit(9)


def interrupted(_part: int) -> list[dict[str, int]]:
    raise KeyboardInterrupt


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_part_in_order(jobs):
    told: list[int] = []
    found = all_parts(doubled, [3, 1, 2], name="work", identity={}, jobs=jobs, on_progress=told.append)
    assert found == {0: [{"twice": 6}], 1: [{"twice": 2}], 2: [{"twice": 4}]}
    assert list(found) == [0, 1, 2]
    assert told == [0, 1, 2, 3]


def test_what_a_journal_has_is_not_done_again(tmp_path):
    def stop(done):
        if done == 2:
            raise KeyboardInterrupt

    given = {"name": "work", "identity": {"of": "three"}, "journal": tmp_path / "x.journal"}
    with pytest.raises(KeyboardInterrupt):
        all_parts(doubled, [3, 1, 2], on_progress=stop, **given)
    worked: list[int] = []
    found = all_parts(lambda part: worked.append(part) or doubled(part), [3, 1, 2], **given)
    assert worked == [2]
    assert [rows[0]["twice"] for rows in found.values()] == [6, 2, 4]


def test_a_process_that_dies_is_told_with_what_to_do_next():
    with pytest.raises(BatteryOptError, match=r"a process of the errand died: .* is kept, .* fewer --jobs"):
        all_parts(dying, [1, 2], name="errand", identity={}, jobs=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_that_a_worker_took_ends_the_whole(jobs):
    with pytest.raises(KeyboardInterrupt):
        all_parts(interrupted, [1, 2], name="work", identity={}, jobs=jobs)
