"""Work in parts: all of it in order, whatever was done before, and words for a process that died."""

from __future__ import annotations

import os

import pytest

from batteryopt.ground.errors import BatteryOptError
from batteryopt.work.parts import all_parts


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
    with pytest.raises(BatteryOptError, match=r"errand died, twice on part 1: .* is kept, .* fewer --jobs"):
        all_parts(dying, [1, 2], name="errand", identity={}, jobs=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_that_a_worker_took_ends_the_whole(jobs):
    with pytest.raises(KeyboardInterrupt):
        all_parts(interrupted, [1, 2], name="work", identity={}, jobs=jobs)


def dying_once(part: tuple[str, int]) -> list[dict[str, int]]:
    """Die on part 2, the first time that it is tried."""
    folder, number = part
    mark = os.path.join(folder, f"tried-{number}")
    is_new = not os.path.exists(mark)
    with open(mark, "w"):
        pass
    if number == 2 and is_new:
        os._exit(9)
    return doubled(number)


def dying_on_two(part: int) -> list[dict[str, int]]:
    return dying(part) if part == 2 else doubled(part)


def test_a_part_whose_worker_dies_is_tried_again(tmp_path):
    parts = [(str(tmp_path), number) for number in range(5)]
    found = all_parts(dying_once, parts, name="work", identity={}, jobs=2)
    assert [rows[0]["twice"] for rows in found.values()] == [0, 2, 4, 6, 8]


def test_a_part_that_kills_twice_costs_itself_alone(tmp_path):
    given = {"name": "work", "identity": {}, "jobs": 2, "journal": tmp_path / "x.journal"}
    found = all_parts(dying_on_two, range(5), lost=lambda number: [{"lost": number}], **given)
    assert list(found.values()) == [*map(doubled, (0, 1)), [{"lost": 2}], *map(doubled, (3, 4))]


def added(part: int, before: list[dict[str, int]] | None = None) -> list[dict[str, int]]:
    return [{"sum": part + (before[0]["sum"] if before else 0)}]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_part_is_given_the_rows_that_it_needs(jobs):
    """Sums from the left, begun anew at 3: 0, 1, 3 and 3, 7, 12."""
    needs = {1: 0, 2: 1, 4: 3, 5: 4}
    found = all_parts(added, range(6), name="work", identity={}, jobs=jobs, needs=needs)
    assert [rows[0]["sum"] for rows in found.values()] == [0, 1, 3, 3, 7, 12]


def test_no_part_is_begun_after_the_time_for_all():
    assert all_parts(doubled, [1, 2], name="work", identity={}, until=0.0) == {}
