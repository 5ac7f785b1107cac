"""Every code block of the README is run, in a copy of what it needs, and its output compared.

Python blocks are executed and the text block after them is their output. Console blocks show commands with their
output, in which a line ``...`` stands for any lines. Bash blocks are run, each line with the exit status 0.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"line-{self.line}-{self.language}"


BLOCKS = [
    Block(found.group(1), found.group(2), README[: found.start()].count("\n") + 1) for found in FENCE.finditer(README)
]


def of(*languages):
    return [block for block in BLOCKS if block.language in languages]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the data, the Makefile, and a ``.venv`` that is this test's own environment."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "data" / "coordination", folder / "data" / "coordination")
    for network in ("hand", "china-province"):
        shutil.copytree(ROOT / "data" / "networks" / network, folder / "data" / "networks" / network)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (folder / ".venv" / "installed").touch()
    return folder


def shell(command, folder):
    """Run a command as a user does in an active environment."""
    if command == "make test":  # these tests are what it would run: see that it would, and stop there
        command = "make --dry-run test"
    environment = {**os.environ, "PATH": f"{folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    environment.pop("MAKEFLAGS", None)
    return subprocess.run(
        command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def matches(expected, found):
    """Whether an output is the expected one, whose lines ``...`` stand for any lines."""
    parts = [re.escape(part.strip("\n")) for part in re.split(r"^\.\.\.$", expected, flags=re.MULTILINE)]
    return re.fullmatch(r"\n*" + r"\n(?:.*\n)*?".join(parts) + r"\n*", found.rstrip() + "\n") is not None


def test_every_block_is_of_a_kind_that_is_run():
    assert {block.language for block in BLOCKS} == {"python", "text", "console", "bash"}
    for before, block in zip([None, *BLOCKS], BLOCKS, strict=False):
        assert block.language != "text" or (before is not None and before.language == "python"), str(block)


@pytest.mark.parametrize("position", [i for i, block in enumerate(BLOCKS) if block.language == "python"])
def test_python_prints_what_the_readme_says(position, clone, monkeypatch, capsys):
    source, output = BLOCKS[position], BLOCKS[position + 1]
    assert output.language == "text"
    monkeypatch.chdir(clone)
    exec(compile(source.text, str(source), "exec"), {})
    assert capsys.readouterr().out == output.text


def test_the_first_example_is_short():
    assert len([line for line in of("python")[0].text.splitlines() if line]) <= 10


@pytest.mark.parametrize("block", of("console"), ids=str)
def test_console_shows_what_the_readme_says(block, clone):
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        found = shell(command, clone)
        assert found.returncode == 0, found.stderr
        assert matches(expected, found.stdout), found.stdout


@pytest.mark.parametrize(
    "block", [pytest.param(each, marks=[pytest.mark.slow] * ("make demo" in each.text)) for each in of("bash")], ids=str
)
def test_bash_runs(block, clone):
    for command in block.text.splitlines():
        found = shell(command, clone)
        assert found.returncode == 0, f"{command}\n{found.stdout}\n{found.stderr}"
        if command == "make test":
            assert ".venv/bin/pytest" in found.stdout
        if command == "make demo":
            assert "Formula and optimiser agree on 18 of 18 figures" in found.stdout
            assert "Battery recycling in Sichuan, 2027 to 2034" in found.stdout


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://doi.org/") or (ROOT / target).exists(), target


def test_the_matcher_is_strict():
    assert matches("a\n...\nd\n", "a\nb\nc\nd\n")
    assert matches("a\n...\n", "a\nb\n")
    assert not matches("a\nd\n", "a\nb\nd\n")
    assert not matches("a\n...\nd\n", "a\nb\n")
