"""What the guide for people who extend the package names is there, and its example of a rule is what it says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from batteryopt.network.formulation.build import build
from tests.network.everything import everything
from tests.network.test_equations import INF, rows_of

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "extend.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:\w+/)*\w+\.py)`", GUIDE)))
CONSTANTS = sorted(set(re.findall(r"`([A-Z][A-Z_]{4,})`", GUIDE)))
HOMES = (ROOT / "batteryopt", ROOT / "docs" / "generate", ROOT / "tests")
TESTS = sorted(set(re.findall(r"`(test_\w+)`", GUIDE)))


def test_the_guide_names_something_of_each_kind():
    assert min(len(PATHS), len(CONSTANTS), len(TESTS)) >= 4


@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_named_is_there(path):
    network = ROOT / "batteryopt" / "network"
    homes = (ROOT, ROOT / "batteryopt", network, network / "data")
    assert any((home / path).is_file() for home in homes), path


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_table_that_is_named_is_there(name):
    sources = (path.read_text(encoding="utf-8") for home in HOMES for path in home.rglob("*.py"))
    assert any(re.search(rf"^{name}\b.* = ", source, re.MULTILINE) for source in sources), name


@pytest.mark.parametrize("name", TESTS)
def test_a_test_that_is_named_is_there(name):
    assert [*(ROOT / "tests").rglob(f"{name}.py")], name


def test_the_rule_of_the_guide_makes_the_rows_that_it_says(monkeypatch):
    """One row for every period but the first: what is processed, less what was processed before, is not below 0."""

    class Steady:
        processing_may_fall = False

    def processing_never_falls(b):
        block = re.search(r"^        steady = .*?^        \)\n", GUIDE, re.MULTILINE | re.DOTALL).group()
        body = textwrap.indent(textwrap.dedent(block), "    ")
        scope = {"np": np}
        exec(f"def rule(b, types):\n{body}", scope)
        scope["rule"](b, {candidate.type: Steady for candidate in b.sets.candidates})

    monkeypatch.setattr("batteryopt.network.formulation.processing.pay_for_processing", processing_never_falls)
    rows = {name: row for name, row in rows_of(build(everything())).items() if name.startswith("processing_never")}
    assert rows["processing_never_falls[Cedar,shredder,2]"] == (
        {"processed[Cedar,shredder,shred,2]": 1, "processed[Cedar,shredder,shred,1]": -1},
        0,
        INF,
    )
    assert not [name for name in rows if name.endswith(",1]")]
