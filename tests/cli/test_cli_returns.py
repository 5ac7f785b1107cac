"""Registrations to returns on the command line."""

from __future__ import annotations

import math

import pytest

from tests.command_line import invoke


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "registrations.csv"
    path.write_text("site,2020,2021\nAda,1000,2000\n", encoding="utf-8")
    return path


def test_returns_are_printed_or_written(table, tmp_path):
    words = ("returns", "--registrations", table, "--scale", 10, "--shape", 1, "--kwh-per-pack", 50, "--kg-per-kwh", 6)
    found = invoke(*words, "--to", 2022)
    q = math.exp(-1 / 10)
    expected = 0.3 * (1000 * (q - q**2) + 2000 * (1 - q))  # 300 kg a pack; none is sold after 2021
    assert found.stdout == f"site,product,tonnes:2022\nAda,pack,{expected:.4f}\n"
    out = tmp_path / "returns.csv"
    assert invoke(*words, "--to", 2022, "--out", out).exit_code == 0
    assert out.read_text(encoding="utf-8") == found.stdout
    again = invoke(*words, "--out", out)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--sales", "mid-yaer"], "did you mean 'mid-year'?"),
        (["--scale", "10"], "--shape: is missing"),
        (["--life", "10", "--shape", "3"], "--life: is given beside --scale or --shape"),
        (["--share", "lfp"], "expected a product and its share"),
        (["--share", "lfp=0.4"], "shares: sum to 0.4"),
        (["--car-spread", "4"], "--car-spread: is given without --car-life"),
        (["--kwh-per-pack", "60"], "say the mass of a pack in one way"),
        (["--to", "2000"], "to: 2000 is before 2022"),
        (["--spread", "0"], "spread: is 0"),
        ([], "the mass of a pack is not known"),
    ],
)
def test_what_is_wrong_is_said_in_words(table, words, said):
    mass = ["--kg-per-pack", "300"] if words and "--kwh-per-pack" not in words else []
    found = invoke("returns", "--registrations", table, *mass, *words)
    assert found.exit_code == 2, found.output
    assert said in found.stderr
