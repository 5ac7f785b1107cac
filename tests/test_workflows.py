"""What the workflows and the hooks call is there: targets of the Makefile, or programs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed (it comes with pre-commit)")
ROOT = Path(__file__).parents[1]
TARGETS = set(re.findall(r"^([\w-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ELSEWHERE = {"apt-get"}
"""What only a runner has."""


def commands(text):
    """Yield the commands of a step, each as its words, without sudo."""
    for command in re.split(r"&&|\n", text):
        words = [word for word in command.split() if word != "sudo"]
        if words:
            yield words


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_step_calls_what_is_there(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    called = [words for job in jobs.values() for step in job["steps"] for words in commands(step.get("run", ""))]
    assert ["make", "test", "PYTHON=python"] in called
    for program, *words in called:
        if program == "make":
            assert {word for word in words if "=" not in word} <= TARGETS, words
        else:
            assert program in ELSEWHERE or shutil.which(program), program


def test_every_hook_calls_a_target():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repo["repo"] == "local", "a hook from elsewhere has a version of its own, and needs a network"
    assert len(repo["hooks"]) >= 4
    for hook in repo["hooks"]:
        assert hook["entry"] == "make"
        assert set(hook["args"]) <= TARGETS


def test_what_is_promised_is_tried():
    """Linux, macOS and Windows, with every Python that the package says it runs on."""
    matrix = yaml.safe_load(WORKFLOWS[0].read_text(encoding="utf-8"))["jobs"]["test"]["strategy"]["matrix"]
    promised = re.findall(r"Programming Language :: Python :: (3\.\d+)", (ROOT / "pyproject.toml").read_text("utf-8"))
    assert matrix["python"] == (promised or ["3.11", "3.12", "3.13"])
    assert len(matrix["system"]) == 3
