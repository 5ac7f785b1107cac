"""Folders that we write into: what is ours is replaced, and nothing else is ever touched."""

from __future__ import annotations

import contextlib
import errno
import json
import multiprocessing
import os
from pathlib import Path

import pytest

from batteryopt.ground.errors import InvalidInput
from batteryopt.ground.owned import MANIFEST, OwnedFolder, put_folder
from batteryopt.report.precedence import is_better


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but the manifest."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_ours_is_replaced_and_what_is_no_longer_written_goes_with_its_folder(tmp_path):
    assert OwnedFolder(tmp_path).put({"points/1/a.csv": b"1", "points/2/a.csv": b"2", "b.json": b"3"})
    (tmp_path / "points" / "2" / "mine.txt").write_text("mine")
    assert OwnedFolder(tmp_path).put({"points/3/a.csv": b"4", "b.json": b"5"})
    assert contents_of(tmp_path) == {"points/3/a.csv": b"4", "b.json": b"5", "points/2/mine.txt": b"mine"}
    assert not (tmp_path / "points" / "1").exists()
    assert OwnedFolder(tmp_path).names == {"points/3/a.csv", "b.json"}


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["answers.csv"], "answers.csv"),  # a file
        (["answers.csv/inner.csv"], "answers.csv"),  # a file where a folder would be
        (["instance"], "instance"),  # a folder where a file would be
        (["link.csv"], "link.csv"),
        (["away/x.csv"], "away"),  # a link that leads elsewhere
        (["changed.csv"], "changed.csv"),  # ours once, and the user's since
    ],
)
def test_what_is_not_ours_is_refused_by_its_name_and_left_alone(tmp_path, names, named):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "folder"
    OwnedFolder(folder).put({"changed.csv": b"ours"})
    (folder / "changed.csv").write_bytes(b"theirs")
    (folder / "answers.csv").write_text("mine")
    (folder / "instance").mkdir()
    (folder / "link.csv").symlink_to(elsewhere / "target.csv")
    (folder / "away").symlink_to(elsewhere)
    before = contents_of(folder)
    with pytest.raises(InvalidInput) as refused:
        OwnedFolder(folder).put(dict.fromkeys(names, b"new"))
    assert f"'{folder / named}'" in str(refused.value)
    assert "--overwrite" in str(refused.value) or named in ("instance", "link.csv", "away", "answers.csv")
    assert contents_of(folder) == before
    assert not list(elsewhere.iterdir())


def test_overwriting_is_asked_for_and_takes_no_more_than_it_must(tmp_path):
    (tmp_path / "a.csv").write_text("mine")
    (tmp_path / "b.csv").write_text("mine too")
    assert OwnedFolder(tmp_path).put({"a.csv": b"new"}, overwrite=True)
    assert contents_of(tmp_path) == {"a.csv": b"new", "b.csv": b"mine too"}


def test_a_manifest_from_elsewhere_gives_no_power_over_other_files(tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_bytes(b"precious")
    folder = tmp_path / "folder"
    OwnedFolder(folder).put({"a.csv": b"precious"})
    manifest = json.loads((folder / MANIFEST).read_text())
    hashes = manifest["files"].pop("a.csv")
    manifest["files"] = {"../victim.txt": hashes, str(victim): hashes}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    OwnedFolder(folder).put({"b.csv": b"new"})
    assert victim.read_bytes() == b"precious"
    assert (folder / "a.csv").exists()  # no longer in the list, so no longer ours


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": {"a": 3}}', "[" * 100_000])
def test_a_manifest_that_is_none_is_told(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InvalidInput, match=MANIFEST):
        OwnedFolder(tmp_path)


@pytest.mark.parametrize("failing", range(1, 8))
def test_a_disk_that_fills_up_leaves_the_old_files(tmp_path, monkeypatch, failing):
    """The n-th file that is written through meets the end of the disk."""
    old, new = {"a.csv": b"old a", "b.csv": b"old b"}, {"a.csv": b"new a", "c.csv": b"new c", "d.csv": b"new d"}
    OwnedFolder(tmp_path).put(old)
    calls, fsync = [], os.fsync

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == failing:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    is_reached = failing <= len(new) + 2  # and the manifest twice: before the files move, and after
    with pytest.raises(InvalidInput, match="no space left on device") if is_reached else contextlib.nullcontext():
        OwnedFolder(tmp_path).put(new)
    assert contents_of(tmp_path) == (old if failing <= len(new) + 1 else new)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".part")]
    monkeypatch.undo()
    OwnedFolder(tmp_path).put(new)  # nothing that lies there now is taken for the user's
    assert contents_of(tmp_path) == new


def _writes(folder: Path, word: str) -> None:
    for _ in range(20):
        OwnedFolder(folder).put({name: f"{word} {name}".encode() for name in ("a", "b", "c")})


def test_two_that_write_into_one_folder_leave_the_files_of_one(tmp_path):
    processes = [
        multiprocessing.get_context("spawn").Process(target=_writes, args=(tmp_path, word)) for word in ("one", "two")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    words = {content.split()[0] for content in contents_of(tmp_path).values()}
    assert len(words) == 1
    assert set(contents_of(tmp_path)) == {"a", "b", "c"}


def test_a_folder_of_the_user_s_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InvalidInput, match="no space left"):
        put_folder(tmp_path / "new", {"a.csv": b"1", "b.csv": b"2"})
    assert not list(tmp_path.iterdir())


# --- which of two results is better ----------------------------------------------------------------------------------


def document(objective=None, *, gap=0.0, status="optimal", passed=True, minimised="cost", **options):
    answer = {
        "objective": objective,
        "gap": gap,
        "point_status": "none" if objective is None else status,
        "minimised": {minimised: 1.0},
        "certificate": [{"passed": passed}],
    }
    return {"kind": "network", "models": {"design": answer}, "options": options}


@pytest.mark.parametrize(
    ("old", "new", "is_kept"),
    [
        (document(10.0), document(11.0), True),  # costs more
        (document(11.0), document(10.0), False),
        (document(10.0, minimised="collection"), document(11.0, minimised="collection"), False),  # collects more
        (document(11.0, minimised="collection"), document(10.0, minimised="collection"), True),
        (document(10.0), document(None), True),  # no plan
        (document(None), document(10.0), False),
        (document(None), document(None), False),
        (document(10.0), document(10.0), False),  # the same command again
        (document(10.0, gap=0.01), document(10.0, gap=0.02), True),  # the same plan with less of a proof
        (document(10.0, gap=None), document(10.0, gap=0.02), False),
        (document(10.0, passed=False), document(11.0), False),  # the old one was wrong
        (document(10.0), document(9.0, passed=False), True),  # the new one is
        (document(10.0, keep="existing"), document(11.0), False),  # another question
        (document(10.0, keep="existing"), document(None), True),  # which has no answer
        (document(10.0, time_limit=60), document(11.0, time_limit=1), True),  # the same question, less effort
        ({}, document(11.0), False),
        ({"kind": "network", "models": 3}, document(11.0), False),
    ],
)
def test_a_worse_result_does_not_replace_a_better_one(old, new, is_kept):
    assert is_better(old, new) is is_kept
