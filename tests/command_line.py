"""How the tests run the command line: in this process, or as users do in one of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from batteryopt.cli import app

ROOT = Path(__file__).parents[1]
TABLE_2 = ROOT / "data" / "coordination" / "table2.toml"
HEED_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL)"
"""What a process does first that shall end at Ctrl-C: one that a shell has put into the background ignores it."""


def invoke(*words: Any) -> Any:
    """Run a command in this process; the result has ``exit_code``, ``stdout``, ``stderr``."""
    return CliRunner().invoke(app, [str(word) for word in words])


def command(*words: Any, first: str = "") -> list[str]:
    """Return how to start a command; ``first`` is Python that its process executes before it becomes the command.

    This is what ``preexec_fn`` is for, which may block for ever: it runs Python between fork and exec, where a lock
    that another thread of the tests held stays locked.
    """
    own = [sys.executable, "-m", "batteryopt", *map(str, words)]
    become = "import os, sys; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    return [sys.executable, "-IS", "-c", f"{first}\n{become}", *own[1:]] if first else own


def run(*words: Any, first: str = "", timeout: float = 120, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, its streams captured as files are."""
    own = command(*words, first=first)
    return subprocess.run(own, capture_output=True, text=True, timeout=timeout, check=False, **kwargs)


@contextlib.contextmanager
def started(*words: Any, first: str = HEED_CTRL_C, **kwargs: Any) -> Iterator[subprocess.Popen[str]]:
    """Start a command that heeds Ctrl-C; it is killed in the end, so that a test that failed waits for nothing."""
    process = subprocess.Popen(command(*words, first=first), text=True, **kwargs)
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """Return a copy of Table 2's instance with some texts replaced, each of which must occur."""
    text = TABLE_2.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"'{old}' is not in the instance"
        text = text.replace(old, new)
    path = folder / "game.toml"
    path.write_text(text, encoding="utf-8")
    return path


def heeding_ctrl_c() -> None:
    """Make the tests' own process heed Ctrl-C, see `HEED_CTRL_C`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
