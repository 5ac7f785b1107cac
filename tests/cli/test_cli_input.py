"""Whatever is wrong with the input: exit 2, every fault at once with file and key, nothing solved, no traceback."""

from __future__ import annotations

import re

import pytest

from batteryopt import families
from batteryopt.games.coordination.data.instance import CoordinationInstance
from batteryopt.tables.input_faults import table_of
from tests.command_line import TABLE_2, changed, invoke, run

KEYS = [name for name, field in CoordinationInstance.model_fields.items() if table_of(field) == "parameters"]
REQUIRED = [key for key in KEYS if CoordinationInstance.model_fields[key].is_required()]


@pytest.fixture(autouse=True)
def _nothing_may_be_solved(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("something was solved")

    monkeypatch.setattr(families.Family, "solve_instance", refuse)


def refused(*words):
    """Run a command that must be refused, and return what it says."""
    found = invoke(*words)
    assert found.exit_code == 2, found.output
    assert "Traceback" not in found.output
    assert found.stdout == ""
    return found.stderr


def rewritten(folder, key, value):
    """Return Table 2's instance with one key given another value, written as TOML."""
    line = re.search(rf"^{key} = .*$", TABLE_2.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert line is not None
    return changed(folder, (f"\n{line.group()}\n", f"\n{key} = {value}\n"))


@pytest.mark.parametrize("command", ["check", "solve"])
@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_key_is_named(tmp_path, command, key):
    path = rewritten(tmp_path, key, "1.0")
    path.write_text(path.read_text(encoding="utf-8").replace(f"\n{key} = 1.0\n", "\n"), encoding="utf-8")
    words = refused(command, path)
    assert f"{path}: 1 fault" in words
    assert f"parameters.{key}: is missing" in words


@pytest.mark.parametrize("key", REQUIRED)
def test_a_misspelt_key_is_named_with_the_right_name(tmp_path, key):
    misspelt = key[:3] + key[4:]
    words = refused("solve", changed(tmp_path, (f"\n{key} = ", f"\n{misspelt} = ")))
    assert f"parameters.{misspelt}: unknown key; did you mean '{key}'?" in words
    assert f"parameters.{key}: is missing" in words


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('"ten"', "is the text 'ten'; expected a number"),
        ("true", "is true; expected a number"),
        ("nan", "is nan; expected a finite number"),
        ("inf", "is inf"),
        ("-inf", "is -inf"),
        ("1e16", "is 1e+16"),
        ("-1e16", "is -1e+16"),
        ("2026-11-22", "is 2026-11-22"),
        ("{ value = 1 }", "is a table"),
    ],
)
def test_a_value_that_is_no_proper_number_is_shown(tmp_path, key, value, problem):
    words = refused("check", rewritten(tmp_path, key, value))
    assert f"parameters.{key}: {problem}" in words


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("usable_share", "0.0", "above 0"),
        ("usable_share", "1.0", "below 1"),
        ("usable_share", "-0.1", "above 0"),
        ("market_size", "0.0", "above 0"),
        ("wholesale_price", "-1.0", "at least 0"),
        ("testing_cost", "-1.0", "at least 0"),
        ("voluntary_returns", "-1.0", "at least 0"),
        ("residual_value", "-1.0", "at least 0"),
        ("service_response", "-1.0", "at least 0"),
        ("echelon_market_size", "-1.0", "at least 0"),
        ("production_cost", "-1.0", "at least 0"),
    ],
)
def test_a_value_out_of_range_is_shown_with_the_range(tmp_path, key, value, expected):
    words = refused("solve", rewritten(tmp_path, key, value))
    assert f"parameters.{key}: is {value}; expected a value {expected}" in words


def test_all_faults_of_a_file_come_at_once(tmp_path):
    path = changed(
        tmp_path,
        ("market_size = 30.0", 'market_size = "thirty"'),
        ("usable_share = 0.6", "usable_share = 1.6"),
        ("testing_cost = 0.5", "testing_costs = 0.5"),
        ("[constraints]", "[constraint]"),
    )
    words = refused("solve", path)
    for place in ("market_size", "usable_share", "testing_costs", "testing_cost"):
        assert f"parameters.{place}: " in words
    assert "constraint: unknown key; did you mean 'constraints'?" in words


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("kind = coordination", "not valid TOML"),
        ('kind = "coordination', "not valid TOML"),
        ("", "kind: is missing"),
        ("kind = 3", "kind: is 3"),
        ('kind = "coordinatoin"', "kind: 'coordinatoin' is unknown; did you mean 'coordination'?"),
        ('kind = "poker"', "kind: 'poker' is unknown; known: "),
        (b"kind = '\xff'", "is not UTF-8 text"),
        ('kind = "coordination"\nparameters = 3', "parameters: is 3; expected a table, [parameters]"),
    ],
)
def test_a_file_that_is_no_instance(tmp_path, content, expected):
    path = tmp_path / "game.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in ("check", "solve"):
        words = refused(command, path)
        assert str(path) in words
        assert expected in words


def test_a_file_that_is_not_there(tmp_path):
    assert "there is no such file" in refused("solve", tmp_path / "nothing.toml")
    assert "network.toml: 1 fault" in refused("solve", tmp_path)
    assert "file name too long" in refused("check", tmp_path / ("x" * 300 + ".toml"))


def test_faults_of_file_and_command_line_come_together(tmp_path):
    path = changed(tmp_path, ("usable_share = 0.6", "usable_share = 6"))
    words = refused("solve", path, "--model", "centralised", "--solver", "scop", "--time-limit", "nan", "--threads", 0)
    assert "parameters.usable_share: is 6" in words
    assert "--model: 'centralised' is no model of kind 'coordination'; did you mean 'centralized'?" in words
    assert "--solver: no solver 'scop'; did you mean 'scip'?" in words
    assert "--time-limit: is nan" in words
    assert "--threads: is 0" in words


@pytest.mark.parametrize(
    "words",
    [
        ("solve",),
        ("solve", TABLE_2, "--route", "sideways"),
        ("solve", TABLE_2, "--time-limit", "soon"),
        ("solve", TABLE_2, "--colour"),
        ("reproduce", "astrology"),
        ("sweep", TABLE_2, "--out", "x.csv"),
        ("dance",),
    ],
)
def test_usage_errors_are_input_errors(words):
    found = invoke(*words)
    assert found.exit_code == 2
    assert "Traceback" not in found.output


@pytest.mark.parametrize(
    "option", [("--time-limit", "0"), ("--time-limit", "-1"), ("--gap", "-1e-9"), ("--gap", "inf")]
)
def test_numbers_on_the_command_line_are_validated(option):
    assert f"{option[0]}: is {float(option[1]):g}; expected a number" in refused("solve", TABLE_2, *option)


def test_a_folder_for_results_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "--out: cannot be written to" in refused("solve", TABLE_2, "--out", tmp_path / "file" / "results")


def test_as_a_process_too_there_is_no_traceback(tmp_path):
    found = run("solve", changed(tmp_path, ("usable_share = 0.6", "usable_share = nan")))
    assert found.returncode == 2
    assert found.stdout == ""
    assert "parameters.usable_share: is nan; expected a finite number" in found.stderr
    assert "Traceback" not in found.stderr
