"""Reading and writing TOML instances: what is exact, and every way in which an input can be wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batteryopt.ground.errors import Fault, InvalidInput
from batteryopt.ground.files import write_atomically
from batteryopt.tables.toml_input import TomlInstance, from_table, kind_of, quantity, read
from batteryopt.tables.toml_output import to_toml, write


class Pendulum(TomlInstance):
    """A made-up instance with every type of field."""

    kind: ClassVar[str] = "pendulum"
    largest: ClassVar[float] = sys.float_info.max  # what is written is to read back whatever it is
    smallest: ClassVar[float] = 0.0

    length: float = quantity("distance from pivot to mass", unit="m", gt=0)
    damping: float = quantity("share of the energy lost a swing", ge=0, lt=1, default=0.0)
    swings: int = quantity("number of swings", default=3, ge=1)
    is_driven: bool = quantity("whether a motor drives it", default=False)
    angles: tuple[float, ...] = quantity("starting angles", unit="rad", default=(0.5,), min_length=1)
    pushes: tuple[tuple[int, float], ...] = quantity("time and strength of pushes", default=())
    limit: float | None = quantity("largest angle", unit="rad", table="constraints", default=None)

    @classmethod
    def inconsistencies(cls, values: Mapping[str, Any]) -> Iterator[Fault]:
        if "angles" in values and "swings" in values and len(values["angles"]) > values["swings"]:
            problem = f"has {len(values['angles'])} items for {values['swings']} swings"
            yield Fault(place="angles", problem=problem, remedy="expected at most one a swing")


GOOD = 'kind = "pendulum"\n[parameters]\nlength = 2\n'


def faults_of(folder: Path, text: str) -> dict[str, str]:
    """Return place and text of every fault that reading this file reports."""
    path = folder / "p.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read(path, Pendulum)
    assert str(path) in str(caught.value)
    return {fault.place: f"{fault.problem}; {fault.remedy}" for fault in caught.value.faults}


def test_a_small_file_is_read_with_defaults(tmp_path):
    (tmp_path / "p.toml").write_text(GOOD)
    assert read(tmp_path / "p.toml", Pendulum) == Pendulum(length=2.0, damping=0.0, swings=3, angles=(0.5,))


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("damping = 'high'", "parameters.damping", ["the text 'high'", "a number", "share of the energy"]),
        ("damping = true", "parameters.damping", ["is true", "a number"]),
        ("damping = nan", "parameters.damping", ["nan", "finite"]),
        ("damping = inf", "parameters.damping", ["inf", "finite"]),
        ("damping = -0.5", "parameters.damping", ["-0.5", "at least 0"]),
        ("damping = 1.0", "parameters.damping", ["1.0", "below 1"]),
        ("damping = [0.1]", "parameters.damping", ["a list of 1", "a number"]),
        ("damping = 1979-05-27", "parameters.damping", ["1979-05-27 (date)", "a number"]),
        ("swings = 2.5", "parameters.swings", ["2.5", "a whole number"]),
        ("swings = 0", "parameters.swings", ["at least 1"]),
        ("is_driven = 1", "parameters.is_driven", ["is 1", "true or false"]),
        ("angles = 0.5", "parameters.angles", ["0.5", "a list", "in rad"]),
        ("angles = []", "parameters.angles", ["a list of 0", "at least 1 item"]),
        ("angles = [0.1, nan]", "parameters.angles[1]", ["nan", "finite"]),
        ("angles = [1, 2, 3, 4]", "parameters.angles", ["has 4 items for 3 swings"]),
        ("pushes = [[1, 2.0], [3]]", "parameters.pushes[1][1]", ["too few items"]),
        ("pushes = [[1, 2.0, 3.0]]", "parameters.pushes[0]", ["a list of 3", "at most 2"]),
        ("dampnig = 0.1", "parameters.dampnig", ["unknown key", "did you mean 'damping'?"]),
        ("limit = 1.0", "parameters.limit", ["wrong place", "[constraints]"]),
        ("name = 'x'", "parameters.name", ["wrong place", "top of the file"]),
        ("[constraints]\nlimit = 'x'", "constraints.limit", ["the text 'x'", "a number"]),
        ("[constraint]\nlimit = 1.0", "constraint", ["unknown key", "did you mean 'constraints'?"]),
    ],
)
def test_one_wrong_key_is_named_with_its_value_and_what_is_expected(tmp_path, line, place, words):
    faults = faults_of(tmp_path, GOOD + line + "\n")
    assert list(faults) == [place]
    assert all(word in faults[place] for word in words), faults


def test_a_missing_key_says_its_meaning_and_unit(tmp_path):
    faults = faults_of(tmp_path, 'kind = "pendulum"\n')
    assert faults == {"parameters.length": "is missing; expected distance from pivot to mass, in m"}


def test_a_table_that_is_a_number(tmp_path):
    assert "expected a table, [parameters]" in faults_of(tmp_path, 'kind = "pendulum"\nparameters = 3\n')["parameters"]


def test_all_faults_come_at_once_those_between_fields_too(tmp_path):
    text = (
        'kind = "pendulm"\n[parameters]\nlenght = 2\ndamping = -1\nangles = [1, 2, 3, 4]\n[constraints]\nlimit = nan\n'
    )
    assert set(faults_of(tmp_path, text)) == {
        "kind",
        "parameters.length",
        "parameters.lenght",
        "parameters.damping",
        "parameters.angles",
        "constraints.limit",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[parameters]\nlength = 2\n", ["is missing", 'kind = "pendulum"']),
        ("kind = 3\n[parameters]\nlength = 2\n", ["is 3", 'kind = "pendulum"']),
        ('kind = "pendulm"\n[parameters]\nlength = 2\n', ["'pendulm' is unknown", "did you mean 'pendulum'?"]),
    ],
)
def test_the_kind(tmp_path, text, words):
    faults = faults_of(tmp_path, text)
    assert list(faults) == ["kind"]
    assert all(word in faults["kind"] for word in words)


def test_broken_toml_names_line_and_column(tmp_path):
    faults = faults_of(tmp_path, 'kind = "pendulum"\n[parameters]\nlength = = 2\n')
    assert list(faults) == ["line 3, column 10"]
    assert "not valid TOML" in faults["line 3, column 10"]


def test_broken_toml_at_its_end(tmp_path):
    (place,) = faults_of(tmp_path, 'kind = "pendulum')
    assert "line" in place or "end" in place


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "latin.toml").write_bytes("name = 'Böblingen'".encode("latin-1"))
    (tmp_path / "deep.toml").write_text("x = " + "[" * 100_000)
    for name, words in [("none.toml", "no such file"), (".", "folder"), ("latin.toml", "UTF-8"), ("deep.toml", "deep")]:
        with pytest.raises(InvalidInput, match=words):
            read(tmp_path / name, Pendulum)


def test_kind_of_reads_nothing_else(tmp_path):
    path = tmp_path / "p.toml"
    path.write_text('kind = "coordination"\nanything = 3\n')
    assert kind_of(path) == kind_of(path, ["coordination"]) == "coordination"
    with pytest.raises(InvalidInput, match="known: network, pendulum"):
        kind_of(path, ["network", "pendulum"])
    with pytest.raises(InvalidInput, match="no such file"):
        kind_of(tmp_path / "none.toml")


def test_building_in_python_reports_the_same_faults_by_field_name():
    with pytest.raises(InvalidInput) as caught:
        Pendulum(lenght=2, damping=float("nan"))
    assert {fault.place for fault in caught.value.faults} == {"length", "lenght", "damping"}
    with pytest.raises(TypeError):
        Pendulum(2.0)  # keyword-only


def test_arrays_and_numpy_numbers_are_taken_and_the_instance_is_frozen():
    pendulum = Pendulum(length=np.float64(2), angles=np.array([0.1, 0.2]), swings=np.int64(2))
    assert pendulum == Pendulum(length=2.0, angles=(0.1, 0.2), swings=2)
    assert hash(pendulum) == hash(Pendulum(length=2.0, angles=(0.1, 0.2), swings=2))
    with pytest.raises(ValueError, match="frozen"):
        pendulum.length = 3.0


def test_replace_validates():
    assert Pendulum(length=2.0).replace(length=3.0) == Pendulum(length=3.0)
    with pytest.raises(InvalidInput, match="above 0"):
        Pendulum(length=2.0).replace(length=-3.0)


number = st.floats(allow_nan=False, allow_infinity=False)
text = st.text(st.characters(codec="utf-8"))
pendulums = st.builds(
    Pendulum,
    name=text,
    source=text,
    length=number.filter(lambda x: x > 0),
    swings=st.integers(100, 10**9),
    is_driven=st.booleans(),
    angles=st.lists(number, min_size=1, max_size=40),
    pushes=st.lists(st.tuples(st.integers(-(10**9), 10**9), number)),
    limit=st.none() | number,
)


@settings(max_examples=150, deadline=None)
@given(pendulums)
def test_what_is_written_reads_back_to_the_last_bit(pendulum):
    import tomllib

    again = from_table(tomllib.loads(to_toml(pendulum)), Pendulum, "memory")
    assert again == pendulum
    assert repr(again) == repr(pendulum)  # -0.0 and 0.0 are equal, but not the same


def test_the_written_file_explains_itself(tmp_path):
    write(Pendulum(length=2.0, name="mine"), tmp_path / "p.toml")
    lines = (tmp_path / "p.toml").read_text().splitlines()
    assert lines[0] == 'kind = "pendulum"'
    assert lines[lines.index("length = 2.0") - 1] == "# distance from pivot to mass, in m"
    assert "# limit =" in lines  # None has no value in TOML
    assert read(tmp_path / "p.toml", Pendulum) == Pendulum(length=2.0, name="mine")


def test_long_lists_are_wrapped(tmp_path):
    pendulum = Pendulum(length=1.0, swings=1000, angles=[1 / 3] * 1000)
    write(pendulum, tmp_path / "p.toml")
    assert max(map(len, (tmp_path / "p.toml").read_text().splitlines())) <= 120
    assert read(tmp_path / "p.toml", Pendulum) == pendulum


# --- files.py --------------------------------------------------------------------------------------------------------


def test_an_interrupted_write_leaves_the_old_file_and_no_rubbish(tmp_path, monkeypatch):
    path = tmp_path / "out.txt"
    write_atomically(path, "old")

    def interrupted(_descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]


def test_text_bytes_line_ends_permissions_and_links(tmp_path):
    path, link = tmp_path / "out.txt", tmp_path / "link.txt"
    write_atomically(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    path.chmod(0o640)
    link.symlink_to(path)
    write_atomically(link, "ä\r\n")
    assert path.read_bytes() == b"\xc3\xa4\r\n"
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_places_that_cannot_be_written(tmp_path):
    for place in (tmp_path / "none" / "x.txt", tmp_path):
        with pytest.raises(InvalidInput, match="cannot be written"):
            write_atomically(place, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_not_replaced():
    write_atomically("/dev/null", "x")
    assert not Path("/dev/null").is_file()
