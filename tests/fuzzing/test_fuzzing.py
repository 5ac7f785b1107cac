"""Hostile and clumsy inputs end in words: with the statuses that are for them, soon, and in little memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.command_line import ROOT


def _tried(first: int, count: int, timeout: float) -> subprocess.CompletedProcess[str]:
    """Try inputs in a process that forks: this one has threads."""
    words = [sys.executable, "-m", "tests.fuzzing.runner", str(first), str(count)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there")
@pytest.mark.parametrize(("first", "count"), [(0, 24), pytest.param(24, 1016, marks=pytest.mark.slow)])
def test_no_input_ends_otherwise_than_in_words(first, count):
    found = _tried(first, count, timeout=60 * count)
    assert found.returncode == 0, found.stdout + found.stderr
