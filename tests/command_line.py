"""How the tests run the command line: in this process, or as users do in one of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from batteryopt.cli import app

ROOT = Path(__file__).parents[1]
TABLE_2 = ROOT / "data" / "coordination" / "table2.toml"


def invoke(*words: Any) -> Any:
    """Run a command in this process; the result has ``exit_code``, ``stdout``, ``stderr``."""
    return CliRunner().invoke(app, [str(word) for word in words])


def run(*words: Any, timeout: float = 120, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own, its streams captured as files are."""
    command = [sys.executable, "-m", "batteryopt", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **kwargs)


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
    """Make this process heed Ctrl-C, which one that a shell has put into the background was told to ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
